"""What people and policies write in several spellings: the core and the browser's verifier read each alike."""

from __future__ import annotations

from typing import Any

from provenance.encoding import Address, Hash32
from provenance.ledger import LedgerIdentity
from provenance.policy import identity_to_json

SERIAL = "0000-0000-0001-E"
SERIALS_READ = (
    "000000000001E", "oooo oooo ooolE", "0000\u30000000\u30000001\u3000e", "\u00a00000\u20090000\u202f0001\u2028E\n",
    "\x85000000000001E", "0000\u20130000\u22120001-E",
)  # fmt: skip
SERIALS_REFUSED = (
    "\ufeff000000000001E", "000000000001E\x1c", "0000\u200b00000001E", "0000000000010", "000000000001", "", " ",
    "0000_0000_0001_E",
)  # fmt: skip

SERVERS = (
    (
        "http://127.0.0.1:8545", "http://127.0.0.1:8545/", "http://127.0.0.1:08545//", "HTTP://127.1:8545",
        "http://2130706433:8545/?a", "http://0x7f.0.0.1:8545#b", "http://017700000001:8545/a/..",
        "http://[::ffff:127.0.0.1]:8545", "http://[::FFFF:7f00:1]:8545/./", "http://me:word@127.0.0.1:8545",
        "http://127.0.0.1.:8545",
        "http://localhost:8545", "http://LOCALHOST.:8545", "http://[::1]:8545", "http://127.0.0.2:8545",
    ),
    ("https://node.example/rpc", "https://NODE.example:443/rpc/", "https://node.example.:0443//rpc?key=1", "https://x@node.example/a/%2e%2E/%72pc"),
    ("https://node.example/", "https://node.example:443"),
    ("http://node.example/rpc", "http://node.example:80/rpc"),
    ("https://node.example:8443/rpc",),
    ("https://node.example/RPC",),
    ("https://[2001:db8::1]/", "https://[2001:DB8:0::0:1]"),
    ("https://other.example/rpc",),
)  # fmt: skip
"""Addresses of nodes, those of one server together."""

LEDGER = identity_to_json(
    LedgerIdentity(1, Hash32(bytes(32)), Address(bytes(20)), Hash32(bytes(32)), Hash32(bytes(32)))
)
POLICY: dict[str, Any] = {
    "type": "KilnmarkTrustPolicy", "version": 1, "ledger": LEDGER, "confirmations": 1,
    "nodes": ["https://node.example"],
}  # fmt: skip
POLICIES_READ: tuple[dict[str, Any], ...] = (
    {}, {"registry": "https://registry.example"}, {"registry": "http://registry.example:8443"},
    {"predecessors": [{**LEDGER, "chainId": 2}]},
)  # fmt: skip
POLICIES_REFUSED: tuple[dict[str, Any], ...] = (
    {"registry": ""}, {"registry": 5}, {"registry": "registry.example"}, {"registry": "https://registry.example/"},
    {"registry": "https://Registry.example"}, {"registry": "https://registry.example:443"}, {"registry": ["https://x"]},
    {"registry": "https://registry.example:0"}, {"registry": "https://registry.example/path"},
    {"predecessors": [LEDGER]}, {"predecessors": [{**LEDGER, "chainId": 2}] * 2},
    {"nodes": ["http://"]}, {"nodes": ["https://"]}, {"nodes": ["HTTP://node.example"]}, {"nodes": ["https://a b"]},
    {"nodes": ["https://a\n"]}, {"nodes": ["https://窑.example"]}, {"agreeing": 2}, {"agreeing": 0},
    {"nodes": ["https://node.example", "https://Node.example:443/"], "agreeing": 2},
)  # fmt: skip
