"""The page that tells what a genuine record means, and what it does not."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromQuery

from provenance_registry.http.in_app import is_in_app
from provenance_registry.http.rendering import negotiate, renderer
from provenance_registry.http.services import Services
from provenance_registry.http.static_files import address


def guide_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoint."""
    render = renderer(services.settings)

    @get("/meaning", summary="What a genuine record means, and does not")
    async def meaning(request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Response[bytes]:
        """Tell in plain words what is checked, what a printed code cannot do, and what to do."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        return render("meaning.html", language, here="/meaning", style=address("guild.css"), in_app=is_in_app(request))

    return [meaning]
