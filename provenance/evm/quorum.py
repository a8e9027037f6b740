"""One ledger asked through several nodes that must agree: a lie of one is told apart from the truth.

A node can lie about what the chain holds, and a verifier cannot prove it.  Nodes that know nothing of each other cannot
agree on a lie: each is asked everything, as of one block that all of them know, and no difference is averaged away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from provenance.encoding import Hash32, KeyId, Root
from provenance.errors import LedgerError
from provenance.ledger import AnchorEvidence, BlockRef, Deployment, LedgerIdentity, LedgerReader, LedgerRecord

MAX_LAG = 120
"""Seconds that a block which a node does not know yet may be old: nodes learn of one within seconds of each other."""

T = TypeVar("T")
Asked = TypeVar("Asked")


class BlockReader(LedgerReader, Protocol):
    """A reader that knows the canonical blocks by their numbers."""

    def block(self, number: int) -> BlockRef:
        """Return the canonical block of that number."""


class Quorum:
    """A `LedgerReader` over `nodes` that serve the same ledger, `agreeing` of which must give every answer.

    Its own errors are ``nodes-disagree``, where two answers differ, and ``too-few-nodes``, where fewer answer than must
    agree.  All that answer are heard: a difference is an error even where enough agree.  `clock` tells how old a
    block is that a node lacks.
    """

    def __init__(
        self,
        nodes: Sequence[BlockReader],
        agreeing: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not 1 <= agreeing <= len(nodes) or len({node.identity for node in nodes}) != 1:
            raise ValueError("the nodes of a quorum are enough and serve one ledger")
        self._nodes = tuple(nodes)
        self._agreeing = agreeing
        self._clock = clock

    @property
    def identity(self) -> LedgerIdentity:
        """The deployment that all of them serve."""
        return self._nodes[0].identity

    def head(self) -> BlockRef:
        """Return the newest block that all of them know.

        A node that does not know a block for long does not count as one that answers: it would hide what that block
        and those after it brought.  How old it is, all tell that claim to know it, and the earliest time counts, since
        one alone could make the block young.  Nor does one count that claims a later block and does not show it.
        """
        heads = self._ask(self._nodes, lambda node: node.head())
        numbers = {head.number for _, head in heads}
        shown = self._ask(
            heads, lambda one: {number: one[0].block(number + 1).time for number in numbers if number < one[1].number}
        )
        earliest = self._clock() - timedelta(seconds=MAX_LAG)
        keeping_up = [
            (node, head)
            for (node, head), _ in shown
            if all(times.get(head.number, earliest) >= earliest for _, times in shown)
        ]
        if len(keeping_up) < self._agreeing:
            raise too_few_nodes(len(keeping_up), self._agreeing)
        number = min(head.number for _, head in keeping_up)
        return self._agreed([node for node, _ in keeping_up], lambda node: node.block(number))

    def record(self, token_id: int, key_id: KeyId, at: BlockRef) -> LedgerRecord | None:
        """Return the record that they agree on."""
        return self._agreed(self._nodes, lambda node: node.record(token_id, key_id, at))

    def anchor_evidence(self, root: Root, block_hash: Hash32) -> AnchorEvidence | None:
        """Return the event that they agree on; one that has not reached its block lags, and contradicts nobody."""
        answers = self._ask(self._nodes, lambda node: node.anchor_evidence(root, block_hash))
        numbers = {answer.block.number for _, answer in answers if answer is not None}
        reached = self._ask(answers, lambda one: one[1] or [one[0].block(number) for number in numbers])
        return _same([answer for (_, answer), _ in reached])

    def anchor_id_of(self, root: Root, at: BlockRef | None = None) -> int | None:
        """Return the id that they agree on."""
        return self._agreed(self._nodes, lambda node: node.anchor_id_of(root, at))

    def status_by_steward(self, token_id: int, at: BlockRef) -> bool | None:
        """Tell what those agree on that can tell."""
        answers = self._ask(self._nodes, lambda node: node.status_by_steward(token_id, at))
        told = [answer for _, answer in answers if answer is not None]
        return _same(told) if told else None

    def successor(self, at: BlockRef | None = None) -> Deployment | None:
        """Return the successor that they agree on."""
        return self._agreed(self._nodes, lambda node: node.successor(at))

    def _agreed(self, nodes: Sequence[BlockReader], question: Callable[[BlockReader], T]) -> T:
        return _same([answer for _, answer in self._ask(nodes, question)])

    def _ask(self, asked: Sequence[Asked], question: Callable[[Asked], T]) -> list[tuple[Asked, T]]:
        answers = []
        for one in asked:
            try:
                answers.append((one, question(one)))
            except LedgerError:
                continue  # No answer, whatever the reason: whether enough are left is what counts.
        if len(answers) < self._agreeing:
            raise too_few_nodes(len(answers), self._agreeing)
        return answers


def too_few_nodes(answered: int, agreeing: int) -> LedgerError:
    """Return the error for fewer answers than must agree."""
    return LedgerError(
        "too-few-nodes",
        "{agreeing} nodes must agree, and {answered} gave an answer that can be used.",
        retryable=True,
        hint="Try again later, or name other nodes with --rpc.",
        agreeing=agreeing,
        answered=answered,
    )


def _same(answers: Sequence[T]) -> T:
    if any(answer != answers[0] for answer in answers):
        raise LedgerError(
            "nodes-disagree",
            "The nodes contradict each other.",
            retryable=True,
            hint="Ask again in a minute: honest nodes may differ on the newest blocks for a moment. If they still do, "
            "one lies or is broken: tell the guild's steward which were asked.",
        )
    return answers[0]
