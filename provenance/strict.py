"""Members of a bundle, read strictly: exactly those that are expected, each in its one form."""

from __future__ import annotations

from provenance.canonical import JSONObject, JSONValue
from provenance.certificate import format_time, parse_time
from provenance.encoding import Hash32, read_at
from provenance.errors import MalformedError
from provenance.ledger import BlockRef


def members_of(
    value: JSONValue, path: str, names: frozenset[str], optional: frozenset[str] = frozenset()
) -> JSONObject:
    """Return `value`, an object with all of `names`, perhaps some `optional`; raises `MalformedError`."""
    if not isinstance(value, dict) or not names <= value.keys() <= names | optional:
        raise MalformedError("not-a-bundle", "Expected exactly {names}.", field=path, names=", ".join(sorted(names)))
    return value


def count_of(members: JSONObject, name: str, path: str) -> int:
    """Return a member that is a whole number from 0; raises `MalformedError`."""
    value = members[name]
    if type(value) is not int or value < 0:
        raise MalformedError("not-a-bundle", "Expected a whole number.", field=f"{path}.{name}")
    return value


def block_to_json(block: BlockRef) -> JSONObject:
    """Return the JSON form of a block."""
    return {"number": block.number, "hash": str(block.hash), "time": format_time(block.time)}


def block_from_json(value: JSONValue, path: str) -> BlockRef:
    """Read what `block_to_json` writes; raises `MalformedError`."""
    block = members_of(value, path, _BLOCK)
    hash_ = read_at(f"{path}.hash", Hash32.parse, block["hash"])
    return BlockRef(count_of(block, "number", path), hash_, parse_time(block["time"], f"{path}.time"))


_BLOCK = frozenset(("number", "hash", "time"))
