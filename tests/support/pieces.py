"""Pieces with everything that a certificate can say."""

from __future__ import annotations

from provenance.encoding import Digest
from provenance.piece import (
    Consent,
    Edition,
    Firing,
    Maker,
    Part,
    Photo,
    Piece,
    PieceSet,
    Scan,
    Whole,
    WorkFile,
)
from provenance.serial import Serial


def full_piece(serial: Serial | None = None) -> Piece:
    """Return an object with every fact that an object can have."""
    serial = serial or Serial.random()
    return Piece(
        serial,
        {"zh-Hans": "青花缠枝莲纹盖罐之盖", "en": "Lid with lotus scroll"},
        description={"en": "One of a pair.", "zh-Hans": "一对之一。"},
        makers=(
            Maker(
                {"zh-Hans": "示例", "en": "Sample"},
                "master",
                teacher={"zh-Hans": "示例之师"},
                lineage={"en": "Third generation of the Sample kiln"},
            ),
            Maker({"en": "A Guest"}, "visitor", consent=Consent("2026-11-01", Digest.of(b"signed form"))),
            Maker(role="visitor"),
        ),
        studio={"en": "Sample Studio"},
        form={"en": "lid"},
        technique={"en": "thrown"},
        clay_body={"en": "porcelain"},
        glaze={"en": "transparent"},
        decoration={"en": "lotus scroll"},
        base_mark={"zh-Hans": "大清乾隆年制"},
        credit_line={"en": "Lent by the studio"},
        made="2026",
        accession_number="2026-11-01",
        country="CN",
        firing=Firing({"zh-Hans": "柴窑"}, {"zh-Hans": "松柴"}, {"en": "reduction"}, "2026-11-02", 1320),
        height_mm=312,
        width_mm=200,
        depth_mm=190,
        diameter_mm=180,
        weight_g=2140,
        edition=Edition(1, 10, {"en": "Lotus"}, artist_proof=True),
        set=PieceSet((serial, Serial.random()), 2, "pair", {"zh-Hans": "对罐"}),
        part_of=Whole(Serial.random(), {"en": "lid", "zh-Hans": "盖"}),
        parts=(Part({"en": "knob"}), Part({"en": "liner"}, Serial.random())),
        photos=(Photo(Digest.of(b"1")), Photo(Digest.of(b"2"), "image/png", "base-mark")),
        scans=(Scan(Digest.of(b"3")), Scan(Digest.of(b"4"), "model/stl")),
    )


def digital_piece() -> Piece:
    """Return a work that exists as files alone."""
    return Piece(
        Serial.random(),
        {"en": "Vessel that was never fired", "zh-Hans": "未烧之器"},
        makers=(Maker({"en": "Sample"}),),
        glaze={"en": "a procedural celadon"},
        edition=Edition(2, 5),
        photos=(Photo(Digest.of(b"still")),),
        files=(WorkFile(Digest.of(b"work"), "model/gltf-binary"), WorkFile(Digest.of(b"film"), "video/mp4")),
    )
