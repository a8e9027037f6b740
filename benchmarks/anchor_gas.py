"""Gas a piece of an anchor, beside the aims, the floor of one LOG4 and a plain mint; and gas of a claim.

Anchors, mints and claims are measured in one run on the embedded chain, claims on anvil under Osaka rules as well.
"""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass

from benchmarks.chains import ANVIL, anvil, embedded
from benchmarks.claim_gas import ClaimGas, measure_claims, measure_plain_mint
from benchmarks.deployment import Deployment, People
from benchmarks.table import Aim, report
from provenance.encoding import Address

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
    people = People()
    with embedded(people.all) as chain:
        place = Deployment(chain, people, [Address(secrets.token_bytes(20)) for _ in range(max(lots))])
        return [Figure(size, count, place.anchor(size, count)) for size in sizes for count in lots if count <= size]


def _claims(gas: ClaimGas) -> list[Aim]:
    ways = (("studio to address", gas.to_address), ("studio to passkey", gas.to_passkey),
            ("passkey to address", gas.by_passkey))  # fmt: skip
    return [Aim(f"claim, {way}, {gas.rules}", value, unit="gas") for way, value in ways]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number > 1 else ''}"


def main() -> int:
    people = People()
    with embedded(people.all) as chain:
        new, known = measure_plain_mint(chain, people)
        claims = _claims(measure_claims(chain, people))
    if ANVIL.exists():
        with anvil(people.all, "osaka") as chain:
            claims += _claims(measure_claims(chain, people))
    else:
        print(
            f"SKIPPED: no {ANVIL.name}, so claims under Osaka rules are not measured (run `make tools`)",
            file=sys.stderr,
        )
    aims = [
        Aim("one LOG4, the floor", LOG4_FLOOR, unit="gas"),
        Aim("one plain mint, holder known before", known, unit="gas"),
        Aim("one plain mint, holder new", new, unit="gas"),
    ]
    for figure in measure():
        name = f"{_counted(figure.pieces, 'piece')}, {_counted(figure.lots, 'lot')}"
        limit = AIMS.get(figure.pieces) if figure.lots == 1 else None
        aims.append(Aim(name, figure.gas / figure.pieces, "<=", limit, "gas"))
    conditions = (
        "gas a piece of one anchor, studios known before, and gas of one claim to a holder new; on the embedded chain "
        "(prague) and anvil (osaka); the mint is OpenZeppelin's ERC721._mint (hardhat-config/test/PlainMint.sol), "
        "compiled as the ledger is and measured in this run"
    )
    return report("anchor_gas", conditions, [*aims, *claims])


if __name__ == "__main__":
    sys.exit(main())
