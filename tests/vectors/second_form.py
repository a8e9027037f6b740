"""Check 0 of the second verifier: is this one bundle in its one exact form? From docs/certificate-format.md alone."""

import json
import re
from datetime import date
from typing import Any

from tests.vectors.second_proof import canonical, key_of, multibase

# The members of each object: ? where optional, :FORM where it is not that of their name, *FEWEST-MOST for a list.
OBJECTS = r"""
bundle type:KilnmarkBundle version:1..1 certificate:any amendments:any*0-16 inclusion? receipts:receipt*0-4
  exported?:time asExported?; inclusion index:NUMBER size:NUMBER path:HASH*0-32; block number:NUMBER hash:HASH time;
receipt chainId:NUMBER genesis:HASH contract:ADDRESS tokenId:0|[1-9][0-9]{0,19} root:HASH transaction:HASH block;
asExported block studio:ADDRESS didHash:HASH nameHash:HASH key?:window standing holder:ADDRESS statusTime?:time
  status:ACTIVE|ON_HOLD|REVOKED|RETIRED lostSince?:time amendments:NUMBER; window from:time until?:time;
standing atAnchor:boolean atExport:boolean;
certificate @context:any type:any issuer validFrom:time credentialSchema credentialStatus credentialSubject proof
  relatedResource?:resource*1-52 replaces?:DIGEST;
credentialSchema id:BASE/schemas/piece/v1 type:JsonSchema;
issuer id:did:web:HOST:studios:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])? name:line200;
credentialStatus id:any type:BitstringStatusListEntry statusPurpose:revocation statusListIndex:0|[1-9][0-9]{0,5}
  statusListCredential:BASE/status/[0-9a-hjkmnp-tv-z]{12}; resource id:any mediaType:any digestMultibase:any;
proof @context?:any type:DataIntegrityProof cryptosuite:ecdsa-jcs-2019|eddsa-jcs-2022 created:time
  proofPurpose:assertionMethod verificationMethod:did:.* proofValue:z[1-9A-HJ-NP-Za-km-z]{0,256};
credentialSubject id:BASE/P/.{13} type:Piece|DigitalPiece serial title:texts300 details?:texts5000 maker?:maker*1-16
  studio?:texts300 form?:texts200 clayBody?:texts200 glaze?:texts200 technique?:texts1000 creditLine?:texts1000
  decoration?:texts500 baseMark?:texts300 made?:words120 accessionNumber?:words80 country?:[A-Z]{2}
  height?:size width?:size depth?:size diameter?:size weight? firing? edition? set? partOf? parts?:part*1-32
  image?:image*1-24 scan?:scan*1-4 file?:file*1-24; size value:1..20000 unitCode:MMT;
weight value:1..5000000 unitCode:GRM; heat value:1..2000 unitCode:CEL;
firing kiln?:texts200 fuel?:texts200 atmosphere?:texts200 date?:day peakTemperature?:heat;
maker role:artisan|master|visitor|designer|thrower|carver|painter|glazer|firer name?:texts300 claims? consent?;
claims teacher?:texts300 lineage?:texts1000; consent date:day digestMultibase?:DIGEST;
edition number:1..1000000 of:1..1000000 name?:texts300 artistProof?:true; partOf serial name?:texts200;
set kind:set|pair size:2..256 pieces:serial*1-256 name?:texts300; part name:texts200 serial?;
image id:BASE/media/HEX{64} type:ImageObject role:overview|detail|base-mark; scan id:BASE/media/HEX{64} type:3DModel;
file id:BASE/media/HEX{64} type:MediaObject"""
# What the words in capitals stand for; BASE and HOST are the certificate's own.
MACROS = {
    "HASH": "0xHEX{64}",
    "ADDRESS": "0xHEX{40}",
    "HEX": "[0-9a-f]",
    "NUMBER": f"0..{2**53 - 1}",
    "DIGEST": "uEi[A-D][A-Za-z0-9_-]{42}[AQgw]",  # 0x12 0x20 and 32 bytes: no bit to spare in the last symbol.
}
# What no text holds. A line holds no tab and no line feed either.
BAD = r"\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\ufffe\uffff"
DAY, SYMBOL = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9A-HJKMNP-TV-Z]"
PATTERNS = {
    "day": DAY,
    "time": DAY + "T([01][0-9]|2[0-3])(:[0-5][0-9]){2}Z",
    "serial": f"({SYMBOL}{{4}}-){{3}}{SYMBOL}",
    "tag": "[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?",
    "base": "(https|http)://[a-z0-9.-]+(:[1-9][0-9]*)?",
}
IMAGE, SCAN = "image/(jpeg|png|webp)", "model/(gltf-binary|obj|stl|3mf|vnd[.]usdz[+]zip)"
FILE = f"{IMAGE}|{SCAN}|image/(tiff|svg[+]xml|gif)|video/(mp4|webm)|application/pdf"
BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BODY = {"height", "width", "depth", "diameter", "weight", "clayBody", "firing", "scan"}

Objects = dict[str, dict[str, str]]


class Malformed(Exception):  # noqa: N818
    """These bytes are no bundle."""


def forms(base: str) -> Objects:
    """The forms of the members of each object, at the registry with this address."""
    text = OBJECTS.replace("HOST", re.escape(base.partition("//")[2].replace(":", "%3A")))
    text = text.replace("BASE", re.escape(base))
    for word, meaning in MACROS.items():
        text = text.replace(word, meaning)
    objects: Objects = {}
    for name, *members in map(str.split, text.split(";")):
        parts = [member.partition(":") for member in members]
        objects[name] = {member: form or member.rstrip("?") for member, _, form in parts}
    return objects


def fits(value: Any, form: str, objects: Objects) -> bool:
    if many := re.fullmatch(r"(.+)[*](\d+)-(\d+)", form):
        few = isinstance(value, list) and int(many[2]) <= len(value) <= int(many[3])
        return few and all(fits(item, many[1], objects) for item in value)
    if members := objects.get(form):
        if not isinstance(value, dict) or not value or any(m[-1] != "?" and m not in value for m in members):
            return False
        return all(fits(value[m], members.get(m) or members.get(m + "?", "(?!)"), objects) for m in value)
    if texts := re.fullmatch(r"texts(\d+)", form):
        few = isinstance(value, dict) and 1 <= len(value) <= 12
        return few and all(fits(tag, "tag", {}) and fits(value[tag], f"words{texts[1]}", {}) for tag in value)
    if bounds := re.fullmatch(r"(\d+)[.][.](\d+)", form):
        return type(value) is int and int(bounds[1]) <= value <= int(bounds[2])
    if form in ("any", "true", "boolean"):
        return form == "any" or value is True or (value is False and form == "boolean")
    if words := re.fullmatch(r"(words|line)(\d+)", form):
        bad = BAD if words[1] == "words" else BAD + r"\t\n"
        form = rf"(?s)(?=.*\S)[^{bad}]{{1,{words[2]}}}"
    if not isinstance(value, str) or not re.fullmatch(PATTERNS.get(form, form), value):
        return False
    if form in ("day", "time"):
        return bool(date.fromisoformat(value[:10]))  # ValueError where there is no such day.
    return form != "serial" or value[-1] == check_symbol(value[:-1].replace("-", ""))


def check_symbol(symbols: str) -> str:
    check = 0
    for symbol in reversed(symbols):  # Horner's rule: a sum, and a product with x.
        check = (check ^ BASE32.index(symbol)) << 1
        check ^= 0b100101 * (check >> 5)
    return BASE32[check]


def base_of(certificate: Any) -> str:
    return str(certificate["credentialSubject"]["id"].partition("/P/")[0])


def well_formed(c: Any) -> bool:
    """Whether each member has its form, and agrees with the others."""
    base = base_of(c)
    if not fits(base, "base", {}) or re.search("^https:.*:443$|^http:.*:80$", base):
        return False
    if len(canonical(c)) > 65536 or not fits(c, "certificate", forms(base)):
        return False
    piece, status, proof = c["credentialSubject"], c["credentialStatus"], c["proof"]
    key_of(proof)
    return (
        c["@context"] == ["https://www.w3.org/ns/credentials/v2", f"{base}/contexts/piece/v1"]
        and proof.get("@context", c["@context"]) == c["@context"]
        and c["type"] == ["VerifiableCredential", "PieceCertificate"]
        and status["id"] == "{statusListCredential}#{statusListIndex}".format_map(status)
        and int(status["statusListIndex"]) < 131072
        and proof["verificationMethod"].startswith(c["issuer"]["id"] + "#z")
        and piece["id"] == f"{base}/P/{piece['serial'].replace('-', '')}"
        and piece_agrees(piece)
        and media_agree(piece, c.get("relatedResource", []))
    )


def piece_agrees(piece: Any) -> bool:
    for maker in piece.get("maker", []):
        if "name" not in maker if maker["role"] != "visitor" else ("name" in maker) != ("consent" in maker):
            return False
    if "set" in piece:
        pieces, size = piece["set"]["pieces"], piece["set"]["size"]
        if piece["serial"] not in pieces or not len(set(pieces)) == len(pieces) <= size:
            return False
        if piece["set"]["kind"] == "pair" and size != 2:
            return False
    serials = [part["serial"] for part in (piece, piece.get("partOf", {}), *piece.get("parts", [])) if "serial" in part]
    edition = piece.get("edition", {"number": 1, "of": 1})
    digital = piece["type"] == "DigitalPiece"
    return (
        len(set(serials)) == len(serials)
        and edition["number"] <= edition["of"]
        and digital == ("file" in piece)
        and not (digital and BODY & piece.keys())
    )


def media_agree(piece: Any, resources: Any) -> bool:
    kinds = (("image", IMAGE), ("scan", SCAN), ("file", FILE))
    media = [(item["id"], types) for member, types in kinds for item in piece.get(member, [])]
    return (
        [resource["id"] for resource in resources] == [address for address, _ in media]
        and len({address for address, _ in media}) == len(media)
        and all(fits(r["mediaType"], types, {}) for r, (_, types) in zip(resources, media, strict=True))
        and all(r["digestMultibase"] == multibase(bytes.fromhex(r["id"][-64:])) for r in resources)
    )


def read(raw: bytes) -> Any:
    """The bundle that these bytes are."""
    try:
        told = json.loads(raw.decode())
        anchored = bool(told["receipts"])
        if (
            len(raw) <= 18 * 65536
            and canonical(told) == raw.removesuffix(b"\n")
            and fits(told, "bundle", forms(""))
            and ("inclusion" in told) == anchored
            and (anchored or "asExported" not in told)
            and all(map(well_formed, [told["certificate"], *told["amendments"]]))
        ):
            return told
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Malformed from error
    raise Malformed
