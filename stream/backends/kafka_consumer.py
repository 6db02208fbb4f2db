"""One member of a reading group on Kafka."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition, errors

from stream.backends.kafka_client import full_name, ms, opened, outside
from stream.backends.kafka_members import PatientMember, SharedReaders, SoleReader
from stream.backends.kafka_topics import KafkaTopics
from stream.errors import Conflict, OutsideFailed
from stream.ports import Partition, Record
from stream.settings import Settings

SESSION_S = 10.0
"""A killed member's partitions go to others after this; brokers take no less than 6 s by default."""
HEARTBEAT_S = 0.5
"""The others learn of a member that comes or goes by the answer to a heartbeat."""
POLL_S = 60.0
"""A member that lives but does not poll keeps a rebalance waiting this long at most."""
ANSWER_S = 10.0
TURN_S = 0.05
CLOSE_S = 3.0
FETCH_MS = 200
"""A fetch that waits for news holds up what was resumed or rewound meanwhile; asking often costs idle members time."""
FETCH_BYTES = 16 << 20
PARTITION_BYTES = 4 << 20
AHEAD = 1000
AHEAD_BYTES = 8 << 20
"""Read ahead per partition, in records and bytes: then it is paused, so that none starves another."""
POLL_BYTES = 32 << 20
"""A poll stops after this many bytes, so that a batch of huge pages does not fill the memory."""
LOST = (
    errors.CommitFailedError,
    errors.IllegalGenerationError,
    errors.UnknownMemberIdError,
    errors.RebalanceInProgressError,
)


class KafkaSubscription(ConsumerRebalanceListener):  # type: ignore[misc]
    """Not thread-safe. The library calls the listener's methods in its own thread, but only while ours waits for it."""

    def __init__(
        self, settings: Settings, topics: KafkaTopics, names: Sequence[str], group: str, is_sole: bool
    ) -> None:
        self._settings = settings
        self._topics = topics
        self._names = {full_name(settings, name): name for name in names}
        self._group = group
        self._assignor = SoleReader() if is_sole else SharedReaders()
        self._numbers: dict[Partition, int] = {}
        self._assigned = 0
        self._committed: dict[Partition, int] = {}
        self._ahead: dict[Partition, deque[Record]] = {}
        self._ahead_bytes: dict[Partition, int] = {}
        self._paused: frozenset[Partition] = frozenset()
        self._turn = 0
        self._is_open = True
        self._consumer: Any = None
        with self._speaking() as consumer:
            # The group is joined in the background from here on.
            consumer.poll(timeout_ms=0)

    def partitions(self) -> Mapping[Partition, int]:
        return dict(self._numbers)

    def pause(self, partitions: Collection[Partition]) -> None:
        self._paused = frozenset(partitions)

    def poll(self, limit: int, timeout_s: float) -> list[Record]:
        deadline = time.monotonic() + timeout_s
        while True:
            is_waiting = any(self._ahead[pair] for pair in self._read())
            self._pull(0.0 if is_waiting else max(0.0, deadline - time.monotonic()))
            if (taken := self._take(limit)) or time.monotonic() >= deadline:
                return taken

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        self._begin()
        numbers = {pair: self._numbers.get(pair) for pair in offsets}
        deadline = time.monotonic() + ANSWER_S
        while None not in numbers.values() and all(self._numbers.get(pair) == numbers[pair] for pair in numbers):
            due = {pair: below for pair, below in offsets.items() if below > self._committed[pair]}
            if not due or self._commit(due):
                return
            if time.monotonic() >= deadline:
                break
            # Members come or go; whether these partitions stay is known when that is over.
            self._pull(TURN_S)
        raise Conflict

    def committed(self) -> Mapping[Partition, int]:
        self._begin()
        return dict(self._committed)

    def rewind(self) -> None:
        self._begin()
        with self._speaking() as consumer:
            for pair in self._numbers:
                self._clear(pair)
                consumer.seek(self._there(pair), self._committed[pair])

    def lag(self) -> int:
        return self._topics.lag(self._group, list(self._names.values()))

    def close(self) -> None:
        self._is_open = False
        self._drop()

    # --- what the library calls when partitions come and go

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._assigned += 1
        for pair in sorted(self._here(one) for one in assigned):
            self._numbers[pair] = self._assigned
            self._clear(pair)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        for one in revoked:
            pair = self._here(one)
            for kept in (self._numbers, self._committed, self._ahead, self._ahead_bytes):
                kept.pop(pair, None)

    def on_partitions_lost(self, lost: Collection[TopicPartition]) -> None:
        self._assignor.forget()
        self.on_partitions_revoked(lost)

    # --- inside

    def _pull(self, timeout_s: float) -> None:
        """What has come, behind what is there already; also what keeps this member alive."""
        with self._speaking() as consumer:
            self._apply_pauses(consumer)
            _unstick(consumer)
            found = consumer.poll(timeout_ms=ms(timeout_s), max_records=AHEAD)
        for there, records in found.items():
            pair = self._here(there)
            if pair not in self._numbers:
                continue
            topic, partition = pair
            self._ahead[pair].extend(
                Record(topic=topic, partition=partition, offset=one.offset, body=one.value or b"") for one in records
            )
            self._ahead_bytes[pair] += sum(len(one.value or b"") for one in records)
        # Last, because it may fail: what has come would never come again.
        self._settle()

    def _apply_pauses(self, consumer: Any) -> None:
        wanted = {
            self._there(pair)
            for pair in self._numbers
            if pair in self._paused or len(self._ahead[pair]) >= AHEAD or self._ahead_bytes[pair] >= AHEAD_BYTES
        }
        held = consumer.paused()
        consumer.pause(*(wanted - held))
        consumer.resume(*(held - wanted))

    def _read(self) -> list[Partition]:
        return [pair for pair in self._numbers if pair not in self._paused]

    def _take(self, limit: int) -> list[Record]:
        """Each partition its part of `limit`, then the rest to whoever has more; another one first each time."""
        read = [pair for pair in self._read() if self._ahead[pair]]
        if not read or limit < 1:
            return []
        self._turn = (self._turn + 1) % len(read)
        order = read[self._turn :] + read[: self._turn]
        taken: list[Record] = []
        size = 0
        for part in (max(1, limit // len(order)), limit):
            for pair in order:
                waiting = self._ahead[pair]
                for _ in range(min(part, limit - len(taken), len(waiting))):
                    taken.append(waiting.popleft())
                    size += len(taken[-1].body)
                    self._ahead_bytes[pair] -= len(taken[-1].body)
                    if size >= POLL_BYTES:
                        return taken
        return taken

    def _begin(self) -> None:
        """Waits until it is known where the group stands in all that is read here."""
        deadline = time.monotonic() + ANSWER_S
        while not self._settle():
            if time.monotonic() >= deadline:
                raise Conflict
            self._pull(TURN_S)

    def _settle(self) -> bool:
        """Learns where the group stands in partitions that are new here. Where it stands nowhere, it is put at the
        oldest record, so that `prune` keeps what it has not read. Whether all of that is done."""
        fresh = [pair for pair in self._numbers if pair not in self._committed]
        if not fresh:
            return True
        with self._speaking() as consumer:
            for pair in fresh:
                if (below := consumer.committed(self._there(pair), timeout_ms=ms(ANSWER_S))) is not None:
                    self._committed[pair] = below
            new = [self._there(pair) for pair in fresh if pair not in self._committed]
            starts = consumer.beginning_offsets(new, timeout_ms=ms(ANSWER_S)) if new else {}
        return not starts or self._commit({self._here(there): offset for there, offset in starts.items()})

    def _commit(self, offsets: Mapping[Partition, int]) -> bool:
        """Whether the group took it; not while members come and go, and not from who was thrown out."""
        with self._speaking() as consumer:
            try:
                consumer.commit(self._at(offsets), timeout_ms=ms(ANSWER_S))
            except LOST:
                return False
        self._committed |= offsets
        return True

    def _clear(self, pair: Partition) -> None:
        self._ahead[pair] = deque()
        self._ahead_bytes[pair] = 0

    def _here(self, there: TopicPartition) -> Partition:
        return self._names[there.topic], there.partition

    def _there(self, pair: Partition) -> TopicPartition:
        return TopicPartition(full_name(self._settings, pair[0]), pair[1])

    def _at(self, offsets: Mapping[Partition, int]) -> dict[TopicPartition, OffsetAndMetadata]:
        return {self._there(pair): OffsetAndMetadata(below, "", -1) for pair, below in offsets.items()}

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[Any]:
        """The consumer; after a failure the group is joined anew."""
        if not self._is_open:
            raise OutsideFailed("已退出消费组")
        if self._consumer is None:
            self._consumer = self._opened()
        try:
            yield self._consumer
        except errors.KafkaTimeoutError as error:
            raise outside(self._settings, error) from error
        except (errors.KafkaError, OSError, RuntimeError) as error:
            self._drop()
            raise outside(self._settings, error) from error

    def _opened(self) -> Any:
        self._topics.ensure(list(self._names.values()))
        consumer = opened(
            KafkaConsumer,
            self._settings,
            client_id=full_name(self._settings, self._group),
            group_id=full_name(self._settings, self._group),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=ms(SESSION_S),
            heartbeat_interval_ms=ms(HEARTBEAT_S),
            max_poll_interval_ms=ms(POLL_S),
            fetch_max_wait_ms=FETCH_MS,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_BYTES,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        consumer._coordinator.__class__ = PatientMember
        consumer.subscribe(list(self._names), listener=self)
        return consumer

    def _drop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(errors.KafkaError, OSError, RuntimeError):
                consumer.close(autocommit=False, timeout_ms=ms(CLOSE_S))
        self._assignor.forget()
        for kept in (self._numbers, self._committed, self._ahead, self._ahead_bytes):
            kept.clear()


def _unstick(consumer: Any) -> None:
    """The library (3.0.12) takes up what it had fetched of a paused partition only while it holds no other batch, and
    an exhausted batch counts as one: a resumed partition would never be read again."""
    fetcher = consumer._fetcher
    if fetcher._next_partition_records is not None and not fetcher._next_partition_records:
        fetcher._next_partition_records = None
