"""Pieces for the benchmarks: the bundled museum records, and a rich one with everything that a studio may say.

As certificates they have about 1.5 kB, like the mean of a thousand museum records, and about 3.4 kB.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

from provenance.certificate import Issuer, StatusEntry
from provenance.encoding import Digest
from provenance.piece import Firing, Maker, Photo, Piece
from provenance.serial import Serial
from provenance_cli.intake import take_in
from provenance_cli.mapping import read_mapping
from provenance_cli.spreadsheet import read_sheet

ISSUER = Issuer("https://registry.example", "sample-studio", "示例工作室 Sample Studio")
LIST_ID = "0123456789ab"
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def entry(index: int) -> StatusEntry:
    """Return a place in the status list."""
    return StatusEntry(LIST_ID, index)


class NoDarkroom:
    """The museum records have no photos."""

    def prepare(self, source: bytes) -> Digest:
        """Refuse."""
        raise TypeError("a photo where there is none")

    def note(self, digest: Digest, path: Path) -> None:
        """Refuse."""
        raise TypeError("a file where there is none")


def museum_pieces(count: int) -> list[Piece]:
    """Return `count` pieces, each under a new serial: the bundled museum records, again and again."""
    folder = Path(__file__).resolve().parent.parent / "examples"
    sheet = read_sheet(folder / "museum-porcelain.csv")
    columns = read_mapping(folder / "museum-porcelain.csv.map.toml", sheet.headings)
    entries = take_in(sheet.rows, columns, "en", folder, {}, NoDarkroom()).entries
    return [replace(entry.piece, serial=Serial.random()) for entry in islice(cycle(entries), count)]


def rich_piece() -> Piece:
    """Return a bilingual piece, measured and fired, with four photos, under a new serial."""
    return Piece(
        Serial.random(),
        title={"zh-Hans": "青花缠枝莲纹梅瓶", "en": "Meiping vase with lotus scroll in underglaze blue"},
        description={
            "zh-Hans": "小口，短颈，丰肩，肩以下渐收。通体绘缠枝莲纹，肩饰如意云头，近足处绘蕉叶。",
            "en": "Small mouth, short neck, full shoulder, tapering to the foot; lotus scroll all over.",
        },
        makers=(Maker({"zh-Hans": "示例", "en": "Sample"}),),
        technique={"zh-Hans": "拉坯，釉下青花", "en": "Thrown, painted in cobalt under the glaze"},
        clay_body={"zh-Hans": "高岭土瓷胎", "en": "Porcelain"},
        glaze={"zh-Hans": "透明釉", "en": "Transparent"},
        firing=Firing(kiln={"zh-Hans": "气窑二号"}, date="2026-10-30", peak_celsius=1_310),
        height_mm=312,
        diameter_mm=184,
        weight_g=2_350,
        photos=tuple(Photo(Digest(secrets.token_bytes(32))) for _ in range(4)),
    )
