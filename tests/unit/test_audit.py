"""A ledger's events add up, and what contradicts itself is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode

from provenance.audit import Tally
from provenance.encoding import Digest, Hash32, KeyId, Root
from provenance.errors import LedgerError
from provenance.evidence import Evidence
from provenance.evm.abi import interface
from provenance.evm.events import decode_event
from provenance.ledger import (
    Anchored,
    KeyAdded,
    KeyWindowShortened,
    LedgerEvent,
    Lot,
    Moved,
    StatusSet,
    SuspendCall,
)
from provenance.status import Status
from tests.support.scene import OTHER, STEWARD, STUDIO, Scene, person

BUYER = person(7)


def history(scene: Scene) -> list[LedgerEvent]:
    return list(scene.ledger.events(0, scene.ledger.head().number))


def tally_of(events: list[LedgerEvent]) -> Tally:
    tally = Tally()
    for event in events:
        tally.add(event)
    return tally


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.anchor(made.sign(), made.sign())
    made.anchor(made.sign())
    return made


def test_what_happened_adds_up(scene: Scene) -> None:
    events = history(scene)
    anchored = events[-1]
    assert isinstance(anchored, Anchored)
    token_id = anchored.lots[0].lot_id << 32
    place = (anchored.block, 9, anchored.transaction)
    tally = tally_of([*events, Moved(*place, token_id, STUDIO.address, BUYER.address, 1)])
    assert (len(tally.anchors), len(tally.lots), tally.pieces) == (2, 2, 3)
    assert tally.balances() == {STUDIO.address: 2, BUYER.address: 1}
    assert tally.studios[STUDIO.address].slug == "lin"
    assert list(tally.tokens()) == [1 << 32, 1 << 32 | 1, 2 << 32]
    assert tally.faults == []


def faults(events: list[LedgerEvent]) -> list[str]:
    return [str(fault) for fault in tally_of(events).faults]


def test_each_contradiction_is_told(scene: Scene) -> None:
    events = history(scene)
    first, second = (event for event in events if isinstance(event, Anchored))
    place = (second.block, 9, second.transaction)

    def with_second(**changes: object) -> list[str]:
        return faults([replace(event, **changes) if event is second else event for event in events])  # type: ignore[arg-type]

    assert with_second(anchor_id=3) == ["Anchor 3 comes in the place of 2."]
    assert with_second(root=first.root) == ["Anchor 2 has the root of anchor 1."]
    assert with_second(leaf_count=2) == ["The lots of anchor 2 have 1 pieces, its batch has 2."]
    assert with_second(lots=(Lot(5, STUDIO.address, 1, 0),)) == ["Lot 5 comes in the place of 2."]
    (fault, *_others) = with_second(lots=(Lot(2, OTHER.address, 1, 0),))
    assert fault == f"There is an event of the studio {OTHER.address}, which was never accredited."
    moved = Moved(*place, 1 << 32, BUYER.address, OTHER.address, 1)
    assert faults([*events, moved]) == [
        f"Token {1 << 32} moved from {BUYER.address}, but {STUDIO.address} held it."
    ]  # fmt: skip
    never = 9 << 32
    assert faults([*events, StatusSet(*place, never, Status.ON_HOLD, True)]) == [
        f"There is an event of token {never}, which was never anchored."
    ]
    unknown = KeyWindowShortened(*place, STUDIO.address, KeyId(bytes(32)), scene.ledger.now)
    assert faults([*events, unknown]) == [f"A key of {STUDIO.address} ended that it never had."]


def test_events_of_pieces_that_never_were_count_for_nothing(scene: Scene) -> None:
    events = history(scene)
    last = events[-1]
    place = (last.block, 9, last.transaction)
    for never in (9 << 32, 1 << 32 | 2, 7):
        tally = tally_of([*events, Moved(*place, never, STUDIO.address, BUYER.address, 1),
                          StatusSet(*place, never, Status.REVOKED, True)])  # fmt: skip
        said = f"There is an event of token {never}, which was never anchored."
        assert [str(fault) for fault in tally.faults] == [said, said]
        assert (tally.holders, tally.statuses, tally.moves) == ({}, {}, 0)
        assert tally.balances() == {STUDIO.address: 3}


def test_events_that_no_contract_emits_are_no_answer(scene: Scene) -> None:
    block, abi = scene.ledger.head(), interface()

    def decoded(name: str, topics: list[int], *values: object) -> LedgerEvent:
        event = abi.events[abi.topic(name)]
        data, words = encode([kind for _, kind in event.plain], values), [n.to_bytes(32, "big") for n in topics]
        return decode_event(abi, [event.topic, *words], data, block=block, log_index=0, transaction=Hash32(bytes(32)))

    assert isinstance(decoded("StatusSet", [1 << 32], 1, False), StatusSet)
    with pytest.raises(LedgerError, match="an unknown status"):
        decoded("StatusSet", [1 << 32], 99, False)
    assert isinstance(decoded("Anchored", [1, 5], 1, 1, [(str(STUDIO.address), 1)]), Anchored)
    with pytest.raises(LedgerError, match="an anchor without lots"):
        decoded("Anchored", [1, 5], 1, 1, [])


def test_records_are_what_events_add_up_to(scene: Scene) -> None:
    scene.do(SuspendCall(STUDIO.address), STEWARD)
    head = scene.ledger.head()

    def differences(events: list[LedgerEvent]) -> list[str]:
        tally = tally_of(events)
        return [
            str(fault)
            for token_id, key_id in tally.questions()
            for fault in tally.differences(token_id, key_id, scene.ledger.record(token_id, key_id, head))
        ]

    events = history(scene)
    last = events[-1]
    place, token = (last.block, 9, last.transaction), 1 << 32 | 1
    assert differences(events) == []
    assert [said.partition(":")[0] for said in differences(events[:-1])] == [
        f"Token {first}, studio's good standing" for first in (1 << 32, 2 << 32)
    ]
    assert differences([*events, StatusSet(*place, token, Status.REVOKED, True)])[0] == (
        f"Token {token}, status: the contract says ACTIVE, its events REVOKED."
    )
    (said, *_others) = differences([*events, Moved(*place, token, STUDIO.address, BUYER.address, 1)])
    assert said == f"Token {token}, holder: the contract says {STUDIO.address}, its events {BUYER.address}."
    key = next(event for event in events if isinstance(event, KeyAdded))
    (said,) = differences([*events, KeyWindowShortened(*place, STUDIO.address, key.key_id, scene.ledger.now)])
    assert said.startswith(f"Token {1 << 32}, key's window: the contract says")
    more = replace(next(event for event in events if isinstance(event, Anchored)), anchor_id=3,
                   root=Root(b"r" * 32), leaf_count=1, lots=(Lot(3, STUDIO.address, 1, 0),))  # fmt: skip
    assert differences([*events, more]) == [f"The contract has no token {3 << 32}, and its events do."]


def test_a_lot_of_a_suspended_studio_is_told(scene: Scene) -> None:
    scene.do(SuspendCall(STUDIO.address), STEWARD)
    events = history(scene)
    anchored = next(event for event in events if isinstance(event, Anchored))
    late = replace(
        anchored, anchor_id=3, root=type(anchored.root)(bytes([1]) * 32), lots=(Lot(3, STUDIO.address, 2, 0),)
    )
    assert faults([*events, late]) == [f"Lot 3 is of {STUDIO.address}, which was not in good standing."]


def test_bundles_that_prove_nothing_are_told(scene: Scene) -> None:
    (bundle,) = scene.anchor(scene.sign())
    evidence = Evidence(tally_of(history(scene)))
    assert evidence.add(bundle, "good") == {bundle.receipts[0].token_id}
    assert evidence.faults == []
    other = replace(bundle, receipts=(replace(bundle.receipts[0], token_id=1 << 32),))
    evidence.add(other, "other token")
    stranger = Scene()
    (foreign,) = stranger.anchor(stranger.sign())
    evidence.add(foreign, "foreign")
    evidence.add(replace(bundle, certificate=scene.sign()), "other certificate")
    assert [str(fault).partition(":")[0] for fault in evidence.faults] == [
        "other token", "foreign", "other certificate", "other certificate",
    ]  # fmt: skip
    assert evidence.duplicates() == []
    assert evidence.shown == {bundle.receipts[0].token_id: Digest.of(bundle.certificate.data)}
