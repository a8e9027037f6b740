"""The endpoints that take what studios, holders and claimants signed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath

from provenance.canonical import JSONObject, parse
from provenance.encoding import Address
from provenance.errors import MalformedError, ProvenanceError
from provenance_registry.http.api import json_response
from provenance_registry.http.problems import problem
from provenance_registry.http.services import Services
from provenance_registry.records import SignedRelease, StoredMessage
from provenance_registry.service import messages
from provenance_registry.service.releases import Kept

MAX_MESSAGE_BYTES = 16_384
"""Bytes of one signed message: two signatures in hex are half of it."""


def relaying_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints."""
    settings, relay, asking = services.settings, services.relay, services.asking

    async def in_turn(client: str, work: Callable[[], StoredMessage]) -> Response[bytes]:
        services.limits.admit(client)
        stored = await asking.relay(work)
        services.wake()
        return json_response(message_members(stored), 202)

    def pair(path: str, kind: str, what: str, take: Callable[[JSONObject], StoredMessage]) -> list[BaseRouteHandler]:
        """Return the endpoint that takes messages of a kind, and the one that tells how one of them fares."""

        @post(path, request_max_body_size=MAX_MESSAGE_BYTES, status_code=202, summary=f"Relay {what}")
        async def send(request: Request[Any, Any, Any]) -> Response[bytes]:
            """Take a signed message; it is simulated first, then sent by the relayer, which pays."""
            members = parse(await request.body(), limit=MAX_MESSAGE_BYTES)
            return await in_turn(client_of(request), lambda: take(members))

        @get(path + "/{message_id:str}", summary=f"State of {what}")
        async def state(message_id: FromPath[str]) -> Response[bytes]:
            """Return how a message fares."""
            return json_response(message_members(relay.find(kind, message_id)))

        return [send, state]

    @post("/api/v1/releases", request_max_body_size=MAX_MESSAGE_BYTES, summary="Keep a release")
    async def keep(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Keep a holder's release for whoever has its claim key.  201 where its claim key is new, 200 where it was."""
        signed = messages.parse_release(parse(await request.body(), limit=MAX_MESSAGE_BYTES))
        client = client_of(request)
        services.limits.admit(client)
        kept = await asking.keep(lambda: services.releases.keep(signed, client))
        return json_response(release_members(kept.signed), 201 if kept.new else 200)

    @post(
        "/api/v1/releases:batch", request_max_body_size=settings.max_release_body, status_code=200, summary="Keep many"
    )
    async def keep_many(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Keep up to 1,000 releases; each has its own answer, in the same order."""
        body = await request.body()
        items = (await asyncio.to_thread(parse, body, limit=settings.max_release_body)).get("releases")
        if not isinstance(items, list) or not 0 < len(items) <= settings.max_release_batch:
            raise MalformedError(
                "too-large", "A batch holds 1 to {limit} releases.", field="releases", limit=settings.max_release_batch
            )
        client = client_of(request)
        services.limits.admit(client)
        answers = await asking.keep(lambda: services.releases.keep_many([_read(item) for item in items], client))
        results = []
        for number, answer in enumerate(answers, start=1):
            if isinstance(answer, Kept):
                results.append(
                    release_members(answer.signed, signature=False) | {"new": answer.new, "others": answer.others}
                )
            else:
                results.append(problem(answer) | {"line": number})
        return json_response({"results": results})

    @get("/api/v1/releases/{token_id:str}/{claim_key:str}", summary="A release")
    async def release(token_id: FromPath[str], claim_key: FromPath[str]) -> Response[bytes]:
        """Return the release of a piece for a claim key, where one counts now."""
        number = int(token_id) if token_id.isascii() and token_id.isdigit() and len(token_id) <= 20 else 0
        found = services.releases.find(number, Address.parse(claim_key.lower()))
        return json_response(release_members(found))

    return [
        *pair(
            "/api/v1/statuses",
            "status",
            "a status order",
            lambda members: relay.relay(messages.parse_status(members)),
        ),
        *pair(
            "/api/v1/amendments",
            "amendment",
            "an amendment",
            lambda members: relay.relay(messages.parse_amendment(members)),
        ),
        *pair(
            "/api/v1/holder-orders",
            "holder-order",
            "a holder's order",
            lambda members: relay.relay(messages.parse_holder_order(members)),
        ),
        *pair("/api/v1/claims", "claim", "a claim", lambda members: relay.claim(messages.parse_claim(members))),
        keep,
        keep_many,
        release,
    ]


def _read(item: object) -> SignedRelease | ProvenanceError:
    try:
        return messages.parse_release(item)
    except ProvenanceError as error:
        return error


def message_members(stored: StoredMessage) -> dict[str, Any]:
    """Return what the API says of a relayed message."""
    message, entry = stored.message, stored.entry
    return {
        "id": message.message_id,
        "tokenId": str(message.token_id),
        **message.facts,
        "state": entry.sending.value,
        "transaction": str(entry.hash),
        "error": entry.error,
    }


def release_members(signed: SignedRelease, *, signature: bool = True) -> dict[str, Any]:
    """Return a release as it is sent."""
    release = signed.release
    members = {
        "tokenId": str(release.token_id),
        "claimKey": str(release.claim_key),
        "nonce": str(release.nonce),
        "deadline": str(release.deadline),
    }
    return {**members, "signature": "0x" + signed.signature.hex()} if signature else members


def client_of(request: Request[Any, Any, Any]) -> str:
    """Return the address of whoever asks: that of the connection, or what a proxy on this machine says of it."""
    address = request.client.host if request.client else ""
    # A proxy may add to the line that it was sent, or add a line: its own word is the last of all, whichever it does.
    forwarded = _bare(",".join(request.headers.getall("x-forwarded-for", [])).rpartition(",")[2])
    return forwarded if forwarded and (not address or _is_of_this_machine(address)) else address


def _bare(address: str) -> str:
    """Return an address without its port: some proxies write ``192.0.2.1:567`` and ``[2001:db8::1]:567``."""
    address = address.strip()
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def _is_of_this_machine(address: str) -> bool:
    try:
        host = ip_address(address)
    except ValueError:
        return False
    return ((isinstance(host, IPv6Address) and host.ipv4_mapped) or host).is_loopback
