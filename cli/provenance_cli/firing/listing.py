"""The page that lists a firing when it is done: every serial, what became of it, and where its record is."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.tag import tag_url
from provenance_cli.firing.record import keep
from provenance_cli.firing.saying import name_of
from provenance_cli.i18n import _, current

if TYPE_CHECKING:
    from provenance_cli.firing.stage import Stage
    from provenance_cli.workshop import Workshop

LISTING = "firing.html"
_STYLE = """
:root{font:15px/1.5 system-ui,"Noto Sans SC",sans-serif;color:#1b2233;background:#f6f5f1}
body{margin:0 auto;max-width:60rem;padding:1.2rem}h1{font:600 1.4rem "Noto Serif SC",serif;color:#1f3a7a}
table{border-collapse:collapse;inline-size:100%;background:#fff}
td,th{border:1px solid #dcd9cf;padding:.3rem .6rem;text-align:start;vertical-align:top}
th{background:#1f3a7a;color:#fff;font-weight:600}td:first-child{text-align:end}tr.gone{color:#8a8f9c}
"""


def write_listing(workshop: Workshop, stage: Stage, out: Path) -> Path:
    """Write the page; serials of pieces that were lost in the kiln stand there as unused."""
    states = workshop.store.states()
    rows = list[str]()
    for item in stage.items:
        state = states.get(item.serial.compact)
        shown = item.corrected or item.signed or item.piece  # What was just corrected is signed by now.
        title = shown.title_in(current(), "zh-Hans", "en") if shown else ""
        word = _("lost in the kiln, serial unused") if item.is_lost else _(state) if state else _("not signed yet")
        serial = escape(str(item.serial))
        if state == "anchored":
            url = escape(tag_url(workshop.issuer.base_url, item.serial))
            serial = f'<a href="{url}">{serial}</a>'
        look = ' class="gone"' if item.is_lost else ""
        rows.append(
            f"<tr{look}><td>{item.number}</td><td>{serial}</td><td>{escape(title)}</td><td>{escape(word)}</td></tr>"
        )
    heads = "".join(f"<th>{escape(word)}</th>" for word in (_("No."), _("Serial"), _("Title"), _("State")))
    title = escape(_("Firing {name}").format(name=name_of(stage.record, out.parent)))
    text = (
        f'<!doctype html><html lang="{current()}"><head><meta charset="utf-8">'
        "<meta http-equiv=\"content-security-policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title} · {escape(workshop.issuer.name)}</h1>"
        f"<table><tr>{heads}</tr>{''.join(rows)}</table></body></html>\n"
    )
    keep(out / LISTING, text.encode())
    return out / LISTING
