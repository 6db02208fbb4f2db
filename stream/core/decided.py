"""What people decided about an incident, read from append-only decisions; a malformed value decides nothing.

A decision never erases facts: it stands beside them from its instant on, and the newest of a kind wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from stream.core.cases import Response
from stream.core.documents import Decision, in_order
from stream.core.intervals import SHANGHAI, Interval, exactly
from stream.core.rules import Rules

YEARS = (1900, 2999)
FOR_GOOD = datetime.max.replace(tzinfo=UTC)

Since = Callable[[Decision], datetime]


class Exemption(Struct, frozen=True, kw_only=True):
    """A named person claims `ground` for one rule (None: for every rule of the incident), quoting its basis."""

    rule: str | None
    ground: str
    who: str
    decision: str


def exemption_of(decision: Decision, rules: Rules) -> Exemption | None:
    """The claim in `decision`: value = a ground's id, or {ground, rule}. None where no person is named, no basis is
    quoted in `why`, or the ground cannot excuse a statement (an investigation never excuses 5 h / 24 h)."""
    value = decision.value if isinstance(decision.value, dict) else {"ground": decision.value}
    ground = next((one for one in rules.exempt_grounds if one.id == value.get("ground")), None)
    if ground is None or not ground.excuses or not decision.who.strip() or not decision.why.strip():
        return None
    rule = value.get("rule")
    return Exemption(
        rule=rule if isinstance(rule, str) else None, ground=ground.id, who=decision.who, decision=decision.id
    )


def decided_at(decision: Decision) -> datetime:
    """When it was decided: since then it stands, unless a merge brought it later (stream.core.knowledge.effects)."""
    return decision.collected_at


def posts_of(decision: Decision) -> list[str]:
    """The posts that a decision names: value = one or several, else the post `incident_of` itself."""
    named = decision.value if isinstance(decision.value, list) else [decision.value]
    return [one for one in named if isinstance(one, str)] or [decision.incident_of]


def rejections(decisions: list[Decision], since: Since = decided_at) -> dict[str, list[tuple[datetime, datetime]]]:
    """When posts stood rejected: from a rejection until a person attached them again (else for good)."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for decision in sorted(decisions, key=lambda one: (since(one), one.id)):
        if decision.what not in ("reject", "attach"):
            continue
        at = since(decision)
        for post in posts_of(decision):
            spans = found.setdefault(post, [])
            stands = bool(spans) and spans[-1][1] == FOR_GOOD
            if decision.what == "reject" and not stands:
                spans.append((at, FOR_GOOD))
            elif decision.what == "attach" and stands:
                spans[-1] = (spans[-1][0], at)
    return found


def rejected_mentions(decisions: list[Decision]) -> dict[str, datetime]:
    """Mentions that stand rejected by all of these decisions, and since when."""
    spans = rejections(decisions)
    return {post: found[-1][0] for post, found in spans.items() if found and found[-1][1] == FOR_GOOD}


def conferences(decisions: list[Decision], since: Since = decided_at) -> Iterator[Response]:
    """Conferences that a person saw being held: value = the actual start (ISO), or {at | earliest, latest, issuer}."""
    for decision in _of_kind(decisions, "conference_held"):
        held = interval_in(decision.value)
        if held is None:
            continue
        issuer = decision.value.get("issuer") if isinstance(decision.value, dict) else None
        yield Response(
            mention=decision.id, answers=None, answered=None, published=held, form="conference_held",
            issuer=issuer if isinstance(issuer, str) else None, issuer_kind="government", level=None,
            is_authoritative=True, known_at=since(decision), title=decision.why[:200],
        )  # fmt: skip


def restated(decisions: list[Decision], since: Since = decided_at) -> dict[str, list[tuple[datetime, Interval]]]:
    """Corrected publication times of responses: value = {mention, at | earliest, latest}; by mention, oldest first.
    Of several, the one decided last stands, even where a merge brings an older one after it."""
    found: dict[str, list[tuple[datetime, Interval]]] = {}
    newest: dict[str, tuple[datetime, str]] = {}
    for decision in sorted(_of_kind(decisions, "restate"), key=since):
        mention = decision.value.get("mention") if isinstance(decision.value, dict) else None
        corrected = interval_in(decision.value)
        if not isinstance(mention, str) or corrected is None:
            continue
        if mention not in newest or newest[mention] < in_order(decision):
            newest[mention] = in_order(decision)
            found.setdefault(mention, []).append((since(decision), corrected))
    return found


def interval_in(value: Any) -> Interval | None:
    """An instant or interval as a person gives it: ISO text, or {at} or {earliest, latest} of such. A date is its whole
    day, an instant without seconds its whole minute; without offset it is Shanghai's. None where it is none."""
    if isinstance(value, str):
        return _stated(value)
    if not isinstance(value, dict):
        return None
    if (at := _stated(value.get("at"))) is not None:
        return at
    first, last = _stated(value.get("earliest")), _stated(value.get("latest"))
    if last is None or (first is not None and first.earliest is not None and first.earliest > last.latest):
        return None
    earliest = None if first is None else first.earliest
    return Interval(earliest=earliest, latest=last.latest, precision="unknown", source="decision")


def _stated(text: Any) -> Interval | None:
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if not YEARS[0] <= at.year <= YEARS[1]:  # at the ends of the calendar a day more is an overflow
        return None
    # The offset counts neither as time of day nor as seconds.
    clock = re.sub(r"(Z|[+-]\d\d:?\d\d)$", "", text.strip()[10:])
    at = (at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).astimezone(SHANGHAI)
    if not clock:
        return Interval(earliest=at, latest=at + timedelta(days=1), precision="day", source="decision")
    if clock.count(":") == 1:
        return Interval(earliest=at, latest=at + timedelta(seconds=59), precision="minute", source="decision")
    return exactly(at, "decision")


def _of_kind(decisions: list[Decision], what: str) -> list[Decision]:
    return sorted((one for one in decisions if one.what == what), key=lambda one: (one.collected_at, one.id))
