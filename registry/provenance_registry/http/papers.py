"""What "Save" gives on a phone: the piece as a page to keep, with all evidence inside."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from litestar import Request, Response, get
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, FromQuery

from provenance.bundle import Bundle
from provenance.credit import credited
from provenance.encoding import Digest
from provenance.errors import ConflictError, LimitError
from provenance.multilingual import text_in
from provenance.serial import Serial
from provenance.tag import tag_url
from provenance.texts import sentence
from provenance.verdict import Outcome
from provenance_registry.http.page_facts import facts_of
from provenance_registry.http.page_formats import day
from provenance_registry.http.page_texts import PAGE_TEXTS
from provenance_registry.http.rendering import negotiate, renderer
from provenance_registry.http.services import Services
from provenance_registry.http.told import busy_page

if TYPE_CHECKING:
    from provenance.printing.authenticity import AuthenticityPage

_ELSEWHERE = ("maker", "studio", "credit_line", "files", "scans")
"""Facts that stand elsewhere on the page, or cannot be followed from paper."""
_ORDER = ("overview", "base-mark", "detail")


def paper_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoint."""
    render = renderer(services.settings)

    @get("/api/v1/pieces/{serial:str}/certificate.pdf", summary="Certificate of authenticity")
    async def paper(
        serial: FromPath[str], request: Request[Any, Any, Any], lang: FromQuery[str | None] = None
    ) -> Response[bytes]:
        """Return an A4 page of a piece whose record is genuine, PDF/A-3 with the bundle inside."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        known = Serial.parse(serial)
        verdict, stored = services.verdicts.verdict(known)
        if stored is None or verdict.outcome is not Outcome.AUTHENTIC:
            raise ConflictError(
                "not-authentic",
                "There is no page of {serial}: {reason}",
                serial=known,
                reason=sentence(verdict.reason, language),
            )
        bundle = services.verdicts.exported(stored)
        form = bundle.form(verdict.shown)
        pictures = await asyncio.to_thread(_pictures, services, bundle, verdict.shown)
        number = services.voids.counting(known) or 1
        key = form.digest, number, language, tuple(digest for digest, _, _ in pictures)
        data = services.papers.kept(key)
        if data is None:
            page = _page(bundle, verdict.shown, number, language, [(jpeg, role) for _, jpeg, role in pictures])
            try:
                data = await asyncio.wrap_future(services.papers.ask(key, page, services.clock()))
            except LimitError as error:
                if "text/html" not in request.headers.get("accept", "")[:500]:
                    raise
                return busy_page(render, language, error)  # A reader pressed a button of the piece's page.
        headers = {
            "content-disposition": f'attachment; filename="{known}.pdf"',
            "cache-control": "no-store",
            "content-language": language,
        }
        return Response(data, media_type="application/pdf", headers=headers)

    return [paper]


def _pictures(services: Services, bundle: Bundle, shown: Digest | None) -> list[tuple[Digest, bytes, str]]:
    """Return the photos that are drawn already, the piece first, as JPEG, and what each shows."""
    from provenance.printing.authenticity import MOST_PICTURES

    found = []
    photos = sorted(bundle.form(shown).piece.photos, key=lambda photo: _ORDER.index(photo.role))
    for photo in photos[:MOST_PICTURES]:
        names = [name for name in services.renditions.names(photo.digest) if name.endswith(".jpg")]
        if names and services.media.has(photo.digest):
            widest = max(names, key=lambda name: int(name.partition(".")[0]))
            path = services.renditions.find(photo.digest, widest).path
            found.append((photo.digest, path.read_bytes(), photo.role))
    return found


def _page(
    bundle: Bundle, shown: Digest | None, number: int, language: str, pictures: list[tuple[bytes, str]]
) -> AuthenticityPage:
    from provenance.printing.authenticity import AuthenticityPage, Picture

    text, form, receipt = PAGE_TEXTS[language], bundle.form(shown), bundle.receipts[0]
    piece = form.piece
    title = piece.title_in(language, "en")
    second = "en" if language.startswith("zh") else "zh-Hans"
    other = piece.title_in(second)
    made_by = credited(piece.makers, language), form.issuer.name
    hidden = {text[name] for name in _ELSEWHERE}
    facts = [fact for fact in facts_of(form, language, lambda digest: False) if fact.name not in hidden]
    return AuthenticityPage(
        heading=text["paper"],
        title=title,
        subtitle=other if other != title else "",
        byline=" · ".join(dict.fromkeys(word for word in made_by if word)),
        facts=tuple((fact.name, "  ".join(line.text for line in fact.lines)) for fact in facts),
        pictures=tuple(Picture.of(jpeg, text[role]) for jpeg, role in pictures),
        credit=text_in(piece.credit_line, language, "en"),
        url=tag_url(form.issuer.base_url, piece.serial, number),
        serial=str(piece.serial),
        record=(
            text["paper_record"].format(
                day=day(receipt.block.time.date(), language), block=receipt.block.number, chain=receipt.chain_id
            ),
            f"{text['paper_ledger']} {receipt.contract}",
            f"{text['paper_certificate']} {form.digest.hex()}",
            text["paper_limits"],
        ),
        signature=text["paper_signature"],
        bundle=bundle.to_bytes(),
        bundle_name=f"{piece.serial}.kilnmark.json",
        language=language,
        piece_language=piece.title_language(language, "en"),
        second_language=piece.title_language(second),
    )
