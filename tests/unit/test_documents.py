"""The JSON Schema and the parser draw the same lines, and neither context nor schema ever changes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields
from datetime import date
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from provenance.canonical import canonicalize
from provenance.certificate import STATUS_LIST_BITS, Certificate, Issuer, StatusEntry
from provenance.documents import context, schema
from provenance.encoding import Digest
from provenance.errors import MalformedError
from provenance.issue import issue
from provenance.keys import Ed25519Signer, P256Signer, Signer
from provenance.limits import LIMITS
from provenance.piece import MEASURES, PLAIN_FIELDS, TEXT_FIELDS, Piece
from provenance.serial import Serial
from tests.support.pieces import digital_piece, full_piece
from tests.support.scene import ISSUER, NOW

SIGNER = P256Signer.generate()
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "verdicts.json").read_text("utf-8"))["vectors"]
BUNDLE = ("formats", "bundle-v1.schema.json")
RELEASED = {
    "piece-v1.context.json": "aaf16068e23b0d26eef648d668a776e1351dbee9626cfa1cfd520e4e6c124229",
    "piece-v1.schema.json": "73818129b8c03b20d812214c4cf1e89143304a1a41232d528382cd66fc471826",
    "bundle-v1.schema.json": "2532ef471d211c554720b64487b0a14c0353cb848b95a07fcd183cc7f506f27e",
}
"""SHA-256 of each file.  Once version 1 is released they stand for good: a change needs a version 2 beside it."""


def certificate(piece: Piece, signer: Signer = SIGNER, issuer: Issuer = ISSUER) -> dict[str, Any]:
    entry = StatusEntry("0123456789ab", 131_071)
    made = issue(piece, issuer, signer, status_entry=entry, now=NOW, replaces=Digest.of(b"old"))
    return json.loads(made.data)  # type: ignore[no-any-return]


def validator(issuer: Issuer = ISSUER) -> Draft202012Validator:
    document = schema(issuer.base_url)
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document, format_checker=Draft202012Validator.FORMAT_CHECKER)


VALIDATOR = validator()


@pytest.mark.parametrize("name", RELEASED)
def test_the_documents_do_not_change(name: str) -> None:
    data = resources.files("provenance").joinpath("formats", name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == RELEASED[name]


@pytest.mark.parametrize("piece", [full_piece(), digital_piece(), Piece(Serial.random(), {"en": "x"})])
@pytest.mark.parametrize("signer", [SIGNER, Ed25519Signer.generate()])
@pytest.mark.parametrize(
    "issuer", [ISSUER, Issuer("http://127.0.0.1:8757", "a", "x"), Issuer("https://a-b.c", "a", "x")]
)
def test_certificates_are_valid(piece: Piece, signer: Signer, issuer: Issuer) -> None:
    validator(issuer).validate(certificate(piece, signer, issuer))
    with pytest.raises(Exception, match=r"does not match|was expected"):
        validator(Issuer("https://elsewhere.test", "a", "x")).validate(certificate(piece, signer, issuer))


def test_a_dot_of_the_address_stands_for_itself() -> None:
    issuer = Issuer("https://a.test", "a", "x")
    document = certificate(Piece(Serial.random(), {"en": "x"}), issuer=issuer)
    document["credentialSubject"]["id"] = document["credentialSubject"]["id"].replace("a.test", "a-test")
    assert not validator(issuer).is_valid(document)


def test_the_schema_knows_the_calendar() -> None:
    defs = schema(ISSUER.base_url)["$defs"]
    day, time = (Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": defs}) for name in ("day", "time"))
    for year, month, number in product((0, 1, 4, 100, 400, 1900, 2000, 2023, 2024, 2100, 9996), range(14), range(33)):
        text = f"{year:04}-{month:02}-{number:02}"
        try:
            there = bool(date.fromisoformat(text))
        except ValueError:
            there = False
        assert day.is_valid(text) is time.is_valid(f"{text}T08:00:00Z") is there, text
    for clock in ("24:00:00", "08:60:00", "08:00:60", "8:00:00", "08:00:00.5", "08:00"):
        assert not time.is_valid(f"2026-11-02T{clock}Z"), clock


def test_the_schema_knows_the_places_of_a_status_list() -> None:
    entry = schema(ISSUER.base_url)["properties"]["credentialStatus"]["properties"]["statusListIndex"]
    form = re.compile(entry["pattern"])
    assert [place for place in range(200_000) if form.search(str(place))] == list(range(STATUS_LIST_BITS))
    assert not any(form.search(text) for text in ("", "00", "007", "-1", "1.0", "1310720"))


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["issuer"].update(name="Lin\nAUTHENTIC"),
        lambda c: c["issuer"].update(name="\u202e"),
        lambda c: c.pop("relatedResource"),
        lambda c: c["relatedResource"].append(c["relatedResource"][0]),
        lambda c: c["credentialSubject"]["image"].append(c["credentialSubject"]["image"][0]),
        lambda c: c["credentialStatus"].update(statusListIndex="131072"),
        lambda c: c.update(replaces=c["replaces"][:-1] + "B"),
        lambda c: c["proof"].update(cryptosuite="eddsa-jcs-2022"),
        lambda c: c["proof"].update(verificationMethod=c["proof"]["verificationMethod"][:-1]),
        lambda c: c["proof"].update(proofValue="z" * 258),
        lambda c: c["proof"].update(created="2026-02-30T08:00:00Z"),
    ],
)
def test_schema_and_parser_refuse_alike_beyond_the_subject(change: Callable[[dict[str, Any]], Any]) -> None:
    document = certificate(full_piece())
    change(document)
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(MalformedError):
        read(document)


def test_a_signature_of_no_bytes_has_its_form() -> None:
    document = certificate(full_piece())
    document["proof"]["proofValue"] = "z"
    VALIDATOR.validate(document)
    assert read(document).data == canonicalize(document)


def test_the_schemas_accept_every_bundle_that_is_one() -> None:
    """And of what is none they refuse what has not the shape; that two receipts are of one ledger no schema can say."""
    text = resources.files("provenance").joinpath(*BUNDLE).read_text("utf-8")
    form = Draft202012Validator(json.loads(text.replace('$"', r'\\Z"')))  # In Python $ also stands before a line end.
    for vector in VECTORS:
        if "error" not in vector["expected"]:
            bundle = json.loads(vector["bundle"])
            form.validate(bundle)
            for document in (bundle["certificate"], *bundle["amendments"]):
                base, _, _ = document["credentialSubject"]["id"].partition("/P/")
                Draft202012Validator(schema(base)).validate(document)
        elif (
            vector["expected"]["error"] == "not-a-bundle" and vector["name"] != "malformed: two receipts of one ledger"
        ):
            assert not form.is_valid(json.loads(vector["bundle"])), vector["name"]


def test_every_fact_is_in_the_full_pieces() -> None:
    """What the pieces of these tests leave out, no test would miss."""
    document = schema(ISSUER.base_url)
    said = set(certificate(full_piece())["credentialSubject"]) | set(certificate(digital_piece())["credentialSubject"])
    assert said == set(document["properties"]["credentialSubject"]["properties"])
    terms = context(ISSUER.base_url)["@context"]
    assert said == {name for name in terms["Piece"]["@context"] if not name.startswith("@")}
    assert terms["Piece"]["@context"] == terms["DigitalPiece"]["@context"]
    assert "@vocab" not in json.dumps(terms)


# --- limits, from both sides ------------------------------------------------------------------------------------------

Change = Callable[[dict[str, Any], int], None]


def texts(*path: str) -> Change:
    """Put a text of n characters, none of them of one byte, at a path in the subject."""

    def change(subject: dict[str, Any], n: int) -> None:
        place(subject, path, {"zh-Hans": "釉" * n})

    return change


def place(subject: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        subject = subject[int(name)] if isinstance(subject, list) else subject[name]
    subject[path[-1]] = value


def plain(name: str) -> Change:
    return lambda subject, n: subject.update({name: "字" * n})


def quantity(name: str, unit: str) -> Change:
    return lambda subject, n: subject.update({name: {"value": n, "unitCode": unit}})


def languages(subject: dict[str, Any], n: int) -> None:
    subject["title"] = {f"{chr(97 + i // 26)}{chr(97 + i % 26)}": "x" for i in range(n)}


def members(name: str, one: Callable[[int], Any]) -> Change:
    return lambda subject, n: subject.update({name: [one(i) for i in range(n)]})


def of_a_set(subject: dict[str, Any], n: int) -> None:
    pieces = [subject["serial"], *(str(Serial.random()) for _ in range(n - 1))]
    subject["set"] = {"kind": "set", "size": n, "pieces": pieces}


def of_an_edition(subject: dict[str, Any], n: int) -> None:
    subject["edition"] = {"number": n, "of": n}


LIMIT_CASES: list[tuple[str, Change, str]] = [
    ("languages", languages, "title"),
    ("title", texts("title"), "title"),
    ("description", texts("details"), "details"),
    ("name", texts("studio"), "studio"),
    ("name", texts("maker", "0", "name"), "maker.name"),
    ("name", texts("maker", "0", "claims", "teacher"), "maker.claims.teacher"),
    ("name", texts("edition", "name"), "edition.name"),
    ("name", texts("set", "name"), "set.name"),
    ("lineage", texts("maker", "0", "claims", "lineage"), "maker.claims.lineage"),
    ("form", texts("form"), "form"),
    ("technique", texts("technique"), "technique"),
    ("clay_body", texts("clayBody"), "clayBody"),
    ("glaze", texts("glaze"), "glaze"),
    ("decoration", texts("decoration"), "decoration"),
    ("base_mark", texts("baseMark"), "baseMark"),
    ("credit_line", texts("creditLine"), "creditLine"),
    ("made", plain("made"), "made"),
    ("accession_number", plain("accessionNumber"), "accessionNumber"),
    ("kiln", texts("firing", "kiln"), "firing.kiln"),
    ("kiln", texts("firing", "fuel"), "firing.fuel"),
    ("kiln", texts("firing", "atmosphere"), "firing.atmosphere"),
    ("part", texts("parts", "0", "name"), "parts.name"),
    ("part", texts("partOf", "name"), "partOf.name"),
    ("millimetres", quantity("height", "MMT"), "height"),
    ("millimetres", quantity("width", "MMT"), "width"),
    ("millimetres", quantity("depth", "MMT"), "depth"),
    ("millimetres", quantity("diameter", "MMT"), "diameter"),
    ("grams", quantity("weight", "GRM"), "weight"),
    ("celsius", lambda s, n: place(s, ("firing", "peakTemperature", "value"), n), "firing.peakTemperature"),
    ("edition", of_an_edition, "edition"),
    ("makers", members("maker", lambda i: {"role": "artisan", "name": {"en": f"{i}"}}), "maker"),
    ("set_pieces", of_a_set, "set.pieces"),
    ("parts", members("parts", lambda i: {"name": {"en": f"{i}"}}), "parts"),
]


def read(document: dict[str, Any]) -> Certificate:
    return Certificate.from_bytes(canonicalize(document))


@pytest.mark.parametrize(
    ("limit", "change", "field"), LIMIT_CASES, ids=lambda case: case if isinstance(case, str) else ""
)
def test_a_limit_is_hit_from_both_sides(limit: str, change: Change, field: str) -> None:
    most: int = getattr(LIMITS, limit)
    document = certificate(full_piece())
    change(document["credentialSubject"], most)
    VALIDATOR.validate(document)
    assert read(document).data == canonicalize(document)
    change(document["credentialSubject"], most + 1)
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(MalformedError) as caught:
        read(document)
    assert caught.value.field == field


RESOURCE_CASES = [
    ("photos", "image", {"type": "ImageObject", "role": "detail"}, "image/webp", "photos"),
    ("scans", "scan", {"type": "3DModel"}, "model/obj", "scan"),
    ("files", "file", {"type": "MediaObject"}, "video/webm", "file"),
]


@pytest.mark.parametrize(("limit", "name", "one", "kind", "field"), RESOURCE_CASES, ids=lambda case: str(case)[:8])
def test_so_many_files_and_no_more(limit: str, name: str, one: dict[str, str], kind: str, field: str) -> None:
    for extra in (0, 1):
        document = certificate(Piece(Serial.random(), {"en": "x"}))
        digests = [Digest.of(str(i).encode()) for i in range(getattr(LIMITS, limit) + extra)]
        urls = [f"{ISSUER.base_url}/media/{digest.hex()}" for digest in digests]
        document["credentialSubject"][name] = [{**one, "id": url} for url in urls]
        document["relatedResource"] = [
            {"id": url, "mediaType": kind, "digestMultibase": digest.multibase()}
            for url, digest in zip(urls, digests, strict=True)
        ]
        if name == "file":
            document["credentialSubject"]["type"] = "DigitalPiece"
        assert VALIDATOR.is_valid(document) is not bool(extra)
        if extra:
            with pytest.raises(MalformedError) as caught:
                read(document)
            assert caught.value.field == field
        else:
            assert read(document).data == canonicalize(document)


def test_every_limit_is_hit() -> None:
    hit = {limit for limit, _, _ in LIMIT_CASES} | {case[0] for case in RESOURCE_CASES}
    assert hit == {field.name for field in fields(LIMITS)}
    told = {field.split(".")[0] for _, _, field in LIMIT_CASES}
    assert {name for name, *_ in (*TEXT_FIELDS.values(), *PLAIN_FIELDS.values(), *MEASURES.values())} <= told


# --- what both refuse -------------------------------------------------------------------------------------------------

REFUSED: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda s: s.update(hidden="x"), "credentialSubject.hidden"),
    (lambda s: s["maker"][0].update(hidden="x"), "credentialSubject.maker[0].hidden"),
    (lambda s: s["edition"].update(hidden="x"), "credentialSubject.edition.hidden"),
    (lambda s: s["edition"].update(artistProof=False), "credentialSubject.edition.artistProof"),
    (lambda s: s["edition"].update(number=0), "edition"),
    (lambda s: s["edition"].pop("of"), "edition.of"),
    (lambda s: s["set"].update(kind="trio"), "set.kind"),
    (lambda s: s["set"].update(size=3), "set.size"),
    (lambda s: s["set"].update(size=1), "set.pieces"),
    (lambda s: s["set"].update(pieces=[]), "set.pieces"),
    (lambda s: s["set"].update(pieces=[s["serial"], s["serial"]]), "set.pieces"),
    (lambda s: s["set"].update(pieces=["x"]), "set.pieces"),
    (lambda s: s.update(partOf={}), "partOf.serial"),
    (lambda s: s.update(parts=[]), "parts"),
    (lambda s: s.update(parts=[{"serial": str(Serial.random())}]), "parts.name"),
    (lambda s: s.update(maker=[]), "maker"),
    (lambda s: s.update(maker={"zh-Hans": "示例"}), "maker"),
    (lambda s: s["maker"][0].update(role="king"), "maker.role"),
    (lambda s: s["maker"][0].pop("role"), "maker.role"),
    (lambda s: s["maker"][0].pop("name"), "maker.name"),
    (lambda s: s["maker"][0].update(claims={}), "credentialSubject.maker[0].claims"),
    (lambda s: s["maker"][0].update(claims={"rank": {"en": "x"}}), "credentialSubject.maker[0].claims"),
    (lambda s: s["maker"][1].pop("consent"), "maker.consent"),
    (lambda s: s["maker"][1].pop("name"), "maker.consent"),
    (lambda s: s["maker"][1].update(consent={"date": "yes"}), "maker.consent.date"),
    (lambda s: s["maker"][1]["consent"].update(digestMultibase="zabc"), "maker.consent.digestMultibase"),
    (lambda s: s.update(type="DigitalPiece"), "credentialSubject.type"),
    (lambda s: s.update(type="Pot"), "credentialSubject.type"),
    (lambda s: s["scan"][0].update(type="ImageObject"), "credentialSubject.scan[0].type"),
    (lambda s: s["scan"][0].update(role="detail"), "credentialSubject.scan[0].role"),
    (lambda s: s["image"][0].update(role="selfie"), "photos"),
    (lambda s: s.update(title={"EN": "x"}), "title"),
    (lambda s: s.update(glaze={"en": " "}), "glaze"),
    (lambda s: s.update(glaze={"en": "a\u202eb"}), "glaze"),
    (lambda s: s.update(made="a\x1bb"), "made"),
    (lambda s: s.update(country="cn"), "country"),
    (lambda s: s["firing"].update(date="2026-11-2"), "firing.date"),
    (lambda s: s["firing"].update(date="2026-02-30"), "firing.date"),
    (lambda s: s["height"].update(value=0), "height"),
    (lambda s: s["height"].update(unitCode="INH"), "credentialSubject.height.unitCode"),
    (lambda s: s.update(serial=s["serial"].replace("-", "")), "credentialSubject.serial"),
]


@pytest.mark.parametrize(("change", "field"), REFUSED)
def test_parser_and_schema_refuse_alike_and_name_the_field(change: Callable[[dict[str, Any]], Any], field: str) -> None:
    document = certificate(full_piece())
    change(document["credentialSubject"])
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(MalformedError) as caught:
        read(document)
    assert caught.value.field == field


PARSER_ALONE: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda s: s["edition"].update(number=11), "edition"),
    (lambda s: s["set"].update(pieces=[str(Serial.random()), str(Serial.random())]), "set.pieces"),
    (lambda s: s["partOf"].update(serial=s["serial"]), "partOf"),
    (lambda s: s["parts"][1].update(serial=s["partOf"]["serial"]), "partOf"),
    (lambda s: s["set"].update(pieces=["0000-0000-0000-1", s["serial"]]), "set.pieces"),
]


@pytest.mark.parametrize(("change", "field"), PARSER_ALONE)
def test_what_no_schema_can_say_the_parser_refuses(change: Callable[[dict[str, Any]], Any], field: str) -> None:
    document = certificate(full_piece())
    change(document["credentialSubject"])
    assert VALIDATOR.is_valid(document)
    with pytest.raises(MalformedError) as caught:
        read(document)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("height", {"value": 3, "unitCode": "MMT"}),
        ("weight", {"value": 3, "unitCode": "GRM"}),
        ("clayBody", {"en": "porcelain"}),
        ("firing", {"date": "2026-11-02"}),
    ],
)
def test_a_digital_work_has_no_body(name: str, value: Any) -> None:
    document = certificate(digital_piece())
    VALIDATOR.validate(document)
    document["credentialSubject"][name] = value
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(MalformedError) as caught:
        read(document)
    assert (caught.value.code, caught.value.field) == ("not-digital", name)


def test_an_object_has_no_file_and_a_file_is_named_once() -> None:
    document = certificate(digital_piece())
    as_object = deepcopy(document)
    as_object["credentialSubject"]["type"] = "Piece"
    assert not VALIDATOR.is_valid(as_object)
    with pytest.raises(MalformedError):
        read(as_object)
    short = deepcopy(document)
    short["relatedResource"].pop()
    with pytest.raises(MalformedError):
        read(short)
    exchanged = deepcopy(document)
    exchanged["relatedResource"].reverse()
    with pytest.raises(MalformedError):
        read(exchanged)
