"""A disk that is full: a clear error, nothing half-written, and the same command goes on once there is room."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.certificate import Certificate
from provenance.errors import StorageError
from tests.support.registries import ROOT, RunningRegistry, Studio

COMMAND = [sys.executable, "-c", "from provenance_cli.main import main; main()", "--lang", "en", "-y", "--json"]


class SmallDisk:
    """A file system of a few megabytes in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ballast = folder, folder / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Leave only `leave` bytes free; what others write meanwhile may leave less."""
        free = os.statvfs(self.folder)
        try:
            with self.ballast.open("wb") as file:
                file.write(bytes(max(0, free.f_bavail * free.f_frsize - leave)))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def make_room(self) -> None:
        self.ballast.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.name != "posix" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small file system can be mounted here: run as root on Linux to test a full disk")
    yield SmallDisk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


def kilnmark(*arguments: object) -> tuple[int, str, str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "cli")]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = subprocess.run(
        [*COMMAND, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in process.stderr
    return process.returncode, process.stdout, process.stderr


def test_a_workshop_on_a_full_disk(small_disk: SmallDisk, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("correct horse battery\n", "utf-8")
    shop = small_disk.folder / "workshop"
    at = ("-C", shop, "--passphrase-file", tmp_path / "passphrase")
    names = ("--registry", "https://registry.kilnmark.test", "--name", "x", "--slug", "x")
    assert kilnmark(*at, "init", shop, *names)[0] == 0
    rows = "".join(f"第{number}件{'長' * 200}\n" for number in range(1_000))
    (tmp_path / "firing.csv").write_text("title\n" + rows, "utf-8")

    small_disk.fill(leave=65_536)
    code, _, talk = kilnmark(*at, "piece", "import", tmp_path / "firing.csv")
    assert code == 5, talk
    assert "full" in talk
    assert json.loads(kilnmark(*at, "piece", "list")[1]) == []
    small_disk.make_room()
    assert json.loads(kilnmark(*at, "piece", "import", tmp_path / "firing.csv")[1])["added"] == 1_000

    small_disk.fill(leave=400_000)
    code, _, talk = kilnmark(*at, "sign")
    assert code == 5, talk
    small_disk.make_room()
    signed = json.loads(kilnmark(*at, "sign")[1])["signed"]
    states = [piece["state"] for piece in json.loads(kilnmark(*at, "piece", "list")[1])]
    assert states == ["signed"] * 1_000
    assert 0 < signed <= 1_000
    assert sorted(path.name for path in shop.iterdir() if path.name.startswith(".kilnmark-")) == []


def test_a_registry_on_a_full_disk_acknowledges_nothing_that_it_could_lose(small_disk: SmallDisk) -> None:
    registry = RunningRegistry(small_disk.folder / "data")
    registry.start()
    studio = Studio(registry)
    studio.accredit()
    kept = studio.sign("先")
    studio.submit(kept)
    studio.wait_anchored(kept)
    small_disk.fill()
    refused = [studio.sign(f"第{number}件") for number in range(40)]
    with pytest.raises(StorageError):
        _submit_each(studio, refused)
    small_disk.make_room()
    studio.submit(*refused)
    studio.wait_anchored(kept, *refused)
    assert registry.stop() == 0
    assert "Traceback" not in registry.log, registry.log


def _submit_each(studio: Studio, certificates: list[Certificate]) -> None:
    for certificate in certificates:
        studio.submit(certificate)
