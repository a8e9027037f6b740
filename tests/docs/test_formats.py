"""The pages on certificate and ledger say what the code does: nothing is missing, nothing is left over."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from provenance.canonical import canonicalize
from provenance.certificate import Issuer, StatusEntry
from provenance.documents import schema
from provenance.encoding import Digest
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.piece import MEASURES, PLAIN_FIELDS, TEXT_FIELDS, Edition, Firing, Photo, Piece
from provenance.serial import Serial
from provenance.verdict import ADVISORIES, CODES, QUESTIONS, REASONS, Outcome
from tests.docs.pages import blocks_of, quoted, read, rows, section

FORMAT = "docs/certificate-format.md"
LEDGER = "docs/ledger.md"


# --- certificate and verdict ------------------------------------------------------------------------------------------


def test_the_example_is_made_by_the_code() -> None:
    (block,) = [block for block in blocks_of(FORMAT, "json") if block.info == "example"]
    piece = Piece(
        Serial.parse("7K3M-9QX2-VD5T-6"),
        {"en": "Meiping vase", "zh-Hans": "青花梅瓶"},
        glaze={"en": "transparent"},
        firing=Firing(kiln={"en": "wood"}, date="2026-11-02", peak_celsius=1_320),
        height_mm=312,
        weight_g=2_140,
        edition=Edition(1, 2),
        photos=(Photo(Digest.of(b"a photo")),),
    )
    made = issue(
        piece,
        Issuer("https://registry.example", "sample-studio", "Sample Studio"),
        P256Signer.from_secret(hashlib.sha256(b"kilnmark example").digest()),
        status_entry=StatusEntry("0123456789ab", 7),
        now=datetime(2026, 11, 24, 10, 17, 34, tzinfo=UTC),
    )
    assert canonicalize(json.loads(block.text)) == made.data
    assert f"`{made.digest}`" in read(FORMAT)
    assert f"Its canonical form has {len(made.data):,} bytes" in read(FORMAT)


def test_every_member_of_the_subject_is_documented_with_its_limit() -> None:
    limits = dict((*TEXT_FIELDS.values(), *PLAIN_FIELDS.values()))
    limits |= {name: largest for name, _, largest in MEASURES.values()}
    said = {name: cells[1] for cells in rows(section(read(FORMAT), "### The subject")) for name in quoted(cells[0])}
    for name, limit in limits.items():
        assert f"{limit:,}" in said[name], name
    subject = schema("https://registry.example")["properties"]["credentialSubject"]["properties"]
    assert set(said) == set(subject)


@pytest.mark.parametrize(
    ("heading", "members"),
    [
        ("### Makers", ["maker"]),
        ("### Edition, set and pair", ["edition", "set"]),
        ("### Whole and parts", ["partOf", "parts"]),
        ("### Photos, scans and files", ["image", "scan", "file"]),
    ],
)
def test_every_member_of_a_member_is_documented(heading: str, members: list[str]) -> None:
    text = section(read(FORMAT), heading)
    document = schema("https://registry.example")
    subject = document["properties"]["credentialSubject"]["properties"]
    inner = [document["$defs"]["maker"]] if members == ["maker"] else [subject[name] for name in members]
    for item in inner:
        for name in _members(item):
            assert name in quoted(text), name
        for word in _words(item):
            assert word in quoted(text), word


def _members(schema: dict[str, Any]) -> set[str]:
    """Return the names of all members of an object, at any depth, but for those of texts."""
    inner = schema.get("items", schema).get("properties", {})
    return set(inner).union(*(_members(value) for value in inner.values()))


def _words(schema: Any) -> set[str]:
    """Return all texts that a member must be equal to."""
    if isinstance(schema, list):
        return set().union(*map(_words, schema))
    if not isinstance(schema, dict):
        return set()
    own = {word for word in [*schema.get("enum", []), schema.get("const")] if isinstance(word, str)}
    return own.union(*map(_words, schema.values()))


def test_the_parts_of_a_subject_are_read_and_written_as_they_stand() -> None:
    blocks = [block for block in blocks_of(FORMAT, "json") if block.info == "subject"]
    assert len(blocks) == 3
    for block in blocks:
        facts = {"serial": "7K3M-9QX2-VD5T-6", "title": {"en": "x"}, **json.loads(block.text)}
        assert Piece.from_json(facts).to_json() == facts


def test_every_finding_is_in_the_table() -> None:
    said = {}
    for cells in rows(section(read(FORMAT), "### Checks and findings").partition("| Code |")[2]):
        check, code, result, outcome, sentence = cells
        said[quoted(code)[0]] = check, result, (quoted(outcome) or [""])[0], sentence
    true = {
        name: (
            "any" if name == "not-reached" else str(int(code.check)),
            code.result.value,
            code.outcome.value if code.outcome else "",
            code.message,
        )
        for name, code in CODES.items()
    }
    assert said == true
    asked = rows(section(read(FORMAT), "### Checks and findings").partition("| Check | Asks |")[2].partition("\n\n")[0])
    assert asked == [[str(int(check)), *question] for check, question in QUESTIONS.items()]
    advisories = {quoted(cells[0])[0]: cells[1] for cells in rows(section(read(FORMAT), "### Advisories"))}
    assert advisories == ADVISORIES
    text = section(read(FORMAT), "## The verdict")
    outcomes = [quoted(cells[0])[0] for cells in rows(text.partition("###")[0])]
    assert outcomes == [outcome.value for outcome in Outcome]
    assert all(f"`{reason}`" in text for reason, _ in REASONS.values())


# --- ledger -----------------------------------------------------------------------------------------------------------


def signature(item: dict[str, Any]) -> str:
    kinds = [(member["internalType"], member["name"]) for member in item["inputs"]]
    plain = (re.sub(r"struct I\w+\.", "", kind) + " " + name for kind, name in kinds)
    return f"{item['name']}({', '.join(plain)})"


def test_every_member_of_the_contract_is_documented() -> None:
    abi = json.loads(read("provenance/evm/artifacts/PieceLedger.json"))["abi"]
    interface = "".join(read(f"contracts/I{name}.sol") for name in ("PieceLedger", "HandOver", "Succession"))
    for kind, heading in (("function", "## Functions"), ("event", "## Events"), ("error", "## Errors")):
        own = set(re.findall(rf"^    {kind} (\w+)\(", interface, re.MULTILINE))
        assert own
        items = [item for item in abi if item["type"] == kind]
        true = {signature(item) for item in items if item["name"] in own}
        assert len(true) == len(own)
        said = {quoted(cells[0])[0] for cells in rows(section(read(LEDGER), heading))}
        assert said == true
        inherited = {item["name"] for item in items} - own
        assert inherited <= set(quoted(section(read(LEDGER), "## Inherited members")))
    assert set(quoted(section(read(LEDGER), "## Inherited members"))) <= {item.get("name") for item in abi}


def test_every_member_of_a_record_is_documented() -> None:
    abi = json.loads(read("provenance/evm/artifacts/PieceLedger.json"))["abi"]
    (record,) = [item for item in abi if item.get("name") == "record"]
    text = section(read(LEDGER), "## Functions").partition("`record` returns")[2]
    assert quoted(text) == [member["name"] for member in record["outputs"][0]["components"]]


def test_gas_is_what_the_benchmark_measures() -> None:
    from benchmarks.anchor_gas import measure

    said = {(int(cells[0].replace(",", "")), int(cells[1])): float(cells[2].replace(",", ""))
            for cells in rows(section(read(LEDGER), "## Gas"))}  # fmt: skip
    assert len(said) > 4
    measured = {(figure.pieces, figure.lots): figure.gas / figure.pieces for figure in measure((1, 10, 100, 1_000))}
    for key, gas in measured.items():
        if key in said:
            assert said[key] == pytest.approx(gas, rel=0.005), key
    assert set(said) - set(measured) == {(5_000, 1), (5_000, 10)}
