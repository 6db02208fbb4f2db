"""Which judgements a coverage row may turn: the unanswered windows of each watched source, ordered by deadline.

A row looks at those it can concern only, however many wait: about 0.5 KB of memory an incident.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from stream.core.cases import Judgement
from stream.core.documents import Coverage
from stream.core.intervals import SHANGHAI

# Verdicts that rest on silence.
_SILENT = ("pending", "breached", "breached_but_fair_clock_met", "unknown_coverage_gap")
# After every id: such a pair stands behind all of its instant.
_LAST = "\U0010ffff"
# An unstated start: nothing here bounds the window from below.
_EVER = datetime.min.replace(tzinfo=SHANGHAI)

Deadline = tuple[datetime, str]


class Windows(Struct, frozen=True, kw_only=True):
    """Of one judgement: the first deadline that is pending, the hull of the windows that silence has decided, up to
    where a poll still reaches back into them, and when it was judged."""

    sources: tuple[str, ...]
    pending: datetime | None
    decided: tuple[datetime, datetime] | None
    judged_at: datetime


class Queue(Struct):
    """The deadlines of one source: of windows that are pending, and of hulls that are decided."""

    pending: list[Deadline]
    decided: list[Deadline]


class Waiting:
    """Every unanswered window of the open incidents, and those of closed ones that are pending."""

    def __init__(self) -> None:
        self._windows: dict[str, Windows] = {}
        self._queues: dict[str, Queue] = {}
        self._judged: dict[datetime, set[str]] = {}

    def put(self, judgement: Judgement, sources: Sequence[str], reach: timedelta = timedelta()) -> None:
        """Remembers which of `sources` may still turn this judgement; forgets it where none may. `reach`: how far back
        a poll of theirs shows what was published."""
        self._remove(judgement.id)
        windows = _windows(judgement, sources, reach)
        if windows is None:
            return
        self._windows[judgement.id] = windows
        self._judged.setdefault(windows.judged_at, set()).add(judgement.id)
        for queue, deadline in self._places(judgement.id, windows):
            insort(queue, deadline)

    def turned_by(self, row: Coverage) -> list[str]:
        """Judgements that the row may turn: it reaches past a pending deadline, it tells something late of a window
        itself, or it is the very row that was judged by (seen again)."""
        found = {id for id in self._judged.get(row.collected_at, ()) if row.source in self._windows[id].sources}
        queue = self._queues.get(row.source)
        if queue is not None:
            found |= {id for _, id in queue.pending[: bisect_right(queue.pending, (row.to_at, _LAST))]}
            for _, id in queue.decided[bisect_right(queue.decided, (row.from_at, _LAST)) :]:
                decided = self._windows[id].decided
                if decided is not None and row.to_at > decided[0]:
                    found.add(id)
        return sorted(found)

    def _remove(self, id: str) -> None:
        windows = self._windows.pop(id, None)
        if windows is None:
            return
        for queue, deadline in self._places(id, windows):
            del queue[bisect_left(queue, deadline)]
        judged = self._judged[windows.judged_at]
        judged.discard(id)
        if not judged:
            del self._judged[windows.judged_at]

    def _places(self, id: str, windows: Windows) -> Iterator[tuple[list[Deadline], Deadline]]:
        for source in windows.sources:
            queue = self._queues.setdefault(source, Queue(pending=[], decided=[]))
            if windows.pending is not None:
                yield queue.pending, (windows.pending, id)
            if windows.decided is not None:
                yield queue.decided, (windows.decided[1], id)


def _windows(judgement: Judgement, sources: Sequence[str], reach: timedelta) -> Windows | None:
    """Windows that no statement answered in time; of closed incidents only those still pending."""
    kept = ("pending",) if judgement.state != "open" else _SILENT
    timed = [
        (one.verdict, one.start.earliest or _EVER, one.due.latest)
        for one in judgement.obligations
        if one.verdict in kept and one.due is not None and one.start is not None and not one.provisional
    ]
    decided = [(start, deadline) for verdict, start, deadline in timed if verdict != "pending"]
    if not timed or not sources:
        return None
    return Windows(
        sources=tuple(sources),
        pending=min((deadline for verdict, _, deadline in timed if verdict == "pending"), default=None),
        decided=(min(start for start, _ in decided), max(end for _, end in decided) + reach) if decided else None,
        judged_at=judgement.collected_at,
    )
