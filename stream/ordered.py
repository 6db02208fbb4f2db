"""Releases messages in (`collected_at`, `id`) order, up to the smallest mark of all partitions and publishers.

A fixed waiting time lets messages through out of order after a stall; the smallest mark does not. Offsets are
committable only below the oldest message that was not released yet.
"""

from __future__ import annotations

import heapq
from datetime import datetime

from msgspec import Struct

from stream.core.codec import Travelling
from stream.core.documents import Coverage, Mark
from stream.errors import OutsideFailed
from stream.ports import Record, Subscription
from stream.wire import received

Partition = tuple[str, int]
_Waiting = tuple[datetime, str, int, Record, Travelling]


class Release(Struct, frozen=True, kw_only=True):
    """Messages in order. Everything before `until` has been released with them (None: nothing new is certain)."""

    messages: list[Travelling]
    until: datetime | None


class OrderedReader:
    """One ordered reader over all partitions of a subscription.

    Holds at most `capacity` messages that no mark has released; more is a publisher's fault and raises OutsideFailed.
    """

    def __init__(self, subscription: Subscription, capacity: int = 200_000) -> None:
        self._subscription = subscription
        self._capacity = capacity
        self._waiting: list[_Waiting] = []
        self._marks: dict[Partition, dict[str, datetime]] = {}
        self._next: dict[Partition, int] = {}
        self._sequence = 0
        self._last: tuple[datetime, str] | None = None

    def poll(self, limit: int, timeout_s: float) -> Release:
        """Reads on and releases up to `limit` messages in order."""
        if len(self._waiting) > self._capacity:
            raise OutsideFailed(f"{len(self._waiting)} 条消息在等待时间标记：请检查发布端是否停摆")
        if not self._ready():
            for record in self._subscription.poll(limit, timeout_s):
                self._take(record)
        return self._release(limit)

    def committable(self) -> dict[Partition, int]:
        """Per partition the offset below which everything was released."""
        offsets = dict(self._next)
        for _, _, _, record, _ in self._waiting:
            partition = record.topic, record.partition
            offsets[partition] = min(offsets[partition], record.offset)
        return offsets

    def forget(self) -> None:
        """Back to the committed offsets."""
        self._subscription.rewind()
        self._waiting.clear()
        self._marks.clear()
        self._next.clear()
        self._last = None

    def watermark(self) -> datetime | None:
        """The smallest mark; None until every partition carried one."""
        partitions = self._subscription.partitions()
        if not partitions or any(not self._marks.get(partition) for partition in partitions):
            return None
        return min(min(self._marks[partition].values()) for partition in partitions)

    def _take(self, record: Record) -> None:
        partition = record.topic, record.partition
        self._next[partition] = record.offset + 1
        message = received(record.body)
        if isinstance(message, Mark):
            marks = self._marks.setdefault(partition, {})
            marks[message.publisher] = max(message.collected_at, marks.get(message.publisher, message.collected_at))
            return
        self._sequence += 1
        heapq.heappush(self._waiting, (message.collected_at, message.id, self._sequence, record, message))

    def _ready(self) -> bool:
        watermark = self.watermark()
        return bool(self._waiting) and watermark is not None and self._waiting[0][0] < watermark

    def _release(self, limit: int) -> Release:
        watermark = self.watermark()
        released: list[Travelling] = []
        if watermark is None:
            return Release(messages=released, until=None)
        while self._waiting and self._waiting[0][0] < watermark and len(released) < limit:
            at, identity, _, _, message = heapq.heappop(self._waiting)
            # What goes to every partition arrives once from each.
            if not (isinstance(message, Coverage) and (at, identity) == self._last):
                released.append(message)
            self._last = at, identity
        done = not self._waiting or self._waiting[0][0] >= watermark
        return Release(messages=released, until=watermark if done else released[-1].collected_at)
