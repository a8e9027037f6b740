"""Secret codes on paper, from the studio's command line to the buyer's claim at a running registry."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from provenance.claim_key import SecretCode
from provenance.evm.accounts import Account
from provenance.ledger import ReinstateCall, SuspendCall
from provenance.printing.readback import read_sheet
from provenance.serial import Serial
from provenance.tag import parse_tag_url, tag_url
from provenance_cli.private_file import PrivateFile
from tests.support.hand_overs import Counter
from tests.support.registries import RunningRegistry
from tests.support.secret_shops import SecretShop, claim_account


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """A registry whose every byte may be searched."""
    running = RunningRegistry(tmp_path_factory.mktemp("secret") / "data")
    running.start()
    yield running
    assert running.stop() == 0, running.log


@pytest.fixture
def shop(
    house: RunningRegistry,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> SecretShop:
    monkeypatch.setattr("provenance.tag.is_public_host", lambda base_url: True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    slug = f"s{abs(hash(request.node.name)) % 10**9}"
    return SecretShop(tmp_path, house, slug, capsys)


@pytest.fixture
def counter(house: RunningRegistry, request: pytest.FixtureRequest) -> Iterator[Counter]:
    made = Counter(house, f"2001:db8:{abs(hash(request.node.name)) % 0xFFFF:x}::1")
    yield made
    made.http.close()


def someone() -> Account:
    return Account.generate()[0]


def offer_of(counter: Counter, code: SecretCode, token: int) -> dict[str, Any]:
    """What the registry answers to a buyer who has the code, and asks for its release."""
    answer = counter.http.get(f"/api/v1/releases/{token}/{claim_account(code).address}")
    assert answer.status_code == 200, answer.text
    release: dict[str, Any] = answer.json()
    return release


def claim_of(counter: Counter, code: SecretCode, token: int, buyer: Account) -> dict[str, Any]:
    members: dict[str, Any] = counter.claim(offer_of(counter, code, token), claim_account(code), buyer.address)
    return members


def hidden_of(codes: dict[Serial, SecretCode]) -> list[bytes]:
    """All spellings of the secrets and keys that must stand nowhere."""
    found = list[bytes]()
    for code in codes.values():
        secret, key = code.reveal().partition("#")[2].encode(), code.private_key()
        found += [secret, secret.lower(), secret[:13], key, key.hex().encode()]
    return found


def shop_account(shop: SecretShop) -> Account:
    return Account.from_seed(shop.workshop.keystore().unlock("four words of mine").seed)


def test_a_secret_code_claims_once_and_its_secret_is_on_paper_only(
    shop: SecretShop, counter: Counter, house: RunningRegistry
) -> None:
    said = shop.done("tag", "secret")
    assert (said["codes"], said["pages"], said["cancelled"], said["refused"]) == (2, 1, 0, [])
    assert Path(said["file"]) == shop.sheet
    if os.name == "posix":
        assert stat.S_IMODE(shop.sheet.stat().st_mode) == 0o600
    codes = shop.codes()
    assert list(codes) == shop.serials
    assert sorted(path.name for path in shop.sheet.parent.iterdir()) == ["seals.pdf"]

    serial, code = next(iter(codes.items()))
    kept = b"".join(path.read_bytes() for path in shop.path.rglob("*") if path.is_file() and path != shop.sheet)
    assert "青花小杯".encode() in kept
    text = subprocess.run(["pdftotext", "-raw", shop.sheet, "-"], capture_output=True, check=True).stdout
    assert str(serial).encode() in text
    for where in (kept, text, shop.sheet.read_bytes()):
        assert not any(hidden in where for hidden in hidden_of(codes))

    # The page that a scan opens: no browser sends what stands behind "#", and none tells another site of it.
    token, buyer, thief = shop.token(serial), someone(), someone()
    page = counter.http.get(code.reveal(), headers={"accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["referrer-policy"] == "no-referrer"
    assert code.reveal().partition("#")[2] not in page.text

    # The tag that everybody sees holds no key, and no other key claims.
    public = parse_tag_url(tag_url(house.base_url, serial))
    with pytest.raises(Exception, match="no secret code"):
        SecretCode.parse(str(public))
    offer = offer_of(counter, code, token)
    good = counter.claim(offer, claim_account(code), buyer.address)
    guessed, other = claim_account(SecretCode.draw(house.base_url, serial)), claim_account(codes[shop.serials[1]])
    for key in (guessed, other, shop_account(shop)):
        counter.refused("claims", counter.claim(offer, key, thief.address), "InvalidClaimSignature")
        own = {**offer, "claimKey": str(key.address)}
        counter.refused("claims", counter.claim(own, key, thief.address), "InvalidHolderSignature")
        alone = {name: value for name, value in counter.claim(own, key, thief.address).items() if name != "release"}
        assert counter.post("claims", alone).json()["code"] == "unknown-release"
    assert (counter.nonce(token), counter.holder(token)) == (0, shop.workshop.keystore().studio)

    assert counter.done("claims", good)["state"] == "final"
    assert counter.holder(token) == buyer.address
    counter.refused("claims", counter.claim(offer, claim_account(code), thief.address), "WrongPieceNonce")
    assert counter.wait("claims", counter.post("claims", good).json()["id"])["state"] == "final"  # The same one.
    assert (counter.nonce(token), counter.holder(token)) == (1, buyer.address)

    written = b"".join(house.written().values())
    assert claim_account(code).address.value.hex().encode() in written.lower().replace(b"0x", b"") or (
        claim_account(code).address.value in written
    )
    assert not any(hidden in written for hidden in hidden_of(codes))

    # What was sold gets no code any more, and what has one none without being asked for.
    shop.sheet.unlink()
    code_, _, talk = shop.run("tag", "secret", serial, "--reprint")
    assert (code_, "is not the studio's any more" in talk) == (3, True), talk
    said = shop.done("tag", "secret")
    assert (said["codes"], said["printed"]) == (0, 2)
    assert not shop.sheet.exists()


def test_of_two_claims_at_the_same_time_one_wins(shop: SecretShop, counter: Counter) -> None:
    serial = shop.serials[0]
    shop.done("tag", "secret", serial)
    code, token = shop.codes()[serial], shop.token(serial)
    buyers = [someone() for _ in range(4)]
    claims = [claim_of(counter, code, token, buyer) for buyer in buyers]
    answers: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda c=claim: answers.append(counter.post("claims", c))) for claim in claims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [answer for answer in answers if answer.status_code == 202]
    assert [answer.status_code for answer in answers if answer not in taken] == [409] * 3
    assert len(taken) == 1
    won = counter.wait("claims", taken[0].json()["id"])
    assert won["state"] == "final"
    assert str(counter.holder(token)) == won["newHolder"]
    assert counter.nonce(token) == 1


def test_a_code_is_printed_anew_only_when_asked_for_and_cancels_the_earlier(shop: SecretShop, counter: Counter) -> None:
    serial = shop.serials[0]
    shop.done("tag", "secret", serial)
    old, token = shop.codes()[serial], shop.token(serial)
    late = claim_of(counter, old, token, someone())
    first = shop.sheet.read_bytes()
    code, _, talk = shop.run("tag", "secret", serial)
    assert (code, "nowhere else" in talk) == (3, True), talk
    assert shop.sheet.read_bytes() == first
    code, _, talk = shop.run("tag", "secret", serial, "--out", shop.folder / "second.pdf")
    assert (code, "--reprint" in talk) == (3, True), talk
    assert not (shop.folder / "second.pdf").exists()
    assert counter.nonce(token) == 0
    assert shop.run("tag", "secret", "--reprint")[0] == 2
    code, _, talk = shop.run("tag", "secret", "--reprint", serial, "--passphrase-file", shop.folder / "policy.json")
    assert code != 0

    said = shop.done("tag", "secret", "--reprint", serial, "--out", shop.folder / "second.pdf")
    assert (said["codes"], said["cancelled"]) == (1, 1)
    new = shop.codes(shop.folder / "second.pdf")[serial]
    assert new.reveal() != old.reveal()
    assert counter.nonce(token) == 1
    counter.refused("claims", late, "WrongPieceNonce")
    buyer = someone()
    assert counter.done("claims", claim_of(counter, new, token, buyer))["state"] == "final"
    assert counter.holder(token) == buyer.address


def test_a_run_that_was_killed_leaves_no_code_that_counts(shop: SecretShop, counter: Counter) -> None:
    serial = shop.serials[0]
    token, nonce = shop.token(serial), 0
    for moment in ("before", "between", "after"):
        shop.killed(moment, "tag", "secret", "--reprint", serial)
        nonce += 1  # What was printed before is cancelled first.
        left = list(shop.sheet.parent.glob("*.pdf"))
        assert bool(left) == (moment == "after")
        void = shop.codes()[serial] if left else None
        late = claim_of(counter, void, token, someone()) if void else None
        if left:
            code, _, talk = shop.run("tag", "secret", serial)
            assert (code, "did not end" in talk) == (3, True), talk
            shop.sheet.unlink()
        code, said, talk = shop.run("tag", "secret", serial)
        assert (code, said["codes"], said["cancelled"]) == (0, 1, 1), talk
        assert "did not end" in talk
        nonce += 1
        assert counter.nonce(token) == nonce
        if late:
            counter.refused("claims", late, "WrongPieceNonce")
        assert [path.name for path in shop.sheet.parent.iterdir()] == ["seals.pdf"]
        shop.sheet.unlink()


@pytest.mark.parametrize("moment", ["asked", "cancelled"])
def test_a_piece_whose_code_was_to_be_cancelled_waits_for_another(
    shop: SecretShop, counter: Counter, moment: str
) -> None:
    serial, other = shop.serials
    shop.done("tag", "secret")
    old, token = shop.codes()[serial], shop.token(serial)
    late = claim_of(counter, old, token, someone())
    shop.sheet.unlink()
    shop.killed(moment, "tag", "secret", "--reprint", serial)
    assert counter.nonce(token) == (moment == "cancelled")
    said = shop.done("tag", "secret")
    assert (said["codes"], said["cancelled"], said["printed"]) == (1, int(moment == "asked"), 1)
    assert list(shop.codes()) == [serial]
    assert counter.nonce(token) == 1
    counter.refused("claims", late, "WrongPieceNonce")
    buyer = someone()
    assert counter.done("claims", claim_of(counter, shop.codes()[serial], token, buyer))["state"] == "final"
    assert counter.nonce(shop.token(other)) == 0


def test_a_full_disk_is_found_before_anything_is_released(
    shop: SecretShop, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial = shop.serials[0]
    token = shop.token(serial)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("provenance_cli.private_file.os.write", full)
        code, _, talk = shop.run("tag", "secret", serial)
    assert (code, "No space left" in talk, "are gone" in talk) == (5, True, True), talk
    assert shop.workshop.store.drawn_codes() == {}
    assert list(shop.sheet.parent.iterdir()) == []

    with monkeypatch.context() as patch:  # Against all odds after the room was taken.
        patch.setattr(PrivateFile, "fill", full)
        assert shop.run("tag", "secret", serial)[0] == 5
    (drawn,) = shop.workshop.store.drawn_codes().values()
    assert not drawn.printed
    assert list(shop.sheet.parent.iterdir()) == []
    assert counter.http.get(f"/api/v1/releases/{token}/{drawn.claim_key}").status_code == 200
    said = shop.done("tag", "secret", serial)
    assert (said["codes"], said["cancelled"]) == (1, 1)
    assert counter.http.get(f"/api/v1/releases/{token}/{drawn.claim_key}").status_code == 404


def test_what_cannot_be_released_gets_no_code(
    shop: SecretShop, counter: Counter, house: RunningRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = shop.workshop.keystore().studio
    house.steward_does(SuspendCall(studio))
    code, _, talk = shop.run("tag", "secret")
    assert (code, "suspended" in talk) == (3, True), talk
    house.steward_does(ReinstateCall(studio))

    pinned = shop.workshop.policy_path.read_bytes()
    policy = house.policy
    for wrong in (
        replace(policy, ledger=replace(policy.ledger, chain_id=policy.ledger.chain_id + 1)),
        replace(policy, nodes=("http://127.0.0.1:9",)),
    ):
        shop.workshop.policy_path.write_bytes(wrong.to_bytes())
        code, _, talk = shop.run("tag", "secret")
        assert code in (3, 5), talk
    shop.workshop.policy_path.write_bytes(pinned)
    with monkeypatch.context() as patch:
        patch.setattr("provenance_cli.hand_over_client.HandOverClient._object", _gone)
        code, _, talk = shop.run("tag", "secret")
    assert (code, "does not answer" in talk) == (3, True), talk
    assert len(shop.workshop.store.drawn_codes()) == 2
    assert not shop.sheet.exists()
    moved = shop.folder / "moved"
    shutil.move(shop.path, moved)
    shop.path = moved
    said = shop.done("tag", "secret")
    assert (said["codes"], said["cancelled"]) == (2, 2)
    assert set(shop.codes()) == set(shop.serials)


def _gone(client: Any, *_: object) -> None:
    raise client.unreachable()


def test_one_piece_that_is_refused_spoils_no_other(
    shop: SecretShop, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provenance_cli import secret_codes

    first, second = shop.serials
    draw = secret_codes.draw

    def wrong(*given: Any) -> list[Any]:
        made = draw(*given)
        stranger = someone().sign_message(counter.ledger.identity, made[0].release)
        return [replace(made[0], drawn=replace(made[0].drawn, signature=stranger)), *made[1:]]

    monkeypatch.setattr(secret_codes, "draw", wrong)
    said = shop.done("tag", "secret")
    assert (said["codes"], [item["serial"] for item in said["refused"]]) == (1, [str(first)])
    assert list(shop.codes()) == [second]
    assert list(shop.workshop.store.drawn_codes()) == [second]


def test_many_codes_are_cancelled_and_released_within_the_registrys_limits(shop: SecretShop, counter: Counter) -> None:
    for number in range(18):
        shop.done("piece", "add", "--title", f"杯 {number}")
    shop.done("sign")
    shop.done("submit", "--wait")
    shop.done("tag", "secret", "--layout", "roll-50x30")
    shop.sheet.unlink()
    said = shop.done("tag", "secret", "--reprint", *shop.serials)
    assert (said["codes"], said["cancelled"], said["refused"]) == (20, 20, [])
    assert {counter.nonce(shop.token(serial)) for serial in shop.serials} == {1}
    for serial, code in shop.codes().items():
        key = claim_account(code).address
        assert counter.http.get(f"/api/v1/releases/{shop.token(serial)}/{key}").status_code == 200


def test_two_programs_never_draw_at_once(shop: SecretShop) -> None:
    from provenance_cli.secret_codes import alone

    with alone(shop.workshop):
        code, _, talk = shop.run("tag", "secret")
    assert (code, "Another program" in talk) == (3, True), talk
    assert Serial(shop.serials[0].compact) not in shop.workshop.store.drawn_codes()


def test_a_folder_that_was_restored_prints_no_second_code_unawares(shop: SecretShop, counter: Counter) -> None:
    """Its records do not know of the first: the registry tells of a release that it did not make."""
    shop.done("tag", "secret")
    first = shop.codes()
    shop.sheet.unlink()
    shop.workshop.store.forget_drawn(shop.workshop.store.drawn_codes().values())
    for _ in range(2):
        code, _data, talk = shop.run("tag", "secret")
        assert (code, "another release" in talk) == (3, True), talk
        assert not shop.sheet.exists()
        assert shop.workshop.store.drawn_codes() == {}
    serial = shop.serials[0]
    token, buyer = shop.token(serial), someone()
    said = shop.done("tag", "secret", "--reprint", serial)
    assert (said["codes"], said["cancelled"]) == (1, 1)
    answer = counter.http.get(f"/api/v1/releases/{token}/{claim_account(first[serial]).address}")
    assert answer.status_code == 404
    assert counter.done("claims", claim_of(counter, shop.codes()[serial], token, buyer))["state"] == "final"
    other = shop.serials[1]  # Of which the first code counts on.
    assert counter.done("claims", claim_of(counter, first[other], shop.token(other), buyer))["state"] == "final"


def test_a_piece_is_claimed_at_the_command_line(shop: SecretShop, counter: Counter) -> None:
    import io

    import pypdfium2

    shop.done("tag", "secret", "--layout", "roll-60x40")
    first, second = shop.serials
    codes, buyer = shop.codes(), someone().address
    held = shop.folder / "held"
    held.write_text(codes[first].reveal() + "\n", "utf-8")
    said = shop.done("claim", "--check", "--code-file", held)
    assert said == {"serial": str(first), "claimKey": str(claim_account(codes[first]).address), "counts": True,
                    "holder": str(shop.workshop.keystore().studio)}  # fmt: skip
    assert counter.nonce(shop.token(first)) == 0
    said = shop.done("claim", "--to", buyer, "--code-file", held)
    assert (said["holder"], said["counts"]) == (str(buyer), False)
    assert counter.holder(shop.token(first)) == buyer
    code, _, talk = shop.run("claim", "--to", buyer, "--code-file", held)
    assert (code, "No release for this claim key counts" in talk) == (3, True), talk

    page = pypdfium2.PdfDocument(shop.sheet.read_bytes())[1].render(scale=5).to_pil()
    picture = io.BytesIO()
    page.convert("RGB").save(picture, "JPEG", quality=85)
    (shop.folder / "photo.jpg").write_bytes(picture.getvalue())
    shop.done("claim", "--to", buyer, "--photo", shop.folder / "photo.jpg")
    assert counter.holder(shop.token(second)) == buyer

    public = shop.folder / "public"
    public.write_text(tag_url(shop.registry.base_url, second), "utf-8")
    for wrong, told in (
        (("--check", "--code-file", public), "no secret code"),
        (("--check",), "nobody to ask"),
        (("--code-file", held), "--to ADDRESS"),
        (("--check", "--photo", shop.folder / "policy.json"), "not a JPEG"),
    ):
        code, _, talk = shop.run("claim", *wrong)
        assert code != 0
        assert told in talk
        assert not any(secret.decode("latin-1") in talk for secret in hidden_of(codes)[::5])


def test_printed_codes_are_released_again_where_the_registry_lost_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.tag.is_public_host", lambda base_url: True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    house = RunningRegistry(tmp_path / "data")
    house.start()
    try:
        shop = SecretShop(tmp_path, house, "again", capsys, pieces=3)
        shop.done("tag", "secret")
        codes, (first, second, third) = shop.codes(), shop.serials
        with_first = Counter(house)
        sold = claim_of(with_first, codes[third], shop.token(third), someone())
        assert with_first.done("claims", sold)["state"] == "final"
        with_first.http.close()
        assert house.stop() == 0
        with contextlib.closing(sqlite3.connect(house.folder / "registry.db")) as database, database:
            assert database.execute("DELETE FROM releases").rowcount >= 2
        house.start()
        counter = Counter(house)
        key = claim_account(codes[first])
        assert counter.http.get(f"/api/v1/releases/{shop.token(first)}/{key.address}").status_code == 404
        assert shop.done("tag", "release", first) == {"released": 1, "void": 0, "refused": []}
        for _ in range(2):  # As often as one likes.
            assert shop.done("tag", "release") == {"released": 2, "void": 1, "refused": []}
        assert counter.nonce(shop.token(first)) == 0
        for serial in (first, second):
            claim = claim_of(counter, codes[serial], shop.token(serial), someone())
            assert counter.done("claims", claim)["state"] == "final"
        assert shop.done("tag", "release") == {"released": 0, "void": 3, "refused": []}
        code, _, talk = shop.run("tag", "release", Serial.random())
        assert (code, "No secret code" in talk) == (3, True), talk
        counter.http.close()
    finally:
        house.stop()


def test_hang_tags_have_their_codes_within_the_fold(shop: SecretShop, counter: Counter) -> None:
    said = shop.done("tag", "secret", "--fold")
    assert (said["codes"], said["pages"]) == (2, 2)
    texts = read_sheet(shop.sheet.read_bytes())
    public = [tag_url(shop.registry.base_url, serial) for serial in shop.serials]
    assert sorted(text for text in texts if "#" not in text) == sorted(public)
    codes = [SecretCode.parse(text) for text in texts if "#" in text]
    assert sorted(code.serial for code in codes) == sorted(shop.serials)
    token = shop.token(codes[0].serial)
    assert counter.done("claims", claim_of(counter, codes[0], token, someone()))["state"] == "final"
    code, _, talk = shop.run("tag", "secret", "--fold", "--start", 2)
    assert (code, "no --start" in talk) == (2, True), talk
