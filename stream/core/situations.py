"""The situation of an incident as known at each instant: is it an emergency, how grave, since when, which gates.

Facts are append-only with `known_at`; walking them in that order gives every past state, so as-of views and any order
of arrival come for free. Only instants at which something changed are kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import cast, get_args

import msgspec
from msgspec import Struct

from stream.core.answering import answering
from stream.core.cases import (
    EmergencyFact,
    FigureFact,
    FirstPublic,
    Incident,
    KnownFact,
    OccurredFact,
    Response,
    SeverityStep,
    SeverityView,
)
from stream.core.decided import Exemption, exemption_of, interval_in, posts_of, restated
from stream.core.documents import Decision, Emergency, EventType, Grade, in_order
from stream.core.figures import FigureBook, Posts
from stream.core.firsts import firsts_since
from stream.core.intervals import Interval, StatedInterval, hull
from stream.core.knowledge import Counted, Fact, Kind, counted, effects
from stream.core.naming import Names, names_by, names_since
from stream.core.reasons import Reason
from stream.core.rules import Rules


class Situation(Struct, frozen=True, kw_only=True):
    """What was known from `since` on. `graded_by`: the mention that first gave the grade; `grade_mentions`: those it
    rests on at the end of the stretch. `occurred`: stated or decided, cut at first public; None = unstated.
    `evident`: when the public could see that the grade is I or II. `known`: publication of the first acknowledgement or
    announcement, which proves that the authority knew; or the instant its own text states (then with the words).
    `ended`: dismissed or merged. `first_public`, `names`: the earliest post and the places known until then."""

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
    first_public: FirstPublic
    names: Names


_SAYING: tuple[Kind, ...] = ("emergencies", "occurred", "known", "figures")

_BOUNDS = frozenset(("recently", "alarm_call", "report_to_authority", "announced"))
_SHOWS_KNOWLEDGE = ("acknowledgement", "conference_announced")
_ENDS: dict[str, Reason | None] = {"dismiss": "incident_dismissed", "confirm": None}


def situations(incident: Incident, rules: Rules, until: datetime) -> list[Situation]:
    """Every distinct situation up to `until`, oldest first; at least one."""
    course = _Course(incident, until)
    view = _View(incident, rules)
    found: list[Situation] = []
    for at in course.instants():
        course.show(view, at)
        now = view.now(at)
        if found and (same := _continued(found[-1], now)) is not None:
            found[-1] = same
        else:
            found.append(now)
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


class _Course:
    """What came and went, in order of knowledge. What was known before the incident was opened (posts split off
    another one) is known here since then."""

    def __init__(self, incident: Incident, until: datetime) -> None:
        self._opened_at, self._until = incident.opened_at, until
        known = [one for one in _facts(incident) if one.since <= until]
        self._facts = sorted(known, key=lambda one: (one.since, _name_of(one.fact)))
        self._learnt = 0
        self._leaving = {one.until for one in self._facts if one.until is not None and one.until <= until}
        self._firsts = dict(firsts_since(incident))
        self._names = dict(names_since(incident))

    def instants(self) -> list[datetime]:
        """When anything may have changed, from the opening on."""
        starts = {max(one.since, self._opened_at) for one in self._facts}
        changes = {at for at in (*self._firsts, *self._names) if at <= self._until}
        return sorted({self._opened_at} | starts | self._leaving | changes)

    def show(self, view: _View, at: datetime) -> None:
        """Lets the view know what is known at `at`, the next instant."""
        if (first := self._firsts.get(max(at, self._opened_at))) is not None:
            view.begin(first)
        view.names = self._names.get(at, view.names)
        news = []
        while self._learnt < len(self._facts) and max(self._facts[self._learnt].since, self._opened_at) <= at:
            news.append(self._facts[self._learnt])
            self._learnt += 1
        if at in self._leaving:
            # Rare: somebody took a post out. What remains is read anew; decisions stand.
            view.forget()
            decided = [one for one in news if isinstance(one.fact, Decision)]
            kept = [one for one in self._facts[: self._learnt] if not isinstance(one.fact, Decision)]
            news = [*(one for one in kept if one.until is None or at < one.until), *decided]
        for one in news:
            if one.until is None or at < one.until:
                view.learn(one.fact)


def _facts(incident: Incident) -> Iterator[Counted]:
    """Every fact that says something of the situation, and when it counts."""
    for kind in _SAYING:
        yield from counted(incident, kind)
    for response, since, until in answering(incident):
        if response.form in _SHOWS_KNOWLEDGE:
            yield Counted(response, since, until)
    since_of = effects(incident)
    yield from (Counted(one, since_of(one)) for one in incident.decisions)


def _only_bounds(stated: Interval) -> bool:
    """Whether its words tell only that the event was not later (StatedInterval.inference)."""
    rules = stated.inference if isinstance(stated, StatedInterval) else None
    return rules is not None and not _BOUNDS.isdisjoint(rules.split("+"))


def _name_of(fact: Fact) -> str:
    """Settles equal instants, so that the order of arrival decides nothing."""
    return fact.id if isinstance(fact, Decision) else fact.mention


def _ends(incident: Incident, until: datetime) -> list[tuple[datetime, Reason | None]]:
    """Since when it owed nothing any more (dismissed, merged into another), or owed again (confirmed), by decisions."""
    decided = sorted((one for one in incident.decisions if one.what in _ENDS), key=in_order)
    found = [(one.collected_at, _ENDS[one.what]) for one in decided]
    if incident.state == "merged":
        at = max((one.at for one in incident.turns if one.state == "merged"), default=incident.collected_at)
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
        self._decided_occurred: tuple[Decision, Interval] | None = None
        self._severity: Decision | None = None
        self._rejected: set[str] = set()
        self._corrected: dict[str, tuple[Decision, Interval]] = {}
        self._gates: set[str] = set()
        self._exemptions: list[Exemption] = []
        self._first = incident.first_public
        self.names = names_by(incident, ())
        self.forget()

    def forget(self) -> None:
        """As before any post was read; what people decided stands."""
        self._readings = _Readings()
        self._occurred: list[Interval] = []
        self._shown: dict[str, Interval] = {}
        self._told: dict[str, Interval] = {}
        self._figures = FigureBook(self._incident, self._rules.severity)
        self._figures.begin(self._first)
        for mention, (_, published) in self._corrected.items():
            self._figures.correct(mention, published)

    def begin(self, first: FirstPublic) -> None:
        """From now on this is known as the first public post."""
        self._first = first
        self._figures.begin(first)

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
                self._severity = _newer(self._severity, decision)
            case "occurred" if (stated := interval_in(decision.value)) is not None:
                known = self._decided_occurred
                if known is None or _newer(known[0], decision) is decision:
                    self._decided_occurred = decision, stated
            case "gate" if decision.value in [gate.id for gate in self._rules.gates]:
                self._gates.add(str(decision.value))
            case "exempt" if (claim := exemption_of(decision, self._rules)) is not None:
                self._exemptions.append(claim)
            case "reject":
                self._rejected.update(posts_of(decision))
            case "attach":
                self._rejected.difference_update(posts_of(decision))
            case "restate":
                self._restate(decision)

    def _restate(self, decision: Decision) -> None:
        for mention, [(_, published)] in restated([decision]).items():
            if mention in self._corrected and _newer(self._corrected[mention][0], decision) is not decision:
                continue
            self._corrected[mention] = decision, published
            self._figures.correct(mention, published)

    def _known(self) -> Interval | None:
        """The first acknowledgement or announcement that nobody rejected, by the time that a person corrected; or
        the first instant of knowledge that an authority's text states."""
        corrected = {name: at for name, (_, at) in self._corrected.items()}
        shown = [corrected.get(name, at) for name, at in self._shown.items() if name not in self._rejected]
        shown += [at for name, at in self._told.items() if name not in self._rejected]
        return min(shown, key=lambda one: (one.latest, one.earliest or one.latest), default=None)

    def now(self, since: datetime) -> Situation:
        kind = self._readings.kind()
        event_type, subtype = (kind.type, kind.subtype) if kind else (None, None)
        grading = self._figures.grading(event_type, subtype)
        grade, basis, mentions = grading.grade, grading.basis, grading.mentions
        evident, evident_mention, posts = grading.evident, grading.evident_mention, grading.evident_posts
        if self._severity is not None and self._severity.value is not None:
            grade, basis, mentions = cast("Grade | None", self._severity.value), "decision", ()
            if grade in ("I", "II") and evident is None:
                evident = Interval(
                    earliest=self._first.interval.earliest, latest=self._severity.collected_at,
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
            exemptions=tuple(self._exemptions), ended=None, first_public=self._first, names=self.names,
        )  # fmt: skip

    def _occurred_now(self) -> Interval | None:
        """Decided, else the hull of what is stated; it ended at the latest when it was first public."""
        if self._decided_occurred is not None:
            return self._decided_occurred[1]
        bound = self._first.interval.latest
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


def _newer(known: Decision | None, other: Decision) -> Decision:
    """Which of two decisions stands: the one decided last, even where a merge brings an older one after it."""
    return other if known is None or in_order(known) <= in_order(other) else known


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
