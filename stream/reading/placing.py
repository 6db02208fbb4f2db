"""Where an expression of time lies on the calendar (Asia/Shanghai), and by which rules that was inferred.

Source of the spans of the day: domain.md, Counting ("凌晨 0–6 … 晚 18–24"). ⚙ Our own: the everyday synonyms of these
parts, 月初 as the first ten days of a month and 月底 as those from the 21st on.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct

from stream.core.intervals import SHANGHAI, Precision
from stream.reading.numerals import number
from stream.reading.times import unit_end
from stream.reading.when import When

Inference = Literal[
    "stated", "year_from_report", "month_from_report", "relative_day", "weekday", "day_from_text", "day_from_report",
    "part_of_day", "part_of_month", "range", "day_before", "xinjiang_time", "local_time", "alarm_call",
    "report_to_authority", "recently", "cut_at_report", "announced",
]  # fmt: skip

# Hours of the day, [from, to).
PARTS: dict[str, tuple[int, int]] = {
    "凌晨": (0, 6), "清晨": (5, 7), "早晨": (5, 9), "早上": (5, 9), "晨": (5, 9), "早": (5, 9),
    "上午": (6, 12), "中午": (11, 13), "正午": (11, 13), "午间": (11, 13), "下午": (12, 18), "午后": (12, 18),
    "傍晚": (17, 19), "晚上": (18, 24), "晚间": (18, 24), "夜晚": (18, 24), "夜间": (18, 24), "夜里": (18, 24),
    "深夜": (18, 24), "半夜": (0, 6), "午夜": (0, 6), "晚": (18, 24), "夜": (18, 24),
}  # fmt: skip
_AT_NIGHT = frozenset(("晚上", "晚间", "夜晚", "夜间", "夜里", "深夜", "晚", "夜"))
_AFTER_NOON = _AT_NIGHT | {"下午", "午后", "傍晚"}
_NOON = frozenset(("中午", "正午", "午间"))
_SMALL_HOURS = frozenset(("凌晨", "半夜", "午夜"))
_FROM_TODAY = {
    "今": 0, "今天": 0, "今日": 0, "昨": -1, "昨天": -1, "昨日": -1, "前": -2, "前天": -2, "前日": -2, "大前天": -3,
    "明": 1, "明天": 1, "明日": 1, "后天": 2,
}  # fmt: skip
_NEXT_DAY = frozenset(("次日", "翌日", "第二天"))
_WEEK = {char: at for at, char in enumerate("一二三四五六日")} | {"天": 6}
_WEEKS = {"上上": -2, "上": -1, "上个": -1, "本": 0, "这": 0, "这个": 0, "下": 1, "下个": 1}
_THIRDS = {"初": (1, 11), "上旬": (1, 11), "中旬": (11, 21), "下旬": (21, 0), "底": (21, 0), "末": (21, 0)}
_DAY = timedelta(days=1)


class Span(Struct, frozen=True):
    """An expression on the calendar (Asia/Shanghai); `latest` as documented in `stream.core.intervals`."""

    earliest: datetime
    latest: datetime
    precision: Precision
    rules: tuple[Inference, ...] = ()

    def holds(self, other: Span) -> bool:
        """Whether `other` lies inside and says more."""
        inside = self.earliest <= other.earliest and other.latest <= self.latest
        return inside and (other.latest - other.earliest) < (self.latest - self.earliest)

    def moved(self, by: timedelta, rule: Inference) -> Span:
        """The same length, `by` later, for the reason named."""
        return Span(self.earliest + by, self.latest + by, self.precision, (*self.rules, rule))


class Day(Struct, frozen=True):
    """The day an expression names, and by which rule; `ends`: the last of several days, or of a month."""

    first: date
    rule: Inference
    ends: date | None = None
    precision: Precision = "day"


def day_of(when: When, today: date, running: date | None, until: date | None = None) -> Day | None:
    """The day an expression names: counted back from `today`; 当日 is the `running` day. None: it names none.

    A named day is the latest such day not after `until` (default: `today`).
    """
    until = until or today
    if when.paren is not None:
        rule: Inference = "year_from_report" if when.paren["month"] else "month_from_report"
        return _day(_latest_day(when.paren["month"], when.paren["day"], until), rule)
    if (found := when.date) is None:
        return Day(running, "day_from_text") if running is not None else Day(today, "day_from_report")
    if found["only"]:
        near = until if number(found["only"]) == until.day else min(running or today, until)
        return _several(_latest_day(None, found["only"], near, until), found["since"], "month_from_report")
    if found["relative"] or found["ago"] or found["week"]:
        return _relative(found, today, running, has_hour=when.part is not None or when.clock is not None)
    return _of_month(found, until) if found["ofmonth"] or found["whole"] else _dated(found, until)


def _day(found: date | None, rule: Inference, ends: date | None = None) -> Day | None:
    return None if found is None else Day(found, rule, ends)


def _several(last: date | None, first: str | None, rule: Inference) -> Day | None:
    """18日至19日: from the one to the other."""
    if last is None or first is None:
        return _day(last, rule)
    start = _date(last.year, last.month, number(first))
    return Day(last, rule) if start is None or start >= last else Day(start, rule, last)


def _relative(found: re.Match[str], today: date, running: date | None, *, has_hour: bool) -> Day | None:
    if found["week"]:
        return Day(_weekday(found, today), "weekday")
    if found["ago"]:
        return Day(today - timedelta(days=number(found["ago"]) or 0), "relative_day")
    word = found["relative"]
    if word in _FROM_TODAY:
        return Day(today + timedelta(days=_FROM_TODAY[word]), "relative_day")
    if word in _NEXT_DAY:
        return None if running is None else Day(running + _DAY, "day_from_text")
    if running is not None:
        return Day(running, "day_from_text")
    # 当日 is the report's day, as in 当日电; 当天 or 事发当天 alone names the event's, whichever that was.
    is_events = word == "事发当天" or (word == "当天" and not has_hour)
    return None if is_events else Day(today, "day_from_report")


def _weekday(found: re.Match[str], today: date) -> date:
    """上周五 is the Friday of the week before; a bare 周五 the latest one."""
    wanted = _WEEK[found["week"]]
    if found["whose"] is None:
        return today - timedelta(days=(today.weekday() - wanted) % 7)
    return today + timedelta(days=wanted - today.weekday() + 7 * _WEEKS[found["whose"]])


def _of_month(found: re.Match[str], until: date) -> Day | None:
    """本月初, 4月下旬, 今年4月."""
    year_word = found["ofyear"] or found["wholeyear"]
    month = _month_number(found["ofmonth"] or found["whole"], until)
    if month is None:
        return None
    if year_word is None and found["ofmonth"] in ("上", "上个"):
        year = until.year - (until.month == 1)
    else:
        year = _year(year_word, until) or until.year - (month > until.month)
    first, last = _THIRDS[found["third"]] if found["third"] else (1, 0)
    start = _date(year, month, first)
    if start is None:
        return None
    ends = start.replace(day=last - 1) if last else (start.replace(day=28) + 4 * _DAY).replace(day=1) - _DAY
    rule: Inference = "part_of_month" if found["third"] else _year_rule(year_word)
    return Day(start, rule, ends, "unknown" if found["third"] else "month")


def _dated(found: re.Match[str], until: date) -> Day | None:
    if found["y"]:
        return _day(_date(int(found["y"]), int(found["m"]), int(found["d"])), "stated")
    year, month = found["year"], found["month"]
    if month in ("本", "当", "同", "上"):
        number_of = _month_number(month, until)
        year_of = until.year - (month == "上" and until.month == 1)
        return _several(_date(year_of, number_of, number(found["day"])), found["first"], "month_from_report")
    if year is None or year == "本":
        return _several(_latest_day(month, found["day"], until), found["first"], "year_from_report")
    last = _date(_year(year, until), number(month), number(found["day"]))
    return _several(last, found["first"], _year_rule(year))


def _year(word: str | None, until: date) -> int | None:
    if word is None:
        return None
    return until.year if word == "今" else until.year - 1 if word == "去" else number(word)


def _year_rule(word: str | None) -> Inference:
    return "year_from_report" if word in (None, "今", "去", "本") else "stated"


def _month_number(word: str, until: date) -> int | None:
    if word in ("本", "当", "同", "这个"):
        return until.month
    return (12 if until.month == 1 else until.month - 1) if word in ("上", "上个") else number(word)


def _latest_day(month: str | None, day: str, near: date, today: date | None = None) -> date | None:
    """The latest such day not after `today`; a bare day is looked for around `near`."""
    today = today or near
    wanted_day, wanted_month = number(day), number(month) if month else None
    if wanted_month is not None:
        this = _date(today.year, wanted_month, wanted_day)
        return this if this and this <= today else _date(today.year - 1, wanted_month, wanted_day)
    for back in range(3):
        first = (near.year * 12 + near.month - 1) - back
        this = _date(first // 12, first % 12 + 1, wanted_day)
        if this is not None and this <= today:
            return this
    return None


def _date(year: int | None, month: int | None, day: int | None) -> date | None:
    try:
        found = date(year or 0, month or 0, day or 0)
    except ValueError:
        return None
    return found if 1900 <= found.year < 2200 else None


def span_of(when: When, day: Day, part: str | None = None) -> Span:
    """The expression on `day`: its clock, else its part of day, else the whole day. `part`: of day, where the
    expression has none of its own."""
    midnight, rules = _midnight(day.first), (day.rule,)
    part = when.part or part
    if when.clock is not None:
        span = _clock_span(_midnight(day.ends) if day.ends else midnight, when.clock, part, rules)
        return Span(midnight, span.latest, "day", (*rules, "range")) if day.ends else span
    if when.part is not None:
        first, last = PARTS[when.part]
        end = _midnight(day.ends) if day.ends else midnight
        return Span(
            midnight + timedelta(hours=first), end + timedelta(hours=last), "part_of_day", (*rules, "part_of_day")
        )
    if day.ends is None:
        return Span(midnight, midnight + _DAY, "day", rules)
    several: tuple[Inference, ...] = (*rules, "range") if day.precision == "day" else rules
    return Span(midnight, _midnight(day.ends) + _DAY, day.precision, several)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def _clock_span(midnight: datetime, clock: re.Match[str], part: str | None, rules: tuple[Inference, ...]) -> Span:
    hour = _hour(number(clock["hour"]) or 0, part)
    span = _of_clock(midnight + timedelta(hours=hour), clock, rules)
    if clock["since"] is None or (since := number(clock["since"])) is None or since > 24:
        return span
    start = midnight + timedelta(hours=_hour(since, part))
    last = span.latest if start < span.latest else span.latest + _DAY  # 23时至1时
    return Span(start, last, "hour", (*rules, "range"))


def _of_clock(at: datetime, clock: re.Match[str], rules: tuple[Inference, ...]) -> Span:
    words, minute, second = clock["hour"], clock["minute"], clock["second"]
    if len(words) == 2 and not words.isascii() and "十" not in words and words[0] not in "零〇":  # 三四时: 3 or 4
        return Span(at, unit_end(at + timedelta(hours=1), "hour"), "hour", (*rules, "range"))
    if minute is None:
        return Span(at, unit_end(at, "hour"), "hour", rules)
    at += timedelta(minutes=_minutes(minute))
    if clock["vague"]:
        return Span(at, at + timedelta(minutes=9, seconds=59), "minute", rules)
    if second is not None:
        at += timedelta(seconds=int(second))
        return Span(at, at, "second", rules)
    return Span(at, unit_end(at, "minute"), "minute", rules)


def _minutes(words: str) -> int:
    if words == "半":
        return 30
    return 15 * (number(words[:-1]) or 1) if words.endswith("刻") else number(words) or 0


def _hour(hour: int, part: str | None) -> int:
    """The hour 0–30 of the named day: 下午1点 is 13, 夜里2点 the small hours that follow that evening."""
    if part in _AT_NIGHT and (hour == 12 or 0 < hour < 5):
        return 24 if hour == 12 else hour + 24
    if part in _AFTER_NOON and 0 < hour < 12:
        return hour + 12
    if part in _NOON and 0 < hour <= 3:
        return hour + 12
    return 0 if part in _SMALL_HOURS and hour == 12 else hour
