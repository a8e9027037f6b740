"""The pages say what the code does: nothing is missing, nothing is left over."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import pytest

import provenance
import provenance_cli
import provenance_registry
from provenance.encoding import Address
from provenance.errors import LedgerError, MalformedError, ProvenanceError
from provenance.limits import LIMITS
from provenance.printing.codes import QUIET_MODULES, matrix
from provenance.printing.layouts import DEFAULT_LAYOUT, known_layouts
from provenance.serial import Serial
from provenance.tag import tag_url
from provenance_cli import exits
from provenance_cli.demo import Result
from provenance_cli.headings import ALL
from provenance_cli.main import cli
from provenance_cli.report import describe
from provenance_registry.app import build
from provenance_registry.http.problems import problem, status_of
from provenance_registry.service.directory import HELD_HINTS
from provenance_registry.settings import Settings
from tests.docs.pages import ROOT, anchors, blocks, blocks_of, links, pages, quoted, read, rows, section

REFERENCE = "docs/reference.md"
REGISTRY = "docs/registry.md"


def tree(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield the commands that do something, each with its words."""
    if isinstance(command, click.Group):
        context = click.Context(command, info_name="kilnmark")
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from tree(inner, f"{path} {name}".strip())
    else:
        yield path, command


COMMANDS = dict(tree(cli))


def options(command: click.Command) -> set[str]:
    found = (item for item in command.params if isinstance(item, click.Option))
    return {name for option in found for name in (*option.opts, *option.secondary_opts)}


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_resolve(page: Path) -> None:
    for target in links(page):
        if "://" in target:
            continue
        name, _, fragment = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), target
        assert ROOT in there.parents, target
        if fragment:
            assert fragment in anchors(there), target


def test_every_page_is_reached_from_the_readme() -> None:
    seen, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        names = (target.partition("#")[0] for target in links(page) if "://" not in target)
        todo += [there for name in names if name.endswith(".md") and (there := (page.parent / name).resolve()).exists()]
    assert {page for page in pages() if (ROOT / "docs") in page.parents} <= seen


def test_decisions_are_listed_with_their_titles() -> None:
    listed = {cells[0]: cells[1] for cells in rows(read("docs/adr/README.md"))}
    for page in (ROOT / "docs" / "adr").glob("0*.md"):
        number, title = page.read_text("utf-8").partition("\n")[0].removeprefix("# ").split(". ", 1)
        assert page.name.startswith(number)
        assert listed.pop(f"[{number}]({page.name})") == title
        assert "Status: " in page.read_text("utf-8")
    assert listed == {}


def test_the_newest_change_is_of_this_version() -> None:
    newest = re.search(r"^## \[(.+?)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == provenance.__version__


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_section_with_every_option(name: str) -> None:
    command = COMMANDS[name]
    text = section(read(REFERENCE), f"#### `kilnmark {name}")
    documented = {text.split()[0] for cells in rows(text) for text in quoted(cells[0]) if text.startswith("-")}
    assert documented == options(command)
    heading = next(line for line in read(REFERENCE).splitlines() if re.match(rf"#### `kilnmark {name}[ `]", line))
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            metavar = "|".join(parameter.type.choices) if isinstance(parameter.type, click.Choice) else parameter.name
            assert str(metavar).lower() in heading.lower()
        elif isinstance(parameter, click.Option) and parameter.show_default:
            row = next(cells for cells in rows(text) if parameter.opts[0] in quoted(cells[0])[0].split())
            assert f"{parameter.default}" in row[1].replace(",", "")


def test_no_section_is_of_a_command_that_is_gone() -> None:
    for heading in re.findall(r"^#### `kilnmark ([^`]+)`", read(REFERENCE), re.MULTILINE):
        words = [word for word in heading.split() if word.islower() and word.replace("-", "").isalpha()]
        assert " ".join(words) in COMMANDS, heading


def test_options_for_every_command() -> None:
    text = section(read(REFERENCE), "### Options for every command")
    documented = {name.split()[0] for cells in rows(text) for name in quoted(cells[0])}
    assert documented == options(cli) | {"-h", "--help"}


def test_exit_codes_and_statuses() -> None:
    first, second = section(read(REFERENCE), "### Exit codes").split("Errors of one family", 1)
    codes = {name: value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    assert {quoted(cells[1])[0]: int(cells[0]) for cells in rows(first)} == codes
    said = {cells[0]: (int(cells[1]), int(cells[2].split()[0])) for cells in rows(second)}
    true: dict[str, tuple[int, int]] = {}
    for kind in ProvenanceError.__subclasses__():
        assert not kind.__subclasses__()
        if kind is LedgerError:
            for words, retryable in ((", may succeed later", True), (", refused", False)):
                error = LedgerError("x", "X.", retryable=retryable)
                true[f"`LedgerError`{words}"] = exits.exit_code(error), status_of(error)
        else:
            other = kind("x", "X.")
            true[f"`{kind.__name__}`"] = exits.exit_code(other), status_of(other)
    assert said == true


def test_members_of_errors_and_problems() -> None:
    error = MalformedError("bad-signature", "{n} are wrong.", field="serial", line=2, hint="Mend {n}.", n=1)
    text = section(read(REFERENCE), "### Exit codes")
    (shown,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert json.loads(shown).keys() == describe(error).keys()
    text = section(read(REFERENCE), "## The registry's HTTP API")
    (shown,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    members = problem(error)
    assert json.loads(shown).keys() == members.keys() - {"template", "hintTemplate", "facts"}
    assert json.loads(shown)["type"] == members["type"]
    assert {"template", "hintTemplate", "facts"} <= set(quoted(text)) & members.keys()


def test_demo_json() -> None:
    (block, *_) = [b for b in blocks_of(REFERENCE, "json") if '"tampered"' in b.text]
    assert set(json.loads(block.text)) == set(Result.__slots__)


def parse(words: tuple[str, ...]) -> None:
    """Raise what click raises for a command line that it would refuse."""
    command: click.Command = cli
    context = click.Context(command, info_name=words[0])
    rest = list(words[1:])
    while True:
        values, rest, _ = command.make_parser(context).parse_args(args=rest)
        for parameter in command.params:
            value = values.get(str(parameter.name))
            if isinstance(value, str) and isinstance(parameter.type, click.Choice):
                parameter.type.convert(value, parameter, context)
            if isinstance(value, str) and isinstance(parameter.type, click.types.IntParamType):
                int(value)
            missing = value is None or value == () or type(value).__name__ == "Sentinel"
            assert not (parameter.required and missing), f"{parameter.name} is missing"
        if not isinstance(command, click.Group) or not rest:
            break
        inner = command.get_command(context, rest[0])
        assert inner is not None, f"there is no command {rest[0]}"
        command, context = inner, click.Context(inner, info_name=rest[0], parent=context)
        rest = rest[1:]
    assert not rest, f"{rest} is too much"
    if isinstance(command, click.Group):
        assert {"--version", "--help"} & set(words), "a command is missing"


def test_commands_on_the_pages_are_commands() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    seen = 0
    for page in pages():
        for block in blocks(page):
            assert block.language != "sh", f"{page}:{block.line}"
            for command in block.commands if block.language == "console" else []:
                words, where = command.words, f"{page.name}:{command.line}"
                if words[0] == "kilnmark":
                    try:
                        parse(words)
                    except (click.ClickException, AssertionError) as error:
                        raise AssertionError(f"{where}: {' '.join(words)}: {error}") from None
                elif words[0] == "make":
                    assert words[1] in targets, where
                else:
                    assert words[0].rpartition("/")[2] in ("python3", "pip", "cd", "."), where
                seen += 1
        for text in re.findall(r"`kilnmark ([^`\n]+)`", page.read_text("utf-8")):
            plain = re.sub(r" ?[\[{].*", "", text).replace("…", "x")
            first = plain.split()[0]
            if not first.startswith("-"):
                assert first in {name.split()[0] for name in COMMANDS}, f"{page.name}: {text}"
    assert seen > 40


def test_make_targets_are_in_contributing() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE))
    assert {
        name.removeprefix("make ") for name in quoted(read("CONTRIBUTING.md")) if re.fullmatch(r"make [a-z-]+", name)
    } == (targets)


def test_headings_of_spreadsheets_are_known() -> None:
    documented = set[str]()
    for cells in rows(section(read(REFERENCE), "## Spreadsheets")):
        names = quoted(cells[0])
        documented |= set(names)
        if len(names) == 1:
            plain = re.sub(r"\([^)]*\)", "", cells[1])
            assert {heading.strip() for heading in plain.split(",")} <= set(ALL[names[0]]), names
    assert documented == set(ALL)


# --- settings, routes, limits -----------------------------------------------------------------------------------------


def sources() -> list[Path]:
    return [path for folder in ("provenance", "cli", "registry", "tests") for path in (ROOT / folder).rglob("*.py")
            if "docs" not in path.parts and "node_modules" not in path.parts]  # fmt: skip


def test_every_variable_is_documented() -> None:
    name = re.compile(r"(?<!_)KILNMARK_[A-Z]+(?:_[A-Z]+)*")
    used = {found for path in sources() for found in name.findall(path.read_text("utf-8"))}
    documented = {
        variable
        for cells in rows(section(read(REFERENCE), "## Environment variables"))
        for variable in quoted(cells[0])
    }
    assert documented == used
    for page in pages():
        assert set(name.findall(page.read_text("utf-8"))) <= used, page


def test_the_registrys_settings_are_in_its_guide() -> None:
    text = Path(str(importlib.import_module("provenance_registry.settings").__file__)).read_text("utf-8")
    settings = set(re.findall(r"KILNMARK_[A-Z_]+[A-Z]", text))
    documented = {variable for cells in rows(section(read(REGISTRY), "## Settings")) for variable in quoted(cells[0])}
    assert documented - {"KILNMARK_STOP_WITH_STDIN", "KILNMARK_TELL_PROBLEMS"} == settings
    defaults = Settings.from_env({"KILNMARK_ADMIN": "0x" + "11" * 20, "KILNMARK_STEWARD": "0x" + "22" * 20})
    said = {
        quoted(cells[0])[0].removeprefix("KILNMARK_").lower(): quoted(cells[1])
        for cells in rows(section(read(REFERENCE), "## Environment variables"))
        if len(cells) == 3
    }
    for setting in ("name", "batch_size", "batch_age", "confirmations"):
        assert (
            float(said[setting][0]) == getattr(defaults, setting)
            if setting != "name"
            else said[setting] == ["Kilnmark"]
        )
    assert (said["host"], said["port"]) == ([defaults.bind_host], [str(defaults.bind_port)])
    assert said["data"] == [str(defaults.data)]


def test_every_route_is_documented(tmp_path: Path) -> None:
    people = Address(b"\1" * 20), Address(b"\2" * 20)
    registry = build(Settings(tmp_path / "data", "https://registry.example", admin=people[0], steward=people[1]))
    registry.worker.start()
    registry.close()
    routes = {
        f"{method} {re.sub(r':[a-z]+}', '}', route.path)}"
        for route in registry.web.routes
        for method in getattr(route, "methods", ())
        if method not in ("OPTIONS", "HEAD")
    }
    text = section(read(REFERENCE), "## The registry's HTTP API")
    documented = {name for name in quoted(text) if re.match(r"(GET|POST|PUT|DELETE) /", name)}
    assert documented == routes


BOUNDS = "MAX_", "MIN_", "TIMEOUT", "DEADLINE", "SLOWEST"
"""How the names of limits begin."""


def test_every_limit_is_documented() -> None:
    named = dict[str, int | float]()
    for package in (provenance, provenance_cli, provenance_registry):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if "migrations" in module.name or module.name.endswith("__main__"):
                continue
            loaded = importlib.import_module(module.name)
            for node in ast.parse(Path(str(loaded.__file__)).read_text("utf-8")).body:
                targets = node.targets if isinstance(node, ast.Assign) else []
                for target in targets:
                    if isinstance(target, ast.Name) and target.id.startswith(BOUNDS):
                        named[f"{module.name}.{target.id}"] = getattr(loaded, target.id)
    first, second = section(read(REFERENCE), "## Limits").split("Limits of one registry", 1)
    assert {quoted(cells[0])[0]: float(cells[1].replace(",", "")) for cells in rows(first)} == named
    second, subject = second.split("Limits of a certificate's subject", 1)
    assert {quoted(cells[0])[0]: int(cells[1].replace(",", "")) for cells in rows(subject)} == asdict(LIMITS)
    fields = Settings.__dataclass_fields__
    variables = set(quoted(section(read(REFERENCE), "## Environment variables")))
    bounds = [name for name in fields if name.startswith("max_") and f"KILNMARK_{name.upper()}" not in variables]
    true = {name: float(str(fields[name].default)) for name in bounds}
    assert {quoted(cells[0])[0]: float(cells[1].replace(",", "")) for cells in rows(second)} == true


def test_every_reason_to_hold_is_explained() -> None:
    text = section(read(REGISTRY), "## Held certificates, and who must act")
    assert {quoted(cells[0])[0] for cells in rows(text)} == set(HELD_HINTS)


def test_sheets_are_those_of_the_code() -> None:
    table = rows(section(read("docs/printing.md"), "## Sheets"))
    said = {name: cells[2:] for cells in table for name in quoted(cells[0])}
    true = {
        name: [f"{sheet.label[0]:.4g} × {sheet.label[1]:.4g}", f"{sheet.columns} × {sheet.rows}"]
        for name, sheet in known_layouts().items()
    }
    assert said == true
    assert f"`{DEFAULT_LAYOUT}` is taken where none is named" in read("docs/printing.md")


def test_the_room_for_a_code_is_what_the_code_needs() -> None:
    """The table of docs/tags.md, at both ends of each row."""
    serial = Serial.parse("7K3M-9QX2-VD5T-6")
    table = read("docs/tags.md").partition("| Characters of the host |")[2].partition("\n\n")[0]
    rows = [[cell.strip(" |") for cell in line.split(" | ")] for line in table.splitlines()[2:]]
    seen = 3
    for hosts, public, room, secret, room_of_secret in rows:
        first, last = (int(number) for number in ["4", *re.findall(r"[0-9]+", hosts)][-2:])
        assert first == seen + 1
        for length, number in ((first, 1), (last, 1), (last - 1, 2), (last - 2, 10)):
            if length < first:
                continue
            address = tag_url("https://" + "a" * (length - 3) + ".cn", serial, number)
            side = len(matrix(address))
            assert (side, f"{(side + 2 * QUIET_MODULES) / 2} mm") == (int(public), room), (length, number)
        side = len(matrix(tag_url("https://" + "a" * (last - 3) + ".cn", serial) + "#" + "Z" * 26))
        assert (side, f"{(side + 2 * QUIET_MODULES) / 2} mm") == (int(secret), room_of_secret), last
        seen = last
    assert seen == 60
