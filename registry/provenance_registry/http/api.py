"""The API under ``/api/v1``, and the documents that third parties resolve."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath

from provenance import __version__
from provenance.canonical import canonicalize, parse
from provenance.certificate import CONTEXT_PATH, MAX_CERTIFICATE_BYTES, SCHEMA_PATH, Certificate
from provenance.documents import context, schema
from provenance.encoding import Address, Digest, to_base58
from provenance.errors import MalformedError, NotFoundError
from provenance.serial import Serial
from provenance.tag import tag_url
from provenance_registry.http.problems import problem
from provenance_registry.http.services import Services
from provenance_registry.records import StoredAmendment, StoredCertificate
from provenance_registry.service.checkpoints import checkpoint
from provenance_registry.service.directory import HELD_HINTS, StudioEntry
from provenance_registry.service.doubts import EVERY_TAG
from provenance_registry.service.standings import standings
from provenance_registry.service.status_list import did_document
from provenance_registry.service.submissions import Accepted

VC = "application/vc"
REGISTERED, RECORDED = "registered", "recorded"
"""The states of an amendment: kept here, and named by the ledger."""


def json_response(value: object, status: int = 200, media_type: str = "application/json") -> Response[bytes]:
    """Return `value` as JSON."""
    return Response(msgspec.json.encode(value), status_code=status, media_type=media_type)


def _certificate_response(data: bytes, name: str, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return a certificate's exact bytes; browsers, which show no ``application/vc``, are told that it is JSON."""
    shown = "text/html" in request.headers.get("accept", "")[:500]
    headers = {
        "access-control-allow-origin": "*",
        "content-disposition": f'inline; filename="{name}"',
        "vary": "accept",
    }
    return Response(data, media_type="application/json" if shown else VC, headers=headers)


def certificate_members(stored: StoredCertificate) -> dict[str, Any]:
    """Return what the API says of a registered certificate."""
    members: dict[str, Any] = {
        "digest": str(stored.digest),
        "serial": str(stored.serial),
        "state": stored.state.value,
    }
    if stored.reason is not None:
        members |= {"reason": stored.reason, "hint": HELD_HINTS[stored.reason]}
    if stored.token_id is not None:
        members["tokenId"] = str(stored.token_id)
    return members


def accepted_members(services: Services, stored: StoredCertificate | StoredAmendment) -> dict[str, Any]:
    """Return what the API says of a certificate or of an amendment."""
    return certificate_members(stored) if isinstance(stored, StoredCertificate) else amendment_members(services, stored)


def amendment_members(services: Services, stored: StoredAmendment) -> dict[str, Any]:
    """Return what the API says of an amendment: it is recorded once the ledger names it, or one that replaces it."""
    first = services.repository.certificate(stored.first)
    recorded = first is not None and stored in services.amendments.shown(first)
    return {
        "digest": str(stored.digest),
        "serial": str(Certificate.from_bytes(stored.data).piece.serial),
        "state": RECORDED if recorded else REGISTERED,
        "replaces": str(stored.replaces),
        "first": str(stored.first),
        "number": stored.number,
    }


def studio_members(studio: StudioEntry, nonce: int, now: datetime) -> dict[str, Any]:
    """Return what the API says of a studio at `now`; `nonce` is the number of its next order."""
    upcoming = studio.upcoming_controller(now)
    return {
        "address": str(studio.address),
        "did": studio.did,
        "name": studio.name,
        "accredited": studio.since.isoformat(),
        "suspended": studio.suspended,
        "controller": str(studio.controller_at(now)),
        "upcomingController": None
        if upcoming is None
        else {"address": str(upcoming[1]), "start": upcoming[0].isoformat()},
        "keys": [
            {
                "keyId": str(key_id),
                "multikey": "z" + to_base58(multikey),
                "start": window.start.isoformat(),
                "end": None if window.end is None else window.end.isoformat(),
            }
            for key_id, (multikey, window) in studio.keys.items()
        ],
        "orderNonce": str(nonce),
    }


def api_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints."""
    settings = services.settings

    @post("/api/v1/certificates", request_max_body_size=MAX_CERTIFICATE_BYTES + 1, summary="Register a certificate")
    async def submit(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Register one secured certificate, given by its exact bytes.  201 when it is on disk, 200 when it was."""
        accepted = await asyncio.to_thread(services.submissions.submit, await request.body())
        checkpoint("after-accept")
        services.wake()
        return json_response(accepted_members(services, accepted.certificate), 201 if accepted.new else 200)

    @post(
        "/api/v1/certificates:batch", request_max_body_size=settings.max_body, status_code=200, summary="Register many"
    )
    async def submit_many(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Register newline-delimited certificates in one durable transaction; answers stand in the same order."""
        lines = (await request.body()).split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        if not 0 < len(lines) <= settings.max_line_batch:
            raise MalformedError(
                "too-large", "A bulk submission holds 1 to {limit} lines.", limit=settings.max_line_batch
            )
        answers = await asyncio.to_thread(services.submissions.submit_many, lines)
        checkpoint("after-accept")
        services.wake()
        results = []
        for number, answer in enumerate(answers, start=1):
            if isinstance(answer, Accepted):
                results.append(accepted_members(services, answer.certificate) | {"new": answer.new})
            else:
                results.append(problem(answer) | {"line": number})
        return json_response({"results": results})

    @post("/api/v1/certificates:states", request_max_body_size=131_072, status_code=200, summary="Ask for states")
    async def states(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return the states of up to 1,000 certificates and what each reason asks; unknown ones are left out."""
        digests = parse(await request.body(), limit=131_072).get("digests")
        if not isinstance(digests, list) or len(digests) > 1_000:
            raise MalformedError("bad-request", "Expected up to 1,000 digests.", field="digests")
        named = [Digest.parse(digest) for digest in digests]
        found = services.repository.states(named)
        told = await asyncio.to_thread(standings, services.repository, services.index.directory, named)
        told |= {digest: reason for digest, (_, reason) in found.items() if reason is not None}
        reasons = {str(digest): reason for digest, reason in told.items()}
        return json_response(
            {
                "states": {str(digest): state.value for digest, (state, _) in found.items()},
                "reasons": reasons,
                "hints": {reason: HELD_HINTS[reason] for reason in reasons.values()},
            }
        )

    @get("/api/v1/certificates/{digest:str}", summary="State of a certificate")
    async def state(digest: FromPath[str]) -> Response[bytes]:
        """Return where a certificate is on its way."""
        stored = services.repository.certificate(Digest.parse(digest))
        if stored is None:
            amendment = services.repository.amendment(Digest.parse(digest))
            if amendment is None:
                raise NotFoundError("unknown-certificate", "No such certificate is registered.")
            services.amendments.first_of(amendment)
            return json_response(amendment_members(services, amendment))
        members = certificate_members(stored)
        bundle = services.verdicts.bundle(stored)
        if bundle.receipts:
            members["receipt"] = bundle.receipts[0].to_json()
        if bundle.amendments:
            members["amendments"] = [str(amendment.digest) for amendment in bundle.amendments]
        return json_response(members)

    @get("/api/v1/certificates/{digest:str}/document", summary="A certificate by its digest")
    async def document(digest: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return the exact bytes of a certificate, or of an amendment that the ledger names, whatever replaced it."""
        named = Digest.parse(digest)
        data = services.verdicts.document(named)
        return _certificate_response(data, f"{named.hex()[:16]}.certificate.json", request)

    @get("/api/v1/pieces/{serial:str}", summary="Verdict")
    async def verdict(serial: FromPath[str]) -> Response[bytes]:
        """Return the registry's verdict on a piece."""
        return verdict_response(services, Serial.parse(serial))

    @get("/api/v1/pieces/{serial:str}/certificate", summary="Certificate")
    async def certificate(serial: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return the exact bytes of the piece's newest certificate."""
        stored = services.verdicts.find(Serial.parse(serial))
        return _certificate_response(services.verdicts.shown(stored).data, f"{stored.serial}.certificate.json", request)

    @get("/api/v1/pieces/{serial:str}/bundle", summary="Bundle")
    async def bundle(serial: FromPath[str]) -> Response[bytes]:
        """Return the bundle: everything that is needed to check the piece without this registry."""
        stored = services.verdicts.find(Serial.parse(serial))
        headers = {"content-disposition": f'attachment; filename="{stored.serial}.kilnmark.json"'}
        data = services.verdicts.exported(stored).to_bytes()
        return Response(data, media_type="application/json", headers=headers)

    @get("/api/v1/policy", summary="Trust policy")
    async def policy() -> Response[bytes]:
        """Return the policy that verifiers may pin after comparing its words with the guild's."""
        return Response(services.policy.to_bytes(), media_type="application/json")

    @get("/api/v1/registry", summary="About this registry")
    async def about() -> Response[bytes]:
        """Return name, address, version and the accounts that act for this registry."""
        members: dict[str, Any] = {
            "name": settings.name,
            "baseUrl": settings.base_url,
            "version": __version__,
            "policyDigest": str(services.policy.digest),
            **services.addresses,
        }
        return json_response(members)

    @get("/api/v1/studios/{address:str}", summary="A studio")
    async def studio(address: FromPath[str]) -> Response[bytes]:
        """Return a studio's entry in the directory."""
        entry = services.index.directory.studio(Address.parse(address.lower()))
        if entry is None:
            raise NotFoundError("unknown-studio", "No such studio is accredited.")
        nonce = await services.asking.order_nonce(entry.address)
        return json_response(studio_members(entry, nonce, services.clock()))

    @get("/studios/{slug:str}/did.json", summary="A studio's DID document")
    async def studio_did(slug: FromPath[str]) -> Response[bytes]:
        """Return a studio's DID document, made from the ledger's directory."""
        did = f"{services.status_lists.did}:studios:{slug}"
        entry = services.index.directory.by_did(did)
        if entry is None:
            raise NotFoundError("unknown-studio", "No such studio is accredited.")
        open_keys = ["z" + to_base58(key) for key, window in entry.keys.values() if window.end is None]
        return json_response(did_document(did, open_keys), media_type="application/did+json")

    @get("/.well-known/did.json", summary="The registry's DID document")
    async def own_did() -> Response[bytes]:
        """Return the registry's DID document: the key under its status lists."""
        return json_response(services.status_lists.did_document(), media_type="application/did+json")

    @get("/status/{list_id:str}", summary="A status list")
    async def status_list(list_id: FromPath[str]) -> Response[bytes]:
        """Return a Bitstring Status List credential."""
        credential = await asyncio.to_thread(services.status_lists.credential, list_id)
        return Response(canonicalize(credential), media_type=VC, headers={"cache-control": "max-age=60"})

    forever = {"cache-control": "public, max-age=31536000, immutable", "access-control-allow-origin": "*"}

    @get(CONTEXT_PATH, summary="JSON-LD context")
    async def json_ld_context() -> Response[bytes]:
        """Return the certificates' JSON-LD context."""
        body = msgspec.json.encode(context(settings.base_url))
        return Response(body, media_type="application/ld+json", headers=forever)

    @get(SCHEMA_PATH, summary="JSON Schema")
    async def json_schema() -> Response[bytes]:
        """Return the certificates' JSON Schema."""
        body = msgspec.json.encode(schema(settings.base_url))
        return Response(body, media_type="application/schema+json", headers=forever)

    @get("/tokens/{token_id:str}", summary="ERC-721 metadata")
    async def token(token_id: FromPath[str]) -> Response[bytes]:
        """Return a token's metadata as ERC-721 describes it."""
        number = int(token_id) if token_id.isascii() and token_id.isdigit() and len(token_id) <= 20 else 0
        stored = services.repository.by_token(number)
        if stored is None:
            raise NotFoundError("unknown-token", "There is no such token.")
        return json_response(_metadata(services, stored))

    return [submit, submit_many, states, state, document, verdict, certificate, bundle, policy, about, studio,
            studio_did, own_did, status_list, json_ld_context, json_schema, token]  # fmt: skip


def verdict_response(services: Services, serial: Serial, number: int | None = None) -> Response[bytes]:
    """Return the verdict on a serial as JSON; the answer for an unknown one has the same form.

    `number` is that of the tag that was scanned.
    """
    answer = services.answers.answer(serial)
    doubted = services.doubts.about(serial, number or EVERY_TAG)
    if doubted or (number is not None and services.voids.of(serial)):
        members = json.loads(answer.body)
        verdict = services.doubts.advise(services.verdicts.verdict(serial)[0], serial, number or EVERY_TAG)
        advised = (verdict if number is None else services.voids.advise(verdict, serial, number)).to_json()
        answer = replace(answer, body=canonicalize({**members, "advisories": advised["advisories"]}))
    headers = {"cache-control": "no-store", "access-control-allow-origin": "*"}
    return Response(
        answer.body, status_code=200 if answer.known else 404, media_type="application/json", headers=headers
    )


def _metadata(services: Services, stored: StoredCertificate) -> dict[str, Any]:
    bundle = services.verdicts.bundle(stored)
    shown, base = services.verdicts.shown(stored), services.settings.base_url
    members: dict[str, Any] = {
        "name": shown.piece.title_in("en", "zh-Hans"),
        "description": f"{shown.issuer.name} · {stored.serial}",
        "external_url": tag_url(base, stored.serial),
        "attributes": [
            {"trait_type": "serial", "value": str(stored.serial)},
            {"trait_type": "studio", "value": shown.issuer.name},
            {"trait_type": "certificate digest", "value": str(stored.digest)},
            {"trait_type": "status", "value": services.repository.token(stored.token_id or 0).status.name},
        ],
    }
    if bundle.amendments:
        members["attributes"] += [
            {"trait_type": "newest certificate digest", "value": str(shown.digest)},
            {"trait_type": "amendments", "value": len(bundle.amendments)},
        ]
    if shown.piece.photos:
        members["image"] = f"{base}/media/{shown.piece.photos[0].digest.hex()}"
    return members
