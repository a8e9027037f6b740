"""Which deployment a node serves, and whether it is the pinned one."""

from __future__ import annotations

from provenance.encoding import Hash32
from provenance.errors import LedgerError, Wording
from provenance.evm.contract import Contract
from provenance.evm.node import hash32, members
from provenance.ledger import LedgerIdentity


def read_identity(contract: Contract) -> LedgerIdentity:
    """Read from a node which deployment it serves; raises `LedgerError` where there is no contract."""
    from eth_utils.crypto import keccak

    code = contract.code()
    if not code:
        raise LedgerError(
            "no-ledger",
            "There is no contract at {contract} on chain {chain}.",
            retryable=False,
            hint="Ask a node of the ledger's own chain, and compare the address. One that is behind, or of a "
            "test chain that was started anew, does not have it either.",
            contract=contract.address,
            chain=contract.node.quantity("eth_chainId"),
        )
    genesis = members(contract.node.request("eth_getBlockByNumber", "0x0", False))
    deployment = contract.call("deploymentId")[0]
    return LedgerIdentity(
        chain_id=contract.node.quantity("eth_chainId"),
        genesis=hash32(genesis.get("hash")),
        contract=contract.address,
        code_hash=Hash32(keccak(code)),
        deployment_id=Hash32(deployment),
    )


def compare(found: LedgerIdentity, expected: LedgerIdentity) -> None:
    """Raise `LedgerError`, not retryable, that names what differs between the deployment found and the pinned one."""
    for name, code, what in (
        ("chain_id", "wrong-chain-id", Wording("chain id")),
        ("genesis", "wrong-genesis", Wording("genesis block")),
        ("contract", "wrong-contract", Wording("contract")),
        ("code_hash", "wrong-code", Wording("contract code")),
        ("deployment_id", "wrong-deployment", Wording("deployment")),
    ):
        if getattr(found, name) != getattr(expected, name):
            raise LedgerError(
                code,
                "The node serves another {what} than the one that is pinned: {found} instead of {expected}.",
                retryable=False,
                hint="Ask a node of the pinned chain, or pin the right policy after comparing its words.",
                what=what,
                found=getattr(found, name),
                expected=getattr(expected, name),
            )
