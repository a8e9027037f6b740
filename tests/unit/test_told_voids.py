"""What a registry says of voided tags counts only where a studio could have signed it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from provenance.errors import UnreachableError
from provenance.serial import Serial
from provenance_cli.tag_client import TagClient, Voided

TOLD: dict[str, Any] = {"number": 1, "time": "2026-11-27T06:00:00Z", "by": "小王", "replacement": 2}


def told(*items: object) -> list[Voided]:
    client = TagClient("https://registry.example")
    stream = httpx.ByteStream(json.dumps({"voided": items}).encode())
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, stream=stream))
    client._http = httpx.Client(base_url=client.base_url, transport=transport)
    try:
        return client.voided_tags(Serial.random())
    finally:
        client._http.close()


def test_what_could_be_signed_is_believed() -> None:
    (voided,) = told(TOLD)
    assert (voided.number, voided.by, voided.replacement) == (1, "小王", 2)
    (voided,) = told({**TOLD, "number": 99, "replacement": None})
    assert (voided.number, voided.replacement) == (99, None)


@pytest.mark.parametrize(
    "lie",
    [
        {"number": 0},
        {"number": -5},
        {"number": 100},
        {"number": 10**30},
        {"number": True},
        {"replacement": 1},
        {"replacement": 100},
        {"replacement": 10**30},
        {"by": "one\nof us"},
        {"by": "\x1b[31m"},
        {"by": "x" * 81},
        {"time": "today"},
    ],
)
def test_what_could_not_be_signed_is_nonsense(lie: dict[str, Any]) -> None:
    with pytest.raises(UnreachableError) as caught:
        told({**TOLD, **lie})
    assert caught.value.code == "not-a-registry"
