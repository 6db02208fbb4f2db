"""Pure decisions of the alerts: stages, rungs, the dead man, the policy's own problems."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.core.alert_candidates import ladder, next_rung_at, rungs
from stream.core.alert_policy import AlertPolicy, Inhibit, Ladder, Retry, Rung, Silence, problems, span
from stream.core.alerts import Candidate, Reason, Situation, dead_man_alert, decide, is_standing_still, sent_key
from stream.core.cases import Due, Obligation
from stream.core.intervals import SHANGHAI
from stream.core.records import Clock
from stream.settings import load_yaml

AT = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)
SHIPPED = Path(__file__).parents[2] / "config" / "alerts.yaml"


def obligation(due: Due | None = None, **changes: Any) -> Obligation:
    fields: dict[str, Any] = {
        "rule": "CN-5H-AUTH", "rule_version": "1", "modality": "must", "body": "甲局", "clock": "strict", "start": None,
        "basis": "occurred", "due": due or Due(earliest=AT, latest=AT), "verdict": "pending",
        "reason": "awaiting_statement", "satisfied_by": None, "elapsed_s": None, "evidence": [],
    }  # fmt: skip
    return Obligation(**{**fields, **changes})


def candidate(**changes: Any) -> Candidate:
    fields: dict[str, Any] = {"about": "i-1", "kind": "ladder", "rule": "CN-5H-AUTH", "rung": "T-1h", "at": AT - HOUR}
    return Candidate(**{**fields, "obligation": obligation(), **changes})


def reasons(*candidates: Candidate, **situation: Any) -> list[Reason]:
    policy = situation.pop("policy", AlertPolicy())
    return [one.reason for one in decide(candidates, Situation(policy=policy, **situation))]


MET = obligation(verdict="met", satisfied_by="p1")


@pytest.mark.parametrize(
    ("given", "situation", "reason"),
    [
        (candidate(), {}, Reason.SEND),
        (candidate(), {"sent": frozenset({"i-1|CN-5H-AUTH|T-1h"})}, Reason.ALREADY_SENT),
        (candidate(), {"sent": frozenset({"i-1|CN-5H-AUTH|T-3h", "i-2|CN-5H-AUTH|T-1h"})}, Reason.SEND),
        (candidate(), {"obligations": (MET,)}, Reason.STATEMENT_CONFIRMED),
        (candidate(kind="verdict", obligation=None, rung="breached"), {"obligations": (MET,)}, Reason.SEND),
        (candidate(), {"acknowledged_by": "值班员甲"}, Reason.ACKNOWLEDGED),
        (candidate(rung="due", at=AT), {"acknowledged_by": "值班员甲"}, Reason.SEND),
        (candidate(kind="verdict", obligation=None), {"acknowledged_by": "值班员甲"}, Reason.SEND),
    ],
    ids=[
        "nothing stops it", "sent", "others sent", "statement", "a verdict is no ladder", "acknowledged",
        "the deadline itself", "a verdict all the same",
    ],
)  # fmt: skip
def test_every_decision_has_its_reason(given: Candidate, situation: dict[str, Any], reason: Reason) -> None:
    assert reasons(given, **situation) == [reason]


@pytest.mark.parametrize(
    ("muted", "reason"),
    [
        ({}, Reason.SILENCED),
        ({"rule": "CN-5H-AUTH"}, Reason.SILENCED),
        ({"rule": "CN-24H-PRESSER"}, Reason.SEND),
        ({"kind": "hot"}, Reason.SEND),
        ({"incident": "i-1"}, Reason.SILENCED),
        ({"incident": "i-2"}, Reason.SEND),
        ({"region": "9901"}, Reason.SILENCED),
        ({"region": "9902"}, Reason.SEND),
        ({"until": AT - HOUR}, Reason.SEND),
        ({"since": AT}, Reason.SEND),
    ],
)
def test_a_silence_fits_in_every_field(muted: dict[str, Any], reason: Reason) -> None:
    fields = {"by": "值班室", "why": "演练", "until": AT + HOUR, **muted}
    policy = AlertPolicy(silences=[Silence(**fields)])
    assert reasons(candidate(), policy=policy, region="990100") == [reason]


def test_one_key_is_told_once_and_names_every_body() -> None:
    decided = decide([candidate(bodies=("甲局",)), candidate(bodies=("乙局",))], Situation(policy=AlertPolicy()))
    assert [one.reason for one in decided] == [Reason.SEND, Reason.GROUPED]
    assert decided[0].candidate.bodies == ("甲局", "乙局")


def test_what_a_met_rule_silences_may_be_limited_to_provisional_clocks() -> None:
    conference = obligation(rule="CN-24H-PRESSER")
    policy = AlertPolicy(inhibit=[Inhibit(met="CN-5H-AUTH", silences=["CN-24H-PRESSER"], provisional_only=True)])
    definite = candidate(rule="CN-24H-PRESSER", obligation=conference)
    provisional = candidate(
        rule="CN-24H-PRESSER", obligation=msgspec.structs.replace(conference, provisional=True), rung="T-3h"
    )  # fmt: skip
    found = reasons(definite, provisional, policy=policy, obligations=(MET,))
    assert found == [Reason.SEND, Reason.STATEMENT_CONFIRMED]


def test_rungs_before_stand_at_the_earliest_deadline_and_rungs_after_at_the_latest() -> None:
    due = Due(earliest=AT, latest=AT + 6 * HOUR)
    hours = {name: (at - AT) / HOUR for name, at in rungs(obligation(due), AlertPolicy())}
    assert hours == {"T-3h": -3, "T-1h": -1, "T-30m": -0.5, "due": 6, "overdue": 7}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ["T-3h", "T-1h", "T-30m", "due", "overdue"]),
        ({"due": Due(earliest=None, latest=AT)}, ["T-3h", "T-1h", "T-30m", "due", "overdue"]),
        ({"verdict": "met"}, []),
        ({"verdict": "indeterminate"}, []),
        ({"verdict": "breached"}, ["overdue"]),
        ({"verdict": "breached", "satisfied_by": "p1"}, []),
        ({"clock": "opinion"}, []),
        ({"modality": "advisory"}, []),
    ],
)
def test_which_rungs_an_obligation_climbs(changes: dict[str, Any], names: list[str]) -> None:
    assert [name for name, _ in rungs(obligation(**changes), AlertPolicy())] == names


def test_a_clock_without_a_deadline_climbs_nothing() -> None:
    nothing = msgspec.structs.replace(obligation(), due=None)
    assert list(rungs(nothing, AlertPolicy())) == []


@pytest.mark.parametrize(
    "ladder_changes", [{"provisional": False}, {"except_rules": ["CN-5H-AUTH"]}, {"modalities": ["in_principle"]}]
)
def test_the_policy_may_leave_a_clock_out(ladder_changes: dict[str, Any]) -> None:
    policy = AlertPolicy(ladder=Ladder(**ladder_changes))
    assert list(ladder("i-1", [obligation(provisional=True)], policy, AT)) == []


def test_the_next_rung_is_the_first_one_not_sent_yet() -> None:
    situation = Situation(policy=AlertPolicy(), obligations=(obligation(),))
    assert next_rung_at("i-1", situation, AT - 4 * HOUR) == AT - 3 * HOUR
    assert next_rung_at("i-1", situation, AT - 3 * HOUR) == AT - HOUR
    assert next_rung_at("i-1", situation, AT - 3 * HOUR, "from") == AT - 3 * HOUR
    sent = msgspec.structs.replace(situation, sent=frozenset({sent_key("i-1", "CN-5H-AUTH", "T-3h")}))
    assert next_rung_at("i-1", sent, AT - 4 * HOUR) == AT - HOUR
    assert next_rung_at("i-1", situation, AT + 2 * HOUR) is None


def clock(wall_ago: timedelta, lag: timedelta | None = None, speed: float = 1.0) -> Clock:
    watermark = None if lag is None else AT - lag
    return Clock(id="pipeline", collected_at=AT, wall_at=AT - wall_ago, speed=speed, watermark=watermark)


@pytest.mark.parametrize(
    ("saved", "still"),
    [
        (None, False),
        (clock(timedelta(minutes=10)), False),
        (clock(timedelta(minutes=10, seconds=1)), True),
        (clock(timedelta(), timedelta(minutes=10)), False),
        (clock(timedelta(), timedelta(minutes=11)), True),
        (clock(timedelta(), timedelta(hours=1), speed=600.0), False),
        (clock(timedelta(), timedelta(hours=101), speed=600.0), True),
    ],
    ids=["never ran", "at the limit", "no heartbeat", "reads", "reads nothing", "a fast demonstration", "fast, stuck"],
)
def test_standing_still(saved: Clock | None, still: bool) -> None:
    assert is_standing_still(saved, AT, timedelta(minutes=10)) is still


def test_one_standstill_has_one_id_however_long_it_lasts() -> None:
    stopped = clock(timedelta(minutes=20))
    first, later = dead_man_alert(stopped, AT), dead_man_alert(stopped, AT + HOUR)
    assert first.id == later.id
    assert "20分钟前" in first.text
    assert (first.kind, first.incident) == ("dead_man", None)


def test_the_shipped_policy_has_no_problems() -> None:
    assert problems(load_yaml(SHIPPED, AlertPolicy)) == []


@pytest.mark.parametrize(
    ("policy", "names"),
    [
        (AlertPolicy(ladder=Ladder(rungs=[Rung(rung="due", at="0m"), Rung(rung="due", at="1h")])), "重复"),
        (AlertPolicy(ladder=Ladder(rungs=[Rung(rung="due", at="0m"), Rung(rung="early", at="-1h")])), "先后"),
        (AlertPolicy(ladder=Ladder(rungs=[Rung(rung="a|b", at="0m")])), "竖线"),
        (AlertPolicy(ladder=Ladder(rungs=[])), "为空"),
        (AlertPolicy(silences=[Silence(by="", why="x", until=AT)]), "by"),
        (AlertPolicy(silences=[Silence(by="a", why="x", until=AT, since=AT)]), "until"),
        (AlertPolicy(silences=[Silence(by="a", why="x", until=AT.replace(tzinfo=None))]), "时区"),
        (AlertPolicy(retry=Retry(attempts=0)), "attempts"),
        (AlertPolicy(retry=Retry(lease="0s")), "lease"),
        (AlertPolicy(dead_man_after="0m"), "dead_man_after"),
        (AlertPolicy(rule_names={"CN-6H": "?"}), "CN-6H"),
        (AlertPolicy(inhibit=[Inhibit(met="CN-6H", silences=[])]), "CN-6H"),
        (AlertPolicy(ladder=Ladder(except_rules=["CN-6H"])), "CN-6H"),
    ],
)
def test_each_problem_is_named_with_its_place(policy: AlertPolicy, names: str) -> None:
    found = problems(policy, {"CN-5H-AUTH"})
    assert len(found) == 1
    assert names in found[0]
    assert found[0].startswith("$.")


@pytest.mark.parametrize(
    ("spoken", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("-3h", timedelta(hours=-3)),
        ("+2d", timedelta(days=2)),
        ("45s", timedelta(0, 45)),
    ],
)
def test_spans(spoken: str, length: timedelta) -> None:
    assert span(spoken) == length


@pytest.mark.parametrize("text", ["", "h", "3 h", "3w", "1e3s", "99999h", "3h\n"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="not a span"):
        span(text)
