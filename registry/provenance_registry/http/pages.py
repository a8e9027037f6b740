"""The buyer's page: what the registry answers to a scan, rendered on the server."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from provenance.errors import MalformedError
from provenance.ledger import AmendmentRecord
from provenance.media import RENDITION_TYPES, RENDITION_WIDTHS
from provenance.piece import Piece
from provenance.serial import Serial
from provenance.tag import MAX_TAG_NUMBER, tag_url
from provenance.texts import advice, check_name, detail, headline, sentence
from provenance.verdict import Finding, Outcome, Verdict
from provenance_registry.http.api import VC, verdict_response
from provenance_registry.http.page_facts import facts_of
from provenance_registry.http.page_history import history_of
from provenance_registry.http.page_seals import SEALS
from provenance_registry.http.page_texts import PAGE_TEXTS, PHONE_WORDS
from provenance_registry.http.rendering import negotiate, renderer
from provenance_registry.http.services import Services
from provenance_registry.http.static_files import MODULES, address

_STYLES = {
    Outcome.AUTHENTIC: "authentic",
    Outcome.NOT_AUTHENTIC: "altered",
    Outcome.PENDING: "pending",
    Outcome.INCONCLUSIVE: "unsure",
    Outcome.UNKNOWN: "unknown",
}


def page_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints for people."""
    render = renderer(services.settings)

    def piece_page(serial: Serial, number: int, language: str) -> Response[bytes]:
        verdict, stored = services.verdicts.verdict(serial)
        verdict = services.voids.advise(verdict, serial, number)
        bundle = None if stored is None else services.verdicts.bundle(stored)
        token, amended = None, list[AmendmentRecord]()
        if stored is not None and stored.token_id is not None:
            token = services.repository.token(stored.token_id)
            amended = [] if token.amendment is None else services.repository.amended(stored.token_id)
        form = None if bundle is None else bundle.form(verdict.shown)  # No words of a correction that does not count.
        hidden = verdict.outcome is Outcome.NOT_AUTHENTIC and verdict.reason != "revoked"
        return render(
            "piece.html",
            language,
            404 if verdict.outcome is Outcome.UNKNOWN else 200,
            verdict=_verdict_values(verdict, language, None if form is None else _all_kept(services, form.piece)),
            serial=str(serial),
            compact=serial.compact,
            title=None if form is None or hidden else form.piece.title_in(language, "en"),
            facts=[] if form is None or hidden else facts_of(form, language, services.media.has),
            photos=[] if form is None or hidden else _photos(services, form.piece, language),
            studio=None if form is None or hidden else form.issuer.name,
            history=[]
            if bundle is None or form is None or hidden
            else history_of(bundle, form.piece, token, amended, language),
            has_record=bundle is not None,
            seals=SEALS,
            words=address(f"words.{language}.json"),
            phone_words=PHONE_WORDS,
            modules=[address(name) for name in ("page.js", *MODULES)],
        )

    @get("/P/{serial:str}", summary="A piece: page, certificate or verdict")
    async def piece(
        serial: FromPath[str], request: Request[Any, Any, Any], lang: FromQuery[str | None] = None
    ) -> Response[bytes]:
        """Answer a scan in the form that is asked for: a page, ``application/vc`` or ``application/json``."""
        return answer(serial, 1, request, lang)

    @get("/P/{serial:str}/{number:int}", summary="A piece, by a replacement tag")
    async def replacement(
        serial: FromPath[str],
        number: FromPath[int],
        request: Request[Any, Any, Any],
        lang: FromQuery[str | None] = None,
    ) -> Response[bytes]:
        """Answer the scan of a replacement tag like that of the first."""
        return answer(serial, number, request, lang)

    def answer(serial: str, number: int, request: Request[Any, Any, Any], lang: str | None) -> Response[bytes]:
        wanted = request.headers.get("accept", "")[:500]
        language = negotiate(lang, request.headers.get("accept-language", ""))
        as_page = "text/html" in wanted or not ("application/vc" in wanted or "application/json" in wanted)
        try:
            known = Serial.parse(serial)
            if not 1 <= number <= MAX_TAG_NUMBER:
                raise MalformedError("bad-serial", "There is no tag of that number.", field="serial")
        except MalformedError:
            if not as_page:
                raise
            return render("entry.html", language, 404, typed=serial[:40], wrong=True)
        if as_page:
            return piece_page(known, number, language)
        if "application/vc" in wanted:
            shown = services.verdicts.shown(services.verdicts.find(known))
            return Response(shown.data, media_type=VC, headers={"vary": "accept"})
        return verdict_response(services, known, number)

    @get("/", summary="Entry form for a serial")
    async def entry(request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Response[bytes]:
        """Show a form for the number under a damaged code."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        return render("entry.html", language, typed="", wrong=False)

    @get("/look", summary="Find a piece by what was typed")
    async def look(
        request: Request[Any, Any, Any], serial: FromQuery[str] = "", lang: FromQuery[str | None] = None
    ) -> Any:
        """Lead from the form to the piece."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        try:
            return Redirect(tag_url("", Serial.parse(serial)) + f"?lang={language}", status_code=303)
        except MalformedError:
            return render("entry.html", language, 404, typed=serial[:40], wrong=True)

    return [piece, replacement, entry, look]


def _verdict_values(verdict: Verdict, language: str, kept: bool | None) -> dict[str, object]:
    """Return what is told of a verdict; `kept` is whether the registry has every photo of the piece."""
    style = "revoked" if verdict.reason == "revoked" else _STYLES[verdict.outcome]
    text = PAGE_TEXTS[language]
    return {
        "style": style,
        "headline": headline(verdict, language),
        "sentence": text["authentic"] if verdict.outcome is Outcome.AUTHENTIC else sentence(verdict.reason, language),
        "advice": advice(verdict.reason, language),
        "code": verdict.outcome.value,
        "reason": verdict.reason,
        "advisories": [sentence(code, language) for code in verdict.advisories],
        "findings": [
            {
                "number": int(finding.check),
                "name": check_name(finding.check, language),
                "result": finding.result.value,
                **_told(finding, language, kept),
            }
            for finding in verdict.findings
        ],
        "block": None if verdict.block is None else verdict.block.number,
    }


def _told(finding: Finding, language: str, kept: bool | None) -> dict[str, str]:
    """Return the words on a finding.  Photos are compared when they come in, and not again at each scan."""
    if finding.code == "photos-not-checked" and kept is not None:
        return {"sentence": PAGE_TEXTS[language]["photos_kept" if kept else "photos_missing"], "detail": ""}
    return {"sentence": sentence(finding.code, language), "detail": detail(finding.detail, language)}


def _all_kept(services: Services, piece: Piece) -> bool:
    return all(services.media.has(photo.digest) for photo in piece.photos)


def _photos(services: Services, piece: Piece, language: str) -> list[dict[str, object]]:
    """Return the photos that are here, each with the renditions that a browser may load in its place."""
    text = PAGE_TEXTS[language]
    told = list[dict[str, object]]()
    for photo in piece.photos:
        if services.media.has(photo.digest):
            url = f"/media/{photo.digest.hex()}"
            names = services.renditions.names(photo.digest)
            sources = []
            for ending, media_type in RENDITION_TYPES.items():
                drawn = [f"{width}.{ending}" for width in RENDITION_WIDTHS if f"{width}.{ending}" in names]
                if drawn:
                    sizes = ", ".join(f"{url}/{name} {name.partition('.')[0]}w" for name in drawn)
                    sources.append({"type": media_type, "srcset": sizes})
            told.append({"url": url, "caption": text[photo.role], "sources": sources})
    return told
