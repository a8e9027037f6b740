"""What counts as printed is in a file: no job writes over those of one that was broken off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.errors import ConflictError
from provenance.printing.layouts import layout_named
from provenance.serial import Serial
from provenance_cli.print_options import Settings
from provenance_cli.print_store import PRINT
from provenance_cli.printing_run import require_own_files
from provenance_cli.store import Store
from provenance_cli.tag_store import TagNumber

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def test_no_job_writes_over_the_files_of_one_that_was_broken_off(tmp_path: Path) -> None:
    store = Store(tmp_path / "workshop.db")
    path = str(tmp_path / "tags.pdf")
    settings = Settings("pdf", layout_named("22806"), "M", 0.5, None, 1, (0.0, 0.0), False, 1, path, "en")
    tags = [TagNumber(Serial.random()) for _ in range(20)]
    job = store.add_job(PRINT, "all", settings.to_json(), tags, NOW, "studio")
    require_own_files(store, settings)  # Nothing of it is there yet.
    store.finish_labels(job, 0, 12, NOW)
    with pytest.raises(ConflictError) as caught:
        require_own_files(store, replace(settings, lang="zh-Hans"))
    assert caught.value.code == "job-unfinished"
    require_own_files(store, replace(settings, path=str(tmp_path / "others.pdf")))
    store.finish_labels(job, 12, 20, NOW)
    require_own_files(store, settings)
