"""The alert step: opened once, a ladder of rungs, verdicts, upgrades, heat; never twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.core.alert_policy import AlertPolicy, Silence
from stream.core.cases import (
    Alert,
    Due,
    FigureFact,
    FirstPublic,
    Heat,
    HotFact,
    Incident,
    Judgement,
    Obligation,
    Reminder,
    SeverityView,
    TopicHeat,
    VerdictChange,
)
from stream.core.documents import Decision
from stream.core.intervals import SHANGHAI, exactly
from stream.settings import load_yaml
from stream.steps.alert import AlertStep

T0 = datetime(2026, 3, 2, 8, 0, tzinfo=SHANGHAI)
POLICY = load_yaml(Path(__file__).parents[2] / "config" / "alerts.yaml", AlertPolicy)
INCIDENT = "i-00112233aabbccdd"


class MemoryState:
    """stream.ports.State over a dictionary: what the runner's batch shows a step, without a store."""

    def __init__(self) -> None:
        self.items: dict[tuple[type, str], Any] = {}

    def get(self, kind: type, id: str) -> Any:
        return self.items.get((kind, id))

    def put(self, item: Any) -> None:
        self.items[type(item), item.id] = item

    def revision(self, kind: type, id: str) -> int:
        return 1

    def listing(self, kind: type, where: Any, *, order: str = "id", limit: int = 1000) -> list[Any]:
        return [item for (one, _), item in sorted(self.items.items(), key=lambda pair: pair[0][1]) if one is kind]


def obligation(rule: str = "CN-5H-AUTH", hours: float = 5, **changes: Any) -> Obligation:
    due = T0 + timedelta(hours=hours)
    fields: dict[str, Any] = {
        "rule": rule, "rule_version": "1", "modality": "must", "body": "云岚省霁川市应急管理局", "clock": "strict",
        "start": exactly(T0, "text"), "basis": "occurred", "due": Due(earliest=due, latest=due), "verdict": "pending",
        "reason": "running", "satisfied_by": None, "elapsed_s": None, "evidence": [],
    }  # fmt: skip
    return Obligation(**{**fields, **changes})


def judgement(at: datetime = T0 + timedelta(minutes=20), **changes: Any) -> Judgement:
    fields: dict[str, Any] = {
        "id": INCIDENT, "collected_at": at, "title": "霁川市一化工厂发生爆炸", "region": "990100",
        "topics": ["安全生产"],
        "state": "open", "incident_revision": 1, "opened_at": T0, "is_emergency": True, "event_type": "事故灾难",
        "occurred": exactly(T0, "text"), "severity": SeverityView(grade=None, basis="", mentions=[], history=[]),
        "figures": [], "gate": "incident", "responsible": [], "obligations": [obligation()], "changes": [],
        "coverage": [], "hot": [], "versions": {},
    }  # fmt: skip
    return Judgement(**{**fields, **changes})


def graded(grade: Any) -> SeverityView:
    return SeverityView(grade=grade, basis="deaths", mentions=["p1"], history=[])


def change(after: str, at: datetime, before: str | None = "pending", **changes: Any) -> VerdictChange:
    fields: dict[str, Any] = {
        "id": f"c-{after}-{at:%d%H%M}", "at": at, "known_at": at, "incident": INCIDENT, "rule": "CN-5H-AUTH",
        "body": "云岚省霁川市应急管理局", "clock": "strict", "before": before, "after": after, "reason": "named",
    }  # fmt: skip
    return VerdictChange(**{**fields, **changes})


def ring_until_quiet(step: AlertStep, state: MemoryState, until: datetime) -> list[Alert]:
    told: list[Any] = []
    while (due := state.get(Reminder, INCIDENT).due_at) is not None and due <= until:
        told += step.tick(state.get(Reminder, INCIDENT), due, state)
        after = state.get(Reminder, INCIDENT).due_at
        assert after is None or after > due
    return told


def test_an_emergency_is_opened_once_and_climbs_its_ladder() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    first = list(step.handle(judgement(), state))
    assert [(one.rung, one.at) for one in first] == [("opened", T0 + timedelta(minutes=20))]
    assert "还剩4小时40分" in first[0].text
    assert list(step.handle(judgement(T0 + timedelta(minutes=30)), state)) == []
    told = ring_until_quiet(step, state, T0 + timedelta(days=1))
    hours = [(one.rung, (one.at - T0).total_seconds() / 3600) for one in told]
    assert hours == [("T-3h", 2.0), ("T-1h", 4.0), ("T-30m", 4.5), ("due", 5.0), ("overdue", 6.0)]


def test_a_redelivered_judgement_yields_the_same_and_changes_nothing() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    first = list(step.handle(judgement(), state))
    kept = dict(state.items)
    assert list(step.handle(judgement(), state)) == first
    assert state.items == kept


def test_an_older_judgement_that_comes_again_does_not_turn_time_back() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    list(step.handle(judgement(), state))
    met = obligation(verdict="met", satisfied_by="p2")
    list(step.handle(judgement(T0 + timedelta(hours=1), obligations=[met]), state))
    assert state.get(Reminder, INCIDENT).due_at is None
    list(step.handle(judgement(), state))
    assert state.get(Reminder, INCIDENT).due_at is None


def test_rungs_already_past_are_skipped_and_the_opening_says_what_is_left() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    first = list(step.handle(judgement(T0 + timedelta(hours=4, minutes=10)), state))
    assert "还剩50分钟" in first[0].text
    told = ring_until_quiet(step, state, T0 + timedelta(days=1))
    assert [one.rung for one in told] == ["T-30m", "due", "overdue"]


def test_a_statement_silences_the_ladder() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    list(step.handle(judgement(), state))
    later = judgement(T0 + timedelta(hours=1), obligations=[obligation(verdict="met", satisfied_by="p2")])
    list(step.handle(later, state))
    assert ring_until_quiet(step, state, T0 + timedelta(days=2)) == []


@pytest.mark.parametrize(
    ("provisional", "rungs"),
    [(True, []), (False, ["T-3h", "T-1h", "T-30m", "due", "overdue"])],
    ids=["provisional conference rests", "a definite one goes on"],
)
def test_a_statement_rests_only_the_provisional_conference_clock(provisional: bool, rungs: list[str]) -> None:
    step, state = AlertStep(POLICY), MemoryState()
    duties = [
        obligation(verdict="met", satisfied_by="p2"),
        obligation("CN-24H-PRESSER", 24, modality="in_principle", provisional=provisional),
    ]
    list(step.handle(judgement(obligations=duties), state))
    assert [one.rung for one in ring_until_quiet(step, state, T0 + timedelta(days=2))] == rungs


def test_provisional_and_in_principle_clocks_are_labelled() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    duties = [obligation("CN-24H-PRESSER", 24, modality="in_principle", provisional=True)]
    first = list(step.handle(judgement(obligations=duties), state))
    told = ring_until_quiet(step, state, T0 + timedelta(days=2))
    for one in [*first, *told]:
        assert "24小时内举行新闻发布会（暂定、原则上）" in one.text


@pytest.mark.parametrize(
    ("changed", "severity", "rungs"),
    [
        ([change("breached", T0 + timedelta(hours=5))], graded("II"), ["opened", "breached"]),
        ([change("met", T0 + timedelta(hours=2))], graded("III"), ["opened", "met"]),
        ([change("met", T0 + timedelta(hours=2))], graded(None), ["opened"]),
        ([change("met", T0 + timedelta(hours=2), before=None)], graded("II"), ["opened"]),
        ([change("unknown_coverage_gap", T0 + timedelta(hours=6))], graded("II"), ["opened", "unknown_coverage_gap"]),
        ([change("breached", T0 + timedelta(hours=5), clock="opinion_public")], graded("II"), ["opened"]),
        (
            [
                change("met", T0 + timedelta(hours=2)),
                change("met_then_retracted", T0 + timedelta(hours=3), before="met"),
            ],
            graded("II"),
            ["opened", "met", "met_then_retracted"],
        ),
        (
            [
                change("breached", T0 + timedelta(hours=5), id="c1"),
                change("met", T0 + timedelta(hours=4), before="breached", id="c2", known_at=T0 + timedelta(hours=7)),
                change("breached", T0 + timedelta(hours=9), before="met", id="c3"),
            ],
            graded("II"),
            ["opened", "breached", "met", "breached.2"],
        ),
    ],
    ids=["breached", "met graded", "met ungraded", "met at once", "unknown", "alternate", "retracted", "twice"],
)
def test_verdicts_are_told_once(changed: list[VerdictChange], severity: SeverityView, rungs: list[str]) -> None:
    step, state = AlertStep(POLICY), MemoryState()
    now = T0 + timedelta(hours=10)
    told = list(step.handle(judgement(now, changes=changed, severity=severity, obligations=[]), state))
    assert [one.rung for one in told] == rungs
    assert list(step.handle(judgement(now + timedelta(hours=1), changes=changed, severity=severity), state)) == []


def test_several_bodies_late_by_one_rule_are_one_alert() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    at = T0 + timedelta(hours=5)
    changed = [change("breached", at, id=f"c{n}", body=f"霁川市第{n}局") for n in range(3)]
    told = list(step.handle(judgement(at, changes=changed, severity=graded("II")), state))
    assert [one.rung for one in told] == ["opened", "breached"]
    assert "霁川市第0局、霁川市第1局、霁川市第2局" in told[1].text


def test_what_we_could_not_see_is_never_called_late() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    at = T0 + timedelta(hours=8)
    gap = change("unknown_coverage_gap", at, reason="coverage_gap")
    told = list(step.handle(judgement(at, changes=[gap], severity=graded("II"), obligations=[]), state))
    assert "这不是超时结论" in told[1].text
    assert "超时" not in told[1].title


def test_an_upgrade_is_told_once_and_not_when_the_opening_told_it() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    list(step.handle(judgement(), state))
    told = list(step.handle(judgement(T0 + timedelta(hours=1), severity=graded("II")), state))
    assert [(one.rung, one.title[:8]) for one in told] == [("grade-II", "【等级判为重大】")]
    assert list(step.handle(judgement(T0 + timedelta(hours=2), severity=graded("II")), state)) == []
    fresh = MemoryState()
    assert len(list(step.handle(judgement(severity=graded("II")), fresh))) == 1
    assert list(step.handle(judgement(T0 + timedelta(hours=1), severity=graded("II")), fresh)) == []


@pytest.mark.parametrize("state_name", ["dismissed", "merged"])
def test_a_dismissed_or_merged_incident_tells_and_reminds_nobody(state_name: Any) -> None:
    step, state = AlertStep(POLICY), MemoryState()
    list(step.handle(judgement(), state))
    changed = [change("breached", T0 + timedelta(hours=5))]
    assert list(step.handle(judgement(T0 + timedelta(hours=5), state=state_name, changes=changed), state)) == []
    assert state.get(Reminder, INCIDENT).due_at is None


def test_nothing_is_remembered_of_what_concerns_nobody() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    quiet = judgement(is_emergency=False, gate=None, obligations=[])
    assert list(step.handle(quiet, state)) == []
    assert state.items == {}


def test_a_gate_that_a_person_opened_is_told() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    duties = [obligation("CN-48H-OTHER", 48)]
    told = list(step.handle(judgement(is_emergency=False, gate="vital_interest", obligations=duties), state))
    assert [one.rung for one in told] == ["opened"]
    assert "48小时内予以回应" in told[0].text


def test_a_silence_mutes_its_region_only() -> None:
    muted = Silence(by="值班室", why="演练", until=T0 + timedelta(days=1), region="9901")
    policy = msgspec.structs.replace(POLICY, silences=[muted])
    assert list(AlertStep(policy).handle(judgement(), MemoryState())) == []
    assert len(list(AlertStep(policy).handle(judgement(region="990200"), MemoryState()))) == 1


def acknowledged(at: datetime) -> Incident:
    decision = Decision(
        id="d1", collected_at=at, who="值班员甲", what="acknowledge", incident_of="p1", why="已转办"
    )  # fmt: skip
    return Incident(
        id=INCIDENT, collected_at=at, title="", opened_at=T0, state="open", merged_into=None, closed_at=None,
        first_public=FirstPublic(interval=exactly(T0, "row"), mention="p1"), regions=[], topics=[], bodies=[],
        emergencies=[], occurred=[], figures=[], responses=[], decisions=[decision], hot=[],
        heat=Heat(posts=1, peak=1, peak_at=None, hourly=[]), terms=[],
    )  # fmt: skip


def test_an_acknowledgement_rests_the_ladder_up_to_the_deadline_from_then_on() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    list(step.handle(judgement(), state))
    state.put(acknowledged(T0 + timedelta(hours=3)))  # stored already, but newer than the first rung
    told = ring_until_quiet(step, state, T0 + timedelta(days=1))
    assert [one.rung for one in told] == ["T-3h", "due", "overdue"]
    assert state.get(Reminder, INCIDENT).acknowledged_by == "值班员甲"


def spike(hours: float, count: int, baseline: float = 2.0) -> HotFact:
    return HotFact(at=T0 + timedelta(hours=hours), count=count, baseline=baseline, reason="spike")


@pytest.mark.parametrize(
    ("topic", "spikes", "told"),
    [
        ("房地产", [spike(1, 40)], 1),
        ("房地产", [spike(1, 25)], 0),
        ("安全生产", [spike(1, 25)], 1),
        ("房地产", [spike(1, 40, baseline=30)], 0),
        ("房地产", [spike(1, 40), spike(3, 50)], 1),
        ("房地产", [spike(1, 40), spike(8, 50)], 2),
    ],
    ids=["big", "small", "its own limit", "usual", "within the gap", "after the gap"],
)
def test_a_hot_topic_is_told_once_a_spike(topic: str, spikes: list[HotFact], told: int) -> None:
    step, state = AlertStep(POLICY), MemoryState()
    heat = TopicHeat(
        id=f"{topic}|", collected_at=spikes[-1].at, topic=topic, region=None, hourly=[], hot=spikes
    )  # fmt: skip
    first = list(step.handle(heat, state))
    assert len(first) == told
    assert all(one.incident is None and one.topic == topic for one in first)
    later = msgspec.structs.replace(heat, collected_at=heat.collected_at + timedelta(hours=1))
    assert list(step.handle(later, state)) == []


def test_what_it_does_not_know_it_passes_over() -> None:
    assert list(AlertStep(POLICY).handle(object(), MemoryState())) == []


def test_a_strict_breach_names_the_fair_clock_that_still_runs() -> None:
    step, state = AlertStep(POLICY), MemoryState()
    at = T0 + timedelta(hours=25)
    fair = obligation("CN-24H-PRESSER", 40, clock="severity_evident")
    late = obligation("CN-24H-PRESSER", 24, verdict="breached")
    changed = [change("breached", at, rule="CN-24H-PRESSER")]
    told = list(step.handle(judgement(at, obligations=[late, fair], changes=changed, severity=graded("II")), state))
    assert "自等级可判断时起计，时限 2026年3月4日 00:00，还剩15小时" in told[1].text
    met = msgspec.structs.replace(fair, verdict="met")
    calm = judgement(at, obligations=[late, met], changes=changed, severity=graded("II"))
    assert "另计" not in list(step.handle(calm, MemoryState()))[1].text


def test_figures_are_the_newest_and_the_missing_go_when_a_later_toll_has_none() -> None:
    def fact(name: str, value: int, hours: float, issuer: str | None = None) -> FigureFact:
        return FigureFact(
            name=name, value=value, mention=f"p{hours}", known_at=T0 + timedelta(hours=hours), issuer=issuer
        )

    facts = [
        fact("deaths", 2, 1, "甲局"), fact("missing", 9, 1, "甲局"),
        fact("deaths", 11, 3, "甲局"), fact("deaths", 13, 4),
    ]  # fmt: skip
    told = list(AlertStep(POLICY).handle(judgement(figures=facts), MemoryState()))
    assert "已知：死亡11人\n" in told[0].text
