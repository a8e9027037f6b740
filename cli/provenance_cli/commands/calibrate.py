"""``kilnmark tag calibrate``: a page that shows where a printer puts labels."""

from __future__ import annotations

import io
from pathlib import Path

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _
from provenance_cli.paper import layout_of, paper_options, pdf_path, shift_of


@click.command(help="Print outlines on plain paper, to hold against a sheet of labels before tags are printed.")
@paper_options
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="The PDF (default: calibration.pdf).")
@pass_app
def calibrate(app: App, layout: str, sheets: str | None, shift: str, out: str | None) -> None:
    """Print a calibration page."""
    from provenance.printing.calibration import print_calibration
    from provenance_cli.files import write_file

    sheet, moved, drawn = layout_of(layout, sheets), shift_of(shift), io.BytesIO()
    words = _("Print at 100 %. Hold it against the sheet: what is off, right and down, goes into --shift.")
    print_calibration(sheet, drawn, created=app.clock(), shift=moved, words=words, language=app.lang)
    path = pdf_path(out, Path("calibration.pdf"))
    write_file(path, drawn.getvalue(), public=True)
    app.say(_("The page is {path}. The ruler on it must be as long as it says.").format(path=path))
    app.data({"file": str(path), "labels": sheet.per_page})
