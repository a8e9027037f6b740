"""Sets, pairs and parts while nothing is signed: no piece is left that names another that is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.serial import Serial
from tests.support.shops import Shop


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, capsys)


def test_a_piece_that_its_set_names_is_not_removed(shop: Shop) -> None:
    first, second, third = (str(shop.add("--title", name)["serial"]) for name in "ABC")
    assert shop.run("piece", "join", first, second, third)[0] == 0
    code, data, talk = shop.run("piece", "remove", first)
    assert (code, data["error"]) == (3, "piece-named")
    assert second in talk
    assert third in talk
    assert f"piece leave {first}" in talk
    code, data, talk = shop.run("piece", "join", first, str(shop.add("--title", "D")["serial"]))
    assert (code, data["error"]) == (3, "piece-named")
    code, data, talk = shop.run("piece", "leave", first)
    assert (code, data) == (0, {"left": first, "changed": [second, third]}), talk
    left = shop.store.piece(Serial.parse(second)).set
    assert left is not None
    assert (left.pieces, left.size) == ((Serial.parse(second), Serial.parse(third)), 2)
    assert shop.run("piece", "remove", first)[0] == 0
    assert shop.run("piece", "leave", second)[0] == 0
    assert shop.store.piece(Serial.parse(third)).set is None, "a set of one is none"
    assert shop.run("piece", "leave", third)[1]["error"] == "belongs-nowhere"


def test_a_set_is_joined_anew_with_one_more(shop: Shop) -> None:
    serials = [str(shop.add("--title", name)["serial"]) for name in "ABC"]
    assert shop.run("piece", "join", *serials[:2], "--pair")[0] == 0
    code, data, talk = shop.run("piece", "join", *serials)
    assert code == 0, talk
    assert data["set"]["pieces"] == serials


def test_a_jar_is_not_removed_before_its_lid(shop: Shop) -> None:
    jar = str(shop.add("--title", "Jar", "--parts", "lid")["serial"])
    lid = str(shop.add("--title", "Lid", "--part-of", jar)["serial"])
    code, data, talk = shop.run("piece", "remove", jar)
    assert (code, data["error"]) == (3, "piece-named")
    assert lid in talk
    assert shop.run("piece", "leave", lid)[0] == 0
    assert shop.store.piece(Serial.parse(lid)).part_of is None
    assert shop.run("piece", "remove", jar)[0] == 0


def test_a_signed_set_stays_as_it_is(shop: Shop) -> None:
    first, second = (str(shop.add("--title", name)["serial"]) for name in "AB")
    assert shop.run("piece", "join", first, second)[0] == 0
    assert shop.run("sign")[0] == 0
    for command in ("remove", "leave"):
        code, data, talk = shop.run("piece", command, first)
        assert (code, data["error"]) == (3, "piece-signed")
        assert "piece unsign" in talk
    late = str(shop.add("--title", "C", "--part-of", first)["serial"])
    assert shop.run("piece", "join", first, second, late)[1]["error"] == "piece-signed"
    assert {piece.serial for piece in shop.store.pieces()} == {Serial.parse(one) for one in (first, second, late)}


def test_what_a_signed_piece_names_is_not_removed(shop: Shop) -> None:
    jar = str(shop.add("--title", "Jar", "--parts", "lid")["serial"])
    lid = str(shop.add("--title", "Lid", "--part-of", jar)["serial"])
    assert shop.run("sign")[0] == 0
    store = shop.store
    store.remove_certificates([store.certificate(Serial.parse(jar)).certificate.digest])
    code, data, talk = shop.run("piece", "remove", jar)
    assert (code, data["error"]) == (3, "piece-named")
    assert f"unsign {lid}" in talk
