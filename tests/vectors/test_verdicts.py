"""The verdict vectors: this verifier agrees with each, from the answers and from the node's own words.

Readers and nodes answer what stands in the file and nothing else, so that a vector that lacks an answer fails.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provenance.certificate import parse_time
from provenance.encoding import Digest, KeyId
from provenance.evm.ledger import EVMLedger
from provenance.ledger import BlockRef, LedgerReader
from provenance.policy import TrustPolicy
from provenance.serial import Serial
from provenance.verdict import ADVISORIES, CODES, Check, Outcome
from tests.support.answers import AnsweringReader, from_json, to_json
from tests.support.nodes import AnsweringNode
from tests.support.stories import Story
from tests.vectors.casebook import AGREEING, ask, quorum
from tests.vectors.make_verdicts import FILE, text

CONTENT: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
VECTORS: list[dict[str, Any]] = CONTENT["vectors"]
ASKED = [vector for vector in VECTORS if "rpc" in vector]
AGREED = [vector for vector in VECTORS if "nodes" in vector]
VERDICTS = [vector for vector in VECTORS if "error" not in vector["expected"]]

REGISTRYS = {"not-vouched", "tag-voided", "possible-copy"}
"""Codes that only a registry can say: it alone knows of certificates that nobody anchors."""
NEVER_FIRST = {"studio-not-checked", "token-not-checked", "status-not-checked"}
"""Codes that never decide: why there is no answer is said at check 3, before them."""


def named(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def bytes_of(vector: dict[str, Any]) -> bytes:
    data: bytes = vector["bundle"].encode() if "bundle" in vector else base64.b64decode(vector["bundleBase64"])
    return data.ljust(vector.get("padTo", 0))


def verdict_of(vector: dict[str, Any], policy: TrustPolicy, reader: LedgerReader | None) -> dict[str, Any]:
    photos = vector.get("photos")
    return ask(
        policy,
        reader,
        bytes_of(vector),
        serial=Serial.parse(vector["serial"]) if "serial" in vector else None,
        base_url=vector.get("baseUrl"),
        status_list=vector["statusList"].encode() if "statusList" in vector else None,
        photos=None if photos is None else {Digest.parse(name): base64.b64decode(photos[name]) for name in photos},
    )


def time_of(seconds: int) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None


def policy_of(vector: dict[str, Any]) -> TrustPolicy:
    return TrustPolicy.from_bytes(json.dumps(vector["policy"]).encode())


def test_the_file_is_what_the_code_makes() -> None:
    """A difference here is a change of verdicts, contract or bundles: make the file anew only where that is meant."""
    made = text()
    if FILE.read_text("utf-8") != made:
        before = {named(vector): vector for vector in VECTORS}
        after = {named(vector): vector for vector in json.loads(made)["vectors"]}
        differ = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
        pytest.fail(f"run `python -m tests.vectors.make_verdicts` if this is meant: {len(differ)} differ: {differ[:5]}")


@pytest.mark.parametrize("vector", VECTORS, ids=named)
def test_the_verdict_is_the_expected_one(vector: dict[str, Any]) -> None:
    policy, told = policy_of(vector), vector["ledger"]
    reader: Any = None if told is None else AnsweringReader(policy.ledger, told)
    assert verdict_of(vector, policy, reader) == vector["expected"]


@pytest.mark.parametrize("vector", ASKED, ids=named)
def test_a_node_that_answers_so_leads_to_the_same_verdict(vector: dict[str, Any]) -> None:
    policy = policy_of(vector)
    assert verdict_of(vector, policy, opened(policy, vector["rpc"])) == vector["expected"]


@pytest.mark.parametrize("vector", AGREED, ids=named)
def test_nodes_that_answer_so_lead_to_the_same_verdict(vector: dict[str, Any]) -> None:
    policy = policy_of(vector)
    ledgers = [opened(policy, told) for told in vector["nodes"]]
    assert policy.agreeing == AGREEING
    reader = quorum(ledgers, parse_time(vector["now"], "now"))
    assert verdict_of(vector, policy, reader) == vector["expected"]


def opened(policy: TrustPolicy, told: list[dict[str, Any]]) -> EVMLedger:
    opening = CONTENT["openings"][str(policy.ledger.deployment_id)]
    return EVMLedger(AnsweringNode([*opening, *told]), policy.ledger.contract, policy.ledger)


def test_every_code_and_every_outcome_is_reached() -> None:
    findings = [finding for vector in VERDICTS for finding in vector["expected"]["findings"]]
    assert {code for _, code in findings} == CODES.keys() - REGISTRYS
    assert all(CODES[code].check == check or code == "not-reached" for check, code in findings)
    assert {
        advisory for vector in VERDICTS for advisory in vector["expected"]["advisories"]
    } == ADVISORIES.keys() - REGISTRYS
    reasons = {vector["expected"]["reason"] for vector in VERDICTS}
    forcing = {name for name, code in CODES.items() if code.outcome is not None}
    assert reasons == forcing - REGISTRYS - NEVER_FIRST | {"authentic"}
    outcomes = {vector["expected"]["outcome"] for vector in VERDICTS}
    assert outcomes == {outcome.value for outcome in Outcome if outcome is not Outcome.UNKNOWN}  # A registry's word.


def test_every_verdict_names_every_check_in_order() -> None:
    for vector in VERDICTS:
        checks = [check for check, _ in vector["expected"]["findings"]]
        assert checks == sorted(checks), named(vector)
        assert set(checks) == set(Check), named(vector)


def test_a_records_answer_says_what_its_words_say() -> None:
    """The words are read here by hand: whoever reads them in another language needs no more than this."""
    compared = 0
    for vector in ASKED:
        answers = [entry for entry in vector["ledger"] if entry["ask"] == "record" and entry.get("answer")]
        calls = [entry["result"] for entry in vector["rpc"] if entry["method"] == "eth_call" and "result" in entry]
        for entry, data in zip(answers, calls[: len(answers)], strict=True):
            answer, words = entry["answer"], [data[start : start + 64] for start in range(2, len(data), 64)]
            anchor, numbers = answer["anchor"], [int(word, 16) for word in words]
            assert len(words) == 20
            assert ["0x" + words[0][24:], "0x" + words[3][24:]] == [answer["studio"], answer["holder"]]
            assert ["0x" + word for word in (words[1], words[2])] == [answer["didHash"], answer["nameHash"]]
            assert ["0x" + words[4], *numbers[5:7]] == [anchor["root"], anchor["anchorId"], anchor["leafCount"]]
            assert numbers[7] == answer["offset"] + int(answer["tokenId"]) % 2**32
            assert [time_of(numbers[8]), numbers[9]] == [anchor["time"], anchor["blockNumber"]]
            assert ["active", "on-hold", "revoked", "retired"][numbers[10]] == answer["status"]
            assert [time_of(number) for number in numbers[11:13]] == [answer["statusTime"], answer["lostSince"]]
            assert [bool(number) for number in numbers[13:15]] == [answer["standingAtAnchor"], answer["standingNow"]]
            end = None if numbers[16] == 2**64 - 1 else time_of(numbers[16])
            assert answer["key"] == ({"start": time_of(numbers[15]), "end": end} if numbers[15] else None)
            newest = {"digest": "0x" + words[17], "time": time_of(numbers[18]), "count": numbers[19]}
            assert answer["amendment"] == (newest if numbers[19] else None)
            compared += 1
    assert compared > 100


def test_numbers_are_those_that_javascript_counts_exactly() -> None:
    def numbers(value: Any) -> Iterator[int | float]:
        if isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                yield from numbers(item)
        elif isinstance(value, int | float):
            yield value

    assert all(type(number) in (int, bool) and abs(number) < 2**53 for number in numbers(CONTENT))


def test_names_are_unique_and_no_vector_stands_twice() -> None:
    assert len({named(vector) for vector in VECTORS}) == len(VECTORS)
    seen: dict[str, str] = {}
    for vector in VECTORS:
        content = json.dumps({name: value for name, value in vector.items() if name != "name"}, sort_keys=True)
        assert seen.setdefault(content, named(vector)) == named(vector)


def test_readme_describes_every_member() -> None:
    words = Path(FILE.parent, "README.md").read_text("utf-8")
    members = {name for vector in VECTORS for name in vector} | {n for v in VECTORS for n in v["expected"]}
    reads = {entry["ask"] for vector in VECTORS if isinstance(vector["ledger"], list) for entry in vector["ledger"]}
    assert [name for name in sorted(members | reads | CONTENT.keys()) if f"`{name}`" not in words] == []


def test_answers_come_back_from_json() -> None:
    story = Story("a ledger to read")
    lin = story.studio("lin", "林家窑")
    (bundle,) = story.made(lin)
    head, token_id = story.ledger.head(), bundle.receipts[0].token_id
    record = story.ledger.record(token_id, lin.signer.public_key.key_id, head)
    assert record is not None
    assert from_json(type(record), json.loads(json.dumps(to_json(record)))) == record
    assert from_json(BlockRef, to_json(head)) == head
    told = [{"ask": "head", "answer": to_json(head)}]
    assert AnsweringReader(story.ledger.identity, told).head() == head
    with pytest.raises(AssertionError, match="was not asked"):
        AnsweringReader(story.ledger.identity, told).record(token_id, KeyId(bytes(32)), head)
