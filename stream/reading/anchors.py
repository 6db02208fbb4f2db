"""What the times of a text count from: the report's own time or its dateline, the day named last, the local clock."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from msgspec import Struct

from stream.core.intervals import SHANGHAI, Interval
from stream.reading.abroad import OFFSETS
from stream.reading.numerals import number
from stream.reading.placing import Day, Span, day_of, span_of
from stream.reading.when import When

# 18日电, 18日云川讯（记者 …, but neither 18日电厂起火 nor 18日云川电影院起火.
_ENDS_DATELINE = (
    r"(?:电(?![厂力站影梯动缆线网器瓶子视])|讯|消息|信息(?!中心|大厦)|报道|专电|综合"
    r"|[\u4e00-\u9fff]{2,4}(?:电|讯|专电|报道)(?=[ 　（(\n，]|记者|$))"
)
_DATELINE = re.compile(
    r"(?:(?P<month>[0-9一二三四五六七八九十]{1,3})月)?(?P<day>[0-9一二三四五六七八九十]{1,3})日" + _ENDS_DATELINE
)
_IS_DATELINE = re.compile(_ENDS_DATELINE)
_DATELINE_WITHIN = 120
_BEIJING = re.compile(r"北京时间[^，。,()（）]{0,3}$")
_XINJIANG = re.compile(r"(?:新疆|乌鲁木齐)时间[^，。,()（）]{0,3}$")
_AFTER_XINJIANG = re.compile(r" ?[（(](?:新疆|乌鲁木齐)时间")
# 乌鲁木齐时间 is UTC+6, two hours behind 北京时间.
XINJIANG_BEHIND = timedelta(hours=2)
_DAY = timedelta(days=1)


class Frame(Struct, frozen=True):
    """What relative words count from: `today`, and `until`, which nothing reported lies behind."""

    today: date
    until: datetime


def frame_of(body: str, anchor: Interval | None) -> Frame | None:
    """Relative words count from the dateline if there is one, else from the report; None without a report time."""
    if anchor is None:
        return None
    until = anchor.latest
    reported = (anchor.earliest or until).astimezone(SHANGHAI).date()
    dateline = _DATELINE.search(body[:_DATELINE_WITHIN])
    if dateline is not None:
        day, month = number(dateline["day"]), number(dateline["month"] or "")
        for back in range(40):  # a dateline is the latest such day before the report
            at = reported - timedelta(days=back)
            if at.day == day and month in (None, at.month):
                return Frame(at, until)
    return Frame(reported, until)


def is_dateline(when: When, body: str) -> bool:
    """4月15日电, 4月15日云川讯: the day of the report."""
    return when.clock is None and _IS_DATELINE.match(body, when.end) is not None


def placed(
    when: When, body: str, frame: Frame | None, context: tuple[date | None, str | None], before: When | None = None
) -> tuple[Day, Span] | None:
    """Where an expression lies, not after its report; None if nowhere. `context`: the day named last, and the foreign
    country or city whose clock the text uses. `before`: the expression it ends the range of (下午3点至5点)."""
    running, abroad = context
    day = _day(when, frame, running)
    if day is None:
        return None
    part = before.part if before is not None and when.date is None else None
    span = _past(_local(span_of(when, day, part), when, body, abroad), when, frame)
    return None if span is None else (day, span)


def _day(when: When, frame: Frame | None, running: date | None) -> Day | None:
    if frame is None:
        return day_of(when, date(2100, 1, 1), running) if when.year is not None else None
    return day_of(when, frame.today, running, max(frame.today, frame.until.astimezone(SHANGHAI).date()))


def _past(span: Span, when: When, frame: Frame | None) -> Span | None:
    """A clock that would lie after the report is the day before's; anything else after it is a plan, hence nothing."""
    if frame is None or span.earliest <= frame.until:
        return span
    if when.date is not None and (when.date["relative"] is None or when.date["relative"][0] not in "当同事"):
        return None
    moved = span.moved(-_DAY, "day_before")
    return moved if moved.earliest <= frame.until else None


def _local(span: Span, when: When, body: str, abroad: str | None) -> Span:
    """Foreign and 新疆 clocks moved to Shanghai time; a bare day stays the day the text names."""
    before = body[max(0, when.start - 12) : when.start]
    if when.clock is None and when.part is None:
        return span
    if _is_xinjiang(when, body):
        return span.moved(XINJIANG_BEHIND, "xinjiang_time")
    if abroad is None or "北京时间" in body[when.start : when.end] or _BEIJING.search(before):
        return span
    return span.moved(timedelta(hours=8 - OFFSETS[abroad]), "local_time")


def _is_xinjiang(when: When, body: str) -> bool:
    """Said explicitly, before, inside or behind the expression: never concluded from the place."""
    if "新疆时间" in body[when.start : when.end] or "乌鲁木齐时间" in body[when.start : when.end]:
        return True
    before = body[max(0, when.start - 12) : when.start]
    return bool(_XINJIANG.search(before) or _AFTER_XINJIANG.match(body, when.until))
