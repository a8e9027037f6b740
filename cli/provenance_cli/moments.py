"""Times that people type, and times and sums that they read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from provenance.errors import MalformedError
from provenance_cli.i18n import _, ngettext

DAY = 24 * 3600
"""Seconds."""
PLACES = 6
LEAST = Decimal(1).scaleb(-PLACES)
"""Coins below which a sum is not told: no coin's smaller parts are worth anything."""


def read_moment(text: str, field: str) -> datetime:
    """Read a time with its zone, or a day, which begins at midnight UTC; raises `MalformedError`."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None and len(text) <= len("2026-11-24"):
            moment = moment.replace(tzinfo=UTC)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):  # The latter where the calendar ends between here and UTC.
        pass
    raise MalformedError(
        "bad-time", "Expected a day or a time with its zone, like {example}.",
        field=field, example="2026-11-24T10:17:34+08:00",
    )  # fmt: skip


def shown_moment(moment: datetime) -> str:
    """Return a time as it is read, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def shown_days(seconds: int) -> str:
    """Return a time of some seconds in days."""
    days = seconds / DAY
    return ngettext("{days:g} day", "{days:g} days", 1 if days == 1 else 2).format(days=days)


def shown_sum(wei: int) -> str:
    """Return a sum in the chain's coin, of 10^18 wei on every EVM chain, rounded to three digits and 0.000001."""
    if wei == 0:
        return _("nothing")
    coins = Decimal(wei) / 10**18
    if coins < LEAST:
        return _("less than {sum} of the chain's coin").format(sum=LEAST)
    places = min(max(2 - coins.adjusted(), 0), PLACES)
    rounded = f"{coins:,.{places}f}"
    return _("about {sum} of the chain's coin").format(sum=rounded.rstrip("0").rstrip(".") if places else rounded)
