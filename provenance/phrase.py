"""The recovery phrase, and the secrets that it gives.

Twelve words of a BIP-39 list, English or simplified Chinese, stand for 16 random bytes.  Their BIP-39 seed gives the
studio's Ethereum account (``provenance.evm.accounts``) and certificate keys, which are numbered: number 1 is the first,
and whoever exchanges a key takes the next number of the same phrase.

>>> phrase = Phrase.random("en")
>>> Phrase.read(str(phrase)) == phrase
True
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from provenance.errors import KeystoreError
from provenance.keys import P256_ORDER, P256Signer
from provenance.words import WordList, mnemonic, word_list

ENTROPY_BYTES = 16
"""128 bits: a phrase of twelve words."""
PHRASE_WORDS = 12
MAX_KEY_NUMBER = 1_000
"""Largest number of a certificate key: a new one every week for twenty years."""


@dataclass(frozen=True, slots=True, repr=False)
class Phrase:
    """A recovery phrase that passed its checksum: the word list and the entropy.  Its text is a secret."""

    words: WordList
    entropy: bytes

    def __repr__(self) -> str:
        return "Phrase(...)"

    def __str__(self) -> str:
        return str(mnemonic(self.words).to_mnemonic(self.entropy))

    @classmethod
    def random(cls, language: str) -> Self:
        """Draw a new phrase in the word list for `language`."""
        return cls(word_list(language), secrets.token_bytes(ENTROPY_BYTES))

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a phrase as people type it: in any case, with any spaces; raises `KeystoreError`."""
        words = unicodedata.normalize("NFKD", text).lower().split()
        lists: tuple[WordList, ...] = ("english", "chinese_simplified")
        for language in lists:
            # Chinese words are single characters, often written without spaces.
            parts = list("".join(words)) if language == "chinese_simplified" else words
            normal = " ".join(parts)
            if len(parts) == PHRASE_WORDS and mnemonic(language).check(normal):
                return cls(language, bytes(mnemonic(language).to_entropy(normal)))
        raise _bad_phrase(words)

    @property
    def seed(self) -> bytes:
        """The 64 bytes of BIP-39 without a password, as wallets derive them from the same words."""
        return bytes(mnemonic(self.words).to_seed(str(self)))


def strange_words(text: str) -> dict[int, tuple[str, ...]]:
    """Return the places, from 1 on, of words that stand in no list, each with the words of the list that are near.

    For the screen of whoever typed them only: near words tell nearly what was typed.
    """
    words, language = _divided(unicodedata.normalize("NFKD", text).lower().split())
    known = mnemonic(language).wordlist
    return {
        place: tuple(get_close_matches(word, known, n=3, cutoff=0.6))
        for place, word in enumerate(words, start=1)
        if word not in known
    }


def _divided(words: list[str]) -> tuple[list[str], WordList]:
    """Return typed words one by one, and the list that they are likely of."""
    if "".join(words).isascii():
        return words, "english"
    return list("".join(words)), "chinese_simplified"


def _bad_phrase(typed: list[str]) -> KeystoreError:
    """Return what is wrong with typed words, by their places: the words themselves are a secret."""
    words, language = _divided(typed)
    known = mnemonic(language).wordlist
    strange = [place for place, word in enumerate(words, start=1) if word not in known]
    if len(words) != PHRASE_WORDS:
        return KeystoreError(
            "bad-phrase",
            "This is not a recovery phrase: it has {n} words, and twelve are wanted.",
            hint="Compare each of the twelve words with the paper.",
            n=len(words),
        )
    if strange:
        return KeystoreError(
            "bad-phrase",
            "This is not a recovery phrase: no list has such a word in place {places}.",
            hint="Compare that word with the paper, letter by letter.",
            places=", ".join(map(str, strange)),
        )
    return KeystoreError(
        "bad-phrase",
        "This is not a recovery phrase: each word is of the list, but one is another, or out of order.",
        hint="Compare each of the twelve words with the paper.",
    )


def certificate_signer(seed: bytes, number: int = 1) -> P256Signer:
    """Return a certificate key of a BIP-39 seed: HKDF-SHA256, reduced as FIPS 186-5 appendix A.2.1 does.

    Raises `KeystoreError` where `number` is not within 1 to `MAX_KEY_NUMBER`.
    """
    if not 1 <= number <= MAX_KEY_NUMBER:
        raise KeystoreError(
            "bad-key-number", "A phrase gives the certificate keys 1 to {limit}.",
            hint="Take a new phrase: `kilnmark key renew`.", limit=MAX_KEY_NUMBER,
        )  # fmt: skip
    info = f"kilnmark certificate key P-256 {number}".encode("ascii")
    okm = HKDF(algorithm=hashes.SHA256(), length=48, salt=None, info=info).derive(seed)
    scalar = int.from_bytes(okm, "big") % (P256_ORDER - 1) + 1
    return P256Signer.from_secret(scalar.to_bytes(32, "big"))
