"""Figures of one incident as they became known, and the grade they give.

An authority's newest figure stands above all others (a revision downwards counts); without one, the largest that was
published does. When the gravity became evident to the public is the publication of the earliest text whose own
figures reach grade I or II (of several, whichever came first); our own detection never starts a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from stream.core.cases import FigureFact, FirstPublic, Incident
from stream.core.documents import EventType, Figures, Grade
from stream.core.intervals import Interval
from stream.core.knowledge import responses_ever
from stream.core.severity import SeverityScale, grade

Posts = tuple[tuple[str, Interval], ...]


class Grading(Struct, frozen=True, kw_only=True):
    """A grade, on what it rests (`figures:authority`, `figures`, `none`), and since when it was evident (I, II).
    `evident_posts`: the texts of which the first made it evident, as far as they bound that instant."""

    grade: Grade | None
    basis: str
    mentions: tuple[str, ...]
    evident: Interval | None
    evident_mention: str | None
    evident_posts: Posts = ()


UNGRADED = Grading(grade=None, basis="none", mentions=(), evident=None, evident_mention=None)
_FIELDS = Figures.__struct_fields__


class FigureBook:
    """Figures learnt one by one; `grading` is computed again only when something that matters changed."""

    def __init__(self, incident: Incident, scales: Sequence[SeverityScale]) -> None:
        self._scales = scales
        self._first = incident.first_public
        self._published = {one.mention: one.published for one in responses_ever(incident)}
        self._standing: dict[str, FigureFact] = {}
        self._by_mention: dict[str, dict[str, FigureFact]] = {}
        self._cached: tuple[EventType | None, str | None, Grading] | None = None
        self._kind: tuple[EventType | None, str | None] = (None, None)
        self._unread: set[str] = set()
        self._evident_posts: Posts = ()
        self._facts: list[FigureFact] = []
        self._corrected: dict[str, Interval] = {}
        self._graded: dict[Figures, Grade | None] = {}

    def begin(self, first: FirstPublic) -> None:
        """From now on this is known as the first public post: it bounds what says not when it was published."""
        self._first = first
        if self._facts:
            self._read_anew()

    def learn(self, fact: FigureFact) -> None:
        """Takes a figure into account; unknown names are kept by the incident and grade nothing."""
        if fact.name not in _FIELDS:
            return
        self._facts.append(fact)
        self._take(fact)

    def correct(self, mention: str, published: Interval) -> None:
        """A person corrected when that post was published: its figures are read anew."""
        self._corrected[mention] = published
        if mention in self._by_mention:
            self._read_anew()

    def _read_anew(self) -> None:
        self._standing, self._by_mention, self._evident_posts = {}, {}, ()
        self._unread = set()
        for fact in self._facts:
            self._take(fact)
        self._cached = None

    def _take(self, fact: FigureFact) -> None:
        standing = self._standing.get(fact.name)
        if standing is None or self._rank(fact) > self._rank(standing):
            self._standing[fact.name] = fact
            self._cached = None
        own = self._by_mention.setdefault(fact.mention, {})
        if fact.name not in own or own[fact.name].value < fact.value:
            own[fact.name] = fact
            self._unread.add(fact.mention)
            self._cached = None

    def grading(self, event_type: EventType | None, subtype: str | None) -> Grading:
        """The grade that the standing figures give for this kind of event."""
        if self._cached is None or self._cached[:2] != (event_type, subtype):
            if self._kind != (event_type, subtype):
                # Another kind of event, another table: every text is read again.
                self._kind, self._evident_posts = (event_type, subtype), ()
                self._graded, self._unread = {}, set(self._by_mention)
            self._cached = (event_type, subtype, self._grade())
        return self._cached[2]

    def _rank(self, fact: FigureFact) -> tuple[bool, float, int, str]:
        """Which of two figures of one name stands: an authority's newest, else the largest."""
        if fact.issuer is None:
            return False, 0.0, fact.value, fact.mention
        said_at = self._said(fact)
        return True, (fact.known_at if said_at is None else said_at.latest).timestamp(), fact.value, fact.mention

    def _grade(self) -> Grading:
        found = self._grade_of(self._standing)
        if found is None:
            return UNGRADED
        standing = [self._standing[name] for name in sorted(self._standing)]
        official = any(one.issuer is not None for one in standing)
        mentions = tuple(dict.fromkeys(one.mention for one in standing))
        graded = Grading(
            grade=found, basis="figures:authority" if official else "figures", mentions=mentions, evident=None,
            evident_mention=None,
        )  # fmt: skip
        if found not in ("I", "II"):
            return graded
        posts = self._posts_evident()
        if not posts:
            # Only several texts together reach it: evident at the latest when the last of them was known.
            return replace(graded, evident=self._unbounded(max(one.known_at for one in standing)))
        evident = first_of([at for _, at in posts])
        return replace(graded, evident=evident, evident_mention=posts[0][0], evident_posts=posts)

    def _grade_of(self, facts: dict[str, FigureFact]) -> Grade | None:
        figures = Figures(**{name: one.value for name, one in facts.items()})
        if figures not in self._graded:
            self._graded[figures] = grade(*self._kind, figures, self._scales)
        return self._graded[figures]

    def _posts_evident(self) -> Posts:
        found = dict(self._evident_posts)
        for mention in self._unread:
            own = self._by_mention[mention]
            if self._grade_of(own) in ("I", "II"):
                found[mention] = self._interval(min(own.values(), key=lambda one: one.known_at))
        self._unread = set()
        self._evident_posts = _that_bound(found)
        return self._evident_posts

    def _said(self, fact: FigureFact) -> Interval | None:
        first = self._first.interval if fact.mention == self._first.mention else None
        return self._corrected.get(fact.mention) or fact.published or first or self._published.get(fact.mention)

    def _interval(self, fact: FigureFact) -> Interval:
        """When the text with this figure was published; unstated, between first public and when it was seen."""
        return self._said(fact) or self._unbounded(fact.known_at)

    def _unbounded(self, latest: datetime) -> Interval:
        first = self._first.interval
        return Interval(
            earliest=min(first.earliest, latest) if first.earliest else None, latest=latest, precision="unknown",
            source="collected",
        )  # fmt: skip


def first_of(intervals: Sequence[Interval]) -> Interval:
    """When the first of several things happened, each known to an interval: no later than the earliest `latest`."""
    leader = min(intervals, key=_by_latest)
    bounds = [one.earliest for one in intervals]
    earliest = None if None in bounds else min(one for one in bounds if one is not None)
    if earliest == leader.earliest:
        return leader
    return Interval(earliest=earliest, latest=leader.latest, precision="unknown", source="first of several")


def _that_bound(posts: Mapping[str, Interval]) -> Posts:
    """Those that bound the first of all of them, and the first of all but any one of them; the leader first."""
    by_latest = sorted(posts.items(), key=lambda one: (_by_latest(one[1]), one[0]))
    by_earliest = sorted(posts.items(), key=lambda one: (_by_earliest(one[1]), one[0]))
    return tuple(dict([*by_latest[:2], *by_earliest[:2]]).items())


def _by_latest(one: Interval) -> tuple[datetime, datetime]:
    return one.latest, one.earliest or one.latest


def _by_earliest(one: Interval) -> tuple[bool, datetime]:
    return one.earliest is not None, one.earliest or one.latest
