"""For which verdicts an order is signed: the token must be the certificate's, its corrections may be in disorder."""

from __future__ import annotations

import pytest

from provenance.codes import AMENDMENT_CODES, CODES
from provenance.errors import ConfigurationError
from provenance.verdict import Check, Finding, Verdict, conclude
from provenance_cli.commands.revoke import token_of


def verdict(*codes: str) -> Verdict:
    findings = tuple(Finding(CODES[code].check, code) for code in codes)
    return Verdict(*conclude(findings), findings, token_id=7)


@pytest.mark.parametrize("code", ["token-agrees", *AMENDMENT_CODES])
def test_a_piece_can_be_corrected_and_revoked_whatever_its_corrections(code: str) -> None:
    assert CODES[code].check is Check.TOKEN
    assert token_of(verdict("well-formed", "signed", "included", "anchored", "accredited", code, "active")) == 7


@pytest.mark.parametrize("code", ["wrong-token", "other-serial", "token-not-checked"])
def test_nothing_is_signed_for_a_token_that_is_not_borne_out(code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        token_of(verdict("well-formed", "signed", "included", "anchored", "accredited", code, "active"))
    assert caught.value.code == "not-borne-out"


def test_nothing_is_signed_for_what_is_not_anchored() -> None:
    for codes in (("signed", "not-included"), ("altered", "included")):
        with pytest.raises(ConfigurationError) as caught:
            token_of(verdict("well-formed", *codes, "anchored", "accredited", "token-agrees", "active"))
        assert caught.value.code == "not-borne-out"
