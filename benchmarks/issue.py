"""How many certificates a core issues in a second: canonical bytes, P-256 signature, digest and Merkle leaf."""

from __future__ import annotations

import hashlib
import statistics
import sys
import time
from collections.abc import Callable

import rfc8785

from benchmarks import sample
from benchmarks.table import Aim, report
from provenance.certificate import format_time, render
from provenance.encoding import to_base58
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.merkle import leaf_hash

PIECES, ROUNDS = 3_000, 5


def rate(work: Callable[[int], object], count: int) -> float:
    """Return how often `work` is done in a second of this process's CPU time."""
    started = time.process_time()
    for number in range(count):
        work(number)
    return count / (time.process_time() - started)


def main() -> int:
    signer = P256Signer.generate()
    method = f"{sample.ISSUER.did}#{signer.public_key.multikey}"
    pieces = [sample.piece() for _ in range(PIECES)]
    size = len(issue(pieces[0], sample.ISSUER, signer, status_entry=sample.entry(0), now=sample.NOW).data)

    def ours(number: int) -> bytes:
        entry = sample.entry(number)
        return leaf_hash(issue(pieces[number], sample.ISSUER, signer, status_entry=entry, now=sample.NOW).digest.value)

    def plain(number: int) -> bytes:
        """The same document, with the reference encoder and none of our shortcuts."""
        document = render(pieces[number], sample.ISSUER, sample.entry(number), sample.NOW, None)
        options = {
            "@context": document["@context"],
            "type": "DataIntegrityProof",
            "cryptosuite": "ecdsa-jcs-2019",
            "created": format_time(sample.NOW),
            "verificationMethod": method,
            "proofPurpose": "assertionMethod",
        }
        hashes = [hashlib.sha256(rfc8785.dumps(part)).digest() for part in (options, document)]
        secured = {**document, "proof": {**options, "proofValue": "z" + to_base58(signer.sign(b"".join(hashes)))}}
        return leaf_hash(hashlib.sha256(rfc8785.dumps(secured)).digest())

    rates, plain_rates = [], []
    for _ in range(ROUNDS):
        rates.append(rate(ours, PIECES))
        plain_rates.append(rate(plain, PIECES // 6))
    ours_median, plain_median = statistics.median(rates), statistics.median(plain_rates)
    return report(
        "issue",
        f"{PIECES} certificates of {size:,} bytes, one core's CPU time, median of {ROUNDS}",
        [
            Aim("certificates a second", ours_median, ">=", 15_000, "/s"),
            Aim("the same with the rfc8785 package", plain_median, unit="/s"),
            Aim("ratio", ours_median / plain_median, unit="x"),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
