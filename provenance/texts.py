"""The sentences of a verdict in other languages than English.

English stands in ``verdict``; here are translations by the same codes.  A test holds the tables complete.
"""

from __future__ import annotations

from provenance.verdict import ADVISORIES, CODES, REASONS, Verdict

_DO_NOT_RELY = "请勿采信此记录，请询问工作室。"
_LATER = "请稍后再试。这既不说明器物有问题，也不为其担保。"

CHINESE: dict[str, tuple[str, str]] = {
    "well-formed": ("证书完整，格式无误。", ""),
    "signed": ("签名与证书逐字相符。", ""),
    "altered": ("证书在签署后被改动，或从未签署。", _DO_NOT_RELY),
    "included": ("证书确在已上链的批次之中。", ""),
    "not-included": ("证书不在其所称的批次之中。", _DO_NOT_RELY),
    "not-anchored": ("证书已签署，尚未上链。", "请过一会儿再查。"),
    "anchored": ("批次已上链并获确认。", ""),
    "not-on-ledger": ("账本上没有这一批次或记录。", _DO_NOT_RELY),
    "foreign-ledger": ("记录所在的账本不是此处信任的账本。", _DO_NOT_RELY),
    "stale-receipt": ("回执所写的区块或交易与账本不一致。", "请重新获取凭证包：写成之后链可能有过重组。"),
    "not-confirmed": ("上链时间尚短，确认数不足。", "请过一会儿再查。"),
    "ledger-behind": ("所询问的节点尚未同步到回执所在区块。", _LATER),
    "ledger-unreachable": ("无法查询账本。", _LATER),
    "offline": ("未查询账本，因此上链、工作室与状态均未知。", "请联网后再查。"),
    "accredited": ("证书上链时，工作室已获认可，密钥有效。", ""),
    "not-accredited": ("证书上链时，工作室未获认可。", _DO_NOT_RELY),
    "not-vouched": ("此处有一份证书待处理，但行会尚未认可其工作室或密钥。", "暂勿采信，请询问工作室。"),
    "wrong-key": ("签署证书的密钥不属于该工作室。", _DO_NOT_RELY),
    "key-not-valid": ("证书上链时，工作室的密钥已失效。", "密钥可能被盗。请勿采信此记录，请询问工作室。"),
    "wrong-issuer": ("证书所写的工作室与账本上的不同。", _DO_NOT_RELY),
    "token-agrees": ("账本上的记录正是这份证书的。", ""),
    "wrong-token": ("账本上的记录属于另一份证书。", _DO_NOT_RELY),
    "other-serial": ("这是另一件器物的证书。", _DO_NOT_RELY),
    "amendment-missing": ("工作室更正过此证书，此处未见更正。", "请向登记处或工作室索取最新证书。"),
    "amendment-unknown": ("所示更正在账本上没有记载。", "请过一会儿再查，或询问工作室。"),
    "bad-amendment": ("所示更正不是工作室有效签署的。", _DO_NOT_RELY),
    "active": ("记录有效。", ""),
    "revoked": ("工作室或行会已作废此证书。", "请向工作室询问原因。"),
    "on-hold": ("记录暂停使用，正在核查。", "请询问工作室。"),
    "photos-agree": ("照片正是工作室签署时的照片。", ""),
    "no-photos": ("证书没有照片。", ""),
    "photos-not-checked": ("手边没有照片可核对。", ""),
    "photo-changed": ("有一张照片不是工作室签署的那张。", "请勿以它比对器物。"),
    "other-host": ("标签所指的网址不是证书所写的登记处。", "请逐字核对网址：仿制的标签可能指向仿冒的页面。"),
    "tag-unproven": ("印制的标签可能被复制。", "请用照片与说明比对手中的器物。"),
    "not-reached": ("因前面的检查未通过，此项未查。", ""),
    "studio-suspended": ("工作室目前被暂停；登记此件时资格正常。", ""),
    "key-retired": ("签署证书的密钥此后已停用。", ""),
    "lost": ("物主已报失此件。", ""),
    "retired": ("工作室记载此件已损毁或不存。", ""),
    "amended": ("工作室更正过此证书，所示为最新内容。", ""),
    "imported": ("此记录由更早的账本转来。", ""),
    "photo-missing": ("证书所列的照片有缺。", ""),
    "authentic": ("证书属实。请再与手中器物核对。", ""),
    "unknown": ("没有这个编号的证书。请核对编号，或询问工作室。", ""),
}
CHECKS = {
    "en": ("Form", "Signature", "Batch", "Anchor", "Studio", "Token", "Status", "Photos", "Tag"),
    "zh": ("格式", "签名", "批次", "上链", "工作室", "记录", "状态", "照片", "标签"),
}
"""Short names of the checks, by their numbers."""
HEADLINES = {
    "en": {
        "authentic": "Genuine record",
        "altered": "Altered",
        "revoked": "Revoked",
        "on-hold": "On hold",
        "not-anchored": "Not yet anchored",
        "unknown": "Not found",
        "pending": "Not yet anchored",
        "inconclusive": "Could not check now",
        "not-authentic": "Not genuine",
    },
    "zh": {
        "authentic": "证书属实",
        "altered": "已被篡改",
        "revoked": "已作废",
        "on-hold": "暂停使用",
        "not-anchored": "尚未上链",
        "unknown": "查无此证",
        "pending": "尚未上链",
        "inconclusive": "暂未查实",
        "not-authentic": "证书不实",
    },
}
"""The verdict in a word or three: by reason where there is one, else by outcome."""


def _is_chinese(language: str) -> bool:
    return language.partition("-")[0] == "zh"


def sentence(code: str, language: str) -> str:
    """Return the sentence of a finding, an advisory or a reason."""
    if _is_chinese(language):
        return CHINESE[code][0]
    if code in CODES:
        return CODES[code].message
    return ADVISORIES[code] if code in ADVISORIES else dict(REASONS.values())[code]


def advice(code: str, language: str) -> str:
    """Return what a person should do, or an empty string."""
    if _is_chinese(language):
        return CHINESE[code][1]
    return CODES[code].hint if code in CODES else ""


def check_name(check: int, language: str) -> str:
    """Return the short name of a check."""
    return CHECKS["zh" if _is_chinese(language) else "en"][check]


def headline(verdict: Verdict, language: str) -> str:
    """Return the verdict in a word or three."""
    words = HEADLINES["zh" if _is_chinese(language) else "en"]
    outcome = verdict.outcome.value.lower().replace("_", "-")
    return words.get(verdict.reason) or words[outcome]
