"""The bus part of a migration: what the journey's groups have not committed goes to the target's topics.

The groups are joined, never committed: nothing changes in the source, and the target's steps start at the oldest
record. The same records come in the same order each time, so a migration that was killed goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from msgspec import Struct

from stream.core.codec import Item
from stream.core.records import Journal
from stream.errors import MessageRejected, OutsideFailed, UsageError
from stream.journey import JOURNEY, Leg
from stream.ports import Backends, Outgoing, Partition, Record, Subscription
from stream.readdressing import Marks, Placed, Readdressed

ROUND = 200
"""Records of one partition before it is the next one's turn, so that no reader has to hold back much."""
# A broker may take this long to hand over what it has; a file shows it at once.
BROKER_S = 2.0
JOIN_S = 0.1
PATIENCE_S = 30.0
"""How long a group may take to form (a killed member counts until its session ends), or a broker to answer."""

Progressed = Callable[[str, int, int | None], None]
"""What is being done, how much of it is done, of how much (None: not known)."""


class Turn(Struct, frozen=True):
    """What came of one partition in its turn; none: nothing follows."""

    partition: Partition
    records: list[Record]


class Arrived:
    """What a topic of the target holds already, by partition: how many records, and a digest over them in order."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self._digests: dict[int, bytes] = {}

    def add(self, one: Placed) -> None:
        """The next record of its partition."""
        self.counts[one.partition] = self.counts.get(one.partition, 0) + 1
        before = self._digests.get(one.partition, b"")
        self._digests[one.partition] = hashlib.sha256(before + one.body).digest()

    def is_same(self, other: Arrived) -> bool:
        """Whether both hold the same records."""
        return self._digests == other._digests


def arrived(old: Backends, new: Backends) -> dict[str, Arrived]:
    """What is in the target's topics already, by step. Raises UsageError where it is something else than what a
    migration from `old` puts there."""
    there = {leg.step: _arrived(new, leg) for leg in JOURNEY}
    if not any(one.counts for one in there.values()):
        return there
    expected = {leg.step: Arrived() for leg in JOURNEY}
    for leg, batch in _journey(old, new):
        begun, counts = expected[leg.step], there[leg.step].counts
        for one in batch:
            if begun.counts.get(one.partition, 0) < counts.get(one.partition, 0):
                begun.add(one)
    for leg in JOURNEY:
        if not expected[leg.step].is_same(there[leg.step]):
            raise UsageError(f"目标的主题 {leg.reads[0]} 里已有别的消息：不写入任何内容；请为目标另选一个 namespace")
    return there


def move_records(old: Backends, new: Backends, there: Mapping[str, Arrived], told: Progressed) -> int:
    """Copies what is missing, leg by leg; how many records that were."""
    written = 0
    counts = {step: dict(one.counts) for step, one in there.items()}
    for leg, batch in _journey(old, new):
        missing = [one for one in batch if not _is_there(one, counts[leg.step])]
        _publish(new, leg.reads[0], missing)
        written += len(missing)
        told(f"总线 {leg.reads[0]}", written, None)
    return written


def is_unread(backends: Backends) -> bool:
    """Whether any step has something left to read."""
    for leg in JOURNEY:
        with closing(_unread(backends, leg)) as turns:
            if any(turn.records for turn in turns):
                return True
    return False


def check_finished(old: Backends) -> None:
    """Raises UsageError where a batch was begun and not finished: its journal speaks of offsets that the target does
    not have."""
    if old.is_atomic:
        return
    begun = {stored.item.id: stored.item for stored in old.store.listing(Journal, limit=10_000).items}
    for leg in JOURNEY:
        mine = [one for id, one in begun.items() if id.startswith(f"{leg.step}|")]
        if mine:
            _check_lanes(old, leg, mine)


def _check_lanes(old: Backends, leg: Leg, begun: Iterable[Item]) -> None:
    with _joined(old, leg) as subscription:
        committed = subscription.committed()
    for one in begun:
        assert isinstance(one, Journal)
        if any(committed[topic, number] < below for topic, number, below in one.offsets):
            raise UsageError(f"{one.id}：有一批没有做完；请先运行 huiying run，待它处理完再停止，然后迁移")


def _is_there(one: Placed, counts: dict[int, int]) -> bool:
    """The first so many records of a partition arrived before."""
    left = counts.get(one.partition, 0)
    counts[one.partition] = max(left - 1, 0)
    return left > 0


def _publish(new: Backends, topic: str, placed: Sequence[Placed]) -> None:
    try:
        new.bus.publish(topic, [Outgoing(body=one.body, partition=one.partition) for one in placed])
    except MessageRejected:
        largest = max(len(one.body) for one in placed)
        raise UsageError(
            f"主题 {topic} 里有 {largest} 字节的消息，目标不收；请把目标配置的 max_page_bytes 调到不小于它，再运行一次"
        ) from None


def _arrived(new: Backends, leg: Leg) -> Arrived:
    """Each partition by itself, so in whatever order they come."""
    found = Arrived()
    with _joined(new, leg) as subscription:
        subscription.pause(())
        left, idle_s = subscription.lag(), 0.0
        while left > 0:
            records = subscription.poll(ROUND, BROKER_S)
            for record in records:
                found.add(Placed(record.partition, record.body))
            left -= len(records)
            idle_s = 0.0 if records else idle_s + BROKER_S
            _check_patience(left, idle_s)
    return found


def _journey(old: Backends, new: Backends) -> Iterator[tuple[Leg, list[Placed]]]:
    """The target's records of every leg, always in the same order."""
    # For each partition of the source, whose marks are unread in the topics so far: they have yet to come further on.
    ahead: dict[int, set[str]] = {}
    for leg in JOURNEY:
        [topic] = leg.reads
        numbers = range(old.bus.partitions(topic))
        marks = Marks(numbers, ahead)
        readdressed = Readdressed(marks, new.bus.partitions(topic))
        for turn in _unread(old, leg):
            if turn.records:
                yield leg, [one for record in turn.records for one in readdressed.place(record)]
            else:
                yield leg, list(readdressed.end(turn.partition[1]))
        ahead = {one: ahead.get(one, set()) | marks.publishers(one) for one in numbers}


def _unread(backends: Backends, leg: Leg) -> Generator[Turn, None, None]:
    """What the leg's group has not committed, each partition in its order. Raises UsageError where others are reading,
    OutsideFailed where the bus does not give everything."""
    with _joined(backends, leg) as subscription:
        partitions = sorted(subscription.partitions())
        yield from _turns(subscription, partitions, 0.0 if backends.is_atomic else BROKER_S)


@contextmanager
def _joined(backends: Backends, leg: Leg) -> Iterator[Subscription]:
    """The only member of the leg's group. Raises UsageError where there are others."""
    subscription = backends.bus.subscribe(leg.reads, leg.step, is_sole=leg.order == "one")
    try:
        _await_all(subscription, backends, leg)
        yield subscription
    finally:
        subscription.close()


def _await_all(subscription: Subscription, backends: Backends, leg: Leg) -> None:
    """Until every partition is here: fewer means that somebody else has the others."""
    wanted = sorted((topic, one) for topic in leg.reads for one in range(backends.bus.partitions(topic)))
    # A group forms while its member polls.
    subscription.pause(wanted)
    for _ in range(1 if backends.is_atomic else round(PATIENCE_S / JOIN_S)):
        if sorted(subscription.partitions()) == wanted:
            subscription.rewind()
            return
        subscription.poll(1, JOIN_S)
    raise UsageError(f"{leg.step}：有别的进程正在读取 {leg.reads[0]}；请先停止所有 huiying run 与 watch，再迁移")


def _turns(subscription: Subscription, partitions: Sequence[Partition], wait_s: float) -> Generator[Turn, None, None]:
    left, idle_s = subscription.lag(), 0.0
    going = list(partitions)
    while left > 0:
        for partition in list(going):
            subscription.pause([one for one in partitions if one != partition])
            taken = 0
            while taken < ROUND and left and (records := subscription.poll(ROUND - taken, wait_s)):
                taken += len(records)
                left -= len(records)
                yield Turn(partition, records)
            idle_s = 0.0 if taken else idle_s + max(wait_s, 1.0)
            if not taken:
                going.remove(partition)
                if not wait_s:
                    yield Turn(partition, [])
        _check_patience(left, idle_s)
        going = going or list(partitions)
    for partition in partitions if wait_s else going:
        yield Turn(partition, [])


def _check_patience(left: int, idle_s: float) -> None:
    if left and idle_s > PATIENCE_S:
        raise OutsideFailed(f"总线没有给出全部未读消息（还差 {left} 条）；请检查服务器，再运行同一命令")
