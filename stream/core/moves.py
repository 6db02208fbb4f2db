"""What people's decisions do to an incident's facts: posts go out and come in, incidents merge. Pure.

The past stays as it was: a fact that leaves counted until then, one that comes counts since then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from stream.core import heat as heats
from stream.core.cases import Departure, Incident, Joining, Turn
from stream.core.documents import in_order
from stream.core.firsts import first_facts, first_of_all, without_firsts
from stream.core.incidents import PRINTS_KEPT
from stream.core.knowledge import KINDS, Kind
from stream.core.matching import joined_terms
from stream.core.naming import with_names

# Decisions about which posts are this incident's: they do not follow its facts into another one.
OF_MEMBERSHIP = frozenset(("confirm", "dismiss", "merge", "split", "acknowledge"))
_TOLD: tuple[Kind, ...] = ("emergencies", "occurred", "known", "figures", "responses")


def without(incident: Incident, members: Sequence[tuple[str, datetime]], at: datetime) -> Incident:
    """Posts that a person took out at `at`, as (id, collected_at): what they say counts no more from then on."""
    gone = {id for id, _ in members}
    heat = incident.heat
    for _, collected_at in members:
        heat = heats.cooled(heat, collected_at)
    incident, firsts = without_firsts(incident, sorted(gone))
    kept: dict[str, list[Any]] = {}
    left: dict[str, list[Any]] = {"first_publics": firsts} if firsts else {}
    for kind in _TOLD:
        facts = getattr(incident, kind)
        if any(one.mention in gone for one in facts):
            kept[kind] = [one for one in facts if one.mention not in gone]
            left[kind] = [one for one in facts if one.mention in gone]
    return replace(
        incident, **kept, collected_at=max(incident.collected_at, at), heat=heat,
        prints=[one for one in incident.prints if one.mention not in gone],
        left=[*incident.left, Departure(at=at, **left)] if left else incident.left,
    )  # fmt: skip


def known_since(incident: Incident, post: str, at: datetime, before: Incident) -> Incident:
    """The incident with what `post` says known no earlier than `at`, when a person put it there; what the incident
    `before` that held of it already was known (the last of its first posts stays where a post is taken out)."""
    return replace(
        incident, **{kind: _since(getattr(incident, kind), at, post, getattr(before, kind)) for kind in KINDS}
    )


def merged(target: Incident, source: Incident, at: datetime) -> tuple[Incident, Incident]:
    """`source` goes into `target` at `at`: the grown target, and the source that points to it."""
    facts = {kind: [*getattr(target, kind), *_since(getattr(source, kind), at)] for kind in KINDS}
    facts["first_publics"] = [*first_facts(target), *_since(first_facts(source), at)]
    own = {one.id for one in target.decisions}
    brought = [one for one in source.decisions if one.what not in OF_MEMBERSHIP and one.id not in own]
    named = with_names(target, (source.regions, source.topics, source.bodies), at)
    known = {*target.regions, *target.topics, *target.bodies}
    joining = Joining(
        at=at, posts=sorted({one.mention for kind in KINDS for one in getattr(source, kind)}),
        decisions=[one.id for one in brought],
        names=[one for one in (*named.regions, *named.topics, *named.bodies) if one not in known],
    )  # fmt: skip
    grown = replace(
        named,
        **facts,
        collected_at=max(target.collected_at, at),
        first_public=first_of_all(facts["first_publics"]),
        decisions=sorted([*target.decisions, *brought], key=in_order),
        joined=[*target.joined, joining],
        hot=[*target.hot, *source.hot][-heats.HOT_KEPT :],
        heat=heats.together(target.heat, source.heat),
        terms=joined_terms(target.terms, source.terms),
        prints=[*target.prints, *source.prints][-PRINTS_KEPT:],
    )
    gone = replace(
        source, collected_at=max(source.collected_at, at), state="merged", merged_into=target.id, due_at=None,
        turns=[*source.turns, Turn(state="merged", at=at)],
    )  # fmt: skip
    return grown, gone


def _since(facts: Sequence[Any], at: datetime, post: str | None = None, held: Sequence[Any] = ()) -> list[Any]:
    """These facts known no earlier than `at`; with `post` only what it says, but for what was `held`."""

    def is_new(one: Any) -> bool:
        return one.known_at < at and (post is None or (one.mention == post and one not in held))

    return [replace(one, known_at=at) if is_new(one) else one for one in facts]
