"""What the page of a genuine piece costs: bytes on the wire, and what Lighthouse finds on a phone with slow 4G.

    npm install --prefix FOLDER lighthouse
    benchmarks/page.py --lighthouse FOLDER/node_modules/.bin/lighthouse

Chromium itself is slowed down alike as well (1.6 Mbit/s, 150 ms there and back, the processor four times slower), which
needs no Lighthouse.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image, ImageFilter
from playwright.sync_api import Browser, sync_playwright

from benchmarks.table import Aim, report
from provenance.certificate import StatusEntry
from provenance.issue import issue
from provenance.media import prepare_photo
from provenance.piece import Photo
from provenance.tag import tag_url
from tests.support.photos import photo_bytes
from tests.support.pieces import full_piece
from tests.support.registries import RunningRegistry, Studio

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
RUNS = 3
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
PHONE: Any = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "locale": "en", "is_mobile": True}
OBSERVE = """
window.seen = {lcp: 0, cls: 0};
new PerformanceObserver(list => { for(const one of list.getEntries()) { seen.lcp = one.startTime; } })
  .observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(list => { for(const one of list.getEntries()) { seen.cls += one.value; } })
  .observe({type: 'layout-shift', buffered: true});
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lighthouse", help="where the command lies that npm installed")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        parser.error("no Chromium")
    with tempfile.TemporaryDirectory() as folder:
        registry = RunningRegistry(Path(folder) / "data")
        registry.start()
        try:
            url, photo = _piece(registry)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS[1:]))
                aims = [*_bytes(browser, url, photo), *_phone(browser, url)]
                browser.close()
            if options.lighthouse:
                aims += _lighthouse(options.lighthouse, chromium, url, Path(folder))
        finally:
            registry.stop()
    conditions = (
        "an authentic piece with all facts and a drawn, grained photo of 12 megapixels, on loopback by http, nothing "
        "cached, 390x844 at 3 dots a pixel; Lighthouse: its own phone and slow 4G, simulated, median of 3"
    )
    return report("page", conditions, aims)


def _piece(registry: RunningRegistry) -> tuple[str, str]:
    """Have a piece with all facts and one photo anchored, its renditions drawn; return its address and photo."""
    studio = Studio(registry)
    studio.accredit()
    photo = prepare_photo(_grained())
    piece = replace(full_piece(), photos=(Photo(photo.digest),), scans=(), files=())
    certificate = issue(
        piece, studio.issuer, studio.signer, status_entry=StatusEntry(studio.list_id, 1), now=datetime.now(UTC)
    )
    studio.submit(certificate)
    registry.client.upload(photo.digest, photo.data)
    studio.wait_anchored(certificate)
    drawn = registry.folder / "renditions"
    while not list(drawn.rglob("1600.jpg")):
        time.sleep(0.2)
    return tag_url(registry.base_url, piece.serial), photo.digest.hex()


def _grained() -> bytes:
    """Return a photo that packs about as badly as one of a glaze: shapes under grain of three sizes."""
    image, chance = Image.open(io.BytesIO(photo_bytes((3000, 4000), seed=7))).convert("RGB"), random.Random(7)
    for size, share in ((60, 0.18), (240, 0.12), (1000, 0.08)):
        grain = Image.frombytes("L", (size, size * 4 // 3), chance.randbytes(size * (size * 4 // 3)))
        image = Image.blend(image, grain.resize(image.size, Image.Resampling.BICUBIC).convert("RGB"), share)
    out = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(1)).save(out, "JPEG", quality=92)
    return out.getvalue()


def _bytes(browser: Browser, url: str, photo: str) -> list[Aim]:
    """Count what comes over the wire, heads of answers included, until the phone has checked the photo as well."""
    context = browser.new_context(**PHONE)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    asked, counted = dict[str, str](), Counter[str]()
    wire.on("Network.responseReceived", lambda told: asked.update({told["requestId"]: told["response"]["url"]}))
    wire.on(
        "Network.loadingFinished",
        lambda told: counted.update({_kind(asked.get(told["requestId"], ""), photo): told["encodedDataLength"]}),
    )
    wire.send("Network.enable")
    page.goto(url)
    page.wait_for_selector("#phone[data-found=authentic]")
    page.wait_for_selector(".pics .compared")
    context.close()
    aims = {"HTML": 8.0, "JavaScript of the first view": 2.5, "first photo": 25.0}
    kinds = (
        "HTML",
        "style sheet",
        "first photo",
        "JavaScript of the first view",
        "JavaScript that checks",
        "questions",
        "whole photo",
    )
    return [Aim(name, counted[name] / 1000, "<=" if name in aims else "", aims.get(name), "kB") for name in kinds]


def _kind(url: str, photo: str) -> str:
    last = url.rpartition("/")[2]
    if last == photo:
        return "whole photo"
    return {
        "page.js": "JavaScript of the first view", "check.js": "JavaScript that checks", "kilnmark.css": "style sheet",
        "rpc": "questions", "policy": "questions", "bundle": "questions",
    }.get(last, "first photo" if "/media/" in url else "HTML")  # fmt: skip


def _phone(browser: Browser, url: str) -> list[Aim]:
    """Load the page in a browser that is slowed down for real; tell when what was seen, and when the phone knew."""
    context = browser.new_context(**PHONE)
    page = context.new_page()
    page.add_init_script(OBSERVE)
    slow = context.new_cdp_session(page)
    slow.send("Network.enable")
    slow.send("Network.emulateNetworkConditions", SLOW)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(url, wait_until="commit")
    page.wait_for_selector("#phone[data-found=authentic]", timeout=60_000)
    found = page.evaluate("performance.now()")
    seen = page.evaluate("seen")
    context.close()
    return [
        Aim("slowed: largest paint", seen["lcp"] / 1000, "<=", 1.7, "s"),
        Aim("slowed: layout shift", seen["cls"], "<=", 0.01),
        Aim("slowed: the phone has checked", found / 1000, unit="s"),
    ]


def _lighthouse(command: str, chromium: str, url: str, folder: Path) -> list[Aim]:
    """Return the median of each figure in some runs: other work on the machine counts as the page's."""
    runs = [_lighthouse_run(command, chromium, url, folder) for _ in range(RUNS)]
    return [replace(aim, value=median(run[place].value for run in runs)) for place, aim in enumerate(runs[0])]


def _lighthouse_run(command: str, chromium: str, url: str, folder: Path) -> list[Aim]:
    told = folder / "lighthouse.json"
    subprocess.run(
        [
            command, url, "--quiet", "--output=json", f"--output-path={told}",
            "--only-categories=performance,accessibility,best-practices", f"--chrome-flags={' '.join(FLAGS)}",
        ],
        check=True,
        env={"PATH": os.environ["PATH"], "CHROME_PATH": chromium, "HOME": str(folder)},
        stdout=sys.stderr,
    )  # fmt: skip
    result = json.loads(told.read_text("utf-8"))
    scores = {name: 100 * (category["score"] or 0) for name, category in result["categories"].items()}
    audits = result["audits"]
    return [
        Aim("Lighthouse performance", scores["performance"], ">=", 98),
        Aim("Lighthouse accessibility", scores["accessibility"], ">=", 100),
        Aim("Lighthouse best practices", scores["best-practices"], ">=", 100),
        Aim("Lighthouse largest paint", audits["largest-contentful-paint"]["numericValue"] / 1000, "<=", 1.7, "s"),
        Aim("Lighthouse blocking time", audits["total-blocking-time"]["numericValue"], unit="ms"),
        Aim("Lighthouse layout shift", audits["cumulative-layout-shift"]["numericValue"], "<=", 0.01),
    ]


if __name__ == "__main__":
    sys.exit(main())
