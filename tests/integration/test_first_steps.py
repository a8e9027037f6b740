"""What a newcomer meets first: a passphrase that is too short, a language by its full tag, six words to compare."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance_cli import main
from tests.support.offline_shops import NOBODY, PASSPHRASE, OfflineShop
from tests.support.terminals import KILNMARK, Terminal, is_there


@pytest.mark.skipif(not is_there(), reason="no tmux: nobody can be asked (install tmux)")
def test_a_short_passphrase_is_refused_before_it_is_typed_twice(tmp_path: Path) -> None:
    given = ("--registry", NOBODY, "--name", "Sample Studio", "--slug", "asked")
    with Terminal(tmp_path, [*KILNMARK, "init", tmp_path / "shop", *given]) as terminal:
        terminal.wait("New passphrase, 8 characters at least:")
        terminal.type("short")
        terminal.wait("A passphrase needs 8 characters at least.")
        terminal.wait("New passphrase, 8 characters at least:", times=2)
        terminal.type(PASSPHRASE)
        terminal.wait("Once more:")
        terminal.type("another passphrase")
        terminal.wait("The two are not the same.")
        terminal.type(PASSPHRASE)
        terminal.wait("Once more:", times=2)
        terminal.type(PASSPHRASE)
        screen = terminal.wait("Word number")
    assert PASSPHRASE not in screen
    assert (tmp_path / "shop" / "keystore.json").exists()


@pytest.mark.parametrize("tag", ["zh", "zh-CN", "zh_TW", "ZH-hans-CN", "en-GB", "en_US"])
def test_a_language_is_asked_for_by_any_of_its_tags(tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    for given in (["--lang", tag], [f"--lang={tag}"]):
        assert main.run([*given, "--help"]) == 0
        said = capsys.readouterr().out
        assert ("用法" in said) == tag.lower().startswith("zh")
    assert main.run(["--lang", tag, "completion", "bash"]) == 0
    assert main.run(["--lang", "zhuang", "completion", "bash"]) == 2


def test_the_six_words_stand_there_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = dict[str, str]()
    for lang in ("en", "zh-Hans"):
        shop = OfflineShop(tmp_path / lang, capsys, lang)
        told[lang] = "  ".join(shop.done("studio", "apply")["words"])
        options = ["-y", "--passphrase-file", str(shop.passphrase_file), "-C", str(shop.path)]
        for spoken, label in (("en", "The same in Chinese: "), ("zh-Hans", "英文的六个词：")):
            main.run(["--lang", spoken, *options, "studio", "apply"])
            said = capsys.readouterr().err
            assert label in said
            assert said.count(told[lang]) == 1
