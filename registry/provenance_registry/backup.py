"""Backup and restore: the data folder copied as one moment, while the registry runs, and put back whole.

The database is copied before the chain.  So the chain copy knows all that the database copy has seen of it, and what
the chain has beyond that is read from it at the next start.  Files come between: what the database names is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import ConfigurationError, ConflictError, MalformedError, ProvenanceError, StorageError
from provenance_registry.folder import FolderLock, sync_folder, write_durably

MANIFEST = "manifest.txt"
_HEADER = {"type": "KilnmarkBackup", "version": 1}
_WANTED = "chain-copy.wanted"
_PATIENCE = 600.0
_UNFINISHED = ".kilnmark-unfinished"
"""Ends the name of a folder that is being written.  What is left under such a name is removed, so nobody else may have
one: a name that people give to folders of their own would not do."""
_BLOCK = 2**20
_LINE = re.compile(
    r"(?P<digest>[0-9a-f]{64}) (?P<size>0|[1-9][0-9]{0,15}) "
    r"(?P<path>registry\.db|chain\.db|ledger\.json|media/[0-9a-f]{2}/[0-9a-f]{64}|secrets/[A-Za-z0-9][A-Za-z0-9._-]{0,99})\n"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What was copied."""

    files: int
    size: int
    chain: bool
    secrets: bool


def hand_out_chain(data: Path, copy: Callable[[Path], None]) -> None:
    """Make the copy of the embedded chain that a backup asks for: the process that has the chain alone can.

    Who can write to the data folder may ask; the token that is asked for names the answer, which is no older.
    """
    wanted = data / _WANTED
    try:
        token = wanted.read_text("ascii", "replace")[:64]
        if re.fullmatch("[0-9a-f]{32}", token) is None:
            wanted.unlink()
            return
        making = data / f"chain-copy-{token}.new"
        making.unlink(missing_ok=True)
        copy(making)
        making.replace(data / f"chain-copy-{token}.db")
        sync_folder(data)
        wanted.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except (OSError, sqlite3.Error) as error:
        raise StorageError(
            "backup-failed", "The chain could not be copied for a backup: {reason}.", reason=error
        ) from None


def backup(data: Path, target: Path, *, with_secrets: bool = False) -> Report:
    """Copy the registry's folder `data` to `target`, which must not be there; raises `ProvenanceError`.

    The copy appears under its name once it is whole and on disk.
    """
    if not (data / "registry.db").is_file():
        raise ConfigurationError("no-registry-here", "{path} holds no registry's database.", path=data)
    if target.exists() or target.is_symlink():
        raise ConflictError(
            "backup-exists", "{path} is there already.", hint="Name a folder that is not there yet.", path=target
        )
    making = target.with_name(target.name + _UNFINISHED)
    try:
        with closing(_only_backup(data)):
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir(mode=0o700, parents=True)
            try:
                report = _copy_all(data, making, with_secrets)
                making.rename(target)
                sync_folder(target.parent)
            finally:
                shutil.rmtree(making, ignore_errors=True)
    except (OSError, sqlite3.Error) as error:
        raise StorageError("backup-failed", "The backup could not be written: {reason}.", reason=error) from None
    return report


def _only_backup(data: Path) -> sqlite3.Connection:
    """Return what keeps other backups of the folder waiting; it is let go of with its owner, however that ends."""
    connection = sqlite3.connect(data / "backup-lock", isolation_level=None, timeout=0.5)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        connection.close()
        raise ConflictError("backup-running", "Another backup of {path} runs.", path=data) from None
    return connection


def _copy_all(data: Path, making: Path, with_secrets: bool) -> Report:
    copy_database(data / "registry.db", making / "registry.db")
    for path in _media(data):
        _copy(data / path, making / path)
    chain = (data / "chain.db").is_file()
    if chain:
        _take_chain(data, making / "chain.db")
    if (data / "ledger.json").is_file():
        _copy(data / "ledger.json", making / "ledger.json")
    if with_secrets:
        for file in sorted((data / "secrets").iterdir()):
            if file.is_file() and not (file.name.endswith(".new") or file.name.startswith(".")):
                _copy(file, making / "secrets" / file.name)
    files = size = 0
    with (making / MANIFEST).open("x", encoding="utf-8", newline="\n") as manifest:
        manifest.write(json.dumps({**_HEADER, "secrets": with_secrets, "chain": chain}, sort_keys=True) + "\n")
        for path in _files(making):
            if path != MANIFEST:
                digest, length = _digest(making / path)
                line = f"{digest} {length} {path}\n"
                if _LINE.fullmatch(line) is None:  # Else the copy would be whole, and never be put back.
                    raise StorageError(
                        "odd-name",
                        "{path} has a name that no backup can have.",
                        hint="The registry did not make it: give it another name, or put it elsewhere.",
                        path=path,
                    )
                manifest.write(line)
                files, size = files + 1, size + length
        manifest.flush()
        os.fsync(manifest.fileno())
    _sync_folders(making)
    return Report(files, size, chain, with_secrets)


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database as of one moment, while others write it; raises `sqlite3.Error` and `OSError`."""
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=30)) as connection:
        copy_connection(connection, target)


def copy_connection(connection: sqlite3.Connection, target: Path) -> None:
    """Copy what a connection is open on into one new file, forced to disk."""
    target.touch(mode=0o600, exist_ok=False)
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # All is in the one file.
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def _take_chain(data: Path, target: Path) -> None:
    """Copy the chain: the registry that runs is asked for it, else its file is read."""
    for old in data.glob("chain-copy*"):
        old.unlink(missing_ok=True)
    token = secrets.token_hex(16)
    made, deadline = data / f"chain-copy-{token}.db", time.monotonic() + _PATIENCE
    try:
        while True:
            try:
                lock = FolderLock(data)
            except ConflictError:  # It runs.
                if not made.exists() and not (data / _WANTED).exists():
                    write_durably(data / _WANTED, token.encode())
            else:
                try:
                    if not made.exists():
                        copy_database(data / "chain.db", target)
                        return
                finally:
                    lock.release()
            if made.exists():
                _copy(made, target)
                return
            if time.monotonic() > deadline:
                raise StorageError(
                    "chain-not-copied",
                    "The registry that runs did not copy its chain.",
                    hint="Look at its log, or stop it and run the backup again.",
                )
            time.sleep(0.05)
    finally:
        for left in data.glob("chain-copy*"):
            left.unlink(missing_ok=True)


def restore(source: Path, data: Path) -> Report:
    """Put a backup into the folder `data`, which must be empty or not there, once all of it is as it was written.

    Raises `MalformedError` for a copy that is damaged, `ConflictError` where `data` holds anything.
    """
    making = data.with_name(data.name + _UNFINISHED)
    try:
        if data.is_symlink() or (data.exists() and (not data.is_dir() or any(data.iterdir()))):
            raise ConflictError(
                "folder-not-empty",
                "{path} is not empty: a registry may be there.",
                hint="Name an empty folder, or one that is not there yet.",
                path=data,
            )
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700, parents=True)
        try:
            report = _restore(source, making)
            _sync_folders(making)
            if data.exists():
                data.rmdir()
            making.rename(data)
            sync_folder(data.parent)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        raise StorageError("restore-failed", "The backup could not be restored: {reason}.", reason=error) from None
    return report


def _restore(source: Path, making: Path) -> Report:
    expected, size, listed = None, 0, set[str]()
    with (source / MANIFEST).open(encoding="utf-8", newline="\n", errors="replace") as manifest:
        try:
            expected = json.loads(manifest.readline(4096))
        except ValueError:
            expected = None
        if not isinstance(expected, dict) or {name: expected.get(name) for name in _HEADER} != _HEADER:
            raise MalformedError("not-a-backup", "{path} is not a backup that this program can read.", path=source)
        while line := manifest.readline(4096):
            found = _LINE.fullmatch(line)
            if found is None or found["path"] in listed:
                raise _damaged(MANIFEST)
            listed.add(found["path"])
            path = source / found["path"]
            if path.is_symlink() or not path.is_file():
                raise _damaged(found["path"])
            _copy(path, making / found["path"])
            # What was written is judged, not what was read: between the two the file may have changed.
            if _digest(making / found["path"]) != (found["digest"], int(found["size"])):
                raise _damaged(found["path"])
            size += int(found["size"])
    wanted = {"registry.db", *(["chain.db"] if expected.get("chain") else [])}
    others = (name for name in _files(source) if name not in listed and name != MANIFEST)
    for name in (*wanted - listed, *others):
        raise _damaged(name)  # A manifest that was cut short does not name all.
    return Report(len(listed), size, bool(expected.get("chain")), bool(expected.get("secrets")))


def _damaged(path: str) -> ProvenanceError:
    return MalformedError(
        "backup-damaged",
        "{path} of the backup is not as it was written.",
        hint="Nothing was restored. Use another copy.",
        path=path,
    )


def _media(data: Path) -> Iterator[str]:
    """Yield the paths of all media, also where links lead to them; raises `OSError` for what cannot be read."""
    media = data / "media"
    for folder in sorted(media.iterdir()) if media.exists() or media.is_symlink() else ():
        if re.fullmatch("[0-9a-f]{2}", folder.name):
            for file in sorted(folder.iterdir()):
                if re.fullmatch("[0-9a-f]{64}", file.name):  # What has not come wholly is left out.
                    yield file.relative_to(data).as_posix()


def _files(folder: Path) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield (Path(root) / name).relative_to(folder).as_posix()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with source.open("rb") as read, os.fdopen(descriptor, "wb") as written:
        shutil.copyfileobj(read, written, _BLOCK)
        written.flush()
        os.fsync(written.fileno())


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        return found, file.tell()


def _sync_folders(folder: Path) -> None:
    for root, _folders, _names in os.walk(folder, topdown=False):
        sync_folder(Path(root))
