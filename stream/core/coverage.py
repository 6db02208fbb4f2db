"""Is silence evidence? Only where every watched channel was reachable through the window and polled after it.

A row says: polled successfully throughout [from, to] (or not), known from `known_at` on. A successful poll also shows
what was published since the poll before it, so a reachable row reaches back by the channel's polling interval.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from stream.core.documents import CoverageSpan, PollSpan
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


def silence(channels: Sequence[Watched], spans: Spans, window: Window, as_of: datetime) -> Reason | None:
    """None: silence is evidence. `awaiting_coverage`: not polled past the deadline yet. Else why nobody can tell."""
    if not channels:
        return "unwatched"
    found = [_on_channel(channel, spans.get(channel.source, ()), window, as_of) for channel in channels]
    if "awaiting_coverage" in found and as_of < window.grace_until:
        return "awaiting_coverage"
    doubts: list[Reason] = ["never_polled_past_deadline" if one == "awaiting_coverage" else one for one in found if one]
    # The plainest doubt speaks for all.
    order: list[Reason] = ["channel_unreachable", "coverage_gap", "never_polled_past_deadline"]
    return min(doubts, key=order.index, default=None)


def instants(channels: Sequence[Watched], spans: Spans, window: Window) -> set[datetime]:
    """When, after the deadline, the answer of `silence` may change."""
    found = {window.grace_until}
    for channel in channels:
        rows = spans.get(channel.source, ())
        past = [row.known_at for row in rows if row.reachable and row.to_at >= window.deadline]
        found.update(past and [min(past)])
        found.update(row.known_at for row in rows if row.known_at > window.deadline and _touches(row, window))
    return found


def merged(
    source: str, rows: Sequence[PollSpan], start: datetime, end: datetime, as_of: datetime
) -> list[CoverageSpan]:
    """What was known at `as_of` of one source between two instants, adjoining rows joined: for display."""
    found: list[CoverageSpan] = []
    for row in rows:
        if row.known_at > as_of or row.to_at < start or row.from_at > end:
            continue
        last = found[-1] if found else None
        same = last is not None and (last.reachable, last.reason) == (row.reachable, row.reason)
        if last is not None and same and row.from_at <= last.to_at:
            found[-1] = _span(source, row, last.from_at, max(last.to_at, row.to_at))
        else:
            found.append(_span(source, row, row.from_at, row.to_at))
    return found


def _span(source: str, row: PollSpan, from_at: datetime, to_at: datetime) -> CoverageSpan:
    return CoverageSpan(source=source, from_at=from_at, to_at=to_at, reachable=row.reachable, reason=row.reason)


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


def _touches(row: PollSpan, window: Window) -> bool:
    return row.from_at < window.deadline and row.to_at > window.start


def _on_channel(channel: Watched, rows: Sequence[PollSpan], window: Window, as_of: datetime) -> Reason | None:
    known = [row for row in rows if row.known_at <= as_of and row.to_at >= window.start]
    if any(not row.reachable and _touches(row, window) for row in known):
        certain: Reason | None = "channel_unreachable"
    elif not _is_continuous(known, window, timedelta(minutes=channel.poll_minutes)):
        certain = "coverage_gap"
    else:
        certain = None
    polled = any(row.reachable and row.to_at >= window.deadline for row in known)
    if polled:
        return certain
    # Nobody waits for a poll that would change nothing once the grace is over; the reason stays the plain one.
    return certain if certain == "channel_unreachable" and as_of >= window.grace_until else "awaiting_coverage"


def _is_continuous(rows: Sequence[PollSpan], window: Window, reach: timedelta) -> bool:
    """Whether reachable rows leave no gap in the window."""
    covered = window.start
    for row in rows:
        if not row.reachable:
            continue
        if row.from_at - reach > covered:
            return False
        covered = max(covered, row.to_at)
        if covered >= window.deadline:
            return True
    return False
