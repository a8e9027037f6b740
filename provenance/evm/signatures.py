"""Asking the contract ``Signatures`` that a ledger stands on, for contracts and passkeys sign in ways of their own."""

from __future__ import annotations

from eth_utils.crypto import keccak

from provenance.encoding import Address
from provenance.errors import LedgerError
from provenance.evm.abi import Function
from provenance.evm.node import Node
from provenance.ledger import BlockRef

MAX_SIGNATURE_GAS = 600_000
"""Gas of asking: a passkey takes 390,000 where the chain has no precompile for P-256."""

_IS_SIGNED_BY = Function(
    keccak(text="isSignedBy(address,bytes32,bytes)")[:4], ("address", "bytes32", "bytes"), ("bool",)
)


def ask_who_signed(
    node: Node, signatures: Address, signer: Address, digest: bytes, signature: bytes, at: BlockRef
) -> bool:
    """Tell whether `signature` of `digest` counts as `signer`'s as of block `at`; raises `LedgerError`.

    A contract that does not answer within `MAX_SIGNATURE_GAS` has not signed.
    """
    calldata = _IS_SIGNED_BY.encode(str(signer), digest, signature)
    request = {"to": str(signatures), "data": "0x" + calldata.hex(), "gas": hex(MAX_SIGNATURE_GAS)}
    try:
        answer = node.data("eth_call", request, {"blockHash": str(at.hash)})
    except LedgerError as error:
        if error.code in ("ledger-refused", "out-of-gas"):
            return False
        raise
    return bool(_IS_SIGNED_BY.decode(answer)[0])
