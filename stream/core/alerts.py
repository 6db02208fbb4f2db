"""Who is told, when, once: pure decisions over a judgement or a reminder, each with a named reason.

Candidates pass a list of stages: group → inhibit → silence → dedupe. What no stage stops is sent. The sent-log key is
(incident or topic, rule, rung); it is also the alert's id, so a redelivered fact can never tell anybody twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from stream.core.alert_policy import AlertPolicy, Kind, Silence
from stream.core.alert_texts import clock_time, lines, spoken
from stream.core.cases import Alert, HotFact, Obligation, VerdictChange
from stream.core.records import Clock


class Reason(StrEnum):
    """Why a candidate is sent or not; logs, dashboard and tests share these words."""

    SEND = "send"
    GROUPED = "grouped"
    STATEMENT_CONFIRMED = "statement_confirmed"
    SILENCED = "silenced"
    ACKNOWLEDGED = "acknowledged"
    ALREADY_SENT = "already_sent"


class Candidate(Struct, frozen=True, kw_only=True):
    """Something that may be told. `about` is the incident's id, or `topic:…`; `obligation` is a ladder's."""

    about: str
    kind: Kind
    rule: str | None
    rung: str
    at: datetime
    obligation: Obligation | None = None
    change: VerdictChange | None = None
    spike: HotFact | None = None
    bodies: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The sent-log key."""
        return sent_key(self.about, self.rule, self.rung)


class Situation(Struct, frozen=True, kw_only=True):
    """What the stages may know: the policy, what was sent, who acknowledged, and the headline obligations."""

    policy: AlertPolicy
    sent: frozenset[str] = frozenset()
    region: str | None = None
    obligations: tuple[Obligation, ...] = ()
    acknowledged_by: str | None = None


class Decided(Struct, frozen=True, kw_only=True):
    """A candidate and what became of it."""

    candidate: Candidate
    reason: Reason


Stage = Callable[[Sequence[Decided], Situation], list[Decided]]


def sent_key(about: str, rule: str | None, rung: str) -> str:
    """The sent-log key of (incident or topic, rule, rung)."""
    return f"{about}|{rule or '-'}|{rung}"


def decide(candidates: Iterable[Candidate], situation: Situation) -> list[Decided]:
    """Every candidate with its reason, in the order given."""
    decided = [Decided(candidate=one, reason=Reason.SEND) for one in candidates]
    for stage in STAGES:
        decided = stage(decided, situation)
    return decided


# --- stages -----------------------------------------------------------------------------------------------------------


def group(decided: Sequence[Decided], situation: Situation) -> list[Decided]:
    """Several bodies under one key become one candidate that names them all; the first speaks, the rest are grouped."""
    bodies: dict[str, dict[str, None]] = {}
    for one in decided:
        bodies.setdefault(one.candidate.key, {}).update(dict.fromkeys(one.candidate.bodies))
    seen: set[str] = set()
    grouped = []
    for one in decided:
        key = one.candidate.key
        if key in seen:
            grouped.append(_stopped(one, Reason.GROUPED))
            continue
        seen.add(key)
        candidate = msgspec.structs.replace(one.candidate, bodies=tuple(bodies[key]))
        grouped.append(msgspec.structs.replace(one, candidate=candidate))
    return grouped


def inhibit(decided: Sequence[Decided], situation: Situation) -> list[Decided]:
    """A confirmed authoritative statement silences the ladder: its own rule's, and what the policy lists."""
    return _stop(decided, Reason.STATEMENT_CONFIRMED, lambda one: is_inhibited(one.obligation, situation))


def silence(decided: Sequence[Decided], situation: Situation) -> list[Decided]:
    """What a person muted; and, once somebody acknowledged the incident, its ladder up to the deadline."""
    kept = _stop(
        decided, Reason.SILENCED, lambda one: any(_mutes(s, one, situation) for s in situation.policy.silences)
    )
    return _stop(kept, Reason.ACKNOWLEDGED, lambda one: _is_acknowledged(one, situation))


def dedupe(decided: Sequence[Decided], situation: Situation) -> list[Decided]:
    """What the sent-log holds is not sent again."""
    return _stop(decided, Reason.ALREADY_SENT, lambda one: one.key in situation.sent)


STAGES: tuple[Stage, ...] = (group, inhibit, silence, dedupe)


def is_inhibited(obligation: Obligation | None, situation: Situation) -> bool:
    """Whether a confirmed statement makes reminding of this obligation pointless (verdicts carry none)."""
    if obligation is None:
        return False
    met = {one.rule for one in situation.obligations if one.verdict == "met"}
    if obligation.rule in met:
        return True  # any body with jurisdiction satisfies the rule
    return any(
        rule.met in met and obligation.rule in rule.silences and (obligation.provisional or not rule.provisional_only)
        for rule in situation.policy.inhibit
    )


def _stop(decided: Sequence[Decided], reason: Reason, is_stopped: Callable[[Candidate], bool]) -> list[Decided]:
    return [
        _stopped(one, reason) if one.reason is Reason.SEND and is_stopped(one.candidate) else one for one in decided
    ]


def _stopped(one: Decided, reason: Reason) -> Decided:
    return msgspec.structs.replace(one, reason=reason)


def _mutes(muted: Silence, one: Candidate, situation: Situation) -> bool:
    return (
        (muted.since is None or muted.since <= one.at)
        and one.at < muted.until
        and (muted.incident is None or muted.incident == one.about)
        and (muted.rule is None or muted.rule == one.rule)
        and (muted.kind is None or muted.kind == one.kind)
        and (muted.region is None or (situation.region or "").startswith(muted.region))
    )


def _is_acknowledged(one: Candidate, situation: Situation) -> bool:
    if one.kind != "ladder" or one.obligation is None or one.obligation.due is None:
        return False
    return situation.acknowledged_by is not None and one.at < one.obligation.due.latest


# --- dead man ---------------------------------------------------------------------------------------------------------


def is_standing_still(clock: Clock | None, now: datetime, limit: timedelta) -> bool:
    """Whether the pipeline has not moved for longer than `limit`: no heartbeat (`wall_at`; both it and `now` are wall
    time), or its watermark falls behind its own clock by more than that (times the speed of a faster clock). Without
    any heartbeat nothing is known to stand still."""
    if clock is None:
        return False
    lag = timedelta() if clock.watermark is None else clock.collected_at - clock.watermark
    return now - clock.wall_at > limit or lag > limit * max(clock.speed, 1.0)


def dead_man_alert(clock: Clock, now: datetime) -> Alert:
    """The alert of a pipeline that stands still at wall time `now`. Its id names where it stopped, so one standstill is
    told once; `at` is the pipeline's time."""
    text = lines(
        [
            ("情况", "流水线没有推进，倒计时与判定暂停更新"),
            ("最后心跳", f"{clock_time(clock.wall_at)}（{spoken(now - clock.wall_at)}前）"),
            ("已处理到", clock_time(clock.watermark) if clock.watermark else None),
            ("请做", "查看 huiying status 与运行日志；恢复后从停下处继续，期间不作超时判定"),
        ]
    )
    rung = f"standstill-{clock.watermark or clock.wall_at:%Y%m%dT%H%M%S}"
    at = clock.collected_at
    return Alert(
        id=sent_key("pipeline", None, rung), collected_at=at, at=at, incident=None, topic=None, region=None,
        rule=None, rung=rung, kind="dead_man", title="【流水线停顿】监看没有推进", text=text,
    )  # fmt: skip
