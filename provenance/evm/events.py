"""From logs to the events of the port."""

from __future__ import annotations

from typing import Any

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.evm.abi import Interface, bad_answer
from provenance.evm.node import moment
from provenance.ledger import (
    Amended,
    AmendmentRecord,
    Anchored,
    BlockRef,
    ClockSet,
    ControllerProposed,
    Deployment,
    ExemptionSet,
    ImportedPiece,
    KeyAdded,
    KeyWindowShortened,
    LedgerEvent,
    Lot,
    Moved,
    OrderNonceImported,
    PieceImported,
    RecoveryProposed,
    RecoveryVetoed,
    ReleasesCancelled,
    ReportedFound,
    ReportedLost,
    Sealed,
    StatusSet,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
    SuccessorNamed,
)
from provenance.status import Status

EVENTS = (
    "Anchored",
    "StudioAccredited",
    "StudioSuspended",
    "StudioReinstated",
    "KeyAdded",
    "KeyWindowShortened",
    "ControllerProposed",
    "StatusSet",
    "Amended",
    "Moved",
    "ReleasesCancelled",
    "ReportedLost",
    "ReportedFound",
    "RecoveryProposed",
    "RecoveryVetoed",
    "ExemptionSet",
    "ClockSet",
    "PieceImported",
    "OrderNonceImported",
    "Sealed",
    "SuccessorNamed",
)
"""The events of the port; those of the standards (`Transfer` and its like) tell nothing more."""


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
            if not lots:
                raise bad_answer("an anchor without lots")
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
            return StatusSet(*place, facts["tokenId"], _status(facts["status"]), facts["bySteward"])
        case "Amended":
            return Amended(*place, facts["tokenId"], Digest(facts["digest"]), facts["count"])
        case "ControllerProposed":
            return ControllerProposed(*place, studio(), _address(facts["controller"]), moment(facts["from"]))
        case "Moved":
            holders = (_address(facts["from"]), _address(facts["to"]))
            return Moved(*place, facts["tokenId"], *holders, facts["nonce"])
        case "ReleasesCancelled":
            return ReleasesCancelled(*place, facts["tokenId"], facts["nonce"])
        case "ReportedLost":
            return ReportedLost(*place, facts["tokenId"], moment(facts["since"]), facts["nonce"])
        case "ReportedFound":
            return ReportedFound(*place, facts["tokenId"], moment(facts["from"]), facts["nonce"])
        case "RecoveryProposed":
            heirs = (_address(facts["holder"]), _address(facts["heir"]))
            return RecoveryProposed(*place, facts["tokenId"], *heirs, moment(facts["from"]))
        case "RecoveryVetoed":
            return RecoveryVetoed(*place, facts["tokenId"], _address(facts["heir"]), facts["bySteward"])
        case "ExemptionSet":
            return ExemptionSet(*place, facts["tokenId"], _optional(facts["claimKey"]))
        case "ClockSet":
            return ClockSet(*place, moment(facts["time"]), facts["blockNumber"])
        case "PieceImported":
            return PieceImported(*place, _imported(facts["piece"]))
        case "OrderNonceImported":
            return OrderNonceImported(*place, studio(), facts["nonce"])
        case "Sealed":
            return Sealed(*place)
        case "SuccessorNamed":
            successor = Deployment(_address(facts["ledger"]), facts["chainId"], facts["finalBlock"])
            return SuccessorNamed(*place, successor)
    raise bad_answer("an unknown event")


def _imported(fields: tuple[Any, ...]) -> ImportedPiece:
    token_id, holder, nonce, status, by_steward, *times, newest, amended_at, amendments = fields
    status_time, lost_since = (moment(time) if time else None for time in times)
    return ImportedPiece(
        token_id=token_id,
        holder=_address(holder),
        nonce=nonce,
        status=_status(status),
        by_steward=by_steward,
        status_time=status_time,
        lost_since=lost_since,
        amendment=AmendmentRecord(Digest(newest), moment(amended_at), amendments) if amendments else None,
    )


def _status(number: int) -> Status:
    if number not in Status._value2member_map_:
        raise bad_answer("an unknown status")
    return Status(number)


def _optional(text: str) -> Address | None:
    return _address(text) if int(text, 16) else None


def _address(text: str) -> Address:
    return Address(bytes.fromhex(text[2:]))
