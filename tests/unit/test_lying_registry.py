"""What a registry says of certificates is written down only where it is something that a registry can say."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from provenance.encoding import Digest
from provenance.errors import UnreachableError
from provenance_cli.client import RegistryClient

DIGEST = Digest.of(b"a certificate")


def asked(body: Any) -> RegistryClient:
    """Return the client of a registry that answers everything so."""
    client = RegistryClient("https://registry.example")
    answer = json.dumps(body).encode()
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, stream=httpx.ByteStream(answer)))
    client._http = httpx.Client(base_url=client.base_url, transport=transport)
    return client


@pytest.mark.parametrize(
    "result",
    ["sold", None, 7, {}, {"state": None}, {"state": "sold"}, {"state": ["anchored"]}, {"state": "signed"},
     {"code": "bad-signature", "status": "four"}],
)  # fmt: skip
def test_what_is_no_fate_of_a_certificate_is_not_taken_for_one(result: object) -> None:
    with pytest.raises(UnreachableError) as caught:
        asked({"results": [result]}).submit([b"{}"])
    assert caught.value.code == "not-a-registry"
    if not isinstance(result, dict) or "code" not in result:
        state = result.get("state") if isinstance(result, dict) else result
        with pytest.raises(UnreachableError):
            asked({"states": {str(DIGEST): state}, "reasons": {}, "hints": {}}).states([DIGEST])


def test_what_is_one_is_taken() -> None:
    told = [{"state": "held"}, {"state": "recorded"}, {"code": "bad-signature", "status": 422, "detail": "No."}]
    assert asked({"results": told}).submit([b"{}"] * 3) == told
    assert asked({"states": {str(DIGEST): "batched"}, "reasons": {}, "hints": {}}).states([DIGEST])
