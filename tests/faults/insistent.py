"""A studio that goes on submitting whatever it is answered, and remembers each answer."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from provenance.errors import ProvenanceError
from tests.faults.forked import Submitter
from tests.faults.tables import Tally
from tests.support.registries import RunningRegistry

PATIENCE = 60.0
"""Seconds for one answer: none of these faults may keep a client waiting for longer, on the busiest machine."""
SOON = 60.0
"""Seconds after a refusal within which ``/readyz`` must name what is the matter: it takes one or two, but where a
machine does much else."""
NONE = "no answer"


class Insistent(Submitter):
    """Submits one certificate after another; only a status of 200 or 201 acknowledges one."""

    def __init__(self, registry: RunningRegistry) -> None:
        super().__init__(registry)
        self.answers = Counter[str]()
        self._http = httpx.Client(timeout=PATIENCE, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def offer_once(self) -> bool:
        """Submit the first that waits; tell whether it was acknowledged."""
        first = self.waiting[0]
        try:
            answer = self._http.post(f"{self.registry.base_url}/api/v1/certificates", content=first.data)
        except httpx.HTTPError:
            self.answers[NONE] += 1
            return False
        if answer.status_code not in (200, 201):
            self.answers[f"{answer.status_code} {_code(answer)}"] += 1
            return False
        self.answers["acknowledged"] += 1
        self.acknowledged[hashlib.sha256(first.data).digest()] = self.waiting.pop(0)
        self.open.append(first)
        return True

    def offer_all(self, patience: float) -> bool:
        """Submit what waits until all of it is acknowledged; false where that takes longer than `patience`."""
        deadline = time.monotonic() + patience
        while self.waiting:
            if not self.offer_once():
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.01)
        return True

    @contextmanager
    def submitting(self, pause: float = 0.01) -> Iterator[None]:
        """Submit in a thread of its own while the block lasts: new ones, and what was refused."""
        over = threading.Event()

        def submit() -> None:
            while not over.wait(pause):
                if not self.waiting:
                    self.more(1)
                self.offer_once()

        thread = threading.Thread(target=submit, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def recovered(self, patience: float) -> bool:
        """Offer again what waits, and tell whether all of it came to be anchored, and the registry is ready."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                if (
                    self.offer_all(deadline - time.monotonic())
                    and self.settled(deadline - time.monotonic())
                    and self.registry.client.ready()["status"] == "ready"
                ):
                    return True
            except ProvenanceError:
                pass
            time.sleep(0.01)
        return False

    def troubles(self) -> list[str]:
        """Return the codes that ``/readyz`` names."""
        try:
            told = self._http.get(f"{self.registry.base_url}/readyz")
            return [each["code"] for each in told.json().get("troubles", [])] if told.status_code == 503 else []
        except (httpx.HTTPError, ValueError):
            return []

    def named(self, codes: frozenset[str], patience: float = SOON) -> bool:
        """Tell whether ``/readyz`` names one of `codes` within `patience` seconds."""
        deadline = time.monotonic() + patience
        while not codes.intersection(self.troubles()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def tell_answers(self, tally: Tally, wanted: frozenset[str]) -> None:
        """Count all answers, and find fault with those that are not `wanted`."""
        for answer, times in self.answers.items():
            tally.notes[f"answer: {answer}"] += times
            if answer not in wanted | {"acknowledged", NONE}:
                tally.faults.append(f"{times} x the answer {answer}")
        self.answers.clear()


def _code(answer: httpx.Response) -> str:
    try:
        members: Any = answer.json()
        return str(members["code"])
    except (ValueError, KeyError, TypeError):
        return "without a code"
