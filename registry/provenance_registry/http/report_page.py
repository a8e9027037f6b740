"""The form by which anybody reports a piece, on the piece's page and on one of its own, and the word of thanks.

It works without scripts: a form that is sent is answered with another address, so that loading again sends nothing
again.  There is no session that another site could use, but another site could have its readers send forms: browsers
say from where a form comes, and such ones are shown instead of taken.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from provenance.errors import LimitError, MalformedError, NotFoundError, ProvenanceError
from provenance.reports import MAX_CONTACT, MAX_TEXT, REASONS
from provenance.serial import Serial
from provenance.tag import tag_url
from provenance_registry.http.page_texts import PAGE_TEXTS
from provenance_registry.http.print_form import FormError
from provenance_registry.http.problems import status_of
from provenance_registry.http.relaying import client_of
from provenance_registry.http.rendering import negotiate, renderer
from provenance_registry.http.report_form import MAX_REPORT_FORM, TRAP, Reported
from provenance_registry.http.services import Services
from provenance_registry.http.static_files import address
from provenance_registry.http.typed import MAX_TYPED
from provenance_registry.service.reports import ReportLimits

OWN_SITE = ("same-origin", "none", "")
"""From where a form may come, by what browsers say (Fetch Metadata, ``Sec-Fetch-Site``); older ones say nothing."""


def report_values(serial: Serial, limits: ReportLimits, form: Reported) -> dict[str, object]:
    """Return what the template of the form needs."""
    return {
        "report_to": f"/P/{serial.compact}/report",
        "report": form,
        "report_limits": limits,
        "reasons": REASONS,
        "max_text": MAX_TEXT,
        "max_contact": MAX_CONTACT,
        "trap": TRAP,
    }


def report_page_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoints."""
    reports, render = services.reports, renderer(services.settings)

    def page(language: str, serial: Serial, form: Reported, status: int = 200, alert: str = "") -> Response[bytes]:
        values = report_values(serial, reports.limits, form) | {"here": f"/P/{serial.compact}/report"}
        style = address("guild.css")
        return render("report.html", language, status, serial=str(serial), alert=alert, style=style, **values)

    def elsewhere(typed: str, language: str) -> Any:
        """Lead to the page of the piece, or to what is said where there is none: the same as for whoever scans it."""
        try:
            path = tag_url("", Serial.parse(typed))
        except MalformedError:
            path = "/look"
        query = {"serial": typed[:MAX_TYPED]} if path == "/look" else {}
        return Redirect(f"{path}?{urlencode({**query, 'lang': language})}", status_code=303)

    @get("/P/{serial:str}/report", summary="Form to report a piece")
    async def blank(serial: FromPath[str], request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Any:
        """Show the form alone."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        known = _known(services, serial)
        return elsewhere(serial, language) if known is None else page(language, known, Reported())

    @post("/P/{serial:str}/report", request_max_body_size=MAX_REPORT_FORM, summary="Report a piece")
    async def send(serial: FromPath[str], request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Any:
        """Take a report, for the studio and the steward alone, and lead to a word of thanks."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        words, form = PAGE_TEXTS[language], Reported.of(await request.body())
        known = _known(services, serial)
        if known is None:
            return elsewhere(serial, language)
        if request.headers.get("sec-fetch-site", "") not in OWN_SITE:
            return page(language, known, form, 403, words["report_elsewhere"])
        try:
            form.check()
            client = client_of(request)
            reports.admit(client)
            told = form.number, form.reason, form.text, form.contact, language, client
            await asyncio.to_thread(reports.take, known, *told)
        except FormError as error:
            return page(language, known, form, 422, words[error.text].format(**error.facts))
        except LimitError as error:
            minutes = math.ceil(error.retry_after / 60)
            answer = page(language, known, form, 429, words["report_busy"].format(minutes=minutes))
            answer.headers["retry-after"] = str(error.retry_after)
            return answer
        except NotFoundError:
            return elsewhere(serial, language)
        except ProvenanceError as error:
            return page(language, known, form, status_of(error), words["report_failed"])
        return Redirect(f"/P/{known.compact}/reported?lang={language}", status_code=303)

    @get("/P/{serial:str}/reported", summary="What becomes of a report")
    async def sent(serial: FromPath[str], request: Request[Any, Any, Any], lang: FromQuery[str | None] = None) -> Any:
        """Thank whoever reported a piece; whether anybody did is not looked up."""
        language = negotiate(lang, request.headers.get("accept-language", ""))
        try:
            known = Serial.parse(serial)
        except MalformedError:
            return elsewhere(serial, language)
        return render(
            "reported.html",
            language,
            serial=str(known),
            piece=tag_url("", known),
            here=f"/P/{known.compact}/reported",
            limits=reports.limits,
            style=address("guild.css"),
        )

    return [blank, send, sent]


def _known(services: Services, typed: str) -> Serial | None:
    """Return the serial of a piece that there is."""
    try:
        serial = Serial.parse(typed)
    except MalformedError:
        return None
    return None if services.repository.by_serial(serial) is None else serial
