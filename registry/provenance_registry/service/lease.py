"""Who sends: one process at a time, by a lease in the database that it renews while it lives.

A process that slept past its lease, in a paused machine or in a long answer of the disk, learns it from its own clock
right before it would send, and from the lease's token in the transaction in which it would write.  A pause between
that look and the send remains, and does no harm: what is sent was durable before, and the one who took over sends the
same bytes.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable

from provenance.errors import LedgerError, ProvenanceError
from provenance_registry.repository import Repository, Transaction
from provenance_registry.service.checkpoints import checkpoint

log = logging.getLogger(__name__)

SECONDS = 5.0
"""How long a lease lasts that nobody renews: as long as all waits where the process that sends dies."""
PAUSE = 1.0
"""Seconds from one renewal to the next: three may be late before the lease is lost."""
STEP_SECONDS = 120.0
"""How long the work may go on without a sign of life before the lease is no longer renewed: the slowest answer of a
node takes a minute, and who waits for ever for one must not keep the others from sending."""
MARGIN = 0.2
"""Part of the lease before its end in which nothing more is sent: the send itself takes time."""
NAME = "sender"


def awake() -> float:
    """Return seconds that go on while the machine sleeps, where its system counts them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Lease:
    """The lease on sending, as one process sees it.

    Who is `alone` with its database holds it without an end and without renewing it: that nobody else is alive was
    found out before, by the lock of the folder.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        alone: bool,
        seconds: float = SECONDS,
        step_seconds: float = STEP_SECONDS,
        clock: Callable[[], float] = awake,
    ) -> None:
        self._repository = repository
        self._alone = alone
        self._seconds = seconds
        self._step_seconds = step_seconds
        self._clock = clock
        self._moved = clock()
        self._holder = uuid.uuid4().hex
        self._term: tuple[int, float] | None = None  # Token, and until when by our own clock: replaced as one.
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.trouble: ProvenanceError | None = None
        """Why the lease could not be asked for, where that failed.  That another holds it is no trouble."""

    @property
    def is_held(self) -> bool:
        """Tell whether this process may send now, by its own clock."""
        term = self._term
        return term is not None and self._clock() < term[1] - MARGIN * self._seconds

    @property
    def stall(self) -> LedgerError | None:
        """What is told of work that gave no sign of life for `STEP_SECONDS`; ``None`` while it moves."""
        still = self._clock() - self._moved
        if still < self._step_seconds:
            return None
        return LedgerError(
            "worker-stuck",
            "The registry's work waits inside one step, for {seconds} seconds so far.",
            retryable=True,
            hint="Look whether its node, its database and its disk answer. It goes on by itself once they do; another "
            "process of this registry sends meanwhile, where there is one.",
            seconds=int(still),
        )

    def moves(self) -> None:
        """Take note of a sign of life: the work has begun another step, or comes to write what it did."""
        self._moved = self._clock()

    def require(self) -> None:
        """Raise `LedgerError` unless this process may send now."""
        self.moves()
        if not self.is_held:
            raise _not_held()

    def check(self, transaction: Transaction) -> None:
        """Raise `LedgerError` unless the lease is this process's in the database: then nothing may be written."""
        self.moves()
        term = self._term
        if term is None or not transaction.has_lease(NAME, self._holder, term[0]):
            self._term = None
            raise _not_held()

    def keep(self) -> None:
        """Take the lease where it is free, or renew it; not for work that is stuck."""
        if not self._alone and self.stall is not None:
            if self._term is not None and not self.is_held:
                self._term = None
                log.warning("the work is stuck, and another process may send")
            return
        began = self._clock()  # Before the database counts: ours must end first.
        try:
            token = self._repository.write(
                lambda transaction: transaction.take_lease(NAME, self._holder, self._seconds, alone=self._alone)
            )
        except ProvenanceError as error:
            self.trouble = LedgerError(
                "no-lease",
                "Whether this process may send is not known: {reason}",
                retryable=True,
                hint="It is asked again by itself. Nothing is sent meanwhile.",
                reason=error.wording,
            )
            return
        before, self.trouble = self._term, None
        if token is None:
            self._term = None
        else:
            self._term = token, float("inf") if self._alone else began + self._seconds
        if token is not None and (before is None or before[0] != token):
            checkpoint("after-lease")
        if before is not None and token is None:
            log.warning("another process sends from now on")
        elif token is not None and (before is None or before[0] != token):
            log.info("this process sends, under lease %s", token)

    def look(self) -> None:
        """Raise why the lease could not be asked for; that another process holds it is as it should be."""
        if self.trouble is not None:
            raise self.trouble

    def start(self) -> None:
        """Take the lease, or wait for it, and renew it from a thread of its own: a long turn must not lose it."""
        self.keep()
        if not self._alone or self._term is None:
            self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let another process send at once; nothing is sent any more from here."""
        self._stopping.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(timeout=30)
        term, self._term = self._term, None
        if term is not None and not self._alone:
            try:
                self._repository.write(lambda transaction: transaction.release_lease(NAME, self._holder, term[0]))
            except ProvenanceError as error:
                log.warning("the lease ends by itself: %s", error.message)

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE):
            try:
                self.keep()
            except Exception:
                log.exception("the lease was not renewed")
            if self._alone and self._term is not None:
                return


def _not_held() -> LedgerError:
    return LedgerError(
        "no-lease",
        "Another process sends by now, or the lease on sending has run out.",
        retryable=True,
        hint="It is asked for again by itself.",
    )
