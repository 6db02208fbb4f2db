"""The ledger as markup: the table of duties, and one duty with its computation, proofs, review and history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from dashboard import names
from dashboard.drawing import instant, link, mark, noted, page_link, rows_of, safe, small, span
from dashboard.words import MODALITIES
from stream.commands.rule_words import UNITS
from stream.core.duties import (
    DUTY_REASONS,
    DUTY_VERDICTS,
    ENTRY_WORDS,
    Duty,
    DutyVerdict,
    days_left,
    is_unproven,
    newest_first,
    standing_word,
)

COLOURS: dict[DutyVerdict, str] = {
    "pending": "pending", "met": "met", "breached": "late", "indeterminate": "unknown", "not_applicable": "none",
}  # fmt: skip
BODIES = 3


def tiles(found: Sequence[Duty], now: datetime) -> str:
    """How many stand how."""
    counts = {verdict: sum(one.verdict == verdict for one in found) for verdict in DUTY_VERDICTS}
    left = [days_left(one, now) for one in found if one.verdict == "pending"]
    soon = sum(days is not None and days <= 7 for days in left)
    notes = {
        "pending": f"其中 {soon} 项 7 天内到期",
        "breached": "期限已过，没有按期的证明；未登记不等于未做",
        "indeterminate": "不是超期",
    }
    drawn = "".join(
        f'<div class="hy-tile t-{COLOURS[verdict]}">{safe(word)}<b>{counts[verdict]}</b>'
        f"{small(notes.get(verdict, ''))}</div>"
        for verdict, word in DUTY_VERDICTS.items()
    )
    return f'<div class="hy-tiles hy-done">{drawn}</div>'


def board(found: Sequence[Duty], now: datetime) -> str:
    """The duties as a table."""
    head = ("到期", "事项", "责任单位", "状态与理由", "依据")
    return rows_of(head, ([_due(one, now), _about(one), _bodies(one), _state(one), _basis(one)] for one in found))


def _due(one: Duty, now: datetime) -> str:
    return f'<span class="hy-nowrap">{safe(one.due or "没有到期日")}</span>{_left(one, now)}'


def _left(one: Duty, now: datetime) -> str:
    left = days_left(one, now)
    if left is None or one.verdict not in ("pending", "breached") or len(one.proofs) >= one.needed:
        return ""
    words = f"还剩 {left} 天" if left > 0 else "今天到期" if left == 0 else f"已过 {-left} 天"
    return f'<div><span class="hy-clock{" hy-over" if left < 0 else ""}">{words}</span></div>'


def _about(one: Duty) -> str:
    # A matter that a person opened without a place is nowhere in particular; a rule without one holds everywhere.
    place = names.region_name(one.region) or ("全国" if one.period else None)
    told = (period_words(one.period), place, one.rule)
    return page_link("ledger", "id", one.id, one.title) + small(" · ".join(filter(None, told)))


def period_words(period: str | None) -> str | None:
    """2026Q1 as a person says it; other periods are words already."""
    return None if period is None else re.sub(r"^(\d{4})Q([1-4])$", r"\1年第\2季度", period)


def _bodies(one: Duty) -> str:
    more = f"等 {len(one.bodies)} 家" if len(one.bodies) > BODIES else ""
    return "<br>".join(safe(body, 40) for body in one.bodies[:BODIES]) + small(more) if one.bodies else small("未写明")


def _state(one: Duty) -> str:
    labels = "" if one.modality == "must" else f"·{MODALITIES[one.modality]}"
    is_soft = one.verdict == "breached" and (labels or is_unproven(one))
    kind = "soft" if is_soft else COLOURS[one.verdict]
    proofs = f"（证明 {len(one.proofs)}／{one.needed}）" if one.needed > 1 else ""
    return mark(kind, standing_word(one) + labels) + small(DUTY_REASONS[one.reason] + proofs)


def _basis(one: Duty) -> str:
    return noted(one.document, f"“{one.quote}”" if one.quote else "")


def head(one: Duty, now: datetime) -> str:
    """What the duty is, and how it stands."""
    facts = {
        "状态": _state(one), "到期": _due(one, now), "起算": safe(one.start), "责任单位": _bodies(one),
        "规则": noted(f"{one.rule}（{one.rule_version}）", one.text), "依据": _basis(one),
        "延长": safe(_extended(one)), "中止": _suspensions(one),
    }  # fmt: skip
    drawn = "".join(f"<div><dt>{safe(name)}</dt><dd>{fact}</dd></div>" for name, fact in facts.items())
    title = f"{one.title}（{period_words(one.period)}）" if one.period else one.title
    return f'<div class="hy-head">{safe(title)}</div><dl class="hy-facts">{drawn}</dl>'


def _extended(one: Duty) -> str:
    rule = next((rule for rule in names.rules().rules if rule.id == one.rule), None)
    unit = UNITS.get(rule.window.unit, "") if rule is not None else ""
    return f"{one.extended} {unit}" if one.extended else "—"


def _suspensions(one: Duty) -> str:
    return "<br>".join(safe(f"{first} 至 {last or '未定'}") for first, last in one.suspended) or "—"


def proofs(one: Duty) -> str:
    """Each proof with its time, where it can be seen, and its hash."""
    rows = (
        [safe(span(given.at)), link(given.url, given.url or "—"), safe(given.note or "—"),
         f'<span class="hy-hash">{safe(given.sha256 or "—")}</span>', safe(given.entry)]
        for given in one.proofs
    )  # fmt: skip
    return rows_of(("办成时间", "公开处", "说明", "文件 SHA-256", "记录"), rows)


def review(one: Duty) -> str:
    """What a supervisor last wrote: the columns of the supervision table."""
    if one.review is None:
        return small("还没有督察意见")
    said = one.review
    cells = [
        safe("已完成" if said.done else "未完成"), "<br>".join(map(safe, said.problems)) or "—",
        "<br>".join(map(safe, said.measures)) or "—", safe(said.units or "—"), safe(said.materials_from or "—"),
        safe(said.who),
    ]  # fmt: skip
    return rows_of(("完成情况", "存在问题", "整改措施", "整改责任主体", "材料提供部门", "谁写的"), [cells])


def steps(one: Duty) -> str:
    """The computation day by day."""
    rows = ([safe(step.date), safe("是" if step.counted else "否"), safe(step.why)] for step in one.steps)
    return rows_of(("日期", "计入", "说明"), rows)


def history(one: Duty) -> str:
    """Everything put on record, the newest first; what has no effect stays and says why."""
    rows = (
        [safe(instant(noted.entry.collected_at)), safe(noted.entry.who, 80), safe(ENTRY_WORDS[noted.entry.what]),
         safe(noted.entry.why), safe(noted.entry.id),
         mark("unknown", "不生效") + small(noted.fault) if noted.fault else mark("met", "生效")]
        for noted in newest_first(one.history)
    )  # fmt: skip
    return rows_of(("时间", "谁", "什么", "依据", "记录", "效力"), rows)
