"""Print links from the studio's command line: given out, looked at, withdrawn."""

from __future__ import annotations

from pathlib import Path

import httpx
import zxingcpp
from PIL import Image

from provenance.print_links import parse_code
from provenance.printing.readback import read_sheet
from provenance.tag import tag_url
from tests.support.registries import RunningRegistry
from tests.support.secret_shops import SecretShop


def printed(registry: RunningRegistry, code: str, *places: int) -> httpx.Response:
    form = {"code": code, "tag": [str(place) for place in places], "layout": "L7160"}
    return httpx.post(f"{registry.base_url}/print/tags", data=form, timeout=60, trust_env=False)


def test_a_link_is_given_out_looked_at_and_withdrawn(
    shop: SecretShop, registry: RunningRegistry, tmp_path: Path
) -> None:
    first, second = shop.serials
    picture = tmp_path / "link.png"
    told = shop.done("tag", "link", "--for", "茶庄", "--days", "3", "--qr", picture)
    assert (told["tags"], told["missing"], told["qr"]) == (2, [], str(picture))
    assert told["link"].startswith(f"{registry.base_url}/print#{told['id']}.")
    with Image.open(picture) as image:
        assert [code.text for code in zxingcpp.read_barcodes(image.convert("L"))] == [told["link"]]
    code = told["link"].partition("#")[2]
    assert parse_code(code) is not None
    sheet = printed(registry, code, 0, 1)
    assert sorted(read_sheet(sheet.content)) == sorted(tag_url(registry.base_url, serial) for serial in shop.serials)

    (listed,) = shop.done("tag", "link", "--list")["links"]
    assert (listed["link"], listed["for"], listed["printed"], listed["tags"]) == (told["id"], "茶庄", 2, 2)
    assert shop.done("tag", "link", "--cancel", told["link"]) == {"withdrawn": told["id"]}
    assert printed(registry, code, 0).status_code == 404
    (listed,) = shop.done("tag", "link", "--list")["links"]
    assert "withdrawn" in listed
    # The secret was shown once, and is in no file but the picture that was asked for.
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != picture]
    assert not [data for data in kept if code.partition(".")[2].encode() in data]

    shop.done("tag", "void", first)
    numbered = shop.done("tag", "link", f"{second}/7", first, "--for", "x")["link"].partition("#")[2]
    addresses = [tag_url(registry.base_url, second, 7), tag_url(registry.base_url, first, 2)]
    assert sorted(read_sheet(printed(registry, numbered, 0, 1).content)) == sorted(addresses)


def test_what_cannot_be_is_told(shop: SecretShop) -> None:
    for arguments, words in (
        (("--list", "--cancel", "x"), "Give out a link, withdraw one"),
        (("--list", "--for", "x"), "Give out a link, withdraw one"),
        (("--days", "91", "--for", "x"), "91"),
        (("--cancel", "0" * 16), "no such print link"),
        (("--for", "x" * 81), "This is no order about print links."),
        (("0000-0000-0000-0/100", "--for", "x"), "There is no tag of that number."),
    ):
        code, _, talk = shop.run("tag", "link", *arguments)
        assert code != 0
        assert words in talk
