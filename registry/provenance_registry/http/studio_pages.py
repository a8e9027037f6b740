"""The studios of this registry, for people: a public list, and a page for each with its gallery.

What is said of a studio is what the ledger's events say; what is shown of its work is what the verifier calls genuine.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, FromQuery

from provenance.certificate import Certificate
from provenance.errors import LedgerError, LimitError, MalformedError
from provenance.tag import tag_url
from provenance_registry.http.api import json_response
from provenance_registry.http.page_facts import in_language
from provenance_registry.http.page_formats import day
from provenance_registry.http.pictures import picture_of
from provenance_registry.http.relaying import client_of
from provenance_registry.http.rendering import negotiate, renderer
from provenance_registry.http.services import Services
from provenance_registry.http.static_files import address
from provenance_registry.http.told import busy_page, told_page
from provenance_registry.service.directory import StudioEntry
from provenance_registry.service.gallery import GALLERY_PAGE, NEWEST, Gallery
from provenance_registry.service.roll import makers, roll_page


def studio_page_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints."""
    render, gallery = renderer(services.settings), Gallery(services.repository, services.verdicts)
    prefix = f"{services.status_lists.did}:studios:"
    sheet = address("guild.css")

    def language_of(request: Request[Any, Any, Any], lang: str | None) -> str:
        return negotiate(lang, request.headers.get("accept-language", ""))

    def block() -> int | None:
        """Return the block that the index reaches to, unless it has lost contact to the ledger."""
        try:
            return services.index.head().number
        except LedgerError:
            return None

    def path_of(entry: StudioEntry) -> str | None:
        return f"/studios/{entry.did.removeprefix(prefix)}" if entry.did.startswith(prefix) else None

    @get("/api/v1/studios", summary="The accredited studios")
    async def listed() -> Response[bytes]:
        """Return all studios that the ledger names as makers, suspended ones marked, in order of accreditation."""
        members = [
            {
                "address": str(entry.address),
                "did": entry.did,
                "name": entry.name,
                "accredited": entry.since.isoformat(),
                "suspended": entry.suspended,
            }
            for entry in makers(services.index.directory)
        ]
        answer = json_response({"block": block(), "studios": members})
        answer.headers["access-control-allow-origin"] = "*"
        return answer

    @get("/studios", summary="The accredited studios, for people")
    async def studios(
        request: Request[Any, Any, Any], lang: FromQuery[str | None] = None, after: FromQuery[str] = ""
    ) -> Response[bytes]:
        """Show the studios that the ledger names as makers, a page at a time; those that are suspended stand apart."""
        language = language_of(request, lang)
        page = roll_page(services.index.directory, _number(after, "after"))
        rows = [
            {
                "name": entry.name,
                "path": path_of(entry),
                "since": _day(entry.since, language),
                "suspended": entry.suspended,
            }
            for entry in page.entries
        ]
        return render(
            "studios.html",
            language,
            here="/studios",
            place=f"&after={after}" if after else "",
            style=sheet,
            block=block(),
            standing=[row for row in rows if not row["suspended"]],
            suspended=[row for row in rows if row["suspended"]],
            following=page.following,
            begun=bool(after),
        )

    @get("/studios/{slug:str}", summary="A studio, for people")
    async def studio(
        slug: FromPath[str],
        request: Request[Any, Any, Any],
        lang: FromQuery[str | None] = None,
        before: FromQuery[str] = "",
    ) -> Response[bytes]:
        """Show what the ledger says of a studio, and the pieces whose records are genuine, the newest first."""
        language = language_of(request, lang)
        entry = services.index.directory.by_did(prefix + slug)
        if entry is None:
            return told_page(render, language, 404, "no_studio")
        newest = _number(before, "before") if before else NEWEST
        try:
            services.limits.admit_reads(client_of(request), GALLERY_PAGE)
        except LimitError as error:
            return busy_page(render, language, error)
        page = await asyncio.to_thread(gallery.page, entry.address, min(newest, NEWEST))
        return render(
            "studio.html",
            language,
            here=f"/studios/{slug}",
            place=f"&before={before}" if before else "",
            style=sheet,
            studio=_told_of(entry, language),
            block=block(),
            pieces=[_tile(services, form, language) for form in page.forms],
            following=page.following,
            begun=bool(before),
        )

    return [listed, studios, studio]


def _number(given: str, field: str) -> int:
    """Return the number in an address, 0 where there is none; raises `MalformedError`."""
    if given and not (given.isascii() and given.isdigit() and len(given) <= 20):
        raise MalformedError("bad-request", "Expected a number of up to 20 digits.", field=field)
    return int(given or 0)


def _day(moment: datetime, language: str) -> str:
    return day(moment.date(), language)


def _told_of(entry: StudioEntry, language: str) -> dict[str, Any]:
    """Return what the ledger says of a studio."""
    return {
        "name": entry.name,
        "since": _day(entry.since, language),
        "suspended": _day(entry.suspensions[-1][0], language) if entry.suspended else None,
        "suspensions": [(_day(start, language), _day(end, language)) for start, end in entry.suspensions if end],
        "names": [(name, _day(since, language)) for since, name in entry.names] if len(entry.names) > 1 else [],
        "keys": sum(window.end is None for _, window in entry.keys.values()),
        "address": str(entry.address),
    }


def _tile(services: Services, form: Certificate, language: str) -> dict[str, Any]:
    piece = form.piece
    title = in_language(piece.title, language)
    here = [photo.digest for photo in piece.photos if services.media.has(photo.digest)]
    return {
        "title": title,
        "serial": str(piece.serial),
        "url": tag_url("", piece.serial),
        "picture": picture_of(services, here[0], title.text) if here else None,
    }
