"""The keys at the end of a line of incidents.jsonl: by body, conflicts, gaps, and the view without people."""

from __future__ import annotations

import json
from typing import Any

from stream.outputs import incident_line, line
from tests.core.verdict_scenes import BUREAU, NOON, an_incident, at, decided, figure, judge, polls, said

AFTER_HEAT = ["by_body", "conflicts", "gaps", "automatic"]


def a_line(**more: Any) -> dict[str, Any]:
    incident = an_incident(**more)
    covered = {"bureau": polls((-1, 1, True), (2, 29, True)), "city": polls((-1, 29, True))}
    found = json.loads(line(incident_line(incident, judge(incident, 30, covered), ["p1"])))
    assert isinstance(found, dict)
    return found


def test_new_keys_stand_at_the_end_in_their_documented_order() -> None:
    told = [figure(12), figure(11, 2, "r2", issuer="云泽市公安局"), figure(13, 3, "r1", issuer=BUREAU)]
    found = a_line(figures=told, responses=[said("r1", at(3))], decisions=[decided("exempt", 4, "EX-SECRET")])
    assert list(found)[-5:] == ["heat", *AFTER_HEAT]
    assert list(found["by_body"][0]) == ["body", "role", "rule", "verdict", "reason", "satisfied_by", "elapsed_s"]
    assert list(found["conflicts"][0]) == ["name", "stated", "known_at", "resolved_at"]
    assert list(found["conflicts"][0]["stated"][0]) == ["issuer", "value", "mention", "known_at", "published"]
    assert list(found["automatic"][0]) == list(found["obligations"][0])
    assert found["by_body"][0] == {
        "body": BUREAU, "role": "event:事故灾难", "rule": "CN-5H-AUTH", "verdict": "met",
        "reason": "statement_in_time", "satisfied_by": "r1", "elapsed_s": {"min": 10800, "max": 10800},
    }  # fmt: skip


def test_a_gap_says_which_channel_and_when() -> None:
    assert a_line()["gaps"][1] == {
        "rule": "CN-5H-AUTH", "clock": "strict", "body": BUREAU, "source": "bureau",
        "from": "2024-03-05T13:00:00+08:00", "to": "2024-03-05T13:30:00+08:00", "reason": "coverage_gap",
        "share": 100, "counts": True,
    }  # fmt: skip


def test_without_a_judgement_they_are_empty() -> None:
    found = incident_line(an_incident(opened_at=NOON), None, [])
    assert [found[key] for key in AFTER_HEAT] == [[], [], [], []]
