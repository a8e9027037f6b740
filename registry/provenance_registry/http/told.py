"""Pages that tell one thing: that something is not there, or that too much was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from litestar import Request, Response

from provenance.errors import LimitError
from provenance_registry.http.problems import on_http_error
from provenance_registry.http.rendering import Render, negotiate, renderer
from provenance_registry.http.static_files import address
from provenance_registry.settings import Settings

OnError: TypeAlias = Callable[[Request[Any, Any, Any], Exception], Response[bytes]]


def told_page(render: Render, language: str, status: int, what: str, here: str = "/studios") -> Response[bytes]:
    """Return the page that tells what stands under the key `what`, and under that with ``_say`` behind.

    `here` is where other languages are shown: nothing for the same address.
    """
    return render("told.html", language, status, here=here, style=address("guild.css"), what=what)


def busy_page(render: Render, language: str, error: LimitError) -> Response[bytes]:
    """Return the page that asks a reader to wait, for as long as the error says."""
    answer = told_page(render, language, 429, "busy", here="")
    answer.headers["retry-after"] = str(error.retry_after)
    return answer


def missing_page(settings: Settings) -> OnError:
    """Return what answers an address at which there is nothing: people by a page, programs as any other error."""
    render = renderer(settings)

    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        response = on_http_error(request, error)
        accept = request.headers.get("accept", "")[:500]
        if response.status_code != 404 or "text/html" not in accept or request.url.path.startswith("/api/"):
            return response
        language = negotiate(request.query_params.get("lang"), request.headers.get("accept-language", ""))
        return told_page(render, language, 404, "nothing_here", here="")

    return answer
