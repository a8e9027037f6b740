"""The benchmark of scanning: its scenes are the same for the same seed and every size, and it tells a missed aim."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import islice
from pathlib import Path
from random import Random

import pytest
import zxingcpp
from PIL import Image, ImageStat

from benchmarks import captures
from benchmarks.captures import FOCAL, HARD, ORDINARY, cup, frames
from benchmarks.printed import FINE, INCH, printed
from benchmarks.scan_codes import ALL, AS_LARGE, dots_of, drawn, payload_of, side_of
from benchmarks.scan_rate import kept
from benchmarks.scan_tables import Shot, aims, duel
from benchmarks.second_reader import second_reader
from benchmarks.warp import corners
from provenance.printing.codes import MAX_MODULE_MM

ROOT = Path(__file__).resolve().parents[2]
PAYLOAD = payload_of("registry.example", 1, 0)


def label(name: str = "M", size: int = 20, dpi: int = 300) -> Image.Image:
    dots = drawn(name, PAYLOAD, size, dpi)
    assert dots is not None
    return printed(dots, dpi, size)


@pytest.mark.parametrize("condition", ORDINARY + HARD)
def test_scenes_are_seeded_and_frames_differ_in_their_noise(condition: str) -> None:
    tag = label()
    first, again = (list(islice(frames(tag, condition, "1"), 2)) for _ in range(2))
    assert [picture.tobytes() for picture in first] == [picture.tobytes() for picture in again]
    assert first[0].tobytes() != first[1].tobytes()
    assert next(frames(tag, condition, "2")).tobytes() != first[0].tobytes()


def test_other_codes_and_sizes_stand_in_the_same_scene(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def noted(width: float, height: float, *rest: float) -> list[tuple[float, float]]:
        seen.append(rest)
        return corners(width, height, *rest)

    monkeypatch.setattr(captures, "corners", noted)
    for condition in ("clean", "cylinder", "dirt", "thumb"):
        seen.clear()
        for tag in (label(), label("plain"), label("M", 25, 203)):
            next(frames(tag, condition, f"{condition} 7"))
        assert len(seen) == 3
        assert len(set(seen)) == 1


def test_a_cup_is_known_by_its_scene(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def noted(image: Image.Image, radius: float, height: float) -> Image.Image:
        seen.append(2 * radius)
        return image

    monkeypatch.setattr(captures, "bent", noted)
    next(frames(label(), "cylinder", "1 cylinder 5"))
    assert seen == [cup("1 cylinder 5")] * 2


def test_pixels_follow_from_the_distance() -> None:
    assert pytest.approx(1442, abs=1) == FOCAL
    picture = next(frames(label(), "far", "3"))
    tall = label().height / FINE
    assert picture.width < FOCAL / 300 * (math.hypot(tall, tall) + 2 * captures.GROUND)


def test_what_is_further_away_is_smaller() -> None:
    near, _, _, _ = corners(20, 20, 200, 0, 50, 0)
    _, far, _, _ = corners(20, 20, 200, 0, 50, 0)
    assert abs(far[1]) < 10 < abs(near[1])
    assert all(math.isclose(abs(x), 10) and math.isclose(abs(y), 10) for x, y in corners(20, 20, 200, 0, 0, 0))


def test_noise_has_the_deviation_that_is_said() -> None:
    flat = Image.new("L", (300, 300), 128)
    noisy = captures._noisy(flat, 20, Random(1))
    assert ImageStat.Stat(noisy).stddev[0] == pytest.approx(20, rel=0.03)
    assert ImageStat.Stat(noisy).mean[0] == pytest.approx(128, abs=1)


@pytest.mark.parametrize("name", ALL)
def test_every_code_reads_in_a_clean_scene(name: str) -> None:
    (code,) = zxingcpp.read_barcodes(next(frames(label(name, 25, 600), "clean", "1")))
    assert code.text.lower() == PAYLOAD.lower()


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_modules_are_no_larger_than_we_print(dpi: int) -> None:
    assert dots_of(29, 40, dpi) * INCH / dpi <= MAX_MODULE_MM


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_a_plain_code_is_as_large_as_ours(dpi: int) -> None:
    ours, other = (drawn(name, PAYLOAD, 20, dpi) for name in ("M", AS_LARGE))
    assert ours is not None
    assert other is not None
    quiet = 8 * dots_of(29, 20, dpi)
    assert other.size == (ours.width + quiet,) * 2
    assert side_of(PAYLOAD, 20, dpi) <= 20


def scenes(ours: int, plain: int) -> list[Shot]:
    return [
        Shot(22, 300, name, condition, number, read, 0)
        for name, read in (("M", ours), ("plain", plain))
        for condition in ("clean", "blur")
        for number in range(5)
    ]


def test_aims_are_missed_where_a_plain_code_reads_as_well() -> None:
    assert all(aim.met for aim in aims(scenes(1, 0), ["zxing"], 22))
    assert [aim.met for aim in aims(scenes(1, 1), ["zxing"], 22) if aim.name.endswith("ours")] == [False] * 2
    assert [aim.met for aim in aims(scenes(2, 0), ["zxing"], 22) if "ordinary" in aim.name] == [False, True]
    assert not any(aim.met for aim in aims(scenes(1, 0), ["zxing"], 20) if aim.limit is not None)


def test_codes_are_compared_scene_by_scene() -> None:
    ours = [Shot(20, 300, "M", "blur", number, int(number < 3), 0) for number in range(5)]
    other = [Shot(20, 300, "plain", "blur", number, 3 * (number > 1), 0) for number in range(5)]
    assert duel(ours, other, "zxing", 3) == (2, 2)
    assert duel(ours, other, "zxing", 1) == (3, 0)


def test_opencv_that_is_absent_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    without = tmp_path / "python"
    without.write_text("#!/bin/sh\nexit 1\n")
    without.chmod(0o755)
    assert second_reader(without) is None
    assert "NOT READ by OpenCV" in capsys.readouterr().err


def test_the_script_reports_and_misses_what_it_did_not_measure(tmp_path: Path) -> None:
    command = [sys.executable, "benchmarks/scan_rate.py", "--captures", "1", "--without-opencv", "--json"]
    file = tmp_path / "shots.csv"
    command += ["--sizes", "17", "--dpis", "300", "--jobs", "1", "--shots", str(file)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    answer = json.loads(run.stdout)
    assert answer["benchmark"] == "scan_rate"
    assert "39 in all" in answer["conditions"]
    assert not any(result["met"] for result in answer["results"] if result["aim"] is not None)
    assert run.returncode == 1
    taken = kept(file)
    assert len(taken) == 39
    assert {(shot.size, shot.dpi) for shot in taken} == {(17, 300)}
    assert sum(shot.zxing == 1 for shot in taken if shot.condition == "clean") == 3
