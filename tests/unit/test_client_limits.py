"""What a registry answers when it is asked too much, as the command line tells it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from provenance.errors import LimitError, UnreachableError
from provenance_cli.client import RegistryClient
from provenance_cli.exits import INCONCLUSIVE, exit_code
from provenance_cli.report import words

PROBLEM: dict[str, Any] = {"code": "piece-too-busy", "detail": "Too many transactions about this piece were paid for."}


def answered(status: int, body: Any, **headers: str) -> Exception:
    """Return what asking a registry raises that answers so."""
    client = RegistryClient("https://registry.example")
    stream = httpx.ByteStream(json.dumps(body).encode())
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, headers=headers, stream=stream))
    client._http = httpx.Client(base_url=client.base_url, transport=transport)
    with pytest.raises(Exception) as caught:
        client.about()
    client._http.close()
    return caught.value


@pytest.mark.parametrize(
    ("retry_after", "seconds", "told"),
    [
        (7, 7, "in 7 s"),
        (119, 119, "in 119 s"),
        (2_100, 2_100, "in 35 min"),
        (0, 1, "in 1 s"),
        (None, 60, "in 60 s"),
        ("soon", 60, "in 60 s"),
        (-5, 60, "in 60 s"),
        (10**9, 60, "in 60 s"),
    ],
)
def test_too_many_requests_are_told_with_the_wait(retry_after: object, seconds: int, told: str) -> None:
    error = answered(429, PROBLEM | {"retryAfter": retry_after})
    assert isinstance(error, LimitError)
    assert (error.code, error.retry_after) == ("piece-too-busy", seconds)
    message, remedy = words(error)
    assert message == PROBLEM["detail"]
    assert told in remedy
    assert exit_code(error) == INCONCLUSIVE


def test_a_proxys_own_limit_is_one_too() -> None:
    error = answered(429, "slow down", **{"retry-after": "30"})
    assert isinstance(error, LimitError)
    assert error.retry_after == 30
    assert isinstance(answered(502, "gone"), UnreachableError)
