"""An independent oracle for verdicts: it walks every uncertain instant over its interval, judges each concrete world
by a plain comparison, and only then asks what all worlds have in common.

Written from domain.md and the rules alone; of the code it knows the data types. All instants lie on a grid of `step`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from stream.core.cases import FigureFact, Incident, PollSpan, Response
from stream.core.documents import Decision
from stream.core.intervals import SHANGHAI, Interval

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AGES = timedelta(days=400)
MIDNIGHT = datetime(2000, 1, 1, tzinfo=SHANGHAI)
SPEAKING = ("statement", "update", "clarification", "result", "conference_held")
HELD = ("conference_held",)
ANSWERING = (*SPEAKING, "briefing", "interview")
GRAVE = ("I", "II")


@dataclass(frozen=True)
class Law:
    """One clock rule as domain.md tables it."""

    id: str
    hours: int
    start: str
    alternates: tuple[str, ...]
    forms: tuple[str, ...]
    since: date
    region: str = ""


LAWS = (
    Law("CN-5H-AUTH", 5, "occurred", ("opinion", "known", "severity_evident"), SPEAKING, date(2016, 11, 10)),
    Law("CN-24H-PRESSER", 24, "occurred", ("opinion", "known", "severity_evident"), HELD, date(2016, 7, 30)),
    Law("CN-48H-OTHER", 48, "opinion", ("known",), ANSWERING, date(2016, 7, 30)),
    Law("LOCAL-AH-5H", 5, "occurred", (), SPEAKING, date(2021, 1, 1), "34"),
    Law("LOCAL-AH-24H", 24, "occurred", (), HELD, date(2021, 1, 1), "34"),
)


@dataclass(frozen=True)
class Watching:
    """The responsible body's channels (poll interval by source) and what is known of them."""

    polls: Mapping[str, timedelta]
    spans: Mapping[str, Sequence[PollSpan]]
    grace: timedelta = 6 * HOUR
    gap_share: int = 0
    everything: bool = False


@dataclass(frozen=True)
class When:
    """An uncertain instant: it is one of `points`; `to_the_minute` where it was given as a minute."""

    points: tuple[datetime, ...]
    to_the_minute: bool = False

    @property
    def first(self) -> datetime:
        return self.points[0]

    @property
    def last(self) -> datetime:
        return self.points[-1]


@dataclass(frozen=True)
class Said:
    mention: str
    when: When
    form: str
    gone: bool = False


@dataclass(frozen=True)
class Ruling:
    verdict: str
    provisional: bool = False
    sure: frozenset[str] = field(default=frozenset(), compare=False)
    """What alone met it in every world."""


def walk(interval: Interval, step: timedelta) -> When:
    """Every instant of the interval on the grid, its last one included; what nothing bounds began ages ago."""
    at = interval.latest - AGES if interval.earliest is None else interval.earliest
    points = []
    while at < interval.latest:
        points.append(at)
        at = interval.latest if interval.earliest is None else at + step
    return When((*points, interval.latest), interval.precision == "minute")


class Oracle:
    """One incident as known at `now`, judged world by world."""

    def __init__(self, incident: Incident, watching: Watching, now: datetime, step: timedelta) -> None:
        self.incident, self.watching, self.step = incident, watching, step
        self.now = max(now, incident.opened_at)
        self.decisions = sorted(
            (one for one in incident.decisions if one.collected_at <= self.now),
            key=lambda one: (one.collected_at, one.id),
        )
        self.corrected = {one.value["mention"]: one.value for one in self.decisions if one.what == "restate"}

    def rulings(self) -> dict[tuple[str, str], Ruling]:
        """By rule and clock; what never applied is absent."""
        found = {}
        for law in LAWS:
            if not self.has_applied(law):
                continue
            for clock, start in self.starts(law):
                found[law.id, clock] = self.ruling(law, start)
        for law in LAWS:
            strict, fair = found.get((law.id, "strict")), found.get((law.id, "severity_evident"))
            if strict and fair and (strict.verdict, fair.verdict) == ("breached", "met"):
                found[law.id, "strict"] = Ruling("breached_but_fair_clock_met")
        return found

    # --- what is known ------------------------------------------------------------------------------------------------

    def last_decision(self, what: str) -> Decision | None:
        return next((one for one in reversed(self.decisions) if one.what == what), None)

    def grade(self) -> str | None:
        """A person's, else by the figures: the authority's newest count stands over all others, else the highest."""
        decision = self.last_decision("severity")
        if decision and decision.value:
            return str(decision.value)
        counts = [one for one in self.incident.figures if one.known_at <= self.now]
        official = [one for one in counts if one.issuer]
        if not counts or not self.is_emergency():
            return None
        if official:
            return grade_of(max(official, key=lambda one: (self.published(one).last, one.value)).value)
        return grade_of(max(one.value for one in counts))

    def published(self, fact: FigureFact | Response) -> When:
        """When that post was published: as a person corrected it, else as it says itself."""
        if fact.mention in self.corrected:
            return walk(decided_interval(self.corrected[fact.mention]), self.step)
        assert fact.published is not None
        return walk(fact.published, self.step)

    def is_emergency(self) -> bool:
        return any(
            one.emergency.is_emergency and one.emergency.in_china
            for one in self.incident.emergencies
            if one.known_at <= self.now
        )

    def applies(self, law: Law) -> bool:
        """In force where and when it happened, and made for this grade; a null grade runs a provisional clock."""
        if (
            self.last_decision("dismiss")
            or self.occurred().last.date() < law.since
            or not self.incident.regions[0].startswith(law.region)
        ):
            return False
        grade = self.grade()
        if law.start == "opinion":
            return grade not in GRAVE and (self.is_emergency() or self.last_decision("gate") is not None)
        return self.is_emergency() and (grade is None or grade in GRAVE)

    def has_applied(self, law: Law) -> bool:
        """Now, or at any instant at which something became known."""
        return any(
            Oracle(self.incident, self.watching, at, self.step).applies(law) for at in self.instants_of_knowledge()
        )

    def instants_of_knowledge(self) -> Iterator[datetime]:
        incident = self.incident
        known = [one.known_at for one in (*incident.figures, *incident.emergencies, *incident.occurred)]
        known += [one.collected_at for one in incident.decisions]
        yield from {at for at in (*known, incident.opened_at) if incident.opened_at <= at <= self.now}

    # --- when the clocks start ----------------------------------------------------------------------------------------

    def occurred(self) -> When:
        """A person's instant, else the hull of what was stated; it ends when it is public at the latest."""
        if decision := self.last_decision("occurred"):
            return walk(decided_interval(decision.value), self.step)
        limit = self.incident.first_public.interval.latest
        stated = [one.interval for one in self.incident.occurred if one.known_at <= self.now]
        if not stated:
            return walk(Interval(earliest=None, latest=limit, precision="unknown", source="none"), self.step)
        first = (
            None if any(one.earliest is None for one in stated) else min(one.earliest for one in stated if one.earliest)
        )
        last = min(limit, max(one.latest for one in stated))
        alike = len({(one.earliest, one.latest, one.precision) for one in stated}) == 1
        precision = stated[0].precision if alike and last == stated[0].latest else "unknown"
        return walk(Interval(earliest=first, latest=last, precision=precision, source="hull"), self.step)

    def opinion(self) -> dict[str, When]:
        first = self.incident.first_public
        return {first.mention: walk(first.interval, self.step)}

    def known(self) -> When | None:
        """It knew after it happened, and when it acknowledged or announced at the latest."""
        acknowledged = [one.when.last for one in self.said() if one.form in ("acknowledgement", "conference_announced")]
        if not acknowledged:
            return None
        shown, occurred = min(acknowledged), self.occurred()
        # Acknowledged before it happened: these facts contradict each other, and nothing bounds when it knew.
        first = occurred.first if occurred.first <= shown else shown - AGES
        return When((*(at for at in (first, *occurred.points) if first <= at < shown), shown))

    def evident(self) -> dict[str, When]:
        """The posts whose figure shows a grave grade: it was evident at the first of their instants."""
        if not self.is_emergency() or self.grade() not in GRAVE:
            return {}
        known = [one for one in self.incident.figures if one.known_at <= self.now]
        return {one.mention: self.published(one) for one in known if grade_of(one.value) in GRAVE}

    def starts(self, law: Law) -> Iterator[tuple[str, dict[str, When]]]:
        """Every clock by its start: the first of the instants of what is named, in each world."""
        yield "strict", {"": self.occurred()} if law.start == "occurred" else self.opinion()
        for clock in law.alternates:
            if clock == "severity_evident":
                posts = self.evident()
            elif clock == "opinion":
                posts = self.opinion()
            else:
                known = self.known()
                posts = {} if known is None else {"": known}
            if posts:
                yield clock, posts

    # --- what was said ------------------------------------------------------------------------------------------------

    def said(self) -> list[Said]:
        """Authoritative responses known and not rejected, by the time a person corrected, and conferences seen."""
        rejected = {one.value for one in self.decisions if one.what == "reject"}
        found = []
        for one in self.incident.responses:
            if one.known_at > self.now or one.mention in rejected or not one.is_authoritative:
                continue
            published = (
                decided_interval(self.corrected[one.mention]) if one.mention in self.corrected else one.published
            )
            found.append(Said(one.mention, walk(published, self.step), one.form, self.is_gone(one)))
        return found

    def is_gone(self, response: Response) -> bool:
        return response.removal_known_at is not None and response.removal_known_at <= self.now

    # --- the verdict --------------------------------------------------------------------------------------------------

    def ruling(self, law: Law, start: dict[str, When]) -> Ruling:
        if not self.applies(law):
            return Ruling("not_applicable")
        provisional = law.start == "occurred" and self.grade() is None
        said, window = [one for one in self.said() if one.form in law.forms], law.hours * HOUR
        standing = [one for one in said if not one.gone]
        if outcome(start, standing, window) == {True}:
            return Ruling("met", provisional, sure_ones(start, standing, window))
        return Ruling(self.unmet(law, start, outcome(start, said, window)), provisional)

    def unmet(self, law: Law, start: dict[str, When], worlds: set[bool]) -> str:
        """Nothing that stands met it for certain; `worlds`: what was ever said, withdrawn or not."""
        deadline = latest(start) + law.hours * HOUR
        if self.is_exempt(law):
            return "exempt_claimed"
        if worlds == {True}:
            return "met_then_retracted"
        if True in worlds:
            return "indeterminate"
        if law.start == "occurred" and self.grade() is None:
            return "pending" if self.now < deadline else "indeterminate"
        return self.silence(min(one.first for one in start.values()), law, deadline)

    def is_exempt(self, law: Law) -> bool:
        return any(
            one.what == "exempt" and one.who.strip() and one.why.strip() and one.value["ground"] == "EX-SECRET"
            and one.value.get("rule", law.id) == law.id
            for one in self.decisions
        )  # fmt: skip

    def silence(self, start: datetime, law: Law, deadline: datetime) -> str:
        """Nothing in time in any world: late only if we looked, all the window long and after it."""
        if self.now < deadline:
            return "pending"
        if self.watching.everything:
            return "breached"
        rows = [self.known_rows(source) for source in self.watching.polls]
        if not rows:
            return "unknown_coverage_gap"
        if not all(any(row.reachable and row.to_at >= deadline for row in one) for one in rows):
            return "pending" if self.now < deadline + self.watching.grace else "unknown_coverage_gap"
        if start < deadline - AGES / 2:  # nothing bounds it: before it was public, nobody answered
            public = self.incident.first_public.interval
            start = min(public.earliest or public.latest, deadline - law.hours * HOUR)
        allowed = (deadline - start) * self.watching.gap_share / 1000
        unseen = (
            self.unseen(one, every, start, deadline)
            for one, every in zip(rows, self.watching.polls.values(), strict=True)
        )
        return "breached" if all(one <= allowed for one in unseen) else "unknown_coverage_gap"

    def known_rows(self, source: str) -> list[PollSpan]:
        return [one for one in self.watching.spans.get(source, ()) if one.known_at <= self.now]

    def unseen(self, rows: Sequence[PollSpan], every: timedelta, start: datetime, deadline: datetime) -> timedelta:
        """Minute by minute: said to be unreachable, or neither polled nor within one polling interval before a poll."""
        found, cell = timedelta(), min(self.step, every)
        while start < deadline:
            end = min(start + cell - (start - MIDNIGHT) % cell, deadline)  # cells of the grid, whatever the start
            failed = any(not one.reachable and one.from_at < end and one.to_at > start for one in rows)
            polled = any(one.reachable and one.from_at - every <= start and end <= one.to_at for one in rows)
            found += end - start if failed or not polled else timedelta()
            start = end
        return found


def latest(start: Mapping[str, When]) -> datetime:
    return min(one.last for one in start.values())


def outcome(start: Mapping[str, When], said: Sequence[Said], window: timedelta) -> set[bool]:
    """Whether something was in time, in every world. A post that starts the clock and answers has one instant."""
    found = set()
    names, whens = list(start), list(start.values())
    for world in itertools.product(*(one.points for one in whens)):
        at = dict(zip(names, world, strict=True))
        first = min(at.values())
        minute = all(start[name].to_the_minute for name in names if at[name] == first)
        late = [
            [
                not in_time(instant, one.when.to_the_minute, first + window, minute)
                for instant in ([at[one.mention]] if one.mention in at else one.when.points)
            ]
            for one in said
        ]
        # The start given, the other statements are independent: there is a world with all late if each can be late.
        if all(any(one) for one in late):
            found.add(False)
        if any(not all(one) for one in late):
            found.add(True)
    return found


def every_world(start: When, said: Sequence[Said], window: timedelta) -> set[bool]:
    """The same for one start, in so many words: every combination of instants."""
    return {
        any(
            in_time(at, one.when.to_the_minute, begun + window, start.to_the_minute)
            for at, one in zip(world, said, strict=True)
        )
        for begun in start.points
        for world in itertools.product(*(one.when.points for one in said))
    }


def in_time(at: datetime, at_minute: bool, deadline: datetime, deadline_minute: bool) -> bool:
    """Exactly on the deadline is in time; so are two equal instants that are both known to the minute."""
    if at_minute and deadline_minute:
        return at.replace(second=0) <= deadline.replace(second=0)
    return at <= deadline


def sure_ones(start: Mapping[str, When], said: Sequence[Said], window: timedelta) -> frozenset[str]:
    return frozenset(one.mention for one in said if outcome(start, [one], window) == {True})


def grade_of(deaths: int) -> str:
    """生产安全事故, by deaths: 30, 10 and 3 and above."""
    return "I" if deaths >= 30 else "II" if deaths >= 10 else "III" if deaths >= 3 else "IV"


def decided_interval(value: Mapping[str, str]) -> Interval:
    """What a person wrote: from … to …, or a minute."""
    if "at" in value:
        at = datetime.fromisoformat(value["at"] + "+08:00")
        return Interval(earliest=at, latest=at + timedelta(seconds=59), precision="minute", source="decision")
    first, last = (datetime.fromisoformat(value[end] + "+08:00") for end in ("earliest", "latest"))
    return Interval(earliest=first, latest=last, precision="unknown", source="decision")
