"""Answers made smaller on the wire, as the browser that asks can unpack: Brotli, else gzip."""

from __future__ import annotations

import gzip
import re
from typing import Any

import brotli
from litestar import Request, Response
from litestar.response.base import ASGIResponse

QUICK, SMALL = 5, 11
"""How hard Brotli tries: for what is made anew each time, and for what is made once."""
MIN_SIZE = 500
"""Bytes below which an answer is sent as it is: one packet holds it either way."""


def encoding_for(header: str) -> str | None:
    """Return the coding for a browser that accepts those in `header` (RFC 9110, section 12.5.3); `None` is none."""
    parts = [part.replace(" ", "").lower().partition(";") for part in header[:500].split(",")]
    accepted = {name for name, _, weight in parts if not re.fullmatch(r"q=0(\.0*)?", weight)}
    return next((name for name in ("br", "gzip") if name in accepted), None)


def packed(data: bytes, encoding: str, quality: int) -> bytes:
    """Return bytes in a coding."""
    if encoding == "br":
        return bytes(brotli.compress(data, mode=brotli.MODE_TEXT, quality=quality))  # type: ignore[no-untyped-call]
    return gzip.compress(data, 9 if quality == SMALL else 6, mtime=0)


class PackedResponse(Response[bytes]):
    """A text, packed for whoever asks."""

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **rest: Any) -> ASGIResponse:
        """Pack the body, where it is worth it and the browser can unpack it."""
        encoding = encoding_for(request.headers.get("accept-encoding", ""))
        if encoding is not None and len(self.content) >= MIN_SIZE:
            self.content = self.pack(encoding)
            self.headers["content-encoding"] = encoding
        self.headers["vary"] = ", ".join(filter(None, (self.headers.get("vary"), "accept-encoding")))
        return super().to_asgi_response(app, request, **rest)

    def pack(self, encoding: str) -> bytes:
        """Return the content in a coding."""
        return packed(self.content, encoding, QUICK)
