"""Whatever happened on a ledger, its successor takes it over, and no interruption shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.encoding import Root
from provenance.errors import ConflictError, LedgerError
from provenance.ledger import (
    AccreditCall,
    Allotment,
    AnchorCall,
    BlockRef,
    ExemptionSet,
    ImportPiecesCall,
    LedgerCall,
    ProposeRecoveryCall,
    SealCall,
    SetClockCall,
    SetStatusCall,
    make_token_id,
)
from provenance.status import Status
from provenance.succession import MAX_PIECES, compare, live_recoveries, replay, resume
from provenance.testing.memory import MemoryLedger
from provenance.testing.rules.state import seconds
from tests.support.histories import (
    HOLDERS,
    STUDIOS,
    Deed,
    Life,
    carry_out,
    essence,
    histories,
    state_at,
    successor_of,
)
from tests.support.scene import ANCHORER, STEWARD


def move(old: MemoryLedger, final: BlockRef, new: MemoryLedger, stops: tuple[int, ...] = ()) -> int:
    """Carry the whole move out, in as many runs as there are stops and one; return the number of calls."""
    done = 0
    for stop in (*stops, None):
        calls: Iterator[LedgerCall] = islice(resume(old, final, new), stop)
        for call in calls:
            carry_out(new, call)
            done += 1
    return done


@given(histories, st.lists(st.integers(0, 30), max_size=4))
@settings(max_examples=150, deadline=None)
def test_a_successor_has_the_state_of_the_final_block(history: list[Deed], stops: list[int]) -> None:
    life = Life()
    old, final = life.ledger, life.live(history)
    new = successor_of(old, final)
    calls = list(replay(old, final))
    assert move(old, final, new, tuple(stops)) == len(calls)
    time = seconds(final.time)
    assert essence(state_at(new, new.head()), time) == essence(state_at(old, final), time)
    assert compare(old, final, new, new.head()) == []
    carry_out(new, SealCall())
    assert list(resume(old, final, new)) == []
    assert compare(old, final, new, new.head()) == []


@given(histories, histories)
@settings(max_examples=40, deadline=None)
def test_what_happens_after_the_final_block_does_not_count(before: list[Deed], after: list[Deed]) -> None:
    life = Life()
    old, final = life.ledger, life.live(before)
    calls = list(replay(old, final))
    life.live(after)
    assert list(replay(old, final)) == calls
    new = successor_of(old, final)
    move(old, final, new)
    assert compare(old, final, new, new.head()) == []


@given(histories, histories)
@settings(max_examples=40, deadline=None)
def test_a_successor_of_a_successor_keeps_the_first_times(first: list[Deed], second: list[Deed]) -> None:
    life = Life()
    old, final = life.ledger, life.live(first)
    middle = successor_of(old, final)
    middle.mine(final.number)  # Block numbers go forward from ledger to ledger, or the contract refuses.
    move(old, final, middle)
    carry_out(middle, SealCall())
    last = Life(middle).live(second)
    new = successor_of(middle, last)
    move(middle, last, new)
    time = seconds(last.time)
    assert essence(state_at(new, new.head()), time) == essence(state_at(middle, last), time)
    assert compare(middle, last, new, new.head()) == []


@given(histories, st.integers(0, 200), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_one_call_left_out_shows(history: list[Deed], place: int, days: int) -> None:
    life = Life()
    old, final = life.ledger, life.live(history)
    new = successor_of(old, final)
    new.now += timedelta(days=days)
    calls = list(replay(old, final))
    missing = calls[place % len(calls)]
    try:
        for call in calls:
            if call is not missing:
                carry_out(new, call)
    except LedgerError:
        return  # The rules saw it themselves.
    if essence(state_at(new, new.head()), seconds(final.time)) != essence(state_at(old, final), seconds(final.time)):
        assert compare(old, final, new, new.head())


def test_pieces_are_imported_in_parts_right_after_their_anchor() -> None:
    life = Life()
    old = life.ledger
    share = Allotment(STUDIOS[0].address, 2 * MAX_PIECES + 5)
    life.do(AnchorCall(Root(b"r" * 32), share.count, old.next_lot(), (share,)), ANCHORER)
    first = make_token_id(old.next_lot() - 1, 0)
    for token_id in range(first, first + share.count - 1):
        life.do(SetStatusCall(token_id, Status.ON_HOLD), STEWARD)
    life.anchor(0, 1, 0)
    calls = list(replay(old, old.head()))
    place = next(i for i, call in enumerate(calls) if isinstance(call, AnchorCall) and call.root == Root(b"r" * 32))
    parts = [call for call in calls[place + 1 : place + 4] if isinstance(call, ImportPiecesCall)]
    assert [len(part.pieces) for part in parts] == [MAX_PIECES, MAX_PIECES, 4]
    assert isinstance(calls[place + 4], SetClockCall)


def test_what_time_alone_changes_is_no_difference() -> None:
    life = Life()
    life.live(
        [("claim", 0, 0, 0), ("lost", 0, 0, 0), ("found", 0, 0, 0), ("controller", 0, 2, 0), ("controller", 1, 2, 0)]
    )
    old, final = life.ledger, life.ledger.head()
    new = successor_of(old, final)
    move(old, final, new)
    carry_out(new, SealCall())
    for days in (0, 3, 8, 40):
        new.now += timedelta(days=days)
        new.mine()
        assert compare(old, final, new, new.head()) == []


def test_the_exemptions_that_still_count_are_played_again() -> None:
    life = Life()
    life.live([("exempt", 0, 1, 1), ("cancel", 0, 0, 0), ("exempt", 0, 2, 1), ("exempt", 7, 1, 1), ("exempt", 7, 1, 0)])
    old, final = life.ledger, life.ledger.head()
    new = successor_of(old, final)
    move(old, final, new)
    sets = [event for event in new.events(0, new.head().number) if isinstance(event, ExemptionSet)]
    assert [(event.token_id, event.claim_key) for event in sets] == [(1 << 32, HOLDERS[2].address)]
    assert compare(old, final, new, new.head()) == []


def test_a_recovery_waits_anew_at_the_successor() -> None:
    life = Life()
    life.live([("claim", 0, 0, 0), ("recover", 0, 1, 0), ("recover", 0, 2, 0), ("lost", 0, 0, 0), ("found", 0, 0, 0)])
    old, final = life.ledger, life.ledger.head()
    assert list(live_recoveries(old, final)) == [ProposeRecoveryCall(1 << 32, HOLDERS[2].address)]
    new = successor_of(old, final)
    move(old, final, new)
    assert compare(old, final, new, new.head()) == []
    carry_out(new, SealCall())
    new.now += timedelta(days=31)
    new.mine()
    holding = new.holding(1 << 32, new.head())
    assert holding is not None
    assert holding.recovery is None
    assert holding.lost_since is not None, "a return that nobody could undo"


def test_a_ledger_that_holds_another_move_is_refused() -> None:
    life, other = Life(), Life()
    for each in (life, other):
        each.live([("status", 1, 2, 1)])
    other_final = other.ledger.head()
    new = successor_of(other.ledger, other_final)
    move(other.ledger, other_final, new)
    for block in (life.ledger.head(), life.ledger.block(2)):
        with pytest.raises(ConflictError, match="something else"):
            list(resume(life.ledger, block, new))


def test_more_than_the_move_is_refused() -> None:
    life = Life()
    final = life.ledger.head()
    new = successor_of(life.ledger, final)
    move(life.ledger, final, new)
    carry_out(new, AccreditCall(STUDIOS[2].address, "did:2", "Kiln"))
    with pytest.raises(ConflictError):
        list(resume(life.ledger, final, new))
    assert compare(life.ledger, final, new, new.head())[0].member == "history"


def test_a_seal_before_the_end_is_refused() -> None:
    life = Life()
    final = life.ledger.head()
    new = successor_of(life.ledger, final)
    for call in islice(replay(life.ledger, final), 3):
        carry_out(new, call)
    carry_out(new, SealCall())
    with pytest.raises(ConflictError):
        list(resume(life.ledger, final, new))


def test_a_final_block_of_another_chain_is_refused() -> None:
    life, other = Life(), Life()
    with pytest.raises(LedgerError) as caught:
        list(replay(life.ledger, other.ledger.head()))
    assert caught.value.code == "chain-moved"
