"""Photos, scans and files: sent in and served by digest, never whole in memory."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from litestar import Request, Response, get, put
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath
from litestar.response import File

from provenance.encoding import Digest
from provenance.errors import LimitError, MalformedError, ProvenanceError
from provenance_registry.http.api import json_response
from provenance_registry.http.relaying import client_of
from provenance_registry.http.services import Services
from provenance_registry.service.limits import site_of

MAX_UPLOADS = 16
"""Files on their way in at once: each takes a place on the disk before it counts."""
MAX_CLIENT_UPLOADS = 4
"""Of those, one client's: nobody fills all places alone."""
MAX_STALL = 30.0
"""Seconds after which a sender that sends nothing gives its place away."""
MAX_GRACE = 60.0
"""Seconds that any upload may take, however little comes."""
MIN_RATE = 50_000.0
"""Bytes a second that must come beyond those: nobody keeps a place by trickling."""
FOREVER = "public, max-age=31536000, immutable"
MAX_DRAINED = 64 * 2**20
"""Bytes that are read of a file that is not wanted, before the connection is closed."""
CHUNK = 2**18
"""Bytes that are read and sent at once."""


def media_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints."""
    settings, media, coming = services.settings, services.media, Counter[str]()
    most = max(settings.max_media, settings.max_scan, settings.max_file)

    @contextmanager
    def place(client: str) -> Iterator[None]:
        if coming[client] >= MAX_CLIENT_UPLOADS or coming.total() >= MAX_UPLOADS:
            raise LimitError(
                "too-many-uploads", "Too many files are on their way.", retry_after=5, hint="Send them one by one."
            )
        coming[client] += 1
        try:
            yield
        finally:
            coming[client] -= 1
            if not coming[client]:
                del coming[client]

    @put("/api/v1/media/{digest:str}", request_max_body_size=most, summary="Upload a photo, a scan or a file")
    async def upload(digest: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        """Keep a file that a registered certificate names, given by its digest."""
        named = Digest.parse("0x" + digest)
        announced = request.headers.get("content-length", "")
        size = int(announced) if announced.isascii() and announced.isdigit() and len(announced) < 19 else None
        with place(site_of(client_of(request))):
            try:
                receiving = await asyncio.to_thread(media.receive, named, size)
            except ProvenanceError:
                await _drain(request)
                raise
            if receiving is None:
                await _drain(request)
                return json_response({"digest": str(named)}, 200)
            try:
                async for chunk in _chunks(request):
                    await asyncio.to_thread(receiving.write, chunk)
                new = await asyncio.to_thread(receiving.finish)
            finally:
                receiving.close()
        if receiving.is_photo:
            services.renditions.ask(named)
        return json_response({"digest": str(named)}, 201 if new else 200)

    @get("/media/{digest:str}", summary="A photo, a scan or a file")
    async def serve(digest: FromPath[str]) -> File:
        """Return a file by its digest: pictures to be shown, everything else to be saved."""
        named = Digest.parse("0x" + digest)
        kept = await asyncio.to_thread(media.find, named)
        headers = {
            # The bytes of a digest never change; as what they are named may.
            "cache-control": FOREVER if kept.is_settled else "public, max-age=3600",
            "access-control-allow-origin": "*",
            "content-security-policy": "default-src 'none'; sandbox",
        }
        return File(
            kept.path,
            filename=f"{named.hex()}{SUFFIXES.get(kept.media_type, '')}",
            media_type=kept.media_type,
            content_disposition_type="inline" if kept.is_shown else "attachment",
            chunk_size=CHUNK,
            headers=headers,
        )

    @get("/media/{digest:str}/{name:str}", summary="A photo, smaller")
    async def serve_rendition(digest: FromPath[str], name: FromPath[str]) -> File:
        """Return a rendition of a photo, like ``960.avif``; the widths are those that `RENDITION_WIDTHS` names."""
        kept = await asyncio.to_thread(services.renditions.find, Digest.parse("0x" + digest), name)
        headers = {
            "cache-control": "public, max-age=604800",
            "access-control-allow-origin": "*",
            "content-security-policy": "default-src 'none'; sandbox",
        }
        return File(kept.path, media_type=kept.media_type, content_disposition_type="inline", headers=headers)

    return [upload, serve, serve_rendition]


SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/tiff": ".tif",
    "image/svg+xml": ".svg",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
    "model/gltf-binary": ".glb",
    "model/obj": ".obj",
    "model/stl": ".stl",
    "model/3mf": ".3mf",
    "model/vnd.usdz+zip": ".usdz",
}
"""The ending under which a file of a type is saved."""


async def _drain(request: Request[Any, Any, Any]) -> None:
    """Read away what comes of a body that nobody wants: who still sends would be cut off, and never see the answer."""
    size = 0
    with suppress(ProvenanceError):  # What came before is the answer.
        async for chunk in _chunks(request):
            size += len(chunk)
            if size > MAX_DRAINED:
                return


async def _chunks(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """Yield a request's body as it comes; raises `MalformedError` where it stalls, or comes too slowly in all."""
    body, began, size = aiter(request.stream()), time.monotonic(), 0
    while True:
        left = began + MAX_GRACE + size / MIN_RATE - time.monotonic()
        try:
            chunk = await asyncio.wait_for(anext(body), min(MAX_STALL, max(left, 0.0)))
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise MalformedError("upload-stalled", "The file stopped coming.", hint="Send it again.") from None
        size += len(chunk)
        yield chunk
