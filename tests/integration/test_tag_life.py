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

from provenance.printing.readback import read_sheet
from provenance.serial import Serial
from provenance.signed_orders import SignedOrder
from provenance.tag import tag_url
from provenance.voids import TagVoid
from provenance_cli import main
from provenance_cli.tag_store import TagNumber
from tests.support.registries import ROOT, RunningRegistry
from tests.support.secret_shops import SecretShop

_KILLED = """
import os, signal, sys
import provenance.tag
from provenance_cli import main, print_store, printing_run, tag_client, tag_store
provenance.tag.is_public_host = lambda base_url: True
owner, name = {"before": (tag_client.TagClient, "void_tag"),
               "after": (tag_store.TagStore, "mark_void_sent"),
               "job": (print_store.PrintStore, "add_job"),
               "printed": (printing_run, "print_job"),
               "counted": (print_store.PrintStore, "finish_labels")}[sys.argv[1]]
setattr(owner, name, lambda *given, **named: os.kill(os.getpid(), signal.SIGKILL))
main.run(sys.argv[2:])
"""


def advisories(registry: RunningRegistry, serial: Serial, number: int = 1) -> list[str]:
    address = registry.base_url + tag_url("", serial, number)
    verdict = httpx.get(address, headers={"accept": "application/json"}, timeout=60, trust_env=False).json()
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
        data = SignedOrder.sign(item, signer).to_bytes()
        assert (
            httpx.post(f"{registry.base_url}/api/v1/tags:void", content=data, timeout=60, trust_env=False).status_code
            == 201
        )
    assert shop.done("tag", "void", serial, "1")["by"] == "the other folder"
    told = shop.done("tag", "void", serial)
    assert (told["number"], told["new"]) == (3, True)


def test_what_another_folder_voided_is_not_printed(shop: SecretShop, registry: RunningRegistry) -> None:
    """As a folder that was restored knows nothing of what was voided and replaced before."""
    serial, other = shop.serials
    signer = shop.workshop.keystore().unlock("four words of mine").signer
    for void in (
        TagVoid(registry.base_url, serial, 1, datetime(2026, 11, 26, tzinfo=UTC), "the lost folder", 2),
        TagVoid(registry.base_url, other, 1, datetime(2026, 11, 26, tzinfo=UTC), "the lost folder"),
    ):
        data = SignedOrder.sign(void, signer).to_bytes()
        assert (
            httpx.post(f"{registry.base_url}/api/v1/tags:void", content=data, timeout=60, trust_env=False).status_code
            == 201
        )
    code, _, talk = shop.run("tag", "print", other)
    assert (code, "is voided" in talk) == (3, True), talk
    assert shop.run("tag", "boxcard", other)[1]["error"] == "tag-void"
    code, made, talk = shop.run("tag", "print")
    assert (code, sheet(made["file"]), "1 piece is left out" in talk) == (0, [tag_url("", serial, 2)], True), talk
    assert sheet(shop.done("tag", "hangtag", serial)["file"]) == [tag_url("", serial, 2)]


def sheet(path: object) -> list[str]:
    """Return what stands on a PDF, as paths of tags."""
    return sorted("/" + text.partition("://")[2].partition("/")[2] for text in read_sheet(Path(str(path)).read_bytes()))


def test_a_tag_is_replaced_by_the_next_number(shop: SecretShop, registry: RunningRegistry) -> None:
    serial, other = shop.serials
    shop.done("tag", "print")
    made = shop.done("tag", "replace", serial, "--reason", "lost", "--layout", "roll-60x40")
    assert sheet(made["file"]) == [tag_url("", serial, 2)]
    assert advisories(registry, serial) == ["tag-voided"]
    assert advisories(registry, serial, 2) == []
    assert states(shop) == {(str(serial), 1): "replaced", (str(serial), 2): "printed", (str(other), 1): "printed"}
    assert sheet(shop.done("tag", "print")["file"]) == sorted([tag_url("", serial, 2), tag_url("", other)])
    for command in ("hangtag", "boxcard"):
        assert sheet(shop.done("tag", command, serial)["file"]) == [tag_url("", serial, 2)]
    framed = Path(str(shop.done("tag", "certificate", serial)["folder"])) / f"{serial}.pdf"
    assert sheet(framed) == [tag_url("", serial, 2)]
    saved = httpx.get(f"{registry.base_url}/api/v1/pieces/{serial.compact}/certificate.pdf", timeout=60).content
    assert [text.partition("/P/")[2] for text in read_sheet(saved)] == [f"{serial.compact}/2"]
    shop.done("tag", "void", serial)
    assert sheet(shop.done("tag", "print")["file"]) == [tag_url("", other)]
    for command in ("print", "certificate", "hangtag", "boxcard"):
        assert shop.run("tag", command, serial)[1]["error"] == "tag-void"
    assert sheet(shop.done("tag", "replace", serial, other)["file"]) == sorted(
        [tag_url("", serial, 3), tag_url("", other, 2)]
    )


@pytest.mark.parametrize("moment", ["before", "after", "job", "printed", "counted"])
def test_a_replacement_that_was_broken_off_takes_the_same_number(
    shop: SecretShop, registry: RunningRegistry, moment: str
) -> None:
    serial = shop.serials[0]
    shop.done("tag", "print")
    killed(shop, moment, "tag", "replace", serial)
    made = shop.done("tag", "replace", serial)
    assert sheet(made["file"]) == [tag_url("", serial, 2)]
    assert advisories(registry, serial) == ["tag-voided"]
    assert states(shop)[str(serial), 2] == "printed"
    assert sheet(shop.done("tag", "replace", serial)["file"]) == [tag_url("", serial, 3)]


def test_a_job_that_was_broken_off_goes_on(shop: SecretShop) -> None:
    killed(shop, "counted", "tag", "print", "--layout", "roll-60x40", "--pages", "1")
    (job,) = shop.done("tag", "jobs")
    assert (job["state"], job["done"], job["tags"], job["files"]) == ("unfinished", 0, 2, [])
    code, data, talk = shop.run("tag", "print", "--layout", "roll-60x40", "--pages", "1")
    assert (code, data["tags"], data["job"]) == (0, 2, job["job"])
    assert f"Going on with job {job['job']}" in talk
    assert [sheet(path) for path in data["files"]] == [[tag_url("", serial)] for serial in shop.serials]
    assert [Path(path).name for path in data["files"]] == ["tags-01.pdf", "tags-02.pdf"]
    assert shop.run("tag", "print", "--resume")[1]["error"] == "no-unfinished-job"
    killed(shop, "counted", "tag", "print")
    assert shop.done("tag", "print", "--resume")["tags"] == 2
    killed(shop, "counted", "tag", "print")
    again = shop.done("tag", "print", "--anew")
    assert [job["state"] for job in shop.done("tag", "jobs")] == ["finished", "finished", "dropped", "finished"]
    assert again["job"] == 4
    assert main.run([*shop.options, "tag", "print", "--resume", "--start", "2"]) == 2


def test_a_voided_tag_is_printed_by_no_job_of_before(shop: SecretShop) -> None:
    serial, other = shop.serials
    killed(shop, "printed", "tag", "print")
    shop.done("tag", "void", serial)
    code, made, talk = shop.run("tag", "print", "--resume")
    assert (code, made["tags"], sheet(made["file"])) == (0, 1, [tag_url("", other)]), talk
    assert "1 piece is left out" in talk
    told = shop.done("tag", "spoiled", made["job"], "1.2")  # Its place stayed what it was.
    assert told["spoiled"][0]["serial"] == str(other)
    shop.done("tag", "void", other)
    assert shop.done("tag", "print", "--spoiled", made["job"])["tags"] == 0
    assert states(shop) == {(str(serial), 1): "voided", (str(other), 1): "voided"}


def test_a_piece_that_is_named_twice_is_printed_once(shop: SecretShop, tmp_path: Path) -> None:
    serial = shop.serials[0]
    spelled = serial.compact.lower().replace("0", "o")
    for form, count in (("png", 1), ("pdf", 1), ("tspl", 1)):
        paper = ("--layout", "roll-60x40") if form == "tspl" else ()
        code, told, talk = shop.run("tag", "print", serial, spelled, "--format", form, "-o", tmp_path / form, *paper)
        assert (code, told["tags"]) == (0, count)
        assert f"taken once: {serial}." in talk
        assert shop.done("tag", "jobs")[-1]["tags"] == count
    assert [path.name for path in (tmp_path / "png").iterdir()] == [f"{serial}.png"]
    for command, member in (("hangtag", "cards"), ("boxcard", "cards"), ("certificate", "certificates")):
        assert shop.done("tag", command, serial, serial)[member] == 1
    assert shop.done("tag", "link", serial, f"{serial}/1", "--for", "Tea shop")["tags"] == 1
    assert shop.done("tag", "secret", serial, serial)["codes"] == 1


def test_the_form_follows_the_file_and_one_picture_holds_one_tag(shop: SecretShop, tmp_path: Path) -> None:
    first = shop.serials[0]
    picture = tmp_path / "cup.png"
    told = shop.done("tag", "print", first, "-o", picture)
    assert told["file"] == str(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    code, told, talk = shop.run("tag", "print", "-o", tmp_path / "cups.svg")
    assert (code, told["error"]) == (5, "one-picture-a-tag")
    assert "--format svg --out cups" in talk
    assert shop.run("tag", "replace", *shop.serials, "-o", tmp_path / "cups.svg")[1]["error"] == "one-picture-a-tag"
    assert shop.done("tag", "list", first)[0]["state"] == "printed"  # Nothing was voided.
    job = shop.done("tag", "print", "-o", tmp_path / "tags.zpl", "--layout", "ROLL 60x40")["job"]
    assert (tmp_path / "tags.zpl").read_bytes().startswith(b"^XA")
    shop.done("tag", "spoiled", job, "1")
    assert shop.done("tag", "print", "--spoiled", job)["file"].endswith(f"spoiled-{job}.zpl")
    assert main.run([*shop.options, "tag", "print", "--spoiled", str(job), "--cut-marks"]) == 2


def test_what_is_not_on_the_ledger_is_told_the_next_step(shop: SecretShop) -> None:
    entered = shop.done("piece", "add", "--title", "A new cup")["serial"]
    commands = ("print", "certificate", "hangtag", "boxcard", "secret", "link")

    def refused(command: str, serial: object) -> tuple[str, str]:
        _code, told, talk = shop.run("tag", command, serial, *(("--for", "Tea shop") if command == "link" else ()))
        return told["error"], talk

    for command in commands:
        error, talk = refused(command, entered)
        assert error == "not-signed", command
        assert "`kilnmark sign`" in talk
        assert refused(command, Serial.random())[0] == "unknown-piece"
    shop.done("sign")
    for command in commands:
        error, talk = refused(command, entered)
        assert error == "not-anchored", command
        assert "`kilnmark submit --wait`" in talk


def test_a_file_in_the_way_of_a_folder_is_named(shop: SecretShop, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("mine")
    for form, out in (("png", blocked), ("svg", blocked / "deeper"), ("pdf", blocked / "tags.pdf")):
        code, told, _ = shop.run("tag", "print", "--format", form, "-o", out)
        assert (code, told["error"]) == (5, "not-a-folder")
    assert blocked.read_text() == "mine"


def test_spoiled_labels_are_printed_once_more(shop: SecretShop) -> None:
    serials = shop.serials
    job = shop.done("tag", "print", "--start", "5", "--layout", "L7163")["job"]
    told = shop.done("tag", "spoiled", job, "1.6")
    assert told["spoiled"] == [{"label": "1.6", "serial": str(serials[1]), "number": 1}]
    assert states(shop) == {(str(serials[0]), 1): "printed", (str(serials[1]), 1): "spoiled"}
    assert shop.run("tag", "applied", serials[1])[1]["error"] == "tag-unusable"
    assert shop.run("tag", "spoiled", job, "1.4")[1]["error"] == "no-such-label"
    made = shop.done("tag", "print", "--spoiled", job, "--start", "7")
    assert (sheet(made["file"]), Path(made["file"]).name) == ([tag_url("", serials[1])], f"spoiled-{job}.pdf")
    first, second = shop.done("tag", "jobs")
    assert (first["spoiled"], first["reprinted"], second["source"], second["layout"]) == (1, 1, job, "L7163")
    assert shop.done("tag", "print", "--spoiled", job)["tags"] == 0
    assert len(shop.done("tag", "applied", "--job", made["job"])["applied"]) == 1
    assert states(shop)[str(serials[1]), 1] == "applied"
