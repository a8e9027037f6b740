"""Where lines break, measured in characters: nothing is drawn."""

from __future__ import annotations

import pytest

from provenance.printing.wrapping import broken, clipped, fitted, limited

MARK = "\u302a"
"""A tone mark, which has no width."""


def measure(text: str, size: float) -> float:
    return (len(text) - text.count(MARK)) * size


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("", 4, [""]),
        ("the potter at work", 10, ["the potter", "at work"]),
        ("青花缠枝莲纹", 4, ["青花缠枝", "莲纹"]),
        ("청자 상감 매병", 5, ["청자 상감", "매병"]),
        ("청자 상감운학문", 5, ["청자", "상감운학문"]),
        ("徳利、器。", 2, ["徳", "利、", "器。"]),
        ("ぐっと", 2, ["ぐっ", "と"]),
        ("器「徳利」", 2, ["器", "「徳", "利」"]),
        ("青花 vase's lid", 6, ["青花", "vase's", "lid"]),
        ("Donaudampf", 4, ["Dona", "udam", "pf"]),
        ("ab", 0.5, ["a", "b"]),
        ("器〪徳", 1, ["器〪", "徳"]),
    ],
)
def test_lines_break_between_words_or_characters_and_not_before_marks(text: str, room: float, lines: list[str]) -> None:
    assert broken(text, 1, room, measure) == lines


def test_what_is_too_much_ends_with_a_mark_within_the_room() -> None:
    assert clipped("four words are here", 1, 9, measure) == "four wor…"
    assert clipped("four words", 1, 10, measure) == "four words"
    assert limited("青花缠枝莲纹梅瓶", 1, 3, measure, 2) == ["青花缠", "枝莲…"]
    assert limited("青花缠枝", 1, 3, measure, 2) == ["青花缠", "枝"]
    assert clipped("abc", 1, 0, measure) == "…"


def test_the_first_size_that_has_room_for_all_is_taken() -> None:
    sizes = ((4, 1), (2, 2), (1, 3))
    assert fitted("青花", sizes, 8, measure) == (["青花"], 4)
    assert fitted("青花缠枝莲", sizes, 8, measure) == (["青花缠枝", "莲"], 2)
    assert fitted("青花缠枝莲纹梅瓶盖", sizes, 8, measure) == (["青花缠枝莲纹梅瓶", "盖"], 1)
    lines, size = fitted("青" * 300, sizes, 8, measure)
    assert (lines, size) == (["青" * 8, "青" * 8, "青" * 7 + "…"], 1)


@pytest.mark.parametrize(
    "text",
    ["w" * 5_000, "a" + MARK * 2_500 + "b" * 2_499, "青" + MARK * 4_999, "青花" * 2_500, "vase " * 1_000, "「" * 5_000],
)
def test_a_long_text_is_not_measured_again_and_again(text: str) -> None:
    measured = 0

    def counted(text: str, size: float) -> float:
        nonlocal measured
        measured += len(text)
        return measure(text, size)

    lines, _size = fitted(text, ((11, 1), (9.6, 2), (8, 3), (7.2, 3)), 200, counted)
    assert 1 <= len(lines) <= 3
    assert len(clipped(text, 7, 200, counted)) <= len(text)
    assert measured < 60 * len(text)
