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
    """One publisher of one spool; starts where its last run stopped. Intake rejected what the bus would not take."""

    def __init__(self, spool: Spool, backends: Backends) -> None:
        self._backends = backends
        found = backends.store.get_many(Progress, [PUBLISHER])
        self.done = found[PUBLISHER].item.done if PUBLISHER in found else 0  # type: ignore[union-attr]
        self.of = spool.length
        self._rows: Iterator[Travelling] = spool.rows(self.done)
        self._next = next(self._rows, None)
        self._taken: list[Travelling] = []
        ends = spool.ends()
        # Just after the last row, so that a deadline at the very instant of the last row is still ruled on.
        self.end: datetime | None = ends[1] + TICK if ends else None

    @property
    def is_done(self) -> bool:
        """Whether every row was published."""
        return self._next is None and not self._taken

    def publish(self, limit: int, until: datetime | None = None) -> datetime | None:
        """Up to `limit` rows (those before `until`), then a mark; the mark's time, None if nothing can be promised.
        Where it raises OutsideFailed, the next call publishes those rows first.

        The mark goes last, once the rows are done with: what is published again after a failure stands before it.
        """
        self._take(limit, until)
        mark_at = self._promise(until)
        if mark_at is None:
            return None
        mark = Mark(id=f"mark:{PUBLISHER}", collected_at=mark_at, publisher=PUBLISHER)
        done = self.done + len(self._taken)
        progress = Progress(id=PUBLISHER, collected_at=mark_at, done=done, of=self.of)
        with self._backends.together():
            self._backends.bus.publish("pages", [addressed(row) for row in self._taken])
            self._backends.store.save_many([Save(item=progress)])
        self.done = done
        self._taken.clear()
        self._backends.bus.publish("pages", [addressed(mark)])
        return mark_at

    def _take(self, limit: int, until: datetime | None) -> None:
        while (row := self._next) is not None and len(self._taken) < limit:
            if until is not None and row.collected_at >= until:
                return
            self._taken.append(row)
            self._next = next(self._rows, None)

    def _promise(self, until: datetime | None) -> datetime | None:
        """Nothing earlier than this follows."""
        if self._next is not None:
            return min(self._next.collected_at, until) if until else self._next.collected_at
        return max(self.end, until) if self.end and until else self.end
