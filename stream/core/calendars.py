"""Due dates: clock hours, working days with make-up workdays (调休), natural days that roll forward, calendar dates.

The State Council publishes each year's calendar in the autumn before; beyond the last published year a due date is
None with reason `calendar_unpublished`: never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

import chinese_calendar
from chinese_calendar.constants import holidays
from msgspec import Struct

from stream.core.documents import Grade
from stream.core.intervals import SHANGHAI
from stream.core.reasons import CalendarReason
from stream.core.rules import Recurrence, Rule

FIRST_YEAR = min(holidays).year
LAST_YEAR = max(holidays).year
# A window this long is no window any more; keeps hostile input bounded.
LONGEST_DAYS = 3660


class CalendarUnpublished(Exception):
    """The working calendar of that year is not published (or not kept)."""


class Step(Struct, frozen=True, kw_only=True):
    """One line of the computation."""

    date: date
    counted: bool
    why: str


class Explanation(Struct, frozen=True, kw_only=True):
    """How a due date came about. `due`: a date (its 24:00), an instant for clock hours, or None with `reason`."""

    rule: str
    start: datetime | date
    due: datetime | date | None
    steps: list[Step]
    reason: CalendarReason | None = None


class Count(Struct, frozen=True, kw_only=True):
    """`of` days after `start`; days inside a suspension (both ends inclusive) stand still."""

    start: date
    of: int
    suspended: Sequence[tuple[date, date]] = ()


def is_working_day(day: date) -> bool:
    """Monday to Friday but no holiday, or a make-up workday. Raises CalendarUnpublished outside the known years."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CalendarUnpublished(str(day.year))
    return bool(chinese_calendar.is_workday(day))


def explain(
    rule: Rule,
    start: datetime | date,
    extend: int = 0,
    suspend: Sequence[tuple[date, date]] = (),
    grade: Grade | None = None,
) -> Explanation:
    """When the rule's window ends, step by step. Raises ValueError (Chinese) where it cannot be so extended."""
    if extend:
        _check_extension(rule, extend)
    value = rule.window.by_grade.get(grade) if rule.window.by_grade and grade else rule.window.value
    if rule.window.by_grade and value is None:
        return Explanation(rule=rule.id, start=start, due=None, steps=[], reason="grade_needed")
    steps: list[Step] = []
    reason: CalendarReason | None = None
    due: datetime | date | None = None
    try:
        for step, end in _steps(rule, start, (value or 0) + extend, suspend):
            steps.append(step)
            due = end
    except CalendarUnpublished:
        due, reason = None, "calendar_unpublished"
    except (OverflowError, ValueError):
        due, reason = None, "date_out_of_range"
    if due is None and reason is None:
        reason = "no_number"
    return Explanation(rule=rule.id, start=start, due=due, steps=steps, reason=reason)


def _check_extension(rule: Rule, extend: int) -> None:
    allowed = 0 if rule.window.extension is None else rule.window.extension.max
    if not 0 <= extend <= allowed:
        limit = f"至多延长 {allowed}" if allowed else "不可延长"
        raise ValueError(f"{rule.id} {limit}，不能延长 {extend}")


Ended = tuple[Step, datetime | date | None]


def _steps(rule: Rule, start: datetime | date, value: int, suspend: Sequence[tuple[date, date]]) -> Iterator[Ended]:
    window = rule.window
    day = _day(start)
    count = Count(start=day, of=value, suspended=suspend)
    match window.unit:
        case "clock_hour":
            yield from _clock(start, value)
        case "working_day":
            yield from ((step, step.date) for step in _count_working(count))
        case "natural_day":
            yield from ((step, step.date) for step in _count_natural(count))
        case "calendar_month" | "calendar_year":
            months = value * (12 if window.unit == "calendar_year" else 1)
            yield from _rolled(add_months(day, months), f"起算日后 {months} 个月的对应日")
        case "annual_date" if window.date is not None:
            end = annual_date(day, window.date)
            yield Step(date=end, counted=True, why="每年固定日期，不顺延"), end
        case "recurring":
            yield from _recurring(day, window.recurs)
        case "daily":
            yield Step(date=day + timedelta(days=1), counted=True, why="每日一次"), day + timedelta(days=1)
        case "per_year_min":
            end = date(day.year, 12, 31)
            yield Step(date=end, counted=True, why="年度次数，年底前完成"), end
        case _:
            # Never run empty: an explanation says at least why there is no date.
            yield Step(date=day, counted=False, why="规则没有数字时限，不设到期日"), None


def _day(at: datetime | date) -> date:
    """The Shanghai day; a naive instant is Shanghai's."""
    if not isinstance(at, datetime):
        return at
    return (at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).astimezone(SHANGHAI).date()


def _clock(start: datetime | date, hours: int) -> Iterator[Ended]:
    """Hours run through nights, weekends and holidays."""
    if not isinstance(start, datetime):
        start = datetime.combine(start, datetime.min.time(), SHANGHAI)
    start = start if start.tzinfo else start.replace(tzinfo=SHANGHAI)
    due = start.astimezone(SHANGHAI) + timedelta(hours=hours)
    day = start.astimezone(SHANGHAI).date()
    while day <= due.date():
        yield Step(date=day, counted=True, why=f"连续计时 {hours} 小时，夜间、周末、节假日不停"), due
        day += timedelta(days=1)


def _count_working(count: Count) -> Iterator[Step]:
    day, counted = count.start, 0
    yield Step(date=day, counted=False, why="起算日不计，自下一工作日起算")
    while counted < count.of:
        day += timedelta(days=1)
        _check_length(count, day)
        if _is_suspended(day, count):
            yield Step(date=day, counted=False, why="期间中止，不计")
        elif is_working_day(day):
            counted += 1
            yield Step(date=day, counted=True, why=f"第 {counted} 个工作日{_make_up(day)}")
        else:
            yield Step(date=day, counted=False, why=_rest(day))


def _count_natural(count: Count) -> Iterator[Step]:
    day, counted = count.start, 0
    yield Step(date=day, counted=False, why="起算日不计")
    while counted < count.of:
        day += timedelta(days=1)
        _check_length(count, day)
        if _is_suspended(day, count):
            yield Step(date=day, counted=False, why="期间中止，不计")
        else:
            counted += 1
            yield Step(date=day, counted=True, why=f"第 {counted} 日")
    yield from (step for step, _ in _rolled(day, "期间末日", repeat=False))


def _rolled(end: date, why: str, *, repeat: bool = True) -> Iterator[Ended]:
    """The end itself, then day by day to the first working day where it falls on a day of rest."""
    if repeat:
        yield Step(date=end, counted=True, why=why), end
    while not is_working_day(end):
        end += timedelta(days=1)
        yield Step(date=end, counted=False, why="末日为休息日，顺延"), end


def _recurring(day: date, recurs: Sequence[Recurrence]) -> Iterator[Ended]:
    """The end of each period that `day` lies in; the earliest is the next due."""
    ends = sorted((period_end(day, one), one) for one in recurs)
    for end, one in ends:
        yield Step(date=end, counted=True, why=_PERIODS[one]), ends[0][0]


_PERIODS: dict[Recurrence, str] = {
    "every_week": "每周，周日前", "every_friday": "每周五", "every_month": "每月，月底前",
    "every_quarter": "每季度，季末前", "every_half_year": "每半年，半年末前", "every_year": "每年，年底前",
}  # fmt: skip


def period_end(day: date, recurrence: Recurrence) -> date:
    """Last day of the period that `day` lies in (a week ends on Sunday; for Fridays: the next one, `day` included)."""
    if recurrence == "every_week":
        return day + timedelta(days=6 - day.weekday())
    if recurrence == "every_friday":
        return day + timedelta(days=(4 - day.weekday()) % 7)
    months = {"every_month": 1, "every_quarter": 3, "every_half_year": 6, "every_year": 12}[recurrence]
    last = (day.month - 1) // months * months + months
    return date(day.year + last // 12, last % 12 + 1, 1) - timedelta(days=1)


def annual_date(day: date, month_day: str) -> date:
    """The next MM-DD on or after `day`."""
    this = date.fromisoformat(f"{day.year:04d}-{month_day}")
    return this if this >= day else date.fromisoformat(f"{day.year + 1:04d}-{month_day}")


def add_months(day: date, months: int) -> date:
    """The corresponding day `months` later; where that month has none, its last day."""
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), period_end(first, "every_month"))


def _check_length(count: Count, day: date) -> None:
    if (day - count.start).days > LONGEST_DAYS:
        raise ValueError("window out of range")


def _is_suspended(day: date, count: Count) -> bool:
    return any(start <= day <= end for start, end in count.suspended)


def _make_up(day: date) -> str:
    return "（调休上班）" if day.weekday() >= 5 else ""


def _rest(day: date) -> str:
    """Why a day is not a working day."""
    _, name = chinese_calendar.get_holiday_detail(day)
    return "法定节假日或调休" if name else "周末"
