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
    commands.add_parser("fsck")
    given = parser.parse_args(arguments)
    data = Path(os.environ.get("KILNMARK_DATA") or "kilnmark-registry").absolute()
    if os.environ.get("KILNMARK_DATABASE"):
        raise ConfigurationError(
            "backup-elsewhere",
            "The registry's database is not in its folder.",
            hint="Back PostgreSQL up with pg_dump, and copy the folder after it.",
        )
    if given.command == "fsck":
        from provenance_registry.fsck import check

        findings = check(data, os.environ.get("KILNMARK_LEDGER") or None)
        print(json.dumps(asdict(findings)), flush=True)
        return 1 if findings.found else 0
    folder = given.folder.absolute()
    if given.command == "backup":
        report = backups.backup(data, folder, with_secrets=given.with_secrets)
    else:
        report = backups.restore(folder, data)
    print(json.dumps(asdict(report)), file=sys.stdout, flush=True)
    return 0
