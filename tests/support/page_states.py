"""Every state of a piece's page, made at a running registry: for whoever looks at all of them."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
from playwright.sync_api import Page, Route

from provenance.certificate import Certificate, StatusEntry
from provenance.encoding import Digest
from provenance.handover import HolderAction
from provenance.issue import issue
from provenance.media import prepare_photo
from provenance.piece import Photo
from provenance.print_links import PrintLink, code_of, new_secret
from provenance.serial import Serial
from provenance.signed_orders import SignedOrder
from provenance.status import AmendOrder, Status, StatusOrder
from provenance.tag import tag_url
from provenance.voids import TagVoid
from provenance_registry.db.repository import SQLRepository
from provenance_registry.records import Cause, Doubt
from tests.support.hand_overs import Counter
from tests.support.photos import photo_bytes
from tests.support.pieces import full_piece
from tests.support.registries import RunningRegistry, Studio

OTHERS = {
    "entry": "", "mistyped": "P/7K3M", "bundle-page": "verify.html", "meaning": "meaning", "studios": "studios",
    "studio": "studios/lin", "no-studio": "studios/nobody", "missing": "nowhere", "busy": "studios/lin",
    "reported": "P/0000000000000/reported", "print": "print", "print-link": "print",
}  # fmt: skip
"""Pages of no one piece, with their addresses."""
STATES = (
    "authentic", "amended", "pending", "altered", "revoked", "on-hold", "lost", "voided-tag", "copied", "unknown",
    "not-checked", "report", "bundle-checked", *OTHERS,
)  # fmt: skip
"""The states that can be shown; altered and not checked are what the phone finds where the registry says otherwise."""
CROWD = {"x-forwarded-for": "203.0.113.77"}
"""An address from which too much was asked for."""


class PageStates:
    """A piece in each state."""

    def __init__(self, registry: RunningRegistry, studio: Studio) -> None:
        self._registry, self._studio = registry, studio
        self._ledger = registry.ledger()
        pieces = {
            name: self._anchored()
            for name in ("authentic", "amended", "revoked", "on-hold", "lost", "voided-tag", "copied")
        }
        pending = Studio(registry, "newcomer", "新窑").sign()
        registry.client.submit([pending.data])
        self._serials = {name: piece.piece.serial for name, piece in pieces.items()}
        self._serials |= {"pending": pending.piece.serial, "unknown": Serial.random()}
        self._set(pieces["revoked"], Status.REVOKED)
        self._set(pieces["on-hold"], Status.ON_HOLD)
        self._amend(pieces["amended"])
        counter = Counter(registry)
        lost = counter.order(studio.account, HolderAction.REPORT_LOST, self._token(pieces["lost"]))
        counter.done("holder-orders", lost)
        counter.http.close()
        void = TagVoid(
            registry.base_url, self._serials["voided-tag"], 1, datetime.now(UTC).replace(microsecond=0), "", 2
        )
        registry.client.hand_in("/api/v1/tags:void", SignedOrder.sign(void, studio.signer).to_bytes())
        self._doubt(self._serials["copied"])
        self._code = self._print_link()

    def show(self, page: Page, state: str, language: str) -> None:
        """Open the page of a piece in `state`, and wait until the phone has its answer."""
        page.unroute_all()
        base = self._registry.base_url
        if state == "busy":
            self._ask_too_much(page, language)
            return
        if state in OTHERS:
            code = f"#{self._code}" if state == "print-link" else ""
            if code:
                page.goto("about:blank")  # An address that differs in its fragment alone loads nothing.
            page.goto(f"{base}/{OTHERS[state]}?lang={language}{code}")
            if code:
                page.wait_for_selector("#tags")
            return
        if state == "bundle-checked":
            self._check_a_file(page, language)
            return
        if state == "altered":
            page.route("**/bundle", _changed)
        if state == "not-checked":
            page.route("**/bundle", lambda route: route.fulfill(json={"type": "nothing"}))
        serial = self._serials.get(state, self._serials["authentic"])
        if state == "report":
            page.goto(f"{tag_url(base, serial)}/report?lang={language}")
            return
        page.goto(tag_url(base, serial) + f"?lang={language}")
        if page.locator("#phone").count():
            page.wait_for_selector(f"#phone:not(:text-is({_quoted(page.get_attribute('#phone', 'data-checking'))}))")
        for picture in page.locator(".pics img").all():
            picture.evaluate("picture => picture.decode().catch(() => {})")

    def _ask_too_much(self, page: Page, language: str) -> None:
        studio = f"{self._registry.base_url}/{OTHERS['busy']}"
        while httpx.get(studio, headers=CROWD, timeout=60).status_code != 429:
            pass
        page.set_extra_http_headers(CROWD)
        while (answer := page.goto(f"{studio}?lang={language}")) is None or answer.status != 429:
            pass  # There was room for another again.
        page.set_extra_http_headers({})

    def _check_a_file(self, page: Page, language: str) -> None:
        bundle = self._registry.client.bundle(self._serials["authentic"])
        page.goto(f"{self._registry.base_url}/verify.html?lang={language}")
        page.set_input_files("#files", {"name": "bundle.json", "mimeType": "application/json", "buffer": bundle})
        page.click("#asking button")
        page.wait_for_selector("body:not([data-v=entry])")
        page.evaluate("scrollTo(0, 0)")

    def _print_link(self) -> str:
        """Return the code of a print link with tags that may be printed, and one that may not."""
        secret, now = new_secret(), datetime.now(UTC).replace(microsecond=0)
        tags = tuple((self._serials[name], 1) for name in ("authentic", "amended", "on-hold"))
        link = PrintLink(self._registry.base_url, tags, "Tea shop", now, now + timedelta(days=9), Digest.of(secret))
        self._registry.client.hand_in("/api/v1/print-links", SignedOrder.sign(link, self._studio.signer).to_bytes())
        return code_of(link.id, secret)

    def _anchored(self) -> Certificate:
        photo = prepare_photo(photo_bytes((900, 1_200), seed=500 + self._studio.index))
        piece = replace(full_piece(), photos=(Photo(photo.digest),), scans=(), files=())
        self._studio.index += 1
        entry = StatusEntry(self._studio.list_id, self._studio.index)
        certificate = issue(piece, self._studio.issuer, self._studio.signer, status_entry=entry, now=datetime.now(UTC))
        self._studio.submit(certificate)
        self._registry.client.upload(photo.digest, photo.data)
        self._studio.wait_anchored(certificate)
        return certificate

    def _token(self, certificate: Certificate) -> int:
        return int(str(self._registry.client.verdict(certificate.piece.serial)["tokenId"]))

    def _set(self, certificate: Certificate, status: Status) -> None:
        address = self._studio.account.address
        self._relay(StatusOrder(self._token(certificate), status, address, self._ledger.order_nonce(address), 0))

    def _amend(self, certificate: Certificate) -> None:
        piece = replace(certificate.piece, title={"en": "Cover of a jar", "zh-Hans": "罐盖"})
        amendment = issue(
            piece, self._studio.issuer, self._studio.signer,
            status_entry=certificate.status_entry, now=certificate.valid_from, replaces=certificate.digest,
        )  # fmt: skip
        self._studio.submit(amendment)
        address = self._studio.account.address
        nonce = self._ledger.order_nonce(address)
        self._relay(AmendOrder(self._token(certificate), amendment.digest, address, nonce, 0))

    def _doubt(self, serial: Serial) -> None:
        """Raise what a week of scans would: another process on the registry's database does it, as one may."""
        repository = SQLRepository(self._registry.folder / "registry.db")
        repository.write(lambda transaction: transaction.doubt(Doubt(serial, 1, Cause.SCANS, datetime.now(UTC))))
        repository.close()
        at, asked = tag_url(self._registry.base_url, serial), {"accept": "application/json"}
        deadline = time.monotonic() + 60
        while "possible-copy" not in str(httpx.get(at, headers=asked, timeout=60).json()["advisories"]):
            assert time.monotonic() < deadline, self._registry.log
            time.sleep(0.1)

    def _relay(self, order: StatusOrder | AmendOrder) -> None:
        client = self._registry.client
        answer = client.relay(order, self._studio.account.sign_message(self._ledger.identity, order))
        deadline = time.monotonic() + 60
        while client.order(str(answer["id"]), type(order))["state"] != "final":
            assert time.monotonic() < deadline, self._registry.log
            time.sleep(0.05)


def _changed(route: Route) -> None:
    route.fulfill(body=httpx.get(route.request.url, timeout=60).content.replace(b"Lid with", b"Jar with"))


def _quoted(text: str | None) -> str:
    return '"' + (text or "").replace('"', '\\"') + '"'
