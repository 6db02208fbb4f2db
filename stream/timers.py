"""The timers of one lane: the next ones in memory, the rest in the store until their time comes near."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from stream.core.codec import Item
from stream.core.documents import Message
from stream.errors import HuiyingError
from stream.ports import EVERYTHING, Step, Store
from stream.state import BatchState

# Timers in memory at once, about 250 bytes each.
CHUNK = 20_000
PAGE = 1_000

Owns = Callable[[str], bool]


class Timers:
    """A heap of (due, id) of everything due up to a horizon; entries that moved meanwhile are skipped when they ring.

    Only the lane itself moves its items, so what is due before the horizon is either in the heap or not there.
    """

    def __init__(self, step: Step, store: Store, owns: Owns) -> None:
        self._step, self._store, self._owns = step, store, owns
        self._heap: list[tuple[datetime, str]] = []
        self._horizon: datetime | None = None
        self._is_loaded = step.timer is None

    def reach(self, until: datetime) -> None:
        """Makes sure that everything due before `until` is in memory. Call between batches: what is not saved yet
        would be missed."""
        is_short = self._horizon is not None and self._horizon < until
        if not self._is_loaded or is_short or len(self._heap) > 4 * CHUNK:
            self._load(until)

    def add(self, items: Iterable[Item]) -> None:
        """Items that were put."""
        for item in items:
            due_at: datetime | None = getattr(item, "due_at", None)
            if due_at is None or self._step.timer is None or not isinstance(item, self._step.timer):
                continue
            if self._horizon is None or due_at <= self._horizon:
                heapq.heappush(self._heap, (due_at, item.id))

    def ring(self, until: datetime, state: BatchState) -> Iterator[Message]:
        """Every timer before `until`, in order, and what the step says to it; facts of the same instant come first, so
        not at it. Raises HuiyingError where a timer does not move on."""
        while self._heap and self._heap[0][0] < until:
            due_at, identity = heapq.heappop(self._heap)
            assert self._step.timer is not None
            item = state.get(self._step.timer, identity)
            if item is None or getattr(item, "due_at", None) != due_at:
                continue
            state.begin()
            yield from list(self._step.tick(item, due_at, state))  # type: ignore[misc]
            after = state.get(self._step.timer, identity)
            moved: datetime | None = getattr(after, "due_at", None)
            if moved is not None and moved <= due_at:
                raise HuiyingError(f"{self._step.name}：{identity} 的定时器没有前移（{due_at}）")
            self.add(state.touched())

    def upcoming(self, until: datetime) -> Iterator[str]:
        """Ids of what is due before `until`, so that a batch reads them at once; below a later entry all are later."""
        places = [0]
        while places:
            place = places.pop()
            if place < len(self._heap) and self._heap[place][0] < until:
                yield self._heap[place][1]
                places += (2 * place + 1, 2 * place + 2)

    def _load(self, until: datetime) -> None:
        assert self._step.timer is not None
        self._store.refresh()
        heap: list[tuple[datetime, str]] = []
        cursor: str | None = None
        while True:
            page = self._store.listing(self._step.timer, EVERYTHING, order="due", limit=PAGE, cursor=cursor)
            timed = [(due_at, one.item.id) for one in page.items if (due_at := getattr(one.item, "due_at", None))]
            heap += [timer for timer in timed if self._owns(timer[1])]
            cursor = page.cursor
            if cursor is None or len(timed) < len(page.items):
                self._horizon = None
                break
            if len(heap) >= CHUNK and timed[-1][0] >= until:
                self._horizon = timed[-1][0]
                break
        heapq.heapify(heap)
        self._heap, self._is_loaded = heap, True
