"""What a backup keeps waiting: submissions to a registry on the embedded ledger, and blocks; and what fsck takes."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import sample
from benchmarks.loaded import LoadedRegistry
from benchmarks.table import Aim, report
from provenance.certificate import Issuer, StatusEntry
from provenance.evm.embedded import EmbeddedChain
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance_cli.workshop import new_list_id


class Watch(threading.Thread):
    """Submits a certificate again and again: the longest that one had to wait for its acknowledgement."""

    def __init__(self, registry: LoadedRegistry) -> None:
        super().__init__(daemon=True)
        self._registry = registry
        self.ended = threading.Event()
        self.longest, self.count = 0.0, 0

    def run(self) -> None:
        """Go on until `ended`."""
        issuer, signer = Issuer(self._registry.base_url, "sample-studio", sample.ISSUER.name), P256Signer.generate()
        list_id = new_list_id()
        while not self.ended.is_set():
            (piece,) = sample.museum_pieces(1)
            entry = StatusEntry(list_id, self.count)
            certificate = issue(piece, issuer, signer, status_entry=entry, now=datetime.now(UTC))
            began = time.monotonic()
            self._registry.client.submit([certificate.data])
            self.longest, self.count = max(self.longest, time.monotonic() - began), self.count + 1
            time.sleep(0.02)


def main() -> int:
    """Print what waited how long."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--pieces", type=int, default=20_000)
    reading.add_argument("--json", action="store_true")
    count = reading.parse_args().pieces
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with LoadedRegistry(folder, 8_000) as registry:
            registry.fill(count)
            found = measure(registry, folder)
        return report(
            "backup",
            f"{count:,} pieces, a registry that takes certificates",
            [*found, copied(folder), *checked(folder)],
        )


def measure(registry: LoadedRegistry, folder: Path) -> list[Aim]:
    """Back the registry in `folder` up while it takes certificates."""
    data = folder / "registry"
    calm = watched(registry, lambda: time.sleep(10))
    command = [sys.executable, "-m", "provenance_registry", "backup", str(folder / "copy")]
    environment = {**os.environ, "KILNMARK_DATA": str(data)}
    began = time.monotonic()
    busy = watched(registry, lambda: subprocess.run(command, env=environment, check=True, capture_output=True))
    took = time.monotonic() - began
    sizes = {name: (folder / "copy" / name).stat().st_size / 2**20 for name in ("registry.db", "chain.db")}
    return [
        Aim("longest wait of a submission, no backup", calm.longest, unit="s"),
        Aim("longest wait of a submission, backup", busy.longest, unit="s"),
        Aim("submissions during the backup", busy.count),
        Aim("backup", took, unit="s"),
        *(Aim(name, size, unit="MiB") for name, size in sizes.items()),
    ]


def copied(folder: Path) -> Aim:
    """Return how long the copy of the chain takes, during which no block is sealed."""
    chain = EmbeddedChain(folder / "registry" / "chain.db")
    try:
        began = time.monotonic()
        chain.copy(folder / "chain-copy.db")
        return Aim("blocks wait", time.monotonic() - began, unit="s")
    finally:
        chain.close()


def checked(folder: Path) -> list[Aim]:
    """Return what checking the backup takes of a process of its own."""
    command = [sys.executable, "-m", "provenance_registry", "fsck"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "KILNMARK_DATA": str(folder / "copy")}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # The largest of all that ended: the registry itself, which was filled, may have been larger.
    return [Aim("fsck, processor", cpu, unit="s"), Aim("memory, at most", after.ru_maxrss / 2**10, unit="MiB")]


def watched(registry: LoadedRegistry, work: Callable[[], object]) -> Watch:
    """Watch submissions while `work` goes on."""
    watch = Watch(registry)
    watch.start()
    try:
        work()
    finally:
        watch.ended.set()
        watch.join(60)
    return watch


if __name__ == "__main__":
    sys.exit(main())
