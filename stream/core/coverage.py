"""Is silence evidence? Only where every watched channel was reachable through the window and polled after it.

A row says: polled successfully throughout [from, to] (or not), known from `known_at` on. A successful poll also shows
what was published since the poll before it, so a reachable row reaches back by the channel's polling interval. What no
reachable row reaches, and all that an unreachable row says, is uncovered; where that adds up to more than the share of
the window in rules.yaml (coverage.gap_share), silence proves nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
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
    """From when to when a channel must have been watched; after `grace_until` nobody waits for a poll any more.
    `gap_share`: thousandths of it that may be uncovered."""

    start: datetime
    deadline: datetime
    grace_until: datetime
    gap_share: int = 0

    def is_too_much(self, uncovered: timedelta) -> bool:
        """Whether so much of it uncovered leaves silence without weight."""
        return uncovered * 1000 > (self.deadline - self.start) * self.gap_share


class Stretch(Struct, frozen=True):
    """A part of a window that was not seen."""

    from_at: datetime
    to_at: datetime
    reason: Reason


Spans = Mapping[str, Sequence[PollSpan]]

# The plainest doubt speaks for all channels.
_DOUBTS: tuple[Reason, ...] = ("channel_unreachable", "coverage_gap", "never_polled_past_deadline")


class Track:
    """The rows of one channel of a body, in order, with what is needed to look only at those of a window."""

    def __init__(self, channel: Watched, rows: Sequence[PollSpan], body: str = "") -> None:
        self.source = channel.source
        self.body = body
        self.reach = timedelta(minutes=channel.poll_minutes)
        self._rows = rows
        self._starts = [row.from_at for row in rows]
        self._longest = max((row.to_at - row.from_at for row in rows), default=timedelta())
        self._views: dict[Window, _View] = {}

    def view(self, window: Window) -> _View:
        """The channel over this window; several clocks and bodies ask for the same."""
        if window not in self._views:
            self._views[window] = _View(self, window)
        return self._views[window]

    def within(self, start: datetime, end: datetime) -> list[PollSpan]:
        """Rows that begin before `end` and end at `start` or later."""
        first = bisect_left(self._starts, start - self._longest)
        last = bisect_left(self._starts, end)
        return [row for row in self._rows[first:last] if row.to_at >= start]

    def first_poll(self, deadline: datetime) -> PollSpan | None:
        """The row by which it was first known that the channel had been polled at `deadline` or later."""
        first = bisect_left(self._starts, deadline - self._longest)
        found: PollSpan | None = None
        for row in islice(self._rows, first, None):
            # Rows stand by `from_at`, so of two known at once the one before stays.
            is_sooner = found is None or row.known_at < found.known_at
            if is_sooner and row.reachable and row.to_at >= deadline:
                found = row
        return found


class Watch:
    """The watched channels over one window; answers for any instant of knowledge."""

    def __init__(self, tracks: Sequence[Track], window: Window) -> None:
        self._window = window
        self._views = [track.view(window) for track in tracks]

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
        # A poll soon after the deadline reaches back into the window, whichever was known first.
        self._rows = track.within(window.start, window.deadline + track.reach)
        self._poll = track.first_poll(window.deadline)
        self._settled_at = max((row.known_at for row in self._rows), default=window.start)
        self._settled: tuple[Reason | None] | None = None

    def is_polled(self, as_of: datetime) -> bool:
        return self._poll is not None and self._poll.known_at <= as_of

    def fault(self, as_of: datetime) -> Reason | None:
        """What is wrong; once every row of the window is known, that of the window itself stays."""
        if not self.is_polled(as_of):
            # A hole up to now is no more than that nobody polled.
            failed = any(not row.reachable and self._touches(row) for row in self._known(as_of))
            return "channel_unreachable" if failed else "never_polled_past_deadline"
        if as_of < self._settled_at:
            return self._look(self._known(as_of))
        self._settled = self._settled or (self._look(self._rows),)
        return self._settled[0]

    def instants(self) -> set[datetime]:
        polled = set() if self._poll is None else {self._poll.known_at}
        return polled | {row.known_at for row in self._rows if row.known_at > self._window.deadline}

    def gaps(self, as_of: datetime) -> tuple[list[Stretch], bool]:
        """What of the window was not seen as known at `as_of`, and whether that leaves silence without weight. What
        lies after the newest row is no gap while a poll may still come."""
        known, window = self._known(as_of), self._window
        is_over = self.is_polled(as_of) or as_of >= window.grace_until
        seen_to = max((row.to_at for row in known), default=window.start)
        end = window.deadline if is_over else min(window.deadline, seen_to)
        found = uncovered(known, self._track.reach, window.start, end)
        if self.is_polled(as_of):
            return found, window.is_too_much(_total(found))
        if is_over and found and found[-1].to_at == end and found[-1].reason == "coverage_gap":
            found[-1] = Stretch(found[-1].from_at, end, "never_polled_past_deadline")
        return found, is_over or window.is_too_much(_total(found))

    def _known(self, as_of: datetime) -> Sequence[PollSpan]:
        return self._rows if as_of >= self._settled_at else [row for row in self._rows if row.known_at <= as_of]

    def _look(self, known: Sequence[PollSpan]) -> Reason | None:
        found = uncovered(known, self._track.reach, self._window.start, self._window.deadline)
        if not self._window.is_too_much(_total(found)):
            return None
        return "channel_unreachable" if any(one.reason == "channel_unreachable" for one in found) else "coverage_gap"

    def _touches(self, row: PollSpan) -> bool:
        return row.from_at < self._window.deadline and row.to_at > self._window.start


def window_gaps(track: Track, window: Window, as_of: datetime) -> tuple[list[Stretch], bool]:
    """What of one window one channel did not see, as known at `as_of`; and whether silence there proves nothing."""
    return track.view(window).gaps(as_of)


def uncovered(rows: Sequence[PollSpan], reach: timedelta, start: datetime, end: datetime) -> list[Stretch]:
    """What of [start, end] was not seen, oldest first and apart. Where a channel was said to be unreachable, a later
    poll that reaches back does not vouch for it: nobody knows what stood there in between."""
    failed: list[Stretch] = []
    holes: list[Stretch] = []
    covered = start
    for row in rows:
        if not row.reachable:
            _prolong(failed, max(row.from_at, start), min(row.to_at, end))
            continue
        if row.from_at - reach > covered:
            holes.append(Stretch(covered, min(row.from_at - reach, end), "coverage_gap"))
        covered = max(covered, row.to_at)
    if covered < end:
        holes.append(Stretch(covered, end, "coverage_gap"))
    holes = [one for one in holes if one.from_at < one.to_at]
    if not failed:
        return holes
    return sorted([*failed, *_without(holes, failed)], key=lambda one: one.from_at)


def _prolong(found: list[Stretch], from_at: datetime, to_at: datetime) -> None:
    """Adds an unreachable stretch to those before it."""
    if from_at >= to_at:
        return
    if found and from_at <= found[-1].to_at:
        from_at, to_at = found[-1].from_at, max(found.pop().to_at, to_at)
    found.append(Stretch(from_at, to_at, "channel_unreachable"))


def _without(holes: Sequence[Stretch], failed: Sequence[Stretch]) -> Iterator[Stretch]:
    """What of the holes lies outside the unreachable stretches."""
    for hole in holes:
        start = hole.from_at
        for one in failed:
            if one.to_at <= start or one.from_at >= hole.to_at:
                continue
            if one.from_at > start:
                yield Stretch(start, one.from_at, hole.reason)
            start = one.to_at
        if start < hole.to_at:
            yield Stretch(start, hole.to_at, hole.reason)


def _total(found: Sequence[Stretch]) -> timedelta:
    return sum((one.to_at - one.from_at for one in found), timedelta())


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
