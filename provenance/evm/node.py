"""Asking a node: one JSON-RPC request at a time over any web3 provider, its answers treated as hostile.

An answer of the wrong type or length is an error of the node's, never ours; one that is too long is not read to its
end.  Whether to ask again is told by `LedgerError.retryable`.
"""

from __future__ import annotations

import itertools
import re
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

import httpx
import msgspec
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from provenance.canonical import load
from provenance.deadlines import DeadlineTransport
from provenance.encoding import Address, Hash32
from provenance.errors import LedgerError, MalformedError, Wording
from provenance.evm.abi import bad_answer, interface

Provider: TypeAlias = JSONBaseProvider
"""Any web3 provider."""

MAX_ANSWER = 16 * 2**20
"""Bytes of one answer: the receipt of the largest anchor takes 5 MB."""
MAX_PARTS = 500_000
"""Members and elements of one answer: an event has 16 in 700 bytes, and each takes memory however short it is."""
TIMEOUT = 20.0
"""Seconds for one answer; estimating an anchor takes up to one."""
DEADLINE = 60.0
"""Seconds for reading one answer to its end, however steadily it drips."""
ATTEMPTS = 3
"""How often a question is sent whose connection ends before the answer does."""
QUICKLY = 2.0
"""Seconds in which it must have ended: who keeps one waiting and then hangs up is not asked again."""

_TOO_MUCH = "out of gas", "gas required exceeds", "gas limit", "oversized data", "intrinsic gas", "requires at least"
"""Words of nodes for a transaction that needs more gas than it may have: geth, anvil, Hardhat."""
_LAST_SECOND = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
_MOST = 2**53
"""No chain counts to this, and everything that keeps numbers can keep what is below."""
_DATA = re.compile(r"0x(?:[0-9a-f]{2})*\Z")
_QUANTITY = re.compile(r"0x(?:0|[1-9a-f][0-9a-f]{0,63})\Z")

_ADVICE = {
    "AccessControlEnforcedDefaultAdminDelay": Wording("The proposed admin has to wait until then, and accept anew."),
    "AccessControlInvalidDefaultAdmin": Wording(
        "Nobody else can accept: only the account that the present admin proposed, and never the zero address."
    ),
    "AccessControlUnauthorizedAccount": Wording("The account has not the role for this: use the right key file."),
    "DidTaken": Wording("Another studio is accredited under this address: choose another short name."),
    "HeldByItsStudio": Wording(
        "The studio itself holds the piece: if its account is lost, give it another with `kilnmark ledger controller`."
    ),
    "HeldBySteward": Wording("The guild has put the piece on hold: only the guild can lift it."),
    "InvalidClaimSignature": Wording("The code does not fit the release: type it again, or ask for a new release."),
    "InvalidHolderSignature": Wording("Whoever holds the piece now did not sign the release: ask them for another."),
    "InvalidOrderSignature": Wording(
        "Only the account named there signs for the studio: use the keystore that has it. A new one counts seven days "
        "after `kilnmark ledger controller`."
    ),
    "KeyAlreadyAdded": Wording(
        "A key is added once, and one that has ended stays ended: the studio takes the next with `kilnmark key rotate`."
    ),
    "NoRecovery": Wording(
        "No recovery of the piece is under way: it was vetoed or executed, the piece changed hands, or it was never "
        "proposed. A steward proposes one with `kilnmark ledger recover`."
    ),
    "NotSealed": Wording("The ledger still takes over its predecessor's records."),
    "NotTheHolder": Wording("Only the holder of the piece may do this."),
    "NotTheStudio": Wording("Only the studio that registered the piece may do this."),
    "OrderExpired": Wording("The time in which the signature counted is over: sign again."),
    "PieceIsLost": Wording("The piece is reported lost: whoever reported it, or the guild, must take that back first."),
    "PieceIsNotLost": Wording("Nobody has reported the piece lost, or the report was ended already: nothing to do."),
    "RecoveryTooEarly": Wording("Its holder can still veto: execute it after that time."),
    "StatusIsFinal": Wording("What is revoked stays revoked."),
    "StudioIsSuspended": Wording("The studio is suspended: ask the guild."),
    "StudioNotInGoodStanding": Wording("The studio is suspended, or not accredited as a maker: ask the guild."),
    "SuccessorKnown": Wording(
        "A successor is named once and for ever: `kilnmark ledger verify` shows which it is. To go on from there, "
        "move that ledger."
    ),
    "SuspensionUnchanged": Wording(
        "The studio stands so already: `kilnmark ledger audit` shows how each studio stands. Nothing is to do."
    ),
    "UnknownKey": Wording("The studio has no such key: `kilnmark ledger audit` lists all."),
    "UnknownStudio": Wording("The guild has not accredited this studio: `kilnmark ledger audit` lists all."),
    "UnknownToken": Wording("The ledger has no such piece: check the number, and that it is this ledger's."),
    "WindowNotShorter": Wording(
        "The key ends then or earlier already, and an end is never put off: `kilnmark ledger audit` shows it. Name an "
        "earlier time, or leave it."
    ),
    "WrongOrderNonce": Wording("Another order came first: run the command again."),
    "WrongPieceNonce": Wording(
        "The piece has changed since this was signed: its holder must sign again. A recipient asks for a new release."
    ),
}
"""What to do where the contract refuses, by the name of its error."""


class BoundedHTTPProvider(JSONBaseProvider):
    """A web3 provider over HTTP that reads no more than `MAX_ANSWER` bytes and follows no redirect."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self._client = httpx.Client(
            timeout=TIMEOUT, follow_redirects=False, trust_env=False, transport=DeadlineTransport()
        )
        self._ids = itertools.count(1)
        weakref.finalize(self, self._client.close)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Send one request; raises `LedgerError`.

        Where a connection ends without an answer it is sent again at once, up to `ATTEMPTS` times in all: kept
        connections end at any time.  Only a transaction is not: whether to send that again is for the sender to say.
        """
        number = next(self._ids)
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        last = 1 if method == "eth_sendRawTransaction" else ATTEMPTS
        began = time.monotonic()
        for attempt in range(1, last + 1):
            try:
                data = self._post(body)
                break
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # The last for names that are no host's.
                ended = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError)
                if not ended or attempt == last or time.monotonic() - began > QUICKLY:
                    raise LedgerError(
                        "node-unreachable",
                        "The node did not answer.",
                        retryable=True,
                        hint="Check its address and the network.",
                    ) from None
        if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_PARTS:
            raise bad_answer("it has too many parts")
        try:
            answer = load(data)
        except MalformedError:
            raise bad_answer("it is not JSON") from None
        if not isinstance(answer, dict) or answer.get("id") != number:
            raise bad_answer("it answers another request")
        return answer  # type: ignore[return-value]

    def _post(self, body: bytes) -> bytes:
        """Return what comes back; raises `LedgerError`, and what httpx raises where nothing does."""
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        with self._client.stream(
            "POST", self.url, content=body, headers=headers, extensions={"deadline": DEADLINE}
        ) as response:
            if response.status_code == 429:
                raise _rate_limited()
            if response.status_code != 200:
                raise LedgerError(
                    "node-unavailable",
                    "The node answered with HTTP {status}.",
                    retryable=True,
                    status=response.status_code,
                )
            if "content-encoding" in response.headers:  # Unpacked it may be of any size.
                raise bad_answer("it is not JSON")
            data = bytearray()
            for chunk in response.iter_raw():
                data += chunk
                if len(data) > MAX_ANSWER:
                    raise bad_answer("it is too long")
        return bytes(data)


class Node:
    """Typed requests over a provider."""

    def __init__(self, provider: JSONBaseProvider) -> None:
        self._provider = provider

    def request(self, method: str, *params: Any) -> Any:
        """Return a method's result; raises `LedgerError`, for a refusal by the contract with its reason in words."""
        answer = self._provider.make_request(RPCEndpoint(method), list(params))
        error = answer.get("error")
        if error is not None:
            raise _refused(error)
        if "result" not in answer:
            raise bad_answer("there is no result")
        return answer["result"]

    def quantity(self, method: str, *params: Any) -> int:
        """Return a number."""
        return quantity(self.request(method, *params))

    def data(self, method: str, *params: Any) -> bytes:
        """Return bytes."""
        return data(self.request(method, *params))


def quantity(value: object) -> int:
    """Read a JSON-RPC quantity; raises `LedgerError`."""
    if not isinstance(value, str) or not _QUANTITY.match(value):
        raise bad_answer("a number is malformed")
    return int(value, 16)


def count(value: object) -> int:
    """Read a quantity that counts blocks or transactions: one that no chain comes to is an error of the node's."""
    number = quantity(value)
    if number >= _MOST:
        raise bad_answer("a number is too large")
    return number


def data(value: object, length: int | None = None) -> bytes:
    """Read JSON-RPC data, of `length` bytes where given; raises `LedgerError`."""
    if not isinstance(value, str) or not _DATA.match(value.lower()):
        raise bad_answer("data is malformed")
    result = bytes.fromhex(value[2:])
    if length is not None and len(result) != length:
        raise bad_answer("data has the wrong length")
    return result


def hash32(value: object) -> Hash32:
    """Read a 32-byte hash; raises `LedgerError`."""
    return Hash32(data(value, 32))


def moment(seconds: int) -> datetime:
    """Return a time on the ledger; one beyond the calendar's end, which a key's window may have, counts as its end."""
    return datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC)


def members(value: object) -> dict[str, Any]:
    """Read an object; raises `LedgerError`."""
    if not isinstance(value, dict):
        raise bad_answer("an object is missing")
    return value


@contextmanager
def paid_by(account: Address, chain_id: int) -> Iterator[None]:
    """Say of an account that cannot pay which it is and where: a node may not tell."""
    try:
        yield
    except LedgerError as error:
        if error.code == "low-balance":
            raise low_balance(account, chain_id) from None
        raise


def low_balance(account: Address, chain_id: int) -> LedgerError:
    """Return the error for an account that cannot pay."""
    return LedgerError(
        "low-balance",
        "The account {account} cannot pay for the transaction on chain {chain}.",
        retryable=True,
        hint="Send it some of that chain's coin, then try again.",
        account=account,
        chain=chain_id,
    )


def refusal(reason: str) -> LedgerError:
    """Return the error for what the contract refused; `reason` is its error's name with arguments, in words."""
    advice = _ADVICE.get(reason.partition("(")[0])
    if advice is None:
        return LedgerError("ledger-refused", "The ledger refuses: {reason}.", retryable=False, reason=reason)
    return LedgerError(
        "ledger-refused",
        "The ledger refuses: {reason}.",
        retryable=False,
        hint="{advice}",
        reason=reason,
        advice=advice,
    )


def _rate_limited() -> LedgerError:
    return LedgerError(
        "node-rate-limited",
        "The node answers no more for now: too many requests came from here.",
        retryable=True,
        hint="It is asked again by itself. If this lasts, take a plan with more requests, or another node.",
    )


def _refused(error: object) -> LedgerError:
    details = error if isinstance(error, dict) else {}
    message = str(details.get("message", ""))[:200]
    revert = details.get("data")
    if isinstance(revert, dict):  # Hardhat's node nests it.
        revert = revert.get("data")
    if isinstance(revert, str) and _DATA.match(revert.lower()) and (len(revert) > 2 or "revert" in message):
        return refusal(interface().refusal(bytes.fromhex(revert[2:])))
    if "revert" in message:
        return refusal(message)
    lowered = message.lower()
    if "already known" in lowered or "already imported" in lowered or "known transaction" in lowered:
        return LedgerError("already-known", "The node has the transaction already.", retryable=False)
    if "nonce too low" in lowered or "nonce is too low" in lowered or "expected nonce" in lowered:
        return LedgerError("nonce-used", "Another transaction with this nonce was mined.", retryable=False)
    if "insufficient funds" in lowered or "doesn't have enough funds" in lowered:
        return LedgerError(
            "low-balance", "The account cannot pay for the transaction.", retryable=True, hint="Send it money."
        )
    if "header not found" in lowered or "unknown block" in lowered or "not canonical" in lowered:
        return LedgerError("unknown-block", "The node does not have the block asked for.", retryable=True)
    if details.get("code") == 429 or "rate limit" in lowered or "too many requests" in lowered:
        return _rate_limited()
    if any(words in lowered for words in _TOO_MUCH):
        return LedgerError("out-of-gas", "The node refuses: {reason}.", retryable=False, reason=message)
    return LedgerError(
        "node-refused", "The node refuses: {reason}.", retryable=True, reason=message or Wording("no reason given")
    )
