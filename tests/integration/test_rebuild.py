"""A database that is lost comes back from bundles and the ledger, and nothing is anchored twice."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from provenance.bundle import Bundle
from provenance.certificate import Certificate
from provenance.merkle import MerkleTree, PartialTree, path_length, proven_nodes, siblings
from provenance.serial import Serial
from provenance_cli import main
from provenance_registry import rebuild as rebuilding
from provenance_registry.fsck import check
from provenance_registry.rebuild import _judge
from tests.support.registries import RunningRegistry, Studio


def run(*words: object) -> tuple[int, dict[str, Any]]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main.run(["--json", *map(str, words)])
    return code, json.loads(out.getvalue() or err.getvalue())


def verdict(registry: RunningRegistry, serial: Serial) -> dict[str, Any]:
    told = httpx.get(f"{registry.base_url}/api/v1/pieces/{serial.compact}", timeout=60).json()
    return {name: told[name] for name in ("outcome", "reason", "tokenId", "digest", "studio") if name in told}


def settle_in(registry: RunningRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the command the settings that the registry runs with."""
    monkeypatch.setenv("KILNMARK_PORT", str(registry.port))
    monkeypatch.setenv("KILNMARK_ADMIN", str(registry.admin.address))
    monkeypatch.setenv("KILNMARK_STEWARD", str(registry.steward.address))


def lose_database(registry: RunningRegistry) -> None:
    for path in registry.folder.glob("registry.db*"):
        path.unlink()


def anchored(registry: RunningRegistry, studio: Studio, count: int) -> list[Certificate]:
    certificates = [studio.sign(f"杯 {number}") for number in range(count)]
    studio.submit(*certificates)
    studio.wait_anchored(*certificates)
    return certificates


def test_a_lost_database_comes_back_from_bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = RunningRegistry(tmp_path / "registry", KILNMARK_BATCH_AGE="0.4")
    settle_in(registry, monkeypatch)
    registry.start()
    studio, other = Studio(registry), Studio(registry, "wang", "王家窑")
    studio.accredit()
    other.accredit()
    mixed = [studio.sign(f"瓶 {number}") for number in range(5)] + [other.sign(f"碗 {number}") for number in range(2)]
    studio.submit(*mixed)
    studio.wait_anchored(*mixed)
    second = anchored(registry, studio, 1)
    every = [*mixed, *second]
    before = {item.piece.serial: verdict(registry, item.piece.serial) for item in every}
    bundles = {item.piece.serial: registry.client.bundle(item.piece.serial) for item in every}
    assert {told["outcome"] for told in before.values()} == {"AUTHENTIC"}
    assert registry.stop() == 0
    lose_database(registry)

    kept = [item.piece.serial for item in (mixed[1], mixed[4], mixed[6])]
    some, rest = tmp_path / "some", tmp_path / "all"
    for folder, serials in ((some, kept), (rest, list(bundles))):
        folder.mkdir()
        for serial in serials:
            (folder / f"{serial}.kilnmark.json").write_bytes(bundles[serial])
    forge(some, Bundle.from_bytes(bundles[mixed[0].piece.serial]), Bundle.from_bytes(bundles[mixed[2].piece.serial]))
    code, told = run("registry", "rebuild", some, "--data", registry.folder)
    assert (code, told.get("pieces"), told.get("known")) == (1, 3, 0), told
    assert {Path(item["file"]).name[:7]: item["code"] for item in told["refused"]} == {
        "altered": "bad-signature", "another": "bad-inclusion", "broken.": "not-json", "foreign": "not-anchored",
    }  # fmt: skip
    assert sum(item["missing"] for item in told["incomplete"]) == len(every) - 3
    findings = check(registry.folder)
    assert (findings.faults, findings.incomplete >= 1) == ([], True)

    registry.start(wait=False)  # While pieces are missing it answers, and is not ready.
    registry.wait_alive()
    for serial, said in before.items():
        assert verdict(registry, serial) == (said if serial in kept else {"outcome": "UNKNOWN", "reason": "unknown"})
    for serial in kept:
        again = Bundle.from_bytes(registry.client.bundle(serial))
        assert again.inclusion == Bundle.from_bytes(bundles[serial]).inclusion
    new = studio.sign("新瓶")
    studio.submit(new)
    troubles = registry.client.ready()
    assert troubles.get("code", "database-older") == "database-older"
    assert registry.client.state(new.digest)["state"] == "waiting"
    assert registry.stop() == 0

    code, told = run("registry", "rebuild", rest, "--data", registry.folder)
    assert (code, told["pieces"], told["known"], told["incomplete"]) == (0, len(every) - 3, 3, [])
    assert run("registry", "rebuild", rest, "--data", registry.folder)[1]["known"] == len(every)
    findings = check(registry.folder)
    assert (findings.faults, findings.incomplete) == ([], 0)
    registry.start()
    studio.submit(*every)
    studio.wait_anchored(new)
    for serial, said in before.items():
        assert verdict(registry, serial) == said, "under the token that it had"
        again = Bundle.from_bytes(registry.client.bundle(serial))
        assert again.inclusion == Bundle.from_bytes(bundles[serial]).inclusion
    anchors = {json.loads(registry.client.bundle(item.piece.serial))["receipts"][0]["root"] for item in [*every, new]}
    assert registry.stop() == 0
    assert len(anchors) == lots(registry)


def forge(folder: Path, first: Bundle, second: Bundle) -> None:
    """Write what must be refused: a changed text, another's place, no bundle, and one of no anchor."""
    changed = replace(first.certificate, data=first.certificate.data.replace("瓶 0".encode(), "瓶 9".encode()))
    text = first.to_bytes().replace(first.certificate.data, changed.data)
    (folder / "altered.kilnmark.json").write_bytes(text)
    (folder / "another.kilnmark.json").write_bytes(replace(first, inclusion=second.inclusion).to_bytes())
    (folder / "broken.kilnmark.json").write_bytes(b"{}"[:1])
    root = first.receipts[0].root.value
    elsewhere = replace(first.receipts[0], root=type(first.receipts[0].root)(root[::-1]))
    (folder / "foreign.kilnmark.json").write_bytes(replace(first, receipts=(elsewhere,)).to_bytes())


def lots(registry: RunningRegistry) -> int:
    """Return how many anchors the ledger has."""
    import sqlite3

    with sqlite3.connect(registry.folder / "registry.db") as connection:
        return int(connection.execute("SELECT count(DISTINCT anchor_id) FROM lots").fetchone()[0])


def test_there_must_be_bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle_in(RunningRegistry(tmp_path / "registry"), monkeypatch)
    code, told = run("registry", "rebuild", tmp_path, "--data", tmp_path / "registry")
    assert (code, told["error"]) == (5, "no-bundles")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 64, 100])
def test_proofs_tell_the_nodes_of_a_tree(size: int) -> None:
    leaves = [bytes([number]) * 32 for number in range(size)]
    tree = MerkleTree(leaves)
    nodes: dict[tuple[int, int], bytes] = {}
    for index in range(0, size, 3):
        nodes |= proven_nodes(leaves[index], index, size, tree.path(index))
        assert len(list(siblings(index, size))) == path_length(index, size)
    partial = PartialTree(size, nodes)
    assert partial.root == tree.root
    for index in range(0, size, 3):
        assert partial.path(index) == tree.path(index)


class _Standing:
    """As much of a registry as is asked when what was brought back is judged: its lease comes back after a while."""

    def __init__(self, turns: int) -> None:
        self.left, self.turns, self.examined = turns, 0, False
        self.services = self.repository = self.worker = self

    def unexamined_batches(self) -> bool:
        return not self.examined

    def sends(self) -> bool:
        return self.turns > self.left

    def turn(self) -> None:
        self.turns += 1
        self.examined = self.sends()


def test_a_lease_that_was_let_go_while_bundles_were_taken_in_is_waited_for() -> None:
    standing: Any = _Standing(2)
    _judge(standing)
    assert standing.examined


def test_what_another_process_examines_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "PAUSE", 0.01)
    standing: Any = _Standing(10**9)
    _judge(standing)
    assert not standing.examined
