"""Errors can be said in any language, and every one is known at both edges."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from messages import ROOT, SOURCES, error_family

from provenance.errors import ProvenanceError
from provenance_cli.exits import EXIT_CODES
from provenance_registry.http.problems import STATUSES

PATHS = sorted(path for folder in [*SOURCES, ROOT / "tests"] for path in folder.rglob("*.py"))
OWN = {"hint", "field", "line", "retryable", "retry_after"}
"""Arguments of the constructors that are no facts."""


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@functools.cache
def known_family() -> set[str]:
    """Return the names of all errors.  No tree is kept: together they are a million objects."""
    return error_family(map(parsed, PATHS))


def errors_made(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name, _, method = ast.unparse(node.func).partition(".")
            if name in known_family() and method in ("", "like"):
                yield node, method


def literal(node: ast.expr, tree: ast.Module) -> str | None:
    """Return the text of a literal, or of a constant of the module."""
    if isinstance(node, ast.Name):
        values = [
            item.value
            for item in tree.body
            if isinstance(item, ast.Assign) and [ast.unparse(target) for target in item.targets] == [node.id]
        ]
        return literal(values[0], tree) if values else None
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "later":
        return literal(node.args[0], tree)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(ROOT)))
def test_errors_are_literal_templates_with_all_their_facts(path: Path) -> None:
    tree = parsed(path)
    for call, method in errors_made(tree):
        where = f"{path.relative_to(ROOT)}:{call.lineno}"
        words = {word.arg: word.value for word in call.keywords}
        named = set[str]()
        spoken = [words["hint"]] if "hint" in words else []
        if not method:
            code, template = call.args
            spoken.append(template)
            if isinstance(code, ast.Constant):
                assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", str(code.value)), f"{where}: the code is not kebab-case"
        for node in spoken:
            text = literal(node, tree)
            assert text is not None, f"{where}: {ast.unparse(node)} is no literal"
            named |= placeholders(text)
        if None not in words:  # Facts passed on as a mapping are those of another error.
            assert named == words.keys() - OWN, f"{where}: facts given and facts named differ"


def test_both_edges_know_the_whole_family() -> None:
    family = set[type[ProvenanceError]]()
    todo = ProvenanceError.__subclasses__()
    while todo:
        kind = todo.pop()
        family.add(kind)
        todo += kind.__subclasses__()
    assert {kind.__name__ for kind in family} | {"ProvenanceError"} == known_family()
    assert EXIT_CODES.keys() == family
    assert STATUSES.keys() == family
