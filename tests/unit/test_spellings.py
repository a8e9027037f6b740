"""What has several spellings is read by one rule; tests/browser holds the browser's verifier to the same ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provenance.errors import ConfigurationError, MalformedError
from provenance.evm.opening import open_agreeing
from provenance.policy import TrustPolicy, identity_from_json
from provenance.serial import Serial
from provenance.server import server_of
from provenance.tag import check_base_url
from tests.support.spellings import (
    LEDGER,
    POLICIES_READ,
    POLICIES_REFUSED,
    POLICY,
    SERIAL,
    SERIALS_READ,
    SERIALS_REFUSED,
    SERVERS,
)


@pytest.mark.parametrize("typed", SERIALS_READ)
def test_a_serial_is_read_as_people_type_it(typed: str) -> None:
    assert str(Serial.parse(typed)) == SERIAL


@pytest.mark.parametrize("typed", SERIALS_REFUSED)
def test_what_is_no_serial_is_refused(typed: str) -> None:
    with pytest.raises(MalformedError):
        Serial.parse(typed)


def test_one_server_is_one_however_it_is_spelled() -> None:
    places = [{server_of(url) for url in urls} for urls in SERVERS]
    assert [len(group) for group in places] == [1] * len(SERVERS)
    assert len(set.union(*places)) == len(SERVERS)
    assert server_of("http://[") != server_of("http://a:99999")


@pytest.mark.parametrize("url", SERVERS[0][1:])
def test_one_server_is_no_quorum(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_agreeing([SERVERS[0][0], url], identity_from_json(LEDGER), 2)
    assert caught.value.code == "too-few-nodes"


@pytest.mark.parametrize("members", POLICIES_READ)
def test_policies_are_read(members: dict[str, Any]) -> None:
    policy = TrustPolicy.from_bytes(json.dumps(POLICY | members).encode())
    assert json.loads(policy.to_bytes()) == POLICY | members


@pytest.mark.parametrize("members", POLICIES_REFUSED)
def test_policies_of_another_form_are_refused(members: dict[str, Any]) -> None:
    with pytest.raises((MalformedError, ConfigurationError)):
        TrustPolicy.from_bytes(json.dumps(POLICY | members).encode())


def test_no_registry_listens_at_port_0() -> None:
    assert check_base_url("https://registry.example:8443") == "https://registry.example:8443"
    with pytest.raises(ConfigurationError):
        check_base_url("https://registry.example:0")
