"""What a certificate says of its piece, as the buyer's page tells it: facts in lines, some of which lead elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from babel import Locale

from provenance.certificate import Certificate
from provenance.credit import credited
from provenance.encoding import Digest
from provenance.firing import Firing
from provenance.piece import Piece, Resource, Text, text_in
from provenance.serial import Serial
from provenance.tag import tag_url
from provenance_registry.http.page_texts import PAGE_TEXTS


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a fact, and the address that it leads to, if any."""

    text: str
    url: str = ""


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
        ("maker", _plain(credited(piece.makers, language))),
        ("studio", _plain(form.issuer.name)),
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
        ("peak", _plain("" if firing.peak_celsius is None else f"{firing.peak_celsius:,} °C")),
        ("size", _plain(_size(piece, text))),
        ("weight", _plain("" if piece.weight_g is None else f"{piece.weight_g:,} g")),
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


def _plain(value: str) -> list[Line]:
    return [Line(value)] if value else []


def _text(words: Text, language: str) -> list[Line]:
    return _plain(text_in(words, language, "en"))


def _claims(piece: Piece, claim: str, language: str) -> list[Line]:
    """Return what the studio claims of its makers; where several made it, with whose it is."""
    return [
        Line(words if len(piece.makers) == 1 else f"{text_in(maker.name, language, 'en')} · {words}")
        for maker in piece.makers
        if (words := text_in(getattr(maker, claim), language, "en"))
    ]


def _country(code: str | None, language: str) -> str:
    names = Locale.parse(language.replace("-", "_")).territories
    return "" if code is None else str(names.get(code, code))


def _size(piece: Piece, text: dict[str, str]) -> str:
    parts = []
    for name in ("height", "width", "depth", "diameter"):
        millimetres = getattr(piece, f"{name}_mm")
        if millimetres is not None:
            parts.append(f"{text[name]} {millimetres / 10:g} cm")
    return text["comma"].join(parts)


def _edition(piece: Piece, language: str) -> list[Line]:
    edition = piece.edition
    if edition is None:
        return []
    template = PAGE_TEXTS[language]["artist_proof"] if edition.artist_proof else "{number} / {of}"
    return [*_text(edition.name, language), Line(template.format(number=edition.number, of=edition.of))]


def _piece_line(serial: Serial, language: str, name: str = "") -> Line:
    return Line(" · ".join(word for word in (name, str(serial)) if word), f"{tag_url('', serial)}?lang={language}")


def _set(piece: Piece, language: str) -> list[Line]:
    if piece.set is None:
        return []
    text = PAGE_TEXTS[language]
    others = [_piece_line(serial, language) for serial in piece.set.pieces if serial != piece.serial]
    size = [] if piece.set.kind == "pair" else [Line(text["set_size"].format(size=piece.set.size))]
    told = [*_text(piece.set.name, language), *size]
    if others:
        return [*told, Line(text["with"]), *others]
    return told or [Line(text["set_size"].format(size=piece.set.size))]


def _whole(piece: Piece, language: str) -> list[Line]:
    if piece.part_of is None:
        return []
    name = text_in(piece.part_of.name, language, "en")
    told = PAGE_TEXTS[language]["as_part"].format(name=name) if name else ""
    return [_piece_line(piece.part_of.serial, language), *_plain(told)]


def _parts(piece: Piece, language: str) -> Iterator[Line]:
    for part in piece.parts:
        name = text_in(part.name, language, "en")
        yield Line(name) if part.serial is None else _piece_line(part.serial, language, name)


def _files(
    items: tuple[Resource, ...], what: str, text: dict[str, str], has: Callable[[Digest], bool]
) -> Iterator[Line]:
    for number, item in enumerate(items, start=1):
        name = what.format(number=number, kind=item.media_type)
        if has(item.digest):
            yield Line(name, f"/media/{item.digest.hex()}")
        else:
            yield Line(text["not_here"].format(file=name))
