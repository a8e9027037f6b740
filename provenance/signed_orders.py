"""Orders that a registry takes: from a studio by its certificate key, from a steward by their Ethereum account.

Both sign the canonical bytes (RFC 8785) of what is asked for, which names the registry and the time.  The account signs
them as EIP-712 typed data, which ``provenance.evm`` makes, so that a wallet shows the order before it signs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar

from provenance.canonical import JSONObject, canonicalize, parse_canonical
from provenance.encoding import Address, from_base64url, parse_hex, to_base64url
from provenance.errors import ConfigurationError, MalformedError
from provenance.keys import PublicKey, Signer
from provenance.signing import checked
from provenance.tag import check_base_url

RecoverOrder: TypeAlias = Callable[[str, bytes], Address]
"""Gives the address whose account signed the canonical text of an order; raises `VerificationError`."""


class Order(Protocol):
    """Something that is signed."""

    LIMIT: ClassVar[int]

    @classmethod
    def from_json(cls, members: JSONObject) -> Self:
        """Read the JSON form; raises `MalformedError`, or makes an order whose own form is another."""

    def to_json(self) -> JSONObject:
        """Return the JSON form."""

    @staticmethod
    def refusal(field: str) -> MalformedError:
        """Return the error for what is no such order."""


O = TypeVar("O", bound=Order)  # noqa: E741


@dataclass(frozen=True, slots=True)
class SignedOrder(Generic[O]):
    """An order with the certificate key that signed its canonical bytes."""

    order: O
    public_key: PublicKey
    signature: bytes

    @classmethod
    def sign(cls, order: O, signer: Signer) -> SignedOrder[O]:
        """Return the order signed; raises `KeystoreError`."""
        signer = checked(signer)
        return cls(order, signer.public_key, signer.sign(canonicalize(order.to_json())))

    def check_signature(self) -> None:
        """Return if the key named signed it; raise `VerificationError` otherwise."""
        self.public_key.verify(self.signature, canonicalize(self.order.to_json()))

    def to_bytes(self) -> bytes:
        """Return the bytes that are sent."""
        members = self.order.to_json()
        members["publicKey"] = self.public_key.multikey
        members["signature"] = to_base64url(self.signature)
        return canonicalize(members)

    @classmethod
    def from_bytes(cls, kind: type[O], data: bytes) -> SignedOrder[O]:
        """Read what `to_bytes` writes of an order of that kind; raises `MalformedError`."""
        members = parse_canonical(data, limit=kind.LIMIT)
        order, key = kind.from_json(members), PublicKey.parse(members.get("publicKey"))
        signed = cls(order, key, from_base64url(text_of(members, "signature")))
        if signed.to_bytes() != data:  # Other members, another type or version: not ours.
            raise kind.refusal("type")
        return signed


@dataclass(frozen=True, slots=True)
class AccountOrder(Generic[O]):
    """An order with an account's signature of its canonical text, from which the account follows."""

    order: O
    signature: bytes

    @classmethod
    def sign(cls, order: O, sign: Callable[[str], bytes]) -> AccountOrder[O]:
        """Return the order signed by the account behind `sign`."""
        return cls(order, sign(canonicalize(order.to_json()).decode()))

    def signatory(self, recover: RecoverOrder) -> Address:
        """Return whose account signed it; raises `VerificationError`."""
        return recover(canonicalize(self.order.to_json()).decode(), self.signature)

    def to_bytes(self) -> bytes:
        """Return the bytes that are sent."""
        members = self.order.to_json()
        members["accountSignature"] = "0x" + self.signature.hex()
        return canonicalize(members)

    @classmethod
    def from_bytes(cls, kind: type[O], data: bytes) -> AccountOrder[O]:
        """Read what `to_bytes` writes of an order of that kind; raises `MalformedError`."""
        members = parse_canonical(data, limit=kind.LIMIT)
        signed = cls(kind.from_json(members), parse_hex(members.get("accountSignature")))
        if signed.to_bytes() != data:
            raise kind.refusal("type")
        return signed


def is_by_account(data: bytes) -> bool:
    """Tell whether bytes that may be an order claim to be an account's; nothing else of them is looked at."""
    return b'"accountSignature":' in data


def text_of(members: JSONObject, name: str) -> str:
    """Return a text of an order, or an empty one."""
    value = members.get(name)
    return value if isinstance(value, str) else ""


def registry_of(members: JSONObject) -> str:
    """Return the address of the registry that an order names; raises `MalformedError`."""
    try:
        return check_base_url(text_of(members, "registry"))
    except ConfigurationError as error:
        raise MalformedError.like(error, field="registry") from None
