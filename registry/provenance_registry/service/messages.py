"""Reading what studios, holders and claimants signed: JSON whose members are all texts, numbers in decimal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from provenance.canonical import JSONObject
from provenance.encoding import Address, Digest, parse_hex
from provenance.errors import MalformedError
from provenance.handover import MAX_SIGNATURE_BYTES, Claim, HolderAction, HolderOrder, Release
from provenance.ledger import HolderOrderCall, RelayAmendCall, RelayStatusCall, split_token_id
from provenance.status import AmendOrder, Status, StatusOrder
from provenance_registry.records import SignedRelease

_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,19})\Z")
E = TypeVar("E", bound=IntEnum)


@dataclass(frozen=True, slots=True)
class SignedClaim:
    """A claim with its signature, and the claim key that signed it.

    `release` is ``None`` where the sender relies on the one that the registry keeps.
    """

    claim: Claim
    signature: bytes
    claim_key: Address
    release: SignedRelease | None


class _Reader:
    """Reads the members of one message; every method raises `MalformedError`, naming the field."""

    def __init__(self, code: str, members: object, *names: str, prefix: str = "") -> None:
        if not isinstance(members, dict) or members.keys() != set(names):
            raise MalformedError(
                code, "Expected exactly these members: {names}.", field=prefix or None, names=", ".join(sorted(names))
            )
        self._code, self._members, self._prefix = code, members, prefix and f"{prefix}."

    def _text(self, name: str) -> str:
        text = self._members[name]
        if not isinstance(text, str):
            raise MalformedError(self._code, "Expected a text.", field=self._prefix + name)
        return text

    def number(self, name: str) -> int:
        text = self._text(name)
        if not _NUMBER.match(text):  # One spelling of each, as everywhere.
            raise MalformedError(self._code, "Expected a number in decimal text.", field=self._prefix + name)
        return int(text)

    def token_id(self) -> int:
        token_id = self.number("tokenId")
        split_token_id(token_id)
        return token_id

    def address(self, name: str) -> Address:
        text = self._text(name)
        try:
            return Address.parse(text.lower())
        except MalformedError:
            raise MalformedError(self._code, "Expected an address.", field=self._prefix + name) from None

    def digest(self, name: str) -> Digest:
        text = self._text(name)
        try:
            return Digest.parse(text)
        except MalformedError:
            raise MalformedError(self._code, "Expected a digest in hex.", field=self._prefix + name) from None

    def choice(self, name: str, kind: type[E]) -> E:
        text = self._text(name)
        if text not in kind.__members__:
            raise MalformedError(
                self._code,
                "Expected one of {names}.",
                field=self._prefix + name,
                names=", ".join(kind.__members__),
            )
        return kind[text]

    def signature(self) -> bytes:
        text = self._text("signature")
        try:
            signature = parse_hex(text)
        except MalformedError:
            signature = b""
        if not 0 < len(signature) <= MAX_SIGNATURE_BYTES:
            raise MalformedError(
                self._code,
                "Expected a signature in hex, of {limit} bytes at most.",
                field=self._prefix + "signature",
                limit=MAX_SIGNATURE_BYTES,
            )
        return signature


def parse_status(members: JSONObject) -> RelayStatusCall:
    """Read a studio's status order."""
    read = _Reader("not-an-order", members, "tokenId", "status", "studio", "nonce", "deadline", "signature")
    end = read.address("studio"), read.number("nonce"), read.number("deadline")
    return RelayStatusCall(StatusOrder(read.token_id(), read.choice("status", Status), *end), read.signature())


def parse_amendment(members: JSONObject) -> RelayAmendCall:
    """Read a studio's order to record a newer certificate."""
    read = _Reader("not-an-order", members, "tokenId", "digest", "studio", "nonce", "deadline", "signature")
    end = read.address("studio"), read.number("nonce"), read.number("deadline")
    return RelayAmendCall(AmendOrder(read.token_id(), read.digest("digest"), *end), read.signature())


def parse_holder_order(members: JSONObject) -> HolderOrderCall:
    """Read a holder's order."""
    read = _Reader("not-an-order", members, "action", "tokenId", "nonce", "deadline", "signature")
    action = read.choice("action", HolderAction)
    order = HolderOrder(action, read.token_id(), read.number("nonce"), read.number("deadline"))
    return HolderOrderCall(order, read.signature())


def parse_release(members: object) -> SignedRelease:
    """Read a holder's release."""
    read = _Reader("not-a-release", members, "tokenId", "claimKey", "nonce", "deadline", "signature")
    end = read.number("nonce"), read.number("deadline")
    return SignedRelease(Release(read.token_id(), read.address("claimKey"), *end), read.signature())


def parse_claim(members: JSONObject) -> SignedClaim:
    """Read a claim, with or without the release that it takes up: of that, deadline and signature."""
    names = "tokenId", "claimKey", "newHolder", "nonce", "deadline", "signature"
    given = ("release",) if "release" in members else ()
    read = _Reader("not-a-claim", members, *names, *given)
    token_id, nonce, claim_key = read.token_id(), read.number("nonce"), read.address("claimKey")
    claim = Claim(token_id, read.address("newHolder"), nonce, read.number("deadline"))
    release: SignedRelease | None = None
    if given:
        of_release = _Reader("not-a-claim", members["release"], "deadline", "signature", prefix="release")
        offer = Release(token_id, claim_key, nonce, of_release.number("deadline"))
        release = SignedRelease(offer, of_release.signature())
    return SignedClaim(claim, read.signature(), claim_key, release)
