"""The sentences of a verdict in other languages than English.

English stands in ``verdict``; here are translations by the same codes.  A test holds the tables complete.
"""

from __future__ import annotations

import re

from provenance.verdict import ADVISORIES, CODES, QUESTIONS, REASONS, Check, Outcome, Question, Verdict

_DO_NOT_RELY = "请勿采信此记录，请询问工作室。"
_ASK_ONLINE = "请联网后再查，或询问行会。"
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
    "foreign-ledger": (
        "记录所在的账本不是此处信任的账本。",
        "这并不说明器物有问题。请自行联系它所称的行会，索取其信任策略。",
    ),
    "stale-receipt": ("回执所写的区块、交易或记录编号与账本不一致。", "请重新获取凭证包：写成之后链可能有过重组。"),
    "not-confirmed": ("上链时间尚短，确认数不足。", "请过一会儿再查。"),
    "ledger-behind": ("所询问的节点尚未同步到回执所在区块。", _LATER),
    "ledger-unreachable": ("无法查询账本。", _LATER),
    "offline": ("未查询账本，因此不知批次是否上链、何时上链。", "请联网后再查。"),
    "nodes-disagree": (
        "所询问的节点答复互相矛盾。",
        "请过一分钟再查：诚实的节点在最新区块上也可能短暂不一致。若依然矛盾，必有节点说谎或出了故障，都不要相信："
        "请告知行会管理员询问了哪些节点，再用自己的节点查询。",
    ),
    "accredited": ("证书上链时，工作室已获认可，密钥有效。", ""),
    "not-accredited": ("证书上链时，工作室未获认可。", _DO_NOT_RELY),
    "not-vouched": ("此处有一份证书待处理，但行会尚未认可其工作室或密钥。", "暂勿采信，请询问工作室。"),
    "wrong-key": ("签署证书的密钥不属于该工作室。", _DO_NOT_RELY),
    "key-not-valid": ("证书上链时，工作室的密钥已失效。", "密钥可能被盗。请勿采信此记录，请询问工作室。"),
    "wrong-issuer": ("证书所写的工作室与账本上的不同。", _DO_NOT_RELY),
    "studio-not-checked": ("不知工作室当时是否获认可、密钥是否有效：只有账本知道。", _ASK_ONLINE),
    "token-agrees": ("账本上的记录正是这份证书的。", ""),
    "wrong-token": ("账本上的记录属于另一份证书。", _DO_NOT_RELY),
    "other-serial": ("这是另一件器物的证书。", _DO_NOT_RELY),
    "amendment-missing": ("工作室更正过此证书，此处未见更正。", "请向登记处或工作室索取最新证书。"),
    "amendment-unknown": ("所示更正在账本上没有记载。", "请过一会儿再查，或询问工作室。"),
    "amendment-void": ("账本记下最新更正时，工作室的密钥已无效；此前另有更正。", "请工作室重新更正。"),
    "bad-amendment": ("所示更正不是工作室有效签署的。", _DO_NOT_RELY),
    "token-not-checked": ("不知账本上的记录是否属于这份证书，也不知有无更新的更正。", _ASK_ONLINE),
    "active": ("记录有效。", ""),
    "revoked": ("工作室或行会已作废此证书。", "请向工作室询问原因。"),
    "on-hold": ("记录暂停使用，正在核查。", "请询问工作室。"),
    "held-by-guild": ("行会已暂停此记录，正在核查。", "请询问行会。"),
    "status-not-checked": ("不知证书是否已作废或暂停：只有账本知道。", _ASK_ONLINE),
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
    "amendment-not-counted": ("有一次更正不算数：账本记下它时，其密钥已无效；此处不采用。", ""),
    "amendment-not-shown": ("工作室更正此证书的次数多于所示；所示为最新内容。", ""),
    "successor-named": ("已有另一账本接替此账本：请向行会索取新的信任策略。", ""),
    "status-list-differs": ("登记处的状态列表与账本不一致。以账本为准，请告知行会。", ""),
    "status-list-unread": ("登记处的状态列表无法读取，或签名无效。以账本为准。", ""),
    "tag-voided": ("工作室已作废此标签：它不应出现在任何器物上。器物的记录不受影响。", ""),
    "as-exported": ("凭证包写成时账本如何记载，只是凭证包自己所言，无人核实。", ""),
    "imported": ("此记录由更早的账本转来。", ""),
    "photo-missing": ("证书所列的照片有缺。", ""),
    "authentic": ("证书属实。请再与手中器物核对。", ""),
    "unknown": ("没有这个编号的证书。请核对编号，或询问工作室。", ""),
}
CHINESE_QUESTIONS: dict[Check, Question] = {
    Check.FORM: Question("凭证包与证书的格式是否准确无误？", "格式的规则"),
    Check.SIGNATURE: Question("签名与证书是否逐字相符？", "证书所写的密钥"),
    Check.INCLUSION: Question("证书是否在批次之中？", "回执所写的批次根"),
    Check.ANCHOR: Question("批次是否在那一区块上链，确认数是否足够？", "信任策略所指定的账本"),
    Check.STUDIO: Question("证书上链时，工作室是否获认可，密钥是否有效？", "账本的工作室名录"),
    Check.TOKEN: Question("记录是否属于这份证书，编号是否是所查的，最新更正是否已出示？", "账本上的记录"),
    Check.STATUS: Question("记录是否有效？", "账本上的状态"),
    Check.PHOTOS: Question("照片是否是工作室签署的那些？", "证书中的摘要"),
    Check.TAG: Question("标签是否指向正确的登记处？", "证书所写的网址"),
}
_CHINESE_DETAILS = {
    "leaf ([0-9]+) of ([0-9]+)": "叶 {}，共 {} 叶",
    "block ([0-9]+)": "区块 {}",
    "token ([0-9]+)": "记录 {}",
    "chain ([0-9]+)": "链 {}",
    "batch of ([0-9]+)": "批次共 {} 件",
    "(-?[0-9]+) of ([0-9]+)": "{}/{}",
    "bad token id": "记录编号有误",
}
"""What a finding's detail may say in words, as a pattern."""
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
        "held-by-guild": "On hold",
        "nodes-disagree": "Warning: the nodes disagree",
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
        "held-by-guild": "暂停使用",
        "nodes-disagree": "警告：节点互相矛盾",
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


def detail(text: str, language: str) -> str:
    """Return the detail of a finding; names, addresses and digests stay as they are."""
    if _is_chinese(language):
        for pattern, words in _CHINESE_DETAILS.items():
            if found := re.fullmatch(pattern, text):
                return words.format(*found.groups())
    return text


def check_name(check: int, language: str) -> str:
    """Return the short name of a check."""
    return CHECKS["zh" if _is_chinese(language) else "en"][check]


def question(check: Check, language: str) -> Question:
    """Return what a check asks, and against what it is held."""
    return (CHINESE_QUESTIONS if _is_chinese(language) else QUESTIONS)[check]


def headline(verdict: Verdict, language: str) -> str:
    """Return the verdict in a word or three."""
    words = HEADLINES["zh" if _is_chinese(language) else "en"]
    outcome = verdict.outcome.value.lower().replace("_", "-")
    return words.get(verdict.reason) or words[outcome]


def headlines(language: str) -> dict[str, str]:
    """Return the verdicts in a word or three, by their reasons, and by their outcomes where a reason has none."""
    words = HEADLINES["zh" if _is_chinese(language) else "en"]
    by_outcome = {outcome.value: words[outcome.value.lower().replace("_", "-")] for outcome in Outcome}
    return {**words, **by_outcome}
