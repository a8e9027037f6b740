"""Studios as their owners find them again: by certificate key, and with their pieces."""

from __future__ import annotations

import asyncio

from litestar import Response, get
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, FromQuery

from provenance.encoding import Address, KeyId
from provenance.errors import MalformedError, NotFoundError
from provenance_registry.http.api import json_response, studio_members
from provenance_registry.http.services import Services

PAGE = 500
"""Tokens looked at for one answer."""


def studio_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints."""

    @get("/api/v1/keys/{key_id:str}", summary="The studio of a certificate key")
    async def by_key(key_id: FromPath[str]) -> Response[bytes]:
        """Return the entry of the studio whose certificate key that is or was: what a recovery phrase finds it by."""
        entry = services.index.directory.by_key(KeyId.parse(key_id))
        if entry is None:
            raise NotFoundError("unknown-key", "No studio has that key.")
        nonce = await services.asking.order_nonce(entry.address)
        return json_response(studio_members(entry, nonce, services.clock()))

    @get("/api/v1/studios/{address:str}/pieces", summary="A studio's pieces")
    async def pieces(address: FromPath[str], after: FromQuery[str] = "0") -> Response[bytes]:
        """Return a studio's pieces on the ledger in the order of their tokens, after a token, and where to go on."""
        if not (after.isascii() and after.isdigit() and len(after) <= 20):
            raise MalformedError("bad-request", "Expected the number of a token.", field="after")
        studio = Address.parse(address.lower())
        page = await asyncio.to_thread(services.repository.pieces_of, studio, int(after), PAGE)
        members = [
            {"serial": str(piece.serial), "digest": str(piece.digest), "tokenId": str(piece.token_id)}
            for piece in page.pieces
        ]
        following = None if page.following is None else str(page.following)
        return json_response({"pieces": members, "next": following})

    return [by_key, pieces]
