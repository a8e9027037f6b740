"""Seals block after block and says which are durable, until it is killed: ``sealing_child.py PATH SECRET``."""

from __future__ import annotations

import sys
from pathlib import Path

from provenance.evm.accounts import Account
from provenance.evm.embedded import CHAIN_ID, EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedRPC


def main() -> None:
    account = Account.from_secret(bytes.fromhex(sys.argv[2]))
    now = [0]
    chain = EmbeddedChain(Path(sys.argv[1]), clock=lambda: now[0])
    now[0] = chain.head.timestamp
    rpc = EmbeddedRPC(chain)
    nonce = int(rpc.request("eth_getTransactionCount", [str(account.address), "latest"]), 16)
    while True:
        fields = {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": account.address.value, "value": 1}
        prices = {"gas": 1_000_000, "maxFeePerGas": 1_000, "maxPriorityFeePerGas": 1, "data": bytes(16_384)}
        chain.add(account.sign_transaction({**fields, **prices}).raw)
        now[0] += 1
        chain.seal()
        nonce += 1
        print(nonce, flush=True)


main()
