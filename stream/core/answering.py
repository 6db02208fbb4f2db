"""Which responses answer an incident, and when each did. Pure.

One to a single post answers the incident while that post is the first public one. A reply on a message board answers
one citizen: it is the incident's own answer only while nothing shows an emergency.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from stream.core.cases import Incident, Response
from stream.core.firsts import firsts_since
from stream.core.knowledge import Counted, counted


def answering(incident: Incident) -> Iterator[tuple[Response, datetime, datetime | None]]:
    """Authoritative responses to the incident itself, each with a stretch [since, until) in which it counts."""
    for one in counted(incident, "responses"):
        response = one.fact
        if not isinstance(response, Response) or not response.is_authoritative:
            continue
        if response.answers is None:
            yield response, one.since, one.until
        else:
            yield from ((response, since, until) for since, until in _stretches(response, one, incident))


def _stretches(response: Response, one: Counted, incident: Incident) -> Iterator[tuple[datetime, datetime | None]]:
    firsts, emergencies = firsts_since(incident), _emergencies(response, incident)
    instants = {at for at, _ in firsts} | {at for fact in emergencies for at in (fact.since, fact.until) if at}
    inside = {at for at in instants if at > one.since and (one.until is None or at < one.until)}
    since: datetime | None = None
    for at in sorted({one.since, *inside}):
        first = [post for known_at, post in firsts if known_at <= max(at, incident.opened_at)][-1]
        is_emergency = any(fact.since <= at and (fact.until is None or at < fact.until) for fact in emergencies)
        answers = response.answers == first.mention and not is_emergency
        if answers and since is None:
            since = at
        elif not answers and since is not None:
            yield since, at
            since = None
    if since is not None:
        yield since, one.until


def _emergencies(response: Response, incident: Incident) -> list[Counted]:
    """What shows an emergency, as far as that touches this response."""
    if response.mention != f"{response.answers}#reply":
        return []
    return counted(incident, "emergencies")
