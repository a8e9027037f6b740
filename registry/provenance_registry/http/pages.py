"""The buyer's page: what the registry answers to a scan, rendered on the server."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from provenance.errors import LimitError, MalformedError
from provenance.ledger import AmendmentRecord
from provenance.piece import Piece
from provenance.serial import Serial
from provenance.tag import MAX_TAG_NUMBER, tag_url
from provenance.texts import advice, check_name, detail, sentence
from provenance.verdict import Finding, Outcome, Verdict
from provenance_registry.http.api import VC, verdict_response
from provenance_registry.http.in_app import is_in_app
from provenance_registry.http.page_facts import facts_of, in_language
from provenance_registry.http.page_formats import amount, day
from provenance_registry.http.page_history import history_of
from provenance_registry.http.page_seals import SEALS, look_of
from provenance_registry.http.page_texts import PAGE_TEXTS, PHONE_WORDS
from provenance_registry.http.page_words import said_of
from provenance_registry.http.pictures import picture_of
from provenance_registry.http.print_form import FormError
from provenance_registry.http.relaying import client_of
from provenance_registry.http.rendering import negotiate, renderer
from provenance_registry.http.report_form import Reported
from provenance_registry.http.report_page import report_values
from provenance_registry.http.services import Services
from provenance_registry.http.static_files import address
from provenance_registry.http.told import busy_page
from provenance_registry.http.typed import MAX_TYPED, typed_serial
from provenance_registry.records import Doubt


def page_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints for people."""
    render = renderer(services.settings)

    def piece_page(serial: Serial, number: int, language: str, in_app: bool) -> Response[bytes]:
        verdict, stored = services.verdicts.verdict(serial)
        verdict = services.voids.advise(services.doubts.advise(verdict, serial, number), serial, number)
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
            why=[
                _why(services, doubt, language, form.issuer.name if form is not None else "")
                for doubt in services.doubts.about(serial, number)
            ],
            serial=str(serial),
            compact=serial.compact,
            page_url=tag_url(services.settings.base_url, serial, number),
            share_picture=f"{services.settings.base_url}/api/v1/pieces/{serial.compact}/card.png?lang={language}",
            title=None if form is None or hidden else in_language(form.piece.title, language),
            facts=[] if form is None or hidden else facts_of(form, language, services.media.has),
            photos=[] if form is None or hidden else _photos(services, form.piece, language),
            studio=None if form is None or hidden else form.issuer.name,
            history=[]
            if bundle is None or form is None or hidden
            else history_of(
                bundle, form.piece, token, amended, language, lambda item: facts_of(item, language, services.media.has)
            ),
            has_record=bundle is not None,
            seals=SEALS,
            words=address(f"words.{language}.json"),
            phone_words=PHONE_WORDS,
            script=address("page.js"),
            in_app=in_app,
            **report_values(serial, services.reports.limits, Reported(number)),
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
        if as_page:  # The other forms are cheap: they are given as they are kept.
            try:
                services.limits.admit_page(client_of(request))
            except LimitError as error:
                return busy_page(render, language, error)
        try:
            known = Serial.parse(serial)
        except MalformedError:
            if as_page:
                return look_up(language, serial)
            raise
        if not 1 <= number <= MAX_TAG_NUMBER:
            if as_page:
                return form(language, serial, "wrong_number")
            raise MalformedError("bad-serial", "There is no tag of that number.", field="serial")
        if as_page:
            page = piece_page(known, number, language, is_in_app(request))
            if "text/html" in wanted and page.status_code == 200 and not _is_prefetch(request):
                names = [request.headers.get(name, "") for name in ("user-agent", "accept-language")]
                services.scans.note(known, number, client_of(request), *names)
            return page
        if "application/vc" in wanted:
            shown = services.verdicts.shown(services.verdicts.find(known))
            return Response(shown.data, media_type=VC, headers={"vary": "accept"})
        return verdict_response(services, known, number)

    @get("/p/{typed:path}", summary="A piece, in small letters")
    async def small(typed: FromPath[str], request: Request[Any, Any, Any]) -> Redirect:
        """Lead from an address that somebody typed by hand to the tag's own."""
        query = f"?{request.url.query}" if request.url.query else ""
        return Redirect(f"/P{quote(typed[:MAX_TYPED].upper())}{query}", status_code=308)

    @get("/", summary="Entry form for a serial")
    async def entry(request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Response[bytes]:
        """Show a form for the number under a damaged code."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        return form(language)

    @get("/look", summary="Find a piece by what was typed")
    async def look(
        request: Request[Any, Any, Any], serial: FromQuery[str] = "", lang: FromQuery[str | None] = None
    ) -> Any:
        """Lead from the form to the piece."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        return look_up(language, serial, f"&serial={quote(serial[:MAX_TYPED])}")

    def look_up(language: str, typed: str, place: str = "") -> Response[Any]:
        """Lead to the piece that somebody typed the number of, or say what is wrong with it."""
        try:
            return Redirect(f"{tag_url('', typed_serial(typed))}?lang={language}", status_code=303)
        except FormError as error:
            return form(language, typed, error.text, place, **error.facts)

    def form(language: str, typed: str = "", wrong: str = "", place: str = "", **facts: object) -> Response[bytes]:
        """Return the form for a number, with what is to be said of what was typed, if anything is."""
        said = PAGE_TEXTS[language][wrong].format(**facts) if wrong else ""
        values = {"typed": typed[:MAX_TYPED], "wrong": said, "style": address("guild.css"), "place": place}
        return render("entry.html", language, 404 if wrong else 200, **values)

    return [piece, replacement, small, entry, look]


def _verdict_values(verdict: Verdict, language: str, kept: bool | None) -> dict[str, object]:
    """Return what is told of a verdict; `kept` is whether the registry has every photo of the piece."""
    first, said = said_of(verdict, language)
    return {
        "style": look_of(verdict),
        "headline": first,
        "sentence": said,
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


def _why(services: Services, doubt: Doubt, language: str, studio: str) -> str:
    """Return in one sentence why a tag may have been copied, by whose word and since when."""
    limits, words = services.doubts.thresholds, PAGE_TEXTS[language]
    facts = {"days": limits.days, "factor": amount(limits.factor, language), "readers": limits.readers}
    facts |= {"studio": studio, "day": day(doubt.since.date(), language)}
    return words[f"why_{doubt.cause.value}"].format(**facts)


def _is_prefetch(request: Request[Any, Any, Any]) -> bool:
    """Tell whether a browser fetches a page that nobody may ever see."""
    return any("prefetch" in request.headers.get(name, "") for name in ("purpose", "sec-purpose"))


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
            told.append(picture_of(services, photo.digest, text[photo.role]))
    return told
