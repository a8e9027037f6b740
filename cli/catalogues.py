"""Keeps the catalogues of words in six languages whole, and compiles them; ``make messages`` runs it.

The words of verdicts are written in English in ``provenance/texts.py``, those of pages in the English catalogue.  Every
other catalogue has exactly their keys, each with the English beside it as a comment: where that changes, what was
translated is marked fuzzy until somebody has looked at it.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from provenance.catalogs import LANGUAGES
from provenance.texts import english

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "registry" / "provenance_registry" / "locale"
VERDICTS = ROOT / "provenance" / "locale"


class WordCatalog(Catalog):
    """A catalogue without dates and versions, so that the same words give the same bytes."""

    def __init__(self, language: str) -> None:
        super().__init__(locale=language.replace("-", "_"), header_comment="# Words by their keys.", fuzzy=False)

    def _headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]

    mime_headers = property(_headers, lambda self, _value: None)


def catalogues() -> dict[Path, Catalog]:
    """Return every catalogue as it should stand today, by the path of its source."""
    source = _read(_path(PAGES, "pages", "en"), "en")
    pages = {str(message.id): str(message.string) for message in source if message.id}
    found = {_path(PAGES, "pages", "en"): _updated(source, "en", pages)}
    for language in LANGUAGES:
        if language != "en":
            for folder, domain, words in ((PAGES, "pages", pages), (VERDICTS, "verdicts", english())):
                path = _path(folder, domain, language)
                found[path] = _updated(_read(path, language), language, words)
    return found


def _path(folder: Path, domain: str, language: str) -> Path:
    return folder / language.replace("-", "_") / "LC_MESSAGES" / f"{domain}.po"


def _read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=language.replace("-", "_"))
    with path.open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"))


def _updated(before: Catalog, language: str, source: Mapping[str, str]) -> Catalog:
    catalog = WordCatalog(language)
    for key, said in sorted(source.items()):
        known = before.get(key)
        comments = [] if language == "en" else [said]
        moved = known is not None and bool(known.auto_comments) and _bare(known.auto_comments) != _bare(comments)
        flags = {"fuzzy"} if known is not None and known.string and (moved or known.fuzzy) else set()
        catalog.add(key, known.string if known else None, auto_comments=comments, flags=flags)
    return catalog


def _bare(lines: list[str]) -> str:
    return "".join("".join(lines).split())  # Comments are folded, at hyphens too.


def faults(catalog: Catalog) -> list[str]:
    """Return what is wrong with words: absent, to be looked at, or with other places for facts than the English."""
    wrong = []
    for message in catalog:
        if not message.id:
            continue
        name, said = f"{catalog.locale}: {message.id}", str(message.string or "")
        if not said or said == message.id:
            wrong.append(f"{name}: not translated")
        elif message.fuzzy:
            wrong.append(f"{name}: look whether it still says what the English does, and take `fuzzy` away")
        elif message.auto_comments and _places(said) != _places(" ".join(message.auto_comments)):
            wrong.append(f"{name}: names other facts than the English")
    return wrong


def _places(text: str) -> list[str]:
    return sorted(name for _words, name, _form, _repr in Formatter().parse(text) if name is not None)


def written(catalog: Catalog) -> tuple[bytes, bytes]:
    """Return a catalogue as its source and compiled."""
    source, compiled = io.BytesIO(), io.BytesIO()
    write_po(source, catalog, width=120)
    write_mo(compiled, catalog)
    return source.getvalue(), compiled.getvalue()


def main() -> int:
    """Write the catalogues; return 1 where words are to be mended."""
    wrong, count = list[str](), 0
    for path, catalog in catalogues().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        for file, data in zip((path, path.with_suffix(".mo")), written(catalog), strict=True):
            file.write_bytes(data)
        wrong += faults(catalog)
        count += len(catalog)
    print(*wrong, f"{count} words of pages and verdicts, {len(wrong)} to be mended", sep="\n", file=sys.stderr)
    return 1 if wrong else 0
