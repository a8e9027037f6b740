"""What the page of a print link shows of its tags and of paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.catalogs import Words
from provenance.credit import credited
from provenance.piece import language_in
from provenance.tag import tag_url
from provenance.texts import sentence
from provenance_registry.http.page_facts import Said
from provenance_registry.http.page_formats import amount, day
from provenance_registry.http.print_form import Asked
from provenance_registry.service.print_links import NO_NUMBER, OTHER_STUDIO, LinkedTag, OpenLink
from provenance_registry.service.sheets import MAX_SHEET, Paper

if TYPE_CHECKING:
    from provenance.printing.label import Label

_USUAL = "L7160"


@dataclass(frozen=True, slots=True)
class Row:
    """A tag of the list; `kind` is ``new``, ``printed``, ``spoiled`` or ``not``."""

    place: int
    serial: str
    title: Said
    kind: str
    said: str
    checked: bool
    can_spoil: bool


@dataclass(frozen=True, slots=True)
class Option:
    """A sheet or roll to choose; the page's module counts on by `per_page`."""

    value: str
    text: str
    per_page: int
    selected: bool


@dataclass(frozen=True, slots=True)
class View:
    """The page of an open link."""

    studio: str
    made_for: str
    until: str
    part: int
    parts: tuple[tuple[int, str], ...]
    rows: tuple[Row, ...]
    chosen: int
    papers: tuple[tuple[str, tuple[Option, ...]], ...]
    start: str
    right: str
    down: str
    cut_marks: bool
    dpi: str
    open_more: bool


def view_of(
    opened: OpenLink,
    tags: Sequence[LinkedTag],
    asked: Asked,
    papers: Sequence[Paper],
    words: Words,
    language: str,
) -> View:
    """Return what is shown of a link whose part has those tags; what the form said stays as it was."""
    rows = tuple(_row(opened, tag, asked, words, language) for tag in tags)
    total = len(opened.link.tags)
    parts = (
        (part, words["print_part"].format(first=first + 1, last=min(first + MAX_SHEET, total), total=total))
        for part, first in enumerate(range(0, total, MAX_SHEET))
    )
    return View(
        studio=opened.studio.name,
        made_for=opened.link.made_for,
        until=day(opened.link.expires.date(), language),
        part=asked.part_of(total),
        parts=tuple(parts),
        rows=rows,
        chosen=sum(row.checked for row in rows),
        papers=tuple(_groups(papers, asked.layout or _USUAL, words, language)),
        start=asked.start,
        right=asked.right,
        down=asked.down,
        cut_marks=asked.cut_marks,
        dpi=asked.dpi,
        open_more=asked.cut_marks or bool(asked.dpi) or (asked.right, asked.down) != ("0", "0"),
    )


def label_of(tag: LinkedTag, language: str, *, demo: bool) -> Label:
    """Return the label of a tag; raises `ValueError` for one that has no certificate to show."""
    from provenance.printing.label import Label

    if tag.certificate is None:
        raise ValueError("there is nothing to print")
    certificate, piece = tag.certificate, tag.certificate.piece
    maker = credited(piece.makers, language, language, "zh-Hans", "en")
    lines = [certificate.issuer.name, *([maker] if maker and maker != certificate.issuer.name else [])]
    return Label(
        url=tag_url(certificate.issuer.base_url, piece.serial, tag.number),
        serial=str(tag.serial),
        title=piece.title_in(language, "zh-Hans", "en"),
        lines=tuple(lines),
        demo=demo,
        language=piece.title_language(language, "zh-Hans", "en"),
    )


def _title(tag: LinkedTag, wanted: str, language: str) -> Said:
    """Return the title as it is printed, in the language that the studio chose."""
    if tag.certificate is None:
        return Said("–")
    title = tag.certificate.piece.title
    spoken = language_in(title, wanted, "zh-Hans", "en")
    return Said(title[spoken], "" if spoken == language else spoken)


def _name(tag: LinkedTag) -> str:
    return f"{tag.serial}" + (f" /{tag.number}" if tag.number > 1 else "")


def _row(opened: OpenLink, tag: LinkedTag, asked: Asked, words: Words, language: str) -> Row:
    mark = tag.mark
    kind = "spoiled" if mark.spoiled else "printed" if mark.prints else "new"
    kind = kind if tag.reason is None else "not"
    if tag.reason is not None:
        own = {NO_NUMBER: "print_not_number", OTHER_STUDIO: "print_not_other"}.get(tag.reason)
        said = words["print_not"].format(reason=words[own] if own else sentence(tag.reason, language))
    elif kind == "spoiled":
        said = words["print_is_spoiled"]
    elif mark.printed is not None:
        template = words["print_was" if mark.prints == 1 else "print_was_often"]
        said = template.format(times=mark.prints, day=day(mark.printed.date(), language))
    else:
        said = ""
    return Row(
        place=tag.place,
        serial=_name(tag),
        title=_title(tag, opened.link.language, language),
        kind=kind,
        said=said,
        checked=kind != "not" and _is_chosen(tag.place, kind, asked),
        can_spoil=kind in ("printed", "spoiled"),
    )


def _is_chosen(place: int, kind: str, asked: Asked) -> bool:
    if asked.choose:
        return asked.choose == "all" or (asked.choose == kind)
    if place in asked.spoil:
        return asked.is_spoiled
    if asked.again:  # The list was shown before, with ticks of the shop's own.
        return place in asked.places
    return kind in ("new", "spoiled")


def _groups(
    papers: Sequence[Paper], selected: str, words: Words, language: str
) -> Iterator[tuple[str, tuple[Option, ...]]]:
    for kind in dict.fromkeys(paper.kind for paper in papers):
        template = words["print_roll_option" if kind == "roll" else "print_sheet_option"]
        options = (
            Option(
                value=paper.names[0],
                text=template.format(
                    names=", ".join(paper.names),
                    width=amount(paper.layout.label[0], language),
                    height=amount(paper.layout.label[1], language),
                    count=paper.layout.per_page,
                ),
                per_page=paper.layout.per_page,
                selected=selected in paper.names,
            )
            for paper in papers
            if paper.kind == kind
        )
        yield words["print_rolls" if kind == "roll" else f"print_page_{kind}"], tuple(options)
