"""Every due date that the calendar itself sets: periods, yearly dates, quotas, days counted from the printing."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from stream.core.calendars import Occurrence, occurrences
from stream.core.periods import period_label
from stream.core.rules import Recurrence, Rule, Rules, Scope, Source, Start, Window, rule_named
from stream.settings import load_yaml

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
ALWAYS = (date(2007, 1, 1), date(2020, 12, 31))


def shipped(id: str) -> Rule:
    rule = rule_named(RULES, id)
    assert rule is not None
    return rule


def listed(id: str, *seasons: tuple[date, date]) -> list[tuple[str, str, str]]:
    found = occurrences(shipped(id), *ALWAYS, seasons)
    return [(one.period, str(one.start), str(one.due)) for one in found]


def a_duty(window: Window, start: Start | None = None) -> Rule:
    return Rule(
        id="T", text="试", judged="ledger", applies_to=Scope(natures=("task",)), window=window, start=start or Start(),
        source=Source(document="试", verify=("memory",)), effective_from=date(2024, 3, 13),
    )  # fmt: skip


def test_months_begin_where_the_document_does() -> None:
    found = listed("SEED-SG-AIR-M")
    assert [period for period, _, _ in found] == [f"2019-{month:02d}" for month in range(7, 13)]
    assert found[:2] == [("2019-07", "2019-07-09", "2019-07-31"), ("2019-08", "2019-08-01", "2019-08-31")]


def test_quarters_end_with_the_rule() -> None:
    assert listed("SEED-LN-LAND-Q") == [
        ("2017Q3", "2017-07-21", "2017-09-30"),
        ("2017Q4", "2017-10-01", "2017-12-31"),
    ]


def test_a_duty_with_three_cycles_has_each_of_them() -> None:
    found = [one.period for one in occurrences(shipped("SEED-JQ-CHECK-Q"), date(2008, 1, 1), date(2008, 12, 31))]
    assert found == ["2008Q1", "2008Q2", "2008年上半年", "2008Q3", "2008Q4", "2008年", "2008年下半年"]


def test_fridays_fall_only_within_the_season_that_a_person_names() -> None:
    assert listed("SEED-KT-HARVEST-FRI") == []
    found = listed("SEED-KT-HARVEST-FRI", (date(2017, 9, 4), date(2017, 9, 22)))
    assert [due for _, _, due in found] == ["2017-09-08", "2017-09-15", "2017-09-22"]


def test_a_date_that_had_passed_at_the_printing_is_listed_once() -> None:
    assert listed("SEED-SG-LIST-JUN") == [("2019年", "2019-07-09", "2019-06-30")]
    assert occurrences(shipped("SEED-SG-LIST-JUN"), date(2019, 6, 1), date(2019, 7, 8)) == []


def test_days_count_from_the_printing() -> None:
    assert listed("SEED-LN-PLAN-20WD") == [("2017-07-21", "2017-07-21", "2017-08-18")]
    assert listed("SEED-SG-PLAN-1M") == [("2019-07-09", "2019-07-09", "2019-08-09")]


def test_a_quota_is_due_with_the_year() -> None:
    assert listed("SEED-SG-PRINCIPAL-2") == [
        ("2019年", "2019-07-09", "2019-12-31"),
        ("2020年", "2020-01-01", "2020-12-31"),
    ]


def test_yearly_dates_go_on_while_the_rule_does() -> None:
    found = occurrences(shipped("CN-FOI-AR-DEPT"), date(2021, 1, 31), date(2023, 1, 30))
    assert [one.due for one in found] == [date(2021, 1, 31), date(2022, 1, 31)]


def test_a_duty_without_a_number_stands_without_a_date() -> None:
    [standing] = occurrences(a_duty(Window(unit="none")), date(2024, 1, 1), date(2024, 12, 31))
    assert standing == Occurrence(
        rule="T", period="长期", start=date(2024, 3, 13), due=None, reason="no_number",
    )  # fmt: skip


def test_beyond_the_published_calendar_an_occurrence_has_no_date() -> None:
    rule = a_duty(Window(unit="working_day", value=20), Start(day=date(2090, 1, 5)))
    [far] = occurrences(rule, date(2090, 1, 1), date(2090, 12, 31))
    assert (far.due, far.reason) == (None, "calendar_unpublished")


@pytest.mark.parametrize("id", ["CN-5H-AUTH", "CN-FOI-20WD", "CN-DISASTER-DAILY", "CN-CLARIFY", "CN-PETITION-60D"])
def test_what_an_event_starts_is_not_in_the_calendar(id: str) -> None:
    assert occurrences(shipped(id), date(2019, 1, 1), date(2025, 12, 31)) == []


@pytest.mark.parametrize(
    ("recurrence", "end", "label"),
    [
        ("every_week", date(2024, 12, 29), "2024-W52"),
        ("every_week", date(2025, 1, 5), "2025-W01"),
        ("every_friday", date(2024, 5, 3), "2024-05-03"),
        ("every_half_year", date(2024, 6, 30), "2024年上半年"),
        ("every_half_year", date(2024, 12, 31), "2024年下半年"),
        ("every_quarter", date(2024, 3, 31), "2024Q1"),
    ],
)
def test_periods_have_names(recurrence: Recurrence, end: date, label: str) -> None:
    assert period_label(end, recurrence) == label
    found = occurrences(a_duty(Window(unit="recurring", recurs=(recurrence,))), end, end)
    assert [(one.period, one.due) for one in found] == ([(label, end)] if end >= date(2024, 3, 13) else [])


def test_no_period_is_missed_or_doubled_and_each_is_within_the_asked_days() -> None:
    rule = a_duty(Window(unit="recurring", recurs=("every_week",)))
    found = occurrences(rule, date(2024, 4, 1), date(2026, 4, 1))
    assert all(date(2024, 4, 1) <= one.due <= date(2026, 4, 1) for one in found if one.due)
    assert all((after.start - before.start).days == 7 for before, after in pairwise(found))
    assert len(found) == 104


def test_the_end_of_time_ends() -> None:
    rule = a_duty(Window(unit="recurring", recurs=("every_year",)))
    assert occurrences(rule, date(9990, 1, 1), date.max)[-1].period == "9998年"
