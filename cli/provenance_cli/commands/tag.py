"""``kilnmark tag``: print tags."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.commands.calibrate import calibrate
from provenance_cli.commands.cards import boxcard, hangtag
from provenance_cli.commands.link import link
from provenance_cli.commands.release import release
from provenance_cli.commands.secret import secret
from provenance_cli.commands.tag_check import check
from provenance_cli.commands.tag_jobs import jobs, spoiled
from provenance_cli.commands.tag_life import applied, list_, void
from provenance_cli.commands.tag_print import print_
from provenance_cli.commands.tag_replace import replace
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, later, ngettext

if TYPE_CHECKING:
    from provenance.encoding import Digest
    from provenance.printing.label import Label
    from provenance.verdict import Verdict
    from provenance.verify import Verifier
    from provenance_cli.store import Signed
    from provenance_cli.workshop import Workshop

_SUBMIT_FIRST = later("Run `kilnmark submit --wait` first.")


@click.group(help="Print tags.")
def tag() -> None:
    """Tags on paper."""


tag.add_command(calibrate)
tag.add_command(check)
tag.add_command(link)
tag.add_command(release)
tag.add_command(secret)
for _command in (print_, jobs, spoiled, void, replace, applied, list_, hangtag, boxcard):
    tag.add_command(_command)


@tag.command(help="Print certificates of authenticity: an A4 page a piece, with all evidence inside.")
@click.argument("serials", nargs=-1)
@click.option(
    "-o", "--out", type=click.Path(file_okay=False), help="Folder for the PDFs (default: out/ in the workshop)."
)
@pass_app
def certificate(app: App, serials: tuple[str, ...], out: str | None) -> None:
    """Print pages to frame, once each record was checked; every code is read back."""
    from provenance.bundle import Bundle
    from provenance.decoding import Decoder
    from provenance.printing.authenticity import print_authenticity
    from provenance.printing.readback import check_page
    from provenance.serial import Serial
    from provenance_cli.authenticity import authenticity_page
    from provenance_cli.files import write_file
    from provenance_cli.printing_run import counting_tag

    workshop = app.workshop()
    check_host(workshop)
    wanted = [workshop.store.certificate(Serial.parse(serial)) for serial in serials]
    chosen = wanted or workshop.store.certificates(("anchored",))
    numbers = [counting_tag(workshop.store, item.certificate.piece.serial).number for item in chosen]
    verdicts = check_anchored(app, workshop, chosen)
    folder, missing = Path(out) if out else workshop.out, dict[str, None]()
    with app.progress(len(chosen), _("Printing")) as advance, Decoder() as decoder:
        for item, verdict, number in zip(chosen, verdicts, numbers, strict=True):
            data = item.bundle or b""

            def photo(digest: Digest) -> bytes:
                return workshop.photo_path(digest).read_bytes()

            bundle = Bundle.from_bytes(data)
            page = authenticity_page(bundle, data, verdict, app.lang, photo, decoder, number=number)
            drawn = io.BytesIO()
            missing |= dict.fromkeys(print_authenticity(page, drawn, created=app.clock()))
            check_page(drawn.getvalue(), page.url)
            write_file(folder / f"{page.serial}.pdf", drawn.getvalue())
            advance(1)
    text = ngettext("{n} certificate in {path}", "{n} certificates in {path}", len(chosen))
    app.say(text.format(n=len(chosen), path=folder))
    for name in missing:
        app.say("  " + _("The typeface lacks {name}.").format(name=name), fg="yellow")
    app.data({"certificates": len(chosen), "folder": str(folder), "missing": list(missing)})


def check_anchored(app: App, workshop: Workshop, chosen: list[Signed]) -> list[Verdict]:
    """Return verdicts, by which the pinned ledger shows each piece's record to be genuine; raise `ConfigurationError`.

    A tag cannot be called back: what a registry says is not enough, and a certificate may be anchored in vain.
    """
    from provenance.errors import ConfigurationError
    from provenance.verify import Verifier
    from provenance_cli.ledgers import load_policy, open_pinned

    if not chosen:
        raise ConfigurationError("not-anchored", "No piece is on the ledger yet.", hint=_SUBMIT_FIRST)
    policy = load_policy(app)
    verifier = Verifier(policy, open_pinned(policy))
    verdicts: list[Verdict] = []
    with app.progress(len(chosen), _("Checking")) as advance:
        for item in chosen:
            verdicts.append(require_authentic(verifier, item, app.lang))
            advance(1)
    return verdicts


def require_authentic(verifier: Verifier, item: Signed, language: str) -> Verdict:
    """Return the verdict by which a piece's record is genuine; raise `ConfigurationError` where there is none."""
    from provenance.bundle import Bundle
    from provenance.errors import ConfigurationError
    from provenance.texts import sentence
    from provenance.verdict import Outcome

    serial = item.certificate.piece.serial
    if item.state != "anchored" or item.bundle is None:
        raise ConfigurationError(
            "not-anchored", "{serial} is not on the ledger yet.", hint=_SUBMIT_FIRST, serial=serial
        )
    verdict = verifier.verify(Bundle.from_bytes(item.bundle), serial=serial)
    if verdict.outcome is not Outcome.AUTHENTIC:
        raise ConfigurationError(
            "not-authentic",
            "No tag is printed for {serial}: {reason}",
            hint="Name the pieces to be printed, without this one.",
            serial=serial,
            reason=sentence(verdict.reason, language),
        )
    return verdict


def check_host(workshop: Workshop) -> None:
    """Return if buyers can reach the host on the tags; raise `ConfigurationError` otherwise.

    A host counts as confirmed once a trust policy that names it was pinned from it: a tag cannot be called back.
    """
    from provenance.errors import ConfigurationError
    from provenance.tag import is_public_host

    base_url, policy = workshop.issuer.base_url, workshop.policy()
    if not is_public_host(base_url):
        raise ConfigurationError(
            "private-host",
            "Buyers cannot reach {url}: no tag is printed for it.",
            hint="Tags need a registry with a public name and https. To try things out: `kilnmark demo`.",
            url=base_url,
        )
    if policy is None or policy.registry != base_url:
        raise ConfigurationError(
            "unconfirmed-host",
            "It is not confirmed that {url} is the registry.",
            hint="Pin its policy first: `kilnmark ledger pin {url}`.",
            url=base_url,
        )


def label_of(item: Signed, language: str, *, number: int = 1, demo: bool = False) -> Label:
    """Return the label of a piece's tag `number`."""
    from provenance.credit import credited
    from provenance.printing.label import Label
    from provenance.tag import tag_url

    certificate = item.certificate
    piece = certificate.piece
    maker = credited(piece.makers, language, language, "zh-Hans", "en")
    lines = [certificate.issuer.name, *([maker] if maker and maker != certificate.issuer.name else [])]
    return Label(
        url=tag_url(certificate.issuer.base_url, piece.serial, number),
        serial=str(piece.serial),
        title=piece.title_in(language, "zh-Hans", "en"),
        lines=tuple(lines),
        demo=demo,
    )
