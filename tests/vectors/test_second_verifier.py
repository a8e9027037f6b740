"""The second verifier reaches every verdict of verdicts.json, by the page and the published schemas alone."""

import ast
import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.second_verifier import verify

HERE = Path(__file__).parent
FILE = HERE / "second_verifier.py"
PACKAGES = {"Crypto", "jsonschema", "rfc8785"}
VECTORS = json.loads((HERE / "verdicts.json").read_text("utf-8"))["vectors"]
STATUS_LIST = {"status-list-differs", "status-list-unread"}  # The second verifier reads no status lists.


def bytes_of(vector: dict[str, Any]) -> bytes:
    raw = base64.b64decode(vector["bundleBase64"]) if "bundleBase64" in vector else vector["bundle"].encode()
    return raw.ljust(vector.get("padTo", 0))


def ledger_of(vector: dict[str, Any]) -> Callable[[str, dict[str, Any]], Any] | None:
    answers = vector["ledger"]
    if answers is None:
        return None

    def ledger(ask: str, arguments: dict[str, Any]) -> Any:
        if answers == "unreachable":
            raise ConnectionError("ledger-unreachable")
        for entry in answers:
            if {"ask": ask, **arguments} == {name: entry[name] for name in entry if name not in ("answer", "error")}:
                if "error" in entry:
                    raise ConnectionError(
                        "nodes-disagree" if entry["error"] == "nodes-disagree" else "ledger-unreachable"
                    )
                return entry["answer"]
        raise AssertionError(f"asks what need not be asked: {ask} {arguments}")

    return ledger


def verdict_on(vector: dict[str, Any]) -> dict[str, Any]:
    photos = vector.get("photos")
    return verify(
        bytes_of(vector),
        vector["policy"],
        ledger_of(vector),
        serial=vector.get("serial"),
        tag=vector.get("baseUrl"),
        photos=None if photos is None else {digest: base64.b64decode(photos[digest]) for digest in photos},
    )


def expected_of(vector: dict[str, Any]) -> dict[str, Any]:
    expected = {name: vector["expected"][name] for name in ("outcome", "reason", "findings", "advisories")}
    if "statusList" in vector:
        expected["advisories"] = [code for code in expected["advisories"] if code not in STATUS_LIST]
    return expected


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_second_verifier_reaches_the_verdict(vector: dict[str, Any]) -> None:
    if "error" in vector["expected"]:
        with pytest.raises((ValueError, RecursionError)):
            verdict_on(vector)
    else:
        assert verdict_on(vector) == expected_of(vector)


def test_it_is_short_and_imports_nothing_of_the_project() -> None:
    source = FILE.read_text("utf-8")
    assert len([line for line in source.splitlines() if line.strip()]) < 200
    for node in ast.walk(ast.parse(source)):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules = [node.module or ""]
        assert {module.partition(".")[0] for module in modules} <= sys.stdlib_module_names | PACKAGES
