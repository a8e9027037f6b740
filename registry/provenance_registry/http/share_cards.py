"""Pictures for link previews of pieces: they leak no more than the page does, and vouch for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from litestar import Request, Response, get
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, FromQuery

from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import LimitError, MalformedError
from provenance.serial import Serial
from provenance.tag import host_of
from provenance.verdict import Outcome, Verdict, unknown
from provenance_registry.http.page_seals import look_of
from provenance_registry.http.page_texts import PAGE_TEXTS
from provenance_registry.http.page_words import said_of
from provenance_registry.http.relaying import client_of
from provenance_registry.http.rendering import negotiate
from provenance_registry.http.services import Services
from provenance_registry.service.doubts import EVERY_TAG

if TYPE_CHECKING:
    from provenance.printing.share_card import ShareCard

COST = 8
"""Calls of the ledger that a picture counts as: most come from those that are kept."""


def share_card_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoint."""
    host = host_of(services.settings.base_url)

    @get("/api/v1/pieces/{serial:str}/card.png", summary="A picture for link previews")
    async def card(
        serial: FromPath[str], request: Request[Any, Any, Any], lang: FromQuery[str | None] = None
    ) -> Response[bytes]:
        """Return 1200 by 630 pixels: a genuine record's piece, or in words what the page says is wrong."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        try:
            services.limits.admit_reads(client_of(request), COST)
            return await picture(serial, language)
        except LimitError as error:  # Whoever asks for a picture reads no problem details, and may keep nothing.
            headers = {"retry-after": str(error.retry_after), "cache-control": "no-store"}
            return Response(b"", status_code=429, media_type="text/plain", headers=headers)

    async def picture(serial: str, language: str) -> Response[bytes]:
        verdict, form = judged(serial)
        if form is None:  # The same picture for every piece of which the same is said: nothing more is to be learnt.
            key: Hashable = verdict.reason, look_of(verdict), language
            drawn = plain(verdict, language)
        else:
            photo = next((item.digest for item in form.piece.photos if services.media.has(item.digest)), None)
            jpeg = None if photo is None else await asyncio.to_thread(_jpeg, services, photo)
            key = form.digest, language, jpeg is not None
            drawn = shown(form, language, jpeg)
        data = services.papers.kept(key)
        if data is None:
            data = await asyncio.wrap_future(services.papers.ask_card(key, drawn))
        headers = {"cache-control": "public, max-age=300", "content-language": language, "vary": "accept-language"}
        status = 404 if verdict.outcome is Outcome.UNKNOWN else 200
        return Response(data, media_type="image/png", status_code=status, headers=headers)

    def judged(serial: str) -> tuple[Verdict, Certificate | None]:
        """Return what is said of a serial, and the form of its certificate that may be shown to all."""
        try:
            known = Serial.parse(serial)
            verdict, stored = services.verdicts.verdict(known)
        except MalformedError:
            return unknown(None), None
        verdict = services.doubts.advise(verdict, known, EVERY_TAG)
        if stored is None or look_of(verdict) != "authentic":
            return verdict, None
        return verdict, services.verdicts.bundle(stored).form(verdict.shown)

    def plain(verdict: Verdict, language: str) -> ShareCard:
        from provenance.printing.share_card import ShareCard

        first, said = said_of(verdict, language)
        return ShareCard(look_of(verdict), first, (said,), host, language=language)

    def shown(form: Certificate, language: str, photo: bytes | None) -> ShareCard:
        from provenance.printing.share_card import ShareCard

        title, call = form.piece.title_in(language, "en"), PAGE_TEXTS[language]["share_call"]
        spoken = form.piece.title_language(language, "en")
        return ShareCard("", title, (form.issuer.name, str(form.piece.serial)), host, call, photo, language, spoken)

    return [card]


def _jpeg(services: Services, photo: Digest) -> bytes | None:
    """Return a photo's rendition, where it is drawn already."""
    drawn = services.renditions.names(photo)
    name = next((name for name in ("960.jpg", "640.jpg", "480.jpg") if name in drawn), None)
    return None if name is None else services.renditions.find(photo, name).path.read_bytes()
