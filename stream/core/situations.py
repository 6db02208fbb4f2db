"""The situation of an incident as known at each instant: is it an emergency, how grave, since when, which gates.

Facts are append-only with `known_at`; walking them in that order gives every past state, so as-of views and any order
of arrival come for free. Only instants at which something changed are kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import cast, get_args

import msgspec
from msgspec import Struct

from stream.core.cases import (
    EmergencyFact,
    FigureFact,
    Incident,
    KnownFact,
    OccurredFact,
    Response,
    SeverityStep,
    SeverityView,
)
from stream.core.decided import Exemption, exemption_of, interval_in, rejected_mentions, restated
from stream.core.documents import Decision, Emergency, EventType, Grade, in_order
from stream.core.figures import FigureBook, Posts
from stream.core.intervals import Interval, StatedInterval, hull
from stream.core.reasons import Reason
from stream.core.rules import Rules


class Situation(Struct, frozen=True, kw_only=True):
    """What was known from `since` on. `graded_by`: the mention that first gave the grade; `grade_mentions`: those it
    rests on at the end of the stretch. `occurred`: stated or decided, cut at first public; None = unstated.
    `evident`: when the public could see that the grade is I or II. `known`: publication of the first acknowledgement or
    announcement, which proves that the authority knew; or the instant its own text states (then with the words).
    `ended`: dismissed or merged."""

    since: datetime
    is_emergency: bool
    event_type: EventType | None
    subtype: str | None
    grade: Grade | None
    grade_basis: str
    grade_mentions: tuple[str, ...]
    graded_by: str | None
    occurred: Interval | None
    evident: Interval | None
    evident_mention: str | None
    evident_posts: Posts
    known: Interval | None
    gates: tuple[str, ...]
    exemptions: tuple[Exemption, ...]
    ended: Reason | None


Fact = EmergencyFact | OccurredFact | KnownFact | FigureFact | Response | Decision

_BOUNDS = frozenset(("recently", "alarm_call", "report_to_authority"))
_SHOWS_KNOWLEDGE = ("acknowledgement", "conference_announced")
_ENDS: dict[str, Reason | None] = {"dismiss": "incident_dismissed", "confirm": None}


def situations(incident: Incident, rules: Rules, until: datetime) -> list[Situation]:
    """Every distinct situation up to `until`, oldest first; at least one."""
    view = _View(incident, rules)
    found: list[Situation] = []
    # What was known before it was opened (posts split off another incident) is known here since then.
    for known_at, facts in groupby(_facts(incident, until), key=lambda one: max(_known_at(one), incident.opened_at)):
        for fact in facts:
            view.learn(fact)
        now = view.now(known_at)
        if found and (same := _continued(found[-1], now)) is not None:
            found[-1] = same
        else:
            found.append(now)
    if not found:
        found.append(view.now(incident.opened_at))
    ends = _ends(incident, until)
    return list(_ended(found, ends)) if ends else found


def _continued(last: Situation, now: Situation) -> Situation | None:
    """`last` resting on newer mentions, where nothing that decides anything changed; else None.

    Else every further count of the same grade would be a stretch of its own, and long incidents costly.
    """
    same = msgspec.structs.replace(last, grade_mentions=now.grade_mentions)
    return same if same == msgspec.structs.replace(now, since=last.since, graded_by=last.graded_by) else None


def severity_view(found: Sequence[Situation]) -> SeverityView:
    """The grade now, on what it rests, and every step to it."""
    history: list[SeverityStep] = []
    for one in found:
        last = history[-1].grade if history else None
        if one.grade != last:
            history.append(SeverityStep(grade=one.grade, known_at=one.since, mention=one.graded_by))
    now = found[-1]
    return SeverityView(grade=now.grade, basis=now.grade_basis, mentions=list(now.grade_mentions), history=history)


def answers_incident(response: Response, incident: Incident) -> bool:
    """Whether it answers the incident and not one post of it: a reply on a message board answers one citizen, and an
    emergency is not answered by it."""
    if response.answers is None:
        return True
    if response.answers != incident.first_public.mention:
        return False
    is_board_reply = response.mention == f"{response.answers}#reply"
    return not (is_board_reply and any(one.emergency.is_emergency for one in incident.emergencies))


def _facts(incident: Incident, until: datetime) -> list[Fact]:
    """Every fact known by `until`, in order of knowledge."""
    shown = [
        one
        for one in incident.responses
        if one.form in _SHOWS_KNOWLEDGE and one.is_authoritative and answers_incident(one, incident)
    ]
    facts: Iterable[Fact] = (
        *incident.emergencies, *incident.occurred, *incident.known, *incident.figures, *shown, *incident.decisions,
    )  # fmt: skip
    return sorted((one for one in facts if _known_at(one) <= until), key=lambda one: (_known_at(one), _name_of(one)))


def _only_bounds(stated: Interval) -> bool:
    """Whether its words tell only that the event was not later (StatedInterval.inference)."""
    rules = stated.inference if isinstance(stated, StatedInterval) else None
    return rules is not None and not _BOUNDS.isdisjoint(rules.split("+"))


def _known_at(fact: Fact) -> datetime:
    return fact.collected_at if isinstance(fact, Decision) else fact.known_at


def _name_of(fact: Fact) -> str:
    """Settles equal instants, so that the order of arrival decides nothing."""
    return fact.id if isinstance(fact, Decision) else fact.mention


def _ends(incident: Incident, until: datetime) -> list[tuple[datetime, Reason | None]]:
    """Since when it owed nothing any more (dismissed, merged into another), or owed again (confirmed), by decisions."""
    decided = sorted((one for one in incident.decisions if one.what in _ENDS), key=in_order)
    found = [(one.collected_at, _ENDS[one.what]) for one in decided]
    if incident.state == "merged":
        merged = [one.collected_at for one in incident.decisions if one.what == "merge"]
        at = max(merged, default=incident.closed_at or incident.collected_at)
        found = [*(one for one in found if one[0] < at), (at, "incident_merged")]
    elif incident.state == "dismissed" and not decided:
        found.append((incident.closed_at or incident.collected_at, "incident_dismissed"))
    return [one for one in found if one[0] <= until]


def _ended(found: Sequence[Situation], ends: Sequence[tuple[datetime, Reason | None]]) -> Iterator[Situation]:
    """The situations cut where it ended: facts learnt afterwards change nothing, and nothing before it either."""
    starts, changes = [one.since for one in found], [at for at, _ in ends]
    for at in sorted({*starts, *(max(one, starts[0]) for one in changes)}):
        reached = bisect_right(changes, at)
        reason = ends[reached - 1][1] if reached else None
        yield msgspec.structs.replace(found[bisect_right(starts, at) - 1], since=at, ended=reason)


class _View:
    """Facts as learnt one by one."""

    def __init__(self, incident: Incident, rules: Rules) -> None:
        self._incident = incident
        self._rules = rules
        self._readings = _Readings()
        self._occurred: list[Interval] = []
        self._decided_occurred: Interval | None = None
        self._severity: Decision | None = None
        self._shown: dict[str, Interval] = {}
        self._told: dict[str, Interval] = {}
        self._rejected: set[str] = set()
        self._corrected: dict[str, Interval] = {}
        self._gates: set[str] = set()
        self._exemptions: list[Exemption] = []
        self._figures = FigureBook(incident, rules.severity)

    def learn(self, fact: Fact) -> None:
        match fact:
            case EmergencyFact():
                self._readings.learn(fact.emergency)
            case OccurredFact():
                self._occurred.append(fact.interval)
            case KnownFact():
                self._told[fact.mention] = fact.interval
            case FigureFact():
                self._figures.learn(fact)
            case Response():
                self._shown[fact.mention] = fact.published
            case Decision():
                self._decide(fact)

    def _decide(self, decision: Decision) -> None:
        match decision.what:
            case "severity" if decision.value is None or decision.value in get_args(Grade):
                # None takes the decided grade back: the figures grade again (docs/formats.md).
                self._severity = None if decision.value is None else decision
            case "occurred":
                self._decided_occurred = interval_in(decision.value) or self._decided_occurred
            case "gate" if decision.value in [gate.id for gate in self._rules.gates]:
                self._gates.add(str(decision.value))
            case "exempt" if (claim := exemption_of(decision, self._rules)) is not None:
                self._exemptions.append(claim)
            case "reject":
                self._rejected.update(rejected_mentions([decision]))
            case "restate":
                for mention, [(_, published)] in restated([decision]).items():
                    self._corrected[mention] = published
                    self._figures.correct(mention, published)

    def _known(self) -> Interval | None:
        """The first acknowledgement or announcement that nobody rejected, by the time that a person corrected; or
        the first instant of knowledge that an authority's text states."""
        shown = [self._corrected.get(name, at) for name, at in self._shown.items() if name not in self._rejected]
        shown += [at for name, at in self._told.items() if name not in self._rejected]
        return min(shown, key=lambda one: (one.latest, one.earliest or one.latest), default=None)

    def now(self, since: datetime) -> Situation:
        kind = self._readings.kind()
        event_type, subtype = (kind.type, kind.subtype) if kind else (None, None)
        grading = self._figures.grading(event_type, subtype)
        grade, basis, mentions = grading.grade, grading.basis, grading.mentions
        evident, evident_mention, posts = grading.evident, grading.evident_mention, grading.evident_posts
        if self._severity is not None:
            grade, basis, mentions = cast("Grade | None", self._severity.value), "decision", ()
            if grade in ("I", "II") and evident is None:
                evident = Interval(
                    earliest=self._incident.first_public.interval.earliest, latest=self._severity.collected_at,
                    precision="unknown", source="decision",
                )  # fmt: skip
        serious = grade in ("I", "II")
        by_itself = {gate.id for gate in self._rules.gates if gate.by_itself} if kind else set()
        return Situation(
            since=since, is_emergency=kind is not None, event_type=event_type, subtype=subtype, grade=grade,
            grade_basis=basis, grade_mentions=mentions, graded_by=next(iter(mentions), None),
            occurred=self._occurred_now(),
            evident=evident if serious else None, evident_mention=evident_mention if serious else None,
            evident_posts=posts if serious else (), known=self._known(),
            gates=tuple(sorted(self._gates)) + tuple(sorted(by_itself - self._gates)),
            exemptions=tuple(self._exemptions), ended=None,
        )  # fmt: skip

    def _occurred_now(self) -> Interval | None:
        """Decided, else the hull of what is stated; it ended at the latest when it was first public."""
        if self._decided_occurred is not None:
            return self._decided_occurred
        bound = self._incident.first_public.interval.latest
        # Stated after it was public: the words were about something else (a next step, another event).
        stated = [one for one in self._occurred if one.earliest is None or one.earliest <= bound]
        if not stated:
            return None
        # 近日 or the time of the call bound the event; they do not contradict who states its time, and widen nothing.
        stated = [one for one in stated if not _only_bounds(one)] or stated
        whole = hull(stated)
        latest = min(whole.latest, bound)
        return Interval(
            earliest=whole.earliest, latest=latest, source=whole.source,
            precision=whole.precision if latest == whole.latest else "unknown",
        )  # fmt: skip


class _Readings:
    """What the texts take the event for, counted as they come."""

    def __init__(self) -> None:
        self._seen = self._home = self._abroad = 0
        self._kinds: Counter[tuple[EventType, str | None]] = Counter()

    def learn(self, one: Emergency) -> None:
        if not one.is_emergency:
            return
        self._seen += 1
        self._home += one.in_china is True
        self._abroad += one.in_china is False
        if one.type is not None and one.in_china is not False:
            self._kinds[one.type, one.subtype] += 1

    def kind(self) -> Emergency | None:
        """The domestic emergency that most texts see; None where none does or most place it abroad."""
        if not self._seen or self._abroad > self._home:
            return None
        if not self._kinds:
            return Emergency(is_emergency=True)
        # At equal counts what was known first, by the order of knowledge and not of arrival.
        event_type, subtype = max(self._kinds, key=lambda one: self._kinds[one])
        return Emergency(is_emergency=True, type=event_type, subtype=subtype)
