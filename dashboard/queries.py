"""What the pages ask of the store. A file's connection lives for one query, so that the pipeline is never held up; a
cluster's is lent for one. Every query is bounded: a page of a list, a count, a few items by id.

Pages must import this module only as `dashboard.queries`: imported in two ways it would be loaded twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from dashboard.names import rules, settings
from dashboard.tallies import headline, standing
from stream.backends import open_backends
from stream.clock import clock_now, wall_now
from stream.core.cases import Alert, Assignment, Incident, Judgement, Obligation, Verdict
from stream.core.codec import Item
from stream.core.documents import Entry, Post
from stream.core.records import AuditEntry, Clock
from stream.ports import Backends, Filter, Found, Search, Store, TopicCount
from stream.recording import Draft, record, with_attachment
from stream.settings import Settings

T = TypeVar("T", bound=Item)

SHOWN = 30  # incidents of one verdict on a page: seven such lists make the live page, every second
LISTED = 100  # incidents of one verdict on the timers board
RUNNING = 150  # incidents looked through for those whose clock runs
MEMBERS = 100  # posts of an incident on one page
CITED = 200  # responses and pieces of evidence of an incident that are looked up
REVIEWED = 400  # judgements in one page of the review: well under 100 ms to read
LINKED = 100  # links of the chain on an incident's page
IDLE = 4  # connections to a cluster that wait for the next query
STILL_AFTER = timedelta(seconds=30)

# In the order of what a leader must see first; each list is short, whatever the store holds.
_LIVE: tuple[Verdict, ...] = (
    "pending", "breached", "breached_but_fair_clock_met", "met_then_retracted", "unknown_coverage_gap",
    "indeterminate", "met",
)  # fmt: skip


_NOT_EMPTY: set[str] = set()
# Opening a connection to a cluster asks its version first: a third of all requests, were each query to open its own.
_IDLE: list[tuple[Settings, Backends]] = []
_LENDING = Lock()


class Now(Struct, frozen=True, kw_only=True):
    """The pipeline's time, and whether the pipeline is alive. `seen_at`: the wall time of its last sign, if any."""

    at: datetime
    is_running: bool
    speed: float
    seen_at: datetime | None


class Board(Struct, frozen=True, kw_only=True):
    """The live page: incidents with a clock, most urgent first. `open` counts all that are open; `is_cut`: there are
    more with a clock than are shown."""

    judgements: list[Judgement]
    open: int
    is_cut: bool


class Dossier(Struct, frozen=True, kw_only=True):
    """Everything one incident page shows beside its posts. `cited` are the posts of responses and of evidence."""

    incident: Incident
    judgement: Judgement | None
    cited: dict[str, Post]
    alerts: list[Alert]


class Member(Struct, frozen=True, kw_only=True):
    """A post of an incident, and the post it reprints."""

    post: Post
    duplicate_of: str | None


class Members(Struct, frozen=True, kw_only=True):
    """A page of an incident's posts, newest first, and the cursor of the next one."""

    members: list[Member]
    cursor: str | None


class Due(Struct, frozen=True, kw_only=True):
    """One obligation with its incident."""

    judgement: Judgement
    obligation: Obligation


class Duties(Struct, frozen=True, kw_only=True):
    """Obligations of one verdict; `is_cut`: there are more."""

    found: list[Due]
    is_cut: bool


class Reviewed(Struct, frozen=True, kw_only=True):
    """A page of judgements that changed since a date, and the next cursor."""

    judgements: list[Judgement]
    cursor: str | None


@contextmanager
def reading() -> Iterator[Backends]:
    """The store, for one query."""
    profile = settings()
    backends = _lent(profile) or open_backends(profile, read_only=True)
    is_kept = False
    try:
        yield backends
        is_kept = not backends.is_atomic and len(_IDLE) < IDLE
    finally:
        if is_kept:
            _IDLE.append((profile, backends))
        else:
            backends.close()


def _lent(profile: Settings) -> Backends | None:
    with _LENDING:
        for place, (whose, backends) in enumerate(_IDLE):
            if whose is profile:
                del _IDLE[place]
                return backends
    return None


def close_idle() -> None:
    """Ends the connections that nobody uses."""
    while _IDLE:
        _IDLE.pop()[1].close()


def is_empty() -> bool:
    """Whether nothing was ever written here. A cluster is asked until there is something: it never becomes empty."""
    profile = settings()
    if profile.backend.store == "sqlite":
        return not (profile.data / f"{profile.namespace}.sqlite").exists()
    if profile.namespace not in _NOT_EMPTY:
        with reading() as backends:
            if not backends.store.get_many(Clock, ["pipeline"]) and not backends.store.count(Post):
                return True
        _NOT_EMPTY.add(profile.namespace)
    return False


def now() -> Now:
    """The pipeline's clock. Where none ever ran live (a kept replay), the newest post's time; else the wall's."""
    wall = wall_now()
    with reading() as backends:
        found = backends.store.get_many(Clock, ["pipeline"])
        newest = [] if found else _items(backends.store, Post, order="newest", limit=1)
    clock = found["pipeline"].item if found else None
    if not isinstance(clock, Clock):
        return Now(at=newest[0].collected_at if newest else wall, is_running=False, speed=1.0, seen_at=None)
    is_running = wall - clock.wall_at < STILL_AFTER
    at = clock_now(clock, wall) if is_running else clock.collected_at
    return Now(at=at, is_running=is_running, speed=clock.speed, seen_at=clock.wall_at)


def board() -> Board:
    """Open incidents that have a clock with hours: those that run by their deadline, then late, unknown, in time."""
    found: dict[str, Judgement] = {}
    cut = []
    with reading() as backends:
        for verdict in _LIVE:
            page, is_cut = _ruled(backends.store, Filter(state="open", verdict=verdict), SHOWN)
            found.update((one.id, one) for one in page if headline(one))
            cut.append(is_cut)
        open_ = backends.store.count(Judgement, Filter(state="open"))
    return Board(judgements=sorted(found.values(), key=_urgency), open=open_, is_cut=any(cut))


def _ruled(store: Store, where: Filter, shown: int) -> tuple[list[Judgement], bool]:
    """Incidents with a verdict, the next due first where it is `pending`, else the newest; and whether there are more.

    Duties that only advise are pending too, and their reminders stand among the deadlines: hence a longer page. What
    has no time to look again (it sorts last) runs by no clock, so nothing is missed where the page ends among those.
    """
    if where.verdict != "pending":
        page = store.listing(Judgement, where, order="newest", limit=shown)
        return _typed(page.items, Judgement), page.cursor is not None
    page = store.listing(Judgement, where, order="due", limit=RUNNING)
    listed = _typed(page.items, Judgement)
    running = [one for one in listed if any(other.verdict == "pending" for other in headline(one))]
    is_cut = page.cursor is not None and bool(listed) and listed[-1].due_at is not None
    return running[:shown], is_cut or len(running) > shown


def _urgency(judgement: Judgement) -> tuple[bool, datetime, datetime, str]:
    stands = standing(judgement)
    return not stands.is_running, stands.next_due or judgement.opened_at, judgement.opened_at, judgement.id


def obligations(verdict: Verdict) -> Duties:
    """Obligations with this verdict: the next due first where they run, else the newest first."""
    with reading() as backends:
        judgements, is_cut = _ruled(backends.store, Filter(verdict=verdict), LISTED)
    found = [
        Due(judgement=judgement, obligation=obligation)
        for judgement in judgements
        for obligation in judgement.obligations
        if obligation.verdict == verdict and obligation.modality != "advisory"
    ]
    return Duties(found=sorted(found, key=_first_due) if verdict == "pending" else found, is_cut=is_cut)


def _first_due(one: Due) -> tuple[datetime, str]:
    due = one.obligation.due
    return (due.earliest or due.latest) if due else one.judgement.opened_at, one.judgement.id


def judgement(identity: str) -> Judgement | None:
    """One incident's judgement as it stands."""
    with reading() as backends:
        found = backends.store.get_many(Judgement, [identity])
    return next((one for one in _typed(list(found.values()), Judgement)), None)


def incident(identity: str) -> Incident | None:
    """One incident; None if there is none."""
    with reading() as backends:
        return next(iter(_typed(list(backends.store.get_many(Incident, [identity]).values()), Incident)), None)


def dossier(identity: str) -> Dossier | None:
    """One incident with the posts its clocks rest on; None if there is none."""
    with reading() as backends:
        store = backends.store
        found = _typed(list(store.get_many(Incident, [identity]).values()), Incident)
        if not found:
            return None
        judged = _typed(list(store.get_many(Judgement, [identity]).values()), Judgement)
        posts = _typed(list(store.get_many(Post, _cited(found[0], judged)).values()), Post)
        alerts = _items(store, Alert, Filter(incident=identity), order="newest", limit=50)
    return Dossier(
        incident=found[0], judgement=judged[0] if judged else None, cited={one.id: one for one in posts}, alerts=alerts
    )


def _cited(incident: Incident, judged: Sequence[Judgement]) -> list[str]:
    """Posts worth a look by themselves: the first, the responses, what verdicts and figures rest on."""
    ids = [incident.first_public.mention, *(one.mention for one in reversed(incident.responses))]
    ids += [mention for one in judged for obligation in one.obligations for mention in obligation.evidence]
    ids += [one.mention for one in reversed(incident.figures)]
    return list(dict.fromkeys(ids))[:CITED]


def members(identity: str, cursor: str | None = None) -> Members:
    """Posts of an incident, newest first."""
    with reading() as backends:
        page = backends.store.listing(
            Assignment, Filter(incident=identity), order="newest", limit=MEMBERS, cursor=cursor
        )
        assigned = _typed(page.items, Assignment)
        posts = backends.store.get_many(Post, [one.id for one in assigned])
    found = [
        Member(post=post, duplicate_of=one.duplicate_of)
        for one in assigned
        if one.id in posts and isinstance(post := posts[one.id].item, Post)
    ]
    return Members(members=found, cursor=page.cursor)


def search(wanted: Search) -> Found:
    """A page of posts."""
    with reading() as backends:
        return backends.store.search(wanted)


def incidents_of(posts: Sequence[Post]) -> dict[str, str]:
    """The incident of each post that has one."""
    with reading() as backends:
        found = _typed(list(backends.store.get_many(Assignment, [post.id for post in posts]).values()), Assignment)
    return {one.id: one.incident for one in found if one.incident}


def topic_counts(until: datetime, hours: int = 48) -> list[TopicCount]:
    """Posts per topic and hour."""
    with reading() as backends:
        return backends.store.topic_counts(until - timedelta(hours=hours), until + timedelta(hours=1))


def recent_alerts(limit: int = 12) -> list[Alert]:
    """The newest alerts."""
    with reading() as backends:
        return _items(backends.store, Alert, order="newest", limit=limit)


def reviewed(since: datetime, cursor: str | None = None) -> Reviewed:
    """Judgements with a clock whose newest fact is not older than `since`: every incident opened since then is among
    them. One page; the next by its cursor. An incident that moves meanwhile may come twice."""
    with reading() as backends:
        page = backends.store.listing(Judgement, Filter(since=since), order="oldest", limit=REVIEWED, cursor=cursor)
    return Reviewed(judgements=[one for one in _typed(page.items, Judgement) if headline(one)], cursor=page.cursor)


def review(since: datetime, until: datetime) -> Iterator[tuple[int, list[Judgement]]]:
    """Incidents first seen in [since, until), page by page: how many were read so far, and those found up to there."""
    found: dict[str, Judgement] = {}
    read, cursor = 0, None
    while True:
        page = reviewed(since, cursor)
        read += REVIEWED
        found.update((one.id, one) for one in page.judgements if since <= one.opened_at < until)
        yield read, sorted(found.values(), key=lambda one: (one.opened_at, one.id))
        cursor = page.cursor
        if cursor is None:
            return


def entries(identity: str) -> list[Entry]:
    """What people put on record about an incident beside decisions, the newest first."""
    with reading() as backends:
        return _items(backends.store, Entry, Filter(incident=identity), order="newest", limit=LINKED)


def links(incident: Incident, entered: Sequence[Entry]) -> list[AuditEntry]:
    """The newest links of the chain that concern an incident: its own, those of the decisions that it knows of, and
    those of what people put on record about it (reviews, evidence handed out)."""
    with reading() as backends:
        own = _items(backends.store, AuditEntry, Filter(incident=incident.id), order="newest", limit=LINKED)
        known = {one.id for one in own}
        told = [one.id for one in (*incident.decisions[-LINKED:], *entered) if one.id not in known]
        other = _typed(list(backends.store.get_many(AuditEntry, told).values()), AuditEntry) if told else []
    return sorted([*own, *other], key=lambda one: (one.seq, one.id))[-LINKED:]


def decide(draft: Draft, attached: tuple[str, bytes] | None = None) -> str:
    """Records a person's decision, an objection with its file (name, bytes); a running pipeline takes it up within a
    second. Returns its id. Raises UsageError where it would decide nothing."""
    at = now().at
    backends = open_backends(settings())
    try:
        if attached is not None:
            value = with_attachment(draft.value, *attached, at, backends.evidence)
            draft = msgspec.structs.replace(draft, value=value)
        return record(backends, draft, rules(), at)
    finally:
        backends.close()


def _items(store: Store, kind: type[T], where: Filter | None = None, **page: Any) -> list[T]:
    return _typed(store.listing(kind, where or Filter(), **page).items, kind)


def _typed(stored: Sequence[Any], kind: type[T]) -> list[T]:
    return [one.item for one in stored if isinstance(one.item, kind)]
