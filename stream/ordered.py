"""Releases messages in (`collected_at`, `id`) order, up to the smallest mark of all partitions and publishers.

A fixed waiting time lets messages through out of order after a stall; the smallest mark does not. Offsets are
committable only below the oldest message that was not released yet.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from datetime import datetime, timedelta

from msgspec import Struct

from stream.core.codec import Travelling
from stream.core.documents import Coverage, Mark
from stream.errors import MessageRejected, OutsideFailed
from stream.ports import Partition, Record
from stream.wire import received

# At one instant coverage comes first: whoever judges at that instant knows all of it.
_Waiting = tuple[datetime, bool, str, int, Record, Travelling]

# A mention waiting here takes about 4 KB: one partition may stall for a minute at full speed before others pause.
CAPACITY = 50_000
# A batch of incidents that many posts speak of would else be written down as one document of a hundred megabytes.
RELEASE_BYTES = 8 << 20
# A publisher that has been silent for so long, by the others' marks, is gone: nobody waits for it any more.
GONE = timedelta(hours=1)


class Release(Struct, frozen=True, kw_only=True):
    """Messages in order. Everything before `until` has been released with them (None: nothing new is certain)."""

    messages: list[Travelling]
    until: datetime | None


class OrderedBuffer:
    """Holds what came from `partitions` until marks release it.

    From `capacity` messages on, `ahead` names the partitions that can wait; if none can, a publisher does not keep its
    word, and `take` raises OutsideFailed.
    """

    def __init__(self, partitions: Collection[Partition], capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._waiting: list[_Waiting] = []
        self._marks: dict[Partition, dict[str, datetime]] = {partition: {} for partition in partitions}
        self._left: dict[Partition, datetime] = {}
        self._next: dict[Partition, int] = {}
        self._sequence = 0
        self._last: tuple[datetime, str] | None = None
        self.poison: list[Record] = []

    def take(self, record: Record) -> None:
        """Takes in one record; what cannot be decoded has no place in time and goes to `poison`. Raises NewerSchema,
        OutsideFailed."""
        partition = record.topic, record.partition
        try:
            message = received(record.body)
        except MessageRejected:
            self.poison.append(record)
            self._next[partition] = record.offset + 1
            return
        self._next[partition] = record.offset + 1
        if isinstance(message, Mark):
            self._mark(partition, message)
            return
        if len(self._waiting) >= 2 * self._capacity and partition not in self.ahead():
            raise OutsideFailed(f"{len(self._waiting)} 条消息在等待时间标记：请检查发布端是否停摆")
        self._sequence += 1
        place = message.collected_at, not isinstance(message, Coverage), message.id
        heapq.heappush(self._waiting, (*place, self._sequence, record, message))

    def release(self, limit: int) -> Release:
        """About `limit` messages in order, fewer where they are large."""
        watermark = self.watermark()
        released: list[Travelling] = []
        size = 0
        if watermark is None:
            return Release(messages=released, until=None)
        while self._waiting and self._waiting[0][0] < watermark:
            if (len(released) >= limit or size >= RELEASE_BYTES) and not self._is_same_instant(released[-1]):
                break
            at, _, identity, _, record, message = heapq.heappop(self._waiting)
            size += len(record.body)
            # What goes to every partition arrives once from each.
            if not (isinstance(message, Coverage) and (at, identity) == self._last):
                released.append(message)
            self._last = at, identity
        if self.is_ready():
            return Release(messages=released, until=released[-1].collected_at if released else None)
        return Release(messages=released, until=watermark)

    def is_ready(self) -> bool:
        """Whether something can be released without reading on."""
        watermark = self.watermark()
        return bool(self._waiting) and watermark is not None and self._waiting[0][0] < watermark

    def committable(self) -> dict[Partition, int]:
        """Per partition the offset below which everything was released."""
        offsets = dict(self._next)
        for *_, record, _ in self._waiting:
            partition = record.topic, record.partition
            offsets[partition] = min(offsets[partition], record.offset)
        return offsets

    def ahead(self) -> set[Partition]:
        """The partitions that need not be read now: too much waits, and they are not what it waits for."""
        if len(self._waiting) < self._capacity:
            return set()
        marks = {partition: self._mark_of(partition) for partition in self._marks}
        known = [mark for mark in marks.values() if mark is not None]
        if len(known) < len(marks):
            return {partition for partition, mark in marks.items() if mark is not None}
        return {partition for partition, mark in marks.items() if mark is not None and mark > min(known)}

    def watermark(self) -> datetime | None:
        """The smallest mark; None until every partition carried one."""
        lowest: datetime | None = None
        for partition in self._marks:
            mark = self._mark_of(partition)
            if mark is None:
                return None
            lowest = mark if lowest is None or mark < lowest else lowest
        return lowest

    def _is_same_instant(self, last: Travelling) -> bool:
        """Coverage rows of one instant are one fact for a judge: no batch ends between them."""
        at, *_, following = self._waiting[0]
        return at == last.collected_at and isinstance(last, Coverage) and isinstance(following, Coverage)

    def _mark(self, partition: Partition, mark: Mark) -> None:
        marks = self._marks[partition]
        if mark.is_last:
            marks.pop(mark.publisher, None)
            self._left[partition] = max(mark.collected_at, self._left.get(partition, mark.collected_at))
        else:
            marks[mark.publisher] = max(mark.collected_at, marks.get(mark.publisher, mark.collected_at))
        oldest = max([mark.collected_at, *marks.values()]) - GONE
        for publisher in [name for name, at in marks.items() if at < oldest]:
            del marks[publisher]

    def _mark_of(self, partition: Partition) -> datetime | None:
        marks = self._marks[partition]
        return min(marks.values()) if marks else self._left.get(partition)
