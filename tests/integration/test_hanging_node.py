"""A node that takes requests and answers none keeps nobody from registering, and no file from coming and going."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from provenance.encoding import Digest
from provenance.piece import Photo
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry, Studio


class Between:
    """A node that passes requests on to another one, until it `hangs`."""

    def __init__(self, node: str) -> None:
        self.hangs = hangs = threading.Event()
        self.goes_on = goes_on = threading.Event()

        class Passing(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if hangs.is_set():
                    goes_on.wait(60)
                    return
                answer = httpx.post(node, content=body, headers={"content-type": "application/json"}, timeout=30)
                self.send_response(answer.status_code)
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 100

        self.server = Server(("127.0.0.1", 0), Passing)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


def test_a_node_that_hangs_stops_neither_registering_nor_files(chain: RunningRegistry, tmp_path: Path) -> None:
    node, folder = Between(f"{chain.base_url}/rpc"), tmp_path / "behind"
    folder.mkdir()
    shutil.copytree(chain.folder / "secrets", folder / "secrets")  # Its anchorer may anchor.
    contract = str(chain.policy.ledger.contract)
    behind = RunningRegistry(folder, KILNMARK_LEDGER=node.url, KILNMARK_CONTRACT=contract)
    behind.admin, behind.steward = chain.admin, chain.steward
    behind.start()
    try:
        studio, before, photo = Studio(behind), photo_bytes(seed=2), photo_bytes(seed=1)
        studio.accredit()
        certificate = studio.sign(photos=(Photo(Digest.of(before)), Photo(Digest.of(photo))))
        studio.submit(certificate)
        studio.wait_anchored(certificate)
        token = str(behind.client.state(certificate.digest)["tokenId"])
        behind.client.upload(Digest.of(before), before)  # What decodes photos takes its time to start.
        node.hangs.set()
        order = {
            "action": "REPORT_LOST",
            "tokenId": token,
            "nonce": "0",
            "deadline": "0",
            "signature": "0x" + "11" * 65,
        }
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
        for _ in range(8):
            ask(behind, "POST", "/rpc", call)
            ask(behind, "GET", f"/api/v1/studios/{studio.account.address}")
            ask(behind, "POST", "/api/v1/holder-orders", order)
        time.sleep(1)
        began = time.monotonic()
        with httpx.Client(base_url=behind.base_url, timeout=30, trust_env=False) as client:
            assert client.post("/api/v1/certificates", content=studio.sign().data).status_code == 201
            assert client.put(f"/api/v1/media/{Digest.of(photo).hex()}", content=photo).status_code == 201
            assert client.get(f"/media/{Digest.of(photo).hex()}").content == photo
        assert time.monotonic() - began < 15
    finally:
        node.goes_on.set()
        behind.kill()
        node.server.shutdown()
        node.server.server_close()


def ask(registry: RunningRegistry, method: str, path: str, content: object = None) -> None:
    """Ask in a thread of its own, and wait for no answer."""

    def run() -> None:
        with contextlib.suppress(httpx.HTTPError):
            httpx.request(method, registry.base_url + path, json=content, timeout=100, trust_env=False)

    threading.Thread(target=run, daemon=True).start()
