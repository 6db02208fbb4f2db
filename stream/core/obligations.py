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

from stream.core.answering import answering
from stream.core.cases import Incident, Response, Responsible
from stream.core.coverage import Watched
from stream.core.decided import FOR_GOOD, Exemption, conferences, rejections, restated
from stream.core.documents import EventType, Level
from stream.core.intervals import Interval, StatedInterval
from stream.core.knowledge import effects
from stream.core.register import Body
from stream.core.responsibility import Kind
from stream.core.rules import ClockPoint, Rule, Rules, is_in_force, is_in_jurisdiction, is_on
from stream.core.situations import Situation
from stream.core.verdicts import Clock, Statement, due_after, that_matter

STRICT = "strict"


class Registry(Protocol):
    """Whose job an incident is and where that body speaks (stream.core.authorities.Registry)."""

    def responsible(
        self,
        topics: Sequence[str],
        regions: Sequence[str],
        named_bodies: Sequence[str],
        event_type: Kind | EventType | None,
        at: datetime,
    ) -> Sequence[Responsible]: ...

    def resolve(self, name: str, at: datetime) -> Body | None: ...

    def channels(self, body: str, at: datetime) -> Sequence[Watched]: ...

    def superior(
        self, level: Level, region: str | None, at: datetime, topic: str | None = None, body: str | None = None
    ) -> str | None: ...


class Candidates(Struct, frozen=True, kw_only=True):
    """What each authoritative response to the incident itself says about time, with what people decided on it, in
    order of knowledge. `outside`: the same of authorities without jurisdiction, which satisfies nothing."""

    stages: tuple[tuple[Response, Statement], ...]
    outside: tuple[tuple[Response, Statement], ...] = ()


Span = tuple[datetime, datetime | None]


def judged_rules(rules: Rules, situations: Sequence[Situation]) -> list[Rule]:
    """Rules that are on, were ever in their jurisdiction, and are judged on incidents at all."""
    places = {one.names.regions for one in situations}
    return [
        one
        for one in rules.rules
        if one.judged != "ledger" and is_on(one) and any(is_in_jurisdiction(one, regions) for regions in places)
    ]


def candidates(incident: Incident) -> Candidates:
    """Every response that may satisfy a rule, and the conferences that people saw being held."""
    since = effects(incident)
    own = [*answering(incident), *((one, one.known_at, None) for one in conferences(incident.decisions, since))]
    own.sort(key=lambda one: (one[1], one[0].mention))
    rejected, corrected = rejections(incident.decisions, since), restated(incident.decisions, since)
    stages = [
        (response, stage)
        for response, known_at, until in own
        for span in _outside((known_at, until), rejected.get(response.mention, []))
        for stage in _stages(response, span, corrected.get(response.mention, []))
    ]
    return Candidates(stages=tuple(stages))


def statements_for(rule: Rule, found: Candidates) -> list[Statement]:
    """What can satisfy the rule."""
    forms = rule.evidence.forms
    return that_matter([stage for response, stage in found.stages if response.form in forms])


def _outside(span: Span, rejected: Sequence[tuple[datetime, datetime]]) -> Iterator[Span]:
    """The parts of a stretch in which it did not stand rejected."""
    since, until = span
    for first, last in rejected:
        if last <= since:
            continue
        if until is not None and until <= first:
            break
        if since < first:
            yield since, first
        since = last
        if until is not None and until <= since:
            return
    if since != FOR_GOOD:
        yield since, until


def _stages(response: Response, span: Span, corrected: Sequence[tuple[datetime, Interval]]) -> Iterator[Statement]:
    """A response in a stretch in which it counts, as a person corrected its time."""
    since, until = span
    stages = [(since, response.published), *((max(at, since), published) for at, published in corrected)]
    nexts = [at for at, _ in stages[1:]] + [None]
    for (known_at, published), next_at in zip(stages, nexts, strict=True):
        void_at = min((at for at in (next_at, until) if at is not None), default=None)
        if void_at is None or void_at > known_at:
            yield Statement(
                mention=response.mention, published=published, known_at=known_at, void_at=void_at,
                gone_at=response.removal_known_at or response.removed_at,
            )  # fmt: skip


def applies(rule: Rule, situation: Situation) -> bool:
    """Whether the rule applies in this situation (a provisional clock counts as applying)."""
    if situation.ended is not None or not is_in_force(rule, happened_at(situation)):
        return False
    if not is_in_jurisdiction(rule, situation.names.regions):
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


def clocks(rule: Rule, situation: Situation) -> list[Clock]:
    """The strict clock and every alternate whose start is known."""
    points: list[tuple[str, ClockPoint]] = [(STRICT, rule.start.point)]
    points += [(point, point) for point in rule.start.alternates if point != rule.start.point]
    rows: list[Clock] = []
    for name, point in points:
        if (start := _start(point, situation)) is not None:
            interval, basis, mention = start
            due, provisional = due_after(interval, rule.window.value or 0), is_provisional(rule, situation)
            posts = situation.evident_posts if point == "severity_evident" else ()
            clock = Clock(
                name=name, start=interval, basis=basis, due=due, provisional=provisional, mention=mention, posts=posts
            )
            rows.append(clock)
    return rows


Started = tuple[Interval, str, str | None]


def _start(point: ClockPoint, situation: Situation) -> Started | None:
    first = situation.first_public
    match point:
        case "occurred":
            return _occurred(situation)
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


def _occurred(situation: Situation) -> Started:
    """Stated or decided; unstated, it ended at the latest when it was first public."""
    if situation.occurred is not None:
        return situation.occurred, f"occurred:{situation.occurred.source}", None
    latest = situation.first_public.interval.latest
    unstated = Interval(earliest=None, latest=latest, precision="unknown", source="first_public")
    return unstated, "before_first_public", None


def happened_at(situation: Situation) -> datetime:
    """The instant whose rule book applies: the earliest that it may have occurred."""
    when = situation.occurred or situation.first_public.interval
    return when.earliest or when.latest


def exemption_for(rule: Rule, situation: Situation) -> Exemption | None:
    """The standing claim for this rule, if any."""
    return next((one for one in situation.exemptions if one.rule in (None, rule.id)), None)
