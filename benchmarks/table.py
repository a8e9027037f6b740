"""How a benchmark reports: a table with its conditions, JSON on request, and an exit code that tells a missed aim."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Aim:
    """A measured value and the aim for it; without a limit it stands for comparison only."""

    name: str
    value: float
    relation: Literal["<=", ">=", ""] = ""
    limit: float | None = None
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the aim is met."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.relation == "<=" else self.value >= self.limit


def report(name: str, conditions: str, aims: list[Aim]) -> int:
    """Print the results; return 1 where an aim is missed, else 0."""
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, {load}"
    if "--json" in sys.argv:
        results = [
            {"name": aim.name, "value": aim.value, "unit": aim.unit, "aim": aim.limit, "met": aim.met} for aim in aims
        ]
        print(json.dumps({"benchmark": name, "conditions": conditions, "machine": machine, "results": results}))
    else:
        print(f"{name}: {conditions}\n  ({machine})")
        for aim in aims:
            wanted = (
                "" if aim.limit is None else f"  aim {aim.relation} {aim.limit:,g}  {'ok' if aim.met else 'MISSED'}"
            )
            print(f"  {aim.name:<38} {aim.value:>14,.3f} {aim.unit:<6}{wanted}")
    return 0 if all(aim.met for aim in aims) else 1
