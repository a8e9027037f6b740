"""Rebuilding on both databases: killed in the middle, from all kinds of bundles, with what came after the anchors."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from provenance.bundle import Bundle
from provenance.certificate import Certificate
from provenance.evm.accounts import Account
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.ledger import SetStatusCall
from provenance.status import AmendOrder, Status
from provenance_cli.ledgers import send_and_wait
from tests.support.hand_overs import Counter
from tests.support.registries import ROOT, RunningRegistry, Studio

KILLED = """
import os, signal, sys
from provenance_registry import care
from provenance_registry.db import rebuilding
left, whole = int(sys.argv.pop(1)), rebuilding.take_in

def take_in(*given):
    global left
    left -= 1
    told = whole(*given)
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return told

rebuilding.take_in = take_in
sys.exit(care.run(sys.argv[1:]))
"""
"""The command, which dies in the middle of the transaction after so many."""


class Lost:
    """A registry whose database can be lost, on either kind."""

    def __init__(self, folder: Path, server: Any) -> None:
        self.server = server
        where = {} if server is None else {"KILNMARK_DATABASE": server.make()}
        self.registry = RunningRegistry(folder / "registry", KILNMARK_BATCH_AGE="0.1", **where)
        self.registry.start()

    def lose(self) -> None:
        assert self.registry.stop() == 0, self.registry.log
        if self.server is None:
            for path in self.registry.folder.glob("registry.db*"):
                path.unlink()
        else:
            self.registry.settings["KILNMARK_DATABASE"] = self.server.make()

    def rebuild(self, folder: Path, dies_after: int | None = None) -> tuple[int, dict[str, Any]]:
        registry = self.registry
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KILNMARK_")},
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "registry")]),
            "KILNMARK_DATA": str(registry.folder), "KILNMARK_PORT": str(registry.port),
            "KILNMARK_ADMIN": str(registry.admin.address), "KILNMARK_STEWARD": str(registry.steward.address),
            "KILNMARK_TELL_PROBLEMS": "1", **registry.settings,
        }  # fmt: skip
        how = ["-m", "provenance_registry"] if dies_after is None else ["-c", KILLED, str(dies_after)]
        command = [sys.executable, *how, "rebuild", "--", str(folder)]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=200, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {"stderr": done.stderr.decode()}


@pytest.fixture(params=["sqlite", "postgresql"])
def lost(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lost]:
    made = Lost(tmp_path, request.getfixturevalue("postgres") if request.param == "postgresql" else None)
    yield made
    if made.registry.process is not None and made.registry.process.poll() is None:
        made.registry.kill()


def facts(registry: RunningRegistry, certificates: list[Certificate]) -> list[Any]:
    """What is told of each piece: its verdict, its proof, its amendments."""
    told: list[Any] = []
    for item in certificates:
        said = httpx.get(f"{registry.base_url}/api/v1/pieces/{item.piece.serial.compact}", timeout=60).json()
        bundle = Bundle.from_bytes(registry.client.bundle(item.piece.serial))
        names = ("outcome", "reason", "tokenId", "digest", "studio", "holder", "status", "reasons")
        told.append(({n: said.get(n) for n in names}, bundle.inclusion, bundle.amendments))
    return told


def write(folder: Path, bundles: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, data in bundles.items():
        (folder / f"{name}.kilnmark.json").write_bytes(data)
    return folder


def amended(first: Certificate, signer: P256Signer) -> Certificate:
    return issue(
        replace(first.piece, height_mm=99), first.issuer, signer, status_entry=first.status_entry,
        now=first.valid_from, replaces=first.digest,
    )  # fmt: skip


def test_killed_in_the_middle_and_what_came_after_anchoring(lost: Lost, tmp_path: Path) -> None:
    registry = lost.registry
    studio = Studio(registry)
    studio.accredit()
    every: list[Certificate] = []
    for number in range(4):
        some = [studio.sign(f"杯 {number} {each}") for each in range(3)]
        studio.submit(*some)
        studio.wait_anchored(*some)
        every += some
    tokens = {item.digest: int(registry.client.state(item.digest)["tokenId"]) for item in every}
    send_and_wait(registry.ledger(), SetStatusCall(tokens[every[0].digest], Status.REVOKED), registry.steward)
    counter, key, buyer = Counter(registry), Account.generate()[0], Account.generate()[0]
    release = counter.release(studio.account, tokens[every[1].digest], key.address)
    claimed = counter.done("claims", counter.claim(release, key, buyer.address))
    assert claimed["state"] == "final"
    newer, ledger, address = amended(every[2], studio.signer), registry.ledger(), studio.account.address
    registry.client.submit([newer.data])
    order = AmendOrder(tokens[every[2].digest], newer.digest, address, ledger.order_nonce(address), 0)
    registry.client.relay(order, studio.account.sign_message(ledger.identity, order))
    deadline = time.monotonic() + 60
    while not facts(registry, every[2:3])[0][2]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    while facts(registry, every[:1])[0][0]["outcome"] == "AUTHENTIC":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    before = facts(registry, every)
    bundles = write(tmp_path / "b", {
        item.piece.serial.compact: registry.client.bundle(item.piece.serial) for item in every
    })  # fmt: skip
    whole = Bundle.from_bytes(registry.client.bundle(every[2].piece.serial))
    beside = replace(whole, amendments=(amended(every[2], P256Signer.generate()), *whole.amendments))
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "a.kilnmark.json").write_bytes(beside.to_bytes())
    lost.lose()
    for dies_after in (0, 1, 2):
        code, told = lost.rebuild(bundles, dies_after)
        assert code == -signal.SIGKILL, told
    code, told = lost.rebuild(bundles)
    assert (code, told.get("incomplete")) == (0, []), told
    assert told["pieces"] + told["known"] == len(every), told
    _, told = lost.rebuild(tmp_path / "beside")
    assert ([item["code"] for item in told["refused"]], told["amendments"]) == (["unknown-key"], 0), told
    registry.start()
    assert facts(registry, every) == before
    assert counter.holder(tokens[every[1].digest]) == buyer.address
    counter.http.close()
    statuses = registry.client.status_list(studio.list_id)
    assert statuses
    new = studio.sign("新瓶")
    studio.submit(new, *every)
    studio.wait_anchored(new)
    assert facts(registry, every) == before
    assert {d: int(registry.client.state(d)["tokenId"]) for d in tokens} == tokens
    assert registry.stop() == 0, registry.log


def test_copies_strangers_and_what_was_never_anchored(lost: Lost, tmp_path: Path) -> None:
    registry = lost.registry
    studio = Studio(registry)
    studio.accredit()
    (piece,) = [studio.sign("杯")]
    studio.submit(piece)
    studio.wait_anchored(piece)
    data = registry.client.bundle(piece.piece.serial)
    never = studio.sign("从未")
    strange = RunningRegistry(tmp_path / "strange")
    strange.port, strange.base_url, strange.client = registry.port, registry.base_url, registry.client
    lost.lose()
    strange.start()  # Another ledger, behind the same address.
    theirs = Studio(strange)
    theirs.accredit()
    foreign = theirs.sign("外来")
    theirs.submit(foreign)
    theirs.wait_anchored(foreign)
    other = strange.client.bundle(foreign.piece.serial)
    assert strange.stop() == 0
    folder = write(tmp_path / "b", {
        "copy-1": data, "copy-2": data, "foreign": other, "never": Bundle(never).to_bytes(),
    })  # fmt: skip
    stolen = amended(piece, P256Signer.generate())  # By a key that the ledger does not know.
    (folder / "stolen.kilnmark.json").write_bytes(replace(Bundle.from_bytes(data), amendments=(stolen,)).to_bytes())
    code, told = lost.rebuild(folder)
    assert {Path(item["file"]).name[:7]: item["code"] for item in told["refused"]} == {
        "foreign": "not-anchored", "stolen.": "unknown-key",
    }, told  # fmt: skip
    assert code == 1
    assert (told["waiting"], told["amendments"]) == (1, 0), told
    assert (told["pieces"], told["known"]) == (1, 2), "of three files of one piece, one is new"
    assert told["incomplete"] == []
    code, told = lost.rebuild(folder)
    assert (told["pieces"], told["known"], told["waiting"]) == (0, 3, 0), told
    registry.start()
    studio.wait_anchored(piece, never)
    assert registry.stop() == 0, registry.log
