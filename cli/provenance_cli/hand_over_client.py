"""The registry's API for hand-overs: releases, orders of holders, claims."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from provenance.encoding import Address
from provenance.errors import ConflictError, LimitError, ProvenanceError
from provenance.handover import Claim, HolderOrder, Release
from provenance_cli.client import RegistryClient
from provenance_cli.late import not_mined
from provenance_cli.problems import problem_error

MAX_RELEASES = 500
"""Releases of one request: half of what a registry takes."""
PATIENCE = 120.0
"""Seconds that a command waits where the registry asks it to, and for an order to be mined."""
POLL = 0.2
T = TypeVar("T")
DONE = frozenset({"mined", "final"})
"""States of a message that the ledger has."""


class HandOverClient(RegistryClient):
    """One registry, where pieces change hands."""

    def keep_releases(self, releases: Sequence[tuple[Release, bytes]]) -> list[ProvenanceError | None]:
        """Hand signed releases in; return for each, in order, ``None`` where it is on disk and its piece has no other.

        Else why not: of these nothing must be printed.
        """
        answers: dict[int, ProvenanceError | None] = {}
        waiting, deadline = list(range(len(releases))), time.monotonic() + PATIENCE
        while waiting:
            group, later = waiting[:MAX_RELEASES], waiting[MAX_RELEASES:]
            said = patiently(partial(self._keep, [releases[place] for place in group]), deadline)
            again = []
            for place, answer in zip(group, said, strict=True):
                if isinstance(answer, LimitError) and time.monotonic() < deadline:
                    again.append(place)  # The registry asks the chain about so many of one request and no more.
                else:
                    answers[place] = answer
            if again and len(again) == len(group):
                time.sleep(1.0)
            waiting = again + later
        return [answers[place] for place in range(len(releases))]

    def _keep(self, releases: Sequence[tuple[Release, bytes]]) -> list[ProvenanceError | None]:
        items = [release_members(release, signature) for release, signature in releases]
        results = self._object("POST", "/api/v1/releases:batch", msgspec.json.encode({"releases": items}))
        told = results.get("results")
        if not isinstance(told, list) or len(told) != len(items) or not all(isinstance(item, dict) for item in told):
            raise self.nonsense()
        return [self._answer(item, result) for item, result in zip(items, told, strict=True)]

    def _answer(self, item: dict[str, str], result: dict[str, Any]) -> ProvenanceError | None:
        if isinstance(result.get("code"), str):
            status = result.get("status")
            return problem_error(result, status if isinstance(status, int) else 422)
        if any(result.get(name) != item[name] for name in ("tokenId", "claimKey", "nonce")):
            raise self.nonsense()  # It speaks of another release: nothing is known of ours.
        others = result.get("others")
        if isinstance(others, int) and others > 0:
            return ConflictError(
                "released-elsewhere",
                "The registry has another release of the piece that counts: a secret code of it may be on paper.",
                hint="Look for it, if this folder was restored or copied. `kilnmark tag secret --reprint` cancels it.",
            )
        return None

    def release(self, token_id: int, claim_key: Address) -> dict[str, Any]:
        """Return the release of a piece to a claim key, where one counts; raises `NotFoundError`."""
        return self._object("GET", f"/api/v1/releases/{token_id}/{claim_key}")

    def order_of_holder(self, order: HolderOrder, signature: bytes) -> dict[str, Any]:
        """Hand in an order that a holder signed."""
        members = {
            "action": order.action.name,
            "tokenId": str(order.token_id),
            "nonce": str(order.nonce),
            "deadline": str(order.deadline),
            "signature": "0x" + signature.hex(),
        }
        return self._object("POST", "/api/v1/holder-orders", msgspec.json.encode(members))

    def claim(self, claim: Claim, claim_key: Address, signature: bytes) -> dict[str, Any]:
        """Hand in a claim, for which the registry keeps the release."""
        members = {
            "tokenId": str(claim.token_id),
            "claimKey": str(claim_key),
            "newHolder": str(claim.new_holder),
            "nonce": str(claim.nonce),
            "deadline": str(claim.deadline),
            "signature": "0x" + signature.hex(),
        }
        return self._object("POST", "/api/v1/claims", msgspec.json.encode(members))

    def mined(self, path: str, answer: dict[str, Any]) -> dict[str, Any]:
        """Wait until what was handed in at ``/api/v1/`` and `path` is in a block; raises `LedgerError`."""
        from provenance.evm.node import refusal

        deadline = time.monotonic() + PATIENCE
        while answer.get("state") not in DONE:
            if answer.get("state") == "reverted":
                raise refusal(str(answer.get("error")))
            if time.monotonic() > deadline:
                raise not_mined()
            time.sleep(POLL)
            answer = patiently(partial(self._object, "GET", f"/api/v1/{path}/{answer.get('id')}"), deadline)
        return answer


def release_members(release: Release, signature: bytes) -> dict[str, str]:
    """Return a release as it is sent."""
    return {
        "tokenId": str(release.token_id),
        "claimKey": str(release.claim_key),
        "nonce": str(release.nonce),
        "deadline": str(release.deadline),
        "signature": "0x" + signature.hex(),
    }


def patiently(ask: Callable[[], T], deadline: float) -> T:
    """Ask again as often as the registry wants it later, until `deadline`."""
    while True:
        try:
            return ask()
        except LimitError as error:
            if time.monotonic() + error.retry_after > deadline:
                raise
            time.sleep(error.retry_after)
