"""Secret codes: their one spelling, the claim key that they hold, and that nothing shows a secret unasked."""

from __future__ import annotations

import pytest

from provenance.claim_key import MAX_SECRET_URL, SecretCode
from provenance.errors import MalformedError
from provenance.evm.accounts import Account
from provenance.printing.codes import matrix
from provenance.serial import Serial

SERIAL = Serial.parse("7K3M9QX2VD5T" + Serial.check_symbol("7K3M9QX2VD5T"))
SECRET = "0123456789ABCDEFGHJKMNPQRS"
CODE = SecretCode("https://registry.example", SERIAL, SECRET)
URL = f"https://registry.example/P/{SERIAL.compact}#{SECRET}"


def test_a_code_is_read_as_it_was_written() -> None:
    drawn = SecretCode.draw("https://registry.example:8443", SERIAL)
    assert SecretCode.parse(drawn.reveal()) == drawn
    assert CODE.reveal() == URL
    assert len({SecretCode.draw(CODE.base_url, SERIAL).reveal() for _ in range(1_000)}) == 1_000
    symbols = "".join(SecretCode.draw(CODE.base_url, SERIAL).reveal()[-26:] for _ in range(1_000))
    counts = {symbol: symbols.count(symbol) for symbol in set(symbols)}
    assert len(counts) == 32
    assert all(600 < count < 1_030 for count in counts.values())  # 812 each, seven deviations either way.


@pytest.mark.parametrize(
    "text",
    [
        "", "#", SECRET, URL.partition("#")[0], URL[:-1], URL + "0", URL + "\n", " " + URL, URL.lower(), URL + "#",
        URL.replace("#", "##"), URL.replace("#", "?"), URL.replace("#", "/2#"), URL.replace("#", "/#"),
        URL.replace("#", "?a#"), URL.replace("/P/", "/p/"), URL.replace("https", "HTTPS"), URL.replace("https", "ftp"),
        URL.replace("0123", "O123"), URL.replace("0123", "U123"), URL.replace(SERIAL.compact, str(SERIAL)),
        URL.replace(SERIAL.compact, SERIAL.compact[:-1] + "Z"), URL.replace("//", "//user@"),
        "https://" + "a" * MAX_SECRET_URL + URL, URL.replace("0", "٠"),
    ],
)  # fmt: skip
def test_nothing_else_is_a_code_and_no_error_repeats_it(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        SecretCode.parse(text)
    assert caught.value.code == "not-a-secret-code"
    said = f"{caught.value} {caught.value.hint} {caught.value.facts} {caught.value!r}"
    assert SECRET[:13] not in said.upper()


def test_the_claim_key_is_that_of_the_code_alone() -> None:
    # By hand: hmac.new(bytes(32), SECRET) keyed HMAC of the info and 1, RFC 5869 sections 2.2 and 2.3.
    import hashlib
    import hmac

    info = b"\0".join([b"kilnmark claim key 1", b"https://registry.example", SERIAL.compact.encode(), b"0"])
    extracted = hmac.digest(bytes(32), SECRET.encode(), hashlib.sha256)
    assert CODE.private_key() == hmac.digest(extracted, info + b"\x01", hashlib.sha256)
    assert CODE.private_key().hex() == "230250b2a41031b6127f39b3e2aec31047595ba3f0aef0ae80655f08129d19fc"
    assert str(Account.from_secret(CODE.private_key()).address) == "0x5e4f56b1b34fd4616115f04477c3479bafcfac9b"
    others = [
        SecretCode("https://other.example", SERIAL, SECRET),
        SecretCode(CODE.base_url, Serial.random(), SECRET),
        SecretCode(CODE.base_url, SERIAL, SECRET[:-1] + "T"),
    ]
    assert len({code.private_key() for code in (CODE, *others)}) == 4


def test_what_is_no_key_of_the_curve_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.claim_key._CURVE_ORDER", int.from_bytes(CODE.private_key(), "big"))
    again = CODE.private_key()
    monkeypatch.undo()
    assert again != CODE.private_key()


def test_a_secret_is_shown_only_when_asked_for() -> None:
    for said in (repr(CODE), str(CODE), f"{CODE}", f"{[CODE]}", f"{(CODE, 1)!r}"):
        assert SECRET not in said
        assert SERIAL.compact not in said or "SecretCode(" in said
    assert "registry.example" in repr(CODE)


def test_the_secret_makes_the_code_one_size_larger_only() -> None:
    public = matrix(URL.partition("#")[0])
    assert (len(public), len(matrix(URL))) == (29, 33)


def test_a_sheet_that_lacks_a_code_is_told_by_its_serial_alone() -> None:
    from datetime import UTC, datetime

    from provenance.errors import VerificationError
    from provenance.printing.layouts import layout_named
    from provenance.printing.secret_sheet import SecretLabel, check_secrets, print_secrets

    now = datetime(2026, 11, 26, tzinfo=UTC)
    pdf, report = print_secrets([SecretLabel(CODE, "杯")], layout_named("L7160"), created=now)
    assert (report.labels, report.pages) == (1, 1)
    assert SECRET.encode() not in pdf
    other = SecretCode.draw(CODE.base_url, SERIAL)
    for expected in ([other], [CODE, other], []):
        with pytest.raises(VerificationError) as caught:
            check_secrets(pdf, expected)
        said = f"{caught.value}"
        assert not any(secret in said for secret in (SECRET, other.reveal()[-26:]))
    assert matrix.cache_info().currsize == 0
