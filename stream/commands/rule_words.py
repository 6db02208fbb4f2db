"""Words for rules on the command line: how long, since when, where, whether it is on."""

from __future__ import annotations

from datetime import date

from stream.core.reasons import CalendarReason
from stream.core.rules import Modality, Recurrence, Rule, Unit, Verify, Window
from stream.core.workdays import LAST_CERTAIN, LAST_YEAR

MODALITIES: dict[Modality, str] = {"must": "必须", "in_principle": "原则上", "advisory": "提示"}
JUDGED = {"clock": "逐事件裁定", "advisory": "只提示", "ledger": "台账"}
VERIFIED: dict[Verify, str] = {
    "statute": "法规原文", "gov_text": "文件全文", "press": "新闻或政府网页引用", "seed": "基础文件",
    "memory": "凭记忆，未核实",
}  # fmt: skip
UNITS: dict[Unit, str] = {
    "clock_hour": "小时", "working_day": "个工作日", "natural_day": "日", "calendar_month": "个月",
    "calendar_year": "年",
}  # fmt: skip
ROLLING: tuple[Unit, ...] = ("working_day", "natural_day", "calendar_month", "calendar_year")
OTHERS: dict[Unit, str] = {
    "annual_date": "每年 {0.date} 前", "daily": "每日", "per_year_min": "每年至少 {0.value} 次",
    "percent_min": "不低于 {0.value}%", "count_min": "不少于 {0.value}",
    "promptly": "及时（没有数字）", "none": "没有数字",
}  # fmt: skip
PERIODS: dict[Recurrence, str] = {
    "every_week": "每周", "every_friday": "每周五", "every_month": "每月", "every_quarter": "每季度",
    "every_half_year": "每半年", "every_year": "每年",
}  # fmt: skip
REASONS: dict[CalendarReason, str] = {
    "calendar_unpublished": f"本程序所带的工作日历到 {LAST_YEAR} 年止，之后的放假安排尚未公布或未收入，不作推算；"
    "国务院办公厅公布后，升级 chinesecalendar 再算",
    "no_number": "规则没有数字时限，不设到期日，不会判超时",
    "grade_needed": "时限因事件等级而异；请加 --grade，如 --grade II",
    "date_out_of_range": "日期或时限超出可计算的范围",
}


def window_text(window: Window) -> str:
    """How long, in Chinese."""
    if window.unit in UNITS:
        return _counted(window)
    if window.unit == "recurring":
        return "、".join(PERIODS[one] for one in window.recurs)
    if window.unit == "tier":
        return f"分级：{'、'.join(window.steps)}"
    return OTHERS[window.unit].format(window)


def _counted(window: Window) -> str:
    unit = UNITS[window.unit]
    told = "、".join(f"{grade} 级 {value} {unit}" for grade, value in window.by_grade.items())
    told = told or f"{'不少于 ' if window.is_minimum else ''}{window.value} {unit}"
    if window.extension is None:
        return told
    grades = f"，限 {'、'.join(window.extension.grades)} 级" if window.extension.grades else ""
    return f"{told}（可延长 {window.extension.max} {unit}{grades}）"


def validity_text(rule: Rule) -> str:
    """First and last day in force."""
    if rule.effective_from is None:
        return f"{rule.effective_year} 年（只知年份，次年起适用）"
    return f"{rule.effective_from} 起" if rule.effective_to is None else f"{rule.effective_from} 至 {rule.effective_to}"


def state_text(rule: Rule) -> str:
    """Whether it is on, and why not."""
    if rule.check_in_force:
        return "停用：效力待核"
    return "启用" if rule.enabled else "停用：配置中关闭"


def place_text(rule: Rule) -> str:
    """Where it holds."""
    return "全国" if rule.jurisdiction is None else f"{rule.jurisdiction.name}（{rule.jurisdiction.region}）"


def provisional_text(rule: Rule, due: date | None) -> str | None:
    """Whether the notice of the next year may still move that day: not where hours run, or where a date is fixed."""
    if rule.window.unit in ROLLING and due is not None and LAST_CERTAIN < due <= date(LAST_YEAR, 12, 31):
        return f"{LAST_YEAR + 1} 年的放假安排可能改动 {LAST_YEAR} 年最后几天；公布后请重算"
    return None
