"""One program at a time prints tags of a folder, or ends a firing; a folder that cannot be written is called so."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.certificate import Issuer
from provenance.errors import ConflictError, StorageError
from provenance_cli.firing.going import firing_alone
from provenance_cli.printing_run import printing_alone
from provenance_cli.secret_codes import alone
from provenance_cli.workshop import Workshop


def test_a_lock_is_taken_by_one_and_told_from_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    workshop = Workshop.create(tmp_path / "shop", Issuer("https://registry.example", "lin", "Lin"), "en")
    for lock, name in ((printing_alone, "tags.lock"), (alone, "codes.lock"), (firing_alone, "firing.lock")):
        with lock(workshop), pytest.raises(ConflictError), lock(workshop):
            pass
        with lock(workshop):
            pass
        (workshop.path / name).unlink(missing_ok=True)
        (workshop.path / name).mkdir()
        with pytest.raises(StorageError) as caught, lock(workshop):
            pass
        assert caught.value.code == "cannot-write"
