"""The ledger: duties of the founding documents, lists of duties, what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from stream.core.documents import Entry
from stream.core.duties import DUTY_REASONS, entry_of
from stream.core.ledger import by_subject, duties, duty_of, fault_of
from stream.core.rules import rule_named
from stream.core.workdays import LocalDaysOff, LocalHolidays
from tests.core.ledger_scenes import FOI, NEEDS, ROOT, RULES, Book, at, periodic

# --- the founding documents -------------------------------------------------------------------------------------------


def test_every_periodic_duty_of_a_founding_document_arises_by_itself() -> None:
    listed = duties(RULES, {}, at("2019-12-01"), (date(2019, 7, 1), date(2019, 12, 31)), "370783")
    found = {one.id: one for one in listed}
    months = [f"SEED-SG-AIR-M|2019-{month:02d}" for month in range(7, 13)]
    wanted = [*months, "SEED-SG-WATER-Q|2019Q3", "SEED-SG-WATER-Q|2019Q4", "SEED-SG-AUG|2019年",
              "SEED-SG-PORTAL-DEC|2019年", "SEED-SG-PRINCIPAL-2|2019年", "SEED-SG-PLAN-1M|2019-07-09"]  # fmt: skip
    assert set(wanted) <= set(found)
    assert all(one.region in (None, "370783") for one in listed)
    assert found["SEED-SG-AUG|2019年"].due == date(2019, 8, 31)
    assert found["SEED-SG-PLAN-1M|2019-07-09"].due == date(2019, 8, 9)
    assert found["SEED-SG-AIR-M|2019-11"].verdict == "breached"
    assert found["SEED-SG-AIR-M|2019-12"].verdict == "pending"
    order = [one.due or one.start for one in listed]
    assert order == sorted(order)


def test_a_date_that_had_passed_when_the_paper_was_printed_makes_nobody_late() -> None:
    identity = "SEED-SG-LIST-JUN|2019年"
    assert periodic(identity, now="2019-12-01").reason == "passed_when_printed"
    proven = periodic(identity, ("duty_prove", {"at": "2019-06-20", "note": "已公布"}, "2019-08-01"), now="2019-12-01")
    assert (proven.due, proven.verdict) == (date(2019, 6, 30), "met")


def test_a_yearly_quota_counts_different_proofs() -> None:
    identity = "SEED-SG-PRINCIPAL-2|2020年"
    one, two = (
        {"at": "2020-03-05", "url": "https://gov.example/1"},
        {"at": "2020-09-05", "url": "https://gov.example/2"},
    )
    assert periodic(identity, ("duty_prove", one, "2020-03-06"), now="2020-12-31T20:00").verdict == "pending"
    short = periodic(identity, ("duty_prove", one, "2020-03-06"), now="2021-01-01")
    assert (short.needed, short.verdict, short.reason) == (2, "breached", "too_few_proofs")
    again = periodic(identity, ("duty_prove", one, "2020-03-06"), ("duty_prove", one, "2020-03-07"), now="2021-01-01")
    assert (len(again.proofs), again.verdict) == (1, "breached")
    full = periodic(identity, ("duty_prove", one, "2020-03-06"), ("duty_prove", two, "2020-09-06"), now="2021-01-01")
    assert full.verdict == "met"


def test_a_proof_of_another_year_fills_no_quota() -> None:
    early = {"at": "2019-12-30", "url": "https://gov.example/0"}
    found = periodic("SEED-SG-PRINCIPAL-2|2020年", ("duty_prove", early, "2020-03-06"), now="2021-01-01")
    assert "早于起算日" in (found.history[0].fault or "") and found.proofs == []


def test_a_duty_of_a_season_recurs_only_in_a_season_that_a_person_named() -> None:
    period = (date(2017, 5, 17), date(2017, 12, 31))

    def fridays(entries: list[Entry]) -> list[str]:
        listed = duties(RULES, by_subject(entries), at("2017-12-31"), period, "654003")
        return [one.id for one in listed if one.rule == "SEED-KT-HARVEST-FRI"]

    assert fridays([]) == []
    season = {"start": "2017-09-01", "until": "2017-09-16", "title": "收购旺季"}
    opened = entry_of(
        at("2017-08-30"), ("值班长", "通知"), "duty_open", ("SEED-KT-HARVEST-FRI|x", "SEED-KT-HARVEST-FRI"), season
    )
    assert fridays([opened]) == [f"SEED-KT-HARVEST-FRI|2017-09-{day:02d}" for day in (1, 8, 15)]
    found = duty_of("SEED-KT-HARVEST-FRI|2017-09-08", RULES, by_subject([opened]), at("2017-09-09"))
    assert found is not None and found.verdict == "breached"
    endless = entry_of(opened.collected_at, ("值班长", "通知"), "duty_open", (opened.subject, opened.rule),
                       {**season, "until": None})  # fmt: skip
    assert "末日" in (fault_of(endless, RULES, {}) or "")


def test_a_review_fills_the_columns_of_the_supervision_table() -> None:
    value = {
        "done": False,
        "problems": ["未公开"],
        "measures": ["限期整改"],
        "units": "财政局",
        "materials_from": "政务公开办",
    }
    duty = periodic("SEED-SG-AIR-M|2019-08", ("duty_review", value, "2019-10-01"), now="2019-10-02")
    assert duty.review is not None
    assert (duty.review.done, duty.review.problems, duty.review.measures) == (False, ["未公开"], ["限期整改"])
    assert (duty.review.units, duty.review.materials_from) == ("财政局", "政务公开办")


# --- lists, faults, determinism ---------------------------------------------------------------------------------------


def test_a_region_sees_the_rules_above_it_and_within_it() -> None:
    period = (date(2019, 8, 1), date(2020, 3, 31))

    def rules_for(region: str | None) -> set[str]:
        return {one.rule for one in duties(RULES, {}, at("2020-01-01"), period, region)}

    assert "CN-FOI-AR-DEPT" in rules_for("110000") and "SEED-SG-AIR-M" not in rules_for("110000")
    assert "SEED-SG-AIR-M" in rules_for("370000") and "SEED-SG-AIR-M" in rules_for("370783")
    assert rules_for("370783") < rules_for(None)


@pytest.mark.parametrize(
    ("rule", "value", "fault"),
    [
        ("CN-NONE", {"start": "2026-02-11", "title": "甲"}, "没有可登记的规则"),
        ("CN-5H-AUTH", {"start": "2026-02-11", "title": "甲"}, "没有可登记的规则"),
        (FOI, {"start": "不详", "title": "甲"}, "起算"),
        (FOI, {"start": "2026-02-11", "title": " "}, "事项"),
        (FOI, {"start": "2018-02-11", "title": "甲"}, "尚未生效"),
        (FOI, {"start": "2028-02-11", "title": "甲"}, "一年之后"),
        (FOI, {"start": "2026-02-11", "title": "甲", "grade": "V"}, "等级"),
        (FOI, None, "起算"),
    ],
)
def test_what_cannot_be_opened(rule: str, value: Any, fault: str) -> None:
    entry = entry_of(at("2026-02-12"), ("值班长", "登记"), "duty_open", (f"{rule}|x", rule), value)
    assert fault in (fault_of(entry, RULES, {}) or "")


def test_the_same_matter_is_opened_once() -> None:
    book = Book()
    again = entry_of(at("2026-02-12"), ("值班长", "登记"), "duty_open", (book.id, FOI), book.entries[0].value)
    assert "已登记" in (fault_of(again, RULES, by_subject(book.entries)) or "")
    assert fault_of(book.entries[0], RULES, {}) is None


def test_any_order_of_arrival_gives_the_same_duty() -> None:
    book = Book()
    book.add("duty_suspend", {"from": "2026-03-02", "to": "2026-03-06"}, "2026-03-02T09:00")
    book.add("duty_extend", {"by": 5, "needs": NEEDS}, "2026-03-10T09:00")
    book.add("duty_prove", {"at": "2026-03-28", "note": "已答复"}, "2026-03-29T09:00")
    now = at("2026-04-30")
    first = duty_of(book.id, RULES, by_subject(book.entries), now)
    assert first == duty_of(book.id, RULES, by_subject(reversed(book.entries)), now)
    assert first is not None and first.verdict == "met"


def test_hostile_values_decide_nothing() -> None:
    book = Book()
    for value in (
        [1, 2],
        "x" * 100_000,
        {"at": {"at": 3}},
        {"by": 10**30, "needs": NEEDS},
        {"from": 5},
        {"done": "是"},
    ):
        for what in ("duty_extend", "duty_suspend", "duty_restart", "duty_prove", "duty_review"):
            book.add(what, value, "2026-03-02T09:00")
    assert all(book.faults()[1:]) and book.of("2026-03-03").due == date(2026, 3, 17)


def test_every_reason_is_explained() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert [reason for reason in DUTY_REASONS if f"`{reason}`" not in glossary] == []


def test_every_shipped_ledger_rule_can_be_opened_or_arises() -> None:
    """Whatever a rule's window, a matter of it has a verdict, and only a rule with a number makes anyone late."""
    for rule in {one.id for one in RULES.rules if one.judged == "ledger"}:
        shown = rule_named(RULES, rule)
        assert shown is not None
        start = "2019-07-09" if shown.jurisdiction and shown.jurisdiction.region == "370783" else "2017-09-01"
        book = Book(rule, start)
        found = duty_of(book.id, RULES, by_subject(book.entries), at("2026-06-01"))
        if found is not None and found.due is None:
            assert found.verdict in ("pending", "not_applicable"), rule


def test_a_list_of_a_year_is_bounded() -> None:
    listed = duties(RULES, {}, at("2026-12-31"), (date(2026, 1, 1), date(2026, 12, 31)))
    assert 0 < len(listed) < 500
    assert listed[-1].due is not None and listed[-1].due <= at("2026-12-31").date() + timedelta(days=1)


def test_a_duty_counted_from_the_day_of_printing_is_told_day_by_day() -> None:
    duty = periodic("SEED-LN-PLAN-20WD|2017-07-21", now="2017-08-01")
    assert duty.due == date(2017, 8, 18)
    assert sum(step.counted for step in duty.steps) == 20


def test_a_local_day_off_counts_where_the_matter_lies() -> None:
    days = LocalDaysOff(region="450000", name="三月三", days=(date(2026, 4, 20), date(2026, 4, 21)), source="虚构",
                        verify="memory")  # fmt: skip
    overlay = LocalHolidays(entries=(days,))
    within, outside = (Book("CN-FOI-CORRECT-7WD", "2026-04-15", region=code) for code in ("450100", "440100"))

    def due(book: Book) -> Any:
        found = duty_of(book.id, RULES, by_subject(book.entries), at("2026-04-16"), overlay)
        assert found is not None and found.region == book.entries[0].value["region"]
        return found.due

    assert (due(outside), due(within)) == (date(2026, 4, 24), date(2026, 4, 28))


def test_only_the_gravest_accident_may_have_its_approval_extended() -> None:
    for grade, due in (("I", date(2024, 4, 30)), ("II", date(2024, 3, 18))):
        book = Book("CN-ACC-APPROVE", "2024-03-01", grade=grade)
        rule = rule_named(RULES, "CN-ACC-APPROVE")
        assert rule is not None and rule.window.extension is not None
        needs = list(rule.window.extension.needs)
        book.add("duty_extend", {"by": 30, "needs": needs, "at": "2024-03-05"}, "2024-03-05T09:00")
        assert book.of("2024-03-06").due == due, book.faults()
