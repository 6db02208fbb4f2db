"""An incident as facts: opening, adding what posts and persons say, closing by rule. Pure; nothing reads a clock.

A fact is added once: its mention tells it apart, so a message seen again changes nothing. Facts are kept when they say
something new or speak for an authority; that, and the limits below, keep an incident with thousands of posts small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from stream.core import heat as heats
from stream.core.cases import FirstPublic, HotFact, Incident, Print, Response
from stream.core.documents import Answer, Decision, Mention, in_order
from stream.core.event_facts import with_event
from stream.core.intervals import Interval
from stream.core.matching import figures_of, joined_terms, reach, with_terms
from stream.core.publications import given, published

REGIONS_KEPT = 8
BODIES_KEPT = 12
TOPICS_KEPT = 6
TOPIC_SCORE = 0.5
PRINTS_KEPT = 24  # reprints come within hours: the newest distinct texts suffice
SAME_TEXT_BITS = 3  # of 63 (Manku et al. 2007 take 3 of 64)
# Decisions about which posts are this incident's: they do not follow its facts into another one.
OF_MEMBERSHIP = frozenset(("confirm", "dismiss", "merge", "split", "acknowledge"))
RESPONSES_KEPT = 200  # beyond it only answers to a post, and the first and earliest of each authority and form


class Lifetime(Struct, frozen=True, kw_only=True):
    """When incidents close. Open obligations are not seen here: `quiet` must exceed the longest hour clock (48 h)."""

    quiet: timedelta = timedelta(days=7)
    reopens_within: timedelta = timedelta(days=7)


def incident_id(mention: str) -> str:
    """The id of the incident that this post opens."""
    return "i-" + hashlib.sha256(mention.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def opened(mention: Mention, at: datetime, id: str | None = None) -> Incident:
    """An incident without facts yet, opened at `at` for this post; the post itself is added by `with_mention`."""
    return Incident(
        id=id or incident_id(mention.id), collected_at=at, title=mention.title or mention.quote[:40], opened_at=at,
        state="open", merged_into=None, closed_at=None, first_public=_first_public(mention), regions=[], topics=[],
        bodies=[], emergencies=[], occurred=[], figures=[], responses=[], decisions=[], hot=[], heat=heats.NO_HEAT,
        terms=[],
    )  # fmt: skip


def reprint_of(incident: Incident, mention: Mention) -> str | None:
    """The earlier post of this incident with the same text, if any."""
    if not mention.simhash:
        return None
    for one in incident.prints:
        if (one.simhash ^ mention.simhash).bit_count() <= SAME_TEXT_BITS and one.mention != mention.id:
            return one.mention
    return None


def with_mention(incident: Incident, mention: Mention, duplicate_of: str | None = None) -> Incident:
    """One more member: heat, terms, places, bodies, topics. Facts are `with_facts`.

    A reprint teaches no terms; nor does an irrelevant post, or a famous name would draw everything to the incident.
    """
    is_news = duplicate_of is None
    is_telling = is_news and mention.relevant
    topics = [one.topic for one in mention.topics if one.score >= TOPIC_SCORE]
    prints = incident.prints
    if is_news and mention.simhash:
        prints = [*prints, Print(simhash=mention.simhash, mention=mention.id)][-PRINTS_KEPT:]
    return replace(
        incident,
        collected_at=max(incident.collected_at, mention.collected_at),
        heat=heats.heated(incident.heat, mention.collected_at),
        terms=with_terms(incident.terms, mention.fingerprint) if is_telling else incident.terms,
        prints=prints,
        regions=_with_regions(incident.regions, mention.regions) if is_telling else incident.regions,
        bodies=_union(incident.bodies, mention.bodies, BODIES_KEPT) if is_telling else incident.bodies,
        topics=_union(incident.topics, topics, TOPICS_KEPT) if is_telling else incident.topics,
    )


def with_facts(
    incident: Incident, mention: Mention, answered: Interval | None = None, duplicate_of: str | None = None
) -> Incident:
    """What the post says that was not known; the same object when that is nothing."""
    before = incident
    incident = _with_responses(incident, mention, answered, duplicate_of)
    if duplicate_of is None:
        incident = with_event(incident, mention)
    incident = _with_first_public(incident, mention)
    if incident is before:
        return before
    return replace(incident, collected_at=max(incident.collected_at, mention.collected_at))


def with_hot(incident: Incident, found: HotFact) -> Incident:
    """A spike that was found."""
    return replace(incident, hot=[*incident.hot, found][-heats.HOT_KEPT :])


def recorded(incident: Incident, decision: Decision) -> Incident:
    """With a decision that concerns it; each stands there once."""
    if is_told(incident, decision):
        return incident
    at = max(incident.collected_at, decision.collected_at)
    return replace(incident, collected_at=at, decisions=[*incident.decisions, decision])


def is_told(incident: Incident, decision: Decision) -> bool:
    """Whether it knows of this decision."""
    return any(one.id == decision.id for one in incident.decisions)


def with_decision(incident: Incident, decision: Decision) -> Incident:
    """A person decided: kept always; `dismiss` and `confirm` change the state."""
    incident = recorded(incident, decision)
    if incident.state != "merged" and decision.what == "dismiss":
        return replace(incident, state="dismissed")
    if incident.state != "merged" and decision.what == "confirm":
        return replace(incident, state="open", closed_at=None)
    return incident


def without(incident: Incident, members: Sequence[tuple[str, datetime]]) -> Incident:
    """Posts that a person took out, as (id, collected_at): their facts and their heat leave with them."""
    gone = {id for id, _ in members}
    heat = incident.heat
    for _, at in members:
        heat = heats.cooled(heat, at)
    return replace(
        incident,
        heat=heat,
        emergencies=[one for one in incident.emergencies if one.mention not in gone],
        occurred=[one for one in incident.occurred if one.mention not in gone],
        figures=[one for one in incident.figures if one.mention not in gone],
        known=[one for one in incident.known if one.mention not in gone],
        responses=[one for one in incident.responses if one.mention not in gone],
        prints=[one for one in incident.prints if one.mention not in gone],
    )


def merged(target: Incident, source: Incident, at: datetime) -> tuple[Incident, Incident]:
    """`source` goes into `target`: the grown target, and the source that points to it."""
    first = min(target.first_public, source.first_public, key=lambda one: (one.interval.latest, one.mention))
    grown = replace(
        target,
        collected_at=max(target.collected_at, at),
        first_public=first,
        regions=_with_regions(target.regions, source.regions),
        topics=_union(target.topics, source.topics, TOPICS_KEPT),
        bodies=_union(target.bodies, source.bodies, BODIES_KEPT),
        emergencies=[*target.emergencies, *source.emergencies],
        occurred=[*target.occurred, *source.occurred],
        figures=[*target.figures, *source.figures],
        known=[*target.known, *source.known],
        responses=[*target.responses, *source.responses],
        decisions=sorted(
            [*target.decisions, *(one for one in source.decisions if one.what not in OF_MEMBERSHIP)], key=in_order
        ),
        hot=[*target.hot, *source.hot][-heats.HOT_KEPT :],
        heat=heats.together(target.heat, source.heat),
        terms=joined_terms(target.terms, source.terms),
        prints=[*target.prints, *source.prints][-PRINTS_KEPT:],
    )
    gone = replace(
        source, collected_at=max(source.collected_at, at), state="merged", merged_into=target.id, due_at=None
    )
    return grown, gone


def is_alive(incident: Incident) -> bool:
    """Whether posts may still be matched to it: open, or closed or dismissed not long ago."""
    return incident.state == "open" or (incident.state != "merged" and incident.due_at is not None)


def awake(incident: Incident, at: datetime, lifetime: Lifetime) -> Incident:
    """After news at `at`: a closed incident reopens, and the quiet time begins anew."""
    if incident.state == "merged":
        return incident
    if incident.state == "closed":
        incident = replace(incident, state="open", closed_at=None)
    due = at + lifetime.quiet
    return incident if incident.due_at is not None and incident.due_at >= due else replace(incident, due_at=due)


def rung(incident: Incident, now: datetime, lifetime: Lifetime) -> Incident:
    """Its timer rang at `now`: an open incident closes and may reopen for a while; then it is left alone."""
    if incident.state == "open":
        return replace(incident, collected_at=now, state="closed", closed_at=now, due_at=now + lifetime.reopens_within)
    return replace(incident, due_at=None)


def _first_public(mention: Mention) -> FirstPublic:
    return FirstPublic(interval=published(mention), mention=mention.id)


def _with_first_public(incident: Incident, mention: Mention) -> Incident:
    """The earliest post that is no response; while there is none, the earliest of all."""
    known = incident.first_public
    if known.mention == mention.id:
        return incident
    rank = (mention.response is not None, published(mention).latest)
    known_rank = (any(one.mention == known.mention for one in incident.responses), known.interval.latest)
    return replace(incident, first_public=_first_public(mention)) if rank < known_rank else incident


def with_answered(incident: Incident, mention: Mention) -> Incident:
    """The post has come whose answers came first: they learn when it was published."""
    responses = [
        replace(one, answered=published(mention)) if one.answers == mention.id and one.answered is None else one
        for one in incident.responses
    ]
    return replace(incident, responses=responses)


def _with_responses(
    incident: Incident, mention: Mention, answered: Interval | None, duplicate_of: str | None
) -> Incident:
    answer = mention.response
    if answer is None and mention.removed_at is None:
        return incident
    for place, one in enumerate(incident.responses):
        if one.mention == mention.id:
            return _withdrawn(incident, place, mention)
    if answer is None or not _is_worth_keeping(incident, mention, answer, duplicate_of):
        return incident
    response = _response(incident, mention, answer, answered, duplicate_of)
    return replace(incident, responses=[*incident.responses, response])


def _withdrawn(incident: Incident, place: int, mention: Mention) -> Incident:
    """The response at `place`, seen again: found removed, or unchanged."""
    known = incident.responses[place]
    if mention.removed_at is None or known.removed_at is not None:
        return incident
    gone = replace(known, removed_at=mention.removed_at, removal_known_at=mention.collected_at)
    return replace(incident, responses=[*incident.responses[:place], gone, *incident.responses[place + 1 :]])


def _is_worth_keeping(incident: Incident, mention: Mention, answer: Answer, duplicate_of: str | None) -> bool:
    """An answer to a person's post always; a reprint only if it moves the instant or is the authority's own."""
    if mention.answers is not None:
        return True
    if len(incident.responses) >= RESPONSES_KEPT and not answer.is_authoritative:
        return False
    alike = [one for one in incident.responses if (one.issuer, one.form) == (answer.issuer, answer.form)]
    if not alike:
        return True
    if answer.is_authoritative and not any(one.is_authoritative for one in alike):
        return True
    if given(mention).latest < min(one.published.latest for one in alike):
        return True
    is_copy = duplicate_of is not None and any(one.mention == duplicate_of for one in incident.responses)
    return not is_copy and len(incident.responses) < RESPONSES_KEPT


def _response(
    incident: Incident, mention: Mention, answer: Answer, answered: Interval | None, duplicate_of: str | None
) -> Response:
    return Response(
        mention=mention.id, answers=mention.answers, answered=answered, published=given(mention),
        form=answer.form, issuer=answer.issuer, issuer_kind=answer.issuer_kind, level=answer.level,
        is_authoritative=answer.is_authoritative, known_at=mention.collected_at, title=mention.title,
        source=mention.source, url=mention.url, removed_at=mention.removed_at,
        removal_known_at=mention.collected_at if mention.removed_at is not None else None,
        is_new_fact=duplicate_of is None and _says_something_new(incident, mention, answer),
    )  # fmt: skip


def _says_something_new(incident: Incident, mention: Mention, answer: Answer) -> bool:
    """A first word, a new figure, a result: what `CN-CONT-UPDATE` calls a follow-up with a new fact."""
    if answer.form in ("acknowledgement", "conference_announced"):
        return False
    if not any(one.is_authoritative for one in incident.responses) or answer.form in ("result", "conference_held"):
        return True
    known = {(one.name, one.value) for one in incident.figures if one.issuer is not None}
    return any(one not in known for one in figures_of(mention)) or all(
        one.form != answer.form for one in incident.responses
    )


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
