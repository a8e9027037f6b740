"""Links by which shops print public tags: kept as studios signed them, opened by their secret.

A link opens nothing once it has run out or was withdrawn, and while its studio may not sign by the key that signed it:
a key that was stolen leaves no links behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from provenance.canonical import load
from provenance.certificate import Certificate
from provenance.encoding import Digest, KeyId
from provenance.errors import (
    ConflictError,
    LimitError,
    MalformedError,
    NotFoundError,
    ProvenanceError,
    VerificationError,
)
from provenance.print_links import (
    MAX_DAYS,
    SECRET_BYTES,
    PrintLink,
    PrintLinkEnd,
    PrintLinksAsked,
    parse_code,
)
from provenance.serial import Serial
from provenance.signed_orders import SignedOrder
from provenance.verdict import Outcome
from provenance_registry.records import PrintMark, PrintTotals, StoredPrintLink
from provenance_registry.repository import Repository, Transaction
from provenance_registry.service.answers import Answers
from provenance_registry.service.clock import Clock
from provenance_registry.service.directory import StudioEntry
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.limits import Buckets
from provenance_registry.service.remembered import Remembered
from provenance_registry.service.voids import Voids

MAX_OPEN = 100
"""Links of one studio that are open at once: a shop each."""
MAX_LISTED = 500
"""Links of one studio that are told."""
MAX_READ = 32
"""Links that need not be read anew: one of 5,000 tags has 740,000 bytes, and takes a processor 20 ms."""
MAX_FORMS = 2_000
"""Certificates whose words are at hand, of lists that are looked at again."""
KEPT_DAYS = 90
"""Days for which a link that ran out is kept, so that the studio sees what was printed."""
CLOCKS_APART = timedelta(minutes=10)
"""By how much a studio's clock may differ from ours."""
LOOK_BURST, LOOK_SECONDS = 120, 2.0
"""Lists of tags that one link gives at once, and seconds until it gives one more."""
PRINT_BURST, PRINT_SECONDS = 10, 15.0
"""PDFs that one link gives at once, and seconds until it gives one more."""
NO_NUMBER, OTHER_STUDIO = "no-tag-number", "other-studio"
"""Reasons for which no tag is printed, beside those of a verdict."""
KNOWN = ("revoked", "on-hold")
"""Reasons for which a record is not genuine now, though its words are the studio's."""
GONE = ("lost", "retired")
"""Advisories of genuine records of which no tag is printed either: no shop has such a piece before it."""


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that whoever asks has the secret of, and its studio as it is now."""

    stored: StoredPrintLink
    link: PrintLink
    studio: StudioEntry


@dataclass(frozen=True, slots=True)
class LinkedTag:
    """A tag of a link: `number` is the first from the signed one on that is not voided, `reason` why none is printed.

    The certificate is that whose words are shown, where one may be.
    """

    place: int
    serial: Serial
    number: int
    certificate: Certificate | None
    reason: str | None
    mark: PrintMark


@dataclass(frozen=True, slots=True)
class ListedLink:
    """A link as its studio sees it."""

    stored: StoredPrintLink
    made_for: str
    tags: int
    totals: PrintTotals

    @classmethod
    def of(cls, stored: StoredPrintLink, totals: PrintTotals) -> ListedLink:
        """Return a link that is kept; its bytes were read strictly when they came."""
        members = load(stored.data)
        return cls(stored, str(members["for"]), len(members["tags"]), totals)


class PrintLinks:
    """The use cases of print links."""

    def __init__(
        self,
        repository: Repository,
        index: IndexedLedger,
        answers: Answers,
        voids: Voids,
        base_url: str,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._index = index
        self._answers = answers
        self._links: Remembered[str, PrintLink] = Remembered(MAX_READ)
        self._forms: Remembered[Digest, Certificate] = Remembered(MAX_FORMS)
        self._voids = voids
        self._base_url = base_url
        self._clock = clock
        self._prints = Buckets(PRINT_BURST, PRINT_SECONDS)
        self._looks = Buckets(LOOK_BURST, LOOK_SECONDS)

    # --- what studios sign ------------------------------------------------------------------------------------------

    def keep(self, data: bytes) -> tuple[StoredPrintLink, PrintLink, bool]:
        """Keep a link; tell whether it is new.

        Raises `MalformedError`, `VerificationError` where the studio of all its pieces did not sign it, `NotFoundError`
        for an unknown piece, `ConflictError` where the studio has too many.
        """
        signed = SignedOrder.from_bytes(PrintLink, data)
        link, now = signed.order, self._clock()
        self._demand_ours(link.registry)
        signed.check_signature()
        if not now < link.expires <= now + timedelta(days=MAX_DAYS) + CLOCKS_APART:
            raise MalformedError(
                "print-link-expired",
                "A print link ends within {days} days, and not before now.",
                field="expires",
                days=MAX_DAYS,
            )
        if self._index.directory.by_key(signed.public_key.key_id) is None:
            raise _not_the_studio()  # Before thousands of pieces are looked up for a stranger.
        entry = self._studio_of(link)
        if not _may_sign(entry, signed.public_key.key_id, now):
            raise _not_the_studio()
        stored = StoredPrintLink(link.id, entry.address, signed.public_key.key_id, now, link.expires, data)

        def work(transaction: Transaction) -> bool:
            transaction.forget_print_links(now - timedelta(days=KEPT_DAYS))
            new = transaction.add_print_link(stored)
            if new and transaction.open_print_links(entry.address, now) > MAX_OPEN:
                raise ConflictError(
                    "too-many-print-links",
                    "The studio has {limit} open print links.",
                    hint="Withdraw one with `kilnmark tag link --cancel ID`; `kilnmark tag link --list` shows them.",
                    limit=MAX_OPEN,
                )
            return new

        return stored, link, self._repository.write(work)

    def end(self, data: bytes) -> str:
        """Withdraw a link; return its id.  Raises `NotFoundError`, `VerificationError`."""
        signed = SignedOrder.from_bytes(PrintLinkEnd, data)
        self._demand_ours(signed.order.registry)
        signed.check_signature()
        stored = self._repository.print_link(signed.order.link)
        entry = None if stored is None else self._index.directory.studio(stored.studio)
        key = None if entry is None else entry.keys.get(signed.public_key.key_id)
        if stored is None or key is None or not key[1].covers(self._clock()):
            raise NotFoundError("unknown-print-link", "This studio has no such print link.")
        self._repository.write(lambda transaction: transaction.end_print_link(stored.id, self._clock()))
        return stored.id

    def listed(self, data: bytes) -> list[ListedLink]:
        """Return a studio's links and what became of their tags, for whoever signs that it is the studio, now."""
        signed = SignedOrder.from_bytes(PrintLinksAsked, data)
        self._demand_ours(signed.order.registry)
        signed.check_signature()
        now = self._clock()
        if abs(signed.order.time - now) > CLOCKS_APART:
            raise MalformedError(
                "asked-at-another-time",
                "This asks for print links at another time than now.",
                field="time",
                hint="Set the computer's clock.",
            )
        entry = self._index.directory.by_key(signed.public_key.key_id)
        if entry is None or not entry.keys[signed.public_key.key_id][1].covers(now):
            raise _not_the_studio()
        found = self._repository.print_links_of(entry.address, MAX_LISTED)
        totals = self._repository.print_totals(entry.address)
        return [ListedLink.of(item, totals.get(item.id, PrintTotals())) for item in found]

    # --- what shops do ----------------------------------------------------------------------------------------------

    def open(self, code: str) -> OpenLink:
        """Return the link of that code.

        Raises `NotFoundError`, the same for a link that is unknown or withdrawn and for a wrong secret, and
        `ConflictError` for whoever has the secret of one that has run out.
        """
        known = parse_code(code)
        name, secret = known or ("", bytes(SECRET_BYTES))
        stored, now = self._repository.print_link(name), self._clock()
        link = None if stored is None else self._read(stored)
        if stored is None or link is None or not link.opens(secret) or stored.ended is not None:
            raise _unknown()
        entry = self._index.directory.studio(stored.studio)
        if link.expires <= now:
            raise ConflictError("print-link-over", "The link ran out on {day}.", day=link.expires.date().isoformat())
        if entry is None or not _may_sign(entry, stored.key_id, now):
            raise _unknown()
        return OpenLink(stored, link, entry)

    def tags(self, opened: OpenLink, places: Sequence[int]) -> list[LinkedTag]:
        """Return tags of a link by their places, each as it stands now."""
        marks = self._repository.print_marks(opened.stored.id, min(places, default=0), max(places, default=0))
        return [self._tag(opened, place, marks.get(place, PrintMark())) for place in places]

    def admit_print(self, opened: OpenLink) -> None:
        """Count a PDF for a link; raises `LimitError`."""
        _admit(self._prints, opened)

    def admit_look(self, opened: OpenLink) -> None:
        """Count a list for a link; raises `LimitError`."""
        _admit(self._looks, opened)

    def note_printed(self, opened: OpenLink, places: Sequence[int]) -> None:
        """Note that tags were printed."""
        self._repository.write(lambda transaction: transaction.note_printed(opened.stored.id, places, self._clock()))

    def note_spoiled(self, opened: OpenLink, places: Sequence[int], *, spoiled: bool) -> None:
        """Note that the shop has tags for spoiled, or not any more."""
        now = self._clock() if spoiled else None
        self._repository.write(lambda transaction: transaction.note_spoiled(opened.stored.id, places, now))

    def _tag(self, opened: OpenLink, place: int, mark: PrintMark) -> LinkedTag:
        serial, signed = opened.link.tags[place]
        said = load(self._answers.answer(serial).body)  # Whoever scans the piece now is answered so.
        outcome, reason, studio = said["outcome"], str(said["reason"]), said.get("studio")
        if studio not in (None, str(opened.studio.address)):
            return LinkedTag(place, serial, signed, None, OTHER_STUDIO, mark)
        genuine = outcome == Outcome.AUTHENTIC.value
        form = self._form(Digest.parse(said["shown"])) if "shown" in said and (genuine or reason in KNOWN) else None
        if not genuine:
            return LinkedTag(place, serial, signed, form, reason, mark)
        if studio is None or form is None or form.issuer.did != opened.studio.did:
            return LinkedTag(place, serial, signed, None, OTHER_STUDIO, mark)
        advised = {advisory["code"] for advisory in said["advisories"]}
        number = self._voids.counting(serial, signed)
        gone = next((code for code in GONE if code in advised), None)
        return LinkedTag(place, serial, number or signed, form, gone or (None if number else NO_NUMBER), mark)

    def _read(self, stored: StoredPrintLink) -> PrintLink:
        link = self._links.get(stored.id)
        if link is None:
            link = SignedOrder.from_bytes(PrintLink, stored.data).order
            self._links.keep(stored.id, link)
        return link

    def _form(self, digest: Digest) -> Certificate | None:
        """Return the certificate of that digest: the piece's first, or an amendment of it."""
        form = self._forms.get(digest)
        if form is None:
            data = self._repository.data(digest)
            amendment = self._repository.amendment(digest) if data is None else None
            data = amendment.data if amendment is not None else data
            form = None if data is None else Certificate.from_bytes(data)
            if form is not None:
                self._forms.keep(digest, form)
        return form

    # --- checks -----------------------------------------------------------------------------------------------------

    def _demand_ours(self, registry: str) -> None:
        if registry != self._base_url:
            raise MalformedError(
                "other-registry",
                "This is about print links of the registry {other}.",
                field="registry",
                hint="This registry is {own}.",
                other=registry,
                own=self._base_url,
            )

    def _studio_of(self, link: PrintLink) -> StudioEntry:
        """Return the studio that certified all pieces of a link; raises `NotFoundError`, `VerificationError`."""
        issuers = set[str]()
        for serial, _ in link.tags:
            stored = self._repository.by_serial(serial)
            if stored is None:
                raise NotFoundError("unknown-serial", "No certificate has the number {serial}.", serial=serial)
            issuers.add(stored.did)
        entry = self._index.directory.by_did(min(issuers)) if len(issuers) == 1 else None
        if entry is None:
            raise _not_the_studio()
        return entry


def _may_sign(entry: StudioEntry, key_id: KeyId, now: datetime) -> bool:
    key = entry.keys.get(key_id)
    return entry.in_good_standing and key is not None and key[1].covers(now)


def _admit(buckets: Buckets, opened: OpenLink) -> None:
    if wait := buckets.take(opened.stored.id):
        raise LimitError("link-too-busy", "Too much was asked for by this link.", retry_after=ceil(wait))


def _unknown() -> ProvenanceError:
    return NotFoundError(
        "unknown-print-link",
        "This link opens nothing.",
        hint="Open it whole, as the studio sent it; or ask the studio for another.",
    )


def _not_the_studio() -> ProvenanceError:
    return VerificationError(
        "not-the-studio",
        "This is not signed by a key by which the studio of all these pieces may sign now.",
        hint="A studio gives out links for pieces that it certified itself, with its present key.",
    )
