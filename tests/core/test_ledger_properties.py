"""Whatever people put on record: a later proof never helps, a vaguer one never decides, the past never changes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stream.core.documents import Entry
from stream.core.duties import Duty, entry_of
from stream.core.intervals import SHANGHAI
from stream.core.ledger import by_subject, duty_of
from stream.core.rules import Rules
from stream.core.workdays import is_working_day
from stream.settings import load_yaml

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
FOI, ID = "CN-FOI-20WD", "CN-FOI-20WD|x|1"
NEEDS = ["工作机构负责人同意", "告知申请人"]
BETTER = {"met": 0, "indeterminate": 1, "pending": 1, "breached": 2}
STARTS = st.dates(date(2022, 1, 4), date(2025, 6, 30))
LATER = st.integers(0, 90)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), SHANGHAI)


def entry(what: Any, value: Any, day: date) -> Entry:
    return entry_of(noon(day), ("值班长", "登记"), what, (ID, FOI), value)


def begun(start: date) -> Entry:
    return entry("duty_open", {"start": str(start), "title": "甲"}, start)


def ruled(entries: list[Entry], now: datetime) -> Duty:
    found = duty_of(ID, RULES, by_subject(entries), now)
    assert found is not None
    return found


def proof(first: date, last: date, known: date) -> Entry:
    value = {"earliest": str(first), "latest": str(last), "note": "已答复"}
    return entry("duty_prove", value, known)


def counted(start: date, suspended: tuple[date, date] | None, days: int) -> date:
    """The due date day by day, independently of the calendar's own counting."""
    day = start
    while days:
        day += timedelta(days=1)
        stands = suspended is not None and suspended[0] <= day <= suspended[1]
        days -= is_working_day(day) and not stands
    return day


@given(STARTS, st.integers(1, 15), st.integers(0, 30), st.integers(0, 20))
def test_a_due_date_is_what_counting_gives(start: date, after: int, length: int, extended: int) -> None:
    span = (start + timedelta(days=after), start + timedelta(days=after + length))
    entries = [begun(start), entry("duty_suspend", {"from": str(span[0]), "to": str(span[1])}, span[0])]
    if extended:
        entries.append(entry("duty_extend", {"by": extended, "needs": NEEDS, "at": str(start)}, span[0]))
    assert ruled(entries, noon(start + timedelta(days=200))).due == counted(start, span, 20 + extended)


@given(STARTS, LATER, LATER, LATER)
def test_a_later_proof_is_never_better(start: date, first: int, length: int, later: int) -> None:
    end = start + timedelta(days=400)

    def verdict(days: int) -> str:
        at = start + timedelta(days=days)
        return ruled([begun(start), proof(at, at + timedelta(days=length), end)], noon(end)).verdict

    assert BETTER[verdict(first)] <= BETTER[verdict(first + later)]


@given(STARTS, LATER, LATER, LATER, LATER)
def test_a_vaguer_proof_decides_nothing_that_was_open(
    start: date, first: int, length: int, before: int, after: int
) -> None:
    end = start + timedelta(days=400)
    at = start + timedelta(days=90 + first)
    until = at + timedelta(days=length)
    exact = ruled([begun(start), proof(at, until, end)], noon(end)).verdict
    wide = proof(at - timedelta(days=before), until + timedelta(days=after), end)
    vague = ruled([begun(start), wide], noon(end)).verdict
    assert vague in {exact, "indeterminate"}


@given(STARTS, st.permutations(range(4)), st.integers(0, 40))
def test_the_past_stays_as_it_was_and_order_of_arrival_is_nothing(start: date, order: list[int], later: int) -> None:
    days = [start + timedelta(days=step) for step in (0, 3, 9, 40)]
    entries = [
        begun(start), entry("duty_suspend", {"from": str(days[1])}, days[1]),
        entry("duty_suspend", {"from": str(days[1]), "to": str(days[2])}, days[2]),
        entry("duty_prove", {"at": str(days[3]), "note": "已答复"}, days[3]),
    ]  # fmt: skip
    now = noon(start + timedelta(days=later))
    known = [one for one in entries if one.collected_at <= now]
    assert ruled([entries[place] for place in order], now) == ruled(known, now)
