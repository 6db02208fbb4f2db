"""What the pages ask of the store. A connection lives for one query, so the pipeline is never held up.

Pages must import this module only as `dashboard.queries`: imported in two ways it would be loaded twice.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from stream.reading.topics import TopicConfig

from dashboard.words import OUTCOMES
from stream.backends import open_backends
from stream.clock import clock_now, wall_now
from stream.core.documents import (
    Alert,
    Assignment,
    Clock,
    Decision,
    Incident,
    Item,
    Judgement,
    Obligation,
    Post,
    TopicHeat,
)  # fmt: skip
from stream.core.rules import Rules
from stream.ports import Backends, Filter, Found, Save, Search, TopicCount
from stream.settings import Settings, load_settings, load_yaml

T = TypeVar("T", bound=Item)

OPEN_SHOWN = 60
MEMBERS_SHOWN = 100
STILL_AFTER = timedelta(seconds=30)


class Now(Struct, frozen=True, kw_only=True):
    """The pipeline's time, and whether the pipeline is alive."""

    at: datetime
    is_running: bool
    speed: float
    watermark: datetime | None


class Dossier(Struct, frozen=True, kw_only=True):
    """Everything one incident page shows."""

    incident: Incident
    judgement: Judgement | None
    posts: list[Post]
    members: int
    alerts: list[Alert]


class BodyReview(Struct, frozen=True, kw_only=True):
    """Verdicts of one body: the denominators are `met + late + unknown`; what runs or does not count stands apart."""

    body: str
    met: int
    late: int
    unknown: int
    pending: int
    excluded: int


class Due(Struct, frozen=True, kw_only=True):
    """One running obligation with its incident."""

    judgement: Judgement
    obligation: Obligation


@cache
def settings() -> Settings:
    """The profile the command line started us with."""
    return load_settings(Path(os.environ.get("HUIYING_CONFIG", "config/embedded.yaml")))


@cache
def rule_titles() -> dict[str, str]:
    """What each rule demands, in its own words."""
    return {rule.id: rule.text for rule in load_yaml(settings().file("rules"), Rules).rules}


@cache
def topic_names() -> list[str]:
    """The configured topics."""
    return [one.name for one in load_yaml(settings().file("topics"), TopicConfig).topics]


@contextmanager
def reading() -> Iterator[Backends]:
    """The store, for one query."""
    backends = open_backends(settings(), read_only=True)
    try:
        yield backends
    finally:
        backends.close()


def is_empty() -> bool:
    """Whether nothing was ever written here."""
    return not (settings().data / f"{settings().namespace}.sqlite").exists() and settings().backend.store == "sqlite"


def now() -> Now:
    """The pipeline's clock; the wall's where no pipeline ever ran."""
    with reading() as backends:
        found = backends.store.get_many(Clock, ["pipeline"])
    wall = wall_now()
    clock = found["pipeline"].item if found else None
    if not isinstance(clock, Clock):
        return Now(at=wall, is_running=False, speed=1.0, watermark=None)
    is_running = wall - clock.wall_at < STILL_AFTER
    at = clock_now(clock, wall) if is_running else clock.collected_at
    return Now(at=at, is_running=is_running, speed=clock.speed, watermark=clock.watermark)


def open_incidents(topic: str | None = None, region: str | None = None) -> list[Judgement]:
    """Open incidents by what is due next, emergencies first; at most OPEN_SHOWN."""
    where = Filter(state="open", topic=topic, region=region)
    with reading() as backends:
        due = [one.item for one in backends.store.listing(Judgement, where, order="due", limit=OPEN_SHOWN).items]
        new = [one.item for one in backends.store.listing(Judgement, where, order="newest", limit=OPEN_SHOWN).items]
    found = {one.id: one for one in [*due, *new] if isinstance(one, Judgement)}
    return sorted(found.values(), key=_urgency)[:OPEN_SHOWN]


def _urgency(judgement: Judgement) -> tuple[bool, bool, datetime, str]:
    pending = [one.due.latest for one in judgement.obligations if one.verdict == "pending" and one.due]
    far = judgement.opened_at + timedelta(days=3650)
    return (not pending, not judgement.is_emergency, min(pending, default=far), judgement.id)


def running_obligations(verdict: str = "pending", limit: int = 200) -> list[Due]:
    """Obligations with this verdict, the next due first."""
    with reading() as backends:
        page = backends.store.listing(Judgement, Filter(verdict=verdict), order="due", limit=limit)
    found = [
        Due(judgement=one.item, obligation=obligation)
        for one in page.items
        if isinstance(one.item, Judgement)
        for obligation in one.item.obligations
        if obligation.verdict == verdict and obligation.modality != "advisory"
    ]
    return sorted(found, key=lambda one: (one.obligation.due is None, one.obligation.due and one.obligation.due.latest))


def dossier(identity: str) -> Dossier | None:
    """One incident with its newest posts; None if there is none."""
    with reading() as backends:
        store = backends.store
        found = store.get_many(Incident, [identity])
        if identity not in found:
            return None
        judged = store.get_many(Judgement, [identity])
        members = store.listing(Assignment, Filter(incident=identity), order="oldest", limit=MEMBERS_SHOWN).items
        posts = store.get_many(Post, [one.item.id for one in members])
        alerts = store.listing(Alert, Filter(incident=identity), order="oldest", limit=50).items
    incident = found[identity].item
    judgement = judged[identity].item if judged else None
    assert isinstance(incident, Incident)
    return Dossier(
        incident=incident,
        judgement=judgement if isinstance(judgement, Judgement) else None,
        posts=[one.item for one in posts.values() if isinstance(one.item, Post)],
        members=incident.heat.posts,
        alerts=[one.item for one in alerts if isinstance(one.item, Alert)],
    )


def search(wanted: Search) -> Found:
    """A page of posts."""
    with reading() as backends:
        return backends.store.search(wanted)


def incidents_of(posts: Sequence[Post]) -> dict[str, str]:
    """The incident of each post that has one."""
    with reading() as backends:
        found = backends.store.get_many(Assignment, [post.id for post in posts])
    return {
        key: one.item.incident for key, one in found.items() if isinstance(one.item, Assignment) and one.item.incident
    }


def topic_counts(until: datetime, hours: int = 48) -> list[TopicCount]:
    """Posts per topic and hour."""
    with reading() as backends:
        return backends.store.topic_counts(until - timedelta(hours=hours), until + timedelta(hours=1))


def hot_topics(limit: int = 8) -> list[TopicHeat]:
    """Topics whose heat moved last."""
    with reading() as backends:
        page = backends.store.listing(TopicHeat, order="newest", limit=limit)
    return [one.item for one in page.items if isinstance(one.item, TopicHeat) and one.item.hot]


def recent_alerts(limit: int = 12) -> list[Alert]:
    """The newest alerts."""
    with reading() as backends:
        page = backends.store.listing(Alert, order="newest", limit=limit)
    return [one.item for one in page.items if isinstance(one.item, Alert)]


def judgements(since: datetime, until: datetime, limit: int = 2_000) -> list[Judgement]:
    """Incidents judged in a period, oldest first, at most `limit`."""
    with reading() as backends:
        page = backends.store.listing(Judgement, Filter(since=since, until=until), order="oldest", limit=limit)
    return [one.item for one in page.items if isinstance(one.item, Judgement)]


def review(found: Sequence[Judgement]) -> list[BodyReview]:
    """Verdicts per body on the strict and the opinion clock of rules that bind (`must`); others stand beside."""
    counts: dict[str, Counter[str]] = {}
    for judgement in found:
        for one in judgement.obligations:
            if one.modality == "must" and one.clock in {"strict", "opinion"} and not _is_alternate(one, judgement):
                counts.setdefault(one.body or "责任主体待定", Counter())[OUTCOMES[one.verdict]] += 1
    rows = [
        BodyReview(
            body=body, met=count["met"], late=count["late"], unknown=count["unknown"], pending=count["pending"],
            excluded=count["none"],
        )
        for body, count in counts.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row.late, -(row.met + row.unknown), row.body))


def _is_alternate(obligation: Obligation, judgement: Judgement) -> bool:
    """The opinion clock is the headline only of rules without a strict one."""
    return obligation.clock == "opinion" and any(
        other.rule == obligation.rule and other.clock == "strict" for other in judgement.obligations
    )


def decide(what: str, post: str, who: str, why: str, value: Any = None) -> str:
    """Records a person's decision; the pipeline takes it up within a second. Returns its id."""
    at = now().at
    text = f"{at.isoformat()}|{who}|{what}|{post}|{value!r}|{why}"
    identity = "d-" + hashlib.sha256(text.encode()).hexdigest()[:16]
    decision = msgspec.convert(
        {"type": "decision", "id": identity, "collected_at": at, "who": who, "what": what, "incident_of": post,
         "value": value, "why": why}, Decision,
    )  # fmt: skip
    backends = open_backends(settings())
    try:
        backends.store.save_many([Save(item=decision, expected=0)])
    finally:
        backends.close()
    return identity
