"""One script made of many modules: their text, without comments, in the order in which they need each other.

A module becomes a function that is called once and returns what it exports; one that is imported by a call is called
when it is wanted.  For our own modules only, in their one style: an import or an export begins a line and is of names,
and no text in quotes has two slashes behind a blank, which begin a comment.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

_IMPORT = re.compile(r"^import \{([^}]*)\} from '([^']+)';\n", re.MULTILINE)
_PASSED_ON = re.compile(r"^export \{([^}]*)\} from '([^']+)';\n", re.MULTILINE)
_DECLARED = re.compile(r"^export ((?:async )?function|const|class) (\w+)", re.MULTILINE)
_CALLED = re.compile(r"\bimport\('([^']+)'\)")
_COMMENT = re.compile(r"^[ \t]*/\*\*(?s:.*?)\*/\n|^[ \t]*//.*\n|[ \t]+// .*$", re.MULTILINE)
_BLANK = re.compile(r"^[ \t]+|\n(?=\n)", re.MULTILINE)


def shortened(text: str) -> str:
    """Return a module without comments, and without blanks at the starts of lines."""
    return _BLANK.sub("", _COMMENT.sub("", text)).lstrip("\n")


def linked(modules: Mapping[str, str], entry: str) -> str:
    """Return one script of the module `entry` and all that it needs, given texts by path, without its exports."""
    return _Linking(modules).text(entry)


def linked_module(modules: Mapping[str, str], entry: str) -> str:
    """Return the same as a module that exports what `entry` does."""
    linking = _Linking(modules)
    text = linking.text(entry)
    return f"{text}export const {{{','.join(linking.exports[entry])}}} = {linking.names[entry]};\n"


class _Linking:
    """Modules by path, and what was made of them so far."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules
        self.names: dict[str, str] = {}
        self.exports: dict[str, list[str]] = {}
        self._made: list[str] = []

    def text(self, entry: str) -> str:
        self._add(entry)
        return "".join(self._made)

    def _add(self, path: str, *, later: bool = False) -> str:
        if path in self.names:
            return self.names[path]
        body, taken, exports = shortened(self._modules[path]), list[str](), list[str]()
        for names, other in _IMPORT.findall(body):
            taken.append(f"const {{{_listed(names)}}} = {self._add(_beside(path, other))};\n")
        for names, other in _PASSED_ON.findall(body):
            taken.append(f"const {{{_listed(names)}}} = {self._add(_beside(path, other))};\n")
            exports += _listed(names).split(",")
        exports += [name for _, name in _DECLARED.findall(body)]
        body = _DECLARED.sub(r"\1 \2", _PASSED_ON.sub("", _IMPORT.sub("", body)))
        body = _CALLED.sub(lambda found: f"{self._add(_beside(path, found[1]), later=True)}()", body)
        if re.search(r"^(?:import|export)\b", body, re.MULTILINE):
            raise ValueError(f"{path}: an import or export in another style")
        name = f"m{len(self.names)}"
        self.names[path], self.exports[path] = name, exports
        made = f"{'async ' if later else ''}() => {{\n{''.join(taken)}{body}return {{{','.join(exports)}}};\n}}"
        self._made.append(f"const {name} = {made};\n" if later else f"const {name} = ({made})();\n")
        return name


def _listed(names: str) -> str:
    return ",".join(name.strip() for name in names.split(",") if name.strip())


def _beside(path: str, other: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), other))
