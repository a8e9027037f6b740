"""Pages for people: their language, and their templates filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response

from provenance.tag import host_of
from provenance_registry.http.page_texts import LANGUAGES, PAGE_TEXTS
from provenance_registry.http.static_files import address
from provenance_registry.settings import Settings


class Render(Protocol):
    """Fills a template in."""

    def __call__(self, template: str, language: str, status: int = 200, **values: object) -> Response[bytes]:
        """Return the page."""


def negotiate(query: str | None, header: str) -> str:
    """Return the page's language: what the address asks for, else the first that the browser prefers."""
    for wanted in [query or "", *(part.partition(";")[0].strip() for part in header[:200].split(","))]:
        for language in LANGUAGES:
            if wanted.lower().partition("-")[0] == language.partition("-")[0]:
                return language
    return "en"


def renderer(settings: Settings, more: Mapping[str, Mapping[str, str]] | None = None) -> Render:
    """Return what fills in the templates of this registry; `more` are words beside those of all pages, by language."""
    environment = Environment(
        loader=PackageLoader("provenance_registry.http", "templates"), autoescape=True, undefined=StrictUndefined
    )
    texts = {language: {**text, **(more or {}).get(language, {})} for language, text in PAGE_TEXTS.items()}

    def render(template: str, language: str, status: int = 200, **values: object) -> Response[bytes]:
        others = [(code, name) for code, name in LANGUAGES.items() if code != language]
        page = environment.get_template(template).render(
            t=texts[language],
            lang=language,
            others=others,
            registry=settings.name,
            host=host_of(settings.base_url),
            style_sheet=address("kilnmark.css"),
            **values,
        )
        headers = {"cache-control": "no-store", "content-language": language, "vary": "accept, accept-language"}
        return Response(page.encode(), status_code=status, media_type="text/html", headers=headers)

    return render
