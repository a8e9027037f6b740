"""``kilnmark ledger set-status``, ``recover``, ``veto`` and the like: what a steward does to single pieces."""

from __future__ import annotations

import click

from provenance_cli.commands.ledger.acts import ANY_KEY
from provenance_cli.commands.ledger.lookup import find_account
from provenance_cli.commands.ledger.subjects import Piece, about_a_piece
from provenance_cli.i18n import _, later

STATUSES = {"active": "ACTIVE", "on-hold": "ON_HOLD", "revoked": "REVOKED", "retired": "RETIRED"}
"""What is typed for a status, and its name."""
_MEANING = {
    "ACTIVE": later("Set token {token} to ACTIVE: whatever hold was on it is lifted."),
    "ON_HOLD": later("Put token {token} on hold. Its studio cannot lift that, a steward can."),
    "REVOKED": later("Revoke token {token}. Nobody can undo that."),
    "RETIRED": later("Retire token {token}: the piece is broken or gone."),
}


@about_a_piece("set-status", "Set a piece's status in the guild's name.")
@click.argument("status", type=click.Choice(list(STATUSES)))
def set_status(piece: Piece, status: str) -> None:
    """Set the status; ``revoked`` is final."""
    from provenance.ledger import SetStatusCall
    from provenance.status import Status

    wanted = Status[STATUSES[status]]
    question = _("Revoke it for ever?") if wanted is Status.REVOKED else None
    call = SetStatusCall(piece.token_id, wanted)
    piece.act(call, piece.named(_(_MEANING[wanted.name])), question=question, status=wanted.name)


@about_a_piece("found", "End a holder's report of loss at once.")
def found(piece: Piece) -> None:
    """Lift LOST in the guild's name."""
    from provenance.ledger import ReportFoundCall

    words = _("Token {token} is found: it can change hands again, by releases signed from now on.")
    piece.act(ReportFoundCall(piece.token_id), piece.named(words))


@about_a_piece("recover", "Propose that another account hold a piece whose holder lost the key or died.")
@click.argument("heir")
def recover(piece: Piece, heir: str) -> None:
    """Propose a recovery, and tell from when on it can be executed."""
    from provenance.ledger import ProposeRecoveryCall
    from provenance_cli.moments import shown_moment

    account = find_account(heir)
    words = piece.named(
        _("Let {heir} hold token {token}, after thirty days in which its holder can veto."), heir=account
    )
    question = _("Did you see proof that this heir may have it?")
    piece.act(ProposeRecoveryCall(piece.token_id, account), words, question=question, heir=str(account))
    holding = piece.holding()
    if holding is not None and holding.recovery is not None:
        told = _("From {time} on anybody can execute it: `kilnmark ledger execute-recovery {token}`.")
        piece.hand.app.say(piece.named(told, time=shown_moment(holding.recovery.start)))


@about_a_piece("veto", "End a recovery: for its holder, or a steward.")
def veto(piece: Piece) -> None:
    """Withdraw a recovery."""
    from provenance.ledger import VetoRecoveryCall

    words = _("End the recovery of token {token}; it stays with its holder.")
    piece.act(VetoRecoveryCall(piece.token_id), piece.named(words))


@about_a_piece("execute-recovery", "Execute a recovery that nobody vetoed in time; anybody may.", key=ANY_KEY)
def execute_recovery(piece: Piece) -> None:
    """Give the piece to its heir."""
    from provenance.ledger import ExecuteRecoveryCall

    holding = piece.holding()
    heir = holding.recovery.heir if holding is not None and holding.recovery is not None else "-"
    words = piece.named(_("Token {token} passes to {heir}. It cannot be taken back."), heir=heir)
    piece.act(ExecuteRecoveryCall(piece.token_id), words, question=_("Execute the recovery?"), holder=str(heir))


@about_a_piece(
    "exempt", "Let a suspended studio's release of a piece to one claim key count, for a buyer who paid before."
)
@click.argument("claim_key", required=False)
@click.option("--lift", is_flag=True, help="Let no release of the piece count any more; then no key is named.")
def exempt(piece: Piece, claim_key: str | None, lift: bool) -> None:
    """Exempt one release, and not the piece: whoever stole the studio's key could release that to another."""
    from provenance.ledger import SetExemptionCall

    if lift == (claim_key is not None):
        raise click.UsageError(_("Name the claim key of the release that the buyer paid for, or say --lift."))
    key = find_account(claim_key) if claim_key else None
    holding = piece.holding()
    if key is None:
        words = _("No release of token {token} counts while its studio is suspended.")
        question = _("Lift the exemption?")
    else:
        words = _("The release of token {token} to the claim key {key} counts although its studio is suspended.")
        if holding is not None and not holding.barred:
            words = _(
                "The release of token {token} to the claim key {key} will count even if its studio is suspended. "
                "At present no suspension bars it: without one, this changes nothing."
            )
        question = _("Did you see proof that this buyer paid before the suspension?")
    claim = None if key is None else str(key)
    piece.act(SetExemptionCall(piece.token_id, key), piece.named(words, key=key), question=question, claimKey=claim)
