"""Print links as studios give them out, withdraw them and look at them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, post
from litestar.handlers.base import BaseRouteHandler

from provenance.certificate import format_time
from provenance.print_links import MAX_ORDER_BYTES, MAX_PRINT_LINK_BYTES, PrintLink
from provenance_registry.http.api import json_response
from provenance_registry.http.relaying import client_of
from provenance_registry.http.services import Services
from provenance_registry.records import PrintMark, StoredPrintLink

ORDER_COST = 4
"""How many calls a studio's order counts for."""


def print_link_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints."""
    links = services.print_links

    @post("/api/v1/print-links", request_max_body_size=MAX_PRINT_LINK_BYTES + 1, summary="Give out a print link")
    async def give(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Keep a link that a studio signed.  201 where it is new, 200 where it was known."""
        services.limits.admit_reads(client_of(request), ORDER_COST)
        stored, link, new = await asyncio.to_thread(links.keep, await request.body())
        return json_response(_members(stored, link, ()), 201 if new else 200)

    @post("/api/v1/print-links:cancel", request_max_body_size=MAX_ORDER_BYTES + 1, summary="Withdraw a print link")
    async def cancel(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Withdraw a link for good."""
        services.limits.admit_reads(client_of(request), ORDER_COST)
        return json_response({"link": await asyncio.to_thread(links.end, await request.body())}, 200)

    @post("/api/v1/print-links:list", request_max_body_size=MAX_ORDER_BYTES + 1, summary="A studio's print links")
    async def listed(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return the links of the studio that signed the question, the newest first."""
        services.limits.admit_reads(client_of(request), ORDER_COST)
        found = await asyncio.to_thread(links.listed, await request.body())
        return json_response({"links": [_members(*item) for item in found]}, 200)

    return [give, cancel, listed]


def _members(stored: StoredPrintLink, link: PrintLink, marks: Sequence[PrintMark]) -> dict[str, Any]:
    members: dict[str, Any] = {
        "link": stored.id,
        "for": link.made_for,
        "expires": format_time(link.expires),
        "tags": len(link.tags),
        "printed": sum(mark.prints > 0 for mark in marks),
        "spoiled": sum(mark.spoiled is not None for mark in marks),
        "prints": sum(mark.prints for mark in marks),
    }
    times = [mark.printed for mark in marks if mark.printed is not None]
    if times:
        members["lastPrinted"] = format_time(max(times))
    return members if stored.ended is None else {**members, "withdrawn": format_time(stored.ended)}
