"""What a registry knows of the studio of a phrase: found by the account, or by a certificate key."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provenance.certificate import Issuer
from provenance.encoding import Address
from provenance.errors import ConfigurationError, MalformedError, NotFoundError, UnreachableError
from provenance.phrase import MAX_KEY_NUMBER, certificate_signer
from provenance_cli.client import RegistryClient
from provenance_cli.moments import shown_moment

MAX_GAP = 20
"""Numbers of certificate keys that may follow one another without the guild having added any of them."""

FIRST_KEYS = 3
"""Certificate keys of a phrase by which its studio is looked for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A studio's entry in the directory: `keys` gives the end of each key's window, or ``None``, by its Multikey."""

    address: Address
    issuer: Issuer
    suspended: bool
    keys: Mapping[str, datetime | None]

    def is_open(self, multikey: str, now: datetime) -> bool:
        """Tell whether a certificate key counts at `now`."""
        if multikey not in self.keys:
            return False
        end = self.keys[multikey]
        return end is None or now < end

    def key_ended(self, multikey: str, now: datetime) -> ConfigurationError | None:
        """Return, for a certificate key that the guild has ended, the error that says so and what to do."""
        end = self.keys.get(multikey)
        if end is None or now < end:
            return None
        return ConfigurationError(
            "key-ended",
            "The guild has ended this workshop's certificate key at {time}: what it signs since then does not count.",
            hint="Take the next: `kilnmark key rotate`. If this one was stolen, a new phrase: `kilnmark key renew`.",
            time=shown_moment(end),
        )

    def newest_key(self, seed: bytes, now: datetime) -> int | None:
        """Return the number of the phrase's newest key that counts, else of its newest that is known, or ``None``."""
        known, counting, number = None, None, 1
        while number <= min((known or 0) + MAX_GAP, MAX_KEY_NUMBER):
            multikey = certificate_signer(seed, number).public_key.multikey
            if multikey in self.keys:
                known = number
                counting = number if self.is_open(multikey, now) else counting
            number += 1
        return counting or known


def standing_at(client: RegistryClient, studio: Address) -> Standing | None:
    """Return the standing of the studio at an address, or ``None`` where the registry knows none.

    Raises `UnreachableError`, and `ConfigurationError` for a studio of another registry.
    """
    try:
        return read_standing(client, client.studio(studio))
    except NotFoundError:
        return None


def standing_of(client: RegistryClient, account: Address, seed: bytes) -> Standing | None:
    """Return the standing of the studio at `account`, or of the one that has a key of the phrase of `seed`.

    The second finds a studio that was accredited with another phrase: the account of a new one only signs for it.
    Raises as `standing_at` does.
    """
    if (found := standing_at(client, account)) is not None:
        return found
    for number in range(1, FIRST_KEYS + 1):
        with contextlib.suppress(NotFoundError):
            return read_standing(client, client.studio_of_key(certificate_signer(seed, number).public_key.key_id))
    return None


def read_standing(client: RegistryClient, entry: Mapping[str, Any]) -> Standing:
    """Return what a registry's entry of a studio says; raises `UnreachableError` and `ConfigurationError`."""
    try:
        did, name, suspended = str(entry["did"]), str(entry["name"]), entry["suspended"] is True
        keys = {str(key["multikey"]): None if key["end"] is None else _moment(key["end"]) for key in entry["keys"]}
        issuer = Issuer(client.base_url, did.rpartition(":")[2], name)
        address = Address.parse(entry["address"])
    except (KeyError, TypeError, ValueError, MalformedError, ConfigurationError):
        raise UnreachableError(
            "not-a-registry", "{url} does not answer as a registry does.", url=client.base_url
        ) from None
    if issuer.did != did:
        raise ConfigurationError(
            "other-registry",
            "The guild knows the studio as {did}, which is not of {url}.",
            hint="Give the address that stands in your certificates.",
            did=did,
            url=client.base_url,
        )
    return Standing(address, issuer, suspended, keys)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment
