"""``kilnmark tag link``: a link by which a shop prints public tags, without a key and without a command line."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provenance.keys import Signer
    from provenance.serial import Serial
    from provenance.signed_orders import Order
    from provenance_cli.client import RegistryClient
    from provenance_cli.workshop import Workshop

PATH = "/api/v1/print-links"


@click.command(help="Give a shop a link by which it prints public tags; it cannot do anything else by it.")
@click.argument("serials", nargs=-1)
@click.option("--for", "made_for", help="For whom the link is: a shop's name.")
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, 90), help="Days that the link lasts.")
@click.option("--qr", type=click.Path(dir_okay=False), help="Write the link as a QR code into this PNG, too.")
@click.option("--cancel", metavar="ID", help="Withdraw the link of that id, for good.")
@click.option("--list", "listed", is_flag=True, help="Show the links, and what was printed by them.")
@pass_app
def link(
    app: App,
    serials: tuple[str, ...],
    made_for: str | None,
    days: int,
    qr: str | None,
    cancel: str | None,
    listed: bool,
) -> None:
    """Sign a print link and hand it to the registry; withdraw one; list them."""
    from provenance_cli.client import RegistryClient

    if (cancel is not None) + listed + bool(serials or made_for or qr) > 1:
        raise click.UsageError(_("Give out a link, withdraw one with --cancel, or look at them with --list."))
    workshop = app.workshop()
    client = RegistryClient(workshop.issuer.base_url)
    now = app.clock().replace(microsecond=0)
    if cancel is not None:
        _cancel(app, workshop, client, cancel, now)
    elif listed:
        _list(app, workshop, client, now)
    else:
        _give(app, workshop, client, serials, made_for, now, now + timedelta(days=days), qr)


def _give(
    app: App,
    workshop: Workshop,
    client: RegistryClient,
    serials: tuple[str, ...],
    made_for: str | None,
    now: datetime,
    expires: datetime,
    qr: str | None,
) -> None:
    from provenance.certificate import format_time
    from provenance.encoding import Digest
    from provenance.print_links import PrintLink, address_of, new_secret
    from provenance_cli.files import write_file
    from provenance_cli.paper import say_missing
    from provenance_cli.printable import check_anchored, check_host, say_twice
    from provenance_cli.tag_life import newest_tags

    check_host(workshop)
    name = made_for or app.ask(_("For which shop is the link?"), option="--for")
    store, wanted = workshop.store, [read_tag(text) for text in serials]
    say_twice(app, [serial for serial, _number in wanted])
    wanted = list(dict(reversed(wanted)).items())[::-1]  # The first word on a piece counts.
    chosen = [store.certificate(serial) for serial, _number in wanted] or store.certificates(("anchored",))
    check_anchored(app, workshop, chosen)
    named = wanted or [(item.certificate.piece.serial, None) for item in chosen]
    newest = newest_tags(app, workshop, [serial for serial, number in named if number is None])
    tags = tuple((serial, number or newest[serial].number) for serial, number in named)
    missing = _missing(item.certificate.piece.title_in(app.lang, "zh-Hans", "en") for item in chosen)
    secret = new_secret()
    order = PrintLink(workshop.issuer.base_url, tags, name, now, expires, Digest.of(secret), app.lang)
    address = address_of(workshop.issuer.base_url, order.id, secret)
    signer = _signer(app, workshop)
    if qr:  # Before the link counts: a file that cannot be written is to cost none.
        write_file(Path(qr), _qr(address))
    answer = _hand_in(client, PATH, order, signer)
    if answer.get("link") != order.id:
        raise client.nonsense()
    say_missing(app, missing)
    text = ngettext(
        "A link by which {name} prints {n} tag until {day}:",
        "A link by which {name} prints {n} tags until {day}:",
        len(tags),
    )
    app.say(text.format(name=name, n=len(tags), day=expires.date().isoformat()))
    members: dict[str, Any] = {
        "id": order.id,
        "link": address,
        "tags": len(tags),
        "expires": format_time(expires),
        "missing": missing,
    }
    app.data(members if qr is None else {**members, "qr": qr}, address)
    app.say(_("Whoever has it prints these tags. Send it to the shop alone; it is shown this once."))
    app.say(_("To withdraw it: kilnmark tag link --cancel {id}").format(id=order.id))


def _cancel(app: App, workshop: Workshop, client: RegistryClient, name: str, now: datetime) -> None:
    from provenance.print_links import PrintLinkEnd

    # Whoever pastes the whole link is understood, and its secret goes nowhere.
    wanted = name.strip().rpartition("#")[2].partition(".")[0].lower()
    _hand_in(client, f"{PATH}:cancel", PrintLinkEnd(workshop.issuer.base_url, wanted, now), _signer(app, workshop))
    app.say(_("The link {id} opens nothing any more.").format(id=wanted))
    app.data({"withdrawn": wanted})


def _list(app: App, workshop: Workshop, client: RegistryClient, now: datetime) -> None:
    from provenance.print_links import PrintLinksAsked

    answer = _hand_in(client, f"{PATH}:list", PrintLinksAsked(workshop.issuer.base_url, now), _signer(app, workshop))
    found = answer.get("links")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise client.nonsense()
    if not found:
        app.say(_("No link was given out."))
    app.data({"links": found}, "\n".join(_line(item, now) for item in found) or None)


def _line(item: dict[str, Any], now: datetime) -> str:
    """Return what is told of a link; what the registry says may be anything."""
    until = str(item.get("expires"))[:10]
    if "withdrawn" in item:
        state = _("withdrawn")
    else:
        state = (_("until {day}") if until >= now.date().isoformat() else _("ran out on {day}")).format(day=until)
    done = _("{printed} of {n} printed, {prints} prints, {spoiled} spoiled").format(
        printed=item.get("printed"), n=item.get("tags"), prints=item.get("prints"), spoiled=item.get("spoiled")
    )
    return f"{item.get('link')}  {item.get('for')}  {state}  {done}"


def _missing(titles: Iterable[str]) -> list[str]:
    """Return the names of the characters that the typeface of tags lacks: the shop could do nothing about them."""
    from provenance.printing.fonts import drawable, name_of

    found = set[str]()
    for title in titles:
        drawable(title, found, serif=True)
    return [name_of(character) for character in sorted(found)]


def read_tag(text: str) -> tuple[Serial, int | None]:
    """Read a serial, or a tag of its own number: SERIAL/2."""
    from provenance.errors import MalformedError
    from provenance.serial import Serial
    from provenance.tag import MAX_TAG_NUMBER

    serial, slash, number = text.partition("/")
    if slash and not (number.isascii() and number.isdigit() and 1 <= int(number) <= MAX_TAG_NUMBER):
        raise MalformedError("bad-serial", "There is no tag of that number.", field="serial")
    return Serial.parse(serial), int(number) if slash else None


def _signer(app: App, workshop: Workshop) -> Signer:
    return app.unlock(workshop.keystore()).signer


def _hand_in(client: RegistryClient, path: str, order: Order, signer: Signer) -> dict[str, Any]:
    from provenance.signed_orders import SignedOrder

    return client.hand_in(path, SignedOrder.sign(order, signer).to_bytes())


def _qr(address: str) -> bytes:
    """Return the link as a picture to send or to show: eight dots a module."""
    from PIL import Image

    from provenance.printing.codes import QUIET_MODULES, matrix, runs

    modules, scale = matrix(address), 8
    side = (len(modules) + 2 * QUIET_MODULES) * scale
    image = Image.new("1", (side, side), 1)
    for column, row, length in runs(modules):
        left, top = ((QUIET_MODULES + place) * scale for place in (column, row))
        image.paste(0, (left, top, left + length * scale, top + scale))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
