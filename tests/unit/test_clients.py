"""Who asks: behind a proxy on this machine it is whom the proxy names, and nobody can name another."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Request

from provenance_registry.http.relaying import client_of

FORGED, CLIENT = "203.0.113.66", "198.51.100.1"


def asked(host: str, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    scope: Any = {"type": "http", "headers": headers, "client": (host, 1)}
    return client_of(Request(scope))


@pytest.mark.parametrize("proxy", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "forwarded",
    [
        (CLIENT,),
        (f"{FORGED}, {CLIENT}",),
        (FORGED, CLIENT),
        (f"{FORGED}, {FORGED}", f"{FORGED},{CLIENT}:567"),
    ],
)
def test_a_proxys_own_word_is_the_last_of_all_lines(proxy: str, forwarded: tuple[str, ...]) -> None:
    assert asked(proxy, *forwarded) == CLIENT


@pytest.mark.parametrize("written", ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:567", " 2001:db8::1 "])
def test_a_client_of_ipv6_is_read_with_and_without_a_port(written: str) -> None:
    assert asked("::1", FORGED, written) == "2001:db8::1"


@pytest.mark.parametrize("host", [CLIENT, "::ffff:198.51.100.1", "2001:db8::1", "127.example"])
def test_others_than_a_proxy_on_this_machine_are_not_believed(host: str) -> None:
    assert asked(host, FORGED) == host


def test_without_a_word_of_the_proxy_the_connection_counts() -> None:
    assert [asked("127.0.0.1"), asked("127.0.0.1", ""), asked("127.0.0.1", FORGED, " ")] == ["127.0.0.1"] * 3
