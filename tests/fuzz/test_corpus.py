"""Every input that the fuzzer found worth keeping, and every one that once broke a parser, is read again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).resolve().parent / "corpus"


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_of_the_corpus_raises_anything_but_our_errors(name: str) -> None:
    inputs = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    assert inputs
    chance = random.Random(name)
    for data in inputs:
        TARGETS[name](data)
        for _ in range(8):  # And a little beside the way.
            changed = bytearray(data or b"\0")
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            TARGETS[name](bytes(changed[: chance.randint(1, len(changed))] if chance.random() < 0.3 else changed))


def test_the_corpus_is_small_and_has_no_strays() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)
    for folder in CORPUS.iterdir():
        assert sum(path.stat().st_size for path in folder.iterdir()) < 24_576, folder.name
