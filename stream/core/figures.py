"""Figures of one incident as they became known, and the grade they give.

An authority's newest figure stands above all others (a revision downwards counts); without one, the largest that was
published does. When the gravity became evident to the public is the publication of the earliest text whose own
figures reach grade I or II; our own detection never starts a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from stream.core.cases import FigureFact, Incident
from stream.core.documents import EventType, Figures, Grade
from stream.core.intervals import Interval
from stream.core.severity import SeverityScale, grade


class Grading(Struct, frozen=True, kw_only=True):
    """A grade, on what it rests (`figures:authority`, `figures`, `none`), and since when it was evident (I, II)."""

    grade: Grade | None
    basis: str
    mentions: tuple[str, ...]
    evident: Interval | None
    evident_mention: str | None


UNGRADED = Grading(grade=None, basis="none", mentions=(), evident=None, evident_mention=None)
_FIELDS = Figures.__struct_fields__


class FigureBook:
    """Figures learnt one by one; `grading` is computed again only when something that matters changed."""

    def __init__(self, incident: Incident, scales: Sequence[SeverityScale]) -> None:
        self._scales = scales
        self._first = incident.first_public
        self._published = {one.mention: one.published for one in incident.responses}
        self._published[self._first.mention] = self._first.interval
        self._standing: dict[str, FigureFact] = {}
        self._by_mention: dict[str, dict[str, FigureFact]] = {}
        self._cached: tuple[EventType | None, str | None, Grading] | None = None
        self._kind: tuple[EventType | None, str | None] = (None, None)
        self._unread: set[str] = set()
        self._first_evident: tuple[datetime, datetime, str, Interval] | None = None
        self._graded: dict[Figures, Grade | None] = {}

    def learn(self, fact: FigureFact) -> None:
        """Takes a figure into account; unknown names are kept by the incident and grade nothing."""
        if fact.name not in _FIELDS:
            return
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
                self._kind, self._first_evident = (event_type, subtype), None
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
        evident, mention = self._evident(standing) if found in ("I", "II") else (None, None)
        return Grading(
            grade=found, basis="figures:authority" if official else "figures", mentions=mentions, evident=evident,
            evident_mention=mention,
        )  # fmt: skip

    def _grade_of(self, facts: dict[str, FigureFact]) -> Grade | None:
        figures = Figures(**{name: one.value for name, one in facts.items()})
        if figures not in self._graded:
            self._graded[figures] = grade(*self._kind, figures, self._scales)
        return self._graded[figures]

    def _evident(self, standing: list[FigureFact]) -> tuple[Interval, str | None]:
        for mention in self._unread:
            own = self._by_mention[mention]
            if self._grade_of(own) in ("I", "II"):
                at = self._interval(min(own.values(), key=lambda one: one.known_at))
                seen = (at.latest, at.earliest or at.latest, mention, at)
                if self._first_evident is None or seen[:3] < self._first_evident[:3]:
                    self._first_evident = seen
        self._unread = set()
        if self._first_evident is not None:
            return self._first_evident[3], self._first_evident[2]
        # Only several texts together reach it: evident at the latest when the last of them was known.
        return self._unbounded(max(one.known_at for one in standing)), None

    def _said(self, fact: FigureFact) -> Interval | None:
        return fact.published or self._published.get(fact.mention)

    def _interval(self, fact: FigureFact) -> Interval:
        """When the text with this figure was published; unstated, between first public and when it was seen."""
        return self._said(fact) or self._unbounded(fact.known_at)

    def _unbounded(self, latest: datetime) -> Interval:
        first = self._first.interval
        return Interval(
            earliest=min(first.earliest, latest) if first.earliest else None, latest=latest, precision="unknown",
            source="collected",
        )  # fmt: skip
