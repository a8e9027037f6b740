"""How many certificates a core issues in a second: canonical bytes, P-256 signature, digest and Merkle leaf."""

from __future__ import annotations

import hashlib
import statistics
import sys
import time
from collections.abc import Callable

import rfc8785

from benchmarks import sample
from benchmarks.beside import DOCUMENTS, compared
from benchmarks.table import Aim, report
from provenance.certificate import format_time, render
from provenance.encoding import to_base58
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.merkle import leaf_hash
from provenance.piece import Piece

PIECES, ROUNDS = 3_000, 5


def rate(work: Callable[[Piece], object], pieces: list[Piece]) -> float:
    """Return how many `pieces` are worked on in a second of this process's CPU time."""
    started = time.process_time()
    for piece in pieces:
        work(piece)
    return len(pieces) / (time.process_time() - started)


def main() -> int:
    signer = P256Signer.generate()
    method = f"{sample.ISSUER.did}#{signer.public_key.multikey}"

    def ours(piece: Piece) -> bytes:
        certificate = issue(piece, sample.ISSUER, signer, status_entry=sample.entry(7), now=sample.NOW)
        return leaf_hash(certificate.digest.value)

    def plain(piece: Piece) -> bytes:
        """The same document, with the reference encoder and none of our shortcuts."""
        document = render(piece, sample.ISSUER, sample.entry(7), sample.NOW, None)
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

    def size(piece: Piece) -> int:
        return len(issue(piece, sample.ISSUER, signer, status_entry=sample.entry(7), now=sample.NOW).data)

    museum, rich = sample.museum_pieces(PIECES), [sample.rich_piece() for _ in range(PIECES)]
    if ours(museum[0]) == ours(museum[1]) or plain(museum[0]) != ours(museum[0]):
        raise RuntimeError("the two ways do not give the same certificate")
    rates: dict[str, list[float]] = {"ours": [], "rich": [], "plain": [], "sign": []}
    for _ in range(ROUNDS):
        rates["ours"].append(rate(ours, museum))
        rates["plain"].append(rate(plain, museum[: PIECES // 6]))
        rates["rich"].append(rate(ours, rich))
        rates["sign"].append(rate(lambda _piece: signer.sign(b"x" * 64), museum))
    median = {name: statistics.median(values) for name, values in rates.items()}
    sizes = statistics.mean(map(size, museum[:42]))
    return report(
        "issue",
        f"{PIECES} certificates of {sizes:,.0f} bytes on average, one core's CPU time, median of {ROUNDS}",
        [
            Aim("certificates a second", median["ours"], ">=", 15_000, "/s"),
            Aim("the same with the rfc8785 package", median["plain"], unit="/s"),
            Aim("ratio", median["ours"] / median["plain"], unit="x"),
            Aim(f"certificates of {size(rich[0]):,} bytes", median["rich"], unit="/s"),
            Aim("P-256 signatures alone", median["sign"], unit="/s"),
            Aim("  their share of a certificate's time", 100 * median["ours"] / median["sign"], unit="%"),
            *compared("issue", museum[:DOCUMENTS], median["ours"], "/s"),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
