"""Expressions of time in a text and where they lie on the calendar: 4月18日12时50分许, 昨天下午1点多, 今晨, "
"周六晚上."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from msgspec import Struct

from stream.core.intervals import SHANGHAI, Precision
from stream.reading.numerals import number
from stream.reading.times import unit_end

# Hours of the day, [from, to): the domain's spans ("凌晨 0–6 … 晚 18–24") and their everyday synonyms.
PARTS: dict[str, tuple[int, int]] = {
    "凌晨": (0, 6), "清晨": (5, 7), "早晨": (5, 9), "早上": (5, 9), "晨": (5, 9), "早": (5, 9),
    "上午": (6, 12), "中午": (11, 13), "正午": (11, 13), "午间": (11, 13), "下午": (12, 18), "午后": (12, 18),
    "傍晚": (17, 19), "晚上": (18, 24), "晚间": (18, 24), "夜晚": (18, 24), "夜间": (18, 24), "夜里": (18, 24),
    "深夜": (18, 24), "半夜": (0, 6), "午夜": (0, 6), "晚": (18, 24), "夜": (18, 24),
}  # fmt: skip
_AFTER_NOON = ("下午", "午后", "傍晚", "晚上", "晚间", "夜晚", "夜间", "夜里", "深夜", "晚", "夜")
_DAYS_BACK = {"今": 0, "今天": 0, "今日": 0, "昨": 1, "昨天": 1, "昨日": 1, "前天": 2, "前日": 2, "大前天": 3}
_WEEK = {char: at for at, char in enumerate("一二三四五六日")} | {"天": 6}

_N = "[0-9〇零一二三四五六七八九十]{1,3}"
_DATE = re.compile(
    r"(?P<y>(?:19|20)\d\d)[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"|(?:(?P<year>(?:19|20)\d\d|[一二][〇零九0][〇零一二三四五六七八九0]{2}|今|去|本)年[，,]?)?"
    rf"(?:(?P<month>{_N}|本|上|当)月份?)(?P<day>{_N})[日号]"
    rf"|(?<![月第节假每生0-9])(?P<only>{_N})[日号](?![内起来前后游均以])"
    r"|(?P<relative>大前天|前天|前日|昨天|昨日|今天|今日|当天|当日|同日|事发当天|当(?=晚)"
    r"|昨(?=[晚夜晨早凌上下中午傍清])"
    r"|今(?=[晚夜晨早凌（(]))"
    r"|(?:上|本|这)?(?:周|星期|礼拜)(?P<week>[一二三四五六日天])"
)
_PAREN = re.compile(rf"[（(](?:(?P<month>{_N})月)?(?P<day>{_N})[日号]?[）)]日?")
_PART = re.compile(
    r"凌晨|清晨|早晨|早上|上午|中午|正午|午间|下午|午后|傍晚|晚上|晚间|夜晚|夜间|夜里|深夜|半夜|午夜"
    r"|晚(?=[0-9七八九十]{1,2}[点时:])"
    r"|(?<=[日天昨今当号）)])[晨早晚夜](?![报饭餐会高间上晨])"
)
_CLOCK = re.compile(
    r"(?<![0-9.:：第])(?P<hour>\d{1,2}|[零一二三四五六七八九十]{1,3})(?P<mark>时|点|:(?=\d\d))钟?"
    r"(?!间|候|代|多钟头|钟头|建议|评|[0-9零一二三四五六七八九]{1,2}级)"
    r"(?:(?P<minute>\d{1,2}|[零一二三四五六七八九十]{1,3}|半)(?P<vague>多)?(?:分(?!钟|之)|(?![0-9个名人级]))"
    r"(?:\d{1,2}(?:\.\d)?秒)?)?(?P<more>多)?"
)
_GLUE = re.compile(r"[ ,，的]?(?:北京时间|当地时间|新疆时间|的)?[ ]?")
_START = re.compile(f"(?:{_DATE.pattern})|(?:{_PART.pattern})|(?:{_CLOCK.pattern})".replace("(?P<hour>", "(?P<h>"))


class When(Struct, frozen=True):
    """One expression: where it stands in the text, and its parts as matched."""

    start: int
    end: int
    date: re.Match[str] | None
    paren: re.Match[str] | None
    part: str | None
    clock: re.Match[str] | None


class Span(Struct, frozen=True):
    """An expression on the calendar (Asia/Shanghai); `latest` as documented in `stream.core.intervals`."""

    earliest: datetime
    latest: datetime
    precision: Precision

    def holds(self, other: Span) -> bool:
        """Whether `other` lies inside and says more."""
        inside = self.earliest <= other.earliest and other.latest <= self.latest
        return inside and (other.latest - other.earliest) < (self.latest - self.earliest)

    def moved(self, by: timedelta) -> Span:
        """The same length, `by` later."""
        return Span(self.earliest + by, self.latest + by, self.precision)


def expressions(text: str) -> Iterator[When]:
    """Every expression of time in `text` (digits already narrow), in order, not overlapping."""
    at = 0
    while (found := _START.search(text, at)) is not None:
        one = _parse(text, found.start())
        if one is None:
            at = found.start() + 1
        else:
            yield one
            at = one.end


def _parse(text: str, at: int) -> When | None:
    start, paren, part = at, None, None
    if (dated := _DATE.match(text, at)) is not None:
        at = dated.end()
        if (paren := _PAREN.match(text, at)) is not None:
            at = paren.end()
    if (named := _PART.match(text, _after_glue(text, at, dated is not None))) is not None:
        part, at = named.group(), named.end()
    clock = _CLOCK.match(text, _after_glue(text, at, dated is not None or part is not None))
    if clock is not None and _is_clock(clock):
        return When(start, clock.end(), dated, paren, part, clock)
    return When(start, at, dated, paren, part, None) if at > start else None


def _after_glue(text: str, at: int, has_something: bool) -> int:
    glue = _GLUE.match(text, at) if has_something else None
    return glue.end() if glue else at


def _is_clock(clock: re.Match[str]) -> bool:
    hour, minute = number(clock["hour"]), clock["minute"]
    return hour is not None and hour <= 24 and (minute in (None, "半") or (number(minute) or 0) <= 59)


def day_of(when: When, today: date, running: date | None, until: date | None = None) -> date | None:
    """The day an expression names: counted back from `today`; 当日 is the `running` day. None: it names none.

    A named day is the latest such day not after `until` (default: `today`).
    """
    until = until or today
    if when.paren is not None:
        return _latest_day(when.paren["month"], when.paren["day"], until)
    if (found := when.date) is None:
        return None
    if found["only"]:
        near = until if number(found["only"]) == until.day else min(running or today, until)
        return _latest_day(None, found["only"], near, until)
    if found["relative"]:
        back = _DAYS_BACK.get(found["relative"])
        return (running or today) if back is None else today - timedelta(days=back)
    if found["week"]:
        return today - timedelta(days=(today.weekday() - _WEEK[found["week"]]) % 7)
    return _dated(found, until)


def _dated(found: re.Match[str], today: date) -> date | None:
    if found["y"]:
        return _date(int(found["y"]), int(found["m"]), int(found["d"]))
    year, month = found["year"], found["month"]
    if month in ("本", "当"):
        month = str(today.month)
    elif month == "上":
        month = str(12 if today.month == 1 else today.month - 1)
    if year is None or year == "本":
        return _latest_day(month, found["day"], today)
    named = today.year if year == "今" else today.year - 1 if year == "去" else number(year)
    return _date(named, number(month), number(found["day"]))


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
        return date(year or 0, month or 0, day or 0)
    except ValueError:
        return None


def span_of(when: When, day: date) -> Span:
    """The expression on `day`: its clock, else its part of day, else the whole day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    if when.clock is not None:
        return _clock_span(midnight, when.clock, when.part)
    if when.part is not None:
        first, last = PARTS[when.part]
        return Span(midnight + timedelta(hours=first), midnight + timedelta(hours=last), "part_of_day")
    return Span(midnight, midnight + timedelta(days=1), "day")


def _clock_span(midnight: datetime, clock: re.Match[str], part: str | None) -> Span:
    hour, minute = _hour(number(clock["hour"]) or 0, part), clock["minute"]
    at = midnight + timedelta(hours=hour)
    words = clock["hour"]
    if len(words) == 2 and not words.isascii() and "十" not in words and "零" not in words:  # 三四时: three or four
        return Span(at, unit_end(at + timedelta(hours=1), "hour"), "hour")
    if minute is None:
        return Span(at, unit_end(at, "hour"), "hour")
    at += timedelta(minutes=30 if minute == "半" else number(minute) or 0)
    if clock["vague"]:
        return Span(at, at + timedelta(minutes=9, seconds=59), "minute")
    return Span(at, unit_end(at, "minute"), "minute")


def _hour(hour: int, part: str | None) -> int:
    if part in _AFTER_NOON and 0 < hour < 12:
        return 24 if part in ("深夜", "半夜", "午夜") and hour < 4 else hour + 12
    if part in ("中午", "正午", "午间") and 0 < hour <= 3:
        return hour + 12
    if part in ("晚上", "晚", "深夜", "夜") and hour == 12:
        return 24
    return hour
