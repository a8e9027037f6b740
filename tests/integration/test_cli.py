"""The command line against a running registry, as an artisan, a steward and a buyer use it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provenance.bundle import Bundle
from provenance.canonical import canonicalize
from provenance.policy import TrustPolicy
from provenance.tag import tag_url
from provenance_cli import main
from provenance_cli.client import RegistryClient
from provenance_cli.files import write_file
from provenance_cli.workshop import Workshop
from tests.support.photos import photo_bytes
from tests.support.registries import ROOT, RunningRegistry

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one command line in this process; returns exit code, data and conversation."""
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery\n", "utf-8")
    monkeypatch.setenv("KILNMARK_PASSPHRASE_FILE", str(passphrase))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def go(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run(["--lang", "en", *map(str, arguments)])
        data, talk = capsys.readouterr()
        assert "Traceback" not in talk
        assert code != 70, talk
        return code, data, talk

    return go


SHEET = (
    "编号,名称,作者,高(cm),釉\r\n"
    "A-1,青花梅瓶,示例,31.2,透明釉\r\n"
    'A-2,"影青\n斗笠盏",示例,5.1,影青釉\r\n'
    "A-3,,示例,5.1,影青釉\r\n"
    "A-4,=1+1,示例,5.1,影青釉\r\n"
    "A-1,重复,示例,5.1,影青釉\r\n"
    "A-5,小杯,示例,tall,影青釉\r\n"
)


def make_workshop(run: Run, folder: Path, base_url: str, slug: str = "cli") -> Path:
    code, data, _ = run("-y", "--json", "init", folder, "--registry", base_url, "--name", "示例工作室", "--slug", slug)
    assert code == 0
    assert "phrase" not in json.loads(data)
    return folder


def test_the_whole_way_of_an_artisan(run: Run, registry: RunningRegistry, tmp_path: Path) -> None:
    shop = make_workshop(run, tmp_path / "workshop", registry.base_url)
    at = ("-C", shop, "-y")
    code, data, talk = run(*at, "--json", "studio", "apply")
    assert code == 0
    assert len(json.loads(data)["words"]) == 6

    (tmp_path / "firing.csv").write_bytes(SHEET.encode("gb18030"))
    code, data, talk = run(*at, "--json", "piece", "import", tmp_path / "firing.csv")
    outcome = json.loads(data)
    assert code == 4
    assert outcome["added"] == 2
    assert [(fault["line"], fault["column"]) for fault in outcome["faults"]] == [
        (5, "名称"), (6, "名称"), (7, "编号"), (8, "高(cm)"),
    ]  # fmt: skip
    assert all(fault["hint"] for fault in outcome["faults"])
    code, data, _ = run(*at, "--json", "piece", "import", tmp_path / "firing.csv")
    assert (json.loads(data)["added"], json.loads(data)["known"]) == (0, 2)
    (tmp_path / "firing.csv").write_bytes(SHEET.replace("A-2", "B-2").replace("31.2", "31.4").encode("gb18030"))
    code, data, _ = run(*at, "--json", "piece", "import", tmp_path / "firing.csv", "--dry-run")
    assert (json.loads(data)["added"], json.loads(data)["dryRun"]) == (1, True)
    (tmp_path / "firing.csv").write_bytes(SHEET.replace("31.2", "31.42").encode("gb18030"))
    code, data, talk = run(*at, "--json", "piece", "import", tmp_path / "firing.csv")
    assert "Line 2, 高(cm): of 31.42, 314 is kept" in talk
    assert (json.loads(data)["corrected"], json.loads(data)["known"]) == (1, 1)

    photo = tmp_path / "IMG_4711.jpg"
    photo.write_bytes(photo_bytes(gps=True))
    assert run(*at, "piece", "add", "--title", "鬥彩雞紋小杯", "--height", "39", "--photo", photo)[0] == 0
    code, data, _ = run(*at, "--json", "piece", "list")
    assert [piece["state"] for piece in json.loads(data)] == ["draft"] * 3
    assert json.loads(data)[0]["height"] == {"value": 314, "unitCode": "MMT"}

    draft = json.loads(run(*at, "--json", "piece", "add", "--title", "错录")[1])["serial"]
    assert json.loads(run(*at, "--json", "piece", "remove", draft)[1]) == {"removed": draft}
    code, data, talk = run(*at, "--json", "sign")
    assert json.loads(data) == {"signed": 3}
    assert run(*at, "piece", "remove", json.loads(run(*at, "--json", "piece", "list")[1])[0]["serial"])[0] == 3
    assert json.loads(run(*at, "--json", "sign")[1]) == {"signed": 0}
    (tmp_path / "firing.csv").write_bytes(SHEET.replace("31.2", "41.2").encode("gb18030"))
    code, data, _ = run(*at, "--json", "piece", "import", tmp_path / "firing.csv")
    assert json.loads(data)["corrected"] == 0
    assert "signed with other facts" in json.loads(data)["faults"][0]["message"]
    code, data, talk = run(*at, "--json", "submit")
    assert json.loads(data)["states"] == {"held": 3}
    assert json.loads(data)["photos"] == 0  # A registry keeps photos only of studios that somebody vouches for.
    assert "guild" in talk

    steward, policy = tmp_path / "steward.key", tmp_path / "policy.json"
    write_file(steward, bytes(registry.steward._account.key).hex().encode())
    write_file(policy, registry.policy.to_bytes())
    filed = shop / "application.json"
    code, data, talk = run("-y", "--json", "studio", "accredit", filed, "--key-file", steward, "--policy", policy)
    assert code == 0, talk
    assert run("-y", "studio", "accredit", filed, "--key-file", steward, "--policy", policy)[0] == 0  # Again: no harm.

    code, data, _ = run(*at, "--json", "submit", "--wait")
    assert json.loads(data)["states"] == {"anchored": 3}
    assert json.loads(data)["photos"] == 1
    code, data, talk = run(*at, "tag", "print")
    assert code == 5
    assert "no tag is printed" in talk

    code, data, talk = run(*at, "--json", "ledger", "pin", registry.base_url)
    assert code == 0
    pinned = (shop / "policy.json").read_bytes()
    ours, theirs = (f'"registry":"{url}"'.encode() for url in (registry.base_url, "https://other.example"))
    write_file(shop / "policy.json", pinned.replace(ours, theirs))
    assert run("-C", shop, "ledger", "pin", registry.base_url)[0] == 5, "without a yes nothing is replaced"
    code, _, talk = run(*at, "ledger", "pin", registry.base_url)
    assert code == 0
    assert "of https://other.example, with the words" in talk
    assert (shop / "policy.json").read_bytes() == pinned
    assert "Another policy" not in run(*at, "ledger", "pin", registry.base_url)[2]
    code, data, _ = run(*at, "--json", "piece", "list")
    serials = [piece["serial"] for piece in json.loads(data)]
    for what in (serials[0], tag_url(registry.base_url, _serial(serials[0]))):
        code, data, _ = run(*at, "verify", what)
        assert code == 0
        assert data.startswith("Genuine record")
    code, data, _ = run(*at, "--json", "verify", serials[2])
    assert json.loads(data)["findings"][7]["code"] == "photos-agree"

    code, _, talk = run(*at, "bundle", serials[0])
    path = shop / "out" / f"{serials[0]}.kilnmark.json"
    assert run(*at, "verify", path)[0] == 0
    code, data, _ = run(*at, "verify", path, "--offline")
    assert code == 3
    assert "As this file says of" in data
    assert "Status                in force" in data
    code, data, _ = run(*at, "--json", "verify", path, "--rpc", f"{registry.base_url}/rpc")
    said = json.loads(data)
    assert (code, said["advisories"]) == (0, [])  # The registry's status list agrees.
    assert said["findings"][6]["against"] == "the token's status on the ledger"
    code, _, talk = run(
        *at, "verify", path, *["--rpc", f"{registry.base_url}/rpc", "--rpc", f"{registry.base_url}/rpc/"]
    )
    assert code == 5
    assert "cannot agree" in talk
    silent = "http://127.0.0.1:9"
    code, data, talk = run(*at, "--json", "verify", path, "--rpc", f"{registry.base_url}/rpc", "--rpc", silent)
    assert code == 3
    assert "127.0.0.1:9" in talk
    assert json.loads(data)["findings"][3]["code"] == "ledger-unreachable"
    assert run(*at, "verify", tmp_path / "none.json")[0] == 2
    assert run(*at, "piece", "add", "--title", "杯", "--scan", tmp_path / "none.glb")[0] == 2
    code, _, talk = run(*at, "revoke", serials[0], "--lift")
    assert code == 3
    assert "not on hold" in talk
    code, _, talk = run(*at, "verify", "4294967297")
    assert code == 4
    assert "number of a token" in talk
    forged = path.read_bytes().replace("青花梅瓶".encode(), "鬥彩梅瓶".encode())
    path.write_bytes(forged)
    code, data, _ = run(*at, "verify", path)
    assert code == 1
    assert data.startswith("Altered")
    assert "鬥彩梅瓶" not in data  # Nor does a forger's word for the studio stand there.
    assert "示例工作室" not in data
    code, data, _ = run(*at, "bundle", "--all", "-o", tmp_path / "bundles")
    assert len(list((tmp_path / "bundles").iterdir())) == 3

    code, data, talk = run(*at, "revoke", serials[1])
    assert code == 0, talk
    code, data, _ = run(*at, "verify", serials[1])
    assert code == 1
    assert data.startswith("Revoked")
    assert "by the studio, 20" in data
    assert "Holder  the studio, " in re.sub(" {2,}", "  ", data)
    code, _, talk = run(*at, "revoke", serials[1], "--lift")
    assert code == 5
    assert "StatusIsFinal" in talk

    code, data, _ = run(*at, "--json", "doctor")
    assert code == 0, data
    assert {e["name"] for e in json.loads(data)["examinations"]} >= {"Ledger", "Accreditation"}
    assert json.loads(run(*at, "--json", "ledger", "status")[1])["chainId"] == 0x6B696C6E
    assert run(*at, "studio", "show")[0] == 0
    assert "accredited" in run(*at, "studio", "show")[1]


def _serial(text: str) -> Any:
    from provenance.serial import Serial

    return Serial.parse(text)


def test_a_photo_of_a_tag_is_verified(run: Run, registry: RunningRegistry, tmp_path: Path, studio: Any) -> None:
    from PIL import Image

    from provenance.printing.label import Label
    from provenance.printing.png import tag_png

    certificate = studio.sign()
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    serial = certificate.piece.serial
    label = Label(tag_url(registry.base_url, serial), str(serial), "青花梅瓶")
    shot = Image.new("RGB", (2000, 1500), (120, 100, 80))
    with Image.open(io.BytesIO(tag_png(label, dpi=300))) as drawn:
        shot.paste(drawn.rotate(7, expand=True, fillcolor=(120, 100, 80)), (500, 400))
    shot.save(tmp_path / "shot.jpg", quality=80)
    write_file(tmp_path / "policy.json", registry.policy.to_bytes())
    code, data, _ = run("--json", "verify", tmp_path / "shot.jpg", "--policy", tmp_path / "policy.json")
    assert (code, json.loads(data)["serial"]) == (0, str(serial))
    (tmp_path / "vase.jpg").write_bytes(photo_bytes())
    assert run("verify", tmp_path / "vase.jpg", "--policy", tmp_path / "policy.json")[0] == 4
    whole = registry.client.bundle(serial)
    for name, content, told in (
        ("cut.kilnmark.json", whole[: len(whole) // 2], ("cut.kilnmark.json: ", "kilnmark verify SERIAL")),
        ("policy.json", registry.policy.to_bytes(), ("policy.json: ", "no whole bundle")),
        ("notes.pdf", b"%PDF-1.7 nothing", ("notes.pdf is neither a bundle nor a photo", ".kilnmark.json")),
        ("empty.json", b"", ("empty.json is neither",)),
        ("cut.jpg", photo_bytes()[:900], ("cut.jpg: ", "cut short", "Copy it again")),
    ):
        (tmp_path / name).write_bytes(content)
        code, _, talk = run("verify", tmp_path / name, "--policy", tmp_path / "policy.json")
        assert code == 4
        assert all(words in " ".join(talk.split()) for words in told), talk
        assert name.endswith(".jpg") or "JPEG" not in talk.partition("→")[0]


def test_a_bundle_verifies_where_the_registry_was_never_heard_of(
    registry: RunningRegistry, studio: Any, tmp_path: Path
) -> None:
    """A fresh process with a policy, a node and the file; nothing else of the registry."""
    certificate = studio.sign()
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    data = registry.client.bundle(certificate.piece.serial)
    policy = registry.policy
    bare = TrustPolicy(policy.ledger, (), policy.confirmations)
    (tmp_path / "bundle.json").write_bytes(data)
    (tmp_path / "policy.json").write_bytes(bare.to_bytes())
    command = [sys.executable, "-c", "from provenance_cli.main import main; main()", "--json", "verify", "bundle.json"]
    command += ["--policy", "policy.json", "--rpc", f"{registry.base_url}/rpc"]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'cli'}", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    process = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["outcome"] == "AUTHENTIC"


def test_an_unknown_serial_and_a_mistyped_one(run: Run, registry: RunningRegistry, tmp_path: Path) -> None:
    from provenance.serial import Serial

    write_file(tmp_path / "policy.json", registry.policy.to_bytes())
    policy = ("--policy", tmp_path / "policy.json")
    code, data, _ = run("--json", "verify", Serial.random(), *policy)
    assert (code, json.loads(data)["outcome"]) == (1, "UNKNOWN")
    code, _, talk = run("verify", "7K3M-9QX2-VD5T-0", *policy)
    assert code == 4
    assert "mistyped" in talk


def test_errors_have_their_exit_codes_and_remedies(run: Run, registry: RunningRegistry, tmp_path: Path) -> None:
    shop = make_workshop(run, tmp_path / "workshop", registry.base_url, "errors")
    at = ("-C", shop, "-y")
    assert run(*at, "piece", "add", "--title", "x")[0] == 0
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n", "utf-8")
    code, _, talk = run(*at, "--passphrase-file", wrong, "sign")
    assert code == 5
    assert "passphrase" in talk
    assert "→" in talk
    code, _, talk = run("sign")
    assert code == 5 or "no workshop" in talk
    assert run("-C", tmp_path, "sign")[0] == 5
    assert run("verify", "7K3M")[0] in (4, 5)
    assert run("nonsense")[0] == 2
    assert run(*at, "verify", "--nonsense")[0] == 2
    for name, content in {
        "photo.csv": photo_bytes(),
        "neither.csv": b"title\n\xff\xff\x81\x20\n",
        "nothing.csv": b"",
        "columns.csv": b"foo,bar\n1,2\n",
        "twice.csv": b"title,title\n1,2\n",
        "quote.csv": b'title\n"open\n',
        "broken.xlsx": b"PK\x03\x04rubbish",
        "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1",
        "nul.csv": b"title\na\x00b\n",
    }.items():
        (tmp_path / name).write_bytes(content)
        code, _, talk = run(*at, "piece", "import", tmp_path / name)
        assert code == 4, (name, talk)
        assert "Error" in talk, name
    (tmp_path / "long.csv").write_text("title\n" + "x" * 10_000_000 + "\n", "utf-8")
    code, data, _ = run(*at, "--json", "piece", "import", tmp_path / "long.csv")
    assert code == 4
    assert "characters" in json.loads(data)["faults"][0]["message"]
    code, _, talk = run(*at, "piece", "add", "--title", "x", "--photo", tmp_path / "photo.csv.missing")
    assert code == 2
    assert run("--lang", "zh-Hans", "-C", shop, "--passphrase-file", wrong, "sign")[0] == 5


def test_an_application_to_another_registry_is_refused(run: Run, registry: RunningRegistry, tmp_path: Path) -> None:
    shop = make_workshop(run, tmp_path / "workshop", "https://elsewhere.kilnmark.test", "elsewhere")
    run("-C", shop, "studio", "apply")
    steward, policy = tmp_path / "steward.key", tmp_path / "policy.json"
    write_file(steward, bytes(registry.steward._account.key).hex().encode())
    write_file(policy, registry.policy.to_bytes())
    filed = shop / "application.json"
    code, _, talk = run("-y", "studio", "accredit", filed, "--key-file", steward, "--policy", policy)
    assert (code, "is for the registry" in talk) == (5, True)


def test_another_chain_than_the_pinned_one(run: Run, registry: RunningRegistry, tmp_path: Path, studio: Any) -> None:
    from dataclasses import replace

    policy = registry.policy
    other = replace(policy, ledger=replace(policy.ledger, chain_id=1))
    write_file(tmp_path / "policy.json", other.to_bytes())
    code, _, talk = run("ledger", "status", "--policy", tmp_path / "policy.json")
    assert code == 5
    assert "chain id" in talk
    certificate = studio.sign()
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    (tmp_path / "bundle.json").write_bytes(registry.client.bundle(certificate.piece.serial))
    assert run("verify", tmp_path / "bundle.json", "--policy", tmp_path / "policy.json")[0] == 5


def test_no_server_loses_nothing(run: Run, tmp_path: Path) -> None:
    shop = make_workshop(run, tmp_path / "workshop", "http://127.0.0.1:9")
    at = ("-C", shop, "-y")
    assert run(*at, "piece", "add", "--title", "孤品")[0] == 0
    assert run(*at, "sign")[0] == 0
    code, _, talk = run(*at, "submit")
    assert code == 3
    assert "nothing is lost" in talk
    assert json.loads(run(*at, "--json", "piece", "list")[1])[0]["state"] == "signed"


def test_a_registry_that_was_restored_from_an_older_copy_gets_everything_again(run: Run, tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "registry")
    registry.start()
    try:
        shop = make_workshop(run, tmp_path / "workshop", registry.base_url)
        at = ("-C", shop, "-y", "--json")
        run(*at, "studio", "apply")
        steward, policy = tmp_path / "steward.key", tmp_path / "policy.json"
        write_file(steward, bytes(registry.steward._account.key).hex().encode())
        write_file(policy, registry.policy.to_bytes())
        accredited = ("--key-file", steward, "--policy", policy)
        assert run("-y", "studio", "accredit", shop / "application.json", *accredited)[0] == 0
        run(*at, "piece", "add", "--title", "一")
        run(*at, "sign")
        assert json.loads(run(*at, "submit", "--wait")[1])["states"] == {"anchored": 1}
        assert registry.stop() == 0
        older = (registry.folder / "registry.db").read_bytes()
        registry.start()
        photo = tmp_path / "photo.jpg"
        photo.write_bytes(photo_bytes())
        for title in ("二", "三"):
            run(*at, "piece", "add", "--title", title, "--photo", photo)
            run(*at, "sign")
            outcome = json.loads(run(*at, "submit", "--wait")[1])
        assert outcome["states"] == {"anchored": 3}
        assert registry.stop() == 0
        (registry.folder / "registry.db").write_bytes(older)
        (digest,) = {item for piece in json.loads(run(*at, "piece", "list")[1]) for item in piece.get("photos", [])}
        for path in (registry.folder / "media").rglob(f"{digest.removeprefix('0x')}*"):
            path.unlink()
        registry.start(wait=False)
        registry.wait_alive()
        code, data, talk = run(*at, "submit", "--wait")
        assert (code, json.loads(data)["states"]) == (0, {"anchored": 3}), registry.log
        assert json.loads(data)["photos"] == 1
        assert "lost 2 certificates" in talk
        for piece in json.loads(run(*at, "piece", "list")[1]):
            assert registry.client.verdict(_serial(piece["serial"]))["outcome"] == "AUTHENTIC"
        assert "lost" not in run(*at, "submit")[2]
    finally:
        registry.stop()


def test_a_lost_laptop_is_restored_from_the_phrase(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "workshop"
    _, data, _ = run(
        "-y", "--json", "init", folder, "--registry", "https://registry.kilnmark.test", "--name", "x", "--slug", "x"
    )
    made = json.loads(data)
    phrase = json.loads(run("-C", folder, "--json", "key", "phrase")[1])["phrase"]
    (tmp_path / "phrase").write_text(phrase, "utf-8")
    again = ("--registry", "https://registry.kilnmark.test", "--name", "x", "--slug", "x")
    code, data, _ = run("--json", "key", "restore", tmp_path / "again", *again, "--phrase-file", tmp_path / "phrase")
    assert code == 0
    restored = json.loads(data)
    assert (restored["publicKey"], restored["account"]) == (made["publicKey"], made["account"])
    assert restored["statusList"] != made["statusList"]  # Where the lost folder had counted to, nobody knows.
    (tmp_path / "phrase").write_text("abandon " * 12, "utf-8")
    assert run("key", "restore", tmp_path / "third", *again, "--phrase-file", tmp_path / "phrase")[0] == 5
    new = tmp_path / "new"
    new.write_text("another passphrase\n", "utf-8")
    assert run("-C", folder, "key", "passphrase", "--new-passphrase-file", new)[0] == 0
    assert run("-C", folder, "--passphrase-file", new, "studio", "apply")[0] == 0


def test_an_application_of_another_hand_is_refused(run: Run, registry: RunningRegistry, tmp_path: Path) -> None:
    shop = make_workshop(run, tmp_path / "workshop", registry.base_url, "forged")
    run("-C", shop, "studio", "apply")
    filed = json.loads((shop / "application.json").read_bytes())
    steward, policy = tmp_path / "steward.key", tmp_path / "policy.json"
    write_file(steward, bytes(registry.steward._account.key).hex().encode())
    write_file(policy, registry.policy.to_bytes())
    for change in ({"studio": str(registry.steward.address)}, {"name": "名窑"}, {"slug": "famous"}):
        forged = tmp_path / "forged.json"
        forged.write_bytes(canonicalize({**filed, **change}))
        code, _, talk = run("-y", "studio", "accredit", forged, "--key-file", steward, "--policy", policy)
        assert code == 1, talk


def test_bundles_are_what_the_api_serves(registry: RunningRegistry, studio: Any) -> None:
    certificate = studio.sign()
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    data = registry.client.bundle(certificate.piece.serial)
    assert Bundle.from_bytes(data).to_bytes() == data


def test_a_lying_registry_cannot_have_another_piece_revoked(
    run: Run, registry: RunningRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_workshop(run, tmp_path / "workshop", registry.base_url, "careful")
    at = ("-C", shop, "-y")
    run(*at, "studio", "apply")
    steward = tmp_path / "steward.key"
    write_file(steward, bytes(registry.steward._account.key).hex().encode())
    run(*at, "ledger", "pin", registry.base_url)
    assert run(*at, "studio", "accredit", shop / "application.json", "--key-file", steward)[0] == 0
    for title in ("小杯", "重器"):
        assert run(*at, "piece", "add", "--title", title)[0] == 0
    run(*at, "sign")
    assert run(*at, "submit", "--wait")[0] == 0
    cup, masterpiece = (piece["serial"] for piece in json.loads(run(*at, "--json", "piece", "list")[1]))
    other = registry.client.bundle(_serial(masterpiece))
    monkeypatch.setattr(RegistryClient, "bundle", lambda _self, _serial: other)
    code, _, talk = run(*at, "revoke", cup)
    assert code == 5, talk
    monkeypatch.undo()
    monkeypatch.setenv("KILNMARK_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    assert registry.client.verdict(_serial(masterpiece))["outcome"] == "AUTHENTIC"


def test_a_tag_that_leads_elsewhere_is_not_vouched_for(
    run: Run, registry: RunningRegistry, tmp_path: Path, studio: Any
) -> None:
    certificate = studio.sign()
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    write_file(tmp_path / "policy.json", registry.policy.to_bytes())
    url = tag_url("https://registry-kilnmark.test", certificate.piece.serial)
    code, data, _ = run("--json", "verify", url, "--policy", tmp_path / "policy.json")
    assert (code, json.loads(data)["reason"]) == (3, "other-host")
    from provenance.serial import Serial

    url = tag_url("https://registry-kilnmark.test", Serial.random())  # Of another guild's, perhaps, and true there.
    code, data, talk = run("--json", "verify", url, "--policy", tmp_path / "policy.json")
    assert (code, json.loads(data)["reason"]) == (3, "other-host")
    assert "the tag leads to https://registry-kilnmark.test" in talk
    url = tag_url(registry.base_url, Serial.random())
    assert json.loads(run("--json", "verify", url, "--policy", tmp_path / "policy.json")[1])["outcome"] == "UNKNOWN"


def test_one_node_of_another_chain_is_named_and_accuses_nobody(
    run: Run, registry: RunningRegistry, tmp_path: Path, studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provenance.evm.embedded import CHAIN_ID
    from provenance.evm.node import BoundedHTTPProvider

    certificate = studio.sign()
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    write_file(tmp_path / "policy.json", registry.policy.to_bytes())
    asked = BoundedHTTPProvider.make_request

    def ask(self: Any, method: Any, params: Any) -> Any:
        if "wrong" not in self.url:
            return asked(self, method, params)
        return {"result": hex(CHAIN_ID + 1)} if method == "eth_chainId" else {"result": "0x"}

    monkeypatch.setattr(BoundedHTTPProvider, "make_request", ask)
    nodes = ("--rpc", f"{registry.base_url}/rpc", "--rpc", "https://wrong.example/some-key")
    given = ("--policy", tmp_path / "policy.json", *nodes)
    code, data, talk = run("--json", "verify", certificate.piece.serial, *given)
    assert (code, json.loads(data)["outcome"]) == (3, "INCONCLUSIVE")
    assert "wrong.example" in talk
    assert "some-key" not in talk


def test_photos_of_the_base_mark_are_told_apart(run: Run, registry: RunningRegistry, tmp_path: Path) -> None:
    shop = make_workshop(run, tmp_path / "marks", registry.base_url, "marks")
    for number, name in enumerate(("whole", "crackle", "mark")):
        (tmp_path / f"{name}.jpg").write_bytes(photo_bytes(seed=200 + number))
    given = (
        "--photo",
        tmp_path / "whole.jpg",
        "--photo",
        tmp_path / "crackle.jpg",
        "--mark-photo",
        tmp_path / "mark.jpg",
    )
    assert run("-C", shop, "piece", "add", "--title", "杯", "--credit-line", "© 示例工作室", *given)[0] == 0
    (tmp_path / "more.csv").write_text("名称,底款照片,来源\n碗,mark.jpg,CC BY 4.0\n", "utf-8")
    assert run("-y", "-C", shop, "piece", "import", tmp_path / "more.csv")[0] == 0
    cup, bowl = Workshop.open(shop).store.pieces()
    assert [photo.role for photo in cup.photos] == ["overview", "detail", "base-mark"]
    assert [photo.role for photo in bowl.photos] == ["base-mark"]
    assert [*cup.credit_line.values(), *bowl.credit_line.values()] == ["© 示例工作室", "CC BY 4.0"]
    code, told, _ = run("-C", shop, "--lang", "en", "piece", "show", cup.serial)
    assert code == 0
    assert re.search(r"Photos +2\n", told)
    assert re.search(r"Photos of the base mark +1\n", told)
