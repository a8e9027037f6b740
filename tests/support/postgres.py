"""A PostgreSQL server of the tests' own, on a socket in a folder of its own, and the database that a test works on."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from provenance_registry.db.repository import SQLRepository

MISSING = "PostgreSQL is not installed: as root, apt-get install postgresql"


def programs() -> Path | None:
    """Return the folder of the newest server's programs; Debian keeps them off the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(folders[-1]) if folders else shutil.which("initdb")
    return Path(found).parent if found else None


class Server:
    """A server that listens on no network; it refuses to run as root, and runs as `postgres` then."""

    def __init__(self) -> None:
        found = programs()
        if found is None:
            pytest.skip(MISSING)
        self._programs = found
        self.folder = Path(tempfile.mkdtemp(prefix="km-pg-", dir="/tmp"))  # A socket's path has 107 bytes at most.
        self._as: list[str] = []
        user = pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self._as, user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"], "postgres"
        self.user = user
        self._count = 0
        self._newest: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={user}"]
        self._run(["initdb", "-D", str(self.folder / "data"), *options])
        self.start()

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [*self._as, str(self._programs / arguments[0]), *arguments[1:]]

    def _run(self, arguments: Sequence[str]) -> None:
        done = subprocess.run(self._command(arguments), cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = ["-c", "listen_addresses=", "-c", "max_connections=60", "-k", str(self.folder)]
        command = self._command(["postgres", "-D", str(self.folder / "data"), *settings])
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while True:
            try:
                psycopg.connect(self.address("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                told = (self.folder / "log").read_text()
                assert self._process.poll() is None, told
                assert time.monotonic() < deadline, told
                time.sleep(0.05)
            else:
                return

    def kill(self, *, at_once: bool = True) -> None:
        """Let the whole server die at once, as by a power cut; or end without finishing anything, as when told to."""
        assert self._process is not None
        # In the first case the others notice that the first of them is gone, and end; the second is `-m immediate`.
        self._process.send_signal(signal.SIGKILL if at_once else signal.SIGQUIT)
        self._process.wait(120)
        self._process = None

    def start_again(self) -> None:
        """Start the server after it was killed: some of its processes may live a moment longer, and hold its memory."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return self.start()
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        """Stop the server and forget its data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # Nothing is written to a busy disk that is forgotten next.
            self._process.wait(120)
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, database: str) -> str:
        return f"postgresql://{self.user}@/{database}?host={self.folder}"

    def make(self) -> str:
        """Make an empty database, and return its address."""
        return self._make("template1")

    def copy(self, address: str) -> str:
        """Make a copy of a database, as it is now, and return its address."""
        copy = self._make("template1")
        dump = subprocess.run([str(self._programs / "pg_dump"), address], capture_output=True, check=True)
        load = [str(self._programs / "psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", copy]
        subprocess.run(load, input=dump.stdout, stdout=subprocess.DEVNULL, check=True)
        return copy

    def make_migrated(self) -> str:
        """Make a database of the newest form, and return its address: a copy, which takes a tenth of the time."""
        if self._newest is None:
            address = self._make("template1")
            SQLRepository(address).close()
            self._newest = f"kilnmark_{self._count}"
        return self._make(self._newest)

    def _make(self, template: str) -> str:
        self._count += 1
        name = f"kilnmark_{self._count}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(statement)
        return self.address(name)
