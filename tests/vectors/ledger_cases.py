"""Vectors that turn on what the ledger says: times, standing, status, anchors and amendments."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from provenance.bundle import Bundle
from provenance.certificate import Certificate, Issuer
from provenance.encoding import Hash32
from provenance.evm.abi import interface
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    AmendCall,
    ReinstateCall,
    ReportFoundCall,
    SuspendCall,
    make_token_id,
)
from provenance.status import Status
from tests.support.nodes import FailingNode, LaggingNode, LyingNode, result
from tests.support.stories import REGISTRY, Story, Studio, account, ed25519, p256
from tests.vectors.casebook import UNREACHABLE, Casebook, with_receipt, with_signature, word

SECOND = timedelta(seconds=1)


def times(book: Casebook, story: Story) -> None:
    """(4): what counts is when the ledger saw the certificate."""
    early = story.apply("early", "早窑")
    story.accredit(early)
    (before,) = story.made(early)
    book.add("the key is not on the ledger yet", story, before)
    story.add_key(early)
    book.add("the key was added in the block after the anchor", story, before)
    (after,) = story.made(early)
    book.add("anchored in the block after the key was added", story, after)

    same = story.apply("same", "同窑")
    story.accredit(same)
    key = AddKeyCall(same.address, same.signer.public_key.multikey_bytes)
    (together,) = story.anchor((same, story.sign(same)), with_=(key, "steward"))
    book.add("the key was added in the anchor's own block: a window includes its start", story, together)

    for what, ends in (
        ("one second before the anchor's time", -SECOND),
        ("at the anchor's time: a window excludes its end", 0 * SECOND),
        ("one second after the anchor's time", SECOND),
    ):
        studio = story.studio(f"end{len(story.studios)}", "末窑")
        (bundle,) = story.made(studio)
        story.shorten(studio, story.time + ends)
        book.add(f"the key ended {what}", story, bundle)

    stolen = story.studio("stolen", "失窑")
    (honest,) = story.made(stolen)
    story.later(days=1)
    theft = story.time + timedelta(hours=6)
    (forged,) = story.anchor((stolen, story.sign(stolen, now=honest.receipts[0].block.time)))
    book.add("signed by a thief under an earlier date, before anybody knows", story, forged)
    story.shorten(stolen, theft)
    book.add("a compromise dated back before the anchor", story, forged)
    book.add("a compromise dated back, but after the anchor", story, honest)
    story.shorten(stolen, honest.receipts[0].block.time)
    book.add("a compromise dated back further still", story, honest)
    again = p256("stolen again")
    story.add_key(stolen, again)
    (renewed,) = story.anchor((stolen, story.sign(stolen, signer=again)))
    book.add("signed with the key that replaced a stolen one", story, renewed)

    void = story.apply("void", "空窑")
    story.accredit(void)
    story.add_key(void)
    story.shorten(void, story.time - timedelta(days=1))
    (none,) = story.made(void)
    book.add("a key that ended before it began", story, none)


def standing(book: Casebook, story: Story) -> None:
    """(4): accredited and not suspended at the anchor's time; who names whom."""
    wu = story.studio("wu", "吴窑")
    (bundle,) = story.made(wu)
    story.do(SuspendCall(wu.address))
    book.add("suspended since", story, bundle)
    story.do(ReinstateCall(wu.address))
    book.add("suspended and reinstated since", story, bundle)
    (later,) = story.made(wu)
    book.add("anchored after a suspension was lifted", story, later)

    struck = story.studio("struck", "停窑")
    (bundle,) = story.anchor((struck, story.sign(struck)), with_=(SuspendCall(struck.address), "steward"))
    book.add("suspended in the anchor's own block: an interval includes its start", story, bundle)
    story.do(ReinstateCall(struck.address))
    book.add("suspended in the anchor's own block, and reinstated since", story, bundle)
    story.shorten(struck, bundle.receipts[0].block.time)
    story.set_status(bundle, Status.REVOKED)
    book.add("suspended at the anchor, the key invalid, and revoked: the earliest check is the reason", story, bundle)

    lin, chen = story.studios["lin"], story.studios["chen"]
    (bundle,) = story.anchor((lin, story.sign(lin, signer=p256("a stranger"))))
    book.add("signed with a key that is nobody's, in the lot of the studio named", story, bundle)
    (bundle,) = story.anchor((lin, story.sign(lin, signer=chen.signer)))
    book.add("signed with the key of another studio", story, bundle)
    (bundle,) = story.anchor((chen, story.sign(lin)))
    book.add("signed by one studio, in the lot of another", story, bundle)
    (bundle,) = story.anchor((chen, story.sign(chen, issuer=lin.issuer)))
    book.add("a studio issues in the name of another", story, bundle)
    palace = Issuer(REGISTRY, "lin", "故宫博物院")
    (bundle,) = story.anchor((lin, story.sign(lin, issuer=palace)))
    book.add("a studio calls itself by another name", story, bundle)
    elsewhere = Issuer("https://registry.elsewhere.example", "lin", lin.name)
    (bundle,) = story.anchor((lin, story.sign(lin, issuer=elsewhere)))
    book.add("the same short name at another registry", story, bundle)

    moved = story.studio("moved", "移窑")
    (bundle,) = story.made(moved)
    story.do(AccreditCall(moved.address, moved.issuer.did, moved.name, 0))
    book.add("the studio is no maker any more", story, bundle)

    gao = story.studio("gao", "高窑")
    (before,) = story.made(gao)
    story.do(AccreditCall(gao.address, gao.issuer.did, "高家新窑"))
    book.add("the studio bears another name since", story, before)
    (wrong,) = story.made(gao)
    book.add("a studio signs under the name that it bore before", story, wrong)
    (after,) = story.anchor((gao, story.sign(gao, issuer=Issuer(REGISTRY, "gao", "高家新窑"))))
    book.add("a studio signs under its new name", story, after)


def status(book: Casebook, story: Story) -> None:
    """(6): what the studio, a steward and the holder said of the piece since."""
    lin = story.studios["lin"]
    by_studio, by_steward, held, retired, lost, sold = story.made(lin, 6)
    story.set_status(by_studio, Status.REVOKED, lin.account)
    book.add("revoked by the studio", story, by_studio)
    story.set_status(by_steward, Status.REVOKED)
    book.add("revoked by a steward", story, by_steward)
    (studios,) = story.made(lin)
    story.set_status(studios, Status.ON_HOLD, lin.account)
    book.add("put on hold by the studio", story, studios)
    story.set_status(held, Status.ON_HOLD)
    book.add("on hold", story, held)
    book.add("on hold, and not confirmed: the gravest is the reason", story, held, confirmations=5_000)
    book.add("on hold, and the tag of another host", story, held, base_url="https://copy.example")
    story.set_status(held, Status.ACTIVE)
    book.add("a hold that was lifted", story, held)
    story.set_status(retired, Status.RETIRED, lin.account)
    book.add("retired", story, retired)
    story.report_lost(lost, lin.account)
    book.add("reported lost", story, lost)
    story.set_status(lost, Status.ON_HOLD)
    book.add("reported lost, and on hold", story, lost)
    story.set_status(lost, Status.REVOKED)
    book.add("reported lost, and revoked", story, lost, confirmations=5_000)

    buyer, heir = account("buyer"), account("heir")
    story.hand_over(sold, lin.account, buyer.address)
    book.add("handed over to a buyer", story, sold)
    story.hand_over(sold, buyer, heir.address)
    book.add("handed over twice", story, sold)
    (found,) = story.made(lin)
    story.report_lost(found, lin.account)
    story.do(ReportFoundCall(found.receipts[0].token_id))
    book.add("lost and found", story, found)


def anchors(book: Casebook, story: Story, forger: Story) -> None:
    """(3): the anchor on the pinned ledger, confirmed; and nodes that lag, fail or are not there."""
    lin = story.studios["lin"]
    parent = story.ledger.head()
    (bundle,) = story.made(lin)
    block = bundle.receipts[0].block
    book.add("one confirmation of one", story, bundle)
    book.add("one confirmation of two", story, bundle, confirmations=2)
    book.add("the node has not reached the receipt's block", story, bundle,
             node=partial(LaggingNode, last=parent.number))  # fmt: skip
    story.idle(1)
    book.add("two confirmations of two", story, bundle, confirmations=2)
    book.add("offline", story, bundle, ledger=None)
    book.add("the node cannot be reached", story, bundle, ledger=UNREACHABLE)
    for answers, what in ((0, "the head"), (1, "the record"), (2, "the anchor's event")):
        book.add(f"the node fails when it is asked for {what}", story, bundle,
                 node=partial(FailingNode, answers=answers))  # fmt: skip
    refusal = "0x" + next(code for code, (name, _) in interface().errors.items() if name == "InvalidAmendment").hex()
    lies: dict[str, tuple[str, Any]] = {
        "no head": ("eth_getBlockByNumber", result(lambda _: None)),
        "a head without its hash": ("eth_getBlockByNumber", result(lambda block: {**block, "hash": "0x"})),
        "a head whose number is no number": ("eth_getBlockByNumber", result(lambda b: {**b, "number": "0x0x"})),
        "a record of no bytes": ("eth_call", result(lambda _: "0x")),
        "a record cut short": ("eth_call", result(lambda data: data[:-64])),
        "a record with a status that there is not": ("eth_call", result(partial(word, place=10, value=9))),
        "a record with a standing that is neither yes nor no": ("eth_call", result(partial(word, place=13, value=2))),
        "a record whose anchor is dated later than its event": (
            "eth_call",
            result(partial(word, place=8, value=2**33)),
        ),
        "a record whose anchor is in another block than its event": (
            "eth_call",
            result(partial(word, place=9, value=1)),
        ),
        "another refusal than that there is no such token": (
            "eth_call",
            lambda _: {"error": {"code": 3, "message": "execution reverted", "data": refusal}},
        ),
        "a refusal without a reason": (
            "eth_call",
            lambda _: {"error": {"code": 3, "message": "execution reverted", "data": "0x"}},
        ),
        "an error of its own": ("eth_call", lambda _: {"error": {"code": -32603, "message": "internal error"}}),
        "no list of events": ("eth_getLogs", result(lambda _: None)),
        "no event": ("eth_getLogs", result(lambda _: [])),
        "an event of another contract": ("eth_getLogs", result(lambda ls: [{**ls[0], "address": str(lin.address)}])),
        "an event cut short": ("eth_getLogs", result(lambda ls: [{**ls[0], "data": ls[0]["data"][:-64]}])),
        "an event that another block holds": (
            "eth_getLogs",
            result(lambda logs: [{**logs[0], "blockHash": str(parent.hash), "blockNumber": hex(parent.number)}]),
        ),
        "an event of another root": (
            "eth_getLogs",
            result(lambda ls: [{**ls[0], "topics": [*ls[0]["topics"][:2], str(parent.hash)]}]),
        ),
        "an event of another kind": (
            "eth_getLogs",
            result(lambda ls: [{**ls[0], "topics": [str(parent.hash), *ls[0]["topics"][1:]]}]),
        ),
        "an event without topics": ("eth_getLogs", result(lambda ls: [{**ls[0], "topics": []}])),
    }
    for what, (method, change) in lies.items():
        lying = partial(LyingNode, method=method, change=change)
        book.add(f"the node answers with {what}", story, bundle, node=lying)
    book.add("a receipt with another transaction", story, with_receipt(bundle, transaction=Hash32(b"\1" * 32)))
    book.add(
        "a receipt with a block that is not on the chain", story, with_receipt(bundle, at={"hash": Hash32(b"\1" * 32)})
    )
    book.add("a receipt with another block of the chain", story, with_receipt(bundle, at={"hash": parent.hash}))
    for moved in (-SECOND, SECOND):
        book.add(f"a receipt that dates its block {moved.total_seconds():+.0f} s", story,
                 with_receipt(bundle, at={"time": block.time + moved}))  # fmt: skip
    for steps in (-1, 1):
        book.add(
            f"a receipt that numbers its block {steps:+}",
            story,
            with_receipt(bundle, at={"number": block.number + steps}),
        )

    at = story.ledger.identity
    thief = forger.studio("lin", lin.name)
    (forged,) = forger.made(thief)
    book.add("a record on a forger's own ledger", story, forged)
    book.add("a record on a forger's own ledger, offline", story, forged, ledger=None)
    made_up = with_receipt(forged, genesis=at.genesis, contract=at.contract)
    book.add("a forger's receipt that names the pinned ledger", story, made_up)
    present = with_receipt(made_up, token_id=make_token_id(999_999, 0), at={"number": story.ledger.head().number})
    book.add("a forger's receipt of the newest block's number", story, present)
    far = with_receipt(made_up, token_id=make_token_id(999_999, 0), at={"number": story.ledger.head().number + 9})
    book.add("a forger's receipt of a block to come", story, far)
    for what, members in (
        ("chain id", {"chain_id": at.chain_id + 1}),
        ("genesis block", {"genesis": forger.ledger.identity.genesis}),
        ("contract", {"contract": lin.address}),
    ):
        book.add(f"a receipt of another {what}", story, with_receipt(bundle, **members))
    (foreign,) = forger.anchor((thief, bundle.certificate))
    both = replace(bundle, receipts=(*foreign.receipts, *bundle.receipts))
    # One proof serves both, since each batch holds this certificate alone.
    book.add("a foreign receipt before the pinned ledger's", story, both)
    book.add("the pinned ledger's receipt before a foreign one", story, replace(both, receipts=both.receipts[::-1]))
    stale = with_receipt(bundle, transaction=Hash32(b"\1" * 32)).receipts[0]
    book.add(
        "two receipts of the pinned ledger: the first counts",
        story,
        replace(bundle, receipts=(stale, bundle.receipts[0])),
    )


def amendments(book: Casebook, story: Story) -> None:
    """(5): what the studio mended, and whether the newest is shown."""
    lin, chen = story.studios["lin"], story.studios["chen"]
    bundle, other = story.made(lin, 2)
    original = bundle.certificate

    def mend(title: str, replaces: Certificate, studio: Studio = lin, **kinds: Any) -> Certificate:
        piece = replace(original.piece, title={"en": title}, **kinds.pop("facts", {}))
        return story.sign(studio, piece, replaces=replaces.digest, **kinds)

    def show(name: str, *shown: Certificate, **how: Any) -> None:
        book.add(name, story, replace(bundle, amendments=shown), **how)

    def record(amendment: Certificate, of: Bundle = bundle) -> None:
        story.do(AmendCall((of.receipts[0].token_id,), (amendment.digest,)), lin.account)

    first = mend("Mended", original)
    second = mend("Mended twice", first)
    show("an amendment that the ledger does not know", first)
    record(first)
    show("an amendment is on the ledger and not shown")
    show("one amendment", first)
    show("one amendment, and the serial that was asked for", first, serial=original.piece.serial)
    show("one amendment, another serial asked for", first, serial=other.certificate.piece.serial)
    show("one amendment, and one that the ledger does not know", first, second)
    show("an amendment in place of the one on the ledger", mend("Another", original))
    show("an amendment whose signature is that of another", with_signature(first, second.proof.signature))
    record(second)
    show("two amendments, both shown", first, second)
    show("two amendments, only the first shown", first)
    show("two amendments, only the newest shown", second)
    show("two amendments in the wrong order", second, first)
    show("two amendments, the first one shown twice", first, first)
    show("two amendments, and the certificate itself shown as one", original, second)
    story.set_status(bundle, Status.REVOKED)
    show("two amendments of a revoked piece", first, second)

    def single(name: str, amendment: Certificate, of: Bundle, **how: Any) -> None:
        record(amendment, of)
        book.add(name, story, replace(of, amendments=(amendment,)), **how)

    one, two, three, four, five, six, seven, eight = story.made(lin, 8)

    def of(bundle: Bundle, **kinds: Any) -> Certificate:
        return story.sign(kinds.pop("studio", lin), kinds.pop("piece", bundle.certificate.piece),
                          replaces=kinds.pop("replaces", bundle.certificate.digest), **kinds)  # fmt: skip

    single("an amendment with a key that is nobody's", of(one, signer=p256("a stranger")), one)
    single("an amendment of another piece", of(two, piece=story.piece()), two)
    single("an amendment by another studio", of(three, studio=chen), three)
    single("an amendment of another certificate", of(four, replaces=five.certificate.digest), four)
    plain = story.sign(lin, five.certificate.piece)
    single("an amendment that replaces nothing", plain, five)
    again = of(seven)
    for amendment in (again, of(seven, piece=replace(seven.certificate.piece, country="CN")), again):
        record(amendment, seven)
    book.add(
        "an amendment recorded, replaced, and recorded again: shown alone", story, replace(seven, amendments=(again,))
    )
    early = of(eight, piece=replace(eight.certificate.piece, country="CN"))
    chain = (early, of(eight, replaces=early.digest))
    record(chain[1], eight)
    book.add("more amendments shown than the ledger counts", story, replace(eight, amendments=chain))
    record(early, eight)
    book.add("an amendment shown after the newest", story, replace(eight, amendments=chain))
    book.add("the newest of two amendments, recorded in the wrong order", story, replace(eight, amendments=(early,)))
    second_key = ed25519("lin, second")
    story.add_key(lin, second_key)
    sixth = of(six, signer=second_key)
    single("an amendment with a second key of the studio, of the other suite", sixth, six)
    shown = replace(six, amendments=(sixth,))
    failing = partial(FailingNode, answers=4)
    book.add("the node fails when it is asked for the amendment's key", story, shown, node=failing)
    story.later(hours=1)
    story.shorten(lin, story.time + SECOND, second_key)
    book.add("an amendment with a key that ended since", story, shown)

    late = story.studio("late", "晚窑")
    (made,) = story.made(late)
    story.later(hours=1)
    story.shorten(late, story.time + timedelta(minutes=30))
    amended = story.sign(late, made.certificate.piece, replaces=made.certificate.digest)
    story.do(AmendCall((made.receipts[0].token_id,), (amended.digest,)), late.account)
    book.add("an amendment with a key that ended before it", story, replace(made, amendments=(amended,)))
    again = story.sign(late, made.certificate.piece, replaces=amended.digest)
    story.do(AmendCall((made.receipts[0].token_id,), (again.digest,)), late.account)
    void = replace(made, amendments=(amended, again))
    book.add("the second amendment with a key that ended before it", story, void)
    book.add("the second amendment alone, with a key that ended before it", story, replace(void, amendments=(again,)))
