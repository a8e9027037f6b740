"""Who set the status of a piece: its newest event tells, since the contract's record does not."""

from __future__ import annotations

from provenance.errors import LedgerError
from provenance.evm.abi import bad_answer
from provenance.evm.contract import Contract
from provenance.ledger import BlockRef, ImportedPiece, PieceImported, StatusSet


def set_by_steward(contract: Contract, token_id: int, at: BlockRef) -> bool | None:
    """Tell whether a steward set the status that a piece has as of block `at`, ``None`` where nobody did.

    ``None`` too where the node looks at few blocks only.  Raises `LedgerError`.
    """
    kinds = ["0x" + contract.abi.topic(name).hex() for name in ("StatusSet", "PieceImported")]
    try:
        logs = contract.logs([kinds, f"0x{token_id:064x}"], {"fromBlock": "0x0", "toBlock": hex(at.number)})
    except LedgerError as error:
        if error.code == "node-refused":
            return None
        raise
    if not logs:
        return None
    last = contract.event(logs[-1], {})
    said = last.piece if isinstance(last, PieceImported) else last
    if not isinstance(said, StatusSet | ImportedPiece) or said.token_id != token_id:
        raise bad_answer("another event than asked for")
    if isinstance(said, ImportedPiece) and said.status_time is None:
        return None
    return said.by_steward
