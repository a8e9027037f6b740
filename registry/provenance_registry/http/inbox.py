"""Reports as studios and stewards read and close them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from litestar import Request, Response, post
from litestar.handlers.base import BaseRouteHandler

from provenance.certificate import format_time
from provenance.report_orders import MAX_REPORT_ORDER
from provenance.signed_orders import is_by_account
from provenance_registry.http.api import json_response
from provenance_registry.http.print_links import ORDER_COST
from provenance_registry.http.relaying import client_of
from provenance_registry.http.services import Services
from provenance_registry.records import Doubt
from provenance_registry.report_records import Side, StoredReport
from provenance_registry.service.inbox import Listing, Reader

T = TypeVar("T")


def inbox_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints."""
    inbox = services.inbox

    async def take(request: Request[Any, Any, Any], work: Callable[[bytes], T]) -> T:
        """Carry an order out; whether an account is a steward's is asked of the node, which may hang."""
        services.limits.admit_reads(client_of(request), ORDER_COST)
        data = await request.body()
        if is_by_account(data):
            return await services.asking.role(lambda: work(data))
        return await asyncio.to_thread(work, data)

    def told(listing: Listing) -> list[dict[str, Any]]:
        return [_members(stored, listing.reader, inbox.studio_name) for stored in listing.reports]

    @post("/api/v1/reports:list", request_max_body_size=MAX_REPORT_ORDER + 1, summary="Reports, for whoever may read")
    async def listed(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return reports of the pieces of the studio that signed, or of all for a steward, the newest first."""
        listing = await take(request, inbox.listed)
        doubts = [_doubt(doubt) for doubt in listing.doubts]
        return json_response({"reports": told(listing), "following": listing.following, "doubts": doubts}, 200)

    @post("/api/v1/reports:close", request_max_body_size=MAX_REPORT_ORDER + 1, summary="Close a report")
    async def close(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Close a report for the side that signed.  201 where it was open, 200 where it stays closed as it was."""
        listing, new = await take(request, inbox.close)
        return json_response({**told(listing)[0], "new": new}, 201 if new else 200)

    @post("/api/v1/doubts", request_max_body_size=MAX_REPORT_ORDER + 1, summary="Doubt a tag, or trust a piece again")
    async def doubt(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Raise or end doubts about a piece's tags, by the word of its studio or of a steward."""
        changed, doubts = await take(request, inbox.doubt)
        return json_response({"changed": changed, "doubts": [_doubt(item) for item in doubts]}, 200)

    return [listed, close, doubt]


def _doubt(doubt: Doubt) -> dict[str, Any]:
    return {
        "serial": doubt.serial.compact,
        "tag": doubt.number,
        "by": doubt.cause.value,
        "since": format_time(doubt.since),
    }


def _members(stored: StoredReport, reader: Reader, name_of: Callable[[str], str]) -> dict[str, Any]:
    """Return what a side is told of a report; of how the steward closed it a studio is told nothing."""
    report = stored.report
    sides = Side if reader.side is Side.STEWARD else (reader.side,)
    return {
        "report": stored.id,
        "serial": report.serial.compact,
        "tag": report.number,
        "did": report.did,
        "studio": name_of(report.did),
        "reason": report.reason,
        "text": report.text,
        "contact": report.contact,
        "language": report.language,
        "received": format_time(report.received),
        "more": stored.more,
        "closed": {
            side.value: {"time": format_time(stored.ends[side].closed), "note": stored.ends[side].note}
            for side in sides
            if side in stored.ends
        },
    }
