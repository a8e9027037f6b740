"""An embedded chain behind HTTP whose clock a test turns, and a guild's people on a ledger there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from web3.types import RPCEndpoint

from provenance.application import Application, Binding
from provenance.batch import assemble
from provenance.bundle import Bundle, Receipt
from provenance.certificate import Certificate, Issuer, StatusEntry
from provenance.encoding import Address
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.ledger import EVMLedger
from provenance.handover import Claim, Release
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.ledger import AccreditCall, AddKeyCall, AnchorCall, ClaimCall, LedgerCall
from provenance.piece import Piece
from provenance.policy import TrustPolicy
from provenance.serial import Serial
from provenance_cli.files import write_file
from provenance_cli.ledgers import send_and_wait

START = int(datetime(2026, 11, 2, 8, 0, tzinfo=UTC).timestamp())
REGISTRY = "https://registry.example"
ROLES = ("admin", "steward", "anchorer", "payer", "importer", "stranger")


class Server(ThreadingHTTPServer):
    """A server that drops a connection in silence where its handler raises, as one does whose machine dies."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class ServedChain:
    """A chain that seals each transaction as it comes, a second after the block before."""

    def __init__(self, path: Path, funded: list[Address], now: int = START) -> None:
        self.now = now
        self.chain = EmbeddedChain(path, funded=funded, clock=lambda: self.now)
        self.provider = EmbeddedProvider(self.chain)
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                answer: dict[str, Any] = dict(served.request(asked["method"], asked["params"]))
                body = json.dumps({**answer, "id": asked["id"]}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def request(self, method: str, params: Any) -> Any:
        answer = self.provider.make_request(RPCEndpoint(method), params)
        if method == "eth_sendRawTransaction":
            self.seal()
        return answer

    def seal(self) -> None:
        self.now += 1
        self.chain.seal()

    def later(self, **amount: float) -> None:
        self.now += int(timedelta(**amount).total_seconds())

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.chain.close()


@dataclass
class Guild:
    """A ledger, everybody who has a role at it with a key file each, and one studio."""

    chain: ServedChain
    folder: Path
    people: dict[str, Account]
    ledger: EVMLedger
    policy_file: Path
    studio: Account = field(default_factory=lambda: Account.generate()[0])
    signer: P256Signer = field(default_factory=P256Signer.generate)
    issuer: Issuer = field(default_factory=lambda: Issuer(REGISTRY, "lin", "林家窑"))
    index: int = 0

    def at(self, who: str = "steward") -> tuple[object, ...]:
        """Return the options of a command that `who` signs."""
        return ("--policy", self.policy_file, "--key-file", self.folder / f"{who}.key")

    def do(self, call: LedgerCall, who: str = "steward") -> None:
        send_and_wait(self.ledger, call, self.people[who])

    def accredit(self) -> None:
        self.do(AccreditCall(self.studio.address, self.issuer.did, self.issuer.name))
        self.do(AddKeyCall(self.studio.address, self.signer.public_key.multikey_bytes))

    def application(self, signer: P256Signer, name: str = "application.json") -> Path:
        binding = Binding(self.issuer, signer.public_key, self.studio.address)
        path = self.folder / name
        write_file(path, Application.sign(binding, signer, self.studio.sign_binding).to_bytes())
        return path

    def sign(self, serial: Serial | None = None) -> Certificate:
        self.index += 1
        piece = Piece(serial or Serial.random(), {"zh-Hans": "青花梅瓶"}, height_mm=312)
        now = datetime.fromtimestamp(self.chain.now, UTC)
        return issue(piece, self.issuer, self.signer, status_entry=StatusEntry("0123456789ab", self.index), now=now)

    def anchor(self, *certificates: Certificate) -> list[Bundle]:
        """Anchor certificates in one batch; return their bundles in the order given."""
        batch = assemble((self.studio.address, certificate.digest) for certificate in certificates)
        first, ledger, anchorer = self.ledger.next_lot(), self.ledger, self.people["anchorer"]
        call = AnchorCall(batch.root, len(batch.leaves), first, batch.allotments)
        transaction = ledger.prepare(call, anchorer, ledger.next_nonce(anchorer.address))
        ledger.send(transaction)
        outcome = ledger.outcome(transaction.hash)
        assert outcome is not None
        assert outcome.succeeded, outcome.error
        at, bundles = ledger.identity, []
        for certificate in certificates:
            place = batch.leaves.index(certificate.digest)
            receipt = Receipt(
                at.chain_id, at.genesis, at.contract, batch.token_id(place, first), batch.root, transaction.hash,
                outcome.block,
            )  # fmt: skip
            bundles.append(Bundle(certificate, batch.inclusion(place), (receipt,)))
        return bundles

    def sell(self, token_id: int, buyer: Address) -> None:
        """Hand a piece of the studio over."""
        holding = self.ledger.holding(token_id, self.ledger.head())
        assert holding is not None
        claim_key = Account.generate()[0]
        release = Release(token_id, claim_key.address, holding.nonce)
        claim = Claim(token_id, buyer, holding.nonce)
        signatures = (
            self.studio.sign_message(self.ledger.identity, release),
            claim_key.sign_message(self.ledger.identity, claim),
        )
        self.do(ClaimCall(release, signatures[0], claim, signatures[1]), "payer")


@contextmanager
def guild(folder: Path, *, now: int = START, deployed: Callable[..., EVMLedger] = deploy) -> Iterator[Guild]:
    """Make a chain with a ledger and an accredited studio, and hold it while the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    people = dict[str, Account]()
    for name in ROLES:
        people[name], secret = Account.generate()
        write_file(folder / f"{name}.key", secret.hex().encode())
    chain = ServedChain(folder / "chain.db", [account.address for account in people.values()], now)
    try:
        ledger = deployed(
            chain.provider,
            people["payer"],
            admin=people["admin"].address,
            steward=people["steward"].address,
            anchorer=people["anchorer"].address,
            base_uri=f"{REGISTRY}/tokens/",
            wait=chain.seal,
        )
        at = EVMLedger.open_rpc(chain.url, ledger.identity.contract, ledger.identity)
        policy = TrustPolicy(at.identity, (chain.url,), registry=REGISTRY)
        write_file(folder / "policy.json", policy.to_bytes())
        made = Guild(chain, folder, people, at, folder / "policy.json")
        made.accredit()
        yield made
    finally:
        chain.close()
