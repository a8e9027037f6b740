"""Vectors of a ledger that took over what an earlier one held."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from provenance.bundle import Bundle, Receipt
from provenance.ledger import (
    AmendCall,
    Anchored,
    Deployment,
    NameSuccessorCall,
    ReinstateCall,
    SealCall,
    SuspendCall,
    make_token_id,
)
from provenance.status import Status
from provenance.succession import replay
from tests.support.nodes import LyingNode, result
from tests.support.stories import Numbers, Story, account
from tests.vectors.casebook import Casebook, with_receipt, word


def successor(old: Story, name: str) -> Story:
    """Return a ledger that took over all that `old` holds."""
    final, at = old.ledger.head(), old.ledger.identity
    named = Deployment(at.contract, at.chain_id, final.number)
    new = Story(name, old.numbers, start=final.time + timedelta(days=1), predecessor=named)
    for call in (*replay(old.ledger, final), SealCall()):
        new.do(call, "importer")
    return new


def move(book: Casebook, numbers: Numbers) -> None:
    """(3): a ledger that took over what an earlier one held."""
    old = Story("the ledger before", numbers)
    lin = old.studio("lin", "林家窑")
    (piece,) = old.made(lin)
    (revoked,) = old.made(lin)
    old.set_status(revoked, Status.REVOKED)
    (mended,) = old.made(lin)
    amendment = old.sign(lin, mended.certificate.piece, replaces=mended.certificate.digest)
    old.do(AmendCall((mended.receipts[0].token_id,), (amendment.digest,)), lin.account)
    (lost,) = old.made(lin)
    old.hand_over(lost, lin.account, account("buyer").address)
    old.report_lost(lost, account("buyer"))
    stolen, struck = old.studio("stolen", "失窑"), old.studio("struck", "停窑")
    (forged,) = old.made(stolen)
    old.shorten(stolen, forged.receipts[0].block.time - timedelta(seconds=1))
    (barred,) = old.anchor((struck, old.sign(struck)), with_=(SuspendCall(struck.address), "steward"))
    old.do(ReinstateCall(struck.address))
    (held,) = old.made(lin)
    old.set_status(held, Status.ON_HOLD)
    old.idle(60)
    (last,) = old.made(lin)
    new = successor(old, "the ledger after")
    (young,) = new.made(lin)
    before: dict[str, Any] = {"predecessors": (old.ledger.identity,)}

    def own(bundle: Bundle) -> Receipt:
        """Return the receipt of the event by which the new ledger took the anchor over."""
        root, at = bundle.receipts[0].root, new.ledger.identity
        (event,) = (
            event
            for event in new.ledger.events(0, new.ledger.head().number)
            if isinstance(event, Anchored) and event.root == root
        )
        return replace(
            bundle.receipts[0],
            genesis=at.genesis,
            contract=at.contract,
            transaction=event.transaction,
            block=event.block,
        )

    book.add("before a move", old, piece)
    book.add("a predecessor's receipt", new, piece, **before)
    book.add("a predecessor's receipt, the predecessor not pinned", new, piece)
    book.add("a predecessor's receipt of a block number that the ledger has not reached", new, last, **before)
    book.add("a predecessor's receipt, not confirmed", new, piece, confirmations=5_000, **before)
    book.add("a predecessor's receipt, offline", new, piece, ledger=None, **before)
    book.add("a predecessor's receipt of a revoked piece", new, revoked, **before)
    book.add("a predecessor's receipt of an amended piece", new, replace(mended, amendments=(amendment,)), **before)
    book.add("a predecessor's receipt of an amended piece, the amendment not shown", new, mended, **before)
    book.add("a predecessor's receipt of a piece that its buyer lost", new, lost, **before)
    moved = replace(piece, receipts=(*piece.receipts, own(piece)))
    book.add("a predecessor's receipt of a piece on hold", new, held, **before)
    book.add("a predecessor's receipt, the key dated back before the anchor", new, forged, **before)
    book.add("a predecessor's receipt, the studio suspended in the anchor's block", new, barred, **before)
    book.add("receipts of both ledgers, at the successor", new, moved, **before)
    book.add("receipts of both ledgers, at the predecessor", old, moved)
    alone = replace(piece, receipts=(own(piece),))
    book.add("the successor's receipt alone", new, alone, **before)
    book.add("the successor's receipt of an imported anchor, no predecessor pinned", new, alone)
    depth = new.ledger.head().number - own(piece).block.number + 1
    book.add("the successor's receipt, as deep as it must be", new, alone, confirmations=depth, **before)
    book.add("the successor's receipt, one block short", new, alone, confirmations=depth + 1, **before)
    block = piece.receipts[0].block
    for what, at in (
        ("numbers its block otherwise", {"number": block.number - 1}),
        ("dates its block otherwise", {"time": block.time - timedelta(seconds=1)}),
    ):
        book.add(f"a predecessor's receipt that {what}", new, with_receipt(piece, at=at), **before)
    book.add("a predecessor's receipt of another token", new,
             with_receipt(piece, token_id=last.receipts[0].token_id), **before)  # fmt: skip
    nowhere = with_receipt(last, token_id=make_token_id(999_999, 0))
    book.add("a predecessor's receipt of a token that there is not", new, nowhere, **before)
    shifted = with_receipt(young, at={"number": young.receipts[0].block.number - 1})
    book.add("anchored after the move, in a receipt that numbers its block otherwise", new, shifted, **before)
    for what, place, value in (("later than", 8, 2**33), ("as, but in another block than,", 9, 1)):
        lying = partial(LyingNode, method="eth_call", change=result(partial(word, place=place, value=value)))
        book.add(f"the node dates an anchor {what} its event, after a move", new, young, node=lying, **before)
    lie = with_receipt(young, genesis=old.ledger.identity.genesis, contract=old.ledger.identity.contract)
    book.add("anchored at the successor after the move", new, young, **before)
    book.add("anchored after the move, called the predecessor's, not confirmed", new, lie, confirmations=2, **before)

    heir = new.ledger.identity
    old.do(NameSuccessorCall(Deployment(heir.contract, heir.chain_id, old.ledger.head().number)), "admin")
    book.add("the ledger names its successor", old, piece)
    book.add("the ledger names its successor, and the piece is on hold", old, held)
    third = successor(new, "the ledger after that")
    both: dict[str, Any] = {"predecessors": (new.ledger.identity, old.ledger.identity)}
    book.add("a receipt from two moves ago", third, piece, **both)
    book.add("a receipt from two moves ago, that ledger not pinned", third, piece, predecessors=(new.ledger.identity,))
    book.add("anchored between two moves", third, young, **both)
    book.add("receipts of two moves ago and of the ledger between", third, moved, **both)
    latest = replace(moved, receipts=moved.receipts[::-1])
    book.add("receipts of the ledger between and of two moves ago", third, latest, **both)
    book.add("of a piece of two moves ago, the receipt of the ledger between alone", third, alone, **both)
