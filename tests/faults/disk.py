"""Fills a registry's disk, lets its system calls on storage fail, and counts what is lost.

``python -m tests.faults.disk --trials 200``
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from provenance.encoding import Digest
from provenance.piece import Photo
from tests.faults.clocks import FastClock
from tests.faults.forked import GLANCE, PATIENCE, ForkedRegistry, warm_server
from tests.faults.insistent import Insistent
from tests.faults.small_disk import SmallDisk, failing, injected, mounted
from tests.faults.tables import Tally, carry_out

TRIALS = 200
EACH_FOLDER = 20
MOST_LEFT = 300_000
"""Bytes that the filler leaves at most: some certificates still find room, and others do not."""
ENOUGH = 400
"""Submissions after which a disk that refuses none is filled to the last page."""
FILLED = ("full", "full and killed", "full at the start")
FAILING = {
    "EIO at sync": ("fsync,fdatasync", "EIO"),
    "EIO at write": ("pwrite64,write", "EIO"),
    "ENOSPC at write": ("pwrite64,write", "ENOSPC"),
    "EIO at either": ("fsync,fdatasync,pwrite64,write", "EIO"),
}
KINDS = (*FILLED, *FAILING, *(f"{kind} and killed" for kind in FAILING), "no sync succeeds")
NAMES = frozenset({"database-unusable", "chain-unusable", "disk-low"})
WANTED = frozenset({"507 database-unusable"})
STORED = ("registry.db", "registry.db-wal", "chain.db", "chain.db-wal")
_PNG = b"\x89PNG\r\n\x1a\n"


def run(trials: int, rng: random.Random, tell: Callable[[str], None] = lambda _: None) -> Tally:
    """Carry out the trials, one kind of fault after another; raises `NotPermittedError`."""
    tally = Tally()
    server = warm_server()
    with tempfile.TemporaryDirectory(prefix="kilnmark-disk-") as folder:
        while (done := tally.trials.total()) < trials:
            with mounted(Path(folder, str(done))) as disk:
                life = _Life(disk, ForkedRegistry(server, disk.folder, FastClock.now()), tally, rng)
                life.live(min(EACH_FOLDER, trials - done))
            tell(f"{tally.trials.total():,} trials: {tally.lost} lost, {tally.double} double")
    return tally


class _Life:
    """A registry's life on one disk, from its first start to the judgement of its chain."""

    def __init__(self, disk: SmallDisk, registry: ForkedRegistry, tally: Tally, rng: random.Random) -> None:
        self.disk, self.registry, self.tally, self.rng = disk, registry, tally, rng
        self.trace = disk.folder.parent / f"{disk.folder.name}.strace"

    def live(self, trials: int) -> None:
        self.registry.start()
        self.studio = Insistent(self.registry)
        self.studio.accredit()
        for _ in range(trials):
            kind = KINDS[self.tally.trials.total() % len(KINDS)]
            if kind in FILLED:
                began = self._fill(kind)
            elif kind in FAILING or kind.removesuffix(" and killed") in FAILING:
                began = self._fail(*FAILING[kind.removesuffix(" and killed")], killed=kind not in FAILING)
            else:
                began = self._fail_always()
            if not self.studio.recovered(PATIENCE):
                self.tally.faults.append(f"not recovered after {kind}: {self.registry.client.ready()}")
            self.tally.tried(kind, time.monotonic() - began)
        self.studio.tell_answers(self.tally, WANTED)
        self.studio.judge(self.tally, self.rng)
        self.studio.close()
        self.registry.kill()
        if "Traceback" in self.registry.log or "panicked" in self.registry.log:
            self.tally.faults.append("a traceback in the log: " + self.registry.log[-2_000:])

    def _fill(self, kind: str) -> float:
        """Fill the disk while certificates are submitted; return when there was room again."""
        studio, refused = self.studio, False
        self.disk.fill(leave=self.rng.randint(0, MOST_LEFT))
        for number in range(ENOUGH + 50):
            studio.more(1)
            if number >= ENOUGH:
                self.disk.fill()
            if not studio.offer_once():
                refused = True
                break
        if not refused:
            self.tally.notes["a disk was full and refused nothing"] += 1
        elif not studio.named(NAMES):
            self.tally.faults.append(f"{kind}: /readyz names {studio.troubles()}")
        for _ in range(self.rng.randint(0, 3)):
            studio.more(1)
            studio.offer_once()
        if kind == "full":
            self.disk.make_room()
            return time.monotonic()
        self.registry.kill()
        if kind == "full at the start":
            self._start_full()
        self.disk.make_room()
        began = time.monotonic()
        self.registry.start()
        return began

    def _start_full(self) -> None:
        """Start on the full disk: it says why it cannot, or serves and is killed then."""
        registry, deadline = self.registry, time.monotonic() + PATIENCE
        self.disk.fill()
        registry.start(wait=False)
        assert registry.pid is not None
        while (code := registry.server.code(registry.pid)) is None and not registry.listens():
            assert time.monotonic() < deadline, registry.log
            time.sleep(GLANCE)
        if code not in (None, 5):
            self.tally.faults.append(f"started on a full disk, it ended with {code}: {self.registry.log[-2_000:]}")
        self.tally.notes["did not start on a full disk" if code == 5 else "started on a full disk"] += 1
        if code is None:
            self.registry.kill()

    def _fail(self, calls: str, error: str, *, killed: bool) -> float:
        """Let some system calls fail at a random instant; return when they did no more."""
        registry, rng, first = self.registry, self.rng, self.rng.randint(1, 12)
        when = f"{first}..{first + rng.choice((0, 0, 1, 3, 20))}"
        assert registry.pid is not None
        self.trace.unlink(missing_ok=True)
        paths = [registry.folder / name for name in STORED]
        with self.studio.submitting():
            time.sleep(rng.uniform(0, 0.1))
            with failing(registry.pid, calls, error, when, paths, self.trace):
                time.sleep(rng.uniform(0.1, 0.5))
                if killed:
                    registry.kill()
        self.tally.notes["system calls that failed"] += injected(self.trace)
        began = time.monotonic()
        if killed:
            registry.start()
        return began

    def _fail_always(self) -> float:
        """Let each sync fail for a while: then nothing that was not on disk before may be acknowledged."""
        registry, studio, rng = self.registry, self.studio, self.rng
        picture = _PNG + rng.randbytes(64)
        photo = Photo(Digest.of(picture), "image/png")
        pictured = studio.sign("有圖", photos=(photo,))
        studio.waiting.append(pictured)
        assert studio.recovered(PATIENCE)
        head = self._height()
        assert registry.pid is not None
        self.trace.unlink(missing_ok=True)
        with failing(registry.pid, "fsync,fdatasync", "EIO", "1+", (), self.trace):
            studio.more(4)
            for _ in range(4):
                if studio.offer_once():
                    self.tally.faults.append("a certificate was acknowledged on the strength of a failed sync")
            for _ in range(3):
                if self._upload(photo.digest.hex(), picture) != 507:
                    self.tally.faults.append("a photo was acknowledged on the strength of a failed sync")
            if not studio.named(NAMES):
                self.tally.faults.append(f"no sync succeeds: /readyz names {studio.troubles()}")
            if self._height() != head:
                self.tally.faults.append("a block was sealed on the strength of a failed sync")
        self.tally.notes["system calls that failed"] += injected(self.trace)
        began = time.monotonic()
        if (status := self._upload(photo.digest.hex(), picture)) not in (200, 201):
            self.tally.faults.append(f"the photo is not taken once syncs succeed: {status}")
        return began

    def _upload(self, digest: str, data: bytes) -> int:
        url = f"{self.registry.base_url}/api/v1/media/{digest}"
        return httpx.put(url, content=data, timeout=60, trust_env=False).status_code

    def _height(self) -> int:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
        answer = httpx.post(f"{self.registry.base_url}/rpc", json=asked, timeout=60, trust_env=False).json()
        return int(answer["result"], 16)


if __name__ == "__main__":
    sys.exit(carry_out(run, TRIALS, "Let a registry's disk be full or fail, and count what is lost or doubled."))
