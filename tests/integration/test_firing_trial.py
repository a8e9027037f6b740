"""A firing at a registry that only this machine reaches goes to its end, and nothing that it prints counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.printing.readback import read_sheet
from provenance_cli.firing.listing import LISTING
from provenance_cli.firing.record import FiringRecord
from provenance_cli.firing.trial import TRIAL_CARDS, TRIAL_TAGS
from provenance_cli.firing.workbook import PHOTOS
from provenance_cli.tag_store import TagNumber
from tests.integration.test_firing_paths import picture
from tests.support.offline_shops import TITLE, write
from tests.support.registries import RunningRegistry
from tests.support.secret_shops import SecretShop
from tests.unit.test_cards import pages


def test_a_trial_ends_with_papers_that_say_so(
    registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = SecretShop(tmp_path, registry, "kiln-of-trials", capsys, pieces=0)
    shop.workshop.policy_path.unlink()  # Whoever tries it out has compared no words yet.
    folder = tmp_path / "firing"
    shop.done("firing", folder, "--pieces", 2)
    record = FiringRecord.read(folder)
    assert record is not None
    for number in (1, 2):
        (folder / f"{number}.jpg").write_bytes(picture(number + 9_100))
        write(folder, {(number, TITLE): f"碗 {number}", (number, PHOTOS): f"{number}.jpg"})

    code, data, talk = shop.run("firing", folder)

    assert code == 0
    assert set(data["states"].values()) == {"anchored"}
    assert f"A trial: buyers cannot reach {registry.base_url}" in talk
    assert "Real tags need a registry with a public name" in talk
    out = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    assert set(out) == {TRIAL_TAGS, TRIAL_CARDS, LISTING}
    for name in (TRIAL_TAGS, TRIAL_CARDS):
        assert len(read_sheet(out[name])) == 2
        assert "".join(pages(out[name])[0]).count("DEMO") == 2
    store = shop.workshop.store
    assert not any(store.was_printed(TagNumber(serial, 1)) for serial in record.serials)
    assert store.drawn_codes() == {}
    assert shop.done("firing", folder)["files"] == data["files"]  # Another run draws the same files anew.
    shop.done("ledger", "pin", registry.base_url)
    code, _data, talk = shop.run("tag", "print")
    assert code == 5
    assert "Buyers cannot reach" in talk
