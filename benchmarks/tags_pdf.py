"""How long 1,000 tags take: A4 sheets with Chinese and English text, codes included."""

from __future__ import annotations

import io
import statistics
import sys
import time
from datetime import UTC, datetime

from benchmarks.table import Aim, report
from provenance.printing.label import Label
from provenance.printing.layouts import layout_named
from provenance.printing.sheet import print_sheet
from provenance.serial import Serial
from provenance.tag import tag_url

TAGS, ROUNDS = 1_000, 3


def labels() -> list[Label]:
    serials = [Serial.random() for _ in range(TAGS)]
    return [
        Label(
            tag_url("https://registry.example", serial),
            str(serial),
            f"青花缠枝莲纹梅瓶 No. {number}",
            ("示例工作室", "Meiping vase with lotus scroll", "31.2 × 18.4 cm"),
        )
        for number, serial in enumerate(serials)
    ]


def main() -> int:
    seconds, size = [], 0
    for _ in range(ROUNDS):
        tags, out = labels(), io.BytesIO()
        started = time.perf_counter()
        print_sheet(tags, out, layout_named("L7160"), created=datetime.now(UTC))
        seconds.append(time.perf_counter() - started)
        size = len(out.getvalue())
    return report(
        "tags_pdf",
        f"{TAGS} tags on L7160, median of {ROUNDS}",
        [
            Aim("seconds", statistics.median(seconds), "<=", 4.0, "s"),
            Aim("size", size / 1e6, "<=", 2.0, "MB"),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
