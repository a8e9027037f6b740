"""What leaves a browser that opens a secret code: recorded byte by byte between it and the registry."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from provenance.claim_key import SecretCode
from provenance.serial import Serial
from tests.browser.conftest import Open
from tests.support.registries import RunningRegistry, Studio


@dataclass
class Wire:
    """A listener that passes everything on, and keeps what came from the browser."""

    url: str
    sent: bytearray = field(default_factory=bytearray)

    def passing(self, source: socket.socket, target: socket.socket, kept: bytearray | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if kept is not None:
                    kept += data
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def wire(registry: RunningRegistry) -> Iterator[Wire]:
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as open_ones:
        made = Wire(f"http://127.0.0.1:{server.getsockname()[1]}")

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    browser = open_ones.enter_context(server.accept()[0])
                    behind = open_ones.enter_context(socket.create_connection(("127.0.0.1", registry.port)))
                    for pair in ((browser, behind, made.sent), (behind, browser, None)):
                        threading.Thread(target=made.passing, args=pair, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield made
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("scripts", [True, False])
def test_no_secret_leaves_the_phone_with_its_page(
    registry: RunningRegistry, studio: Studio, wire: Wire, open_page: Open, scripts: bool
) -> None:
    certificate = studio.sign()
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    serial: Serial = certificate.piece.serial
    secret = SecretCode.draw(wire.url, serial).reveal()
    hidden = secret.partition("#")[2].encode()
    page = open_page(secret, scripts=scripts)
    assert page.url == secret  # The browser has it,
    assert page.get_attribute("body", "data-v") == "authentic"
    assert f"GET /P/{serial.compact} HTTP".encode() in wire.sent
    page.click("nav.lang summary")
    page.click("nav.lang a[hreflang=en]")
    page.wait_for_selector("html[lang=en]")
    assert b"lang=en" in wire.sent
    page.goto(f"{wire.url}/healthz")
    assert b"GET /healthz" in wire.sent
    assert hidden not in wire.sent  # and tells nobody,
    assert b"\r\nreferer:" not in wire.sent.lower()  # nor from where it came.
    assert hidden.decode() not in registry.log
