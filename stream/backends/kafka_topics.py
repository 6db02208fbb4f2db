"""The topics of a namespace on the cluster: made, measured, pruned, removed; all that asks as an administrator."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from kafka import KafkaAdminClient, OffsetSpec, TopicPartition, errors

from stream.backends.kafka_client import full_name, opened, outside, plain_name
from stream.errors import OutsideFailed
from stream.settings import Settings

log = logging.getLogger("huiying.kafka")
T = TypeVar("T")

UNREAD = timedelta(days=7)
"""What no group has read is kept this long at least; what all have read goes by `prune`, much earlier."""
SEGMENT = timedelta(hours=1)
"""The disk gives back whole segments only, and never the one being written: so raw pages outlive `prune` by an hour."""
HEADROOM = 64 * 1024
"""A message's key and the frame of its batch, beyond the body."""
ERASED_S = 15.0
REJECTED = ".rejected"


class KafkaTopics:
    """Opened on first use and again after a failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin: Any = None
        self._counts: dict[str, int] = {}

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has; makes it when it is new."""
        if topic not in self._counts:
            self.ensure([topic])
        return self._counts[topic]

    def ensure(self, topics: Sequence[str]) -> None:
        """Makes those that are not there, all at once, and learns how many partitions each has."""
        unknown = [topic for topic in topics if topic not in self._counts]
        if not unknown:
            return
        found = self._described(unknown)
        if missing := [topic for topic in unknown if topic not in found]:
            self._make(missing)
            found |= self._described(missing)
        for topic, count in found.items():
            if count != self._settings.backend.workers:
                log.warning(
                    "%s has %d partitions, configured are %d: the topic decides", topic, count,
                    self._settings.backend.workers,
                )  # fmt: skip
        self._counts |= found

    def forget(self, topic: str) -> None:
        """Asks again next time: somebody removed it."""
        self._counts.pop(topic, None)

    def lag(self, group: str, topics: Sequence[str]) -> int:
        """Records of the topics that the group has not committed."""
        pairs = [TopicPartition(full_name(self._settings, topic), number)
                 for topic in topics for number in range(self.partitions(topic))]  # fmt: skip
        done = self._committed([full_name(self._settings, group)])
        ends = self._offsets(pairs, OffsetSpec.LATEST)
        starts = self._offsets(pairs, OffsetSpec.EARLIEST)
        return sum(max(0, ends[pair] - max(starts[pair], done.get(pair, 0))) for pair in pairs)

    def prune(self, before: datetime) -> int:
        """Forgets what every group has committed and what was published before `before`; how many."""
        counts = {full: count for full, count in self._own().items() if not full.endswith(REJECTED)}
        pairs = [TopicPartition(full, number) for full, count in counts.items() for number in range(count)]
        if not pairs:
            return 0
        done = self._committed(self._groups())
        starts, ends = self._offsets(pairs, OffsetSpec.EARLIEST), self._offsets(pairs, OffsetSpec.LATEST)
        young = self._offsets(pairs, int(before.timestamp() * 1000))
        limits = {}
        for pair in pairs:
            limit = min(ends[pair] if young[pair] < 0 else young[pair], done.get(pair, ends[pair]))
            if limit > starts[pair]:
                limits[pair] = limit
        if limits:
            self._ask(lambda admin: admin.delete_records(limits))
        return sum(limit - starts[pair] for pair, limit in limits.items())

    def erase(self) -> None:
        """Removes every topic and group of the namespace; returns once they are gone."""
        deadline = time.monotonic() + ERASED_S
        self._counts.clear()
        while topics := list(self._own()):
            self._ask(partial(_delete_topics, topics=topics))
            _wait(deadline, f"主题 {topics[0]} 没有被删除")
        while groups := self._groups():
            # A member that was killed counts until its session ends.
            self._ask(partial(_delete_groups, groups=groups))
            _wait(deadline, f"消费组 {groups[0]} 还有成员")

    def close(self) -> None:
        """Ends the connection."""
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()

    def _described(self, topics: Sequence[str]) -> dict[str, int]:
        names = {full_name(self._settings, topic): topic for topic in topics}
        found = self._ask(lambda admin: admin.describe_topics(list(names)))
        counts = {names[one["name"]]: len(one["partitions"]) for one in found if not one["error_code"]}
        for one in found:
            if one["error_code"] not in (0, errors.UnknownTopicOrPartitionError.errno):
                raise outside(self._settings, errors.for_code(one["error_code"])(one["name"]))
        return counts

    def _make(self, topics: Sequence[str]) -> None:
        backend, kafka = self._settings.backend, self._settings.kafka
        if not kafka.creates_topics:
            raise OutsideFailed(self._how_to_make(topics[0]))
        wanted = {
            full_name(self._settings, topic): {
                "num_partitions": backend.workers,
                "replication_factor": kafka.replication,
                "configs": self._configs(topic),
            }
            for topic in topics
        }
        try:
            self._ask(lambda admin: admin.create_topics(wanted, wait_for_metadata=True))
        except OutsideFailed as error:
            # Another process was first with one of them: the others are still to be made.
            if not isinstance(error.__cause__, errors.TopicAlreadyExistsError):
                raise
            if left := [topic for topic in topics if topic not in self._described(topics)]:
                self._make(left)

    def _how_to_make(self, topic: str) -> str:
        kafka, full = self._settings.kafka, full_name(self._settings, topic)
        configs = " ".join(f"--config {key}={value}" for key, value in self._configs(topic).items())
        return (
            f"Kafka（{','.join(kafka.addresses)}）：缺少主题 {full}，而 kafka.creates_topics 为 false；请建立："
            f"kafka-topics.sh --bootstrap-server {kafka.addresses[0]} --create --topic {full} "
            f"--partitions {self._settings.backend.workers} --replication-factor {kafka.replication} {configs}"
        )

    def _configs(self, topic: str) -> dict[str, str]:
        retention = self._settings.retention
        kept = max(UNREAD, 2 * timedelta(hours=retention.pages_hours))
        configs = {
            # A stamp in the future fails a whole batch, one older than retention is deleted at once: the broker stamps.
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self._settings.max_page_bytes + HEADROOM),
            "segment.ms": _ms(SEGMENT),
            # Acknowledged means that it outlives the loss of a node, where there are enough of them.
            "min.insync.replicas": str(min(2, max(1, self._settings.kafka.replication - 1))),
        }
        if topic.endswith(REJECTED):
            return configs | {
                "cleanup.policy": "compact,delete",
                "retention.ms": _ms(timedelta(days=retention.posts_days)),
            }
        return configs | {"cleanup.policy": "delete", "retention.ms": _ms(kept)}

    def _own(self) -> dict[str, int]:
        """Full name → partitions of every topic of this namespace."""
        found = self._ask(lambda admin: admin.describe_topics())
        return {
            one["name"]: len(one["partitions"])
            for one in sorted(found, key=lambda one: str(one["name"]))
            if plain_name(self._settings, one["name"]) is not None and not one["error_code"]
        }

    def _groups(self) -> list[str]:
        found = {one["group_id"] for one in self._ask(lambda admin: admin.list_groups())}
        return sorted(group for group in found if plain_name(self._settings, group) is not None)

    def _committed(self, groups: Sequence[str]) -> dict[TopicPartition, int]:
        """The smallest committed offset of the groups, where one has committed."""
        found = self._ask(lambda admin: admin.list_group_offsets(list(groups))) if groups else {}
        done: dict[TopicPartition, int] = {}
        for offsets in found.values():
            for pair, at in offsets.items():
                if at.offset >= 0:
                    done[pair] = min(at.offset, done.get(pair, at.offset))
        return done

    def _offsets(self, pairs: Iterable[TopicPartition], at: int | OffsetSpec) -> dict[TopicPartition, int]:
        wanted: Mapping[Any, Any] = dict.fromkeys(pairs, at)
        found = self._ask(lambda admin: admin.list_partition_offsets(wanted))
        return {pair: one.offset for pair, one in found.items()}

    def _ask(self, question: Callable[[Any], T]) -> T:
        """Asks the cluster; after a failure the next question is asked over a new connection."""
        if self._admin is None:
            self._admin = opened(KafkaAdminClient, self._settings, client_id=f"{self._settings.namespace}-admin")
        try:
            return question(self._admin)
        except (errors.KafkaError, OSError, RuntimeError) as error:
            self.close()
            raise outside(self._settings, error) from error


def _delete_topics(admin: Any, topics: Sequence[str]) -> None:
    admin.delete_topics(topics, raise_errors=False)


def _delete_groups(admin: Any, groups: Sequence[str]) -> None:
    admin.delete_groups(groups)


def _ms(duration: timedelta) -> str:
    return str(int(duration.total_seconds() * 1000))


def _wait(deadline: float, says: str) -> None:
    if time.monotonic() > deadline:
        raise OutsideFailed(f"Kafka：{says}；请稍后重试")
    time.sleep(0.05)
