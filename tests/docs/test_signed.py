"""What the ledger's page says of signing is what the code signs, and what the benchmark measures."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from provenance.evm.typed_data import LEDGER_TYPES
from provenance.handover import MAX_SIGNATURE_BYTES
from tests.docs.pages import quoted, read, rows, section

LEDGER = "docs/ledger.md"


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(read("tests/vectors/typed_data.json"))
    return content


def test_every_type_is_written_out(vectors: dict[str, Any]) -> None:
    said = [quoted(cells[0])[0] for cells in rows(section(read(LEDGER), "### The digest"))]
    assert len(said) == len(LEDGER_TYPES)
    assert set(said) == {vector["encodeType"] for vector in vectors["messages"]}


def test_a_passkeys_signature_is_laid_out_as_the_table_says(vectors: dict[str, Any]) -> None:
    text = section(read(LEDGER), "### A passkey's signature")
    first = [int(cells[0].partition("–")[0]) for cells in rows(text)]
    last = [int(end) if (end := cells[0].partition("–")[2]) else None for cells in rows(text)]
    assert [end + 1 for end in last[:-1] if end is not None] == first[1:]
    assert f"at most {MAX_SIGNATURE_BYTES:,}" in text
    for vector in vectors["passkeys"]:
        data = bytes.fromhex(vector["signature"][2:])
        verifier, x, y, _, s, challenge, kind, device, client, _ = (
            data[start : None if end is None else end + 1] for start, end in zip(first, last, strict=True)
        )
        assert ["0x" + part.hex() for part in (verifier, x, y)] == [vector[name] for name in ("verifier", "x", "y")]
        assert s.hex() in (vector["der"][-64:], f"{ORDER - int(vector['der'][-64:], 16):064x}")
        written = vector["clientDataJSON"]
        assert written[int.from_bytes(challenge, "big") :].startswith('"challenge":"')
        assert written[int.from_bytes(kind, "big") :].startswith('"type":"webauthn.get"')
        assert int.from_bytes(device, "big") == int(re.findall(r"\| (\d+), where", text)[0])
        for place, content in ((device, bytes.fromhex(vector["authenticatorData"][2:])), (client, written.encode())):
            start = 84 + int.from_bytes(place, "big")
            assert int.from_bytes(data[start : start + 32], "big") == len(content)
            assert data[start + 32 :].startswith(content)


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_gas_of_a_hand_over_is_what_the_benchmark_measures() -> None:
    from benchmarks.chains import ANVIL, anvil, embedded
    from benchmarks.claim_gas import measure_claims, measure_plain_mint
    from benchmarks.deployment import People

    text, people = section(read(LEDGER), "### Gas of a hand-over"), People()
    said = [[float(cell.replace(",", "")) for cell in cells[1:]] for cells in rows(text)]
    with embedded(people.all) as chain:
        mints, prague = measure_plain_mint(chain, people), measure_claims(chain, people)
    assert [float(number.replace(",", "")) for number in re.findall(r"(\d+,\d+) (?:gas )?for", text)] == [
        pytest.approx(gas, abs=60) for gas in mints
    ]
    # Zero bytes of a random signature cost less; P-256 in Solidity takes 449,000 to 458,000 in a dozen runs.
    assert [row[0] for row in said] == [
        pytest.approx(gas, rel=0.03) for gas in (prague.to_address, prague.to_passkey, prague.by_passkey)
    ]
    if not ANVIL.exists():
        pytest.skip("SKIPPED: no anvil, so Osaka's figures are not measured")
    with anvil(people.all, "osaka") as chain:
        osaka = measure_claims(chain, people)
    assert [row[1] for row in said] == [
        pytest.approx(gas, rel=0.01) for gas in (osaka.to_address, osaka.to_passkey, osaka.by_passkey)
    ]
