"""Moves a ledger and says so, until it is killed or done: ``moving_child.py CHAIN URL OLD NEW SECRET FINAL``."""

from __future__ import annotations

import sys
from pathlib import Path

from provenance.encoding import Address
from provenance.evm.accounts import Account
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider, Node
from provenance.succession import resume


def main() -> None:
    path, url, old_contract, new_contract, secret, number = sys.argv[1:]
    chain = EmbeddedChain(Path(path))
    old = EVMLedger(EmbeddedProvider(chain), Address.parse(old_contract))
    provider = BoundedHTTPProvider(url)
    new = EVMLedger(provider, Address.parse(new_contract), importing=True)
    importer, final = Account.from_secret(bytes.fromhex(secret)), old.block(int(number))
    print("ready", flush=True)
    while new.waiting(importer.address):
        Node(provider).request("evm_mine")
    for call in resume(old, final, new):
        transaction = new.prepare(call, importer, new.next_nonce(importer.address))
        new.send(transaction)
        print("sent", flush=True)
        Node(provider).request("evm_mine")
        outcome = new.outcome(transaction.hash)
        if outcome is None or not outcome.succeeded:
            raise SystemExit(f"{type(call).__name__}: {outcome}")
        print("mined", flush=True)
    chain.close()


main()
