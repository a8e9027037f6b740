"""What nobody measures and no calendar has: numbers and dates that are made up to be refused."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provenance.encoding import Digest
from provenance.errors import ConfigurationError, MalformedError
from provenance.keys import P256Signer
from provenance.print_links import MAX_DAYS, PrintLink
from provenance.printing.label import Label
from provenance.printing.layouts import layout_named, read_layouts
from provenance.printing.png import tag_png
from provenance.printing.sheet import print_sheet
from provenance.serial import Serial
from provenance.signed_orders import SignedOrder
from provenance.tag import tag_url

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SHEET = (
    '[[sheet]]\nname = "ours"\npage = [100, 120]\nlabel = [48, 30.5]\ngrid = [2, 3]\nfirst = [1, 5]\npitch = [49, 35]'
)
SERIAL = Serial.random()
LABEL = Label(tag_url("https://registry.example", SERIAL), str(SERIAL), "青花缠枝莲纹梅瓶")


@pytest.mark.parametrize(
    "number", ["1" + "0" * 400, "-1" + "0" * 400, "1" + "0" * 5_000, "1e999", "inf", "-inf", "nan"]
)
@pytest.mark.parametrize("member", ["page = [100", "label = [48", "grid = [2", "first = [1", "pitch = [49"])
def test_a_sheet_of_numbers_that_nobody_measures_is_refused(member: str, number: str) -> None:
    assert member in SHEET
    with pytest.raises(MalformedError) as caught:
        read_layouts(SHEET.replace(member, member.partition("[")[0] + "[" + number))
    assert caught.value.code == "bad-layout-file"


@pytest.mark.parametrize("module", [float("nan"), float("-inf"), -1.0, 0.0])
def test_modules_that_are_no_size_are_refused(module: float) -> None:
    with pytest.raises(ConfigurationError) as caught:
        print_sheet([LABEL], io.BytesIO(), layout_named("L7160"), created=NOW, module=module)
    assert caught.value.code == "module-too-small"
    with pytest.raises(ConfigurationError):
        tag_png(LABEL, module=module)


def test_print_links_of_any_date_are_read_or_refused() -> None:
    link = PrintLink(
        "https://registry.example", ((SERIAL, 1),), "茶庄", NOW, NOW + timedelta(days=MAX_DAYS), Digest.of(b"secret")
    )
    signed = SignedOrder.sign(link, P256Signer.generate())
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    for begin, end in (
        (last - timedelta(days=1), last),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)),
    ):
        data = replace(signed, order=replace(link, time=begin, expires=end)).to_bytes()
        assert SignedOrder.from_bytes(PrintLink, data).order.expires == end
    for begin, end in ((last, last), (last, NOW), (NOW, last), (NOW, NOW + timedelta(days=MAX_DAYS, seconds=1))):
        with pytest.raises(MalformedError) as caught:
            replace(link, time=begin, expires=end)
        assert caught.value.code == "not-a-print-link"
