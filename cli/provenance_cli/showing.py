"""Showing a verdict: the headline, what to do, who holds the piece, and each numbered check."""

from __future__ import annotations

from datetime import datetime

import click

from provenance.texts import advice, check_name, detail, headline, question, sentence
from provenance.verdict import Check, Finding, Verdict
from provenance_cli.columns import fold, listing, one_line, shown
from provenance_cli.context import App
from provenance_cli.i18n import _, later
from provenance_cli.moments import shown_moment

WIDTH = 80
"""Columns of a terminal that nobody made wider."""

_SIGNS = {"passed": ("✓", "green"), "failed": ("✕", "red"), "not-checked": ("–", "bright_black")}
_COLOURS = {
    "AUTHENTIC": "blue",
    "NOT_AUTHENTIC": "red",
    "UNKNOWN": "bright_black",
    "PENDING": "cyan",
    "INCONCLUSIVE": "yellow",
}
_STATUSES = {
    "ACTIVE": later("in force"),
    "ON_HOLD": later("on hold"),
    "REVOKED": later("revoked"),
    "RETIRED": later("broken or gone"),
}
_STATUS_OF = {"revoked": "REVOKED", "on-hold": "ON_HOLD", "held-by-guild": "ON_HOLD"}


def show_verdict(app: App, verdict: Verdict, title: str = "", studio: str = "", *, verbose: bool = False) -> None:
    """Show a verdict on the piece of that title and studio; `verbose` tells against what each check was held."""
    if app.json:
        app.data(verdict.to_json())
        return
    alarm = "red" if verdict.reason == "nodes-disagree" else _COLOURS[verdict.outcome.value]
    title_line = headline(verdict, app.lang)
    click.secho(title_line, bold=True, fg=alarm)
    _echo(sentence(verdict.reason, app.lang).removeprefix(title_line).lstrip(".。 "))
    if advice(verdict.reason, app.lang):
        _echo(advice(verdict.reason, app.lang), "→ ", "  ")
    facts = " · ".join(part for part in (str(verdict.serial or ""), title, studio) if part)
    if facts:
        click.echo()
        _echo(one_line(facts)[:120], "" if verdict.serial else "· ", "  · ")  # Foreign words begin no line.
    known = _known(verdict, studio)
    if known:
        click.echo(shown(listing(known)))
    if verdict.as_exported is not None:
        _show_testimony(verdict, studio)
    if verdict.findings:
        click.echo()
    for finding in verdict.findings:
        _show_finding(app, finding, verbose)
    for code in verdict.advisories:
        _echo(sentence(code, app.lang), "  ! ", "    ", fg="yellow")
        if verbose and code in verdict.details:
            _echo(detail(verdict.details[code], app.lang), "      ", "      ")


def _show_finding(app: App, finding: Finding, verbose: bool) -> None:
    sign, colour = _SIGNS[finding.result.value]
    name, said = check_name(finding.check, app.lang), sentence(finding.code, app.lang)
    text = _("({number}) {check}: {finding}").format(number=int(finding.check), check=name, finding=said)
    first, *others = fold(text, WIDTH - 4)
    click.secho(f"  {sign} ", fg=colour, nl=False)
    click.echo("\n    ".join((first, *others)))
    if verbose:
        asked = question(finding.check, app.lang)
        _echo(_("{question} Held against: {against}.").format(question=asked.asks, against=asked.against), "      ")
        if finding.detail:
            _echo(detail(finding.detail, app.lang), "      ")


def _known(verdict: Verdict, studio: str) -> list[tuple[str, str]]:
    rows = []
    if verdict.holder is not None:
        rows.append((_("Holder"), _holder(verdict.holder == verdict.studio, str(verdict.holder), studio)))
    found = {finding.check: finding.code for finding in verdict.findings}.get(Check.STATUS, "")
    status = "RETIRED" if "retired" in verdict.advisories else _STATUS_OF.get(found)
    if status is not None and verdict.status_time is not None:
        setter = _setter(verdict.by_steward, verdict.status_time)
        rows.append((_("Status"), _("{status}, set {setter}").format(status=_(_STATUSES[status]), setter=setter)))
    return rows


def _holder(is_studio: bool, address: str, studio: str) -> str:
    if not is_studio:
        return address
    return _("the studio, {name}").format(name=one_line(studio)[:60]) if studio else _("the studio")


def _setter(by_steward: bool | None, moment: datetime) -> str:
    time = shown_moment(moment)
    if by_steward is None:
        return time
    return (_("by the guild, {time}") if by_steward else _("by the studio, {time}")).format(time=time)


def _show_testimony(verdict: Verdict, studio: str) -> None:
    told = verdict.as_exported
    if told is None:
        return
    time = shown_moment(told.block.time)
    click.echo()
    _echo(_("As this file says of {time}; nobody has verified it:").format(time=time), fg="yellow")
    good, bad = _("in good standing"), _("not in good standing")
    rows = [
        (_("Status"), _(_STATUSES[told.status.name])),
        (_("Holder"), _holder(told.holder == told.studio, str(told.holder), studio)),
        (_("Studio at the anchor"), good if told.standing_at_anchor else bad),
        (_("Studio on that day"), good if told.standing_now else bad),
        (_("Corrections"), str(told.amendments)),
    ]
    if told.lost_since is not None:
        rows.append((_("Reported lost"), shown_moment(told.lost_since)))
    click.echo(shown("  " + listing(rows).replace("\n", "\n  ")))


def _echo(text: str, first: str = "", others: str | None = None, fg: str | None = None) -> None:
    """Write text that may be long or foreign, in lines that fit; the first begins with `first`, the rest `others`."""
    rest = first if others is None else others
    lines = fold(shown(text), WIDTH - max(len(first), len(rest)))
    click.secho("\n".join((first if place == 0 else rest) + line for place, line in enumerate(lines)), fg=fg)
