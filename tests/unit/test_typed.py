"""Numbers as people type them from a damaged tag: one symbol may be missing, and nothing is ever searched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.serial import ALPHABET, BODY_SYMBOLS, Serial
from provenance.tag import tag_url
from provenance_registry.http.print_form import FormError
from provenance_registry.http.typed import typed_serial

serials = st.text(ALPHABET, min_size=BODY_SYMBOLS, max_size=BODY_SYMBOLS).map(
    lambda body: Serial(body + Serial.check_symbol(body))
)
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def refused(text: str) -> tuple[str, dict[str, object]]:
    with pytest.raises(FormError) as caught:
        typed_serial(text)
    return caught.value.text, caught.value.facts


@given(serials, st.sampled_from(["", "-", " ", "–", "—", ".", " - ", "·", "　"]))
def test_case_marks_widths_lookalikes_and_addresses_are_read(serial: Serial, between: str) -> None:
    spelt = between.join(str(serial).split("-"))
    assert typed_serial(spelt) == serial
    assert typed_serial(f"  {spelt.lower()}\n") == serial
    assert typed_serial(spelt.translate(FULL_WIDTH)) == serial
    assert typed_serial(spelt.replace("0", "o").replace("1", "l")) == serial
    for number in (1, 12):
        assert typed_serial(tag_url("https://registry.kilnmark.org", serial, number)) == serial
    assert typed_serial(f"HTTPS://KILN.CN/p/{serial}?lang=en#secret") == serial


@given(serials, st.integers(0, BODY_SYMBOLS), st.sampled_from("?？_*"))
def test_one_symbol_follows_from_the_others(serial: Serial, place: int, mark: str) -> None:
    assert typed_serial(serial.compact[:place] + mark + serial.compact[place + 1 :]) == serial


@given(serials, st.sets(st.integers(0, BODY_SYMBOLS), min_size=2))
def test_several_do_not(serial: Serial, places: set[int]) -> None:
    spelt = "".join("?" if place in places else symbol for place, symbol in enumerate(serial.compact))
    assert refused(spelt) == ("typed_unreadable", {})


@given(serials, st.integers(1, BODY_SYMBOLS))
def test_what_is_too_short_is_counted(serial: Serial, length: int) -> None:
    assert refused(serial.compact[:length]) == ("typed_short", {"count": length})


@given(st.text(max_size=200))
def test_anything_else_is_refused_in_words(text: str) -> None:
    said = ""
    try:
        typed_serial(text)
    except FormError as error:
        said = error.text
    assert said in ("", "wrong_number", "typed_short", "typed_unreadable")


def test_a_wrong_check_symbol_is_not_mended() -> None:
    assert refused("7K3M-9QX2-VD5T-7") == ("wrong_number", {})
    assert refused("") == ("wrong_number", {})
