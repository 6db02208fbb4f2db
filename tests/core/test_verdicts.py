"""Golden cases of domain.md: clock start, counting, the verdict algebra, coverage, listing. Places are fictional."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.core.cases import (
    EmergencyFact,
    FigureFact,
    FirstPublic,
    Heat,
    Incident,
    Judgement,
    Obligation,
    OccurredFact,
    Response,
    Responsible,
)
from stream.core.documents import Decision, Emergency
from stream.core.intervals import SHANGHAI, Interval, StatedInterval
from stream.core.judgement import judge_incident
from stream.core.rules import Rules
from stream.settings import load_yaml

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
HOUR = timedelta(hours=1)
NOON = datetime(2024, 3, 5, 12, 0, tzinfo=SHANGHAI)


class Register:
    """One body; its channels are never asked for, since silence is evidence here."""

    def responsible(self, topics: Any, regions: Any, named_bodies: Any, event_type: Any, at: datetime) -> Any:
        return [Responsible(body="云泽市应急管理局", rule="territorial")]

    def resolve(self, name: str, at: Any) -> None:
        """Whose region is unknown has the benefit of the doubt."""

    def channels(self, body: str, at: datetime) -> list[Any]:
        raise AssertionError(f"asked for the channels of {body}")


def at(hours: float, precision: str = "second") -> Interval:
    """`hours` after NOON; a minute is a whole minute."""
    instant = NOON + timedelta(hours=hours)
    end = instant + timedelta(seconds=59 if precision == "minute" else 0)
    return Interval(earliest=instant, latest=end, precision=precision, source="row")  # type: ignore[arg-type]


def between(first: float, last: float) -> Interval:
    return Interval(
        earliest=NOON + timedelta(hours=first),
        latest=NOON + timedelta(hours=last),
        precision="part_of_day",
        source="text",
    )


def stated(interval: Interval) -> StatedInterval:
    return StatedInterval(
        earliest=interval.earliest, latest=interval.latest, precision=interval.precision, source="text", text="当日"
    )


def an_emergency(known: float = 0.2, **changes: Any) -> EmergencyFact:
    kind = Emergency(is_emergency=True, type="事故灾难", subtype="爆炸", in_china=True)
    return EmergencyFact(
        emergency=msgspec.structs.replace(kind, **changes), mention="p1", known_at=NOON + timedelta(hours=known)
    )


def deaths(value: int, known: float = 0.2, mention: str = "p1", **more: Any) -> FigureFact:
    published = more.pop("published", at(known))
    known_at = NOON + timedelta(hours=known)
    return FigureFact(name="deaths", value=value, mention=mention, known_at=known_at, published=published, **more)


def occurred(interval: Interval, known: float = 0.2) -> OccurredFact:
    return OccurredFact(interval=stated(interval), mention="p1", known_at=NOON + timedelta(hours=known))


def said(mention: str, published: Interval, known: float | None = None, **more: Any) -> Response:
    known_at = published.latest if known is None else NOON + timedelta(hours=known)
    given: dict[str, Any] = {
        "mention": mention, "answers": None, "answered": None, "published": published, "form": "statement",
        "issuer": "云泽市应急管理局", "issuer_kind": "government", "level": "city", "is_authoritative": True,
        "known_at": known_at, "title": "情况通报",
    }  # fmt: skip
    return Response(**(given | more))


def decided(what: str, hours: float, value: Any = None, why: str = "有据", who: str = "值班长") -> Decision:
    return Decision(
        id=f"d-{what}-{hours}", collected_at=NOON + timedelta(hours=hours), who=who, what=what,  # type: ignore[arg-type]
        incident_of="p1", value=value, why=why,
    )  # fmt: skip


def an_incident(**changes: Any) -> Incident:
    """An explosion at NOON (known to the minute) with 12 dead, public 12 minutes later."""
    given: dict[str, Any] = {
        "id": "i-1", "collected_at": NOON + 100 * HOUR, "title": "云泽一厂房爆炸", "opened_at": NOON + 0.2 * HOUR,
        "state": "open", "merged_into": None, "closed_at": None,
        "first_public": FirstPublic(interval=at(0.2), mention="p1"), "regions": ["440399"], "topics": ["安全生产"],
        "bodies": [], "emergencies": [an_emergency()], "occurred": [occurred(at(0, "minute"))],
        "figures": [deaths(12)], "responses": [], "decisions": [], "hot": [],
        "heat": Heat(posts=1, peak=1, peak_at=None, hourly=[]), "terms": [],
    }  # fmt: skip
    return Incident(**(given | changes))


def judge(incident: Incident, hours: float) -> Judgement:
    """As known `hours` after NOON; silence is evidence."""
    return judge_incident(incident, {}, RULES, Register(), NOON + timedelta(hours=hours), assume_covered=True)


def row(judgement: Judgement, rule: str = "CN-5H-AUTH", clock: str = "strict") -> Obligation | None:
    return next((one for one in judgement.obligations if (one.rule, one.clock) == (rule, clock)), None)


def verdict(judgement: Judgement, rule: str = "CN-5H-AUTH", clock: str = "strict") -> tuple[str, str] | None:
    found = row(judgement, rule, clock)
    return None if found is None else (found.verdict, found.reason)


# --- interval verdicts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (at(4.9), ("met", "statement_in_time")),
        (at(5), ("met", "statement_in_time")),  # exactly on the deadline
        (at(5, "minute"), ("met", "statement_in_time")),  # equal to the minute counts as on time
        (at(5 + 30 / 3600), ("indeterminate", "statement_straddles_deadline")),
        (between(4, 6), ("indeterminate", "statement_straddles_deadline")),
        (between(3, 5), ("met", "statement_in_time")),
        (at(5 + 60 / 3600), ("breached_but_fair_clock_met", "fair_clock_met")),
        (at(6), ("breached", "statement_late")),
    ],
)
def test_met_breached_or_indeterminate_by_intervals(published: Interval, expected: tuple[str, str]) -> None:
    assert verdict(judge(an_incident(responses=[said("r1", published)]), 30)) == expected


def test_silence_is_pending_then_breached_at_the_deadline() -> None:
    incident = an_incident()
    assert verdict(judge(incident, 4)) == ("pending", "awaiting_statement")
    assert judge(incident, 4).due_at == NOON + 5 * HOUR + timedelta(seconds=59)
    late = judge(incident, 6)
    assert verdict(late) == ("breached", "no_statement")
    change = next(one for one in late.changes if one.after == "breached" and one.clock == "strict")
    assert change.at == change.known_at == NOON + 5 * HOUR + timedelta(seconds=59)


def test_several_statements_met_if_one_is_breached_only_if_all_are() -> None:
    late, unsure, good = said("r1", at(7)), said("r2", between(4, 6)), said("r3", at(3), known=9)
    assert verdict(judge(an_incident(responses=[late]), 30)) == ("breached", "statement_late")
    assert verdict(judge(an_incident(responses=[late, unsure]), 30)) == (
        "indeterminate",
        "statement_straddles_deadline",
    )
    assert verdict(judge(an_incident(responses=[late, unsure, good]), 30)) == ("met", "statement_in_time")


def test_a_statement_found_late_restates_and_nothing_is_overwritten() -> None:
    judged = judge(an_incident(responses=[said("r1", at(3), known=9)]), 30)
    path = [(one.before, one.after) for one in judged.changes if one.rule == "CN-5H-AUTH" and one.clock == "strict"]
    assert path == [(None, "pending"), ("pending", "breached"), ("breached", "met")]
    assert judged.changes[-1].known_at >= NOON + 9 * HOUR
    assert verdict(judge(an_incident(responses=[said("r1", at(3), known=9)]), 8)) == ("breached", "no_statement")


def test_met_then_retracted_only_if_nothing_that_stands_meets_it() -> None:
    gone = said("r1", at(1), removed_at=NOON + 2 * HOUR, removal_known_at=NOON + 3 * HOUR)
    assert verdict(judge(an_incident(responses=[gone]), 2.5)) == ("met", "statement_in_time")
    assert verdict(judge(an_incident(responses=[gone]), 3)) == ("met_then_retracted", "statement_retracted")
    assert verdict(judge(an_incident(responses=[gone, said("r2", at(4))]), 30)) == ("met", "statement_in_time")
    assert verdict(judge(an_incident(responses=[gone, said("r2", at(7))]), 30)) == (
        "met_then_retracted",
        "statement_retracted",
    )


# --- clock start ------------------------------------------------------------------------------------------------------


def test_unstated_occurrence_only_what_is_later_than_first_public_plus_window_is_breached() -> None:
    unstated = an_incident(occurred=[])
    early = judge(msgspec.structs.replace(unstated, responses=[said("r1", at(1))]), 30)
    assert verdict(early) == ("indeterminate", "statement_straddles_deadline")
    found = row(early)
    assert found is not None
    assert found.start is not None
    assert found.start.earliest is None
    late = judge(msgspec.structs.replace(unstated, responses=[said("r1", at(6))]), 30)
    assert verdict(late) == ("breached", "statement_late")


def test_conflicting_sources_give_their_hull_until_a_person_decides() -> None:
    facts = [occurred(at(-1)), occurred(at(0))]
    answer = said("r1", at(4.5))
    assert verdict(judge(an_incident(occurred=facts, responses=[answer]), 30)) == (
        "indeterminate",
        "statement_straddles_deadline",
    )
    settled = an_incident(
        occurred=facts, responses=[answer], decisions=[decided("occurred", 10, "2024-03-05T12:00:00+08:00")]
    )
    assert verdict(judge(settled, 30)) == ("met", "statement_in_time")


def test_sources_that_name_the_same_minute_leave_it_known_to_the_minute() -> None:
    answer = said("r1", at(5, "minute"))
    facts = [occurred(at(0, "minute")), msgspec.structs.replace(occurred(at(0, "minute"), known=2), mention="p2")]
    assert verdict(judge(an_incident(occurred=facts, responses=[answer]), 30)) == ("met", "statement_in_time")


def test_the_occurrence_ends_when_it_is_first_public() -> None:
    found = row(judge(an_incident(occurred=[occurred(between(-6, 6))]), 1))
    assert found is not None
    assert found.due is not None
    assert found.due.latest == NOON + 5.2 * HOUR


def test_fair_clock_met_stands_on_the_strict_clock_only() -> None:
    """Two dead at first, twelve known three hours later: late by occurrence, in time by evidence."""
    figures = [deaths(2), deaths(12, known=3, mention="p2")]
    judged = judge(an_incident(figures=figures, responses=[said("r1", at(7))]), 30)
    assert verdict(judged) == ("breached_but_fair_clock_met", "fair_clock_met")
    assert verdict(judged, clock="severity_evident") == ("met", "statement_in_time")
    assert verdict(judged, clock="opinion") == ("breached", "statement_late")
    assert [step.grade for step in judged.severity.history] == ["IV", "II"]


def test_an_acknowledgement_meets_nothing_but_shows_knowledge() -> None:
    judged = judge(an_incident(responses=[said("a1", at(1), form="acknowledgement")]), 30)
    assert verdict(judged) == ("breached", "no_statement")
    known = row(judged, clock="known")
    assert known is not None
    assert known.start is not None
    assert known.start.latest == NOON + HOUR


def test_the_gravity_was_evident_by_the_first_of_several_posts_whichever_that_was() -> None:
    """One post between 13:00 and 15:00, another between 12:00 and 16:00: evident between 12:00 and 15:00."""
    figures = [deaths(12, known=3, published=between(1, 3)), deaths(13, known=4, mention="p2", published=between(0, 4))]
    found = row(judge(an_incident(figures=figures, responses=[said("r1", at(5.5))]), 30), clock="severity_evident")
    assert found is not None
    assert found.start is not None
    assert (found.start.earliest, found.start.latest) == (NOON, NOON + 3 * HOUR)
    assert found.verdict == "indeterminate"


def test_an_answer_among_the_posts_that_showed_the_gravity_is_late_only_by_the_others() -> None:
    bulletin = said("r1", between(1, 12))
    own = deaths(12, known=12, mention="r1", published=between(1, 12))
    later = deaths(12, known=8, mention="p2", published=between(7, 8))
    earlier = deaths(12, known=8, mention="p2", published=between(0, 2))
    for figures, expected in (([own], "met"), ([own, later], "met"), ([own, earlier], "indeterminate")):
        found = row(judge(an_incident(figures=figures, responses=[bulletin]), 30), clock="severity_evident")
        assert found is not None
        assert found.verdict == expected


def test_a_rejected_acknowledgement_shows_no_knowledge_and_a_corrected_one_shows_it_then() -> None:
    seen = [said("a1", at(1), form="acknowledgement")]
    rejected = an_incident(responses=seen, decisions=[decided("reject", 8, "a1")])
    assert row(judge(rejected, 7), clock="known") is not None
    assert verdict(judge(rejected, 9), clock="known") == ("not_applicable", "no_longer_applies")
    moved = an_incident(
        responses=seen, decisions=[decided("restate", 8, {"mention": "a1", "at": "2024-03-05T15:00:00"})]
    )
    found = row(judge(moved, 9), clock="known")
    assert found is not None
    assert found.start is not None
    assert found.start.latest == NOON + 3 * HOUR


def test_a_corrected_publication_moves_when_its_figures_made_the_gravity_evident() -> None:
    figures = [deaths(2), deaths(12, known=3, mention="r1", published=at(3))]
    decision = decided("restate", 8, {"mention": "r1", "at": "2024-03-05T14:00:00"})
    found = row(judge(an_incident(figures=figures, decisions=[decision]), 9), clock="severity_evident")
    assert found is not None
    assert found.start is not None
    assert found.start.latest == NOON + 2 * HOUR


# --- rules ------------------------------------------------------------------------------------------------------------


def test_only_a_held_conference_meets_24_hours() -> None:
    forms = ["statement", "conference_announced", "briefing", "interview"]
    said_all = [said(f"r{index}", at(1 + index), form=form) for index, form in enumerate(forms)]
    assert verdict(judge(an_incident(responses=said_all), 30), "CN-24H-PRESSER") == ("breached", "no_statement")
    held = [*said_all, said("c1", at(20), form="conference_held")]
    assert verdict(judge(an_incident(responses=held), 30), "CN-24H-PRESSER") == ("met", "statement_in_time")


def test_a_conference_a_person_saw_counts() -> None:
    seen = an_incident(decisions=[decided("conference_held", 22, "2024-03-06T09:00:00+08:00")])
    assert verdict(judge(seen, 30), "CN-24H-PRESSER") == ("met", "statement_in_time")


def test_48_hours_for_lesser_grades_through_the_fourth_gate() -> None:
    judged = judge(an_incident(figures=[deaths(1)], responses=[said("r1", at(40), form="briefing")]), 60)
    assert verdict(judged, "CN-48H-OTHER") == ("met", "statement_in_time")
    assert judged.gate == "incident"
    assert row(judged, "CN-5H-AUTH") is None  # never applied: absent


def test_opinion_without_a_gate_owes_nothing_until_a_person_opens_one() -> None:
    opinion = an_incident(emergencies=[], figures=[], occurred=[])
    assert judge(opinion, 60).obligations == []
    opened = msgspec.structs.replace(opinion, decisions=[decided("gate", 10, "vital_interest")])
    judged = judge(opened, 60)
    assert verdict(judged, "CN-48H-OTHER") == ("breached", "no_statement")
    assert judged.gate == "vital_interest"
    assert judge(msgspec.structs.replace(opinion, decisions=[decided("gate", 10, "made_up")]), 60).obligations == []


def test_an_emergency_abroad_owes_nothing_here() -> None:
    assert judge(an_incident(emergencies=[an_emergency(in_china=False)]), 60).obligations == []


def test_before_circular_80_there_was_no_five_hour_rule() -> None:
    """Occurred on the evening before 2016-11-10: the version in force then applies."""
    shift = datetime(2016, 11, 9, 20, 0, tzinfo=SHANGHAI) - NOON
    old = Interval(earliest=NOON + shift, latest=NOON + shift, precision="second", source="text")
    first = Interval(earliest=NOON + shift + HOUR, latest=NOON + shift + HOUR, precision="second", source="row")
    incident = an_incident(
        occurred=[OccurredFact(interval=stated(old), mention="p1", known_at=NOON)],
        first_public=FirstPublic(interval=first, mention="p1"),
    )
    judged = judge(incident, 1)
    assert row(judged, "CN-5H-AUTH") is None
    assert verdict(judged, "CN-24H-PRESSER") == ("breached", "no_statement")


@pytest.mark.parametrize(("day", "modality"), [("2025-02-24", "must"), ("2025-02-25", "in_principle")])
def test_since_the_plan_of_2025_the_conference_is_in_principle(day: str, modality: str) -> None:
    when = decided("occurred", 0.2, f"{day}T23:00:00+08:00")
    found = row(judge(an_incident(decisions=[when]), 1), "CN-24H-PRESSER")
    assert found is not None
    assert found.modality == modality


def test_local_rules_are_listed_where_they_hold() -> None:
    assert row(judge(an_incident(regions=["340199"]), 1), "LOCAL-AH-5H") is not None
    assert row(judge(an_incident(), 1), "LOCAL-AH-5H") is None


def test_continuing_release_is_advice_and_never_late() -> None:
    judged = judge(an_incident(responses=[said("r1", at(1))]), 90)
    assert verdict(judged, "CN-CONT-UPDATE") == ("pending", "advisory_gap")
    assert row(judged, "CN-CONT-UPDATE").due is None  # type: ignore[union-attr]
    more = [said("r1", at(1)), said("r2", at(8), form="update", is_new_fact=True)]
    assert verdict(judge(an_incident(responses=more), 90), "CN-CONT-UPDATE") == ("met", "follow_up_released")
    assert row(judge(an_incident(), 90), "CN-CONT-UPDATE") is None


# --- grade ------------------------------------------------------------------------------------------------------------


def test_an_ungraded_emergency_runs_a_provisional_clock_that_is_never_breached() -> None:
    ungraded = an_incident(figures=[])
    early, late = judge(ungraded, 1), judge(ungraded, 40)
    assert verdict(early) == ("pending", "provisional_grade")
    assert row(early).provisional  # type: ignore[union-attr]
    assert verdict(late) == ("indeterminate", "grade_not_evident")
    assert not any("breached" in one.after for one in judge(ungraded, 40).changes if one.rule != "CN-48H-OTHER")


def test_the_kind_most_texts_see_else_the_first_seen_grades() -> None:
    attack = msgspec.structs.replace(an_emergency(1, type="社会安全"), mention="p2")
    assert judge(an_incident(emergencies=[attack, an_emergency()]), 2).event_type == "事故灾难"
    again = msgspec.structs.replace(attack, mention="p3")
    judged = judge(an_incident(emergencies=[attack, again, an_emergency()]), 2)
    assert (judged.event_type, judged.severity.grade) == ("社会安全", None)


def test_upgrade_recomputes_strictly_from_occurred() -> None:
    figures = [deaths(2), deaths(12, known=8, mention="p2")]
    before, after = judge(an_incident(figures=figures), 7), judge(an_incident(figures=figures), 9)
    assert row(before) is None
    assert verdict(after) == ("breached", "no_statement")
    assert verdict(after, clock="severity_evident") == ("pending", "awaiting_statement")
    change = next(one for one in after.changes if one.after == "breached" and one.clock == "strict")
    assert change.at == NOON + 5 * HOUR + timedelta(seconds=59)
    assert change.known_at == NOON + 8 * HOUR


def test_downgrade_by_the_authority_keeps_the_record() -> None:
    figures = [deaths(12), deaths(8, known=3, mention="r1", issuer="云泽市应急管理局")]
    judged = judge(an_incident(figures=figures), 40)
    assert verdict(judged) == ("not_applicable", "no_longer_applies")
    assert [one.after for one in judged.changes if (one.rule, one.clock) == ("CN-5H-AUTH", "strict")] == [
        "pending",
        "not_applicable",
    ]
    assert [step.grade for step in judged.severity.history] == ["II", "III"]


def test_a_persons_grade_stands_over_figures() -> None:
    judged = judge(an_incident(decisions=[decided("severity", 1, "III")]), 40)
    assert judged.severity.basis == "decision"
    assert verdict(judged) == ("not_applicable", "no_longer_applies")
    raised = judge(an_incident(figures=[deaths(1)], decisions=[decided("severity", 1, "I")]), 40)
    assert verdict(raised) == ("breached", "no_statement")


# --- a known case -----------------------------------------------------------------------------------------------------


def test_a_hospital_fire_of_2023() -> None:
    """Occurred 12:50; a bulletin with figures "截至18时" the same day; a briefing 中午 the next day."""

    def day(number: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2023, 4, number, hour, minute, tzinfo=SHANGHAI)

    fire = Interval(
        earliest=day(18, 12, 50), latest=day(18, 12, 50) + timedelta(seconds=59), precision="minute", source="text"
    )
    evening = Interval(earliest=day(18, 18), latest=day(19, 0), precision="part_of_day", source="text")
    noon = Interval(earliest=day(19, 11), latest=day(19, 13), precision="part_of_day", source="text")
    seen = Interval(earliest=day(18, 13), latest=day(18, 13), precision="second", source="row")
    incident = an_incident(
        opened_at=day(18, 13), first_public=FirstPublic(interval=seen, mention="p1"),
        emergencies=[msgspec.structs.replace(an_emergency(), known_at=day(18, 13))],
        occurred=[OccurredFact(interval=stated(fire), mention="r1", known_at=day(19, 0))],
        figures=[
            FigureFact(name="deaths", value=21, mention="r1", known_at=day(19, 0), issuer="某区政府", published=evening)
        ],
        responses=[
            said("r1", evening), said("r2", noon, form="conference_held"),
        ],
    )  # fmt: skip
    judged = judge_incident(incident, {}, RULES, Register(), day(20, 12), assume_covered=True)
    assert judged.severity.grade == "II"
    strict = row(judged)
    assert strict is not None
    # Strictly late; the gravity was evident only by that bulletin itself, which is no time after itself.
    assert (strict.verdict, strict.satisfied_by) == ("breached_but_fair_clock_met", None)
    assert verdict(judged, clock="opinion") == ("indeterminate", "statement_straddles_deadline")
    assert verdict(judged, "CN-24H-PRESSER") == ("indeterminate", "statement_straddles_deadline")
