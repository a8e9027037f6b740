"""Pages for people: their language, and their templates filled in."""

from __future__ import annotations

import re
from typing import Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response

from provenance.catalogs import DEFAULT, LANGUAGES, match
from provenance.tag import host_of
from provenance_registry.http.packing import PackedResponse
from provenance_registry.http.page_facts import named
from provenance_registry.http.page_formats import locale_of
from provenance_registry.http.page_texts import PAGE_TEXTS
from provenance_registry.http.static_files import address
from provenance_registry.settings import Settings

MAX_HEADER = 500
"""Characters of an Accept-Language header that are read; browsers send fewer than a hundred."""
MAX_TAG = 35
"""Characters of the language in an address that are read (RFC 5646, 4.4.1)."""
_RANGE = re.compile(
    r"(?P<tag>[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=(?P<q>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)


class Render(Protocol):
    """Fills a template in."""

    def __call__(self, template: str, language: str, status: int = 200, **values: object) -> Response[bytes]:
        """Return the page."""


def negotiate(query: str | None, header: str) -> str:
    """Return the page's language: what the address asks for, else the first that the browser prefers."""
    asked = match(query[:MAX_TAG]) if query else None
    return asked or next((found for tag in _preferred(header) if (found := match(tag))), DEFAULT)


def _preferred(header: str) -> list[str]:
    """Return the tags of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4)."""
    weighed = list[tuple[float, str]]()
    for part in header[:MAX_HEADER].split(","):
        if found := _RANGE.fullmatch(part.strip()):
            weight = float(found["q"] or 1)
            if weight:
                weighed.append((weight, found["tag"]))
    return [tag for _, tag in sorted(weighed, key=lambda item: -item[0])]


def renderer(settings: Settings) -> Render:
    """Return what fills in the templates of this registry."""
    environment = Environment(
        loader=PackageLoader("provenance_registry.http", "templates"), autoescape=True, undefined=StrictUndefined
    )
    environment.globals["named"] = named

    def render(template: str, language: str, status: int = 200, **values: object) -> Response[bytes]:
        others = [(code, name) for code, name in LANGUAGES.items() if code != language]
        page = environment.get_template(template).render(
            t=PAGE_TEXTS[language],
            lang=language,
            dir=locale_of(language).text_direction,
            own_name=LANGUAGES[language],
            others=others,
            registry=settings.name,
            host=host_of(settings.base_url),
            style_sheet=address("kilnmark.css"),
            **values,
        )
        headers = {"cache-control": "no-store", "content-language": language, "vary": "accept, accept-language"}
        return PackedResponse(page.encode(), status_code=status, media_type="text/html", headers=headers)

    return render
