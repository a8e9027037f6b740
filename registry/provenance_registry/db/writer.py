"""Group commit: what many threads want written at once shares one transaction and one disk sync.

Each piece of work runs in a savepoint of its own, so that one that fails does not take its neighbours along.  Callers
wait until the shared transaction is on disk or has failed; whatever becomes of the writer, nobody waits for ever.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeAlias

import sqlalchemy as sa

from provenance.errors import ProvenanceError, StorageError
from provenance_registry.db.engine import concerns_all, unusable, where_of

log = logging.getLogger(__name__)

_Job: TypeAlias = tuple[Callable[[sa.Connection], Any], Future[Any]]

_MAX_GROUP = 256
"""Pieces of work in one transaction; more would make the first of them wait too long."""


class GroupWriter:
    """One thread that owns the only writing connection."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._ended = False
        self._failed: ProvenanceError | None = None
        self._thread = threading.Thread(target=self._run, name="group-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[sa.Connection], Any]) -> Future[Any]:
        """Queue `work`; the future holds its answer once it is durable."""
        future: Future[Any] = Future()
        self._queue.put((work, future))
        if self._ended:
            self._refuse_all()
        return future

    @property
    def trouble(self) -> ProvenanceError | None:
        """Why nothing can be written any more, or why the database refused the last write."""
        return _ended() if self._ended else self._failed

    def close(self) -> None:
        """Finish what is queued and stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            self._ended = True
            self._refuse_all()

    def _refuse_all(self) -> None:
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                item[1].set_exception(_ended())

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = [first], False
            while len(group) < _MAX_GROUP and not self._queue.empty():
                item = self._queue.get()
                if item is None:
                    last = True
                    break
                group.append(item)
            self._commit(group)
            if last:
                return

    def _commit(self, group: list[_Job]) -> None:
        answers: list[tuple[Future[Any], Any]] = []
        try:
            with self._engine.begin() as connection:
                for work, future in group:
                    try:
                        with connection.begin_nested():
                            answers.append((future, work(connection)))
                    except Exception as error:
                        if concerns_all(error):
                            raise
                        future.set_exception(error)  # Whatever the work raises belongs to its caller.
        except BaseException as error:
            failure = _failure(where_of(self._engine), error)
            if isinstance(error, sa.exc.DBAPIError | sa.exc.TimeoutError | ProvenanceError):
                self._failed = failure
            else:
                log.exception("a group of writes failed")
            if failure.code == "database-read-only":
                self._engine.dispose()  # Its sessions stay so, even when the server writes again.
            for _, future in group:
                if not future.done():
                    future.set_exception(failure)
            if isinstance(error, Exception):
                return
            raise
        self._failed = None
        for future, answer in answers:
            future.set_result(answer)


def _failure(where: str, error: BaseException) -> ProvenanceError:
    if isinstance(error, ProvenanceError):
        return error
    if isinstance(error, sa.exc.DBAPIError | sa.exc.TimeoutError):
        return unusable(where, error)
    return StorageError("database-unusable", "The database could not be written: {reason}.", reason=error)


def _ended() -> StorageError:
    return StorageError("writer-ended", "Nothing can be written any more.", hint="Start the registry again.")
