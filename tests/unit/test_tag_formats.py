"""The forms in which tags are printed: every one writes what reads back, and none takes an option for nothing."""

from __future__ import annotations

import io
import math
import re
from contextlib import redirect_stderr
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from provenance.errors import ConfigurationError
from provenance.printing.dots_readback import check_tspl, check_zpl
from provenance.printing.layouts import layout_named, read_layouts
from provenance.printing.readback import read_sheet
from provenance_cli import main
from provenance_cli.paper import pdf_path
from provenance_cli.print_options import form_of, settings_of
from provenance_cli.tag_formats import FORMATS, Job
from provenance_cli.workshop import Workshop
from tests.support.printers import label_with
from tests.support.shops import Shop

ROLL = layout_named("roll-50x30")
NOW = datetime(2026, 11, 26, tzinfo=UTC)
LABEL = label_with("青花梅瓶 \u0628")  # An Arabic letter, which no face has.


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("level", ["M", "Q"])
def test_every_form_writes_the_tag_and_names_what_the_typeface_lacks(form: str, level: str, tmp_path: Path) -> None:
    advanced: list[int] = []
    path = tmp_path / FORMATS[form].name
    job = Job([LABEL], ROLL, NOW, level)  # type: ignore[arg-type]
    printed = FORMATS[form].write(job, path, advanced.append)
    assert sum(advanced) == printed.pages == 1
    assert len(printed.missing) == 1
    assert printed.missing[0].startswith("U+0628")
    assert path.is_dir() == FORMATS[form].folder
    match form:
        case "pdf":
            assert read_sheet(path.read_bytes()) == [LABEL.url]
        case "png":
            (code,) = zxingcpp.read_barcodes(Image.open(path / f"{LABEL.serial}.png"))
            assert (code.text, code.ec_level) == (LABEL.url, level)
        case "svg":
            assert b"50mm" in (path / f"{LABEL.serial}.svg").read_bytes()
        case "zpl":
            check_zpl(path.read_bytes(), [LABEL.url], ROLL.page, 203, job.level)
        case _:
            check_tspl(path.read_bytes(), [LABEL.url], ROLL.page, 203, job.level)


def code_side(form: str, module: float, folder: Path) -> float:
    """Return how long a side of the printed code is, in dots of 300 an inch."""
    path = folder / f"{module}-{FORMATS[form].name}"
    job = Job([LABEL], ROLL, NOW, dpi=300, module=module)
    FORMATS[form].write(job, path, lambda number: None)
    match form:
        case "zpl" | "tspl":
            found = re.search(rb"\^BQN,2,(\d+)|QRCODE \d+,\d+,M,(\d+)", path.read_bytes())
            assert found is not None
            return float(found[1] or found[2]) * 29
        case "pdf":
            page = pypdfium2.PdfDocument(path.read_bytes())[0]
            image = page.render(scale=300 / 72).to_pil()
        case "svg":
            height = re.search(r"v([0-9.]+)h-", (path / f"{LABEL.serial}.svg").read_text("utf-8"))
            assert height is not None
            return float(height[1]) * 29 * 300 / 25.4
        case _:
            image = Image.open(path / f"{LABEL.serial}.png")
    (code,) = zxingcpp.read_barcodes(image)
    return math.dist(*((corner.x, corner.y) for corner in (code.position.top_left, code.position.top_right)))


@pytest.mark.parametrize("form", FORMATS)
def test_modules_are_as_large_as_was_asked_for(form: str, tmp_path: Path) -> None:
    usual, large = (code_side(form, module, tmp_path) for module in (0.5, 0.6))
    assert usual == pytest.approx(29 * 6, abs=4)
    assert large == pytest.approx(29 * 7, abs=4)


@pytest.mark.parametrize("form", FORMATS)
def test_modules_that_do_not_scan_are_refused(form: str, tmp_path: Path) -> None:
    for module, code in ((0.39, "module-too-small"), (0.61, "module-too-large")):
        with pytest.raises(ConfigurationError) as caught:
            FORMATS[form].write(Job([LABEL], ROLL, NOW, module=module), tmp_path / "tags", lambda number: None)
        assert caught.value.code == code
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["zpl", "tspl"])
def test_a_label_printer_takes_no_sheets(form: str, tmp_path: Path) -> None:
    job = Job([LABEL], layout_named("L7160"), NOW)
    with pytest.raises(ConfigurationError) as caught:
        FORMATS[form].write(job, tmp_path / "tags", lambda number: None)
    assert caught.value.code == "not-a-roll"
    assert not list(tmp_path.iterdir())


def test_a_roll_whose_paper_is_wider_than_its_labels(tmp_path: Path) -> None:
    own = '[[sheet]]\nname = "ours"\npage = [54, 32]\nlabel = [50, 30]\nfirst = [2, 1]'
    job = Job([LABEL], read_layouts(own)["ours"], NOW, dpi=300, shift=(0.5, 0.5))
    path = tmp_path / "tags.zpl"
    FORMATS["zpl"].write(job, path, lambda number: None)
    check_zpl(path.read_bytes(), [LABEL.url], (54, 32), 300, "M")
    FORMATS["zpl"].write(replace(job, sheet=ROLL, shift=(0.0, 0.0)), tmp_path / "narrow.zpl", lambda number: None)
    assert f"^PW{round(54 * 300 / 25.4)}".encode() in path.read_bytes()
    assert f"^PW{round(50 * 300 / 25.4)}".encode() in (tmp_path / "narrow.zpl").read_bytes()


@pytest.mark.parametrize(
    ("form", "option"),
    [
        ("svg", ("--dpi", "300")),
        ("svg", ("--shift", "1,1")),
        ("png", ("--shift", "1,1")),
        ("png", ("--start", "2")),
        ("zpl", ("--start", "2")),
        ("tspl", ("--cut-marks",)),
    ],
)
def test_an_option_that_means_nothing_is_refused(form: str, option: tuple[str, ...]) -> None:
    said = io.StringIO()
    with redirect_stderr(said):
        code = main.run(["--lang", "en", "tag", "print", "--format", form, *option])
    assert code == 2
    assert option[0] in said.getvalue()
    assert f"--format {form}" in said.getvalue()


@pytest.mark.parametrize(
    ("form", "out", "meant"),
    [
        (None, None, None),
        (None, "tags", None),
        (None, "firing 2026.11", None),
        (None, "x.png", "png"),
        (None, "X.PDF", "pdf"),
        (None, "deep/x.tspl", "tspl"),
        ("zpl", "x.prn", "zpl"),
        ("svg", "pictures.new", "svg"),
        ("png", "x.png", "png"),
    ],
)
def test_the_form_follows_the_ending_of_the_file(form: str | None, out: str | None, meant: str | None) -> None:
    assert form_of(form, out) == meant


def test_a_folder_may_be_called_anything(tmp_path: Path) -> None:
    folder = tmp_path / "x.png"
    folder.mkdir()
    assert form_of(None, str(folder)) is None
    assert form_of("pdf", str(folder)) == "pdf"


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (("-o", "x.jpg"), ".pdf, .png, .svg, .zpl, .tspl"),
        (("-o", "x.png", "--format", "pdf"), "leave one of the two out"),
        (("-o", "x.pdf", "--format", "png"), "leave one of the two out"),
        (("-o", "x.jpg", "--format", "pdf"), "leave one of the two out"),
        (("-o", "x.png", "--cut-marks"), "--format png"),
    ],
)
@pytest.mark.parametrize("command", [("print",), ("replace", "7K3M-9QX2-VD5T-6")])
def test_a_form_and_an_ending_that_contradict_are_refused(
    options: tuple[str, ...], remedy: str, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["--lang", "en", "tag", *command, *options]) == 2
    assert remedy in " ".join(capsys.readouterr().err.split())


def test_what_is_always_a_pdf_is_never_called_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = tmp_path / "page.png"
    assert main.run(["--lang", "en", "tag", "calibrate", "-o", str(named)]) == 2
    assert "ends in .pdf" in " ".join(capsys.readouterr().err.split())
    assert not named.exists()


@pytest.mark.parametrize("form", ["png", "svg"])
def test_one_picture_may_be_named_as_a_file(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"cup.{form}"
    FORMATS[form].write(Job([LABEL], ROLL, NOW), path, lambda number: None)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    assert path.is_file()


def test_a_name_that_is_written_like_a_folder_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Shop(tmp_path, capsys)
    workshop, new = Workshop.open(tmp_path / "shop"), tmp_path / "new"
    given = {"layout": "L7160", "sheets": None, "shift": "0,0", "start": 1, "level": "M", "module": 0.5, "dpi": None,
             "cut_marks": False, "pages": None, "out": f"{new}/"}  # fmt: skip
    assert form_of(None, f"{new}.png/") is None
    assert Path(settings_of(workshop, "en", {**given, "form": "pdf"}).path) == new / "tags.pdf"
    assert Path(settings_of(workshop, "en", {**given, "form": "png"}).path) == new
    assert pdf_path(f"{new}/", tmp_path / "poster.pdf") == new / "poster.pdf"
