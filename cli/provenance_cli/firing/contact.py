"""The contact sheet of a firing: one HTML file, offline, with every piece, its photos and its facts to check."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from provenance.encoding import Digest
from provenance_cli.firing.assigning import REASONS, Loose, Seen
from provenance_cli.firing.record import keep
from provenance_cli.firing.saying import why
from provenance_cli.firing.stage import DRAFT, Item, Stage
from provenance_cli.i18n import _, current
from provenance_cli.telling import facts_of

SHEET = "contact-sheet.html"
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light;font:15px/1.5 system-ui,"Noto Sans SC",sans-serif;color:#1b2233;background:#f6f5f1}
body{margin:0 auto;max-width:72rem;padding:1.2rem}
h1{font:600 1.5rem/1.3 "Noto Serif SC",serif;color:#1f3a7a;margin:.2rem 0}
h2{font-size:1.05rem;margin:1.6rem 0 .4rem;color:#1f3a7a}
p{margin:.3rem 0}ul{padding-inline-start:1.2rem;margin:.3rem 0}
section{background:#fff;border:1px solid #dcd9cf;border-radius:6px;padding:.7rem .9rem;margin:.7rem 0;
break-inside:avoid;display:grid;grid-template-columns:3.6rem 1fr;gap:.2rem .8rem}
section.todo{border-inline-start:5px solid #b3541e}section.gone{opacity:.6}
b.n{font-size:1.7rem;line-height:1;color:#1f3a7a}code{font-size:.85rem;color:#5a6275}
dl{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;margin:.2rem 0;font-size:.86rem}dl div{display:flex;gap:.4rem}
dt{color:#5a6275}dd{margin:0}
.pics{display:flex;flex-wrap:wrap;gap:.5rem;margin:.4rem 0 0;padding:0;list-style:none}
.pics img{height:8.5rem;max-width:14rem;object-fit:contain;display:block;background:#eee;border-radius:3px}
.pics span{font-size:.72rem;color:#5a6275;display:block;max-width:14rem;overflow-wrap:anywhere}
.say{color:#b3541e;font-weight:600}
"""


def write_contact_sheet(stage: Stage, folder: Path, name: str, sentence: str) -> Path:
    """Write the sheet into the firing's folder and return where it is; `sentence` says what is missing."""
    path = folder / SHEET
    keep(path, "".join(_page(stage, name, sentence)).encode())
    return path


def _page(stage: Stage, name: str, sentence: str) -> Iterator[str]:
    title = escape(_("Contact sheet of {name}").format(name=name))
    yield (
        f'<!doctype html><html lang="{current()}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f'<meta http-equiv="content-security-policy" content="{_POLICY}"><style>{_STYLE}</style></head><body>'
        f'<h1>{title}</h1><p class="say">{escape(sentence)}</p>'
    )
    yield from _doubtful(stage)
    for item in stage.items:
        yield from _piece(item, stage.looked.previews)
    yield from _set_aside(stage)
    yield "</body></html>\n"


def _doubtful(stage: Stage) -> Iterator[str]:
    if stage.loose:
        told = [(loose, why(loose, stage.record.numbers)) for loose in stage.loose]
        yield from _of_none(stage, _("Photos of no piece"), told)
    if stage.looked.broken:
        rows = (f"<li>{escape(name)}: {escape(fault)}</li>" for name, fault in stage.looked.broken)
        yield f"<h2>{escape(_('Files that are no photos'))}</h2><ul>{''.join(rows)}</ul>"


def _set_aside(stage: Stage) -> Iterator[str]:
    told, numbers = list[tuple[Loose, str]](), stage.record.numbers
    for loose in stage.set_aside:
        words = _(REASONS[loose.reason])
        if loose.follows is not None:
            words = _("{reason} (number {number})").format(reason=words, number=numbers[loose.follows])
        told.append((loose, words))
    if told:
        yield from _of_none(stage, _("Photos set aside"), told)


def _of_none(stage: Stage, heading: str, told: Sequence[tuple[Loose, str]]) -> Iterator[str]:
    yield f"<h2>{escape(heading)}</h2><ul class=pics>"
    for loose, words in told:
        yield _picture(loose.photo, stage.looked.previews, words)
    yield "</ul>"


def _piece(item: Item, previews: dict[Digest, bytes]) -> Iterator[str]:
    shown = item.signed or item.piece
    look = "gone" if item.is_lost else "" if item.is_ready or item.state != DRAFT else "todo"
    title = shown.title_in(current(), "zh-Hans", "en") if shown else ""
    words = (
        title
        or item.title
        or (_("lost in the kiln") if item.is_lost else _("no title yet") if item.title == "" else "")
    )
    yield f'<section class="{look}"><b class=n>{item.number}</b><div><b>{escape(words)}</b> <code>{item.serial}</code>'
    if item.state != DRAFT:
        yield f" <code>{escape(_(item.state))}</code>"
    if shown is not None:
        facts = list(facts_of(shown, current()))[2:]
        rows = (f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in facts)
        yield f"<dl>{''.join(rows)}</dl>"
    if item.photos:
        yield "<ul class=pics>" + "".join(_picture(photo, previews) for photo in item.photos) + "</ul>"
    elif not item.is_lost and item.state == DRAFT:
        yield f"<p class=say>{escape(_('no photo'))}</p>"
    if item.is_faulty:
        yield f"<p class=say>{escape(_('its row has a fault'))}</p>"
    yield "</div></section>"


def _picture(photo: Seen, previews: dict[Digest, bytes], words: str = "") -> str:
    data = base64.b64encode(previews[photo.digest]).decode()
    told = f"<span class=say>{escape(words)}</span>" if words else ""
    name = escape(photo.name)
    return f'<li><img alt="{name}" src="data:image/jpeg;base64,{data}"><span>{name}</span>{told}</li>'
