"""One step in one process: polls, hands what came to the stateless step or to its lanes, starts again on conflict.

Everything is computed before the effects are made (stream/effects.py).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import cast

from stream import metrics
from stream.core.documents import Mark, Message
from stream.core.records import Rejected
from stream.effects import Effects, Ledger
from stream.errors import Conflict, HuiyingError, MessageRejected, NewerSchema, SettingsError
from stream.journey import Leg, leg
from stream.lane import Course, Lane
from stream.ports import Backends, Outgoing, Partition, Record, Step, Subscription
from stream.rejects import rejected_message, undecodable
from stream.state import BatchState, Cache
from stream.wire import addressed, received

log = logging.getLogger("huiying.runner")

# Messages taken at once. 500 long posts in one transaction would hold the file's write lock for a third of a second; to
# two servers a batch of any size is the same few round trips.
BATCH_TOGETHER = 200
BATCH_APART = 1_000
# Until somebody upgrades this program, asking again faster helps nobody.
NEWER_WAIT_S = 1.0

MakeStep = Callable[[], Step]


class Worker:
    """Runs one step. Not thread-safe; one per process and step."""

    def __init__(self, step: str, make_step: MakeStep, backends: Backends, batch: int | None = None) -> None:
        self.leg: Leg = leg(step)
        self._batch = batch or (BATCH_TOGETHER if backends.is_atomic else BATCH_APART)
        self._subscription = backends.bus.subscribe(self.leg.reads, step, is_sole=self.leg.order == "one")
        way = Stateless if self.leg.order == "any" else Lanes
        self._way: Stateless | Lanes = way(self.leg, make_step, backends, self._subscription)

    @property
    def passed(self) -> datetime | None:
        """Up to when everything of this worker's is done; None = not known, or it has no lane."""
        return self._way.passed

    def progress(self) -> dict[str, datetime]:
        """Up to when each lane here is done, by its name."""
        return self._way.progress()

    def is_active(self) -> bool:
        """Whether this worker reads anything, or only stands by."""
        return bool(self._subscription.partitions())

    def work(self, timeout_s: float) -> int:
        """One batch, waiting at most `timeout_s` for the first message; how many messages. A conflict starts again and
        counts as no work. Raises OutsideFailed; then `restart` before working on."""
        began = time.perf_counter()
        try:
            messages = self._way.work(self._batch, timeout_s)
        except Conflict:
            # Expected when a partition has just changed hands.
            log.info("another worker was first, starting the batch again", extra={"step": self.leg.step})
            metrics.rebuilt(self.leg.step, "conflict")
            self.restart()
        except NewerSchema as error:
            log.error("%s", error, extra={"step": self.leg.step})
            metrics.newer_schema(self.leg.step)
            self.restart()
            time.sleep(NEWER_WAIT_S)
        else:
            metrics.turned(self.leg.step)
            if messages:
                metrics.batch(self.leg.step, messages, time.perf_counter() - began)
            return messages
        return 0

    def restart(self) -> None:
        """Drops what is remembered and goes back to the committed offsets. Raises OutsideFailed."""
        metrics.turned(self.leg.step)
        self._way.forget()
        self._subscription.rewind()

    def lag(self) -> int:
        """Messages that wait for this step."""
        return self._subscription.lag()

    def close(self) -> None:
        """Leaves the group."""
        self._subscription.close()


class Stateless:
    """A step whose messages need no order: marks and coverage stay in the partition they came by."""

    passed: datetime | None = None

    def __init__(self, leg: Leg, make_step: MakeStep, backends: Backends, reads: Subscription) -> None:
        self._leg, self._backends, self._reads = leg, backends, reads
        self._step = make_step()
        self._ledger = Ledger(backends, reads, leg.step, is_stateless=True)

    def progress(self) -> dict[str, datetime]:
        return {}

    def forget(self) -> None:
        """Nothing is remembered."""

    def work(self, limit: int, timeout_s: float) -> int:
        records = self._reads.poll(limit, timeout_s)
        if not records:
            return 0
        state = BatchState(self._backends.store, Cache(0))
        messages = [self._decoded(record) for record in records]
        state.fetch(ref for message in messages if message is not None for ref in self._step.looks_at(message))
        outgoing: list[Outgoing] = []
        rejected: list[Rejected] = []
        for record, message in zip(records, messages, strict=True):
            if message is None:
                rejected.append(undecodable(self._leg.step, record))
            elif isinstance(message, Mark):
                outgoing.append(Outgoing(body=record.body, partition=record.partition))
            else:
                outgoing += (addressed(made, record.partition) for made in self._handled(message, state, rejected))
        offsets = {(record.topic, record.partition): record.offset + 1 for record in records}
        effects = Effects(
            topic=self._leg.writes, saves=state.saves(), outgoing=outgoing, rejected=rejected, offsets=offsets
        )
        self._ledger.apply({"": effects})
        return len(records)

    def _decoded(self, record: Record) -> Message | None:
        try:
            return received(record.body)
        except MessageRejected:
            log.warning("undecodable", extra={"step": self._leg.step, "offset": record.offset})
            return None

    def _handled(self, message: Message, state: BatchState, rejected: list[Rejected]) -> list[Message]:
        state.begin()
        try:
            return cast(list[Message], list(self._step.handle(message, state)))
        except MessageRejected as error:
            rejected.append(rejected_message(self._leg.step, message, error.reason))
        except HuiyingError:
            raise
        except Exception as error:
            # One text that trips a reader must not stop all others; an ordered step must not skip a fact.
            log.exception("reader failed", extra={"step": self._leg.step, "id": message.id})
            rejected.append(rejected_message(self._leg.step, message, f"failed:{type(error).__name__}"))
        state.undo()
        return []


class Lanes:
    """The lanes of an ordered step that this process has, made and dropped as partitions change hands."""

    def __init__(self, leg: Leg, make_step: MakeStep, backends: Backends, reads: Subscription) -> None:
        self._leg, self._make, self._backends, self._reads = leg, make_step, backends, reads
        self._ledger = Ledger(backends, reads, leg.step, is_stateless=False)
        counts = {backends.bus.partitions(topic) for topic in (*leg.reads, leg.writes)}
        if len(counts) > 1:
            raise SettingsError(f"{leg.step}：主题 {'、'.join((*leg.reads, leg.writes))} 的分区数不同；请重建主题")
        self._of = counts.pop()
        self._lanes: dict[int | None, tuple[frozenset[tuple[Partition, int]], Lane]] = {}
        self._early: list[Record] = []

    @property
    def passed(self) -> datetime | None:
        found = [lane.passed for _, lane in self._lanes.values()]
        return None if not found or None in found else min(one for one in found if one is not None)

    def progress(self) -> dict[str, datetime]:
        return {
            f"{self._leg.step}|{number}": lane.passed
            for number, (_, lane) in self._lanes.items()
            if lane.passed is not None
        }

    def forget(self) -> None:
        self._lanes.clear()
        self._early.clear()

    def work(self, limit: int, timeout_s: float) -> int:
        self._follow()
        if not any(lane.is_ready() for _, lane in self._lanes.values()):
            came = self._reads.poll(limit, timeout_s)
            self._follow()
            self._take([*self._early, *came])
        found = [(lane, lane.compute(limit)) for _, lane in self._lanes.values()]
        batches = [(lane, batch) for lane, batch in found if batch is not None]
        if not batches:
            return 0
        self._ledger.apply({lane.name: batch.effects for lane, batch in batches})
        for lane, _ in batches:
            lane.made()
        return sum(batch.messages for _, batch in batches)

    def _follow(self) -> None:
        """Lanes for the partitions that are ours by now; one whose partitions have been away is made anew."""
        mine = self._reads.partitions()
        wanted: dict[int | None, Course] = {}
        for number in (None,) if self._leg.order == "one" else range(self._of):
            course = Course(leg=self._leg, partition=number, of=self._of)
            if all(partition in mine for partition in course.partitions()):
                wanted[number] = course
        for number in [one for one in self._lanes if one not in wanted]:
            del self._lanes[number]
        for number, course in wanted.items():
            assigned = frozenset((partition, mine[partition]) for partition in course.partitions())
            if number not in self._lanes or self._lanes[number][0] != assigned:
                self._lanes.pop(number, None)
                metrics.rebuilt(self._leg.step, "assigned")
                self._lanes[number] = assigned, Lane(course, self._make, self._backends, self._ledger)

    def _take(self, records: Iterable[Record]) -> None:
        """Each to its lane. A sole reader may get its partitions one by one: what comes before the last of them waits,
        and nothing more is read until then."""
        mine = self._reads.partitions()
        self._early = []
        for record in records:
            found = self._lanes.get(None if self._leg.order == "one" else record.partition)
            if found is not None:
                found[1].take(record)
            elif (record.topic, record.partition) in mine:
                self._early.append(record)
        laned = {partition for assigned, _ in self._lanes.values() for partition, _ in assigned}
        ahead = {one for _, lane in self._lanes.values() for one in lane.ahead()}
        self._reads.pause(ahead | (set(mine) - laned))
