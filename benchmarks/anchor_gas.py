"""Gas a piece of an anchor, on the embedded chain, beside the aims and the floor of one LOG4."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import Aim, report
from provenance.encoding import Address, Root
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.ledger import EVMLedger
from provenance.ledger import AccreditCall, Allotment, AnchorCall, LedgerCall

AIMS = {1_000: 2_080, 5_000: 1_970}
"""Most gas a piece, by the pieces of the batch."""
LOG4_FLOOR = 1_875
"""One LOG4 without data (375 + 4 * 375): the ``Transfer`` event that ERC-721 demands of every token."""
SIZES = (1, 10, 100, 1_000, 5_000)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured anchor."""

    pieces: int
    lots: int
    gas: int


def measure(sizes: tuple[int, ...] = SIZES, lots: tuple[int, ...] = (1, 10)) -> list[Figure]:
    """Anchor one batch for each size and number of lots on a new embedded chain, and return what each took."""
    now = [1_800_000_000]
    admin, steward, anchorer = (Account.generate()[0] for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        funded = [account.address for account in (admin, steward, anchorer)]
        chain = EmbeddedChain(Path(folder, "chain.db"), funded=funded, clock=lambda: now[0])

        def seal() -> None:
            now[0] += 1
            chain.seal()

        try:
            provider = EmbeddedProvider(chain)
            ledger = deploy(
                provider,
                admin,
                admin=admin.address,
                steward=steward.address,
                anchorer=anchorer.address,
                base_uri="https://registry.example/tokens/",
                wait=seal,
            )

            def run(call: LedgerCall, account: Account) -> int:
                return _run(ledger, call, account, seal)

            studios = [Address(secrets.token_bytes(20)) for _ in range(max(lots))]
            for number, studio in enumerate(studios):
                run(AccreditCall(studio, f"did:web:registry.example:studios:s{number}", f"Studio {number}"), steward)
            # A studio's first lot stores its balance anew (20,000 gas); the figure is that of a working registry.
            _anchor(ledger, studios, len(studios), anchorer, seal)
            figures = []
            for size in sizes:
                for count in lots:
                    if count <= size:
                        gas = _anchor(ledger, studios[:count], size, anchorer, seal)
                        figures.append(Figure(size, count, gas))
            return figures
        finally:
            chain.close()


def _anchor(ledger: EVMLedger, studios: list[Address], size: int, anchorer: Account, seal: Callable[[], None]) -> int:
    share, rest = divmod(size, len(studios))
    allotments = tuple(Allotment(studio, share + (place < rest)) for place, studio in enumerate(studios))
    return _run(ledger, AnchorCall(Root(secrets.token_bytes(32)), size, ledger.next_lot(), allotments), anchorer, seal)


def _run(ledger: EVMLedger, call: LedgerCall, account: Account, seal: Callable[[], None]) -> int:
    transaction = ledger.prepare(call, account, ledger.next_nonce(account.address))
    ledger.send(transaction)
    seal()
    outcome = ledger.outcome(transaction.hash)
    if outcome is None or not outcome.succeeded:
        raise RuntimeError(f"the transaction failed: {outcome}")
    return outcome.gas_used


def main() -> int:
    aims = [Aim("one LOG4, the floor", LOG4_FLOOR, unit="gas")]
    for figure in measure():
        name = f"{figure.pieces:,} pieces, {figure.lots} lot{'s' if figure.lots > 1 else ''}"
        limit = AIMS.get(figure.pieces) if figure.lots == 1 else None
        aims.append(Aim(name, figure.gas / figure.pieces, "<=", limit, "gas"))
    return report("anchor_gas", "gas a piece of one anchor, on the embedded chain, studios known before", aims)


if __name__ == "__main__":
    sys.exit(main())
