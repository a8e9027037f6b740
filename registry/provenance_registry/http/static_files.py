"""The files that pages load: a style sheet, and the modules that check a piece in the browser.

A module imports others by addresses beside its own, so that all of them must be of one release: under the folder named
`EDITION`, a digest of them all, an address means the same bytes for ever.  Without it the newest is meant.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from litestar import Request, Response, get
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath

from provenance.catalogs import LANGUAGES
from provenance.errors import NotFoundError
from provenance.texts import headlines, sentence
from provenance.verdict import CODES, REASONS
from provenance_registry.http.linking import linked_module
from provenance_registry.http.packing import SMALL, PackedResponse, packed

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
FILES["check.js"] = linked_module(
    {name: data.decode() for name, data in FILES.items() if name.endswith(".js")}, "page/check.js"
).encode()
"""What is served, by its path below ``/static/``; nothing else is, whatever a path says.

``check.js`` holds all modules that a piece's page needs, in one file: on a slow network each more costs a round trip.
"""
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
    tag = f'W/"{hashlib.sha256(FILES[name]).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "public, max-age=31536000, immutable" if fixed else "no-cache"}
    if tag in request.headers.get("if-none-match", "")[:500]:
        return Response(b"", status_code=304, headers=headers)
    return _File(name, headers)


class _File(PackedResponse):
    """A file, packed once for each coding."""

    def __init__(self, name: str, headers: dict[str, str]) -> None:
        super().__init__(FILES[name], media_type=MEDIA_TYPES[name.rpartition(".")[2]], headers=headers)
        self._name = name

    def pack(self, encoding: str) -> bytes:
        """Return the file in a coding, made when it is first asked for."""
        return _packed_file(self._name, encoding)


@cache
def _packed_file(name: str, encoding: str) -> bytes:
    return packed(FILES[name], encoding, SMALL)


def static_routes() -> list[BaseRouteHandler]:
    """Return the endpoint."""
    return [static]
