"""Published vectors of what the keys are made by.

Origin: RFC 6979 appendix A.2.5 (P-256, SHA-256); BIP-39's reference vectors (github.com/trezor/python-mnemonic,
``vectors.json``, seeds with the password "TREZOR"; the same words without a password and their first Ethereum account
are those that wallets show); BIP-32 test vectors 1 and 2.
"""

from __future__ import annotations

import pytest
from eth_account.hdaccount import key_from_seed
from mnemonic import Mnemonic

from provenance.encoding import Address
from provenance.errors import VerificationError
from provenance.evm.accounts import account_of
from provenance.keys import P256_ORDER, P256Signer
from provenance.phrase import Phrase, certificate_signer

RFC_6979_KEY = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
RFC_6979_POINT = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
RFC_6979 = {
    b"sample": (
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    ),
    b"test": (
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
    ),
}


@pytest.mark.parametrize("message", RFC_6979)
def test_signatures_are_those_of_rfc_6979_made_low_s(message: bytes) -> None:
    signer = P256Signer.from_secret(bytes.fromhex(RFC_6979_KEY))
    assert signer.public_key.multikey_bytes[3:].hex().upper() == RFC_6979_POINT
    r, s = (int(number, 16) for number in RFC_6979[message])
    assert signer.sign(message) == r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")
    high = r.to_bytes(32, "big") + max(s, P256_ORDER - s).to_bytes(32, "big")
    signer.public_key.verify(high, message, allow_high_s=True)
    with pytest.raises(VerificationError, match="high-s"):
        signer.public_key.verify(high, message)


BIP_39 = {
    "00" * 16: ("abandon " * 11 + "about", "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"),  # noqa: E501
    "7f" * 16: ("legal winner thank year wave sausage worth useful legal winner thank yellow", "2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6fa457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607"),  # noqa: E501
    "80" * 16: ("letter advice cage absurd amount doctor acoustic avoid letter advice cage above", "d71de856f81a8acc65e6fc851a38d4d7ec216fd0796d0a6827a3ad6ed5511a30fa280f12eb2e47ed2ac03b5c462a0358d18d69fe4f985ec81778c1b370b652a8"),  # noqa: E501
    "ff" * 16: ("zoo " * 11 + "wrong", "ac27495480225222079d7be181583751e86f571027b0497b5b5d11218e0a8a13332572917f0f8e5a589620c6f15b11c61dee327651a14c34e18231052e48c069"),  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("entropy", BIP_39)
def test_phrases_are_those_of_bip_39(entropy: str) -> None:
    words, seed = BIP_39[entropy]
    phrase = Phrase("english", bytes.fromhex(entropy))
    assert str(phrase) == words
    assert Phrase.read(words) == phrase
    assert Mnemonic.to_seed(words, "TREZOR").hex() == seed


def test_chinese_phrases_are_those_of_bip_39() -> None:
    phrase = Phrase("chinese_simplified", bytes(16))
    assert str(phrase) == "的 " * 11 + "在"
    assert Phrase.read("的" * 11 + "在") == phrase


def test_seed_and_account_are_those_that_wallets_derive() -> None:
    seed = Phrase.read("abandon " * 11 + "about").seed
    assert seed.hex() == (
        "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1"
        "9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4"
    )
    assert account_of(seed) == Address.parse("0x9858EfFD232B4033E47d90003D41EC34EcaEda94".lower())


@pytest.mark.parametrize(
    ("seed", "path", "key"),
    [
        (
            "000102030405060708090a0b0c0d0e0f",
            "m/0'",
            "edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea",
        ),
        (
            "000102030405060708090a0b0c0d0e0f",
            "m/0'/1",
            "3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368",
        ),
        (
            "000102030405060708090a0b0c0d0e0f",
            "m/0'/1/2'/2/1000000000",
            "471b76e389e528d6de6d816857e012c5455051cad6660850e58372a6c3e6e7c8",
        ),
    ],
)
def test_accounts_are_derived_as_bip_32_does(seed: str, path: str, key: str) -> None:
    assert key_from_seed(bytes.fromhex(seed), path).hex() == key


def test_certificate_keys_of_a_phrase_never_change() -> None:
    """Our own: a phrase on paper must give the same keys in every version to come."""
    seed = Phrase.read("abandon " * 11 + "about").seed
    assert [certificate_signer(seed, number).public_key.multikey for number in (1, 2)] == [
        "zDnaeWRtPWe5JtMvzjAA3AvJWSJr41TcdaBaPYp6kUokCT9Fa",
        "zDnaeaEsc4Sz7hqUbXfUpESEkAi7d7tSr2LW5Fr5nqnGK8duD",
    ]
