"""Canonical JSON: RFC 8785 on the certificate's own domain, and the strict parser in front of it.

The domain is narrower than JSON: objects with ASCII keys, arrays, strings, booleans and integers up to 2^53-1.
No floats, no nulls.  On that domain the order of UTF-16 code units (RFC 8785 section 3.2.3) is the order of bytes,
and msgspec's sorted output is RFC 8785 exactly; a differential test holds it equal to the ``rfc8785`` package.

>>> canonicalize({"b": 1, "a": ["x", True]})
b'{"a":["x",true],"b":1}'
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias, cast

import msgspec

from provenance.errors import MalformedError, Wording

JSONValue: TypeAlias = "str | int | bool | list[JSONValue] | dict[str, JSONValue]"
JSONObject: TypeAlias = dict[str, JSONValue]

MAX_INTEGER = 2**53 - 1
"""Largest integer that JavaScript reads exactly (RFC 8785 section 3.2.2.3, RFC 7493 section 2.2)."""
MAX_DEPTH = 32
"""Deepest nesting accepted; a bundle needs 10."""
_SAFE_NESTING = 256
"""Deepest nesting that a parser in C is given: each level takes machine stack, whatever Python's own limit is."""
# A string that is never closed is taken to its end as well, or each of its escaped quotes would begin another search.
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)

_encode = msgspec.json.Encoder(order="sorted").encode


def canonicalize(value: JSONValue) -> bytes:
    """Return the RFC 8785 bytes of `value`; raises `MalformedError` for anything outside the domain."""
    if not _in_domain(value, MAX_DEPTH):
        _explain(value, "", MAX_DEPTH)
    return join(value)


def join(value: JSONValue) -> bytes:
    """Return the RFC 8785 bytes of a value known to lie in the domain: from a parser, or made of checked parts."""
    try:
        return _encode(value)
    except UnicodeEncodeError:  # A lone surrogate.
        _explain(value, "", MAX_DEPTH)
        raise


def parse(data: bytes, *, limit: int) -> JSONObject:
    """Read one JSON object in any spelling, of at most `limit` bytes; raises `MalformedError`.

    Duplicate keys, floats, NaN, nulls, lone surrogates, a byte order mark, deep nesting: refused.
    """
    if len(data) > limit:
        raise MalformedError(
            "too-large", "The document has {size} bytes, the limit is {limit}.", size=len(data), limit=limit
        )
    _check_nesting(data)
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float
        )
    except MalformedError:
        raise
    except json.JSONDecodeError as error:
        raise MalformedError("not-json", "Not JSON: {reason}.", line=error.lineno, reason=Wording(error.msg)) from None
    except UnicodeDecodeError:
        raise MalformedError("not-utf-8", "The document is not UTF-8.") from None
    except ValueError:  # An integer of thousands of digits: Python refuses to convert it.
        raise MalformedError("bad-number", "A number has too many digits.") from None
    canonicalize(value)
    return _as_object(value)


def parse_canonical(data: bytes, *, limit: int) -> JSONObject:
    """Read one JSON object that is spelled exactly as RFC 8785 says, of at most `limit` bytes.

    Encoding what was read must give the same bytes: that alone refuses duplicate keys, white space, other escapes
    and other orders.  Raises `MalformedError`.
    """
    if len(data) > limit:
        raise MalformedError(
            "too-large", "The document has {size} bytes, the limit is {limit}.", size=len(data), limit=limit
        )
    value = load(data)
    if canonicalize(value) != data:
        raise MalformedError("not-canonical", "The document is JSON but not in canonical form (RFC 8785).")
    return _as_object(value)


def is_of(document: JSONObject, kind: str, version: int) -> bool:
    """Tell whether a document names itself as of this type and version; ``true`` is no 1."""
    return document.get("type") == kind and type(document.get("version")) is int and document["version"] == version


def load(data: bytes) -> Any:
    """Read any JSON, in any spelling, as other programs send it; raises `MalformedError`.

    For envelopes only, whose size the caller has bounded: what is signed or stored goes through the stricter parsers.
    """
    _check_nesting(data)
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedError("not-json", "The document is not JSON in UTF-8.") from None


def _check_nesting(data: bytes) -> None:
    """Raise `MalformedError` for a document that could exhaust the stack of a recursive parser."""
    if data.count(b"[") + data.count(b"{") <= _SAFE_NESTING:
        return
    depth = 0
    for symbol in _BRACKETS.findall(data):
        if symbol in (b"[", b"{"):
            depth += 1
            if depth > _SAFE_NESTING:
                raise MalformedError("too-deep", "The document is nested too deeply.")
        elif symbol in (b"]", b"}"):
            depth -= 1


def _in_domain(value: object, depth: int) -> bool:
    # Runs over every value that is read: no paths, no messages, no call for each container, all keys looked at at once.
    keys: list[Any] = []
    level: list[Any] = [[value]]
    for _ in range(depth + 1):
        deeper: list[Any] = []
        for items in level:
            if type(items) is dict:
                keys += items
                items = items.values()
            for item in items:
                kind = type(item)
                if kind is str:
                    continue
                if kind is dict or kind is list:
                    deeper.append(item)
                elif kind is not bool and (kind is not int or not -MAX_INTEGER <= item <= MAX_INTEGER):
                    return False
        if not deeper:
            break
        level = deeper
    else:
        return False
    try:
        return "".join(keys).isascii()
    except TypeError:  # A key is no string.
        return False


def _explain(value: object, path: str, depth: int) -> None:
    """Find the value for which `_in_domain` said no, and raise."""
    where = path or None
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise MalformedError("bad-text", "Text holds a lone surrogate.", field=where) from None
    elif isinstance(value, (dict, list)):
        if not depth:
            raise MalformedError("too-deep", "The document is nested too deeply.", field=where)
        members = value.items() if isinstance(value, dict) else ((f"[{i}]", item) for i, item in enumerate(value))
        for key, item in members:
            if type(key) is not str or not key.isascii():
                raise MalformedError("bad-key", "Keys must be ASCII strings.", field=where)
            _explain(item, path + key if key.startswith("[") or not path else f"{path}.{key}", depth - 1)
    elif type(value) is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise MalformedError("bad-number", "Integers must lie within 2^53-1.", field=where)
    elif type(value) is not bool:
        name = "null" if value is None else type(value).__name__
        raise MalformedError("bad-type", "A value of type {kind} has no place here.", field=where, kind=name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedError("duplicate-key", "A key appears twice in one object.", field=twice)
    return members


def _no_float(text: str) -> Any:
    raise MalformedError("bad-number", "Only integers are accepted, not {number}.", number=text[:20])


def _as_object(value: object) -> JSONObject:
    if type(value) is not dict:
        raise MalformedError("not-an-object", "The document must be a JSON object.")
    return cast(JSONObject, value)
