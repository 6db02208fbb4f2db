"""The ledger: what is due when, what people put on record about it, and what was ruled from it, as of any instant."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from stream.core.duties import days_left, entry_of
from stream.core.ledger import by_subject, fault_of
from tests.core.ledger_scenes import FOI, NEEDS, RULES, Book, at

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
