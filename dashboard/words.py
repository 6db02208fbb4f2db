"""What the codes of the record are called on a page; one place, so that pages, exports and alerts agree."""

from __future__ import annotations

from stream.core.documents import Verdict

VERDICTS: dict[Verdict, str] = {
    "pending": "计时中",
    "met": "按时",
    "met_then_retracted": "按时发布，后撤回",
    "breached": "逾期",
    "breached_but_fair_clock_met": "逾期（自等级可知起算则按时）",
    "indeterminate": "时刻不精确，无法确定",
    "not_applicable": "不适用",
    "exempt_claimed": "已声明豁免",
    "unknown_coverage_gap": "监测有缺口，无法判定",
}

# The three words the question is answered by, beside "still running" and "does not count".
OUTCOMES: dict[Verdict, str] = {
    "met": "met",
    "breached": "late",
    "breached_but_fair_clock_met": "late",
    "met_then_retracted": "late",
    "indeterminate": "unknown",
    "unknown_coverage_gap": "unknown",
    "pending": "pending",
    "not_applicable": "none",
    "exempt_claimed": "none",
}

# The hours a leader asks for first, each on the clock its headline verdict stands on.
HEADLINES = {"CN-5H-AUTH": "strict", "CN-24H-PRESSER": "strict", "CN-48H-OTHER": "strict"}

CLOCKS = {
    "strict": "自事发起算",
    "opinion": "自舆情首现起算",
    "severity_evident": "自等级可知起算",
    "known": "自机关知悉起算",
}

FORMS = {
    "statement": "情况通报", "update": "续报", "clarification": "辟谣澄清", "result": "处理结果",
    "acknowledgement": "已收悉（非答复）", "conference_announced": "预告发布会", "conference_held": "新闻发布会",
    "briefing": "吹风会／通气会", "interview": "答记者问",
}  # fmt: skip

ISSUERS = {
    "government": "政府部门", "police": "公安", "court_procuratorate": "法院检察院",
    "state_media_quoting_authority": "官方媒体引述机关", "state_media": "官方媒体", "company": "企业", "school": "学校",
    "hospital": "医院", "association": "协会", "celebrity": "公众人物", "self_media": "自媒体", "foreign": "境外",
    "other": "其他",
}  # fmt: skip

GRADES = {"I": "特别重大", "II": "重大", "III": "较大", "IV": "一般"}
FIGURES = {
    "deaths": "死亡", "serious_injuries": "重伤", "injuries": "受伤", "missing": "失联", "ill": "患病",
    "loss_yuan": "直接损失（元）",
}  # fmt: skip
MODALITIES = {"must": "应当", "in_principle": "原则上", "advisory": "提示"}
STATES = {"open": "进行中", "closed": "已结束", "dismissed": "已排除", "merged": "已并入"}
KINDS = {"news": "新闻", "post": "帖文", "hotlist": "热搜", "complaint": "留言", "authority": "机关发布"}
DECISIONS = {
    "confirm": "确认属实", "dismiss": "排除", "severity": "定级", "occurred": "认定发生时间", "gate": "认定须回应",
    "conference_held": "认定发布会已举行", "attach": "补登回应", "reject": "剔除回应", "exempt": "登记豁免",
    "acknowledge": "已知悉",
}  # fmt: skip
GATES = {
    "misread_policy": "重大政策措施存在误解误读", "vital_interest": "涉及公众切身利益且影响较大",
    "moral_line": "严重冲击社会道德底线", "incident": "突发事件处置与自然灾害应对",
    "superior_demand": "上级要求主动回应",
}  # fmt: skip
