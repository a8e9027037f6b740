"""What is said to somebody who enters pieces for the first time."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.errors import KeystoreError
from provenance.phrase import Phrase, strange_words
from provenance_cli.commands.key import asked_phrase
from provenance_cli.context import App
from tests.support.shops import Shop

TYPED = "abandon abandon abandom abandon abandon abandon abandon abandon abandon abandon abandon about"


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, capsys)


def sheet(folder: Path, rows: list[str], heading: str = "title,height,fired") -> str:
    path = folder / "firing.csv"
    path.write_text("\n".join([heading, *rows]) + "\n", "utf-8")
    return str(path)


def test_like_faults_are_counted_together_and_name_the_unit(shop: Shop, tmp_path: Path) -> None:
    path = sheet(tmp_path, ["Cup 0,2.5,", *(f"Cup {n},2.{n},2026-11-02" for n in range(125, 166))])
    code, data, talk = shop.run("piece", "import", path, "--dry-run", "--unit", "mm")
    assert code == 4
    assert len(data["faults"]) == 41
    assert talk.count("could be thousands") == 3
    assert "and 38 more like it: lines 6, 7" in talk
    assert "--unit" in data["faults"][0]["hint"]
    assert (data["added"], data["dryRun"]) == (1, True)
    assert "1 would be entered" in talk
    assert data["roundings"] == [{"line": 2, "column": "height", "measure": "2.5", "kept": 2}]
    assert shop.store.pieces() == []
    assert shop.run("piece", "import", path, "--dry-run", "--unit", "in")[1]["added"] == 42


def test_a_unit_that_is_given_counts_before_that_of_the_mapping(shop: Shop, tmp_path: Path) -> None:
    path = sheet(tmp_path, ["Cup,2.5,", "Bowl,2.125,"])
    assert shop.run("piece", "import", path, "--unit", "mm")[1]["added"] == 1
    code, data, talk = shop.run("piece", "import", path, "--unit", "in")
    assert (code, data["added"], data["corrected"]) == (0, 1, 1), talk
    assert sorted(piece.height_mm or 0 for piece in shop.store.pieces()) == [54, 64]


def test_a_part_of_a_millimetre_is_asked_for_its_unit(shop: Shop, tmp_path: Path) -> None:
    _, data, _ = shop.run("piece", "import", sheet(tmp_path, ["Cup,0.875,"]), "--dry-run", "--unit", "mm")
    (fault,) = data["faults"]
    assert "less than one mm" in fault["message"]
    assert "--unit" in fault["hint"]
    assert "dot" not in fault["hint"]
    assert shop.run("piece", "import", sheet(tmp_path, ["Cup,0.875 in,"]), "--dry-run")[0] == 0


@pytest.mark.parametrize("day", ["2026-13-03", "2026-02-30", "2026年13月3日", "yesterday"])
def test_a_day_that_no_calendar_has_is_named_with_its_line(shop: Shop, tmp_path: Path, day: str) -> None:
    _, data, talk = shop.run("piece", "import", sheet(tmp_path, ["Cup,52,2026-11-02", f"Bowl,52,{day}"]), "--dry-run")
    (fault,) = data["faults"]
    assert (fault["line"], fault["column"]) == (3, "fired")
    assert "2026-11-02" in fault["hint"]
    assert "no day of the calendar" in talk
    code, data, _ = shop.run("piece", "add", "--title", "Cup", "--fired", day)
    assert (code, data["error"], data["field"]) == (4, "bad-date", "fired")


def test_where_nobody_can_be_asked_the_option_is_named(shop: Shop) -> None:
    for arguments, option in (
        (("piece", "add"), "--title"),
        (("piece", "add", "--title", "Cup", "--visitor", "A Guest"), "--consent"),
        (("key", "passphrase"), "--new-passphrase-file"),
    ):
        code, data, _ = shop.run(*arguments)
        assert (code, data["error"]) == (5, "no-terminal")
        assert option in data["hint"]


def test_an_empty_title_is_a_missing_one(shop: Shop) -> None:
    code, data, _ = shop.run("piece", "add", "--title", " ")
    assert (code, data["error"], data["field"]) == (4, "missing-title", "title")


def test_a_mistyped_word_of_the_phrase_is_named_by_its_place(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "phrase").write_text(TYPED + "\n", "utf-8")
    again = ("key", "restore", str(tmp_path / "again"), "--registry", "http://127.0.0.1:9")
    code, data, talk = shop.run(*again, "--phrase-file", str(tmp_path / "phrase"))
    assert (code, data["error"]) == (5, "bad-phrase")
    assert "place 3" in talk
    assert "abando" not in talk + str(data)
    assert strange_words(TYPED)[3][0] == "abandon"
    assert strange_words("的一是在不有和人这中大鵥") == {12: ()}
    with pytest.raises(KeystoreError, match="3 words"):
        Phrase.read("abandon abandon about")


def test_a_mistyped_phrase_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = TYPED.replace("abandom", "abandon")
    answers = iter([TYPED, right])
    monkeypatch.setattr("provenance_cli.context.App.ask", lambda *_, **__: next(answers))
    assert str(asked_phrase(App())) == right
    assert "Word number 3: is it one of abandon" in capsys.readouterr().err
