"""A registry that a fork server starts, with the studio that submits to it and knows what was acknowledged."""

from __future__ import annotations

import atexit
import hashlib
import json
import random
import socket
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from provenance.certificate import Certificate
from provenance.errors import ProvenanceError, UnreachableError
from provenance_cli.streaming import stream
from tests.faults.clocks import FastClock
from tests.faults.judge import PlainChain, disagreement, judge
from tests.faults.tables import Tally
from tests.support.forks import ForkServer
from tests.support.registries import RunningRegistry, Studio

PATIENCE = 90.0
"""Seconds after which a registry that has not recovered counts as failed: a machine that does much else takes long."""
CHILD = "tests.faults.child"
"""What the children of its fork server do."""
GLANCE, LOOK = 0.005, 0.02
"""Seconds between questions: to the system, and to a registry, which must not be kept from its work by them."""


_ONCE = threading.Lock()


def warm_server() -> ForkServer:
    """Return the fork server of this process, which takes seconds to warm up; what it started ends with the process."""
    with _ONCE:
        return _server()


@cache
def _server() -> ForkServer:
    server = ForkServer(CHILD)
    atexit.register(server.__exit__)
    return server


class ForkedRegistry(RunningRegistry):
    """`RunningRegistry`, started by forking: what a fork needs of it is the same."""

    def __init__(self, server: ForkServer, folder: Path, clock: FastClock, *, naive: bool = False, **more: str) -> None:
        super().__init__(folder, **more)
        self.server, self.clock, self.naive = server, clock, naive
        self.pid: int | None = None
        self.more = dict[str, Any]()
        """What else its child is told."""

    def start(self, *, wait: bool = True, forked: bool = True, **more: str) -> None:
        armed = more.pop("KILNMARK_TEST_KILL_AT", None)
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "KILNMARK_DATA": str(self.folder),
            "KILNMARK_PORT": str(self.port),
            "KILNMARK_ADMIN": str(self.admin.address),
            "KILNMARK_STEWARD": str(self.steward.address),
            "KILNMARK_BATCH_AGE": "0",
            **self.settings,
            **more,
        }
        order = {
            "environment": environment,
            "log": str(self.folder.parent / f"{self.folder.name}.log"),
            "clock": [self.clock.start, self.clock.monotonic, self.clock.speed],
            "armed": armed,
            "naive": self.naive,
            **self.more,
        }
        self.pid = self.server.start(order)
        if wait:
            assert self.wait_up(), f"ended with {self.server.code(self.pid)} while it started: {self.log[-3000:]}"

    def wait_up(self, patience: float = PATIENCE) -> bool:
        """Return once it answers, true; or once it is dead, false."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                if self.listens() and self.client.ready().get("status") == "ready":
                    return True
            except UnreachableError:
                pass
            if self.is_dead():
                return False
            time.sleep(GLANCE)
        raise AssertionError(f"not ready: {self.client.ready()} {self.log[-3000:]}")

    def listens(self) -> bool:
        """Tell whether anybody does: to find that out by HTTP would cost both sides much more."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def is_dead(self) -> bool:
        assert self.pid is not None
        return self.server.code(self.pid) is not None

    def kill(self) -> None:
        """Kill it, and want that it had not ended otherwise before."""
        assert self.pid is not None
        self.server.kill(self.pid)
        code = self.server.wait(self.pid, PATIENCE)
        assert code == -9, f"ended with {code}: {self.log[-3000:]}"


class Submitter(Studio):
    """A studio whose certificates are acknowledged or not, and that offers the latter again."""

    def __init__(self, registry: RunningRegistry) -> None:
        super().__init__(registry)
        self.acknowledged: dict[bytes, Certificate] = {}
        self.waiting: list[Certificate] = []
        self.open: list[Certificate] = []

    def more(self, count: int) -> None:
        """Make certificates that wait to be submitted."""
        self.waiting += [self.sign(f"第{number}件") for number in range(count)]

    def offer(self, each: Callable[[], None] = lambda: None) -> bool:
        """Submit what waits, one after another; false where the registry does not answer any more."""
        while self.waiting:
            try:
                self.registry.client.submit([self.waiting[0].data])
            except UnreachableError:
                return False
            self._acknowledged()
            each()
        return True

    def stream(self) -> bool:
        """Submit what waits in one stream; false where the registry does not answer any more."""
        lines = [certificate.data for certificate in self.waiting]
        try:
            for answer in stream(self.registry.base_url, "/api/v1/certificates:stream", lines):
                assert "digest" in json.loads(answer), answer
                self._acknowledged()
        except UnreachableError:
            return False
        return True

    def _acknowledged(self) -> None:
        done = self.waiting.pop(0)
        self.acknowledged[hashlib.sha256(done.data).digest()] = done
        self.open.append(done)

    def settled(self, patience: float) -> bool:
        """Wait until all that was acknowledged is anchored; false where the registry died, or did not get there."""
        deadline = time.monotonic() + patience
        while self.open:
            try:
                states = self.registry.client.states([certificate.digest for certificate in self.open[:500]])
            except UnreachableError:
                return False
            done = {digest for digest, (state, *_) in states.items() if state == "anchored"}
            self.open = [certificate for certificate in self.open if certificate.digest not in done]
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK)
        return True

    def judge(self, tally: Tally, chance: random.Random, *, node: str | None = None, verdicts: int = 20) -> None:
        """Hold all that was acknowledged against the chain, and some verdicts too."""
        policy = self.registry.policy
        chain = PlainChain(node or policy.nodes[0], str(policy.ledger.contract))
        bundles: dict[bytes, Any] = {digest: self._bundle(kept) for digest, kept in self.acknowledged.items()}
        judgement = judge(chain, bundles)
        tally.add(judgement)
        sound = sorted(self.acknowledged.keys() - judgement.lost)
        for digest in chance.sample(sound, min(verdicts, len(sound))):
            verdict = self.registry.client.verdict(self.acknowledged[digest].piece.serial)
            wrong = disagreement(chain, digest, bundles[digest], verdict)
            tally.verdicts += 1
            if wrong is not None:
                tally.faults.append(f"verdict: {wrong}")

    def _bundle(self, certificate: Certificate) -> Any:
        try:
            return json.loads(self.registry.client.bundle(certificate.piece.serial))
        except ProvenanceError:
            return None
