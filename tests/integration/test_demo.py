"""The demo: the whole way, killed and run again, its sheet read by another reader."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from provenance.bundle import Bundle
from provenance.certificate import Issuer
from provenance.ledger import SetStatusCall
from provenance.piece import Maker, Piece
from provenance.printing.readback import read_sheet
from provenance.serial import Serial
from provenance.status import Status
from provenance_cli.context import App
from provenance_cli.demo_guild import Demo
from provenance_cli.demo_photos import SIDE
from provenance_cli.ledgers import open_pinned, send_and_wait
from provenance_cli.store import Entry
from provenance_cli.workshop import Workshop
from tests.support.registries import ROOT

COMMAND = [
    sys.executable,
    "-c",
    "from provenance_cli.main import main; main()",
    "--lang",
    "en",
    "--json",
    "demo",
    "--exit",
]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "registry")])}


def demo(folder: Path, *more: str) -> dict[str, Any]:
    process = subprocess.run(
        [*COMMAND, "--dir", str(folder), *more],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    result: dict[str, Any] = json.loads(process.stdout)
    return result


def test_the_demo_killed_anywhere_goes_on_and_its_sheet_reads_back(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    for seconds in (1.5, 4.0, 6.0):
        process = subprocess.Popen(
            [*COMMAND, "--dir", str(folder)], env=environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    result = demo(folder)
    assert result["pieces"] == result["authentic"] == 42
    assert result["tampered"] == result["revoked"] == "NOT_AUTHENTIC"
    again = demo(folder)
    assert again["authentic"] == 42
    assert again["gas"] == pytest.approx(result["gas"])  # Nothing was anchored anew.
    pdf = Path(result["sheet"])
    payloads = read_sheet(pdf.read_bytes())
    assert read_sheet(Path(result["card"]).read_bytes()) == [result["url"]]
    framed = Path(result["certificate"]).read_bytes()
    assert read_sheet(framed) == [result["url"]]
    assert b"/EmbeddedFiles" in framed
    serial = Serial.parse(result["url"].rpartition("/")[2])
    (photo,) = Workshop.open(folder / "workshop").store.piece(serial).photos
    (kept,) = list((folder / "registry" / "media").rglob(photo.digest.hex()))
    with Image.open(kept) as picture:  # What the page shows beside the words.
        assert picture.size == (SIDE, SIDE)
    base = result["url"].rpartition("/P/")[0]
    assert len(set(payloads)) == len(payloads) == 42
    assert all(payload.startswith(f"{base}/P/") for payload in payloads)
    assert result["url"] in payloads
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext: the text of the sheet was not read (install poppler-utils)")
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True).stdout.decode()
    for words in ("青花缠枝莲纹梅瓶", "鬥彩雞紋小杯", "示例工作室", "DEMO"):
        assert words in text, words


def test_a_demo_that_somebody_has_used_says_what_differs(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    sheet = tmp_path / "one.csv"
    sheet.write_text("title\nA small bowl\n", "utf-8")
    assert demo(folder, "--data", str(sheet))["authentic"] == 1
    used = Demo(App(), folder, lan=False)
    used.start_registry()
    try:
        workshop, _unlocked = used.workshop()
        (bundle,) = (
            Bundle.from_bytes(item.bundle or b"")
            for item in workshop.store.certificates(("anchored",))
            if item.certificate.piece.title.get("en") != "A cup to be revoked"
        )
        call = SetStatusCall(bundle.receipts[0].token_id, Status.ON_HOLD)
        send_and_wait(open_pinned(used.client.policy()), call, used.steward())
    finally:
        used.stop_registry()
    again = subprocess.run(
        [*COMMAND, "--dir", str(folder), "--data", str(sheet)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert again.returncode == 1
    assert "1 is not:" in again.stderr
    assert "1 of its 1 pieces is not AUTHENTIC" in again.stderr
    assert "--dir" in again.stderr


@pytest.mark.slow
def test_all_real_museum_records_go_the_whole_way(tmp_path: Path) -> None:
    data = ROOT.parent / "shared" / "data" / "cmoa_ceramics.csv"
    if not data.is_file():
        pytest.skip("no museum records beside the repository")
    result = demo(tmp_path / "museum", "--data", str(data))
    assert result["pieces"] == result["authentic"] == 1_084
    assert result["gas"] < 2_500


def test_a_folder_of_an_earlier_version_is_told_to_be_one(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    (folder / "workshop").mkdir(parents=True)
    workshop = Workshop.create(folder / "workshop", Issuer("http://127.0.0.1:1", "lin", "林家窑"), "en")
    workshop.store.add_pieces([Entry(Piece(Serial.random(), {"en": "Cup"}, makers=(Maker({"en": "Lin"}),)))])
    with closing(sqlite3.connect(folder / "workshop" / "workshop.db")) as records, records:
        (facts,) = records.execute("SELECT facts FROM pieces").fetchone()
        older = bytes(facts).replace(b'[{"name":{"en":"Lin"},"role":"artisan"}]', b'{"en":"Lin"}')
        assert older != bytes(facts)
        records.execute("UPDATE pieces SET facts=?", (older,))
    process = subprocess.run(
        [*COMMAND, "--dir", str(folder)], env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert process.returncode == 5
    assert "of an earlier version" in process.stderr
    assert "--dir" in process.stderr
