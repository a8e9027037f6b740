"""The registry's API, as a client: answers are bounded, problems become our errors."""

from __future__ import annotations

import contextlib
import hashlib
import os
import weakref
from collections.abc import Generator, Iterable, Iterator, Sequence
from http import HTTPStatus
from math import inf
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import httpx
import msgspec

from provenance.bundle import MAX_BUNDLE_BYTES
from provenance.canonical import load
from provenance.deadlines import DeadlineTransport
from provenance.encoding import Address, Digest, KeyId
from provenance.errors import (
    MalformedError,
    NotFoundError,
    ProvenanceError,
    UnreachableError,
    Wording,
)
from provenance.policy import MAX_POLICY_BYTES, TrustPolicy
from provenance.serial import Serial
from provenance.status import AmendOrder, StatusOrder
from provenance.status_list import MAX_STATUS_LIST_BYTES
from provenance_cli.problems import problem_error, too_many_error
from provenance_cli.records import RECORDED, REGISTERED, REGISTRY_STATES

TIMEOUT = 60.0
"""Seconds for one answer: a bulk submission waits for the registry's disk."""
DEADLINE = 120.0
"""Seconds for sending one request, and for reading its answer to the end, however steadily they drip; a file has more,
by `SLOWEST`."""
SLOWEST = 2**16
"""Bytes a second: what is slower than this for an answer of the greatest size is given up."""
MAX_ANSWER = 4 * 2**20
"""Bytes of an ordinary answer: a thousand results of 300 bytes, and room."""

BLOCK = 2**18
"""Bytes of a file that are sent at once."""
MAX_FILE = 512 * 2**20
"""Bytes of a scan or a file that is fetched: the most that a registry takes."""

_STATES = (*REGISTRY_STATES, REGISTERED, RECORDED)


class Progress(NamedTuple):
    """How far a certificate is; where it does not go on or count, `hint` says what to do, and `reason` is a code."""

    state: str
    hint: str | None = None
    reason: str | None = None


class RegistryClient:
    """One registry."""

    def __init__(self, base_url: str, timeout: float = TIMEOUT) -> None:
        self.base_url = base_url
        try:
            self._http = httpx.Client(
                base_url=base_url,
                timeout=timeout,
                follow_redirects=False,
                trust_env=False,
                transport=DeadlineTransport(),
            )
        except (httpx.InvalidURL, UnicodeError):
            raise self.unreachable() from None
        weakref.finalize(self, self._http.close)

    def _ask(
        self, method: str, path: str, content: bytes | Iterable[bytes] | None = None,
        media_type: str = "application/json", limit: int = MAX_ANSWER, size: int | None = None,
        within: float | None = None, answers: frozenset[int] = frozenset(),
    ) -> bytes:  # fmt: skip
        return b"".join(self._blocks(method, path, content, media_type, limit, size, within, answers))

    def _blocks(
        self, method: str, path: str, content: bytes | Iterable[bytes] | None = None,
        media_type: str = "application/json", limit: int = MAX_ANSWER, size: int | None = None,
        within: float | None = None, answers: frozenset[int] = frozenset(),
    ) -> Generator[bytes]:  # fmt: skip
        """Yield an answer as it comes, up to `limit` bytes; raises the problem that it is, where it is one.

        An answer has a status below 400, or one of `answers`.  It is given up after `within` seconds where they are
        fewer than such an answer has.
        """
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        headers |= {"content-type": media_type} if content is not None else {}
        if size is not None:
            headers["content-length"] = str(size)
        going = size or (len(content) if isinstance(content, bytes) else 0)
        answer, request = (min(DEADLINE + most / SLOWEST, within or inf) for most in (limit, going))
        came, clocks = 0, {"deadline": answer, "sending": request}
        wait = httpx.USE_CLIENT_DEFAULT if within is None else httpx.Timeout(min(TIMEOUT, within))
        try:
            with self._http.stream(
                method, path, content=content, headers=headers, extensions=clocks, timeout=wait
            ) as response:
                status, said = response.status_code, bytearray()
                failed = status >= 400 and status not in answers
                if "content-encoding" in response.headers:  # Unpacked it may be of any size.
                    raise self.nonsense()
                for block in response.iter_raw():
                    came += len(block)
                    if came > (MAX_ANSWER if failed else limit):
                        raise self.nonsense()
                    if failed:
                        said += block
                    else:
                        yield block
                if failed:
                    raise self.problem(status, bytes(said), response.headers.get("retry-after", ""))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):  # The last for names that are no host's.
            raise self.unreachable() from None

    def _json(self, method: str, path: str, content: bytes | None = None, media_type: str = "application/json") -> Any:
        return self._read(self._ask(method, path, content, media_type))

    def _read(self, answer: bytes) -> Any:
        try:
            return load(answer)
        except MalformedError:
            raise self.nonsense() from None

    def _object(self, method: str, path: str, content: bytes | None = None) -> dict[str, Any]:
        return self._told(self._ask(method, path, content))

    def _told(self, answer: bytes) -> dict[str, Any]:
        value = self._read(answer)
        if not isinstance(value, dict):
            raise self.nonsense()
        return value

    def unreachable(self) -> UnreachableError:
        """Return the error for no answer."""
        return UnreachableError(
            "registry-unreachable",
            "The registry {url} does not answer.",
            hint="Check the network, then run the same command again: nothing is lost.",
            url=self.base_url,
        )

    def nonsense(self) -> UnreachableError:
        """Return the error for an answer that is none of a registry's."""
        return UnreachableError("not-a-registry", "{url} does not answer as a registry does.", url=self.base_url)

    def problem(self, status: int, data: bytes, retry_after: str = "") -> ProvenanceError:
        """Return the error that an answer tells."""
        try:
            problem = load(data)
        except MalformedError:
            problem = None
        if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
            if status == 429:  # A proxy's own limit.
                return too_many_error(
                    "too-many-requests", Wording("Too many requests came from this address."), retry_after
                )
            return UnreachableError("registry-failed", "The registry answered with HTTP {status}.", status=status)
        return problem_error(problem, status)

    # --- reading ----------------------------------------------------------------------------------------------------

    def policy(self) -> TrustPolicy:
        """Return the trust policy that the registry publishes: to be compared, never simply believed."""
        return TrustPolicy.from_bytes(self._ask("GET", "/api/v1/policy", limit=MAX_POLICY_BYTES))

    def about(self) -> dict[str, Any]:
        """Return what the registry says of itself."""
        return self._object("GET", "/api/v1/registry")

    def ready(self) -> dict[str, Any]:
        """Return whether the registry is ready, and all that stands in the way."""
        try:
            return self._told(self._ask("GET", "/readyz", answers=frozenset({HTTPStatus.SERVICE_UNAVAILABLE})))
        except ProvenanceError as error:
            if error.code == "registry-unreachable":
                raise
            return {"status": "not-ready", "code": error.code, "detail": error.message}

    def bundle(self, serial: Serial) -> bytes:
        """Return the bundle of a piece; raises `NotFoundError`."""
        return self._ask("GET", f"/api/v1/pieces/{serial.compact}/bundle", limit=MAX_BUNDLE_BYTES)

    def verdict(self, serial: Serial) -> dict[str, Any]:
        """Return the registry's own verdict."""
        return self._object("GET", f"/api/v1/pieces/{serial.compact}")

    def serial_of(self, token_id: int) -> Serial:
        """Return the serial that the registry's metadata of a token names; raises `NotFoundError`."""
        attributes = self._object("GET", f"/tokens/{token_id}").get("attributes")
        for item in attributes if isinstance(attributes, list) else ():
            if isinstance(item, dict) and item.get("trait_type") == "serial":
                return Serial.parse(str(item.get("value")))
        raise self.nonsense()

    def photo(self, digest: Digest, within: float | None = None) -> bytes:
        """Return a photo, given up after `within` seconds; raises `NotFoundError`."""
        return self._ask("GET", f"/media/{digest.hex()}", limit=64 * 2**20, within=within)

    def has_file(self, digest: Digest) -> bool:
        """Tell whether the registry has a photo, a scan or a file; no more than its beginning is read."""
        with contextlib.closing(self._blocks("GET", f"/media/{digest.hex()}", limit=MAX_FILE)) as blocks:
            try:
                next(blocks, None)
            except NotFoundError:
                return False
            return True

    def status_list(self, list_id: str) -> bytes:
        """Return a status list's credential, as it stands; raises `NotFoundError`."""
        return self._ask("GET", f"/status/{list_id}", limit=MAX_STATUS_LIST_BYTES)

    def fetch_file(self, digest: Digest, path: Path) -> bool:
        """Save a scan or a file at `path`; tell whether the registry has it.  Other bytes are as good as none."""
        coming, seen = path.with_name(path.name + ".part"), hashlib.sha256()
        try:
            with coming.open("wb") as file:
                for block in self._blocks("GET", f"/media/{digest.hex()}", limit=MAX_FILE):
                    seen.update(block)
                    file.write(block)
            if Digest(seen.digest()) != digest:
                return False
            coming.replace(path)
            return True
        except NotFoundError:
            return False
        finally:
            coming.unlink(missing_ok=True)

    def studio(self, address: Address) -> dict[str, Any]:
        """Return a studio's entry in the directory; raises `NotFoundError`."""
        return self._object("GET", f"/api/v1/studios/{address}")

    def studio_of_key(self, key_id: KeyId) -> dict[str, Any]:
        """Return the entry of the studio whose certificate key that is or was; raises `NotFoundError`."""
        return self._object("GET", f"/api/v1/keys/{key_id}")

    def pieces(self, studio: Address) -> Iterator[Serial]:
        """Yield the serials of a studio's pieces on the ledger, in the order of their tokens."""
        after = 0
        while True:
            page = self._object("GET", f"/api/v1/studios/{studio}/pieces?after={after}")
            items, following = page.get("pieces"), page.get("next")
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise self.nonsense()
            for item in items:
                yield Serial.parse(str(item.get("serial")))
            if following is None:
                return
            if not isinstance(following, str) or not following.isdecimal() or int(following) <= after:
                raise self.nonsense()  # It would have no end.
            after = int(following)

    def state(self, digest: Digest) -> dict[str, Any]:
        """Return where a certificate is on its way, and why it is held if it is; raises `NotFoundError`."""
        return self._object("GET", f"/api/v1/certificates/{digest}")

    def states(self, digests: Sequence[Digest]) -> dict[Digest, Progress]:
        """Return the states of up to 1,000 certificates, and what must be done where one does not go on."""
        body = msgspec.json.encode({"digests": [str(digest) for digest in digests]})
        answer = self._object("POST", "/api/v1/certificates:states", body)
        states, reasons, hints = (answer.get(name) for name in ("states", "reasons", "hints"))
        if not (isinstance(states, dict) and isinstance(reasons, dict) and isinstance(hints, dict)):
            raise self.nonsense()
        if any(state not in _STATES for state in states.values()):
            raise self.nonsense()
        told = {digest: str(hints.get(reason, reason)) for digest, reason in reasons.items()}
        codes = {digest: str(reason) for digest, reason in reasons.items()}
        return {
            Digest.parse(digest): Progress(str(state), told.get(digest), codes.get(digest))
            for digest, state in states.items()
        }

    # --- writing ----------------------------------------------------------------------------------------------------

    def submit(self, certificates: Sequence[bytes]) -> list[dict[str, Any]]:
        """Register certificates, each given by its exact bytes; return one result each, in order."""
        body = b"\n".join(certificates) + b"\n"
        answer = self._json("POST", "/api/v1/certificates:batch", body, "application/x-ndjson")
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list) or len(results) != len(certificates):
            raise self.nonsense()
        return [self.fate(result) for result in results]

    def fate(self, result: object) -> dict[str, Any]:
        """Return what a registry says of one certificate; raises `UnreachableError` for what says no such thing.

        What is written down of it decides whether it is ever sent again.
        """
        if not isinstance(result, dict) or not isinstance(result.get("status", 0), int):
            raise self.nonsense()
        if "code" not in result and result.get("state") not in _STATES:
            raise self.nonsense()
        return result

    def upload(self, digest: Digest, data: bytes) -> None:
        """Send a photo that a registered certificate names."""
        self._json("PUT", f"/api/v1/media/{digest.hex()}", data, "application/octet-stream")

    def send_file(self, digest: Digest, path: Path) -> None:
        """Send a scan or a file that a registered certificate names, without reading it into memory."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            self._ask("PUT", f"/api/v1/media/{digest.hex()}", _Blocks(file), "application/octet-stream", size=size)

    def relay(self, order: StatusOrder | AmendOrder, signature: bytes) -> dict[str, Any]:
        """Hand in a studio's signed order about a piece."""
        what = {"status": order.status.name} if isinstance(order, StatusOrder) else {"digest": str(order.digest)}
        members = {
            "tokenId": str(order.token_id),
            **what,
            "studio": str(order.studio),
            "nonce": str(order.nonce),
            "deadline": str(order.deadline),
            "signature": "0x" + signature.hex(),
        }
        return self._object("POST", _path_of(type(order)), msgspec.json.encode(members))

    def hand_in(self, path: str, order: bytes) -> dict[str, Any]:
        """Hand in what a studio signed; return the answer."""
        return self._object("POST", path, order)

    def order(self, order_id: str, kind: type[StatusOrder | AmendOrder] = StatusOrder) -> dict[str, Any]:
        """Return how an order fares."""
        return self._object("GET", f"{_path_of(kind)}/{order_id}")


def _path_of(kind: type[StatusOrder | AmendOrder]) -> str:
    return "/api/v1/statuses" if kind is StatusOrder else "/api/v1/amendments"


class _Blocks:
    """A file in blocks, from its beginning however often it is asked."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while block := self._file.read(BLOCK):
            yield block
