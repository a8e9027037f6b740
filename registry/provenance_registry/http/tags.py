"""The life of tags: studios void them, and anybody may ask which were."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath

from provenance.canonical import parse
from provenance.certificate import format_time
from provenance.errors import MalformedError
from provenance.serial import Serial
from provenance.voids import MAX_ASKED, MAX_ASKED_BYTES, MAX_VOID_BYTES, TagVoid
from provenance_registry.http.api import json_response
from provenance_registry.http.services import Services


def tag_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints."""

    @post("/api/v1/tags:void", request_max_body_size=MAX_VOID_BYTES + 1, summary="Void a tag")
    async def void(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Take a studio's signed word that a tag counts no more.  201 where it is new, 200 where it was voided."""
        counts, new = await asyncio.to_thread(services.voids.keep, await request.body())
        return json_response(_members(counts), 201 if new else 200)

    @get("/api/v1/pieces/{serial:str}/tags", summary="Voided tags of a piece")
    async def voided(serial: FromPath[str]) -> Response[bytes]:
        """Return the tags of a piece that count no more, by their numbers."""
        found = services.voids.of(Serial.parse(serial))
        return json_response({"voided": [_members(item) for item in found]})

    @post("/api/v1/tags:voided", request_max_body_size=MAX_ASKED_BYTES, status_code=200, summary="Voided tags of many")
    async def voided_among(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return the tags of up to 1,000 pieces that count no more; pieces that have none are left out."""
        asked = parse(await request.body(), limit=MAX_ASKED_BYTES).get("serials")
        serials = [serial for serial in asked if isinstance(serial, str)] if isinstance(asked, list) else []
        if not isinstance(asked, list) or len(serials) < len(asked) or len(asked) > MAX_ASKED:
            raise MalformedError("bad-request", "Expected up to 1,000 serials.", field="serials")
        named = [Serial.parse(serial) for serial in serials]
        found = dict[str, list[dict[str, Any]]]()
        for item in await asyncio.to_thread(services.voids.among, named):
            found.setdefault(item.serial.compact, []).append(_members(item))
        return json_response({"voided": found})

    return [void, voided, voided_among]


def _members(void: TagVoid) -> dict[str, Any]:
    told: dict[str, Any] = {"number": void.number, "time": format_time(void.time), "by": void.by}
    return told if void.replacement is None else {**told, "replacement": void.replacement}
