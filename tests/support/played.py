"""A guild's years, played on a ledger and its successor: genuine bundles, and forgeries of every kind beside them.

The forgeries have whatever help a forger can get: an anchorer that anchors anything, a studio's account without its
key, a key that has been retired, a ledger of the forger's own.  Each stands there because one check alone refuses it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from provenance.bundle import Bundle, InclusionProof, Receipt
from provenance.certificate import Certificate, Issuer
from provenance.encoding import Digest, Hash32, Root
from provenance.keys import P256_ORDER, Ed25519Signer, P256Signer, Signer
from provenance.ledger import (
    AddKeyCall,
    AmendCall,
    Anchored,
    Ledger,
    SealCall,
    ShortenKeyCall,
)
from provenance.merkle import MerkleTree
from provenance.piece import Photo
from provenance.policy import TrustPolicy
from provenance.status import Status
from provenance.succession import replay
from provenance.testimony import ExportedRecord
from provenance.testing.memory import MemoryLedger
from provenance.verdict import Outcome
from provenance.verify import Verifier
from tests.support.histories import carry_out, successor_of
from tests.support.scene import ISSUER, NOW, OTHER, OTHER_ISSUER, STEWARD, STUDIO, Person, Scene

CONFIRMATIONS = 3
PHOTO = b"a photo of the base"


def p256(number: int) -> P256Signer:
    """Return the same key for the same number."""
    return P256Signer(ec.derive_private_key(number, ec.SECP256R1()))


@dataclass(frozen=True)
class Shown:
    """A bundle as it is shown, and what must come of it."""

    name: str
    bundle: Bundle
    outcome: Outcome
    reason: str


Essence = tuple[object, ...]


@dataclass
class Played:
    """What was played: bundles, keys that a forger might sign with, and how to verify."""

    policy: TrustPolicy
    ledger: Ledger
    signers: dict[str, Signer]
    shown: list[Shown] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.verifier = Verifier(self.policy, self.ledger)

    def genuine(self) -> dict[Essence, str]:
        """Return the names of the bundles that may be called authentic, by their essence.

        The anchor's place comes from the ledger's own events and records, not from the receipts.
        """
        anchored = {
            event.root: event
            for event in self.ledger.events(0, self.ledger.head().number)
            if isinstance(event, Anchored)
        }
        found = dict[Essence, str]()
        for shown in self.shown:
            if shown.outcome is not Outcome.AUTHENTIC:
                continue
            bundle, receipt = shown.bundle, shown.bundle.receipts[0]
            event = anchored[receipt.root]
            record = self.ledger.record(receipt.token_id, bundle.certificate.public_key.key_id, self.ledger.head())
            assert record is not None
            said = (*_signed(bundle), receipt.root, receipt.token_id)
            found[*said, event.transaction, event.block.hash, event.block.number, event.block.time] = shown.name
            if self.policy.predecessors:
                found[*said, None, None, record.anchor.block_number, record.anchor.time] = shown.name
        return found

    def counting(self, bundle: Bundle) -> Receipt | None:
        """Return the receipt that counts under the policy: the first of its ledger, else the first of a predecessor."""
        for ledger in (self.policy.ledger, *self.policy.predecessors):
            for receipt in bundle.receipts:
                if receipt.is_of(ledger):
                    return receipt
        return None

    def essence(self, bundle: Bundle) -> Essence | None:
        """Return all of a bundle that means something under the policy, ``None`` where no receipt does.

        That leaves out ``exported`` and what else is testimony; receipts but the one that counts; and which transaction
        and block a receipt of a predecessor names, for that chain need not be there any more.
        """
        receipt = self.counting(bundle)
        if receipt is None:
            return None
        own, block = receipt.is_of(self.policy.ledger), receipt.block
        where = (receipt.transaction, block.hash) if own else (None, None)
        return (*_signed(bundle), receipt.root, receipt.token_id, *where, block.number, block.time)


def _signed(bundle: Bundle) -> Essence:
    return bundle.certificate.data, tuple(item.data for item in bundle.amendments), bundle.inclusion


def play(seed: int) -> Played:
    """Play the whole history; the same seed gives the same bytes."""
    chance = random.Random(seed)
    with patch("secrets.token_bytes", chance.randbytes), patch("secrets.randbits", chance.getrandbits):
        return _play()


def _play() -> Played:
    keys: dict[str, Signer] = {name: p256(number) for number, name in enumerate(_KEYS, 1)}
    keys["ed25519"] = Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
    old = Scene(signer=keys["retired"])
    old.do(AddKeyCall(STUDIO.address, keys["own"].public_key.multikey_bytes), STEWARD)
    old.do(AddKeyCall(STUDIO.address, keys["ed25519"].public_key.multikey_bytes), STEWARD)
    old.accredit(OTHER, OTHER_ISSUER, keys["other"])
    old.later(days=1)
    first = old.anchor(*(old.sign(f"旧{number}") for number in range(5)))
    old.later(days=30)
    old.do(ShortenKeyCall(STUDIO.address, keys["retired"].public_key.key_id, old.ledger.now), STEWARD)
    final = old.ledger.head()
    moved = successor_of(old.ledger, final)
    moved.mine(final.number)
    for call in (*replay(old.ledger, final), SealCall()):
        carry_out(moved, call)
    scene = Scene(ledger=moved, signer=keys["own"], accredited=False, index=100)
    policy = TrustPolicy(moved.identity, (), CONFIRMATIONS, predecessors=(old.ledger.identity,))
    story = _Story(scene, keys, Played(policy, moved, keys))
    for number, bundle in enumerate(first[:3]):
        story.genuine(f"taken over {number}", bundle)
    own = _own_receipt(moved, first[0])
    story.genuine("taken over, with both receipts", replace(first[0], receipts=(first[0].receipts[0], own)))
    story.genuine("taken over, with its own receipt", replace(first[1], receipts=(_own_receipt(moved, first[1]),)))
    story.honest()
    story.standing()
    story.forged()
    story.lone()
    moved.mine(CONFIRMATIONS)
    story.shallow()
    return story.played


_KEYS = ("own", "retired", "other", "foreign", "future")


def _own_receipt(ledger: MemoryLedger, bundle: Bundle) -> Receipt:
    """Return the receipt of the event by which the ledger took the anchor over."""
    receipt, at = bundle.receipts[0], ledger.identity
    (event,) = (
        event
        for event in ledger.events(0, ledger.head().number)
        if isinstance(event, Anchored) and event.root == receipt.root
    )
    return Receipt(at.chain_id, at.genesis, at.contract, receipt.token_id, receipt.root, event.transaction, event.block)


@dataclass
class _Story:
    scene: Scene
    keys: dict[str, Signer]
    played: Played

    def genuine(self, name: str, bundle: Bundle) -> Bundle:
        """Show a bundle, every other with the time of its export and what its writer saw."""
        if len(self.played.shown) % 2:
            head, key = self.played.ledger.head(), bundle.certificate.public_key.key_id
            record = self.played.ledger.record(bundle.receipts[0].token_id, key, head)
            assert record is not None
            bundle = replace(bundle, exported=head.time, as_exported=ExportedRecord.of(record, head))
        self.played.shown.append(Shown(name, bundle, Outcome.AUTHENTIC, "authentic"))
        return bundle

    def false(self, name: str, bundle: Bundle, reason: str, outcome: Outcome = Outcome.NOT_AUTHENTIC) -> None:
        self.played.shown.append(Shown(name, bundle, outcome, reason))

    def honest(self) -> None:
        """Batches as registries anchor them: of one studio, of two, of one leaf; photos, corrections."""
        scene, keys = self.scene, self.keys
        photo = Photo(Digest.of(PHOTO))
        for number, bundle in enumerate(
            scene.anchor(
                scene.sign("青花梅瓶"),
                scene.sign("Café ﬁne ①", photos=(photo,)),
                scene.sign("爱德华", signer=keys["ed25519"]),
                *(scene.sign(f"第{number}件") for number in range(4)),
            )
        ):
            self.genuine(f"honest {number}", bundle)
        for number, bundle in enumerate(
            scene.anchor(
                *(scene.sign(f"陈{number}", signer=keys["other"], issuer=OTHER_ISSUER) for number in range(4)),
                studio=OTHER,
            )
        ):
            self.genuine(f"the other studio's {number}", bundle)
        self.genuine("alone in its batch", scene.anchor(scene.sign("独"))[0])
        for bundle in scene.anchor(scene.sign("双"), scene.sign("对")):
            self.genuine("one of two", bundle)
        for count in (1, 2):
            bundle = scene.anchor(scene.sign("有误"), scene.sign("别件"))[0]
            corrections: list[Certificate] = []
            for number in range(count):
                previous = (bundle.certificate, *corrections)[-1]
                serial = bundle.certificate.piece.serial
                corrections.append(scene.sign(f"更正{number}", serial=serial, replaces=previous.digest))
                scene.amend(bundle, corrections[-1])
            self.false(f"corrected {count} times, not shown", bundle, "amendment-missing", Outcome.INCONCLUSIVE)
            self.genuine(f"corrected {count} times", replace(bundle, amendments=tuple(corrections)))

    def standing(self) -> None:
        """Pieces whose status is not simply active."""
        scene = self.scene
        revoked, held, broken, _ = scene.anchor(*(scene.sign("状") for _ in range(4)))
        scene.set_status(revoked, Status.REVOKED)
        scene.set_status(held, Status.ON_HOLD)
        scene.set_status(broken, Status.RETIRED)
        self.false("revoked", revoked, "revoked")
        self.false("on hold", held, "on-hold", Outcome.INCONCLUSIVE)
        self.genuine("broken", broken)

    def forged(self) -> None:
        """An anchorer that anchors what a forger gives it."""
        scene, keys = self.scene, self.keys

        def anchored(name: str, certificate: Certificate, reason: str, studio: Person = STUDIO) -> Bundle:
            bundle = scene.anchor(scene.sign("伴"), certificate, studio=studio)[1]
            self.false(name, bundle, reason)
            return bundle

        honest = scene.sign("真")
        anchored("a title changed under the old signature", _retitled(honest), "altered")
        anchored("the high-s twin", _with_signature(honest, _high_s), "altered")
        anchored("a signature of zeros", _with_signature(honest, lambda _: bytes(64)), "altered")
        anchored("a foreign key", scene.sign("假", signer=keys["foreign"]), "wrong-key")
        anchored("the other studio's key", scene.sign("假", signer=keys["other"]), "wrong-key")
        anchored("a retired key under an old date", scene.sign("假", signer=keys["retired"], now=NOW), "key-not-valid")
        anchored("another studio's lot", scene.sign("假"), "wrong-issuer", OTHER)
        palace = Issuer(ISSUER.base_url, ISSUER.slug, "故宫博物院")
        anchored("another name", scene.sign("假", issuer=palace), "wrong-issuer")
        anchored("a key that the guild adds later", scene.sign("早", signer=keys["future"]), "key-not-valid")
        scene.later(days=1)
        scene.do(AddKeyCall(STUDIO.address, keys["future"].public_key.multikey_bytes), STEWARD)
        for name, signer in (("a foreign", keys["foreign"]), ("a retired", keys["retired"])):
            bundle = scene.anchor(scene.sign("原"), scene.sign("伴"))[0]
            serial, token_id = bundle.certificate.piece.serial, bundle.receipts[0].token_id
            true = scene.sign("正", serial=serial, replaces=bundle.certificate.digest)
            forged = scene.sign("假", signer=signer, serial=serial, replaces=true.digest)
            for amendment in (true, forged):
                scene.do(AmendCall((token_id,), (amendment.digest,)), STUDIO)
            self.false(f"corrected with {name} key", replace(bundle, amendments=(true, forged)), "amendment-void",
                       Outcome.INCONCLUSIVE)  # fmt: skip
        bundle = scene.anchor(scene.sign("原"), scene.sign("伴"))[0]
        forged = scene.sign("别件", replaces=bundle.certificate.digest)
        scene.do(AmendCall((bundle.receipts[0].token_id,), (forged.digest,)), STUDIO)
        self.false("corrected as if another piece", replace(bundle, amendments=(forged,)), "bad-amendment")

    def lone(self) -> None:
        """Bundles that no ledger that counts vouches for."""
        scene = self.scene
        self.false("signed only", Bundle(scene.sign("未")), "not-anchored", Outcome.PENDING)
        forger = Scene(signer=self.keys["own"])
        bundle = forger.anchor(*(forger.sign("外") for _ in range(3)))[1]
        self.false("on a forger's ledger", bundle, "foreign-ledger", Outcome.INCONCLUSIVE)
        for name, at in (("pinned", self.played.policy.ledger), ("old", self.played.policy.predecessors[0])):
            claimed = replace(bundle.receipts[0], chain_id=at.chain_id, genesis=at.genesis, contract=at.contract)
            self.false(f"a receipt that only claims to be of the {name} ledger",
                       replace(bundle, receipts=(claimed,)), "not-on-ledger")  # fmt: skip
        old = self.played.shown[0].bundle
        proof, receipt = old.inclusion, old.receipts[0]
        assert proof is not None
        leaves = [scene.sign("偷", signer=self.keys["retired"]) for _ in range(proof.size)]
        tree = MerkleTree([leaf.digest.value for leaf in leaves])
        own = InclusionProof(proof.index, proof.size, tree.path(proof.index))
        claimed = replace(receipt, root=Root(tree.root))  # All that the ledger says of the old piece, but for the root.
        stolen = Bundle(leaves[proof.index], own, (claimed,))
        self.false("a forger's own tree under an old piece's token", stolen, "not-on-ledger")
        one = next(shown.bundle for shown in self.played.shown if shown.name == "honest 0")
        two = next(shown.bundle for shown in self.played.shown if shown.name == "honest 3")
        receipt = replace(one.receipts[0], token_id=two.receipts[0].token_id)
        self.false("another piece's token", replace(one, receipts=(receipt,)), "wrong-token")
        lie = replace(one.receipts[0], transaction=Hash32(bytes(32)))
        self.false("another transaction", replace(one, receipts=(lie,)), "stale-receipt", Outcome.INCONCLUSIVE)
        thief = scene.sign("偷")  # With the studio's own key, and never anchored.
        self.false("an anchored piece's evidence", replace(one, certificate=thief), "not-included")
        proof = one.inclusion
        assert proof is not None
        longer = InclusionProof(proof.index, proof.size + 1, proof.path)
        self.false("a tree of another size", replace(one, inclusion=longer), "wrong-token")

    def shallow(self) -> None:
        """The newest anchor, which does not lie deep enough."""
        bundle = self.scene.anchor(self.scene.sign("新"), self.scene.sign("新"))[0]
        self.false("shallow", bundle, "not-confirmed", Outcome.PENDING)


def _retitled(certificate: Certificate) -> Certificate:
    return Certificate.from_bytes(certificate.data.replace("真".encode(), "贋".encode()))


def _with_signature(certificate: Certificate, change: Callable[[bytes], bytes]) -> Certificate:
    proof = certificate.proof
    document = {name: member for name, member in certificate.document().items() if name != "proof"}
    return Certificate.from_document(replace(proof, signature=change(proof.signature)).attached(document))


def _high_s(signature: bytes) -> bytes:
    return signature[:32] + (P256_ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
