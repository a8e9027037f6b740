"""The rules of the embedded chain: Prague's, with receipts that are made quickly.

An anchor has a log for each piece, and all of them have address, event and parties in common.  py-evm hashes each of
those into the receipt's bloom filter once a log, which takes longer than running the contract; here every value is
hashed once.  The filter is the same to the bit.
"""

from __future__ import annotations

from itertools import chain

from eth.abc import BlockHeaderAPI, ComputationAPI, ReceiptAPI, SignedTransactionAPI, StateAPI
from eth.rlp.logs import Log
from eth.rlp.receipts import Receipt
from eth.vm.forks.byzantium.constants import (
    EIP658_TRANSACTION_STATUS_CODE_FAILURE as FAILED,
)
from eth.vm.forks.byzantium.constants import (
    EIP658_TRANSACTION_STATUS_CODE_SUCCESS as SUCCEEDED,
)
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.receipts import PragueTypedReceipt
from eth_bloom.bloom import BloomFilter


class EmbeddedVM(PragueVM):
    """Prague's virtual machine."""

    @classmethod
    def make_receipt(
        cls,
        base_header: BlockHeaderAPI,
        transaction: SignedTransactionAPI,
        computation: ComputationAPI,
        state: StateAPI,
    ) -> ReceiptAPI:
        """Return the receipt of a transaction that was run."""
        logs = [Log(*entry) for entry in computation.get_log_entries()]
        gas_used = base_header.gas_used + cls.finalize_gas_used(transaction, computation)
        bloom = int(BloomFilter.from_iterable(set(chain.from_iterable(log.bloomables for log in logs))))
        receipt = Receipt(FAILED if computation.is_error else SUCCEEDED, gas_used, logs, bloom)
        return receipt if transaction.type_id is None else PragueTypedReceipt(transaction.type_id, receipt)
