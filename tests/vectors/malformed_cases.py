"""Vectors of what is no bundle: refused by the parser, before anything is verified and whatever a ledger says.

Most are a good bundle with one thing changed.  Where the change is to a certificate's form it is signed anew, so that
the signature is no reason to refuse it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from provenance.bundle import MAX_BUNDLE_BYTES, Bundle
from provenance.encoding import Digest, to_base58, to_base64url
from tests.support.stories import REGISTRY, Story
from tests.vectors.casebook import Casebook, Change, changed, signed_anew

_FIELD = 2**255 - 19
LOW_ORDER = {
    "the neutral point": 1,
    "a point of order 2": _FIELD - 1,
    "a point of order 4": 0,
    "a point of order 8": 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    "a point of order 4, its y not reduced": _FIELD,
    "another point of order 8": 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    "the neutral point, its y not reduced": _FIELD + 1,
    "a y not reduced": _FIELD + 3,
    "the neutral point with its sign": 2**255 + 1,
}
"""Ed25519 keys under which any message verifies, or that are a second spelling of one: their y, with the sign bit."""


def spelled(book: Casebook, story: Story, bundle: Bundle) -> None:
    """JSON in another spelling than the one, or no JSON."""
    data = bundle.to_bytes()
    text = data.decode()
    members = json.loads(text)

    def put(name: str, shown: str | bytes, **how: Any) -> None:
        book.add(f"malformed: {name}", story, shown if isinstance(shown, bytes) else shown.encode(), ledger=None, **how)

    put("nothing", b"")
    put("a line end alone", b"\n")
    put("an array", b"[]")
    put("a number", b"1")
    put("a text", b'"KilnmarkBundle"')
    put("an empty object", b"{}")
    put("cut short", data[:-1])
    put("a byte order mark", b"\xef\xbb\xbf" + data)
    put("UTF-16", text.encode("utf-16"))
    put("a byte that is not UTF-8", data.replace("青".encode(), b"\xff", 1))
    put("a surrogate in bytes", data.replace("青".encode(), b"\xed\xa0\x80", 1))
    put("an overlong form in bytes", data.replace(b"Meiping", b"\xc1\x8deiping", 1))
    put("two line ends", data + b"\n\n")
    put("a carriage return", data + b"\r\n")
    put("a space after it", data + b" ")
    put("a space before it", b" " + data)
    put("another document after it", data + b"{}")
    put("a NUL after it", data + b"\0")
    put("white space inside", text.replace(":", ": ", 1))
    put("indented", json.dumps(members, ensure_ascii=False, indent=1, sort_keys=True))
    put(
        "members in another order",
        json.dumps(dict(reversed(members.items())), ensure_ascii=False, separators=(",", ":")),
    )
    put(
        "a key twice with the same value",
        text.replace('"type":"KilnmarkBundle"', '"type":"KilnmarkBundle","type":"KilnmarkBundle"'),
    )
    put("a key twice in the certificate", text.replace('"en":"Meiping"', '"en":"Vase","en":"Meiping"', 1))
    put("an escape that is not needed", text.replace("Meiping", "\\u004deiping", 1))
    put("an escape of Chinese", text.replace("青", "\\u9752", 1))
    put("a slash escaped", text.replace("https://", "https:\\/\\/", 1))
    put("a lone surrogate", text.replace("Meiping", "\\ud800", 1))
    put("surrogates in the wrong order", text.replace("Meiping", "\\udc00\\ud800", 1))
    put("a control symbol unescaped", text.replace("Meiping", "Mei\x01ping", 1))
    put("a float", text.replace('"value":312', '"value":312.5', 1))
    put("a float that is whole", text.replace('"value":312', '"value":312.0', 1))
    put("an exponent", text.replace('"value":312', '"value":312e0', 1))
    put("minus zero", text.replace('"index":0', '"index":-0', 1))
    put("a leading zero", text.replace('"value":312', '"value":0312', 1))
    put("2^53", text.replace('"value":312', f'"value":{2**53}', 1))
    put("a number of 400 digits", text.replace('"value":312', f'"value":{"9" * 400}', 1))
    put("null", text.replace('"value":312', '"value":null', 1))
    put("NaN", text.replace('"value":312', '"value":NaN', 1))
    put("Infinity", text.replace('"value":312', '"value":-Infinity', 1))
    put("undefined", text.replace('"value":312', '"value":undefined', 1))
    put("single quotes", text.replace('"version"', "'version'", 1))
    put("a comma too many", text[:-1] + ",}")
    put("a comment", text + "//")
    put("a key that is not ASCII", text.replace('"version":1', '"version":1,"version\u00e9":1'))
    put("nested 33 deep", changed(bundle, lambda d: d)[:-1] + b',"x":' + b"[" * 32 + b"]" * 32 + b"}")
    put("nested 32 deep", changed(bundle, lambda d: d)[:-1] + b',"x":' + b"[" * 31 + b"]" * 31 + b"}")
    put("nested 256 deep", b'{"a":' + b"[" * 255 + b"]" * 255 + b"}")
    put("nested 257 deep", b'{"a":' + b"[" * 256 + b"]" * 256 + b"}")
    put("brackets that never close", b'{"a":"' + b"[" * 5_000)
    put("nested 5,000 deep", b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}")
    put("longer than any bundle", data, pad_to=MAX_BUNDLE_BYTES + 1)
    put("as long as a bundle may be, by spaces", data, pad_to=MAX_BUNDLE_BYTES)


def shaped(book: Casebook, story: Story, bundle: Bundle) -> None:
    """Canonical JSON that is no bundle."""

    def put(name: str, change: Change) -> None:
        book.add(f"malformed: {name}", story, changed(bundle, change), ledger=None)

    def receipt(**members: Any) -> Change:
        return lambda d: d["receipts"][0].update(members)

    def block(**members: Any) -> Change:
        return lambda d: d["receipts"][0]["block"].update(members)

    def inclusion(**members: Any) -> Change:
        return lambda d: d["inclusion"].update(members)

    token, root = str(bundle.receipts[0].token_id), str(bundle.receipts[0].root)
    cases: dict[str, Change] = {
        "another type": lambda d: d.update(type="KilnmarkTrustPolicy"),
        "version 2": lambda d: d.update(version=2),
        "version true": lambda d: d.update(version=True),
        "version in text": lambda d: d.update(version="1"),
        "no version": lambda d: d.pop("version"),
        "an unknown member": lambda d: d.update(verdict="AUTHENTIC"),
        "no certificate": lambda d: d.pop("certificate"),
        "a certificate in text": lambda d: d.update(certificate=json.dumps(d["certificate"])),
        "no amendments": lambda d: d.pop("amendments"),
        "amendments that are no list": lambda d: d.update(amendments={}),
        "17 amendments": lambda d: d.update(amendments=[d["certificate"]] * 17),
        "an amendment that is none": lambda d: d.update(amendments=[{}]),
        "no receipts, but a proof": lambda d: d.update(receipts=[]),
        "receipts, but no proof": lambda d: d.pop("inclusion"),
        "receipts left out": lambda d: d.pop("receipts"),
        "two receipts of one ledger": lambda d: d["receipts"].append({**d["receipts"][0], "transaction": root}),
        "five receipts": lambda d: d.update(receipts=d["receipts"] * 5),
        "a receipt that is a text": lambda d: d.update(receipts=["0x"]),
        "a receipt with an unknown member": receipt(note="x"),
        "a receipt without its root": lambda d: d["receipts"][0].pop("root"),
        "a token id as a number": receipt(tokenId=int(token)),
        "a token id with a sign": receipt(tokenId="+" + token),
        "a token id in hex": receipt(tokenId=hex(int(token))),
        "a token id with a space": receipt(tokenId=" " + token),
        "a token id in Arabic digits": receipt(tokenId="٣"),
        "a token id with leading zeros": receipt(tokenId="00" + token),
        "a token id with a line end": receipt(tokenId=token + "\n"),
        "a token id of 21 digits": receipt(tokenId="1" * 21),
        "an empty token id": receipt(tokenId=""),
        "a root that is a number": receipt(root=1),
        "an empty root": receipt(root=""),
        "a root in capitals": receipt(root="0x" + root[2:].upper()),
        "a root without 0x": receipt(root=root[2:]),
        "a root of 31 bytes": receipt(root=root[:-2]),
        "a root of half a byte more": receipt(root=root + "0"),
        "a contract of 32 bytes": receipt(contract=root),
        "a contract with a checksum in its capitals": receipt(contract="0x" + "Ab" * 20),
        "a transaction of no bytes": receipt(transaction="0x"),
        "a chain id in text": receipt(chainId="1"),
        "a chain id below zero": receipt(chainId=-1),
        "a chain id that is true": receipt(chainId=True),
        "a block without its time": lambda d: d["receipts"][0]["block"].pop("time"),
        "a block with its parent": block(parent=root),
        "a block number below zero": block(number=-1),
        "a time in seconds": block(time=1_800_000_000),
        "a time of another zone": block(time="2026-11-02T16:00:00+08:00"),
        "a time with fractions": block(time="2026-11-02T08:00:00.5Z"),
        "a time with a space": block(time="2026-11-02 08:00:00Z"),
        "a time without a zone": block(time="2026-11-02T08:00:00"),
        "a time in the week's form": block(time="2026-W45-1T08:00:00Z"),
        "a time of the year 10000": block(time="10000-11-02T08:00:00Z"),
        "a time without seconds": block(time="2026-11-02T08:00Z"),
        "a day that there is not": block(time="2026-02-30T08:00:00Z"),
        "a leap second": block(time="2016-12-31T23:59:60Z"),
        "a proof that is 0": lambda d: d.update(inclusion=0),
        "a proof that is false": lambda d: d.update(inclusion=False),
        "a proof that is an empty text": lambda d: d.update(inclusion=""),
        "an index below zero": inclusion(index=-1),
        "an index in text": inclusion(index="0"),
        "a path of 33": inclusion(path=[root] * 33),
        "a path that is no list": inclusion(path="0x"),
        "a step that is a number": inclusion(path=[1]),
        "a step of 31 bytes": inclusion(path=[root[:-2]]),
        "a step in capitals": inclusion(path=["0x" + "AB" * 32]),
        "a proof with an unknown member": inclusion(root=root),
        "written at no time": lambda d: d.update(exported="yesterday"),
    }
    for name, change in cases.items():
        put(name, change)


def certified(book: Casebook, story: Story, bundle: Bundle) -> None:
    """A certificate that has not its form, its proof fitting where it can."""
    lin, chen = story.studios["lin"], story.studios["chen"]

    def put(name: str, change: Change) -> None:
        book.add(f"malformed: {name}", story, changed(bundle, change), ledger=None)

    signed = partial(signed_anew, lin.signer)

    def subject(**members: Any) -> Change:
        return signed(lambda c: c["credentialSubject"].update(members))

    def proof(**members: Any) -> Change:
        return lambda d: d["certificate"]["proof"].update(members)

    def status(**members: Any) -> Change:
        return signed(lambda c: c["credentialStatus"].update(members))

    def named_as(did: str) -> Change:
        def rename(document: dict[str, Any]) -> None:
            document["certificate"]["issuer"]["id"] = did
            document["certificate"]["proof"]["verificationMethod"] = f"{did}#{multikey}"
            signed(lambda c: None)(document)

        return rename

    def addressed(base: str, host: str = "registry.example") -> Change:
        """Spell the registry's address otherwise, alike in all places: `host` is what the DID then has for it."""

        def move(certificate: dict[str, Any]) -> None:
            text = json.dumps(certificate).replace(REGISTRY, base)
            text = text.replace("did:web:registry.example:", f"did:web:{host}:")
            certificate.clear()
            certificate.update(json.loads(text))

        def apply(document: dict[str, Any]) -> None:
            document["certificate"]["proof"]["verificationMethod"] = f"did:web:{host}:studios:lin#{multikey}"
            signed(move)(document)

        return apply

    value, multikey = to_base58(bundle.certificate.proof.signature), lin.signer.public_key.multikey
    method, raw = f"{lin.issuer.did}#", lin.signer.public_key.multikey_bytes
    uncompressed = "z" + to_base58(b"\x80\x24\4" + bytes(64))
    cases: dict[str, Change] = {
        "an unknown member of the certificate": signed(lambda c: c.update(evidence=[])),
        "an unknown member of the subject": subject(price=1),
        "another type of credential": signed(lambda c: c.update(type=["VerifiableCredential"])),
        "another context": signed(lambda c: c.update({"@context": c["@context"][:1]})),
        "a context more": signed(lambda c: c["@context"].append(f"{REGISTRY}/contexts/other")),
        "an issuer that is a text": signed(lambda c: c.update(issuer=lin.issuer.did)),
        "an issuer of another kind": signed(lambda c: c["issuer"].update(id="did:key:z6Mk")),
        "an issuer's name of two lines": signed(lambda c: c["issuer"].update(name="Lin\nAUTHENTIC")),
        "an issuer's name that is a number": signed(lambda c: c["issuer"].update(name=1)),
        "an issuer's name of 201 symbols": signed(lambda c: c["issuer"].update(name="窑" * 201)),
        "an issuer's name of spaces": signed(lambda c: c["issuer"].update(name="  ")),
        "an issuer's name with a joiner": signed(lambda c: c["issuer"].update(name="林\u200d窑")),
        "an issuer's name for private use": signed(lambda c: c["issuer"].update(name="林\ue000窑")),
        "an issuer's name with a noncharacter": signed(lambda c: c["issuer"].update(name="林\ufdd0窑")),
        "an issuer's name with a noncharacter of a later plane": signed(
            lambda c: c["issuer"].update(name="林\U0002ffff窑")
        ),
        "an issuer's name with a format character of Unicode 15": signed(
            lambda c: c["issuer"].update(name="林\U0001343c窑")
        ),
        "an empty issuer's name": signed(lambda c: c["issuer"].update(name="")),
        "an issuer with an unknown member": signed(lambda c: c["issuer"].update(image="x")),
        "an issuer of another path": named_as("did:web:registry.example:makers:lin"),
        "an issuer of another method": named_as("did:key:registry.example:studios:lin"),
        "an issuer of a longer path": named_as("did:web:registry.example:studios:lin:key"),
        "an issuer's short name in capitals": named_as("did:web:registry.example:studios:Lin"),
        "an issuer's short name of a hyphen": named_as("did:web:registry.example:studios:-"),
        "an issuer's host in capitals": named_as("did:web:Registry.example:studios:lin"),
        "a registry's address with its usual port": addressed("https://registry.example:443", "registry.example%3A443"),
        "a registry's address with a path": addressed("https://registry.example/kiln"),
        "a registry's address without its scheme": addressed("registry.example"),
        "a registry's address of another scheme": addressed("ftp://registry.example"),
        "an issuer at another registry than the piece": signed(
            lambda c: c["issuer"].update(id="did:web:copy.example:studios:lin")
        ),
        "a serial that does not fit the address": subject(serial=str(story.numbers.serial())),
        "a serial with a wrong check symbol": subject(serial="0000-0000-0001-0"),
        "a serial in small letters": subject(serial=str(bundle.certificate.piece.serial).lower() + "x"),
        "no title": signed(lambda c: c["credentialSubject"].pop("title")),
        "a title in no language": subject(title={}),
        "a measure in inches": subject(height={"value": 312, "unitCode": "INH"}),
        "a measure of zero": subject(height={"value": 0, "unitCode": "MMT"}),
        "a text that runs backwards": subject(made="20\u202e62"),
        "number eleven of ten": subject(edition={"number": 11, "of": 10}),
        "a photo without its digest": subject(
            image=[{"id": f"{REGISTRY}/media/00", "type": "ImageObject", "role": "overview"}]
        ),
        "photos that are no list": subject(image={}),
        "photos that are texts": subject(image=["x"]),
        "a digest of a photo that there is not": signed(
            lambda c: c.update(
                relatedResource=[
                    {
                        "id": f"{REGISTRY}/media/00",
                        "mediaType": "image/png",
                        "digestMultibase": Digest.of(b"").multibase(),
                    }
                ]
            )
        ),
        "a replaced digest of another hash": signed(
            lambda c: c.update(replaces="u" + to_base64url(b"\x13\x20" + bytes(32)))
        ),
        "a replaced digest of another length": signed(
            lambda c: c.update(replaces="u" + to_base64url(b"\x12\x20" + bytes(31)))
        ),
        "a replaced digest with padding": signed(lambda c: c.update(replaces=Digest.of(b"x").multibase() + "==")),
        "a replaced digest whose last symbol has bits to spare": signed(
            lambda c: c.update(replaces="u" + to_base64url(b"\x12\x20" + bytes(32))[:-1] + "B")
        ),
        "a replaced digest in base64": signed(lambda c: c.update(replaces="m" + "+/" * 23)),
        "a replaced digest in a list": signed(lambda c: c.update(replaces=[Digest.of(b"x").multibase()])),
        "a replaced digest that is a number": signed(lambda c: c.update(replaces=1)),
        "a status index of seven digits": status(statusListIndex="0000001"),
        "a status index in Arabic digits": status(statusListIndex="٣"),
        "a status index in hex": status(statusListIndex="0x1"),
        "an empty status index": status(statusListIndex=""),
        "a status index that is a number": status(statusListIndex=1),
        "a status list of another form": status(statusListCredential=f"{REGISTRY}/status/0123456789AB"),
        "another kind of status": status(type="StatusList2021Entry"),
        "another purpose of the status": status(statusPurpose="suspension"),
        "another schema": signed(lambda c: c["credentialSchema"].update(id=f"{REGISTRY}/schemas/piece/v2")),
        "a certificate that is too large": subject(details={f"x{letter}": "青" * 5_000 for letter in "abcdef"}),
        "a status index with a leading zero": signed(lambda c: c["credentialStatus"].update(statusListIndex="007")),
        "a status index beyond its list": signed(
            lambda c: c["credentialStatus"].update(
                statusListIndex="131072", id=f"{REGISTRY}/status/0123456789ab#131072"
            )
        ),
        "a date of another zone": signed(lambda c: c.update(validFrom="2026-11-02T16:00:00+08:00")),
        "a replaced digest in hex": signed(lambda c: c.update(replaces=str(Digest.of(b"x")))),
        "no proof": lambda d: d["certificate"].pop("proof"),
        "two proofs": lambda d: d["certificate"].update(proof=[d["certificate"]["proof"]] * 2),
        "a suite of another canonical form": proof(cryptosuite="ecdsa-rdfc-2019"),
        "a suite that does not fit the key": proof(cryptosuite="eddsa-jcs-2022"),
        "a suite that there is not": proof(cryptosuite="none"),
        "another kind of proof": proof(type="Ed25519Signature2020"),
        "another purpose": proof(proofPurpose="authentication"),
        "an unknown member of the proof": proof(challenge="x"),
        "another context of the proof": proof(**{"@context": ["https://www.w3.org/ns/credentials/v2"]}),
        "a proof without its date": lambda d: d["certificate"]["proof"].pop("created"),
        "a proof of no time": proof(created="2026-11-02"),
        "a proof by another studio": proof(verificationMethod=f"{chen.issuer.did}#{multikey}"),
        "a method without its key": proof(verificationMethod=lin.issuer.did),
        "a key that is no point": proof(verificationMethod=method + "z" + to_base58(b"\x80\x24\2" + b"\xff" * 32)),
        "a key that is not compressed": proof(verificationMethod=method + uncompressed),
        "a key one byte short": proof(verificationMethod=method + "z" + to_base58(raw[:-1])),
        "a key one byte long": proof(verificationMethod=method + "z" + to_base58(raw + b"\0")),
        "a key in hex": proof(verificationMethod=method + "f" + raw.hex()),
        "a method that names no issuer": proof(verificationMethod="#" + multikey),
        "a method that is a number": proof(verificationMethod=1),
        "a suite that is a list": proof(cryptosuite=["ecdsa-jcs-2019"]),
        "a proof value that is a number": proof(proofValue=1),
        "a proof of a number's time": proof(created=1_800_000_000),
        "a key of another kind": proof(verificationMethod=method + "z" + to_base58(b"\xe7\x01\2" + b"\1" * 32)),
        "a key with a leading 1": proof(verificationMethod=method + "z1" + multikey[1:]),
        "a proof value in base64": proof(proofValue="u" + value),
        "a proof value with a symbol that base58 has not": proof(proofValue="z0" + value[1:]),
        "a proof value of 257 symbols": proof(proofValue="z" + "2" * 257),
        "an empty proof value": proof(proofValue=""),
    }
    for what, y in LOW_ORDER.items():
        key = to_base58(b"\xed\x01" + y.to_bytes(32, "little"))
        cases[f"an Ed25519 key that must not count: {what}"] = proof(
            verificationMethod=method + "z" + key, cryptosuite="eddsa-jcs-2022"
        )
    for name, change in cases.items():
        put(name, change)


SCENES: tuple[Callable[[Casebook, Story, Bundle], None], ...] = (spelled, shaped, certified)


def malformed(book: Casebook, story: Story) -> None:
    """(0): not well-formed."""
    (bundle,) = story.made(story.studios["lin"])
    (alike, *_) = sorted(story.made(story.studios["lin"], 2), key=lambda bundle: bundle.receipts[0].token_id)
    for scene in SCENES:
        scene(book, story, alike if scene is shaped else bundle)
    largest = changed(bundle, lambda d: d["receipts"][0].update(chainId=2**53 - 1))
    book.add("a receipt of the largest chain id that JSON holds exactly", story, largest)
    of_others = [{"chainId": bundle.receipts[0].chain_id + more} for more in (1, 2, 3, 0)]
    four = changed(bundle, lambda d: d.update(receipts=[d["receipts"][0] | other for other in of_others]))
    book.add("as many receipts as there may be", story, four)
    sixteen = changed(bundle, lambda d: d.update(amendments=[d["certificate"]] * 16))
    book.add("as many amendments as there may be, where the ledger knows of none", story, sixteen)
