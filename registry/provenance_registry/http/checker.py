"""The page that checks a bundle from a file: one file without a server, to be saved and carried on a memory stick."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from typing import Any

from litestar import Request, Response, get
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromQuery

from provenance.codes import Check
from provenance.texts import check_name, headlines, sentence
from provenance.verdict import ADVISORIES, CODES, REASONS
from provenance_registry.http.linking import linked
from provenance_registry.http.page_formats import day
from provenance_registry.http.page_texts import PAGE_TEXTS
from provenance_registry.http.rendering import negotiate, renderer
from provenance_registry.http.services import Services
from provenance_registry.http.static_files import FILES

OWN = "authentic", "malformed", "unable", "refused", "asking", "own_policy", "title"
"""What the script itself says, whose words are the page's with `file_` before."""


def checker_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoint."""
    render = renderer(services.settings)

    @get("/verify.html", summary="A page that checks bundles, to be saved")
    async def checker(request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Response[bytes]:
        """Return the page with this registry's trust policy of today in it."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        policy = content_policy()
        page = render(
            "verify.html",
            language,
            content_policy=policy,
            style=_style(),
            script=_script(),
            told=_told(language, json.loads(services.policy.to_bytes())),
            day=day(services.clock().date(), language),
        )
        page.headers["content-security-policy"] = f"{policy}; frame-ancestors 'none'"
        return page

    return [checker]


@cache
def _script() -> str:
    modules = {name: data.decode() for name, data in FILES.items() if name.endswith(".js")}
    text = linked(modules, "file/file.js")
    if "</" in text:
        raise ValueError("a script must not end its element")
    return text


@cache
def _style() -> str:
    return FILES["kilnmark.css"].decode() + FILES["file.css"].decode()


@cache
def content_policy() -> str:
    """Return what the page may load: its script and style by their digests, and answers of whichever node is asked."""
    return (
        f"default-src 'none'; script-src '{_digest(_script())}'; style-src '{_digest(_style())}'; "
        "connect-src http: https:; img-src data:; form-action 'none'; base-uri 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _told(language: str, policy: object) -> str:
    """Return what the script reads, as JSON that can stand within HTML."""
    codes = [*CODES, *ADVISORIES, *dict(REASONS.values())]
    told = {
        "policy": policy,
        "headlines": headlines(language),
        "sentences": {code: sentence(code, language) for code in codes},
        "checks": [check_name(check, language) for check in Check],
        "results": {name: code.result.value for name, code in CODES.items()},
        "texts": {name: PAGE_TEXTS[language][f"file_{name}"] for name in OWN},
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
