"""What the form by which somebody reports a piece says, read from the body of a request."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from provenance.reports import MAX_CONTACT, MAX_TEXT, REASONS, cleaned, cleaned_line
from provenance.tag import MAX_TAG_NUMBER
from provenance_registry.http.print_form import FormError

MAX_REPORT_FORM = 16_384
"""Bytes of a form: text and contact of the longest characters, twelve bytes each where they are escaped, and room."""
TRAP = "leave"
"""The field that people leave empty, for they do not see it, and that programs fill in."""
_FIELDS = 12


@dataclass(frozen=True, slots=True)
class Reported:
    """A report as it was sent, cleaned."""

    number: int = 1
    reason: str = ""
    text: str = ""
    contact: str = ""
    trap: str = ""

    @classmethod
    def of(cls, body: bytes) -> Reported:
        """Read a form; what is not of its form is as good as nothing."""
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS)
        except ValueError:  # Too many fields, or no form at all.
            pairs = []
        first = dict(reversed(pairs))
        number = first.get("tag", "1")
        known = number.isascii() and number.isdigit() and len(number) < 4 and 1 <= int(number) <= MAX_TAG_NUMBER
        return cls(
            number=int(number) if known else 1,
            reason=first.get("reason", "") if first.get("reason") in REASONS else "",
            text=cleaned(first.get("text", "")),
            contact=cleaned_line(first.get("contact", "")),
            trap=first.get(TRAP, "")[:40].strip(),
        )

    def check(self) -> None:
        """Raise `FormError` where the form cannot be taken as it is."""
        if self.trap:
            raise FormError("report_trap")
        if not self.reason:
            raise FormError("report_choose")
        if len(self.text) > MAX_TEXT:
            raise FormError("report_long", count=len(self.text), limit=MAX_TEXT)
        if len(self.contact) > MAX_CONTACT:
            raise FormError("report_long_contact", count=len(self.contact), limit=MAX_CONTACT)
