"""Due dates against an oracle that walks day by day: the golden dates, random cases, and very many of them."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.calendars import Explanation, explain
from stream.core.intervals import SHANGHAI
from stream.core.rules import Extension, Rule, Scope, Source, Window
from tests.core import oracle_calendars as oracle
from tests.core.oracle_calendars import LONG_CASES

FIRST, LAST = date(min(oracle.YEARS), 1, 2), date(max(oracle.YEARS), 12, 31)
RECURS = tuple(oracle.LAST_OF)
DATES = ["01-31", "03-31", "06-30", "08-31", "12-31", "02-28"]


def a_rule(**window: Any) -> Rule:
    return Rule(
        id="T", text="试", judged="ledger", applies_to=Scope(), window=Window(**window),
        source=Source(document="试", verify=("memory",)),
    )  # fmt: skip


def walked(explanation: Explanation) -> list[tuple[date, bool]]:
    return [(step.date, step.counted) for step in explanation.steps]


def a_suspension(draw: random.Random, start: date) -> list[tuple[date, date]]:
    """None, one or two stretches near the window, some of them overlapping or before it."""
    found = []
    for _ in range(draw.choice([0, 0, 1, 2])):
        first = start + timedelta(days=draw.randint(-5, 40))
        found.append((first, first + timedelta(days=draw.choice([0, 1, 6, draw.randint(0, 40)]))))
    return found


def disagreement(draw: random.Random) -> str | None:
    """One random case: None where code and oracle agree, else the case in words."""
    start = FIRST + timedelta(days=draw.randint(0, (LAST - FIRST).days))
    if draw.random() < 0.15:  # near the end of what is published
        start = LAST - timedelta(days=draw.randint(0, 90))
    kind = draw.choice(["working_day"] * 5 + ["natural_day"] * 5 + ["months", "annual_date", "recurring", "hours"])
    return CASES[kind](draw, start)


def counted_days(unit: str, draw: random.Random, start: date) -> str | None:
    number, extend = draw.choice([1, 3, 7, 15, 20, 30, 60, draw.randint(1, 40)]), draw.choice([0, 0, 10, 20])
    suspended = a_suspension(draw, start)
    rule = a_rule(unit=unit, value=number, extension=Extension(max=20))
    found = explain(rule, start, extend=extend, suspend=suspended)
    walk = oracle.working_days if unit == "working_day" else oracle.natural_days
    return compared(f"{unit} {number}+{extend} {start} {suspended}", found, walk(start, number + extend, suspended))


def calendar_months(draw: random.Random, start: date) -> str | None:
    unit, number = draw.choice([("calendar_month", draw.randint(1, 14)), ("calendar_year", draw.randint(1, 3))])
    found = explain(a_rule(unit=unit, value=number), start)
    return compared(f"{unit} {number} {start}", found, oracle.months(start, number * (12 if "year" in unit else 1)))


def annual_dates(draw: random.Random, start: date) -> str | None:
    month_day = draw.choice(DATES)
    found = explain(a_rule(unit="annual_date", date=month_day), start)
    return compared(f"annual {month_day} {start}", found, oracle.annual(start, month_day))


def recurrences(draw: random.Random, start: date) -> str | None:
    recurs = tuple(draw.sample(RECURS, draw.randint(1, 3)))
    found = explain(a_rule(unit="recurring", recurs=recurs), start)
    return compared(f"{recurs} {start}", found, oracle.recurring(start, recurs))


def clock_hours(draw: random.Random, start: date) -> str | None:
    at = datetime(start.year, start.month, start.day, draw.randint(0, 23), draw.randint(0, 59), tzinfo=SHANGHAI)
    number = draw.choice([3, 5, 24, 48])
    found = explain(a_rule(unit="clock_hour", value=number), at)
    due, touched = oracle.hours(at, number)
    same = found.due == due and [step.date for step in found.steps] == touched
    return None if same else f"{number} h from {at}: {found.due}, oracle {due}"


def compared(case: str, found: Explanation, expected: oracle.Walk) -> str | None:
    """Due dates and, where there is one, every day's flag; no date only because the calendar is not published."""
    due, days = expected
    if found.due != due or (due is None) != (found.reason == "calendar_unpublished"):
        return f"{case}: due {found.due} ({found.reason}), oracle {due}"
    return None if due is None or walked(found) == days else f"{case}: days {walked(found)}, oracle {days}"


CASES: dict[str, Any] = {
    "working_day": lambda draw, start: counted_days("working_day", draw, start),
    "natural_day": lambda draw, start: counted_days("natural_day", draw, start),
    "months": calendar_months,
    "annual_date": annual_dates,
    "recurring": recurrences,
    "hours": clock_hours,
}


@pytest.mark.parametrize(
    ("start", "number", "due"),
    [
        (date(2017, 7, 21), 20, date(2017, 8, 18)),
        (date(2026, 2, 11), 20, date(2026, 3, 17)),
        (date(2026, 2, 11), 40, date(2026, 4, 15)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 2, 13), 7, date(2026, 3, 2)),
    ],
)
def test_the_oracle_and_the_code_give_the_golden_dates(start: date, number: int, due: date) -> None:
    assert oracle.working_days(start, number)[0] == due
    assert explain(a_rule(unit="working_day", value=number), start).due == due


def test_the_oracle_tells_a_wrong_date() -> None:
    """What compares must be able to fail: one day more is a disagreement, and so is one flag."""
    found = explain(a_rule(unit="natural_day", value=15), date(2024, 3, 1))
    due, days = oracle.natural_days(date(2024, 3, 1), 15)
    assert due is not None
    assert compared("right", found, (due, days)) is None
    assert compared("later", found, (due + oracle.DAY, days)) is not None
    assert compared("flag", found, (due, [*days[:-1], (days[-1][0], not days[-1][1])])) is not None


def test_no_day_of_a_suspension_is_the_last_one() -> None:
    """Fifteen days end on Saturday 16 March; suspended from the 18th to the 20th, the next working day is the 21st."""
    rule, held = a_rule(unit="natural_day", value=15), [(date(2024, 3, 18), date(2024, 3, 20))]
    assert explain(rule, date(2024, 3, 1), suspend=held).due == date(2024, 3, 21)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_due_dates_agree_with_walking_day_by_day(source: random.Random) -> None:
    assert disagreement(source) is None


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_due_dates_agree_in_very_many_cases() -> None:
    source = random.Random(20250225)
    found = [case for case in (disagreement(source) for _ in range(LONG_CASES)) if case]
    print(f"calendar oracle: {LONG_CASES} cases, {len(found)} disagreements")
    assert found[:5] == []
