"""The guarded JSON-RPC door: an allow-list of reads, and transactions to the ledger only."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import HttpMethod, Request, Response, post, route
from litestar.handlers.base import BaseRouteHandler

from provenance.canonical import load
from provenance.errors import MalformedError
from provenance_registry.http.relaying import client_of
from provenance_registry.http.services import Services

COSTLY = "eth_call", "eth_estimateGas", "eth_getLogs"
"""Reads that are counted for each client; the others are a row or two."""
PREFLIGHT = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "86400",
}
"""What browsers are told before they ask from another page (Fetch, section 3.2)."""


def rpc_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoint."""
    limit = services.settings.max_rpc_batch

    @post("/rpc", request_max_body_size=services.settings.max_rpc_body, status_code=200, summary="Ledger JSON-RPC")
    async def rpc(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Answer one JSON-RPC request, or a batch of them."""
        asked = load(await request.body())
        batch = asked if isinstance(asked, list) else [asked]
        if not 0 < len(batch) <= limit:
            raise MalformedError("too-large", "A batch holds 1 to {limit} requests.", limit=limit)
        if costly := sum(isinstance(item, dict) and item.get("method") in COSTLY for item in batch):
            services.limits.admit_reads(client_of(request), costly)
        answers = await services.asking.call(lambda: services.rpc.answer_all(batch))
        if any(isinstance(item, dict) and item.get("method") == "eth_sendRawTransaction" for item in batch):
            services.wake()
        headers = {"access-control-allow-origin": "*"}
        body = msgspec.json.encode(answers if isinstance(asked, list) else answers[0])
        return Response(body, media_type="application/json", headers=headers)

    @route("/rpc", http_method=HttpMethod.OPTIONS, include_in_schema=False)
    async def preflight() -> Response[bytes]:
        """Let pages from anywhere ask: a saved page that checks a bundle has no address of this registry's."""
        return Response(b"", status_code=204, headers=PREFLIGHT)

    return [preflight, rpc]
