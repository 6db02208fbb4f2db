"""poll → step → save → publish → commit, for one step; rejects; timers; marks passed on.

Effects are made in this order inside `Backends.together()`: one short transaction where bus and store are one file,
at-least-once with idempotent steps elsewhere. Everything is computed before the transaction opens.
"""

from __future__ import annotations

import hashlib
import heapq
import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from msgspec import Struct

from stream.core.codec import Item, encode
from stream.core.documents import Mark, Message
from stream.core.records import Rejected
from stream.errors import Conflict, HuiyingError, MessageRejected, NewerSchema
from stream.journey import Leg, leg, rejected_topic
from stream.ordered import OrderedReader
from stream.ports import Backends, Outgoing, Record, Save, Step
from stream.state import BatchState, Cache
from stream.wire import addressed, received

log = logging.getLogger("huiying.runner")

# 500 long posts in one transaction would hold the write lock for a third of a second.
BATCH = 200
# What one worker of an ordered step remembers between batches; about 4 KB an item.
CACHE_ITEMS = 20_000
PAYLOAD_LIMIT = 2_000
# Until somebody upgrades this program, asking again faster helps nobody.
NEWER_WAIT_S = 1.0


class Worked(Struct, frozen=True, kw_only=True):
    """One batch: how many messages, and up to when everything is done (None: not known)."""

    messages: int
    watermark: datetime | None


class Worker:
    """Runs one step. Not thread-safe; one per process and step."""

    def __init__(self, step: Step, backends: Backends, batch: int = BATCH) -> None:
        self.step = step
        self.leg: Leg = leg(step.name)
        self._backends = backends
        self._batch = batch
        self._subscription = backends.bus.subscribe(self.leg.reads, self.leg.step)
        self._ordered = None if self.leg.order == "any" else OrderedReader(self._subscription)
        self._cache = Cache(0 if self.leg.order == "any" else CACHE_ITEMS)
        self.passed: datetime | None = None
        self.step.rebuild(BatchState(backends.store, self._cache))

    def work(self, timeout_s: float) -> Worked:
        """One batch, waiting at most `timeout_s` for the first message. A conflict rebuilds and counts as no work."""
        try:
            return self._work_any(timeout_s) if self._ordered is None else self._work_ordered(self._ordered, timeout_s)
        except Conflict:
            # Expected when a partition has just changed hands.
            log.info("%s: another worker was first, starting the batch again", self.leg.step)
            self._restart()
            return Worked(messages=0, watermark=None)
        except NewerSchema as error:
            log.error("%s", error, extra={"step": self.leg.step})
            self._restart()
            time.sleep(NEWER_WAIT_S)
            return Worked(messages=0, watermark=None)

    def lag(self) -> int:
        """Messages that wait for this step."""
        return self._subscription.lag()

    def close(self) -> None:
        """Leaves the group."""
        self._subscription.close()

    def _restart(self) -> None:
        self._cache.clear()
        if self._ordered is None:
            self._subscription.rewind()
        else:
            self._ordered.forget()
        self.passed = None
        self.step.rebuild(BatchState(self._backends.store, self._cache))

    def _work_any(self, timeout_s: float) -> Worked:
        """Stateless: partition by partition, marks and coverage stay in the partition they came by."""
        records = self._subscription.poll(self._batch, timeout_s)
        if not records:
            return Worked(messages=0, watermark=None)
        state = BatchState(self._backends.store, self._cache)
        messages = [self._decoded(record) for record in records]
        state.fetch(ref for message in messages if message is not None for ref in self.step.looks_at(message))
        outgoing: list[Outgoing] = []
        rejected: list[Rejected] = []
        for record, message in zip(records, messages, strict=True):
            if message is None:
                rejected.append(_undecodable(self.leg.step, record))
            elif isinstance(message, Mark):
                outgoing.append(Outgoing(body=record.body, partition=record.partition))
            else:
                for made in self._handled(message, state, rejected, is_stateless=True):
                    outgoing.append(addressed(made, record.partition))
        offsets = {(record.topic, record.partition): record.offset + 1 for record in records}
        self._apply(state, outgoing, rejected, offsets)
        return Worked(messages=len(records), watermark=None)

    def _work_ordered(self, reader: OrderedReader, timeout_s: float) -> Worked:
        """Ordered: timers ring between messages, at their own time; facts of the same instant come first."""
        release = reader.poll(self._batch, timeout_s)
        if release.until is None or (not release.messages and release.until == self.passed):
            return Worked(messages=0, watermark=self.passed)
        state = BatchState(self._backends.store, self._cache)
        state.fetch(ref for message in release.messages for ref in self.step.looks_at(message))
        rejected: list[Rejected] = []
        outgoing: list[Outgoing] = []
        timers = _Timers(self.step, state)
        if self.step.timer is not None:
            timers.add(self._due(self.step.timer, release.until, state))
        for message in release.messages:
            outgoing.extend(addressed(made) for made in timers.ring(message.collected_at))
            made_now = self._handled(message, state, rejected, is_stateless=False)
            outgoing.extend(addressed(made) for made in made_now)
            timers.add(state.touched())
        outgoing.extend(addressed(made) for made in timers.ring(release.until))
        mark = Mark(id=f"mark:{self.leg.step}", collected_at=release.until, publisher=self.leg.step)
        outgoing.append(addressed(mark))
        self._apply(state, outgoing, rejected, reader.committable())
        self.passed = release.until
        return Worked(messages=len(release.messages), watermark=release.until)

    def _due(self, kind: type[Item], until: datetime, state: BatchState) -> list[Item]:
        """Candidates whose timer may ring before `until`, re-read as this batch sees them."""
        items: list[Item] = []
        for stored in self._backends.store.due(kind, until, limit=100_000):
            state.know(stored)
            item = state.get(kind, stored.item.id)
            if item is not None:
                items.append(item)
        return items

    def _decoded(self, record: Record) -> Message | None:
        try:
            return received(record.body)
        except MessageRejected:
            log.warning("undecodable", extra={"step": self.leg.step, "offset": record.offset})
            return None

    def _handled(
        self, message: Message, state: BatchState, rejected: list[Rejected], *, is_stateless: bool
    ) -> list[Message]:
        state.begin()
        try:
            return cast(list[Message], list(self.step.handle(message, state)))
        except MessageRejected as error:
            rejected.append(_reject(self.leg.step, message, error.reason))
        except HuiyingError:
            raise
        except Exception as error:
            # One text that trips a reader must not stop all others; an ordered step must not skip a fact.
            if not is_stateless:
                raise
            log.exception("reader failed", extra={"step": self.leg.step, "id": message.id})
            rejected.append(_reject(self.leg.step, message, f"failed:{type(error).__name__}"))
        state.undo()
        return []

    def _apply(
        self,
        state: BatchState,
        outgoing: Sequence[Outgoing],
        rejected: Sequence[Rejected],
        offsets: dict[tuple[str, int], int],
    ) -> None:
        """save → publish → commit."""
        saves = state.saves()
        bus, store = self._backends.bus, self._backends.store
        with self._backends.together():
            if saves and not all(saved.ok for saved in store.save_many(saves)):
                raise Conflict
            if rejected:
                store.save_many([Save(item=one) for one in rejected])
                bus.publish(rejected_topic(self.leg.step), [Outgoing(body=encode(one), key=one.id) for one in rejected])
            if outgoing:
                bus.publish(self.leg.writes, outgoing)
            self._subscription.commit(offsets)
        state.saved()


class _Timers:
    """The timers of one batch: a heap of (due, id), entries that moved are skipped."""

    def __init__(self, step: Step, state: BatchState) -> None:
        self._step = step
        self._state = state
        self._heap: list[tuple[datetime, str]] = []

    def add(self, items: Iterable[Item]) -> None:
        for item in items:
            due_at: datetime | None = getattr(item, "due_at", None)
            if self._step.timer is not None and isinstance(item, self._step.timer) and due_at is not None:
                heapq.heappush(self._heap, (due_at, item.id))

    def ring(self, until: datetime) -> Iterable[Message]:
        """Every timer before `until`, in order; facts of the same instant come first, so not at it."""
        while self._heap and self._heap[0][0] < until:
            due_at, identity = heapq.heappop(self._heap)
            assert self._step.timer is not None
            item = self._state.get(self._step.timer, identity)
            if item is None or getattr(item, "due_at", None) != due_at:
                continue
            self._state.begin()
            yield from cast(Iterable[Message], list(self._step.tick(item, due_at, self._state)))
            after = self._state.get(self._step.timer, identity)
            moved: datetime | None = getattr(after, "due_at", None)
            if moved is not None and moved <= due_at:
                raise HuiyingError(f"{self._step.name}：{identity} 的定时器没有前移（{due_at}）")
            self.add(self._state.touched())


def _reject(step: str, message: Message, reason: str) -> Rejected:
    origin = getattr(message, "origin", None)
    file, _, line = (origin or "").rpartition(":")
    payload = encode(message)[:PAYLOAD_LIMIT].decode("utf-8", "replace")
    return Rejected(
        id=f"{step}:{message.id}", collected_at=message.collected_at, step=step, reason=reason, of=message.id,
        file=file or None, line=int(line) if line.isdigit() else None, payload=payload,
    )  # fmt: skip


def _undecodable(step: str, record: Record) -> Rejected:
    digest = hashlib.sha256(record.body).hexdigest()[:16]
    return Rejected(
        id=f"{step}:{record.topic}:{digest}", collected_at=datetime.fromisoformat("1970-01-01T08:00:00+08:00"),
        step=step, reason="undecodable", payload=record.body[:PAYLOAD_LIMIT].decode("utf-8", "replace"),
    )  # fmt: skip
