"""What whoever wrote a bundle saw on the ledger when it was written: testimony, never evidence.

Nobody signed it, and whoever hands a bundle on can write there what they like.  A verifier with a ledger does not look
at it; one without tells it as somebody's word, with its date, and no outcome rests on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provenance.canonical import JSONObject, JSONValue
from provenance.certificate import format_time, parse_time
from provenance.encoding import Address, Digest, read_at
from provenance.errors import MalformedError
from provenance.ledger import BlockRef, KeyWindow, LedgerRecord
from provenance.status import Status
from provenance.strict import block_from_json, block_to_json, count_of, members_of


@dataclass(frozen=True, slots=True)
class ExportedRecord:
    """A `LedgerRecord` as of `block`, in what a reader without a ledger may want to hear told.

    `key` is the window of the key that signed the certificate, ``None`` where the studio had no such key; `amendments`
    is how many the ledger counted.
    """

    block: BlockRef
    studio: Address
    did_hash: Digest
    name_hash: Digest
    key: KeyWindow | None
    standing_at_anchor: bool
    standing_now: bool
    holder: Address
    status: Status
    status_time: datetime | None
    lost_since: datetime | None
    amendments: int

    @classmethod
    def of(cls, record: LedgerRecord, block: BlockRef) -> ExportedRecord:
        """Return what `record` says, as of `block`."""
        return cls(
            block=block,
            studio=record.studio,
            did_hash=record.did_hash,
            name_hash=record.name_hash,
            key=record.key,
            standing_at_anchor=record.standing_at_anchor,
            standing_now=record.standing_now,
            holder=record.holder,
            status=record.status,
            status_time=record.status_time,
            lost_since=record.lost_since,
            amendments=0 if record.amendment is None else record.amendment.count,
        )

    def to_json(self) -> JSONObject:
        """Return the JSON form; what is not known or did not happen is left out."""
        members: JSONObject = {
            "block": block_to_json(self.block),
            "studio": str(self.studio),
            "didHash": str(self.did_hash),
            "nameHash": str(self.name_hash),
            "standing": {"atAnchor": self.standing_at_anchor, "atExport": self.standing_now},
            "holder": str(self.holder),
            "status": self.status.name,
            "amendments": self.amendments,
        }
        if self.key is not None:
            until: JSONObject = {} if self.key.end is None else {"until": format_time(self.key.end)}
            members["key"] = {"from": format_time(self.key.start), **until}
        if self.status_time is not None:
            members["statusTime"] = format_time(self.status_time)
        if self.lost_since is not None:
            members["lostSince"] = format_time(self.lost_since)
        return members

    @classmethod
    def from_json(cls, value: JSONValue) -> ExportedRecord:
        """Read what `to_json` writes; raises `MalformedError`."""
        members = members_of(value, "asExported", _ALWAYS, _SOMETIMES)
        standing = members_of(members["standing"], "asExported.standing", _STANDING)
        status = members["status"]
        if not isinstance(status, str) or status not in Status.__members__:
            raise MalformedError("not-a-bundle", "There is no such status.", field="asExported.status")
        return cls(
            block=block_from_json(members["block"], "asExported.block"),
            studio=read_at("asExported.studio", Address.parse, members["studio"]),
            did_hash=read_at("asExported.didHash", Digest.parse, members["didHash"]),
            name_hash=read_at("asExported.nameHash", Digest.parse, members["nameHash"]),
            key=_window(members["key"]) if "key" in members else None,
            standing_at_anchor=_truth(standing, "atAnchor"),
            standing_now=_truth(standing, "atExport"),
            holder=read_at("asExported.holder", Address.parse, members["holder"]),
            status=Status[status],
            status_time=_time(members, "statusTime"),
            lost_since=_time(members, "lostSince"),
            amendments=count_of(members, "amendments", "asExported"),
        )


_ALWAYS = frozenset(("block", "studio", "didHash", "nameHash", "standing", "holder", "status", "amendments"))
_SOMETIMES = frozenset(("key", "statusTime", "lostSince"))
_STANDING = frozenset(("atAnchor", "atExport"))


def _window(value: JSONValue) -> KeyWindow:
    members = members_of(value, "asExported.key", frozenset(("from",)), frozenset(("until",)))
    end = parse_time(members["until"], "asExported.key.until") if "until" in members else None
    return KeyWindow(parse_time(members["from"], "asExported.key.from"), end)


def _truth(members: JSONObject, name: str) -> bool:
    value = members[name]
    if not isinstance(value, bool):
        raise MalformedError("not-a-bundle", "Expected true or false.", field=f"asExported.standing.{name}")
    return value


def _time(members: JSONObject, name: str) -> datetime | None:
    return parse_time(members[name], f"asExported.{name}") if name in members else None
