"""Heat: hourly counts, and spikes that need both baselines."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from stream.core.cases import HotFact
from stream.core.heat import (
    HOURS_KEPT,
    NO_HEAT,
    HotReason,
    Hourly,
    SpikeRule,
    cooled,
    heated,
    hour_of,
    spike,
    together,
    topic_heat,
    topic_heated,
)
from stream.core.intervals import SHANGHAI

NOON = datetime(2024, 5, 20, 12, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)
instants = some.integers(0, 60 * 24 * 3).map(lambda minutes: NOON + timedelta(minutes=minutes))


def days_of(counts: dict[int, int], days: int) -> Hourly:
    """The same counts by hour of the day, on `days` days before NOON's day."""
    start = NOON.replace(hour=0) - timedelta(days=days)
    return [(start + timedelta(days=day, hours=hour), n) for day in range(days) for hour, n in sorted(counts.items())]


@given(some.lists(instants, max_size=40))
def test_heat_is_the_count_by_hour_in_any_order(seen: list[datetime]) -> None:
    heat = NO_HEAT
    for at in seen:
        heat = heated(heat, at)
    counts = {hour: sum(hour_of(at) == hour for at in seen) for hour in map(hour_of, seen)}
    assert heat.hourly == sorted(counts.items())
    assert (heat.posts, heat.peak) == (len(seen), max(counts.values(), default=0))


@given(some.lists(instants, min_size=1, max_size=20), some.lists(instants, max_size=20))
def test_merging_and_taking_out_undo_each_other(stays: list[datetime], leaves: list[datetime]) -> None:
    one, other = NO_HEAT, NO_HEAT
    for at in stays:
        one = heated(one, at)
    for at in leaves:
        other = heated(other, at)
    heat = together(one, other)
    for at in leaves:
        heat = cooled(heat, at)
    assert (heat.posts, heat.hourly) == (one.posts, one.hourly)


def test_a_long_life_stays_bounded() -> None:
    heat = NO_HEAT
    for hour in range(HOURS_KEPT + 5):
        heat = heated(heat, NOON + hour * HOUR)
    assert len(heat.hourly) == HOURS_KEPT and heat.posts == HOURS_KEPT + 5


CALM = days_of(dict.fromkeys(range(24), 2), 14)
LUNCH = days_of({hour: 40 if hour == 12 else 1 for hour in range(24)}, 14)
RISING = days_of(dict.fromkeys(range(24), 20), 14)


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (CALM, 30, HotReason.ABOVE_BOTH),
        (CALM, 12, None),
        (CALM, 9, None),
        (LUNCH, 45, None),
        (LUNCH, 200, HotReason.ABOVE_BOTH),
        (RISING, 100, None),
        ([], 10, HotReason.NO_HISTORY),
        ([], 9, None),
    ],
)
def test_a_spike_exceeds_the_same_hour_and_the_long_baseline(
    before: Hourly, now: int, reason: HotReason | None
) -> None:
    found = spike([*before, (NOON, now)], [], NOON, SpikeRule())
    assert (found.reason if found else None) == reason


@pytest.mark.parametrize(("hours_ago", "told", "tells_again"), [(1, 30, False), (1, 14, True), (7, 30, True)])
def test_a_running_spike_is_told_again_only_when_doubled_or_rested(
    hours_ago: int, told: int, tells_again: bool
) -> None:
    hot = [HotFact(at=NOON - hours_ago * HOUR, count=told, baseline=2.0, reason=HotReason.ABOVE_BOTH)]
    assert (spike([*CALM, (NOON, 30)], hot, NOON, SpikeRule()) is not None) == tells_again


def test_a_topics_first_day_is_no_spike() -> None:
    series = topic_heat("教育", None, NOON)
    for minute in range(50):
        series = topic_heated(series, NOON + timedelta(minutes=minute), SpikeRule(needs_history=True))
    assert series.hot == [] and series.hourly == [(NOON, 50)]
    assert series.id == "教育|" and topic_heat("教育", "440300", NOON).id == "教育|440300"
