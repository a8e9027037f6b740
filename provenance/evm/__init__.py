"""The chain adapter: the only package that imports web3, eth_account and py-evm.

Importing it costs nothing; its modules load what they need.  ``ledger`` implements the ledger port over JSON-RPC,
``embedded`` is a chain in this process, ``accounts`` holds secrets, ``typed_data`` builds every EIP-712 payload.
"""

from provenance.evm import late

late.put_off()
