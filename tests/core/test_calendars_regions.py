"""Days off of a single region: whose offices are closed, what that does to a window, and when a day is refused."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.core.calendars import explain, occurrences, placed, restarted
from stream.core.rules import Jurisdiction, Rule, Scope, Source, Start, Unit, Window
from stream.core.workdays import (
    LAST_YEAR,
    LocalDaysOff,
    LocalHolidays,
    Place,
    calendar_notice,
    is_working_day,
    problems,
)

MARCH = LocalDaysOff(
    region="990000", name="试节", days=(date(2024, 3, 6), date(2024, 3, 8)), source="试通知", verify="gov_text"
)
MADE_UP = LocalDaysOff(region="990100", name="市节", days=(date(2024, 4, 28),), source="试通知", verify="gov_text")
OFF = LocalDaysOff(region="990000", name="未核", days=(date(2024, 3, 5),), source="试", verify="memory", enabled=False)
OVERLAY = LocalHolidays(entries=(MARCH, MADE_UP, OFF))


def a_rule(unit: Unit, value: int, region: str | None = None, start: Start | None = None) -> Rule:
    return Rule(
        id="T", text="试", judged="ledger", applies_to=Scope(), window=Window(unit=unit, value=value),
        source=Source(document="试", verify=("memory",)), effective_from=date(2024, 1, 1),
        jurisdiction=None if region is None else Jurisdiction(name="某地", region=region), start=start or Start(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "region", "works"),
    [
        (date(2024, 3, 6), "990000", False),
        (date(2024, 3, 6), "990100", False),  # a city within
        (date(2024, 3, 6), "990123", False),  # a county within
        (date(2024, 3, 6), "980000", True),
        (date(2024, 3, 6), None, True),
        (date(2024, 3, 5), "990000", True),  # an entry that is off
        (date(2024, 4, 28), "990100", False),  # off in the city, a make-up workday elsewhere
        (date(2024, 4, 28), "990000", True),
        (date(2024, 4, 28), "990200", True),
        (date(2024, 3, 9), "990000", False),  # a Saturday is one everywhere
    ],
)
def test_whose_offices_are_closed(day: date, region: str | None, works: bool) -> None:
    assert is_working_day(day, region, OVERLAY) is works


def test_working_days_skip_them_and_say_why() -> None:
    found = explain(a_rule("working_day", 3), date(2024, 3, 4), place=Place(region="990100", overlay=OVERLAY))
    assert found.due == date(2024, 3, 11)
    assert [(str(step.date), step.why) for step in found.steps if "地方" in step.why] == [
        ("2024-03-06", "地方法定假日（试节）"),
        ("2024-03-08", "地方法定假日（试节）"),
    ]
    assert explain(a_rule("working_day", 3), date(2024, 3, 4)).due == date(2024, 3, 7)


@pytest.mark.parametrize(
    ("unit", "value", "due"),
    [
        ("natural_day", 5, date(2024, 3, 7)),
        ("natural_day", 7, date(2024, 3, 11)),
        ("calendar_month", 1, date(2024, 3, 7)),
    ],
)
def test_a_last_day_rolls_over_them(unit: Unit, value: int, due: date) -> None:
    start = date(2024, 2, 6) if unit == "calendar_month" else date(2024, 3, 1)
    found = explain(a_rule(unit, value), start, place=Place(region="990000", overlay=OVERLAY))
    assert found.due == due


@given(
    st.dates(date(2010, 1, 1), date(2024, 12, 31)),
    st.integers(1, 40),
    st.lists(st.integers(1, 90), min_size=1, max_size=30, unique=True),
)
def test_days_off_only_postpone_and_none_is_counted(start: date, days: int, off: list[int]) -> None:
    closed = tuple(start + timedelta(days=one) for one in off)
    entry = LocalDaysOff(region="990000", name="试节", days=closed, source="试", verify="gov_text")
    place = Place(region="990000", overlay=LocalHolidays(entries=(entry,)))
    rule = a_rule("working_day", days)
    national, local = explain(rule, start).due, explain(rule, start, place=place)
    assert national is not None
    assert local.due is not None
    assert local.due >= national
    counted = {step.date for step in local.steps if step.counted}
    assert len(counted) == days
    assert not counted & set(closed)
    skipped = [one for one in closed if start < one <= local.due and is_working_day(one)]
    between = [start + timedelta(days=one) for one in range(1, (local.due - start).days + 1)]
    assert sum(map(is_working_day, between)) == days + len(skipped)


def test_hours_know_no_days_off() -> None:
    place = Place(region="990000", overlay=OVERLAY)
    hours = a_rule("clock_hour", 24)
    assert explain(hours, date(2024, 3, 6), place=place).due == explain(hours, date(2024, 3, 6)).due


def test_a_local_rule_counts_in_its_own_region_unless_told_another() -> None:
    rule = a_rule("working_day", 1, region="990000")
    assert explain(rule, date(2024, 3, 5), place=Place(overlay=OVERLAY)).due == date(2024, 3, 7)
    assert explain(rule, date(2024, 3, 5), place=Place(region="980000", overlay=OVERLAY)).due == date(2024, 3, 6)
    assert placed(rule, Place(overlay=OVERLAY)).region == "990000"
    assert placed(a_rule("working_day", 1), Place(overlay=OVERLAY)).region is None


def test_a_duty_counted_from_its_printing_knows_them_too() -> None:
    rule = a_rule("working_day", 1, region="990000", start=Start(day=date(2024, 3, 5)))
    [one] = occurrences(rule, date(2024, 1, 1), date(2024, 12, 31), place=Place(overlay=OVERLAY))
    assert one.due == date(2024, 3, 7)


def test_a_local_day_off_makes_no_calendar_of_an_unpublished_year() -> None:
    next_year = date(LAST_YEAR + 1, 3, 1)
    beyond = LocalDaysOff(region="990000", name="试节", days=(next_year,), source="试", verify="gov_text")
    place = Place(region="990000", overlay=LocalHolidays(entries=(beyond,)))
    found = explain(a_rule("working_day", 1), next_year, place=place)
    assert (found.due, found.reason) == (None, "calendar_unpublished")


def test_counting_anew_needs_a_rule_that_says_so() -> None:
    rule = a_rule("working_day", 2, start=Start(restarted_by="补正：自收到补正的申请之日起"))
    found = restarted(rule, date(2024, 3, 1), explain(rule, date(2024, 3, 4)))
    assert (found.start, found.due) == (date(2024, 3, 1), date(2024, 3, 6))
    assert [(str(step.date), step.counted) for step in found.steps] == [
        ("2024-03-01", False), ("2024-03-04", False), ("2024-03-05", True), ("2024-03-06", True),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="没有写明"):
        restarted(a_rule("working_day", 2), date(2024, 3, 1), found)


@pytest.mark.parametrize(
    ("entry", "place", "remedy"),
    [
        (
            LocalDaysOff(region="99", name="甲", days=(date(2024, 3, 6),), source="试", verify="gov_text"),
            "region",
            "6 位",
        ),
        (LocalDaysOff(region="990000", name="甲", days=(), source="试", verify="gov_text"), "days", "逐日"),
        (LocalDaysOff(region="990000", name="甲", days=MARCH.days * 2, source="试", verify="gov_text"), "days", "重复"),
        (LocalDaysOff(region="990000", name="甲", days=MARCH.days, source=" ", verify="gov_text"), "source", "文号"),
        (
            LocalDaysOff(region="990000", name="甲", days=MARCH.days, source="试", verify="memory"),
            "enabled",
            "核对通知",
        ),
    ],
)
def test_each_fault_names_its_place_and_remedy(entry: LocalDaysOff, place: str, remedy: str) -> None:
    [fault] = problems(LocalHolidays(entries=(entry,)))
    assert fault.startswith(f"$.entries[0]（甲）.{place}")
    assert remedy in fault


def test_sound_entries_have_no_fault() -> None:
    assert problems(OVERLAY) == []


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(LAST_YEAR, 6, 1), None),
        (date(LAST_YEAR, 10, 31), None),
        (date(LAST_YEAR, 11, 2), f"只到 {LAST_YEAR}-12-31（还剩 59 天）"),
        (date(LAST_YEAR, 12, 31), "还剩 0 天"),
        (date(LAST_YEAR + 1, 1, 1), "已经用完"),
    ],
)
def test_the_end_of_the_calendar_is_announced(today: date, words: str | None) -> None:
    told = calendar_notice(today)
    assert told is None if words is None else told is not None and words in told
