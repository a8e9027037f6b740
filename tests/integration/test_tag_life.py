"""The life of tags from the studio's command line: voided, applied, listed, and told to whoever scans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from provenance.serial import Serial
from provenance.tag import tag_url
from provenance.voids import SignedVoid, TagVoid
from provenance_cli import main
from provenance_cli.tag_store import TagNumber
from tests.support.registries import ROOT, RunningRegistry
from tests.support.secret_shops import SecretShop

_KILLED = """
import os, signal, sys
import provenance.tag
from provenance_cli import main, tag_client, tag_store
provenance.tag.is_public_host = lambda base_url: True
owner, name = {"before": (tag_client.TagClient, "void_tag"),
               "after": (tag_store.TagStore, "mark_void_sent")}[sys.argv[1]]
setattr(owner, name, lambda *given, **named: os.kill(os.getpid(), signal.SIGKILL))
main.run(sys.argv[2:])
"""


@pytest.fixture
def shop(
    registry: RunningRegistry,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> SecretShop:
    monkeypatch.setattr("provenance.tag.is_public_host", lambda base_url: True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return SecretShop(tmp_path, registry, f"t{abs(hash(request.node.name)) % 10**9}", capsys)


def advisories(registry: RunningRegistry, serial: Serial, number: int = 1) -> list[str]:
    address = registry.base_url + tag_url("", serial, number)
    verdict = httpx.get(address, headers={"accept": "application/json"}, trust_env=False).json()
    return [item["code"] for item in verdict["advisories"]]


def killed(shop: SecretShop, moment: str, *arguments: object) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "cli", ROOT / "registry")))}
    command = [sys.executable, "-c", _KILLED, moment, *shop.options, *map(str, arguments)]
    dead = subprocess.run(command, env=environment, capture_output=True, timeout=120)
    assert dead.returncode == -signal.SIGKILL, dead.stderr.decode()


def states(shop: SecretShop) -> dict[tuple[str, int], str]:
    return {(item["serial"], item["number"]): item["state"] for item in shop.done("tag", "list")}


def test_a_tag_is_voided_once_and_whoever_scans_it_is_told(shop: SecretShop, registry: RunningRegistry) -> None:
    serial, other = shop.serials
    told = shop.done("tag", "void", serial, "--reason", "copied", "--by", "小王")
    assert (told["serial"], told["number"], told["by"], told["new"]) == (str(serial), 1, "小王", True)
    assert advisories(registry, serial) == ["tag-voided"]
    assert advisories(registry, other) == []
    again = shop.done("tag", "void", serial, "--by", "another")
    assert again == {**told, "new": False}
    (listed,) = shop.done("tag", "list")
    assert (listed["state"], listed["by"], listed["reason"]) == ("voided", "小王", "copied")
    assert shop.run("tag", "void", serial, "2")[1]["error"] == "unknown-tag"
    assert shop.run("tag", "applied", serial)[1]["error"] == "tag-unusable"
    assert shop.done("tag", "applied", other)["applied"] == [{"serial": str(other), "number": 1}]
    assert states(shop) == {(str(serial), 1): "voided", (str(other), 1): "applied"}
    assert main.run([*shop.options, "tag", "void", str(other), "--by", "two\nlines"]) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_void_that_was_broken_off_is_sent_as_it_was_signed(
    shop: SecretShop, registry: RunningRegistry, moment: str
) -> None:
    serial = shop.serials[0]
    killed(shop, moment, "tag", "void", serial, "--reason", "lost")
    kept = shop.workshop.store.kept_void(TagNumber(serial))
    assert kept is not None
    assert not kept.sent
    assert advisories(registry, serial) == ([] if moment == "before" else ["tag-voided"])
    shop.done("tag", "void", serial, "--reason", "damaged", "--by", "another")
    after = shop.workshop.store.kept_void(TagNumber(serial))
    assert after is not None
    assert (after.data, after.sent) == (kept.data, True)
    (listed,) = shop.done("tag", "list", serial, "--history")
    assert (listed["state"], listed["by"], listed["reason"]) == ("voided", "Sample Studio", "lost")
    assert advisories(registry, serial) == ["tag-voided"]


def test_what_another_folder_voided_is_seen(shop: SecretShop, registry: RunningRegistry) -> None:
    serial = shop.serials[0]
    signer = shop.workshop.keystore().unlock("four words of mine").signer
    void = TagVoid(registry.base_url, serial, 1, datetime(2026, 11, 26, tzinfo=UTC), "the other folder", 2)
    for item in (void, replace(void, number=2, replacement=3)):
        data = SignedVoid.sign(item, signer).to_bytes()
        assert httpx.post(f"{registry.base_url}/api/v1/tags:void", content=data, trust_env=False).status_code == 201
    assert shop.done("tag", "void", serial, "1")["by"] == "the other folder"
    told = shop.done("tag", "void", serial)
    assert (told["number"], told["new"]) == (3, True)
