"""What ``python -m provenance_registry COMMAND`` does beside running: the care of a registry's folder."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from provenance.errors import ConfigurationError
from provenance_registry import backup as backups


def run(arguments: Sequence[str]) -> int:
    """Carry out one command, tell on standard output what it did as JSON, and return an exit code."""
    parser = argparse.ArgumentParser("python -m provenance_registry")
    commands = parser.add_subparsers(dest="command", required=True)
    backup = commands.add_parser("backup")
    backup.add_argument("folder", type=Path)
    backup.add_argument("--with-secrets", action="store_true")
    restore = commands.add_parser("restore")
    restore.add_argument("folder", type=Path)
    fsck = commands.add_parser("fsck")
    fsck.add_argument("--progress", action="store_true", help="show a bar on a terminal")
    rebuild = commands.add_parser("rebuild")
    rebuild.add_argument("folder", type=Path)
    rebuild.add_argument("--progress", action="store_true", help="show a bar on a terminal")
    given = parser.parse_args(arguments)
    if given.command == "rebuild":
        return _rebuild(given.folder.absolute(), watched=given.progress and sys.stderr.isatty())
    data = Path(os.environ.get("KILNMARK_DATA") or "kilnmark-registry").absolute()
    database = os.environ.get("KILNMARK_DATABASE") or None
    if given.command == "fsck":
        from provenance_registry.fsck import check

        tell = _show if given.progress and sys.stderr.isatty() else lambda *_: None
        findings = check(data, os.environ.get("KILNMARK_LEDGER") or None, tell, database)
        print(json.dumps(asdict(findings)), flush=True)
        return 1 if findings.found else 0
    if database is not None:
        raise _elsewhere(given.command)
    folder = given.folder.absolute()
    if given.command == "backup":
        report = backups.backup(data, folder, with_secrets=given.with_secrets)
    else:
        report = backups.restore(folder, data)
    print(json.dumps(asdict(report)), file=sys.stdout, flush=True)
    return 0


def _rebuild(folder: Path, *, watched: bool) -> int:
    from provenance_registry.rebuild import rebuild
    from provenance_registry.settings import Settings

    rebuilt = rebuild(Settings.from_env(os.environ), folder, _show if watched else lambda *_: None)
    print(json.dumps(asdict(rebuilt)), flush=True)
    return 1 if rebuilt.refusals or rebuilt.incomplete else 0


_WIDTH = 40


def _show(done: int, of: int) -> None:
    """Draw how far it is, over what was drawn before; nothing of it stays."""
    filled = _WIDTH * done // max(of, 1)
    bar = "#" * filled + "-" * (_WIDTH - filled)
    end = "\r\x1b[K" if done >= of else ""
    print(f"\r{bar} {done:,}/{of:,}{end}", end="", file=sys.stderr, flush=True)


def _elsewhere(command: str) -> ConfigurationError:
    """Return why a command is refused where the database is PostgreSQL's, and what to use instead."""
    if command == "backup":
        return ConfigurationError(
            "backup-elsewhere",
            "The registry's database is PostgreSQL's, and no backup of its folder would have it.",
            hint="First pg_dump of the database, then a copy of the folder, and an embedded chain.db last, from a "
            "stopped registry.",
        )
    return ConfigurationError(
        "restore-elsewhere",
        "The registry's database is PostgreSQL's, and a backup of a folder is not put back there.",
        hint="Put a dump back into an empty database with pg_restore or psql, and the folder of the same copy "
        "beside it.",
    )
