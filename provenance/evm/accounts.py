"""Ethereum accounts: the only module that holds their secrets."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

from eth_account import Account as EthAccount
from eth_account.hdaccount import key_from_seed
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from rlp.codec import encode as encode_rlp

from provenance.application import Binding
from provenance.encoding import Address, Hash32
from provenance.errors import MalformedError, VerificationError
from provenance.evm import typed_data
from provenance.ledger import LedgerIdentity, LedgerMessage, SignedTransaction

STUDIO_PATH = "m/44'/60'/0'/0/0"
"""BIP-44 path of a studio's account: the one that wallets show first for the same phrase."""


class Account:
    """An account in memory."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account
        self._address = Address(bytes.fromhex(account.address[2:]))

    @classmethod
    def from_secret(cls, secret: bytes) -> Account:
        """Take the account of a 32-byte secret; raises `MalformedError`."""
        try:
            return cls(EthAccount.from_key(secret))
        except Exception:  # The libraries below raise many kinds, some of which quote the secret.
            raise MalformedError("bad-key", "An account's secret is 32 bytes within the order of its curve.") from None

    @classmethod
    def from_seed(cls, seed: bytes) -> Account:
        """Derive a studio's account from a BIP-39 seed (BIP-32, BIP-44)."""
        return cls.from_secret(key_from_seed(seed, STUDIO_PATH))

    @classmethod
    def generate(cls) -> tuple[Account, bytes]:
        """Make a new account; return it and its secret, which the caller must keep."""
        secret = secrets.token_bytes(32)
        return cls.from_secret(secret), secret

    @property
    def address(self) -> Address:
        """The account's address."""
        return self._address

    def __repr__(self) -> str:
        return f"Account({self._address})"

    def sign_transaction(self, fields: dict[str, Any]) -> SignedTransaction:
        """Sign an EIP-1559 transaction given by its fields."""
        signed = self._account.sign_transaction(fields)
        raw = bytes(signed.raw_transaction)
        return SignedTransaction(raw, Hash32(bytes(signed.hash)), self._address, int(fields["nonce"]))

    def sign_message(self, ledger: LedgerIdentity, message: LedgerMessage) -> bytes:
        """Return the 65-byte signature of an order, a release or a claim."""
        return self._sign(typed_data.ledger_message(ledger, message))

    def sign_binding(self, binding: Binding) -> bytes:
        """Return the 65-byte signature that binds this account to a certificate key."""
        return self._sign(typed_data.studio_binding(binding))

    def sign_order(self, order: str) -> bytes:
        """Return the 65-byte signature of an order for a registry, given by its canonical text."""
        return self._sign(typed_data.registry_order(order))

    def _sign(self, payload: dict[str, Any]) -> bytes:
        return bytes(self._account.sign_message(encode_typed_data(full_message=payload)).signature)


def read_address(text: str) -> Address:
    """Read an address that a person typed: in one case, or in the mixed case that holds a checksum (ERC-55).

    Raises `MalformedError`.
    """
    from eth_utils.address import is_checksum_address

    if not _ADDRESS.match(text):
        raise MalformedError("bad-address", "{text} is no address: 0x and 40 hexadecimal digits.", text=text)
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(text):
        raise MalformedError(
            "bad-address", "{text} is mistyped: its capital letters do not fit.", text=text,
            hint="Copy it again; or write it in small letters, if you are sure.",
        )  # fmt: skip
    return Address(bytes.fromhex(digits))


def account_of(seed: bytes) -> Address:
    """Return the address of the account that `Account.from_seed` derives."""
    return Account.from_seed(seed).address


def recover_binding(binding: Binding, signature: bytes) -> Address:
    """Return the address that signed a binding; raises `VerificationError` where none did."""
    return _recovered(typed_data.studio_binding(binding), signature)


def recover_order(order: str, signature: bytes) -> Address:
    """Return the address that signed an order for a registry; raises `VerificationError` where none did."""
    return _recovered(typed_data.registry_order(order), signature)


def _recovered(payload: dict[str, Any], signature: bytes) -> Address:
    message = encode_typed_data(full_message=payload)
    if len(signature) != 65 or int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise VerificationError("bad-signature", "The account's signature is malformed.")
    try:
        recovered = EthAccount.recover_message(message, signature=signature)
    except Exception:  # Any failure below means the same: no account signed this.
        raise VerificationError("bad-signature", "The account's signature is malformed.") from None
    return Address(bytes.fromhex(recovered[2:]))


def message_digest(ledger: LedgerIdentity, message: LedgerMessage) -> bytes:
    """Return the 32 bytes that are signed of a message (EIP-712)."""
    encoded = encode_typed_data(full_message=typed_data.ledger_message(ledger, message))
    return bytes(keccak(b"\x19" + encoded.version + encoded.header + encoded.body))


def is_signed_by(signer: Address, ledger: LedgerIdentity, message: LedgerMessage, signature: bytes) -> bool:
    """Tell whether `signature` of a message for `ledger` is by the key of `signer`, in the one form that counts.

    Contracts (ERC-1271) and passkeys sign otherwise: only the ledger can tell.
    """
    if len(signature) != 65 or int.from_bytes(signature[32:64], "big") > _HALF_ORDER or signature[64] not in (27, 28):
        return False
    payload = encode_typed_data(full_message=typed_data.ledger_message(ledger, message))
    try:
        recovered = EthAccount.recover_message(payload, signature=signature)
    except Exception:  # Any failure below means the same: no account signed this.
        return False
    return Address(bytes.fromhex(recovered[2:])) == signer


def recipient_of(raw: bytes) -> Address | None:
    """Return whom a signed EIP-1559 transaction is addressed to; ``None`` where it creates a contract or is none."""
    try:
        to = TypedTransaction.from_bytes(HexBytes(raw)).as_dict().get("to")
        return Address(bytes(to)) if to else None
    except Exception:  # RLP and type errors of several libraries: the bytes are no transaction.
        return None


def transaction_fields(raw: bytes) -> dict[str, Any]:
    """Return what was signed of an EIP-1559 transaction, ready to be signed again; raises `MalformedError`."""
    try:
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    except Exception:  # RLP and type errors of several libraries: the bytes are no transaction.
        raise MalformedError("bad-transaction", "These bytes are no signed transaction.") from None
    return {name: value for name, value in fields.items() if name not in ("v", "r", "s")}


def sender_and_number(raw: bytes) -> tuple[Address, int]:
    """Return who signed a transaction, and as which of theirs; raises `MalformedError`."""
    number = int(transaction_fields(raw)["nonce"])
    try:
        return Address(bytes.fromhex(EthAccount.recover_transaction(HexBytes(raw))[2:])), number
    except Exception:  # Any failure below means the same: no account signed this.
        raise MalformedError("bad-transaction", "These bytes are no signed transaction.") from None


@dataclass(frozen=True, slots=True)
class Creation:
    """A signed transaction that creates a contract: by whom, as which of its transactions, and the code with its data.

    `contract` is the address that the contract gets, whoever mines it (Yellow Paper, section 7).
    """

    sender: Address
    nonce: int
    chain_id: int
    code: bytes
    contract: Address


def read_creation(raw: bytes) -> Creation:
    """Read a signed EIP-1559 transaction that creates a contract; raises `MalformedError` where it is none."""
    try:
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        sender = bytes.fromhex(EthAccount.recover_transaction(HexBytes(raw))[2:])
        nonce, chain_id, code = int(fields["nonce"]), int(fields["chainId"]), bytes(HexBytes(fields["data"]))
        created = not fields.get("to")
    except Exception:  # RLP and type errors of several libraries: the bytes are no transaction.
        created = False
    if not created:
        raise MalformedError("not-a-deployment", "These bytes are no signed transaction that creates a contract.")
    contract = keccak(encode_rlp([sender, nonce]))[12:]  # type: ignore[no-untyped-call]
    return Creation(Address(sender), nonce, chain_id, code, Address(contract))


_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_HALF_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 // 2
