"""Publishes a spool's rows to `pages`, with marks and its progress: at full speed, or at the pace of a clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from stream.core.codec import Travelling
from stream.core.documents import Mark
from stream.core.records import Progress
from stream.ports import Backends, Save
from stream.spool import Spool
from stream.wire import addressed

PUBLISHER = "replay"
TICK = timedelta(microseconds=1)


class Feed:
    """One publisher of one spool; starts where its last run stopped."""

    def __init__(self, spool: Spool, backends: Backends) -> None:
        self._backends = backends
        found = backends.store.get_many(Progress, [PUBLISHER])
        self.done = found[PUBLISHER].item.done if PUBLISHER in found else 0  # type: ignore[union-attr]
        self.of = spool.length
        self._rows: Iterator[Travelling] = spool.rows(self.done)
        self._next = next(self._rows, None)
        ends = spool.ends()
        # Just after the last row, so that a deadline at the very instant of the last row is still ruled on.
        self.end: datetime | None = ends[1] + TICK if ends else None

    @property
    def is_done(self) -> bool:
        """Whether every row was published."""
        return self._next is None

    def publish(self, limit: int, until: datetime | None = None) -> datetime | None:
        """Up to `limit` rows (those before `until`), then a mark; the mark's time, None if nothing can be promised."""
        rows: list[Travelling] = []
        while self._next is not None and len(rows) < limit and (until is None or self._next.collected_at < until):
            rows.append(self._next)
            self._next = next(self._rows, None)
        mark_at = self._promise(until)
        if mark_at is None:
            return None
        mark = Mark(id=f"mark:{PUBLISHER}", collected_at=mark_at, publisher=PUBLISHER)
        outgoing = [addressed(row) for row in [*rows, mark]]
        self.done += len(rows)
        progress = Progress(id=PUBLISHER, collected_at=mark_at, done=self.done, of=self.of)
        with self._backends.together():
            self._backends.bus.publish("pages", outgoing)
            self._backends.store.save_many([Save(item=progress)])
        return mark_at

    def _promise(self, until: datetime | None) -> datetime | None:
        """Nothing earlier than this follows."""
        if self._next is not None:
            return min(self._next.collected_at, until) if until else self._next.collected_at
        return max(self.end, until) if self.end and until else self.end
