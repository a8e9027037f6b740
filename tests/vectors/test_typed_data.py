"""What is signed for the ledger: the committed vectors are ours, and a second implementation agrees with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from provenance.evm.typed_data import LEDGER_TYPES
from tests.vectors.make_typed_data import FILE, vectors

MODULE = Path(__file__).resolve().parents[2] / "registry/provenance_registry/http/static/typed_data.js"
SCRIPT = """
import {readFileSync} from 'node:fs';
const source = readFileSync(process.argv[1]);
const {digest, domainSeparator, keccak256, structHash, LEDGER_TYPES} =
  await import('data:text/javascript;base64,' + source.toString('base64'));
const {domain, messages, inputs, wrong} = JSON.parse(readFileSync(0, 'utf8'));
const hex = bytes => '0x' + Buffer.from(bytes).toString('hex');
const ledger = {chainId: domain.chainId, contract: domain.verifyingContract, deploymentId: domain.salt};
process.stdout.write(JSON.stringify({
  types: LEDGER_TYPES,
  separator: hex(domainSeparator(ledger)),
  messages: messages.map(({type, message}) => [hex(structHash(type, message)), hex(digest(ledger, type, message))]),
  hashes: inputs.map(input => hex(keccak256(Buffer.from(input, 'hex')))),
  refused: wrong.map(([type, message]) => {
    try { structHash(type, message); return null; } catch(error) { return error.name; }
  }),
}));
"""


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return content


def ask(request: dict[str, Any]) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("SKIPPED: node not found, so the JavaScript encoder is not run")
    done = subprocess.run(
        [node, "--input-type=module", "--eval", SCRIPT, str(MODULE)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_committed_vectors_are_what_the_code_signs(committed: dict[str, Any]) -> None:
    assert committed == vectors(), (
        "run `python -m tests.vectors.make_typed_data`, and tell those who rely on the old ones"
    )
    assert {vector["type"] for vector in committed["messages"]} == set(LEDGER_TYPES)


def test_the_javascript_encoder_agrees(committed: dict[str, Any]) -> None:
    answer = ask({**committed, "inputs": [], "wrong": []})
    assert answer["types"] == {name: [list(member) for member in members] for name, members in LEDGER_TYPES.items()}
    assert answer["separator"] == committed["domainSeparator"]
    assert answer["messages"] == [[vector["structHash"], vector["digest"]] for vector in committed["messages"]]


def test_the_javascript_keccak_is_ethereums(committed: dict[str, Any]) -> None:
    inputs = [bytes((7 * i + size) % 256 for i in range(size)) for size in (*range(300), 1_000)]
    answer = ask({**committed, "messages": [], "inputs": [data.hex() for data in inputs], "wrong": []})
    assert answer["hashes"] == ["0x" + keccak(data).hex() for data in inputs]


def test_the_javascript_encoder_refuses_what_does_not_fit(committed: dict[str, Any]) -> None:
    good = {"tokenId": "1", "nonce": "0", "deadline": "0", "claimKey": "0x" + "11" * 20}
    status = {**good, "studio": "0x" + "11" * 20}
    wrong = [
        *(["Release", {**good, "tokenId": value}] for value in (-1, 1.5, 2**53, str(2**256), "0x1", "", None, " 1")),
        *(["Release", {**good, "claimKey": key}] for key in ("0x11", "0x" + "AA" * 20, "11" * 20, 5, None)),
        *(["SetStatus", {**status, "status": value}] for value in (256, "256", -1)),
        ["Transfer", good],
        ["constructor", good],
        ["Release", {name: value for name, value in good.items() if name != "deadline"}],
    ]
    answer = ask({**committed, "messages": [], "inputs": [], "wrong": [["Release", good], *wrong]})
    assert answer["refused"] == [None] + ["RangeError"] * len(wrong)
