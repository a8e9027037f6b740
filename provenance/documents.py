"""The documents that a certificate refers to, its JSON-LD context and its JSON Schema, made for one registry.

Both are files of this package, and immutable once released: another form of certificate gets another version beside
it.  Terms of schema.org are used where they fit; there is no ``@vocab``, so that an unknown member is an error and not
a guess.  In the files ``{registry}`` stands for the registry's address, in patterns too.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

REGISTRY = "{registry}"


def context(base_url: str) -> dict[str, Any]:
    """Return the JSON-LD context (JSON-LD 1.1) of the certificates of one registry."""
    return _document("piece-v1.context.json", base_url)


def schema(base_url: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the certificates of one registry."""
    return _document("piece-v1.schema.json", base_url)


def _document(name: str, base_url: str) -> dict[str, Any]:
    text = resources.files("provenance").joinpath("formats", name).read_text("utf-8")
    document: dict[str, Any] = _filled(json.loads(text), base_url)
    return document


def _filled(value: Any, base_url: str, member: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, base_url, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, base_url, member) for item in value]
    if isinstance(value, str):
        # Not `re.escape`: it escapes hyphens too, which ECMA 262 forbids.
        return value.replace(REGISTRY, re.sub(r"([.\[\]])", r"\\\1", base_url) if member == "pattern" else base_url)
    return value
