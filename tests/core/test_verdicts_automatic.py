"""The view without people: which rows would stand otherwise had nobody decided, and the past that stays."""

from __future__ import annotations

from typing import Any

import pytest

from stream.core.documents import Decision
from stream.core.moves import known_since
from tests.core.verdict_scenes import HOUR, NOON, an_incident, at, decided, figure, judge, path, said, verdict


def alone(*decisions: Decision, hours: float = 30, **changes: Any) -> dict[tuple[str, str], tuple[str, str]]:
    judged = judge(an_incident(decisions=list(decisions), **changes), hours)
    return {(one.rule, one.clock): (one.verdict, one.reason) for one in judged.automatic}


FIVE = ("CN-5H-AUTH", "strict")


@pytest.mark.parametrize(
    ("decision", "responses", "expected"),
    [
        (decided("exempt", 2, "EX-SECRET"), [], ("breached", "no_statement")),
        (decided("reject", 8, "r1"), [said("r1", at(1))], ("met", "statement_in_time")),
        (decided("conference_held", 3, "2024-03-05T14:00:00"), [], ("breached", "no_statement")),
        (decided("severity", 1, "III"), [], ("breached", "no_statement")),
        (decided("occurred", 1, "2024-03-05T11:00:00"), [said("r1", at(4.5))], ("met", "statement_in_time")),
        (decided("dismiss", 7), [], ("breached", "no_statement")),
    ],
)
def test_the_row_as_it_would_stand_without_the_decision(decision: Any, responses: Any, expected: Any) -> None:
    state = {"state": "dismissed"} if decision.what == "dismiss" else {}
    assert alone(decision, responses=responses, **state)[FIVE] == expected


@pytest.mark.parametrize(
    "decision",
    [
        decided("objection", 9, {"rule": "CN-5H-AUTH"}),
        decided("acknowledge", 3),
        decided("confirm", 3),
        decided("exempt", 2, "EX-INVESTIGATION"),
        decided("exempt", 31, "EX-SECRET"),  # not yet, as known then
        decided("severity", 2, "II"),  # what the figures say themselves
    ],
)
def test_what_changes_no_row_leaves_none_behind(decision: Decision) -> None:
    judged = judge(an_incident(decisions=[decision]), 30)
    kept = [one for one in judged.automatic if (one.verdict, one.reason) != (verdict(judged, one.rule, one.clock))]
    assert kept == []


def test_a_row_that_only_a_decision_brought_about() -> None:
    """An opinion whose gate a person opened owes nothing without them."""
    found = alone(decided("gate", 10, "vital_interest"), hours=60, emergencies=[], figures=[], occurred=[])
    assert found[("CN-48H-OTHER", "strict")] == ("not_applicable", "only_by_decision")


def test_a_row_that_a_decision_took_away_stands_as_it_was() -> None:
    found = alone(decided("severity", 0.2, "III"), hours=3)
    assert found[FIVE] == ("pending", "awaiting_statement")
    assert found[("CN-48H-OTHER", "strict")] == ("not_applicable", "only_by_decision")


def test_an_attached_answer_counts_since_it_was_attached() -> None:
    """Read long ago and attached by a person at 20 h: until then nobody ruled by it."""
    joined = an_incident(
        responses=[said("r1", at(2))],
        figures=[figure(12), figure(13, 2, "r1")],
        decisions=[decided("attach", 20, "r1")],
    )
    incident = known_since(joined, "r1", NOON + 20 * HOUR, an_incident(figures=[figure(12)]))
    judged = judge(incident, 30)
    assert path(judged) == ["pending", "breached", "met"]
    assert verdict(judge(incident, 19)) == ("breached", "no_statement")
    assert [(one.verdict, one.reason) for one in judged.automatic if (one.rule, one.clock) == FIVE] == [
        ("breached", "no_statement")
    ]


def test_attaching_what_stood_there_already_moves_nothing() -> None:
    incident = an_incident(responses=[said("r1", at(2))], decisions=[decided("attach", 20, "r1")])
    assert verdict(judge(incident, 19)) == ("met", "statement_in_time")
    assert judge(incident, 30).automatic == []


def test_posts_split_off_are_known_here_since_the_incident_was_opened() -> None:
    """Facts older than the incident itself: the history begins with it, in order."""
    opened_at = NOON + 20 * HOUR
    incident = an_incident(
        opened_at=opened_at, figures=[figure(2, 1), figure(12, 3, "p2")], responses=[said("r1", at(2))]
    )
    judged = judge(incident, 30)
    assert min(one.known_at for one in judged.changes) == opened_at
    assert [step.grade for step in judged.severity.history] == ["II"]
    assert path(judged) == ["met"]
