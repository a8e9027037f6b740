"""Collects the command line's messages, brings the Chinese catalogue up to date and compiles it.

``make messages`` runs it; it is no part of the installed package.  Messages are literals: the arguments of `FUNCTIONS`,
the templates and hints of errors anywhere in the project (for core and registry speak through the command line), what
the commands' help shows, and click's own words.  What is written depends on the messages alone.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from string import Formatter

import catalogues
import click
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from provenance import errors
from provenance_cli.i18n import DOMAIN, LOCALES
from provenance_cli.main import COMMANDS, cli
from provenance_registry.service.directory import HELD_HINTS

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [ROOT / "provenance", ROOT / "cli" / "provenance_cli", ROOT / "registry" / "provenance_registry"]
PO = LOCALES / "zh_Hans" / "LC_MESSAGES" / f"{DOMAIN}.po"
MO = PO.with_suffix(".mo")
FUNCTIONS = {"_": 1, "later": 1, "ngettext": 2, "Wording": 1, "Wording.of": 1, "bad_answer": 1, "_invalid": 1,
             "self._fault": 1}  # fmt: skip
"""Function to the number of its first arguments that are messages: one, or a singular and a plural."""
SYSTEM = {*errors.SYSTEM.values(), "Invalid argument"}
"""What the operating system says of files."""
LIBRARY = {
    "Expecting property name enclosed in double quotes",
    "Expecting value",
    "Extra data",
    "unexpected end of data",
}
"""What the standard library says of JSON and CSV."""

MessageId = str | tuple[str, str]


class ChineseCatalog(Catalog):
    """A catalogue without dates and versions, so that the same messages give the same bytes."""

    def __init__(self) -> None:
        super().__init__(locale="zh_Hans", header_comment="# The command line in simplified Chinese.", fuzzy=False)

    def _headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", "zh_Hans"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", "nplurals=1; plural=0;"),
        ]

    mime_headers = property(_headers, lambda self, _value: None)


def collect() -> set[MessageId]:
    """Return every message that the command line may show."""
    trees = [ast.parse(path.read_text("utf-8")) for folder in SOURCES for path in folder.rglob("*.py")]
    family = error_family(trees)
    of_click = [ast.parse(path.read_text("utf-8")) for path in Path(click.__file__).parent.glob("*.py")]
    found = {message for tree in trees + of_click for message in _messages(tree, family)}
    said = SYSTEM | LIBRARY | set(HELD_HINTS.values()) | {"required"}  # click keeps that word in a variable.
    return (found | set(_help(cli)) | said) - {""}


def error_family(trees: Iterable[ast.Module]) -> set[str]:
    """Return the names of `ProvenanceError` and of all classes under it."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    family, size = {"ProvenanceError"}, 0
    while len(family) > size:
        size = len(family)
        family |= {item.name for item in classes if any(ast.unparse(base) in family for base in item.bases)}
    return family


def _messages(tree: ast.Module, family: set[str]) -> Iterator[MessageId]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        texts = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if FUNCTIONS.get(name) == 2 and len(texts) == 2:
            yield (texts[0], texts[1])
        elif FUNCTIONS.get(name) == 1 and texts:
            yield texts[0]
        elif name.partition(".")[0] in family:
            hints = [word.value for word in node.keywords if word.arg == "hint"]
            for part in (*node.args[1:2], *hints):
                # A template that is nothing but a fact has nothing to be translated.
                if isinstance(part, ast.Constant) and part.value and not re.fullmatch(r"\{\w+\}", str(part.value)):
                    yield str(part.value)


def _help(command: click.Command) -> Iterator[str]:
    """Yield what the help of a command and of those under it shows."""
    yield from (command.help or "", command.options_metavar or "")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield parameter.help or ""
        if not isinstance(parameter.type, click.Choice | click.types.BoolParamType):
            yield parameter.type.name if isinstance(parameter, click.Option) else parameter.name.upper()
    if isinstance(command, click.Group):
        yield command.subcommand_metavar
        for inner in command.commands.values():
            yield from _help(inner)
    if command is cli:
        for entry in COMMANDS.values():
            yield from _help(getattr(import_module(f"provenance_cli.commands.{entry.module}"), entry.attribute))


def updated() -> Catalog:
    """Return the catalogue with exactly the messages of today, and the translations that it has."""
    with PO.open("rb") as file:
        before = read_po(file, locale="zh_Hans")
    catalog = ChineseCatalog()
    for message in sorted(collect(), key=str):
        known = before.get(message)
        catalog.add(message, known.string if known else None)
    return catalog


def faults(catalog: Catalog) -> list[str]:
    """Return what is wrong with translations: missing ones, and those that name other facts than the message."""
    wrong = []
    for message in catalog:
        if message.id:
            text = message.string if isinstance(message.string, str) else (message.string or [""])[0]
            source = message.id if isinstance(message.id, str) else message.id[-1]
            if not text:
                wrong.append(f"not translated: {source}")
            elif _facts(text) != _facts(source):
                wrong.append(f"names other facts: {source}")
    return wrong


def _facts(text: str) -> set[tuple[str, str | None]]:
    named = {(name, form) for _words, name, form, _repr in Formatter().parse(text) if name is not None}
    return named | {(name, "%") for name in re.findall(r"%\((\w+)\)", text)}


def written(catalog: Catalog) -> tuple[bytes, bytes]:
    """Return the catalogue as its source and compiled."""
    source, compiled = io.BytesIO(), io.BytesIO()
    write_po(source, catalog, width=100)
    write_mo(compiled, catalog)
    return source.getvalue(), compiled.getvalue()


def main() -> int:
    """Write the catalogues; return 1 where translations are wrong."""
    catalog = updated()
    for path, data in zip((PO, MO), written(catalog), strict=True):
        path.write_bytes(data)
    wrong = faults(catalog)
    print(*wrong, f"{len(catalog)} messages, {len(wrong)} to be mended", sep="\n", file=sys.stderr)
    return 1 if catalogues.main() or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
