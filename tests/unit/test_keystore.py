"""The keystore: what it restores, what it survives, what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provenance import keystore as module
from provenance.canonical import canonicalize
from provenance.encoding import Address
from provenance.errors import KeystoreError, MalformedError, ProvenanceError
from provenance.evm.accounts import account_of
from provenance.keystore import Keystore
from provenance.phrase import MAX_KEY_NUMBER, Phrase, certificate_signer

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least costly parameters that a file may have: the tests seal often."""
    monkeypatch.setattr(module, "SCRYPT_COST", module.MIN_SCRYPT_COST)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Keystore, str]:
    return Keystore.create(tmp_path / "keystore.json", PASSPHRASE, "en", account_of)


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_the_phrase_restores_certificate_key_and_account(tmp_path: Path, language: str) -> None:
    first, phrase = Keystore.create(tmp_path / "first.json", PASSPHRASE, language, account_of)
    typed = phrase.upper().replace(" ", "\n ") if language == "en" else phrase.replace(" ", "")
    again = Keystore.restore(tmp_path / "again.json", Phrase.read(typed), "another passphrase", account_of)
    assert (again.public_key, again.account, again.studio) == (first.public_key, first.account, first.account)
    assert again.unlock("another passphrase").seed == first.unlock(PASSPHRASE).seed
    assert str(again.unlock("another passphrase").phrase) == phrase


@pytest.mark.parametrize("text", ["", "abandon " * 12, "abandon " * 11, "的" * 12, "zoo " * 12, "\x00", "a" * 9999])
def test_a_mistyped_phrase_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(KeystoreError) as caught:
        Phrase.read(text)
    assert caught.value.code == "bad-phrase"
    assert not text.strip() or text.strip() not in caught.value.message


def test_the_parameters_are_stated_and_the_secrets_are_not(made: tuple[Keystore, str]) -> None:
    keystore, phrase = made
    members = json.loads(keystore.path.read_bytes())
    assert {name: members["kdf"][name] for name in "nrp"} == {"n": module.MIN_SCRYPT_COST, "r": 8, "p": 1}
    assert members["kdf"]["name"] == "scrypt"
    assert keystore.path.stat().st_mode & 0o077 == 0
    unlocked = keystore.unlock(PASSPHRASE)
    for text in (repr(unlocked), repr(unlocked.phrase), repr(unlocked.signer), repr(keystore), json.dumps(members)):
        assert phrase not in text
        assert unlocked.seed.hex() not in text
        assert unlocked.phrase.entropy.hex() not in text


def test_new_files_take_the_parameters_that_the_module_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: tuple[Keystore, str]
) -> None:
    monkeypatch.setattr(module, "SCRYPT_COST", 2**15)
    old = Keystore.open(made[0].path)
    assert old.is_outdated
    new = old.change_passphrase(PASSPHRASE, PASSPHRASE)
    assert not new.is_outdated
    assert not Keystore.open(old.path).is_outdated
    assert json.loads(old.path.read_bytes())["kdf"]["n"] == 2**15
    assert str(Keystore.open(old.path).unlock(PASSPHRASE).phrase) == made[1]


def test_a_new_passphrase_opens_and_the_old_one_does_not(made: tuple[Keystore, str]) -> None:
    keystore, phrase = made
    keystore.change_passphrase(PASSPHRASE, "another passphrase")
    changed = Keystore.open(keystore.path)
    assert str(changed.unlock("another passphrase").phrase) == phrase
    for wrong in (PASSPHRASE, "", "another passphrase ", "\udc80" * 8):
        with pytest.raises(KeystoreError, match="does not open"):
            changed.unlock(wrong)
    with pytest.raises(KeystoreError, match="8 characters"):
        changed.change_passphrase("another passphrase", "short")
    assert [path.name for path in keystore.path.parent.iterdir()] == ["keystore.json"]


def test_rotation_takes_the_next_key_of_the_same_phrase(made: tuple[Keystore, str]) -> None:
    keystore, phrase = made
    rotated = keystore.rotate(PASSPHRASE).rotate(PASSPHRASE)
    assert (rotated.key_number, rotated.account, rotated.studio) == (3, keystore.account, keystore.studio)
    seed = Phrase.read(phrase).seed
    keys = [certificate_signer(seed, number).public_key for number in (1, 2, 3)]
    assert len(set(keys)) == 3
    assert (keys[0], keys[2]) == (keystore.public_key, rotated.public_key)
    opened = Keystore.open(keystore.path)
    assert opened.unlock(PASSPHRASE).signer.public_key == keys[2]
    assert opened.change_passphrase(PASSPHRASE, PASSPHRASE).key_number == 3
    for number in (0, MAX_KEY_NUMBER + 1):
        with pytest.raises(KeystoreError, match="keys 1 to"):
            certificate_signer(seed, number)


def test_a_new_phrase_signs_for_the_same_studio_and_the_old_file_is_kept(made: tuple[Keystore, str]) -> None:
    keystore, old_phrase = made
    phrase, kept = Phrase.random("en"), keystore.path.with_name("kept.json")
    with pytest.raises(KeystoreError, match="does not open"):
        keystore.renew("wrong passphrase", phrase, account_of, kept)
    assert not kept.exists()
    renewed = keystore.rotate(PASSPHRASE).renew(PASSPHRASE, phrase, account_of, kept)
    assert renewed.studio == keystore.account
    assert renewed.account == account_of(phrase.seed) != keystore.account
    assert (renewed.key_number, Keystore.open(keystore.path).studio) == (1, keystore.studio)
    assert str(Keystore.open(kept).unlock(PASSPHRASE).phrase) == old_phrase


def test_a_file_without_the_newer_members_is_read_as_the_first_key_of_its_own_studio(
    made: tuple[Keystore, str],
) -> None:
    keystore, phrase = made
    reseal(keystore.path, lambda header: [header.pop(name) for name in ("keyNumber", "studio")])
    opened = Keystore.open(keystore.path)
    assert (opened.key_number, opened.studio) == (1, keystore.account)
    assert str(opened.unlock(PASSPHRASE).phrase) == phrase


def reseal(path: Path, change: Callable[[dict[str, Any]], object], passphrase: str = PASSPHRASE) -> None:
    """Seal a keystore again with another header, as somebody can who has the passphrase."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from provenance.encoding import to_base64url

    entropy = Keystore.open(path).unlock(passphrase).phrase.entropy
    header = json.loads(path.read_bytes())
    sealed = header.pop("sealed")
    change(header)
    key = module._stretch(passphrase, header)
    data = AESGCM(key).encrypt(bytes(12), entropy, canonicalize(header))
    path.write_bytes(canonicalize({**header, "sealed": {**sealed, "nonce": "A" * 16, "data": to_base64url(data)}}))


def test_a_key_that_is_not_the_phrases_is_found(made: tuple[Keystore, str]) -> None:
    other = certificate_signer(Phrase.random("en").seed).public_key.multikey
    reseal(made[0].path, lambda header: header.update(publicKey=other))
    with pytest.raises(MalformedError, match="another key"):
        Keystore.open(made[0].path).unlock(PASSPHRASE)


HOSTILE = [
    {"n": 2**21}, {"n": 2**31}, {"n": 2**62}, {"n": 2**53 - 1}, {"n": 3 * 2**14}, {"n": 2**13}, {"n": 0}, {"n": -1},
    {"n": True}, {"n": "131072"}, {"r": 9}, {"r": 2**30}, {"r": True}, {"p": 2**30}, {"p": 2}, {"p": True}, {"p": 0},
    {"salt": ""},    {"salt": "A" * 4000}, {"salt": 1}, {"name": "argon2id"}, {"name": None},
]  # fmt: skip


@pytest.mark.parametrize("change", HOSTILE, ids=str)
def test_hostile_parameters_are_refused_before_any_memory_is_taken(
    made: tuple[Keystore, str], change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    members = json.loads(made[0].path.read_bytes())
    members["kdf"].update(change)
    made[0].path.write_text(json.dumps(members, separators=(",", ":"), sort_keys=True), "utf-8")

    def taken(**arguments: object) -> None:
        raise AssertionError(f"scrypt was called with {arguments}")

    monkeypatch.setattr(module, "Scrypt", taken)
    with pytest.raises(MalformedError):
        Keystore.open(made[0].path).unlock(PASSPHRASE)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"x" * 9_000, b'{"type":"KilnmarkKeystore","version":1}', b"\xff"]
)
def test_other_files_are_no_keystores(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keystore.json").write_bytes(content)
    with pytest.raises(MalformedError):
        Keystore.open(tmp_path / "keystore.json")


def test_a_keystore_is_never_overwritten_by_making_one(made: tuple[Keystore, str]) -> None:
    before = made[0].path.read_bytes()
    for make in (
        lambda: Keystore.create(made[0].path, PASSPHRASE, "en", account_of),
        lambda: Keystore.restore(made[0].path, Phrase.random("en"), PASSPHRASE, account_of),
    ):
        with pytest.raises(KeystoreError, match="already"):
            make()
    assert made[0].path.read_bytes() == before


KILLED = """
import os, sys
from pathlib import Path
from provenance import keystore
from provenance.keystore import Keystore

calls, last = 0, int(sys.argv[2])

def counted(function):
    def call(*arguments, **named):
        global calls
        calls += 1
        if calls == last:
            os._exit(9)
        return function(*arguments, **named)
    return call

keystore.SCRYPT_COST = keystore.MIN_SCRYPT_COST
keystore.tempfile.mkstemp = counted(keystore.tempfile.mkstemp)
os.fsync = counted(os.fsync)
Path.replace = counted(Path.replace)
os.close = counted(os.close)
Keystore.open(Path(sys.argv[1])).change_passphrase("correct horse battery", "another passphrase")
os._exit(0 if calls < last else 1)
"""


def test_a_kill_at_any_point_leaves_the_old_file_or_the_new_one(made: tuple[Keystore, str]) -> None:
    keystore, phrase = made
    before, seen = keystore.path.read_bytes(), set[str]()
    for point in range(1, 20):
        keystore.path.write_bytes(before)
        process = subprocess.run([sys.executable, "-c", KILLED, str(keystore.path), str(point)], check=False)
        assert process.returncode in (0, 9)
        opening = {}
        for passphrase in (PASSPHRASE, "another passphrase"):
            try:
                opening[passphrase] = str(Keystore.open(keystore.path).unlock(passphrase).phrase)
            except KeystoreError:
                continue
        assert list(opening.values()) == [phrase]
        seen.update(opening)
        if process.returncode == 0:
            break
    else:
        raise AssertionError("it never ran to its end")
    assert point >= 5
    assert seen == {PASSPHRASE, "another passphrase"}


def test_a_disk_that_fails_leaves_the_old_file(made: tuple[Keystore, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    before = made[0].path.read_bytes()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ProvenanceError, match="cannot be written"):
        made[0].change_passphrase(PASSPHRASE, "another passphrase")
    assert made[0].path.read_bytes() == before
    assert [path.name for path in made[0].path.parent.iterdir()] == ["keystore.json"]


def test_too_little_memory_is_said(made: tuple[Keystore, str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Scarce:
        def __init__(self, **_: object) -> None: ...

        def derive(self, _data: bytes) -> bytes:
            raise MemoryError

    monkeypatch.setattr(module, "Scrypt", Scarce)
    with pytest.raises(KeystoreError, match="16 MiB"):
        made[0].unlock(PASSPHRASE)


def test_another_studio_is_kept_through_every_change(tmp_path: Path) -> None:
    studio = Address(b"\x11" * 20)
    keystore, phrase = Keystore.create(tmp_path / "k.json", PASSPHRASE, "en", account_of, studio=studio)
    assert keystore.rotate(PASSPHRASE).change_passphrase(PASSPHRASE, PASSPHRASE).studio == studio
    again = Keystore.restore(
        tmp_path / "again.json", Phrase.read(phrase), PASSPHRASE, account_of, key_number=2, studio=studio
    )
    assert (again.studio, again.key_number) == (studio, 2)
