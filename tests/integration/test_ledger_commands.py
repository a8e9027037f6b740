"""A steward's and an admin's commands against a ledger whose clock the test turns."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provenance.certificate import format_time
from provenance.encoding import Address, Hash32
from provenance.evm import abi
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.ledger import EVMLedger
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.ledger import AccreditCall, AddKeyCall, GrantRoleCall, RelayAmendCall, Role
from provenance.status import AmendOrder, Status
from provenance.verify import Verifier
from provenance_cli import deployments, main
from provenance_cli.columns import width
from provenance_cli.files import write_file
from provenance_cli.ledgers import read_policy
from tests.docs.pages import read, section
from tests.support.chains import Guild, guild


class Typist:
    """Types command lines where nobody sits at a terminal; `code` is the exit code that must come, if any must."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._patch = capsys, monkeypatch
        self.code, self.talk = 0, ""

    def __call__(
        self, *words: object, code: int | None = 0, yes: bool = True, json_: bool = True, lang: str = "en"
    ) -> Any:
        self._capsys.readouterr()
        self._patch.setattr("sys.stdin", io.StringIO())
        before = [*(("-y",) if yes else ()), *(("--json",) if json_ else ()), "--lang", lang]
        self.code = main.run([*before, *map(str, words)])
        data, self.talk = self._capsys.readouterr()
        assert "Traceback" not in self.talk
        assert code in (None, self.code), self.talk + data
        if not json_ or not data:
            return data
        said = json.loads(data)
        if self.code == 0 and words[0] == "ledger":
            assert said.keys() - {"importer", "predecessor"} == documented(words).keys() - {"predecessor"}, words
        return said


def documented(words: Sequence[object]) -> dict[str, Any]:
    """Return the JSON that the reference shows for a command."""
    names = words[:3] if words[1] in ("admin", "key", "role") else words[:2]
    text = section(read("docs/reference.md"), f"#### `kilnmark {' '.join(map(str, names))}")
    members: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])
    return members


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Typist:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Typist(capsys, monkeypatch)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Guild]:
    with guild(tmp_path / "guild") as made:
        yield made


def test_a_studio_is_suspended_and_reinstated_by_any_of_its_names(run: Typist, house: Guild) -> None:
    said = run("ledger", "suspend", "lin", *house.at())
    assert said.keys() == {"transaction", "block", "gas", "fee", "studio"}
    assert said["studio"] == str(house.studio.address)
    assert said["gas"] > 21_000
    assert int(said["fee"]) >= said["gas"]
    assert "林家窑" in run.talk
    assert f"Done in block {said['block']}" in run.talk
    run("ledger", "suspend", house.issuer.did, *house.at(), code=5)
    assert "SuspensionUnchanged" in run.talk
    assert "stands so already" in run.talk
    run("ledger", "reinstate", str(house.studio.address).upper().replace("0X", "0x"), *house.at())
    run("ledger", "suspend", "nobody", *house.at(), code=3)
    assert "no studio nobody" in run.talk
    run("ledger", "suspend", "lin", *house.at("stranger"), code=5)
    assert "AccessControlUnauthorizedAccount" in run.talk
    assert "right key file" in run.talk


def test_what_cannot_be_undone_is_asked_first_and_nothing_is_sent_without_a_yes(run: Typist, house: Guild) -> None:
    (bundle,) = house.anchor(house.sign())
    write_file(house.folder / "piece.json", bundle.to_bytes())
    token_id = bundle.receipts[0].token_id
    head = house.ledger.head()
    run("ledger", "set-status", token_id, "revoked", *house.at(), yes=False, code=5)
    assert "Revoke it for ever?" in run.talk
    assert house.ledger.head() == head
    said = run("ledger", "set-status", token_id, "on-hold", *house.at(), yes=False)
    assert (said["tokenId"], said["status"]) == (str(token_id), "ON_HOLD")
    run("ledger", "set-status", house.folder / "piece.json", "active", *house.at())
    run("ledger", "set-status", house.folder / "piece.json", "revoked", *house.at())
    record = house.ledger.record(token_id, bundle.certificate.public_key.key_id, house.ledger.head())
    assert record is not None
    assert record.status is Status.REVOKED
    run("ledger", "set-status", token_id, "active", *house.at(), code=5)
    assert "StatusIsFinal" in run.talk
    run("ledger", "set-status", "12", "revoked", *house.at(), code=4)
    run("ledger", "set-status", "99999999999", "revoked", *house.at(), code=5)
    assert "UnknownToken" in run.talk


def test_keys_are_added_retired_and_disowned(run: Typist, house: Guild) -> None:
    first = house.anchor(house.sign(), house.sign())
    house.chain.later(days=3)
    theft = house.chain.now
    stolen = house.anchor(house.sign(), house.sign(), house.sign())
    house.chain.later(days=1)
    second = P256Signer.generate()
    added = run("ledger", "key", "add", house.application(second), *house.at())
    assert added["keyId"] == str(second.public_key.key_id)
    run("ledger", "key", "add", house.application(second), *house.at(), code=5)
    assert "KeyAlreadyAdded" in run.talk
    house.anchor(house.sign())

    since = "2026-11-05T16:00:00+08:00"
    assert theft > 0
    key_id = house.signer.public_key.key_id
    args = ("ledger", "key", "compromise", "lin", key_id.hex()[:10], "--since", since, *house.at())
    head = house.ledger.head()
    run(*args, yes=False, code=5)
    assert "anchored since then: 4; of these certainly signed with this key: 3" in run.talk
    assert house.ledger.head() == head
    said = run(*args)
    assert (said["pieces"], said["certain"], said["end"]) == (4, 3, "2026-11-05T08:00:00+00:00")
    verifier = Verifier(read_policy(house.policy_file), house.ledger)
    assert [verifier.verify(bundle).outcome.name for bundle in first] == ["AUTHENTIC"] * 2
    assert {verifier.verify(bundle).reason for bundle in stolen} == {"key-not-valid"}
    run(*args, code=3)
    assert "dated to 2026-11-05 08:00:00 UTC already" in run.talk
    assert "pieces" not in run.talk
    later_on = (*args[:6], "2026-11-05T09:00:00Z", *house.at())
    run(*later_on, code=3)
    said = run(*args[:6], "2026-11-05T07:00:00Z", *house.at())
    assert "Until now it ended at 2026-11-05 08:00:00 UTC" in run.talk
    assert said["pieces"] == 0

    now = "2026-11-30T08:00:00Z"
    run("ledger", "key", "retire", "lin", second.public_key.multikey, "--at", "2026-11-01", *house.at(), code=5)
    assert "key compromise" in run.talk
    run("ledger", "key", "retire", "lin", second.public_key.multikey, "--at", now, *house.at())
    run("ledger", "key", "retire", "lin", second.public_key.multikey, *house.at())
    accredit = ("studio", "accredit", house.application(second), "--key-file", house.folder / "steward.key", "--policy",
                house.policy_file)  # fmt: skip
    house.chain.later(days=60)
    run("ledger", "suspend", "lin", *house.at())
    run("ledger", "reinstate", "lin", *house.at())
    steward_sent = house.ledger.next_nonce(house.people["steward"].address)
    run(*accredit, code=3)
    assert "was added before and ended at 2026-11-" in run.talk
    assert "kilnmark key rotate" in run.talk
    assert "Accredited" not in run.talk
    assert house.ledger.next_nonce(house.people["steward"].address) == steward_sent
    house.do(AddKeyCall(house.studio.address, (third := P256Signer.generate()).public_key.multikey_bytes))
    run("studio", "accredit", house.application(third), *accredit[3:])
    assert "no key was added" in run.talk
    run("ledger", "key", "retire", "lin", "0123456789", *house.at(), code=3)
    run("ledger", "key", "retire", "lin", second.public_key.multikey, "--at", "tomorrow", *house.at(), code=4)


def test_a_controller_counts_after_seven_days(run: Typist, house: Guild) -> None:
    other = Account.generate()[0].address
    run("ledger", "controller", "lin", other, *house.at(), yes=False, code=5)
    run("ledger", "controller", "lin", house.studio.address, *house.at(), code=3)
    assert "no other is proposed" in run.talk
    run("ledger", "controller", "lin", other, *house.at())
    assert "It counts from 2026-11-09" in run.talk
    policy = ("--policy", house.policy_file)
    studio = run("ledger", "audit", *policy)["studios"][0]
    assert studio["controller"] == str(house.studio.address)
    assert studio["upcoming"]["controller"] == str(other)
    text = run("ledger", "audit", *policy, json_=False)
    assert f"{other} will sign for it" in text
    assert "from 2026-11-09 08:00:" in text
    run("ledger", "controller", "lin", Account.generate()[0].address, *house.at())
    assert "takes the place of the proposal" in run.talk
    run("ledger", "controller", "lin", house.studio.address, *house.at())
    assert "The proposal is withdrawn" in run.talk
    assert "seven days" not in run.talk
    assert run("ledger", "audit", *policy)["studios"][0]["upcoming"] is None
    house.chain.later(days=8)
    house.chain.seal()
    assert house.ledger.controller(house.studio.address).current == house.studio.address
    run("ledger", "controller", "lin", "0x1234", *house.at(), code=4)
    mixed = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    run("ledger", "controller", "lin", mixed.replace("5aA", "5aa"), *house.at(), code=4)
    assert "mistyped" in run.talk
    assert run("ledger", "controller", "lin", mixed, *house.at())["controller"] == mixed.lower()
    house.chain.later(days=8)
    run("ledger", "suspend", "lin", *house.at())
    studio = run("ledger", "audit", *policy)["studios"][0]
    assert (studio["controller"], studio["upcoming"]) == (mixed.lower(), None)
    assert f"{mixed.lower()} signs for it." in run("ledger", "audit", *policy, json_=False)


def test_a_piece_is_recovered_after_thirty_days_unless_it_is_vetoed(run: Typist, house: Guild) -> None:
    (bundle,) = house.anchor(house.sign())
    token_id, buyer, heir = bundle.receipts[0].token_id, house.people["stranger"], Account.generate()[0].address
    run("ledger", "recover", token_id, heir, *house.at(), code=5)
    assert "HeldByItsStudio" in run.talk
    assert "kilnmark ledger controller" in run.talk
    run("ledger", "veto", token_id, *house.at(), code=5)
    assert "No recovery of the piece is under way" in run.talk
    house.sell(token_id, buyer.address)
    run("ledger", "recover", token_id, heir, *house.at())
    assert "From 2026-12-02" in run.talk
    run("ledger", "veto", token_id, *house.at("stranger"))
    run("ledger", "recover", token_id, heir, *house.at())
    run("ledger", "execute-recovery", token_id, *house.at("payer"), code=5)
    assert re.search(r"RecoveryTooEarly\(tokenId=[0-9]+, from=2026-12-02 08:00:[0-9]{2} UTC\)", run.talk)
    assert "execute it after that time" in run.talk
    house.chain.later(days=31)
    assert run("ledger", "execute-recovery", token_id, *house.at("payer"))["holder"] == str(heir)
    holding = house.ledger.holding(token_id, house.ledger.head())
    assert holding is not None
    assert holding.holder == heir
    run("ledger", "found", token_id, *house.at(), code=5)
    assert "PieceIsNotLost" in run.talk
    assert "nothing to do" in run.talk


def test_a_loss_is_ended_and_pieces_are_exempted(run: Typist, house: Guild) -> None:
    from provenance.ledger import ReportLostCall

    bundles = house.anchor(house.sign(), house.sign())
    first, second = (bundle.receipts[0].token_id for bundle in bundles)
    house.sell(first, house.people["stranger"].address)
    house.do(ReportLostCall(first), "stranger")
    run("ledger", "found", first, *house.at())
    holding = house.ledger.holding(first, house.ledger.head())
    assert holding is not None
    assert holding.lost_since is None
    key = house.people["stranger"].address
    head = house.ledger.head()
    run("ledger", "exempt", second, key, *house.at(), yes=False, code=5)
    assert "no suspension bars it" in run.talk.replace("\n", " ")
    assert "although its studio is suspended" not in run.talk
    assert "Did you see proof" in run.talk
    assert house.ledger.head() == head
    run("ledger", "suspend", "lin", *house.at())
    run("ledger", "exempt", second, key, *house.at(), yes=False, code=5)
    assert "although its studio is suspended" in run.talk
    assert run("ledger", "exempt", second, key, *house.at())["claimKey"] == str(key)
    holding = house.ledger.holding(second, house.ledger.head())
    assert holding is not None
    assert (holding.exempt_key, holding.barred) == (key, True)
    assert run("ledger", "exempt", second, "--lift", *house.at())["claimKey"] is None
    run("ledger", "exempt", second, key, "--lift", *house.at(), code=2)
    run("ledger", "exempt", second, *house.at(), code=2)
    run("ledger", "exempt", *house.at(), code=2)


def test_roles_and_the_admin_change_hands(run: Typist, house: Guild) -> None:
    other, ledger = house.people["stranger"].address, house.ledger
    run("ledger", "role", "grant", "steward", other, *house.at("admin"))
    assert ledger.has_role(Role.STEWARD, other)
    run("ledger", "role", "grant", "steward", other, *house.at("admin"), code=3)
    run("ledger", "role", "revoke", "steward", other, *house.at("admin"))
    assert f"{other} is no steward from now on" in run.talk
    assert not ledger.has_role(Role.STEWARD, other)
    run("ledger", "role", "revoke", "steward", other, *house.at("admin"), code=3)
    run("ledger", "role", "grant", "importer", other, *house.at("admin"), code=2)

    run("ledger", "admin", "transfer", other, *house.at("admin"))
    assert "It can accept after 2026-11-05" in run.talk
    run("ledger", "admin", "accept", *house.at("stranger"), code=5)
    assert re.search(r"AdminDelay\(schedule=2026-11-05 08:00:[0-9]{2} UTC\)", run.talk)
    assert "has to wait until then" in run.talk
    run("ledger", "admin", "cancel", *house.at("admin"))
    run("ledger", "admin", "transfer", other, *house.at("admin"))
    house.chain.later(days=4)
    run("ledger", "admin", "accept", *house.at("stranger"))
    assert ledger.admin() == (other, None, None)
    run("ledger", "role", "grant", "steward", other, *house.at("admin"), code=5)


def test_an_audit_adds_everything_up(run: Typist, house: Guild, tmp_path: Path) -> None:
    bundles = house.anchor(house.sign(), house.sign(), house.sign())
    tokens = [bundle.receipts[0].token_id for bundle in bundles]
    house.sell(tokens[0], house.people["stranger"].address)
    run("ledger", "set-status", tokens[1], "on-hold", *house.at())
    policy = ("--policy", house.policy_file)
    said = run("ledger", "audit", *policy)
    assert (said["anchors"], said["lots"], said["pieces"], said["holders"], said["withBuyers"]) == (1, 1, 3, 2, 1)
    assert said["statuses"] == {"ON_HOLD": 1, "ACTIVE": 2}
    assert [studio["did"] for studio in said["studios"]] == [house.issuer.did]
    assert (said["faults"], said["duplicates"], said["bundles"]) == ([], [], None)
    folder = tmp_path / "bundles"
    for number, bundle in enumerate(bundles):
        write_file(folder / f"{number}.json", bundle.to_bytes())
    said = run("ledger", "audit", *policy, "--bundles", folder)
    assert (said["bundles"], said["shown"]) == (3, 3)
    text = run("ledger", "audit", *policy, json_=False)
    assert max(map(len, text.splitlines())) <= 80
    assert "agrees with itself" in run.talk
    key_id = house.signer.public_key.key_id
    assert f"{key_id.hex()[:16]}…  2026-11-02 08:00:" in text
    chinese = run("ledger", "audit", *policy, json_=False, lang="zh-Hans")
    assert "暂停使用 1 · 有效 2" in chinese
    assert "ACTIVE" not in chinese
    assert max(map(width, chinese.splitlines())) <= 80


def test_an_audit_finds_a_certificate_anchored_twice_and_a_serial_given_twice(
    run: Typist, house: Guild, tmp_path: Path
) -> None:
    certificate = house.sign()
    same_serial = house.sign(certificate.piece.serial)
    twice = [house.anchor(certificate, house.sign())[0], house.anchor(certificate)[0], house.anchor(same_serial)[0]]
    for number, bundle in enumerate(twice):
        write_file(tmp_path / "bundles" / f"{number}.json", bundle.to_bytes())
    said = run("ledger", "audit", "--policy", house.policy_file, "--bundles", tmp_path / "bundles", code=1)
    tokens = [str(bundle.receipts[0].token_id) for bundle in twice]
    assert said["duplicates"] == [
        {"serial": str(certificate.piece.serial), "digest": str(certificate.digest), "tokens": tokens[:2]},
        {"serial": str(certificate.piece.serial), "digest": None, "tokens": tokens},
    ]
    assert "has several tokens" in run.talk
    write_file(tmp_path / "bundles" / "broken.json", b"{}")
    said = run("ledger", "audit", "--policy", house.policy_file, "--bundles", tmp_path / "bundles", code=1)
    assert any("broken.json" in fault for fault in said["faults"])


def test_an_audit_tells_a_contract_that_contradicts_its_events(
    run: Typist, house: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.anchor(house.sign(), house.sign())
    request, balance_of = house.chain.request, "0x70a08231"

    def lying(method: str, params: Any) -> Any:
        answer = request(method, params)
        if method == "eth_call" and params[0]["data"].startswith(balance_of):
            answer["result"] = "0x" + (5).to_bytes(32, "big").hex()
        return answer

    monkeypatch.setattr(house.chain, "request", lying)
    said = run("ledger", "audit", "--policy", house.policy_file, code=1)
    assert said["faults"] == [
        f"The contract gives {house.studio.address} 5 pieces, its events 2.",
        "The holders have 5 pieces in all, and 2 were anchored.",
    ]


def test_an_audit_tells_events_that_a_node_keeps_to_itself(
    run: Typist, house: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (bundle.receipts[0].token_id for bundle in house.anchor(house.sign(), house.sign()))
    for token in (first, second):
        house.sell(token, house.people["stranger"].address)
    run("ledger", "set-status", second, "revoked", *house.at())
    request, topic = house.chain.request, "0x" + abi.interface().topic("StatusSet").hex()

    def silent(method: str, params: Any) -> Any:
        answer = request(method, params)
        if method == "eth_getLogs":
            answer["result"] = [log for log in answer["result"] if log["topics"][0] != topic]
        return answer

    run("ledger", "audit", "--policy", house.policy_file)
    monkeypatch.setattr(house.chain, "request", silent)
    said = run("ledger", "audit", "--policy", house.policy_file, code=1)
    assert said["faults"] == [f"Token {second}, status: the contract says REVOKED, its events ACTIVE."]


def test_an_audit_asks_a_registry_for_every_token(run: Typist, registry: Any, studio: Any, tmp_path: Path) -> None:
    certificates = [studio.sign(), studio.sign()]
    studio.submit(*certificates)
    studio.wait_anchored(*certificates)
    write_file(tmp_path / "policy.json", registry.policy.to_bytes())
    said = run("ledger", "audit", "--policy", tmp_path / "policy.json", "--registry", registry.base_url)
    assert said["shown"] == said["pieces"] >= 2
    assert said["faults"] == []


def test_where_there_is_no_ledger_it_is_said_what_to_do(run: Typist, house: Guild, tmp_path: Path) -> None:
    pinned = read_policy(house.policy_file)
    nobody = Account.generate()[0].address
    write_file(tmp_path / "other.json", replace(pinned, ledger=replace(pinned.ledger, contract=nobody)).to_bytes())
    run("ledger", "status", "--policy", tmp_path / "other.json", code=5)
    assert f"no contract at {nobody} on chain {pinned.ledger.chain_id}" in run.talk
    assert "Ask a node of the ledger's own chain" in run.talk


def test_who_cannot_pay_is_named_with_the_chain(run: Typist, house: Guild) -> None:
    poor, secret = Account.generate()
    write_file(house.folder / "poor.key", secret.hex().encode())
    house.do(GrantRoleCall(Role.STEWARD, poor.address), "admin")
    run("ledger", "suspend", "lin", *house.at("poor"), code=3)
    assert f"{poor.address} cannot pay for the transaction on chain {house.ledger.identity.chain_id}" in run.talk
    assert "Send it some of that chain's coin" in run.talk


def test_a_name_in_latin_letters_stands_apart_in_chinese(run: Typist, house: Guild) -> None:
    did = "did:web:registry.example:studios:second"
    house.do(AccreditCall(house.people["stranger"].address, did, "Second Studio"))
    run("ledger", "suspend", "second", *house.at(), lang="zh-Hans")
    assert "即刻暂停“Second Studio”（" in run.talk


def test_a_key_file_is_made_once(run: Typist, tmp_path: Path) -> None:
    said = run("ledger", "key", "new", tmp_path / "new.key")
    assert Address.parse(said["address"])
    assert (tmp_path / "new.key").stat().st_mode & 0o077 == 0
    run("ledger", "key", "new", tmp_path / "new.key", code=5)


def deploy_arguments(house: Guild, out: Path) -> list[object]:
    roles = [word for name in ("admin", "steward", "anchorer") for word in (f"--{name}", house.people[name].address)]
    payer = ("--rpc", house.chain.url, "--key-file", house.folder / "payer.key")
    return ["ledger", "deploy", *payer, *roles, "--registry", "https://registry.example", "-o", out]


def test_a_node_with_a_secret_in_its_address_is_not_published(run: Typist, house: Guild, tmp_path: Path) -> None:
    out, url = tmp_path / "policy.json", house.chain.url
    words = deploy_arguments(house, out)

    def named(address: str) -> list[object]:
        return [address if word == url else word for word in words]

    run(*named(url.replace("://", "://kiln:s3cret@")), code=5)
    assert "holds a name or a password" in run.talk
    assert "s3cret" not in run.talk
    run(*named(url + "/v3/0123456789abcdef"), yes=False, code=5)
    assert "Publish the address as it is?" in run.talk
    assert not list(tmp_path.glob("policy*"))
    move = ("ledger", "move", *house.at("importer"), "-o", tmp_path / "successor.json", "--to-rpc")
    run(*move, url.replace("://", "://kiln:s3cret@"), code=5)
    assert "holds a name or a password" in run.talk
    run(*move, url + "/?key=0123456789abcdef", yes=False, code=5)
    assert "Publish the address as it is?" in run.talk
    run(*named(url + "/v3/0123456789abcdef"))
    assert read_policy(out).nodes == (url + "/v3/0123456789abcdef",)


def test_a_studios_name_forges_no_line(run: Typist, house: Guild) -> None:
    forged = "林\nThe ledger agrees with itself.\n"
    house.do(AccreditCall(house.people["stranger"].address, "did:web:registry.example:forger", forged))
    text = run("ledger", "audit", "--policy", house.policy_file, json_=False)
    assert "The ledger agrees" in text
    assert not any(line.startswith("The ledger agrees") for line in text.splitlines())
    run("ledger", "suspend", "forger", *house.at(), json_=False)
    assert not any(line.startswith("The ledger agrees") for line in run.talk.splitlines())


def test_a_deployment_is_recorded_and_verified(run: Typist, house: Guild, tmp_path: Path) -> None:
    out = tmp_path / "new" / "policy.json"
    run(*deploy_arguments(house, out), yes=False, code=5)
    assert "Deploy it?" in run.talk
    payer, chain = house.people["payer"].address, house.ledger.identity.chain_id
    assert f"{payer} pays on chain {chain}, and has about " in run.talk
    assert not out.with_name("policy.deployment.json").exists()
    said = run(*deploy_arguments(house, out), "--admin-delay", "5", "--transferable")
    recorded = json.loads((tmp_path / "new" / "policy.deployment.json").read_bytes())
    assert said == {**recorded, "policy": str(out), "record": str(tmp_path / "new" / "policy.deployment.json"),
                    "words": said["words"]}  # fmt: skip
    assert (said["shippedCode"], said["transferable"], said["adminDelay"]) == (True, True, 5 * 86_400)
    assert said["deployer"] == str(house.people["payer"].address)
    policy = ("--policy", out)
    record = tmp_path / "new" / "policy.deployment.json"
    verified = run("ledger", "verify", *policy, "--record", record)
    assert verified["good"]
    assert {check["result"] for check in verified["checks"]} == {"passed", "told"}
    text = run("ledger", "verify", *policy, "--record", record, json_=False)
    assert max(map(len, text.splitlines())) <= 80
    assert str(house.people["admin"].address) in text

    run("ledger", "role", "revoke", "steward", house.people["steward"].address, *policy, "--key-file",
        house.folder / "admin.key")  # fmt: skip
    run("ledger", "role", "grant", "steward", house.people["anchorer"].address, *policy, "--key-file",
        house.folder / "admin.key")  # fmt: skip
    verified = run("ledger", "verify", *policy)
    assert "several-roles" in {check["name"] for check in verified["checks"] if check["result"] == "warning"}
    verified = run("ledger", "verify", *policy, "--record", record, code=1)
    assert [check["name"] for check in verified["checks"] if check["result"] == "failed"] == ["steward"]
    run(*deploy_arguments(house, out), code=5)
    assert "--out" in run.talk
    verified = run("ledger", "verify", "--policy", house.policy_file, "--record", record, code=1)
    assert [check["name"] for check in verified["checks"] if check["result"] == "failed"] == ["record", "admin-delay"]
    run("ledger", "verify", "--policy", house.policy_file, "--record", house.policy_file, code=4)
    assert "not a record" in run.talk


def test_an_interrupted_deployment_is_not_repeated(
    run: Typist, house: Guild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, sent = house.chain.request, list[str]()

    def interrupted(method: str, params: Any) -> Any:
        if method == "eth_sendRawTransaction":
            sent.append(params[0])
            if len(sent) == 1:
                request(method, params)  # It arrives, and nobody hears of it.
                raise ConnectionError
        return request(method, params)

    monkeypatch.setattr(house.chain, "request", interrupted)
    run(*deploy_arguments(house, tmp_path / "policy.json"), code=3)
    nonce = house.ledger.next_nonce(house.people["payer"].address)
    said = run(*deploy_arguments(house, tmp_path / "policy.json"))
    assert sent == [sent[0]] * 2
    assert house.ledger.next_nonce(house.people["payer"].address) == nonce
    assert read_policy(tmp_path / "policy.json").ledger.contract == Address.parse(said["contract"])


def test_a_deployment_that_can_never_be_mined_says_so(
    run: Typist, house: Guild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, out = house.chain.request, tmp_path / "policy.json"

    def lost(method: str, params: Any) -> Any:
        if method == "eth_sendRawTransaction":
            raise ConnectionError
        return request(method, params)

    monkeypatch.setattr(house.chain, "request", lost)
    run(*deploy_arguments(house, out), code=3)
    monkeypatch.setattr(house.chain, "request", request)
    token_id = house.anchor(house.sign())[0].receipts[0].token_id
    house.sell(token_id, house.people["stranger"].address)  # Paid by the payer.
    monkeypatch.setattr(deployments, "SHORT_PATIENCE", 0.2)
    run(*deploy_arguments(house, out), code=5)
    assert "it will never be mined" in run.talk
    (tmp_path / "policy.deployment.json").unlink()
    run(*deploy_arguments(house, out))


def test_another_ledger_or_another_code_is_not_verified(run: Typist, house: Guild, tmp_path: Path) -> None:
    run("ledger", "verify", "--policy", house.policy_file)
    pinned = read_policy(house.policy_file)
    other = replace(pinned, ledger=replace(pinned.ledger, genesis=Hash32(bytes(32)), code_hash=Hash32(bytes(32))))
    write_file(tmp_path / "other.json", other.to_bytes())
    said = run("ledger", "verify", "--policy", tmp_path / "other.json", code=1)
    assert [check["name"] for check in said["checks"] if check["result"] == "failed"] == ["genesis", "code-hash"]
    with guild(tmp_path / "changed", deployed=deploy_changed) as changed:
        said = run("ledger", "verify", "--policy", changed.policy_file, code=1)
        assert [check["name"] for check in said["checks"] if check["result"] == "failed"] == ["code"]
        assert "is not the code of this release" in run("ledger", "verify", "--policy", changed.policy_file, code=1,
                                                        json_=False)  # fmt: skip


def deploy_changed(*arguments: Any, **options: Any) -> EVMLedger:
    """Deploy the contract with its symbol changed by one letter, as somebody who changes its code would."""
    true = abi.interface()
    assert true.bytecode.count(b"KILN") >= 1
    changed = replace(true, bytecode=true.bytecode.replace(b"KILN", b"KILM"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("provenance.evm.deploy.interface", lambda: changed)
        return deploy(*arguments, **options)


def test_a_compromise_tells_of_corrections_that_must_be_made_anew(run: Typist, house: Guild) -> None:
    kept, corrected = house.anchor(house.sign(), house.sign())
    house.chain.later(days=3)
    now = datetime.fromtimestamp(house.chain.now, UTC)
    before = corrected.certificate
    amendment = issue(
        replace(before.piece, height_mm=313), house.issuer, house.signer, status_entry=before.status_entry, now=now,
        replaces=before.digest,
    )  # fmt: skip
    token_id = corrected.receipts[0].token_id
    studio = house.studio.address
    order = AmendOrder(token_id, amendment.digest, studio, house.ledger.order_nonce(studio), 0)
    house.do(RelayAmendCall(order, house.studio.sign_message(house.ledger.identity, order)), "payer")
    house.chain.later(days=1)
    key_id = house.signer.public_key.key_id
    since = format_time(now - timedelta(hours=1))
    said = run("ledger", "key", "compromise", "lin", key_id, "--since", since, *house.at())
    assert (said["pieces"], said["corrected"]) == (0, 1)
    assert "newest correction was recorded since then: 1" in run.talk
    assert "corrects it anew" in run.talk
    verifier = Verifier(read_policy(house.policy_file), house.ledger)
    assert verifier.verify(kept).outcome.name == "AUTHENTIC"
    verdict = verifier.verify(replace(corrected, amendments=(amendment,)))
    assert (verdict.outcome.name, verdict.shown) == ("AUTHENTIC", before.digest)
    assert "amendment-not-counted" in verdict.advisories


def test_only_the_proposed_admin_accepts_and_a_key_file_is_named(run: Typist, house: Guild, tmp_path: Path) -> None:
    run("ledger", "admin", "accept", *house.at(), code=3)
    assert "No other admin is proposed" in run.talk
    run("ledger", "admin", "transfer", house.people["payer"].address, *house.at("admin"))
    run("ledger", "admin", "accept", *house.at(), code=3)
    assert f"not the proposed admin: {house.people['payer'].address} is" in run.talk
    empty = tmp_path / "empty.key"
    empty.write_bytes(b"")
    run("ledger", "suspend", "lin", "--policy", house.policy_file, "--key-file", empty, code=5)
    assert "empty.key" in run.talk
