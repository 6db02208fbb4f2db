"""Which places, topics and bodies an incident names, and since when: whose job it is rests on them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from stream.core.cases import Incident, NamedFact
from stream.core.matching import reach

REGIONS_KEPT = 8
BODIES_KEPT = 12
TOPICS_KEPT = 6


class Names(Struct, frozen=True, kw_only=True):
    """What is named at one time; the most specific region first, topics and bodies as they came."""

    regions: tuple[str, ...]
    topics: tuple[str, ...]
    bodies: tuple[str, ...]


def with_names(
    incident: Incident, named: tuple[Sequence[str], Collection[str], Collection[str]], at: datetime
) -> Incident:
    """The incident naming these regions, topics and bodies, too; what is new after the opening is known since `at`."""
    regions, topics, bodies = named
    after = replace(
        incident,
        regions=_with_regions(incident.regions, regions),
        topics=_union(incident.topics, topics, TOPICS_KEPT),
        bodies=_union(incident.bodies, bodies, BODIES_KEPT),
    )
    if at <= incident.opened_at:
        return after
    news = [
        *(NamedFact(kind="region", name=one, known_at=at) for one in after.regions if one not in incident.regions),
        *(NamedFact(kind="topic", name=one, known_at=at) for one in after.topics if one not in incident.topics),
        *(NamedFact(kind="body", name=one, known_at=at) for one in after.bodies if one not in incident.bodies),
    ]
    return replace(after, named=[*incident.named, *news]) if news else after


def names_since(incident: Incident) -> list[tuple[datetime, Names]]:
    """What was named since when, oldest first; the first since it was opened."""
    found = [(incident.opened_at, names_by(incident, ()))]
    if not incident.named:
        return found
    for at in sorted({max(one.known_at, incident.opened_at) for one in incident.named}):
        now = names_by(incident, [one for one in incident.named if one.known_at <= at])
        found = [*(one for one in found if one[0] < at), (at, now)]
    return found


def names_by(incident: Incident, learnt: Iterable[NamedFact]) -> Names:
    """What is named when of all that came after the opening only `learnt` is known."""
    since = {(one.kind, one.name) for one in incident.named}
    regions = [one for one in incident.regions if ("region", one) not in since]
    topics = [one for one in incident.topics if ("topic", one) not in since]
    bodies = [one for one in incident.bodies if ("body", one) not in since]
    for one in learnt:
        match one.kind:
            case "region":
                regions = _with_regions(regions, [one.name])
            case "topic":
                topics.append(one.name)
            case "body":
                bodies.append(one.name)
    return Names(regions=tuple(regions), topics=tuple(topics), bodies=tuple(bodies))


def _union(known: list[str], news: Collection[str], limit: int) -> list[str]:
    added = [one for one in dict.fromkeys(news) if one not in known]
    return [*known, *added][:limit] if added else known


def _with_regions(known: list[str], news: Sequence[str]) -> list[str]:
    """Most specific first: a place inside a known one goes before it, any other behind."""
    for region in news:
        if region in known or len(known) >= REGIONS_KEPT:
            continue
        wider = [place for place, one in enumerate(known) if region.startswith(reach(one))]
        place = wider[0] if wider else len(known)
        known = [*known[:place], region, *known[place:]]
    return known
