"""A bulk print that is killed at random instants: every label is printed once over the finished files."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.printing.label import Label
from provenance.printing.layouts import layout_named
from provenance.printing.readback import read_sheet
from provenance.serial import Serial
from provenance.tag import tag_url
from provenance_cli.print_options import Settings
from provenance_cli.print_store import FINISHED, PRINT
from provenance_cli.printing_run import print_job
from provenance_cli.store import Store
from provenance_cli.tag_store import PRINTED, TagNumber

KILLS, TAGS = 8, 26
NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


def label(tag: TagNumber) -> Label:
    return Label(tag_url("https://registry.example.org", tag.serial, tag.number), str(tag.serial), "杯")


def settings(folder: Path, lang: str = "en") -> Settings:
    path = str(folder / "tags.pdf")
    return Settings("pdf", layout_named("22806"), "M", 0.5, None, 3, (0.0, 0.0), False, 1, path, lang)


def begin(folder: Path) -> tuple[list[TagNumber], int]:
    tags = [TagNumber(Serial.random()) for _ in range(TAGS)]
    job = Store(folder / "workshop.db").add_job(PRINT, "all", settings(folder).to_json(), tags, NOW, "studio")
    return tags, job.id


def go_on(folder: Path, number: int) -> None:
    store = Store(folder / "workshop.db")
    print_job(store, store.job(number), label, lambda: NOW)


def killed(folder: Path, number: int, seconds: float) -> bool:
    """Print in a forked child, killed after some seconds; tell whether it was killed before its end."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            go_on(folder, number)
            os._exit(0)
        os._exit(1)
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def judge(folder: Path, tags: list[TagNumber], number: int, *, whole: bool) -> None:
    """Hold files and records against each other: all files are whole, and what counts as done is in them, once."""
    store = Store(folder / "workshop.db")
    job = store.job(number)
    files = sorted(folder.glob("tags*.pdf"))
    pages = [read_sheet(path.read_bytes()) for path in files]
    found = Counter(payload for page in pages for payload in page)
    assert set(found.values()) <= {1}
    expected = [label(tag).url for tag in tags]
    assert found.keys() <= set(expected)
    assert found.keys() >= set(expected[: job.done])
    events = Counter(event.tag for tag in tags for event in store.tag_history(tag.serial) if event.state == PRINTED)
    assert events == Counter(tags[: job.done])
    if whole:
        assert job.state == FINISHED
        assert found == Counter(expected)
        division = settings(folder).division(len(tags))
        assert files == [division.path(folder / "tags.pdf", place + 1) for place in range(division.count)]
        assert [len(page) for page in pages] == [volume.last - volume.first for volume in division.volumes()]


def test_a_print_that_is_killed_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    folder.mkdir()
    tags, number = begin(folder)
    started = time.monotonic()
    go_on(folder, number)
    length = time.monotonic() - started
    judge(folder, tags, number, whole=True)
    dice, kills, runs = random.Random(26), 0, 0
    while kills < KILLS:
        folder = tmp_path / str(runs)
        folder.mkdir()
        tags, number = begin(folder)
        longest, before = length * 0.7, kills
        while killed(folder, number, dice.uniform(0.01, longest)):
            kills += 1
            longest *= 1.25  # A busy machine prints slower than it did alone: every job ends at last.
            judge(folder, tags, number, whole=False)
        judge(folder, tags, number, whole=True)
        if kills == before:
            length *= 0.8  # The first print loaded fonts, or the machine was busier: this one was over too soon.
        runs += 1
        assert runs < 10 * KILLS


def test_the_judge_finds_a_label_that_was_printed_twice(tmp_path: Path) -> None:
    tags, number = begin(tmp_path)
    go_on(tmp_path, number)
    (tmp_path / "tags-09.pdf").write_bytes((tmp_path / "tags-01.pdf").read_bytes())
    with pytest.raises(AssertionError):
        judge(tmp_path, tags, number, whole=True)


def test_a_volume_that_is_written_again_has_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*given: object) -> None:
        raise KeyboardInterrupt

    _, number = begin(tmp_path)
    monkeypatch.setattr(Store, "finish_labels", stopped)
    written = list[bytes]()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            go_on(tmp_path, number)
        written.append((tmp_path / "tags-01.pdf").read_bytes())
    assert written[0] == written[1]
