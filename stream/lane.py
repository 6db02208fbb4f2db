"""One lane of an ordered step: all partitions of a sole reader, or one partition of a keyed one, in order of time.

Timers ring between messages, at their own time; facts of the same instant come first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import cast

from msgspec import Struct

from stream.core.codec import Travelling
from stream.core.documents import Mark, Message
from stream.core.records import Rejected
from stream.effects import Effects, Ledger
from stream.errors import MessageRejected
from stream.journey import Leg
from stream.ordered import OrderedBuffer
from stream.ports import Backends, Outgoing, Partition, Record, Step, partition_of
from stream.rejects import rejected_message, undecodable
from stream.state import BatchState, Cache
from stream.timers import Timers
from stream.wire import addressed

# What a lane remembers between batches; about 4 KB an item.
CACHE_ITEMS = 20_000


class Course(Struct, frozen=True, kw_only=True):
    """Which part of its step a lane does. `partition` None = all of `of` partitions, else that one."""

    leg: Leg
    partition: int | None
    of: int

    @property
    def name(self) -> str:
        """In the journal's id."""
        return "all" if self.partition is None else str(self.partition)

    def partitions(self) -> list[Partition]:
        """What the lane reads."""
        numbers = range(self.of) if self.partition is None else (self.partition,)
        return [(topic, number) for topic in self.leg.reads for number in numbers]

    def owns(self, id: str) -> bool:
        """Whether what has this key comes by this lane."""
        return self.partition is None or partition_of(id, self.of) == self.partition


class Batch(Struct, frozen=True, kw_only=True):
    """How many messages, and what they bring."""

    messages: int
    effects: Effects


class Lane:
    """Runs its own step object over its own partitions; made anew whenever they change hands."""

    def __init__(self, course: Course, make_step: Callable[[], Step], backends: Backends, ledger: Ledger) -> None:
        self._course, self._backends = course, backends
        self.name = course.name
        self._step = make_step()
        self._buffer = OrderedBuffer(course.partitions())
        self._cache = Cache(CACHE_ITEMS)
        self._timers = Timers(self._step, backends.store, course.owns)
        self.passed: datetime | None = None
        self._computed: tuple[BatchState, datetime] | None = None
        ledger.recover(course.name)
        backends.store.refresh()
        self._step.rebuild(BatchState(backends.store, self._cache), course.owns)

    def take(self, record: Record) -> None:
        """Takes in what was polled."""
        self._buffer.take(record)

    def is_ready(self) -> bool:
        """Whether there is work without polling."""
        return self._buffer.is_ready()

    def ahead(self) -> Collection[Partition]:
        """Partitions that need not be read now."""
        return self._buffer.ahead()

    def compute(self, limit: int) -> Batch | None:
        """What the next released messages bring, None if there are none; nothing of it is made yet."""
        release = self._buffer.release(limit)
        if release.until is None or (not release.messages and self.passed is not None and release.until <= self.passed):
            return None
        # What comes late was published twice, or by a publisher that did not keep its word; time does not run back.
        until = release.until if self.passed is None else max(release.until, self.passed)
        self._timers.reach(until)
        state = BatchState(self._backends.store, self._cache)
        refs = [ref for message in release.messages for ref in self._step.looks_at(message)]
        if self._step.timer is not None:
            refs += [(self._step.timer, identity) for identity in self._timers.upcoming(until)]
        state.fetch(refs)
        rejected = [undecodable(self._course.leg.step, record) for record in self._buffer.poison]
        outgoing: list[Outgoing] = []
        for message in release.messages:
            outgoing += map(addressed, self._timers.ring(message.collected_at, state))
            outgoing += map(addressed, self._handled(message, state, rejected))
            self._timers.add(state.touched())
        outgoing += map(addressed, self._timers.ring(until, state))
        outgoing.append(self._mark(until))
        self._computed = state, until
        effects = Effects(
            topic=self._course.leg.writes, saves=state.saves(), outgoing=outgoing, rejected=rejected,
            offsets=self._buffer.committable(),
        )  # fmt: skip
        return Batch(messages=len(release.messages), effects=effects)

    def made(self) -> None:
        """What was computed has been made."""
        assert self._computed is not None
        state, self.passed = self._computed
        state.saved()
        self._buffer.poison.clear()

    def _mark(self, until: datetime) -> Outgoing:
        """What this lane publishes goes to its own partition, so its promise does too."""
        step = self._course.leg.step
        return addressed(Mark(id=f"mark:{step}", collected_at=until, publisher=step), self._course.partition)

    def _handled(self, message: Travelling, state: BatchState, rejected: list[Rejected]) -> Iterable[Message]:
        state.begin()
        try:
            return cast(list[Message], list(self._step.handle(message, state)))
        except MessageRejected as error:
            rejected.append(rejected_message(self._course.leg.step, message, error.reason))
        state.undo()
        return []
