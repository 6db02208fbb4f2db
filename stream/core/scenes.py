"""What stands of the thing that a person decides on: read just before and just after, it says what the decision did.

Read from the incident's facts alone, so the same decision gives the same words in every run. Bounded in size.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from stream.core.cases import Incident
from stream.core.decided import conferences, restated
from stream.core.documents import Decision
from stream.core.knowledge import effects
from stream.core.rules import Rules
from stream.core.situations import Situation, situations

SHOWN = 20
"""Posts, claims, conferences that are named at most."""
LETTERS = 200

OF_POSTS = frozenset(("merge", "split", "attach", "reject"))
"""What names posts, and moves them."""
OF_MEMBERS = OF_POSTS | {"confirm", "dismiss"}
_OF_SITUATION = frozenset(("severity", "occurred", "gate", "exempt"))

Shown = dict[str, Any]


class Scene(Struct, frozen=True, kw_only=True):
    """The incident that a decision concerns, and where each post it names stands (None: in none)."""

    incident: Incident | None
    posts: tuple[tuple[str, Incident | None], ...] = ()


def shown(scene: Scene, decision: Decision, rules: Rules | None) -> Shown | None:
    """What stands of the thing decided; None where nothing does. Without rules nothing is graded."""
    incident, what = scene.incident, decision.what
    if what in OF_MEMBERS:
        return _membership(scene)
    if incident is None:
        return None
    if what in _OF_SITUATION:
        until = max(incident.collected_at, decision.collected_at)
        return _situation(situations(incident, rules, until)[-1], what) if rules is not None else None
    return _recorded(incident, decision)


def _recorded(incident: Incident, decision: Decision) -> Shown | None:
    """Of what stands in the decisions themselves."""
    what = decision.what
    if what == "restate":
        return _published(incident, decision)
    if what == "conference_held":
        held = [
            {"held": _plain(one.published), "issuer": one.issuer}
            for one in conferences(incident.decisions, effects(incident))
        ]
        return {"conferences": held[-SHOWN:]}
    count = sum(one.what == what for one in incident.decisions)
    return {what: count} if count else None


def _situation(now: Situation, what: str) -> Shown | None:
    match what:
        case "severity":
            return {"grade": now.grade, "basis": now.grade_basis}
        case "occurred":
            return {"occurred": _plain(now.occurred)}
        case "gate":
            return {"gates": list(now.gates)}
        case "exempt":
            claims = [{"rule": one.rule, "ground": one.ground, "who": _cut(one.who)} for one in now.exemptions]
            return {"exempt": claims[-SHOWN:]}
    return None


def _membership(scene: Scene) -> Shown:
    """State, number of members, and where the named posts are, with what they say as a response."""
    posts = [
        {"post": _cut(post), "incident": _standing(incident), "response": _response(incident, post)}
        for post, incident in scene.posts[:SHOWN]
    ]
    return {"incident": _standing(scene.incident), "posts": posts}


def _standing(incident: Incident | None) -> Shown | None:
    if incident is None:
        return None
    return {"id": incident.id, "state": incident.state, "members": incident.heat.posts}


def _response(incident: Incident | None, post: str) -> Shown | None:
    for one in incident.responses if incident else []:
        if one.mention == post:
            issuer = None if one.issuer is None else _cut(one.issuer)
            return {"form": one.form, "issuer": issuer, "published": _plain(one.published)}
    return None


def _published(incident: Incident, decision: Decision) -> Shown | None:
    """When the restated post counts as published."""
    mention = decision.value.get("mention") if isinstance(decision.value, dict) else None
    if not isinstance(mention, str):
        return None
    corrected = restated(incident.decisions, effects(incident)).get(mention)
    found = [corrected[-1][1]] if corrected else [one.published for one in incident.responses if one.mention == mention]
    return {"post": _cut(mention), "published": _plain(found[0])} if found else None


def _plain(value: Any) -> Any:
    """As JSON has it, so that what is kept reads as it was written."""
    return msgspec.to_builtins(value)


def _cut(text: str) -> str:
    return text[:LETTERS]
