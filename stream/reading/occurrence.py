"""When the reported incident happened, read from the words of its text.

Relative words count from the dateline if the text has one (…4月15日电), else from the report's own time. An incident
lies before its report, so a date without year, a day without month or a clock without day is the latest one that does;
and before the call that reported it, so a text that tells only of the call bounds the incident by it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from msgspec import Struct

from stream.core.intervals import Interval, StatedInterval
from stream.reading.anchors import Frame, frame_of, is_dateline, placed
from stream.reading.numerals import narrow
from stream.reading.placing import Day, Inference, Span
from stream.reading.when import When, expressions

READ_CHARS = 3000  # News names the time of the event in its lead; what stands far below is the aftermath.
# ⚙ Who sees a fire or a crash calls 110, 119 or 120 at once: the event lies within the hour before the call. A report
# up a hierarchy, or to the police of a crime, may come days later and bounds the event from above alone.
ALARM_WITHIN = timedelta(hours=1)

_BEFORE_NOT = re.compile(
    r"(?:截至|截止|截止到|截至到|预计|将于|将在|将|拟于|定于|计划|原定)(?:北京时间|目前|当地时间|于)?$"
)
_TO = re.compile(r" ?(?:至|到|-|~|～) ?$")
_CALL = re.compile(
    r"[，,]?(?P<who>[^，。；！？\n]{0,28}?)(?P<what>(?:接到|收到)[^，。；！？\n]{0,20}?"
    r"(?:报警|警情|接警|来电|求助|报告|报案|举报|反映|投诉|指令|指示)"
    r"|接(?:群众|市民|居民|村民|游客)?(?:报警|报案|报告|举报|警|报(?!道)))"
)
_ALARM = re.compile("警|来电|求助|指令|指示|接报$")
_NEWS = "接"
# Who receives a call and is no authority.
_OTHERS = re.compile(r"公司|物业|医院|学校|企业|矿方|厂方|酒店|景区|商场|网友|家属|救援队|120|急救")
_NO_CALL = re.compile("记者|未$|没有$")
_STATED_BY = re.compile(
    r"获悉|了解到|反映|通报|宣布|证实|报道|发表|介绍|召开|披露|消息|援引|公布|表示|发布|透露|说，|说$|称，|称$|称：|指出"
    r"|强烈谴责|会见|提醒|统计|集结|抵达|做出|作出|接受|拍摄|看到|赶到|来到|采访"
)
# 21日晚，警方通报一起坠楼: the day of the announcement. Taken for the event's it would make every announcement timely.
_ANNOUNCED = re.compile(
    r"[，,]?[^，。；！？\n]{0,12}?(?:(?:警方|公安|官方|当地|政府)[^，。；！？\n]{0,4}通报"
    r"|记者[^，。；！？\n]{0,16}(?:获悉|了解到)|向[^，。；！？\n]{0,16}反映)(?![^，。；！？\n]{0,4}[:：])"
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
_EXPLICIT = re.compile(r"(?:发生|事发|起火|案发)(?:时间)?(?:在|于|时为|为|是|时)?(?:当地时间|北京时间|新疆时间)?$")
_PAST = re.compile(r"曾|此前|以来最|上一次|之前|去年同期|历史上|前年")
_ONCE = re.compile(r"也?曾(?:经|因|有|发生|在|被|多次|出现)")
_BEIJING = re.compile(r"北京时间[^，。,()（）]{0,3}$")
_VAGUE = re.compile(
    r"近日(?![本益军常])|(?<![0-9一二三四五六七八九十])日前(?!往)|近期|不久前|前不久|前几天|前些天|前些日子|几天前|数日前|连日来"
)
_SENTENCE_END = re.compile(r"[。！？!?；;\n]")
_CLAUSE_END = re.compile(r"[，。！？!?；;：\n]|:(?!\d\d(?![\d日号月年]))")  # 说明:8月31日, but 12:50


class Reading(Struct, frozen=True):
    """One expression placed on the calendar, with how likely it dates the event itself."""

    when: When
    span: Span
    rank: int
    text: str
    is_call: bool = False
    is_announced: bool = False


def occurred(title: str, text: str, anchor: Interval | None, abroad: str | None = None) -> StatedInterval | None:
    """When the incident happened, in Asia/Shanghai, with the words it was read from; None if the text does not say.

    `anchor` is the time of the report; without one only complete dates are read. `abroad` is the country or city of a
    foreign event: its clock is moved to Shanghai time unless the text says 北京时间. Earliest is None where the text
    bounds the event from above alone (近日, 接到报告).
    """
    body = narrow(text[:READ_CHARS])
    found = _read(body, anchor, abroad)
    if found is None and title:
        found = _read(narrow(title[:200]), anchor, abroad)
    if found is None:
        return _vague(body, anchor)
    return _stated(found, anchor)


def _stated(found: Reading, anchor: Interval | None) -> StatedInterval:
    """Nothing is reported before it happened: a span that reaches beyond its report ends there."""
    span, rules = found.span, list(found.span.rules)
    latest = span.latest
    if anchor is not None and latest > anchor.latest >= span.earliest and span.precision not in ("minute", "second"):
        latest = anchor.latest
        rules.append("cut_at_report")
    if found.is_announced:
        rules.append("announced")
    is_bound = found.is_announced or (found.is_call and "report_to_authority" in rules)
    earliest = None if is_bound else span.earliest
    return StatedInterval(
        earliest=earliest, latest=latest, precision="unknown" if earliest is None else span.precision, source="text",
        text=found.text, inference="+".join(dict.fromkeys(rules)),
    )  # fmt: skip


def learnt(text: str, anchor: Interval | None) -> StatedInterval | None:
    """When an authority received the call or report that the text tells of; the earliest of several."""
    if _NEWS not in text:
        return None
    body = narrow(text[:READ_CHARS])
    calls = [one for one in _readings(body, frame_of(body, anchor), None) if one.is_call]
    calls = [one for one in calls if not _OTHERS.search(one.text)]
    if not calls:
        return None
    first = min(calls, key=_latest)
    return StatedInterval(
        earliest=first.span.earliest + ALARM_WITHIN, latest=first.span.latest, precision=first.span.precision,
        source="text", text=first.text, inference="+".join(dict.fromkeys(first.span.rules)),
    )  # fmt: skip


def _vague(body: str, anchor: Interval | None) -> StatedInterval | None:
    """近日 bounds the event only from above."""
    if anchor is None or (found := _VAGUE.search(body)) is None:
        return None
    return StatedInterval(
        earliest=None,
        latest=anchor.latest,
        precision="unknown",
        source="text",
        text=found.group(),
        inference="recently",
    )


def _read(body: str, anchor: Interval | None, abroad: str | None) -> Reading | None:
    readings = list(_readings(body, frame_of(body, anchor), abroad))
    if not readings:
        return None
    first = max(readings, key=_likelihood)
    return _by_call(_refined(first, readings), readings)


def _latest(one: Reading) -> datetime:
    return one.span.latest


def _likelihood(one: Reading) -> tuple[int, int]:
    return one.rank, -one.when.start


def _readings(body: str, frame: Frame | None, abroad: str | None) -> list[Reading]:
    kept: list[Reading] = []
    running: Day | None = None
    last: When | None = None
    for when in expressions(body):
        is_end = last is not None and when.start - last.until <= 3 and bool(_TO.search(body[last.until : when.start]))
        found = placed(when, body, frame, (running.first if running else None, abroad), last if is_end else None)
        begun = kept[-1] if kept and kept[-1].when is last else None
        last = when
        if found is None or (is_end and begun is None):  # 明天中午到晚上: what begins ahead also ends there
            continue
        day, span = found
        if when.date is not None:
            running = day
        if is_end and begun is not None:
            kept[-1] = _until(begun, span, body[begun.when.start : when.until])
        elif (rank := _rank(when, body, frame)) is not None:
            rank = rank if day.precision == "day" else min(rank, 1)  # 今年4月: only where nothing says more
            is_announced = rank <= 1 and _ANNOUNCED.match(body, when.until) is not None
            one = Reading(when, span, rank, body[when.start : when.until], is_announced=is_announced)
            kept.append(_called(one, body))
    return kept


def _called(one: Reading, body: str) -> Reading:
    """12时57分接到报警: the call, hence the event before it."""
    call = _CALL.match(body, one.when.until)
    if one.when.clock is None or call is None or _NO_CALL.search(call["who"]) or _HAPPENED.search(call["who"]):
        return one
    rule: Inference = "alarm_call" if _ALARM.search(call["what"]) else "report_to_authority"
    span = Span(one.span.earliest - ALARM_WITHIN, one.span.latest, one.span.precision, (*one.span.rules, rule))
    text = body[one.when.start : call.end()]
    return Reading(one.when, span, min(one.rank, 3), text, is_call=True)


def _by_call(first: Reading, readings: list[Reading]) -> Reading:
    """The event came before the call: what lies after it is another time, what reaches beyond it ends there."""
    calls = [one for one in readings if one.is_call]
    if first.is_call or not calls:
        return first
    call = min(calls, key=_latest)
    if first.span.earliest > call.span.latest:
        return call if first.rank < 6 else first
    if first.span.latest <= call.span.latest or first.span.precision in ("minute", "second"):
        return first
    rules = (*first.span.rules, call.span.rules[-1])
    narrows = rules[-1] == "alarm_call" and first.when.clock is None
    earliest = max(first.span.earliest, call.span.earliest) if narrows else first.span.earliest
    span = Span(earliest, call.span.latest, first.span.precision, rules)
    return Reading(first.when, span, first.rank, first.text)


def _until(first: Reading, last: Span, text: str) -> Reading:
    """10日上午9时许至下午4时: from the one to the other."""
    while last.latest <= first.span.latest and last.latest > first.span.latest - timedelta(days=1):
        last = last.moved(timedelta(days=1), "range")  # 23时至1时
    if last.latest <= first.span.latest:
        return first
    span = Span(first.span.earliest, last.latest, first.span.precision, (*first.span.rules, "range"))
    return Reading(first.when, span, first.rank, text)


def _rank(when: When, body: str, frame: Frame | None) -> int | None:
    """None: not when it happened (a count's date, a dateline, a plan). Higher: more surely the event."""
    before = body[max(0, when.start - 12) : when.start]
    if _BEFORE_NOT.search(before) or is_dateline(when, body):
        return None
    if _PAST.search(before.rpartition("。")[2]) or _is_other_year(when, frame):
        return None if when.date is not None and (when.date["ofmonth"] or when.date["whole"]) else 0
    near = _CLAUSE_END.split(body[when.end : when.end + 60], maxsplit=1)[0]
    if _STATED_BY.search(near) and not _HAPPENED.search(near):
        return 0
    clause = _clause(body, when)
    if _ONCE.search(clause):
        return 0
    if _AFTERMATH.search(clause[:24]) or (_STATED_BY.search(clause) and not _HAPPENED.search(clause)):
        return 1
    own = before.rpartition("。")[2] + _sentence(body, when)
    rank = 4 if _HAPPENED.search(own) else 2
    rank += 1 if when.date is not None else 0
    return rank + (3 if _BEIJING.search(before) else 2 if _EXPLICIT.search(before) else 0)


def _is_other_year(when: When, frame: Frame | None) -> bool:
    """An explicit earlier year in a report is background: 2004年12月26日的海啸."""
    return frame is not None and when.year is not None and abs(frame.today.year - when.year) > 1


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
    return max(with_clock or inside or [first], key=_likelihood)
