"""Is silence evidence? Only where every watched channel was reachable through the window and polled after it.

A row says: polled successfully throughout [from, to] (or not), known from `known_at` on. A successful poll also shows
what was published since the poll before it, so a reachable row reaches back by the channel's polling interval.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from msgspec import Struct

from stream.core.cases import CoverageSpan, PollSpan
from stream.core.reasons import Reason


class Watched(Protocol):
    """A channel as the register names it."""

    @property
    def source(self) -> str: ...
    @property
    def poll_minutes(self) -> int: ...


class Window(Struct, frozen=True, kw_only=True):
    """From when to when a channel must have been watched; after `grace_until` nobody waits for a poll any more."""

    start: datetime
    deadline: datetime
    grace_until: datetime


Spans = Mapping[str, Sequence[PollSpan]]

# The plainest doubt speaks for all channels.
_DOUBTS: tuple[Reason, ...] = ("channel_unreachable", "coverage_gap", "never_polled_past_deadline")


class Track:
    """The rows of one channel, in order, with what is needed to look only at those of a window."""

    def __init__(self, channel: Watched, rows: Sequence[PollSpan]) -> None:
        self.source = channel.source
        self.reach = timedelta(minutes=channel.poll_minutes)
        self._rows = rows
        self._starts = [row.from_at for row in rows]
        self._longest = max((row.to_at - row.from_at for row in rows), default=timedelta())

    def within(self, start: datetime, end: datetime) -> list[PollSpan]:
        """Rows that begin before `end` and end at `start` or later."""
        first = bisect_left(self._starts, start - self._longest)
        last = bisect_left(self._starts, end)
        return [row for row in self._rows[first:last] if row.to_at >= start]

    def first_poll(self, deadline: datetime) -> PollSpan | None:
        """The row by which it was first known that the channel had been polled at `deadline` or later."""
        first = bisect_left(self._starts, deadline - self._longest)
        past = (row for row in islice(self._rows, first, None) if row.reachable and row.to_at >= deadline)
        return min(past, key=lambda row: (row.known_at, row.from_at), default=None)


class Watch:
    """The watched channels over one window; answers for any instant of knowledge."""

    def __init__(self, tracks: Sequence[Track], window: Window) -> None:
        self._window = window
        self._views = [_View(track, window) for track in tracks]

    def doubt(self, as_of: datetime) -> Reason | None:
        """None: silence is evidence. `awaiting_coverage`: not polled past the deadline yet. Else why nobody can tell.

        The grace over, a channel known to have been unreachable says so; another one simply was not polled."""
        if not self._views:
            return "unwatched"
        waiting = [view for view in self._views if not view.is_polled(as_of)]
        if waiting and as_of < self._window.grace_until:
            return "awaiting_coverage"
        found = {view.fault(as_of) for view in self._views}
        return next((doubt for doubt in _DOUBTS if doubt in found), None)

    def instants(self) -> set[datetime]:
        """When, after the deadline, the answer may change."""
        return {self._window.grace_until}.union(*(view.instants() for view in self._views))


class _View:
    """One channel over one window."""

    def __init__(self, track: Track, window: Window) -> None:
        self._track, self._window = track, window
        self._rows = track.within(window.start, window.deadline)
        self._poll = track.first_poll(window.deadline)
        if self._poll is not None and self._poll.from_at >= window.deadline:
            # A poll soon after the deadline reaches back into the window.
            self._rows.append(self._poll)
        self._settled_at = max((row.known_at for row in self._rows), default=window.start)
        self._settled: tuple[Reason | None] | None = None

    def is_polled(self, as_of: datetime) -> bool:
        return self._poll is not None and self._poll.known_at <= as_of

    def fault(self, as_of: datetime) -> Reason | None:
        """What is wrong; once every row of the window is known, that of the window itself stays."""
        if as_of < self._settled_at:
            fault = self._look([row for row in self._rows if row.known_at <= as_of])
        else:
            self._settled = self._settled or (self._look(self._rows),)
            (fault,) = self._settled
        # A hole up to now is no more than that nobody polled.
        return "never_polled_past_deadline" if fault == "coverage_gap" and not self.is_polled(as_of) else fault

    def instants(self) -> set[datetime]:
        polled = set() if self._poll is None else {self._poll.known_at}
        return polled | {row.known_at for row in self._rows if row.known_at > self._window.deadline}

    def _look(self, known: Sequence[PollSpan]) -> Reason | None:
        if any(not row.reachable and self._touches(row) for row in known):
            return "channel_unreachable"
        return None if self._is_continuous(known) else "coverage_gap"

    def _touches(self, row: PollSpan) -> bool:
        return row.from_at < self._window.deadline and row.to_at > self._window.start

    def _is_continuous(self, known: Sequence[PollSpan]) -> bool:
        """Whether reachable rows leave no gap in the window; the poll after the deadline reaches back, too."""
        covered = self._window.start
        for row in known:
            if row.reachable:
                if row.from_at - self._track.reach > covered:
                    return False
                covered = max(covered, row.to_at)
        return covered >= self._window.deadline


def merged(track: Track, start: datetime, end: datetime, as_of: datetime) -> list[CoverageSpan]:
    """What was known at `as_of` of one channel between two instants, adjoining rows joined: for display."""
    found: list[CoverageSpan] = []
    for row in track.within(start, end):
        if row.known_at > as_of:
            continue
        last = found[-1] if found else None
        same = last is not None and (last.reachable, last.reason) == (row.reachable, row.reason)
        if last is not None and same and row.from_at <= last.to_at:
            found[-1] = _span(track, row, last.from_at, max(last.to_at, row.to_at))
        else:
            found.append(_span(track, row, row.from_at, row.to_at))
    return found


def _span(track: Track, row: PollSpan, from_at: datetime, to_at: datetime) -> CoverageSpan:
    return CoverageSpan(source=track.source, from_at=from_at, to_at=to_at, reachable=row.reachable, reason=row.reason)


def in_order(rows: Sequence[PollSpan]) -> list[PollSpan]:
    """Rows by what they cover: the order that every function here expects."""
    return sorted(set(rows), key=_key)


def insert(rows: list[PollSpan], row: PollSpan) -> bool:
    """Puts `row` in its place; False where it stands there already (the same message again)."""
    place = bisect_left(rows, _key(row), key=_key)
    if place < len(rows) and rows[place] == row:
        return False
    rows.insert(place, row)
    return True


def _key(row: PollSpan) -> tuple[datetime, datetime, datetime, bool, str]:
    return row.from_at, row.to_at, row.known_at, row.reachable, row.reason or ""
