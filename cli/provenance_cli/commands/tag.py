"""``kilnmark tag``: print tags."""

from __future__ import annotations

import click

from provenance_cli.commands.calibrate import calibrate
from provenance_cli.commands.cards import boxcard, hangtag
from provenance_cli.commands.certificate import certificate
from provenance_cli.commands.link import link
from provenance_cli.commands.poster import poster
from provenance_cli.commands.release import release
from provenance_cli.commands.secret import secret
from provenance_cli.commands.tag_check import check
from provenance_cli.commands.tag_jobs import jobs, spoiled
from provenance_cli.commands.tag_life import applied, list_, void
from provenance_cli.commands.tag_print import print_
from provenance_cli.commands.tag_replace import replace


@click.group(help="Print tags.")
def tag() -> None:
    """Tags on paper."""


_PAPER = (print_, calibrate, hangtag, boxcard, certificate, poster, secret, release, link)
_LIFE = (check, jobs, spoiled, void, replace, applied, list_)
for _command in (*_PAPER, *_LIFE):
    tag.add_command(_command)
