"""The keys survive: lost folders, wrong names, exchanged keys, leaked phrases; and no secret goes where it must not."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import click
import pytest

from provenance import keystore
from provenance.application import Application
from provenance.encoding import Address, Root, to_base58
from provenance.errors import ConfigurationError, LedgerError, VerificationError
from provenance.evm.accounts import Account, account_of, recover_binding
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.keys import PublicKey
from provenance.keystore import Keystore
from provenance.ledger import (
    AccreditCall,
    Allotment,
    AnchorCall,
    LedgerCall,
    ProposeControllerCall,
    RelayStatusCall,
    ShortenKeyCall,
    make_token_id,
)
from provenance.phrase import Phrase, certificate_signer
from provenance.status import Status, StatusOrder
from provenance_cli import main
from provenance_cli.client import RegistryClient
from provenance_cli.commands.revoke import order_status
from provenance_cli.commands.studio import read_application
from provenance_cli.files import write_file
from provenance_cli.workshop import Workshop
from tests.support.photos import photo_bytes
from tests.support.registries import ROOT, RunningRegistry

PASSPHRASE, OTHER_PASSPHRASE = "correct horse battery", "staple under the kiln"


class Desk:
    """An artisan's computer: runs commands in this process, and remembers all that they said."""

    def __init__(self, folder: Path, registry: RunningRegistry, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self.registry, self._capture = folder, registry, capture
        self.said: list[str] = []
        self.steward_key, self.policy = folder / "steward.key", folder / "policy.json"
        write_file(self.steward_key, bytes(registry.steward._account.key).hex().encode())
        write_file(self.policy, registry.policy.to_bytes())
        (folder / "passphrase").write_text(PASSPHRASE + "\n", "utf-8")

    def run(self, *arguments: object, code: int = 0, yes: bool = True) -> Any:
        self._capture.readouterr()
        options = [
            "--lang",
            "en",
            "--json",
            "--passphrase-file",
            str(self.folder / "passphrase"),
            *(["-y"] if yes else []),
        ]
        ended = main.run([*options, *map(str, arguments)])
        data, talk = self._capture.readouterr()
        self.said += [data, talk]
        self.talk = talk
        assert ended == code, talk
        return json.loads(data) if data else None

    def make(self, name: str, slug: str) -> Path:
        shop = self.folder / name
        self.run("init", shop, "--registry", self.registry.base_url, "--name", "示例工作室", "--slug", slug)
        return shop

    def phrase_file(self, shop: Path) -> Path:
        path = self.folder / f"{shop.name}.phrase"
        self._capture.readouterr()
        options = ["--json", "--passphrase-file", str(self.folder / "passphrase")]
        assert main.run([*options, "-C", str(shop), "key", "phrase"]) == 0
        path.write_text(json.loads(self._capture.readouterr().out)["phrase"], "utf-8")
        return path

    def accredit(self, shop: Path) -> None:
        self.run("-C", shop, "studio", "apply")
        key = ("--key-file", self.steward_key, "--policy", self.policy)
        self.run("studio", "accredit", shop / "application.json", *key)

    def certify(self, shop: Path, *titles: str) -> dict[str, Any]:
        for title in titles:
            self.run("-C", shop, "piece", "add", "--title", title, "--height", "52")
        self.run("-C", shop, "sign")
        states: dict[str, Any] = self.run("-C", shop, "submit", "--wait")["states"]
        return states

    def serials(self, shop: Path) -> dict[str, str]:
        listed = self.run("-C", shop, "piece", "list")
        return {next(iter(piece["title"].values())): piece["serial"] for piece in listed}

    def outcome(self, serial: str) -> str:
        said = self.registry.client.verdict(_serial(serial))
        return str(said["outcome"])


def _serial(text: str) -> Any:
    from provenance.serial import Serial

    return Serial.parse(text)


@pytest.fixture
def desk(
    tmp_path: Path, registry: RunningRegistry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.setattr("provenance.keystore.SCRYPT_COST", keystore.MIN_SCRYPT_COST)  # Keystores are opened often.
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("KILNMARK_PASSPHRASE_FILE", raising=False)
    return Desk(tmp_path, registry, capsys)


def test_a_deleted_workshop_comes_back_from_the_phrase_and_certifies_on(desk: Desk) -> None:
    """The drill: folder deleted, keys from the phrase, pieces from the registry, a new piece certified."""
    shop = desk.make("drill", "drill")
    desk.accredit(shop)
    photo = desk.folder / "vase.jpg"
    photo.write_bytes(photo_bytes())
    desk.run("-C", shop, "piece", "add", "--title", "梅瓶", "--photo", photo)
    assert desk.certify(shop, "斗笠盏") == {"anchored": 2}
    before, phrase = desk.serials(shop), desk.phrase_file(shop)
    keys = desk.run("-C", shop, "key", "show")
    photos = {path.name: path.read_bytes() for path in (shop / "photos").iterdir()}
    shutil.rmtree(shop)

    restored = desk.run("key", "restore", shop, "--registry", desk.registry.base_url, "--phrase-file", phrase)
    assert {name: restored[name] for name in ("publicKey", "keyNumber", "account", "studio")} == {
        name: keys[name] for name in ("publicKey", "keyNumber", "account", "studio")
    }
    assert restored["did"].endswith(":studios:drill")  # Neither name nor short name had to be given.
    assert Workshop.open(shop).issuer.name == "示例工作室"
    assert desk.run("-C", shop, "piece", "fetch") == {"pieces": 2, "photos": 1, "files": 0}
    assert desk.run("-C", shop, "piece", "fetch") == {"pieces": 0, "photos": 0, "files": 0}
    assert desk.serials(shop) == before
    assert {path.name: path.read_bytes() for path in (shop / "photos").iterdir()} == photos

    assert desk.certify(shop, "小杯") == {"anchored": 3}
    after = desk.serials(shop)
    assert after.keys() == {*before, "小杯"}
    assert [desk.outcome(serial) for serial in after.values()] == ["AUTHENTIC"] * 3
    desk.run("-C", shop, "ledger", "pin", desk.registry.base_url)
    assert desk.run("-C", shop, "revoke", before["梅瓶"])["state"] == "final"
    assert desk.run("-C", shop, "bundle", "--all") is not None
    assert desk.run("-C", shop, "doctor")


def test_an_ended_key_is_told_wherever_it_is_used(desk: Desk) -> None:
    shop = desk.make("ended", "ended")
    desk.accredit(shop)
    desk.run("-C", shop, "studio", "show")
    assert "has ended" not in desk.talk
    keys = desk.run("-C", shop, "key", "show")
    end = desk.registry.ledger().head().time
    key_id = PublicKey.parse(keys["publicKey"]).key_id
    desk.registry.steward_does(ShortenKeyCall(Address.parse(keys["account"]), key_id, end))
    told = f"has ended this workshop's certificate key at {end:%Y-%m-%d %H:%M:%S} UTC"
    wait_for(lambda: desk.registry.client.studio(Address.parse(keys["account"]))["keys"][0]["end"] is not None)
    desk.run("-C", shop, "studio", "show")
    assert told in desk.talk
    assert "kilnmark key rotate" in desk.talk
    said = desk.run("-C", shop, "doctor", code=5)["examinations"][-1]
    assert told in said["text"]
    assert "kilnmark key renew" in said["remedy"]
    desk.run("-C", shop, "piece", "add", "--title", "一")
    desk.run("-C", shop, "sign")
    assert "no longer valid" not in desk.talk  # Nobody has told it yet.
    assert desk.run("-C", shop, "submit")["states"] == {"held": 1}
    assert told in desk.talk
    desk.run("-C", shop, "piece", "add", "--title", "二")
    desk.run("-C", shop, "sign")
    assert "no longer valid" in desk.talk
    desk.run("-C", shop, "key", "rotate")
    desk.run("-C", shop, "piece", "add", "--title", "三")
    desk.run("-C", shop, "sign")
    assert "no longer valid" not in desk.talk
    states = desk.run("-C", shop, "submit")["states"]
    assert told not in desk.talk
    assert "2 held certificates are of a key that was exchanged" in desk.talk
    assert "kilnmark piece unsign" in desk.talk
    assert states == {"held": 3}
    serials = desk.serials(shop)
    assert desk.run("-C", shop, "piece", "unsign", serials["三"], code=3)["error"] == "not-stuck"
    taken = desk.run("-C", shop, "piece", "unsign")["unsigned"]
    assert taken == [serials["一"], serials["二"]]
    desk.run("-C", shop, "piece", "remove", serials["二"])
    assert desk.run("-C", shop, "sign") == {"signed": 1}
    desk.run("studio", "accredit", shop / "application.json", "--key-file", desk.steward_key, "--policy", desk.policy)
    assert desk.run("-C", shop, "submit", "--wait")["states"] == {"anchored": 2}
    assert "piece unsign" not in desk.talk
    assert desk.serials(shop) == {"一": serials["一"], "三": serials["三"]}
    assert [desk.outcome(serials[title]) for title in ("一", "三")] == ["AUTHENTIC"] * 2
    assert desk.run("-C", shop, "piece", "unsign", serials["一"], code=3)["error"] == "not-stuck"
    assert desk.run("-C", shop, "piece", "unsign") == {"unsigned": []}


def wait_for(arrived: Callable[[], bool]) -> None:
    """Wait until the registry has read what is on its ledger."""
    deadline = time.monotonic() + 60
    while not arrived():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_wrong_name_is_asked_about_at_restore(desk: Desk) -> None:
    shop = desk.make("named", "named")
    desk.accredit(shop)
    phrase = desk.phrase_file(shop)
    again = desk.folder / "again"
    wrong = ("--registry", desk.registry.base_url, "--phrase-file", phrase, "--name", "示例", "--slug", "nmaed")
    desk.run("key", "restore", again, *wrong, code=5, yes=False)
    assert "accredited the studio of this phrase as 示例工作室 (named)" in desk.talk
    assert "You gave 示例 (nmaed)" in desk.talk
    assert "Take what the guild has?" in desk.talk
    assert not again.exists()
    desk.run("key", "restore", again, *wrong)
    assert Workshop.open(again).issuer == Workshop.open(shop).issuer
    assert desk.certify(again, "盏") == {"anchored": 1}

    (again / "keystore.json").rename(desk.folder / "old.json")  # A forgotten passphrase, in a folder with a wrong name.
    Workshop.open(again).named(Workshop.open(desk.make("other", "other")).issuer)
    desk.run("-C", again, "doctor", code=5)
    desk.run("key", "restore", again, "--phrase-file", phrase, code=5, yes=False)
    assert "You gave" in desk.talk
    desk.run("key", "restore", again, "--phrase-file", phrase)
    assert Workshop.open(again).issuer == Workshop.open(shop).issuer


def test_a_refusal_writes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = desk.make("refusing", "refusing")
    desk.accredit(shop)
    phrase, again = desk.phrase_file(shop), desk.folder / "again"
    monkeypatch.setattr("provenance_cli.context.App.confirm", lambda *_, **__: False)
    wrong = ("--registry", desk.registry.base_url, "--phrase-file", phrase, "--name", "示例")
    assert desk.run("key", "restore", again, *wrong, code=5)["error"] == "other-studio"
    assert not again.exists()


def test_a_restore_without_a_registry_goes_on_and_says_so(desk: Desk) -> None:
    shop = desk.make("alone", "alone")
    phrase = desk.phrase_file(shop)
    given = ("--name", "示例工作室", "--slug", "alone", "--phrase-file", phrase)
    desk.run("key", "restore", desk.folder / "a", "--registry", "http://127.0.0.1:9", *given)
    assert "was not compared" in desk.talk
    numbered = ("--key-number", 2, "--studio", "0x" + "11" * 20)
    restored = desk.run("key", "restore", desk.folder / "b", "--registry", desk.registry.base_url, *given, *numbered)
    assert "knows no studio of this phrase" in desk.talk
    assert (restored["keyNumber"], restored["studio"]) == (2, "0x" + "11" * 20)
    bad = desk.folder / "bad.phrase"
    bad.write_bytes(b"\xff\xfe abandon")
    for content in (b"\xff\xfe abandon", b"", b"abandon " * 12, b"a" * 5_000):
        bad.write_bytes(content)
        desk.run(
            "key", "restore", desk.folder / "c", "--registry", desk.registry.base_url, "--phrase-file", bad, code=5
        )
        assert "abandon" not in desk.talk
    assert not (desk.folder / "c").exists()


def test_a_rotated_key_goes_on_after_the_guild_and_is_found_at_restore(desk: Desk) -> None:
    shop = desk.make("rotating", "rotating")
    desk.accredit(shop)
    assert desk.certify(shop, "一") == {"anchored": 1}
    first = desk.run("-C", shop, "key", "show")
    rotated = desk.run("-C", shop, "key", "rotate")
    assert (rotated["oldKey"], rotated["keyNumber"], rotated["account"]) == (first["publicKey"], 2, first["account"])
    assert first["publicKey"] in desk.talk  # Which one the guild is to end.
    desk.run("-C", shop, "piece", "add", "--title", "二")
    desk.run("-C", shop, "sign")
    assert desk.run("-C", shop, "submit")["states"] == {"anchored": 1, "held": 1}
    desk.run("-C", shop, "doctor", code=5)
    assert desk.run("-C", shop, "key", "rotate")["keyNumber"] == 3  # A number may be left out.

    filed = shop / "application.json"
    desk.run("studio", "accredit", filed, "--key-file", desk.steward_key, "--policy", desk.policy)
    address = Address.parse(first["account"])
    old = PublicKey.parse(first["publicKey"]).key_id
    desk.registry.steward_does(ShortenKeyCall(address, old, desk.registry.ledger().head().time))
    phrase = desk.phrase_file(shop)
    shutil.rmtree(shop)
    restored = desk.run("key", "restore", shop, "--registry", desk.registry.base_url, "--phrase-file", phrase)
    assert restored["keyNumber"] == 3
    desk.run("-C", shop, "piece", "fetch")
    assert desk.certify(shop, "三") == {"anchored": 2}
    assert {title: desk.outcome(serial) for title, serial in desk.serials(shop).items()} == {
        "一": "AUTHENTIC", "三": "AUTHENTIC",
    }  # fmt: skip


def test_a_leaked_phrase_is_replaced_and_the_theft_dated_back(desk: Desk) -> None:
    shop = desk.make("leaking", "leaking")
    desk.accredit(shop)
    assert desk.certify(shop, "先") == {"anchored": 1}
    old, registry = desk.run("-C", shop, "key", "show"), desk.registry
    thief = desk.folder / "thief"
    shutil.copytree(shop, thief)
    theft = registry.ledger().head().time + timedelta(seconds=1)
    while registry.ledger().head().time < theft:  # The thief is quick; the chain's clock counts whole seconds.
        assert desk.certify(thief, "赃")["anchored"]

    # The copy counts in the same status list: without a new one its certificates would stand in the studio's way.
    renewed = desk.run("-C", shop, "key", "renew")
    assert (renewed["studio"], renewed["oldKey"]) == (old["account"], old["publicKey"])
    assert renewed["account"] != old["account"]
    assert old["publicKey"] in desk.talk
    assert Keystore.open(Path(renewed["kept"])).account == Address.parse(old["account"])
    filed = read_application(shop / "application.json", takeover=True)
    assert (str(filed.binding.studio), str(filed.binding.controller)) == (old["account"], renewed["account"])
    with pytest.raises(ConfigurationError, match="another account would sign"):
        read_application(shop / "application.json")

    desk.run("studio", "accredit", shop / "application.json", "--key-file", desk.steward_key, "--policy", desk.policy)
    assert f"kilnmark ledger controller {old['account']} {renewed['account']}" in desk.talk
    assert f"kilnmark ledger key compromise {old['account']}" in desk.talk
    studio, new = Address.parse(old["account"]), Address.parse(renewed["account"])
    registry.steward_does(ShortenKeyCall(studio, PublicKey.parse(old["publicKey"]).key_id, theft))
    registry.steward_does(ProposeControllerCall(studio, new))
    coming = registry.ledger().controller(studio)
    assert (coming.current, coming.upcoming) == (studio, new)
    assert coming.start is not None
    assert coming.start - registry.ledger().head().time > timedelta(days=6, hours=23)
    desk.run("-C", shop, "ledger", "pin", registry.base_url)
    desk.run("-C", shop, "revoke", desk.serials(shop)["先"], "--hold", code=3)
    assert f"{new} signs for the studio from" in desk.talk
    assert "ask the guild" in desk.talk

    assert desk.certify(shop, "后")["anchored"] == 2
    serials = desk.serials(shop) | desk.serials(thief)
    assert (desk.outcome(serials["先"]), desk.outcome(serials["后"])) == ("AUTHENTIC", "AUTHENTIC")
    assert desk.outcome(serials["赃"]) == "NOT_AUTHENTIC"

    phrase = desk.phrase_file(shop)
    shutil.rmtree(shop)
    restored = desk.run("key", "restore", shop, "--registry", registry.base_url, "--phrase-file", phrase)
    assert (restored["studio"], restored["account"]) == (old["account"], renewed["account"])
    assert desk.run("-C", shop, "piece", "fetch")["pieces"] == 2
    assert "is left out" in desk.talk
    assert desk.serials(shop).keys() == {"先", "后"}  # Nobody prints a tag for the thief's.


def test_a_studio_that_lost_everything_is_taken_over_by_new_keys(desk: Desk) -> None:
    lost = desk.run("-C", desk.make("lost", "everything"), "key", "show")
    desk.accredit(desk.folder / "lost")
    shop = desk.folder / "begun-again"
    made = desk.run(
        "init", shop, "--registry", desk.registry.base_url, "--name", "示例工作室", "--slug", "everything",
        "--studio", lost["account"],
    )  # fmt: skip
    assert (made["studio"], made["account"] == lost["account"]) == (lost["account"], False)
    desk.accredit(shop)
    assert desk.certify(shop, "盏") == {"anchored": 1}
    assert desk.outcome(desk.serials(shop)["盏"]) == "AUTHENTIC"


def test_an_accreditation_needs_proof_of_both_keys(desk: Desk) -> None:
    shop, other = desk.make("proof", "proof"), desk.make("prover", "prover")
    for folder in (shop, other):
        desk.run("-C", folder, "studio", "apply")
    filed, foreign = (Application.from_bytes((folder / "application.json").read_bytes()) for folder in (shop, other))
    filed.check(recover_binding)
    forged = {
        "key": Application(filed.binding, foreign.key_signature, filed.account_signature),
        "account": Application(filed.binding, filed.key_signature, foreign.account_signature),
        "zero": Application(filed.binding, bytes(64), filed.account_signature),
        "empty": Application(filed.binding, filed.key_signature, b""),
    }
    for application in forged.values():
        with pytest.raises(VerificationError):
            application.check(recover_binding)
        path = desk.folder / "forged.json"
        path.write_bytes(application.to_bytes())
        desk.run("studio", "accredit", path, "--key-file", desk.steward_key, "--policy", desk.policy, code=1)
    studio = filed.binding.studio
    assert studio not in [call.studio for call in _directory(desk.registry)]


def _directory(registry: RunningRegistry) -> list[Any]:
    from provenance.ledger import StudioAccredited

    ledger = registry.ledger()
    return [event for event in ledger.events(0, ledger.head().number) if isinstance(event, StudioAccredited)]


def test_what_does_not_count_any_more_is_listed(desk: Desk) -> None:
    shop = desk.make("standings", "standings")
    desk.accredit(shop)
    desk.run("-C", shop, "ledger", "pin", desk.registry.base_url)
    desk.certify(shop, "一")
    earlier = desk.registry.ledger().head().time
    time.sleep(1.1)
    desk.certify(shop, "二", "三", "四")
    serials = desk.serials(shop)
    for title, order in (("二", "--hold"), ("三", "--retire")):
        desk.run("-C", shop, "revoke", serials[title], order)
    wait_for(lambda: len(desk.run("-C", shop, "submit")["reasons"]) == 2)
    assert "on hold" in desk.talk

    def standing() -> dict[str, str | None]:
        listed = desk.run("-C", shop, "piece", "list")
        return {next(iter(piece["title"].values())): piece.get("standing") for piece in listed}

    assert standing() == {"一": None, "二": "on-hold", "三": "retired", "四": None}
    assert desk.run("-C", shop, "piece", "show", serials["二"])["standing"] == "on-hold"
    desk.run("-C", shop, "revoke", serials["二"], "--lift")
    wait_for(lambda: len(desk.run("-C", shop, "submit")["reasons"]) == 1)
    assert standing()["二"] is None

    keys = desk.run("-C", shop, "key", "show")
    key_id = PublicKey.parse(keys["publicKey"]).key_id
    desk.registry.steward_does(ShortenKeyCall(Address.parse(keys["account"]), key_id, earlier + timedelta(seconds=1)))
    wait_for(lambda: "piece list --state void" in (desk.run("-C", shop, "submit"), desk.talk)[1])
    assert standing() == {"一": None, "二": "void", "三": "void", "四": "void"}
    void = desk.run("-C", shop, "piece", "list", "--state", "void")
    assert [piece["serial"] for piece in void] == [serials[title] for title in "二三四"]
    assert [piece["state"] for piece in void] == ["anchored"] * 3
    assert [desk.outcome(serials[title]) for title in "一四"] == ["AUTHENTIC", "NOT_AUTHENTIC"]


def test_parameters_of_old_are_replaced_when_a_keystore_is_opened(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = desk.make("old", "old")
    monkeypatch.setattr(keystore, "SCRYPT_COST", 2**16)
    assert json.loads((shop / "keystore.json").read_bytes())["kdf"]["n"] == keystore.MIN_SCRYPT_COST
    desk.run("-C", shop, "studio", "apply")
    assert "sealed anew" in desk.talk
    assert json.loads((shop / "keystore.json").read_bytes())["kdf"]["n"] == 2**16
    desk.run("-C", shop, "studio", "apply")
    assert "sealed anew" not in desk.talk


class Fed(str):
    """What a process is given through a pipe, for an argument that is the number of the pipe's end."""

    __slots__ = ()


def test_a_passphrase_comes_from_a_descriptor_and_from_nowhere_else(desk: Desk) -> None:
    """In a process of its own: what others can list of it, arguments and environment, holds no secret."""
    shop = desk.make("fd", "fd")

    def kilnmark(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command; a `Fed` text among the arguments becomes the number of a pipe that holds it."""
        ends: list[int] = []
        words: list[str] = []
        for argument in arguments:
            if isinstance(argument, Fed):
                reading, writing = os.pipe()
                os.write(writing, f"{argument}\n".encode())
                os.close(writing)
                ends.append(reading)
                words.append(str(reading))
            else:
                words.append(str(argument))
        command = [sys.executable, "-c", "from provenance_cli.main import main; main()", "--lang", "en", "--json"]
        base = {"PYTHONPATH": f"{ROOT}:{ROOT / 'cli'}", "HOME": str(desk.folder), "PATH": "/usr/bin:/bin"}
        try:
            return subprocess.run(
                [*command, *words], env=base | environment, capture_output=True, text=True,
                stdin=subprocess.DEVNULL, pass_fds=tuple(ends), timeout=120, check=False,
            )  # fmt: skip
        finally:
            for end in ends:
                os.close(end)

    at = ("-C", shop)
    by_pipe, by_other_pipe = Fed(PASSPHRASE), Fed(OTHER_PASSPHRASE)
    assert kilnmark("--passphrase-fd", by_pipe, *at, "studio", "apply").returncode == 0
    change = ("--passphrase-fd", by_pipe, *at, "key", "passphrase", "--new-passphrase-fd", by_other_pipe)
    assert json.loads(kilnmark(*change).stdout) == {"changed": True}
    assert kilnmark("--passphrase-fd", by_pipe, *at, "studio", "apply").returncode == 5
    told = kilnmark(*at, "studio", "apply", KILNMARK_PASSPHRASE=OTHER_PASSPHRASE)
    assert told.returncode == 5
    assert "--passphrase-fd" in told.stderr
    assert kilnmark("--passphrase-fd", 91, *at, "studio", "apply").returncode == 5
    both = ("--passphrase-fd", Fed("x"), "--passphrase-file", desk.folder / "passphrase")
    assert kilnmark(*both, *at, "studio", "apply").returncode == 2
    named = [name for name in _options(main.cli) if any(word in name for word in ("phrase", "secret", "password"))]
    assert {"--passphrase-fd", "--phrase-file", "--new-passphrase-fd"} <= set(named)
    takes_none = {"--with-secrets"}  # A flag: whether a backup holds them.
    assert [name for name in named if not name.endswith(("-file", "-fd"))] == [*takes_none]


def _options(command: click.Command) -> list[str]:
    """Return the names of all options of a command and those below it."""
    names = [name for parameter in command.params for name in parameter.opts]
    if isinstance(command, click.Group):
        context = click.Context(command)
        inner = [command.get_command(context, name) for name in command.list_commands(context)]
        names += [name for below in inner if below is not None for name in _options(below)]
    return names


def forms(secret: bytes) -> list[bytes]:
    """Return how a secret may be written."""
    return [
        secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret).rstrip(b"="),
        base64.urlsafe_b64encode(secret).rstrip(b"="), to_base58(secret).encode(),
        str(int.from_bytes(secret, "big")).encode(),
    ]  # fmt: skip


def test_no_secret_is_printed_or_written_in_a_whole_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From init to a restored folder, with every failure that a secret comes near to; files, output and logs."""
    temporary = desk.folder / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    shop = desk.folder / "secretive"
    desk.run("init", shop, "--registry", desk.registry.base_url, "--name", "示例工作室", "--slug", "secretive")
    shown = desk.said.pop()  # The one place where the phrase is to be read: `init`'s conversation.
    phrase = desk.phrase_file(shop)
    old = Keystore.open(shop / "keystore.json").unlock(PASSPHRASE)
    assert all(word in shown for word in str(old.phrase).split())
    desk.accredit(shop)
    desk.certify(shop, "梅瓶")
    desk.run("-C", shop, "ledger", "pin", desk.registry.base_url)
    desk.run("-C", shop, "revoke", desk.serials(shop)["梅瓶"], "--hold")
    (desk.folder / "new").write_text(OTHER_PASSPHRASE + "\n", "utf-8")
    (desk.folder / "wrong").write_text("wrong " + PASSPHRASE + "\n", "utf-8")
    desk.run("--passphrase-file", desk.folder / "wrong", "-C", shop, "sign")
    desk.run("-C", shop, "piece", "add", "--title", "盏")
    desk.run("--passphrase-file", desk.folder / "wrong", "-C", shop, "sign", code=5)
    desk.run("-C", shop, "key", "rotate")
    desk.run("-C", shop, "key", "passphrase", "--new-passphrase-file", desk.folder / "new")
    desk.run("-C", shop, "studio", "apply", code=5)
    shutil.copy(desk.folder / "new", desk.folder / "passphrase")
    desk.run("-C", shop, "studio", "apply")

    def bug(*_: object, **__: object) -> None:
        raise RuntimeError("a bug in the midst of open keys")

    with monkeypatch.context() as patch:
        patch.setattr("provenance.application.Application.sign", bug)
        desk.run("-C", shop, "studio", "apply", code=70)
        patch.setattr("provenance_cli.commands.sign.sign_pieces", bug)
        desk.run("-C", shop, "sign", code=70)
    assert "a bug in the midst" in "".join(path.read_text("utf-8") for path in temporary.iterdir())
    (shop / "keystore.json").write_bytes((shop / "keystore.json").read_bytes().replace(b'"n":16384', b'"n":32768'))
    desk.run("-C", shop, "sign", code=5)
    (shop / "keystore.json").unlink()
    desk.run("key", "restore", shop, "--phrase-file", desk.folder / "wrong", code=5)
    desk.run("key", "restore", shop, "--phrase-file", phrase)
    with monkeypatch.context() as patch:
        patch.setattr("provenance_cli.commands.init.show_phrase", lambda *_: None)
        desk.run("-C", shop, "key", "renew")
    new = Keystore.open(shop / "keystore.json").unlock(OTHER_PASSPHRASE)
    desk.run("-C", shop, "doctor", code=5)

    secrets = [PASSPHRASE.encode(), OTHER_PASSPHRASE.encode()]
    for unlocked in (old, new):
        secrets += [str(unlocked.phrase).encode(), str(unlocked.phrase).replace(" ", "").encode()]
        for number in (1, 2):
            scalar = certificate_signer(unlocked.seed, number)._key.private_numbers().private_value
            secrets += forms(scalar.to_bytes(32, "big"))
        account = bytes(Account.from_seed(unlocked.seed)._account.key)
        for secret in (unlocked.phrase.entropy, unlocked.seed, account):
            secrets += forms(secret)
    inputs = {desk.folder / name for name in ("passphrase", "new", "wrong", phrase.name)}
    files = [path for path in desk.folder.rglob("*") if path.is_file() and path not in inputs]
    assert {"keystore.json", "workshop.db", "application.json"} <= {path.name for path in files}
    places = {str(path): path.read_bytes() for path in files}
    places |= desk.registry.written() | {"output": "".join(desk.said).encode()}
    assert len(places["output"]) > 5_000
    for place, content in places.items():
        for secret in secrets:
            assert secret not in content, place


def test_the_new_phrases_account_signs_for_the_studio_after_seven_days(tmp_path: Path) -> None:
    """On the contract itself, under a clock that can be moved; the relay is this test."""
    now, guild = [1_800_000_000], Account.generate()[0]
    chain = EmbeddedChain(tmp_path / "chain.db", funded=[guild.address], clock=lambda: now[0])

    def seal() -> None:
        now[0] += 1
        chain.seal()

    me = guild.address
    ledger = deploy(EmbeddedProvider(chain), guild, admin=me, steward=me, anchorer=me, base_uri="x", wait=seal)

    def do(call: LedgerCall) -> bool:
        transaction = ledger.prepare(call, guild, ledger.next_nonce(guild.address))
        ledger.send(transaction)
        seal()
        outcome = ledger.outcome(transaction.hash)
        return outcome is not None and outcome.succeeded

    class Relay:
        def relay(self, order: StatusOrder, signature: bytes) -> dict[str, Any]:
            try:
                done = do(RelayStatusCall(order, signature))
            except LedgerError as error:
                return {"state": "reverted", "error": error.message}
            return {"state": "final" if done else "reverted"}

    old, _ = Keystore.create(tmp_path / "keystore.json", PASSPHRASE, "en", account_of)
    first = Account.from_seed(old.unlock(PASSPHRASE).seed)
    assert do(AccreditCall(old.studio, "did:web:r:studios:s", "窑"))
    assert do(AnchorCall(Root(bytes(range(32))), 1, 1, (Allotment(old.studio, 1),)))
    new = old.renew(PASSPHRASE, Phrase.random("zh"), account_of, tmp_path / "kept.json")
    second = Account.from_seed(new.unlock(PASSPHRASE).seed)
    assert do(ProposeControllerCall(old.studio, second.address))
    client, token = cast(RegistryClient, Relay()), make_token_id(1, 0)

    def order(account: Account, status: Status) -> str:
        try:
            return str(order_status(client, ledger, account, token, status, new.studio)["state"])
        except LedgerError as error:
            return error.code

    assert order(first, Status.ON_HOLD) == "final"
    assert order(second, Status.ACTIVE) == "ledger-refused"
    now[0] += 7 * 24 * 3600
    assert do(AccreditCall(old.studio, "did:web:r:studios:s", "窑"))  # A block that dates what is simulated after it.
    assert order(second, Status.ACTIVE) == "final"
    assert order(first, Status.REVOKED) == "ledger-refused"
    assert ledger.controller(old.studio).current == second.address
    chain.close()
