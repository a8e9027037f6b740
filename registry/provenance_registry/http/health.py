"""The endpoints for those who run the registry: alive, ready, and how much of what."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.handlers.base import BaseRouteHandler

from provenance.errors import LedgerError, ProvenanceError
from provenance_registry.http.api import json_response
from provenance_registry.http.services import Services


def troubles_of(services: Services) -> list[ProvenanceError]:
    """Return all that stands in the way of registering and anchoring, each once."""
    found = list(services.troubles())
    if services.index.lag > services.settings.max_index_lag and all(each.code != "index-behind" for each in found):
        found.append(LedgerError("index-behind", "The index has lost contact to the ledger.", retryable=True))
    return list({(each.code, each.message): each for each in found}.values())


def health_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints for those who run the registry."""

    @get("/healthz", summary="Is it alive?")
    async def alive() -> Response[bytes]:
        """Answer as long as the process does."""
        return json_response({"status": "alive"})

    @get("/readyz", summary="Is it ready?")
    async def ready() -> Response[bytes]:
        """Name all that stands in the way of registering and anchoring, if anything."""
        troubles = [
            {"code": trouble.code, "detail": trouble.message, "hint": trouble.hint} for trouble in troubles_of(services)
        ]
        members: dict[str, Any] = {"status": "not-ready" if troubles else "ready"}
        if troubles:
            members |= {**troubles[0], "troubles": troubles}
        return json_response(members, 503 if troubles else 200)

    @get("/metrics", summary="Prometheus metrics")
    async def metrics() -> Response[bytes]:
        """Return counts for a monitoring system."""
        lines = ["# TYPE kilnmark_certificates gauge"]
        for state, number in services.repository.counts().items():
            lines.append(f'kilnmark_certificates{{state="{state.value}"}} {number}')
        head = services.repository.indexed_head()
        codes = dict.fromkeys(trouble.code for trouble in troubles_of(services))
        lines += [
            "# TYPE kilnmark_index_block gauge",
            f"kilnmark_index_block {head.number if head else 0}",
            "# TYPE kilnmark_trouble gauge",
            *[f'kilnmark_trouble{{code="{code}"}} 1' for code in codes],
        ]
        if not codes:
            lines.append('kilnmark_trouble{code="none"} 0')
        lines += ["# TYPE kilnmark_sender gauge", f"kilnmark_sender {int(services.sends())}"]
        if services.balances:
            lines.append("# TYPE kilnmark_balance_wei gauge")
        lines += [f'kilnmark_balance_wei{{account="{who}"}} {wei}' for who, wei in services.balances.items()]
        return Response(("\n".join(lines) + "\n").encode(), media_type="text/plain; version=0.0.4")

    return [alive, ready, metrics]
