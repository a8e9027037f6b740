"""A piece: one physical object, described by its studio in one or more languages.

`Piece` is the subject of a certificate without the certificate around it.  Its constructor holds every rule;
`to_json` and `from_json` are mirror images, so that a verifier can demand that rendering what it read gives what it
read.  Nothing here normalises text: what people enter goes through `entered_text` first, what a verifier reads stays
as it was signed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias, cast

from provenance.canonical import JSONObject, JSONValue
from provenance.encoding import Digest
from provenance.errors import MalformedError
from provenance.serial import Serial

Text: TypeAlias = Mapping[str, str]
"""Language tag (BCP 47: ``zh-Hans``, ``en``) to text in that language."""

MAX_LANGUAGES = 12
"""Languages of one text; six are shown on the buyer's page."""
MAX_PHOTOS = 24
"""Photos of one piece: all sides, base and details."""
MAX_MILLIMETRES = 20_000
"""Largest measure; the tallest porcelain vases are under 5 m."""
MAX_GRAMS = 5_000_000
MAX_CELSIUS = 2_000
"""No clay body stands more; porcelain fires at 1,200 to 1,400."""
MAX_EDITION = 1_000_000

TEXT_FIELDS: dict[str, tuple[str, int]] = {
    "title": ("title", 300),
    "description": ("description", 5_000),
    "maker": ("maker", 300),
    "studio": ("studio", 300),
    "form": ("form", 200),
    "technique": ("technique", 1_000),
    "clay_body": ("clayBody", 200),
    "glaze": ("glaze", 200),
    "decoration": ("decoration", 500),
    "base_mark": ("baseMark", 300),
    "credit_line": ("creditLine", 1_000),
}
"""Attribute to JSON name and longest text in characters."""
PLAIN_FIELDS: dict[str, tuple[str, int]] = {"made": ("made", 120), "accession_number": ("accessionNumber", 80)}
"""The same for texts without a language."""
MEASURES: dict[str, tuple[str, str, int]] = {
    "height_mm": ("height", "MMT", MAX_MILLIMETRES),
    "width_mm": ("width", "MMT", MAX_MILLIMETRES),
    "depth_mm": ("depth", "MMT", MAX_MILLIMETRES),
    "diameter_mm": ("diameter", "MMT", MAX_MILLIMETRES),
    "weight_g": ("weight", "GRM", MAX_GRAMS),
}
"""Attribute to JSON name, UN/ECE unit code and largest value."""

PHOTO_ROLES = ("overview", "detail", "base-mark")
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
# Controls can forge lines and terminal escapes; bidirectional overrides can make a title read as another.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\ufffe\uffff]")


def entered_text(text: str, *, field: str, limit: int) -> str:
    """Return what a person or a spreadsheet gave as text fit for signing: NFC, trimmed, line ends as LF.

    Raises `MalformedError` for text longer than `limit` characters or with control characters.
    """
    if len(text) > 4 * limit + 1_000:  # Before NFC, which takes time in proportion.
        raise _too_long(field, limit)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    _check_plain(text, field, limit)
    return text


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo by the digest of its bytes; `role` says what it shows."""

    digest: Digest
    media_type: str = "image/jpeg"
    role: str = "overview"

    def __post_init__(self) -> None:
        if self.media_type not in MEDIA_TYPES:
            raise MalformedError(
                "bad-photo", "A photo must be one of {kinds}.", field="photos", kinds=", ".join(MEDIA_TYPES)
            )
        if self.role not in PHOTO_ROLES:
            raise MalformedError(
                "bad-photo", "A photo's role must be one of {roles}.", field="photos", roles=", ".join(PHOTO_ROLES)
            )


@dataclass(frozen=True, slots=True)
class Edition:
    """Number `number` of `of` pieces."""

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of <= MAX_EDITION:
            raise MalformedError("bad-edition", "An edition is n of N, with n from 1 to N.", field="edition")


@dataclass(frozen=True, slots=True)
class Firing:
    """How the piece was fired: `date` is an ISO day, `peak_celsius` the highest temperature."""

    kiln: Text = field(default_factory=dict)
    fuel: Text = field(default_factory=dict)
    atmosphere: Text = field(default_factory=dict)
    date: str | None = None
    peak_celsius: int | None = None

    def __post_init__(self) -> None:
        for name in ("kiln", "fuel", "atmosphere"):
            _check_text(getattr(self, name), f"firing.{name}", 200)
        if self.date is not None and not _is_day(self.date):
            raise MalformedError("bad-date", "A firing's date is a day like 2026-11-02.", field="firing.date")
        if self.peak_celsius is not None:
            _check_number(self.peak_celsius, "firing.peakTemperature", MAX_CELSIUS)

    def to_json(self) -> JSONObject:
        """Return the JSON form; absent facts are left out."""
        facts: JSONObject = {
            name: dict(getattr(self, name)) for name in ("kiln", "fuel", "atmosphere") if getattr(self, name)
        }
        if self.date is not None:
            facts["date"] = self.date
        if self.peak_celsius is not None:
            facts["peakTemperature"] = {"value": self.peak_celsius, "unitCode": "CEL"}
        return facts

    @classmethod
    def from_json(cls, value: JSONValue) -> Firing:
        """Read the JSON form; raises `MalformedError`."""
        facts = _object(value, "firing")
        peak = facts.get("peakTemperature")
        return cls(
            kiln=_text(facts, "kiln", "firing."),
            fuel=_text(facts, "fuel", "firing."),
            atmosphere=_text(facts, "atmosphere", "firing."),
            date=_string(facts, "date", "firing."),
            peak_celsius=None if peak is None else _quantity(peak, "firing.peakTemperature"),
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """One physical object.  Only `serial` and `title` are required.

    Measures are whole millimetres (`height_mm` and so on) and grams; `made` is a free-text date ("c. 1790"),
    `country` an ISO 3166-1 alpha-2 code, `accession_number` the owner's or museum's own number.
    """

    serial: Serial
    title: Text
    description: Text = field(default_factory=dict)
    maker: Text = field(default_factory=dict)
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
    photos: tuple[Photo, ...] = ()

    def __post_init__(self) -> None:
        if not self.title:
            raise MalformedError(
                "missing-title", "A piece needs a title.", field="title", hint="Name it in any language."
            )
        for name, (json_name, limit) in TEXT_FIELDS.items():
            _check_text(getattr(self, name), json_name, limit)
        for name, (json_name, limit) in PLAIN_FIELDS.items():
            value = getattr(self, name)
            if value is not None:
                _check_plain(value, json_name, limit)
        for name, (json_name, _, largest) in MEASURES.items():
            number = getattr(self, name)
            if number is not None:
                _check_number(number, json_name, largest)
        if self.country is not None and not _COUNTRY.match(self.country):
            raise MalformedError("bad-country", "A country is two capital letters, like CN.", field="country")
        if len(self.photos) > MAX_PHOTOS or len({photo.digest for photo in self.photos}) != len(self.photos):
            raise MalformedError(
                "bad-photos", "A piece has at most {limit} photos, all different.", field="photos", limit=MAX_PHOTOS
            )

    def title_in(self, *languages: str) -> str:
        """Return the title in the first of `languages` that it has, else in its first language."""
        return text_in(self.title, *languages)

    def to_json(self) -> JSONObject:
        """Return the descriptive members of the credential's subject; absent facts are left out, photos too."""
        subject: JSONObject = {"serial": str(self.serial)}
        for name, (json_name, _) in TEXT_FIELDS.items():
            text: Text = getattr(self, name)
            if text:
                subject[json_name] = dict(text)
        for name, (json_name, _) in PLAIN_FIELDS.items():
            plain: str | None = getattr(self, name)
            if plain is not None:
                subject[json_name] = plain
        for name, (json_name, unit, _) in MEASURES.items():
            number: int | None = getattr(self, name)
            if number is not None:
                subject[json_name] = {"value": number, "unitCode": unit}
        if self.country is not None:
            subject["country"] = self.country
        if self.firing is not None:
            subject["firing"] = self.firing.to_json()
        if self.edition is not None:
            subject["edition"] = {"number": self.edition.number, "of": self.edition.of}
        return subject

    @classmethod
    def from_json(cls, subject: JSONObject, photos: tuple[Photo, ...] = ()) -> Piece:
        """Read what `to_json` writes; members of other names are ignored; raises `MalformedError`."""
        edition = subject.get("edition")
        members = None if edition is None else _object(edition, "edition")
        facts: dict[str, Any] = {}  # `Any`, since the constructor checks each of them.
        for name, (json_name, _) in TEXT_FIELDS.items():
            facts[name] = _text(subject, json_name)
        for name, (json_name, _) in PLAIN_FIELDS.items():
            facts[name] = _string(subject, json_name)
        for name, (json_name, _, _) in MEASURES.items():
            facts[name] = _quantity(subject[json_name], json_name) if json_name in subject else None
        return cls(
            serial=Serial.parse(_string(subject, "serial") or ""),
            country=_string(subject, "country"),
            firing=Firing.from_json(subject["firing"]) if "firing" in subject else None,
            edition=None if members is None else Edition(_integer(members, "number"), _integer(members, "of")),
            photos=photos,
            **facts,
        )


def text_in(text: Text, *languages: str) -> str:
    """Return `text` in the first of `languages` that it has, else in its first language, else an empty string."""
    for language in languages:
        for tag, words in text.items():
            if tag == language or tag.partition("-")[0] == language.partition("-")[0]:
                return words
    return next(iter(text.values()), "")


def _check_text(text: Text, name: str, limit: int) -> None:
    if not text:
        return
    if len(text) > MAX_LANGUAGES:
        raise MalformedError(
            "too-many-languages", "A text has at most {limit} languages.", field=name, limit=MAX_LANGUAGES
        )
    for language, words in text.items():
        if not _LANGUAGE.match(language):
            raise MalformedError("bad-language", "A language is tagged like en or zh-Hans.", field=name)
        _check_plain(words, name, limit)


def _check_plain(words: object, name: str, limit: int) -> None:
    if not isinstance(words, str) or not words or words.isspace():
        raise MalformedError("empty-text", "A text must not be empty; leave the field out instead.", field=name)
    if len(words) > limit:
        raise _too_long(name, limit)
    if _FORBIDDEN.search(words):
        raise MalformedError(
            "bad-text",
            "The text holds control or direction-override characters.",
            field=name,
            hint="Type it again by hand; copying from some programs brings invisible characters along.",
        )


def _too_long(name: str, limit: int) -> MalformedError:
    return MalformedError("text-too-long", "The text is longer than {limit} characters.", field=name, limit=limit)


def _check_number(number: object, name: str, largest: int) -> None:
    if type(number) is not int or not 1 <= number <= largest:
        raise MalformedError(
            "bad-number", "Expected a whole number from 1 to {largest:,}.", field=name, largest=largest
        )


def _is_day(text: object) -> bool:
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _object(value: JSONValue, name: str) -> JSONObject:
    if not isinstance(value, dict):
        raise MalformedError("bad-type", "Expected an object.", field=name)
    return value


def _text(members: JSONObject, name: str, prefix: str = "") -> Text:
    return cast(Text, _object(members.get(name, {}), prefix + name))


def _string(members: JSONObject, name: str, prefix: str = "") -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedError("bad-type", "Expected a text.", field=prefix + name)
    return value


def _integer(members: JSONObject, name: str) -> int:
    value = members.get(name)
    if type(value) is not int:
        raise MalformedError("bad-type", "Expected a whole number.", field=name)
    return value


def _quantity(value: JSONValue, name: str) -> int:
    return _integer(_object(value, name), "value")
