"""``kilnmark verify``: check a piece against the pinned ledger, never on a registry's word."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from provenance_cli import exits
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, later
from provenance_cli.report import words

if TYPE_CHECKING:
    from provenance.bundle import Bundle
    from provenance.encoding import Digest
    from provenance.serial import Serial
    from provenance.verdict import Outcome
    from provenance_cli.client import RegistryClient


PHOTOS_WITHIN = 300.0
"""Seconds for fetching all photos of a piece, where no others are given."""
LIST_TIMEOUT = 10.0
"""Seconds to wait for a status list, which decides nothing."""
_BUNDLE_REMEDY = later(
    "The file is no whole bundle: copy or download it anew, or check the piece by its serial: `kilnmark verify SERIAL`."
)


@click.command(help="Check a piece by serial, address, bundle or photo.")
@click.argument("what")
@click.option(
    "--policy", "policy_file", type=click.Path(exists=True, dir_okay=False), help="The trust policy to check under."
)
@click.option("--rpc", multiple=True, help="A node of the ledger to ask; several must agree (default: the policy's).")
@click.option("--registry", help="The registry to fetch the bundle from (default: the policy's).")
@click.option("--offline", is_flag=True, help="Ask no ledger; a bundle file is needed.")
@click.option(
    "--photos-within",
    type=float,
    default=PHOTOS_WITHIN,
    envvar="KILNMARK_PHOTOS_WITHIN",
    help="Seconds for fetching all photos; those that did not come could not be checked (default: 300).",
)
@click.option("-v", "--verbose", is_flag=True, help="Tell what each check asks, and against what it is held.")
@pass_app
def verify(
    app: App,
    what: str,
    policy_file: str | None,
    rpc: tuple[str, ...],
    registry: str | None,
    offline: bool,
    photos_within: float,
    verbose: bool,
) -> None:
    """Find the bundle, check it, say what was found."""
    if not photos_within > 0:
        raise click.BadParameter(_("It must be more than 0."), param_hint="--photos-within")
    from provenance.bundle import MAX_BUNDLE_BYTES, Bundle
    from provenance.codes import OLD_BUNDLE_CODES
    from provenance.errors import LedgerError, MalformedError, NotFoundError
    from provenance.verdict import Outcome, elsewhere, not_vouched, unknown
    from provenance.verify import Verifier
    from provenance_cli.client import RegistryClient
    from provenance_cli.ledgers import load_policy, open_to_verify
    from provenance_cli.showing import show_verdict

    policy = load_policy(app, policy_file)
    serial: Serial | None = None
    path = Path(what)
    base_url, photos = "", None
    if _is_file(path):
        with path.open("rb") as file:
            data = file.read(MAX_BUNDLE_BYTES + 1)
        if not data.lstrip().startswith(b"{"):
            serial, base_url = _from_photo(path)
            data = b""
    else:
        serial, base_url = _from_text(what)
        data = b""
    if not data:
        if offline:
            raise MalformedError("no-bundle", "Without a network a bundle file is needed.", hint="Save one beforehand.")
        # A tag may lead anywhere: what it names is asked of the registry that the policy was pinned from.
        client = RegistryClient(registry or policy.registry or base_url or _no_registry())
        try:
            data = client.bundle(serial) if serial else b""
        except NotFoundError as error:
            verdict = not_vouched(serial) if serial and error.code == "not-vouched" else unknown(serial)
            if verdict.outcome is Outcome.UNKNOWN and base_url not in ("", client.base_url):
                verdict = elsewhere(serial, base_url)
                text = _("{own} has no such number, and the tag leads to {other}: the piece may be of that registry.")
                app.say(text.format(own=client.base_url, other=base_url), fg="yellow")
            show_verdict(app, verdict)
            click.get_current_context().exit(outcome_exit(verdict.outcome))
        bundle = Bundle.from_bytes(data)
        photos = PhotosAt(client, photos_within)
    else:
        with _naming(path, _BUNDLE_REMEDY):
            bundle = Bundle.from_bytes(data)
    silent: LedgerError | None = None
    try:
        ledger = None if offline else open_to_verify(policy, rpc)
    except LedgerError as error:
        if not error.retryable:
            raise
        app.say(words(error)[0], fg="yellow")
        ledger, silent = None, error
    listed = None
    if ledger is not None and (address := registry or policy.registry):
        listed = _status_list(RegistryClient(address, timeout=LIST_TIMEOUT), bundle)
    verdict = Verifier(policy, ledger, silent).verify(
        bundle, serial=serial, base_url=base_url or None, photos=photos, status_list=listed
    )
    form, title, studio = bundle.form(verdict.shown), "", ""  # Anybody can write an amendment, and a certificate.
    if verdict.outcome is not Outcome.NOT_AUTHENTIC or verdict.reason == "revoked":
        title, studio = form.piece.title_in(app.lang, "zh-Hans", "en"), form.issuer.name
    show_verdict(app, verdict, title, studio, verbose=verbose)
    if data and photos is None and not OLD_BUNDLE_CODES.isdisjoint(finding.code for finding in verdict.findings):
        text = _("The file may be older than the record. `kilnmark verify {serial}` checks what the registry has now; "
                 "in a workshop `kilnmark bundle {serial} --fresh` saves that.")  # fmt: skip
        app.say(text.format(serial=bundle.certificate.piece.serial))
    click.get_current_context().exit(outcome_exit(verdict.outcome))


class PhotosAt:
    """The photos that a registry has: each is fetched when it is asked for, none is kept.

    One that does not come, and other bytes, tell of the registry, not of the piece.  All of them have `within` seconds
    from the first that is asked for: what has not come by then is not at hand.
    """

    def __init__(self, client: RegistryClient, within: float) -> None:
        self._client: RegistryClient | None = client
        self._within = within
        self._end: float | None = None

    def get(self, digest: Digest, /) -> bytes | None:
        """Return a photo's bytes, ``None`` where they cannot be had."""
        from provenance.encoding import Digest
        from provenance.errors import NotFoundError, ProvenanceError

        self._end = self._end or time.monotonic() + self._within
        left = self._end - time.monotonic()
        try:
            data = None if self._client is None or left <= 0 else self._client.photo(digest, left)
        except NotFoundError:
            return None
        except ProvenanceError:
            self._client = None  # The others would take as long.
            return None
        return data if data is not None and Digest.of(data) == digest else None


def _status_list(client: RegistryClient, bundle: Bundle) -> bytes:
    """Return the status list that the certificate names, empty where the registry does not give it."""
    from provenance.errors import ProvenanceError

    try:
        return client.status_list(bundle.certificate.status_entry.list_id)
    except ProvenanceError:
        return b""


def outcome_exit(outcome: Outcome) -> int:
    """Return the exit code for an outcome."""
    from provenance.verdict import Outcome

    match outcome:
        case Outcome.AUTHENTIC:
            return exits.DONE
        case Outcome.NOT_AUTHENTIC | Outcome.UNKNOWN:
            return exits.NOT_AUTHENTIC
        case Outcome.PENDING | Outcome.INCONCLUSIVE:
            return exits.INCONCLUSIVE


@contextmanager
def _naming(path: Path, remedy: str = "") -> Iterator[None]:
    """Name the file in what is said of its bytes; `remedy` is for errors that have none."""
    from provenance.errors import MalformedError, Wording

    try:
        yield
    except MalformedError as error:
        raise MalformedError(
            error.code,
            "{file}: {fault}",
            field=error.field if remedy else None,  # That of a photo is the spreadsheet's column.
            line=error.line,
            hint="{remedy}",
            file=path.name,
            fault=error,
            remedy=error.remedy if error.hint else Wording(remedy),
        ) from None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # Longer than a name can be.
        return False


def _from_text(what: str) -> tuple[Serial, str]:
    from provenance.errors import MalformedError
    from provenance.ledger import make_token_id
    from provenance.serial import Serial
    from provenance.tag import parse_tag_url

    if what.lower().endswith((".json", ".jpg", ".jpeg", ".png", ".webp")):
        raise click.UsageError(_("There is no file {path}.").format(path=what))
    if "://" in what:
        address = parse_tag_url(what)
        return address.serial, address.base_url
    try:
        return Serial.parse(what), ""
    except MalformedError:
        if what.isascii() and what.isdigit() and len(what) >= len(str(make_token_id(1, 0))):
            raise MalformedError(
                "token-id",
                "{number} is the number of a token on the ledger, and a piece is checked by its serial.",
                hint="Give the serial of 13 symbols, the tag's address, or the bundle.",
                number=what[:20],
            ) from None
        raise


def _from_photo(path: Path) -> tuple[Serial, str]:
    from provenance.decoding import Decoder
    from provenance.errors import MalformedError
    from provenance.media import MAX_PHOTO_BYTES
    from provenance.tag import parse_tag_url

    with path.open("rb") as file:
        data = file.read(MAX_PHOTO_BYTES + 1)
    try:
        with _naming(path), Decoder() as decoder:
            payloads = decoder.read_codes(data)
    except MalformedError as error:
        if error.code != "not-a-photo":
            raise
        raise MalformedError(
            "not-to-verify",
            "{file} is neither a bundle nor a photo of a tag.",
            hint="Give a bundle (.kilnmark.json), a photo of the tag as JPEG, HEIC, PNG or WebP, the serial, or the "
            "tag's address.",
            file=path.name,
        ) from None
    found = []
    for payload in payloads:
        try:
            found.append(parse_tag_url(payload))
        except MalformedError:
            continue
    if len({address.serial for address in found}) != 1:
        raise MalformedError(
            "no-single-tag",
            "One tag must be seen in {photo}, and there are {n}.",
            hint="Photograph one tag, straight on, in good light.",
            photo=path.name,
            n=len(found),
        )
    return found[0].serial, found[0].base_url


def _no_registry() -> NoReturn:
    from provenance.errors import ConfigurationError

    raise ConfigurationError("no-registry", "The policy names no registry.", hint="Name one with --registry.")
