"""The lease on sending, in SQL: one row that says who sends, until when, by the database's own clock.

Its token rises whenever the lease changes hands.  Whoever writes under an older one is too late, however sure it was
of itself before it slept.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import leases

MOST_TERMS = 10
"""Terms after which a lease surely ends: more than clocks are put right by, and than terms differ."""


def take(connection: sa.Connection, name: str, holder: str, seconds: float, *, alone: bool) -> int | None:
    """Take or renew a lease; return its token, or ``None`` while another holds it.

    Who is `alone` with the database takes it from whoever had it: nobody else can be alive.
    """
    now = _now(connection)
    own = leases.c.name == name
    if connection.execute(sa.select(leases.c.token).where(own)).first() is None:
        connection.execute(leases.insert().values(name=name, holder=holder, token=0, expires=0))
    # What ends long after any lease could was taken before the database's clock was set back: nobody waits for that.
    too_late = now + int(seconds * 1000) * MOST_TERMS
    over = sa.or_(leases.c.expires < now, leases.c.expires > too_late)
    free = sa.true() if alone else sa.or_(leases.c.holder == holder, over)
    # An expired lease is a new one even for who had it: what it wrote under the old one may still be on its way.
    kept = sa.and_(leases.c.holder == holder, leases.c.expires >= now)
    token = sa.case((kept, leases.c.token), else_=leases.c.token + 1)
    expires = now + int(seconds * 1000)
    taken = connection.execute(leases.update().where(own, free).values(holder=holder, expires=expires, token=token))
    if taken.rowcount != 1:
        return None
    return int(connection.execute(sa.select(leases.c.token).where(own)).scalar_one())


def is_held(connection: sa.Connection, name: str, holder: str, token: int) -> bool:
    """Tell whether the lease is still that holder's under that token; until this transaction ends it stays so."""
    # The row is locked: a takeover waits until what is written here is written.
    own = leases.c.name == name, leases.c.holder == holder, leases.c.token == token
    return connection.execute(sa.select(leases.c.token).where(*own).with_for_update()).first() is not None


def release(connection: sa.Connection, name: str, holder: str, token: int) -> None:
    """Let go of a lease at once, where it is still that holder's."""
    own = leases.c.name == name, leases.c.holder == holder, leases.c.token == token
    connection.execute(leases.update().where(*own).values(expires=0))


class LeaseReads(Reader):
    """The reads of leases; see `provenance_registry.repository.Repository`."""

    def is_lease_free(self, name: str) -> bool:
        clock = _clock(self._reading.dialect).label("now")
        found = self._rows(sa.select((leases.c.expires < clock).label("over")).where(leases.c.name == name))
        return not found or bool(found[0].over)


def _now(connection: sa.Connection) -> int:
    """Return the database's time in milliseconds: processes on several machines have several clocks."""
    return int(connection.execute(sa.select(_clock(connection.dialect))).scalar_one())


def _clock(dialect: sa.Dialect) -> sa.ColumnElement[Any]:
    if dialect.name == "sqlite":
        return (sa.func.julianday("now") - 2440587.5) * 86_400_000
    return sa.extract("epoch", sa.func.clock_timestamp()) * 1000
