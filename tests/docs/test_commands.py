"""What the pages tell people to type is typed, against a running registry behind a proxy, and answers as they say."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl.workbook.workbook import Workbook

from provenance.bundle import Bundle
from provenance.printing.readback import read_sheet
from provenance_cli import main
from provenance_cli.files import write_file
from provenance_cli.workshop import Workshop
from tests.docs.pages import ROOT, SERIAL, Block, Command, blocks, blocks_of, pages, read, section
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry

HOST = "registry.example"
PAGES = (("README.md", "en"), ("docs/tutorial.md", "en"), ("docs/tutorial.zh-Hans.md", "zh-Hans"))

_SERIAL = r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}-[0-9A-HJKMNP-TV-Z]"
_WORDS = r"[a-z]+(?:  [a-z]+){5}|[\u4e00-\u9fff](?:  [\u4e00-\u9fff]){5}"
_VARIABLE = re.compile(rf"({SERIAL})|({_WORDS})|(…)")


@dataclass
class Guild:
    """A registry that is reached by its public name only, as through a proxy that ends TLS."""

    registry: RunningRegistry
    key_file: Path
    policy_file: Path
    folder: Path

    def run(self, *arguments: object, lang: str = "en", tolerate: bool = False) -> tuple[int, str, str]:
        """Run one command line in this process; return its exit code, data and conversation."""
        words = [str(argument) for argument in arguments]
        given = ["-y"] if "--lang" in words else ["-y", "--lang", lang]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main.run([*given, *words])
        assert code == 0 or tolerate, f"{words}: {code}\n{out.getvalue()}{err.getvalue()}"
        return code, out.getvalue(), err.getvalue()

    def accredit(self, application: Path) -> None:
        key, policy = ("--key-file", self.key_file), ("--policy", self.policy_file)
        self.run("studio", "accredit", application, *key, *policy)

    def shop(self, slug: str) -> Path:
        """Make an accredited studio with one anchored piece; return its workshop folder."""
        folder = self.folder / slug
        self.run("init", folder, "--registry", f"https://{HOST}", "--name", "Sample Studio", "--slug", slug)
        self.run("-C", folder, "studio", "apply")
        self.accredit(folder / "application.json")
        self.run("-C", folder, "piece", "add", "--title", "Meiping vase", "--height", "312")
        self.run("-C", folder, "sign")
        self.run("-C", folder, "submit", "--wait")
        self.run("-C", folder, "ledger", "pin", f"https://{HOST}")
        return folder


@pytest.fixture(scope="module")
def guild(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guild]:
    folder = tmp_path_factory.mktemp("guild")
    registry = RunningRegistry(folder / "data", KILNMARK_BASE_URL=f"https://{HOST}")
    registry.start()
    (folder / "passphrase").write_text("four words of mine\n", "utf-8")
    send = httpx.HTTPTransport.handle_request

    def through_the_proxy(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if request.url.host == HOST:
            request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=registry.port)
        return send(transport, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx.HTTPTransport.handle_request", through_the_proxy)
        # The name on the pages stands for one that buyers reach.
        patch.setattr("provenance.tag.is_public_host", lambda base_url: base_url == f"https://{HOST}")
        patch.setenv("KILNMARK_PASSPHRASE_FILE", str(folder / "passphrase"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        write_file(folder / "steward.key", bytes(registry.steward._account.key).hex().encode() + b"\n")
        write_file(folder / "policy.json", registry.policy.to_bytes() + b"\n")
        yield Guild(registry, folder / "steward.key", folder / "policy.json", folder)
    assert registry.stop() == 0, registry.log
    assert "Traceback" not in registry.log


def matches(said: str, line: str) -> bool:
    """Tell whether a line of a page is a line of output, where serials, words and … stand for any."""
    pattern, at = "", 0
    for variable in _VARIABLE.finditer(said):
        pattern += re.escape(said[at : variable.start()])
        pattern += _SERIAL if variable[1] else r"\S+(?:  \S+){5}" if variable[2] else ".*"
        at = variable.end()
    return re.fullmatch(pattern + re.escape(said[at:]), line) is not None


def check_answer(command: Command, output: str, where: str) -> None:
    lines = [line.strip() for line in output.splitlines()]
    for said in command.answer:
        assert any(matches(said, line) for line in lines), f"{where} says {said!r}, but there came\n{output}"


def lay_out(block: Block) -> None:
    """Write a spreadsheet that a page shows, and the photos that it names."""
    name = block.info
    Path(name).write_text(block.text, "utf-8")
    for row in list(csv.reader(io.StringIO(block.text)))[1:]:
        for photo in row[-1].split(";"):
            if photo.endswith(".jpg"):
                Path(photo).write_bytes(photo_bytes())


def lay_out_workbook(name: str) -> None:
    make: Any = Workbook  # Its types are unfinished.
    book = make()
    sheet = book.active
    sheet.append(["number", "title", "height (cm)"])
    sheet.append(["2026-11-01", "Meiping vase", 31.2])
    book.save(name)


def follow(guild: Guild, name: str, lang: str, patch: pytest.MonkeyPatch) -> int:
    """Do what a page says, from its first line to its last, in the current folder; return how many commands ran."""
    count, guild_side = 0, set[Path]()
    for block in blocks(ROOT / name):
        if block.language == "csv":
            lay_out(block)
        if block.language != "console" or "not-run" in block.info:
            continue
        for command in block.commands:
            words = list(command.words)
            where = f"{name}:{command.line}"
            if words[0] == "cd":
                patch.chdir(words[1])
            if words[0] != "kilnmark":
                continue
            if SERIAL in words:
                first = Workshop.open(Path.cwd()).store.pieces()[0].serial
                words = [str(first) if word == SERIAL else word for word in words]
            for word in words:
                if word.endswith(".xlsx"):
                    lay_out_workbook(word)
            _, data, talk = guild.run(*words[1:], lang=lang)
            check_answer(command, data + talk, where)
            application = Path.cwd() / "application.json"
            if application.exists() and application not in guild_side:
                guild_side.add(application)
                guild.accredit(application)
            count += 1
    return count


@pytest.mark.parametrize(("name", "lang"), PAGES, ids=[name for name, _ in PAGES])
def test_an_artisan_can_follow_the_page(
    guild: Guild, name: str, lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert follow(guild, name, lang, monkeypatch) >= 8
    assert (Path.cwd() / "out" / "tags.pdf").read_bytes().startswith(b"%PDF")
    if name == "docs/tutorial.md":
        assert follow(guild, "docs/printing.md", lang, monkeypatch) >= 5
        assert [path.suffix for path in Path("out/png").iterdir()] == [".png"] * 3


def test_the_tutorials_show_the_same_way() -> None:
    def verbs(name: str) -> list[tuple[str, ...]]:
        found = [command for block in blocks_of(name, "console") for command in block.commands]
        plain = [[word for word in command.words if word not in ("--lang", "zh-Hans", "en")] for command in found]
        return [tuple(words[:3]) for words in plain if words[0] == "kilnmark" and words[1] != "piece"]

    assert verbs("docs/tutorial.md") == verbs("docs/tutorial.zh-Hans.md")


def test_a_steward_can_follow_the_page(guild: Guild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = tmp_path / "shop"
    guild.run("init", shop, "--registry", f"https://{HOST}", "--name", "Sample Studio", "--slug", "steward-page")
    guild.run("-C", shop, "studio", "apply")
    monkeypatch.chdir(tmp_path)
    seen = []
    for block in blocks_of("docs/registry.md", "console"):
        for command in block.commands:
            if command.words[0] != "kilnmark" or "not-run" in block.info:
                continue
            if command.words[1:3] == ("studio", "accredit"):
                # The key that the page made is of a guild of its own: take that of the one that runs.
                write_file(tmp_path / "steward.key", guild.key_file.read_bytes())
                write_file(tmp_path / "application.json", (shop / "application.json").read_bytes())
            _, data, talk = guild.run(*command.words[1:])
            check_answer(command, data + talk, f"docs/registry.md:{command.line}")
            seen.append(command.words[1:3])
    assert ("studio", "accredit") in seen
    assert len(seen) >= 6


SNIPPETS = [block for page in pages() for block in blocks(page) if block.language == "python"]


@pytest.mark.parametrize("block", SNIPPETS, ids=lambda block: f"{block.page.name}-{block.line}")
def test_python_on_the_pages_runs(
    guild: Guild, block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = guild.shop(f"snippet-{block.page.stem}")
    serial = Workshop.open(shop).store.pieces()[0].serial
    guild.run("-C", shop, "bundle", serial, "-o", tmp_path / "bundle.json")
    for name, source in (("application.json", shop), ("policy.json", shop), ("steward.key", guild.folder)):
        write_file(tmp_path / name, (source / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(block.text, f"{block.page.name}:{block.line}", "exec"), {"__name__": "snippet"})
    if "CardSigner" in block.text:
        assert capsys.readouterr().out.startswith("zDn")
    elif "bundle.json" in block.text:
        receipt = Bundle.from_bytes((tmp_path / "bundle.json").read_bytes()).receipts[0]
        assert f"token {receipt.token_id} " in capsys.readouterr().out
        bundle = json.loads((tmp_path / "bundle.json").read_bytes())
        bundle["certificate"]["credentialSubject"]["title"]["en"] = "Another vase"
        (tmp_path / "bundle.json").write_text(json.dumps(bundle), "utf-8")
        with pytest.raises(Exception, match=r"^$"):
            exec(block.text, {"__name__": "snippet"})
    else:
        _wait(lambda: "suspended" in guild.run("-C", shop, "studio", "show")[1])


def test_python_is_on_the_pages_that_promise_it() -> None:
    assert {block.page.name for block in SNIPPETS} == {"certificate-format.md", "keys.md", "registry.md"}


def test_json_has_the_members_that_the_reference_shows(guild: Guild, tmp_path: Path) -> None:
    def shown(name: str, place: int = 0) -> dict[str, Any]:
        text = section(read("docs/reference.md"), f"#### `kilnmark {name}")
        members: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[place])
        return members

    def check(name: str, *arguments: object, place: int = 0, tolerate: bool = False) -> dict[str, Any]:
        _, data, _ = guild.run("--json", *arguments, tolerate=tolerate)
        said: dict[str, Any] = json.loads(data)
        assert said.keys() == shown(name, place).keys(), name
        return said

    shop = tmp_path / "shop"
    identity = ("--registry", f"https://{HOST}", "--name", "Sample Studio", "--slug", "json")
    check("init", "init", shop, *identity)
    at = ("-C", shop)
    phrase = check("key phrase", *at, "key", "phrase")["phrase"]
    check("studio apply", *at, "studio", "apply")
    key = ("--key-file", guild.key_file, "--policy", guild.policy_file)
    check("studio accredit", "studio", "accredit", shop / "application.json", *key)
    (tmp_path / "firing.csv").write_text("title,height\nCup,52\n,3\n", "utf-8")
    outcome = check("piece import", *at, "piece", "import", tmp_path / "firing.csv", tolerate=True)
    assert outcome["faults"][0].keys() == shown("piece import")["faults"][0].keys()
    check("sign", *at, "sign")
    check("submit", *at, "submit", "--wait")
    check("studio show", *at, "studio", "show")
    check("ledger pin", *at, "ledger", "pin", f"https://{HOST}")
    check("ledger status", *at, "ledger", "status")
    check("ledger key new", "ledger", "key", "new", tmp_path / "new.key")
    check("tag print", *at, "tag", "print")
    check("tag print", *at, "tag", "print", "--format", "png", "--out", tmp_path / "png", place=1)
    check("tag print", *at, "tag", "print", "--format", "tspl", "--layout", "roll-50x30")
    check("tag calibrate", "tag", "calibrate", "--out", tmp_path / "calibration.pdf")
    check("tag certificate", *at, "tag", "certificate")
    check("tag hangtag", *at, "tag", "hangtag")
    check("tag boxcard", *at, "tag", "boxcard", "--size", "85x55")
    check("tag poster", *at, "tag", "poster")
    check("tag link", *at, "tag", "link", "--for", "Tea shop", "--days", "3")
    links = check("tag link", *at, "tag", "link", "--list", place=1)["links"]
    assert links[0].keys() == shown("tag link", 1)["links"][0].keys()
    check("tag secret", *at, "tag", "secret")
    check("tag secret", *at, "tag", "secret", "--out", tmp_path / "none.pdf")  # There is nothing left to print.
    check("tag release", *at, "tag", "release")
    (tmp_path / "code").write_text(read_sheet((shop / "out" / "seals.pdf").read_bytes())[0], "utf-8")
    check("claim", *at, "claim", "--check", "--code-file", tmp_path / "code")
    serial = Workshop.open(shop).store.pieces()[0].serial
    again = check("tag replace", *at, "tag", "replace", serial)
    check("tag spoiled", *at, "tag", "spoiled", again["job"], "1.1")
    check("tag print", *at, "tag", "print", "--spoiled", again["job"])
    check("tag applied", *at, "tag", "applied", serial)
    check("tag void", *at, "tag", "void", serial)
    check("verify", *at, "verify", serial)
    check("bundle", *at, "bundle", serial)
    check("bundle", *at, "bundle", "--all", place=1)
    check("revoke", *at, "revoke", serial, "--hold")
    check("key show", *at, "key", "show")
    examined = check("doctor", *at, "doctor")
    assert examined["examinations"][0].keys() == shown("doctor")["examinations"][0].keys()
    (tmp_path / "phrase").write_text(phrase, "utf-8")
    check("key restore", "key", "restore", tmp_path / "again", *identity, "--phrase-file", tmp_path / "phrase")
    check("piece fetch", "-C", tmp_path / "again", "piece", "fetch")
    check("key rotate", "-C", tmp_path / "again", "key", "rotate")
    check("key renew", "-C", tmp_path / "again", "key", "renew")
    (tmp_path / "new").write_text("another passphrase\n", "utf-8")
    check("key passphrase", *at, "key", "passphrase", "--new-passphrase-file", tmp_path / "new")


def test_a_forgotten_passphrase_costs_no_piece(guild: Guild, tmp_path: Path) -> None:
    """As the tutorials say: the keystore out of the way, the phrase, a new passphrase."""
    shop = tmp_path / "shop"
    identity = ("--registry", f"https://{HOST}", "--name", "Sample Studio", "--slug", "forgotten")
    guild.run("init", shop, *identity)
    phrase = json.loads(guild.run("--json", "-C", shop, "key", "phrase")[1])["phrase"]
    guild.run("-C", shop, "piece", "add", "--title", "Cup")
    (tmp_path / "phrase").write_text(phrase, "utf-8")
    (shop / "keystore.json").rename(tmp_path / "old.json")
    guild.run("key", "restore", shop, "--phrase-file", tmp_path / "phrase")
    guild.run("-C", shop, "sign")
    assert len(json.loads(guild.run("--json", "-C", shop, "piece", "list")[1])) == 1


def _wait(good: Callable[[], bool]) -> None:
    import time

    deadline = time.monotonic() + 60
    while not good():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)
