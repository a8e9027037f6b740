"""Secret codes of pieces: which may have one, what is cancelled first, and how they come to be.

A secret is drawn in memory, and goes to paper and nowhere else.  What must not be lost when a run is killed is written
down before each step, so that the next run knows what may count and cancels it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provenance.claim_key import SecretCode
from provenance.encoding import Address
from provenance.errors import ConflictError, LedgerError
from provenance.handover import HolderAction, HolderOrder, Release
from provenance_cli.alone import alone_at
from provenance_cli.i18n import later
from provenance_cli.late import node_behind

if TYPE_CHECKING:
    from provenance.errors import ProvenanceError
    from provenance.evm.accounts import Account
    from provenance.evm.ledger import EVMLedger
    from provenance.handover import Holding
    from provenance.serial import Serial
    from provenance_cli.context import Advance
    from provenance_cli.hand_over_client import HandOverClient
    from provenance_cli.secret_store import DrawnCode
    from provenance_cli.store import Signed
    from provenance_cli.workshop import Workshop

_STUDIO_FIRST = later("Run the command again once the guild has reinstated the studio.")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A piece that gets a secret code; `before` is the code that it had."""

    item: Signed
    token_id: int
    nonce: int
    before: DrawnCode | None

    @property
    def serial(self) -> Serial:
        """The piece's serial."""
        return self.item.certificate.piece.serial


@dataclass(slots=True)
class Choice:
    """The pieces of a run.  Those in `cancelled` have a code that may count: of a run before, or one to be replaced."""

    fresh: list[Candidate] = field(default_factory=list)
    cancelled: list[Candidate] = field(default_factory=list)
    printed: int = 0
    sold: int = 0


@contextmanager
def alone(workshop: Workshop) -> Iterator[None]:
    """Keep other programs from drawing secret codes in the same folder; raises `ConflictError` where one does."""
    taken = ConflictError(
        "codes-being-drawn", "Another program draws secret codes in this folder.", hint="Wait until it is done."
    )
    with alone_at(workshop.path / "codes.lock", taken):
        yield


def choose(
    ledger: EVMLedger,
    pieces: Sequence[tuple[Signed, int]],
    drawn: dict[Serial, DrawnCode],
    studio: Address,
    *,
    named: bool,
    reprint: bool,
    advance: Advance,
) -> Choice:
    """Tell which of `pieces`, given with their tokens, get a code.

    Where they were `named` one that may have none is an error, else it is counted and left out.
    """
    choice, head = Choice(), ledger.head()
    for item, token_id in pieces:
        serial = item.certificate.piece.serial
        before = drawn.get(serial)
        advance(1)
        holding = ledger.holding(token_id, head)
        if holding is None:
            raise LedgerError("ledger-behind", "The ledger does not show {serial} yet.", retryable=True, serial=serial)
        if holding.holder != studio:
            if named:
                raise ConflictError(
                    "piece-handed-over",
                    "{serial} is not the studio's any more: its holder is {holder}.",
                    hint="Only its holder can hand it on.",
                    serial=serial,
                    holder=holding.holder,
                )
            choice.sold += 1
            continue
        if before is not None and before.printed and not reprint:
            if named:
                raise _printed_already(before, holding)
            choice.printed += 1
            continue
        _require_movable(serial, holding)
        candidate = Candidate(item, token_id, holding.nonce, before)
        if before is not None and before.nonce > holding.nonce:
            raise LedgerError(
                "ledger-behind",
                "The ledger shows an older state of {serial} than this folder has seen.",
                retryable=True,
                hint="Wait some minutes and try again. If it stays so, tell the guild.",
                serial=serial,
            )
        # A code that is printed anew is cancelled even where this folder knows of none: it may be a restored one.
        counts = reprint or (before is not None and before.nonce == holding.nonce)
        (choice.cancelled if counts else choice.fresh).append(candidate)
    return choice


def released_before(
    ledger: EVMLedger, item: Signed, token_id: int, before: DrawnCode, studio: Address
) -> Candidate | None:
    """Return a piece whose code on paper is only not released, ``None`` where the code was used or cancelled."""
    holding = ledger.holding(token_id, ledger.head())
    if holding is None or holding.holder != studio or holding.nonce != before.nonce:
        return None
    _require_movable(before.serial, holding)
    return Candidate(item, token_id, holding.nonce, before)


def _printed_already(before: DrawnCode, holding: Holding) -> ConflictError:
    from provenance_cli.moments import shown_moment

    if before.nonce < holding.nonce:
        return ConflictError(
            "code-void",
            "The secret code of {serial} that was printed on {time} is void: the piece has moved on.",
            hint="Print another one: `kilnmark tag secret --reprint {serial}`.",
            serial=before.serial,
            time=shown_moment(before.time),
        )
    return ConflictError(
        "code-printed",
        "A secret code of {serial} was printed on {time}, and whoever has it can claim the piece.",
        hint="Where it is spoiled or lost: `kilnmark tag secret --reprint {serial}` cancels it and prints another.",
        serial=before.serial,
        time=shown_moment(before.time),
    )


def _require_movable(serial: Serial, holding: Holding) -> None:
    if holding.barred:
        raise ConflictError(
            "studio-barred",
            "The studio is suspended: it can release no piece, {serial} neither.",
            hint=_STUDIO_FIRST,
            serial=serial,
        )
    if holding.lost_since is not None:
        raise ConflictError(
            "piece-lost",
            "{serial} is reported lost: nobody could claim it.",
            hint="End the report first, or leave the piece out.",
            serial=serial,
        )


def cancel(
    client: HandOverClient,
    ledger: EVMLedger,
    account: Account,
    pieces: Sequence[Candidate],
    advance: Advance,
) -> list[Candidate]:
    """Cancel all releases of `pieces`; return them with the numbers that they have on the ledger then.

    All are handed in before the first is waited for; each is in a block, and seen there, when this returns.
    """
    import time
    from functools import partial

    from provenance_cli.hand_over_client import PATIENCE, POLL, patiently

    answers = []
    for piece in pieces:
        order = HolderOrder(HolderAction.CANCEL_RELEASES, piece.token_id, piece.nonce)
        signature = account.sign_message(ledger.identity, order)
        hand_in = partial(client.order_of_holder, order, signature)
        answers.append(patiently(hand_in, time.monotonic() + PATIENCE))
    done = []
    for piece, answer in zip(pieces, answers, strict=True):
        client.mined("holder-orders", answer)
        deadline = time.monotonic() + PATIENCE
        while (nonce := _nonce(ledger, piece.token_id)) <= piece.nonce:  # The ledger is believed, and not the registry.
            if time.monotonic() > deadline:
                raise node_behind()
            time.sleep(POLL)
        done.append(Candidate(piece.item, piece.token_id, nonce, piece.before))
        advance(1)
    return done


def _nonce(ledger: EVMLedger, token_id: int) -> int:
    holding = ledger.holding(token_id, ledger.head())
    return -1 if holding is None else holding.nonce


@dataclass(frozen=True, slots=True)
class Made:
    """A secret code with what is recorded and released for it."""

    piece: Candidate
    code: SecretCode
    release: Release
    drawn: DrawnCode


@dataclass(frozen=True, slots=True)
class Again:
    """Another release to the claim key of a code that is on paper."""

    release: Release
    drawn: DrawnCode


def draw(
    workshop: Workshop, ledger: EVMLedger, account: Account, pieces: Sequence[Candidate], file: str, advance: Advance
) -> list[Made]:
    """Draw a secret for each piece, and sign its release to the claim key."""
    from datetime import UTC, datetime

    from provenance.evm.accounts import Account as Keyed
    from provenance_cli.secret_store import DrawnCode

    made, now = [], datetime.now(UTC).replace(microsecond=0)
    for piece in pieces:
        code = SecretCode.draw(workshop.issuer.base_url, piece.serial)
        claim_key = Keyed.from_secret(code.private_key()).address
        release = Release(piece.token_id, claim_key, piece.nonce)
        signature = account.sign_message(ledger.identity, release)
        made.append(Made(piece, code, release, DrawnCode(piece.serial, claim_key, piece.nonce, signature, file, now)))
        advance(1)
    return made


def signed_again(ledger: EVMLedger, account: Account, pieces: Sequence[Candidate], advance: Advance) -> list[Again]:
    """Sign releases for the codes that `pieces` have on paper: under the same numbers, for the same keys."""
    made = []
    for piece in pieces:
        if piece.before is not None:
            release = Release(piece.token_id, piece.before.claim_key, piece.nonce)
            signature = account.sign_message(ledger.identity, release)
            made.append(Again(release, replace(piece.before, signature=signature)))
        advance(1)
    return made


def hand_in(client: HandOverClient, made: Sequence[Made]) -> tuple[list[Made], list[tuple[Made, ProvenanceError]]]:
    """Hand the releases to the registry; return those that it keeps, and those that it refused with the reason."""
    answers = client.keep_releases([(item.release, item.drawn.signature) for item in made])
    kept = [item for item, answer in zip(made, answers, strict=True) if answer is None]
    refused = [(item, answer) for item, answer in zip(made, answers, strict=True) if answer is not None]
    return kept, refused
