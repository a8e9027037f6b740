"""Photos of printed tags, ticked off against the workshop's pieces."""

from __future__ import annotations

import io
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from provenance.decoding import Decoder
from provenance.serial import ALPHABET, BODY_SYMBOLS, Serial
from provenance.tag import tag_url
from provenance_cli import main
from provenance_cli.photo_rows import rows_of
from provenance_cli.tag_store import SPOILED, TagEvent, TagNumber
from tests.support.photos import photo_bytes
from tests.support.scene import NOW
from tests.support.secret_shops import SecretShop
from tests.support.sheets import photographed, printed_page

HOST = "https://registry.kilnmark.org"


def of(number: int, seed: int = 0) -> list[str]:
    """Return addresses of tags, the same in each run: whether a reader sees a damaged code hangs on its modules."""
    random = Random(seed)
    bodies = ["".join(random.choices(ALPHABET, k=BODY_SYMBOLS)) for _ in range(number)]
    return [tag_url(HOST, Serial(body + Serial.check_symbol(body))) for body in bodies]


@pytest.mark.parametrize(
    "view",
    [{"turn": 90, "seed": 1}, {"tilt": 0.3, "blur": 1.8, "seed": 3}],
    ids=["on its side", "from the side"],
)
def test_all_tags_of_a_sheet_are_found_on_a_photo_row_by_row(view: dict[str, object]) -> None:
    urls = of(21)
    with Decoder() as decoder:
        sights = decoder.find_codes(photographed(printed_page(urls), **view))  # type: ignore[arg-type]
    assert [[sight.text for sight in row] for row in rows_of(sights)] == [urls[at : at + 3] for at in range(0, 21, 3)]


def test_a_code_that_is_seen_and_not_read_is_told_at_its_place() -> None:
    urls = of(21)
    page = printed_page(urls)
    # A quarter of the second code is wiped out, more than any correction mends, with its corners left.
    x, y = round((7.2 + 66.0 + 9) / 25.4 * 300), round((15.15 + 12) / 25.4 * 300)
    page.paste("white", (x, y, x + 75, y + 75))
    with Decoder() as decoder:
        rows = rows_of(decoder.find_codes(photographed(page, tilt=0.05, blur=1.0)))
    assert [sight.text for sight in rows[0]] == [urls[0], "", urls[2]]
    assert sum(map(len, rows)) == 21


def test_tags_are_ticked_off_and_the_wrong_one_does_not_go_on_a_pot(shop: SecretShop, tmp_path: Path) -> None:
    first, second = (item.certificate.piece.serial for item in shop.workshop.store.certificates(("anchored",)))
    ours = shop.registry.base_url

    def photo(*urls: str) -> str:
        path = tmp_path / "photo.jpg"
        path.write_bytes(photographed(printed_page(urls), size=(1_500, 2_000), tilt=0.05, blur=0.6))
        return str(path)

    def check(*arguments: str) -> tuple[int, list[str], list[str]]:
        code, told, _ = shop.run("tag", "check", *arguments)
        return code, [tag["state"] for photo in told["photos"] for tag in photo["tags"]], told["missing"]

    both = photo(tag_url(ours, first), tag_url(ours, second))
    assert check(both, "--all") == (0, ["found", "found"], [])
    assert check(both, "--piece", str(first)) == (1, ["found", "other-piece"], [])
    alone = photo(tag_url(ours, first))
    assert check(alone, "--piece", str(first)) == (0, ["found"], [])
    assert check(alone, "--piece", str(second)) == (1, ["other-piece"], [str(second)])
    assert check(alone, "--expect", str(first), "--expect", str(second)) == (3, ["found"], [str(second)])
    stranger = Serial.random()
    strange = photo(
        tag_url(ours, stranger),
        tag_url(HOST, first),
        tag_url(ours, second, 2),
        *[tag_url(ours, first)] * 2,
        "WIFI:S:x;;",
    )
    states = ["unknown", "other-registry", "unknown", "twice", "twice", "no-tag"]
    assert check(strange)[:2] == (1, states)
    shop.workshop.store.add_tag_events([TagEvent(TagNumber(first), SPOILED, NOW, "us")])
    assert check(photo(tag_url(ours, first)), "--piece", str(first)) == (1, ["void"], [str(first)])


def test_a_sheet_is_ticked_off_against_its_print_job(shop: SecretShop, tmp_path: Path) -> None:
    first, second = (item.certificate.piece.serial for item in shop.workshop.store.certificates(("anchored",)))
    whole, alone = shop.done("tag", "print")["job"], shop.done("tag", "print", second)["job"]
    ours, path = shop.registry.base_url, tmp_path / "photo.jpg"

    def check(job: int, *urls: str) -> tuple[int, list[str], list[str]]:
        path.write_bytes(photographed(printed_page(list(urls)), size=(1_500, 2_000), tilt=0.05, blur=0.6))
        code, told, _ = shop.run("tag", "check", path, "--job", job)
        return code, [tag["state"] for photo in told["photos"] for tag in photo["tags"]], told["missing"]

    one, two = tag_url(ours, first), tag_url(ours, second)
    assert check(whole, one, two) == (0, ["found", "found"], [])
    assert check(alone, one, two) == (1, ["other-job", "found"], [])
    assert check(whole, two) == (3, ["found"], [str(first)])
    assert check(alone, one) == (1, ["other-job"], [str(second)])
    shop.done("tag", "spoiled", whole, "1.1")
    assert check(whole, one, two) == (1, ["void", "found"], [])
    shop.done("tag", "spoiled", alone, "1.1")
    assert shop.run("tag", "check", path, "--job", alone)[1]["error"] == "no-tags-left"
    assert shop.run("tag", "check", path, "--job", 99)[1]["error"] == "unknown-job"
    assert main.run([*shop.options, "tag", "check", str(path), "--job", "1", "--all"]) == 2


def test_what_shows_no_tag_or_is_no_photo_is_said(shop: SecretShop, tmp_path: Path) -> None:
    empty, junk = tmp_path / "empty.jpg", tmp_path / "junk.jpg"
    empty.write_bytes(photo_bytes())
    assert shop.run("tag", "check", str(empty))[0] == 3
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    for data in (b"no photo", photo_bytes()[:3_000], bomb.getvalue(), b"\x00\x00\x00\x18ftypheic" + bytes(40)):
        junk.write_bytes(data)
        assert shop.run("tag", "check", str(junk))[0] == 4
    assert shop.run("tag", "check", str(tmp_path / "none.jpg"))[0] == 4
    assert shop.run("tag", "check", str(empty), "--piece", str(Serial.random()))[0] == 3
