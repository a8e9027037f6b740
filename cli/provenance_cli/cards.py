"""What stands on a piece's label, and on its cards: there in another language too, where the certificate has it."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.certificate import Certificate
from provenance.credit import credited
from provenance.firing import Firing
from provenance.multilingual import Text, text_in
from provenance.piece import TEXT_FIELDS, Piece
from provenance.printing.cards import Card, Fact
from provenance.printing.label import Label
from provenance.tag import tag_url
from provenance_cli.i18n import in_language, later
from provenance_cli.mapping import LABELS

_HINT = later("Scan to see the record, then compare the piece.")
_SECRET = later("Place for the secret code")
_SIZE = later("Size")
_SIDES = {"height_mm": "height", "width_mm": "width", "depth_mm": "depth", "diameter_mm": "diameter"}


def label_of(certificate: Certificate, language: str, *, number: int = 1, demo: bool = False) -> Label:
    """Return the label of a piece's tag `number`, with the words of its newest certificate."""
    piece = certificate.piece
    maker = credited(piece.makers, language, language, "zh-Hans", "en")
    lines = [certificate.issuer.name, *([maker] if maker and maker != certificate.issuer.name else [])]
    return Label(
        url=tag_url(certificate.issuer.base_url, piece.serial, number),
        serial=str(piece.serial),
        title=piece.title_in(language, "zh-Hans", "en"),
        lines=tuple(lines),
        demo=demo,
        language=piece.title_language(language, "zh-Hans", "en"),
    )


def card_of(form: Certificate, language: str, *, number: int = 1, demo: bool = False) -> Card:
    """Return the card of a piece, as its newest certificate `form` tells it, in `language` first.

    The code is that of the piece's tag `number`.
    """
    piece = form.piece
    languages = _languages(piece, language)
    title = piece.title_in(language, "zh-Hans", "en")
    other = piece.title_in(languages[-1])
    return Card(
        url=tag_url(form.issuer.base_url, piece.serial, number),
        serial=str(piece.serial),
        title=title,
        subtitle=other if other != title else "",
        studio=form.issuer.name,
        facts=tuple(_facts(piece, languages)),
        hint=tuple(in_language(_HINT, spoken) for spoken in languages),
        secret=_both(_SECRET, languages, " · "),
        language=language,
        demo=demo,
        piece_language=piece.title_language(language, "zh-Hans", "en"),
        second_language=piece.title_language(languages[-1]),
    )


def _languages(piece: Piece, language: str) -> tuple[str, ...]:
    """Return the language asked for, and the other one of English and Chinese where the piece's texts have it."""
    other = "en" if language.startswith("zh") else "zh-Hans"
    texts = [getattr(piece, name) for name in TEXT_FIELDS]
    has_other = any(tag.partition("-")[0] == other[:2] for text in texts for tag in text)
    return (language, other) if has_other else (language,)


def _facts(piece: Piece, languages: tuple[str, ...]) -> Iterator[Fact]:
    firing = piece.firing or Firing()
    first, last = languages[0], languages[-1]
    if piece.makers:
        told = [credited(piece.makers, spoken, spoken, "zh-Hans", "en") for spoken in languages]
        yield from _fact(LABELS["maker"], told[0], told[-1], languages)
    if piece.made:
        yield from _fact(LABELS["made"], piece.made, "", languages)
    elif firing.date:
        yield from _fact(LABELS["fired"], firing.date, "", languages)
    yield from _text("kiln", firing.kiln, languages)
    sizes = {side: value for name, side in _SIDES.items() if (value := getattr(piece, name))}
    if sizes:
        spoken_sizes = [
            " · ".join(f"{in_language(LABELS[side], spoken)} {value:,}" for side, value in sizes.items()) + " mm"
            for spoken in (first, last)
        ]
        yield from _fact(_SIZE, spoken_sizes[0], spoken_sizes[1], languages)
    for name in ("technique", "glaze", "clay_body", "decoration", "form", "base_mark"):
        yield from _text(name, getattr(piece, name), languages)
    if piece.edition is not None:
        proof = "AP " if piece.edition.artist_proof else ""
        yield from _fact(LABELS["edition"], f"{proof}{piece.edition.number}/{piece.edition.of}", "", languages)


def _text(name: str, text: Text, languages: tuple[str, ...]) -> Iterator[Fact]:
    if text:
        values = [text_in(text, spoken, "zh-Hans", "en") for spoken in languages]
        yield from _fact(LABELS[name], values[0], values[-1], languages)


def _fact(name: str, value: str, second: str, languages: tuple[str, ...]) -> Iterator[Fact]:
    if value:
        yield Fact(_both(name, languages, " "), value, second if second != value else "")


def _both(message: str, languages: tuple[str, ...], between: str) -> str:
    return between.join(in_language(message, spoken) for spoken in languages)
