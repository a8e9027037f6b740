"""What a print job is asked for: the options that printing and replacing share, and how they are kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.i18n import _
from provenance_cli.paper import ending_of, is_folder, layout_of, paper_options, shift_of
from provenance_cli.tag_formats import FORMATS, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from provenance.printing.label import Label
    from provenance.printing.layouts import Layout
    from provenance.printing.volumes import Division, Volume
    from provenance_cli.workshop import Workshop


def print_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say how tags are printed."""
    for option in (
        click.option("-o", "--out", type=click.Path(), help="File or folder (default: in out/ of the workshop)."),
        click.option("--pages", type=int, help="Pages of a file, where one is not enough (default: 1,000 labels)."),
        click.option("--dpi", type=int, help="Dots per inch (default: 600 for PNG, 203 for rolls and label printers)."),
        click.option(
            "--module", type=float, default=0.5, show_default=True, help="Millimetres of a code's module, 0.40 to 0.60."
        ),
        click.option(
            "--level",
            type=click.Choice(["M", "Q"]),
            default="M",
            show_default=True,
            help="Error correction of the codes.",
        ),
        click.option("--start", default=1, show_default=True, help="First free label of the first page."),
        click.option("--cut-marks", is_flag=True, help="Mark the corners of each label, for paper that is to be cut."),
        paper_options,
        click.option(
            "--format",
            "form",
            type=click.Choice(list(FORMATS)),
            help="Pages, one picture a tag, or a label printer's language (default: as --out ends, else pdf).",
        ),
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Settings:
    """How a job is printed, and where it goes."""

    form: str
    layout: Layout
    level: str
    module: float
    dpi: int | None
    start: int
    shift: tuple[float, float]
    cut_marks: bool
    pages: int | None
    path: str
    lang: str

    def to_json(self) -> dict[str, Any]:
        """Return the form that is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Settings:
        """Read what `to_json` gives."""
        from provenance.printing.layouts import Layout

        layout: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in kept["layout"].items()
        }
        return cls(**{**kept, "layout": Layout(**layout), "shift": tuple(kept["shift"])})

    def request(self, kind: str, what: Sequence[str]) -> str:
        """Return what tells this request from others: the same one goes on where it was broken off."""
        return json.dumps([kind, list(what), self.to_json()], sort_keys=True, ensure_ascii=False)

    def division(self, total: int) -> Division:
        """Return how that many labels become volumes; only a PDF has several on a page."""
        from provenance.printing.volumes import Division

        per_page = self.layout.per_page if self.form == "pdf" else 1
        return Division(total, per_page, self.start, self.pages)

    @property
    def is_folder(self) -> bool:
        """Whether each tag is a file of its own in a folder; one picture may be named as a file."""
        return FORMATS[self.form].folder and ending_of(self.path) != self.form

    def require_a_file_each(self, tags: int) -> None:
        """Return if so many tags have room in what was named; raise `ConfigurationError` otherwise."""
        from provenance.errors import ConfigurationError

        if FORMATS[self.form].folder and not self.is_folder and tags > 1:
            raise ConfigurationError(
                "one-picture-a-tag",
                "{path} is one picture, and each of {n} tags is one.",
                hint="Name a folder: --format {form} --out {folder}.",
                path=Path(self.path),
                n=tags,
                form=self.form,
                folder=Path(self.path).stem,
            )

    def file(self, division: Division, number: int) -> Path:
        """Return where a volume goes; pictures go into one folder."""
        whole = Path(self.path)
        return whole if FORMATS[self.form].folder else division.path(whole, number)

    def part(self, labels: Sequence[Label | None], volume: Volume, created: datetime) -> Job:
        """Return what is printed of a volume."""
        level: Any = self.level
        return Job(
            labels, self.layout, created, level, self.dpi, volume.start, self.shift, self.cut_marks, self.module
        )  # fmt: skip


def form_of(form: str | None, out: str | None) -> str | None:
    """Return the form that was asked for, by its name or by the ending of a file; ``None`` where neither says.

    Raises `click.BadParameter` where they contradict each other, and for an ending that nothing is written as.
    """
    ending = ending_of(out)
    endings = ", ".join(f".{name}" for name in FORMATS)
    if not ending or ending == form:
        return form
    if form is None:
        if ending in FORMATS:
            return ending
        message = _("Nothing is written as .{ending}: name a folder, or a file that ends in one of {endings}.")
        raise click.BadParameter(message.format(ending=ending, endings=endings), param_hint="--out")
    if ending in FORMATS or form == "pdf":
        message = _("{name} is no name for --format {format}: leave one of the two out.")
        raise click.BadParameter(message.format(name=Path(out or "").name, format=form), param_hint="--out")
    return form


def check_meaning(given: dict[str, Any]) -> None:
    """Return if all options mean something to the form; raise `click.BadParameter` otherwise."""
    if given["pages"] is not None and given["pages"] < 1:
        raise click.BadParameter(_("A file has one page at least."), param_hint="--pages")
    form = FORMATS[given["form"]]
    said = {"dpi": given["dpi"] is not None, "shift": shift_of(given["shift"]) != (0.0, 0.0),
            "start": given["start"] != 1, "cut-marks": given["cut_marks"]}  # fmt: skip
    for option, is_given in said.items():
        if is_given and option not in form.knows:
            message = _("It means nothing to --format {format}.").format(format=given["form"])
            raise click.BadParameter(message, param_hint=f"--{option}")


def settings_of(
    workshop: Workshop, lang: str, given: dict[str, Any], name: str | None = None, layout: Layout | None = None
) -> Settings:
    """Return what the options say; a file has `name`, without its ending, where no other is given.

    Raises `ConfigurationError` where a page of `layout`, or else of the one that is named, has no such first label, and
    where a file is in the way of a folder.
    """
    from provenance.errors import ConfigurationError

    form = FORMATS[given["form"]]
    layout = layout or layout_of(given["layout"], given["sheets"])
    if not 1 <= given["start"] <= layout.per_page:
        raise ConfigurationError(
            "bad-start", "A page of {sheet} has labels 1 to {last}.", sheet=layout.name, last=layout.per_page
        )
    called = form.name if name is None or form.folder else name + Path(form.name).suffix
    path = Path(given["out"]) if given["out"] else workshop.out / called
    if not form.folder and is_folder(given["out"]):
        path /= called
    folder = path if form.folder and ending_of(str(path)) != given["form"] else path.parent
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise ConfigurationError(
                "not-a-folder", "{path} is a file, and no folder.", hint="Name another place with --out.", path=place
            )
    return Settings(
        given["form"], layout, given["level"], given["module"], given["dpi"], given["start"],
        shift_of(given["shift"]), given["cut_marks"], given["pages"], str(path.absolute()), lang,
    )  # fmt: skip
