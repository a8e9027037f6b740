"""Ways to change a bundle, each one kind of row in the table of `tests.faults.mutations`.

A mutator takes a `Draw`, which holds the bundle and the sources of change, and returns new bytes.  Those of documents
write canonical JSON where they can, so that the change reaches the checks behind the parser.
"""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from provenance.bundle import Bundle
from provenance.canonical import canonicalize
from provenance.encoding import from_base58, to_base58
from provenance.errors import ProvenanceError
from provenance.keys import P256_ORDER
from provenance.proof import make_proof
from tests.support.played import Played, Shown

DIGITS = "0123456789"
Document: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[Any, Any]
"""A container and the key or index of a member in it."""


@dataclass
class Draw:
    """One trial: the bundle to change, two others to take parts from, and chance."""

    chance: random.Random
    played: Played
    shown: Shown
    kin: Shown
    """Another bundle, of the same studio where there is one."""
    stranger: Shown
    """A bundle of another studio."""

    @property
    def data(self) -> bytes:
        """The bundle's bytes."""
        return self.shown.bundle.to_bytes()

    def document(self, shown: Shown | None = None) -> Document:
        """Return a bundle as a fresh document, the one to change where none is named."""
        read: Document = json.loads((shown or self.shown).bundle.to_bytes())
        return read

    def other(self) -> Document:
        """Return a bundle to take parts from."""
        return self.document(self.chance.choice((self.kin, self.kin, self.stranger)))

    def one_of(self, places: list[Place]) -> Place:
        """Draw a place."""
        return self.chance.choice(places)


Mutator: TypeAlias = Callable[[Draw], bytes]


def write(document: Document) -> bytes:
    """Return canonical bytes, or plain JSON where the document lies outside the canonical domain."""
    try:
        return canonicalize(document)
    except ProvenanceError:
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )


def places(value: Any, kind: type | tuple[type, ...] = object) -> Iterator[Place]:
    """Yield every member in a document whose value is of a kind."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(members):
        if isinstance(item, kind):
            yield value, key
        yield from places(item, kind)


# --- bytes ---------------------------------------------------------------------------------------------------------


def flip_bits(draw: Draw) -> bytes:
    data = bytearray(draw.data)
    for _ in range(draw.chance.choice((1, 1, 1, 2, 8))):
        data[draw.chance.randrange(len(data))] ^= 1 << draw.chance.randrange(8)
    return bytes(data)


def noise(draw: Draw) -> bytes:
    data, chance = bytearray(draw.data), draw.chance
    at = chance.randrange(len(data))
    data[at : at + chance.randrange(5)] = chance.randbytes(chance.randrange(5))
    return bytes(data)


def truncate(draw: Draw) -> bytes:
    data, chance = draw.data, draw.chance
    cut = chance.randrange(1, len(data))
    return chance.choice((data[:cut], data[cut:], data[:cut] + data[cut + chance.randrange(1, 40) :]))


def splice_bytes(draw: Draw) -> bytes:
    one, other = draw.data, draw.chance.choice((draw.kin, draw.stranger)).bundle.to_bytes()
    cut = draw.chance.randrange(min(len(one), len(other)))
    return one[:cut] + other[cut:]


def spelling(draw: Draw) -> bytes:
    """Spell the same JSON in another way."""
    document, chance = draw.document(), draw.chance
    text = draw.data.decode()
    at = chance.randrange(len(text))
    return chance.choice(
        (
            json.dumps(document, ensure_ascii=False).encode(),
            json.dumps(document, separators=(",", ":"), sort_keys=True).encode(),
            json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(),
            (text[:at] + f"\\u{min(ord(text[at]), 0xFFFF):04x}" + text[at + 1 :]).encode(),
            (text[:at] + " " + text[at:]).encode(),
            b"\xef\xbb\xbf" + draw.data,
            text.encode("utf-16"),
            draw.data + chance.choice((b"\n\n", b"\0", b" ", b"{}", draw.data)),
            text.replace("/", "\\/").encode(),
        )
    )


def repeat_member(draw: Draw) -> bytes:
    """Write a member twice in one object, before or after the true one."""
    container, key = draw.one_of([place for place in places(draw.document()) if isinstance(place[0], dict)])
    text, chance = draw.data.decode(), draw.chance
    member = (
        f"{json.dumps(key)}:{json.dumps(container[key], sort_keys=True, separators=(',', ':'), ensure_ascii=False)}"
    )
    twin = chance.choice((member, f'{json.dumps(key)}:"other"', f"{json.dumps(key)}:{chance.randrange(9)}"))
    pair = chance.choice((f"{twin},{member}", f"{member},{twin}"))
    return text.replace(member, pair, 1).encode()


# --- members -------------------------------------------------------------------------------------------------------


def remove_member(draw: Draw) -> bytes:
    document = draw.document()
    container, key = draw.one_of(list(places(document)))
    del container[key]
    return write(document)


def add_member(draw: Draw) -> bytes:
    document, chance = draw.document(), draw.chance
    containers = [document, *(container[key] for container, key in places(document, (dict, list)))]
    container = chance.choice(containers)
    value: Any = chance.choice(("x", 0, True, [], {}, "0x00", "2026-11-02T08:00:00Z", None, 1.5))
    if isinstance(container, list):
        container.insert(chance.randint(0, len(container)), chance.choice((value, *container)))
    else:
        known = ("exported", "id", "replaces", "proof", "inclusion", "validUntil", "__proto__", "asExported", "é", "")
        container[chance.choice(known)] = value
    return write(document)


def rename_member(draw: Draw) -> bytes:
    document, chance = draw.document(), draw.chance
    container, key = draw.one_of([place for place in places(document) if isinstance(place[0], dict)])
    value = container.pop(key)
    container[chance.choice((key.upper(), key + "\u200b", key[::-1], key + " ", "x", f"{key}s"))] = value
    return write(document)


def swap_members(draw: Draw) -> bytes:
    document = draw.document()
    found = list(places(document, (str, int, list)))
    one, other = draw.one_of(found), draw.one_of(found)
    one[0][one[1]], other[0][other[1]] = other[0][other[1]], one[0][one[1]]
    try:
        return write(document)
    except (ValueError, RecursionError):  # A list that holds itself now.
        return b"[" * 9


def change_type(draw: Draw) -> bytes:
    document = draw.document()
    container, key = draw.one_of(list(places(document)))
    value = container[key]
    container[key] = draw.chance.choice(
        ([value], {"x": value}, str(value), "", 0, 1, True, False, [], {}, None, 1.0, -1, 2**53, 2**64, 10**400)
    )
    return write(document)


def change_number(draw: Draw) -> bytes:
    document, chance = draw.document(), draw.chance
    container, key = draw.one_of(list(places(document, int)))
    if not isinstance(container[key], bool):
        container[key] += chance.choice((1, -1, 2**32, -(2**32), chance.randrange(1, 1000)))
    return write(document)


def change_text(draw: Draw) -> bytes:
    document, chance = draw.document(), draw.chance
    container, key = draw.one_of(list(places(document, str)))
    text = container[key]
    at = chance.randrange(len(text) + 1)
    letter = chance.choice("0123456789abcdefzZ瓷:/#-. ")
    container[key] = chance.choice(
        (text[:at] + letter + text[at + 1 :], text[:at] + letter + text[at:], text[:at] + text[at + 1 :], text[::-1])
    )
    return write(document)


def digits(draw: Draw) -> bytes:
    """Alter a number that stands in a text by one: a token id, a time, an index."""
    document, chance = draw.document(), draw.chance
    container, key = draw.one_of([p for p in places(document, str) if any(c in DIGITS for c in p[0][p[1]])])
    text = container[key]
    at = chance.choice([place for place, symbol in enumerate(text) if symbol in DIGITS])
    container[key] = text[:at] + str((int(text[at]) + chance.choice((1, 9))) % 10) + text[at + 1 :]
    return write(document)


def unicode_tricks(draw: Draw) -> bytes:
    document, chance = draw.document(), draw.chance
    container, key = draw.one_of(list(places(document, str)))
    text = container[key]
    at = chance.randrange(len(text) + 1)
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    alike = text.translate({ord(a): b for a, b in zip("aeopcxy林0O", "аеорсху林０Ο", strict=True)})
    inserted = chance.choice(
        ("\u200b", "\u202e", "\u2066", "\ufeff", "\u0301", "\u00ad", "\u0000", "\ud800", "\U000e0041")
    )
    container[key] = chance.choice(
        (
            unicodedata.normalize("NFD", text),
            unicodedata.normalize("NFKC", text),
            unicodedata.normalize("NFKD", text),
            wide,
            alike,
            text.upper(),
            text.swapcase(),
            text[:at] + inserted + text[at:],
            text + " ",
            "\n" + text,
            text.replace("0", "٠"),
        )
    )
    return write(document)


def nest(draw: Draw) -> bytes:
    document, chance = draw.document(), draw.chance
    container, key = draw.one_of(list(places(document)))
    depth = chance.choice((5, 30, 33, 200, 3_000, 100_000))
    mark = "nested-here"
    container[key] = mark
    opening, closing = chance.choice((("[", "]"), ('{"a":', "}")))
    inside = opening * depth + "1" + closing * chance.choice((depth, depth, 0))
    return write(document).replace(f'"{mark}"'.encode(), inside.encode(), 1)


def grow(draw: Draw) -> bytes:
    """Make something much larger than it may be."""
    document, chance = draw.document(), draw.chance
    found = list(places(document, (str, list)))
    container, key = draw.one_of(found)
    container[key] = container[key] * chance.choice((2, 33, 5_000))
    return write(document)


# --- parts of other bundles ----------------------------------------------------------------------------------------


def transplant(draw: Draw) -> bytes:
    """Take one member of another bundle at the same place."""
    document, other = draw.document(), draw.other()
    one: Any = document
    two: Any = other
    while True:
        shared = [
            key
            for key in (one if isinstance(one, dict) else range(len(one)))
            if (key in two if isinstance(two, dict) else key < len(two))
        ]
        if not shared:
            return write({**document, "certificate": other["certificate"]})
        key = draw.chance.choice(shared)
        deeper = isinstance(one[key], (dict, list)) and type(one[key]) is type(two[key]) and one[key]
        if not deeper or draw.chance.random() < 0.3:
            one[key] = two[key]
            return write(document)
        one, two = one[key], two[key]


def exchange(draw: Draw) -> bytes:
    """Take some of another bundle's parts whole: its certificate, its evidence, its corrections."""
    document, other, chance = draw.document(), draw.other(), draw.chance
    names = ("certificate", "inclusion", "receipts", "amendments", "exported")
    for name in chance.sample(names, chance.randint(1, 3)):
        document.pop(name, None)
        if name in other:
            document[name] = other[name]
    return write(document)


def mix_receipts(draw: Draw) -> bytes:
    """Put receipts of several bundles together, in any order."""
    document, chance = draw.document(), draw.chance
    receipts = [*document["receipts"], *draw.other()["receipts"], *draw.document()["receipts"]]
    for receipt in receipts[1:]:
        if chance.random() < 0.5:
            name = chance.choice(list(receipt))
            receipt[name] = chance.choice(draw.other()["receipts"] or [receipt])[name]
    chance.shuffle(receipts)
    document["receipts"] = receipts[: chance.randint(1, 5)]
    return write(document)


def relabel_receipt(draw: Draw) -> bytes:
    """Let a receipt name another ledger that the policy knows, or a part of its identity."""
    document, chance = draw.document(), draw.chance
    policy = draw.played.policy
    ledger = chance.choice((policy.ledger, *policy.predecessors))
    told = {"chainId": ledger.chain_id, "genesis": str(ledger.genesis), "contract": str(ledger.contract)}
    for receipt in document["receipts"]:
        receipt.update(dict(chance.sample(sorted(told.items()), chance.randint(1, 3))))
    return write(document)


def shift_receipt(draw: Draw) -> bytes:
    """Alter the place that a receipt names."""
    document, chance = draw.document(), draw.chance
    for receipt in document["receipts"]:
        token = int(receipt["tokenId"])
        kind = chance.randrange(4)
        if kind == 0:
            moved = token + chance.choice((1, -1, 1 << 32, -(1 << 32), 1 << 64))
            receipt["tokenId"] = chance.choice((str(moved), f"0{token}", f"+{token}", f" {token}", f"{token}.0"))
        elif kind == 1:
            receipt["block"]["number"] += chance.choice((1, -1, 10**6))
        elif kind == 2:
            name = chance.choice(("root", "transaction"))
            receipt[name] = _changed_hex(chance, receipt[name])
        else:
            receipt["block"]["hash"] = _changed_hex(chance, receipt["block"]["hash"])
    return write(document)


def _changed_hex(chance: random.Random, text: str) -> str:
    at = chance.randrange(2, len(text))
    changed = text[:at] + chance.choice("0123456789abcdef") + text[at + 1 :]
    return chance.choice((changed, changed, text.upper(), text[:-2], text + "00", "0x" + "00" * 32, text[2:]))


# --- inclusion proofs ----------------------------------------------------------------------------------------------


def splice_proof(draw: Draw) -> bytes:
    """Alter the path, the place or the size of the tree; take hashes from other proofs."""
    document, chance = draw.document(), draw.chance
    proof = document.get("inclusion")
    if proof is None:
        return exchange(draw)
    path, others = proof["path"], draw.other().get("inclusion", {"path": []})["path"]
    kind = chance.randrange(9)
    if kind == 0 and path:
        del path[chance.randrange(len(path))]
    elif kind == 1:
        path.insert(chance.randint(0, len(path)), chance.choice([*path, *others, "0x" + chance.randbytes(32).hex()]))
    elif kind == 2 and path:
        at = chance.randrange(len(path))
        path[at] = _changed_hex(chance, path[at])
    elif kind == 3:
        chance.shuffle(path)
    elif kind == 4:
        proof["path"] = path[: chance.randint(0, len(path))] + others
    elif kind == 5:
        proof["index"] = chance.choice(
            (proof["index"] ^ 1, proof["index"] + 1, proof["size"], 2**32, proof["index"] // 2)
        )
    elif kind == 6:
        proof["size"] += chance.choice((1, -1, proof["size"], 2**32))
    elif kind == 7:  # An inner node in the place of a leaf: the tree as seen one level up.
        proof.update(index=proof["index"] // 2, size=(proof["size"] + 1) // 2, path=path[1:])
    else:
        proof["path"] = [document["receipts"][0]["root"], *path] if document["receipts"] else others
    return write(document)


# --- signatures, keys, suites --------------------------------------------------------------------------------------


def _secured(draw: Draw, document: Document) -> Document:
    """Return one of the certificates in a bundle."""
    secured: Document = draw.chance.choice([document["certificate"], *document["amendments"]])
    return secured


def signature_bits(draw: Draw) -> bytes:
    document = draw.document()
    proof = _secured(draw, document)["proof"]
    signature = bytearray(from_base58(proof["proofValue"][1:]))
    signature[draw.chance.randrange(64)] ^= 1 << draw.chance.randrange(8)
    proof["proofValue"] = "z" + to_base58(bytes(signature))
    return write(document)


def key_bits(draw: Draw) -> bytes:
    document, chance = draw.document(), draw.chance
    proof = _secured(draw, document)["proof"]
    did, _, multikey = proof["verificationMethod"].partition("#")
    key = bytearray(from_base58(multikey[1:]))
    key[chance.randrange(len(key))] ^= 1 << chance.randrange(8)
    low_order = b"\xed\x01" + chance.choice((bytes(32), b"\x01" + bytes(31)))
    changed = chance.choice((bytes(key), bytes(key), low_order, bytes(key[:-1]), b"\x80\x24\x00"))
    proof["verificationMethod"] = f"{did}#z{to_base58(changed)}"
    return write(document)


def r_and_s(draw: Draw) -> bytes:
    """Replace a signature by others made of its numbers, or of the edges of the curve's order."""
    document, chance = draw.document(), draw.chance
    proof = _secured(draw, document)["proof"]
    signature = from_base58(proof["proofValue"][1:])
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    edges = (0, 1, P256_ORDER - 1, P256_ORDER, P256_ORDER + 1, P256_ORDER // 2, 2**256 - 1)

    def joined(one: int, two: int) -> bytes:
        return (one % 2**256).to_bytes(32, "big") + (two % 2**256).to_bytes(32, "big")

    changed = chance.choice(
        (
            joined(r, P256_ORDER - s),
            joined(P256_ORDER - r, s),
            joined(s, r),
            joined(r + P256_ORDER, s),
            joined(r, s + P256_ORDER),
            joined(chance.choice(edges), chance.choice(edges)),
            joined(r, chance.choice(edges)),
            joined(chance.choice(edges), s),
            signature[:63],
            signature + b"\0",
            b"\0" + signature,
            b"\x30\x44\x02\x20" + signature[:32] + b"\x02\x20" + signature[32:],
            b"",
        )
    )
    spelled = to_base58(changed)
    proof["proofValue"] = chance.choice(("z", "z", "z", "z1", "u", "")) + spelled
    return write(document)


def other_suite(draw: Draw) -> bytes:
    """Replay a proof under another suite, purpose, context or type."""
    document, chance = draw.document(), draw.chance
    secured = _secured(draw, document)
    proof = secured["proof"]
    name, value = chance.choice(
        (
            ("cryptosuite", "eddsa-jcs-2022"),
            ("cryptosuite", "ecdsa-jcs-2019"),
            ("cryptosuite", "ecdsa-rdfc-2019"),
            ("cryptosuite", "ecdsa-sd-2023"),
            ("cryptosuite", "none"),
            ("type", "DataIntegrityProof2"),
            ("type", "Ed25519Signature2020"),
            ("proofPurpose", "authentication"),
            ("created", "2020-01-01T00:00:00Z"),
            ("@context", ["https://www.w3.org/ns/credentials/v2"]),
            ("verificationMethod", proof["verificationMethod"].partition("#")[2]),
            ("verificationMethod", proof["verificationMethod"].replace("lin", "chen")),
        )
    )
    proof[name] = value
    if chance.random() < 0.2:
        proof.pop(chance.choice(("@context", "created")), None)
    if chance.random() < 0.2:
        secured["proof"] = [proof, proof]
    return write(document)


def sign_again(draw: Draw, *names: str) -> bytes:
    """Sign a certificate anew, perhaps changed, with one of the keys named: in its studio's name, or in another's."""
    document, chance = draw.document(), draw.chance
    secured = _secured(draw, document)
    signer = draw.played.signers[chance.choice(names)]
    proof = secured.pop("proof")
    if chance.random() < 0.5:
        secured["credentialSubject"]["title"]["en"] = f"Forged {chance.randrange(10**6)}"
    if chance.random() < 0.3:
        secured["validFrom"] = proof["created"] = "2026-11-02T08:00:00Z"
    if chance.random() < 0.2:
        secured["replaces"] = draw.shown.bundle.certificate.digest.multibase()
    if chance.random() < 0.2:
        secured["issuer"] = draw.document(draw.stranger)["certificate"]["issuer"]
    method = f"{secured['issuer']['id']}#{signer.public_key.multikey}"
    made = make_proof(secured, signer, verification_method=method, created=proof["created"])
    secured.update(made.attached(secured))
    return write(document)


def sign_foreign(draw: Draw) -> bytes:
    return sign_again(draw, "foreign", "other")


def sign_retired(draw: Draw) -> bytes:
    return sign_again(draw, "retired")


def sign_stolen(draw: Draw) -> bytes:
    """With the studio's own keys, today and without an anchor."""
    return sign_again(draw, "own", "ed25519", "future")


# --- corrections ---------------------------------------------------------------------------------------------------


def corrections(draw: Draw) -> bytes:
    """Leave corrections out, repeat them, turn their order, take another piece's."""
    document, chance = draw.document(), draw.chance
    shown = [*document["amendments"], *draw.other()["amendments"]]
    kind = chance.randrange(6)
    if kind == 0 and shown:
        del shown[chance.randrange(len(shown))]
    elif kind == 1 and shown:
        shown.append(chance.choice(shown))
    elif kind == 2:
        shown.reverse()
    elif kind == 3:
        shown.append(document["certificate"])
    elif kind == 4 and document["amendments"]:  # The correction in the place of what it corrects.
        document["certificate"], shown = document["amendments"][-1], shown[:-1]
    else:
        shown.insert(0, draw.other()["certificate"])
    document["amendments"] = shown
    return write(document)


def several(draw: Draw) -> bytes:
    """Two changes at once."""
    first, second = draw.chance.choice(_STACKED), draw.chance.choice(_STACKED)
    data = first(draw)
    try:
        between = Bundle.from_bytes(data)
    except ProvenanceError:
        return data
    changed = Draw(draw.chance, draw.played, Shown("", between, draw.shown.outcome, ""), draw.kin, draw.stranger)
    return second(changed)


_STACKED: tuple[Mutator, ...] = (
    transplant, exchange, mix_receipts, relabel_receipt, shift_receipt, splice_proof, signature_bits, corrections,
    change_number, digits, change_text, sign_foreign, sign_retired, sign_stolen,
)  # fmt: skip

MUTATORS: dict[str, Mutator] = {
    "bits flipped": flip_bits,
    "bytes of noise": noise,
    "truncated": truncate,
    "two bundles' bytes spliced": splice_bytes,
    "another spelling of the JSON": spelling,
    "a member twice": repeat_member,
    "a member removed": remove_member,
    "a member added": add_member,
    "a member renamed": rename_member,
    "two members swapped": swap_members,
    "a value of another type": change_type,
    "a number altered": change_number,
    "a text altered": change_text,
    "a digit altered": digits,
    "Unicode tricks": unicode_tricks,
    "deep nesting": nest,
    "grown": grow,
    "a member of another bundle": transplant,
    "parts of another bundle": exchange,
    "receipts mixed": mix_receipts,
    "a receipt of another ledger": relabel_receipt,
    "a receipt of another place": shift_receipt,
    "inclusion proof spliced": splice_proof,
    "bits of a signature": signature_bits,
    "bits of a key": key_bits,
    "r and s": r_and_s,
    "another suite or purpose": other_suite,
    "signed with a foreign key": sign_foreign,
    "signed with a retired key": sign_retired,
    "signed with a stolen key": sign_stolen,
    "corrections": corrections,
    "two changes": several,
}
"""All kinds of change, by the name that the table shows."""
