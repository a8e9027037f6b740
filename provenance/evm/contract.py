"""One contract of the ledger's interface behind a node: its calls, its logs and its code."""

from __future__ import annotations

from typing import Any

from web3.providers.base import JSONBaseProvider

from provenance.encoding import Address
from provenance.errors import LedgerError
from provenance.evm.abi import bad_answer, interface
from provenance.evm.events import decode_event
from provenance.evm.node import Node, count, data, hash32, members, moment, quantity
from provenance.ledger import BlockRef, LedgerEvent


class Contract:
    """A ``PieceLedger`` at `address`; every method raises `LedgerError`."""

    def __init__(self, provider: JSONBaseProvider, address: Address) -> None:
        self.node = Node(provider)
        self.address = address
        self.abi = interface()

    def call(self, name: str, *values: object, at: object = "latest") -> tuple[Any, ...]:
        """Return what a function returns as of block `at`: a name, a number in hex, or an EIP-1898 object."""
        function = self.abi.functions[name]
        request = {"to": str(self.address), "data": "0x" + function.encode(*values).hex()}
        return function.decode(self.node.data("eth_call", request, at))

    def code(self, of: Address | None = None, at: str = "latest") -> bytes:
        """Return the deployed code of the contract, or of another address, as of block `at`."""
        return self.node.data("eth_getCode", str(of or self.address), at)

    def block(self, at: str) -> BlockRef:
        """Return a block by its number in hex or its name."""
        answer = self.node.request("eth_getBlockByNumber", at, False)
        if answer is None:
            raise LedgerError("unknown-block", "The node does not have the block asked for.", retryable=True)
        header = members(answer)
        return BlockRef(
            count(header.get("number")), hash32(header.get("hash")), moment(quantity(header.get("timestamp")))
        )

    def canonical(self, number: int) -> BlockRef:
        """Return the canonical block of that number."""
        found = self.block(hex(number))
        if found.number != number:
            raise bad_answer("another block than asked for")
        return found

    def logs(self, topics: list[Any], place: dict[str, str]) -> list[dict[str, Any]]:
        """Return the contract's logs of a place: a range of blocks, or one by its hash."""
        answer = self.node.request("eth_getLogs", {"address": str(self.address), "topics": topics, **place})
        if not isinstance(answer, list):
            raise bad_answer("the events are no list")
        logs = [members(log) for log in answer]
        if any(data(log.get("address"), 20) != self.address.value for log in logs):
            raise bad_answer("an event of another contract")
        return logs

    def event(self, log: dict[str, Any], blocks: dict[int, BlockRef]) -> LedgerEvent:
        """Return a log as an event of the port; `blocks` keeps those that were asked for."""
        number = quantity(log.get("blockNumber"))
        if number not in blocks:
            blocks[number] = self.canonical(number)
        if hash32(log.get("blockHash")) != blocks[number].hash:
            raise LedgerError("chain-moved", "The chain changed while it was read.", retryable=True)
        return decode_event(
            self.abi,
            topics_of(log),
            data(log.get("data")),
            block=blocks[number],
            log_index=count(log.get("logIndex")),
            transaction=hash32(log.get("transactionHash")),
        )


def topics_of(log: dict[str, Any]) -> list[bytes]:
    """Return a log's topics, of which there is one at least; raises `LedgerError`."""
    topics = log.get("topics")
    if not isinstance(topics, list) or not topics:
        raise bad_answer("an event without topics")
    return [data(topic, 32) for topic in topics]
