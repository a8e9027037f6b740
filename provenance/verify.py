"""Verifying a piece: the numbered checks, against one pinned ledger.

The checks are those of the design, and each block below carries its number:

(0) well-formed, (1) signature, (2) inclusion in the batch, (3) anchor on the pinned ledger, confirmed, (4) studio
accredited and key valid at the anchor's time, (5) token, serial and newest amendment agree, (6) status on the ledger,
(7) photos match their digests, (8) tag.

>>> verdict = Verifier(policy, ledger).verify(Bundle.from_bytes(data))  # doctest: +SKIP
>>> verdict.require()  # doctest: +SKIP
"""

from __future__ import annotations

from provenance import amendments, status_list
from provenance.bundle import Bundle, InclusionProof, Receipt
from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import ConfigurationError, LedgerError, MalformedError, VerificationError
from provenance.ledger import AnchorEvidence, BlockRef, LedgerReader, LedgerRecord, split_token_id
from provenance.merkle import verify_inclusion
from provenance.photos import Photos, compared
from provenance.policy import TrustPolicy
from provenance.serial import Serial
from provenance.status import Status
from provenance.successor import Successor
from provenance.verdict import CODES, Finding, Result, Verdict, completed, conclude


class Verifier:
    """Verifies bundles under one trust policy; without a ledger, only what needs none is checked.

    Where there is none, `silent` is why none of its nodes could be asked, ``None`` where nobody tried.  Raises
    `ConfigurationError` when `ledger` is another than the one that the policy pins.
    """

    def __init__(self, policy: TrustPolicy, ledger: LedgerReader | None, silent: LedgerError | None = None) -> None:
        if ledger is not None and ledger.identity != policy.ledger:
            raise ConfigurationError(
                "wrong-ledger",
                "The ledger asked is not the one that the trust policy pins.",
                hint="Ask a node of the pinned chain, or pin the right policy after comparing its words.",
            )
        self._policy = policy
        self._ledger = ledger
        self._unasked = ("offline", "") if silent is None else _unanswered(silent)
        self._successor = Successor()

    def verify(
        self,
        bundle: Bundle,
        *,
        serial: Serial | None = None,
        base_url: str | None = None,
        photos: Photos | None = None,
        status_list: bytes | None = None,
    ) -> Verdict:
        """Return the verdict on `bundle`.

        `serial` is the one that was scanned or typed, `base_url` the registry's address on the tag that was scanned;
        `photos` are those at hand, asked for one at a time once it is known which form counts; `status_list` are the
        bytes of the list that the certificate names, empty where it could not be fetched.  Never raises for what the
        bundle holds or the ledger answers.
        """
        inquiry = _Inquiry(self._policy, self._ledger, self._successor, bundle, serial, base_url, photos, status_list)
        inquiry.why_unasked = self._unasked
        inquiry.run()
        return inquiry.verdict()


class _Inquiry:
    """One verification: gathers findings, stops where going on would mean nothing."""

    def __init__(
        self,
        policy: TrustPolicy,
        ledger: LedgerReader | None,
        successor: Successor,
        bundle: Bundle,
        serial: Serial | None,
        base_url: str | None,
        photos: Photos | None,
        status_list: bytes | None,
    ) -> None:
        self.policy, self.ledger, self.successor, self.bundle = policy, ledger, successor, bundle
        self.serial, self.base_url, self.photos, self.status_list = serial, base_url, photos, status_list
        self.findings: list[Finding] = []
        self.advisories: dict[str, str] = {}
        self.block: BlockRef | None = None
        self.record: LedgerRecord | None = None
        self.by_steward: bool | None = None
        self.unasked = False
        self.why_unasked = ("offline", "")
        self.counted: Certificate | None = None

    def advise(self, code: str, detail: str = "") -> None:
        """Add an advisory."""
        self.advisories[code] = detail

    def say(self, code: str, detail: str = "") -> bool:
        """Add a finding; tell whether its check passed."""
        self.findings.append(Finding(CODES[code].check, code, detail))
        return CODES[code].result is Result.PASSED

    def run(self) -> None:
        """Carry out the checks in their order."""
        certificate = self.bundle.certificate
        # (0) The constructors of `Bundle` and `Certificate` accept the one exact form only.
        self.say("well-formed")
        # (1)
        if not self._signature(certificate):
            return
        # (2)
        receipt, proof = self._receipt(), self.bundle.inclusion
        if receipt is None or proof is None or not self._inclusion(certificate, receipt, proof):
            self._serial(certificate)
            return
        # (3)
        record = self._anchor(certificate, receipt)
        if record is not None:
            self.record = record
            # (4)
            self._studio(certificate, record)
            # (5)
            self._token(certificate, receipt, proof, record)
            # (6)
            self._status(certificate, record)
        elif self._serial(certificate) and self.unasked:
            self.say("token-not-checked")
        # (7)
        self._photos(self.counted or certificate)
        # (8) Whether a tag was voided or copied is the registry's to tell; a tag alone proves nothing.
        self._tag(certificate)

    def _signature(self, certificate: Certificate) -> bool:
        try:
            certificate.check_signature()
        except (VerificationError, MalformedError) as error:
            return self.say("altered", error.code)
        return self.say("signed", certificate.public_key.multikey)

    def _receipt(self) -> Receipt | None:
        """Choose the receipt of the pinned ledger, else the earliest of a predecessor: the anchor's own."""
        receipts, policy = self.bundle.receipts, self.policy
        of_predecessors = [receipt for receipt in receipts if any(map(receipt.is_of, policy.predecessors))]
        for receipt in receipts:
            if receipt.is_of(policy.ledger):
                return receipt
        if of_predecessors:
            # Where a piece moved twice, the ledger between has an event of its own, which is an import's.
            return min(of_predecessors, key=lambda receipt: receipt.block.time)
        if receipts:
            self.say("foreign-ledger", f"chain {self.bundle.receipts[0].chain_id}")
        else:
            self.say("not-anchored")
        return None

    def _inclusion(self, certificate: Certificate, receipt: Receipt, proof: InclusionProof) -> bool:
        try:
            verify_inclusion(certificate.digest.value, proof.index, proof.size, proof.path, receipt.root.value)
        except VerificationError as error:
            return self.say("not-included", error.code)
        return self.say("included", f"leaf {proof.index} of {proof.size}")

    def _anchor(self, certificate: Certificate, receipt: Receipt) -> LedgerRecord | None:
        if self.ledger is None:
            self._unasked(*self.why_unasked)
            return None
        try:
            split_token_id(receipt.token_id)
            self.block = head = self.ledger.head()
            record = self.ledger.record(receipt.token_id, certificate.public_key.key_id, head)
            native = receipt.is_of(self.policy.ledger)
            evidence = self.ledger.anchor_evidence(receipt.root, receipt.block.hash) if native else None
            fault = self._no_record(self.ledger, receipt, record, head)
        except LedgerError as error:
            self._unasked(*_unanswered(error))
            return None
        except MalformedError:
            self.say("not-on-ledger", "bad token id")
            return None
        if record is None or fault is not None:
            self.say(fault or "not-on-ledger")
            return None
        if native:
            self._own_receipt(receipt, record, evidence, head)
        else:
            self._predecessors_receipt(receipt, record, head)
        return record

    def _no_record(
        self, ledger: LedgerReader, receipt: Receipt, record: LedgerRecord | None, head: BlockRef
    ) -> str | None:
        """Return why there is no record under the receipt's root, ``None`` where there is one; raises `LedgerError`."""
        if record is not None and record.anchor.root == receipt.root:
            return None
        if receipt.is_of(self.policy.ledger) and head.number < receipt.block.number:
            return "ledger-behind"
        # A chain that was rearranged can give the batch another lot, and its pieces other tokens.
        return "not-on-ledger" if ledger.anchor_id_of(receipt.root, head) is None else "stale-receipt"

    def _unasked(self, code: str, detail: str = "") -> None:
        """Say why there is no answer of the ledger's, and what is not known for want of it."""
        self.unasked = True
        self.say(code, detail)
        self.say("studio-not-checked")
        self.say("status-not-checked")

    def _own_receipt(
        self, receipt: Receipt, record: LedgerRecord, evidence: AnchorEvidence | None, head: BlockRef
    ) -> None:
        """Hold a receipt of the pinned ledger against that ledger's own event."""
        anchor = record.anchor
        if evidence != AnchorEvidence(anchor.anchor_id, receipt.root, receipt.transaction, receipt.block):
            self.say("stale-receipt")
        elif (anchor.block_number, anchor.time) == (receipt.block.number, receipt.block.time):
            self._depth(anchor.block_number, head)
        elif self.policy.predecessors and anchor.time < receipt.block.time:
            # Only an importer, before sealing, dates an anchor earlier than its event: block and time are the
            # predecessor's, whose chain is not this one, so that depth counts from the event.
            self.advise("imported")
            self._depth(receipt.block.number, head)
        else:
            self.say("stale-receipt")

    def _predecessors_receipt(self, receipt: Receipt, record: LedgerRecord, head: BlockRef) -> None:
        """Hold a predecessor's receipt against what the pinned ledger took over: its event stands elsewhere."""
        anchor = record.anchor
        if (anchor.block_number, anchor.time) != (receipt.block.number, receipt.block.time):
            self.say("stale-receipt")
            return
        self.advise("imported")
        if anchor.block_number > head.number:
            self.say("anchored", f"block {anchor.block_number}")
        else:
            # Any receipt can call itself a predecessor's: an anchor of the pinned ledger must not count by that
            # before it lies deep enough.  A taken over one may wait here too, for the few blocks of that number.
            self._depth(anchor.block_number, head)

    def _depth(self, block_number: int, head: BlockRef) -> None:
        depth = head.number - block_number + 1
        if depth < self.policy.confirmations:
            self.say("not-confirmed", f"{depth} of {self.policy.confirmations}")
        else:
            self.say("anchored", f"block {block_number}")

    def _studio(self, certificate: Certificate, record: LedgerRecord) -> None:
        issuer = certificate.issuer
        if record.did_hash != Digest.of(issuer.did.encode()):
            self.say("wrong-issuer", issuer.did)
        elif record.name_hash != Digest.of(issuer.name.encode()):
            self.say("wrong-issuer", issuer.name)
        elif record.key is None:
            self.say("wrong-key", certificate.public_key.multikey)
        elif not record.standing_at_anchor:
            self.say("not-accredited", str(record.studio))
        elif not record.key.covers(record.anchor.time):
            self.say("key-not-valid", certificate.public_key.multikey)
        else:
            self.say("accredited", str(record.studio))
            if record.key.end is not None:
                self.advise("key-retired")
        if not record.standing_now:
            self.advise("studio-suspended")

    def _token(self, certificate: Certificate, receipt: Receipt, proof: InclusionProof, record: LedgerRecord) -> None:
        _, index = split_token_id(receipt.token_id)
        if record.token_id != receipt.token_id or record.offset + index != proof.index:
            self.say("wrong-token", f"token {receipt.token_id}")
        elif record.anchor.leaf_count != proof.size:
            self.say("wrong-token", f"batch of {record.anchor.leaf_count}")
        elif self._serial(certificate) and self._amendments(certificate, record):
            self.say("token-agrees", f"token {receipt.token_id}")

    def _serial(self, certificate: Certificate) -> bool:
        if self.serial is not None and self.serial != certificate.piece.serial:
            return self.say("other-serial", str(certificate.piece.serial))
        return True

    def _amendments(self, certificate: Certificate, record: LedgerRecord) -> bool:
        """Check that the newest amendment is shown, and validly signed; find out whether it counts."""
        shown, newest = self.bundle.amendments, record.amendment
        if wrong := amendments.disagreement(certificate, shown, newest):
            return self.say(*wrong)
        if newest is None:
            return True
        if not self._newest_key(shown[-1], record):
            return False
        if not self.counted:
            # Whoever stole the key may have signed it, after the time that the compromise was dated back to.
            if newest.count > 1:
                return self.say("amendment-void", shown[-1].public_key.multikey)
            self.advise("amendment-not-counted", shown[-1].public_key.multikey)
            return True
        self.advise("amended")
        if len(shown) < newest.count:
            self.advise("amendment-not-shown", f"{len(shown)} of {newest.count}")
        return True

    def _newest_key(self, newest: Certificate, record: LedgerRecord) -> bool:
        """Find out whether the newest amendment counts: its key was valid when the ledger saw it."""
        ledger, block, amendment = self.ledger, self.block, record.amendment
        if ledger is None or block is None or amendment is None:
            raise TypeError("an amended record comes from a ledger")
        try:
            under_key = ledger.record(record.token_id, newest.public_key.key_id, block)
        except LedgerError as error:
            self.say(*_unanswered(error))
            return self.say("token-not-checked")
        if under_key is not None and under_key.key is not None and under_key.key.covers(amendment.time):
            self.counted = newest
        return True

    def _status(self, certificate: Certificate, record: LedgerRecord) -> None:
        since = "" if record.status_time is None else record.status_time.isoformat()
        self._ask_around(record)
        match record.status:
            case Status.REVOKED:
                self.say("revoked", since)
            case Status.ON_HOLD:
                self.say("held-by-guild" if self.by_steward else "on-hold", since)
            case Status.RETIRED:
                self.say("active")
                self.advise("retired", since)
            case Status.ACTIVE:
                self.say("active")
        if record.lost_since is not None:
            self.advise("lost", record.lost_since.isoformat())
        if self.status_list is not None:
            listed = status_list.disagreement(self.status_list, certificate, is_revoked=record.status is Status.REVOKED)
            if listed is not None:
                self.advise(*listed)

    def _ask_around(self, record: LedgerRecord) -> None:
        """Ask what decides nothing: who set the status, and whether another ledger takes over."""
        ledger, block = self.ledger, self.block
        if ledger is None or block is None:
            raise TypeError("a record comes from a ledger")
        try:
            if record.status is not Status.ACTIVE:
                self.by_steward = ledger.status_by_steward(record.token_id, block)
            named = self.successor.named(ledger, block)
        except LedgerError as error:
            if error.code == "nodes-disagree":
                self.say(*_unanswered(error))
            return
        if named is not None:
            self.advise("successor-named", f"{named.contract}, chain {named.chain_id}")

    def _photos(self, certificate: Certificate) -> None:
        code, detail = compared(certificate.piece.photos, self.photos)
        self.say(code, detail)
        if code == "photos-not-checked" and self.photos is not None:
            self.advise("photo-missing")

    def _tag(self, certificate: Certificate) -> None:
        if self.base_url not in (None, certificate.issuer.base_url):
            self.say("other-host", str(self.base_url))
        else:
            self.say("tag-unproven")

    def verdict(self) -> Verdict:
        """Return the verdict that the findings add up to; checks that were not reached are named as such."""
        ordered = completed(self.findings)
        outcome, reason = conclude(ordered)
        certificate, record = self.bundle.certificate, self.record
        told = self.bundle.as_exported if self.unasked else None
        if told is not None:
            self.advise("as-exported", f"block {told.block.number}, {told.block.time.isoformat()}")
        return Verdict(
            outcome=outcome,
            reason=reason,
            findings=ordered,
            advisories=tuple(self.advisories),
            serial=certificate.piece.serial,
            digest=certificate.digest,
            shown=(self.counted or certificate).digest,
            newest=record.amendment.digest if record is not None and record.amendment is not None else None,
            token_id=record.token_id if record is not None else None,
            studio=record.studio if record is not None else None,
            holder=record.holder if record is not None else None,
            block=self.block,
            details={code: detail for code, detail in self.advisories.items() if detail},
            status_time=record.status_time if record is not None else None,
            by_steward=self.by_steward,
            as_exported=told,
        )


def _unanswered(error: LedgerError) -> tuple[str, str]:
    """Return the finding, and its detail, for a question that the ledger did not answer."""
    return ("nodes-disagree" if error.code == "nodes-disagree" else "ledger-unreachable"), error.code
