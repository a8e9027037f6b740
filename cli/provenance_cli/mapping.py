"""Which column of a spreadsheet is which fact of a piece: by guess, or by a mapping file.

A mapping file is TOML: a table ``columns`` from field to heading, for columns in other languages tables like
``translations.en``, a table ``every_row`` of facts that all rows share, and ``unit`` (mm, cm or in), ``language`` and
``source``, whose numbers the rows have.  How the file itself is read stands there too, where somebody had to say it or
it is not the usual: ``encoding``, ``sheet`` and ``header_row``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provenance.errors import MalformedError, StorageError
from provenance.multilingual import is_language
from provenance_cli.encodings import ENCODINGS
from provenance_cli.files import toml_string
from provenance_cli.headings import ALL, BRACKET
from provenance_cli.headings import plain as _plain
from provenance_cli.i18n import later
from provenance_cli.measures import DEFAULT_UNITS, QUANTITIES, factor, is_unit
from provenance_cli.spreadsheet import MAX_HEADING_ROW, Reading, Score

LABELS: dict[str, str] = {
    "serial": later("Serial"),
    "title": later("Title"),
    "description": later("Description"),
    "maker": later("Maker"),
    "master": later("Master"),
    "visitor": later("Visitor"),
    "consent": later("Consent"),
    "teacher": later("Teacher"),
    "lineage": later("Lineage"),
    "studio": later("Studio"),
    "form": later("Form"),
    "technique": later("Technique"),
    "clay_body": later("Clay body"),
    "glaze": later("Glaze"),
    "decoration": later("Decoration"),
    "base_mark": later("Base mark"),
    "credit_line": later("Credit line"),
    "made": later("Made"),
    "accession_number": later("Accession number"),
    "country": later("Country"),
    "height": later("Height"),
    "width": later("Width"),
    "depth": later("Depth"),
    "diameter": later("Diameter"),
    "weight": later("Weight"),
    "kiln": later("Kiln"),
    "fuel": later("Fuel"),
    "fired": later("Fired"),
    "peak": later("Peak temperature"),
    "atmosphere": later("Atmosphere"),
    "edition": later("Edition"),
    "edition_name": later("Edition's name"),
    "set": later("Set"),
    "pair": later("Pair"),
    "part_of": later("Part of"),
    "parts": later("Parts"),
    "photos": later("Photos"),
    "mark_photos": later("Photos of the base mark"),
    "scan": later("3D scan"),
    "files": later("Files"),
}
"""Serial and fields, to what people call them."""
COLUMN_LABELS = LABELS | {"dimensions": later("Dimensions"), "rights": later("Rights")}
"""The same with columns that are no fact of their own."""

COLUMN_OF = {
    "details": "description",
    "firing": "kiln",
    "firing.kiln": "kiln",
    "firing.fuel": "fuel",
    "firing.atmosphere": "atmosphere",
    "firing.date": "fired",
    "firing.peakTemperature": "peak",
    "maker.consent": "consent",
    "maker.consent.date": "consent",
    "maker.claims.teacher": "teacher",
    "maker.claims.lineage": "lineage",
    "edition.name": "edition_name",
    "scans": "scan",
    "file": "files",
    "image": "photos",
    "clayBody": "clay_body",
    "baseMark": "base_mark",
    "creditLine": "credit_line",
    "accessionNumber": "accession_number",
    "partOf": "part_of",
}
"""Path of a certificate's member to its field, where they differ."""


def field_of(path: str) -> str:
    """Return the field that a member's path is of, or the path itself where it is of none."""
    for name in (path, path.partition(".")[0]):
        if name in COLUMN_OF or name in COLUMN_LABELS:
            return COLUMN_OF.get(name, name)
    return path


TRANSLATED = frozenset(
    ("title", "description", "maker", "master", "visitor", "teacher", "lineage", "studio", "form", "technique",
     "clay_body", "glaze", "decoration", "base_mark", "credit_line", "rights", "kiln", "fuel", "atmosphere",
     "edition_name", "parts")
)  # fmt: skip
"""Fields whose texts have a language, so that other columns can hold them in others."""
LANGUAGES = {
    "en": ("en", "english", "英文", "英语"),
    "zh-Hans": ("zh", "zh-hans", "chinese", "中文", "汉语", "简体"),
    "zh-Hant": ("zh-hant", "繁体", "繁體"),
    "ja": ("ja", "japanese", "日文", "日语"),
    "ko": ("ko", "korean", "韩文", "韩语"),
    "fr": ("fr", "french", "法文", "法语"),
    "de": ("de", "german", "德文", "德语"),
    "es": ("es", "spanish", "西班牙文"),
    "it": ("it", "italian", "意大利文"),
    "ru": ("ru", "russian", "俄文"),
}
"""Language tag to the words for it, before, behind or in brackets behind a heading: ``title (en)``, ``英文名称``."""
_TAG_OF = {word: tag for tag, words in LANGUAGES.items() for word in words}

CONSTANT = (TRANSLATED - {"title", "teacher", "lineage", "visitor", "parts"}) | {"made", "country", "fired"}
"""Fields that may be the same in every row."""
UNITS = ("mm", "cm", "in")
"""Units of length that a file may be in."""
MAX_MAPPING = 65_536
MAX_CONSTANT = 5_000
"""Characters of a text that all rows share: those of the longest field."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which heading stands over which field; `unit` is that of lengths where neither cell nor heading names one.

    `translations` are the headings of columns in other languages, by language tag and field. `every_row` are cells
    that all rows share, by field, where a row has none of its own. `source` is whose numbers the rows have: those of
    another register name other pieces. Where `is_unit_told` is false nobody has said which `unit` it is. Raises
    `MalformedError` where the heading of a measure names a unit of another kind.
    """

    headings: dict[str, str]
    unit: str = "mm"
    language: str | None = None
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    every_row: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    is_unit_told: bool = True

    def __post_init__(self) -> None:
        for name in self.headings.keys() & QUANTITIES.keys():
            try:
                factor(name, self.unit_of(name))
            except MalformedError as error:
                raise MalformedError.like(error, field=self.headings[name], line=1) from None

    def heading(self, field: str) -> str | None:
        """Return the heading over a field, in whatever language there is one."""
        names = [self.headings, *self.translations.values()]
        return next((headings[field] for headings in names if field in headings), None)

    @property
    def read(self) -> list[tuple[str, str]]:
        """Every heading that is read, with its field."""
        return [(heading, name) for headings in (self.headings, *self.translations.values())
                for name, heading in headings.items()]  # fmt: skip

    def own_unit(self, field: str) -> str:
        """Return the unit of a measure that the brackets of its heading name, an empty text for none."""
        match = BRACKET.search(self.headings[field])
        words = [] if match is None else [match.group(1), *re.findall(r"[^\W\d_]+|[″\"°]+[CF]?", match.group(1))]
        units = dict.fromkeys(word for word in words if is_unit(word))
        if len(units) > 1:
            units.pop("in", None)  # “in cm”
        return " / ".join(units)  # Two units are none.

    def unit_of(self, field: str) -> str:
        """Return the unit of a measure: its heading's own, else the file's."""
        return self.own_unit(field) or DEFAULT_UNITS.get(field, self.unit)

    def unit_among(self, field: str) -> str:
        """Return the unit of a measure that stands in the column of dimensions."""
        return DEFAULT_UNITS.get(field) or self.unit_of("dimensions")

    def unread(self, headings: Iterable[str]) -> list[str]:
        """Return those of a spreadsheet's headings that are not read."""
        read = {heading for heading, _field in self.read}
        return [heading for heading in headings if heading and heading not in read]

    def to_toml(self, headings: Iterable[str] = (), reading: Reading | None = None) -> str:
        """Return the mapping file's text; those of the `headings` that are not read stand in it as a remark.

        `reading` is how the file is to be read the next time.
        """
        lines = ["# How the columns of the spreadsheet beside this file are read."]
        told, how = self.unit if self.is_unit_told else "", reading or Reading()
        texts = {"unit": told, "language": self.language, "source": self.source}
        for name, value in (texts | {"encoding": how.encoding or how.kept_encoding, "sheet": how.sheet}).items():
            if value:
                lines.append(f"{name} = {toml_string(value)}")
        if how.header_row:
            lines.append(f"header_row = {how.header_row}")
        tables = {"columns": self.headings} | {f"translations.{tag}": named for tag, named in self.translations.items()}
        for title, named in (tables | ({"every_row": self.every_row} if self.every_row else {})).items():
            lines += ["", f"[{title}]", *(f"{name} = {toml_string(text)}" for name, text in named.items())]
        if unread := self.unread(headings):
            lines += ["", "# Not read:", *(f"# {toml_string(heading)}" for heading in unread)]
        return "\n".join(lines) + "\n"


def guess(headings: tuple[str, ...], unit: str | None = None, language: str | None = None) -> Columns:
    """Guess which heading is which field; raises `MalformedError` where none can be the title."""
    plain, foreign = dict[str, str](), dict[tuple[str, str], str]()
    for heading in reversed(headings):
        name, tag = _without_language(heading)
        if tag is None:
            plain[name] = heading
        else:
            foreign[tag, name] = heading
    columns: dict[str, str] = {}
    translations: dict[str, dict[str, str]] = {}
    for fact, names in ALL.items():
        for name in names:
            if name in plain and plain[name] not in columns.values():
                columns[fact] = plain[name]
                break
        for (tag, name), heading in foreign.items():
            if fact in TRANSLATED and name in names:
                translations.setdefault(tag, {}).setdefault(fact, heading)
    if not any("title" in named for named in (columns, *translations.values())):
        raise MalformedError(
            "no-title-column",
            "None of the columns looks like a title: {columns}.",
            line=1,
            hint="Name the columns in a mapping file and give it with --map, or call one column “title”. Where the "
            "headings stand in another row, name it with --header-row.",
            columns=", ".join(headings)[:200],
        )
    headed = dict(sorted(translations.items()))
    return Columns(columns, unit or "mm", language, headed, is_unit_told=unit is not None)


def known_headings(headings: tuple[str, ...]) -> int:
    """Return how many of a row's cells are headings that are known here, 0 where none is the title."""
    try:
        return len(guess(headings).read)
    except MalformedError:
        return 0


def read_reading(path: Path) -> tuple[Reading, Score]:
    """Return how a mapping file says that its spreadsheet is read, and how many of its headings a row has.

    Raises `MalformedError` and `StorageError`.
    """
    values = _values(path)
    encoding, sheet, row = values.get("encoding"), values.get("sheet"), values.get("header_row")
    is_row = row is None or (isinstance(row, int) and not isinstance(row, bool) and 1 <= row <= MAX_HEADING_ROW)
    if encoding not in (None, *ENCODINGS) or not isinstance(sheet, str | None) or not is_row:
        raise MalformedError(
            "bad-mapping",
            "The mapping {file} names a file's encoding, sheet or row of headings that cannot be.",
            hint="An encoding is one of {encodings}; a row of headings is a number from 1 to {limit}.",
            file=path.name,
            encodings=", ".join(ENCODINGS),
            limit=MAX_HEADING_ROW,
        )
    mapped = {heading for table in _tables(values) for heading in table.values()}
    return Reading(kept_encoding=encoding, sheet=sheet, header_row=row), lambda cells: len(mapped.intersection(cells))


def _values(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(
            "unreadable", "The mapping {path} cannot be read: {reason}.", path=path, reason=error
        ) from None
    try:
        if len(data) > MAX_MAPPING:
            raise ValueError(later("it is too large"))
        values = tomllib.loads(data.decode("utf-8-sig"))  # Notepad begins a file with a mark.
        texts = [text for table in (*_tables(values), values.get("every_row", {})) for text in table.values()]
        if values.get("unit", "mm") not in UNITS or not all(
            isinstance(text, str) for text in (values.get("source", ""), *texts)
        ):
            raise ValueError(later("it needs a table of columns and a unit of mm, cm or in"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise MalformedError(
            "bad-mapping", "The mapping {file} cannot be understood: {reason}.", file=path.name, reason=error
        ) from None
    return values


def _tables(values: Mapping[str, Any]) -> list[Mapping[str, str]]:
    return [values.get("columns", {}), *values.get("translations", {}).values()]


def read_mapping(path: Path, headings: tuple[str, ...]) -> Columns:
    """Read a mapping file and hold it against the headings; raises `MalformedError`."""
    values = _values(path)
    columns, unit, language = values.get("columns", {}), values.get("unit", "mm"), values.get("language")
    translations, every_row = values.get("translations", {}), values.get("every_row", {})
    source, tables = values.get("source", ""), _tables(values)
    for table in tables:
        _check_columns(table, headings)
    for tag, table in translations.items():
        wrong = [name for name in table if name not in TRANSLATED]
        if wrong or not is_language(tag):
            raise MalformedError(
                "bad-mapping",
                "“translations.{tag}” is no table of texts in a language.",
                field=wrong[0] if wrong else tag,
                hint="A language is tagged like en or zh-Hans; what has one: {fields}.",
                tag=tag,
                fields=", ".join(sorted(TRANSLATED)),
            )
    if not any("title" in table for table in tables):
        raise MalformedError("bad-mapping", "The mapping names no column for the title.", field="title")
    _check_every_row(every_row)
    headed = {name: columns[name] for name in ALL if name in columns}
    return Columns(headed, unit, language, translations, every_row, source, "unit" in values)


def _check_every_row(every_row: Mapping[str, str]) -> None:
    for name, text in every_row.items():
        if name not in CONSTANT or not 1 <= len(text.strip()) <= MAX_CONSTANT:
            raise MalformedError(
                "bad-mapping",
                "“every_row” holds short texts that all rows share; “{name}” is none.",
                field=name,
                hint="Fields that may stand there are {fields}.",
                name=name[:40],
                fields=", ".join(sorted(CONSTANT)),
            )


def _check_columns(columns: Mapping[str, str], headings: tuple[str, ...]) -> None:
    for name, heading in columns.items():
        if name not in ALL:
            raise MalformedError(
                "bad-mapping",
                "There is no field “{name}”.",
                field=name,
                hint="Fields are {fields}.",
                name=name,
                fields=", ".join(ALL),
            )
        if heading not in headings:
            raise MalformedError(
                "wrong-columns",
                "The spreadsheet has no column “{heading}”.",
                field=name,
                line=1,
                hint="Its columns are {columns}.",
                heading=heading,
                columns=", ".join(headings)[:300],
            )


def _without_language(heading: str) -> tuple[str, str | None]:
    """Return a heading's plain name, and the tag of the language that it names."""
    match = BRACKET.search(heading)
    tag = None if match is None else _TAG_OF.get(match.group(1).strip().lower())
    name = _plain(heading)
    if tag is None:
        first, _, last = name.rpartition(" ")
        if first and last in _TAG_OF:
            return first, _TAG_OF[last]
        for word, of_word in _TAG_OF.items():
            if not word.isascii() and name.startswith(word) and name != word:
                return name.removeprefix(word), of_word
    return name, tag
