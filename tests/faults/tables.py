"""The table of a fault run: what was tried, what was promised, and what became of it."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.faults.judge import Judgement

COLUMNS = ("trials", "acknowledged", "lost", "double", "recovery s (max)")


@dataclass
class Tally:
    """Trials by kind, and what all of them came to."""

    trials: Counter[str] = field(default_factory=Counter)
    recovery: dict[str, float] = field(default_factory=dict)
    acknowledged: int = 0
    lost: int = 0
    double: int = 0
    verdicts: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    longest_of: dict[str, float] = field(default_factory=dict)

    def tried(self, kind: str, seconds: float) -> None:
        """Count a trial that took so long to recover from."""
        self.trials[kind] += 1
        self.recovery[kind] = max(seconds, self.recovery.get(kind, 0.0))

    def longest(self, what: str, seconds: float) -> None:
        """Remember the longest time that something took."""
        self.longest_of[what] = max(seconds, self.longest_of.get(what, 0.0))

    def killed_at(self, checkpoint: str, *, passed: bool) -> None:
        """Count whether a process died at a checkpoint, or did not come there and was killed where it was."""
        self.notes[f"{'died at' if passed else 'did not come to'} {checkpoint}"] += 1

    @property
    def deaths(self) -> Counter[str]:
        """How often a process died at each checkpoint."""
        told = {note.removeprefix("died at "): times for note, times in self.notes.items() if "died at " in note}
        return Counter(told)

    def add(self, judgement: Judgement) -> None:
        """Count what the chain was found to hold."""
        self.acknowledged += judgement.acknowledged
        self.lost += len(judgement.lost)
        self.double += judgement.double
        self.faults += judgement.faults

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.trials + other.trials, _greater(self.recovery, other.recovery),
            self.acknowledged + other.acknowledged, self.lost + other.lost,
            self.double + other.double, self.verdicts + other.verdicts, self.notes + other.notes,
            self.faults + other.faults, _greater(self.longest_of, other.longest_of),
        )  # fmt: skip

    @property
    def slowest(self) -> float:
        """The longest recovery, in seconds."""
        return max(self.recovery.values(), default=0.0)

    @property
    def failed(self) -> bool:
        """Whether anything was lost, doubled or wrong."""
        return bool(self.lost or self.double or self.faults)

    def __str__(self) -> str:
        width = max(map(len, [*self.trials, "kind", "all"])) + 2
        head = f"{'kind':<{width}}" + "".join(f"{name:>18}" for name in COLUMNS)
        lines = [head]
        for kind, trials in sorted(self.trials.items()):
            lines.append(f"{kind:<{width}}{trials:>18,}{'':>54}{self.recovery[kind]:>18.2f}")
        counts = f"{self.acknowledged:>18,}{self.lost:>18,}{self.double:>18,}{self.slowest:>18.2f}"
        lines.append(f"{'all':<{width}}{self.trials.total():>18,}{counts}")
        lines.append(f"{self.verdicts:,} verdicts of random pieces were compared with the chain.")
        lines += [f"{times:,} x {note}" for note, times in sorted(self.notes.items())]
        lines += [f"at most {seconds:.2f} {what}" for what, seconds in self.longest_of.items()]
        lines += [f"FAULT {fault}" for fault in self.faults[:20]]
        return "\n".join(lines)


def _greater(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    return {name: max(one.get(name, 0.0), other.get(name, 0.0)) for name in one.keys() | other.keys()}


class NotPermittedError(Exception):
    """This machine does not let the fault be made; says why."""


IMPOSSIBLE = 77
"""The exit code of a tool that cannot make its fault here: neither passed nor failed."""


def carry_out(
    run: Callable[..., Tally],
    trials: int,
    description: str,
    options: Callable[[argparse.ArgumentParser], object] = lambda _: None,
) -> int:
    """Run a tool as its command line says, print its table, and return its exit code.

    `options` may add more of them, which go to `run` by their names.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--trials", type=int, default=trials)
    parser.add_argument("--seed", type=int, default=1)
    options(parser)
    given = vars(parser.parse_args())
    number, rng = given.pop("trials"), random.Random(given.pop("seed"))
    try:
        tally = run(number, rng, tell=lambda text: print(text, flush=True), **given)
    except (NotPermittedError, pytest.skip.Exception) as why:
        print(f"NOT TRIED: {why}", file=sys.stderr)
        return IMPOSSIBLE
    print(tally)
    return 1 if tally.failed else 0
