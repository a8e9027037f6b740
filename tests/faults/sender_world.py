"""Two registries on one PostgreSQL, one folder and one chain, and who of them sends and writes."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from tests.conformance.nodes import anvil
from tests.faults.clocks import FastClock
from tests.faults.flaky import FlakyNode
from tests.faults.forked import ForkedRegistry
from tests.faults.insistent import Insistent
from tests.support.forks import ForkServer

_MONEY = hex(10**21)
_WATCHED = ("outbox", "batches", "leaves", "former_bytes")
"""Tables that only who sends may write, as long as nothing is relayed."""

_WATCH = """
CREATE TABLE held_by (
    token bigint PRIMARY KEY, who text NOT NULL, since float8 DEFAULT extract(epoch FROM clock_timestamp())
);
CREATE TABLE written (who text, sender text, what text);
CREATE FUNCTION note_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.name = 'sender' THEN
        INSERT INTO held_by (token, who) VALUES (NEW.token, current_setting('application_name')) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO written SELECT current_setting('application_name'), held_by.who, TG_TABLE_NAME
        FROM leases LEFT JOIN held_by ON held_by.token = leases.token WHERE leases.name = 'sender';
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION note_lease();
"""
"""PostgreSQL itself writes down who had the lease whenever somebody wrote; nothing here is the registry's."""


class RememberingNode(FlakyNode):
    """The way to a node that spoils nothing and knows what was sent through it, and when."""

    def __init__(self, url: str) -> None:
        super().__init__(url, random.Random(1))
        self._sent = list[tuple[float, bytes]]()

    def answer(self, asked: dict[str, Any]) -> tuple[int, bytes | None]:
        if asked["method"] == "eth_sendRawTransaction":
            self._sent.append((time.time(), bytes.fromhex(asked["params"][0][2:])))
        return super().answer(asked)

    def sent_between(self, start: float, end: float) -> list[bytes]:
        """Return what was sent between two moments."""
        return [raw for when, raw in list(self._sent) if start < when < end]


class Pair:
    """Two registries, the ways to the node that each of them has, and a studio."""

    def __init__(self, registries: list[ForkedRegistry], nodes: list[RememberingNode], database: str) -> None:
        self.registries, self.nodes = registries, nodes
        self.studio = Insistent(registries[0])
        self._database = psycopg.connect(database, autocommit=True)

    def close(self) -> None:
        self.studio.close()
        self._database.close()

    def holder(self, patience: float) -> int:
        """Return which of the registries holds the lease."""
        query = (
            "SELECT who FROM leases JOIN held_by USING (token) "
            "WHERE name = 'sender' AND expires > extract(epoch FROM clock_timestamp()) * 1000"
        )
        deadline = time.monotonic() + patience
        while (found := self._database.execute(query).fetchone()) is None:
            assert time.monotonic() < deadline, "nobody holds the lease"
            time.sleep(0.005)
        return int(found[0])

    def taken_over(self, number: int, patience: float) -> bool:
        """Tell whether the other has the lease, within `patience` seconds."""
        deadline = time.monotonic() + patience
        query = "SELECT who FROM leases JOIN held_by USING (token) WHERE name = 'sender'"
        while self._database.execute(query).fetchone() == (str(number),):
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.005)
        return True

    def held_again(self, number: int, moment: float) -> float:
        """Return when, after a moment, a registry got the lease back; never is infinity."""
        query = "SELECT min(since) FROM held_by WHERE who = %s AND since > %s"
        row = self._database.execute(query, (str(number), moment)).fetchone()
        return float("inf") if row is None or row[0] is None else float(row[0])

    def signed(self) -> set[bytes]:
        """Return all bytes that the outbox has, or had."""
        found = self._database.execute("SELECT raw FROM outbox UNION ALL SELECT raw FROM former_bytes")
        return {bytes(raw) for (raw,) in found}

    def writes(self) -> int:
        """Return how often somebody wrote what only who sends may write."""
        row = self._database.execute("SELECT count(*) FROM written").fetchone()
        assert row is not None
        return int(row[0])

    def unfenced_writes(self) -> Counter[str]:
        """Return what was written by whoever did not hold the lease then, and how often."""
        query = "SELECT what, count(*) FROM written WHERE who IS DISTINCT FROM sender GROUP BY what"
        return Counter({f"a write to {what} by who did not hold the lease": n for what, n in
                        self._database.execute(query)})  # fmt: skip

    def wait_unfenced(self, patience: float) -> None:
        """Wait until somebody without the lease wrote: who woke on a busy machine may do so late."""
        deadline = time.monotonic() + patience
        while not self.unfenced_writes() and time.monotonic() < deadline:
            time.sleep(0.1)

    def watch(self) -> None:
        """Begin to write down who writes."""
        self._database.execute(_WATCH)
        for table in _WATCHED:
            trigger = f"CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON {table} "
            self._database.execute((trigger + "FOR EACH STATEMENT EXECUTE FUNCTION note_write()").encode())


@contextmanager
def pair(server: ForkServer, folder: Path, database: str, *, lease: float, unfenced: bool) -> Iterator[Pair]:
    """Hold two registries and a chain that grows while the block lasts."""
    with ExitStack() as opened:
        provider = opened.enter_context(anvil())
        nodes = [RememberingNode(provider.url), RememberingNode(provider.url)]
        for node in nodes:
            opened.callback(node.close)
        secrets = folder / "secrets"
        secrets.mkdir(parents=True)
        anchorer, secret = Account.generate()
        relayer, relayer_secret = Account.generate()
        (secrets / "anchorer").write_text(secret.hex())
        (secrets / "relayer").write_text(relayer_secret.hex())
        now = FastClock.now()
        clock = FastClock(now.start, now.monotonic, 1.0)
        first, second = (ForkedRegistry(server, folder, clock) for _ in nodes)
        second.admin, second.steward = first.admin, first.steward
        for account in (anchorer, relayer, first.admin, first.steward):
            nodes[0].ask("anvil_setBalance", str(account.address), _MONEY)
        ledger = deploy(
            provider,
            first.admin,
            admin=first.admin.address,
            steward=first.steward.address,
            anchorer=anchorer.address,
            base_uri=f"{first.base_url}/tokens/",
            wait=lambda: nodes[0].ask("anvil_mine", "0x1", "0x0"),
        )
        made = Pair([first, second], nodes, database)
        opened.callback(made.close)
        made.watch()
        for number, registry in enumerate(made.registries):
            registry.more = {"name": str(number), "lease": lease, "unfenced": unfenced}
            registry.settings = {
                "KILNMARK_LEDGER": nodes[number].url,
                "KILNMARK_CONTRACT": str(ledger.identity.contract),
                "KILNMARK_DATABASE": database,
                "KILNMARK_BASE_URL": first.base_url,
            }
        opened.enter_context(_mining(nodes[0]))
        for registry in made.registries:
            registry.start()
            opened.callback(registry.kill)
        made.studio.accredit()
        yield made


@contextmanager
def _mining(node: FlakyNode, every: float = 0.15) -> Iterator[None]:
    over = threading.Event()

    def mine() -> None:
        while not over.wait(every):
            node.ask("anvil_mine", "0x1", "0x0")

    thread = threading.Thread(target=mine, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
