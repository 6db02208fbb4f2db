"""What an incident knew, and when. A fact counts from when it was known until a person took its post out; what came by
a merge counts since the merge. `as_known` is the incident of an instant: every as-of view reads it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from stream.core import heat as heats
from stream.core.cases import (
    Departure,
    EmergencyFact,
    FigureFact,
    HotFact,
    Incident,
    Joining,
    KnownFact,
    OccurredFact,
    Response,
    Turn,
)
from stream.core.documents import Decision
from stream.core.firsts import firsts_since
from stream.core.naming import names_by

Fact = EmergencyFact | OccurredFact | KnownFact | FigureFact | Response | Decision
Kind = Literal["emergencies", "occurred", "known", "figures", "responses", "first_publics"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Counted(Struct, frozen=True):
    """A fact and when it counts: in [since, until)."""

    fact: Fact
    since: datetime
    until: datetime | None = None


def effects(incident: Incident) -> Callable[[Decision], datetime]:
    """Since when a decision is one on this incident: since it was made, or since the merge that brought it."""
    brought = {id: one.at for one in incident.joined for id in one.decisions}
    return lambda decision: brought.get(decision.id, decision.collected_at)


def counted(incident: Incident, kind: Kind) -> list[Counted]:
    """Every fact of a kind that counts or ever counted."""
    found = [Counted(one, one.known_at) for one in getattr(incident, kind)]
    for gone in incident.left:
        found += [Counted(one, one.known_at, gone.at) for one in getattr(gone, kind) if one.known_at < gone.at]
    return found


def responses_ever(incident: Incident) -> list[Response]:
    """Every response, those that a person took out, too."""
    return [*incident.responses, *(one for gone in incident.left for one in gone.responses)]


def counted_at(incident: Incident, kind: Kind, at: datetime) -> list[Any]:
    """The facts of a kind that counted at an instant, in order of knowledge."""
    kept = [one for one in getattr(incident, kind) if one.known_at <= at]
    taken = [one for gone in incident.left if gone.at > at for one in getattr(gone, kind) if one.known_at <= at]
    return sorted([*kept, *taken], key=lambda one: (one.known_at, one.mention))


def as_known(incident: Incident, at: datetime) -> Incident:
    """The incident as it stood at `at`, after everything of that instant; it was open by then.

    What the gatherer keeps for its own work (heat, terms, prints, its timer) is no fact and left out.
    """
    since = effects(incident)
    names = names_by(incident, [one for one in incident.named if one.known_at <= at])
    turns = [one for one in incident.turns if one.at <= at]
    state = turns[-1].state if turns else "open"
    before = replace(
        incident,
        state=state, closed_at=_closed_at(turns), turns=turns,
        merged_into=incident.merged_into if state == "merged" else None,
        regions=list(names.regions), topics=list(names.topics), bodies=list(names.bodies),
        named=[one for one in incident.named if one.known_at <= at],
        first_public=[one for since_at, one in firsts_since(incident) if since_at <= max(at, incident.opened_at)][-1],
        first_publics=counted_at(incident, "first_publics", at),
        emergencies=counted_at(incident, "emergencies", at), occurred=counted_at(incident, "occurred", at),
        known=counted_at(incident, "known", at), figures=counted_at(incident, "figures", at),
        responses=[_as_known(one, at) for one in counted_at(incident, "responses", at)],
        decisions=[one for one in incident.decisions if since(one) <= at],
        left=[one for one in incident.left if one.at <= at], joined=[one for one in incident.joined if one.at <= at],
        hot=[one for one in incident.hot if one.at <= at],
        heat=heats.NO_HEAT, terms=[], prints=[], due_at=None,
    )  # fmt: skip
    return replace(before, collected_at=max([incident.opened_at, *_instants(before)]))


def _closed_at(turns: Sequence[Turn]) -> datetime | None:
    opened = max((place for place, one in enumerate(turns) if one.state == "open"), default=-1)
    closed = [one.at for one in turns[opened + 1 :] if one.state == "closed"]
    return closed[-1] if closed else None


def _as_known(response: Response, at: datetime) -> Response:
    """Without a removal that was found later, and without the time of a post that came later."""
    if response.removal_known_at is not None and response.removal_known_at > at:
        response = replace(response, removed_at=None, removal_known_at=None)
    if response.answered_known_at is not None and response.answered_known_at > at:
        response = replace(response, answered=None, answered_known_at=None)
    return response


def _instants(incident: Incident) -> Iterator[datetime]:
    since = effects(incident)
    for kind in KINDS:
        yield from (one.known_at for one in getattr(incident, kind))
    yield from (one.known_at for one in incident.named)
    yield from (one.removal_known_at for one in incident.responses if one.removal_known_at is not None)
    yield from (since(one) for one in incident.decisions)
    dated: list[HotFact | Departure | Joining | Turn] = [
        *incident.hot, *incident.left, *incident.joined, *incident.turns,
    ]  # fmt: skip
    yield from (one.at for one in dated)
