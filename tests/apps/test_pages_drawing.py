"""How long is left, over or taken; what a deadline is called; the pipeline's clock at any speed."""

from datetime import datetime, timedelta

import pytest

from dashboard import drawing, queries
from stream.backends import open_backends
from stream.clock import wall_now
from stream.core.cases import Due
from stream.core.intervals import SHANGHAI, Elapsed, Interval
from stream.core.records import Clock
from stream.ports import Save

NOON = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return NOON.replace(hour=hour, minute=minute, second=second)


@pytest.mark.parametrize(
    ("due", "now", "words", "over"),
    [
        (Due(earliest=at(17), latest=at(17)), at(12), "还剩 05:00:00", False),
        (Due(earliest=at(17), latest=at(17)), at(16, 59, 59), "还剩 00:00:01", False),
        (Due(earliest=at(17), latest=at(17)), at(17), "还剩 00:00:00", False),
        (Due(earliest=at(17), latest=at(17)), at(17, 0, 1), "已过 00:00:01", True),
        (Due(earliest=at(17), latest=at(18)), at(16), "还剩 01:00:00", False),
        (Due(earliest=at(17), latest=at(18)), at(17, 30), "已进入时限区间，最迟还剩 00:30:00", False),
        (Due(earliest=None, latest=at(18)), at(17, 30), "最迟还剩 00:30:00", False),
        (Due(earliest=at(12), latest=at(12)), at(12) + timedelta(days=3, hours=4), "已过 3天04:00:00", True),
    ],
)
def test_how_long_is_left(due, now, words, over):
    assert drawing.left(due, now) == (words, over)


@pytest.mark.parametrize(
    ("shortest", "longest", "words"),
    [
        (3600, 3600, "1小时00分"), (3600, 3659, "1小时00分"), (59, 59, "0分"), (3600, 9000, "1小时00分 至 2小时30分"),
        (3600, None, "至少 1小时00分"), (-60, None, "不详"), (-3600, 7200, "不超过 2小时00分"),
        (-7200, -7200, "-2小时00分"),
    ],
)  # fmt: skip
def test_how_long_it_took(shortest, longest, words):
    assert drawing.taken(Elapsed(min=shortest, max=longest)) == words


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (None, "—"),
        (Due(earliest=None, latest=at(18)), "最迟 03-02 18:00"),
        (Due(earliest=at(17), latest=at(17, 0, 59)), "03-02 17:00"),
        (Due(earliest=at(17), latest=at(18)), "03-02 17:00 至 03-02 18:00"),
    ],
)
def test_a_deadline_is_no_more_precise_than_known(due, words):
    assert drawing.due_words(due) == words


@pytest.mark.parametrize(
    ("earliest", "latest", "precision", "words"),
    [
        (at(9, 12), at(9, 12, 59), "minute", "2026-03-02 09:12"),
        (at(9, 12, 5), at(9, 12, 5), "second", "2026-03-02 09:12:05"),
        (at(11), at(13), "part_of_day", "2026-03-02 11:00 至 2026-03-02 13:00（到时段）"),
        (None, at(9, 12, 59), "unknown", "不晚于 2026-03-02 09:12"),
    ],
)
def test_an_instant_is_no_more_precise_than_known(earliest, latest, precision, words):
    interval = Interval(earliest=earliest, latest=latest, precision=precision, source="text")
    assert drawing.span(interval) == words


def test_at_600_times_a_second_is_ten_minutes(copied, point_at):
    point_at(copied)
    wall = wall_now()
    clock = Clock(id="pipeline", collected_at=NOON, wall_at=wall - timedelta(seconds=6), speed=600.0)
    backends = open_backends(queries.settings())
    backends.store.save_many([Save(item=clock)])
    backends.close()
    now = queries.now()
    passed = (wall_now() - wall).total_seconds() + 6
    assert now.is_running
    assert timedelta(hours=1) <= now.at - NOON <= timedelta(seconds=passed * 600)


def test_a_clock_that_is_not_wound_stands_still(copied, point_at):
    point_at(copied)
    clock = Clock(id="pipeline", collected_at=NOON, wall_at=wall_now() - timedelta(minutes=5), speed=600.0)
    backends = open_backends(queries.settings())
    backends.store.save_many([Save(item=clock)])
    backends.close()
    assert queries.now() == queries.Now(at=NOON, is_running=False, speed=600.0, seen_at=clock.wall_at)
