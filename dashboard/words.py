"""What the codes of the record are called on a page; pages, exports and alerts share these words.

Verdicts, grades and reasons are those of the alerts (`stream.core.alert_texts`), so that nobody reads two words for one
thing; what stands here besides is short enough for a coloured mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from stream.core.alert_texts import GRADES, REASONS, VERDICTS, reason_words
from stream.core.cases import Verdict

__all__ = [
    "ALERTS", "ANSWERS_NOTHING", "CLOCKS", "DECISIONS", "FIGURES", "FORMS", "GAPS", "GATES", "GRADES",
    "HEADLINES", "ISSUERS", "KINDS", "LEVELS", "MODALITIES", "OUTCOMES", "OUTCOME_WORDS", "PRECISIONS",
    "REASONS", "SHORT", "STATES", "VERDICTS", "Outcome", "basis_words", "gap_words", "reason_words",
]  # fmt: skip

Outcome = Literal["met", "late", "retracted", "unknown", "pending", "none"]

# A verdict as a mark. Longer words and the reason stand beside it.
SHORT: Mapping[Verdict, str] = {
    "pending": "计时中",
    "met": "按时",
    "met_then_retracted": "按时后撤回",
    "breached": "超时",
    "breached_but_fair_clock_met": "超时（从严）",
    "indeterminate": "无法判断",
    "not_applicable": "不适用",
    "exempt_claimed": "豁免",
    "unknown_coverage_gap": "无法判断",
}

# The words the question is answered by, beside "still running" and "does not count". A withdrawn statement is neither
# in time nor late, so it keeps a word of its own.
OUTCOMES: Mapping[Verdict, Outcome] = {
    "met": "met",
    "breached": "late",
    "breached_but_fair_clock_met": "late",
    "met_then_retracted": "retracted",
    "indeterminate": "unknown",
    "unknown_coverage_gap": "unknown",
    "pending": "pending",
    "not_applicable": "none",
    "exempt_claimed": "none",
}
OUTCOME_WORDS: Mapping[Outcome, str] = {
    "met": "按时", "late": "超时", "retracted": "按时后撤回", "unknown": "无法判断", "pending": "计时中",
    "none": "不计入",
}  # fmt: skip

# The hours a leader asks for first; every other rule that runs by the clock (local ones) stands after them.
HEADLINES = ("CN-5H-AUTH", "CN-24H-PRESSER", "CN-48H-OTHER")

CLOCKS = {
    "strict": "从严（据以定结论）",
    "occurred": "自事发",
    "opinion": "自舆情首现",
    "severity_evident": "自等级可知",
    "known": "自机关知悉",
    "formed": "自形成",
    "received": "自收到",
    "last_statement": "自上次发布",
}
_BASES = {
    "first_public": "首次公开",
    "before_first_public": "事发时刻未见说明，只知不晚于首次公开",
    "last_statement": "上一次发布",
    "occurred": "事发",
    "opinion": "舆情首现",
    "known:acknowledgement": "机关公开表示已知悉之时",
    "known:stated": "机关自述接报之时",
    "occurred:text": "事发：信息所述",
    "occurred:hull": "事发：各方所述不一，取其总范围",
    "occurred:decision": "事发：由人认定",
    "evident:figures": "公众可由已报数字判断等级之时",
    # Evident from what was published then, by whomever; the grade's basis may since have become an authority's figures.
    "evident:figures:authority": "公众可由已报数字判断等级之时",
    "evident:decision": "由人定级之时",
    "figures": "由信息所报数字推得",
    "figures:authority": "由机关通报的数字推得",
    "decision": "由人定级",
    "none": "没有可据以定级的数字，或无分级标准：不猜测",
}

FORMS = {
    "statement": "情况通报", "update": "续报", "clarification": "辟谣澄清", "result": "处理结果",
    "acknowledgement": "已收悉（非答复）", "conference_announced": "预告发布会", "conference_held": "新闻发布会",
    "briefing": "吹风会／通气会", "interview": "答记者问",
}  # fmt: skip

# Said in public, but it answers nothing: no rule takes it (domain: an acknowledgement, a conference not yet held).
ANSWERS_NOTHING = frozenset({"acknowledgement", "conference_announced"})

ISSUERS = {
    "government": "政府部门", "police": "公安", "court_procuratorate": "法院检察院",
    "state_media_quoting_authority": "官方媒体引述机关", "state_media": "官方媒体", "company": "企业", "school": "学校",
    "hospital": "医院", "association": "协会", "celebrity": "公众人物", "self_media": "自媒体", "foreign": "境外",
    "other": "其他",
}  # fmt: skip
LEVELS = {"national": "国家", "province": "省级", "city": "市级", "county": "县级", "town": "乡镇"}

FIGURES = {
    "deaths": "死亡（人）", "serious_injuries": "重伤（人）", "injuries": "受伤（人）", "missing": "失联（人）",
    "ill": "患病（人）", "loss_yuan": "直接损失（元）",
}  # fmt: skip
MODALITIES = {"must": "应当", "in_principle": "原则上", "advisory": "提示"}
STATES = {"open": "进行中", "closed": "已结束", "dismissed": "已排除", "merged": "已并入另一事件"}
KINDS = {"news": "新闻", "post": "帖文", "hotlist": "热搜", "complaint": "留言", "authority": "机关发布"}
ALERTS = {"opened": "新事件", "ladder": "临近时限", "hot": "热度", "verdict": "结论", "dead_man": "流水线停摆",
          "duty": "台账到期"}  # fmt: skip
DECISIONS = {
    "confirm": "确认属实", "dismiss": "排除（不是应受理的事件）", "merge": "并入另一事件", "split": "拆出为另一事件",
    "severity": "定级", "occurred": "认定发生时间", "attach": "认定为回应", "reject": "剔除回应",
    "conference_held": "认定发布会已举行", "exempt": "登记豁免", "restate": "更正发布时间", "gate": "认定须回应",
    "acknowledge": "已知悉（停止催促）", "objection": "记录被判定单位的异议",
}  # fmt: skip
# The five gates of 国办发〔2016〕61号 二; an emergency passes its own without a person.
GATES = {
    "misread_policy": "对重大政策措施有误解误读", "vital_interest": "涉及公众切身利益且影响较大",
    "moral_line": "严重冲击社会道德底线", "incident": "突发事件、自然灾害", "superior_demand": "上级要求主动回应",
}  # fmt: skip
PRECISIONS = {
    "second": "到秒", "minute": "到分", "hour": "到小时", "part_of_day": "到时段", "day": "到日", "month": "到月",
    "year": "到年", "unknown": "范围",
}  # fmt: skip

# Why a channel could not be reached, as the crawlers name it; `http_403` and `article_…` are put together below.
GAPS = {
    "timeout": "超时未应答", "connection_refused": "拒绝连接", "connection_failed": "连接失败",
    "no_such_host": "域名无法解析", "too_large": "页面过大", "too_many_redirects": "跳转过多",
    "not_supported": "协议不支持", "not_http": "不是网页地址",
    "captcha": "要求验证码（不绕过）", "robots_unreachable": "robots.txt 无法访问", "backlog": "待抓取积压",
    "robots": "robots.txt 不允许",
}  # fmt: skip


def gap_words(reason: str | None) -> str:
    """Why a channel could not be reached, in Chinese; what the crawlers do not name stays as it is."""
    known = GAPS.get(reason or "", reason or "")
    if known.startswith("article_"):
        return f"文章页：{gap_words(known.removeprefix('article_'))}"
    return f"服务器答 {known.removeprefix('http_')}" if known.startswith("http_") else known


def basis_words(basis: str) -> str:
    """Where a clock's start or a grade comes from; an unknown name stays as it is."""
    if basis in _BASES:
        return _BASES[basis]
    head, _, source = basis.partition(":")
    return f"{_BASES[head]}：{source}" if head in _BASES and source else basis
