"""Commands about one piece or one studio: what is typed for it becomes the subject that the act is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.columns import one_line
from provenance_cli.commands.ledger.acts import STEWARDS_KEY, Hand, signed_by
from provenance_cli.commands.ledger.lookup import find_studio, find_token

if TYPE_CHECKING:
    from provenance.audit import StudioFacts, Tally
    from provenance.handover import Holding
    from provenance.ledger import LedgerCall

Decorator = Callable[[Callable[..., object]], click.Command]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the pinned ledger, and who acts on it."""

    hand: Hand
    token_id: int

    def named(self, words: str, **facts: object) -> str:
        """Return `words` with the piece's token in them."""
        return words.format(token=self.token_id, **facts)

    def act(self, call: LedgerCall, words: str, *, question: str | None = None, **facts: object) -> None:
        """Carry out `call` by `Hand.act`, with the piece in the JSON."""
        self.hand.act(call, words, question=question, tokenId=str(self.token_id), **facts)

    def holding(self) -> Holding | None:
        """Return who holds it now; raises `LedgerError`."""
        return self.hand.ledger.holding(self.token_id, self.hand.ledger.head())


@dataclass(frozen=True, slots=True)
class Studio:
    """A studio of the pinned ledger as its events tell it, all that they tell, and who acts on it."""

    hand: Hand
    found: StudioFacts
    tally: Tally

    def named(self, words: str, **facts: object) -> str:
        """Return `words` with the studio's name and address in them."""
        return words.format(name=one_line(self.found.name), address=self.found.address, **facts)

    def act(self, call: LedgerCall, words: str, *, question: str | None = None, **facts: object) -> None:
        """Carry out `call` by `Hand.act`, with the studio in the JSON."""
        self.hand.act(call, words, question=question, studio=str(self.found.address), **facts)


def studio_named(hand: Hand, text: str) -> Studio:
    """Return the studio that `text` names; raises `NotFoundError` and `ConfigurationError`."""
    from provenance_cli.history import tally_of

    tally, _head = tally_of(hand.app, hand.ledger)
    return Studio(hand, find_studio(tally, text), tally)


def _piece_named(hand: Hand, text: str) -> Piece:
    return Piece(hand, find_token(hand.app, hand.policy, hand.ledger, text))


def about_a_piece(name: str, meaning: str, *, key: str = STEWARDS_KEY) -> Decorator:
    """Make a command that takes ``TOKEN`` first, is signed by a key file, and gets the `Piece`."""
    return _about(name, meaning, key, "token", _piece_named)


def about_a_studio(name: str, meaning: str) -> Decorator:
    """Make a steward's command that takes ``STUDIO`` first and gets the `Studio`."""
    return _about(name, meaning, STEWARDS_KEY, "studio", studio_named)


def _about(name: str, meaning: str, key: str, argument: str, find: Callable[[Hand, str], object]) -> Decorator:
    def decorate(command: Callable[..., object]) -> click.Command:
        def run(hand: Hand, **arguments: Any) -> object:
            return command(find(hand, arguments.pop(argument)), **arguments)

        named = update_wrapper(run, command)
        # click reads the parameters that the command declares itself from what it wraps, last first.
        return click.command(name, help=meaning)(click.argument(argument)(signed_by(key)(named)))

    return decorate
