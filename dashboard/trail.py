"""What people did about an incident, as markup: objections, decisions, and the chain that holds them.

Names, reasons and file names are anybody's text: everything goes through `safe`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from dashboard import names
from dashboard.drawing import instant, noted, rows_of, safe, small, span
from dashboard.words import DECISIONS, FORMS, GATES, GRADES, STATES, basis_words
from stream.core.cases import Incident
from stream.core.decided import interval_in
from stream.core.deciding import Objection, objection_of
from stream.core.documents import Decision, Entry
from stream.core.intervals import Interval
from stream.core.records import AuditEntry

SHOWN = 100
LONG = 2_000
ENTRIES = {
    "duty_open": "开立台账事项", "duty_extend": "延长期限", "duty_suspend": "中止计时", "duty_restart": "重新计时",
    "duty_prove": "登记办结证明", "duty_withdraw": "撤销台账事项", "duty_review": "督察意见",
    "evidence_issued": "出具原卷",
}  # fmt: skip
REVIEWED = {
    "problems": "存在问题", "measures": "整改措施", "units": "整改责任主体", "materials_from": "材料提供部门",
}  # fmt: skip


def objections(incident: Incident) -> str:
    """What a body that was judged says against it, to stand beside the verdict; nothing where nobody objected."""
    found = [(one, said) for one in incident.decisions if (said := objection_of(one)) is not None]
    if not found:
        return ""
    shown = "".join(_objected(one, said) for one, said in found[-SHOWN:])
    head = f"被判定单位的异议 · {len(found)}（记录在案，不改变结论）"
    return f'<div class="hy-group t-pending">{safe(head)}</div>{shown}'


def _objected(decision: Decision, said: Objection) -> str:
    attached = ""
    if said.attachment is not None:
        file = said.attachment
        attached = small(f"附件：{file.name}（{file.size:,} 字节）") + (
            f'<div class="hy-hash">SHA-256 {safe(file.sha256, 64)}</div>'
        )
    note = small(f"{instant(decision.collected_at)} 由 {decision.who} 记录；依据：{decision.why}；编号 {decision.id}")
    text = f"<div>{safe(said.body, 80)}：{safe(said.text, LONG)}</div>"
    return f'<div class="hy-tile t-pending">{text}{note}{attached}</div>'


def decisions(incident: Incident) -> str:
    """Who decided what, why, and when."""
    shown = incident.decisions[-SHOWN:]
    return rows_of(
        ("时间", "谁", "决定", "内容", "依据"),
        (
            [
                f'<span class="hy-nowrap">{safe(instant(one.collected_at))}</span>',
                safe(one.who),
                safe(DECISIONS[one.what]),
                safe(content(one)),
                safe(one.why),
            ]
            for one in shown
        ),
    ) + (small(f"共 {len(incident.decisions)} 条，只列最近 {SHOWN} 条。") if len(incident.decisions) > SHOWN else "")


def entered(found: Sequence[Entry]) -> str:
    """Reviews (the columns of the supervision table) and evidence handed out; nothing where there is none."""
    if not found:
        return ""
    return rows_of(
        ("时间", "谁", "什么", "内容", "依据"),
        (
            [
                f'<span class="hy-nowrap">{safe(instant(one.collected_at))}</span>',
                safe(one.who),
                safe(ENTRIES[one.what]),
                _said_in(one),
                safe(one.why),
            ]
            for one in found[:SHOWN]
        ),
    )


def _said_in(one: Entry) -> str:
    value: dict[str, Any] = one.value if isinstance(one.value, dict) else {}
    if one.what == "evidence_issued":
        return f'<div class="hy-hash">SHA-256 {safe(value.get("sha256"), 64)}</div>'
    if one.what != "duty_review":
        return small(one.subject)
    about = names.rule_names().get(one.rule, one.rule) if one.rule else "全部义务"
    done = "已完成" if value.get("done") is True else "未完成"
    lines = [f"{about}：{done}"]
    for name, word in REVIEWED.items():
        given = value.get(name)
        told = "；".join(map(str, given)) if isinstance(given, list) else given
        lines += [f"{word}：{told}"] if told else []
    return "".join(f"<div>{safe(line, LONG)}</div>" for line in lines)


def content(one: Decision) -> str:
    """A decision's value in words."""
    value = one.value
    if one.what == "severity":
        return _known(GRADES, value) if value is not None else "按数字推算"
    if one.what == "gate":
        return _known(GATES, value)
    if one.what == "exempt":
        claim = value if isinstance(value, dict) else {"ground": value}
        rule = claim.get("rule")
        about = _known(names.rule_names(), rule) if rule else "全部时限"
        return f"{_known(names.grounds(), claim.get('ground'))}；{about}"
    if (said := objection_of(one)) is not None:
        return f"{said.body}：{said.text}"
    if one.what in ("occurred", "conference_held", "restate") and (when := interval_in(value)) is not None:
        post = value.get("mention") if isinstance(value, dict) else None
        return f"{post}：{span(when)}" if post else span(when)
    return "" if value is None else "、".join(map(str, value)) if isinstance(value, list) else str(value)


def _known(words: Mapping[Any, str], code: Any) -> str:
    return words.get(code, code) if isinstance(code, str) else str(code)


# --- the chain --------------------------------------------------------------------------------------------------------


def links(found: Sequence[AuditEntry]) -> str:
    """The links of the chain that concern the incident: what was done, what stood before and after, the hash."""
    return rows_of(
        ("序号", "时间", "谁", "什么", "依据", "之前 → 之后", "哈希"),
        (
            [
                str(one.seq),
                f'<span class="hy-nowrap">{safe(instant(one.collected_at))}</span>',
                safe(one.who),
                noted(DECISIONS.get(one.what) or ENTRIES.get(one.what, one.what), one.id),
                safe(one.why),
                f"{safe(stood(one.before))} → {safe(stood(one.after))}" if one.before or one.after else "—",
                f'<span class="hy-hash">{safe(one.sha256[:12])}</span>',
            ]
            for one in found
        ),
    )


def stood(state: Mapping[str, Any] | None) -> str:
    """What stood, in words; of any shape, since the store may have been tampered with."""
    if not state:
        return "无"
    return "；".join(_said(name, value) for name, value in list(state.items())[:20])


def _said(name: str, value: Any) -> str:
    words = _SAID.get(name)
    try:
        if words is not None:
            return words(value)
    except (AttributeError, KeyError, TypeError, ValueError, msgspec.ValidationError):
        pass
    return f"{name} {value}"


def _posts(value: list[dict[str, Any]]) -> str:
    return "；".join(f"信息 {one['post']}：{_place(one['incident'])}{_answer(one['response'])}" for one in value)


def _place(incident: dict[str, Any] | None) -> str:
    return f"在事件 {incident['id']}" if incident is not None else "不在任何事件"


def _answer(response: dict[str, Any] | None) -> str:
    if response is None:
        return ""
    return f"，为{response['issuer'] or '未署名者'}的{FORMS.get(response['form'], response['form'])}"


def _incident(value: dict[str, Any] | None) -> str:
    return "没有事件" if value is None else f"{STATES.get(value['state'], value['state'])}，{value['members']} 条信息"


def _span(value: Any) -> str:
    return span(None if value is None else msgspec.convert(value, Interval, strict=True))


def _exempt(value: list[dict[str, Any]]) -> str:
    claims = [f"{_known(names.grounds(), one['ground'])}（{one['who']}）" for one in value]
    return "豁免：" + ("、".join(claims) or "无")


_SAID: Mapping[str, Callable[[Any], str]] = {
    "grade": lambda value: f"等级 {GRADES[value] if value is not None else '未定'}",
    "basis": basis_words,
    "occurred": lambda value: f"事发 {_span(value)}",
    "gates": lambda value: "须回应的依据：" + ("、".join(_known(GATES, one) for one in value) or "无"),
    "exempt": _exempt,
    "conferences": lambda value: "发布会：" + ("、".join(_span(one["held"]) for one in value) or "无"),
    "post": lambda value: f"信息 {value}",
    "published": lambda value: f"发布于 {_span(value)}",
    "incident": _incident,
    "posts": _posts,
    "objection": lambda value: f"异议 {value} 件",
    "acknowledge": lambda value: f"知悉 {value} 次",
}
