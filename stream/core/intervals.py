"""Instants as intervals: what is known of *when*, never more precise than the words it came from.

All times are Asia/Shanghai (+08:00, no daylight saving since 1991). `latest` is inclusive, except that a
whole day, month or year ends at the next midnight (a day ends at 24:00), as docs/formats.md states.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Literal

from msgspec import Struct

SHANGHAI = timezone(timedelta(hours=8))

Precision = Literal["second", "minute", "hour", "part_of_day", "day", "month", "year", "unknown"]


class Interval(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An instant known only to lie in [earliest, latest].

    `earliest` is None when nothing bounds it from below. `source` names where it was read:
    "row", "page", "feed", "url", "text", "collected", "decision", …
    """

    earliest: datetime | None
    latest: datetime
    precision: Precision
    source: str


class StatedInterval(Interval, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An interval read from words, with these words; `inference` names the rule by which it was read."""

    text: str
    inference: str | None = None


class Elapsed(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Seconds between two uncertain instants; `max` is None when the start has no earliest bound. May be negative."""

    min: float
    max: float | None


def exactly(at: datetime, source: str) -> Interval:
    """The interval of an instant known to the second."""
    return Interval(earliest=at, latest=at, precision="second", source=source)


def elapsed(start: Interval, end: Interval) -> Elapsed:
    """How long `end` lies after `start`: shortest and longest reading of both."""
    if end.earliest is None:
        raise ValueError("the end of an elapsed time needs an earliest bound")
    longest = None if start.earliest is None else (end.latest - start.earliest).total_seconds()
    return Elapsed(min=(end.earliest - start.latest).total_seconds(), max=longest)


def hull(intervals: list[Interval]) -> Interval:
    """The smallest interval that covers all of them: conflicting sources until a person decides."""
    if not intervals:
        raise ValueError("no interval to cover")
    if len({(one.earliest, one.latest, one.precision) for one in intervals}) == 1:
        return intervals[0]  # sources that agree are as precise together as each alone
    bounds = [interval.earliest for interval in intervals]
    known = [bound for bound in bounds if bound is not None]
    return Interval(
        earliest=min(known) if len(known) == len(bounds) else None,
        latest=max(interval.latest for interval in intervals),
        precision="unknown",
        source="hull",
    )
