"""The one table of everything that a verdict can say.

Codes are stable; their English sentences are the source text for translations.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple


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

    __hash__ = int.__hash__  # An enumeration's own is a function in Python, and every verdict collects its checks.


class Question(NamedTuple):
    """What a check asks, and what the answer is held against."""

    asks: str
    against: str


QUESTIONS: dict[Check, Question] = {
    Check.FORM: Question("Are bundle and certificate in their one exact form?", "the rules of the format"),
    Check.SIGNATURE: Question(
        "Does the signature fit every word of the certificate?", "the key that the certificate names"
    ),
    Check.INCLUSION: Question("Is the certificate in the batch?", "the batch's root, which the receipt names"),
    Check.ANCHOR: Question(
        "Is the batch on the ledger, in that block, and deep enough?", "the ledger that the trust policy pins"
    ),
    Check.STUDIO: Question(
        "Was the studio accredited, and its key valid, when the ledger saw the certificate?",
        "the ledger's directory of studios",
    ),
    Check.TOKEN: Question(
        "Is the token this certificate's, the serial the one asked for, the newest correction shown?",
        "the ledger's record of the token",
    ),
    Check.STATUS: Question("Is the record in force?", "the token's status on the ledger"),
    Check.PHOTOS: Question("Are the photos those that the studio signed?", "their digests in the certificate"),
    Check.TAG: Question("Does the tag lead to the right registry?", "the address in the certificate"),
}
"""What each check asks, and against what it is held."""


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
_ASK_ONLINE = "Check again with a network connection, or ask the guild."
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
        Check.ANCHOR,
        _OPEN,
        _UNSURE,
        "The record stands on another ledger than the one that is trusted here.",
        "This says nothing of the piece. Ask the guild that it names, by a way of your own, for its trust policy.",
    ),
    "stale-receipt": Code(
        Check.ANCHOR,
        _OPEN,
        _UNSURE,
        "The receipt names another block, transaction or token than the ledger does.",
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
        "No ledger was asked, so it is not known whether the batch is on it, and since when.",
        "Check again with a network connection.",
    ),
    "nodes-disagree": Code(
        Check.ANCHOR,
        _OPEN,
        _UNSURE,
        "The nodes asked contradict each other.",
        "Ask again in a minute: honest nodes may differ on the newest blocks for a moment. If they still do, believe "
        "none of them, one lies or is broken: tell the guild's steward which were asked, and ask through your own.",
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
    "studio-not-checked": Code(
        Check.STUDIO,
        _OPEN,
        _UNSURE,
        "Whether the studio was accredited, and its key valid, is not known: only the ledger tells.",
        _ASK_ONLINE,
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
    "amendment-void": Code(
        Check.TOKEN,
        _OPEN,
        _UNSURE,
        "The studio's key did not count when the ledger saw the newest correction, and there were others before.",
        "Ask the studio for a new correction.",
    ),
    "bad-amendment": Code(
        Check.TOKEN, _BAD, _NOT, "A correction is shown that the studio did not validly sign.", _DO_NOT_PAY
    ),
    "token-not-checked": Code(
        Check.TOKEN,
        _OPEN,
        _UNSURE,
        "Whether the token is this certificate's, and whether there is a newer correction, is not known.",
        _ASK_ONLINE,
    ),
    "active": Code(Check.STATUS, _OK, None, "The record is in force."),
    "revoked": Code(
        Check.STATUS, _BAD, _NOT, "The studio or the guild has revoked this certificate.", "Ask the studio why."
    ),
    "on-hold": Code(
        Check.STATUS, _OPEN, _UNSURE, "The record is on hold while a question is looked into.", "Ask the studio."
    ),
    "held-by-guild": Code(
        Check.STATUS, _OPEN, _UNSURE, "The guild has put the record on hold while a question is looked into.",
        "Ask the guild.",
    ),
    "status-not-checked": Code(
        Check.STATUS,
        _OPEN,
        _UNSURE,
        "Whether the certificate was revoked or put on hold is not known: only the ledger tells.",
        _ASK_ONLINE,
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
    "amendment-not-counted": "A correction is left out: its key did not count when the ledger saw it.",
    "amendment-not-shown": "The studio corrected this certificate more often than is shown; the newest form is shown.",
    "tag-voided": "The studio has voided this tag: it should not be on any piece. The piece's record stays what it is.",
    "possible-copy": "This tag may have been copied: the record is genuine, but the piece before you may be another.",
    "photo-missing": "A photo that the certificate names was not at hand.",
    "imported": "The record was taken over from an earlier ledger.",
    "successor-named": "Another ledger takes over from this one: get the guild's newer trust policy.",
    "status-list-differs": "The registry's status list contradicts the ledger. The ledger counts: tell the guild.",
    "status-list-unread": "The registry's status list could not be read, or is not validly signed. The ledger counts.",
    "as-exported": "What the ledger said when the bundle was written is told by the bundle alone: nobody checked it.",
}
"""All advisories: things to know that change no outcome."""

REASONS: dict[Outcome, tuple[str, str]] = {
    Outcome.AUTHENTIC: ("authentic", "Genuine record. Now compare the piece in your hand."),
    Outcome.UNKNOWN: ("unknown", "No certificate has this number. Check the number, or ask the studio."),
}
"""Reason and sentence of the outcomes that no single finding forces."""

AMENDMENT_CODES = ("amendment-missing", "amendment-unknown", "amendment-void", "bad-amendment")
"""The findings of check 5 that are about corrections: the token itself agreed."""

OLD_BUNDLE_CODES = frozenset(("stale-receipt", "amendment-missing", "not-anchored"))
"""The findings that a bundle can get by its age alone: a newer one may have none of them."""
