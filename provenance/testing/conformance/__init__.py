"""The suite that every ledger must pass: one test a behaviour, none of them about ABI, gas or HTTP.

Subclass `LedgerConformance` in a test module and give it a fixture ``world`` that returns a `World` over a fresh
deployment.  The port's own words are in ``provenance.ledger``; a name such as ``RootAlreadyAnchored`` is the
contract's error, which every back-end must report by name.
"""

from __future__ import annotations

from provenance.testing.conformance.administration import Administration
from provenance.testing.conformance.controllers import Controllers
from provenance.testing.conformance.directory import Directory
from provenance.testing.conformance.handovers import HandOvers
from provenance.testing.conformance.losses import Losses
from provenance.testing.conformance.reading import Anchoring, Reading
from provenance.testing.conformance.statuses import Statuses
from provenance.testing.conformance.successions import Successions
from provenance.testing.conformance.transactions import Transactions
from provenance.testing.conformance.world import World

__all__ = ["LedgerConformance", "World"]


class LedgerConformance(
    Reading,
    Anchoring,
    Directory,
    Controllers,
    Statuses,
    HandOvers,
    Losses,
    Administration,
    Successions,
    Transactions,
):
    """All of the suite."""
