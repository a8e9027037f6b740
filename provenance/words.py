"""Digests as words, to be read over the telephone.

Six words of a BIP-39 list are 66 bits: enough where an attacker must make a file that sounds like one given file
before the call is over, and few enough to be read aloud.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

from mnemonic import Mnemonic

from provenance.encoding import Digest

WordList: TypeAlias = Literal["english", "chinese_simplified"]

SPOKEN_WORDS = 6
_BITS = 11  # 2,048 words a list (BIP-39)


@lru_cache(maxsize=4)
def mnemonic(language: WordList) -> Mnemonic:
    """Return the BIP-39 coder of a word list."""
    return Mnemonic(language)


def word_list(language: str) -> WordList:
    """Return the word list for a language tag: the Chinese one for ``zh…``, the English one otherwise."""
    return "chinese_simplified" if language.partition("-")[0].lower() == "zh" else "english"


def six_words(digest: Digest, language: str = "en") -> tuple[str, ...]:
    """Return the first 66 bits of `digest` as six words of the list for `language`."""
    words = mnemonic(word_list(language)).wordlist
    bits = int.from_bytes(digest.value, "big") >> (256 - SPOKEN_WORDS * _BITS)
    places = reversed(range(SPOKEN_WORDS))
    return tuple(words[bits >> (_BITS * place) & 2047] for place in places)
