"""Which pieces are printed: those named, each once, of a host that buyers reach and with a record that is genuine.

A tag cannot be called back: what a registry says is not enough, and a certificate may be anchored in vain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.errors import ConfigurationError, ConflictError
from provenance.serial import Serial
from provenance_cli.i18n import _, later
from provenance_cli.records import REFUSED

if TYPE_CHECKING:
    from provenance.bundle import Bundle
    from provenance.certificate import Certificate
    from provenance.verdict import Verdict
    from provenance.verify import Verifier
    from provenance_cli.context import App
    from provenance_cli.store import Signed, Store
    from provenance_cli.tag_store import TagNumber
    from provenance_cli.workshop import Workshop

_ENTER_FIRST = later("Enter a piece first: `kilnmark piece add`, then `kilnmark sign` and `kilnmark submit --wait`.")
_SIGN_FIRST = later("Sign first: `kilnmark sign`, then `kilnmark submit --wait`.")
_SUBMIT_FIRST = later("Run `kilnmark submit --wait` first.")
_REFUSED = later("`kilnmark submit` says why.")


@dataclass(frozen=True, slots=True)
class Printable:
    """A piece whose record is genuine by the bundle `data`, as `verdict` says, and the `number` of its newest tag."""

    data: bytes
    verdict: Verdict
    number: int

    def bundle(self) -> Bundle:
        """Read its evidence."""
        from provenance.bundle import Bundle

        return Bundle.from_bytes(self.data)

    def form(self) -> Certificate:
        """Read its newest certificate."""
        return self.bundle().form(self.verdict.shown)


def printable(app: App, workshop: Workshop, serials: Sequence[str]) -> list[Printable]:
    """Return the pieces named, or all that are anchored, once each may be printed; raises `ProvenanceError`."""
    check_host(workshop)
    store = workshop.store
    chosen = [store.certificate(serial) for serial in named(app, store, serials)] or store.certificates(("anchored",))
    tags = counting_tags(app, workshop, [item.certificate.piece.serial for item in chosen])
    verdicts = check_anchored(app, workshop, chosen)
    return [
        Printable(item.bundle or b"", verdict, tag.number)
        for item, verdict, tag in zip(chosen, verdicts, tags, strict=True)
    ]


def named(app: App, store: Store, serials: Iterable[str]) -> list[Serial]:
    """Return the pieces of this workshop that are named, each once, and say which were named twice.

    Raises `MalformedError` for what is no serial, and `NotFoundError` for a piece without a certificate.
    """
    wanted = [store.certificate(Serial.parse(serial)).certificate.piece.serial for serial in serials]
    say_twice(app, wanted)
    return list(dict.fromkeys(wanted))


def say_twice(app: App, wanted: Sequence[Serial]) -> None:
    """Say which pieces were named more than once: each is taken once."""
    twice = [serial for serial in dict.fromkeys(wanted) if wanted.count(serial) > 1]
    if twice:
        text = _("Named more than once, and taken once: {serials}.")
        app.say(text.format(serials=", ".join(map(str, twice))), fg="yellow")


def check_host(workshop: Workshop) -> None:
    """Return if buyers can reach the host on the tags; raise `ConfigurationError` otherwise.

    A host counts as confirmed once a trust policy that names it was pinned from it.
    """
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


def none_anchored(store: Store) -> ConfigurationError:
    """Return the error of a workshop of which nothing is on the ledger, with the step that is next."""
    if store.states():
        return ConfigurationError("not-anchored", "No piece is on the ledger yet.", hint=_SUBMIT_FIRST)
    if store.pieces():
        return ConfigurationError("not-anchored", "No piece is on the ledger yet.", hint=_SIGN_FIRST)
    return ConfigurationError("not-anchored", "No piece is on the ledger yet.", hint=_ENTER_FIRST)


def check_anchored(app: App, workshop: Workshop, chosen: Sequence[Signed]) -> list[Verdict]:
    """Return verdicts, by which the pinned ledger shows each record to be genuine; raise `ConfigurationError`."""
    if not chosen:
        raise none_anchored(workshop.store)
    return list(_checked(app, chosen, len(chosen)))


def require_good(app: App, workshop: Workshop, serials: Sequence[Serial]) -> None:
    """Require the same of each piece, one after the other, so that long jobs take no more memory than short ones."""
    for _verdict in _checked(app, map(workshop.store.certificate, serials), len(serials)):
        pass


def _checked(app: App, items: Iterable[Signed], count: int) -> Iterator[Verdict]:
    from provenance.verify import Verifier
    from provenance_cli.ledgers import load_policy, open_pinned

    policy = load_policy(app)
    verifier = Verifier(policy, open_pinned(policy))
    with app.progress(count, _("Checking")) as advance:
        for item in items:
            yield require_authentic(verifier, item, app.lang)
            advance(1)


def require_authentic(verifier: Verifier, item: Signed, language: str) -> Verdict:
    """Return the verdict by which a piece's record is genuine; raise `ConfigurationError` where there is none."""
    from provenance.bundle import Bundle
    from provenance.texts import sentence
    from provenance.verdict import Outcome

    serial = item.certificate.piece.serial
    if item.state == REFUSED:
        raise ConfigurationError(
            "not-anchored", "{serial} is not on the ledger: the registry refused it.", hint=_REFUSED, serial=serial
        )
    if item.state != "anchored" or item.bundle is None:
        raise ConfigurationError(
            "not-anchored", "{serial} is not on the ledger yet.", hint=_SUBMIT_FIRST, serial=serial
        )
    verdict = verifier.verify(Bundle.from_bytes(item.bundle), serial=serial)
    if verdict.outcome is Outcome.INCONCLUSIVE:  # Which says nothing against the piece.
        raise ConfigurationError(
            "not-checked",
            "No tag is printed for {serial}: {reason}",
            hint="Run the command again later.",
            serial=serial,
            reason=sentence(verdict.reason, language),
        )
    if verdict.outcome is not Outcome.AUTHENTIC:
        raise ConfigurationError(
            "not-authentic",
            "No tag is printed for {serial}: {reason}",
            hint="Name the pieces to be printed, without this one.",
            serial=serial,
            reason=sentence(verdict.reason, language),
        )
    return verdict


def counting_tags(app: App, workshop: Workshop, serials: Sequence[Serial]) -> list[TagNumber]:
    """Return the newest tag of each piece; raises `ConflictError` where one is void."""
    from provenance_cli.tag_life import newest_tags

    tags = list(newest_tags(app, workshop, serials).values())
    for tag in tags:
        if workshop.store.is_void(tag):
            raise void_tag(tag)
    return tags


def void_tag(tag: TagNumber) -> ConflictError:
    """Return the error for a tag that counts no more."""
    return ConflictError(
        "tag-void",
        "Tag {number} of {serial} is voided: it is not printed again.",
        hint="Print its replacement: `kilnmark tag replace {serial}`.",
        serial=tag.serial,
        number=tag.number,
    )
