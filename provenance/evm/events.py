"""From logs to the events of the port."""

from __future__ import annotations

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.evm.abi import Interface, bad_answer
from provenance.evm.node import moment
from provenance.ledger import (
    Amended,
    Anchored,
    BlockRef,
    KeyAdded,
    KeyWindowShortened,
    LedgerEvent,
    Lot,
    StatusSet,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
)
from provenance.status import Status


def decode_event(
    abi: Interface, topics: list[bytes], data: bytes, *, block: BlockRef, log_index: int, transaction: Hash32
) -> LedgerEvent:
    """Return the event of a log; raises `LedgerError` for one that the ledger does not emit."""
    event = abi.events.get(topics[0])
    if event is None:
        raise bad_answer("an unknown event")
    facts = event.decode(topics, data)
    place = (block, log_index, transaction)

    def studio() -> Address:
        return _address(facts["studio"])

    match event.name:
        case "Anchored":
            lots, offset = [], 0
            for lot_id, (owner, count) in enumerate(facts["allotments"], start=facts["firstLot"]):
                lots.append(Lot(lot_id, _address(owner), count, offset))
                offset += count
            return Anchored(*place, facts["anchorId"], Root(facts["root"]), facts["leafCount"], tuple(lots))
        case "StudioAccredited":
            return StudioAccredited(*place, studio(), facts["did"], facts["name"], facts["scopes"])
        case "StudioSuspended":
            return StudioSuspended(*place, studio())
        case "StudioReinstated":
            return StudioReinstated(*place, studio())
        case "KeyAdded":
            return KeyAdded(*place, studio(), KeyId(facts["keyId"]), facts["multikey"], moment(facts["start"]))
        case "KeyWindowShortened":
            return KeyWindowShortened(*place, studio(), KeyId(facts["keyId"]), moment(facts["end"]))
        case "StatusSet":
            return StatusSet(*place, facts["tokenId"], Status(facts["status"]), facts["bySteward"])
        case "Amended":
            return Amended(*place, facts["tokenId"], Digest(facts["digest"]), facts["count"])
    raise bad_answer("an unknown event")


def _address(text: str) -> Address:
    return Address(bytes.fromhex(text[2:]))
