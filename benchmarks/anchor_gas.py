"""Gas a piece of an anchor, on the embedded chain, beside the aims and the floor of one LOG4.

Run it with ``python benchmarks/anchor_gas.py [--json]``; it ends with 1 where an aim is missed.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

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
    """One measured anchor; `aim` is in gas a piece, ``None`` where there is none for the size."""

    pieces: int
    lots: int
    gas: int
    gas_a_piece: float
    aim: int | None

    @property
    def missed(self) -> bool:
        """Tell whether the anchor took more gas than aimed at."""
        return self.aim is not None and self.gas_a_piece > self.aim


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
                        figures.append(Figure(size, count, gas, gas / size, AIMS.get(size) if count == 1 else None))
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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    figures = measure()
    missed = any(figure.missed for figure in figures)
    if options.json:
        print(json.dumps({"log4_floor": LOG4_FLOOR, "missed": missed, "figures": [asdict(f) for f in figures]}))
    else:
        print(f"{'pieces':>7} {'lots':>5} {'gas':>12} {'gas a piece':>12} {'aim':>7}   one LOG4: {LOG4_FLOOR:,}")
        for f in figures:
            aim = "" if f.aim is None else f"{f.aim:,}"
            verdict = "" if f.aim is None else "MISSED" if f.missed else "kept"
            print(f"{f.pieces:>7,} {f.lots:>5} {f.gas:>12,} {f.gas_a_piece:>12,.1f} {aim:>7}   {verdict}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
