"""Vectors of which finding goes before which, where several would fit, and of what is told beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from provenance.bundle import Bundle, Receipt
from provenance.certificate import Certificate, Issuer
from provenance.encoding import Digest, Hash32
from provenance.evm.abi import interface
from provenance.ledger import (
    AmendCall,
    Anchored,
    Deployment,
    NameSuccessorCall,
    ReinstateCall,
    SuspendCall,
)
from provenance.piece import Photo
from provenance.status import Status
from provenance.testimony import ExportedRecord
from tests.support.nodes import FailingNode, LyingNode, result
from tests.support.stories import REGISTRY, Numbers, Story, p256
from tests.vectors.bundle_cases import png
from tests.vectors.casebook import UNREACHABLE, Casebook, changed, with_receipt, with_signature, word
from tests.vectors.move_cases import successor

EVER = 5_000
"""Confirmations that no anchor of these stories has."""


def order(book: Casebook, numbers: Numbers) -> None:
    """(3) to (7) and the advisories: one of several findings, in which order, and what is told beside it."""
    story = Story("a ledger of orders", numbers)
    for scene in (anchor, studio, token, newest, beside):
        scene(book, story)
    predecessors(book, numbers)


def anchor(book: Casebook, story: Story) -> None:
    """(3) on the pinned ledger."""
    lin = story.studio("lin", "林家窑")
    (bundle,) = story.made(lin)
    stale = with_receipt(bundle, transaction=Hash32(b"\1" * 32))
    book.add("a receipt with another transaction, not deep enough either", story, stale, confirmations=EVER)
    renumbered = partial(LyingNode, method="eth_call", change=result(partial(word, place=5, value=99)))
    book.add("the node answers with a record whose anchor has another id than its event", story, bundle,
             node=renumbered)  # fmt: skip


def studio(book: Casebook, story: Story) -> None:
    """(4): one finding, and the key's end beside `accredited` alone."""
    lin, stranger = story.studios["lin"], p256("a stranger")
    palace = Issuer(REGISTRY, "lin", "故宫博物院")
    (bundle,) = story.anchor((lin, story.sign(lin, issuer=palace, signer=stranger)))
    book.add("another name, and a key that is nobody's", story, bundle)
    struck = story.studio("struck", "停窑")
    shares = (
        (struck, story.sign(struck)),
        (struck, story.sign(struck, signer=stranger)),
        (struck, story.sign(struck, issuer=Issuer(REGISTRY, "struck", "故宫博物院"))),
    )
    fitting, unknown, renamed = story.anchor(*shares, with_=(SuspendCall(struck.address), "steward"))
    book.add("suspended at the anchor, and a key that is nobody's", story, unknown)
    book.add("suspended at the anchor, and another name", story, renamed)
    story.do(ReinstateCall(struck.address))
    story.shorten(struck, story.time + timedelta(days=1))
    book.add("suspended at the anchor, the key ended since", story, fitting)
    book.add("suspended at the anchor, another name, and the key ended since", story, renamed)

    ending = story.studio("ending", "将终窑")
    (bundle,) = story.made(ending)
    story.shorten(ending, story.time + timedelta(days=365))
    book.add("a key whose end is still to come", story, bundle)
    story.do(SuspendCall(ending.address))
    book.add("a key whose end is still to come, and the studio suspended since", story, bundle)


def token(book: Casebook, story: Story) -> None:
    """(5): token, serial and amendments, in this order."""
    lin = story.studios["lin"]
    bundle, other = story.made(lin, 2)
    original, wrong = bundle.certificate, other.certificate.piece.serial
    taken = with_receipt(bundle, token_id=other.receipts[0].token_id)
    book.add("another token, and another serial asked for", story, taken, serial=wrong)
    book.add("another token, and another serial asked for, offline", story, taken, serial=wrong, ledger=None)
    forged = changed(bundle, lambda d: d["certificate"]["credentialSubject"].update(country="CN"))
    book.add("altered, and another serial asked for", story, forged, serial=wrong)

    def amend(title: str, replaces: Certificate = original, **kinds: Any) -> Certificate:
        return story.sign(lin, replace(original.piece, title={"en": title}), replaces=replaces.digest, **kinds)

    one = amend("One")
    two = amend("Two", one)
    unsigned = replace(bundle, amendments=(with_signature(one, two.proof.signature),))
    for what, how in (("offline", {"ledger": None}), ("the node cannot be reached", {"ledger": UNREACHABLE})):
        book.add(f"an amendment whose signature is that of another, {what}", story, unsigned, **how)
    book.add("an amendment whose signature is that of another, and another serial asked for", story, unsigned,
             serial=wrong)  # fmt: skip
    book.add("an amendment that the ledger does not know, offline", story, replace(bundle, amendments=(one,)),
             ledger=None)  # fmt: skip
    story.do(AmendCall((bundle.receipts[0].token_id,), (Digest.of(b"nothing"),)), lin.account)
    book.add("two amendments that the ledger does not know, which counts one", story,
             replace(bundle, amendments=(one, two)))  # fmt: skip
    book.add("an amendment is not shown, and another serial asked for", story, bundle, serial=wrong)

    for what, issuer in (
        ("under another name of the studio", Issuer(REGISTRY, "lin", "林家新窑")),
        ("at a registry of the same host and another scheme", Issuer("http://registry.example", "lin", lin.name)),
    ):
        (made,) = story.made(lin)
        amendment = story.sign(lin, made.certificate.piece, issuer=issuer, replaces=made.certificate.digest)
        story.do(AmendCall((made.receipts[0].token_id,), (amendment.digest,)), lin.account)
        book.add(f"an amendment {what}", story, replace(made, amendments=(amendment,)))


def newest(book: Casebook, story: Story) -> None:
    """(7): whose photos count."""
    lin, before, after = story.studios["lin"], png(100), png(120)
    (bundle,) = story.made(lin, photos=(Photo(Digest.of(before), "image/png"),))
    piece = replace(bundle.certificate.piece, photos=(Photo(Digest.of(after), "image/png"),))
    amendment = story.sign(lin, piece, replaces=bundle.certificate.digest)
    broken = replace(bundle, amendments=(with_signature(amendment, bundle.certificate.proof.signature),))
    at_hand = ("the amendment's", after), ("the certificate's", before)
    for whose, data in at_hand:
        files = {Digest.of(data): data}
        book.add(f"a chain of amendments that does not hold, {whose} photos at hand", story, broken, photos=files)
        book.add(f"an amendment that the ledger does not know, {whose} photos at hand", story,
                 replace(bundle, amendments=(amendment,)), photos=files)  # fmt: skip
    book.add("a chain of amendments that does not hold, a photo of its own changed, offline", story, broken,
             photos={Digest.of(after): before}, ledger=None)  # fmt: skip


def beside(book: Casebook, story: Story) -> None:
    """(6), and what the bundle tells: a ledger that leaves questions open."""
    lin = story.studios["lin"]
    held, revoked, active, mended = story.made(lin, 4)
    story.set_status(held, Status.ON_HOLD)
    story.set_status(revoked, Status.REVOKED)
    anchored = "0x" + interface().topic("Anchored").hex()
    silent = partial(LyingNode, method="eth_getLogs",
                     change=result(lambda logs: [log for log in logs if log["topics"][0] == anchored]))  # fmt: skip
    failing = partial(FailingNode, answers=4)
    for what, bundle in (("held by a steward", held), ("revoked by a steward", revoked)):
        book.add(f"{what}, and the node knows nothing of who did it", story, bundle, node=silent)
        book.add(f"{what}, and the node fails when it is asked who did it", story, bundle, node=failing)

    amendment = story.sign(lin, mended.certificate.piece, signer=p256("lin, another"),
                           replaces=mended.certificate.digest)  # fmt: skip
    story.do(AmendCall((mended.receipts[0].token_id,), (amendment.digest,)), lin.account)

    def told(bundle: Bundle) -> Bundle:
        head = story.ledger.head()
        record = story.ledger.record(bundle.receipts[0].token_id, bundle.certificate.public_key.key_id, head)
        assert record is not None
        return replace(bundle, as_exported=ExportedRecord.of(record, head))

    for answers, what in ((0, "the head"), (1, "the record"), (2, "the anchor's event")):
        book.add(f"testimony, the node fails when it is asked for {what}", story, told(active),
                 node=partial(FailingNode, answers=answers))  # fmt: skip
    book.add("testimony, the node fails when it is asked for the amendment's key", story,
             replace(told(mended), amendments=(amendment,)), node=failing)  # fmt: skip
    book.add("testimony, the node fails when it is asked who held the piece back", story, told(held), node=failing)
    far = with_receipt(told(active), token_id=5)
    book.add("testimony of a token of lot 0", story, far)


def predecessors(book: Casebook, numbers: Numbers) -> None:
    """(3) after moves, and every advisory that one verdict can have."""
    old = Story("a ledger of orders before", numbers)
    lin = old.studio("lin", "林家窑")
    photos = tuple(Photo(Digest.of(png(grey)), "image/png") for grey in (140, 160))
    (piece,) = old.made(lin)
    (worn,) = old.made(lin, photos=photos)
    newest = old.sign(lin, replace(worn.certificate.piece, country="CN"), replaces=worn.certificate.digest)
    for digest in (Digest.of(b"nothing"), newest.digest):
        old.do(AmendCall((worn.receipts[0].token_id,), (digest,)), lin.account)
    old.idle(80)
    (last,) = old.made(lin)
    new = successor(old, "a ledger of orders after")
    before: dict[str, Any] = {"predecessors": (old.ledger.identity,)}
    book.add("a predecessor's receipt of a block number that the ledger has not reached, confirmed by nothing", new,
             last, confirmations=EVER, **before)  # fmt: skip

    at = new.ledger.identity
    (event,) = (
        event
        for event in new.ledger.events(0, new.ledger.head().number)
        if isinstance(event, Anchored) and event.root == piece.receipts[0].root
    )
    theirs = piece.receipts[0]
    between = Receipt(at.chain_id, at.genesis, at.contract, theirs.token_id, theirs.root, event.transaction,
                      replace(event.block, time=theirs.block.time))  # fmt: skip
    third = successor(new, "a ledger of orders after that")
    both: dict[str, Any] = {"predecessors": (new.ledger.identity, old.ledger.identity)}
    book.add("two predecessors' receipts of one time: the first counts, and agrees", third,
             replace(piece, receipts=(theirs, between)), **both)  # fmt: skip
    book.add("two predecessors' receipts of one time: the first counts, and does not agree", third,
             replace(piece, receipts=(between, theirs)), **both)  # fmt: skip

    new.report_lost(worn, lin.account)
    new.set_status(worn, Status.RETIRED, lin.account)
    new.shorten(lin, new.time + timedelta(days=30))
    new.do(SuspendCall(lin.address))
    heir = third.ledger.identity
    new.do(NameSuccessorCall(Deployment(heir.contract, heir.chain_id, new.ledger.head().number)), "admin")
    shown = replace(worn, amendments=(newest,))
    book.add("every advisory that one verdict can have", new, shown,
             photos={photos[0].digest: png(140)}, **before)  # fmt: skip
