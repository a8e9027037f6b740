"""What a certificate says of its piece, as the buyer's page tells it: facts in lines, some of which lead elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provenance.catalogs import Words
from provenance.certificate import Certificate
from provenance.credit import credits_of
from provenance.encoding import Digest
from provenance.firing import Firing
from provenance.piece import Piece, Resource, Text, language_in
from provenance.serial import Serial
from provenance.tag import tag_url
from provenance_registry.http.page_formats import locale_of, measure
from provenance_registry.http.page_names import language_of_name
from provenance_registry.http.page_texts import PAGE_TEXTS


@dataclass(frozen=True, slots=True)
class Said:
    """Words, and the tag of their language where it is not the page's."""

    text: str
    lang: str = ""
    is_whole: bool = False
    """Whether it goes to a line of its own rather than over the end of one, as a number does."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a fact, and the address that it leads to, if any."""

    parts: tuple[Said, ...]
    url: str = ""

    @property
    def text(self) -> str:
        """The line in plain words."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact under its name."""

    name: str
    lines: tuple[Line, ...]


def facts_of(form: Certificate, language: str, has: Callable[[Digest], bool]) -> list[Fact]:
    """Return the facts of a certificate; `has` tells whether a file is at the registry."""
    piece, text = form.piece, PAGE_TEXTS[language]
    firing = piece.firing or Firing()
    facts: list[tuple[str, list[Line]]] = [
        ("kind", _plain(text["digital"] if piece.is_digital else "")),
        ("maker", _makers(piece, language)),
        ("studio", [Line((named(form.issuer.name, language),), f"/studios/{form.issuer.slug}?lang={language}")]),
        ("workshop", _text(piece.studio, language)),
        ("teacher", _claims(piece, "teacher", language)),
        ("lineage", _claims(piece, "lineage", language)),
        ("description", _text(piece.description, language)),
        ("made", _plain(piece.made or "")),
        ("country", _plain(_country(piece.country, language))),
        ("form", _text(piece.form, language)),
        ("technique", _text(piece.technique, language)),
        ("clay_body", _text(piece.clay_body, language)),
        ("glaze", _text(piece.glaze, language)),
        ("decoration", _text(piece.decoration, language)),
        ("kiln", _text(firing.kiln, language)),
        ("fuel", _text(firing.fuel, language)),
        ("atmosphere", _text(firing.atmosphere, language)),
        ("peak", _measured(firing.peak_celsius, "celsius", language)),
        ("size", _plain(_size(piece, language))),
        ("weight", _measured(piece.weight_g, "g", language)),
        ("edition", _edition(piece, language)),
        ("set" if piece.set is None else piece.set.kind, _set(piece, language)),
        ("part_of", _whole(piece, language)),
        ("parts", list(_parts(piece, language))),
        ("base_mark", _text(piece.base_mark, language)),
        ("accession_number", _plain(piece.accession_number or "")),
        ("credit_line", _text(piece.credit_line, language)),
        ("files", list(_files(piece.files, text["file"], text, has))),
        ("scans", list(_files(piece.scans, text["scan"], text, has))),
    ]
    return [Fact(text[name], tuple(lines)) for name, lines in facts if lines]


def in_language(words: Text, language: str) -> Said:
    """Return a text of a piece for readers of a language: in theirs, in English, or in the first that it has."""
    tag = language_in(words, language, "en")
    return Said(words.get(tag, ""), "" if tag == language else tag)


def named(name: str, language: str) -> Said:
    """Return a studio's name for readers of a language."""
    return Said(name, language_of_name(name, language))


def _line(text: str, url: str = "") -> Line:
    return Line((Said(text),), url)


def _plain(value: str) -> list[Line]:
    return [_line(value)] if value else []


def _measured(value: int | None, unit: str, language: str) -> list[Line]:
    return [] if value is None else _plain(measure(value, unit, language))


def _text(words: Text, language: str) -> list[Line]:
    return [Line((in_language(words, language),))] if words else []


def _makers(piece: Piece, language: str) -> list[Line]:
    parts = [Said(words, "" if tag == language else tag) for words, tag in credits_of(piece.makers, language)]
    return [Line(tuple(parts))] if parts else []


def _claims(piece: Piece, claim: str, language: str) -> list[Line]:
    """Return what the studio claims of its makers; where several made it, with whose it is."""
    return [
        Line((*((in_language(maker.name, language), Said(" · ")) if len(piece.makers) > 1 else ()), claimed))
        for maker in piece.makers
        if (claimed := in_language(getattr(maker, claim), language)).text
    ]


def _country(code: str | None, language: str) -> str:
    names = locale_of(language).territories
    return "" if code is None else str(names.get(code, code))


def _size(piece: Piece, language: str) -> str:
    text, parts = PAGE_TEXTS[language], []
    for name in ("height", "width", "depth", "diameter"):
        millimetres = getattr(piece, f"{name}_mm")
        if millimetres is not None:
            parts.append(f"{text[f'size_{name}']}\u00a0{measure(millimetres / 10, 'cm', language)}")
    return text["comma"].join(parts)


def _edition(piece: Piece, language: str) -> list[Line]:
    edition = piece.edition
    if edition is None:
        return []
    template = PAGE_TEXTS[language]["artist_proof"] if edition.artist_proof else "{number} / {of}"
    return [*_text(edition.name, language), _line(template.format(number=edition.number, of=edition.of))]


def _piece_line(serial: Serial, language: str, *before: Said) -> Line:
    return Line((*before, Said(str(serial), is_whole=True)), f"{tag_url('', serial)}?lang={language}")


def _set(piece: Piece, language: str) -> list[Line]:
    if piece.set is None:
        return []
    text = PAGE_TEXTS[language]
    others = [_piece_line(serial, language) for serial in piece.set.pieces if serial != piece.serial]
    size = [] if piece.set.kind == "pair" else [_line(text["set_size"].format(size=piece.set.size))]
    told = [*_text(piece.set.name, language), *size]
    if others:
        return [*told, _line(text["with"]), *others]
    return told or [_line(text["set_size"].format(size=piece.set.size))]


def _whole(piece: Piece, language: str) -> list[Line]:
    if piece.part_of is None:
        return []
    lines = [_piece_line(piece.part_of.serial, language)]
    if piece.part_of.name:
        before, _, after = PAGE_TEXTS[language]["as_part"].partition("{name}")
        lines.append(Line((Said(before), in_language(piece.part_of.name, language), Said(after))))
    return lines


def _parts(piece: Piece, language: str) -> Iterator[Line]:
    for part in piece.parts:
        name = in_language(part.name, language)
        yield Line((name,)) if part.serial is None else _piece_line(part.serial, language, name, Said(" · "))


def _files(items: tuple[Resource, ...], what: str, text: Words, has: Callable[[Digest], bool]) -> Iterator[Line]:
    for number, item in enumerate(items, start=1):
        name = what.format(number=number, kind=item.media_type)
        if has(item.digest):
            yield _line(name, f"/media/{item.digest.hex()}")
        else:
            yield _line(text["not_here"].format(file=name))
