"""domain.md "Counting": golden due dates, make-up workdays, rolling, and nothing guessed beyond the published years."""

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.core.calendars import explain
from stream.core.intervals import SHANGHAI
from stream.core.periods import add_months, annual_date, period_end
from stream.core.rules import Extension, Rule, Rules, Scope, Source, Unit, Window, rule_named
from stream.core.workdays import LAST_YEAR, is_working_day
from stream.settings import load_yaml

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)


def a_rule(window: Window) -> Rule:
    return Rule(
        id="T", text="试", judged="ledger", applies_to=Scope(), window=window,
        source=Source(document="试", verify=("memory",)),
    )  # fmt: skip


def due_of(unit: Unit, start: date, days: int) -> date:
    due = explain(a_rule(Window(unit=unit, value=days)), start).due
    assert due is not None
    return due


def shipped(id: str) -> Rule:
    rule = rule_named(RULES, id)
    assert rule is not None
    return rule


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (date(2017, 7, 21), 20, date(2017, 8, 18)),
        (date(2026, 2, 11), 20, date(2026, 3, 17)),
        (date(2026, 2, 11), 40, date(2026, 4, 15)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 2, 13), 7, date(2026, 3, 2)),
    ],
)
def test_golden_working_days(start: date, days: int, due: date) -> None:
    assert due_of("working_day", start, days) == due


def test_an_extended_reply_to_an_application() -> None:
    explanation = explain(shipped("CN-FOI-20WD"), date(2026, 2, 11), extend=20)
    assert explanation.due == date(2026, 4, 15)
    assert sum(step.counted for step in explanation.steps) == 40
    assert explanation.steps[0].why == "起算日不计，自下一工作日起算"


def test_an_extension_beyond_the_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="至多延长 20"):
        explain(shipped("CN-FOI-20WD"), date(2026, 2, 11), extend=21)
    with pytest.raises(ValueError, match="不可延长"):
        explain(shipped("CN-PI-20WD"), date(2026, 2, 11), extend=1)


def test_a_make_up_saturday_counts_and_says_so() -> None:
    explanation = explain(a_rule(Window(unit="working_day", value=3)), date(2026, 9, 30))
    assert explanation.due == date(2026, 10, 10)
    assert "调休上班" in explanation.steps[-1].why


def test_days_of_a_suspension_stand_still() -> None:
    rule = shipped("CN-FOI-20WD")
    whole = explain(rule, date(2024, 3, 1))
    held = explain(rule, date(2024, 3, 1), suspend=[(date(2024, 3, 4), date(2024, 3, 8))])
    assert whole.due == date(2024, 3, 29)
    assert held.due == date(2024, 4, 8)  # over 清明, with its make-up Sunday on the 7th
    assert [step.why for step in held.steps[3:8]] == ["期间中止，不计"] * 5


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (date(2024, 3, 1), 15, date(2024, 3, 18)),  # the 16th is a Saturday
        (date(2024, 3, 1), 17, date(2024, 3, 18)),
        (date(2024, 4, 12), 16, date(2024, 4, 28)),  # a Sunday, but a make-up workday: stays
        (date(2024, 9, 16), 15, date(2024, 10, 8)),  # 1 October rolls over the whole holiday
    ],
)
def test_natural_days_roll_forward(start: date, days: int, due: date) -> None:
    assert due_of("natural_day", start, days) == due


def test_beyond_the_last_published_year_nothing_is_guessed() -> None:
    explanation = explain(shipped("CN-FOI-20WD"), date(LAST_YEAR, 12, 20))
    assert (explanation.due, explanation.reason) == (None, "calendar_unpublished")
    assert explanation.steps  # what could be counted is shown


def test_absurd_dates_end_without_a_date() -> None:
    explanation = explain(a_rule(Window(unit="natural_day", value=10_000)), date(2020, 1, 1))
    assert (explanation.due, explanation.reason) == (None, "date_out_of_range")
    assert explain(a_rule(Window(unit="calendar_year", value=1)), date(9999, 12, 31)).reason == "date_out_of_range"


def test_hours_run_through_nights_and_holidays() -> None:
    start = datetime(2026, 2, 16, 22, 30, tzinfo=SHANGHAI)
    explanation = explain(shipped("CN-5H-AUTH"), start)
    assert explanation.due == datetime(2026, 2, 17, 3, 30, tzinfo=SHANGHAI)
    assert [step.date for step in explanation.steps] == [date(2026, 2, 16), date(2026, 2, 17)]


def test_calendar_units_and_recurring_dates() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert annual_date(date(2024, 2, 1), "01-31") == date(2025, 1, 31)
    assert annual_date(date(2024, 1, 31), "01-31") == date(2024, 1, 31)
    assert period_end(date(2024, 5, 3), "every_quarter") == date(2024, 6, 30)
    assert period_end(date(2024, 5, 3), "every_friday") == date(2024, 5, 3)
    assert period_end(date(2024, 12, 3), "every_month") == date(2024, 12, 31)
    assert explain(shipped("SEED-SG-PLAN-1M"), date(2019, 7, 9)).due == date(2019, 8, 9)
    assert explain(shipped("SEED-JQ-CHECK-Q"), date(2024, 5, 3)).due == date(2024, 6, 30)
    assert explain(shipped("SEED-LN-PLAN-20WD"), date(2017, 7, 21)).due == date(2017, 8, 18)


def test_a_window_by_grade_needs_the_grade() -> None:
    rule = shipped("CN-ACC-APPROVE")
    assert explain(rule, date(2024, 3, 1)).reason == "grade_needed"
    assert explain(rule, date(2024, 3, 1), grade="II").due == date(2024, 3, 18)
    assert explain(rule, date(2024, 3, 1), grade="I").due == date(2024, 4, 1)


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_every_shipped_rule_explains_itself(rule: Rule) -> None:
    explanation = explain(rule, datetime(2019, 7, 9, 9, 0, tzinfo=SHANGHAI))
    assert explanation.due is not None or explanation.reason in ("no_number", "grade_needed")
    assert explanation.steps or explanation.reason == "grade_needed"


@given(st.dates(date(2010, 1, 1), date(2025, 6, 30)), st.integers(1, 60))
def test_working_days_agree_with_counting_one_by_one(start: date, days: int) -> None:
    due = due_of("working_day", start, days)
    between = [date.fromordinal(one) for one in range(start.toordinal() + 1, due.toordinal() + 1)]
    assert is_working_day(due)
    assert sum(map(is_working_day, between)) == days


def test_an_extension_is_part_of_the_schema() -> None:
    rule = a_rule(Window(unit="natural_day", value=60, extension=Extension(max=30)))
    assert explain(rule, date(2024, 1, 2), extend=30).due == date(2024, 4, 1)
