"""When the reported incident happened, read from the words of its text.

Relative words count from the dateline if the text has one (…4月15日电), else from the report's own time. An incident
lies before its report, so a date without year, a day without month or a clock without day is the latest one that does.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from msgspec import Struct

from stream.core.intervals import SHANGHAI, Interval, StatedInterval
from stream.reading.abroad import OFFSETS
from stream.reading.numerals import narrow, number
from stream.reading.when import Span, When, day_of, expressions, span_of

READ_CHARS = 3000  # News names the time of the event in its lead; what stands far below is the aftermath.

_DATELINE = re.compile(
    r"(?:(?P<month>[0-9一二三四五六七八九十]{1,3})月)?(?P<day>[0-9一二三四五六七八九十]{1,3})日"
    r"(?:电|讯|消息|信息|报道|专电|综合)"
)
_BEFORE_NOT = re.compile(r"(?:截至|截止|截止到|预计|将于|定于|计划)(?:北京时间|目前|当地时间)?$")
_TO = re.compile(r"(?:至|到|-|~|～)$")
_STATED_BY = re.compile(
    r"获悉|了解到|通报|宣布|证实|报道|发表|介绍|召开|披露|消息|援引|公布|表示|发布|透露|说，|说$|称，|称$|称：|指出"
    r"|强烈谴责|会见|提醒|统计|集结|抵达|做出|作出|接受|拍摄|看到|赶到|来到|采访"
)
# What follows a time that is not the event's: the rescue, the count, the reporters' arrival.
_AFTERMATH = re.compile(
    r"记者|赶到|到达|抵达|扑灭|扑救|控制|救出|恢复|截至|截止|结束|增援|出院|转移|通车|离开|抓获|归案|落网|赶赴"
    r"|送往|找到"
    r"|现场看到|清理|处理完毕|解除|留院|召开|启动|投案|发稿|撤离|完毕|得知|排队|堵车|拥堵|通报|请客|返校|获救"
)
_HAPPENED = re.compile(
    r"发生|突发|撞|追尾|侧翻|翻[车下入]|起火|着火|失火|大火|火灾|火情|爆炸|坍塌|垮塌|倒塌|滑坡|泥石流|震感|海啸"
    r"|地震(?!局|台|部门|监测|应急|勘探|速报)|坠|溺|触电|泄漏|中毒|呕吐|腹泻|腹痛|不适|症状|袭击|劫持|砍|捅|刺"
    r"|杀|枪|遭|身亡|遇难"
    r"|被困|失踪|失联|决堤|登陆|自燃|报警|接警|突然|浓烟|车祸|事故|沉没|踩踏|受伤|昏迷|当场|目击|燃"
)
_EXPLICIT = re.compile(r"(?:发生|事发|起火|案发)(?:时间)?(?:在|于|时为|为|是|时)?(?:当地时间|北京时间)?$")
_PAST = re.compile(r"曾|此前|以来最|上一次|之前|去年同期|历史上|前年")
_BEIJING = re.compile(r"北京时间[^，。,()（）]{0,3}$")
_XINJIANG = re.compile(r"新疆时间[^，。,()（）]{0,3}$")
_VAGUE = re.compile(r"近日|日前|近期|不久前|前不久")
_SENTENCE_END = re.compile(r"[。！？!?；;\n]")
_CLAUSE_END = re.compile(r"[，。！？!?；;：\n]")


class Reading(Struct, frozen=True):
    """One expression placed on the calendar, with how likely it dates the event itself."""

    when: When
    span: Span
    rank: int
    text: str


class _Frame(Struct, frozen=True):
    """What relative words count from: `today`, and `until`, which nothing reported lies behind."""

    today: date
    until: datetime


def occurred(title: str, text: str, anchor: Interval | None, abroad: str | None = None) -> StatedInterval | None:
    """When the incident happened, in Asia/Shanghai, with the words it was read from; None if the text does not say.

    `anchor` is the time of the report; without one only complete dates are read. `abroad` is the country or city of a
    foreign event: its clock is moved to Shanghai time unless the text says 北京时间.
    """
    body = narrow(text[:READ_CHARS])
    found = _read(body, anchor, abroad)
    if found is None and title:
        found = _read(narrow(title[:200]), anchor, abroad)
    if found is None:
        return _vague(body, anchor)
    span = found.span
    return StatedInterval(
        earliest=span.earliest, latest=span.latest, precision=span.precision, source="text", text=found.text
    )


def _vague(body: str, anchor: Interval | None) -> StatedInterval | None:
    """近日 bounds the event only from above."""
    if anchor is None or (found := _VAGUE.search(body)) is None:
        return None
    return StatedInterval(earliest=None, latest=anchor.latest, precision="unknown", source="text", text=found.group())


def _read(body: str, anchor: Interval | None, abroad: str | None) -> Reading | None:
    frame = _frame(body, anchor)
    readings = list(_readings(body, frame, abroad))
    if not readings:
        return None
    first = max(readings, key=lambda one: (one.rank, -one.when.start))
    return _refined(first, readings)


def _frame(body: str, anchor: Interval | None) -> _Frame | None:
    if anchor is None:
        return None
    until = anchor.latest
    reported = (anchor.earliest or until).astimezone(SHANGHAI).date()
    dateline = _DATELINE.search(body[:120])
    if dateline is not None:
        day, month = number(dateline["day"]), number(dateline["month"] or "")
        for back in range(40):  # a dateline is the latest such day before the report
            at = reported - timedelta(days=back)
            if at.day == day and month in (None, at.month):
                return _Frame(at, until)
    return _Frame(reported, until)


def _readings(body: str, frame: _Frame | None, abroad: str | None) -> list[Reading]:
    kept: list[Reading] = []
    running: date | None = None
    for when in expressions(body):
        day = _day(when, frame, running)
        span = None if day is None else _placed(_to_shanghai(span_of(when, day), when, body, abroad), when, frame)
        if span is None or day is None:
            continue
        if when.date is not None:
            running = day
        if kept and _TO.search(body[kept[-1].when.end : when.start]) and when.start - kept[-1].when.end <= 3:
            kept[-1] = _until(kept[-1], span, body[kept[-1].when.start : when.end])
        elif (rank := _rank(when, body, frame)) is not None:
            kept.append(Reading(when, span, rank, body[when.start : when.end]))
    return kept


def _until(first: Reading, last: Span, text: str) -> Reading:
    """10日上午9时许至下午4时: from the one to the other."""
    if last.latest <= first.span.latest:
        return first
    return Reading(first.when, Span(first.span.earliest, last.latest, first.span.precision), first.rank, text)


def _day(when: When, frame: _Frame | None, running: date | None) -> date | None:
    if frame is None:
        complete = when.date is not None and (when.date["y"] or (when.date["year"] or "今").isdigit())
        return day_of(when, date(2100, 1, 1), running) if complete else None
    if when.date is None and when.paren is None:
        return running or frame.today
    return day_of(when, frame.today, running, max(frame.today, frame.until.astimezone(SHANGHAI).date()))


def _placed(span: Span, when: When, frame: _Frame | None) -> Span | None:
    """A clock that would lie after the report is the day before's; anything else after it is no past, hence "
    "nothing."""
    if frame is None or span.earliest <= frame.until:
        return span
    relative = when.date is None or when.date["relative"] is not None
    return span.moved(timedelta(days=-1)) if relative else None


def _rank(when: When, body: str, frame: _Frame | None) -> int | None:
    """None: not when it happened (a count's date, a dateline, a plan). Higher: more surely the event."""
    before = body[max(0, when.start - 12) : when.start]
    if _BEFORE_NOT.search(before) or body.startswith(("电", "讯", "消息", "信息", "专电", "报道", "综合"), when.end):
        return None
    if _PAST.search(before.rpartition("。")[2]) or _is_other_year(when, frame):
        return 0
    near = _CLAUSE_END.split(body[when.end : when.end + 60], maxsplit=1)[0]
    if _STATED_BY.search(near) and not _HAPPENED.search(near):
        return 0
    clause = _clause(body, when)
    if _AFTERMATH.search(clause[:24]) or (_STATED_BY.search(clause) and not _HAPPENED.search(clause)):
        return 1
    own = before.rpartition("。")[2] + _sentence(body, when)
    rank = 4 if _HAPPENED.search(own) else 2
    rank += 1 if when.date is not None else 0
    return rank + (3 if _BEIJING.search(before) else 2 if _EXPLICIT.search(before) else 0)


def _is_other_year(when: When, frame: _Frame | None) -> bool:
    """An explicit earlier year in a report is background: 2004年12月26日的海啸."""
    if frame is None or when.date is None or not (when.date["year"] or "x").isdigit():
        return False
    return abs(frame.today.year - int(when.date["year"])) > 1


def _clause(body: str, when: When) -> str:
    """From the expression to the next mark but one: in `10日，某地发生` the event follows the comma."""
    end = _CLAUSE_END.search(body, when.end + 2)
    return body[when.end : end.start() if end else when.end + 60][:60]


def _sentence(body: str, when: When) -> str:
    end = _SENTENCE_END.search(body, when.end)
    return body[when.end : end.start() if end else len(body)][:120]


def _refined(first: Reading, readings: list[Reading]) -> Reading:
    """A later, finer expression inside the first that is not of the aftermath: 昨天中午 … 昨天中午12点左右."""
    inside = [one for one in readings if one.rank >= 2 and first.span.holds(one.span)]
    with_clock = [one for one in inside if one.when.clock is not None]
    return max(with_clock or inside or [first], key=lambda one: (one.rank, -one.when.start))


def _to_shanghai(span: Span, when: When, body: str, abroad: str | None) -> Span:
    """Foreign and 新疆 clocks moved to Shanghai time; a bare day stays the day the text names."""
    before = body[max(0, when.start - 12) : when.start]
    if _XINJIANG.search(before):
        return span.moved(timedelta(hours=2))
    if abroad is None or span.precision == "day" or _BEIJING.search(before):
        return span
    return span.moved(timedelta(hours=8 - OFFSETS[abroad]))
