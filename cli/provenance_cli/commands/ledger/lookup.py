"""What people type for a studio, a key, a piece or an account, and what the ledger calls it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigurationError, MalformedError, NotFoundError
from provenance_cli.context import App

if TYPE_CHECKING:
    from provenance.audit import StudioFacts, Tally
    from provenance.encoding import Address, KeyId
    from provenance.evm.ledger import EVMLedger
    from provenance.policy import TrustPolicy

_KEY_START = re.compile(r"[0-9a-f]{8,64}")
"""Digits of a key id that are taken for the whole of it."""


def find_studio(tally: Tally, text: str) -> StudioFacts:
    """Return the studio that `text` names by its address, its DID or its short name; raises `NotFoundError`."""
    named = text.lower()
    found = [
        studio
        for studio in tally.studios.values()
        if named in (str(studio.address), studio.did.lower(), studio.slug.lower())
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigurationError(
            "ambiguous-studio",
            "There are {n} studios {text}.",
            hint="Name it by address.",
            n=len(found),
            text=text,
        )
    raise NotFoundError(
        "unknown-studio",
        "The ledger knows no studio {text}.",
        hint="Name it by address, by DID, or by its short name; `kilnmark ledger audit` lists all.",
        text=text,
    )


def find_key(studio: StudioFacts, text: str) -> KeyId:
    """Return the key of a studio that `text` names: by its id, the id's first digits, or its Multikey."""
    from provenance.encoding import to_base58

    digits = text.lower().removeprefix("0x")
    is_start = _KEY_START.fullmatch(digits) is not None
    found = [
        key_id
        for key_id, (multikey, _window) in studio.keys.items()
        if text == "z" + to_base58(multikey) or (is_start and key_id.hex().startswith(digits))
    ]
    if len(found) != 1:
        raise NotFoundError(
            "unknown-key",
            "The studio {studio} has no single key {text}.",
            hint="Give the key's id, or its Multikey; `kilnmark ledger audit` lists all.",
            studio=studio.name,
            text=text,
        )
    return found[0]


def find_account(text: str) -> Address:
    """Return the address that was typed; raises `MalformedError`."""
    from provenance.evm.accounts import read_address

    return read_address(text)


def find_token(app: App, policy: TrustPolicy, ledger: EVMLedger, text: str) -> int:
    """Return the token of a piece: by its number, by a bundle's file, or by a serial that the registry knows.

    A registry could answer with the bundle of another piece: what it sends is checked against the ledger first.
    Raises `MalformedError`, `NotFoundError`, `ConfigurationError`.
    """
    from provenance.bundle import MAX_BUNDLE_BYTES, Bundle
    from provenance.ledger import split_token_id
    from provenance.serial import Serial
    from provenance.verify import Verifier
    from provenance_cli.client import RegistryClient
    from provenance_cli.commands.revoke import token_of

    if re.fullmatch(r"[0-9]{10,20}", text):
        split_token_id(int(text))
        return int(text)
    path, serial = Path(text), None
    if path.is_file():
        with path.open("rb") as file:
            data = file.read(MAX_BUNDLE_BYTES + 1)
    else:
        try:
            serial = Serial.parse(text)
        except MalformedError as error:
            raise MalformedError.like(error, hint="Name a piece by token id, serial, or bundle file.") from None
        if policy.registry is None:
            raise ConfigurationError("no-registry", "The policy names no registry.", hint="Give the token id.")
        data = RegistryClient(policy.registry).bundle(serial)
    return token_of(Verifier(policy, ledger).verify(Bundle.from_bytes(data), serial=serial))
