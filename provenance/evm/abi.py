"""The contract's interface as tables: how to encode its calls and decode its answers, events and errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple, event_abi_to_log_topic, function_abi_to_4byte_selector
from eth_utils.crypto import keccak

from provenance.errors import LedgerError, Wording
from provenance.ledger import Role


@dataclass(frozen=True, slots=True)
class Function:
    """A function's selector and the types of its arguments and results."""

    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def encode(self, *values: object) -> bytes:
        """Return calldata."""
        return self.selector + encode(self.inputs, values)

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """Return the results; raises `LedgerError` where a node answered with something else."""
        return _decode(self.outputs, data)


@dataclass(frozen=True, slots=True)
class Event:
    """An event's first topic and the names and types of its members."""

    name: str
    topic: bytes
    indexed: tuple[tuple[str, str], ...]
    plain: tuple[tuple[str, str], ...]

    def decode(self, topics: list[bytes], data: bytes) -> dict[str, Any]:
        """Return the members by name; raises `LedgerError`."""
        if len(topics) != 1 + len(self.indexed):
            raise bad_answer("an event has the wrong topics")
        values = {
            name: _decode((kind,), topic)[0] for (name, kind), topic in zip(self.indexed, topics[1:], strict=True)
        }
        plain = _decode(tuple(kind for _, kind in self.plain), data)
        return values | {name: value for (name, _), value in zip(self.plain, plain, strict=True)}


@dataclass(frozen=True, slots=True)
class Runtime:
    """A contract's deployed code: its size in bytes, and the SHA-256 (hex) of it with the immutables zeroed.

    `immutables` are the offset and the length of each, in bytes.
    """

    size: int
    sha256: str
    immutables: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Interface:
    """All of the contract's interface, its creation bytecode, and what is deployed by it, by contract name."""

    functions: dict[str, Function]
    events: dict[bytes, Event]
    errors: dict[bytes, tuple[str, tuple[tuple[str, str], ...]]]
    constructor: tuple[str, ...]
    bytecode: bytes
    runtime: dict[str, Runtime]
    json: list[dict[str, Any]]

    def topic(self, name: str) -> bytes:
        """Return the first topic of an event."""
        return next(event.topic for event in self.events.values() if event.name == name)

    def refusal(self, data: bytes) -> str:
        """Return revert data in words: the error's name and arguments."""
        known = self.errors.get(data[:4])
        if known is not None:
            name, members = known
            try:
                values = decode([kind for _, kind in members], data[4:])
            except (DecodingError, ValueError, OverflowError):
                return f"{name}()"
            shown = (f"{m}={_show(m, kind, value)}" for (m, kind), value in zip(members, values, strict=True))
            return f"{name}({', '.join(shown)})"
        if data[:4] == b"\x08\xc3\x79\xa0":  # Error(string)
            return _quoted(str(_decode(("string",), data[4:])[0]))
        if data[:4] == b"\x4e\x48\x7b\x71":  # Panic(uint256)
            code = int(_decode(("uint256",), data[4:])[0])
            return f"Panic({_PANICS.get(code, hex(code))})"
        return "no reason given"


@cache
def interface() -> Interface:
    """Return the interface of the ``PieceLedger`` that this package ships."""
    artifact = json.loads(resources.files(__package__).joinpath("artifacts", "PieceLedger.json").read_text("utf-8"))
    functions: dict[str, Function] = {}
    events: dict[bytes, Event] = {}
    errors: dict[bytes, tuple[str, tuple[tuple[str, str], ...]]] = {}
    constructor: tuple[str, ...] = ()
    for item in artifact["abi"]:
        inputs = tuple(collapse_if_tuple(member) for member in item.get("inputs", ()))
        names = tuple(member["name"] for member in item.get("inputs", ()))
        match item["type"]:
            case "function":
                outputs = tuple(collapse_if_tuple(member) for member in item["outputs"])
                function = Function(function_abi_to_4byte_selector(item), inputs, outputs)
                functions.setdefault(item["name"], function)
            case "event":
                flags = [member["indexed"] for member in item["inputs"]]
                members = list(zip(names, inputs, flags, strict=True))
                event = Event(
                    item["name"],
                    bytes(event_abi_to_log_topic(item)),
                    tuple((name, kind) for name, kind, flag in members if flag),
                    tuple((name, kind) for name, kind, flag in members if not flag),
                )
                events[event.topic] = event
            case "error":
                as_function: Any = {**item, "type": "function"}
                selector = bytes(function_abi_to_4byte_selector(as_function))
                errors[selector] = (item["name"], tuple(zip(names, inputs, strict=True)))
            case "constructor":
                constructor = inputs
    bytecode = bytes.fromhex(artifact["bytecode"].removeprefix("0x"))
    runtime = {
        name: Runtime(code["size"], code["sha256"], tuple((offset, length) for offset, length in code["immutables"]))
        for name, code in artifact["runtime"].items()
    }
    return Interface(functions, events, errors, constructor, bytecode, runtime, artifact["abi"])


def bad_answer(what: str) -> LedgerError:
    """Return the error for a node that answers nonsense."""
    return LedgerError(
        "bad-node-answer",
        "The node's answer cannot be right: {what}.",
        retryable=True,
        hint="Ask another node.",
        what=Wording(what),
    )


def _decode(kinds: tuple[str, ...], data: bytes) -> tuple[Any, ...]:
    try:
        return decode(kinds, data)
    except (DecodingError, ValueError, OverflowError):
        raise bad_answer("it does not decode") from None


def _show(name: str, kind: str, value: Any) -> str:
    """Return an argument for people: roles by name, text in quotes, long bytes cut."""
    if name == "neededRole" and value in _role_names():
        return _role_names()[value]
    if kind == "string":
        return _quoted(value)
    if kind == "bool":
        return str(value).lower()
    if isinstance(value, bytes):
        return "0x" + value.hex() if len(value) <= _SHOWN_BYTES else f"0x{value[:16].hex()}… ({len(value)} bytes)"
    return str(value)


def _quoted(text: str) -> str:
    return f"“{text[:200]}”"  # In quotes, so that no text passes for an error's name.


@cache
def _role_names() -> dict[bytes, str]:
    return {keccak(text=role.value): role.value for role in Role} | {bytes(32): "DEFAULT_ADMIN_ROLE"}


_SHOWN_BYTES = 36
"""Bytes that are shown whole: a hash has 32, a Multikey 35."""
_PANICS = {
    0x01: "a broken assertion",
    0x11: "an arithmetic overflow",
    0x12: "a division by zero",
    0x21: "a number that is none of an enumeration",
    0x22: "a broken storage encoding",
    0x31: "an empty list",
    0x32: "an index beyond the end",
    0x41: "too much memory",
    0x51: "a call to nowhere",
}
"""The compiler's own errors, by code (Solidity's documentation, Control Structures)."""
