"""Golden cases: 长峰医院 2023, and the sentences of the law on hours, grades, versions and people. Each is retold from
facts built here; all other places are fictional."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from stream.core.cases import FigureFact, FirstPublic, Incident, Judgement, OccurredFact
from stream.core.intervals import SHANGHAI, Interval, StatedInterval, exactly
from stream.core.judgement import judge_incident
from stream.core.verdicts import Clock as RunningClock
from stream.core.verdicts import Statement, due_after, timeliness
from tests.core.verdict_scenes import (
    HOUR,
    NOON,
    RULES,
    Register,
    an_emergency,
    an_incident,
    at,
    between,
    decided,
    figure,
    judge,
    path,
    row,
    said,
    stated,
    verdict,
)


def day(number: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2023, 4, number, hour, minute, tzinfo=SHANGHAI)


def minute_of(instant: datetime) -> Interval:
    return Interval(earliest=instant, latest=instant + timedelta(seconds=59), precision="minute", source="text")


OCCURRED = minute_of(day(18, 12, 50))
# Its figures are those "截至18时": published between 18:00 and the end of that day.
BULLETIN = between(day(18, 18), day(19))
BRIEFING = between(day(19, 11), day(19, 13))  # 中午


def changfeng(*more_figures: FigureFact) -> Incident:
    return an_incident(
        title="北京长峰医院火灾", opened_at=day(18, 13), regions=["110106"],
        first_public=FirstPublic(interval=exactly(day(18, 13), "row"), mention="p1"),
        emergencies=[an_emergency(day(18, 13), subtype="火灾")],
        occurred=[OccurredFact(interval=stated(OCCURRED), mention="r1", known_at=day(19))],
        figures=[
            FigureFact(
                name="deaths", value=21, mention="r1", known_at=day(19), issuer="丰台区人民政府", published=BULLETIN
            ),
            *more_figures,
        ],
        responses=[
            said("r1", BULLETIN, "丰台区人民政府"), said("r2", BRIEFING, "北京市人民政府", form="conference_held"),
        ],
    )  # fmt: skip


def as_of(incident: Incident, until: datetime) -> Judgement:
    return judge_incident(incident, {}, RULES, Register(), until, assume_covered=True)


def test_changfeng_hospital_2023_the_bulletin_was_late_by_the_strict_clock() -> None:
    judged = as_of(changfeng(), day(20, 12))
    strict = row(judged)
    assert strict is not None
    assert strict.due is not None
    assert strict.due.earliest == day(18, 17, 50)
    assert judged.severity.grade == "II"
    bulletin = Statement(mention="r1", published=BULLETIN, known_at=day(19))
    clock = RunningClock(name="strict", start=OCCURRED, basis="occurred", due=due_after(OCCURRED, 5))
    assert timeliness(bulletin, clock) == "late"
    # Nobody outside knew of the dead before this bulletin: by the clock from there it is no time late.
    assert verdict(judged) == ("breached_but_fair_clock_met", "fair_clock_met")
    assert strict.satisfied_by is None
    assert strict.elapsed_s is not None
    assert strict.elapsed_s.min >= 5 * 3600


def test_changfeng_hospital_2023_is_breached_where_the_gravity_was_public_before() -> None:
    """Had a text told of the 21 dead at 13:30, the bulletin would be late by that clock too, or nobody could tell."""
    early = exactly(day(18, 12, 55), "row")
    told = FigureFact(name="deaths", value=21, mention="p2", known_at=day(18, 13, 30), published=early)
    judged = as_of(changfeng(told), day(20, 12))
    assert verdict(judged) == ("breached", "statement_late")
    assert verdict(judged, clock="severity_evident") == ("breached", "statement_late")


def test_changfeng_hospital_2023_the_briefing_at_noon_cannot_be_told() -> None:
    """24 hours end at 12:50 of the next day; "中午" is from eleven to one."""
    judged = as_of(changfeng(), day(20, 12))
    assert verdict(judged, "CN-24H-PRESSER") == ("indeterminate", "statement_straddles_deadline")
    conference = row(judged, "CN-24H-PRESSER")
    assert conference is not None
    assert conference.modality == "must"  # before 2025-02-25


def test_changfeng_hospital_2023_a_person_who_knows_the_hour_settles_it() -> None:
    exact = decided("restate", 0, {"mention": "r2", "at": "2023-04-19T12:40"})
    exact = msgspec.structs.replace(exact, collected_at=day(21))
    judged = as_of(msgspec.structs.replace(changfeng(), decisions=[exact]), day(22))
    assert verdict(judged, "CN-24H-PRESSER") == ("met", "statement_in_time")
    assert [one.verdict for one in judged.automatic if (one.rule, one.clock) == ("CN-24H-PRESSER", "strict")] == [
        "indeterminate"
    ]
    # Nothing was known at 12:50; the words came in at one o'clock; a person settled it later.
    assert path(judged, "CN-24H-PRESSER") == ["pending", "breached", "indeterminate", "met"]


# --- counting ---------------------------------------------------------------------------------------------------------


def test_hours_run_through_nights_and_the_spring_festival() -> None:
    """New Year's Eve 2024, 22:00: five hours end at three in the night of the first holiday."""
    eve = datetime(2024, 2, 9, 22, 0, tzinfo=SHANGHAI)
    incident = an_incident(
        opened_at=eve, emergencies=[an_emergency(eve)],
        occurred=[OccurredFact(interval=stated(exactly(eve, "text")), mention="p1", known_at=eve)],
        figures=[FigureFact(name="deaths", value=12, mention="p1", known_at=eve, published=exactly(eve, "row"))],
    )  # fmt: skip
    found = row(as_of(incident, eve + 6 * HOUR))
    assert found is not None
    assert found.due is not None
    assert found.due.latest == datetime(2024, 2, 10, 3, 0, tzinfo=SHANGHAI)
    assert found.verdict == "breached"


def test_our_own_detection_never_starts_a_clock() -> None:
    """Detected a day after it was public: the clocks had started before, and no row counts from the detection."""
    seen = NOON + 30 * HOUR
    incident = an_incident(
        opened_at=seen, first_public=FirstPublic(interval=at(0.2), mention="p1"), emergencies=[an_emergency(seen)],
        figures=[figure(12, 0.2, known_at=seen)],
        occurred=[OccurredFact(interval=stated(at(0)), mention="p1", known_at=seen)],
    )  # fmt: skip
    judged = judge(incident, 30)
    assert verdict(judged) == ("breached", "no_statement")
    assert all(one.start is None or one.start.latest < seen for one in judged.obligations)
    change = next(one for one in judged.changes if (one.rule, one.clock) == ("CN-5H-AUTH", "strict"))
    assert change.after == "breached"
    assert (change.at, change.known_at) == (NOON + 5 * HOUR, seen)


@pytest.mark.parametrize(("second", "expected"), [(0, "met"), (1, "breached")])
def test_exactly_on_the_deadline_is_met(second: int, expected: str) -> None:
    grave = an_incident(
        figures=[figure(12, 0, known_at=NOON + 0.2 * HOUR)], responses=[said("r1", at(5 + second / 3600))]
    )
    assert verdict(judge(grave, 30)) is not None
    assert verdict(judge(grave, 30))[0] == expected  # type: ignore[index]


# --- versions, people -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happened", "rules"),
    [
        ("2016-07-29", set()),
        ("2016-07-30", {"CN-24H-PRESSER"}),
        ("2016-11-09", {"CN-24H-PRESSER"}),
        ("2016-11-10", {"CN-5H-AUTH", "CN-24H-PRESSER"}),
        ("2025-02-25", {"CN-5H-AUTH", "CN-24H-PRESSER"}),
    ],
)
def test_the_version_in_force_when_it_happened_applies(happened: str, rules: set[str]) -> None:
    """Known and judged years later; what counts is the day it happened."""
    judged = judge(an_incident(decisions=[decided("occurred", 0.2, f"{happened}T23:59:00+08:00")]), 30)
    assert {one.rule for one in judged.obligations if one.clock == "strict" and one.due} == rules
    modality = {one.rule: one.modality for one in judged.obligations}
    assert modality.get("CN-24H-PRESSER", "must") == ("in_principle" if happened >= "2025-02-25" else "must")


def test_an_objection_changes_no_verdict() -> None:
    incident = an_incident(responses=[said("r1", at(7))])
    objected = msgspec.structs.replace(
        incident, decisions=[decided("objection", 9, {"rule": "CN-5H-AUTH", "body": "云泽市应急管理局"})]
    )
    before, after = judge(incident, 30), judge(objected, 30)
    assert after.obligations == before.obligations
    assert after.changes == before.changes
    assert after.automatic == []


def test_upgrade_and_downgrade_again_keep_every_step() -> None:
    """Two dead; twelve (late by the strict clock, the fair one runs); the authority corrects to eight."""
    figures = [
        figure(2), figure(12, 8, "p2"), figure(8, 20, "r9", issuer="云泽市应急管理局"),
    ]  # fmt: skip
    incident = an_incident(figures=figures)
    assert verdict(judge(incident, 7)) is None
    assert verdict(judge(incident, 9)) == ("breached", "no_statement")
    assert verdict(judge(incident, 9), clock="severity_evident") == ("pending", "awaiting_statement")
    assert verdict(judge(incident, 9), "CN-48H-OTHER") == ("not_applicable", "no_longer_applies")
    ended = judge(incident, 70)
    assert path(ended) == ["breached", "not_applicable"]
    assert path(ended, clock="severity_evident") == ["pending", "breached", "not_applicable"]
    assert path(ended, "CN-48H-OTHER") == ["pending", "not_applicable", "pending", "breached"]
    assert [(step.grade, step.mention) for step in ended.severity.history] == [
        ("IV", "p1"),
        ("II", "p2"),
        ("III", "r9"),
    ]
    assert ended.changes[: len(judge(incident, 9).changes)] == judge(incident, 9).changes


def test_a_provisional_clock_becomes_the_real_one_when_the_grade_is_evident() -> None:
    incident = an_incident(figures=[figure(12, 10)])
    assert verdict(judge(incident, 9)) == ("indeterminate", "grade_not_evident")
    assert verdict(judge(incident, 11)) == ("breached", "no_statement")
    assert path(judge(incident, 11)) == ["pending", "indeterminate", "breached"]
    lesser = an_incident(figures=[figure(2, 10)])
    assert path(judge(lesser, 11)) == ["pending", "indeterminate", "not_applicable"]


def test_late_found_evidence_restates_and_the_past_stays() -> None:
    incident = an_incident(responses=[said("r1", at(6)), said("r2", at(4), known_at=NOON + 26 * HOUR)])
    past, now = judge(incident, 25), judge(incident, 27)
    assert (verdict(past), verdict(now)) == (("breached", "statement_late"), ("met", "statement_in_time"))
    assert now.changes[: len(past.changes)] == past.changes
    restated = now.changes[len(past.changes) :]
    assert ("breached", "met") in {(one.before, one.after) for one in restated if one.clock == "strict"}
    assert {one.known_at for one in restated} == {NOON + 26 * HOUR}


def test_a_retraction_leaves_the_record_that_it_was_met() -> None:
    gone: dict[str, Any] = {"removed_at": NOON + 8 * HOUR, "removal_known_at": NOON + 9 * HOUR}
    incident = an_incident(responses=[said("r1", at(2), **gone), said("r2", at(10))])
    judged = judge(incident, 30)
    assert path(judged) == ["pending", "met", "met_then_retracted"]
    assert verdict(judge(incident, 8.5)) == ("met", "statement_in_time")


def test_two_sources_of_the_occurrence_give_their_hull() -> None:
    hours = [
        StatedInterval(earliest=one.earliest, latest=one.latest, precision="second", source="text", text="时")
        for one in (at(-2), at(0))
    ]
    facts = [
        OccurredFact(interval=one, mention=f"p{index}", known_at=NOON + 0.2 * HOUR) for index, one in enumerate(hours)
    ]
    incident = an_incident(occurred=facts, responses=[said("r1", at(4))])
    assert verdict(judge(incident, 30)) == ("indeterminate", "statement_straddles_deadline")
    assert verdict(judge(msgspec.structs.replace(incident, responses=[said("r1", at(2.9))]), 30)) == (
        "met",
        "statement_in_time",
    )
