"""From exceptions to words on the screen: one block, no traceback.

`words` is the one place where an error of ours becomes the user's language; ``--json`` keeps the English.
"""

from __future__ import annotations

import errno
import json
import re
import tempfile
import traceback
from pathlib import Path
from typing import Any

import click

from provenance.errors import MalformedError, ProvenanceError, StorageError
from provenance_cli import exits
from provenance_cli.columns import to_fit
from provenance_cli.i18n import _, later, spoken

_SECONDS = re.compile(r"(?<=[(,\s])(from|since|schedule|deadline|end|current)=([0-9]{9,11})(?=[,)])")
"""Times among the arguments of the contract's errors."""
_MAKE_ROOM = later("Make room, then run the same command again: nothing is lost.")


def as_ours(error: Exception) -> ProvenanceError | None:
    """Return `error` as one of our family: itself, or what it means; ``None`` for a bug."""
    if isinstance(error, ProvenanceError):
        return error
    import sqlite3

    if isinstance(error, sqlite3.OperationalError) and ("full" in str(error) or "I/O" in str(error)):
        return _of_the_system(OSError(errno.ENOSPC, str(error)))
    if isinstance(error, sqlite3.OperationalError) and ("readonly" in str(error) or "unable to open" in str(error)):
        return _of_the_system(OSError(errno.EACCES, str(error)))
    if isinstance(error, sqlite3.Error):
        return StorageError("workshop-unusable", "The workshop's records cannot be used: {reason}.", reason=error)
    return _of_the_system(error) if isinstance(error, OSError) else None


def _of_the_system(error: OSError) -> StorageError:
    place = f" ({error.filename})" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StorageError("disk-full", "The disk is full{place}.", hint=_MAKE_ROOM, place=place)
        case errno.EFBIG:
            return StorageError("disk-full", "A file could not grow{place}.", hint=_MAKE_ROOM, place=place)
        case errno.EROFS:
            return StorageError(
                "read-only",
                "The folder is on a read-only medium{place}.",
                hint="Copy it to a disk that can be written.",
                place=place,
            )
        case errno.EACCES:
            return StorageError(
                "no-permission", "The system denies access to a file{place}.", hint="Check who owns it.", place=place
            )
    return StorageError("io-error", "The system reports: {reason}{place}.", reason=error, place=place)


def words(error: ProvenanceError) -> tuple[str, str]:
    """Return what went wrong, and what to do or an empty text, in the language spoken now."""
    return _with_times(spoken(error.wording)), spoken(error.remedy)


def _with_times(text: str) -> str:
    """Return what the contract refuses with its times, which are unix seconds, as people read them."""
    from datetime import UTC, datetime

    from provenance_cli.moments import shown_moment

    return _SECONDS.sub(lambda found: f"{found[1]}={shown_moment(datetime.fromtimestamp(int(found[2]), UTC))}", text)


def describe(error: ProvenanceError) -> dict[str, Any]:
    """Return an error for ``--json``."""
    members: dict[str, Any] = {"error": error.code, "message": error.message}
    if error.hint:
        members["hint"] = error.hint
    if isinstance(error, MalformedError):
        members |= {name: value for name, value in (("field", error.field), ("line", error.line)) if value}
    return members


def report(error: Exception, *, as_json: bool) -> int:
    """Say what went wrong and what to do; return the exit code."""
    ours = as_ours(error)
    if ours is None:
        return _bug(error)
    if as_json:
        click.echo(json.dumps(describe(ours), ensure_ascii=False))
    message, remedy = words(ours)
    label = _("Error: ")
    text = to_fit(label + message + _place(ours))
    click.secho(label, fg="red", bold=True, err=True, nl=False)
    click.echo(text[len(label) :] if text.startswith(label) else text, err=True)
    if remedy:
        click.echo(to_fit("  → " + remedy, hang=2), err=True)
    return exits.exit_code(ours)


def _place(error: ProvenanceError) -> str:
    if not isinstance(error, MalformedError) or not (error.line or error.field):
        return ""
    from provenance_cli.mapping import COLUMN_LABELS, field_of

    field = error.field or ""
    parts = (
        _("line {line}").format(line=error.line) if error.line else "",
        _(COLUMN_LABELS.get(field_of(field), field)),
    )
    return _(" ({place})").format(place=_(", ").join(filter(None, parts)))


def _bug(error: Exception) -> int:
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="kilnmark-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            traceback.print_exception(error, file=file)
        place = _(" The details are in {path}.").format(path=Path(file.name))
    except OSError:
        place = ""
    click.echo(_("This is a bug in Kilnmark: {kind}.").format(kind=type(error).__name__) + place, err=True)
    return exits.BUG
