"""What the scenes of `scan_rate` say: rates by size and condition, and codes compared scene by scene."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from benchmarks.captures import HARD, ORDINARY, cup
from benchmarks.scan_codes import ALL, AS_LARGE, PLAIN, module_of
from benchmarks.table import Aim
from provenance.printing.codes import MIN_MODULE_MM

SIZES = (15, 17, 20, 22, 25)
DPIS = (203, 300, 600)
DENSE = (300, 600)
"""Printers that have modules of 0.59 mm; one of 203 dots an inch has none between 0.50 and 0.63."""
LARGE, USUAL = 25, 20
"""Places in which modules are 0.59 and 0.51 mm."""
FRAMES = 3
CUPS = ((36, 45), (45, 60), (60, 80))


@dataclass(frozen=True, slots=True)
class Shot:
    """One scene: of which code, and with which frame each reader had it; 0 is never."""

    size: int
    dpi: int
    code: str
    condition: str
    number: int
    zxing: int
    opencv: int


def rate(taken: list[Shot], reader: str, within: int) -> float:
    """Return the percentage of scenes that `reader` had within so many frames."""
    had = [shot for shot in taken if 1 <= getattr(shot, reader) <= within]
    return 100 * len(had) / max(1, len(taken))


def table(taken: list[Shot], host: str, readers: list[str]) -> str:
    """Return the rates in rows as Markdown: within one frame / within three."""
    heads = [f"{reader} {kind}" for reader in readers for kind in ("ordinary", "hard")]
    lines = [
        "| mm | dpi | code | module | " + " | ".join(heads) + " |",
        "| ---: " * 2 + "| --- " + "| ---: " * (len(heads) + 1) + "|",
    ]
    groups: dict[tuple[int, int, str], list[Shot]] = defaultdict(list)
    for shot in taken:
        groups[shot.size, shot.dpi, shot.code].append(shot)
    for (size, dpi, name), group in sorted(groups.items(), key=lambda item: (*item[0][:2], ALL.index(item[0][2]))):
        module = module_of(host, name, size, dpi)
        small = "" if name in (PLAIN, AS_LARGE) or module >= MIN_MODULE_MM else " refused"
        cells = [
            f"{rate(some, reader, 1):.1f} / {rate(some, reader, FRAMES):.1f}"
            for reader in readers
            for some in ([s for s in group if s.condition in ORDINARY], [s for s in group if s.condition in HARD])
        ]
        lines.append(f"| {size} | {dpi} | {name} | {module:.3f}{small} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def conditions_table(taken: list[Shot], readers: list[str], size: int) -> str:
    """Return the rates of all codes at one size by condition, as Markdown."""
    heads = [f"{reader} {name}" for reader in readers for name in ALL]
    lines = ["| condition | " + " | ".join(heads) + " |", "| --- " + "| ---: " * len(heads) + "|"]
    for condition in dict.fromkeys(shot.condition for shot in taken):
        some = [shot for shot in taken if shot.size == size and shot.condition == condition]
        cells = [
            f"{rate(own, reader, 1):.1f} / {rate(own, reader, FRAMES):.1f}"
            for reader in readers
            for own in ([shot for shot in some if shot.code == name] for name in ALL)
        ]
        lines.append(f"| {condition} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cups(taken: list[Shot], readers: list[str], host: str, seed: int) -> str:
    """Return the rates of our code at level M round cups, by the cup's diameter and the module, as Markdown."""
    groups: dict[float, list[Shot]] = defaultdict(list)
    for shot in taken:
        if shot.condition == "cylinder" and shot.code == "M":
            groups[round(module_of(host, "M", shot.size, shot.dpi), 2)].append(shot)
    heads = [f"{reader} {low} to {high} mm" for reader in readers for low, high in CUPS]
    lines = ["| module | " + " | ".join(heads) + " |", "| ---: " * (len(heads) + 1) + "|"]
    for module, group in sorted(groups.items()):
        round_cups = [(cup(scene_of(seed, "cylinder", shot.number)), shot) for shot in group]
        cells = [
            f"{rate(own, reader, 1):.0f} / {rate(own, reader, FRAMES):.0f} of {len(own)}"
            for reader in readers
            for own in ([shot for wide, shot in round_cups if low <= wide < high] for low, high in CUPS)
        ]
        lines.append(f"| {module:.2f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def duel(first: list[Shot], second: list[Shot], reader: str, within: int) -> tuple[int, int]:
    """Return in how many scenes only the first of two codes was read, and in how many only the second."""
    one, other = (
        {(shot.dpi, shot.condition, shot.number) for shot in group if 1 <= getattr(shot, reader) <= within}
        for group in (first, second)
    )
    return len(one - other), len(other - one)


def _duels(rows: list[tuple[str, list[Shot], list[Shot]]], readers: list[str]) -> str:
    lines = ["| against | " + " | ".join(readers) + " |", "| --- " + "| ---: " * len(readers) + "|"]
    for name, first, second in rows:
        cells = [
            ", ".join("{} : {}".format(*duel(first, second, reader, within)) for within in (1, FRAMES))
            for reader in readers
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def duels(taken: list[Shot], readers: list[str], size: int) -> str:
    """Return as Markdown in how many hard scenes only level M was read, and in how many only another code."""
    hard = [shot for shot in taken if shot.size == size and shot.condition in HARD]
    groups = {name: [shot for shot in hard if shot.code == name] for name in ALL}
    return _duels([(name, groups["M"], groups[name]) for name in ALL[1:]], readers)


def larger(taken: list[Shot], readers: list[str], host: str) -> str:
    """Return the same of our code at level M with large modules and with the usual ones, by printer."""
    rows = []
    for dpi in DPIS:
        sizes = LARGE, USUAL
        modules = [module_of(host, "M", size, dpi) for size in sizes]
        if modules[0] != modules[1]:
            for kind, conditions in (("ordinary", ORDINARY), ("hard", HARD), ("cylinder", ("cylinder",))):
                large, usual = (
                    [
                        shot
                        for shot in taken
                        if (shot.size, shot.dpi, shot.code) == (size, dpi, "M") and shot.condition in conditions
                    ]
                    for size in sizes
                )
                name = f"{dpi} dpi, {modules[0]:.3f} : {modules[1]:.3f} mm, {kind}, of {len(large)}"
                rows.append((name, large, usual))
    return _duels(rows, readers)


def aims(taken: list[Shot], readers: list[str], size: int) -> list[Aim]:
    """Compare our code at level M with what is wanted of it, and with a plain code in the same scenes."""
    dense = [shot for shot in taken if shot.size == size and shot.dpi in DENSE]
    ours = [shot for shot in dense if shot.code == "M"]
    ordinary = [shot for shot in ours if shot.condition in ORDINARY]
    hard, other = ([shot for shot in some if shot.condition in HARD] for some in (ours, dense))
    plain = [shot for shot in other if shot.code == PLAIN]
    rows = []
    for reader in readers:
        for within in (1, FRAMES):
            frames = f"{within} frame{'s' * (within > 1)}"
            only_ours, only_plain = duel(hard, plain, reader, within)
            rows.append(Aim(f"{reader}, {frames}, ordinary", rate(ordinary, reader, within), ">=", 99, "%"))
            rows.append(Aim(f"{reader}, {frames}, hard, only plain", only_plain))
            rows.append(Aim(f"{reader}, {frames}, hard, only ours", only_ours, ">=", only_plain + 1))
    if len(readers) > 1:
        had = [shot for shot in ordinary if any(1 <= getattr(shot, reader) <= FRAMES for reader in readers)]
        rows.append(Aim("either, ordinary", 100 * len(had) / max(1, len(ordinary)), ">=", 99, "%"))
    return rows


def scene_of(seed: int, condition: str, number: int) -> str:
    """Return the seed of one scene, whatever stands in it."""
    return f"{seed} {condition} {number}"
