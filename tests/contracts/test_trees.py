"""Beside each Solidity test contract stands the tree of what can happen: one leaf is one test, named by its path."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "hardhat-config" / "test"
REFUSED = "it reverts when"
BRANCHES = {REFUSED: "test_{root}_RevertWhen_{leaf}", "otherwise": "test_{root}_{leaf}"}
ROOTS = {"whatever is tried": "testFuzz_{leaf}", "always": "invariant_{leaf}"}
"""Roots whose leaves hold for any input or any order of calls, and the shapes of their tests' names."""
CONTRACT = re.compile(
    r"^((?://(?!/)[^\n]*\n)+)(?:///[^\n]*\n)*contract \w+Test is [^{]*\{\n(.*?)^\}$", re.MULTILINE | re.DOTALL
)
TEST = re.compile(r"^    function ((?:test|testFuzz|invariant)_\w+)\(", re.MULTILINE)


def plain(words: str) -> str:
    """Return a name as it is compared: without spaces, dashes, underscores and case."""
    return re.sub(r"[^a-z0-9]", "", words.lower())


def leaves(tree: str) -> Counter[str]:
    """Return the names of the tests that a tree asks for."""
    names: Counter[str] = Counter()
    root = branch = ""
    for line in tree.splitlines():
        found = re.fullmatch(r"// ((?:[│ ]   )*)(?:[├└]── )?(.*)", line)
        assert found is not None, line
        depth, words = len(found[1]) // 4 + (f"── {found[2]}" in line), found[2]
        if depth == 0:
            root, branch = words, ""
        elif depth == 1 and root not in ROOTS:
            branch = words
        else:
            shape = ROOTS[root] if root in ROOTS else BRANCHES[branch]
            names[plain(shape.format(root=root, leaf=words))] += 1
    return names


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.t.sol")), ids=lambda path: path.name)
def test_leaves_are_tests_and_tests_are_leaves(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    contracts = CONTRACT.findall(source)
    assert len(contracts) == len(re.findall(r"^contract \w+Test is ", source, re.MULTILINE)) > 0
    for tree, body in contracts:
        assert leaves(tree) == Counter(plain(name) for name in TEST.findall(body))


def test_a_missing_test_is_noticed() -> None:
    tree = (
        "// claim\n// ├── it reverts when\n// │   └── the key is zero\n// └── otherwise\n//     └── moves\n"
        "// always\n// └── one\n"
    )
    assert leaves(tree) == Counter(["testclaimrevertwhenthekeyiszero", "testclaimmoves", "invariantone"])


def test_attacks_named_in_the_documentation_have_their_tests() -> None:
    page = (FOLDER.parents[1] / "docs" / "contract-checks.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    tests = {name for path in FOLDER.glob("*.t.sol") for name in TEST.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 30
    assert named <= tests
