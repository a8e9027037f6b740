"""``kilnmark reports``: what people report of pieces, for a studio those of its own, for a steward all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, later, ngettext

if TYPE_CHECKING:
    from datetime import datetime

    from provenance.serial import Serial
    from provenance_cli.report_client import ReportClient, Sign, ToldDoubt, ToldReport

REASONS = {
    "photos": later("does not match the photos"),
    "copy": later("the tag seems copied"),
    "other-piece": later("another piece was sold"),
    "other": later("something else"),
}
DOUBTS = {
    "scans": later("{piece}: scans say since {day} that there may be copies."),
    "studio": later("{piece}: the studio says since {day} that there may be copies."),
    "steward": later("{piece}: the steward says since {day} that there may be copies."),
}
SERIAL_SYMBOLS = 13
"""Symbols of a serial, which may all be digits: a report's number has fewer."""
SIDES = {"studio": later("the studio"), "steward": later("the steward")}

Command = Callable[..., object]


class DefaultGroup(click.Group):
    """A group that lists where no command is named: ``kilnmark reports --all`` is ``kilnmark reports list --all``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command in that goes without saying."""
        if not ctx.resilient_parsing and (
            not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        ):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultGroup, help="Read what people report of pieces, and answer it.")
def reports() -> None:
    """What buyers and passers-by say."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An inbox of a registry, and the moment for which orders are signed."""

    app: App
    client: ReportClient
    registry: str
    now: datetime


def at_the_inbox(command: Command) -> Command:
    """Give a command a `Desk` in the place of its first argument, and the options that open a steward's."""

    def run(app: App, key_file: str | None, registry: str | None, **arguments: Any) -> object:
        from provenance_cli.report_client import ReportClient

        base_url, sign = _studio(app, registry) if key_file is None else _steward(app, key_file, registry)
        now = app.clock().replace(microsecond=0)
        return command(Desk(app, ReportClient(base_url, sign), base_url, now), **arguments)

    file = click.option(
        "--key-file",
        type=click.Path(exists=True, dir_okay=False),
        help="The steward's key file; without one the workshop's studio asks.",
    )
    where = click.option("--registry", help="The registry, with --key-file (default: that of the pinned policy).")
    named: Command = update_wrapper(run, command)
    return file(where(pass_app(named)))


def _studio(app: App, registry: str | None) -> tuple[str, Sign]:
    from provenance.signed_orders import SignedOrder

    if registry is not None:
        raise click.UsageError(_("--registry goes with --key-file: a workshop has one registry."))
    workshop = app.workshop()
    signer = app.unlock(workshop.keystore()).signer
    return workshop.issuer.base_url, lambda order: SignedOrder.sign(order, signer).to_bytes()


def _steward(app: App, key_file: str, registry: str | None) -> tuple[str, Sign]:
    from provenance.errors import ConfigurationError
    from provenance.signed_orders import AccountOrder
    from provenance.tag import check_base_url
    from provenance_cli.ledgers import load_policy, read_key_file

    account = read_key_file(Path(key_file))
    named = registry or load_policy(app).registry
    if not named:
        raise ConfigurationError(
            "no-registry", "The pinned policy names no registry.", hint="Name it with --registry https://REGISTRY."
        )
    return check_base_url(named), lambda order: AccountOrder.sign(order, account.sign_order).to_bytes()


# --- list, show, close ------------------------------------------------------------------------------------------------


@reports.command("list", help="List reports, the newest first.")
@click.option("--open/--all", "only_open", default=True, help="Only those that you have not closed, or all.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many at most.")
@click.option("--before", type=click.IntRange(1), help="Only those of smaller numbers: the next page.")
@at_the_inbox
def list_reports(desk: Desk, only_open: bool, limit: int, before: int | None) -> None:
    """Show a line for each report."""
    from provenance.report_orders import ReportsAsked

    app = desk.app
    inbox = desk.client.inbox(ReportsAsked(desk.registry, desk.now, only_open=only_open, limit=limit, before=before))
    found = inbox.reports
    members = {
        "reports": [report.members for report in found],
        "following": inbox.following,
        "doubts": [_members(doubt) for doubt in inbox.doubts],
    }
    app.data(members, "\n".join(_line(report) for report in found) or None)
    for doubt in inbox.doubts:
        app.say(_doubt(doubt), fg="yellow")
    if not found:
        app.say(_("No report is open.") if only_open else _("There is no report."))
        return
    if inbox.following is not None:
        every = "" if only_open else " --all"
        app.say(_("More: {command}").format(command=f"`kilnmark reports{every} --before {inbox.following}`"))
    app.say(_("To read one: {command}").format(command=f"`kilnmark reports show {found[0].id}`"))


@reports.command("show", help="Show a report with all that it says.")
@click.argument("number", type=click.IntRange(1))
@at_the_inbox
def show(desk: Desk, number: int) -> None:
    """Show one report."""
    from provenance.report_orders import ReportsAsked

    report = desk.client.report(ReportsAsked(desk.registry, desk.now, report=number))
    desk.app.data(report.members, _whole(report, desk.registry))
    if not report.closed:
        desk.app.say(_("To close it: {command}").format(command=f"`kilnmark reports close {number} --note …`"))


@reports.command("close", help="Close a report for yourself, with a note.")
@click.argument("number", type=click.IntRange(1))
@click.option("--note", help="Why, on one line of up to 500 characters; it is kept with the report.")
@at_the_inbox
def close(desk: Desk, number: int, note: str | None) -> None:
    """Close a report; the other side's inbox stays as it is."""
    from provenance.report_orders import ReportClosed
    from provenance.reports import cleaned_line

    app = desk.app
    said = cleaned_line(note if note is not None else app.ask(_("What came of it?"), "", option="--note"))
    report, new = desk.client.close_report(ReportClosed(desk.registry, desk.now, number, said))
    app.data(report.members)
    if new:
        app.say(_("Report {number} is closed.").format(number=number), fg="green")
    else:
        app.say(_("Report {number} was closed before, and keeps its note.").format(number=number), fg="yellow")


# --- doubt and trust --------------------------------------------------------------------------------------------------


@reports.command(
    "doubt", help="Say on a piece's page that its tag may have been copied, after a report or without one."
)
@click.argument("which")
@click.option("--every-tag", is_flag=True, help="Of every tag of the piece, not of the one that was reported or named.")
@at_the_inbox
def doubt_tag(desk: Desk, which: str, every_tag: bool) -> None:
    """Raise a doubt, by the number of a report or by serial or SERIAL/TAG."""
    from provenance.report_orders import TagDoubt

    app = desk.app
    serial, tag = _subject(desk, which)
    tag = 0 if every_tag else tag
    words = _("Say on every page of {piece}: this tag may have been copied? The record stays genuine.")
    if tag:
        words = _("Say to whoever scans {piece}: this tag may have been copied? The record stays genuine.")
    piece = f"{serial}/{tag}" if tag > 1 else str(serial)
    app.require(words.format(piece=piece))
    changed, doubts = desk.client.doubt(TagDoubt(desk.registry, desk.now, serial, tag, doubted=True))
    app.data({"serial": serial.compact, "tag": tag, "changed": changed, "doubts": [_members(item) for item in doubts]})
    app.say(_("It is said there now.") if changed else _("It was said there before."), fg="green")
    app.say(_("To take it back: {command}").format(command=f"`kilnmark reports trust {serial}`"))


@reports.command("trust", help="Take back that a piece's tags may have been copied; an alarm of scans, too.")
@click.argument("which")
@at_the_inbox
def trust(desk: Desk, which: str) -> None:
    """End the doubts of one's own about a piece and those of scans; for a steward, the studio's as well."""
    from provenance.report_orders import TagDoubt

    app = desk.app
    serial, _tag = _subject(desk, which)
    changed, doubts = desk.client.doubt(TagDoubt(desk.registry, desk.now, serial, 0, doubted=False))
    app.data({"serial": serial.compact, "changed": changed, "doubts": [_members(item) for item in doubts]})
    if changed:
        text = ngettext("{n} doubt about {piece} is ended.", "{n} doubts about {piece} are ended.", changed)
        app.say(text.format(n=changed, piece=serial), fg="green")
    else:
        app.say(_("There was no doubt about {piece} that you can end.").format(piece=serial))
    for doubt in doubts:
        app.say(_doubt(doubt), fg="yellow")


def _subject(desk: Desk, which: str) -> tuple[Serial, int]:
    """Return piece and tag that a report's number, a serial or SERIAL/TAG stands for; raises `MalformedError`."""
    from provenance.report_orders import MAX_REPORT, ReportsAsked
    from provenance_cli.commands.link import read_tag

    if which.isascii() and which.isdigit() and 0 < int(which) <= MAX_REPORT and len(which) < SERIAL_SYMBOLS:
        report = desk.client.report(ReportsAsked(desk.registry, desk.now, report=int(which)))
        return report.serial, report.tag
    serial, tag = read_tag(which)
    return serial, tag or 1


def _members(doubt: ToldDoubt) -> dict[str, Any]:
    from provenance.certificate import format_time

    return {"serial": doubt.serial.compact, "tag": doubt.tag, "by": doubt.by, "since": format_time(doubt.since)}


def _doubt(doubt: ToldDoubt) -> str:
    """Return in one sentence whose word puts a tag in doubt, and since when."""
    piece = f"{doubt.serial}/{doubt.tag}" if doubt.tag > 1 else str(doubt.serial)
    text = _(DOUBTS[doubt.by]) if doubt.by in DOUBTS else _("{piece}: in doubt since {day}.")
    return text.format(piece=piece, day=doubt.since.date().isoformat())


def _line(report: ToldReport) -> str:
    """Return a report on one line of a terminal."""
    from provenance_cli.columns import PAGE_WIDTH, cut, pad

    tag = f"{report.serial}/{report.tag}" if report.tag > 1 else str(report.serial)
    mark = "✓" if report.closed else " "
    head = f"{mark}{report.id:>5}  {report.received.date().isoformat()}  {pad(tag, 19)}  "
    reason = _reason(report.reason)
    more = f" (+{report.more})" if report.more else ""
    said = _("{reason}: {text}").format(reason=reason, text=" ".join(report.text.split())) if report.text else reason
    return head + cut(said, PAGE_WIDTH - len(head) - len(more)) + more


def _whole(report: ToldReport, registry: str) -> str:
    """Return all that a report says, in the columns of a terminal."""
    from provenance.tag import tag_url
    from provenance_cli.columns import PAGE_WIDTH, listing, one_line, width, wrapped
    from provenance_cli.moments import shown_moment

    rows: list[tuple[str, str]] = [
        (_("Report"), str(report.id)),
        (_("Received"), shown_moment(report.received)),
        (_("Piece"), f"{report.serial}\n{tag_url(registry, report.serial, report.tag)}"),
        (_("Studio"), one_line(report.studio)),
        (_("What is wrong"), _reason(report.reason)),
        (_("Words"), report.text or _("none")),
        (_("To be reached"), one_line(report.contact) or _("not said")),
        (_("Language"), one_line(report.language)),
    ]
    if report.more:
        text = ngettext("{n} came after it and was not kept", "{n} came after it and were not kept", report.more)
        rows.append((_("More reports"), text.format(n=report.more)))
    for closed in report.closed:
        side = _(SIDES[closed.side]) if closed.side in SIDES else closed.side
        ended = _("by {side}, {time}").format(side=side, time=shown_moment(closed.time))
        rows.append((_("Closed"), "\n".join(text for text in (ended, one_line(closed.note)) if text)))
    room = PAGE_WIDTH - 2 - max(width(label) for label, _text in rows)
    return listing((label, wrapped(text, room)) for label, text in rows)


def _reason(reason: str) -> str:
    return _(REASONS[reason]) if reason in REASONS else reason
