"""Which column of a spreadsheet is which fact of a piece: by guess, or by a mapping file.

A mapping file is TOML: a table ``columns`` from field to heading, and ``unit`` (mm, cm or in) and ``language``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import MalformedError, StorageError
from provenance_cli.files import toml_string
from provenance_cli.i18n import later
from provenance_cli.measures import DEFAULT_UNITS, QUANTITIES, factor, is_unit

FIELDS: dict[str, tuple[str, ...]] = {
    "title": ("title", "name", "piece", "object", "名称", "标题", "品名", "作品", "作品名称", "器名"),
    "description": ("description", "notes", "remark", "说明", "描述", "备注", "介绍"),
    "maker": ("maker", "artist", "artisan", "author", "作者", "制作者", "艺人", "匠人"),
    "studio": ("studio", "workshop", "工作室", "作坊", "窑厂"),
    "form": ("form", "shape", "type", "器形", "器型", "类型"),
    "technique": ("technique", "medium", "工艺", "技法"),
    "clay_body": ("clay", "clay body", "body", "胎", "胎土", "泥料", "坯料"),
    "glaze": ("glaze", "釉", "釉色", "釉料"),
    "decoration": ("decoration", "motif", "纹饰", "装饰", "纹样"),
    "base_mark": ("base mark", "mark", "底款", "款识"),
    "credit_line": ("credit", "credit line", "来源"),
    "made": ("made", "date", "year", "creation date", "年代", "制作年代", "年份", "制作日期"),
    "accession_number": ("accession number", "accession", "id", "number", "编号", "藏品号", "货号"),
    "country": ("country", "国家", "产地国"),
    "height": ("height", "item height", "高", "高度", "通高"),
    "width": ("width", "item width", "宽", "宽度"),
    "depth": ("depth", "item depth", "深", "深度", "厚"),
    "diameter": ("diameter", "item diameter", "直径", "径", "口径"),
    "weight": ("weight", "重", "重量", "克重"),
    "kiln": ("kiln", "窑", "窑炉"),
    "fuel": ("fuel", "燃料"),
    "fired": ("fired", "firing date", "烧成日期", "烧制日期", "开窑日期"),
    "peak": ("temperature", "peak temperature", "温度", "烧成温度", "最高温度"),
    "atmosphere": ("atmosphere", "气氛"),
    "edition": ("edition", "版次", "限量"),
    "photos": ("photo", "photos", "image", "照片", "图片"),
}
"""Field to the headings that stand for it; units in brackets are taken off before comparing."""

LABELS: dict[str, str] = {
    "serial": later("Serial"),
    "title": later("Title"),
    "description": later("Description"),
    "maker": later("Maker"),
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
    "photos": later("Photos"),
}
"""Serial and fields, to what people call them."""

UNITS = ("mm", "cm", "in")
"""Units of length that a file may be in."""
_BRACKET = re.compile(r"\s*[(（\[]\s*([^)）\]]*)\s*[)）\]]\s*\Z")
MAX_MAPPING = 65_536


@dataclass(frozen=True, slots=True)
class Columns:
    """Which heading stands over which field; `unit` is that of lengths where neither cell nor heading names one.

    Raises `MalformedError` where the heading of a measure names a unit of another kind.
    """

    headings: dict[str, str]
    unit: str = "mm"
    language: str | None = None

    def __post_init__(self) -> None:
        for field in self.headings.keys() & QUANTITIES.keys():
            try:
                factor(field, self.unit_of(field))
            except MalformedError as error:
                raise MalformedError.like(error, field=self.headings[field], line=1) from None

    def unit_of(self, field: str) -> str:
        """Return the unit of a measure: the one that the brackets of its heading name, else the file's."""
        match = _BRACKET.search(self.headings[field])
        words = [] if match is None else [match.group(1), *re.findall(r"[^\W\d_]+|[″\"°]+[CF]?", match.group(1))]
        units = dict.fromkeys(word for word in words if is_unit(word))
        if len(units) > 1:
            units.pop("in", None)  # “in cm”
        return " / ".join(units) or DEFAULT_UNITS.get(field, self.unit)  # Two units are none.

    def to_toml(self) -> str:
        """Return the mapping file's text."""
        lines = ["# How the columns of the spreadsheet beside this file are read.", f"unit = {toml_string(self.unit)}"]
        if self.language:
            lines.append(f"language = {toml_string(self.language)}")
        lines += ["", "[columns]", *(f"{field} = {toml_string(text)}" for field, text in self.headings.items())]
        return "\n".join(lines) + "\n"


def guess(headings: tuple[str, ...], unit: str = "mm", language: str | None = None) -> Columns:
    """Guess which heading is which field; raises `MalformedError` where none can be the title."""
    plain = {_plain(heading): heading for heading in reversed(headings)}
    columns: dict[str, str] = {}
    for field, names in FIELDS.items():
        for name in names:
            if name in plain and plain[name] not in columns.values():
                columns[field] = plain[name]
                break
    if "title" not in columns:
        raise MalformedError(
            "no-title-column",
            "None of the columns looks like a title: {columns}.",
            line=1,
            hint="Name the columns in a mapping file and give it with --map, or call one column “title”.",
            columns=", ".join(headings)[:200],
        )
    return Columns(columns, unit, language)


def read_mapping(path: Path, headings: tuple[str, ...]) -> Columns:
    """Read a mapping file and hold it against the headings; raises `MalformedError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(
            "unreadable", "The mapping {path} cannot be read: {reason}.", path=path, reason=error
        ) from None
    try:
        if len(data) > MAX_MAPPING:
            raise ValueError(later("it is too large"))
        values = tomllib.loads(data.decode("utf-8"))
        columns, unit, language = values["columns"], values.get("unit", "mm"), values.get("language")
        if not isinstance(columns, dict) or unit not in UNITS or not all(isinstance(h, str) for h in columns.values()):
            raise ValueError(later("it needs a table of columns and a unit of mm, cm or in"))
    except (ValueError, KeyError, RecursionError) as error:
        raise MalformedError(
            "bad-mapping", "The mapping {file} cannot be understood: {reason}.", file=path.name, reason=error
        ) from None
    for field, heading in columns.items():
        if field not in FIELDS:
            raise MalformedError(
                "bad-mapping",
                "There is no field “{name}”.",
                field=field,
                hint="Fields are {fields}.",
                name=field,
                fields=", ".join(FIELDS),
            )
        if heading not in headings:
            raise MalformedError(
                "wrong-columns",
                "The spreadsheet has no column “{heading}”.",
                field=field,
                line=1,
                hint="Its columns are {columns}.",
                heading=heading,
                columns=", ".join(headings)[:300],
            )
    if "title" not in columns:
        raise MalformedError("bad-mapping", "The mapping names no column for the title.", field="title")
    return Columns({field: columns[field] for field in FIELDS if field in columns}, unit, language)


def _plain(heading: str) -> str:
    return _BRACKET.sub("", heading).replace("_", " ").strip().lower()
