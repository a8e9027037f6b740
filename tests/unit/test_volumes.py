"""Jobs in volumes, and the labels that people name in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import ProvenanceError
from provenance.printing.volumes import VOLUME_LABELS, Division
from provenance_cli.label_places import places_of


@given(st.integers(1, 5_000), st.integers(1, 40), st.data())
def test_every_label_is_in_one_volume(total: int, per_page: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(1, per_page))
    pages = data.draw(st.one_of(st.none(), st.integers(1, 60)))
    division = Division(total, per_page, start, pages)
    volumes = list(division.volumes())
    assert [volume.number for volume in volumes] == list(range(1, division.count + 1))
    assert [place for volume in volumes for place in range(volume.first, volume.last)] == list(range(total))
    assert all(volume.pages == division.volume_pages for volume in volumes[:-1])
    assert sum(volume.pages for volume in volumes) == division.page_count
    if pages is None:
        assert VOLUME_LABELS <= division.volume_pages * per_page < VOLUME_LABELS + per_page
    done = data.draw(st.sampled_from([volume.last for volume in volumes]))
    assert list(division.volumes(done)) == [volume for volume in volumes if volume.first >= done]
    place = data.draw(st.integers(0, total - 1))
    page, label = division.position(place)
    assert division.place(page, label) == place
    assert places_of([f"{page}.{label}"], division) == [place]


def test_one_file_keeps_its_name() -> None:
    whole = Path("out/tags.pdf")
    assert Division(1_000, 21, 5).path(whole, 1) == whole
    assert Division(10_000, 21).path(whole, 3) == Path("out/tags-03.pdf")
    assert Division(200, 1, pages=1).path(whole, 7) == Path("out/tags-007.pdf")


def test_labels_are_named_as_they_lie() -> None:
    division = Division(30, 10, 3, 2)  # Pages of 8, 10, 10 and 2 labels, in two files.
    assert places_of(["1.3", "1.10"], division) == [0, 7]
    assert places_of(["1.9-2.2"], division) == [6, 7, 8, 9]
    assert places_of(["1"], division) == list(range(8))
    assert places_of(["4"], division) == [28, 29]
    assert places_of(["2:1.1", "3.2", "3.1"], division) == [18, 19]
    assert places_of(["2-3"], division) == list(range(8, 28))


@pytest.mark.parametrize(
    "name",
    ["1.2", "4.3", "5.1", "5", "1.11", "1.0", "0", "2.5-2.4", "3:1.1", "1:3.1", "0:1.1", "1.2-1.4", "4.2-4.3",
     "", "x", "1.", ".1", "1.3-2", "1-2.3", "1.3 ", "１.3", "-1", "1.3-1.4-1.5"],
)  # fmt: skip
def test_what_names_no_label_is_refused(name: str) -> None:
    with pytest.raises(ProvenanceError) as raised:
        places_of([name], Division(30, 10, 3, 2))
    assert raised.value.code in ("not-a-label", "no-such-label")
