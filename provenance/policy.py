"""The trust policy: which one ledger a verifier believes, through which nodes, and how deep an anchor must lie.

It is the root of trust, so it is pinned: chosen once, compared word by word with what the guild publishes, and never
replaced by what a registry says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.canonical import JSONObject, JSONValue, canonicalize, is_of, parse
from provenance.encoding import Address, Digest, Hash32
from provenance.errors import ConfigurationError, MalformedError
from provenance.ledger import LedgerIdentity
from provenance.server import server_of
from provenance.tag import check_base_url

POLICY_TYPE = "KilnmarkTrustPolicy"
POLICY_VERSION = 1
MAX_POLICY_BYTES = 16_384
"""A policy has a few hashes and addresses."""
MAX_NODES = 8
MAX_CONFIRMATIONS = 10_000
"""More blocks than any chain in use needs."""
MAX_PREDECESSORS = 8
"""Ledgers that came before the pinned one: a move is a rare event."""


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """The pinned ledger, the nodes asked, and the number of blocks that must hold an anchor (its own counts as 1).

    `registry` is the address of the registry that the policy was published by, for people.  `predecessors` are ledgers
    whose state the pinned one took over: whoever names them vouches that it did so truly, and their receipts count.
    `agreeing` is how many nodes must give the same answer: with one, the first that answers is believed.
    """

    ledger: LedgerIdentity
    nodes: tuple[str, ...]
    confirmations: int = 1
    registry: str | None = None
    predecessors: tuple[LedgerIdentity, ...] = ()
    agreeing: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.confirmations <= MAX_CONFIRMATIONS:
            raise ConfigurationError("bad-policy", "Confirmations must be 1 to {limit:,}.", limit=MAX_CONFIRMATIONS)
        check_nodes(self.nodes, self.agreeing)
        if len(self.predecessors) > MAX_PREDECESSORS:
            raise ConfigurationError(
                "bad-policy", "A policy names at most {limit} predecessors.", limit=MAX_PREDECESSORS
            )
        if len({self.ledger, *self.predecessors}) != 1 + len(self.predecessors):
            raise ConfigurationError("bad-policy", "A policy names each ledger once.")
        for node in self.nodes:
            if not _NODE.match(node):
                raise ConfigurationError("bad-policy", "A node is named by its http or https address.")

    @property
    def digest(self) -> Digest:
        """The digest of the policy's bytes: what people compare, as words."""
        return Digest.of(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the policy's canonical bytes."""
        members: JSONObject = {
            "type": POLICY_TYPE,
            "version": POLICY_VERSION,
            "ledger": identity_to_json(self.ledger),
            "nodes": list(self.nodes),
            "confirmations": self.confirmations,
        }
        if self.registry is not None:
            members["registry"] = self.registry
        if self.predecessors:
            members["predecessors"] = [identity_to_json(ledger) for ledger in self.predecessors]
        if self.agreeing > 1:  # Absent else, so that a policy without it keeps its six words.
            members["agreeing"] = self.agreeing
        return canonicalize(members)

    @classmethod
    def from_bytes(cls, data: bytes) -> TrustPolicy:
        """Read a policy, in any spelling of its JSON; raises `MalformedError` or `ConfigurationError`."""
        members = parse(data, limit=MAX_POLICY_BYTES)
        nodes, confirmations, registry = members.get("nodes"), members.get("confirmations"), members.get("registry")
        predecessors, agreeing = members.get("predecessors", []), members.get("agreeing", 1)
        if (
            not is_of(members, POLICY_TYPE, POLICY_VERSION)
            or not _MEMBERS.issuperset(members)
            or not isinstance(nodes, list)
            or not isinstance(predecessors, list)
            or type(confirmations) is not int
            or type(agreeing) is not int
            or not (registry is None or isinstance(registry, str))
        ):
            raise MalformedError("not-a-policy", "This is not a trust policy that this program can read.")
        identity = identity_from_json(members.get("ledger"))
        names = tuple(node for node in nodes if isinstance(node, str))
        if len(names) != len(nodes):
            raise MalformedError("not-a-policy", "A node is named by its address.", field="nodes")
        if registry is not None and check_base_url(registry) != registry:
            raise MalformedError(
                "not-a-policy", "The registry's address is not in its one form.", field="registry",
                hint="Write it like https://registry.example, without a path.",
            )  # fmt: skip
        earlier = tuple(identity_from_json(ledger, "predecessors") for ledger in predecessors)
        return cls(identity, names, confirmations, registry, earlier, agreeing)


_NODE = re.compile(r"https?://[!-~]+\Z")
_MEMBERS = {"type", "version", "ledger", "nodes", "confirmations", "registry", "predecessors", "agreeing"}


def check_nodes(nodes: Sequence[str], agreeing: int) -> None:
    """Raise `ConfigurationError` where a policy cannot name these `nodes`, so many of which must be `agreeing`.

    One server that is spelled twice is one node.
    """
    if len(nodes) > MAX_NODES:
        raise ConfigurationError("bad-policy", "A policy names at most {limit} nodes.", limit=MAX_NODES)
    different = len(set(map(server_of, nodes)))
    if not 1 <= agreeing <= max(1, different):
        raise ConfigurationError(
            "bad-policy",
            "Of {named} different nodes {agreeing} cannot agree.",
            hint="Name more nodes, or let fewer agree, from 1 on.",
            named=different,
            agreeing=agreeing,
        )
    for node in nodes:
        if not node.startswith(("https://", "http://")) or not node.isascii() or not node.isprintable() or " " in node:
            raise ConfigurationError("bad-policy", "A node is named by its http or https address.")


def identity_to_json(ledger: LedgerIdentity) -> JSONObject:
    """Return the JSON form of a ledger's identity."""
    return {
        "chainId": ledger.chain_id,
        "genesis": str(ledger.genesis),
        "contract": str(ledger.contract),
        "codeHash": str(ledger.code_hash),
        "deploymentId": str(ledger.deployment_id),
    }


def identity_from_json(value: JSONValue | None, field: str = "ledger") -> LedgerIdentity:
    """Read what `identity_to_json` writes, named `field` in the policy; raises `MalformedError`."""
    names = {"chainId", "genesis", "contract", "codeHash", "deploymentId"}
    if not isinstance(value, dict) or value.keys() != names or type(value["chainId"]) is not int:
        raise MalformedError("not-a-policy", "This does not name a ledger.", field=field)
    return LedgerIdentity(
        chain_id=value["chainId"],
        genesis=Hash32.parse(value["genesis"]),
        contract=Address.parse(value["contract"]),
        code_hash=Hash32.parse(value["codeHash"]),
        deployment_id=Hash32.parse(value["deploymentId"]),
    )
