"""An incident as facts: opening, adding what posts and persons say, closing by rule. Pure; nothing reads a clock.

A fact is added once: its mention tells it apart, so a message seen again changes nothing. Facts are kept when they say
something new or speak for an authority; that, and the limits below, keep an incident with thousands of posts small.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from stream.core import heat as heats
from stream.core.cases import HotFact, Incident, Print, Response, Turn
from stream.core.documents import Answer, Decision, Mention
from stream.core.event_facts import with_event
from stream.core.firsts import first_fact, first_of_all, with_first_public
from stream.core.intervals import Interval
from stream.core.matching import figures_of, with_terms
from stream.core.naming import with_names
from stream.core.publications import given, published

TOPIC_SCORE = 0.5
PRINTS_KEPT = 24  # reprints come within hours: the newest distinct texts suffice
SAME_TEXT_BITS = 3  # of 63 (Manku et al. 2007 take 3 of 64)
RESPONSES_KEPT = 200  # beyond it only answers to a post, and the first and earliest of each authority and form

State = Literal["open", "closed", "dismissed", "merged"]


class Lifetime(Struct, frozen=True, kw_only=True):
    """When incidents close. Open obligations are not seen here: `quiet` must exceed the longest hour clock (48 h)."""

    quiet: timedelta = timedelta(days=7)
    reopens_within: timedelta = timedelta(days=7)


def incident_id(mention: str) -> str:
    """The id of the incident that this post opens."""
    return "i-" + hashlib.sha256(mention.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def opened(mention: Mention, at: datetime, id: str | None = None) -> Incident:
    """An incident without facts yet, opened at `at` for this post; the post itself is added by `with_mention`."""
    first = first_fact(mention)
    return Incident(
        id=id or incident_id(mention.id), collected_at=at, title=mention.title or mention.quote[:40], opened_at=at,
        state="open", merged_into=None, closed_at=None, first_public=first_of_all([first]), regions=[], topics=[],
        bodies=[], emergencies=[], occurred=[], figures=[], responses=[], decisions=[], hot=[], heat=heats.NO_HEAT,
        terms=[], first_publics=[first],
    )  # fmt: skip


def reprint_of(incident: Incident, mention: Mention) -> str | None:
    """The earlier post of this incident with the same text, if any."""
    if not mention.simhash:
        return None
    for one in incident.prints:
        if (one.simhash ^ mention.simhash).bit_count() <= SAME_TEXT_BITS and one.mention != mention.id:
            return one.mention
    return None


def with_mention(
    incident: Incident, mention: Mention, duplicate_of: str | None = None, since: datetime | None = None
) -> Incident:
    """One more member: heat, terms, places, bodies, topics. Facts are `with_facts`. `since`: a person put it there.

    A reprint teaches no terms; nor does an irrelevant post, or a famous name would draw everything to the incident.
    """
    is_news = duplicate_of is None
    is_telling = is_news and mention.relevant
    topics = [one.topic for one in mention.topics if one.score >= TOPIC_SCORE]
    prints = incident.prints
    if is_news and mention.simhash:
        prints = [*prints, Print(simhash=mention.simhash, mention=mention.id)][-PRINTS_KEPT:]
    if is_telling:
        incident = with_names(incident, (mention.regions, topics, mention.bodies), since or mention.collected_at)
    return replace(
        incident,
        collected_at=max(incident.collected_at, mention.collected_at),
        heat=heats.heated(incident.heat, mention.collected_at),
        terms=with_terms(incident.terms, mention.fingerprint) if is_telling else incident.terms,
        prints=prints,
    )


def with_facts(
    incident: Incident, mention: Mention, answered: Interval | None = None, duplicate_of: str | None = None
) -> Incident:
    """What the post says that was not known; the same object when that is nothing."""
    before = incident
    incident = _with_responses(incident, mention, answered, duplicate_of)
    if duplicate_of is None:
        incident = with_event(incident, mention)
    incident = with_first_public(incident, mention)
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
        return replace(incident, state="dismissed", turns=_turned(incident, "dismissed", decision.collected_at))
    if incident.state != "merged" and decision.what == "confirm":
        turns = _turned(incident, "open", decision.collected_at)
        return replace(incident, state="open", closed_at=None, turns=turns)
    return incident


def _turned(incident: Incident, state: State, at: datetime) -> list[Turn]:
    if incident.state == state:
        return incident.turns
    # A message may come late: what it turns, it turns after what was turned before.
    return [*incident.turns, Turn(state=state, at=max([at, *(one.at for one in incident.turns[-1:])]))]


def is_alive(incident: Incident) -> bool:
    """Whether posts may still be matched to it: open, or closed or dismissed not long ago."""
    return incident.state == "open" or (incident.state != "merged" and incident.due_at is not None)


def awake(incident: Incident, at: datetime, lifetime: Lifetime) -> Incident:
    """After news at `at`: a closed incident reopens, and the quiet time begins anew."""
    if incident.state == "merged":
        return incident
    if incident.state == "closed":
        incident = replace(incident, state="open", closed_at=None, turns=_turned(incident, "open", at))
    due = at + lifetime.quiet
    return incident if incident.due_at is not None and incident.due_at >= due else replace(incident, due_at=due)


def rung(incident: Incident, now: datetime, lifetime: Lifetime) -> Incident:
    """Its timer rang at `now`: an open incident closes and may reopen for a while; then it is left alone."""
    if incident.state == "open":
        return replace(
            incident, collected_at=now, state="closed", closed_at=now, due_at=now + lifetime.reopens_within,
            turns=_turned(incident, "closed", now),
        )  # fmt: skip
    return replace(incident, due_at=None)


def with_answered(incident: Incident, mention: Mention) -> Incident:
    """The post has come whose answers came first: they learn when it was published."""
    responses = [
        replace(one, answered=published(mention), answered_known_at=mention.collected_at)
        if one.answers == mention.id and one.answered is None
        else one
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
