"""How much is said, by the hour, and whether that is a spike against two baselines. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from math import sqrt

from msgspec import Struct
from msgspec.structs import replace

from stream.core.cases import Heat, HotFact, TopicHeat

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HOURS_KEPT = 24 * 30  # an incident's; `posts` and `peak` keep the whole
TOPIC_HOURS_KEPT = 24 * 15  # two weeks of baseline and the day that runs
HOT_KEPT = 100  # the rest period lets at most four a day in: the newest 25 days

Hourly = list[tuple[datetime, int]]


class HotReason(StrEnum):
    """By which comparison a spike was found."""

    ABOVE_BOTH = "above_same_hour_and_long_baseline"
    NO_HISTORY = "burst_without_history"


class SpikeRule(Struct, frozen=True, kw_only=True):
    """When a count is a spike: both baselines must be exceeded, so neither a daily rhythm nor a slow rise rings."""

    window_hours: int = 3
    least: int = 10
    factor: float = 3.0
    deviations: float = 3.0
    baseline_days: int = 14
    rest: timedelta = timedelta(hours=6)  # a running spike is told again only when it has doubled
    needs_history: bool = False  # a topic's first day shows only that the service was started


NO_HEAT = Heat(posts=0, peak=0, peak_at=None, hourly=[])


# Asked for seven times a post, always of the same instant.
@lru_cache(maxsize=8)
def hour_of(at: datetime) -> datetime:
    """The hour `at` lies in."""
    return at.replace(minute=0, second=0, microsecond=0)


def counted(hourly: Hourly, at: datetime, posts: int, keep: int) -> tuple[Hourly, int]:
    """The series with `posts` more (or fewer) in the hour of `at`, its newest `keep` hours; and that hour's count."""
    hour = hour_of(at)
    place = len(hourly)
    while place and hourly[place - 1][0] > hour:
        place -= 1
    known = place > 0 and hourly[place - 1][0] == hour
    count = max(0, (hourly[place - 1][1] if known else 0) + posts)
    grown = [*hourly[: place - known], *([(hour, count)] if count else []), *hourly[place:]]
    return grown[-keep:], count


def heated(heat: Heat, at: datetime) -> Heat:
    """One more distinct post, collected at `at`."""
    hourly, count = counted(heat.hourly, at, 1, HOURS_KEPT)
    if count > heat.peak:
        return Heat(posts=heat.posts + 1, peak=count, peak_at=hour_of(at), hourly=hourly)
    return Heat(posts=heat.posts + 1, peak=heat.peak, peak_at=heat.peak_at, hourly=hourly)


def cooled(heat: Heat, at: datetime) -> Heat:
    """One post fewer: a person took it out."""
    hourly, _ = counted(heat.hourly, at, -1, HOURS_KEPT)
    return _of(hourly, max(0, heat.posts - 1))


def together(one: Heat, other: Heat) -> Heat:
    """The heat of two merged incidents."""
    sums = dict(one.hourly)
    for hour, count in other.hourly:
        sums[hour] = sums.get(hour, 0) + count
    return _of(sorted(sums.items())[-HOURS_KEPT:], one.posts + other.posts)


def spike(hourly: Hourly, hot: list[HotFact], at: datetime, rule: SpikeRule) -> HotFact | None:
    """The spike that runs at `at`, unless it has been told. History before the first hour of the series is unknown."""
    start = hour_of(at) - (rule.window_hours - 1) * HOUR
    count = _sum(hourly, start, start + rule.window_hours * HOUR)
    if count < rule.least or (hot and at - hot[-1].at < rule.rest and count < 2 * hot[-1].count):
        return None
    days = min(rule.baseline_days, (start - hourly[0][0]) // DAY) if hourly[0][0] < start else 0
    if not days:
        if rule.needs_history:
            return None
        return HotFact(at=at, count=count, baseline=0.0, reason=HotReason.NO_HISTORY)
    baseline = round(max(_same_hours(hourly, start, rule, days), _long(hourly, start, rule, days)), 3)
    if count < rule.factor * baseline or count - baseline < rule.deviations * sqrt(baseline + 1):
        return None
    return HotFact(at=at, count=count, baseline=baseline, reason=HotReason.ABOVE_BOTH)


def topic_heated(before: TopicHeat, at: datetime, rule: SpikeRule) -> TopicHeat:
    """One more post on a topic; a spike found is its last `hot`, dated `at`."""
    hourly, _ = counted(before.hourly, at, 1, TOPIC_HOURS_KEPT)
    found = spike(hourly, before.hot, at, rule)
    hot = [*before.hot, found][-HOT_KEPT:] if found else before.hot
    return replace(before, collected_at=max(before.collected_at, at), hourly=hourly, hot=hot)


def series_id(topic: str, region: str | None) -> str:
    """The id of a topic's series."""
    return f"{topic}|{region or ''}"


def topic_heat(topic: str, region: str | None, at: datetime) -> TopicHeat:
    """An empty series."""
    return TopicHeat(id=series_id(topic, region), collected_at=at, topic=topic, region=region, hourly=[], hot=[])


def _of(hourly: Hourly, posts: int) -> Heat:
    peak_at, peak = max(hourly, key=lambda one: one[1], default=(None, 0))
    return Heat(posts=posts, peak=peak, peak_at=peak_at, hourly=hourly)


def _sum(hourly: Hourly, start: datetime, end: datetime) -> int:
    total = 0
    for hour, count in reversed(hourly):
        if hour < start:
            break
        if hour < end:
            total += count
    return total


def _same_hours(hourly: Hourly, start: datetime, rule: SpikeRule, days: int) -> float:
    """Mean of the same hours of the day on the days before."""
    window = rule.window_hours * HOUR
    same = sum(count for hour, count in hourly if hour < start and (hour - start) % DAY < window
               and hour >= start - days * DAY)  # fmt: skip
    return same / days


def _long(hourly: Hourly, start: datetime, rule: SpikeRule, days: int) -> float:
    """Mean of a window of this length over all the days before."""
    return _sum(hourly, start - days * DAY, start) * rule.window_hours / (24 * days)
