"""What the contract's refusals read like."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from provenance.evm.abi import interface
from provenance.testing.rules.state import RefusedError, State, require_role

SAMPLES: dict[str, tuple[Any, str]] = {
    "address": ("0x" + "ab" * 20, "0x" + "ab" * 20),
    "uint256": (7, "7"),
    "uint64": (7, "7"),
    "uint48": (7, "7"),
    "uint8": (7, "7"),
    "bytes32": (b"\x01" * 32, "0x" + "01" * 32),
    "bytes": (b"\x02" * 35, "0x" + "02" * 35),
    "string": ("青 (x=1)", "“青 (x=1)”"),
}


@pytest.mark.parametrize("selector", sorted(interface().errors), ids=lambda s: interface().errors[s][0])
def test_every_error_reads_as_its_name_and_named_arguments(selector: bytes) -> None:
    name, members = interface().errors[selector]
    values = [SAMPLES[kind][0] for _, kind in members]
    data = selector + encode([kind for _, kind in members], values)
    shown = ", ".join(f"{member}={SAMPLES[kind][1]}" for member, kind in members)
    assert interface().refusal(data) == f"{name}({shown})"
    if members:
        assert interface().refusal(data[:-1]) == f"{name}()"


def test_roles_are_named() -> None:
    selector = next(s for s, (name, _) in interface().errors.items() if name == "AccessControlUnauthorizedAccount")
    account = "0x" + "ab" * 20
    for role, name in (
        (keccak(text="STEWARD_ROLE"), "STEWARD_ROLE"),
        (keccak(text="IMPORTER_ROLE"), "IMPORTER_ROLE"),
        (bytes(32), "DEFAULT_ADMIN_ROLE"),
        (b"\x05" * 32, "0x" + "05" * 32),
    ):
        data = selector + encode(["address", "bytes32"], [account, role])
        expected = f"AccessControlUnauthorizedAccount(account={account}, neededRole={name})"
        assert interface().refusal(data) == expected


def test_long_bytes_are_cut() -> None:
    selector = next(s for s, (name, _) in interface().errors.items() if name == "InvalidMultikey")
    data = selector + encode(["bytes"], [b"\x03" * 100])
    assert interface().refusal(data) == f"InvalidMultikey(multikey=0x{'03' * 16}… (100 bytes))"


def test_the_compilers_own_errors_are_in_words() -> None:
    for code, words in ((0x11, "an arithmetic overflow"), (0x32, "an index beyond the end"), (0x99, "0x99")):
        data = b"\x4e\x48\x7b\x71" + code.to_bytes(32, "big")
        assert interface().refusal(data) == f"Panic({words})"


def test_text_does_not_pass_for_an_error() -> None:
    data = b"\x08\xc3\x79\xa0" + encode(["string"], ["UnknownToken(tokenId=1)"])
    assert interface().refusal(data) == "“UnknownToken(tokenId=1)”"
    for nothing in (b"", b"\x01", b"\x01\x02\x03\x04" + bytes(32)):
        assert interface().refusal(nothing) == "no reason given"


def test_the_simulator_names_the_role_too() -> None:
    from provenance.encoding import Address
    from provenance.ledger import Role

    with pytest.raises(RefusedError, match="neededRole=STEWARD_ROLE"):
        require_role(State(), Role.STEWARD, Address(bytes(20)))


@pytest.mark.parametrize("name", ["InvalidOrderSignature", "AccessControlInvalidDefaultAdmin"])
def test_whom_the_contract_does_not_take_for_the_right_account_is_told_which_is(name: str) -> None:
    from provenance.evm.node import refusal

    assert name in {error for error, _ in interface().errors.values()}
    assert "account" in str(refusal(f"{name}(controller=0x{'ab' * 20})").hint)
