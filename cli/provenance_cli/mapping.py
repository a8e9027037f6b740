"""Which column of a spreadsheet is which fact of a piece: by guess, or by a mapping file.

A mapping file is TOML: a table ``columns`` from field to heading, for columns in other languages tables like
``translations.en``, and ``unit`` (mm, cm or in) and ``language``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provenance.errors import MalformedError, StorageError
from provenance.multilingual import is_language
from provenance_cli.files import toml_string
from provenance_cli.i18n import later
from provenance_cli.measures import DEFAULT_UNITS, QUANTITIES, factor, is_unit

FIELDS: dict[str, tuple[str, ...]] = {
    "title": ("title", "name", "piece", "object", "名称", "标题", "品名", "作品", "作品名称", "器名"),
    "description": ("description", "notes", "remark", "说明", "描述", "备注", "介绍"),
    "maker": ("maker", "artist", "artisan", "author", "作者", "制作者", "艺人", "匠人"),
    "master": ("master", "instructor", "师傅", "大师", "指导", "指导老师"),
    "visitor": ("visitor", "guest", "体验者", "客人", "游客"),
    "consent": ("consent", "consent date", "同意日期", "授权日期", "同意署名日期"),
    "teacher": ("teacher", "studied under", "师从", "老师", "师父"),
    "lineage": ("lineage", "school", "传承", "师承", "流派"),
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
    "edition_name": ("edition name", "edition title", "版名", "限量系列"),
    "set": ("set", "套", "套装", "成套", "一套"),
    "pair": ("pair", "对", "成对", "一对"),
    "part_of": ("part of", "belongs to", "属于", "所属", "所属编号"),
    "parts": ("parts", "部件", "附件", "组成"),
    "photos": ("photo", "photos", "image", "照片", "图片"),
    "mark_photos": ("base mark photo", "mark photo", "底款照片", "款识照片"),
    "scan": ("scan", "3d scan", "3d", "扫描", "三维扫描"),
    "files": ("file", "files", "digital file", "文件", "数字文件", "作品文件"),
}
"""Field to the headings that stand for it; units in brackets are taken off before comparing."""

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
        if name in COLUMN_OF or name in LABELS:
            return COLUMN_OF.get(name, name)
    return path


TRANSLATED = frozenset(
    ("title", "description", "maker", "master", "visitor", "teacher", "lineage", "studio", "form", "technique",
     "clay_body", "glaze", "decoration", "base_mark", "credit_line", "kiln", "fuel", "atmosphere", "edition_name",
     "parts")
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

UNITS = ("mm", "cm", "in")
"""Units of length that a file may be in."""
_BRACKET = re.compile(r"\s*[(（\[]\s*([^)）\]]*)\s*[)）\]]\s*\Z")
MAX_MAPPING = 65_536


@dataclass(frozen=True, slots=True)
class Columns:
    """Which heading stands over which field; `unit` is that of lengths where neither cell nor heading names one.

    `translations` are the headings of columns in other languages, by language tag and field.  Raises
    `MalformedError` where the heading of a measure names a unit of another kind.
    """

    headings: dict[str, str]
    unit: str = "mm"
    language: str | None = None
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

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
        tables = {"columns": self.headings} | {f"translations.{tag}": named for tag, named in self.translations.items()}
        for title, headings in tables.items():
            lines += ["", f"[{title}]", *(f"{name} = {toml_string(text)}" for name, text in headings.items())]
        return "\n".join(lines) + "\n"


def guess(headings: tuple[str, ...], unit: str = "mm", language: str | None = None) -> Columns:
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
    for fact, names in FIELDS.items():
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
            hint="Name the columns in a mapping file and give it with --map, or call one column “title”.",
            columns=", ".join(headings)[:200],
        )
    return Columns(columns, unit, language, dict(sorted(translations.items())))


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
        columns, unit, language = values.get("columns", {}), values.get("unit", "mm"), values.get("language")
        translations = values.get("translations", {})
        tables = [columns, *translations.values()]
        if unit not in UNITS or not all(isinstance(h, str) for table in tables for h in table.values()):
            raise ValueError(later("it needs a table of columns and a unit of mm, cm or in"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise MalformedError(
            "bad-mapping", "The mapping {file} cannot be understood: {reason}.", file=path.name, reason=error
        ) from None
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
    return Columns({name: columns[name] for name in FIELDS if name in columns}, unit, language, translations)


def _check_columns(columns: Mapping[str, str], headings: tuple[str, ...]) -> None:
    for name, heading in columns.items():
        if name not in FIELDS:
            raise MalformedError(
                "bad-mapping",
                "There is no field “{name}”.",
                field=name,
                hint="Fields are {fields}.",
                name=name,
                fields=", ".join(FIELDS),
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
    match = _BRACKET.search(heading)
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


def _plain(heading: str) -> str:
    return _BRACKET.sub("", heading).replace("_", " ").strip().lower()
