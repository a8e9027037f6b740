"""Reading the members of a JSON object: what is of another type is an error that names its path."""

from __future__ import annotations

from datetime import date
from typing import cast

from provenance.canonical import JSONObject, JSONValue
from provenance.encoding import Digest, read_at
from provenance.errors import MalformedError
from provenance.multilingual import Text
from provenance.serial import Serial


def as_object(value: JSONValue | None, path: str) -> JSONObject:
    """Return `value`, a JSON object; raises `MalformedError`."""
    if not isinstance(value, dict):
        raise MalformedError("bad-type", "Expected an object.", field=path)
    return value


def as_list(value: JSONValue | None, path: str) -> list[JSONValue]:
    """Return `value`, a JSON array that is not empty; raises `MalformedError`."""
    if not isinstance(value, list) or not value:
        raise MalformedError("bad-type", "Expected a list that is not empty.", field=path)
    return value


def text(members: JSONObject, name: str, prefix: str = "") -> Text:
    """Return the multilingual text `name`, empty where there is none; raises `MalformedError`."""
    return cast(Text, as_object(members.get(name, {}), prefix + name))  # The constructor checks what it holds.


def string(members: JSONObject, name: str, prefix: str = "") -> str | None:
    """Return the string `name`, or ``None``; raises `MalformedError`."""
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedError("bad-type", "Expected a text.", field=prefix + name)
    return value


def integer(members: JSONObject, name: str, prefix: str = "") -> int:
    """Return the integer `name`; raises `MalformedError`."""
    value = members.get(name)
    if type(value) is not int:
        raise MalformedError("bad-type", "Expected a whole number.", field=prefix + name)
    return value


def quantity(value: JSONValue, path: str) -> int:
    """Return the value of ``{"unitCode": ..., "value": ...}``; raises `MalformedError`."""
    return integer(as_object(value, path), "value", path + ".")


def serial(value: JSONValue | None, path: str) -> Serial:
    """Return a serial; raises `MalformedError`."""
    if not isinstance(value, str):
        raise MalformedError("bad-type", "Expected a text.", field=path)
    return read_at(path, Serial.parse, value)


def digest(value: JSONValue | None, path: str) -> Digest:
    """Return a digest in its multibase form; raises `MalformedError`."""
    return read_at(path, Digest.from_multibase, value)


def check_number(number: object, path: str, largest: int) -> None:
    """Raise `MalformedError` for what is no whole number from 1 to `largest`."""
    if type(number) is not int or not 1 <= number <= largest:
        raise MalformedError(
            "bad-number", "Expected a whole number from 1 to {largest:,}.", field=path, largest=largest
        )


def check_count(count: int, path: str, limit: int) -> None:
    """Raise `MalformedError` for more than `limit` of something."""
    if count > limit:
        raise MalformedError("too-many", "There may be at most {limit}.", field=path, limit=limit)


def check_day(text: object, path: str) -> None:
    """Raise `MalformedError` for what is no ISO 8601 day."""
    try:
        if isinstance(text, str) and date.fromisoformat(text).isoformat() == text:
            return
    except ValueError:
        pass
    raise MalformedError("bad-date", "A date is a day like 2026-11-02.", field=path)
