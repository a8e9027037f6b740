"""How long one bundle takes to verify offline: every check that needs no chain, from the file's bytes on."""

from __future__ import annotations

import secrets
import statistics
import sys
import time
from collections.abc import Callable

from benchmarks import sample
from benchmarks.beside import DOCUMENTS, compared
from benchmarks.table import Aim, report
from provenance.batch import assemble
from provenance.bundle import Bundle, Receipt
from provenance.encoding import Address, Digest, Hash32
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.ledger import BlockRef, LedgerIdentity
from provenance.piece import Piece
from provenance.policy import TrustPolicy
from provenance.verdict import Result
from provenance.verify import Verifier

BATCH, TIMES, ROUNDS = 1_000, 2_000, 5


def bundle_bytes(policy: TrustPolicy, piece: Piece) -> bytes:
    """Return the bundle of `piece` in a batch of `BATCH`, with a receipt of the policy's ledger."""
    signer, studio = P256Signer.generate(), Address(secrets.token_bytes(20))
    certificate = issue(piece, sample.ISSUER, signer, status_entry=sample.entry(0), now=sample.NOW)
    others = [(studio, Digest(secrets.token_bytes(32))) for _ in range(BATCH - 1)]
    batch = assemble([(studio, certificate.digest), *others])
    place = batch.leaves.index(certificate.digest)
    ledger = policy.ledger
    receipt = Receipt(
        chain_id=ledger.chain_id,
        genesis=ledger.genesis,
        contract=ledger.contract,
        token_id=batch.token_id(place, 1),
        root=batch.root,
        transaction=Hash32(secrets.token_bytes(32)),
        block=BlockRef(7, Hash32(secrets.token_bytes(32)), sample.NOW),
    )
    return Bundle(certificate, batch.inclusion(place), (receipt,)).to_bytes()


def milliseconds(work: Callable[[], object]) -> float:
    """Return the CPU time of `work`, the median over rounds."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(TIMES):
            work()
        rounds.append((time.process_time() - started) / TIMES * 1_000)
    return statistics.median(rounds)


def main() -> int:
    some = Hash32(secrets.token_bytes(32))
    policy = TrustPolicy(LedgerIdentity(1, some, Address(secrets.token_bytes(20)), some, some), ())
    data, rich = bundle_bytes(policy, sample.museum_pieces(1)[0]), bundle_bytes(policy, sample.rich_piece())
    verifier = Verifier(policy, None)
    signer = P256Signer.generate()
    signature = signer.sign(data)
    passed = [f.code for f in verifier.verify(Bundle.from_bytes(data)).findings if f.result is Result.PASSED]
    if passed[:3] != ["well-formed", "signed", "included"]:
        raise RuntimeError(f"the bundle does not verify: {passed}")
    ours = milliseconds(lambda: verifier.verify(Bundle.from_bytes(data)))
    alone = milliseconds(lambda: signer.public_key.verify(signature, data))
    return report(
        "verify",
        f"one bundle of {len(data):,} bytes, a leaf of {BATCH}, CPU time, median of {ROUNDS} rounds of {TIMES}",
        [
            Aim("read and verify", ours, "<=", 0.25, "ms"),
            Aim("of which reading", milliseconds(lambda: Bundle.from_bytes(data)), unit="ms"),
            Aim(
                f"a bundle of {len(rich):,} bytes",
                milliseconds(lambda: verifier.verify(Bundle.from_bytes(rich))),
                unit="ms",
            ),
            Aim("one P-256 verification", alone, unit="ms"),
            Aim("  its share of the time", 100 * alone / ours, unit="%"),
            *compared("verify", sample.museum_pieces(DOCUMENTS), ours, "ms"),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
