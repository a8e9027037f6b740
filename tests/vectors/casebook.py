"""Where vectors are gathered: a bundle, what is asked, what the ledger answered, and the verdict."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, cast

from web3.providers.base import JSONBaseProvider

from provenance.bundle import Bundle
from provenance.canonical import JSONObject, canonicalize
from provenance.certificate import Certificate, format_time
from provenance.encoding import Digest
from provenance.errors import LedgerError, MalformedError
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import Node
from provenance.evm.quorum import Quorum
from provenance.keys import Signer
from provenance.ledger import LedgerIdentity, LedgerReader
from provenance.policy import TrustPolicy
from provenance.proof import add_proof
from provenance.serial import Serial
from provenance.verdict import Verdict
from provenance.verify import Verifier
from tests.support.answers import AnsweringReader, RecordingReader
from tests.support.nodes import LyingNode, RecordingNode
from tests.support.stories import REGISTRY, Story

UNREACHABLE = "unreachable"
AGREEING = 2
"""Nodes that must agree where several are asked."""
Between = Callable[[JSONBaseProvider], JSONBaseProvider]
Change = Callable[[dict[str, Any]], object]
"""What is done to a bundle's JSON: in place."""


def changed(bundle: Bundle, change: Change) -> bytes:
    """Return a bundle's bytes, canonical again, after a change that the signature does not know of."""
    members: dict[str, Any] = json.loads(bundle.to_bytes())
    change(members)
    return canonicalize(cast(JSONObject, members))


def signed_anew(signer: Signer, change: Change) -> Change:
    """Return the change of a bundle that changes its certificate first and signs it then: the proof fits."""

    def apply(document: dict[str, Any]) -> None:
        certificate = document["certificate"]
        old = certificate.pop("proof")
        change(certificate)
        document["certificate"] = add_proof(
            certificate, signer, verification_method=old["verificationMethod"], created=old["created"]
        )

    return apply


def with_receipt(bundle: Bundle, **members: Any) -> Bundle:
    """Return the bundle with other members of its receipt; `at` changes its block."""
    receipt = bundle.receipts[0]
    if "at" in members:
        members["block"] = replace(receipt.block, **members.pop("at"))
    return replace(bundle, receipts=(replace(receipt, **members), *bundle.receipts[1:]))


def with_signature(certificate: Certificate, signature: bytes) -> Certificate:
    """Return the certificate under another signature."""
    document = certificate.document()
    del document["proof"]
    return Certificate.from_document(replace(certificate.proof, signature=signature).attached(document))


def stored(data: bytes) -> bytes:
    """Return DEFLATE that does not compress (RFC 1951 section 3.2.4): the same from every zlib."""
    return b"\x01" + struct.pack("<HH", len(data), len(data) ^ 0xFFFF) + data


def word(data: str, place: int, value: int) -> str:
    """Return ABI data with another value in one of its 32-byte words."""
    start = 2 + 64 * place
    return data[:start] + f"{value:064x}" + data[start + 64 :]


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return what is held against other verifiers: no sentences and no details."""
    by = None if verdict.by_steward is None else ("steward" if verdict.by_steward else "studio")
    facts = {
        "digest": verdict.digest,
        "newest": verdict.newest,
        "shown": verdict.shown,
        "tokenId": verdict.token_id,
        "holder": verdict.holder,
        "statusBy": by,
    }
    return {
        "outcome": verdict.outcome.value,
        "reason": verdict.reason,
        "findings": [[int(finding.check), finding.code] for finding in verdict.findings],
        "advisories": list(verdict.advisories),
    } | {name: str(fact) for name, fact in facts.items() if fact is not None}


def ask(policy: TrustPolicy, reader: LedgerReader | None, data: bytes, **asked: Any) -> dict[str, Any]:
    """Return what a vector expects of `data`: a verdict, or the error of what is no bundle."""
    try:
        bundle = Bundle.from_bytes(data)
    except MalformedError as error:
        return {"error": error.code} | ({} if error.field is None else {"field": error.field})
    return verdict_json(Verifier(policy, reader).verify(bundle, **asked))


def ask_on(recorder: RecordingNode, story: Story, shown: Bundle | bytes) -> None:
    """Ask a lying node the rest: a verifier that does not notice the lie must find what it would go on with."""
    assert isinstance(shown, Bundle)
    ledger, receipt = EVMLedger(story.provider, story.ledger.identity.contract), shown.receipts[0]
    head, ledger.contract.node = ledger.head(), Node(recorder)
    for read in (
        ledger.head,
        partial(ledger.record, receipt.token_id, shown.certificate.public_key.key_id, head),
        partial(ledger.contract.canonical, receipt.block.number),
        partial(ledger.anchor_evidence, receipt.root, receipt.block.hash),
    ):
        with suppress(LedgerError):
            read()


def honest(provider: JSONBaseProvider) -> JSONBaseProvider:
    """Return what stands between a verifier and a chain that tells the truth: nothing."""
    return provider


def quorum(ledgers: Sequence[EVMLedger], now: datetime) -> Quorum:
    """Return the reader that asks all of them, by a clock that stands still."""
    return Quorum(ledgers, AGREEING, lambda: now)


@dataclass
class Casebook:
    """The vectors of one file, in their order."""

    vectors: list[dict[str, Any]] = field(default_factory=list)
    openings: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(
        self,
        name: str,
        story: Story,
        shown: Bundle | bytes,
        *,
        serial: Serial | None = None,
        base_url: str | None = None,
        photos: Mapping[Digest, bytes] | None = None,
        status_list: bytes | None = None,
        confirmations: int = 1,
        predecessors: tuple[LedgerIdentity, ...] = (),
        node: Between = honest,
        nodes: tuple[Between, ...] = (),
        now: datetime | None = None,
        ledger: str | None = "asked",
        pad_to: int | None = None,
    ) -> None:
        """Verify what is `shown` under a policy that pins the story's ledger, as of now, and keep it as a vector.

        `node` stands between verifier and chain; of several `nodes` two must agree, by a clock that says `now`.
        `ledger` is ``None`` offline and `UNREACHABLE` for a dead node.  `pad_to` is the length to which spaces are
        added, for what is too long to be written out.
        """
        data = shown if isinstance(shown, bytes) else shown.to_bytes()
        names = tuple(f"https://node{number}.example/rpc" for number in range(1, len(nodes) + 1))
        agreeing = AGREEING if nodes else 1
        policy = TrustPolicy(story.ledger.identity, names, confirmations, REGISTRY, predecessors, agreeing)
        vector: dict[str, Any] = {"name": name, "policy": json.loads(policy.to_bytes())}
        try:
            vector["bundle"] = data.decode()
        except UnicodeDecodeError:
            vector["bundleBase64"] = base64.b64encode(data).decode()
        if pad_to is not None:
            vector["padTo"] = pad_to
            data = data.ljust(pad_to)
        if serial is not None:
            vector["serial"] = str(serial)
        if base_url is not None:
            vector["baseUrl"] = base_url
        if photos is not None:
            vector["photos"] = {str(digest): base64.b64encode(photo).decode() for digest, photo in photos.items()}
        if status_list is not None:
            vector["statusList"] = status_list.decode()
        reader: Any = None
        if ledger == UNREACHABLE:
            reader = AnsweringReader(policy.ledger, UNREACHABLE)
        vector["ledger"] = ledger
        if ledger not in (None, UNREACHABLE):
            opened = [self._open(policy, story, between) for between in nodes or (node,)]
            if nodes:
                now = now or story.time
                reader = RecordingReader(quorum([ledger for _, ledger in opened], now))
                vector |= {"ledger": reader.told, "now": format_time(now), "nodes": [heard.told for heard, _ in opened]}
            else:
                ((heard, alone),) = opened
                reader = RecordingReader(alone)
                vector |= {"ledger": reader.told, "rpc": heard.told}
        asked = {"serial": serial, "base_url": base_url, "photos": photos, "status_list": status_list}
        vector["expected"] = ask(policy, reader, data, **asked)
        if vector.get("rpc") and isinstance(heard.provider, LyingNode):
            ask_on(heard, story, shown)
        self.vectors.append(vector)

    def _open(self, policy: TrustPolicy, story: Story, between: Between) -> tuple[RecordingNode, EVMLedger]:
        """Open the pinned ledger, and listen from then on through what stands `between`."""
        heard = RecordingNode(story.provider)
        ledger = EVMLedger(heard, policy.ledger.contract, policy.ledger)
        opening = self.openings.setdefault(str(policy.ledger.deployment_id), heard.told)
        assert opening == heard.told, "a ledger is opened by the same questions each time"
        heard.told, heard.provider = [], between(story.provider)
        return heard, ledger
