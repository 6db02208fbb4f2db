"""When a conference that a post reports actually started: 4月19日上午10时，…召开新闻发布会.

domain.md, Evidence: "Time = actual start; stages: announced → held → transcript". 将于…召开 is no start.
"""

from __future__ import annotations

import re
from datetime import date

from stream.core.documents import Form
from stream.core.intervals import Interval, StatedInterval
from stream.reading.anchors import frame_of, placed
from stream.reading.numerals import narrow
from stream.reading.placing import Span
from stream.reading.when import When, expressions

READ_CHARS = 1500
TIMED_FORMS: frozenset[Form] = frozenset(("conference_held", "briefing"))

_NAMES = "发布会|通报会|吹风会|通气会|沟通会|见面会"
_HELD = re.compile(
    rf"(?:召开|举行|举办|开)(?:了)?[^。；！？\n]{{0,40}}?(?:{_NAMES})"
    rf"|(?:{_NAMES})[^。；！？\n]{{0,30}}?(?:召开|举行|举办|开始)"
)
_PLANNED = re.compile(r"(?:将|拟|定于|计划|预计|准备|原定)[^，。；]{0,12}$")
# 就18日的火灾召开: the time inside is the matter's, not the meeting's.
_ABOUT = re.compile(r"(?:就|针对|关于|围绕|对|通报)(?:了)?[^，。；召举]{0,6}$")
_MATTER = re.compile(r"发生|起火|着火|失火|火灾|爆炸|坍塌|垮塌|事故|事件|接报|接到|截至|死亡|受伤|获悉后")
# Transcripts head themselves 时间：4月19日10时.
_HEADED = re.compile(r"(?:^|\n|　| )(?:发布|发布会|会议|召开|举行)?时 ?间 ?[:：] ?$")
_SENTENCE = re.compile(r"[。；！？\n]")


def held_at(title: str, text: str, anchor: Interval | None) -> StatedInterval | None:
    """The stated start of the reported conference, never after its report (`anchor`); None where none is stated."""
    body = f"{narrow(title[:200])}\n{narrow(text[:READ_CHARS])}"
    frame = frame_of(body, anchor)
    running: date | None = None
    found: list[tuple[When, Span]] = []
    for when in expressions(body):
        at = placed(when, body, frame, (running, None))
        if at is None or "day_before" in at[1].rules:  # a clock ahead of its report is a plan
            continue
        if when.date is not None:
            running = at[0].first
        if _is_start(when, body):
            found.append((when, at[1]))
    return _stated(found, body, anchor)


def _is_start(when: When, body: str) -> bool:
    """Whether the expression dates the meeting: before the verb of its sentence, and not within the matter's words."""
    before = body[max(0, when.start - 16) : when.start]
    if _HEADED.search(before) and re.search(_NAMES, body[: when.start]):
        return True
    if _PLANNED.search(before) or _ABOUT.search(before):
        return False
    end = _SENTENCE.search(body, when.until)
    sentence = body[when.until : end.start() if end else len(body)][:160]
    held = _HELD.search(sentence) or _held_after(before, sentence)
    if held is None:
        return False
    until = sentence[: held.start()]
    return not _PLANNED.search(until) and not _MATTER.search(re.split("[，,]", until.strip("，, "), maxsplit=1)[0])


def _held_after(before: str, sentence: str) -> re.Match[str] | None:
    """发布会19日12时举行: the name before the time, the verb behind it."""
    if not re.search(rf"(?:{_NAMES})[^，。；！？\n]{{0,8}}$", before):
        return None
    return re.match(r"[^，。]{0,10}?(?:召开|举行|举办|开始)", sentence)


def _stated(found: list[tuple[When, Span]], body: str, anchor: Interval | None) -> StatedInterval | None:
    """The first that is stated, or a finer one inside it (19日 … 10时)."""
    if not found:
        return None
    when, span = found[0]
    for other, finer in found[1:]:
        if span.holds(finer):
            when, span = other, finer
    latest, rules = span.latest, list(span.rules)
    if anchor is not None and latest > anchor.latest:
        latest = anchor.latest
        rules.append("cut_at_report")
    return StatedInterval(
        earliest=span.earliest, latest=latest, precision=span.precision, source="text",
        text=body[when.start : when.until], inference="+".join(dict.fromkeys(rules)),
    )  # fmt: skip
