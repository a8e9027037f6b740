"""``kilnmark reports``: a studio's inbox and a steward's, and what no report does to a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from provenance.serial import Serial
from provenance_cli import main
from provenance_cli.client import RegistryClient
from provenance_cli.columns import width
from tests.support.registries import RunningRegistry
from tests.support.secret_shops import SecretShop

HOSTILE = "line one\r\n\x1b[2J\x1b]8;;http://x\x07\u202eevil\x9b31m\nREPORT 1 is closed. " + "长" * 60


def report(registry: RunningRegistry, serial: Serial, text: str, tag: int = 1) -> None:
    form = {"reason": "copy", "text": text, "contact": "微信 tea\x1b[1m", "tag": str(tag)}
    own = {"x-forwarded-for": "203.0.113.94"}  # A registry counts what each address sends.
    at = f"{registry.base_url}/P/{serial.compact}/report"
    answer = httpx.post(at, data=form, headers=own, timeout=60, trust_env=False)
    assert answer.status_code == 303


def spoken(
    shop: SecretShop, capsys: pytest.CaptureFixture[str], *arguments: str, lang: str = "en"
) -> tuple[int, str, str]:
    """Run a command as a person does; return its exit code, and what it writes and says."""
    capsys.readouterr()
    options = [option for option in shop.options if option != "--json"]
    options[options.index("--lang") + 1] = lang
    code = main.run([*options, *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_studio_reads_closes_doubts_and_trusts(
    shop: SecretShop, registry: RunningRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = shop.serials
    for number in range(3):
        report(registry, first, f"{number} {HOSTILE}", 2)
    report(registry, second, "")
    told = shop.done("reports")
    assert [item["serial"] for item in told["reports"]] == [second.compact, *[first.compact] * 3]
    assert told["doubts"] == []
    newest, *_rest, oldest = (str(item["report"]) for item in told["reports"])

    page = shop.done("reports", "--limit", "3")
    assert [str(item["report"]) for item in shop.done("reports", "--before", page["following"])["reports"]] == [oldest]
    code, out, err = spoken(shop, capsys, "reports", "--limit", "3", lang="zh-Hans")
    assert (code, len(out.splitlines())) == (0, 3)
    assert all(width(line) <= 80 for line in out.splitlines())
    assert "标签像是复制的" in out
    assert f"kilnmark reports --before {page['following']}" in err

    code, out, err = spoken(shop, capsys, "reports", "show", oldest)
    assert code == 0
    assert all(width(line) <= 80 for line in out.splitlines())
    assert not [c for c in out + err if not c.isprintable() and c != "\n"]
    assert not [line for line in out.splitlines() if line.startswith("REPORT")]
    assert "[2J]8;;http://xevil31m" in out
    assert "微信 tea[1m" in out
    shown = json.dumps(shop.done("reports", "show", oldest), ensure_ascii=False)
    assert shown.isprintable()

    assert shop.done("reports", "close", oldest, "--note", "the buyer\nsent photos")["closed"]["studio"]["note"] == (
        "the buyer sent photos"
    )
    code, _, talk = shop.run("reports", "close", oldest, "--note", "again")
    assert (code, "was closed before, and keeps its note" in talk) == (0, True)
    assert oldest not in [str(item["report"]) for item in shop.done("reports", "--open")["reports"]]
    (closed,) = [item for item in shop.done("reports", "--all")["reports"] if str(item["report"]) == oldest]
    assert closed["closed"]["studio"]["note"] == "the buyer sent photos"

    doubt = shop.done("reports", "doubt", oldest)
    assert (doubt["serial"], doubt["tag"], doubt["changed"]) == (first.compact, 2, 1)
    page_of = httpx.get(
        f"{registry.base_url}/P/{first.compact}/2", headers={"accept": "text/html"}, timeout=60, trust_env=False
    )
    assert "Possible copy" in page_of.text
    code, _out, err = spoken(shop, capsys, "reports", "--all")
    assert f"{first}/2: the studio says since {datetime.now(UTC).date()} that there may be copies." in " ".join(
        err.split()
    )
    assert shop.done("reports", "trust", str(first))["doubts"] == []
    code, _, talk = shop.run("reports", "trust", newest)
    assert "There was no doubt" in talk
    assert shop.done("reports", "doubt", f"{second}/3", "--every-tag")["tag"] == 0


def test_a_steward_reads_all_by_their_key_file(shop: SecretShop, registry: RunningRegistry) -> None:
    first, _second = shop.serials
    report(registry, first, "to both")
    steward = ("--key-file", shop.folder / "steward.key")
    mine = [item for item in shop.done("reports", *steward)["reports"] if item["serial"] == first.compact]
    number = mine[0]["report"]
    assert mine[0]["studio"] == "Sample Studio"
    closed = shop.done("reports", "close", number, "--note", "seen", *steward, "--registry", registry.base_url)
    assert closed["closed"].keys() == {"steward"}
    assert [item["report"] for item in shop.done("reports")["reports"]] == [number]
    assert shop.done("reports", "doubt", first, *steward)["changed"] == 1
    code, _, talk = shop.run("reports", "trust", first)
    assert (code, "the steward says since" in talk) == (0, True)
    assert shop.done("reports", "trust", first, *steward)["changed"] == 1


REFUSED = (
    (("show", "999999999"), "There is no report of this number for you."),
    (("show", "x"), "'x'"),
    (("close", "1", "--note", "x" * 501), "no order about reports"),
    (("doubt", "nonsense"), "serial"),
    (("doubt", "0000-0000-0000-0"), "No certificate has this number."),
    (("list", "--registry", "https://x.example"), "--registry goes with --key-file"),
    (("--limit", "101"), "101"),
    (("nonsense",), "nonsense"),
)


def test_what_cannot_be_is_said_and_a_registry_that_answers_anything_is_none(
    shop: SecretShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments, words in REFUSED:
        code, _, talk = shop.run("reports", *arguments)
        assert (code != 0, words in talk) == (True, True), talk
    good: dict[str, Any] = {
        "report": 1, "serial": "0" * 13, "tag": 1, "studio": "s", "reason": "new-one\x1b[m", "text": "t", "contact": "",
        "language": "en", "received": "2026-11-27T00:00:00Z", "more": 0, "closed": {},
    }  # fmt: skip

    def answering(answer: object) -> tuple[int, str]:
        monkeypatch.setattr(RegistryClient, "hand_in", lambda *_: answer)
        code, _, talk = shop.run("reports")
        return code, talk

    assert answering({"reports": [good], "following": None, "doubts": []})[0] == 0
    for bad in (
        {}, {"reports": [good]}, {"reports": [1], "doubts": []}, {"reports": [good], "following": "1", "doubts": []},
        {"reports": [good], "doubts": [{}]}, {"reports": [{**good, "report": True}], "doubts": []},
        {"reports": [{**good, "text": "x" * 1_001}], "doubts": []},
        {"reports": [{**good, "text": None}], "doubts": []}, {"reports": [{**good, "received": "x"}], "doubts": []},
        {"reports": [{**good, "closed": {"studio": 1}}], "doubts": []},
        {"reports": [{**good, "tag": 2.5}], "doubts": []},
    ):  # fmt: skip
        code, talk = answering(bad)
        assert (code, "does not answer as a registry does" in talk) == (3, True), bad


def test_its_commands_are_completed() -> None:
    words = {"COMP_WORDS": "kilnmark reports ", "COMP_CWORD": "2", "_KILNMARK_COMPLETE": "bash_complete"}
    script = "from provenance_cli.main import cli; cli(prog_name='kilnmark')"
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, **words}, capture_output=True, timeout=120)
    assert {line.partition(",")[2] for line in done.stdout.decode().splitlines()} == {
        "list", "show", "close", "doubt", "trust",
    }  # fmt: skip
