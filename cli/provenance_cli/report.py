"""From exceptions to words on the screen: one block, no traceback."""

from __future__ import annotations

import errno
import json
import tempfile
import traceback
from pathlib import Path
from typing import Any

import click

from provenance.errors import MalformedError, ProvenanceError, StorageError
from provenance_cli import exits
from provenance_cli.i18n import _

_DISK = {
    errno.ENOSPC: ("disk-full", "The disk is full.", "Make room, then run the same command again: nothing is lost."),
    errno.EDQUOT: ("disk-full", "The disk quota is used up.", "Make room, then run the same command again."),
    errno.EFBIG: ("disk-full", "A file could not grow.", "Make room, then run the same command again."),
    errno.EROFS: ("read-only", "The folder is on a read-only medium.", "Copy it to a disk that can be written."),
    errno.EACCES: ("no-permission", "The system denies access to a file.", "Check who owns it."),
}


def as_ours(error: Exception) -> ProvenanceError | None:
    """Return `error` as one of our family: itself, or what it means; ``None`` for a bug."""
    if isinstance(error, ProvenanceError):
        return error
    import sqlite3

    if isinstance(error, sqlite3.OperationalError) and ("full" in str(error) or "I/O" in str(error)):
        code, message, hint = _DISK[errno.ENOSPC]
        return StorageError(code, message, hint=hint)
    if isinstance(error, sqlite3.Error):
        return StorageError("workshop-unusable", f"The workshop's records cannot be used: {error}.")
    if isinstance(error, OSError):
        code, message, hint = _DISK.get(error.errno or 0, ("io-error", f"{error.strerror or error}.", ""))
        where = f" ({error.filename})" if error.filename else ""
        return StorageError(code, message + where, hint=hint or None)
    return None


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
    place = ""
    if isinstance(ours, MalformedError):
        parts = [_("line {line}").format(line=ours.line)] if ours.line else []
        parts += [ours.field] if ours.field else []
        place = f" ({', '.join(parts)})" if parts else ""
    click.secho(_("Error: "), fg="red", bold=True, err=True, nl=False)
    click.echo(_(ours.message) + place, err=True)
    if ours.hint:
        click.echo("  → " + _(ours.hint), err=True)
    return exits.exit_code(ours)


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
