"""``kilnmark ledger``: the steward's and the admin's commands, and an auditor's."""

from __future__ import annotations

import click

from provenance_cli.commands.ledger.audit import audit
from provenance_cli.commands.ledger.basics import deploy, pin, status
from provenance_cli.commands.ledger.move import move
from provenance_cli.commands.ledger.pieces import execute_recovery, exempt, found, recover, set_status, veto
from provenance_cli.commands.ledger.roles import admin, name_successor, role
from provenance_cli.commands.ledger.studios import controller, key, reinstate, suspend
from provenance_cli.commands.ledger.verify import verify
from provenance_cli.commands.studio import accredit
from provenance_cli.help import SectionedGroup
from provenance_cli.i18n import later


@click.group(cls=SectionedGroup, help="Check, audit, deploy and move a ledger; a steward's work.")
def ledger() -> None:
    """The ledger."""


ledger.add_section(later("The ledger"), (pin, status, verify, audit, deploy, move))
ledger.add_section(later("Studios"), (accredit, suspend, reinstate, controller, key))
ledger.add_section(later("Pieces"), (set_status, found, recover, veto, execute_recovery, exempt))
ledger.add_section(later("Roles"), (role, admin, name_successor))
