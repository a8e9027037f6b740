"""The keystore: one encrypted file, and the recovery phrase that brings it back.

The file holds BIP-39 entropy, encrypted with AES-256-GCM under a key that scrypt (RFC 7914) draws from a passphrase;
the parameters stand in the file and are authenticated.  From the phrase's BIP-39 seed come the P-256 certificate key
(HKDF-SHA256, RFC 5869) and, in ``provenance.evm``, the studio's Ethereum account.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from provenance.canonical import JSONObject, canonicalize, is_of, parse
from provenance.encoding import Address, from_base64url, to_base64url
from provenance.errors import KeystoreError, MalformedError, StorageError
from provenance.keys import P256_ORDER, P256Signer, PublicKey
from provenance.words import WordList, mnemonic, word_list

KEYSTORE_TYPE = "KilnmarkKeystore"
KEYSTORE_VERSION = 1
MAX_KEYSTORE_BYTES = 8_192
MIN_PASSPHRASE = 8
"""Shortest passphrase in characters; scrypt makes each guess cost a tenth of a second and 128 MiB."""
ENTROPY_BYTES = 16
"""128 bits: a phrase of twelve words."""
SCRYPT_COST = 2**17
"""scrypt's N for new files, with r=8 and p=1 (OWASP's recommendation of 2023): 128 MiB a guess."""
MAX_SCRYPT_COST = 2**20
"""Largest N accepted from a file: more would let a hostile file exhaust memory (1 GiB)."""

AccountOf = Callable[[bytes], Address]
"""Gives the Ethereum address of a BIP-39 seed; ``provenance.evm.accounts`` has it."""


@dataclass(frozen=True, slots=True, repr=False)
class Unlocked:
    """The secrets of an open keystore; never printed, never written."""

    seed: bytes
    phrase: str
    signer: P256Signer

    def __repr__(self) -> str:
        return "Unlocked(...)"


@dataclass(frozen=True, slots=True)
class Keystore:
    """An encrypted keystore and its public parts: the certificate key and the studio's account."""

    path: Path
    public_key: PublicKey
    account: Address
    _members: JSONObject

    @classmethod
    def create(cls, path: Path, passphrase: str, language: str, account_of: AccountOf) -> tuple[Keystore, str]:
        """Make a keystore with new secrets at `path`; return it and its recovery phrase.

        The phrase is in the word list for `language`.  Raises `KeystoreError` where the passphrase is too short or a
        file is there already.
        """
        words = word_list(language)
        phrase = mnemonic(words).to_mnemonic(secrets.token_bytes(ENTROPY_BYTES))
        return cls._write(path, passphrase, words, phrase, account_of, replace=False), phrase

    @classmethod
    def restore(cls, path: Path, phrase: str, passphrase: str, account_of: AccountOf) -> Keystore:
        """Make the keystore of `phrase` at `path`; raises `KeystoreError` where the phrase is mistyped."""
        words, normal = _read_phrase(phrase)
        return cls._write(path, passphrase, words, normal, account_of, replace=False)

    @classmethod
    def open(cls, path: Path) -> Keystore:
        """Read the keystore at `path` without opening it; raises `KeystoreError` or `MalformedError`."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_KEYSTORE_BYTES + 1)
        except FileNotFoundError:
            raise KeystoreError(
                "no-keystore",
                "There is no keystore at {path}.",
                hint="Make one, or restore it from the phrase.",
                path=path,
            ) from None
        except OSError as error:
            raise StorageError(
                "unreadable-keystore", "{path} cannot be read: {reason}.", path=path, reason=error
            ) from None
        members = parse(data, limit=MAX_KEYSTORE_BYTES)
        if not is_of(members, KEYSTORE_TYPE, KEYSTORE_VERSION):
            raise MalformedError("not-a-keystore", "{path} is not a keystore that this program can read.", path=path)
        return cls(path, PublicKey.parse(members.get("publicKey")), Address.parse(members.get("account")), members)

    def unlock(self, passphrase: str) -> Unlocked:
        """Return the secrets; raises `KeystoreError` for a wrong passphrase."""
        words: WordList = "chinese_simplified" if self._members.get("words") == "chinese_simplified" else "english"
        sealed = self._members.get("sealed")
        header = {name: value for name, value in self._members.items() if name != "sealed"}
        if (
            not isinstance(sealed, dict)
            or not isinstance(sealed.get("nonce"), str)
            or not isinstance(sealed.get("data"), str)
        ):
            raise MalformedError("not-a-keystore", "The keystore lacks its sealed part.", field="sealed")
        nonce, data = from_base64url(str(sealed["nonce"])), from_base64url(str(sealed["data"]))
        if len(nonce) != 12:
            raise MalformedError("not-a-keystore", "The keystore's nonce has the wrong length.", field="sealed.nonce")
        try:
            entropy = AESGCM(_stretch(passphrase, self._members)).decrypt(nonce, data, canonicalize(header))
        except InvalidTag:
            raise KeystoreError(
                "wrong-passphrase",
                "The passphrase does not open the keystore.",
                hint="Try again; if it is lost, restore the keystore from the recovery phrase.",
            ) from None
        return _unlocked(mnemonic(words).to_mnemonic(entropy), words)

    def change_passphrase(self, old: str, new: str) -> Keystore:
        """Seal the same secrets anew under `new`, with today's parameters; raises `KeystoreError`."""
        unlocked = self.unlock(old)
        words, _ = _read_phrase(unlocked.phrase)
        return self._write(self.path, new, words, unlocked.phrase, lambda _: self.account, replace=True)

    @classmethod
    def _write(
        cls, path: Path, passphrase: str, words: WordList, phrase: str, account_of: AccountOf, *, replace: bool
    ) -> Keystore:
        if len(passphrase) < MIN_PASSPHRASE:
            raise KeystoreError(
                "short-passphrase",
                "A passphrase needs {limit} characters at least.",
                hint="Four or five words that do not belong together are good.",
                limit=MIN_PASSPHRASE,
            )
        unlocked = _unlocked(phrase, words)
        header: JSONObject = {
            "type": KEYSTORE_TYPE,
            "version": KEYSTORE_VERSION,
            "words": words,
            "publicKey": unlocked.signer.public_key.multikey,
            "account": str(account_of(unlocked.seed)),
            "kdf": {
                "name": "scrypt",
                "n": SCRYPT_COST,
                "r": 8,
                "p": 1,
                "salt": to_base64url(secrets.token_bytes(16)),
            },
        }
        nonce = secrets.token_bytes(12)
        entropy = bytes(mnemonic(words).to_entropy(phrase))
        data = AESGCM(_stretch(passphrase, header)).encrypt(nonce, entropy, canonicalize(header))
        members: JSONObject = {**header, "sealed": {"nonce": to_base64url(nonce), "data": to_base64url(data)}}
        _write_private(path, canonicalize(members) + b"\n", replace=replace)
        return cls(path, unlocked.signer.public_key, Address.parse(header["account"]), members)


def certificate_signer(seed: bytes) -> P256Signer:
    """Return the certificate key of a BIP-39 seed: HKDF-SHA256, reduced as FIPS 186-5 appendix A.2.1 does."""
    okm = HKDF(algorithm=hashes.SHA256(), length=48, salt=None, info=b"kilnmark certificate key P-256 1").derive(seed)
    scalar = int.from_bytes(okm, "big") % (P256_ORDER - 1) + 1
    return P256Signer.from_secret(scalar.to_bytes(32, "big"))


def _unlocked(phrase: str, words: WordList) -> Unlocked:
    seed = bytes(mnemonic(words).to_seed(phrase))
    return Unlocked(seed, phrase, certificate_signer(seed))


def _read_phrase(phrase: str) -> tuple[WordList, str]:
    words = unicodedata.normalize("NFKD", phrase).lower().split()
    lists: tuple[WordList, ...] = ("english", "chinese_simplified")
    for language in lists:
        # Chinese words are single characters, often written without spaces.
        parts = list("".join(words)) if language == "chinese_simplified" else words
        normal = " ".join(parts)
        if len(parts) == 12 and mnemonic(language).check(normal):
            return language, normal
    raise KeystoreError(
        "bad-phrase",
        "This is not a recovery phrase: a word is wrong, missing or out of order.",
        hint="Compare each of the twelve words with the paper.",
    )


def _stretch(passphrase: str, members: JSONObject) -> bytes:
    kdf = members.get("kdf")
    if not isinstance(kdf, dict) or kdf.get("name") != "scrypt" or not isinstance(kdf.get("salt"), str):
        raise MalformedError("not-a-keystore", "The keystore names no known key derivation.", field="kdf")
    n, r, p = kdf.get("n"), kdf.get("r"), kdf.get("p")
    if type(n) is not int or n & (n - 1) or not 2**14 <= n <= MAX_SCRYPT_COST or r != 8 or p != 1:
        raise MalformedError("not-a-keystore", "The keystore's scrypt parameters are out of bounds.", field="kdf")
    salt = from_base64url(str(kdf["salt"]))
    return Scrypt(salt=salt, length=32, n=n, r=8, p=1).derive(unicodedata.normalize("NFKC", passphrase).encode())


def _write_private(path: Path, data: bytes, *, replace: bool) -> None:
    """Write `data` to `path`, readable by its owner alone, whole or not at all."""
    if not replace and path.exists():
        raise KeystoreError(
            "keystore-exists", "There is a keystore at {path} already.", hint="Choose another folder.", path=path
        )
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=".keystore-", dir=path.parent)  # Mode 0600.
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise StorageError("cannot-write", "{path} cannot be written: {reason}.", path=path, reason=error) from None
