"""The keystore: one encrypted file that the recovery phrase brings back.

The file holds the phrase's BIP-39 entropy, encrypted with AES-256-GCM under a key that scrypt (RFC 7914) draws from a
passphrase.  Everything else in it, scrypt's parameters included, is readable and authenticated.  Each way of writing
it leaves the old file or the new one, whole, whenever the power fails.
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
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from provenance.canonical import JSONObject, canonicalize, is_of, parse_canonical
from provenance.durable import sync_folder
from provenance.encoding import Address, from_base64url, to_base64url
from provenance.errors import KeystoreError, MalformedError, StorageError
from provenance.keys import P256Signer, PublicKey
from provenance.phrase import ENTROPY_BYTES, MAX_KEY_NUMBER, Phrase, certificate_signer
from provenance.words import WordList

KEYSTORE_TYPE = "KilnmarkKeystore"
KEYSTORE_VERSION = 1
MAX_KEYSTORE_BYTES = 8_192
MIN_PASSPHRASE = 8
"""Shortest passphrase in characters; scrypt makes each guess cost a third of a second and 128 MiB."""
SCRYPT_COST = 2**17
"""scrypt's N for new files, with r=8 and p=1 (OWASP's recommendation of 2023): 128 MiB a guess."""
MIN_SCRYPT_COST = 2**14
"""Smallest N accepted from a file: RFC 7914's own for interactive use."""
MAX_SCRYPT_COST = 2**20
"""Largest N accepted from a file: more would let a hostile file exhaust memory (1 GiB)."""
SALT_BYTES = 16
_TAG_BYTES = 16

AccountOf = Callable[[bytes], Address]
"""Gives the Ethereum address of a BIP-39 seed; ``provenance.evm.accounts`` has it."""


@dataclass(frozen=True, slots=True, repr=False)
class Unlocked:
    """The secrets of an open keystore; never printed, never written."""

    phrase: Phrase
    seed: bytes
    signer: P256Signer

    def __repr__(self) -> str:
        return "Unlocked(...)"


@dataclass(frozen=True, slots=True)
class Keystore:
    """An encrypted keystore and its public parts.

    `account` is the phrase's Ethereum account.  `studio` is the address by which the ledger knows the studio: the same,
    unless the phrase took the place of another one.  `key_number` tells which of the phrase's certificate keys
    `public_key` is.
    """

    path: Path
    public_key: PublicKey
    key_number: int
    account: Address
    studio: Address
    _members: JSONObject

    # --- making and reading -----------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls, path: Path, passphrase: str, language: str, account_of: AccountOf, *, studio: Address | None = None
    ) -> tuple[Keystore, str]:
        """Make a keystore with new secrets at `path`; return it and its recovery phrase.

        The phrase is in the word list for `language`.  `studio` is the studio on the ledger that the new account is to
        control, where it is not to be one itself.  Raises `KeystoreError` where the passphrase is too short or a file
        is there already.
        """
        phrase = Phrase.random(language)
        return cls.restore(path, phrase, passphrase, account_of, studio=studio), str(phrase)

    @classmethod
    def restore(
        cls,
        path: Path,
        phrase: Phrase,
        passphrase: str,
        account_of: AccountOf,
        *,
        key_number: int = 1,
        studio: Address | None = None,
    ) -> Keystore:
        """Make the keystore of `phrase` at `path`; raises `KeystoreError` where there is a file already."""
        account = account_of(phrase.seed)
        return _write(path, passphrase, phrase, key_number, account, studio or account, replace=False)

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
        members = parse_canonical(data.removesuffix(b"\n"), limit=MAX_KEYSTORE_BYTES)
        if not is_of(members, KEYSTORE_TYPE, KEYSTORE_VERSION):
            raise MalformedError("not-a-keystore", "{path} is not a keystore that this program can read.", path=path)
        number = members.get("keyNumber", 1)
        if type(number) is not int or not 1 <= number <= MAX_KEY_NUMBER:
            raise MalformedError("not-a-keystore", "The keystore's key number is out of bounds.", field="keyNumber")
        account = Address.parse(members.get("account"))
        studio = Address.parse(members["studio"]) if "studio" in members else account
        return cls(path, PublicKey.parse(members.get("publicKey")), number, account, studio, members)

    @property
    def is_outdated(self) -> bool:
        """Whether a guess at the passphrase costs less than it would under the parameters for new files."""
        return _parameters(self._members)[0] < SCRYPT_COST

    # --- opening ----------------------------------------------------------------------------------------------------

    def unlock(self, passphrase: str) -> Unlocked:
        """Return the secrets; raises `KeystoreError` for a wrong passphrase, `MalformedError` for a hostile file."""
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
        if len(nonce) != 12 or len(data) != ENTROPY_BYTES + _TAG_BYTES or len(sealed) != 2:
            raise MalformedError("not-a-keystore", "The keystore's sealed part has another form.", field="sealed")
        try:
            entropy = AESGCM(_stretch(passphrase, self._members)).decrypt(nonce, data, canonicalize(header))
        except InvalidTag:
            raise KeystoreError(
                "wrong-passphrase",
                "The passphrase does not open the keystore.",
                hint="Try again; if it is lost, or the file altered, restore the keystore from the recovery phrase.",
            ) from None
        phrase = Phrase(words, entropy)
        seed = phrase.seed
        signer = certificate_signer(seed, self.key_number)
        if signer.public_key != self.public_key:  # Another program, or another version, made the file.
            raise MalformedError("not-a-keystore", "The keystore names another key than it holds.", field="publicKey")
        return Unlocked(phrase, seed, signer)

    # --- changing ---------------------------------------------------------------------------------------------------

    def change_passphrase(self, old: str, new: str) -> Keystore:
        """Seal the same secrets anew under `new`, with today's parameters; raises `KeystoreError`."""
        phrase = self.unlock(old).phrase
        return _write(self.path, new, phrase, self.key_number, self.account, self.studio, replace=True)

    def rotate(self, passphrase: str) -> Keystore:
        """Take the phrase's next certificate key in the place of this one; raises `KeystoreError`."""
        phrase = self.unlock(passphrase).phrase
        return _write(self.path, passphrase, phrase, self.key_number + 1, self.account, self.studio, replace=True)

    def renew(self, passphrase: str, phrase: Phrase, account_of: AccountOf, kept: Path) -> Keystore:
        """Put the secrets of another `phrase` in the place of these; the studio on the ledger stays the same.

        The old file is first copied to `kept`, in the place of an earlier copy: until the ledger knows the new account,
        only the old one can sign for the studio.  Raises `KeystoreError` for a wrong passphrase; it seals the new file
        too.
        """
        self.unlock(passphrase)
        _write_private(kept, canonicalize(self._members) + b"\n", replace=True)
        account = account_of(phrase.seed)
        return _write(self.path, passphrase, phrase, 1, account, self.studio, replace=True)


def check_passphrase(passphrase: str) -> None:
    """Return if a new passphrase is long enough; raise `KeystoreError` otherwise."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise KeystoreError(
            "short-passphrase",
            "A passphrase needs {limit} characters at least.",
            hint="Four or five words that do not belong together are good.",
            limit=MIN_PASSPHRASE,
        )


def _write(
    path: Path, passphrase: str, phrase: Phrase, number: int, account: Address, studio: Address, *, replace: bool
) -> Keystore:
    check_passphrase(passphrase)
    key = certificate_signer(phrase.seed, number).public_key
    header: JSONObject = {
        "type": KEYSTORE_TYPE,
        "version": KEYSTORE_VERSION,
        "words": phrase.words,
        "publicKey": key.multikey,
        "keyNumber": number,
        "account": str(account),
        "studio": str(studio),
        "kdf": {
            "name": "scrypt",
            "n": SCRYPT_COST,
            "r": 8,
            "p": 1,
            "salt": to_base64url(secrets.token_bytes(SALT_BYTES)),
        },
    }
    nonce = secrets.token_bytes(12)
    data = AESGCM(_stretch(passphrase, header)).encrypt(nonce, phrase.entropy, canonicalize(header))
    members: JSONObject = {**header, "sealed": {"nonce": to_base64url(nonce), "data": to_base64url(data)}}
    _write_private(path, canonicalize(members) + b"\n", replace=replace)
    return Keystore(path, key, number, account, studio, members)


def _parameters(members: JSONObject) -> tuple[int, bytes]:
    """Return scrypt's N and salt of a keystore; raises `MalformedError` for parameters that this program does not use.

    This comes before any memory is taken.
    """
    kdf = members.get("kdf")
    if not isinstance(kdf, dict) or kdf.get("name") != "scrypt" or not isinstance(kdf.get("salt"), str):
        raise MalformedError("not-a-keystore", "The keystore names no known key derivation.", field="kdf")
    n, r, p = kdf.get("n"), kdf.get("r"), kdf.get("p")
    in_bounds = type(n) is int and MIN_SCRYPT_COST <= n <= MAX_SCRYPT_COST and not n & (n - 1)
    if type(n) is not int or not in_bounds or type(r) is not int or type(p) is not int or (r, p) != (8, 1):
        raise MalformedError("not-a-keystore", "The keystore's scrypt parameters are out of bounds.", field="kdf")
    salt = from_base64url(str(kdf["salt"]))
    if len(salt) != SALT_BYTES:
        raise MalformedError("not-a-keystore", "The keystore's salt has the wrong length.", field="kdf.salt")
    return n, salt


def _stretch(passphrase: str, members: JSONObject) -> bytes:
    cost, salt = _parameters(members)
    # A terminal may hand over bytes that are no text as lone surrogates: they are a passphrase like any other.
    data = unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")
    try:
        return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(data)
    except MemoryError:
        raise KeystoreError(
            "no-memory",
            "To open the keystore takes {mebibytes} MiB of memory, and there is less.",
            hint="End other programs and try again.",
            mebibytes=cost // 2**10,
        ) from None


def _write_private(path: Path, data: bytes, *, replace: bool) -> None:
    """Write `data` to `path`, readable by its owner alone; an old file goes when the new one is whole and durable."""
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
        sync_folder(path.parent)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise StorageError("cannot-write", "{path} cannot be written: {reason}.", path=path, reason=error) from None
