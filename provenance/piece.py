"""A piece: one physical object, or one digital work, described by its studio in one or more languages.

`Piece` is the subject of a certificate without the certificate around it.  Its constructor holds every rule;
`to_json` and `from_json` are mirror images, so that a verifier can demand that rendering what it read gives what it
read.  Nothing here normalises text: what people enter goes through `entered_text` first, what a verifier reads stays
as it was signed.  The themes of a piece have modules of their own; their types are all found here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from provenance.belonging import SET_KINDS, Edition, Part, PieceSet, Whole
from provenance.canonical import JSONObject
from provenance.errors import MalformedError
from provenance.firing import Firing
from provenance.limits import LIMITS
from provenance.makers import ROLES, VISITOR, Consent, Maker
from provenance.members import as_list, check_count, check_number, quantity, serial, string, text
from provenance.multilingual import Text, check_plain, check_text, entered_text, joined, language_in, text_in
from provenance.resources import FILE_TYPES, PHOTO_ROLES, PHOTO_TYPES, SCAN_TYPES, Photo, Resource, Scan, WorkFile
from provenance.serial import Serial

__all__ = [
    "FILE_TYPES", "MEASURES", "PHOTO_ROLES", "PHOTO_TYPES", "PLAIN_FIELDS", "ROLES", "SCAN_TYPES", "SET_KINDS",
    "TEXT_FIELDS", "VISITOR", "Consent", "Edition", "Firing", "Maker", "Part", "Photo", "Piece", "PieceSet",
    "Resource", "Scan", "Text", "Whole", "WorkFile", "entered_text", "joined", "language_in", "text_in",
]  # fmt: skip

TEXT_FIELDS: dict[str, tuple[str, int]] = {
    "title": ("title", LIMITS.title),
    "description": ("details", LIMITS.description),
    "studio": ("studio", LIMITS.name),
    "form": ("form", LIMITS.form),
    "technique": ("technique", LIMITS.technique),
    "clay_body": ("clayBody", LIMITS.clay_body),
    "glaze": ("glaze", LIMITS.glaze),
    "decoration": ("decoration", LIMITS.decoration),
    "base_mark": ("baseMark", LIMITS.base_mark),
    "credit_line": ("creditLine", LIMITS.credit_line),
}
"""Attribute to JSON name and longest text in characters."""
PLAIN_FIELDS: dict[str, tuple[str, int]] = {
    "made": ("made", LIMITS.made),
    "accession_number": ("accessionNumber", LIMITS.accession_number),
}
"""The same for texts without a language."""
MEASURES: dict[str, tuple[str, str, int]] = {
    "height_mm": ("height", "MMT", LIMITS.millimetres),
    "width_mm": ("width", "MMT", LIMITS.millimetres),
    "depth_mm": ("depth", "MMT", LIMITS.millimetres),
    "diameter_mm": ("diameter", "MMT", LIMITS.millimetres),
    "weight_g": ("weight", "GRM", LIMITS.grams),
}
"""Attribute to JSON name, UN/ECE unit code and largest value."""
PHYSICAL: dict[str, str] = {
    **{attribute: name for attribute, (name, _, _) in MEASURES.items()},
    "clay_body": "clayBody",
    "firing": "firing",
    "scans": "scan",
}
"""Attribute to JSON name of what a work that exists as a file alone cannot have."""

# Rendering runs for every certificate signed or read: these tables are flat.
_TEXTS = tuple((attribute, name) for attribute, (name, _) in TEXT_FIELDS.items())
_PLAIN = tuple((attribute, name) for attribute, (name, _) in PLAIN_FIELDS.items())
_UNITS = tuple((attribute, name, unit) for attribute, (name, unit, _) in MEASURES.items())
_COUNTRY = re.compile(r"[A-Z]{2}\Z")


@dataclass(frozen=True, slots=True)
class Piece:
    """One physical object, or one digital work where it has `files`.  Only `serial` and `title` are required.

    Measures are whole millimetres (`height_mm` and so on) and grams; `made` is a free-text date ("c. 1790"),
    `country` an ISO 3166-1 alpha-2 code, `accession_number` the owner's or museum's own number.
    """

    serial: Serial
    title: Text
    description: Text = field(default_factory=dict)
    makers: tuple[Maker, ...] = ()
    studio: Text = field(default_factory=dict)
    form: Text = field(default_factory=dict)
    technique: Text = field(default_factory=dict)
    clay_body: Text = field(default_factory=dict)
    glaze: Text = field(default_factory=dict)
    decoration: Text = field(default_factory=dict)
    base_mark: Text = field(default_factory=dict)
    credit_line: Text = field(default_factory=dict)
    made: str | None = None
    accession_number: str | None = None
    country: str | None = None
    firing: Firing | None = None
    height_mm: int | None = None
    width_mm: int | None = None
    depth_mm: int | None = None
    diameter_mm: int | None = None
    weight_g: int | None = None
    edition: Edition | None = None
    set: PieceSet | None = None
    part_of: Whole | None = None
    parts: tuple[Part, ...] = ()
    photos: tuple[Photo, ...] = ()
    scans: tuple[Scan, ...] = ()
    files: tuple[WorkFile, ...] = ()

    def __post_init__(self) -> None:
        if not self.title:
            raise MalformedError(
                "missing-title", "A piece needs a title.", field="title", hint="Name it in any language."
            )
        for name, (json_name, limit) in TEXT_FIELDS.items():
            if words := getattr(self, name):
                check_text(words, json_name, limit)
        for name, (json_name, limit) in PLAIN_FIELDS.items():
            value = getattr(self, name)
            if value is not None:
                check_plain(value, json_name, limit)
        for name, (json_name, _, largest) in MEASURES.items():
            number = getattr(self, name)
            if number is not None:
                check_number(number, json_name, largest)
        if self.country is not None and not _COUNTRY.match(self.country):
            raise MalformedError("bad-country", "A country is two capital letters, like CN.", field="country")
        check_count(len(self.makers), "maker", LIMITS.makers)
        self._check_belonging()
        self._check_resources()

    def _check_belonging(self) -> None:
        if self.set is not None and self.serial not in self.set.pieces:
            raise MalformedError("bad-set", "A set's pieces include the piece itself.", field="set.pieces")
        if self.part_of is None and not self.parts:
            return
        check_count(len(self.parts), "parts", LIMITS.parts)
        others = [part.serial for part in self.parts if part.serial is not None]
        if self.part_of is not None:
            others.append(self.part_of.serial)
        if self.serial in others or len({*others}) != len(others):
            raise MalformedError(
                "bad-part",
                "A piece is no part of itself, and a part is named once.",
                field="parts" if self.part_of is None else "partOf",
            )

    def _check_resources(self) -> None:
        resources: tuple[Resource, ...] = (*self.photos, *self.scans, *self.files)
        if not resources:
            return
        if len(self.photos) > LIMITS.photos or len({item.digest for item in resources}) != len(resources):
            raise MalformedError(
                "bad-photos",
                "A piece has at most {limit} photos, all different.",
                field="photos",
                limit=LIMITS.photos,
            )
        check_count(len(self.scans), "scan", LIMITS.scans)
        check_count(len(self.files), "file", LIMITS.files)
        if self.files:
            for attribute, name in PHYSICAL.items():
                if getattr(self, attribute):
                    raise MalformedError(
                        "not-digital",
                        "A digital work has no body: it is neither measured, fired nor scanned.",
                        field=name,
                        hint="Leave this out, or the files of the work.",
                    )

    @property
    def is_digital(self) -> bool:
        """Whether the piece exists as a file, and not as an object."""
        return bool(self.files)

    @property
    def maker(self) -> Text:
        """The makers' names in one text, as a page shows them."""
        return joined(maker.name for maker in self.makers)

    def title_in(self, *languages: str) -> str:
        """Return the title in the first of `languages` that it has, else in its first language."""
        return text_in(self.title, *languages)

    def title_language(self, *languages: str) -> str:
        """Return the language of what `title_in` returns."""
        return language_in(self.title, *languages)

    def to_json(self) -> JSONObject:
        """Return the descriptive members of the credential's subject; absent facts and all digests are left out."""
        subject: JSONObject = {"serial": str(self.serial)}
        for attribute, name in _TEXTS:
            if words := getattr(self, attribute):
                subject[name] = {**words}
        for attribute, name in _PLAIN:
            if (plain := getattr(self, attribute)) is not None:
                subject[name] = plain
        for attribute, name, unit in _UNITS:
            if (number := getattr(self, attribute)) is not None:
                subject[name] = {"value": number, "unitCode": unit}
        if self.makers:
            subject["maker"] = [maker.to_json() for maker in self.makers]
        if self.country is not None:
            subject["country"] = self.country
        if self.firing is not None:
            subject["firing"] = self.firing.to_json()
        if self.edition is not None:
            subject["edition"] = self.edition.to_json()
        if self.set is not None:
            subject["set"] = self.set.to_json()
        if self.part_of is not None:
            subject["partOf"] = self.part_of.to_json()
        if self.parts:
            subject["parts"] = [part.to_json() for part in self.parts]
        return subject

    @classmethod
    def from_json(
        cls,
        subject: JSONObject,
        photos: tuple[Photo, ...] = (),
        scans: tuple[Scan, ...] = (),
        files: tuple[WorkFile, ...] = (),
    ) -> Piece:
        """Read what `to_json` writes; members of other names are ignored; raises `MalformedError`."""
        facts: dict[str, Any] = {}  # `Any`, since the constructor checks each of them.
        for attribute, name in _TEXTS:
            if name in subject:
                facts[attribute] = text(subject, name)
        for attribute, name in _PLAIN:
            if name in subject:
                facts[attribute] = string(subject, name)
        for attribute, name, _ in _UNITS:
            if name in subject:
                facts[attribute] = quantity(subject[name], name)
        facts.setdefault("title", {})
        makers = as_list(subject["maker"], "maker") if "maker" in subject else []
        parts = as_list(subject["parts"], "parts") if "parts" in subject else []
        return cls(
            serial=serial(subject.get("serial"), "serial"),
            makers=tuple(Maker.from_json(maker) for maker in makers),
            country=string(subject, "country"),
            firing=Firing.from_json(subject["firing"]) if "firing" in subject else None,
            edition=Edition.from_json(subject["edition"]) if "edition" in subject else None,
            set=PieceSet.from_json(subject["set"]) if "set" in subject else None,
            part_of=Whole.from_json(subject["partOf"]) if "partOf" in subject else None,
            parts=tuple(Part.from_json(part) for part in parts),
            photos=photos,
            scans=scans,
            files=files,
            **facts,
        )
