"""Golden cases of domain.md: what people decide, and when silence is evidence. Places are fictional."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from stream.core.cases import (
    EmergencyFact,
    FigureFact,
    FirstPublic,
    Heat,
    Incident,
    Judgement,
    OccurredFact,
    PollSpan,
    Response,
    Responsible,
)
from stream.core.documents import Decision, Emergency
from stream.core.intervals import SHANGHAI, Interval, StatedInterval, exactly
from stream.core.judgement import judge_incident
from stream.core.rules import Rules
from stream.settings import load_yaml

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
HOUR = timedelta(hours=1)
NOON = datetime(2024, 3, 5, 12, 0, tzinfo=SHANGHAI)
PUBLIC = NOON + 0.2 * HOUR
DEADLINE = NOON + 5 * HOUR


class Channel(Struct, frozen=True):
    source: str
    poll_minutes: int = 30


class Register:
    """One body with one watched channel; `channels` can be emptied."""

    def __init__(self, bodies: Sequence[str] = ("云泽市应急管理局",), channels: Sequence[str] = ("yz",)) -> None:
        self._bodies, self._channels = bodies, channels

    def responsible(self, topics: Any, regions: Any, named_bodies: Any, event_type: Any, at: datetime) -> Any:
        return [Responsible(body=one, rule="territorial") for one in self._bodies]

    def resolve(self, name: str, at: Any) -> None:
        """Whose region is unknown has the benefit of the doubt."""

    def channels(self, body: str, at: datetime) -> list[Channel]:
        return [Channel(one) for one in self._channels]


def at(hours: float) -> Interval:
    return exactly(NOON + timedelta(hours=hours), "row")


def said(mention: str, published: Interval, **more: Any) -> Response:
    given: dict[str, Any] = {
        "mention": mention, "answers": None, "answered": None, "published": published, "form": "statement",
        "issuer": "云泽市应急管理局", "issuer_kind": "government", "level": "city", "is_authoritative": True,
        "known_at": published.latest, "title": "情况通报",
    }  # fmt: skip
    return Response(**(given | more))


def decided(what: str, hours: float, value: Any = None, why: str = "有据", who: str = "值班长") -> Decision:
    return Decision(
        id=f"d-{what}-{hours}", collected_at=NOON + timedelta(hours=hours), who=who, what=what,  # type: ignore[arg-type]
        incident_of="p1", value=value, why=why,
    )  # fmt: skip


def an_incident(**changes: Any) -> Incident:
    """An explosion at NOON (to the second) with 12 dead, public 12 minutes later."""
    kind = Emergency(is_emergency=True, type="事故灾难", subtype="爆炸", in_china=True)
    stated = StatedInterval(earliest=NOON, latest=NOON, precision="second", source="text", text="12时")
    given: dict[str, Any] = {
        "id": "i-1", "collected_at": NOON + 100 * HOUR, "title": "云泽一厂房爆炸", "opened_at": PUBLIC,
        "state": "open", "merged_into": None, "closed_at": None, "regions": ["440399"], "topics": ["安全生产"],
        "bodies": [], "responses": [], "decisions": [], "hot": [], "terms": [],
        "first_public": FirstPublic(interval=exactly(PUBLIC, "row"), mention="p1"),
        "emergencies": [EmergencyFact(emergency=kind, mention="p1", known_at=PUBLIC)],
        "occurred": [OccurredFact(interval=stated, mention="p1", known_at=PUBLIC)],
        "figures": [FigureFact(name="deaths", value=12, mention="p1", known_at=PUBLIC, published=at(0.2))],
        "heat": Heat(posts=1, peak=1, peak_at=None, hourly=[]),
    }  # fmt: skip
    return Incident(**(given | changes))


def judge(incident: Incident, hours: float, spans: Any = None, register: Register | None = None) -> Judgement:
    """As known `hours` after NOON; silence is evidence unless coverage is given."""
    until = NOON + timedelta(hours=hours)
    return judge_incident(incident, spans or {}, RULES, register or Register(), until, assume_covered=spans is None)


def verdict(judgement: Judgement, rule: str = "CN-5H-AUTH", clock: str = "strict") -> tuple[str, str] | None:
    found = [one for one in judgement.obligations if (one.rule, one.clock) == (rule, clock)]
    return (found[0].verdict, found[0].reason) if found else None


def polls(*spans: tuple[float, float, bool], late: float = 0.0) -> dict[str, list[PollSpan]]:
    return {
        "yz": [
            PollSpan(NOON + first * HOUR, NOON + last * HOUR, NOON + (last + late) * HOUR, ok)
            for first, last, ok in spans
        ]
    }


# --- people -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (decided("exempt", 2, "EX-SECRET"), ("exempt_claimed", "exempt_by_person")),
        (decided("exempt", 2, {"ground": "EX-SECRET", "rule": "CN-5H-AUTH"}), ("exempt_claimed", "exempt_by_person")),
        (decided("exempt", 2, {"ground": "EX-SECRET", "rule": "CN-24H-PRESSER"}), ("breached", "no_statement")),
        (decided("exempt", 2, "EX-INVESTIGATION"), ("breached", "no_statement")),  # never excuses
        (decided("exempt", 2, "EX-SECRET", why=""), ("breached", "no_statement")),  # no basis quoted
        (decided("exempt", 2, "EX-SECRET", who=" "), ("breached", "no_statement")),  # nobody named
        (decided("exempt", 2, ["?"]), ("breached", "no_statement")),
    ],
)
def test_exemption_only_by_a_named_person_with_the_basis(decision: Decision, expected: tuple[str, str]) -> None:
    assert verdict(judge(an_incident(decisions=[decision]), 6)) == expected


def test_what_was_answered_in_time_needs_no_excuse() -> None:
    incident = an_incident(responses=[said("r1", at(1))], decisions=[decided("exempt", 2, "EX-SECRET")])
    assert verdict(judge(incident, 6)) == ("met", "statement_in_time")
    assert verdict(judge(incident, 6), "CN-24H-PRESSER") == ("exempt_claimed", "exempt_by_person")


@pytest.mark.parametrize("value", ["r1", ["r1", "r7"]])
def test_a_rejected_response_leaves_the_verdict_from_then_on(value: Any) -> None:
    incident = an_incident(responses=[said("r1", at(1))], decisions=[decided("reject", 8, value)])
    assert verdict(judge(incident, 7)) == ("met", "statement_in_time")
    assert verdict(judge(incident, 9)) == ("breached", "no_statement")


def test_a_rejected_response_does_not_stand_until_it_is_corrected() -> None:
    correction = decided("restate", 12, {"mention": "r1", "at": "2024-03-05T13:30:00+08:00"})
    incident = an_incident(responses=[said("r1", at(1))], decisions=[decided("reject", 8, "r1"), correction])
    assert verdict(judge(incident, 7)) == ("met", "statement_in_time")
    assert verdict(judge(incident, 10)) == ("breached", "no_statement")
    assert verdict(judge(incident, 14)) == ("breached", "no_statement")


def test_a_corrected_publication_time_restates() -> None:
    correction = {"mention": "r1", "at": "2024-03-05T19:00:00+08:00"}
    incident = an_incident(responses=[said("r1", at(1))], decisions=[decided("restate", 9, correction)])
    assert verdict(judge(incident, 8)) == ("met", "statement_in_time")
    assert verdict(judge(incident, 10)) == ("breached", "statement_late")


def test_a_dismissed_incident_owes_nothing_from_then_on() -> None:
    incident = an_incident(state="dismissed", decisions=[decided("dismiss", 7)])
    assert verdict(judge(incident, 6)) == ("breached", "no_statement")
    assert verdict(judge(incident, 8)) == ("not_applicable", "incident_dismissed")


def test_what_is_learnt_after_a_dismissal_does_not_move_it() -> None:
    """Once dismissed it owes nothing, whatever else becomes known; confirmed again, it owes again."""
    count = FigureFact(name="deaths", value=13, mention="p2", known_at=NOON + 9 * HOUR, published=at(9))
    later = an_incident(state="dismissed", figures=[*an_incident().figures, count], decisions=[decided("dismiss", 7)])
    path = [(one.known_at, one.after) for one in judge(later, 20).changes if one.clock == "strict"]
    assert (NOON + 7 * HOUR, "not_applicable") in path
    assert judge(later, 8).changes == [one for one in judge(later, 20).changes if one.known_at <= NOON + 8 * HOUR]
    again = an_incident(decisions=[decided("dismiss", 7), decided("confirm", 10)])
    assert verdict(judge(again, 8)) == ("not_applicable", "incident_dismissed")
    assert verdict(judge(again, 12)) == ("breached", "no_statement")


def test_a_grade_taken_back_lets_the_figures_grade_again() -> None:
    incident = an_incident(decisions=[decided("severity", 1, "III"), decided("severity", 8)])
    assert verdict(judge(incident, 7)) == ("not_applicable", "no_longer_applies")
    assert verdict(judge(incident, 9)) == ("breached", "no_statement")


def test_a_reply_on_a_message_board_does_not_answer_an_emergency() -> None:
    reply = said("p1#reply", at(1), answers="p1", answered=at(0.2))
    other = said("r2", at(1), answers="p7", answered=at(0.3))
    assert verdict(judge(an_incident(responses=[reply, other]), 6)) == ("breached", "no_statement")
    own = an_incident(emergencies=[], figures=[], responses=[reply], decisions=[decided("gate", 1, "vital_interest")])
    assert verdict(judge(own, 60), "CN-48H-OTHER") == ("met", "statement_in_time")


def test_the_issuers_level_is_advice_on_the_gravest_only() -> None:
    plan = decided("occurred", 0.2, "2025-03-05T11:00:00+08:00")
    first = FirstPublic(interval=at(365 * 24), mention="p1")
    grave = an_incident(decisions=[plan], first_public=first, responses=[said("r1", at(2))])
    assert verdict(judge(grave, 90), "CN-ISSUER-LEVEL") == ("pending", "no_number")
    higher = msgspec.structs.replace(grave, responses=[said("r1", at(2), level="province")])
    assert verdict(judge(higher, 90), "CN-ISSUER-LEVEL") == ("met", "issuer_level_reached")
    assert verdict(judge(msgspec.structs.replace(grave, figures=[]), 90), "CN-ISSUER-LEVEL") is None


# --- coverage ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "hours", "expected"),
    [
        (polls((-1, 4, True)), 6, ("pending", "awaiting_coverage")),
        (polls((-1, 4, True)), 12, ("unknown_coverage_gap", "never_polled_past_deadline")),
        (polls((-1, 5.5, True)), 6, ("breached", "no_statement")),
        (polls((-1, 3, True), (3, 5.5, True)), 6, ("breached", "no_statement")),
        (polls((-1, 3, True), (3.4, 5.5, True)), 6, ("breached", "no_statement")),  # within the polling interval
        (polls((-1, 4.8, True), (5.2, 5.5, True)), 6, ("breached", "no_statement")),  # the next poll reaches back
        (polls((-1, 4.6, True), (5.4, 5.5, True)), 6, ("unknown_coverage_gap", "coverage_gap")),
        (polls((-1, 2, True), (3, 5.5, True)), 6, ("unknown_coverage_gap", "coverage_gap")),
        (polls((-1, 2, True), (2, 3, False), (3, 5.5, True)), 6, ("unknown_coverage_gap", "channel_unreachable")),
        (polls((1, 5.5, True)), 6, ("unknown_coverage_gap", "coverage_gap")),
        (polls((-1, 5.5, True), late=3), 6, ("pending", "awaiting_coverage")),  # not known yet
        (polls((-1, 5.5, True), late=3), 9, ("breached", "no_statement")),
        ({"other": []}, 6, ("pending", "awaiting_coverage")),
    ],
)
def test_silence_is_breached_only_over_a_covered_window(spans: Any, hours: float, expected: tuple[str, str]) -> None:
    assert verdict(judge(an_incident(), hours, spans)) == expected


def test_the_window_of_an_occurrence_long_before_it_was_public_is_no_gap() -> None:
    """Stated as "before yesterday 08:00" and nothing more: the window ends before the first post, and was watched."""
    before = Interval(earliest=None, latest=NOON - 28 * HOUR, precision="minute", source="text")
    stated = StatedInterval(earliest=None, latest=before.latest, precision="minute", source="text", text="昨日8时前")
    incident = an_incident(occurred=[OccurredFact(interval=stated, mention="p1", known_at=PUBLIC)])
    assert verdict(judge(incident, 6, polls((-30, 5.5, True)))) == ("breached", "no_statement")
    assert verdict(judge(incident, 6, polls((-25, 5.5, True)))) == ("unknown_coverage_gap", "coverage_gap")


def test_the_poll_that_reaches_back_counts_whenever_it_is_known() -> None:
    """Two polls after the deadline; the nearer one, told later, is the one that saw the window's end."""
    spans = polls((-1, 4.6, True), (6, 7, True))
    assert verdict(judge(an_incident(), 8, spans)) == ("unknown_coverage_gap", "coverage_gap")
    spans["yz"].insert(1, PollSpan(NOON + 5 * HOUR, NOON + 5.2 * HOUR, NOON + 9 * HOUR, True))
    assert verdict(judge(an_incident(), 8, spans)) == ("unknown_coverage_gap", "coverage_gap")
    assert verdict(judge(an_incident(), 10, spans)) == ("breached", "no_statement")


def test_unwatched_and_unknown_bodies_are_not_accused() -> None:
    covered = polls((-1, 60, True))
    unwatched = judge(an_incident(), 6, covered, register=Register(channels=()))
    assert verdict(unwatched) == ("unknown_coverage_gap", "unwatched")
    nobody = judge(an_incident(), 6, covered, register=Register(bodies=()))
    assert verdict(nobody) == ("unknown_coverage_gap", "no_responsible_body")


def test_a_late_statement_is_breached_only_if_the_window_was_covered() -> None:
    incident = an_incident(responses=[said("r1", at(7))])
    assert verdict(judge(incident, 20, polls((-1, 8, True)))) == ("breached", "statement_late")
    gap = polls((-1, 1, True), (4, 8, True))
    assert verdict(judge(incident, 20, gap)) == ("unknown_coverage_gap", "coverage_gap")


def test_a_breach_by_silence_is_dated_at_the_deadline_and_known_at_the_poll() -> None:
    judged = judge(an_incident(), 20, polls((-1, 3, True), (3, 7, True)))
    change = next(one for one in judged.changes if one.after == "breached" and one.clock == "strict")
    assert (change.at, change.known_at) == (DEADLINE, NOON + 7 * HOUR)
    assert [(one.from_at, one.to_at) for one in judged.coverage] == [(NOON - HOUR, NOON + 7 * HOUR)]


def test_a_statement_known_later_does_not_reach_back_into_what_was_ruled_before() -> None:
    """Nobody polled within the grace: unknown by 23:00, although a timely statement is found in the night."""
    found = said("r1", at(1), known_at=NOON + 20 * HOUR)
    early = judge(an_incident(), 15, polls((-1, 3, True)))
    assert verdict(early) == ("unknown_coverage_gap", "never_polled_past_deadline")
    later = an_incident(responses=[found])
    assert judge(later, 15, polls((-1, 3, True))).changes == early.changes
    assert verdict(judge(later, 21, polls((-1, 3, True)))) == ("met", "statement_in_time")


def test_a_gap_filled_afterwards_restates() -> None:
    spans = polls((-1, 2, True), (3, 5.5, True))
    spans["yz"].insert(1, PollSpan(NOON + 2 * HOUR, NOON + 3 * HOUR, NOON + 30 * HOUR, True))
    judged = judge(an_incident(), 40, spans)
    path = [one.after for one in judged.changes if (one.rule, one.clock) == ("CN-5H-AUTH", "strict")]
    assert path == ["pending", "unknown_coverage_gap", "breached"]
