"""What an evidence file holds of an incident: the facts as known at an instant, and nobody's name but an office's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from stream.core import heat as heats
from stream.core.cases import Incident, Response
from stream.core.documents import Decision

State = Literal["open", "closed", "dismissed", "merged"]

# Whom an issuer of these kinds names is a person or a private undertaking; a verdict rests on authorities alone.
_PRIVATE = frozenset(("celebrity", "self_media", "foreign", "other"))


def facts_at(incident: Incident, at: datetime) -> Incident:
    """The incident with what was known at `at` alone, so that facts learnt later do not change what was exported.

    What the gatherer keeps for its own work (terms, prints, heat) is no fact and left out. `first_public`, places,
    topics and bodies carry no instant of knowledge and stand as given: stream.retelling tells them as of then.
    """
    decisions = [one for one in incident.decisions if one.collected_at <= at]
    responses = [_known(one, at) for one in incident.responses if one.known_at <= at]
    closed_at = incident.closed_at if incident.closed_at is not None and incident.closed_at <= at else None
    state = _state(incident, decisions, closed_at)
    known = replace(
        incident, state=state, closed_at=closed_at if state == "closed" else None,
        merged_into=incident.merged_into if state == "merged" else None,
        emergencies=[one for one in incident.emergencies if one.known_at <= at],
        occurred=[one for one in incident.occurred if one.known_at <= at],
        figures=[one for one in incident.figures if one.known_at <= at],
        known=[one for one in incident.known if one.known_at <= at],
        responses=responses, decisions=decisions, hot=[one for one in incident.hot if one.at <= at],
        heat=heats.NO_HEAT, terms=[], prints=[], due_at=None,
    )  # fmt: skip
    return replace(known, collected_at=max([incident.opened_at, *_instants(known)]))


def cited(incident: Incident) -> dict[str, set[str]]:
    """Every post that a fact rests on, with what it is cited for: `first_public`, `occurred`, `known`, `figure`,
    `emergency`, `response`, `answered`, `decision`."""
    found: dict[str, set[str]] = {incident.first_public.mention: {"first_public"}}
    for role, mention in _roles(incident):
        found.setdefault(mention, set()).add(role)
    return found


def _roles(incident: Incident) -> Iterator[tuple[str, str]]:
    yield from (("emergency", one.mention) for one in incident.emergencies)
    yield from (("occurred", one.mention) for one in incident.occurred)
    yield from (("known", one.mention) for one in incident.known)
    yield from (("figure", one.mention) for one in incident.figures)
    yield from (("response", one.mention) for one in incident.responses)
    yield from (("answered", one.answers) for one in incident.responses if one.answers is not None)
    yield from (("decision", one.incident_of) for one in incident.decisions)


def _state(incident: Incident, decisions: list[Decision], closed_at: datetime | None) -> State:
    """As it stood: the last decision about it, else whether it had closed."""
    last = next((one.what for one in reversed(decisions) if one.what in ("dismiss", "confirm", "merge")), None)
    if incident.state == "merged" and last == "merge":
        return "merged"
    if last == "dismiss":
        return "dismissed"
    return "closed" if closed_at is not None and incident.state == "closed" else "open"


def _known(response: Response, at: datetime) -> Response:
    """Without a removal that was found later, and without a private person's name."""
    if response.removal_known_at is not None and response.removal_known_at > at:
        response = replace(response, removed_at=None, removal_known_at=None)
    if response.is_authoritative or response.issuer_kind not in _PRIVATE:
        return response
    return replace(response, issuer=None, title="", url=None)


def _instants(incident: Incident) -> Iterator[datetime]:
    yield from (one.known_at for one in incident.emergencies)
    yield from (one.known_at for one in incident.occurred)
    yield from (one.known_at for one in incident.known)
    yield from (one.known_at for one in incident.figures)
    yield from (one.known_at for one in incident.responses)
    yield from (one.removal_known_at for one in incident.responses if one.removal_known_at is not None)
    yield from (one.collected_at for one in incident.decisions)
    yield from (one.at for one in incident.hot)
