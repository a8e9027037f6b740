"""Backups of a registry that runs and writes, put back and verified; damaged and older copies are refused."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.piece import Photo
from provenance_cli import main
from provenance_registry.fsck import check
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry, Studio


def run(*words: object) -> tuple[int, dict[str, Any]]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main.run(["--json", *map(str, words)])
    return code, json.loads(out.getvalue() or err.getvalue())


def outcome(registry: RunningRegistry, certificate: Certificate) -> str:
    return str(registry.client.verdict(certificate.piece.serial)["outcome"])


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_backup_under_load_is_one_moment_and_damage_is_refused(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "registry")
    registry.start()
    studio = Studio(registry)
    studio.accredit()
    picture = photo_bytes()
    photo = Photo(Digest.of(picture), "image/jpeg")
    first = studio.sign(photos=(photo,))
    studio.submit(first)
    registry.client.upload(photo.digest, picture)
    studio.wait_anchored(first)
    stop, sent = threading.Event(), list[Certificate]()

    def load() -> None:
        while not stop.is_set():
            certificates = [studio.sign() for _ in range(5)]
            studio.submit(*certificates)
            sent.extend(certificates)
            stop.wait(0.1)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for number in range(3):
            code, told = run(
                "registry", "backup", tmp_path / f"copy{number}", "--data", registry.folder, "--with-secrets"
            )
            assert (code, told["chain"], told["secrets"]) == (0, True, True)
    finally:
        stop.set()
        thread.join()
    for start in range(0, len(sent), 200):
        studio.wait_anchored(*sent[start : start + 200])
    copy = tmp_path / "copy2"
    assert not [path for path in registry.folder.iterdir() if path.name.startswith("chain-copy")]
    assert (copy / "registry.db").stat().st_mode & 0o077 == 0
    assert run("registry", "backup", copy, "--data", registry.folder)[1]["error"] == "backup-exists"
    assert run("registry", "restore", copy, "--data", registry.folder)[1]["error"] == "folder-not-empty"
    with closing(sqlite3.connect(copy / "registry.db")) as database:
        kept = {bytes(row[0]) for row in database.execute("SELECT digest FROM certificates")}
        indexed = database.execute("SELECT block_number FROM indexed").fetchone()[0]
    assert len(kept) > 1
    assert len(sent) + 1 >= len(kept)
    registry.stop()

    for name in ("registry.db", "chain.db", "secrets/anchorer", "manifest.txt"):
        bad = tmp_path / "bad"
        shutil.copytree(copy, bad)
        data = bytearray((bad / name).read_bytes())
        data[len(data) // 2] ^= 1
        (bad / name).write_bytes(data)
        code, told = run("registry", "restore", bad, "--data", tmp_path / "none")
        assert (code, told["error"]) == (4, "backup-damaged"), name
        assert not (tmp_path / "none").exists()
        shutil.rmtree(bad)
    shutil.copytree(copy, tmp_path / "bad")
    lines = (copy / "manifest.txt").read_text().splitlines(keepends=True)
    (tmp_path / "bad" / "manifest.txt").write_text("".join(lines[:-1]))
    assert run("registry", "restore", tmp_path / "bad", "--data", tmp_path / "none")[1]["error"] == "backup-damaged"

    shutil.move(registry.folder, tmp_path / "lost")
    code, told = run("registry", "restore", copy, "--data", registry.folder)
    assert code == 0
    assert set(tree(registry.folder)) == set(tree(copy)) - {"manifest.txt"}
    registry.start()
    known = [certificate for certificate in [first, *sent] if certificate.digest.value in kept]
    studio.wait_anchored(*known[:100], *known[-100:])
    for certificate in [first, *known[-3:]]:
        assert outcome(registry, certificate) == "AUTHENTIC"
    assert registry.ledger().head().number >= indexed
    registry.stop()

    # The chain of the copy under the newest database: what bundles name would be given away again.
    shutil.copy(copy / "chain.db", tmp_path / "lost" / "chain.db")
    for left in tmp_path.glob("lost/chain.db-*"):
        left.unlink()
    shutil.rmtree(registry.folder)
    shutil.move(tmp_path / "lost", registry.folder)
    registry.start(wait=False)
    assert registry.wait_dead(60, asked=False) == 5
    assert "the chain is an older copy" in registry.log


def test_a_stopped_registry_is_copied_without_its_secrets(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "registry")
    registry.start()
    registry.kill()
    (tmp_path / "copy.kilnmark-unfinished").mkdir()
    (tmp_path / "copy.kilnmark-unfinished" / "left-by-a-kill").write_text("")
    code, told = run("registry", "backup", tmp_path / "copy", "--data", registry.folder)
    assert (code, told["secrets"]) == (0, False)
    assert sorted(tree(tmp_path / "copy")) == ["chain.db", "ledger.json", "manifest.txt", "registry.db"]
    assert not (tmp_path / "copy.kilnmark-unfinished").exists()
    assert run("registry", "backup", tmp_path / "other", "--data", tmp_path)[1]["error"] == "no-registry-here"


@pytest.mark.parametrize("path", ["../outside", "media/../../outside", "/outside"])
def test_a_manifest_leads_nowhere_else(tmp_path: Path, path: str) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    header = json.dumps({"type": "KilnmarkBackup", "version": 1})
    (copy / "manifest.txt").write_text(f"{header}\n{Digest.of(b'').hex()} 0 {path}\n")
    assert run("registry", "restore", copy, "--data", tmp_path / "data")[1]["error"] == "backup-damaged"


DAMAGES = {
    "certificate-damaged": "UPDATE certificates SET data = substr(data, 1, 100) WHERE id = 1",
    "digest-differs": "UPDATE certificates SET digest = zeroblob(32) WHERE id = 1",
    "columns-differ": "UPDATE certificates SET name = 'other' WHERE id = 1",
    "root-differs": "UPDATE leaves SET digest = zeroblob(32) WHERE leaf = 0",
    "leaf-order": "UPDATE leaves SET leaf = leaf + 7",
    "token-differs": "UPDATE leaves SET token_id = substr('9' || token_id, 1, 20)",
    "anchor-missing": "UPDATE batches SET root = zeroblob(32)",
    "block-differs": "UPDATE lots SET block_hash = zeroblob(32)",
    "place-differs": "UPDATE certificates SET token_id = '1' WHERE id = 1",
    "index-differs": "UPDATE directory_events SET facts = replace(facts, 'a', 'b')",
    "state-differs": "UPDATE certificates SET state = 'waiting' WHERE id = 1",
    "outbox-differs": "UPDATE outbox SET raw = substr(raw, 2)",
    "list-differs": "UPDATE status_lists SET did = 'did:web:other'",
    "other-ledger": "UPDATE own_ledger SET deployment_id = zeroblob(32)",
    "database-damaged": "UPDATE lots SET root = substr(root, 1, 5)",
    "orphan": "INSERT INTO media VALUES (zeroblob(32), 99, 'photo', 'image/jpeg')",
}

OUTBOX = (
    "UPDATE outbox SET kind = 'relay' WHERE kind = 'anchor'",
    "UPDATE outbox SET nonce = nonce + 1",
    "UPDATE outbox SET account = zeroblob(20)",
    "UPDATE outbox SET block_number = block_number - 1",
    "UPDATE outbox SET block_hash = zeroblob(32)",
    "UPDATE outbox SET block_time = block_time + 1",
    "UPDATE outbox SET block_number = NULL",
)
CHAIN = (
    "UPDATE pairs SET value = substr(value, 1, 10) || x'00' || substr(value, 12) WHERE key = "
    "(SELECT key FROM pairs WHERE length(key) = 32 ORDER BY key LIMIT 1 OFFSET 5)",
    "UPDATE pairs SET value = (SELECT value FROM pairs WHERE key = CAST('block-number-to-hash:0' AS BLOB)) "
    "WHERE key = CAST('block-number-to-hash:1' AS BLOB)",
    "UPDATE transactions SET status = 1 - status",
    "UPDATE transactions SET block = 999 WHERE hash = (SELECT max(hash) FROM transactions)",
    "UPDATE logs SET topics = substr(topics, 1, 40) || x'00' || substr(topics, 42)",
    "DELETE FROM logs WHERE block = (SELECT max(block) FROM logs) AND log_index = 0",
)

INDEX = (
    "UPDATE lots SET count = count + 1",
    "UPDATE lots SET anchored_time = anchored_time + 1",
    "DELETE FROM directory_events WHERE rowid = 1",
    "INSERT INTO token_events SELECT block_number, block_hash, block_time, 9, '1', 1, 1, 0, NULL, 0, 0, NULL, '0', 0, "
    "0 FROM indexed",
)


def on_a_terminal(data: Path, *words: str) -> bytes:
    """Run the registry's own program where its errors go to a terminal; return what came there."""
    ours, theirs = os.openpty()
    environment = {**os.environ, "KILNMARK_DATA": str(data)}
    command = [sys.executable, "-m", "provenance_registry", *words]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=theirs, check=True)
    assert json.loads(done.stdout)["found"] == 0
    os.write(theirs, b".")  # Else there may be nothing to read.
    os.close(theirs)
    shown = os.read(ours, 2**16)
    os.close(ours)
    return shown.removesuffix(b".")


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_folder_without_its_database_is_refused(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILNMARK_DATABASE", "postgresql://user:hush-hush@localhost/x")
    code, told = run("registry", command, tmp_path / "copy", "--data", tmp_path / "data")
    assert (code, told["error"]) == (5, f"{command}-elsewhere")
    assert "hush" not in str(told)
    assert not list(tmp_path.iterdir())


def test_each_damage_is_named(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "registry")
    registry.start()
    studio = Studio(registry)
    studio.accredit()
    certificates = [studio.sign(), studio.sign()]
    studio.submit(*certificates)
    studio.wait_anchored(*certificates)
    assert run("registry", "fsck", "--data", registry.folder)[1]["error"] == "registry-running"
    registry.stop()
    copy = tmp_path / "copy"
    assert run("registry", "backup", copy, "--data", registry.folder)[0] == 0
    before = tree(copy)
    code, told = run("registry", "fsck", "--data", copy)
    assert (code, told["certificates"], told["batches"], told["faults"]) == (0, 2, 1, [])
    assert tree(copy) == before
    heard = list[tuple[int, int]]()
    check(copy, tell=lambda done, of: heard.append((done, of)))
    assert (heard[-1], heard == sorted(heard)) == ((5, 5), True)  # Two certificates, two leaves, a lot.
    for form, named in (("9999", "database-newer"), ("0006", "database-not-migrated")):
        with closing(sqlite3.connect(copy / "registry.db")) as database, database:
            database.execute("UPDATE alembic_version SET version_num = ?", (form,))
        assert run("registry", "fsck", "--data", copy)[1]["error"] == named
        (copy / "registry.db").write_bytes(before["registry.db"])
    assert on_a_terminal(copy, "fsck", "--progress").startswith(b"\r")
    assert b"5/5" in on_a_terminal(copy, "fsck", "--progress")
    assert on_a_terminal(copy, "fsck") == b""
    for fault, statement in DAMAGES.items():
        with closing(sqlite3.connect(copy / "registry.db", isolation_level=None)) as database:
            database.execute(statement)
        found = check(copy)
        assert fault in {each["fault"] for each in found.faults}, (fault, found)
        (copy / "registry.db").write_bytes(before["registry.db"])
    for statement in INDEX:
        with closing(sqlite3.connect(copy / "registry.db", isolation_level=None)) as database:
            database.execute(statement)
        assert [each["fault"] for each in check(copy).faults] == ["index-differs"], statement
        (copy / "registry.db").write_bytes(before["registry.db"])
    for statement in OUTBOX:
        with closing(sqlite3.connect(copy / "registry.db", isolation_level=None)) as database:
            assert database.execute(statement).rowcount > 0, statement
        assert {each["fault"] for each in check(copy).faults} == {"outbox-differs"}, statement
        (copy / "registry.db").write_bytes(before["registry.db"])
    for statement in CHAIN:
        with closing(sqlite3.connect(copy / "chain.db", isolation_level=None)) as database:
            assert database.execute(statement).rowcount > 0, statement
        assert "chain-damaged" in {each["fault"] for each in check(copy).faults}, statement
        (copy / "chain.db").write_bytes(before["chain.db"])
    with closing(sqlite3.connect(copy / "registry.db", isolation_level=None)) as database:
        database.execute("UPDATE batches SET first_lot = 0")
    assert {each["fault"] for each in check(copy).faults} == {"token-differs"}
    (copy / "registry.db").write_bytes(before["registry.db"])
    (copy / "media" / "00").mkdir(parents=True)
    (copy / "media" / "00" / ("0" * 64)).write_bytes(b"x")
    code, told = run("registry", "fsck", "--data", copy)
    assert (code, told["found"]) == (1, 2)
    assert [each["fault"] for each in told["faults"]] == ["file-damaged", "file-orphan"]
