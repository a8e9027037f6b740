"""The files that pages load: a style sheet, and the modules that check a piece in the browser.

A module imports others by addresses beside its own, so that all of them must be of one release: under the folder named
`EDITION`, a digest of them all, an address means the same bytes for ever.  Without it the newest is meant.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from litestar import Request, Response, get
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath

from provenance.errors import NotFoundError
from provenance.texts import headlines, sentence
from provenance.verdict import CODES, REASONS
from provenance_registry.http.page_texts import LANGUAGES

MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "json": "application/json"}


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.is_dir():
            yield from _files(item, f"{prefix}{item.name}/")
        elif item.name.rpartition(".")[2] in MEDIA_TYPES:
            yield prefix + item.name, item.read_bytes()


def _words(language: str) -> bytes:
    """Return how verdicts are told, for a page whose phone finds otherwise than the registry."""
    codes = [*CODES, *dict(REASONS.values())]
    told = {"headlines": headlines(language), "sentences": {code: sentence(code, language) for code in codes}}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


FILES = dict(_files(resources.files("provenance_registry.http").joinpath("static")))
FILES |= {f"words.{language}.json": _words(language) for language in LANGUAGES}
"""What is served, by its path below ``/static/``; nothing else is, whatever a path says."""
MODULES = sorted(name for name in FILES if name.startswith("verify/") and name != "verify/ed25519.js")
"""The modules that every check in the browser loads; Ed25519 is for browsers that have none of their own."""
EDITION = hashlib.sha256(
    "".join(f"{name} {hashlib.sha256(data).hexdigest()}\n" for name, data in FILES.items()).encode()
).hexdigest()[:16]


def address(name: str) -> str:
    """Return the address under which a page loads a file for ever."""
    return f"/static/{EDITION}/{name}"


@get("/static/{path:path}", summary="Style sheet and modules")
async def static(path: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return a file that the pages need."""
    name = path.removeprefix("/")
    fixed = name.startswith(f"{EDITION}/")
    name = name.removeprefix(f"{EDITION}/")
    if name not in FILES:
        raise NotFoundError("unknown-file", "There is no such file.")
    tag = f'"{hashlib.sha256(FILES[name]).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "public, max-age=31536000, immutable" if fixed else "no-cache"}
    if tag in request.headers.get("if-none-match", "")[:500]:
        return Response(b"", status_code=304, headers=headers)
    return Response(FILES[name], media_type=MEDIA_TYPES[name.rpartition(".")[2]], headers=headers)


def static_routes() -> list[BaseRouteHandler]:
    """Return the endpoint."""
    return [static]
