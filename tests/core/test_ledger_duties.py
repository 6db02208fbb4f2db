"""The ledger: what is due when, what people put on record about it, and what was ruled from it, as of any instant."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stream.core.documents import Entry
from stream.core.duties import DUTY_REASONS, Duty, days_left, entry_of, opened_id
from stream.core.duty_course import moment
from stream.core.intervals import SHANGHAI
from stream.core.ledger import by_subject, duties, duty_of, fault_of
from stream.core.rules import Rules, rule_named
from stream.core.workdays import LocalDaysOff, LocalHolidays
from stream.settings import load_yaml

ROOT = Path(__file__).parents[2]
RULES = load_yaml(ROOT / "config" / "rules.yaml", Rules)
NEEDS = ["工作机构负责人同意", "告知申请人"]
FOI = "CN-FOI-20WD"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class Book:
    """A ledger in the making: one matter, opened, with what follows."""

    def __init__(self, rule: str = FOI, start: str = "2026-02-11", **value: Any) -> None:
        self.rule = rule
        began = moment(start)
        assert began is not None
        self.id = opened_id(rule, began, "一件申请", "云梦省某局")
        self.entries: list[Entry] = []
        opened = {"start": start, "title": "一件申请", "body": "云梦省某局", **value}
        self.add("duty_open", opened, f"{start[:10]}T09:00")

    def add(self, what: Any, value: Any, known: str, who: str = "值班长", why: str = "收件登记") -> Entry:
        entry = entry_of(at(known), (who, why), what, (self.id, self.rule), value)
        self.entries.append(entry)
        return entry

    def of(self, now: str) -> Duty:
        found = duty_of(self.id, RULES, by_subject(self.entries), at(now))
        assert found is not None
        return found

    def ruled(self, now: str) -> tuple[str, str]:
        duty = self.of(now)
        return duty.verdict, duty.reason

    def faults(self) -> list[str]:
        return [noted.fault or "" for noted in self.of("2030-01-01").history]


def periodic(identity: str, *entries: tuple[str, Any, str], now: str) -> Duty:
    kept = [
        entry_of(at(known), ("值班长", "核对"), what, (identity, identity.partition("|")[0]), value)  # type: ignore[arg-type]
        for what, value, known in entries
    ]
    found = duty_of(identity, RULES, by_subject(kept), at(now))
    assert found is not None
    return found


# --- working days: 依申请公开 -----------------------------------------------------------------------------------------


def test_the_golden_request_and_its_extension() -> None:
    book = Book()
    assert book.of("2026-02-11T10:00").due == date(2026, 3, 17)
    book.add("duty_extend", {"by": 20, "needs": NEEDS}, "2026-03-10T09:00")
    assert book.of("2026-03-10T10:00").due == date(2026, 4, 15)
    assert book.of("2026-03-10T08:00").due == date(2026, 3, 17), "as of before it was extended"


@pytest.mark.parametrize(
    ("value", "known", "fault"),
    [
        ({"by": 21, "needs": NEEDS}, "2026-03-10T09:00", "至多延长 20"),
        ({"by": 20, "needs": NEEDS[:1]}, "2026-03-10T09:00", "告知申请人"),
        ({"by": 20, "needs": NEEDS}, "2026-03-18T09:00", "已过"),
        ({"by": 0, "needs": NEEDS}, "2026-03-10T09:00", "正整数"),
        ({"by": True, "needs": NEEDS}, "2026-03-10T09:00", "正整数"),
        ("20", "2026-03-10T09:00", "正整数"),
    ],
)
def test_an_extension_that_the_rule_does_not_give(value: Any, known: str, fault: str) -> None:
    book = Book()
    entry = entry_of(at(known), ("值班长", "延长"), "duty_extend", (book.id, FOI), value)
    assert fault in (fault_of(entry, RULES, by_subject(book.entries)) or "")
    book.entries.append(entry)
    assert book.of("2026-03-18T10:00").due == date(2026, 3, 17)
    assert fault in book.faults()[-1]


def test_extensions_add_up_to_the_maximum_and_no_further() -> None:
    book = Book()
    for _ in range(3):
        book.add("duty_extend", {"by": 10, "needs": NEEDS}, f"2026-03-1{len(book.entries)}T09:00")
    assert book.of("2026-03-20").extended == 20
    assert book.faults() == ["", "", "", f"{FOI} 至多延长 20，已延长 20，不能再延长 10"]


def test_suspended_days_stand_still_and_an_open_suspension_has_no_date() -> None:
    book = Book()
    book.add("duty_suspend", {"from": "2026-03-02"}, "2026-03-02T09:00")
    standing = book.of("2026-03-12")
    assert (standing.due, standing.verdict, standing.reason) == (None, "pending", "suspended")
    book.add("duty_suspend", {"from": "2026-03-02", "to": "2026-03-06"}, "2026-03-12T09:00")
    closed = book.of("2026-03-13")
    assert closed.due == date(2026, 3, 24)  # five working days later
    assert closed.suspended == [(date(2026, 3, 2), date(2026, 3, 6))]
    assert [step.why for step in closed.steps].count("期间中止，不计") == 5


def test_an_answer_while_the_period_stands_still_is_in_time() -> None:
    book = Book()
    book.add("duty_suspend", {"from": "2026-03-02"}, "2026-03-02T09:00")
    book.add("duty_prove", {"at": "2026-05-20", "note": "已答复"}, "2026-05-20T09:00")
    assert book.ruled("2026-05-21") == ("met", "proof_in_time")


def test_a_suspension_after_the_due_date_saves_nobody() -> None:
    book = Book()
    book.add("duty_suspend", {"from": "2026-03-18"}, "2026-03-18T09:00")
    assert book.ruled("2026-03-19") == ("breached", "no_proof")


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"from": "2026-02-01"}, "早于起算日"),
        ({"from": "2026-03-05", "to": "2026-03-04"}, "早于首日"),
        ({"from": "2026-03-05", "to": "2999-12-31"}, "过长"),
        ({"from": "2026-03-05", "to": "9999-12-31"}, "首日"),
        ({"from": "2026-03-05", "to": "以后"}, "首日"),
        ({"to": "2026-03-05"}, "首日"),
        ({"from": "2026-03-05", "ground": "领导出差"}, "征求第三方意见"),
    ],
)
def test_a_suspension_that_is_none(value: Any, fault: str) -> None:
    book = Book()
    book.add("duty_suspend", value, "2026-03-06T09:00")
    assert fault in book.faults()[-1]
    assert book.of("2026-03-06T10:00").due == date(2026, 3, 17)


def test_a_correction_starts_the_period_anew() -> None:
    book = Book()
    book.add("duty_restart", {"at": "2026-03-03"}, "2026-03-04T09:00")
    duty = book.of("2026-03-05")
    assert (duty.start, duty.due) == (date(2026, 3, 3), date(2026, 3, 31))
    assert book.of("2026-03-03T10:00").due == date(2026, 3, 17)
    book.add("duty_restart", {"at": "2026-02-01"}, "2026-03-05T09:00")
    assert "重新起算之日" in book.faults()[-1]


def test_rules_without_such_a_ground_refuse_it() -> None:
    book = Book("CN-PENALTY-7WD", "2026-02-13")
    assert book.of("2026-02-14").due == date(2026, 3, 2)
    for what, value in (
        ("duty_extend", {"by": 1}), ("duty_suspend", {"from": "2026-02-14"}), ("duty_restart", {"at": "2026-02-14"})
    ):  # fmt: skip
        book.add(what, value, "2026-02-14T09:00")
    assert [fault[:14] for fault in book.faults()] == ["", *["CN-PENALTY-7WD"] * 3]
    assert book.of("2026-02-15").due == date(2026, 3, 2)


# --- natural days, months, years --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "start", "more", "due"),
    [
        ("CN-PETITION-15D", "2024-03-01", {}, date(2024, 3, 18)),  # the 16th is a Saturday
        ("CN-PETITION-60D", "2024-01-02", {}, date(2024, 3, 4)),  # the 2nd is a Saturday
        ("CN-ACC-FOLLOWUP-1Y", "2024-02-29", {}, date(2025, 2, 28)),
        ("CN-ACC-APPROVE", "2024-03-01", {"grade": "I"}, date(2024, 4, 1)),
        ("CN-ACC-APPROVE", "2024-03-01", {"grade": "II"}, date(2024, 3, 18)),
    ],
)
def test_other_windows(rule: str, start: str, more: dict[str, Any], due: date) -> None:
    assert Book(rule, start, **more).of(f"{start}T12:00").due == due


def test_a_window_by_grade_waits_for_the_grade() -> None:
    duty = Book("CN-ACC-APPROVE", "2024-03-01").of("2024-06-01")
    assert (duty.due, duty.verdict, duty.reason) == (None, "pending", "grade_needed")


# --- verdicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proof", "verdict", "reason"),
    [
        ("2026-03-17", "met", "proof_in_time"),
        ("2026-03-17 23:59", "met", "proof_in_time"),
        ("2026-03-18", "breached", "proof_late"),
        ("2026-03-18T00:00:00", "breached", "proof_late"),
        ({"earliest": "2026-03-16", "latest": "2026-03-17"}, "met", "proof_in_time"),
        ({"earliest": "2026-03-17", "latest": "2026-03-18"}, "indeterminate", "proof_straddles_due"),
        ({"earliest": "2026-03-18", "latest": "2026-03-20"}, "breached", "proof_late"),
    ],
)
def test_a_proof_is_held_against_the_due_day(proof: Any, verdict: str, reason: str) -> None:
    book = Book()
    book.add("duty_prove", {"at": proof, "url": "https://gov.example/answer"}, "2026-03-25T09:00")
    assert book.ruled("2026-03-26") == (verdict, reason)


def test_silence_is_late_only_when_the_day_is_over() -> None:
    book = Book()
    assert book.ruled("2026-03-17T23:59:59") == ("pending", "awaiting_proof")
    assert book.ruled("2026-03-18T00:00:00") == ("breached", "no_proof")


def test_evidence_found_late_turns_it_and_the_past_stays_as_it_was() -> None:
    book = Book()
    book.add("duty_prove", {"at": "2026-03-16", "sha256": "ab" * 32}, "2026-04-20T09:00")
    assert book.ruled("2026-04-19") == ("breached", "no_proof")
    assert book.ruled("2026-04-21") == ("met", "proof_in_time")


def test_a_wrong_proof_is_taken_back_and_stays_on_record() -> None:
    book = Book()
    proof = book.add("duty_prove", {"at": "2026-03-16", "note": "误登"}, "2026-03-20T09:00")
    book.add("duty_withdraw", {"of": proof.id}, "2026-03-21T09:00", why="登错了事项")
    assert book.ruled("2026-03-20T12:00") == ("met", "proof_in_time")
    assert book.ruled("2026-03-22") == ("breached", "no_proof")
    assert book.faults() == ["", "已由值班长撤回：登错了事项", ""]
    book.add("duty_withdraw", {"of": "n-none"}, "2026-03-22T09:00")
    assert "没有可以撤回" in book.faults()[-1]


def test_a_withdrawn_matter_is_owed_by_nobody() -> None:
    book = Book()
    book.add("duty_withdraw", None, "2026-03-01T09:00", why="申请人撤回申请")
    book.add("duty_prove", {"at": "2026-03-02", "note": "迟到的答复"}, "2026-03-02T09:00")
    assert book.ruled("2026-04-01") == ("not_applicable", "withdrawn")
    assert book.ruled("2026-02-20") == ("pending", "awaiting_proof")
    assert book.faults()[-1] == "这一事项已撤销"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"at": "2026-02-10", "note": "早于申请"}, "早于起算日"),
        ({"at": "2026-03-30", "note": "将来"}, "晚于登记时间"),
        ({"at": "昨天", "note": "不详"}, "日期或时刻"),
        ({"at": "2026-03-12"}, "须附链接"),
        (None, "日期或时刻"),
    ],
)
def test_a_proof_that_proves_nothing(value: Any, fault: str) -> None:
    book = Book()
    book.add("duty_prove", value, "2026-03-15T09:00")
    assert fault in book.faults()[-1]
    assert book.of("2026-03-16").proofs == []


@pytest.mark.parametrize(("who", "why"), [("", "依据"), ("值班长", " ")])
def test_nobody_records_without_name_and_reason(who: str, why: str) -> None:
    book = Book()
    book.add("duty_prove", {"at": "2026-03-12", "note": "已答复"}, "2026-03-15T09:00", who=who, why=why)
    assert book.faults()[-1] == "没有写明是谁、为何"


def test_a_rule_without_a_number_is_never_late() -> None:
    book = Book("CN-CLARIFY", "2024-03-01")
    duty = book.of("2026-03-01")
    assert (duty.due, duty.verdict, duty.reason, days_left(duty, at("2026-03-01"))) == (
        None,
        "pending",
        "no_number",
        None,
    )
    book.add("duty_prove", {"at": "2025-03-01", "note": "已澄清"}, "2025-03-02T09:00")
    assert book.ruled("2026-03-01") == ("met", "proof_recorded")


def test_beyond_the_published_calendar_only_what_is_certain_is_said() -> None:
    book = Book(start="2026-12-20")
    duty = book.of("2026-12-31")
    assert (duty.due, duty.verdict, duty.reason) == (None, "pending", "calendar_unpublished")
    assert duty.steps
    book.add("duty_prove", {"at": "2027-01-20", "note": "已答复"}, "2027-01-21T09:00")
    assert book.ruled("2027-01-22") == ("indeterminate", "calendar_unpublished")
    book.add("duty_prove", {"at": "2026-12-30", "note": "更早的答复"}, "2027-01-23T09:00")
    assert book.ruled("2027-01-24") == ("met", "proof_in_time")


def test_a_minimum_duration_is_broken_by_ending_early() -> None:
    short, long = Book("CN-DECISION-30D", "2024-03-01"), Book("CN-DECISION-30D", "2024-03-01")
    short.add("duty_prove", {"at": "2024-03-20", "note": "征求意见截止"}, "2024-03-21T09:00")
    long.add("duty_prove", {"at": "2024-04-10", "note": "征求意见截止"}, "2024-04-11T09:00")
    assert short.of("2024-05-01").modality == "in_principle"
    assert short.ruled("2024-05-01") == ("breached", "ended_too_early")
    assert long.ruled("2024-05-01") == ("met", "proof_in_time")


def test_a_matter_from_before_its_rule_is_not_judged() -> None:
    assert Book(start="2018-03-01").ruled("2018-06-01") == ("not_applicable", "not_in_force")


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
