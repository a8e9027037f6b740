"""Pictures for link previews: each state has its own look, words keep to their room, photos are shown when given."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from provenance.media import prepare_photo
from provenance.printing.share_card import SIZE, ShareCard, draw_share_card
from provenance_registry.http.page_seals import SEALS
from tests.support.photos import photo_bytes

HOSTILE = (
    "",
    " ",
    "长题" * 150,
    "W" * 300,
    "word " * 60,
    "鬥彩 甪 龑 \u202e\u0000\n {0} <b>&amp;",
    "👨‍👩‍👧‍👦 가마",
)
LONGEST = ".".join(["a" * 60] * 4)


def drawn(card: ShareCard) -> Image.Image:
    data = draw_share_card(card)
    assert len(data) < 300_000, "some apps show no larger picture"
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        assert image.size == SIZE
        return image.convert("RGB")


def differ(one: Image.Image, other: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """Tell whether two pictures differ in a box by more than the dots of few colours do."""
    apart = ImageChops.difference(one.crop(box), other.crop(box)).convert("L")
    return apart.point(lambda value: 255 * (value > 40)).getbbox() is not None


def test_every_state_has_a_seal_of_its_own() -> None:
    states = [style for style in SEALS if style not in ("authentic", "unknown")]
    seals = {style: drawn(ShareCard(style, "", (), "")).crop((0, 0, SIZE[1], SIZE[1])).tobytes() for style in states}
    plain = drawn(ShareCard("", "", (), "")).crop((0, 0, SIZE[1], SIZE[1])).tobytes()
    assert len({*seals.values(), plain}) == len(states) + 1


@pytest.mark.parametrize("words", HOSTILE)
def test_words_keep_to_their_room(words: str) -> None:
    image = drawn(ShareCard("", words, (words, words), LONGEST, words))
    blank = drawn(ShareCard("", "", (), ""))
    assert not differ(image, blank, (SIZE[0] - 30, 0, *SIZE))
    assert not differ(image, blank, (0, 0, SIZE[1] + 50, SIZE[1]))


def test_a_photo_fills_its_half_and_nothing_else() -> None:
    photo = prepare_photo(photo_bytes(seed=7)).data
    bare = drawn(ShareCard("", "瓶", ("林家窑",), "kiln.cn"))
    shown = drawn(ShareCard("", "瓶", ("林家窑",), "kiln.cn", photo=photo))
    assert differ(bare, shown, (0, 0, SIZE[1], SIZE[1]))
    assert not differ(bare, shown, (SIZE[1] + 50, 0, *SIZE))


def test_a_title_keeps_the_forms_of_its_language_and_the_rest_those_of_the_page() -> None:
    words = "", "骨角", ("骨角",), "", "骨角"  # Written with another stroke in China.
    japanese, chinese = drawn(ShareCard(*words, language="ja")), drawn(ShareCard(*words, language="zh-Hans"))
    both = drawn(ShareCard(*words, language="ja", title_language="zh-Hans"))
    title, rest = (SIZE[1], 0, SIZE[0], 165), (SIZE[1], 165, *SIZE)
    assert differ(japanese, chinese, title)
    assert differ(japanese, chinese, rest)
    assert not differ(both, chinese, title)
    assert not differ(both, japanese, rest)
