"""The whole answer about a piece: one outcome, one finding a check, and advisories.

A `Verdict` has no truth value, on purpose: ``if verdict:`` would hide the difference between "forged" and "could not
check".  Callers compare `Verdict.outcome` or call `Verdict.require`.

What it can say stands in ``codes``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import NoReturn

from provenance.canonical import JSONObject
from provenance.certificate import format_time
from provenance.codes import ADVISORIES, CODES, QUESTIONS, REASONS, Check, Code, Outcome, Question, Result
from provenance.encoding import Address, Digest
from provenance.errors import VerificationError
from provenance.ledger import BlockRef
from provenance.serial import Serial
from provenance.strict import block_to_json
from provenance.testimony import ExportedRecord

__all__ = [
    "ADVISORIES", "CODES", "QUESTIONS", "REASONS", "Check", "Code", "Finding", "Outcome", "Question", "Result",
    "Verdict", "conclude", "elsewhere", "not_vouched", "unknown",
]  # fmt: skip


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


_CHECKS = tuple(Check)
_DECIDING = frozenset(Check) - {Check.PHOTOS, Check.TAG}
"""The checks that must have passed: photos need not be at hand, and a tag proves nothing."""
_WEIGHT = {Outcome.NOT_AUTHENTIC: 0, Outcome.INCONCLUSIVE: 1, Outcome.PENDING: 2}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, its reason, the findings in the order of the checks, and what they speak of.

    `block` is the ledger's block as of which the answer holds; `holder` the address that owns the token;
    `newest` the digest of the newest amendment on the ledger where there is one, `shown` that of the form whose words
    may be shown: an amendment that counts, else the certificate itself.  `details` has names and numbers for
    advisories, by their codes, for experts.  `status_time` is when the status was last set, `by_steward` whether a
    steward did, ``None`` where the ledger does not tell.  `as_exported` is what the bundle alone tells, where no ledger
    was asked.
    """

    outcome: Outcome
    reason: str
    findings: tuple[Finding, ...] = ()
    advisories: tuple[str, ...] = ()
    serial: Serial | None = None
    digest: Digest | None = None
    newest: Digest | None = None
    shown: Digest | None = None
    token_id: int | None = None
    studio: Address | None = None
    holder: Address | None = None
    block: BlockRef | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    status_time: datetime | None = None
    by_steward: bool | None = None
    as_exported: ExportedRecord | None = None

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
                    "asks": QUESTIONS[finding.check].asks,
                    "against": QUESTIONS[finding.check].against,
                    "result": finding.result.value,
                    "code": finding.code,
                    "message": finding.message,
                    "hint": finding.hint,
                    "detail": finding.detail,
                }
                for finding in self.findings
            ],
            "advisories": [
                {"code": code, "message": ADVISORIES[code], "detail": self.details.get(code, "")}
                for code in self.advisories
            ],
        }
        facts = {
            "serial": self.serial,
            "digest": self.digest,
            "newest": self.newest,
            "shown": self.shown,
            "tokenId": self.token_id,
            "studio": self.studio,
            "holder": self.holder,
        }
        members.update({name: str(value) for name, value in facts.items() if value is not None})
        if self.block is not None:
            members["block"] = block_to_json(self.block)
        if self.status_time is not None:
            members["statusTime"] = format_time(self.status_time)
        if self.by_steward is not None:
            members["statusBy"] = "steward" if self.by_steward else "studio"
        if self.as_exported is not None:
            members["asExported"] = {**self.as_exported.to_json(), "verified": False}
        return members


def conclude(findings: tuple[Finding, ...]) -> tuple[Outcome, str]:
    """Return the outcome that findings add up to, and its reason: the gravest, and of those the earliest check's."""
    told = [(CODES[finding.code], finding) for finding in findings]
    grave = [(code.outcome, finding.code) for code, finding in told if code.outcome is not None]
    if grave:
        return min(grave, key=lambda pair: _WEIGHT[pair[0]])  # The first of the least, so the earliest check's.
    if not _DECIDING.issubset([finding.check for code, finding in told if code.result is Result.PASSED]):
        return Outcome.INCONCLUSIVE, "not-reached"
    return Outcome.AUTHENTIC, REASONS[Outcome.AUTHENTIC][0]


def completed(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings in the order of the checks; checks that were not reached are named as such."""
    found = tuple(findings)
    reached = {finding.check for finding in found}
    rest = [Finding(check, "not-reached") for check in _CHECKS if check not in reached]
    return tuple(sorted((*found, *rest), key=attrgetter("check")))


def unknown(serial: Serial | None) -> Verdict:
    """Return the verdict on a serial under which nothing is registered."""
    return Verdict(Outcome.UNKNOWN, REASONS[Outcome.UNKNOWN][0], serial=serial)


def not_vouched(serial: Serial) -> Verdict:
    """Return the verdict on a serial under which a registry only holds certificates that nobody vouches for."""
    findings = completed((Finding(Check.STUDIO, "not-vouched"),))
    return Verdict(*conclude(findings), findings, serial=serial)


def elsewhere(serial: Serial | None, base_url: str) -> Verdict:
    """Return the verdict on a tag that leads to another registry than the one asked, which has nothing under it."""
    findings = completed((Finding(Check.TAG, "other-host", base_url),))
    return Verdict(*conclude(findings), findings, serial=serial)
