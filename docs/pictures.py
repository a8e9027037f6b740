"""Draws the pictures of printed things that stand on the pages: ``python docs/pictures.py``.

What is on them are the sample's pieces: real records of a museum, and a firing as a potter lists it.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
from PIL import Image

from provenance.printing.authenticity import AuthenticityPage, print_authenticity
from provenance.printing.cards import Card, Fact, print_cards
from provenance.printing.hangtags import print_hangtags
from provenance.printing.label import Label
from provenance.printing.layouts import layout_named
from provenance.printing.sheet import print_sheet
from provenance.serial import Serial

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "examples"
CREATED = datetime(2026, 11, 2, tzinfo=UTC)
MAX_BYTES = 60_000
INCH = 25.4


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a sample."""
    with (SAMPLES / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def serial(number: int) -> tuple[str, str]:
    """Return a serial that is always the same, and the address on its tag."""
    body = f"K{number:02}M9QX2VD5T"
    made = Serial(body + Serial.check_symbol(body))
    return f"https://registry.example/P/{made.compact}", str(made)


def cards() -> list[Card]:
    """Return cards of the potter's pieces, then of the museum's."""
    english = {"青花缠枝莲纹梅瓶": "Meiping vase with scrolling lotus", "影青刻花斗笠盏": "Qingbai carved conical bowl"}
    made = []
    for row in rows("studio-firing.csv")[:2]:
        facts = (
            Fact("作者 Maker", row["作者"], "Sample Studio"),
            Fact("烧成日期 Fired", row["烧成日期"]),
            Fact("窑 Kiln", row["窑"], "Wood-fired kiln"),
            Fact("尺寸 Size", f"高 {float(row['高(cm)']) * 10:g} mm", f"Height {float(row['高(cm)']) * 10:g} mm"),
            Fact("釉 Glaze", row["釉"]),
            Fact("胎 Clay body", row["胎"]),
        )
        made.append((row["名称"], english[row["名称"]], "示例工作室 Sample Studio", facts))
    for row in rows("museum-porcelain.csv"):
        sizes = {name: float(row[f"item_{name.lower()}"]) for name in ("Height", "Width", "Depth", "Diameter")}
        told = " · ".join(f"{name} {round(inches * INCH)}" for name, inches in sizes.items() if inches)
        facts = (
            Fact("Maker", row["maker"]),
            Fact("Made", row["creation_date"]),
            *((Fact("Size", told + " mm"),) if told else ()),
            Fact("Technique", row["medium"]),
            Fact("Accession number", row["accession_number"]),
        )
        made.append((row["title"], "", "Museum sample", facts))
    hints = ("扫码看记录，再与实物核对。", "Scan to see the record, then compare the piece.")
    return [
        Card(
            *serial(number), title, second, studio, facts, hints if second else hints[1:], "私密码位置", "zh-Hans", True
        )
        for number, (title, second, studio, facts) in enumerate(made)
    ]


def save(name: str, pdf: bytes, boxes: list[tuple[int, tuple[float, float, float, float]]], dpi: float) -> None:
    """Save boxes (page, and left, top, width, height in mm) of a PDF beside each other as a small picture."""
    document, parts = pypdfium2.PdfDocument(pdf), []
    try:
        for page, box in boxes:
            drawn = document[page].render(scale=dpi / 72).to_pil()
            left, top, width, height = (round(side * dpi / INCH) for side in box)
            parts.append(drawn.crop((left, top, left + width, top + height)))
    finally:
        document.close()
    gap = 12
    picture = Image.new(
        "RGB", (sum(part.width + gap for part in parts) + gap, max(part.height for part in parts) + 2 * gap), "#d9dee6"
    )
    x = gap
    for part in parts:
        picture.paste(part, (x, gap))
        x += part.width + gap
    out = io.BytesIO()
    picture.quantize(48, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    if len(out.getvalue()) > MAX_BYTES:
        raise SystemExit(f"{name} has {len(out.getvalue()):,} bytes")
    (HERE / "pictures").mkdir(exist_ok=True)
    (HERE / "pictures" / name).write_bytes(out.getvalue())
    print(f"{name}: {len(out.getvalue()):,} bytes")


def main() -> None:
    """Draw them all."""
    all_cards = cards()
    out = io.BytesIO()
    labels = [Label(card.url, card.serial, card.title, (card.studio,), card.demo) for card in all_cards]
    print_sheet(labels[:21], out, layout_named("L7160"), created=CREATED)
    save("labels.png", out.getvalue(), [(0, (0, 8, 210, 165))], 92)
    out = io.BytesIO()
    print_hangtags(all_cards[:2], out, created=CREATED)
    save("hangtag.png", out.getvalue(), [(0, (20, 3, 58, 99)), (1, (132, 3, 58, 99))], 130)
    out = io.BytesIO()
    print_cards(all_cards[:3], out, size="A7", created=CREATED)
    save("boxcard.png", out.getvalue(), [(0, (34, 21, 228, 86))], 92)
    first = all_cards[0]
    page = AuthenticityPage(
        heading="作品证书",
        title=first.title,
        subtitle=first.subtitle,
        byline="示例工作室",
        facts=tuple((fact.name, fact.value) for fact in first.facts),
        pictures=(),
        credit="",
        url=first.url,
        serial=first.serial,
        record=("仅凭此页不能证明什么：请扫码，并将实物与所示照片核对。",),
        signature="签名或盖章",
        bundle=b"{}",
        bundle_name=f"{first.serial}.kilnmark.json",
        language="zh-Hans",
        demo=True,
    )
    out = io.BytesIO()
    print_authenticity(page, out, created=CREATED)
    save("certificate.png", out.getvalue(), [(0, (0, 0, 210, 297))], 62)


if __name__ == "__main__":
    main()
