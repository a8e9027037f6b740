"""Reading on pooled connections; whatever the database says no to is one error of ours."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from provenance_registry.db.engine import unusable, where_of


class Reader:
    """Gives rows; the repository's parts build on it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._where = where_of(engine)
        self._reading = engine.execution_options(reading=True)

    def _rows(self, statement: sa.Executable) -> Sequence[sa.Row[tuple[object, ...]]]:
        try:
            with self._reading.connect() as connection:
                return connection.execute(statement).all()
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise unusable(self._where, error) from None
