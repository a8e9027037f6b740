"""Opening the pinned ledger at one of its nodes, or at several that must agree."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.errors import ConfigurationError, LedgerError
from provenance.evm.ledger import EVMLedger
from provenance.evm.quorum import Quorum
from provenance.ledger import LedgerIdentity, LedgerReader
from provenance.server import server_of, shown_server


def open_ledger(nodes: Sequence[str], expected: LedgerIdentity, *, importing: bool = False) -> EVMLedger:
    """Open the pinned ledger at the first node that answers; raises the last node's `LedgerError`.

    A node that serves another ledger is an error at once: it is not a fault to be worked around.  A ledger that is not
    sealed yet opens for those that are `importing` only.
    """
    last: LedgerError | None = None
    for url in nodes:
        try:
            return EVMLedger.open_rpc(url, expected.contract, expected, importing=importing)
        except LedgerError as error:
            if not error.retryable:
                raise
            last = error
    if last is None:
        raise ConfigurationError("no-node", "The trust policy names no node.", hint="Give one with --rpc.")
    raise last


def open_agreeing(nodes: Sequence[str], expected: LedgerIdentity, agreeing: int) -> LedgerReader:
    """Open the pinned ledger at as many of `nodes` as answer, `agreeing` of which must give each answer.

    With one that is `open_ledger`.  A server named twice, however it is spelled, is one node.  Raises `LedgerError`,
    which names the node, for one that serves another ledger, and where fewer answer than must agree; where others serve
    the right one it can be tried again, for the fault is that node's.  `ConfigurationError` where fewer are named.
    """
    if agreeing == 1:
        return open_ledger(nodes, expected)
    different = tuple({server_of(url): url for url in nodes}.values())
    if len(different) < agreeing:
        raise ConfigurationError(
            "too-few-nodes", "Of {named} different nodes {agreeing} cannot agree.",
            hint="Name more with --rpc, one option for each.", named=len(different), agreeing=agreeing,
        )  # fmt: skip
    opened: list[EVMLedger] = []
    silent, wrong = dict[str, LedgerError](), dict[str, LedgerError]()
    for url in different:
        try:
            opened.append(EVMLedger.open_rpc(url, expected.contract, expected))
        except LedgerError as error:
            (silent if error.retryable else wrong)[shown_server(url)] = error
    for node, fault in wrong.items():
        raise LedgerError(
            fault.code,
            "The node {node} cannot be one of those that agree: {fault}",
            retryable=bool(opened),
            hint="Ask others with --rpc, one option for each.",
            node=node,
            fault=fault,
        )
    if len(opened) < agreeing:
        raise LedgerError(
            "too-few-nodes",
            "{agreeing} nodes must agree, and {answered} gave an answer that can be used. {nodes}: {fault}",
            retryable=True,
            hint="Try again later, or name other nodes with --rpc.",
            agreeing=agreeing,
            answered=len(opened),
            nodes=", ".join(silent),
            fault=next(iter(silent.values())),
        )
    return Quorum(opened, agreeing)
