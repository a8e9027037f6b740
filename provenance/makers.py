"""Who made a piece: one person or workshop, several hands, or a visitor with a master.

A visitor is a private person in a record that is public and stays: the name stands there by consent only.  Teacher and
lineage are claims: the studio says so, and nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from provenance.canonical import JSONObject, JSONValue
from provenance.encoding import Digest
from provenance.errors import MalformedError
from provenance.limits import LIMITS
from provenance.members import as_object, check_day, digest, string, text
from provenance.multilingual import Text, check_text

ROLES = ("artisan", "master", "visitor", "designer", "thrower", "carver", "painter", "glazer", "firer")
"""What a maker did.  An artisan made it all, a master guided a visitor, and the rest did one step."""
VISITOR = "visitor"
_PLAIN = frozenset(("name", "role"))


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's consent to be named: the ISO day when it was given, and the digest of the signed form.

    The form itself stays with the studio, and only the digest of a form that nobody can guess may be given.
    """

    date: str
    document: Digest | None = None

    def __post_init__(self) -> None:
        check_day(self.date, "maker.consent.date")

    def to_json(self) -> JSONObject:
        """Return the JSON form."""
        members: JSONObject = {"date": self.date}
        if self.document is not None:
            members["digestMultibase"] = self.document.multibase()
        return members

    @classmethod
    def from_json(cls, value: JSONValue) -> Consent:
        """Read the JSON form; raises `MalformedError`."""
        members = as_object(value, "maker.consent")
        document = members.get("digestMultibase")
        return cls(
            string(members, "date", "maker.consent.") or "",
            None if document is None else digest(document, "maker.consent.digestMultibase"),
        )


@dataclass(frozen=True, slots=True)
class Maker:
    """One who had a hand in a piece.  Without a name: a visitor who gave no consent."""

    name: Text = field(default_factory=dict)
    role: str = "artisan"
    teacher: Text = field(default_factory=dict)
    lineage: Text = field(default_factory=dict)
    consent: Consent | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise MalformedError(
                "bad-role", "A maker's role must be one of {roles}.", field="maker.role", roles=", ".join(ROLES)
            )
        check_text(self.name, "maker.name", LIMITS.name)
        check_text(self.teacher, "maker.claims.teacher", LIMITS.name)
        check_text(self.lineage, "maker.claims.lineage", LIMITS.lineage)
        if self.role == VISITOR:
            if bool(self.name) != bool(self.consent):
                raise MalformedError(
                    "visitor-consent",
                    "A visitor is named by consent, and not without.",
                    field="maker.consent",
                    hint="Say when the visitor agreed to be named, or leave the name out.",
                )
        elif not self.name:
            raise MalformedError("missing-name", "A maker needs a name.", field="maker.name")

    def to_json(self) -> JSONObject:
        """Return the JSON form; absent facts are left out."""
        members: JSONObject = {"role": self.role}
        if self.name:
            members["name"] = {**self.name}
        if self.teacher or self.lineage:
            claims = {"teacher": self.teacher, "lineage": self.lineage}
            members["claims"] = {name: dict(words) for name, words in claims.items() if words}
        if self.consent is not None:
            members["consent"] = self.consent.to_json()
        return members

    @classmethod
    def from_json(cls, value: JSONValue) -> Maker:
        """Read the JSON form; raises `MalformedError`."""
        members = as_object(value, "maker")
        name, role = text(members, "name", "maker."), string(members, "role", "maker.") or ""
        if members.keys() <= _PLAIN:  # Most makers.
            return cls(name, role)
        claims = as_object(members.get("claims", {}), "maker.claims")
        return cls(
            name,
            role,
            text(claims, "teacher", "maker.claims."),
            text(claims, "lineage", "maker.claims."),
            Consent.from_json(members["consent"]) if "consent" in members else None,
        )
