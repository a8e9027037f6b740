"""``kilnmark submit`` with many certificates: a stream that may be broken off anywhere, and goes on."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from provenance.encoding import Digest
from provenance_cli import sending
from provenance_cli.client import RegistryClient
from provenance_cli.workshop import Workshop
from tests.support.registries import ROOT, RunningRegistry

PIECES = 2_000


class Shop:
    """A workshop folder, and the command line as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        passphrase = folder.parent / "passphrase"
        passphrase.write_text("correct horse battery\n", "utf-8")
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "registry")]),
            "KILNMARK_PASSPHRASE_FILE": str(passphrase),
            "XDG_CONFIG_HOME": str(folder.parent / "config"),
        }

    def begin(self, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from provenance_cli.main import main; main()", "--lang", "en", "-y", "--json"]
        return subprocess.Popen(
            [*command, *map(str, arguments)],
            env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments: object) -> tuple[int, str, str]:
        process = self.begin(*arguments)
        data, talk = process.communicate(timeout=120)
        assert "Traceback" not in talk, talk
        return process.returncode, data, talk

    def submit(self) -> subprocess.Popen[str]:
        return self.begin("-C", self.folder, "submit")

    def acknowledged(self) -> int:
        with sqlite3.connect(self.folder / "workshop.db", timeout=30) as connection:
            query = "SELECT count(*) FROM certificates WHERE state NOT IN ('signed', 'refused')"
            return int(connection.execute(query).fetchone()[0])

    def wait_in_the_middle(self, beyond: int = 0) -> int:
        """Return how many are acknowledged, once they are more than `beyond`."""
        deadline = time.monotonic() + 60
        while (number := self.acknowledged()) <= beyond:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        return number


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RunningRegistry]:
    made = RunningRegistry(tmp_path / "data")
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        assert made.stop() == 0


@pytest.fixture
def shop(registry: RunningRegistry, tmp_path: Path) -> Shop:
    return make_shop(tmp_path, registry.base_url, PIECES)


def make_shop(tmp_path: Path, base_url: str, pieces: int) -> Shop:
    made = Shop(tmp_path / "workshop")
    assert made.run("init", made.folder, "--registry", base_url, "--name", "示例", "--slug", "many")[0] == 0
    rows = [f"A-{number},盏 {number},示例,5.1" for number in range(pieces)]
    (tmp_path / "many.csv").write_text("\n".join(["编号,名称,作者,高(cm)", *rows]), "utf-8")
    code, _, talk = made.run("-C", made.folder, "piece", "import", tmp_path / "many.csv")
    assert code == 0, talk
    code, data, talk = made.run("-C", made.folder, "sign")
    assert (code, json.loads(data)) == (0, {"signed": pieces}), talk
    return made


def kept(registry: RunningRegistry) -> tuple[int, int]:
    """Return how many certificates the registry keeps, and how many serials they have."""
    with sqlite3.connect(f"file:{registry.folder / 'registry.db'}?mode=ro", uri=True) as connection:
        number, serials = connection.execute("SELECT count(*), count(DISTINCT serial) FROM certificates").fetchone()
        return number, serials


def test_it_goes_on_after_the_kill_of_either_side(registry: RunningRegistry, shop: Shop) -> None:
    assert registry.process is not None
    first = shop.submit()
    shop.wait_in_the_middle()
    os.kill(registry.process.pid, signal.SIGKILL)
    _, talk = first.communicate(timeout=90)
    assert first.returncode == 3, talk
    assert "run the same command again" in talk
    registry.wait_dead(asked=False)
    before = shop.acknowledged()
    assert 0 < before < PIECES
    registry.start()

    second = shop.submit()
    between = shop.wait_in_the_middle(before)
    second.kill()
    talk = second.communicate(timeout=90)[1]
    assert f"broken off after {before} certificate" in talk
    assert shop.acknowledged() < PIECES

    third = shop.submit()
    shop.wait_in_the_middle(between)
    third.send_signal(signal.SIGINT)
    third.communicate(timeout=90)
    assert third.returncode in (0, 130)  # On a quick machine it was done by then.
    before = shop.acknowledged()

    last = shop.submit()
    data, talk = last.communicate(timeout=120)
    assert last.returncode == 0, talk
    assert before == PIECES or f"broken off after {before} certificates were acknowledged" in talk
    assert json.loads(data)["states"] == {"held": PIECES}
    assert kept(registry) == (PIECES, PIECES)
    _, _, talk = shop.run("-C", shop.folder, "submit")
    assert "broken off" not in talk


class Older(BaseHTTPRequestHandler):
    """What stands before a registry and knows no streams."""

    registry = ""
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        if self.path == sending.PATH:
            self.close_connection = True
            self._answer(404, b'{"code":"not-found","detail":"There is nothing here."}')
            return
        body = self.rfile.read(int(self.headers["content-length"]))
        media = {"content-type": self.headers["content-type"]}
        told = httpx.post(self.registry + self.path, content=body, headers=media, timeout=60)
        self._answer(told.status_code, told.content)

    def do_GET(self) -> None:
        told = httpx.get(self.registry + self.path, timeout=60)
        self._answer(told.status_code, told.content)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


def test_an_older_registry_gets_them_in_requests(registry: RunningRegistry, tmp_path: Path) -> None:
    shop = make_shop(tmp_path, registry.base_url, 600)
    handler = type("At", (Older,), {"registry": registry.base_url})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        workshop, told = Workshop.find(shop.folder), list[int]()
        client = RegistryClient(f"http://127.0.0.1:{server.server_port}")
        assert sending.submit_all(workshop, client, told.append) == []
        server.shutdown()
    assert (sum(told), shop.acknowledged(), kept(registry)) == (600, 600, (600, 600))


def test_what_is_refused_is_told_and_stops_nothing(registry: RunningRegistry, tmp_path: Path) -> None:
    shop = make_shop(tmp_path, registry.base_url, 300)
    items = Workshop.find(shop.folder).store.certificates()
    spoiled = [items[7].certificate, items[150].certificate]
    with sqlite3.connect(shop.folder / "workshop.db") as connection:
        for certificate in spoiled:  # As on a disk that rots: the signature fits no more.
            data = certificate.data.replace("盏".encode(), "碗".encode())
            row = (data, Digest.of(data).value, certificate.digest.value)
            connection.execute("UPDATE certificates SET data=?, digest=? WHERE digest=?", row)
    code, told_json, talk = shop.run("-C", shop.folder, "submit")
    assert code == 4, talk
    told = json.loads(told_json)
    assert [item["serial"] for item in told["refused"]] == [str(certificate.piece.serial) for certificate in spoiled]
    assert told["states"] == {"held": 298, "refused": 2}
    for certificate in spoiled:
        assert f"{certificate.piece.serial}: The signature" in talk
    assert talk.count("→") == 2, talk
