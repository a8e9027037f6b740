"""How much work and money strangers may cost: token buckets and a count, in memory and of bounded number.

A client's bucket pays for being answered at all; a piece's two and the count of all pay for transactions, so that
nobody who is refused can use them up in another's place.  No address of a client is stored or logged.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from provenance.errors import LimitError

Monotonic: TypeAlias = Callable[[], float]

MAX_BUCKETS = 20_000
"""Buckets of one kind in memory, about 4 MB; the one that was used longest ago goes first."""
CLIENT_BURST, CLIENT_SECONDS = 60, 1.0
"""Requests that one client may make at once, and seconds until it may make one more: a market shares an address."""
READ_BURST, READ_SECONDS = 1_200, 0.125
"""Calls and log filters of the ledger that one client may ask for at once, and seconds until it may ask one more.

A phone asks for three or four a piece; an inventory of a shop with hundreds of pieces must not be hit.
"""
PAGE_BURST, PAGE_SECONDS = 2_400, 0.05
"""Pages of pieces that one client may load at once, and seconds until it may load one more.

All phones of a fair may share their carrier's address: twenty scans a second go on for ever, and still leave the
processor to others.
"""
PIECE_BURST, PIECE_SECONDS = 8, 300.0
"""Transactions about one piece, its holder's and its studio's apart: it does not change hands twelve times an hour for
long."""
LINE_FACTOR = 4
"""How many times as much as one client all those of a line may ask for: it may be one enemy, or a carrier's phones."""
HOUR = 3600.0


class Buckets:
    """Token buckets by key: each holds `burst` at most and gains one in `seconds`."""

    def __init__(self, burst: int, seconds: float, monotonic: Monotonic = time.monotonic) -> None:
        self._burst, self._seconds, self._monotonic = burst, seconds, monotonic
        self._kept: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: Hashable) -> float:
        """Return the seconds until the bucket holds one, 0 for now."""
        with self._lock:
            return self._wait(self._held(key))

    def take(self, key: Hashable, count: int = 1) -> float:
        """Take `count` and return 0, or return the seconds until there are so many."""
        with self._lock:
            held = self._held(key)
            if held >= count:
                self._kept[key] = held - count, self._monotonic()
                self._kept.move_to_end(key)
                if len(self._kept) > MAX_BUCKETS:
                    self._kept.popitem(last=False)
            return self._wait(held, count)

    def _wait(self, held: float, count: int = 1) -> float:
        return max(0.0, (count - held) * self._seconds)

    def _held(self, key: Hashable) -> float:
        held, since = self._kept.get(key, (float(self._burst), self._monotonic()))
        return min(float(self._burst), held + (self._monotonic() - since) / self._seconds)


class Clients:
    """Token buckets by network address: one for each client, and one of `LINE_FACTOR` times as much for its line."""

    def __init__(self, burst: int, seconds: float, monotonic: Monotonic = time.monotonic) -> None:
        self._networks = Buckets(burst, seconds, monotonic)
        self._lines = Buckets(burst * LINE_FACTOR, seconds / LINE_FACTOR, monotonic)

    def take(self, client: str, count: int = 1) -> float:
        """Take `count` and return 0, or return the seconds until there are so many."""
        network, line = network_of(client), site_of(client)
        wait = self._networks.take(network, count)
        return wait if wait or line == network else self._lines.take(line, count)


class Limits:
    """The registry's limits; no hour has more than `hourly` transactions that are paid for others."""

    def __init__(self, hourly: int, monotonic: Monotonic = time.monotonic) -> None:
        self._clients = Clients(CLIENT_BURST, CLIENT_SECONDS, monotonic)
        self._readers = Clients(READ_BURST, READ_SECONDS, monotonic)
        self._pages = Clients(PAGE_BURST, PAGE_SECONDS, monotonic)
        self._pieces = Buckets(PIECE_BURST, PIECE_SECONDS, monotonic)
        self._monotonic = monotonic
        # A bucket would pay for twice as many in its first hour: what it holds, and what it gains.
        self._paid = deque[float](maxlen=hourly)

    def admit(self, client: str) -> None:
        """Count a piece of work for a client, given by its network address; raises `LimitError`."""
        if wait := self._clients.take(client):
            raise _too_many(wait)

    def admit_reads(self, client: str, count: int) -> None:
        """Count calls and log filters of the ledger for a client; raises `LimitError`."""
        if wait := self._readers.take(client, count):
            raise _too_many(wait)

    def admit_page(self, client: str) -> None:
        """Count a page of a piece for a client; raises `LimitError`."""
        if wait := self._pages.take(client):
            raise _too_many(wait)

    def require(self, token_id: int, owner: str) -> None:
        """Require that a transaction about a piece may be paid for now; raises `LimitError`.

        `owner` tells whose number it uses up: what the holder had paid for keeps the studio from no order, and the
        other way round.
        """
        if wait := self._pieces.wait((token_id, owner)):
            raise LimitError(
                "piece-too-busy",
                "Too many transactions about this piece were paid for.",
                retry_after=math.ceil(wait),
            )
        if wait := self._wait_for_all():
            raise LimitError(
                "registry-too-busy",
                "The registry has paid for as many transactions as it does in an hour.",
                retry_after=math.ceil(wait),
            )

    def spend(self, token_id: int, owner: str) -> None:
        """Count a transaction about a piece for whose number it uses up."""
        self._pieces.take((token_id, owner))
        self._paid.append(self._monotonic())

    def _wait_for_all(self) -> float:
        """Return the seconds until fewer than `hourly` were paid for within an hour, 0 for now."""
        if len(self._paid) != self._paid.maxlen:
            return 0.0
        return max(0.0, self._paid[0] + HOUR - self._monotonic())


def _too_many(wait: float) -> LimitError:
    return LimitError("too-many-requests", "Too many requests came from this address.", retry_after=math.ceil(wait))


def network_of(client: str) -> str:
    """Return what one client has: an IPv4 address, or a /64 of IPv6, of which a client may have every address."""
    return _within(client, 64)


def site_of(client: str) -> str:
    """Return what one line has: an IPv4 address, or a /48 of IPv6, of which a home or a rented machine may have all.

    Phones of one carrier share a /48: whoever counts by it leaves more room than for one client.
    """
    return _within(client, 48)


def _within(client: str, prefix: int) -> str:
    try:
        address: IPv4Address | IPv6Address = ip_address(client)
    except ValueError:
        return client[:64]
    if isinstance(address, IPv6Address):
        rest = 128 - prefix
        return str(address.ipv4_mapped or f"{IPv6Address(int(address) >> rest << rest)}/{prefix}")
    return str(address)
