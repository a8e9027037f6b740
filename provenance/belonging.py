"""What a piece belongs to: an edition, a set or a pair, a whole, and the parts of its own.

Pieces name each other by serials, which are drawn before anything is signed: both of a pair can name the other.  Each
certificate says so for its own piece alone; where two contradict each other, neither is altered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from provenance.canonical import JSONObject, JSONValue
from provenance.errors import MalformedError
from provenance.limits import LIMITS
from provenance.members import as_list, as_object, check_count, check_number, integer, serial, string, text
from provenance.multilingual import Text, check_text
from provenance.serial import Serial

SET_KINDS = ("set", "pair")


@dataclass(frozen=True, slots=True)
class Edition:
    """Number `number` of `of` pieces; `name` says of which edition, artist's proofs are counted by themselves."""

    number: int
    of: int
    name: Text = field(default_factory=dict)
    artist_proof: bool = False

    def __post_init__(self) -> None:
        numbers = type(self.number) is int and type(self.of) is int
        if not numbers or not 1 <= self.number <= self.of <= LIMITS.edition:
            raise MalformedError(
                "bad-edition",
                "An edition is n of N, with n from 1 to N, and N at most {limit:,}.",
                field="edition",
                limit=LIMITS.edition,
            )
        check_text(self.name, "edition.name", LIMITS.name)

    def to_json(self) -> JSONObject:
        """Return the JSON form; absent facts are left out."""
        members: JSONObject = {"number": self.number, "of": self.of}
        if self.name:
            members["name"] = dict(self.name)
        if self.artist_proof:
            members["artistProof"] = True
        return members

    @classmethod
    def from_json(cls, value: JSONValue) -> Edition:
        """Read the JSON form; raises `MalformedError`."""
        members = as_object(value, "edition")
        return cls(
            integer(members, "number", "edition."),
            integer(members, "of", "edition."),
            text(members, "name", "edition."),
            members.get("artistProof") is True,
        )


@dataclass(frozen=True, slots=True)
class PieceSet:
    """A set or a pair: `size` pieces were made for it, and `pieces` are those with a record, in the set's own order.

    Every piece of a set says the same of it, so that the certificates can be laid side by side.
    """

    pieces: tuple[Serial, ...]
    size: int
    kind: str = "set"
    name: Text = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in SET_KINDS:
            raise MalformedError("bad-set", "It is either a set or a pair.", field="set.kind")
        check_number(self.size, "set.size", LIMITS.set_pieces)
        if not 0 < len(self.pieces) <= self.size or len(set(self.pieces)) != len(self.pieces):
            raise MalformedError(
                "bad-set", "A set's pieces are all different, and not more than its size.", field="set.pieces"
            )
        if self.size < 2 or (self.kind == "pair" and self.size != 2):
            raise MalformedError("bad-set", "A pair has two pieces, a set two or more.", field="set.size")
        check_text(self.name, "set.name", LIMITS.name)

    def to_json(self) -> JSONObject:
        """Return the JSON form; absent facts are left out."""
        members: JSONObject = {"kind": self.kind, "size": self.size, "pieces": [str(one) for one in self.pieces]}
        if self.name:
            members["name"] = dict(self.name)
        return members

    @classmethod
    def from_json(cls, value: JSONValue) -> PieceSet:
        """Read the JSON form; raises `MalformedError`."""
        members = as_object(value, "set")
        pieces = as_list(members.get("pieces"), "set.pieces")
        check_count(len(pieces), "set.pieces", LIMITS.set_pieces)
        return cls(
            tuple(serial(one, "set.pieces") for one in pieces),
            integer(members, "size", "set."),
            string(members, "kind", "set.") or "",
            text(members, "name", "set."),
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A part that can be taken off or apart, by its name; by its serial too where it has a record of its own."""

    name: Text
    serial: Serial | None = None

    def __post_init__(self) -> None:
        check_text(self.name, "parts.name", LIMITS.part)
        if not self.name:
            raise MalformedError("missing-name", "A part needs a name, like “lid”.", field="parts.name")

    def to_json(self) -> JSONObject:
        """Return the JSON form."""
        members: JSONObject = {"name": dict(self.name)}
        if self.serial is not None:
            members["serial"] = str(self.serial)
        return members

    @classmethod
    def from_json(cls, value: JSONValue) -> Part:
        """Read the JSON form; raises `MalformedError`."""
        members = as_object(value, "parts")
        own = members.get("serial")
        return cls(text(members, "name", "parts."), None if own is None else serial(own, "parts.serial"))


@dataclass(frozen=True, slots=True)
class Whole:
    """The piece that this one is a part of: a lid's jar.  `name` says as what it belongs there."""

    serial: Serial
    name: Text = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_text(self.name, "partOf.name", LIMITS.part)

    def to_json(self) -> JSONObject:
        """Return the JSON form; absent facts are left out."""
        members: JSONObject = {"serial": str(self.serial)}
        if self.name:
            members["name"] = dict(self.name)
        return members

    @classmethod
    def from_json(cls, value: JSONValue) -> Whole:
        """Read the JSON form; raises `MalformedError`."""
        members = as_object(value, "partOf")
        return cls(serial(members.get("serial"), "partOf.serial"), text(members, "name", "partOf."))
