"""What is told and kept of a print job: words that fit the numbers, and nothing of what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.errors import ConfigurationError
from provenance.printing.layouts import layout_named
from provenance.serial import Serial
from provenance_cli import i18n
from provenance_cli.context import App
from provenance_cli.print_options import Settings
from provenance_cli.print_store import PRINT, REPLACE, REPRINT, PrintJob, PrintStore
from provenance_cli.printing_run import Outcome, print_job, tell
from provenance_cli.tag_store import TagNumber
from tests.support.printers import label_with

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def settings_for(layout: str, lang: str = "en") -> Settings:
    return Settings("pdf", layout_named(layout), "M", 0.5, None, 1, (0.0, 0.0), False, None, "tags.pdf", lang)


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    i18n.use("en")


@pytest.mark.parametrize(
    ("lang", "labels", "pages", "told"),
    [
        ("en", 1, 1, "1 tag in tags.pdf, its code read back."),
        ("en", 2, 1, "2 tags on 1 page in tags.pdf, every code read back."),
        ("en", 22, 2, "22 tags on 2 pages in tags.pdf, every code read back."),
        ("zh-Hans", 1, 1, "1 张标签已存入 tags.pdf，每个码都已读回核对。"),
        ("zh-Hans", 22, 2, "22 张标签，共 2 页，已存入 tags.pdf，每个码都已回读无误。"),
    ],
)
def test_tags_and_pages_are_counted_as_one_says_it(
    lang: str, labels: int, pages: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    i18n.use(lang)
    settings = settings_for("L7160", lang)
    job = PrintJob(7, NOW, "us", PRINT, "", settings.to_json(), labels, labels, False, None)
    tell(App(lang=lang), job, Outcome(labels, pages, (Path("tags.pdf"),), ()))
    assert capsys.readouterr().err.splitlines()[0] == told


@pytest.mark.parametrize(("kind", "kept"), [(PRINT, []), (REPRINT, []), (REPLACE, ["dropped"])])
def test_a_job_that_was_refused_is_forgotten_unless_it_gave_numbers(kind: str, kept: list[str], tmp_path: Path) -> None:
    store, tag = PrintStore(tmp_path / "workshop.db"), TagNumber(Serial.random(), 2)
    job = store.add_job(kind, "", settings_for("L4731").to_json(), [tag], NOW, "us")
    with pytest.raises(ConfigurationError, match="too small"):
        print_job(store, job, lambda tag: label_with("梅瓶"), lambda: NOW)
    assert [item.state for item in store.jobs()] == kept
    assert store.newest_tag(tag.serial).number == (2 if kept else 1)
    store.close()
