"""Puts off what `eth_account` and py-evm load and nobody here calls: pairings of elliptic curves.

Loading them computes tables, which takes a third of the time that a command needs to start.  They are loaded when
somebody calls one.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

PAIRINGS = (
    "py_ecc.bls12_381.bls12_381_pairing",
    "py_ecc.optimized_bls12_381.optimized_pairing",
    "py_ecc.optimized_bn128.optimized_pairing",
)
_loading = threading.RLock()


class _StandIn(ModuleType):
    """A module of functions that is loaded once one of them is called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *arguments, **words: getattr(_loaded(self.__name__), name)(*arguments, **words)


def _loaded(name: str) -> ModuleType:
    with _loading:  # Threads that need the same module at once load it once.
        if isinstance(sys.modules.get(name), _StandIn):
            del sys.modules[name]
        return import_module(name)


def put_off() -> None:
    """Put a stand-in in the place of each module that is not loaded yet."""
    for name in PAIRINGS:
        sys.modules.setdefault(name, _StandIn(name))
