"""The history of one rule on one incident: every clock's verdict at every instant that can matter, as changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec
from msgspec import Struct, field

from stream.core.cases import Incident, Responsible, Verdict, VerdictChange
from stream.core.coverage import Track, Watch, Window
from stream.core.obligations import STRICT, Candidates, applies, clocks, exemption_for, statements_for
from stream.core.reasons import Reason
from stream.core.rules import Rule
from stream.core.situations import Situation
from stream.core.verdicts import Clock, Ruling, Statement, rule_on, timeliness

FAIR = "severity_evident"


class Duty(Struct, frozen=True, kw_only=True):
    """Who owes an answer (first in duty first), and the watched channels."""

    responsible: Sequence[Responsible]
    tracks: Sequence[Track]

    @property
    def body(self) -> str | None:
        """The body first in duty."""
        return self.responsible[0].body if self.responsible else None


class Case(Struct, frozen=True, kw_only=True):
    """Everything a rule is judged on: facts, situations, who owes it, what was watched, the instant of knowledge.
    `body` and `tracks` are those of the last situation; `duties` has one for each."""

    incident: Incident
    situations: Sequence[Situation]
    candidates: Candidates
    body: str | None
    tracks: Sequence[Track]
    assume_covered: bool
    grace: timedelta
    advisory_gap: timedelta
    until: datetime
    gap_share: int = 0
    duties: Sequence[Duty] = ()

    def during(self, index: int) -> Case:
        """The case as in the situation of that index: whose duty it was, and who was watched, may have changed."""
        if not self.duties or self.duties[index] is self.duties[-1]:
            return self
        duty = self.duties[index]
        return msgspec.structs.replace(self, body=duty.body, tracks=duty.tracks)


class Row(Struct, frozen=True, kw_only=True):
    """A clock of a version of a rule, with its ruling. An advisory row has a clock without a due date."""

    rule: Rule
    clock: Clock
    ruling: Ruling


class History(Struct, kw_only=True):
    """The rows as they stand at the end, every change on the way, and when to look again."""

    rows: dict[str, Row] = field(default_factory=dict)
    changes: list[VerdictChange] = field(default_factory=list)
    due_at: datetime | None = None

    def enter(self, case: Case, row: Row, known_at: datetime) -> None:
        """The row as it is known at `known_at`; a change where its verdict is another one than before."""
        name, ruling = row.clock.name, row.ruling
        before = self.rows[name].ruling.verdict if name in self.rows else None
        self.rows[name] = row
        if ruling.verdict != before:
            self.changes.append(_change(case, row, known_at, before))

    def cease(self, case: Case, situation: Situation, running: Sequence[str] = ()) -> None:
        """Every row that is not running any more becomes not_applicable; a rule that never applied has none."""
        reason: Reason = situation.ended or "no_longer_applies"
        ruling = Ruling(verdict="not_applicable", reason=reason, at=situation.since)
        for name, row in list(self.rows.items()):
            if name not in running and row.ruling.verdict != "not_applicable":
                self.enter(case, msgspec.structs.replace(row, ruling=ruling), situation.since)

    def look_again(self, at: datetime | None, until: datetime) -> None:
        """The earliest of the instants after `until` at which time alone changes something."""
        if at is not None and at > until:
            self.due_at = at if self.due_at is None else min(self.due_at, at)


def history_of(versions: Sequence[Rule], case: Case) -> History:
    """Walks one rule (the version in force applies) through every situation, as known at each instant."""
    history = History()
    statements = {rule.evidence.forms: statements_for(rule, case.candidates) for rule in versions}
    for index, situation in enumerate(case.situations):
        ends = case.situations[index + 1].since if index + 1 < len(case.situations) else None
        rule = next((one for one in versions if applies(one, situation)), None)
        if rule is None:
            history.cease(case.during(index), situation)
        elif rule.judged == "clock":
            _walk(history, case.during(index), (rule, statements[rule.evidence.forms]), (situation, ends))
    return history


class Running(Struct, frozen=True, kw_only=True):
    """A clock that runs, and what is watched of its window (None: silence needs no proof)."""

    clock: Clock
    watch: Watch | None


def _walk(
    history: History, case: Case, judged: tuple[Rule, Sequence[Statement]], stretch: tuple[Situation, datetime | None]
) -> None:
    """One rule, with what may satisfy it, through a stretch of unchanged situation [since, ends)."""
    (rule, statements), (situation, ends) = judged, stretch
    running = [_run(clock, case, situation) for clock in clocks(rule, situation)]
    history.cease(case, situation, [one.clock.name for one in running])
    timers = {at for one in running for at in _timers(one, statements)}
    for at in sorted({situation.since, *(one for one in timers if one > situation.since)}):
        if at > case.until or (ends is not None and at >= ends):
            break
        for row in _rows(rule, running, statements, (case, situation, at)):
            history.enter(case, row, at)
    if ends is None:
        for row in history.rows.values():
            if row.ruling.verdict == "pending":
                history.look_again(row.clock.due.latest, case.until)
                history.look_again(row.clock.due.latest + case.grace, case.until)


def _run(clock: Clock, case: Case, situation: Situation) -> Running:
    if case.assume_covered:
        return Running(clock=clock, watch=None)
    return Running(clock=clock, watch=Watch(case.tracks, window_of(clock, case, situation)))


def window_of(clock: Clock, case: Case, situation: Situation) -> Window:
    """The window of a clock as its channels must have been watched: from the earliest start to the last deadline. Where
    nothing bounds the start, from when it was public, and no later than it can have begun."""
    first = situation.first_public.interval
    public_at = min(first.earliest or first.latest, clock.start.latest)
    start, deadline = clock.start.earliest or public_at, clock.due.latest
    return Window(start=start, deadline=deadline, grace_until=deadline + case.grace, gap_share=case.gap_share)


def _rows(
    rule: Rule, running: Sequence[Running], statements: Sequence[Statement], now: tuple[Case, Situation, datetime]
) -> list[Row]:
    """Every clock's ruling at one instant; the strict one knows whether the fair clock was met."""
    case, situation, at = now
    rulings = {one.clock.name: rule_on(one.clock, statements, partial(_doubt, one, case), at) for one in running}
    strict, fair = rulings.get(STRICT), rulings.get(FAIR)
    if strict and fair and strict.verdict == "breached" and fair.verdict == "met":
        rulings[STRICT] = msgspec.structs.replace(
            strict, verdict="breached_but_fair_clock_met", reason="fair_clock_met"
        )
    if exemption_for(rule, situation) is not None:
        claimed = Ruling(verdict="exempt_claimed", reason="exempt_by_person", at=situation.since)
        # What was answered in time needs no excuse.
        rulings = {name: one if one.verdict == "met" else claimed for name, one in rulings.items()}
    return [Row(rule=rule, clock=one.clock, ruling=rulings[one.clock.name]) for one in running]


def _timers(running: Running, statements: Sequence[Statement]) -> set[datetime]:
    """Instants at which this clock's ruling may change."""
    found = {running.clock.due.latest}
    for one in statements:
        found.update(at for at in (one.known_at, one.gone_at, one.void_at) if at is not None)
    if running.watch is None:
        return found
    stands = [one for one in statements if one.gone_at is None and one.void_at is None]
    met_at = min((one.known_at for one in stands if timeliness(one, running.clock) == "in_time"), default=None)
    # Once it stands met for good, coverage decides nothing more; until that is known, it does.
    return found | {at for at in running.watch.instants() if met_at is None or at < met_at}


def _doubt(running: Running, case: Case, as_of: datetime) -> Reason | None:
    """Past the deadline: why silence is no evidence, or None."""
    if running.watch is None:
        return None
    return running.watch.doubt(as_of) if case.body is not None else "no_responsible_body"


def _change(case: Case, row: Row, known_at: datetime, before: Verdict | None) -> VerdictChange:
    ruling, incident = row.ruling, case.incident.id
    parts = (incident, row.rule.id, case.body or "", row.clock.name, known_at.isoformat(), before or "", ruling.verdict)
    return VerdictChange(
        id="v-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16],
        at=ruling.at, known_at=known_at, incident=incident, rule=row.rule.id, body=case.body, clock=row.clock.name,
        before=before, after=ruling.verdict, reason=ruling.reason,
    )  # fmt: skip
