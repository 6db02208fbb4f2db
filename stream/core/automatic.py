"""The view without people: what would stand had nobody decided. It is shown beside the verdict that holds.

Posts that a person attached, or a merge brought, do not count in it; posts that a person took out do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from stream.core.cases import Incident, Obligation
from stream.core.decided import posts_of
from stream.core.documents import Decision, in_order
from stream.core.firsts import first_of_all
from stream.core.knowledge import KINDS, Kind

# What leaves every verdict as it is; an objection is heard by a person, who may then decide.
_RULES_NOTHING = ("objection", "acknowledge", "confirm")


def is_ruling(decision: Decision) -> bool:
    """Whether a decision of this kind may change a verdict."""
    return decision.what not in _RULES_NOTHING


def undecided(incident: Incident) -> Incident:
    """The incident without its decisions: posts that people took out are in it, those they put into it are not, nor
    what a merge brought. (An incident that a split made has its posts: without that decision it would not be.)"""
    came = _came(incident)

    def own(kind: Kind) -> list[Any]:
        facts = [*getattr(incident, kind), *(one for gone in incident.left for one in getattr(gone, kind))]
        # Known before: the post was there already and the decision moved nothing.
        return [one for one in facts if one.mention not in came or one.known_at < came[one.mention]]

    brought = {one for joining in incident.joined for one in joining.names}
    firsts = own("first_publics")
    return msgspec.structs.replace(
        incident, decisions=[], left=[], joined=[], **{kind: own(kind) for kind in KINDS},
        state="open" if incident.state in ("dismissed", "merged") else incident.state,
        first_public=first_of_all(firsts) if firsts else incident.first_public,
        named=[one for one in incident.named if one.name not in brought],
        regions=[one for one in incident.regions if one not in brought],
        topics=[one for one in incident.topics if one not in brought],
        bodies=[one for one in incident.bodies if one not in brought],
    )  # fmt: skip


def differing(alone: Sequence[Obligation], decided: Sequence[Obligation]) -> list[Obligation]:
    """The rows of the automatic view that differ from those decided, in their order; a row that only a decision brought
    about stands as not applicable."""
    before = {(one.rule, one.clock): one for one in alone}
    found = [_absent(one) if (was := before.pop(_key(one), None)) is None else was for one in decided]
    differ = [one for one, now in zip(found, decided, strict=True) if one != now]
    return [*differ, *before.values()]


def _key(one: Obligation) -> tuple[str, str]:
    return one.rule, one.clock


def _absent(one: Obligation) -> Obligation:
    return msgspec.structs.replace(
        one, verdict="not_applicable", reason="only_by_decision", satisfied_by=None, elapsed_s=None, evidence=[]
    )


def _came(incident: Incident) -> dict[str, datetime]:
    """Posts that people put into an incident, by attaching them or by a merge, and since when."""
    found: dict[str, datetime] = {}
    for one in sorted(incident.decisions, key=in_order):
        if one.what == "attach":
            for post in posts_of(one):
                found.setdefault(post, one.collected_at)
    for joining in incident.joined:
        for post in joining.posts:
            found[post] = min(found.get(post, joining.at), joining.at)
    return found
