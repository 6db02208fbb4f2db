"""The task table of founding document 002: 工作任务 · 具体要求 · 责任单位 · 时限要求, from the rules that a person
keeps in the ledger, those of one place together."""

from __future__ import annotations

from datetime import datetime

from dashboard.exports.records import RuleBook
from dashboard.exports.tables import Cell, Frame, Paper, Table, cleaned, one_line
from dashboard.words import MODALITIES
from stream.core.rules import Recurrence, Rule, Window, in_force_from, is_in_force, is_on, region_prefix, version_of

COLUMNS = ("工作任务", "具体要求", "责任单位", "时限要求")
WIDTHS = (34, 70, 36, 26)
NOTES = (
    "加引号的为文件原文，其余为转述。责任单位照文件所列；文件未列明的写“文件未列明”。",
    "没有数字的时限要求只作提示，不据以认定超期。",
)
_UNITS = {
    "working_day": "{} 个工作日内", "natural_day": "{} 日内", "clock_hour": "{} 小时内", "calendar_month": "{} 个月内",
    "calendar_year": "{} 年内", "per_year_min": "每年不少于 {} 次", "percent_min": "不低于 {}%",
    "count_min": "不少于 {}",
}  # fmt: skip
_RECURS: dict[Recurrence, str] = {
    "every_week": "每周", "every_friday": "每周五", "every_month": "每月", "every_quarter": "每季度",
    "every_half_year": "每半年", "every_year": "每年",
}  # fmt: skip
_PLAIN = {"daily": "每日", "promptly": "及时", "none": "未定时限"}


def tasks_paper(book: RuleBook, frame: Frame) -> Paper:
    """Those in force at the frame's instant, in the rule book's order, under the place where they hold."""
    grouped: dict[str, list[Rule]] = {}
    for rule in book.rules:
        if _is_wanted(rule, frame):
            place = rule.jurisdiction.name if rule.jurisdiction else "全国"
            grouped.setdefault(place, []).append(rule)
    rows: list[list[Cell]] = []
    for place, rules in grouped.items():
        rows.append([f"〔{place}〕", "", "", ""])
        rows += [_row(one) for one in rules]
    table = Table(key="tasks", name="任务分工", columns=COLUMNS, widths=WIDTHS, rows=cleaned(rows))
    return Paper(
        title="政务公开重点工作任务分工", is_form=True, tables=(table,), notes=NOTES,
        head=(("责任单位", one_line(frame.body or "各责任单位", 60)), ("按此日有效的规则", _day(frame.now)),
              ("规则库版本", book.version)),
    )  # fmt: skip


def _is_wanted(rule: Rule, frame: Frame) -> bool:
    if rule.judged != "ledger" or not is_on(rule) or not _is_standing(rule, frame):
        return False
    if frame.body is not None and not any(frame.body.endswith(one) for one in rule.bodies):
        return False
    if frame.region is None or rule.jurisdiction is None:
        return True
    own = region_prefix(rule.jurisdiction.region)
    return frame.region.startswith(own) or own.startswith(frame.region)


def _is_standing(rule: Rule, frame: Frame) -> bool:
    """In force at some time of the span; without one, at the frame's instant."""
    if frame.since is None and frame.until is None:
        return is_in_force(rule, frame.now)
    begins = in_force_from(rule)
    last = (frame.until or frame.now).date()
    is_over = frame.since is not None and rule.effective_to is not None and rule.effective_to < frame.since.date()
    return begins is not None and begins <= last and not is_over


def _row(rule: Rule) -> list[Cell]:
    label = "" if rule.modality == "must" else f"（{MODALITIES[rule.modality]}）"
    return [
        f"{rule.text}{label}\n（{rule.id}，{version_of(rule)} 版，{rule.source.document}）", _demand(rule),
        "、".join(rule.bodies) or "文件未列明", rule.deadline or window_words(rule.window),
    ]  # fmt: skip


def _demand(rule: Rule) -> str:
    quote = f"“{rule.source.quote}”" if rule.source.quote else ""
    return "\n".join(one for one in (rule.demand, quote) if one) or rule.text


def window_words(window: Window) -> str:
    """A window in words."""
    if window.recurs:
        return "、".join(_RECURS[one] for one in window.recurs)
    if window.date is not None:
        month, day = window.date.split("-")
        return f"每年 {int(month)} 月 {int(day)} 日前"
    if window.by_grade:
        return "、".join(f"{grade} 级 {days} 日内" for grade, days in sorted(window.by_grade.items()))
    if window.unit == "tier":
        return "、".join(window.steps)
    if window.unit in _UNITS and window.value is not None:
        words = _UNITS[window.unit].format(window.value)
        extended = f"，可延长不超过 {window.extension.max}" if window.extension else ""
        return ("不少于 " + words.removesuffix("内") if window.is_minimum else words) + extended
    return _PLAIN.get(window.unit, "未定时限")


def _day(at: datetime) -> str:
    return at.date().isoformat()
