"""A realistic piece for the benchmarks: bilingual, measured, fired, with four photos; about 3 kB as a certificate."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from provenance.certificate import Issuer, StatusEntry
from provenance.encoding import Digest
from provenance.piece import Firing, Photo, Piece
from provenance.serial import Serial

ISSUER = Issuer("https://registry.example", "sample-studio", "示例工作室 Sample Studio")
LIST_ID = "0123456789ab"
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def entry(index: int) -> StatusEntry:
    """Return a place in the status list."""
    return StatusEntry(LIST_ID, index)


def piece() -> Piece:
    """Return a new piece with a serial and photos of its own."""
    return Piece(
        Serial.random(),
        title={"zh-Hans": "青花缠枝莲纹梅瓶", "en": "Meiping vase with lotus scroll in underglaze blue"},
        description={
            "zh-Hans": "小口，短颈，丰肩，肩以下渐收。通体绘缠枝莲纹，肩饰如意云头，近足处绘蕉叶。",
            "en": "Small mouth, short neck, full shoulder, tapering to the foot; lotus scroll all over.",
        },
        maker={"zh-Hans": "示例", "en": "Sample"},
        technique={"zh-Hans": "拉坯，釉下青花", "en": "Thrown, painted in cobalt under the glaze"},
        clay_body={"zh-Hans": "高岭土瓷胎", "en": "Porcelain"},
        glaze={"zh-Hans": "透明釉", "en": "Transparent"},
        firing=Firing(kiln={"zh-Hans": "气窑二号"}, date="2026-10-30", peak_celsius=1_310),
        height_mm=312,
        diameter_mm=184,
        weight_g=2_350,
        photos=tuple(Photo(Digest(secrets.token_bytes(32))) for _ in range(4)),
    )
