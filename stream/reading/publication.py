"""What a text says of its own publication: one that counts "截至18时" was not published before 18:00, nor was one
published before the event that it reports as past.

Such words raise the earliest publication only where it is known coarsely (a date, a part of the day, an upper bound);
an exact time stands against them.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from msgspec import structs

from stream.core.intervals import Interval, StatedInterval
from stream.reading.anchors import frame_of, placed
from stream.reading.numerals import narrow
from stream.reading.placing import Day, Inference
from stream.reading.when import When, expressions

READ_CHARS = 3000
_EXACT = ("minute", "second")
_AS_OF = re.compile(r"(?:截至到?|截止到?)(?:目前|北京时间|当地时间)?[ ，,:（(]{0,2}$")
# Only a count of what has happened: 报名截至18时 is a time limit.
_COUNTS = re.compile(
    r"已|共|累计|造成|死亡|遇难|受伤|伤者|失联|被困|转移|确诊|住院|收治|搜救|救出|仍有|尚有|未发现|扑灭|\d+ ?[人名例户]"
)
_LIMIT = re.compile(r"报名|申报|申请|登记|缴费|征集|投票|预约|购票|有效|活动")
_SENTENCE_END = re.compile("[。！？\n]")
# A clock without a date belongs to the day of publication, if that is known to the day.
_ONE_DAY = timedelta(days=1)


def bounded(title: str, text: str, published: Interval, occurred: StatedInterval | None) -> Interval:
    """`published` with its earliest raised to what the text has counted or reported by then, never beyond its latest;
    the same object where nothing is learnt. `source` stays; precision becomes "unknown": no whole unit any more."""
    if published.precision in _EXACT:
        return published
    reached = [at for at in (_reported(published, occurred), _counted(title, text, published)) if at is not None]
    within = [at for at in reached if at <= published.latest]
    if not within or (published.earliest is not None and max(within) <= published.earliest):
        return published
    return structs.replace(published, earliest=max(within), precision="unknown")


def _reported(published: Interval, occurred: StatedInterval | None) -> datetime | None:
    """The earliest that the event can have been, where its day does not itself rest on the publication."""
    if occurred is None or occurred.earliest is None:
        return None
    is_sure = _is_one_day(published) or (occurred.inference or "").split("+")[0] in _dating(published)
    return occurred.earliest if is_sure else None


def _counted(title: str, text: str, published: Interval) -> datetime | None:
    """The latest 截至 that a count follows."""
    if "截" not in text and "截" not in title:
        return None
    body = f"{narrow(title[:200])}\n{narrow(text[:READ_CHARS])}"
    frame = frame_of(body, published)
    running: Day | None = None
    found: list[datetime] = []
    for when in expressions(body):
        at = placed(when, body, frame, (running.first if running else None, None))
        if at is None:
            continue
        day, span = at
        if when.date is not None:
            running = day
        if (_is_one_day(published) or _is_dated(day, running, published)) and _is_count(when, body):
            found.append(span.earliest)
    return max(found, default=None)


def _is_one_day(published: Interval) -> bool:
    return published.earliest is not None and published.latest - published.earliest <= _ONE_DAY


def _is_dated(day: Day, running: Day | None, published: Interval) -> bool:
    """Whether the text itself gives the day: all else would count from the publication that is asked for."""
    rule = running.rule if running is not None and day.rule == "day_from_text" else day.rule
    return rule in _dating(published)


def _dating(published: Interval) -> tuple[Inference, ...]:
    """Rules that date a day well enough: a year may be missing only where publication is bounded on both sides."""
    return ("stated",) if published.earliest is None else ("stated", "year_from_report")


def _is_count(when: When, body: str) -> bool:
    before = body[max(0, when.start - 24) : when.start]
    if not _AS_OF.search(before) or _LIMIT.search(before.rpartition("。")[2]):
        return False
    end = _SENTENCE_END.search(body, when.until)
    rest = body[when.until : end.start() if end else len(body)][:80]
    return bool(_COUNTS.search(rest)) and not _LIMIT.search(rest[:8])
