"""The catalogue is whole, and what a Chinese user sees is Chinese."""

from __future__ import annotations

import errno
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import messages
import pytest
from babel.messages.pofile import read_po

from provenance.certificate import Issuer
from provenance.encoding import Address
from provenance.errors import SYSTEM, ConflictError, MalformedError, ProvenanceError, StorageError
from provenance.evm.node import low_balance, refusal
from provenance.tag import check_base_url
from provenance.texts import detail
from provenance_cli import exits, i18n, main
from provenance_cli.columns import cut, fold, listing, pad, width, wrapped
from provenance_cli.context import App, Declined, prompt
from provenance_cli.firing import record
from provenance_cli.help import Context, localised
from provenance_cli.moments import shown_sum
from provenance_cli.problems import problem_error
from provenance_cli.report import report, words
from provenance_cli.workshop import Workshop
from provenance_registry.http.problems import problem

_ = i18n._
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def chinese() -> Iterator[None]:
    i18n.use("zh-Hans")
    yield
    i18n.use("en")


def test_the_catalogue_is_complete_and_compiled() -> None:
    assert messages.faults(messages.updated()) == []
    source, compiled = messages.PO.read_bytes(), messages.MO.read_bytes()
    assert messages.written(messages.updated()) == (source, compiled), "run `make messages`"
    assert b"#, fuzzy" not in source
    assert b"#~" not in source


def test_a_translation_that_names_other_facts_is_found(tmp_path: Path) -> None:
    path = tmp_path / "wrong.po"
    path.write_text('msgid "{n:,} of {what}"\nmsgstr "{what} {m}"\n\nmsgid "x"\nmsgstr ""\n', "utf-8")
    with path.open("rb") as file:
        assert messages.faults(read_po(file, locale="zh_Hans")) == [
            "names other facts: {n:,} of {what}",
            "not translated: x",
        ]


def commands() -> dict[str, click.Command]:
    found: dict[str, click.Command] = {"": main.cli}
    for name, entry in main.COMMANDS.items():
        found[name] = getattr(import_module(f"provenance_cli.commands.{entry.module}"), entry.attribute)
    todo = list(found.items())[1:]
    while todo:
        name, command = todo.pop()
        if isinstance(command, click.Group):
            inner = {f"{name} {word}": one for word, one in command.commands.items()}
            found |= inner
            todo += inner.items()
    return found


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("name", commands())
def test_help_is_chinese_and_fits(name: str) -> None:
    command = localised(commands()[name])
    text = command.get_help(Context(command, info_name=f"kilnmark {name}".strip(), terminal_width=80))
    usage, _, *rest = text.splitlines()
    assert usage.startswith("用法：kilnmark")
    assert not re.search("[A-Z]{3}", usage)
    for line in filter(None, rest):
        assert HAN.search(line), line
        assert width(line) <= 80
    columns = {width(line[: gap.end()]) for line in rest if (gap := re.search(r"(?<=\S) {2,}", line))}
    assert len(columns) <= (3 if name == "" else 2 if isinstance(command, click.Group) else 1), text


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_what_is_said_fits_a_terminal_and_is_left_whole_in_a_file(
    language: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = "0x" + "ab" * 20
    error = low_balance(Address.parse(account), 1337)
    i18n.use(language)
    try:
        question = _("Let {account} sign for {name} ({address}) in the place of {former}, after seven days.").format(
            account=account, name="Second Studio", address=account, former=account
        )
        App().say(question)
        report(error, as_json=False)
        whole = capsys.readouterr().err.splitlines()
        assert len(whole) == 3
        assert max(map(width, whole)) > 80
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", "200")
        App().say(question)
        report(error, as_json=False)
        folded = click.unstyle(capsys.readouterr().err).splitlines()
    finally:
        i18n.use("en")
    assert max(map(width, folded)) <= 80
    assert "".join("".join(folded).split()) == "".join("".join(whole).split())
    assert not any(line.startswith(("，", "。", "）")) for line in folded)


def test_times_that_the_contract_names_are_read_by_people() -> None:
    message, remedy = words(refusal("RecoveryTooEarly(tokenId=4294967296, from=1796198400)"))
    assert message == "The ledger refuses: RecoveryTooEarly(tokenId=4294967296, from=2026-12-02 08:00:00 UTC)."
    assert remedy
    assert words(refusal("UnknownToken(tokenId=1796198400)"))[0].endswith("(tokenId=1796198400).")


@pytest.mark.parametrize(
    ("wei", "shown"),
    [
        (0, "nothing"),
        (38_448 * 7, "less than 0.000001 of the chain's coin"),
        (84_562_109_123_456, "about 0.000085 of the chain's coin"),
        (1_234_567_890_123_456, "about 0.00123 of the chain's coin"),
        (99_999 * 10**14, "about 10 of the chain's coin"),
        (1_234_567 * 10**17, "about 123,457 of the chain's coin"),
    ],
)
def test_sums_have_few_digits(wei: int, shown: str) -> None:
    assert shown_sum(wei) == shown


def test_a_no_is_no_interruption(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def declined(*_: object, **__: object) -> None:
        raise Declined

    monkeypatch.setattr(main.LazyGroup, "invoke", declined)
    assert main.run(["doctor"]) == exits.INTERRUPTED
    said = capsys.readouterr().err
    assert "You said no" in said
    assert "Interrupted" not in said


def test_help_in_english_is_what_the_source_says() -> None:
    i18n.use("zh-Hans")
    localised(main.cli)
    i18n.use("en")
    text = localised(main.cli).get_help(Context(main.cli, info_name="kilnmark"))
    assert "Usage: kilnmark [OPTIONS] COMMAND [ARGS]..." in text
    assert "Every firing:\n  init    Make a workshop folder with its keys.\n" in text


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "错误：没有命令 nonsense。"),
        (["pieces"], "是否想输入 piece？"),
        (["piece", "nonsense"], "错误：没有命令 nonsense。"),
        (["verify"], "错误：缺少 '查验对象'。"),
        (["verify", "--nonsense"], "错误：没有选项 --nonsense。"),
        (["ledger", "deploy"], "错误：缺少 '--rpc'。"),
        (["piece", "import", "missing.csv"], "文件“missing.csv”不存在。"),
        (["tag", "print", "--start", "x"], "“x”不是有效的整数。"),
        (["bundle", "a", "b"], "错误：多余的参数：b"),
        (["-C", "/", "sign"], "错误：/ 中没有工坊。\n  → 请用 `kilnmark init` 建立工坊，或用 -C 指定文件夹。"),
    ],
)
def test_errors_are_chinese(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--lang", "zh-Hans", *arguments]) in (2, 5)
    assert said in capsys.readouterr().err


FIRING = (
    "编号,名称,高(cm),烧成日期,照片\n"
    "A-1,青花梅瓶,31.2,2026-01-02,\n"
    "A-2,斗笠盏,5.1,昨天,\n"
    "A-3,,5.1,,\n"
    "A-4,=1+1,5.1,,\n"
    "A-1,重复,5.1,,\n"
    "A-5,小杯,tall,,\n"
    "A-6,小杯,3,,none.jpg\n"
    "A-7,小杯,3,,,,\n"
)


@pytest.mark.usefixtures("chinese")
def test_a_firing_with_faults_is_told_in_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Workshop.create(tmp_path, Issuer("https://registry.example", "jd", "青花工作室"), "zh-Hans")
    (tmp_path / "firing.csv").write_text(FIRING, "utf-8")
    at = ["--lang", "zh-Hans", "-C", str(tmp_path), "-y"]
    assert main.run([*at, "piece", "import", str(tmp_path / "firing.csv")]) == 4
    talk = capsys.readouterr().err
    assert [line for line in talk.splitlines() if "第" in line] == [
        "  第 3 行，烧成日期：“昨天”不是日历上的日子。",
        "  第 4 行，名称：缺少名称。",
        "  第 5 行，名称：单元格中是公式。",
        "  第 6 行，编号：与第 2 行重复。",
        "  第 7 行，高(cm)：“tall”不是尺寸。",
        "  第 8 行，照片：none.jpg：没有这张照片。",
        "  第 9 行：这一行有 7 列，表头有 5 列。",
    ]
    assert all(HAN.search(line) for line in talk.splitlines())
    assert "录入 1 件，更正 0 件，已有 0 件，有误 7 行。" in talk
    main.run([*at, "piece", "list"])
    line = capsys.readouterr().out.rstrip()
    assert line[16:] == "  未签署    青花梅瓶 · 31.2 cm"
    main.run([*at, "piece", "show", line[:16]])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"编号      {line[:16]}"
    assert "烧成日期  2026-01-02" in shown


@pytest.mark.usefixtures("chinese")
def test_json_stays_english(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--lang", "zh-Hans", "--json", "-C", str(tmp_path), "sign"]) == 5
    data, talk = capsys.readouterr()
    assert json.loads(data)["message"] == f"There is no workshop in {tmp_path}."
    assert "中没有工坊。" in talk
    assert main.run(["--lang", "zh-Hans", "--json", "-C", str(tmp_path), "doctor"]) == 5
    assert not HAN.search(capsys.readouterr().out)


@pytest.mark.usefixtures("chinese")
def test_what_a_registry_says_is_said_in_chinese() -> None:
    taken = ConflictError("serial-taken", "Another certificate stands under serial {serial}.", serial="7K3M")
    said = problem_error(problem(taken), 409)
    assert isinstance(said, ConflictError)
    assert (said.code, said.message) == ("serial-taken", taken.message)
    assert words(said) == ("编号 7K3M 之下已有另一份证书。", "")
    with pytest.raises(ProvenanceError) as caught:
        check_base_url("registry{0}")
    said = problem_error(problem(caught.value), 422)
    assert words(said) == ("“registry{0}”不是登记处的网址。", "请写成 https://registry.example 这样，不带路径。")
    assert words(problem_error(problem(MalformedError("x", "There is no such photo.")), 422))[0] == "没有这张照片。"


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    "answer",
    [
        {"detail": "{0.__class__} {x}"},
        {"detail": "{x}", "template": "{x.__class__.__mro__}", "facts": {"x": 1}},
        {"detail": "{x}", "template": "A text has at most {limit} languages.", "facts": {}},
        {"detail": "{x}", "template": "A batch holds 1 to {limit:,} certificates.", "facts": {"limit": "x"}},
        {"detail": "{x}", "template": 5, "facts": []},
        {"detail": {"x": "{x}"}, "hint": ["{x}"]},
        {},
    ],
)
def test_foreign_words_are_never_formatted(answer: dict[str, Any]) -> None:
    for status in (404, 409, 413, 422, 503, 418):
        error = problem_error({"code": "x", **answer}, status)
        message, hint = words(error)
        assert message == str(answer["detail"]) if answer else message == "登记处拒绝。"
        assert hint == str(answer.get("hint", ""))
        assert error.message


def test_columns_count_cells() -> None:
    assert (width("窑款 ab"), width("e\u0301"), pad("窑", 4), pad("abc", 2)) == (7, 1, "窑  ", "abc")
    assert (cut("青花梅瓶", 8), cut("青花梅瓶", 7), cut("abc", 2)) == ("青花梅瓶", "青花梅…", "a…")
    assert listing([("键", 1), ("abc", 2)]) == "键   1\nabc  2"
    assert listing([]) == ""
    assert fold("请勿采信此记录，请询问工作室。", 14) == ["请勿采信此记", "录，请询问工作", "室。"]
    assert fold("运行 `kilnmark sign`，再提交", 12) == ["运行", "`kilnmark", "sign`，再提", "交"]
    assert fold("先运行 `kilnmark sign`，再提交", 20) == ["先运行", "`kilnmark sign`，再", "提交"]
    assert wrapped("ab cd\n  → efgh ijkl mnop", 16, hang=2) == "ab cd\n  → efgh ijkl\n    mnop"
    assert fold(f"refuses: Unauthorized({'a' * 60}, b)", 70) == ["refuses: Unauthorized(", "a" * 60 + ", b)"]
    assert wrapped("  青花梅瓶青花", 12) == "  青花梅瓶青\n  花"
    text = "一“引 号”（括号）,, abc  def " * 9
    assert "".join("".join(fold(text, 10)).split()) == "".join(text.split())
    assert fold("", 10) == [""]


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("firing.peakTemperature", "最高温度"),
        ("maker.consent.date", "同意"),
        ("scans", "三维扫描"),
        ("set.size", "成套"),
        ("partOf.serial", "所属"),
        ("clayBody", "胎"),
    ],
)
@pytest.mark.usefixtures("chinese")
def test_a_field_is_called_as_people_call_it(field: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    report(MalformedError("bad-number", "A piece needs a title.", field=field), as_json=False)
    told = capsys.readouterr().err
    assert field not in told
    assert re.search(f"（{shown[0]}[^A-Za-z]*）", told), told


def test_a_folder_that_cannot_be_written_is_told_without_the_words_of_the_database(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "records.db"
    sqlite3.connect(path).close()
    here = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as failed:
        here.execute("CREATE TABLE t (a)")
    here.close()
    with pytest.raises(sqlite3.OperationalError) as absent:
        sqlite3.connect(tmp_path / "no" / "records.db")
    for error in (failed.value, absent.value):
        report(error, as_json=False)
        told = capsys.readouterr().err
        assert "denies access" in told
        assert str(error) not in told


def test_the_details_of_a_verdict_are_translated() -> None:
    assert detail("leaf 3 of 40", "zh-Hans") == "叶 3，共 40 叶"
    assert detail("block 12", "zh-Hans") == "区块 12"
    assert detail("token 4294967296", "zh-Hans") == "记录 4294967296"
    assert detail("block 12", "en") == "block 12"
    assert detail("林家窑", "zh-Hans") == "林家窑"


def test_why_a_registry_does_not_start_is_said_in_chinese(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILNMARK_LEDGER", "")
    assert main.run(["--lang", "zh-Hans", "serve", "--data", str(tmp_path), "--admin", "nobody"]) == 5
    assert "错误：KILNMARK_ADMIN 不是" in capsys.readouterr().err
    assert main.run(["--lang", "en", "serve", "--data", str(tmp_path), "--admin", "nobody"]) == 5
    assert "Error: KILNMARK_ADMIN is not an Ethereum address." in capsys.readouterr().err
    assert main.run(["--lang", "en", "serve", "--port", "99999"]) == 2
    assert "99999" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--yes", "--lang"])
def test_a_general_option_behind_the_command_is_told_where_it_stands(
    option: str, chinese: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["--lang", "zh-Hans", "piece", "list", option]) == exits.USAGE
    assert f"`kilnmark {option} …`" in capsys.readouterr().err
    assert main.run(["piece", "list", "--nowhere"]) == exits.USAGE
    assert "kilnmark --nowhere" not in capsys.readouterr().err


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("number", sorted(SYSTEM))
def test_what_the_system_says_is_chinese_whatever_its_words(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    said = StorageError("cannot-write", "{path} cannot be written: {reason}.", path="a", reason=OSError(number, "Pech"))
    report(said, as_json=False)
    talk = capsys.readouterr().err
    assert HAN.search(talk.split("：")[-1])
    assert "Pech" not in talk


@pytest.mark.usefixtures("chinese")
def test_a_full_disk_is_told_in_chinese_in_a_firing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(record, "write_file", full)
    with pytest.raises(StorageError) as caught:
        record.keep(tmp_path / "pieces.xlsx", b"")
    assert words(caught.value)[0].endswith("：磁盘空间不足。")


@pytest.mark.parametrize(
    ("question", "default", "asked"),
    [
        ("窑中有多少件？", None, "窑中有多少件？"),
        ("How many pieces are in the kiln?", "", "How many pieces are in the kiln? "),
        ("Name of the studio", None, "Name of the studio: "),
        ("For which shop is the link?", "none", "For which shop is the link? [none]: "),
    ],
)
def test_a_question_has_one_mark(
    question: str, default: str | None, asked: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("6\n"))
    assert prompt(question, default) == "6"
    assert capsys.readouterr().err == asked
