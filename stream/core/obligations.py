"""Which rules an incident in a given situation falls under, by which clocks, and which responses can satisfy them.

Clock start: no national text defines it; every text that names one says 事件发生后. So `strict` runs from the rule's
own start (occurred; for opinion its first publication) and decides; `opinion`, `severity_evident` and `known` are rows
of their own. Our own detection never starts a clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from stream.core.cases import Incident, Response, Responsible
from stream.core.coverage import Watched
from stream.core.decided import Exemption, conferences, rejected_mentions, restated
from stream.core.documents import EventType, Level
from stream.core.intervals import Interval, StatedInterval
from stream.core.rules import ClockPoint, Rule, Rules, is_in_force, is_in_jurisdiction, is_on
from stream.core.situations import Situation, answers_incident
from stream.core.verdicts import Clock, Statement, due_after, that_matter

STRICT = "strict"


class Registry(Protocol):
    """Whose job an incident is and where that body speaks (stream.core.authorities.Registry)."""

    def responsible(
        self,
        topics: Sequence[str],
        regions: Sequence[str],
        named_bodies: Sequence[str],
        event_type: EventType | None,
        at: datetime,
    ) -> Sequence[Responsible]: ...

    def channels(self, body: str, at: datetime) -> Sequence[Watched]: ...

    def superior(
        self, level: Level, region: str | None, at: datetime, topic: str | None = None, body: str | None = None
    ) -> str | None: ...


class Candidates(Struct, frozen=True, kw_only=True):
    """Authoritative responses to the incident itself, in order of knowledge, and what each says about time, with what
    people decided on it."""

    responses: tuple[Response, ...]
    stages: tuple[tuple[Response, Statement], ...]


def judged_rules(rules: Rules, regions: list[str]) -> list[Rule]:
    """Rules that are on, in their jurisdiction, and judged on incidents at all."""
    return [one for one in rules.rules if one.judged != "ledger" and is_on(one) and is_in_jurisdiction(one, regions)]


def candidates(incident: Incident) -> Candidates:
    """Every response that may satisfy a rule."""
    own = [one for one in incident.responses if one.is_authoritative and answers_incident(one, incident)]
    own += conferences(incident.decisions)
    own.sort(key=lambda one: (one.known_at, one.mention))
    rejected_at, corrected = rejected_mentions(incident.decisions), restated(incident.decisions)
    stages = [
        (one, stage)
        for one in own
        for stage in _stages(one, rejected_at.get(one.mention), corrected.get(one.mention, []))
    ]
    return Candidates(responses=tuple(own), stages=tuple(stages))


def statements_for(rule: Rule, found: Candidates) -> list[Statement]:
    """What can satisfy the rule."""
    forms = rule.evidence.forms
    return that_matter([stage for response, stage in found.stages if response.form in forms])


def _stages(
    response: Response, rejected_at: datetime | None, corrected: Sequence[tuple[datetime, Interval]]
) -> Iterator[Statement]:
    """A response, then as a person corrected its time, until a person rejected it."""
    stages = [(response.known_at, response.published)]
    stages += [(max(at, response.known_at), published) for at, published in corrected]
    nexts = [at for at, _ in stages[1:]] + [None]
    for (known_at, published), next_at in zip(stages, nexts, strict=True):
        void_at = min((at for at in (next_at, rejected_at) if at is not None), default=None)
        if void_at is None or void_at > known_at:
            yield Statement(
                mention=response.mention, published=published, known_at=known_at, void_at=void_at,
                gone_at=response.removal_known_at or response.removed_at,
            )  # fmt: skip


def applies(rule: Rule, situation: Situation, first_public: Interval) -> bool:
    """Whether the rule applies in this situation (a provisional clock counts as applying)."""
    if situation.ended is not None or not is_in_force(rule, _happened_at(situation, first_public)):
        return False
    nature = "incident" if situation.is_emergency else "public_opinion"
    scope = rule.applies_to
    if nature not in scope.natures or (scope.gate and not situation.gates):
        return False
    if scope.categories and situation.event_type not in scope.categories:
        return False
    if rule.judged == "advisory" and not situation.is_emergency and not situation.gates:
        return False
    return not scope.grades or (situation.grade or "ungraded") in scope.grades or is_provisional(rule, situation)


def is_provisional(rule: Rule, situation: Situation) -> bool:
    """A graded rule on a domestic emergency whose grade is not evident yet: shown, reminded of, never breached."""
    grades = rule.applies_to.grades
    is_graded = rule.judged == "clock" and bool(grades) and "ungraded" not in grades
    return is_graded and situation.is_emergency and situation.grade is None


def clocks(rule: Rule, situation: Situation, incident: Incident) -> list[Clock]:
    """The strict clock and every alternate whose start is known."""
    points: list[tuple[str, ClockPoint]] = [(STRICT, rule.start.point)]
    points += [(point, point) for point in rule.start.alternates if point != rule.start.point]
    rows: list[Clock] = []
    for name, point in points:
        if (start := _start(point, situation, incident)) is not None:
            interval, basis, mention = start
            due, provisional = due_after(interval, rule.window.value or 0), is_provisional(rule, situation)
            posts = situation.evident_posts if point == "severity_evident" else ()
            clock = Clock(
                name=name, start=interval, basis=basis, due=due, provisional=provisional, mention=mention, posts=posts
            )
            rows.append(clock)
    return rows


Started = tuple[Interval, str, str | None]


def _start(point: ClockPoint, situation: Situation, incident: Incident) -> Started | None:
    first = incident.first_public
    match point:
        case "occurred":
            return _occurred(situation, incident)
        case "opinion":
            return first.interval, "first_public", first.mention
        case "severity_evident" if situation.evident is not None:
            return situation.evident, f"evident:{situation.grade_basis}", situation.evident_mention
        case "known" if isinstance(situation.known, StatedInterval):
            told = situation.known
            start = Interval(
                earliest=told.earliest, latest=told.latest, precision=told.precision, source=told.source
            )  # fmt: skip
            return start, "known:stated", None
        case "known" if situation.known is not None:
            # Shown by an acknowledgement: known at the latest when that was published, not before it happened.
            earliest = None if situation.occurred is None else situation.occurred.earliest
            latest = situation.known.latest
            start = Interval(
                earliest=earliest if earliest is not None and earliest <= latest else None, latest=latest,
                precision="unknown", source="acknowledgement",
            )  # fmt: skip
            return start, "known:acknowledgement", None
        case _:
            return None


def _occurred(situation: Situation, incident: Incident) -> Started:
    """Stated or decided; unstated, it ended at the latest when it was first public."""
    if situation.occurred is not None:
        return situation.occurred, f"occurred:{situation.occurred.source}", None
    latest = incident.first_public.interval.latest
    unstated = Interval(earliest=None, latest=latest, precision="unknown", source="first_public")
    return unstated, "before_first_public", None


def _happened_at(situation: Situation, first_public: Interval) -> datetime:
    """The instant whose rule book applies: the earliest that it may have occurred."""
    when = situation.occurred or first_public
    return when.earliest or when.latest


def exemption_for(rule: Rule, situation: Situation) -> Exemption | None:
    """The standing claim for this rule, if any."""
    return next((one for one in situation.exemptions if one.rule in (None, rule.id)), None)
