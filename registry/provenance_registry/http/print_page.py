"""The page by which a shop prints tags: a link's code is sent in bodies alone, never in an address.

All of it is a form, and works without JavaScript; a small module reads the code from the fragment and sends the form
without leaving the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromQuery

from provenance.errors import LimitError, ProvenanceError
from provenance.serial import Serial
from provenance.tag import is_public_host, tag_url
from provenance_registry.http.in_app import is_in_app
from provenance_registry.http.page_formats import day
from provenance_registry.http.page_texts import PAGE_TEXTS
from provenance_registry.http.print_form import MAX_FORM_BYTES, Asked, FormError, paper_of
from provenance_registry.http.print_view import label_of, view_of
from provenance_registry.http.problems import status_of
from provenance_registry.http.relaying import client_of
from provenance_registry.http.rendering import negotiate, renderer
from provenance_registry.http.services import Services
from provenance_registry.http.static_files import address
from provenance_registry.service.print_links import LinkedTag, OpenLink
from provenance_registry.service.sheets import MAX_SHEET, Sheet, papers_for

CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""As on all pages, but for one module of ours that asks us alone."""
LOOKING = 2
"""Lists of tags that are made at once: each takes a processor for up to half a second."""
_SAMPLE = Serial("0" * 13)
_WORDS = {
    "unknown-print-link": "print_unknown",
    "print-link-over": "print_over",
    "sheet-unreadable": "print_unreadable",
    "label-too-small": "print_small",
    "bad-start": "print_bad_start",
}


def print_page_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints."""
    links, render = services.print_links, renderer(services.settings)
    papers = papers_for(tag_url(services.settings.base_url, _SAMPLE))
    demo = not is_public_host(services.settings.base_url)
    looking = asyncio.Semaphore(LOOKING)

    def page(language: str, request: Request[Any, Any, Any], status: int = 200, **values: Any) -> Response[bytes]:
        shown: dict[str, Any] = {"alert": None, "code": "", "view": None, "demo": demo, **values}
        answer = render(
            "print.html",
            language,
            status,
            here="/print",
            in_app=is_in_app(request),
            script=address("print.js"),
            style=address("print.css"),
            **shown,
        )
        answer.headers["content-security-policy"] = CONTENT_SECURITY
        return answer

    def told(error: ProvenanceError | FormError, language: str) -> str:
        words = PAGE_TEXTS[language]
        if isinstance(error, FormError):
            return words[error.text].format(**error.facts)
        if isinstance(error, LimitError):
            return words["print_busy"].format(seconds=error.retry_after)
        facts = dict(error.facts)
        if error.code == "print-link-over":
            facts["day"] = day(date.fromisoformat(str(facts["day"])), language)
        return words[_WORDS.get(error.code, "print_failed")].format(**facts)

    async def in_thread(work: Callable[[], list[LinkedTag]]) -> list[LinkedTag]:
        async with looking:
            return await asyncio.to_thread(work)

    async def listed(
        request: Request[Any, Any, Any],
        asked: Asked,
        opened: OpenLink,
        language: str,
        error: ProvenanceError | FormError | None,
    ) -> Response[bytes]:
        """Return the page of an open link: with what went wrong, if anything did."""
        links.admit_look(opened)
        part = asked.part_of(len(opened.link.tags))
        places = range(part * MAX_SHEET, min((part + 1) * MAX_SHEET, len(opened.link.tags)))
        tags = await in_thread(lambda: links.tags(opened, places))
        view = view_of(opened, tags, asked, papers, PAGE_TEXTS[language], language)
        status = 200 if error is None else 422 if isinstance(error, FormError) else status_of(error)
        alert = None if error is None else told(error, language)
        return page(language, request, status, code=asked.code, view=view, alert=alert)

    def refused(request: Request[Any, Any, Any], error: ProvenanceError, language: str) -> Response[bytes]:
        status = 410 if error.code == "print-link-over" else status_of(error)
        answer = page(language, request, status, alert=told(error, language))
        if isinstance(error, LimitError):
            answer.headers["retry-after"] = str(error.retry_after)
        return answer

    async def begin(request: Request[Any, Any, Any]) -> tuple[Asked, OpenLink]:
        services.limits.admit_reads(client_of(request), 1)
        asked = Asked.of(await request.body())
        return asked, await asyncio.to_thread(links.open, asked.code)

    def language_of(request: Request[Any, Any, Any], lang: str | None) -> str:
        return negotiate(lang, request.headers.get("accept-language", ""))

    @get("/print", summary="The page by which shops print tags")
    async def empty(request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Response[bytes]:
        """Show a form for a link; the page's module fills it in from the fragment."""
        return page(language_of(request, lang), request)

    @post("/print", request_max_body_size=MAX_FORM_BYTES, status_code=200, summary="Open a print link")
    async def opened(request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Response[bytes]:
        """Show the tags of a link, for whoever sends its code."""
        language = language_of(request, lang)
        try:
            asked, link = await begin(request)
            return await listed(request, asked, link, language, None)
        except ProvenanceError as error:
            return refused(request, error, language)

    @post("/print/spoiled", request_max_body_size=MAX_FORM_BYTES, status_code=200, summary="Mark a tag as spoiled")
    async def spoiled(request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Response[bytes]:
        """Note which tag came out spoiled, or did not after all, and show the list again."""
        language = language_of(request, lang)
        try:
            asked, link = await begin(request)
            places = [place for place in asked.spoil if place < len(link.link.tags)]
            await asyncio.to_thread(links.note_spoiled, link, places, spoiled=asked.is_spoiled)
            return await listed(request, asked, link, language, None)
        except ProvenanceError as error:
            return refused(request, error, language)

    @post("/print/tags", request_max_body_size=MAX_FORM_BYTES, status_code=200, summary="Print tags of a link")
    async def tags(request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Response[bytes]:
        """Return the tags chosen as a PDF on the paper chosen, every code read back; they are noted as printed."""
        language = language_of(request, lang)
        try:
            asked, link = await begin(request)
            try:
                data = await printed(asked, link)
            except (ProvenanceError, FormError) as error:
                answer = await listed(request, asked, link, language, error)
                if isinstance(error, LimitError):
                    answer.headers["retry-after"] = str(error.retry_after)
                return answer
        except ProvenanceError as error:
            return refused(request, error, language)
        headers = {"content-disposition": 'attachment; filename="tags.pdf"', "cache-control": "no-store"}
        return Response(data, media_type="application/pdf", headers=headers)

    async def printed(asked: Asked, link: OpenLink) -> bytes:
        paper = paper_of(asked, papers)
        places = [place for place in asked.places if place < len(link.link.tags)]
        if not 0 < len(places) <= MAX_SHEET:
            raise FormError("print_none")
        links.admit_print(link)
        found = await in_thread(lambda: links.tags(link, places))
        if gone := [str(tag.serial) for tag in found if tag.reason is not None or tag.certificate is None]:
            raise FormError("print_gone", serials=", ".join(gone[:5]))
        labels = tuple(label_of(tag, link.link.language, demo=demo) for tag in found)
        sheet = Sheet(labels, paper.layout, paper.start, paper.shift, paper.cut_marks, paper.dpi)
        data = await asyncio.wrap_future(services.papers.ask_sheet(sheet, services.clock()))
        await asyncio.to_thread(links.note_printed, link, places)
        return data

    return [empty, opened, spoiled, tags]
