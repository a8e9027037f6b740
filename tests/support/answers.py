"""What a ledger answered, as plain JSON: written down while a verifier asks, and answered again from the JSON alone.

One entry is one question: the read's name under ``ask``, its arguments by their names, and ``answer`` or ``error``.
Names are those of `provenance.ledger.Ledger` in camel case.  The forms follow the types: hashes, addresses and digests
in ``0x`` hex, times as in certificates, a status by its name, ``null`` for what is not there, and a token id in decimal
text, since it exceeds what JavaScript counts exactly.  A new read or a new member of an answer needs no word here.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from provenance.certificate import format_time, parse_time
from provenance.encoding import FixedBytes
from provenance.errors import LedgerError
from provenance.ledger import Ledger, LedgerIdentity, LedgerReader


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def to_json(value: Any, name: str = "") -> Any:
    """Return a value of the ledger's port in its JSON form; `name` is that of the member that holds it."""
    match value:
        case None | bool() | str():
            return value
        case Enum():
            return value.name.lower().replace("_", "-")
        case int():
            return str(value) if name == "token_id" else value
        case datetime():
            return format_time(value)
        case FixedBytes():
            return str(value)
        case tuple() | list():
            return [to_json(item) for item in value]
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return {camel(member.name): to_json(getattr(value, member.name), member.name) for member in fields(value)}


def from_json(kind: Any, value: Any) -> Any:
    """Return what `to_json` made of a value of type `kind`."""
    if get_origin(kind) in (Union, types.UnionType):
        if value is None:
            return None
        (kind,) = (part for part in get_args(kind) if part is not type(None))
    if get_origin(kind) is not None:  # A tuple or a sequence of one type.
        return tuple(from_json(get_args(kind)[0], item) for item in value)
    if is_dataclass(kind) and isinstance(kind, type) and not issubclass(kind, FixedBytes):
        hints = get_type_hints(kind)
        return kind(
            **{member.name: from_json(hints[member.name], value[camel(member.name)]) for member in fields(kind)}
        )
    if issubclass(kind, FixedBytes):
        return kind.parse(value)
    if issubclass(kind, Enum):
        return kind[value.upper().replace("-", "_")]
    if kind is datetime:
        return parse_time(value, "answer")
    if kind is int:
        return int(value)
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def question(read: str, values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """Return a question as JSON."""
    bound = inspect.signature(getattr(Ledger, read)).bind(None, *values, **named)
    _, *arguments = bound.arguments.items()
    return {"ask": camel(read)} | {camel(name): to_json(value, name) for name, value in arguments}


def asked_in(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry's question without what came back."""
    return {name: value for name, value in entry.items() if name not in ("answer", "error")}


class RecordingReader:
    """Passes questions on to `reader`, and writes each down once, in the order asked."""

    def __init__(self, reader: LedgerReader) -> None:
        self._reader = reader
        self.told: list[dict[str, Any]] = []

    @property
    def identity(self) -> LedgerIdentity:
        return self._reader.identity

    def __getattr__(self, read: str) -> Callable[..., Any]:
        def ask(*values: Any, **named: Any) -> Any:
            asked = question(read, values, named)
            try:
                answer = getattr(self._reader, read)(*values, **named)
            except LedgerError as error:
                self._note({**asked, "error": error.code})
                raise
            self._note({**asked, "answer": to_json(answer)})
            return answer

        return ask

    def _note(self, entry: dict[str, Any]) -> None:
        if entry not in self.told:
            assert asked_in(entry) not in map(asked_in, self.told), "one question, two answers: no file can tell which"
            self.told.append(entry)


class AnsweringReader:
    """Answers from what was `told`, and nothing else; ``"unreachable"`` is a node that never answers."""

    def __init__(self, identity: LedgerIdentity, told: list[dict[str, Any]] | str) -> None:
        self.identity = identity
        self._told = told

    def __getattr__(self, read: str) -> Callable[..., Any]:
        def ask(*values: Any, **named: Any) -> Any:
            if isinstance(self._told, str):
                raise unreachable()
            asked = question(read, values, named)
            for entry in self._told:
                if asked_in(entry) == asked:
                    if "error" in entry:
                        raise LedgerError(entry["error"], "The node failed.", retryable=True)
                    return from_json(get_type_hints(getattr(Ledger, read))["return"], entry["answer"])
            raise AssertionError(f"the ledger was not asked this when the vector was made: {asked}")

        return ask


def unreachable() -> LedgerError:
    return LedgerError("node-unreachable", "The node did not answer.", retryable=True)
