"""The studio directory, folded from the ledger's events: who was accredited when, with which keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from provenance.encoding import Address, KeyId
from provenance.errors import LedgerError
from provenance.ledger import (
    ClockSet,
    ControllerProposed,
    Deployment,
    KeyAdded,
    KeyWindow,
    KeyWindowShortened,
    LedgerEvent,
    Sealed,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
    SuccessorNamed,
)

SCOPE_MAKER = 1
DIRECTORY_EVENTS = (
    StudioAccredited, StudioSuspended, StudioReinstated, KeyAdded, KeyWindowShortened, ControllerProposed,
)  # fmt: skip
"""Events that change a studio's entry."""


@dataclass(slots=True)
class StudioEntry:
    """One studio; `keys` gives Multikey bytes and window by key id, `suspensions` are ``[start, end)``.

    `names` are those it was accredited under, each with the time from which on it bears it; `controllers` likewise are
    those given to it, the account at `address` signing before them.
    """

    address: Address
    did: str
    names: list[tuple[datetime, str]]
    scopes: int
    since: datetime
    suspensions: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    keys: dict[KeyId, tuple[bytes, KeyWindow]] = field(default_factory=dict)
    controllers: list[tuple[datetime, Address]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name that the studio bears now."""
        return self.names[-1][1]

    def name_at(self, moment: datetime) -> str:
        """Return the name that the studio bore at `moment`, or an empty string before it had one."""
        return next((name for since, name in reversed(self.names) if since <= moment), "")

    def controller_at(self, moment: datetime) -> Address:
        """Return who signs for the studio at `moment`."""
        return next((signer for since, signer in reversed(self.controllers) if since <= moment), self.address)

    def upcoming_controller(self, moment: datetime) -> tuple[datetime, Address] | None:
        """Return who will sign for the studio and from when on, where that lies after `moment`."""
        return next((given for given in reversed(self.controllers) if given[0] > moment), None)

    @property
    def suspended(self) -> bool:
        """Whether the studio is suspended now."""
        return bool(self.suspensions) and self.suspensions[-1][1] is None

    @property
    def in_good_standing(self) -> bool:
        """Whether the studio may receive lots now."""
        return bool(self.scopes & SCOPE_MAKER) and not self.suspended

    def had_standing(self, moment: datetime) -> bool:
        """Tell whether the studio was accredited and not suspended at `moment`."""
        return self.since <= moment and not any(
            start <= moment and (end is None or moment < end) for start, end in self.suspensions
        )


class Directory:
    """All studios as of the indexed block; never changed after it was built.

    Raises `LedgerError` for events that no ledger emits.
    """

    def __init__(self, events: Iterable[LedgerEvent]) -> None:
        self._studios: dict[Address, StudioEntry] = {}
        self.successor: Deployment | None = None
        self._clock: datetime | None = None  # What dates the events of an import that goes on.
        for event in events:
            try:
                self._fold(event)
            except (KeyError, IndexError):  # Of a studio or a key that was never there, or a suspension's end alone.
                raise LedgerError(
                    "events-unsound",
                    "The events that the node tells of the ledger do not fit together.",
                    retryable=True,
                    hint="They are read again. If this lasts, ask another node.",
                ) from None
        self._by_did = {entry.did: entry for entry in self._studios.values()}

    def _fold(self, event: LedgerEvent) -> None:
        now = self._clock or event.block.time
        match event:
            case ClockSet():
                self._clock = event.time
            case Sealed():
                self._clock = None
            case SuccessorNamed():
                self.successor = event.successor
            case StudioAccredited():
                entry = self._studios.get(event.studio)
                if entry is None:
                    entry = StudioEntry(event.studio, event.did, [(now, event.name)], event.scopes, now)
                    self._studios[event.studio] = entry
                else:
                    entry.names.append((now, event.name))
                    entry.scopes = event.scopes
            case StudioSuspended():
                self._studios[event.studio].suspensions.append((now, None))
            case StudioReinstated():
                intervals = self._studios[event.studio].suspensions
                intervals[-1] = (intervals[-1][0], now)
            case KeyAdded():
                window = KeyWindow(event.start, None)
                self._studios[event.studio].keys[event.key_id] = (event.multikey, window)
            case KeyWindowShortened():
                keys = self._studios[event.studio].keys
                multikey, window = keys[event.key_id]
                keys[event.key_id] = (multikey, KeyWindow(window.start, event.end))
            case ControllerProposed():
                # A proposal that did not count yet gives way to the next one.
                given = [item for item in self._studios[event.studio].controllers if item[0] <= now]
                self._studios[event.studio].controllers = [*given, (event.start, event.controller)]

    def studio(self, address: Address) -> StudioEntry | None:
        """Return the studio at an address."""
        return self._studios.get(address)

    @property
    def studios(self) -> list[StudioEntry]:
        """All studios, in the order in which they were accredited."""
        return [*self._studios.values()]

    def by_did(self, did: str) -> StudioEntry | None:
        """Return the studio accredited under a DID."""
        return self._by_did.get(did)

    def named_under(self, prefix: str) -> list[Address]:
        """Return the addresses of the studios whose DIDs begin with `prefix`."""
        return [entry.address for entry in self._studios.values() if entry.did.startswith(prefix)]

    def by_key(self, key_id: KeyId) -> StudioEntry | None:
        """Return the studio whose certificate key that is or was; the newest, should several share one."""
        found = [entry for entry in self._studios.values() if key_id in entry.keys]
        return max(found, key=lambda entry: entry.since, default=None)

    def standing(self, did: str, name: str, key_id: KeyId, now: datetime) -> tuple[StudioEntry | None, str | None]:
        """Return who may have certificates of this issuer and key anchored now, or why nobody may."""
        entry = self._by_did.get(did)
        if entry is None:
            return None, "not-accredited"
        if not entry.in_good_standing:
            return None, "suspended" if entry.suspended else "not-a-maker"
        key = entry.keys.get(key_id)
        if key is None:
            return None, "unknown-key"
        if not key[1].covers(now):
            return None, "key-not-valid"
        if name != entry.name:
            return None, "other-name"
        return entry, None


_SIGN_AGAIN = (
    "The anchor does not count. Set this right with the guild, then enter and sign the piece under a new number."
)

HELD_HINTS = {
    "not-accredited": "The guild must accredit the studio: it needs the studio's application file.",
    "suspended": "The studio is suspended: ask the guild.",
    "not-a-maker": "The studio is not accredited as a maker: ask the guild.",
    "unknown-key": "The guild must add the studio's certificate key: send it a new application file.",
    "key-not-valid": "The studio's key is no longer valid: the guild must add a new one.",
    "other-name": "The certificate names the studio otherwise than the guild accredited it: sign it anew.",
    "serial-taken": "Another certificate stands under the serial: sign the piece under a new one.",
    "status-entry-taken": "Another certificate has the place in the status list: sign the piece anew.",
    "refused": "The ledger refuses this certificate: ask who runs the registry.",
    "already-anchored": "The ledger holds it in an anchor unknown here: ask who runs the registry.",
    "not-included-when-anchored": "The batch was anchored without it: ask who runs the registry.",
    "not-accredited-when-anchored": f"The studio was not in good standing when it was anchored. {_SIGN_AGAIN}",
    "key-not-valid-when-anchored": f"The studio's key was no longer valid when it was anchored. {_SIGN_AGAIN}",
    "wrong-key-when-anchored": f"The key that signed it is not the studio's on the ledger. {_SIGN_AGAIN}",
    "wrong-issuer-when-anchored": f"It names another studio than the ledger does. {_SIGN_AGAIN}",
    "revoked": "The certificate is revoked, for ever.",
    "on-hold": "The piece is on hold: whoever put it there lifts it, the studio or the guild.",
    "retired": "The piece is recorded as broken or gone.",
}
"""Who must act, for each reason that holds a certificate or makes its anchor count for nothing."""
