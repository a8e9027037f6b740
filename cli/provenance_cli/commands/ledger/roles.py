"""``kilnmark ledger admin``, ``role`` and ``name-successor``: what the admin decides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.commands.ledger.acts import ADMINS_KEY, Hand, signed_by
from provenance_cli.commands.ledger.lookup import find_account
from provenance_cli.i18n import _, later

if TYPE_CHECKING:
    from provenance.encoding import Address
    from provenance.ledger import Role

ROLES = ["steward", "anchorer"]
"""The roles that are given to somebody; an importer's counts before sealing only, and is given at deployment."""


@click.group(help="Hand the admin's role on, in two steps.")
def admin() -> None:
    """The admin."""


@admin.command(help="Propose another admin, who can accept after the ledger's delay.")
@click.argument("address")
@signed_by(ADMINS_KEY)
def transfer(hand: Hand, address: str) -> None:
    """Begin the transfer, and tell from when on it can be accepted."""
    from provenance.ledger import BeginAdminTransferCall
    from provenance_cli.moments import shown_moment

    account = find_account(address)
    words = _("Propose {account} as the admin. Until it accepts, the present admin can cancel.")
    hand.act(
        BeginAdminTransferCall(account), words.format(account=account),
        question=_("Is that the address of the new admin?"), admin=str(account),
    )  # fmt: skip
    _account, _upcoming, start = hand.ledger.admin()
    if start is not None:
        hand.app.say(_("It can accept after {time}.").format(time=shown_moment(start)))


@admin.command(help="Become the admin: with the proposed one's key, after the delay.")
@signed_by(later("The proposed admin's key file."))
def accept(hand: Hand) -> None:
    """Accept the transfer."""
    from provenance.errors import ConflictError
    from provenance.ledger import AcceptAdminTransferCall

    _admin, proposed, _start = hand.ledger.admin()
    if proposed is None:
        raise ConflictError(
            "none-proposed",
            "No other admin is proposed.",
            hint="The present admin proposes one first, with `kilnmark ledger admin transfer`.",
        )
    if proposed != hand.account.address:
        raise ConflictError(
            "not-proposed",
            "{account} is not the proposed admin: {proposed} is.",
            hint="Use that account's key file, or have the admin propose another.",
            account=hand.account.address,
            proposed=proposed,
        )
    words = _("{account} becomes the admin; the former one has no power from then on.")
    hand.act(AcceptAdminTransferCall(), words.format(account=hand.account.address), admin=str(hand.account.address))


@admin.command(help="Take the proposal of another admin back.")
@signed_by(ADMINS_KEY)
def cancel(hand: Hand) -> None:
    """Cancel the transfer."""
    from provenance.ledger import CancelAdminTransferCall

    hand.act(CancelAdminTransferCall(), _("The present admin stays."), admin=str(hand.account.address))


@click.group(help="Give and take the roles of stewards and anchorers.")
def role() -> None:
    """Roles."""


@role.command(help="Give an account a role.")
@click.argument("role", type=click.Choice(ROLES))
@click.argument("address")
@signed_by(ADMINS_KEY)
def grant(hand: Hand, role: str, address: str) -> None:
    """Grant a role."""
    from provenance.errors import ConflictError
    from provenance.ledger import GrantRoleCall, Role

    wanted, account, held = _typed(hand, role, address)
    if held:
        raise ConflictError("role-known", "{account} has the role {role} already.", account=account, role=role)
    words = {
        Role.STEWARD: _("Let {account} be a steward: it accredits, suspends, adds keys and revokes."),
        Role.ANCHORER: _("Let {account} be an anchorer: it anchors batches."),
    }[wanted]
    hand.act(
        GrantRoleCall(wanted, account), words.format(account=account),
        question=_("Is that the right address?"), role=wanted.value, account=str(account),
    )  # fmt: skip


@role.command(help="Take a role from an account.")
@click.argument("role", type=click.Choice(ROLES))
@click.argument("address")
@signed_by(ADMINS_KEY)
def revoke(hand: Hand, role: str, address: str) -> None:
    """Revoke a role."""
    from provenance.errors import NotFoundError
    from provenance.ledger import RevokeRoleCall, Role

    wanted, account, held = _typed(hand, role, address)
    if not held:
        raise NotFoundError(
            "no-such-role", "{account} does not have the role {role}.",
            hint="`kilnmark ledger verify` shows who has which role.", account=account, role=role,
        )  # fmt: skip
    words = {
        Role.STEWARD: _("{account} is no steward from now on; what it did stays."),
        Role.ANCHORER: _("{account} is no anchorer from now on: it anchors nothing more; what it did stays."),
    }[wanted]
    hand.act(RevokeRoleCall(wanted, account), words.format(account=account), role=wanted.value, account=str(account))


def _typed(hand: Hand, role: str, address: str) -> tuple[Role, Address, bool]:
    """Return the role and the account that were typed, and whether the account has it now."""
    from provenance.ledger import Role

    wanted, account = Role[role.upper()], find_account(address)
    return wanted, account, hand.ledger.has_role(wanted, account)


@click.command("name-successor", help="Name the ledger that takes over, once and for ever.")
@click.argument("successor_policy", type=click.Path(exists=True, dir_okay=False))
@signed_by(ADMINS_KEY)
def name_successor(hand: Hand, successor_policy: str) -> None:
    """Open the successor, which fails before it is sealed, check that it succeeds this ledger, and name it."""
    from provenance.errors import ConfigurationError
    from provenance.ledger import Deployment, NameSuccessorCall
    from provenance_cli.ledgers import open_pinned, read_policy

    ours = hand.ledger.identity
    successor = open_pinned(read_policy(Path(successor_policy)))
    found = successor.predecessor()
    if found is None or (found.contract, found.chain_id) != (ours.contract, ours.chain_id):
        raise ConfigurationError("no-successor", "The ledger of {path} does not succeed this one.",
                                 path=successor_policy)  # fmt: skip
    theirs = successor.identity
    words = _("Name {contract} on chain {chain} as the successor, which took over the state of block {block}.")
    hand.act(
        NameSuccessorCall(Deployment(theirs.contract, theirs.chain_id, found.final_block)),
        words.format(contract=theirs.contract, chain=theirs.chain_id, block=found.final_block),
        question=_("A successor is named once. Name this one?"),
        successor=str(theirs.contract),
        chainId=theirs.chain_id,
        finalBlock=found.final_block,
    )
