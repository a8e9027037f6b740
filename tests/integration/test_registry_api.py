"""The registry over HTTP, as clients meet it."""

from __future__ import annotations

import base64
import gzip
import json
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from provenance.bundle import Bundle
from provenance.certificate import Certificate, Issuer
from provenance.encoding import Digest
from provenance.errors import LedgerError, MalformedError, NotFoundError
from provenance.issue import issue
from provenance.ledger import ReinstateCall, SuspendCall
from provenance.media import prepare_photo
from provenance.piece import Photo, Piece, Scan, WorkFile
from provenance.proof import check_proof
from provenance.serial import Serial
from provenance.status import Status
from provenance.testimony import ExportedRecord
from provenance.verdict import Outcome
from provenance.verify import Verifier
from provenance_cli.commands.revoke import order_status
from provenance_registry.http.static_files import address
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry, Studio


@pytest.fixture(scope="module")
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def anchored(studio: Studio) -> Certificate:
    certificate = studio.sign("青花缠枝莲纹梅瓶")
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    return certificate


def test_a_piece_goes_from_submission_to_an_authentic_verdict(
    registry: RunningRegistry, http: httpx.Client, anchored: Certificate
) -> None:
    serial = anchored.piece.serial
    said = http.get(f"/P/{serial.compact}", headers={"accept": "application/json"}).json()
    assert said["outcome"] == "AUTHENTIC"
    assert said["serial"] == str(serial)
    exact = http.get(f"/P/{serial.compact}", headers={"accept": "application/vc"})
    assert exact.content == anchored.data
    bundle = Bundle.from_bytes(registry.client.bundle(serial))
    verdict = Verifier(registry.policy, registry.ledger()).verify(bundle, serial=serial)
    assert verdict.outcome is Outcome.AUTHENTIC


def test_every_flipped_byte_of_a_served_bundle_is_not_authentic_on_the_chain(
    registry: RunningRegistry, anchored: Certificate
) -> None:
    served = Bundle.from_bytes(registry.client.bundle(anchored.piece.serial))
    data = replace(served, as_exported=None).to_bytes()  # That is testimony, which a verifier with a ledger ignores.
    verifier = Verifier(registry.policy, registry.ledger())
    assert verifier.verify(Bundle.from_bytes(data)).outcome is Outcome.AUTHENTIC
    for place in range(0, len(data), 7):
        flipped = bytearray(data)
        flipped[place] ^= 1
        try:
            verdict = verifier.verify(Bundle.from_bytes(bytes(flipped)))
        except MalformedError:
            continue
        assert verdict.outcome is not Outcome.AUTHENTIC, place


def test_a_served_bundle_tells_what_the_ledger_says(registry: RunningRegistry, anchored: Certificate) -> None:
    bundle, ledger = Bundle.from_bytes(registry.client.bundle(anchored.piece.serial)), registry.ledger()
    told = bundle.as_exported
    assert told is not None
    record = ledger.record(bundle.receipts[0].token_id, anchored.public_key.key_id, told.block)
    assert record is not None
    assert told == ExportedRecord.of(record, ledger.block(told.block.number))
    assert Verifier(registry.policy, ledger).verify(bundle).as_exported is None


def test_submitting_again_changes_nothing(studio: Studio, http: httpx.Client, anchored: Certificate) -> None:
    again = http.post("/api/v1/certificates", content=anchored.data)
    assert again.status_code == 200
    assert again.json()["state"] == "anchored"
    fresh = studio.sign()
    assert http.post("/api/v1/certificates", content=fresh.data).status_code == 201
    assert http.post("/api/v1/certificates", content=fresh.data).status_code == 200


def test_a_serial_is_given_once(studio: Studio, anchored: Certificate) -> None:
    (result,) = studio.submit(studio.sign("别的", serial=anchored.piece.serial))
    assert result["code"] == "serial-taken"
    assert result["line"] == 1


def test_good_lines_are_kept_beside_bad_ones(studio: Studio, registry: RunningRegistry) -> None:
    good = studio.sign()
    forged = studio.sign().data.replace("青花".encode(), "红花".encode())
    elsewhere = good.data.replace(registry.base_url.encode(), b"https://elsewhere.test")
    results = registry.client.submit([b"{}", good.data, forged, b"\xff", elsewhere])
    assert [result.get("code") for result in results][1] is None
    assert results[2]["code"] == "bad-signature"
    assert all("detail" in results[place] for place in (0, 2, 3, 4))
    studio.wait_anchored(good)


def test_a_studio_that_is_not_accredited_is_held_and_told_who_must_act(registry: RunningRegistry) -> None:
    newcomer = Studio(registry, "newcomer", "新窑")
    certificate = newcomer.sign()
    (result,) = newcomer.submit(certificate)
    assert result["state"] == "held"
    assert "guild" in str(result["hint"])
    verdict = registry.client.verdict(certificate.piece.serial)
    assert (verdict["outcome"], verdict["reason"]) == ("PENDING", "not-vouched")
    newcomer.accredit()
    newcomer.wait_anchored(certificate)
    assert registry.client.verdict(certificate.piece.serial)["outcome"] == "AUTHENTIC"


def test_a_held_certificate_claims_nothing_and_shows_nothing(
    registry: RunningRegistry, studio: Studio, http: httpx.Client
) -> None:
    """Anybody can sign in any name: what nobody vouches for must not stand in an honest studio's way."""
    photo = b"\xff\xd8\xff" + b"a stranger's noise"
    stranger = Studio(registry, studio.issuer.slug, studio.issuer.name)
    stranger.list_id, stranger.index = studio.list_id, studio.index
    squatted = stranger.sign("名窑重器", photos=(Photo(Digest.of(photo)),))
    (result,) = stranger.submit(squatted)
    assert (result["state"], result["reason"]) == ("held", "unknown-key")
    serial = squatted.piece.serial
    page = http.get(f"/P/{serial.compact}", headers={"accept": "text/html"}).text
    assert "名窑重器" not in page
    assert studio.issuer.name not in page
    assert http.get(f"/api/v1/pieces/{serial.compact}/bundle").json()["code"] == "not-vouched"
    assert http.get(f"/api/v1/pieces/{serial.compact}/certificate").status_code == 404
    with pytest.raises(NotFoundError):
        registry.client.upload(Digest.of(photo), photo)
    honest = studio.sign(serial=serial)
    assert honest.status_entry == squatted.status_entry
    (result,) = studio.submit(honest)
    assert result["state"] == "waiting"
    studio.wait_anchored(honest)
    assert registry.client.verdict(serial)["outcome"] == "AUTHENTIC"


def test_of_two_studios_that_were_held_only_one_gets_the_serial(registry: RunningRegistry, studio: Studio) -> None:
    late = Studio(registry, "late", "晚窑")
    first, again, own = late.sign(), late.sign(), late.sign()
    twin = late.sign("同号", serial=first.piece.serial)
    late.submit(first, again, own, twin)
    taken = studio.sign(serial=again.piece.serial)
    studio.submit(taken)
    late.accredit()
    late.wait_anchored(first, own)
    reasons = [registry.client.state(item.digest).get("reason") for item in (again, twin)]
    assert reasons == ["serial-taken", "serial-taken"]


def test_a_studio_that_names_itself_otherwise_is_held(registry: RunningRegistry, studio: Studio) -> None:
    vain = Studio(registry, "vain", "小窑")
    vain.accredit()
    vain.issuer = Issuer(registry.base_url, "vain", "故宫博物院")
    (result,) = vain.submit(vain.sign())
    assert (result["state"], result["reason"]) == ("held", "other-name")


def test_a_status_list_is_one_studios(registry: RunningRegistry, studio: Studio) -> None:
    certificate = studio.sign()
    studio.submit(certificate)
    rival = Studio(registry, "rival", "邻窑")
    rival.accredit()
    rival.list_id, rival.index = studio.list_id, studio.index + 1_000
    (result,) = rival.submit(rival.sign())
    assert result["code"] == "status-list-taken"


def test_a_suspended_studio_is_held_until_it_is_reinstated(registry: RunningRegistry, http: httpx.Client) -> None:
    suspended = Studio(registry, "suspended", "停窑")
    suspended.accredit()
    before = suspended.sign()
    suspended.submit(before)
    suspended.wait_anchored(before)
    registry.steward_does(SuspendCall(suspended.account.address))
    entry = f"/api/v1/studios/{suspended.account.address}"
    _until(
        lambda: http.get(entry).json(), lambda members: bool(members["suspended"])
    )  # The index sees it a moment later.
    certificate = suspended.sign()
    (result,) = suspended.submit(certificate)
    assert result["reason"] == "suspended"
    verdict = registry.client.verdict(before.piece.serial)
    assert verdict["outcome"] == "AUTHENTIC"
    assert [item["code"] for item in verdict["advisories"]] == ["studio-suspended"]
    registry.steward_does(ReinstateCall(suspended.account.address))
    suspended.wait_anchored(certificate)


def test_a_revocation_by_the_studio_reaches_verdict_status_list_and_chain(
    registry: RunningRegistry, http: httpx.Client
) -> None:
    studio = Studio(registry, "revoking", "作废窑")
    studio.accredit()
    certificate = studio.sign()
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    bundle = Bundle.from_bytes(registry.client.bundle(certificate.piece.serial))
    ledger, token = registry.ledger(), bundle.receipts[0].token_id
    order_status(registry.client, ledger, studio.account, token, Status.REVOKED)
    assert Verifier(registry.policy, ledger).verify(bundle).reason == "revoked"
    said = _until(lambda: registry.client.verdict(certificate.piece.serial), lambda v: v["reason"] == "revoked")
    assert (said["outcome"], said["statusBy"]) == ("NOT_AUTHENTIC", "studio")
    page = http.get(f"/P/{certificate.piece.serial.compact}?lang=zh-Hans", headers={"accept": "text/html"}).text
    assert "由工作室作废" in page
    listed = http.get(f"/status/{studio.list_id}").json()
    check_proof(listed)
    bits = gzip.decompress(base64.urlsafe_b64decode(listed["credentialSubject"]["encodedList"][1:] + "=="))
    index = certificate.status_entry.index
    assert bits[index >> 3] & (0x80 >> (index & 7))
    assert sum(bits.count(byte) * bin(byte).count("1") for byte in range(256)) == 1
    with pytest.raises(LedgerError, match="StatusIsFinal"):
        order_status(registry.client, ledger, studio.account, token, Status.ACTIVE)


def test_orders_of_others_are_refused(registry: RunningRegistry, studio: Studio, anchored: Certificate) -> None:
    token = Bundle.from_bytes(registry.client.bundle(anchored.piece.serial)).receipts[0].token_id
    stranger = Studio(registry, "stranger", "外人").account
    with pytest.raises(LedgerError, match=r"WrongOrderNonce|InvalidOrderSignature"):
        order_status(registry.client, registry.ledger(), stranger, token, Status.REVOKED)
    assert registry.client.verdict(anchored.piece.serial)["outcome"] == "AUTHENTIC"


def test_photos_travel_and_are_served_by_digest(registry: RunningRegistry, studio: Studio, http: httpx.Client) -> None:
    prepared = prepare_photo(photo_bytes(seed=41))  # A photo that no other test sends.
    certificate = studio.sign(photos=(Photo(prepared.digest),))
    with pytest.raises(NotFoundError):
        registry.client.upload(prepared.digest, prepared.data)
    studio.submit(certificate)
    with pytest.raises(MalformedError):
        registry.client.upload(prepared.digest, prepared.data + b"x")
    registry.client.upload(prepared.digest, prepared.data)
    registry.client.upload(prepared.digest, prepared.data)
    answer = http.get(f"/media/{prepared.digest.hex()}")
    assert answer.content == prepared.data
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"


def _named(studio: Studio, scans: tuple[Scan, ...] = (), files: tuple[WorkFile, ...] = ()) -> Certificate:
    draft = studio.sign()
    piece = Piece(draft.piece.serial, draft.piece.title, scans=scans, files=files)
    now = draft.valid_from
    return issue(piece, studio.issuer, studio.signer, status_entry=draft.status_entry, now=now)


def test_scans_and_files_are_streamed_in_and_served_to_be_saved(
    registry: RunningRegistry, studio: Studio, http: httpx.Client
) -> None:
    large = b"glTF" + bytes(3_000_001)
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    studio.submit(_named(studio, scans=(Scan(Digest.of(large)),)))
    studio.submit(_named(studio, files=(WorkFile(Digest.of(script), "image/svg+xml"),)))

    def pieces() -> Iterator[bytes]:  # Without a length that is announced.
        yield from (large[place : place + 70_000] for place in range(0, len(large), 70_000))

    at = f"/api/v1/media/{Digest.of(large).hex()}"
    assert http.put(at, content=pieces()).status_code == 201
    assert http.put(at, content=large).status_code == 200
    assert http.put(f"/api/v1/media/{Digest.of(script).hex()}", content=script + b" ").json()["code"] == "wrong-digest"
    assert http.put(f"/api/v1/media/{Digest.of(script).hex()}", content=script).status_code == 201
    for data, media_type, suffix in ((large, "model/gltf-binary", ".glb"), (script, "image/svg+xml", ".svg")):
        answer = http.get(f"/media/{Digest.of(data).hex()}")
        assert answer.content == data
        assert answer.headers["content-type"].split(";")[0] == media_type
        assert answer.headers["content-length"] == str(len(data))
        name = f"{Digest.of(data).hex()}{suffix}"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    missing = http.get(f"/media/{'0' * 64}")
    assert (missing.status_code, missing.json()["code"]) == (404, "no-file-here")
    coming = registry.folder / "media" / "coming"  # An upload that broke off before may be cleared away yet.
    _until(lambda: list(coming.iterdir()), lambda left: not left)


def test_a_photo_has_its_own_limit_and_what_is_too_large_is_refused_before_it_comes(
    registry: RunningRegistry, studio: Studio, http: httpx.Client
) -> None:
    bomb = b"\xff\xd8\xff" + bytes(20 * 2**20)
    studio.submit(studio.sign(photos=(Photo(Digest.of(bomb)),)))
    answer = http.put(f"/api/v1/media/{Digest.of(bomb).hex()}", content=bomb)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    answer = http.put(f"/api/v1/media/{Digest.of(bomb).hex()}", content=iter([bomb]))
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert http.get(f"/media/{Digest.of(bomb).hex()}").status_code == 404


@pytest.mark.parametrize("of_line", ["192.0.2.1", "2001:db8:77:{}::1"])
def test_one_client_sends_few_files_at_a_time(
    registry: RunningRegistry, studio: Studio, http: httpx.Client, of_line: str
) -> None:
    files = [b"glTF" + bytes([number]) * 20_000 + of_line.encode() for number in range(5)]
    http.headers["x-forwarded-for"] = of_line.format(5)
    for file in files:
        studio.submit(_named(studio, scans=(Scan(Digest.of(file)),)))
    begun = []
    for number, file in enumerate(files[:4]):
        connection = socket.create_connection(("127.0.0.1", registry.port))
        head = f"PUT /api/v1/media/{Digest.of(file).hex()} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(file)}\r\n"
        forwarded = f"x-forwarded-for: {of_line.format(number)}\r\n\r\n"
        connection.sendall((head + forwarded).encode() + file[:10_000])
        begun.append(connection)
    fifth = f"/api/v1/media/{Digest.of(files[4]).hex()}"
    _until(lambda: list((registry.folder / "media").glob("coming/*")), lambda coming: len(coming) == 4)
    answer = http.put(fifth, content=files[4])
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-uploads")
    for connection in begun[:2]:
        connection.close()  # Half a file is no file.
    _until(lambda: {"code": http.put(fifth, content=files[4]).status_code}, lambda said: said["code"] in (200, 201))
    begun[2].sendall(files[2][10_000:])
    assert b" 201 " in begun[2].recv(1_000)
    for connection in begun[2:]:
        connection.close()
    assert http.get(f"/media/{Digest.of(files[2]).hex()}").content == files[2]
    assert http.get(f"/media/{Digest.of(files[0]).hex()}").status_code == 404


def test_the_index_agrees_with_the_chain_on_every_token(registry: RunningRegistry, studio: Studio) -> None:
    certificate = studio.sign()
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    ledger = registry.ledger()
    head, checked = ledger.head(), 0
    for lot in range(1, ledger.next_lot()):
        for index in range(10_000):
            record = ledger.record(lot << 32 | index, studio.signer.public_key.key_id, head)
            if record is None:
                break
            answer = httpx.get(f"{registry.base_url}/tokens/{lot << 32 | index}", timeout=60, trust_env=False).json()
            serial = Serial.parse(answer["attributes"][0]["value"])
            said = registry.client.verdict(serial)
            assert said["studio"] == str(record.studio)
            assert said["holder"] == str(record.holder)
            assert (said["reason"] == "revoked") == (record.status is Status.REVOKED)
            checked += 1
    assert checked > 0


def test_documents_for_third_parties(registry: RunningRegistry, studio: Studio, http: httpx.Client) -> None:
    document = http.get("/studios/lin/did.json").json()
    assert document["id"] == studio.issuer.did
    assert document["verificationMethod"][0]["publicKeyMultibase"] == studio.signer.public_key.multikey
    assert http.get("/.well-known/did.json").json()["id"] == f"did:web:127.0.0.1%3A{registry.port}"
    context = http.get("/contexts/piece/v1").json()["@context"]
    assert context["Piece"]
    schema = http.get("/schemas/piece/v1").json()
    assert schema["$id"] == f"{registry.base_url}/schemas/piece/v1"
    assert "/api/v1/certificates" in http.get("/schema/openapi.json").json()["paths"]


def test_the_gate_lets_reads_and_the_ledgers_transactions_through(
    registry: RunningRegistry, http: httpx.Client
) -> None:
    def ask(method: str, *params: Any) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer: dict[str, Any] = http.post("/rpc", json=body).json()
        return answer

    assert ask("eth_chainId")["result"] == "0x6b696c6e"
    for method in ("eth_accounts", "debug_traceCall", "eth_sign", "personal_unlockAccount", "anvil_setBalance"):
        assert ask(method)["error"]["code"] == -32601, method
    assert "error" in ask("eth_sendRawTransaction", "0x02c0")
    assert "error" in ask("eth_call", {"to": "0x1", "data": []}, "latest")
    assert "error" in ask("eth_getLogs", {"fromBlock": "0x0", "toBlock": "zz"})
    ledger = str(registry.ledger().identity.contract)
    call = {"to": ledger, "data": "0xd3aad5cf"}
    assert ask("eth_call", {"data": "0x5b5f56"}, "latest")["error"]["code"] == -32602  # Deploys an endless loop.
    assert ask("eth_call", {**call, "to": "0x" + "11" * 20}, "latest")["error"]["code"] == -32602
    assert ask("eth_call", call, "latest", {ledger: {"code": "0x5b5f56"}})["error"]["code"] == -32602
    assert ask("eth_getLogs", {"fromBlock": "0x0"})["error"]["code"] == -32602
    assert ask("eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x0", "address": [ledger]})["result"] == []
    batch = http.post("/rpc", json=[{"jsonrpc": "2.0", "id": 7, "method": "eth_blockNumber"}, 5]).json()
    assert batch[0]["id"] == 7
    assert batch[1]["error"]["code"] == -32600
    dear = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{**call, "gas": "0xf4240"}, "latest"]}
    codes = [answer["error"]["code"] for answer in http.post("/rpc", json=[dear] * 6).json()]
    assert codes[4:] == [-32005] * 2
    assert -32005 not in codes[:4]
    assert http.post("/rpc", json=[{}] * 21).status_code == 413
    assert http.post("/rpc", content=b"[" * 50_000).status_code == 422


def test_one_client_asks_the_ledger_for_so_much_and_no_other_has_less(
    registry: RunningRegistry, http: httpx.Client
) -> None:
    call = {"to": str(registry.ledger().identity.contract), "data": "0x", "gas": "0x1"}
    batch = [{"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call, "latest"]}] * 20

    def ask(client: str) -> httpx.Response:
        return http.post("/rpc", json=batch, headers={"x-forwarded-for": client})

    for _ in range(600):
        refused = ask("203.0.113.50")
        if refused.status_code != 200:
            break
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
    assert int(refused.headers["retry-after"]) >= 1
    assert ask("203.0.113.51").status_code == 200


HOSTILE: list[tuple[str, str, bytes]] = [
    ("POST", "/api/v1/certificates", b""),
    ("POST", "/api/v1/certificates", b"null"),
    ("POST", "/api/v1/certificates", b'{"a":' * 5_000),
    ("POST", "/api/v1/certificates", b"\xff\xfe"),
    ("POST", "/api/v1/certificates", b'{"@context":1,"proof":{}}'),
    ("POST", "/api/v1/certificates", b"x" * 70_000),
    ("POST", "/api/v1/certificates:batch", b""),
    ("POST", "/api/v1/certificates:batch", b"\n" * 2_000),
    ("POST", "/api/v1/certificates:states", b'{"digests":[5]}'),
    ("POST", "/api/v1/certificates:states", b'{"digests":"x"}'),
    ("POST", "/api/v1/statuses", b'{"tokenId":"1"}'),
    (
        "POST",
        "/api/v1/statuses",
        b'{"tokenId":1,"status":"REVOKED","studio":"","nonce":"0","deadline":"0","signature":""}',
    ),
    ("POST", "/api/v1/claims", b"[]"),
    ("POST", "/api/v1/claims", b'{"tokenId":"4294967296","release":{"deadline":"0"}}'),
    (
        "POST",
        "/api/v1/claims",
        b'{"tokenId":"4294967296","claimKey":"0x","newHolder":"0x","nonce":"0","deadline":"0","signature":"0x0"}',
    ),
    ("POST", "/api/v1/holder-orders", b'{"action":"BURN","tokenId":"1","nonce":"0","deadline":"0","signature":"0x"}'),
    ("POST", "/api/v1/amendments", b"x" * 10_000),
    ("POST", "/api/v1/releases", b'{"tokenId":"\xd9\xa3","claimKey":5,"nonce":{},"deadline":[],"signature":null}'),
    ("POST", "/api/v1/releases:batch", b'{"releases":{"0":1}}'),
    ("GET", "/api/v1/releases/1/0x00", b""),
    ("GET", "/api/v1/releases/" + "9" * 400 + "/0x" + "00" * 20, b""),
    ("GET", "/api/v1/releases/-1/0x" + "00" * 20, b""),
    ("GET", "/api/v1/claims/" + "0" * 64, b""),
    ("GET", "/api/v1/pieces/..%2f..%2fetc", b""),
    ("GET", "/api/v1/pieces/" + "7" * 3_000, b""),
    ("GET", "/api/v1/certificates/zz", b""),
    ("GET", "/api/v1/studios/0x00", b""),
    ("GET", "/api/v1/statuses/../x", b""),
    ("GET", "/media/..%2f..%2fsecrets%2fanchorer", b""),
    ("GET", "/media/" + "0" * 64, b""),
    ("GET", "/static/..%2fapp.py", b""),
    ("GET", "/status/%00", b""),
    ("GET", "/tokens/-1", b""),
    ("GET", "/tokens/" + "9" * 400, b""),
    ("GET", "/P/x/0", b""),
    ("GET", "/P/%F0%9F%8F%BA", b""),
    ("GET", "/look?serial=" + "%00" * 50, b""),
    ("PUT", "/api/v1/media/" + "0" * 64, b"x"),
    ("PUT", "/api/v1/media/zz", b"x"),
    ("DELETE", "/api/v1/policy", b""),
    ("GET", "/nowhere", b""),
]


@pytest.mark.parametrize(("method", "path", "body"), HOSTILE)
def test_hostile_requests_get_an_answer_of_ours(http: httpx.Client, method: str, path: str, body: bytes) -> None:
    # The registry may close a connection whose body it did not read: nobody else is to use that.
    answer = http.request(method, path, content=body or None, headers={"connection": "close"})
    assert 400 <= answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    if "json" in answer.headers["content-type"]:
        assert answer.json()["status"] == answer.status_code
        assert answer.headers["content-type"].startswith("application/problem+json")


def test_unknown_serials_are_answered_alike(http: httpx.Client) -> None:
    answers = []
    for _ in range(2):
        serial = Serial.random()
        answer = http.get(f"/P/{serial.compact}", headers={"accept": "application/json"})
        assert answer.status_code == 404
        answers.append(json.dumps(answer.json()).replace(str(serial), ""))
    assert answers[0] == answers[1]
    assert '"UNKNOWN"' in answers[0]


def test_people_get_pages_for_addresses_that_they_mistyped(http: httpx.Client) -> None:
    people = {"accept": "text/html,*/*;q=0.8", "accept-language": "fr"}
    missing = http.get("/nowhere", headers=people)
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Cette page n’existe pas" in missing.text
    assert "没有此页" in http.get("/nowhere?lang=zh-CN", headers=people).text
    assert http.get("/api/v1/nowhere", headers=people).json()["code"] == "not-found"
    assert http.get("/nowhere").json()["code"] == "not-found"
    serial = Serial.random()
    small = http.get(f"/p/{serial.compact.lower()}/2?lang=ja", headers=people)
    assert (small.status_code, small.headers["location"]) == (308, f"/P/{serial.compact}/2?lang=ja")
    elsewhere = http.get("/p//evil.example/%0d%0ax: y", headers=people)
    assert not elsewhere.headers.get("location", "/").startswith("//")
    assert "x" not in elsewhere.headers
    guessed = http.get(f"/P/%3F{serial.compact[1:]}?lang=fr", headers=people)
    assert (guessed.status_code, guessed.headers["location"]) == (303, f"/P/{serial.compact}?lang=fr")
    short = http.get(f"/P/{serial.compact[:8]}", headers=people)
    assert (short.status_code, "8 signes sur 13" in short.text) == (404, True)
    assert http.get(f"/P/{serial.compact}/100", headers=people).status_code == 404


def test_pages_speak_both_languages_and_carry_their_guards(http: httpx.Client, anchored: Certificate) -> None:
    path = f"/P/{anchored.piece.serial.compact}"
    chinese = http.get(path, headers={"accept": "text/html", "accept-language": "zh-CN,en;q=0.5"})
    assert "证书属实" in chinese.text
    assert '<html lang="zh-Hans" dir="ltr">' in chinese.text
    english = http.get(path + "?lang=en", headers={"accept": "text/html", "accept-language": "zh-CN"})
    assert "Genuine record" in english.text
    assert english.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in english.headers["content-security-policy"]
    assert re.findall("<script[^>]*>", english.text) == [f'<script type="module" src="{address("page.js")}">']


@pytest.mark.parametrize(
    ("method", "path", "accept", "status"),
    [
        ("GET", "/P/{serial}", "application/vc", 200),
        ("GET", "/api/v1/pieces/{serial}/bundle", "*/*", 200),
        ("GET", "/api/v1/pieces/{serial}/certificate", "*/*", 200),
        ("GET", "/api/v1/studios", "*/*", 200),
        ("GET", "/api/v1/pieces/0000000000000/bundle", "*/*", 404),
        ("GET", "/media/{serial}", "*/*", 422),
        ("GET", "/nothing", "*/*", 404),
        ("PUT", "/P/{serial}", "text/html", 405),
        ("POST", "/rpc", "*/*", 413),
    ],
)
def test_every_answer_carries_its_guards_and_is_kept_by_no_shared_cache(
    http: httpx.Client, anchored: Certificate, method: str, path: str, accept: str, status: int
) -> None:
    body = b"x" * (2**20 + 1) if method == "POST" else None
    named = path.format(serial=anchored.piece.serial.compact)
    answer = http.request(method, named, headers={"accept": accept}, content=body)
    assert answer.status_code == status
    assert answer.headers["cache-control"] in ("no-cache", "no-store")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_health_and_metrics(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "alive"}
    assert http.get("/readyz").json() == {"status": "ready"}
    assert 'kilnmark_certificates{state="anchored"}' in http.get("/metrics").text


def test_a_digest_names_its_certificate(http: httpx.Client, anchored: Certificate) -> None:
    said = http.get(f"/api/v1/certificates/{anchored.digest}").json()
    assert said["state"] == "anchored"
    assert said["receipt"]["tokenId"] == said["tokenId"]
    assert http.get(f"/api/v1/certificates/{Digest.of(b'x')}").status_code == 404


def _until(ask: Any, good: Any) -> Any:
    deadline = time.monotonic() + 60
    while not good(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    return answer
