from __future__ import annotations

import sys
from functools import partial
from typing import Any

import pytest

from provenance.canonical import MAX_DEPTH, MAX_INTEGER, canonicalize, load, parse, parse_canonical
from provenance.errors import MalformedError

LIMIT = 10_000


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"a": 1.5}, "a"),
        ({"a": {"b": None}}, "a.b"),
        ({"a": [1, {"c": float("nan")}]}, "a[1].c"),
        ({"a": MAX_INTEGER + 1}, "a"),
        ({"a": -MAX_INTEGER - 1}, "a"),
        ({"é": 1}, None),
        ({1: 1}, None),
        ({"a": "\ud800"}, "a"),
        ({"a": b"x"}, "a"),
        ({"a": (1,)}, "a"),
    ],
)
def test_values_outside_the_domain_are_refused_by_field(value: Any, field: str | None) -> None:
    with pytest.raises(MalformedError) as caught:
        canonicalize(value)
    assert caught.value.field == field


def test_depth_is_limited() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = [value]
    canonicalize(value)
    with pytest.raises(MalformedError, match="deep"):
        canonicalize([value])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":2}', "duplicate-key"),
        (b'{"a":{"b":1,"b":1}}', "duplicate-key"),
        (b'{"a":NaN}', "bad-number"),
        (b'{"a":-Infinity}', "bad-number"),
        (b'{"a":1.0}', "bad-number"),
        (b'{"a":1e3}', "bad-number"),
        (b'{"a":null}', "bad-type"),
        (b'{"a":"\\ud800"}', "bad-text"),
        (b'{"a":' + b"9" * 5_000 + b"}", "bad-number"),
        (b"[1]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b"{", "not-json"),
        (b"", "not-json"),
        (b'\xef\xbb\xbf{"a":1}', "not-json"),
        (b'{"a":"\xff"}', "not-utf-8"),
        (b"[" * 4_000 + b"]" * 4_000, "too-deep"),
        (b" " * (LIMIT + 1), "too-large"),
    ],
)
def test_the_strict_parser_refuses(data: bytes, code: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(data, limit=LIMIT)
    assert caught.value.code == code


def test_a_syntax_error_names_its_line() -> None:
    with pytest.raises(MalformedError) as caught:
        parse(b'{\n"a": 1,\n}', limit=LIMIT)
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1}\n',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":1.0}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":null}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 9_000 + b"1" + b"}" * 9_000,
    ],
)
def test_only_the_canonical_spelling_is_accepted(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_canonical(data, limit=1_000_000)


def test_nesting_is_refused_however_much_recursion_python_allows() -> None:
    """Parsers in C recurse on the machine's stack, and py-evm raises Python's limit tenfold."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        for data in (b"[" * 60_000, b'{"a":' * 60_000, b'["\\"", ' + b"[" * 60_000, b'["[",' * 30_000):
            for read in (load, partial(parse, limit=10**6), partial(parse_canonical, limit=10**6)):
                with pytest.raises(MalformedError):
                    read(data)
    finally:
        sys.setrecursionlimit(usual)
    assert load(b"[" + b'"[[[[",' * 500 + b"[]]") == ["[[[["] * 500 + [[]]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("tail", [b"", b"\\", b'"', b"\\\\"])
def test_a_string_that_never_ends_costs_no_more_than_its_length(tail: bytes) -> None:
    """A search that began anew at each escaped quote would take days for these."""
    data = b"[" * 257 + b'"' + b'\\"' * 4_000_000 + tail
    with pytest.raises(MalformedError):
        load(data)


def test_canonical_bytes_come_back() -> None:
    data = canonicalize({"z": '窑\x01\x7f\u2028"\\/', "a": [True, False, 0, -5, "", {}], "é"[:0] + "B": {"x": []}})
    assert canonicalize(parse_canonical(data, limit=LIMIT)) == data
    assert parse(data, limit=LIMIT) == parse_canonical(data, limit=LIMIT)
