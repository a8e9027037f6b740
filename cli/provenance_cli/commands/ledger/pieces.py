"""``kilnmark ledger set-status``, ``recover``, ``veto`` and the like: what a steward does to single pieces."""

from __future__ import annotations

import click

from provenance_cli.commands.ledger.acts import ANY_KEY, STEWARDS_KEY, Hand, signed_by
from provenance_cli.commands.ledger.lookup import find_account, find_token
from provenance_cli.i18n import _, later

STATUSES = {"active": "ACTIVE", "on-hold": "ON_HOLD", "revoked": "REVOKED", "retired": "RETIRED"}
"""What is typed for a status, and its name."""
_MEANING = {
    "ACTIVE": later("Set token {token} to ACTIVE: whatever hold was on it is lifted."),
    "ON_HOLD": later("Put token {token} on hold. Its studio cannot lift that, a steward can."),
    "REVOKED": later("Revoke token {token}. Nobody can undo that."),
    "RETIRED": later("Retire token {token}: the piece is broken or gone."),
}


@click.command("set-status", help="Set a piece's status in the guild's name.")
@click.argument("token")
@click.argument("status", type=click.Choice(list(STATUSES)))
@signed_by(STEWARDS_KEY)
def set_status(hand: Hand, token: str, status: str) -> None:
    """Set the status; ``revoked`` is final."""
    from provenance.ledger import SetStatusCall
    from provenance.status import Status

    token_id, wanted = _token(hand, token), Status[STATUSES[status]]
    hand.act(
        SetStatusCall(token_id, wanted),
        _(_MEANING[wanted.name]).format(token=token_id),
        question=_("Revoke it for ever?") if wanted is Status.REVOKED else None,
        tokenId=str(token_id),
        status=wanted.name,
    )


@click.command(help="End a holder's report of loss at once.")
@click.argument("token")
@signed_by(STEWARDS_KEY)
def found(hand: Hand, token: str) -> None:
    """Lift LOST in the guild's name."""
    from provenance.ledger import ReportFoundCall

    token_id = _token(hand, token)
    words = _("Token {token} is found: it can change hands again, by releases signed from now on.")
    hand.act(ReportFoundCall(token_id), words.format(token=token_id), tokenId=str(token_id))


@click.command(help="Propose that another account hold a piece whose holder lost the key or died.")
@click.argument("token")
@click.argument("heir")
@signed_by(STEWARDS_KEY)
def recover(hand: Hand, token: str, heir: str) -> None:
    """Propose a recovery, and tell from when on it can be executed."""
    from provenance.ledger import ProposeRecoveryCall
    from provenance_cli.moments import shown_moment

    token_id, account = _token(hand, token), find_account(heir)
    words = _("Let {heir} hold token {token}, after thirty days in which its holder can veto.")
    hand.act(
        ProposeRecoveryCall(token_id, account),
        words.format(heir=account, token=token_id),
        question=_("Did you see proof that this heir may have it?"),
        tokenId=str(token_id),
        heir=str(account),
    )
    holding = hand.ledger.holding(token_id, hand.ledger.head())
    if holding is not None and holding.recovery is not None:
        hand.app.say(
            _("From {time} on anybody can execute it: `kilnmark ledger execute-recovery {token}`.").format(
                time=shown_moment(holding.recovery.start), token=token_id
            )
        )


@click.command(help="End a recovery: for its holder, or a steward.")
@click.argument("token")
@signed_by(STEWARDS_KEY)
def veto(hand: Hand, token: str) -> None:
    """Withdraw a recovery."""
    from provenance.ledger import VetoRecoveryCall

    token_id = _token(hand, token)
    words = _("End the recovery of token {token}; it stays with its holder.")
    hand.act(VetoRecoveryCall(token_id), words.format(token=token_id), tokenId=str(token_id))


@click.command("execute-recovery", help="Execute a recovery that nobody vetoed in time; anybody may.")
@click.argument("token")
@signed_by(ANY_KEY)
def execute_recovery(hand: Hand, token: str) -> None:
    """Give the piece to its heir."""
    from provenance.ledger import ExecuteRecoveryCall

    token_id = _token(hand, token)
    holding = hand.ledger.holding(token_id, hand.ledger.head())
    heir = holding.recovery.heir if holding is not None and holding.recovery is not None else "-"
    words = _("Token {token} passes to {heir}. It cannot be taken back.")
    hand.act(
        ExecuteRecoveryCall(token_id),
        words.format(token=token_id, heir=heir),
        question=_("Execute the recovery?"),
        tokenId=str(token_id),
        holder=str(heir),
    )


@click.command(help="Let a suspended studio's release of a piece to one claim key count, for a buyer who paid before.")
@click.argument("token")
@click.argument("claim_key", required=False)
@click.option("--lift", is_flag=True, help="Let no release of the piece count any more; then no key is named.")
@signed_by(STEWARDS_KEY)
def exempt(hand: Hand, token: str, claim_key: str | None, lift: bool) -> None:
    """Exempt one release, and not the piece: whoever stole the studio's key could release that to another."""
    from provenance.ledger import SetExemptionCall

    if lift == (claim_key is not None):
        raise click.UsageError(_("Name the claim key of the release that the buyer paid for, or say --lift."))
    token_id, key = _token(hand, token), find_account(claim_key) if claim_key else None
    if key is None:
        words = _("No release of token {token} counts while its studio is suspended.").format(token=token_id)
    else:
        words = _("The release of token {token} to the claim key {key} counts although its studio is suspended.")
        words = words.format(token=token_id, key=key)
    facts = {"tokenId": str(token_id), "claimKey": None if key is None else str(key)}
    hand.act(SetExemptionCall(token_id, key), words, **facts)


def _token(hand: Hand, text: str) -> int:
    return find_token(hand.app, hand.policy, hand.ledger, text)
