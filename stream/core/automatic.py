"""The view without people: what would stand had nobody decided. It is shown beside the verdict that holds.

Posts that a person attached count from that decision on, not from the day they were read; without it, not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from stream.core.cases import EmergencyFact, FigureFact, Incident, Obligation, OccurredFact, Response
from stream.core.documents import Decision

# What leaves every verdict as it is; an objection is heard by a person, who may then decide.
_RULES_NOTHING = ("objection", "acknowledge", "confirm")

Fact = TypeVar("Fact", EmergencyFact, OccurredFact, FigureFact, Response)


def is_ruling(decision: Decision) -> bool:
    """Whether a decision of this kind may change a verdict."""
    return decision.what not in _RULES_NOTHING


def known_since(incident: Incident, post: str, at: datetime) -> Incident:
    """The incident with what `post` says known no earlier than `at`, when a person put it there: the past stays."""

    def since(facts: Sequence[Fact]) -> list[Fact]:
        return [
            msgspec.structs.replace(one, known_at=at) if one.mention == post and one.known_at < at else one
            for one in facts
        ]

    return msgspec.structs.replace(
        incident, emergencies=since(incident.emergencies), occurred=since(incident.occurred),
        figures=since(incident.figures), responses=since(incident.responses),
    )  # fmt: skip


def undecided(incident: Incident) -> Incident:
    """The incident without its decisions and without the posts that people put into it."""
    attached = _attached(incident.decisions)

    def own(facts: Sequence[Fact]) -> list[Fact]:
        # Known before: the post was there already and the decision moved nothing.
        return [one for one in facts if one.mention not in attached or one.known_at < attached[one.mention]]

    return msgspec.structs.replace(
        incident, decisions=[], state="open" if incident.state in ("dismissed", "merged") else incident.state,
        emergencies=own(incident.emergencies), occurred=own(incident.occurred), figures=own(incident.figures),
        responses=own(incident.responses),
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


def _attached(decisions: Sequence[Decision]) -> dict[str, datetime]:
    """Posts that people put into an incident, and since when: value = one or several posts."""
    found: dict[str, datetime] = {}
    for one in sorted(decisions, key=lambda one: (one.collected_at, one.id)):
        if one.what == "attach":
            named = one.value if isinstance(one.value, list) else [one.value]
            for post in named:
                if isinstance(post, str):
                    found.setdefault(post, one.collected_at)
    return found
