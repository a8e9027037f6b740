"""JSON-RPC over the embedded chain: what web3, wallets and phones need, and no more.

Parameters come from anywhere: whatever is wrong with them becomes a JSON-RPC error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from eth.abc import BlockHeaderAPI
from eth.exceptions import HeaderNotFound, OutOfGas
from eth.vm.spoof import SpoofTransaction
from eth_utils.exceptions import ValidationError
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from provenance.errors import LedgerError
from provenance.evm.embedded import CHAIN_ID, TRANSACTION_GAS, EmbeddedChain
from provenance.evm.free_state import FreeState

CALL_GAS = TRANSACTION_GAS
MAX_LOGS = 20_000
"""Logs in one answer: two of the largest anchors.  A single block, whose gas bounds it, is answered whole."""
MAX_SCANNED = 100_000
"""Logs looked at for one answer: a tenth of a second under the chain's lock."""
MAX_DATA = 131_072
"""Bytes of calldata (geth's limit of a transaction)."""


class RPCError(Exception):
    """An error to be answered as JSON-RPC 2.0 says; `data` is revert data."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def to_json(self) -> dict[str, Any]:
        """Return the ``error`` member."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        return error if self.data is None else {**error, "data": self.data}


class EmbeddedRPC:
    """Answers JSON-RPC methods from an `EmbeddedChain`."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain, self._free = chain, FreeState(chain)
        self._last_receipt: tuple[bytes, dict[str, Any]] | None = None
        self._methods: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: "Kilnmark/embedded",
            "net_version": lambda: str(CHAIN_ID),
            "eth_chainId": lambda: hex(CHAIN_ID),
            "eth_syncing": lambda: False,
            "eth_accounts": list,
            "eth_blockNumber": lambda: hex(self._chain.head.block_number),
            "eth_gasPrice": lambda: hex(2 * (self._chain.head.base_fee_per_gas or 0) + 1),
            "eth_maxPriorityFeePerGas": lambda: "0x1",
            "eth_feeHistory": self._fee_history,
            "eth_getBlockByNumber": self._block,
            "eth_getBlockByHash": lambda value, full=False: self._block({"blockHash": value}, full),
            "eth_getBalance": lambda account, at="latest": hex(self._state(at).get_balance(_address(account))),
            "eth_getCode": lambda account, at="latest": _hex(self._state(at).get_code(_address(account))),
            "eth_getTransactionCount": self._nonce,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate,
            "eth_getLogs": self._logs,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getTransactionByHash": self._transaction,
            "eth_sendRawTransaction": self._send,
        }

    def request(self, method: str, params: Sequence[Any]) -> Any:
        """Return the result of a method; raises `RPCError`."""
        handler = self._methods.get(method)
        if handler is None:
            raise RPCError(-32601, "the method does not exist here")
        with self._chain.lock:
            try:
                return handler(*params)
            except (TypeError, ValueError, KeyError, OverflowError, AttributeError, ValidationError):
                raise RPCError(-32602, "invalid params") from None
            except LedgerError as error:
                raise RPCError(-32000, error.message) from None

    def _header(self, at: Any) -> BlockHeaderAPI:
        chain = self._chain.chain
        try:
            if isinstance(at, dict):  # EIP-1898
                if "blockHash" in at:
                    header = chain.get_block_header_by_hash(_bytes(at["blockHash"], 32))  # type: ignore[arg-type]
                    if chain.get_canonical_block_hash(header.block_number) != header.hash:
                        raise RPCError(-32000, "the block is not canonical")
                    return header
                at = at["blockNumber"]
            if at in ("latest", "pending", "safe", "finalized"):
                return self._chain.head
            number = 0 if at == "earliest" else _integer(at)
            return chain.get_canonical_block_header_by_number(number)  # type: ignore[arg-type]
        except HeaderNotFound:
            raise RPCError(-32000, "header not found") from None

    def _state(self, at: Any) -> Any:
        return self._chain.chain.get_vm(self._header(at)).state

    def _block(self, at: Any, full: bool = False) -> dict[str, Any] | None:
        try:
            header = self._header(at)
        except RPCError:
            return None
        query = "SELECT hash FROM transactions WHERE block = ? ORDER BY position"
        hashes = self._chain.store.connection.execute(query, (header.block_number,)).fetchall()
        transactions = [_hex(row[0]) for row in hashes]
        return {
            "number": hex(header.block_number),
            "hash": _hex(header.hash),
            "parentHash": _hex(header.parent_hash),
            "nonce": _hex(header.nonce),
            "mixHash": _hex(header.mix_hash),
            "sha3Uncles": _hex(header.uncles_hash),
            "logsBloom": _hex(header.bloom.to_bytes(256, "big")),
            "transactionsRoot": _hex(header.transaction_root),
            "stateRoot": _hex(header.state_root),
            "receiptsRoot": _hex(header.receipt_root),
            "miner": _hex(header.coinbase),
            "difficulty": hex(header.difficulty),
            "extraData": _hex(header.extra_data),
            "size": "0x0",
            "gasLimit": hex(header.gas_limit),
            "gasUsed": hex(header.gas_used),
            "timestamp": hex(header.timestamp),
            "baseFeePerGas": hex(header.base_fee_per_gas or 0),
            "transactions": [self._transaction(value) for value in transactions] if full else transactions,
            "uncles": [],
        }

    def _fee_history(self, count: Any, newest: Any, percentiles: Sequence[Any] = ()) -> dict[str, Any]:
        header = self._header(newest)
        blocks = max(1, min(_integer(count), header.block_number + 1, 128))
        first = header.block_number - blocks + 1
        headers = [self._header(hex(number)) for number in range(first, header.block_number + 1)]
        fees = [hex(item.base_fee_per_gas or 0) for item in headers]
        return {
            "oldestBlock": hex(first),
            "baseFeePerGas": [*fees, fees[-1]],
            "gasUsedRatio": [item.gas_used / item.gas_limit for item in headers],
            "reward": [["0x1"] * min(len(percentiles), 16)] * blocks,
        }

    def _nonce(self, account: Any, at: Any = "latest") -> str:
        address = _address(account)
        nonce: int = self._state(at).get_nonce(address)
        if at == "pending":
            nonce += sum(1 for item in self._chain.pending.values() if item.sender == address)
        return hex(nonce)

    def _next_header(self) -> BlockHeaderAPI:
        """Return the head of the block that would be sealed now: what is sent lands there, after an idle month too."""
        head = self._chain.head
        header = self._chain.chain.create_header_from_parent(head)
        return header.copy(timestamp=max(int(self._chain.clock()), head.timestamp + 1))

    def _run(self, call: Any, header: BlockHeaderAPI) -> Any:
        data = _bytes(call.get("data", call.get("input", "0x")), None)
        if len(data) > MAX_DATA:
            raise RPCError(-32602, "calldata is too long")
        gas = min(_integer(call.get("gas", hex(CALL_GAS))), CALL_GAS)
        to: Any = _address(call["to"]) if call.get("to") else b""
        value = _integer(call.get("value", "0x0"))
        sender = _address(call.get("from", "0x" + "00" * 20))
        with self._free.after(header) as state:
            unsigned = self._chain.chain.create_unsigned_transaction(
                nonce=state.get_nonce(sender),
                gas_price=0,
                gas=gas,
                to=to,
                value=value,
                data=data,
            )
            if unsigned.intrinsic_gas > gas:
                raise RPCError(-32000, "intrinsic gas too low")
            call_from: Any = SpoofTransaction(unsigned, from_=sender)
            computation = state.costless_execute_transaction(call_from)
        if computation.is_error:
            if isinstance(computation.error, OutOfGas):
                raise RPCError(-32000, "out of gas")
            output = bytes(computation.output)
            raise RPCError(3, "execution reverted", _hex(output))
        return computation, unsigned

    def _call(self, call: Any, at: Any = "latest") -> str:
        computation, _ = self._run(call, self._next_header() if at == "pending" else self._header(at))
        return _hex(bytes(computation.output))

    def _estimate(self, call: Any, at: Any = "latest") -> str:
        # One run with all the gas there is; the margin covers the 1/64 that inner calls hold back (EIP-150).
        header = self._next_header() if at in ("latest", "pending") else self._header(at)
        computation, unsigned = self._run(call, header)
        used = unsigned.intrinsic_gas + computation.get_gas_used() + computation.get_gas_refund()
        zeros = unsigned.data.count(0)
        floor = 21_000 + 10 * (zeros + 4 * (len(unsigned.data) - zeros))  # EIP-7623
        used = max(used, floor)
        return hex(min(used + used // 50 + 2_500, CALL_GAS))

    def _logs(self, query: Any) -> list[dict[str, Any]]:
        if "blockHash" in query:
            first = last = int(self._header({"blockHash": query["blockHash"]}).block_number)
        else:
            first = int(self._header(query.get("fromBlock", "latest")).block_number)
            last = _last_block(query.get("toBlock", "latest"), self._chain.head.block_number)
        wanted: list[list[bytes] | None] = []
        for topic in query.get("topics") or ():
            options = topic if isinstance(topic, list) else [topic]
            wanted.append(None if topic is None else [_bytes(option, 32) for option in options])
        sql, values = "SELECT * FROM logs WHERE block BETWEEN ? AND ?", list[Any]([first, last])
        if wanted and wanted[0]:
            sql += f" AND topic0 IN ({','.join('?' * len(wanted[0]))})"
            values += wanted[0]
        addresses = query.get("address")
        if addresses:
            listed = [_address(item) for item in (addresses if isinstance(addresses, list) else [addresses])]
            sql += f" AND address IN ({','.join('?' * len(listed))})"
            values += listed
        database = self._chain.store.connection
        few = f"SELECT count(*) FROM ({sql} LIMIT {MAX_SCANNED + 1})"  # noqa: S608 - no text from outside
        if database.execute(few, values).fetchone()[0] > MAX_SCANNED:
            raise RPCError(-32005, "too many logs: ask for fewer blocks")
        found: list[Any] = []
        for row in database.execute(sql + " ORDER BY block, log_index", values):
            if len(found) >= MAX_LOGS and first < last:
                raise RPCError(-32005, "too many logs: ask for fewer blocks")
            topics = _topics(row[6])
            if all(
                options is None or (place < len(topics) and topics[place] in options)
                for place, options in enumerate(wanted)
            ):
                found.append(row)
        return self._told(found)

    def _told(self, rows: Iterable[Any]) -> list[dict[str, Any]]:
        """Return logs as JSON-RPC tells them; what those of a transaction share is put together once: there are
        thousands."""
        told = list[dict[str, Any]]()
        shared, of = dict[str, Any](), None
        for block, log_index, transaction_hash, position, address, _, topics, data in rows:
            if transaction_hash != of:
                header, of = self._header(hex(block)), transaction_hash
                shared = {
                    "blockNumber": hex(block),
                    "blockHash": _hex(header.hash),
                    "blockTimestamp": hex(header.timestamp),
                    "transactionHash": _hex(transaction_hash),
                    "transactionIndex": hex(position),
                    "removed": False,
                }
            told.append(
                {
                    **shared,
                    "address": _hex(address),
                    "topics": [_hex(topic) for topic in _topics(topics)],
                    "data": _hex(data),
                    "logIndex": hex(log_index),
                }
            )
        return told

    def _mined(self, value: Any) -> Any:
        query = "SELECT * FROM transactions WHERE hash = ?"
        return self._chain.store.connection.execute(query, (_bytes(value, 32),)).fetchone()

    def _receipt(self, value: Any) -> dict[str, Any] | None:
        row = self._mined(value)
        if row is None:
            return None
        if self._last_receipt is None or self._last_receipt[0] != row[0]:  # What is sealed stays as it is.
            self._last_receipt = row[0], self._receipt_of(row)
        return self._last_receipt[1]

    def _receipt_of(self, row: Any) -> dict[str, Any]:
        transaction_hash, block, position, sender, status, gas_used, price, created, output = row
        header = self._header(hex(block))
        query = "SELECT * FROM logs WHERE block = ? AND position = ? ORDER BY log_index"
        logs = self._told(self._chain.store.connection.execute(query, (block, position)))
        query = "SELECT sum(gas_used) FROM transactions WHERE block = ? AND position <= ?"
        total = self._chain.store.connection.execute(query, (block, position)).fetchone()[0]
        transaction = self._chain.chain.get_canonical_transaction(transaction_hash)
        receipt = {
            "transactionHash": _hex(transaction_hash),
            "transactionIndex": hex(position),
            "blockNumber": hex(block),
            "blockHash": _hex(header.hash),
            "from": _hex(sender),
            "to": _hex(transaction.to) if transaction.to else None,
            "contractAddress": None if created is None else _hex(created),
            "status": hex(status),
            "gasUsed": hex(gas_used),
            "cumulativeGasUsed": hex(total),
            "effectiveGasPrice": hex(price),
            "type": "0x2",
            "logs": logs,
            "logsBloom": _hex(bytes(256)) if not logs else _hex(header.bloom.to_bytes(256, "big")),
        }
        return receipt if status else {**receipt, "revertReason": _hex(output)}

    def _transaction(self, value: Any) -> dict[str, Any] | None:
        row = self._mined(value)
        pending = self._chain.pending.get(_bytes(value, 32))
        transaction = pending if row is None else self._chain.chain.get_canonical_transaction(row[0])
        if transaction is None:
            return None
        return {
            "hash": _hex(transaction.hash),
            "nonce": hex(transaction.nonce),
            "from": _hex(transaction.sender),
            "to": _hex(transaction.to) if transaction.to else None,
            "value": hex(transaction.value),
            "gas": hex(transaction.gas),
            "maxFeePerGas": hex(transaction.max_fee_per_gas),
            "maxPriorityFeePerGas": hex(transaction.max_priority_fee_per_gas),
            "gasPrice": hex(transaction.max_fee_per_gas if row is None else row[6]),
            "input": _hex(transaction.data),
            "chainId": hex(CHAIN_ID),
            "type": "0x2",
            "accessList": [],
            "v": hex(transaction.y_parity),
            "r": hex(transaction.r),
            "s": hex(transaction.s),
            "blockNumber": None if row is None else hex(row[1]),
            "blockHash": None if row is None else _hex(self._header(hex(row[1])).hash),
            "transactionIndex": None if row is None else hex(row[2]),
        }

    def _send(self, raw: Any) -> str:
        data = _bytes(raw, None)
        if len(data) > MAX_DATA + 1_024:
            raise RPCError(-32602, "the transaction is too long")
        if data[:1] != b"\x02":
            raise RPCError(-32000, "only EIP-1559 transactions are accepted")
        return _hex(self._chain.add(data))


class EmbeddedProvider(JSONBaseProvider):
    """A web3 provider over the embedded chain; no bytes leave the process."""

    def __init__(self, chain: EmbeddedChain) -> None:
        super().__init__()
        self._rpc = EmbeddedRPC(chain)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Answer one request."""
        try:
            return {"jsonrpc": "2.0", "id": 1, "result": self._rpc.request(method, params)}
        except RPCError as error:
            return {"jsonrpc": "2.0", "id": 1, "error": error.to_json()}  # type: ignore[typeddict-item]


def _topics(joined: bytes) -> list[bytes]:
    return [joined[start : start + 32] for start in range(0, len(joined), 32)]


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(text: Any, length: int | None) -> bytes:
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError("not hex")
    data = bytes.fromhex(text[2:])
    if length is not None and len(data) != length:
        raise ValueError("wrong length")
    return data


def _address(text: Any) -> Any:
    return _bytes(text, 20)


def _integer(text: Any) -> int:
    if isinstance(text, str) and text.startswith("0x") and len(text) <= 66:
        return int(text, 16)
    raise ValueError("not a quantity")


def _last_block(text: Any, head: int) -> int:
    return head if text in ("latest", "pending", "safe", "finalized") else min(_integer(text), head)
