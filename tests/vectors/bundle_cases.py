"""Vectors that turn on the bundle: what was signed, altered, proved, photographed and asked for."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import Any

from provenance.bundle import Bundle, InclusionProof
from provenance.certificate import MAX_ISSUER_NAME, STATUS_LIST_BITS, Issuer, StatusEntry
from provenance.encoding import Digest, Root, to_base58
from provenance.issue import issue
from provenance.keys import P256_ORDER
from provenance.ledger import AmendCall, make_token_id
from provenance.piece import Edition, Maker, Photo, PieceSet, Scan, WorkFile
from provenance.proof import add_proof
from tests.support.pieces import full_piece
from tests.support.stories import LIST_ID, REGISTRY, Story, ed25519, p256
from tests.vectors.casebook import Casebook, Change, changed, stored, with_receipt, with_signature

ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


def png(grey: int) -> bytes:
    """Return a photo of one pixel, stored and not compressed, so that every zlib writes the same."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = b"\x78\x01" + stored(bytes([0, grey])) + struct.pack(">I", zlib.adler32(bytes([0, grey])))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def valid(book: Casebook, story: Story) -> None:
    """What a studio makes, in every kind."""
    lin, chen = story.studio("lin", "林家窑"), story.studio("chen", "陈家窑 Chen", ed25519)
    (one,) = story.made(lin)
    book.add("a piece alone in its batch", story, one)
    book.add("a piece alone in its batch, in a file with a line end", story, one.to_bytes() + b"\n")
    book.add("a piece with the time at which its file was written", story, replace(one, exported=story.time))
    for place, bundle in enumerate(story.made(lin, 5)):
        book.add(f"one of five in a batch, {place}", story, bundle)
    (bundle,) = story.made(chen)
    book.add("signed with Ed25519", story, bundle)
    (bundle,) = story.made(story.studio("rare", "\U0002ebf0窑 \U000323b0"))  # Of Unicode 15.1, and of none yet.
    book.add("an issuer's name with symbols that not every Unicode knows", story, bundle)
    shared = story.anchor(*((studio, story.sign(studio)) for studio in (lin, chen, chen, lin)))
    book.add("the first studio's lot in a batch of two studios", story, shared[0])
    book.add("the second studio's lot in a batch of two studios", story, shared[1])

    serial, other, third = (story.numbers.serial() for _ in range(3))
    full = full_piece(serial)
    assert full.set is not None
    assert full.part_of is not None
    full = replace(
        full,
        set=replace(full.set, pieces=(serial, other)),
        part_of=replace(full.part_of, serial=third),
        parts=(full.parts[0], replace(full.parts[1], serial=story.numbers.serial())),
    )
    (bundle,) = story.anchor((lin, story.sign(lin, full)))
    book.add("everything that an object can have", story, bundle)
    film = WorkFile(Digest.of(b"a work that was never fired"), "model/gltf-binary")
    (bundle,) = story.made(lin, height_mm=None, files=(film,), edition=Edition(2, 5))
    book.add("a digital work of an edition", story, bundle)
    book.add("a digital work whose file is at hand", story, bundle, photos={})
    makers = (Maker({"zh-Hans": "林一", "en": "Lin Yi"}, "master"), Maker({"en": "A Pupil"}, "painter"))
    (bundle,) = story.made(lin, makers=makers)
    book.add("made by two", story, bundle)
    pair = (story.numbers.serial(), story.numbers.serial())
    both = [story.piece(serial=one, set=PieceSet(pair, 2, "pair", {"en": "A pair"})) for one in pair]
    for name, bundle in zip(("first", "second"), story.anchor(*((lin, story.sign(lin, p)) for p in both)), strict=True):
        book.add(f"the {name} of a pair", story, bundle)
    (bundle,) = story.made(lin, edition=Edition(1, 10, {"en": "Lotus"}, artist_proof=True))
    book.add("an artist's proof", story, bundle)
    (bundle,) = story.made(lin, title='青花梅瓶 🏺\n\t"\\/ e\u0301')
    book.add("a title in every kind of symbol", story, bundle)
    (bundle,) = story.made(lin, title="[{" * 140)
    book.add("a title in which brackets open and do not close", story, bundle)
    (bundle,) = story.made(lin, scans=(Scan(Digest.of(b"a scan")),))
    book.add("a scan, and no photo", story, bundle)
    port = Issuer("http://registry.example:8443", "lin", lin.name)
    (bundle,) = story.anchor((lin, story.sign(lin, issuer=port)))
    book.add("a registry with a port, which is another issuer", story, bundle)
    long = Issuer(REGISTRY, "lin", "窑" * MAX_ISSUER_NAME)
    book.add("a studio's name as long as may be, not anchored", story, Bundle(story.sign(lin, issuer=long)))
    last = StatusEntry(LIST_ID, STATUS_LIST_BITS - 1)
    listed = issue(story.piece(), lin.issuer, lin.signer, status_entry=last, now=story.time)
    book.add("the last place in the status list, not anchored", story, Bundle(listed))
    book.add("signed, not anchored", story, Bundle(story.sign(lin)))
    book.add("signed, not anchored, offline", story, Bundle(story.sign(lin)), ledger=None)
    unknown = Bundle(story.sign(story.apply("nobody", "无名")))
    book.add("signed by a studio that nobody knows, not anchored", story, unknown)


def altered(book: Casebook, story: Story) -> None:
    """(1): changed after signing."""
    lin, chen = story.studios["lin"], story.studios["chen"]
    (bundle,) = story.made(lin)
    (edward,) = story.made(chen)
    stranger = p256("a stranger").public_key.multikey
    method = f"{lin.issuer.did}#"

    def proof(**members: str) -> Change:
        return lambda d: d["certificate"]["proof"].update(members)

    def subject(**members: Any) -> Change:
        return lambda d: d["certificate"]["credentialSubject"].update(members)

    value = bundle.certificate.proof.signature
    r, s = value[:32], int.from_bytes(value[32:], "big")
    signatures = {
        "the high-s twin": r + (P256_ORDER - s).to_bytes(32, "big"),
        "one bit changed": value[:-1] + bytes([value[-1] ^ 1]),
        "zeros": bytes(64),
        "r and s exchanged": value[32:] + r,
        "r is the order": P256_ORDER.to_bytes(32, "big") + value[32:],
        "one byte short": value[:-1],
        "one byte long": value + b"\0",
        "as many symbols as may be": bytes(256),
        "none": b"",
    }
    changes: dict[str, Change] = {
        "a word of the title": lambda d: d["certificate"]["credentialSubject"]["title"].update({"zh-Hans": "鬥彩梅瓶"}),
        "a measure": subject(height={"value": 313, "unitCode": "MMT"}),
        "a country that was added": subject(country="CN"),
        "the studio's name": lambda d: d["certificate"]["issuer"].update(name="故宫博物院"),
        "the date": lambda d: d["certificate"].update(validFrom="2016-11-02T08:00:00Z"),
        "the proof's date": proof(created="2016-11-02T08:00:00Z"),
        "the proof's context left out": lambda d: d["certificate"]["proof"].pop("@context"),
        "the key": proof(verificationMethod=method + stranger),
        "the key and the suite": proof(
            verificationMethod=method + chen.signer.public_key.multikey, cryptosuite="eddsa-jcs-2022"
        ),
        "a certificate that replaces another": lambda d: d["certificate"].update(
            replaces=Digest.of(b"other").multibase()
        ),
        "the place in the status list": lambda d: d["certificate"]["credentialStatus"].update(
            id=f"{REGISTRY}/status/0123456789ab#77", statusListIndex="77"
        ),
    }
    for what, signature in signatures.items():
        changes[f"the signature: {what}"] = proof(proofValue="z" + to_base58(signature))
    for what, change in changes.items():
        book.add(f"altered: {what}", story, changed(bundle, change))
    book.add("altered: Ed25519, a measure", story, changed(edward, subject(weight={"value": 1, "unitCode": "GRM"})))
    value = edward.certificate.proof.signature
    twin = value[:32] + (int.from_bytes(value[32:], "little") + ED25519_ORDER).to_bytes(32, "little")
    shown = replace(edward, certificate=with_signature(edward.certificate, twin))
    book.add("altered: Ed25519, the twin of the signature by the order", story, shown)
    book.add("altered: and not anchored", story, changed(Bundle(bundle.certificate), subject(country="CN")))

    def signed_anew(document: dict[str, Any]) -> None:
        certificate = document["certificate"]
        old, signer = certificate.pop("proof"), p256("a stranger")
        certificate["credentialSubject"]["country"] = "CN"
        method = f"{lin.issuer.did}#{signer.public_key.multikey}"
        document["certificate"] = add_proof(certificate, signer, verification_method=method, created=old["created"])

    book.add("altered, and signed anew by a stranger", story, changed(bundle, signed_anew))


def places(book: Casebook, story: Story) -> None:
    """(2) and (5): the leaf in its batch, and the token that is its own."""
    lin, chen = story.studios["lin"], story.studios["chen"]
    one, other, *_ = bundles = sorted(story.made(lin, 5), key=lambda bundle: bundle.receipts[0].token_id)
    proof, receipt = one.inclusion, one.receipts[0]
    assert proof is not None
    others = story.made(lin, 5)
    step = bytes([proof.path[0][0] ^ 1]) + proof.path[0][1:]
    size, path = proof.size, proof.path
    proofs = {
        "of another leaf": other.inclusion,
        "with another index": InclusionProof(1, size, path),
        "with an index beyond its tree": InclusionProof(size, size, path),
        "in an empty tree": InclusionProof(0, 0, ()),
        "in a tree that is too large": InclusionProof(0, 2**32 + 1, path),
        "without its last step": InclusionProof(0, size, path[:-1]),
        "with one step more": InclusionProof(0, size, (*path, bytes(32))),
        "without a path": InclusionProof(0, size, ()),
        "with as many steps as may be": InclusionProof(0, 2**32, (path * 11)[:32]),
        "in the wrong order": InclusionProof(0, size, path[::-1]),
        "with a step changed": InclusionProof(0, size, (step, *path[1:])),
        "of another batch": others[0].inclusion,
        "in a larger tree with a path as long: the ledger counts the leaves": InclusionProof(0, size + 1, path),
    }
    for what, wrong in proofs.items():
        book.add(f"a proof {what}", story, replace(one, inclusion=wrong))
    book.add("a receipt of another root", story, with_receipt(one, root=Root(b"\1" * 32)))
    book.add(
        "proof and receipt of another piece", story, replace(one, inclusion=other.inclusion, receipts=other.receipts)
    )
    tokens = {
        "the next one of its batch": other.receipts[0].token_id,
        "the last one of its lot": bundles[-1].receipts[0].token_id,
        "one beyond its lot": receipt.token_id + 5,
        "one of a later batch": others[0].receipts[0].token_id,
        "one of a lot that there is not": make_token_id(999_999, 0),
        "0": 0,
        "one of lot 0": 5,
        "the largest of 64 bits": 2**64 - 1,
        "one of more than 64 bits": 2**64 + 1,
    }
    for what, token_id in tokens.items():
        book.add(f"a token that is not its own: {what}", story, with_receipt(one, token_id=token_id))
    book.add("a token that is not its own, offline", story, with_receipt(one, token_id=0), ledger=None)

    shares = sorted(
        story.anchor((lin, story.sign(lin)), (chen, story.sign(chen)), (chen, story.sign(chen))),
        key=lambda bundle: bundle.receipts[0].token_id,
    )
    first, last = shares[0], shares[-1]
    taken = with_receipt(last, token_id=first.receipts[0].token_id)
    book.add("a token of another studio's lot in the same batch", story, taken)
    (again,) = story.anchor((lin, one.certificate))
    book.add("a certificate that was anchored twice", story, again)


def asked(book: Casebook, story: Story) -> None:
    """(5) and (8): the serial and the address on the tag."""
    bundle, other = story.made(story.studios["lin"], 2)
    serial, wrong = bundle.certificate.piece.serial, other.certificate.piece.serial
    pending = Bundle(bundle.certificate)
    book.add("the serial asked for", story, bundle, serial=serial, base_url=REGISTRY)
    book.add("another serial asked for", story, bundle, serial=wrong)
    book.add("another serial asked for, offline", story, bundle, serial=wrong, ledger=None)
    book.add("another serial asked for, not anchored", story, pending, serial=wrong)
    book.add(
        "another serial asked for, the leaf not in its batch",
        story,
        replace(bundle, inclusion=InclusionProof(0, 1, ())),
        serial=wrong,
    )
    for host in ("https://registry.example.copy.example", "http://registry.example", "https://registry.example:8443"):
        book.add(f"a tag that leads to {host}", story, bundle, base_url=host)
    book.add(
        "a tag that leads elsewhere, and another serial", story, bundle, serial=wrong, base_url="https://copy.example"
    )
    book.add("a tag that leads elsewhere, not anchored", story, pending, base_url="https://copy.example")


def photos(book: Casebook, story: Story) -> None:
    """(7): photos against their digests."""
    lin = story.studios["lin"]
    files = {Digest.of(data): data for data in (png(200), png(220))}
    front, back = files
    named = (Photo(front, "image/png"), Photo(back, "image/png", "base-mark"))
    (bundle,) = story.made(lin, photos=named)
    book.add("photos that were not at hand", story, bundle)
    book.add("photos that agree", story, bundle, photos=files)
    book.add("photos that agree, and one that nobody asked for", story, bundle,
             photos={**files, Digest.of(b"more"): b"another"})  # fmt: skip
    book.add("one photo of two at hand", story, bundle, photos={front: files[front]})
    book.add("no photo at hand", story, bundle, photos={})
    book.add("a photo changed", story, bundle, photos={front: files[front], back: png(221)})
    book.add("two photos exchanged", story, bundle, photos={front: files[back], back: files[front]})
    book.add("a photo changed, and the other missing", story, bundle, photos={back: b""})
    book.add("photos that agree, offline", story, bundle, photos=files, ledger=None)
    book.add("photos that agree, not anchored", story, Bundle(bundle.certificate), photos=files)
    newer = png(240)
    amendment = story.sign(
        lin,
        replace(bundle.certificate.piece, photos=(Photo(Digest.of(newer), "image/png"),)),
        replaces=bundle.certificate.digest,
    )
    story.do(AmendCall((bundle.receipts[0].token_id,), (amendment.digest,)), lin.account)
    amended = replace(bundle, amendments=(amendment,))
    book.add("the photos of the newest amendment agree", story, amended, photos={Digest.of(newer): newer})
    book.add("the photos of the amended certificate are not the newest's", story, amended, photos=files)
