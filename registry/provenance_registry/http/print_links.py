"""Print links as studios give them out, withdraw them and look at them."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, post
from litestar.handlers.base import BaseRouteHandler

from provenance.certificate import format_time
from provenance.print_links import MAX_ORDER_BYTES, MAX_PRINT_LINK_BYTES
from provenance_registry.http.api import json_response
from provenance_registry.http.relaying import client_of
from provenance_registry.http.services import Services
from provenance_registry.records import PrintTotals
from provenance_registry.service.print_links import ListedLink

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
        listed = ListedLink(stored, link.made_for, len(link.tags), PrintTotals())
        return json_response(_members(listed), 201 if new else 200)

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
        return json_response({"links": [_members(item) for item in found]}, 200)

    return [give, cancel, listed]


def _members(link: ListedLink) -> dict[str, Any]:
    stored, totals = link.stored, link.totals
    members: dict[str, Any] = {
        "link": stored.id,
        "for": link.made_for,
        "expires": format_time(stored.expires),
        "tags": link.tags,
        "printed": totals.printed,
        "spoiled": totals.spoiled,
        "prints": totals.prints,
    }
    if totals.last is not None:
        members["lastPrinted"] = format_time(totals.last)
    return members if stored.ended is None else {**members, "withdrawn": format_time(stored.ended)}
