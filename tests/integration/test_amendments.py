"""Amendments the whole way: from the workshop to the registry and the ledger, interrupted, and attacked."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from provenance.bundle import Bundle
from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import ConflictError, LedgerError, NotFoundError, ProvenanceError
from provenance.evm.accounts import Account
from provenance.evm.ledger import EVMLedger
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.ledger import ReinstateCall, RelayAmendCall, SuspendCall
from provenance.serial import Serial
from provenance.status import AmendOrder
from provenance.verdict import Outcome
from provenance.verify import Verifier
from provenance_cli import amendments, main
from provenance_cli.client import RegistryClient
from provenance_cli.files import write_file
from provenance_cli.workshop import Workshop
from tests.support.photos import photo_bytes
from tests.support.ports import free_port
from tests.support.registries import RunningRegistry, Studio


class Shop:
    """A workshop of an accredited studio, and its command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def run(self, *arguments: object, code: int | None = 0) -> Any:
        """Run a command line; return its data, and keep what it said in `talk`."""
        self._capsys.readouterr()
        got = main.run(["--lang", "en", "-y", "--json", "-C", str(self.folder), *map(str, arguments)])
        data, self.talk = self._capsys.readouterr()
        assert "Traceback" not in self.talk
        assert code is None or got == code, self.talk
        return json.loads(data) if data else None

    def signed(self, *facts: object) -> Serial:
        serial = Serial.parse(self.run("piece", "add", "--title", "Cup", "--height", "52", *facts)["serial"])
        self.run("sign")
        return serial

    def anchored(self, *facts: object) -> Serial:
        serial = self.signed(*facts)
        self.run("submit", "--wait")
        return serial

    @property
    def workshop(self) -> Workshop:
        return Workshop.open(self.folder)

    def forms(self, serial: Serial) -> list[Certificate]:
        store = self.workshop.store
        return [store.certificate(serial).certificate, *store.amendments(serial)]


@pytest.fixture(scope="module")
def folders() -> dict[str, Path]:
    """The folder that the module's tests share, once it is made."""
    return {}


@pytest.fixture
def shop(
    registry: RunningRegistry,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    folders: dict[str, Path],
) -> Shop:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    folder = folders.get("shop")
    known = folder is not None
    folder = folder or tmp_path_factory.mktemp("amending") / "shop"
    passphrase = folder.parent / "passphrase"
    passphrase.write_text("correct horse battery\n", "utf-8")
    monkeypatch.setenv("KILNMARK_PASSPHRASE_FILE", str(passphrase))
    made = Shop(folder, capsys)
    if not known:
        of = ("--registry", registry.base_url, "--name", "Amending Studio", "--slug", "amending")
        assert main.run(["-y", "--json", "init", str(folder), *of]) == 0
        made.run("studio", "apply")
        steward = folder.parent / "steward.key"
        write_file(steward, bytes(registry.steward._account.key).hex().encode())
        write_file(folder / "policy.json", registry.policy.to_bytes())
        filed = folder / "application.json"
        made.run("studio", "accredit", filed, "--key-file", steward, "--policy", folder / "policy.json")
        folders["shop"] = folder
    return made


def verdict(registry: RunningRegistry, data: bytes) -> tuple[Outcome, str, tuple[str, ...]]:
    said = Verifier(registry.policy, registry.ledger()).verify(Bundle.from_bytes(data))
    return said.outcome, said.reason, said.advisories


def test_an_amendment_goes_the_whole_way(shop: Shop, registry: RunningRegistry, tmp_path: Path) -> None:
    serial = shop.anchored()
    old = registry.client.bundle(serial)
    photo = tmp_path / "base.jpg"
    photo.write_bytes(photo_bytes(seed=77))
    told = shop.run("piece", "amend", serial, "--height", "53", "--title", "Small cup", "--photo", photo)
    assert "Height: 52 mm → 53 mm" in shop.talk
    first, second = shop.forms(serial)
    names = {"digest": str(second.digest), "replaces": str(first.digest)}
    assert told == {"serial": str(serial), "number": 1, **names, "state": "recorded"}
    data = registry.client.bundle(serial)
    outcome, _, advisories = verdict(registry, data)
    assert outcome is Outcome.AUTHENTIC
    assert "amended" in advisories
    assert verdict(registry, old)[:2] == (Outcome.INCONCLUSIVE, "amendment-missing")
    kept = shop.workshop.store.certificate(serial).bundle
    assert kept is not None
    assert Bundle.from_bytes(kept).newest == second
    assert shop.run("verify", serial)["outcome"] == "AUTHENTIC"

    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False) as http:
        said = http.get(f"/P/{serial.compact}", headers={"accept": "application/json"}).json()
        assert (said["outcome"], said["amendments"]) == ("AUTHENTIC", [str(second.digest)])
        for path, accept in ((f"/P/{serial.compact}", "application/vc"), (_piece(serial, "certificate"), "*/*")):
            assert http.get(path, headers={"accept": accept}).content == second.data
        for form in (first, second):
            assert http.get(f"/api/v1/certificates/{form.digest}/document").content == form.data
            shown = http.get(f"/api/v1/certificates/{form.digest}/document", headers={"accept": "text/html"})
            assert (shown.headers["content-type"], shown.content) == ("application/json", form.data)
            assert f"{form.digest.hex()[:16]}.certificate.json" in shown.headers["content-disposition"]
        page = http.get(f"/P/{serial.compact}", headers={"accept": "text/html"}).text
        assert "Small cup" in page
        assert "Correction 1 by the studio" in page
        assert "<p>Title <del>Cup</del> <ins>Small cup</ins></p>" in page
        assert "<p>Photos</p>" in page
        assert all(f"/api/v1/certificates/{form.digest}/document" in page for form in (first, second))
        photo_at = f"/media/{second.piece.photos[0].digest.hex()}"
        assert photo_at in page
        assert http.get(photo_at).status_code == 200
        token = Bundle.from_bytes(data).receipts[0].token_id
        metadata = http.get(f"/tokens/{token}").json()
        assert metadata["name"] == "Small cup"
        assert {item["trait_type"]: item["value"] for item in metadata["attributes"]} == {
            "serial": str(serial),
            "studio": "Amending Studio",
            "certificate digest": str(first.digest),
            "status": "ACTIVE",
            "newest certificate digest": str(second.digest),
            "amendments": 1,
        }
        state = http.get(f"/api/v1/certificates/{second.digest}").json()
        assert (state["state"], state["number"], state["first"]) == ("recorded", 1, str(first.digest))
        assert http.get(f"/api/v1/certificates/{first.digest}").json()["amendments"] == [str(second.digest)]
    # Once more changes nothing; other facts amend the amendment.
    assert shop.run("piece", "amend", serial, "--height", "53") == told
    assert "already" in shop.talk
    third = shop.run("piece", "amend", serial, "--height", "54")
    assert (third["number"], third["replaces"], third["state"]) == (2, str(second.digest), "recorded")
    assert verdict(registry, registry.client.bundle(serial))[0] is Outcome.AUTHENTIC
    assert verdict(registry, data)[1] == "amendment-missing"
    aged, fresh = tmp_path / "aged.json", tmp_path / "fresh.json"
    aged.write_bytes(data)
    shop.run("verify", aged, code=3)
    assert f"kilnmark bundle {serial} --fresh" in " ".join(shop.talk.split())
    shop.workshop.store.keep_bundles([(first.digest, data)])  # As a folder has it that another one went past.
    shop.run("bundle", serial, "--fresh", "-o", fresh)
    assert shop.run("verify", fresh)["outcome"] == "AUTHENTIC"
    assert "--fresh" not in shop.talk
    shop.workshop.store.keep_bundles([(first.digest, fresh.read_bytes())])


def _piece(serial: Serial, what: str) -> str:
    return f"/api/v1/pieces/{serial.compact}/{what}"


@pytest.mark.parametrize("step", ["register", "relay", "relayed", "order", "keep_bundles", "mark_amendments"])
def test_killed_anywhere_and_run_again(
    step: str, shop: Shop, registry: RunningRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dies at the first call of a step, or just after it was done; the same command goes on."""
    serial = shop.anchored()

    class KilledError(BaseException):
        """Nothing catches it, as nothing catches a kill."""

    def die(*_arguments: object, **_named: object) -> Any:
        raise KilledError

    place, name = {
        "register": ("provenance_cli.client.RegistryClient", "submit"),
        "relay": ("provenance_cli.client.RegistryClient", "relay"),
        "relayed": ("provenance_cli.client.RegistryClient", "relay"),
        "order": ("provenance_cli.client.RegistryClient", "order"),
        "keep_bundles": ("provenance_cli.store.Store", "keep_bundles"),
        "mark_amendments": ("provenance_cli.store.Store", "mark_amendments"),
    }[step]
    with monkeypatch.context() as patch:
        if step == "relayed":
            relay = RegistryClient.relay

            def relay_and_die(*arguments: Any) -> Any:
                relay(*arguments)
                raise KilledError

            patch.setattr(f"{place}.{name}", relay_and_die)
        else:
            patch.setattr(f"{place}.{name}", die)
        with pytest.raises(KilledError):
            shop.run("piece", "amend", serial, "--height", "60")
    assert len(shop.forms(serial)) == 2
    told = shop.run("piece", "amend", serial, "--height", "60")
    assert (told["number"], told["state"]) == (1, "recorded")
    record = Bundle.from_bytes(registry.client.bundle(serial))
    assert [form.digest for form in record.amendments] == [shop.forms(serial)[1].digest]
    assert verdict(registry, record.to_bytes())[0] is Outcome.AUTHENTIC


def test_without_a_network_it_stays_signed_and_submit_sends_it(shop: Shop, registry: RunningRegistry) -> None:
    serial = shop.anchored()
    with pytest.MonkeyPatch.context() as patch:
        away = f"http://127.0.0.1:{free_port()}"
        of = RegistryClient.__init__
        patch.setattr(RegistryClient, "__init__", lambda self, _url: of(self, away))
        told = shop.run("piece", "amend", serial, "--height", "61", code=3)
        assert told["state"] == "signed"
        assert "kilnmark submit" in shop.talk
        assert shop.run("piece", "amend", serial, "--height", "62", code=3)["number"] == 2
        shop.run("submit", code=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KILNMARK_PASSPHRASE_FILE")
        outcome = shop.run("submit")
        assert outcome["amendments"]["recorded"] == 0
        assert "passphrase" in shop.talk
        assert shop.run("piece", "show", serial)["amendmentStates"] == ["registered"] * 2
    outcome = shop.run("submit")
    assert outcome["amendments"] == {"recorded": 2, "waiting": 0}
    assert verdict(registry, registry.client.bundle(serial))[0] is Outcome.AUTHENTIC
    assert shop.run("piece", "show", serial)["amendmentStates"] == ["recorded"] * 2


def test_a_draft_is_amended_before_it_is_on_the_ledger(shop: Shop, registry: RunningRegistry) -> None:
    serial = shop.signed()
    told = shop.run("piece", "amend", serial, "--height", "63", code=None)  # 3 where it waits for the piece's anchor.
    assert told["state"] in ("registered", "recorded")
    outcome = shop.run("submit", "--wait")
    assert outcome["amendments"]["waiting"] == 0
    assert verdict(registry, registry.client.bundle(serial))[0] is Outcome.AUTHENTIC
    assert shop.run("piece", "show", serial)["amendmentStates"] == ["recorded"]


def test_two_folders_of_one_studio_amend_the_same_piece(
    shop: Shop, registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serial = shop.anchored()
    shutil.copytree(shop.folder, tmp_path / "laptop")
    laptop = Shop(tmp_path / "laptop", capsys)
    assert laptop.run("piece", "amend", serial, "--height", "70")["state"] == "recorded"
    shop.run("piece", "amend", serial, "--height", "71", code=3)
    assert "--discard" in shop.talk
    assert shop.run("piece", "amend", serial, "--discard")["state"] == "recorded"
    assert shop.forms(serial) == laptop.forms(serial)
    assert shop.run("piece", "amend", serial, "--height", "71")["number"] == 2
    assert verdict(registry, registry.client.bundle(serial))[0] is Outcome.AUTHENTIC


def test_a_true_amendment_may_follow_a_digest_of_nothing(shop: Shop, registry: RunningRegistry) -> None:
    serial = shop.anchored()
    keystore = shop.workshop.keystore()
    account = Account.from_seed(keystore.unlock((shop.folder.parent / "passphrase").read_text("utf-8").strip()).seed)
    ledger = registry.ledger()
    token, nonce = token_of(registry, shop.forms(serial)[0]), ledger.order_nonce(account.address)
    false = AmendOrder(token, Digest.of(b"nothing"), account.address, nonce, 0)
    registry.steward_does(RelayAmendCall(false, account.sign_message(ledger.identity, false)))
    assert verdict(registry, registry.client.bundle(serial))[1] == "amendment-missing"
    assert shop.run("piece", "amend", serial, "--height", "77")["state"] == "recorded"
    shown = Bundle.from_bytes(registry.client.bundle(serial)).amendments
    assert [form.digest for form in shown] == [shop.forms(serial)[1].digest]


def test_a_stale_number_is_taken_anew_and_a_suspended_studio_is_told_whom_to_ask(
    shop: Shop, registry: RunningRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial = shop.anchored()
    ledger_type = type(registry.ledger())
    nonce, asked = ledger_type.order_nonce, list[int]()

    def stale(self: Any, studio: Any, at: Any = None) -> int:
        asked.append(nonce(self, studio, at))
        return asked[-1] + (1 if len(asked) < 3 else 0)

    with monkeypatch.context() as patch:
        patch.setattr(ledger_type, "order_nonce", stale)
        assert shop.run("piece", "amend", serial, "--height", "80")["state"] == "recorded"
    assert len(asked) >= 3
    with monkeypatch.context() as patch:
        patch.setattr(ledger_type, "order_nonce", lambda self, studio, at=None: nonce(self, studio, at) + 5)
        patch.setattr(amendments, "PATIENCE", 4.0)
        shop.run("piece", "amend", serial, "--height", "81", code=3)
        assert "order number" in shop.talk
        assert "run the same command again" in shop.talk
    account = shop.workshop.keystore().studio
    registry.steward_does(SuspendCall(account))
    try:
        shop.run("piece", "amend", serial, "--height", "81", code=3)
        assert "suspended" in shop.talk
        assert "guild" in shop.talk
    finally:
        registry.steward_does(ReinstateCall(account))
    assert shop.run("piece", "amend", serial, "--height", "81")["state"] == "recorded"


def test_a_restored_folder_has_the_amendments(
    shop: Shop, registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serial = shop.anchored()
    shop.run("piece", "amend", serial, "--height", "90")
    restored = Shop(tmp_path / "restored", capsys)
    restored.folder.mkdir()
    for name in ("kilnmark.toml", "keystore.json", "policy.json"):
        shutil.copy(shop.folder / name, restored.folder / name)
    assert restored.run("piece", "fetch")["pieces"] >= 1
    assert restored.forms(serial) == shop.forms(serial)
    assert restored.run("piece", "show", serial)["height"]["value"] == 90
    assert restored.run("piece", "amend", serial, "--height", "91")["number"] == 2


def test_scans_and_files_are_sent_and_fetched(
    shop: Shop, registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan, work, late = tmp_path / "cup.glb", tmp_path / "work.pdf", tmp_path / "late.stl"
    scan.write_bytes(b"glTF" + bytes(600_000))
    work.write_bytes(b"%PDF-1.7 a work")
    late.write_bytes(b"solid late")
    cup = shop.signed("--scan", scan)
    digital = Serial.parse(shop.run("piece", "add", "--title", "Work", "--file", work)["serial"])
    shop.run("sign")
    away = tmp_path / "away.glb"
    scan.rename(away)
    outcome = shop.run("submit", "--wait", code=4)
    assert outcome["files"] == 1
    assert [item["serial"] for item in outcome["refused"]] == [str(cup)]
    assert "cup.glb" in shop.talk
    scan.write_bytes(b"glTF other")
    shop.run("submit", code=4)
    assert "not the file any more" in shop.talk
    (shop.folder / "originals").mkdir()
    shutil.copy(away, shop.folder / "originals" / "cup.glb")
    assert shop.run("submit")["files"] == 1
    assert shop.run("piece", "amend", cup, "--scan", late)["state"] == "recorded"
    for path in (away, work, late):
        data = path.read_bytes()
        assert (
            httpx.get(f"{registry.base_url}/media/{Digest.of(data).hex()}", timeout=60, trust_env=False).content == data
        )

    fetched = Shop(tmp_path / "fetched", capsys)
    fetched.folder.mkdir()
    for name in ("kilnmark.toml", "keystore.json", "policy.json"):
        shutil.copy(shop.folder / name, fetched.folder / name)
    assert fetched.run("piece", "fetch")["files"] >= 3  # Other tests of the same studio may have left some more.
    kept = {path.read_bytes() for path in (fetched.folder / "originals").iterdir()}
    assert {path.read_bytes() for path in (away, work, late)} <= kept
    assert fetched.run("piece", "fetch")["files"] == 0
    assert fetched.run("submit")["files"] == 0
    assert {cup, digital} <= {form.piece.serial for form in (fetched.forms(cup)[0], fetched.forms(digital)[0])}


def test_recorded_amendments_outlive_a_registry_that_lost_them(
    shop: Shop, registry: RunningRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial = shop.anchored()
    for height in (100, 101):
        shop.run("piece", "amend", serial, "--height", height)
    forms = shop.forms(serial)
    _lose_amendments(registry, *forms[1:])
    assert registry.client.verdict(serial)["reason"] == "amendment-missing"
    shop.run("piece", "amend", serial, "--height", "102", "--no-send")
    assert shop.run("piece", "amend", serial, "--discard")["number"] == 2
    assert "kilnmark submit" in shop.talk
    assert shop.forms(serial) == forms
    with monkeypatch.context() as patch:
        patch.setattr(amendments, "newest_named", _unreachable)
        assert shop.run("piece", "amend", serial, "--discard")["number"] == 2
        assert "does not answer" in shop.talk
    assert shop.forms(serial) == forms
    assert shop.run("submit", "--wait")["refused"] == []
    assert registry.client.verdict(serial)["outcome"] == "AUTHENTIC"
    assert shop.run("piece", "show", serial)["amendmentStates"] == ["recorded"] * 2
    assert shop.run("piece", "amend", serial, "--height", "103")["number"] == 3


def test_what_a_registry_refuses_of_recorded_amendments_stays_recorded(
    shop: Shop, registry: RunningRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial = shop.anchored()
    shop.run("piece", "amend", serial, "--height", "104")
    _lose_amendments(registry, shop.forms(serial)[1])
    with monkeypatch.context() as patch:
        patch.setattr(
            RegistryClient, "submit", lambda self, sent: [{"code": "key-not-valid", "status": 409}] * len(sent)
        )
        outcome = shop.run("submit", code=4)
        assert [item["serial"] for item in outcome["refused"]] == [str(serial)]
    assert shop.run("piece", "show", serial)["amendmentStates"] == ["recorded"]
    assert shop.run("submit")["refused"] == []


def test_a_registered_amendment_that_the_ledger_names_is_not_forgotten(shop: Shop, registry: RunningRegistry) -> None:
    serial = shop.anchored()
    shop.run("piece", "amend", serial, "--height", "105")
    forms, store = shop.forms(serial), shop.workshop.store
    store.mark_amendments([(forms[1].digest, "registered", None)])  # Killed just before it was noted.
    _lose_amendments(registry, forms[1])
    assert shop.run("piece", "amend", serial, "--discard")["state"] == "recorded"
    assert shop.forms(serial) == forms
    shop.run("submit")
    assert registry.client.verdict(serial)["outcome"] == "AUTHENTIC"


def test_a_recorded_amendment_that_the_ledger_does_not_name_can_be_forgotten(
    shop: Shop, registry: RunningRegistry
) -> None:
    """A registry that lied before cannot leave a folder without a way out."""
    serial = shop.anchored()
    shop.run("piece", "amend", serial, "--height", "106", "--no-send")
    store, false = shop.workshop.store, shop.forms(serial)[1]
    store.mark_amendments([(false.digest, "recorded", None)])
    assert shop.run("piece", "amend", serial, "--discard")["number"] == 0
    assert shop.run("piece", "amend", serial, "--height", "107")["state"] == "recorded"


def _lose_amendments(registry: RunningRegistry, *lost: Certificate) -> None:
    """Have a registry be as after an older copy was restored."""
    with contextlib.closing(sqlite3.connect(registry.folder / "registry.db", timeout=30)) as database, database:
        for form in lost:
            assert database.execute("DELETE FROM amendments WHERE digest=?", (form.digest.value,)).rowcount == 1


def _unreachable(*_arguments: object) -> Any:
    raise LedgerError("node-unreachable", "The node does not answer.", retryable=True)


def test_one_missing_photo_holds_up_nothing_else(shop: Shop, registry: RunningRegistry, tmp_path: Path) -> None:
    pictures = [tmp_path / f"{seed}.jpg" for seed in (201, 202, 203)]
    for seed, picture in enumerate(pictures, start=201):
        picture.write_bytes(photo_bytes(seed=seed))
    pieces = [shop.signed("--photo", picture) for picture in pictures]
    amending = shop.anchored()
    photos = [shop.forms(serial)[0].piece.photos[0].digest for serial in pieces]
    for digest in photos:  # They were sent with the piece that is amended: nothing of them has come yet.
        _lose_media(registry, digest)
    shop.workshop.store.mark_photos_lost(photos)
    missing, changed = shop.workshop.photo_path(photos[0]), shop.workshop.photo_path(photos[1])
    data = missing.read_bytes(), changed.read_bytes()
    missing.unlink()
    changed.write_bytes(b"another")
    shop.run("piece", "amend", amending, "--height", "110", "--no-send")
    outcome = shop.run("submit", "--wait", code=4)
    assert [item["serial"] for item in outcome["refused"]] == [str(serial) for serial in pieces[:2]]
    assert str(missing) in shop.talk
    assert str(changed) in shop.talk
    assert "kilnmark piece fetch" in shop.talk
    assert (outcome["photos"], outcome["amendments"]) == (1, {"recorded": 1, "waiting": 0})
    assert shop.run("piece", "amend", amending, "--height", "111")["state"] == "recorded"
    assert str(missing) in shop.talk
    missing.write_bytes(data[0])
    changed.write_bytes(data[1])
    assert shop.run("submit")["photos"] == 2


def test_what_the_registry_lost_is_sent_again_where_it_is_asked_for(
    shop: Shop, registry: RunningRegistry, tmp_path: Path
) -> None:
    picture, scan = tmp_path / "cup.jpg", tmp_path / "cup.glb"
    picture.write_bytes(photo_bytes(seed=210))
    scan.write_bytes(b"glTF" + bytes(range(256)) * 4_000)
    piece = shop.forms(shop.anchored("--photo", picture, "--scan", scan))[0].piece
    outcome = shop.run("submit", "--again")
    assert (outcome["photos"], outcome["files"]) == (0, 0)
    for digest in (piece.photos[0].digest, piece.scans[0].digest):
        _lose_media(registry, digest)
    outcome = shop.run("submit")
    assert (outcome["photos"], outcome["files"]) == (0, 0)
    outcome = shop.run("submit", "--again")
    assert (outcome["photos"], outcome["files"]) == (1, 1)
    assert "lost 2 files" in shop.talk
    for digest in (piece.photos[0].digest, piece.scans[0].digest):
        assert registry.client.has_file(digest)


def _lose_media(registry: RunningRegistry, digest: Digest) -> None:
    found = list((registry.folder / "media").rglob(f"{digest.hex()}*"))
    assert len(found) == 1
    found[0].unlink()


def test_a_lagging_node_is_waited_for_and_the_registry_left_in_peace(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial, told = shop.anchored(), list[AmendOrder]()
    relay = RegistryClient.relay

    def counting(self: RegistryClient, order: Any, signature: bytes) -> Any:
        told.append(order)
        return relay(self, order, signature)

    with monkeypatch.context() as patch:
        patch.setattr(RegistryClient, "relay", counting)
        patch.setattr(amendments.Recorder, "_look", lambda self, bundle, chain: (token_in(bundle), 0))
        patch.setattr(amendments, "PATIENCE", 4.0)
        nonce = EVMLedger.order_nonce
        first = list[int]()

        def lagging(self: Any, studio: Any, at: Any = None) -> int:
            first.append(nonce(self, studio, at))
            return first[0]

        patch.setattr(EVMLedger, "order_nonce", lagging)
        shop.run("piece", "amend", serial, "--height", "120", code=3)
        assert "node" in shop.talk
    assert len(told) == 1
    assert shop.run("piece", "amend", serial, "--height", "120")["state"] == "recorded"


# --- attackers --------------------------------------------------------------------------------------------------------


def amended(before: Certificate, signer: Any, **changes: Any) -> Certificate:
    piece = changes.pop("piece", replace(before.piece, height_mm=1))
    issuer, entry = changes.pop("issuer", before.issuer), changes.pop("status_entry", before.status_entry)
    replaces = changes.pop("replaces", before.digest)
    return issue(piece, issuer, signer, status_entry=entry, now=before.valid_from, replaces=replaces)


def token_of(registry: RunningRegistry, certificate: Certificate) -> int:
    return token_in(Bundle.from_bytes(registry.client.bundle(certificate.piece.serial)))


def token_in(bundle: Bundle) -> int:
    token_id = bundle.receipts[0].token_id
    assert token_id is not None
    return token_id


def test_amendments_of_others_are_refused_by_name(registry: RunningRegistry, studio: Studio) -> None:
    rival = Studio(registry, "amending-rival", "邻窑")
    rival.accredit()
    first, other = studio.sign(), studio.sign()
    studio.submit(first, other)
    studio.wait_anchored(first, other)
    cases = {
        "other-issuer": amended(first, rival.signer, issuer=rival.issuer),
        "unknown-key": amended(first, rival.signer),
        "other-serial": amended(first, studio.signer, piece=other.piece),
        "other-status-entry": amended(first, studio.signer, status_entry=other.status_entry),
        "unknown-predecessor": amended(first, studio.signer, replaces=Digest.of(b"nothing")),
    }
    results = registry.client.submit([certificate.data for certificate in cases.values()])
    assert [result["code"] for result in results] == list(cases)
    assert [result["status"] for result in results] == [409, 409, 409, 409, 404]

    ledger, token = (
        registry.ledger(),
        Bundle.from_bytes(registry.client.bundle(first.piece.serial)).receipts[0].token_id,
    )
    good = amended(first, studio.signer)

    def order(by: Studio, digest: Digest, token_id: int = token) -> str:
        signed = AmendOrder(token_id, digest, by.account.address, ledger.order_nonce(by.account.address), 0)
        try:
            registry.client.relay(signed, by.account.sign_message(ledger.identity, signed))
        except ProvenanceError as error:
            return f"{error.code} {error.message}"
        return "sent"

    assert order(studio, good.digest).startswith("unknown-amendment")
    registry.client.submit([good.data])
    assert order(studio, good.digest, token_of(registry, other)).startswith("other-piece")
    refused = order(rival, good.digest)
    assert "WrongOrderNonce" in refused or "InvalidOrderSignature" in refused
    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False) as http:
        assert http.get(f"/api/v1/certificates/{good.digest}/document").status_code == 404
        assert http.get(f"/api/v1/certificates/{good.digest}").json()["state"] == "registered"
    assert registry.client.verdict(first.piece.serial)["outcome"] == "AUTHENTIC"


def test_a_key_that_ended_amends_nothing(registry: RunningRegistry) -> None:
    from datetime import UTC, datetime

    from provenance.ledger import AddKeyCall, ShortenKeyCall

    studio = Studio(registry, "amending-ended", "旧窑")
    studio.accredit()
    first = studio.sign()
    studio.submit(first)
    studio.wait_anchored(first)
    registered, late = (
        amended(first, studio.signer),
        amended(first, studio.signer, piece=replace(first.piece, width_mm=1)),
    )
    registry.client.submit([registered.data])
    new, address = P256Signer.generate(), studio.account.address
    registry.steward_does(AddKeyCall(address, new.public_key.multikey_bytes))
    registry.steward_does(ShortenKeyCall(address, studio.signer.public_key.key_id, datetime.now(UTC)))
    codes = list[object]()
    for width in range(1, 100):  # The index sees it a moment later.
        late = amended(first, studio.signer, piece=replace(first.piece, width_mm=width))
        codes += [result.get("code") for result in registry.client.submit([late.data])]
        if codes[-1] is not None:
            break
        time.sleep(0.1)
    assert codes[-1] == "key-not-valid"
    ledger, token = (
        registry.ledger(),
        Bundle.from_bytes(registry.client.bundle(first.piece.serial)).receipts[0].token_id,
    )
    signed = AmendOrder(token, registered.digest, address, ledger.order_nonce(address), 0)
    with pytest.raises((ConflictError, NotFoundError)) as caught:
        registry.client.relay(signed, studio.account.sign_message(ledger.identity, signed))
    assert caught.value.code == "key-not-valid"
    good = amended(first, new)
    assert "code" not in registry.client.submit([good.data])[0]
    signed = AmendOrder(token, good.digest, address, ledger.order_nonce(address), 0)
    assert registry.client.relay(signed, studio.account.sign_message(ledger.identity, signed))["state"]
