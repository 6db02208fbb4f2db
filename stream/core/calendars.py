"""Due dates: clock hours, working days with make-up workdays (调休), natural days that roll forward, calendar dates.

The State Council publishes each year's calendar in the autumn before; beyond the last published year a due date is
None with reason `calendar_unpublished`: never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from stream.core.documents import Grade
from stream.core.intervals import SHANGHAI
from stream.core.periods import add_months, annual_date, period_end, period_label
from stream.core.reasons import CalendarReason
from stream.core.rules import Recurrence, Rule, in_force_from
from stream.core.workdays import NATIONWIDE, CalendarUnpublished, Place

# A window this long is no window any more; keeps hostile input bounded.
LONGEST_DAYS = 3660


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
    """`of` days after `start`, at `place`; days inside a suspension (both ends inclusive) stand still."""

    start: date
    of: int
    suspended: Sequence[tuple[date, date]] = ()
    place: Place = NATIONWIDE


def explain(
    rule: Rule,
    start: datetime | date,
    extend: int = 0,
    suspend: Sequence[tuple[date, date]] = (),
    grade: Grade | None = None,
    place: Place = NATIONWIDE,
) -> Explanation:
    """When the rule's window ends, step by step. An extension counts on from the first end. A local rule counts in its
    own region where `place` names none. Raises ValueError (Chinese) where it cannot be so extended."""
    if extend:
        _check_extension(rule, extend, grade)
    value = rule.window.by_grade.get(grade) if rule.window.by_grade and grade else rule.window.value
    if rule.window.by_grade and value is None:
        return Explanation(rule=rule.id, start=start, due=None, steps=[], reason="grade_needed")
    count = Count(start=_day(start), of=(value or 0) + extend, suspended=suspend, place=placed(rule, place))
    steps: list[Step] = []
    reason: CalendarReason | None = None
    due: datetime | date | None = None
    try:
        for step, end in _steps(rule, start, count):
            steps.append(step)
            due = end
    except CalendarUnpublished:
        due, reason = None, "calendar_unpublished"
    except (OverflowError, ValueError):
        due, reason = None, "date_out_of_range"
    if due is None and reason is None:
        reason = "no_number"
    return Explanation(rule=rule.id, start=start, due=due, steps=steps, reason=reason)


def placed(rule: Rule, place: Place) -> Place:
    """Where a rule counts its days: in the region asked for, else in the one that it was made for."""
    if place.region is not None or rule.jurisdiction is None:
        return place
    return Place(region=rule.jurisdiction.region, overlay=place.overlay)


def restarted(rule: Rule, first: datetime | date, explanation: Explanation) -> Explanation:
    """A computation from a later start (补正: counting begins anew with the corrected application), told from the first
    one on. Raises ValueError (Chinese) where the rule knows no such start or it is earlier than the first."""
    if not rule.start.restarted_by:
        raise ValueError(f"{rule.id} 没有写明可以重新起算")
    first_day, again = _day(first), _day(explanation.start)
    if again < first_day:
        raise ValueError(f"重新起算日 {again} 早于首次起算日 {first_day}")
    anew = Step(date=first_day, counted=False, why=f"首次起算日；{rule.start.restarted_by}（{again}），此前不计")
    return replace(explanation, start=first, steps=[anew, *explanation.steps])


def _check_extension(rule: Rule, extend: int, grade: Grade | None) -> None:
    extension = rule.window.extension
    allowed = 0 if extension is None else extension.max
    if extension is not None and extension.grades and grade not in extension.grades:
        raise ValueError(f"{rule.id} 只有 {'、'.join(extension.grades)} 级可以延长；请写明等级（--grade）")
    if not 0 <= extend <= allowed:
        limit = f"至多延长 {allowed}" if allowed else "不可延长"
        raise ValueError(f"{rule.id} {limit}，不能延长 {extend}")


Ended = tuple[Step, datetime | date | None]


def _steps(rule: Rule, start: datetime | date, count: Count) -> Iterator[Ended]:
    window, day = rule.window, count.start
    match window.unit:
        case "clock_hour":
            yield from _clock(start, count.of)
        case "working_day":
            yield from ((step, step.date) for step in _count_working(count))
        case "natural_day":
            yield from ((step, step.date) for step in _count_natural(count))
        case "calendar_month" | "calendar_year":
            months = count.of * (12 if window.unit == "calendar_year" else 1)
            yield from _rolled(add_months(day, months), f"起算日后 {months} 个月的对应日", count.place)
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
        case "percent_min" | "count_min":
            yield Step(date=day, counted=False, why="数量要求，没有到期日"), None
        case "tier":
            yield Step(date=day, counted=False, why=f"分级处置（{'、'.join(window.steps)}），按级定时限"), None
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
        elif count.place.is_working_day(day):
            counted += 1
            yield Step(date=day, counted=True, why=f"第 {counted} 个工作日{_make_up(day)}")
        else:
            yield Step(date=day, counted=False, why=count.place.rest(day))


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
    yield from _rolled_on(day, count)


def _rolled_on(end: date, count: Count) -> Iterator[Step]:
    """Day by day to the first working day; the clock stands still on suspended days, so none of them is the last."""
    while not count.place.is_working_day(end) or _is_suspended(end, count):
        why = "期间中止，顺延" if _is_suspended(end, count) else f"末日为休息日（{count.place.rest(end)}），顺延"
        end += timedelta(days=1)
        yield Step(date=end, counted=False, why=why)


def _rolled(end: date, why: str, place: Place) -> Iterator[Ended]:
    """The end itself, then day by day to the first working day where it falls on a day of rest."""
    yield Step(date=end, counted=True, why=why), end
    for step in _rolled_on(end, Count(start=end, of=0, place=place)):
        yield step, step.date


def _recurring(day: date, recurs: Sequence[Recurrence]) -> Iterator[Ended]:
    """The end of each period that `day` lies in; the earliest is the next due."""
    ends = sorted((period_end(day, one), one) for one in recurs)
    for end, one in ends:
        yield Step(date=end, counted=True, why=_PERIODS[one]), ends[0][0]


_PERIODS: dict[Recurrence, str] = {
    "every_week": "每周，周日前", "every_friday": "每周五", "every_month": "每月，月底前",
    "every_quarter": "每季度，季末前", "every_half_year": "每半年，半年末前", "every_year": "每年，年底前",
}  # fmt: skip


class Occurrence(Struct, frozen=True, kw_only=True):
    """One due date of a recurring or dated duty. `period`: "2019-07", "2019Q3", "2019年上半年", "2019年", "2019-W28",
    or the day itself. `due`: its 24:00, or None with `reason`: a duty without a number has none and is never late."""

    rule: str
    period: str
    start: date
    due: date | None
    reason: CalendarReason | None = None


def occurrences(
    rule: Rule, since: date, until: date, seasons: Sequence[tuple[date, date]] = (), place: Place = NATIONWIDE
) -> list[Occurrence]:
    """Every due date of a duty that the calendar sets (recurring, annual, yearly quota, counted from the day of
    printing) which falls in `since`…`until` (both inclusive) while the rule is in force; in order of time.

    A date that had passed when the document was printed is listed once, from that day on. A duty of a season recurs
    only within `seasons`, which a person names. A duty that an event starts (an application, an accident) has none.
    """
    force = in_force_from(rule)
    if force is None or {"incident", "public_opinion", "rumor"} & set(rule.applies_to.natures):
        return []
    last = min(until, rule.effective_to or until, date(9998, 12, 31))
    found = sorted(_dated(rule, force, last, place), key=lambda one: (one.due or one.start, one.period))
    if rule.applies_to.season:
        found = [one for one in found if one.due and any(first <= one.due <= end for first, end in seasons)]
    return [one for one in found if since <= max(one.due or one.start, force) <= until]


def _dated(rule: Rule, force: date, last: date, place: Place) -> Iterator[Occurrence]:
    match rule.window.unit:
        case "recurring":
            for one in rule.window.recurs:
                yield from _periods(rule.id, one, force, last)
        case "annual_date" if rule.window.date is not None:
            yield from _anniversaries(rule, rule.window.date, force, last)
        case "per_year_min" | "percent_min" | "count_min":
            yield from _periods(rule.id, "every_year", force, last)
        case _ if rule.start.day is not None:
            ended = explain(rule, rule.start.day, place=place)
            due = None if ended.due is None else _day(ended.due)
            yield Occurrence(
                rule=rule.id, period=str(rule.start.day), start=rule.start.day, due=due, reason=ended.reason
            )
        case "none" | "promptly" if "task" in rule.applies_to.natures:
            yield Occurrence(rule=rule.id, period="长期", start=force, due=None, reason="no_number")


def _periods(id: str, recurrence: Recurrence, force: date, last: date) -> Iterator[Occurrence]:
    begin = force
    while begin <= last and (end := period_end(begin, recurrence)) <= last:
        yield Occurrence(rule=id, period=period_label(end, recurrence), start=begin, due=end)
        begin = end + timedelta(days=1)


def _anniversaries(rule: Rule, month_day: str, force: date, last: date) -> Iterator[Occurrence]:
    due, passed = annual_date(force, month_day), date.fromisoformat(f"{force.year:04d}-{month_day}")
    if rule.effective_to is not None and due > rule.effective_to:
        yield Occurrence(rule=rule.id, period=period_label(passed, "every_year"), start=force, due=passed)
    while due <= last:
        start = max(force, date(due.year, 1, 1))
        yield Occurrence(rule=rule.id, period=period_label(due, "every_year"), start=start, due=due)
        due = annual_date(due + timedelta(days=1), month_day)


def _check_length(count: Count, day: date) -> None:
    if (day - count.start).days > LONGEST_DAYS:
        raise ValueError("window out of range")


def _is_suspended(day: date, count: Count) -> bool:
    return any(start <= day <= end for start, end in count.suspended)


def _make_up(day: date) -> str:
    return "（调休上班）" if day.weekday() >= 5 else ""
