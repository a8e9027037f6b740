"""Which certificates are shown for which tokens: what only whoever keeps bundles can find out.

The ledger holds roots.  That one certificate was anchored twice, or one serial given to two pieces, shows in the
bundles alone: each proves which leaf, and so which token, its certificate has.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from provenance.audit import Tally
from provenance.bundle import Bundle
from provenance.encoding import Digest
from provenance.errors import MalformedError, VerificationError, Wording
from provenance.merkle import verify_inclusion
from provenance.serial import Serial


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A certificate, or a serial under several certificates (`digest` is ``None`` then), that has several tokens."""

    serial: Serial
    digest: Digest | None
    tokens: tuple[int, ...]


@dataclass(slots=True)
class Evidence:
    """The certificates of a ledger's tokens, as bundles prove them."""

    tally: Tally
    bundles: int = 0
    shown: dict[int, Digest] = field(default_factory=dict)
    faults: list[Wording] = field(default_factory=list)
    _by_digest: dict[Digest, set[int]] = field(default_factory=lambda: defaultdict(set))
    _serials: dict[Digest, Serial] = field(default_factory=dict)

    def add(self, bundle: Bundle, name: str) -> set[int]:
        """Take in a bundle and return the tokens that it proves; what it claims and cannot prove becomes a fault."""
        self.bundles += 1
        certificate, proof = bundle.certificate, bundle.inclusion
        try:
            certificate.check_signature()
        except (VerificationError, MalformedError):
            self._fault("{name}: the certificate was altered.", name=name)
            return set()
        tokens, claims = set[int](), set[int]()
        for receipt in bundle.receipts:
            token_id = None if proof is None else self.tally.token_of(receipt.root, proof)
            if proof is None or token_id is None:
                continue  # A receipt of another ledger.
            try:
                verify_inclusion(certificate.digest.value, proof.index, proof.size, proof.path, receipt.root.value)
            except VerificationError:
                self._fault("{name}: the certificate is not in the batch that it names.", name=name)
                continue
            tokens.add(token_id)
            claims.add(receipt.token_id)
        if not tokens:
            self._fault("{name}: the certificate is on no batch of this ledger.", name=name)
        for token_id in claims - tokens:
            self._fault("{name}: the receipt names token {token}, and the leaf is that of another.", name=name,
                        token=token_id)  # fmt: skip
        for token_id in tokens:
            studio = self.tally.studios.get(self.tally.lots[token_id >> 32][0].studio)
            if studio is None or studio.did != certificate.issuer.did:
                self._fault("{name}: token {token} is another studio's than the certificate's.", name=name,
                            token=token_id)  # fmt: skip
            self.shown[token_id] = certificate.digest
        self._by_digest[certificate.digest] |= tokens
        self._serials[certificate.digest] = certificate.piece.serial
        return tokens

    def unreadable(self, name: str, error: MalformedError) -> None:
        """Note a bundle that cannot be read."""
        self._fault("{name}: {reason}", name=name, reason=error.wording)

    def duplicates(self) -> list[Duplicate]:
        """Return every certificate that has several tokens, then every serial whose certificates have several."""
        found = [
            Duplicate(self._serials[digest], digest, tuple(sorted(tokens)))
            for digest, tokens in self._by_digest.items()
            if len(tokens) > 1
        ]
        by_serial: dict[Serial, list[Digest]] = defaultdict(list)
        for digest, serial in self._serials.items():
            if self._by_digest[digest]:
                by_serial[serial].append(digest)
        for serial, digests in by_serial.items():
            tokens = set[int]().union(*(self._by_digest[digest] for digest in digests))
            if len(digests) > 1 and len(tokens) > 1:
                found.append(Duplicate(serial, None, tuple(sorted(tokens))))
        return found

    def _fault(self, template: str, /, **facts: object) -> None:
        self.faults.append(Wording.of(template, facts))
