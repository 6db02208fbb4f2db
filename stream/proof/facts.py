"""What an evidence file holds of an incident: the facts as known at an instant, and nobody's name but an office's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from stream.core.cases import Departure, Incident, Response
from stream.core.knowledge import as_known

# Whom an issuer of these kinds names is a person or a private undertaking; a verdict rests on authorities alone.
_PRIVATE = frozenset(("celebrity", "self_media", "foreign", "other"))


def facts_at(incident: Incident, at: datetime) -> Incident:
    """The incident as known at `at`, so that facts learnt later do not change what was exported; without the names of
    private persons."""
    known = as_known(incident, at)
    left = [replace(one, responses=[_office(said) for said in one.responses]) for one in known.left]
    return replace(known, responses=[_office(one) for one in known.responses], left=left)


def cited(incident: Incident) -> dict[str, set[str]]:
    """Every post that a fact rests on, with what it is cited for: `first_public`, `occurred`, `known`, `figure`,
    `emergency`, `response`, `answered`, `decision`."""
    found: dict[str, set[str]] = {incident.first_public.mention: {"first_public"}}
    for role, mention in _roles(incident):
        found.setdefault(mention, set()).add(role)
    return found


def _roles(incident: Incident) -> Iterator[tuple[str, str]]:
    """What was taken out is cited, too: earlier verdicts rest on it."""
    told: list[Incident | Departure] = [incident, *incident.left]
    for one in told:
        yield from (("emergency", fact.mention) for fact in one.emergencies)
        yield from (("occurred", fact.mention) for fact in one.occurred)
        yield from (("known", fact.mention) for fact in one.known)
        yield from (("figure", fact.mention) for fact in one.figures)
        yield from (("response", fact.mention) for fact in one.responses)
        yield from (("answered", fact.answers) for fact in one.responses if fact.answers is not None)
    yield from (("decision", one.incident_of) for one in incident.decisions)


def _office(response: Response) -> Response:
    """Without a private person's name."""
    if response.is_authoritative or response.issuer_kind not in _PRIVATE:
        return response
    return replace(response, issuer=None, title="", url=None)
