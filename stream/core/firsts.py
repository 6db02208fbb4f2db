"""When an incident was first public, and since when we know: an earlier post found later edits nothing of the past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from stream.core.cases import FirstPublic, FirstPublicFact, Incident
from stream.core.documents import Mention
from stream.core.publications import published

RUNNERS_UP = 2
"""Posts kept beside the first: where a person takes it out, the next one is the first."""
FIRSTS_KEPT = 200  # an archive read backwards has an earlier post each time; then the middle of the history goes


def first_fact(mention: Mention) -> FirstPublicFact:
    """The post as one that may be the first."""
    return FirstPublicFact(
        interval=published(mention), mention=mention.id, known_at=mention.collected_at,
        is_answer=mention.response is not None,
    )  # fmt: skip


def first_of_all(facts: Iterable[FirstPublicFact]) -> FirstPublic:
    """The earliest post that is no response; while there is none, the earliest of all."""
    first = min(facts, key=_rank)
    return FirstPublic(interval=first.interval, mention=first.mention)


def first_facts(incident: Incident) -> list[FirstPublicFact]:
    """The posts that may be its first; at least one."""
    first = incident.first_public
    return incident.first_publics or [
        FirstPublicFact(interval=first.interval, mention=first.mention, known_at=incident.opened_at)
    ]


def with_first_public(incident: Incident, mention: Mention) -> Incident:
    """With the post among the first ones, if it is; the same object when it is not."""
    fact = first_fact(mention)
    known = first_facts(incident)
    if any(one.mention == fact.mention for one in known):
        return incident
    # Those known when it was: what comes late must not hide what was right before.
    before = sum(one.known_at <= fact.known_at and _rank(one) < _rank(fact) for one in known)
    if before > RUNNERS_UP:
        return incident
    facts = [*known, fact]
    if len(facts) > FIRSTS_KEPT:
        facts = [*facts[: FIRSTS_KEPT // 2], *facts[FIRSTS_KEPT // 2 + 1 :]]
    return replace(incident, first_publics=facts, first_public=first_of_all(facts))


def firsts_since(incident: Incident) -> list[tuple[datetime, FirstPublic]]:
    """Which post was the first one known since when, oldest first; the first since the incident was opened."""
    opened_at, left = incident.opened_at, [one for one in incident.left if one.first_publics]
    if len(incident.first_publics) < 2 and not left:
        return [(opened_at, incident.first_public)]
    spans: list[tuple[datetime, datetime | None, FirstPublicFact]] = [
        (max(one.known_at, opened_at), None, one) for one in incident.first_publics
    ]
    spans += [(max(one.known_at, opened_at), gone.at, one) for gone in left for one in gone.first_publics]
    found: list[tuple[datetime, FirstPublic]] = []
    for at in sorted({opened_at, *(one for since, until, _ in spans for one in (since, until) if one is not None)}):
        standing = [one for since, until, one in spans if since <= at and (until is None or at < until)]
        if standing and (not found or found[-1][1] != first_of_all(standing)):
            found.append((at if found else opened_at, first_of_all(standing)))
    return found or [(opened_at, incident.first_public)]


def without_firsts(incident: Incident, gone: Sequence[str]) -> tuple[Incident, list[FirstPublicFact]]:
    """The incident without these posts among the first ones, and what left; the last one stays: it was public once."""
    kept = [one for one in incident.first_publics if one.mention not in gone]
    if not kept or len(kept) == len(incident.first_publics):
        return incident, []
    left = [one for one in incident.first_publics if one.mention in gone]
    return replace(incident, first_publics=kept, first_public=first_of_all(kept)), left


def _rank(one: FirstPublicFact) -> tuple[bool, datetime, datetime, str]:
    return one.is_answer, one.interval.latest, one.interval.earliest or one.interval.latest, one.mention
