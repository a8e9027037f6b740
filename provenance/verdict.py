"""The whole answer about a piece: one outcome, one finding a check, and advisories.

A `Verdict` has no truth value, on purpose: ``if verdict:`` would hide the difference between "forged" and "could not
check".  Callers compare `Verdict.outcome` or call `Verdict.require`.

`CODES` is the one table of everything that a verdict can say.  Codes are stable; their English sentences are the
source text for translations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple, NoReturn

from provenance.canonical import JSONObject
from provenance.certificate import format_time
from provenance.encoding import Address, Digest
from provenance.errors import VerificationError
from provenance.ledger import BlockRef
from provenance.serial import Serial


class Check(IntEnum):
    """The numbered checks."""

    FORM = 0
    SIGNATURE = 1
    INCLUSION = 2
    ANCHOR = 3
    STUDIO = 4
    TOKEN = 5
    STATUS = 6
    PHOTOS = 7
    TAG = 8


class Outcome(Enum):
    """The one word of a verdict."""

    AUTHENTIC = "AUTHENTIC"
    NOT_AUTHENTIC = "NOT_AUTHENTIC"
    PENDING = "PENDING"
    INCONCLUSIVE = "INCONCLUSIVE"
    UNKNOWN = "UNKNOWN"


class Result(Enum):
    """What became of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not-checked"


class Code(NamedTuple):
    """A thing that a finding can say: its check and result, the outcome that it forces, and what to do."""

    check: Check
    result: Result
    outcome: Outcome | None
    message: str
    hint: str = ""


_OK, _BAD, _OPEN = Result.PASSED, Result.FAILED, Result.NOT_CHECKED
_NOT, _WAIT, _UNSURE = Outcome.NOT_AUTHENTIC, Outcome.PENDING, Outcome.INCONCLUSIVE
_DO_NOT_PAY = "Do not rely on this record. Ask the studio."
_TRY_AGAIN = "Try again later. This neither accuses the piece nor vouches for it."

CODES: dict[str, Code] = {
    "well-formed": Code(Check.FORM, _OK, None, "The certificate is complete and in its one exact form."),
    "signed": Code(Check.SIGNATURE, _OK, None, "The signature fits every word of the certificate."),
    "altered": Code(
        Check.SIGNATURE, _BAD, _NOT, "The certificate was changed after it was signed, or never signed.", _DO_NOT_PAY
    ),
    "included": Code(Check.INCLUSION, _OK, None, "The certificate is in the batch that was anchored."),
    "not-included": Code(
        Check.INCLUSION, _BAD, _NOT, "The certificate is not in the batch that it names.", _DO_NOT_PAY
    ),
    "not-anchored": Code(
        Check.INCLUSION, _OPEN, _WAIT, "The certificate is signed but not on the ledger yet.", "Look again in a while."
    ),
    "anchored": Code(Check.ANCHOR, _OK, None, "The batch is on the ledger, and confirmed."),
    "not-on-ledger": Code(Check.ANCHOR, _BAD, _NOT, "The ledger knows no such batch or token.", _DO_NOT_PAY),
    "foreign-ledger": Code(
        Check.ANCHOR, _BAD, _NOT, "The record stands on another ledger than the one that is trusted here.", _DO_NOT_PAY
    ),
    "stale-receipt": Code(
        Check.ANCHOR,
        _OPEN,
        _UNSURE,
        "The receipt names another block or transaction than the ledger does.",
        "Fetch the bundle again: the chain may have been rearranged since it was written.",
    ),
    "not-confirmed": Code(
        Check.ANCHOR, _OPEN, _WAIT, "The anchor does not lie deep enough in the chain yet.", "Look again in a while."
    ),
    "ledger-behind": Code(
        Check.ANCHOR, _OPEN, _UNSURE, "The node asked has not reached the block of the receipt.", _TRY_AGAIN
    ),
    "ledger-unreachable": Code(Check.ANCHOR, _OPEN, _UNSURE, "The ledger could not be asked.", _TRY_AGAIN),
    "offline": Code(
        Check.ANCHOR,
        _OPEN,
        _UNSURE,
        "No ledger was asked, so nothing is known of anchor, studio and status.",
        "Check again with a network connection.",
    ),
    "accredited": Code(
        Check.STUDIO, _OK, None, "The studio was accredited and its key valid when the ledger saw the certificate."
    ),
    "not-accredited": Code(
        Check.STUDIO, _BAD, _NOT, "The studio was not accredited when the ledger saw the certificate.", _DO_NOT_PAY
    ),
    "not-vouched": Code(
        Check.STUDIO,
        _OPEN,
        _WAIT,
        "A certificate waits here, but the guild vouches for no such studio or key yet.",
        "Do not rely on it yet. Ask the studio.",
    ),
    "wrong-key": Code(
        Check.STUDIO, _BAD, _NOT, "The key that signed the certificate is not a key of the studio.", _DO_NOT_PAY
    ),
    "key-not-valid": Code(
        Check.STUDIO,
        _BAD,
        _NOT,
        "The studio's key was not valid when the ledger saw the certificate.",
        "The key may have been stolen. Do not rely on this record. Ask the studio.",
    ),
    "wrong-issuer": Code(
        Check.STUDIO, _BAD, _NOT, "The certificate names another studio than the one on the ledger.", _DO_NOT_PAY
    ),
    "token-agrees": Code(Check.TOKEN, _OK, None, "The token on the ledger is this certificate's."),
    "wrong-token": Code(Check.TOKEN, _BAD, _NOT, "The token belongs to another certificate.", _DO_NOT_PAY),
    "other-serial": Code(
        Check.TOKEN, _BAD, _NOT, "The certificate is that of another piece than the one asked for.", _DO_NOT_PAY
    ),
    "amendment-missing": Code(
        Check.TOKEN,
        _OPEN,
        _UNSURE,
        "The studio has corrected this certificate, and the correction is not shown.",
        "Ask the registry or the studio for the newest certificate.",
    ),
    "amendment-unknown": Code(
        Check.TOKEN,
        _OPEN,
        _UNSURE,
        "A correction is shown that the ledger does not know.",
        "Look again in a while, or ask the studio.",
    ),
    "bad-amendment": Code(
        Check.TOKEN, _BAD, _NOT, "A correction is shown that the studio did not validly sign.", _DO_NOT_PAY
    ),
    "active": Code(Check.STATUS, _OK, None, "The record is in force."),
    "revoked": Code(
        Check.STATUS, _BAD, _NOT, "The studio or the guild has revoked this certificate.", "Ask the studio why."
    ),
    "on-hold": Code(
        Check.STATUS, _OPEN, _UNSURE, "The record is on hold while a question is looked into.", "Ask the studio."
    ),
    "photos-agree": Code(Check.PHOTOS, _OK, None, "The photos are those that the studio signed."),
    "no-photos": Code(Check.PHOTOS, _OK, None, "The certificate has no photos."),
    "photos-not-checked": Code(Check.PHOTOS, _OPEN, None, "The photos were not at hand to be checked."),
    "photo-changed": Code(
        Check.PHOTOS, _BAD, _NOT, "A photo is not the one that the studio signed.", "Do not compare the piece with it."
    ),
    "other-host": Code(
        Check.TAG,
        _OPEN,
        _UNSURE,
        "The tag leads to another address than the registry that the certificate names.",
        "Compare the address letter by letter: a copied tag may lead to a copied page.",
    ),
    "tag-unproven": Code(
        Check.TAG, _OPEN, None, "A printed tag can be copied.", "Compare the piece in your hand with photos and facts."
    ),
    "not-reached": Code(Check.FORM, _OPEN, None, "Not checked, since an earlier check was not passed."),
}  # fmt: skip
"""All codes of findings."""

ADVISORIES: dict[str, str] = {
    "studio-suspended": "The studio is suspended today; it was in good standing when the piece was registered.",
    "key-retired": "The key that signed the certificate has been retired since.",
    "lost": "The owner has reported this piece as lost.",
    "retired": "The studio has recorded that this piece is broken or gone.",
    "amended": "The studio has corrected this certificate; the newest form is shown.",
    "photo-missing": "A photo that the certificate names was not at hand.",
    "imported": "The record was taken over from an earlier ledger.",
}
"""All advisories: things to know that change no outcome."""

REASONS: dict[Outcome, tuple[str, str]] = {
    Outcome.AUTHENTIC: ("authentic", "Genuine record. Now compare the piece in your hand."),
    Outcome.UNKNOWN: ("unknown", "No certificate has this number. Check the number, or ask the studio."),
}
"""Reason and sentence of the outcomes that no single finding forces."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: `code` is a key of `CODES`; `detail` adds names and numbers, for experts."""

    check: Check
    code: str
    detail: str = ""

    @property
    def result(self) -> Result:
        """Whether the check passed."""
        return CODES[self.code].result

    @property
    def message(self) -> str:
        """The English sentence."""
        return CODES[self.code].message

    @property
    def hint(self) -> str:
        """What a person should do, or an empty string."""
        return CODES[self.code].hint


_WEIGHT = {Outcome.NOT_AUTHENTIC: 0, Outcome.INCONCLUSIVE: 1, Outcome.PENDING: 2}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, its reason, the findings in the order of the checks, and what they speak of.

    `block` is the ledger's block as of which the answer holds; `holder` the address that owns the token;
    `newest` the digest of the newest amendment where there is one.
    """

    outcome: Outcome
    reason: str
    findings: tuple[Finding, ...] = ()
    advisories: tuple[str, ...] = ()
    serial: Serial | None = None
    digest: Digest | None = None
    newest: Digest | None = None
    token_id: int | None = None
    studio: Address | None = None
    holder: Address | None = None
    block: BlockRef | None = None

    def __bool__(self) -> NoReturn:
        raise TypeError("A Verdict has no truth value: compare its outcome, or call require().")

    @property
    def message(self) -> str:
        """The English sentence for the reason."""
        return CODES[self.reason].message if self.reason in CODES else REASONS[self.outcome][1]

    @property
    def hint(self) -> str:
        """What a person should do, or an empty string."""
        return CODES[self.reason].hint if self.reason in CODES else ""

    def require(self) -> None:
        """Return where the outcome is AUTHENTIC; raise `VerificationError` otherwise."""
        if self.outcome is not Outcome.AUTHENTIC:
            raise VerificationError(self.reason, "{sentence}", hint="{advice}", sentence=self.message, advice=self.hint)

    def to_json(self) -> JSONObject:
        """Return the JSON form, with the English sentences."""
        members: JSONObject = {
            "outcome": self.outcome.value,
            "reason": self.reason,
            "message": self.message,
            "hint": self.hint,
            "findings": [
                {
                    "check": int(finding.check),
                    "name": finding.check.name.lower(),
                    "result": finding.result.value,
                    "code": finding.code,
                    "message": finding.message,
                    "hint": finding.hint,
                    "detail": finding.detail,
                }
                for finding in self.findings
            ],
            "advisories": [{"code": code, "message": ADVISORIES[code]} for code in self.advisories],
        }
        facts = {
            "serial": self.serial,
            "digest": self.digest,
            "newest": self.newest,
            "tokenId": self.token_id,
            "studio": self.studio,
            "holder": self.holder,
        }
        members.update({name: str(value) for name, value in facts.items() if value is not None})
        if self.block is not None:
            members["block"] = {
                "number": self.block.number,
                "hash": str(self.block.hash),
                "time": format_time(self.block.time),
            }
        return members


def conclude(findings: tuple[Finding, ...]) -> tuple[Outcome, str]:
    """Return the outcome that findings add up to, and its reason: the gravest, and of those the earliest check's."""
    grave = [(outcome, finding.code) for finding in findings if (outcome := CODES[finding.code].outcome) is not None]
    if not grave:
        return Outcome.AUTHENTIC, REASONS[Outcome.AUTHENTIC][0]
    return min(grave, key=lambda pair: _WEIGHT[pair[0]])  # The first of the least, so the earliest check's.


def unknown(serial: Serial | None) -> Verdict:
    """Return the verdict on a serial under which nothing is registered."""
    return Verdict(Outcome.UNKNOWN, REASONS[Outcome.UNKNOWN][0], serial=serial)


def not_vouched(serial: Serial) -> Verdict:
    """Return the verdict on a serial under which a registry only holds certificates that nobody vouches for."""
    finding = Finding(Check.STUDIO, "not-vouched")
    others = (Finding(check, "not-reached") for check in Check if check is not Check.STUDIO)
    findings = tuple(sorted((finding, *others), key=lambda item: item.check))
    return Verdict(*conclude(findings), findings, serial=serial)
