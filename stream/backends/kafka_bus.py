"""The bus on Kafka: `<namespace>.<topic>` carries a topic, the group `<namespace>.<group>` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from stream.backends.kafka_client import full_name
from stream.backends.kafka_consumer import KafkaSubscription
from stream.backends.kafka_producer import KafkaPublisher, Send
from stream.backends.kafka_topics import KafkaTopics
from stream.errors import MessageRejected, OutsideFailed
from stream.ports import Outgoing, targets
from stream.settings import Settings


class KafkaBus:
    """For one thread. Nothing is opened before it is used."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topics = KafkaTopics(settings)
        self._publisher = KafkaPublisher(settings)
        self._open: list[KafkaSubscription] = []

    def publish(self, topic: str, outgoing: Sequence[Outgoing]) -> None:
        if not outgoing:
            return
        if any(len(one.body) > self._settings.max_page_bytes for one in outgoing):
            raise MessageRejected("too_large")
        sends = _addressed(outgoing, self._topics.partitions(topic))
        try:
            self._publisher.publish(full_name(self._settings, topic), sends)
        except OutsideFailed:
            self._topics.forget(topic)
            raise

    def subscribe(self, topics: Sequence[str], group: str, *, is_sole: bool = False) -> KafkaSubscription:
        self._open.append(KafkaSubscription(self._settings, self._topics, topics, group, is_sole))
        return self._open[-1]

    def partitions(self, topic: str) -> int:
        return self._topics.partitions(topic)

    def prune(self, before: datetime) -> int:
        return self._topics.prune(before)

    def close(self) -> None:
        """Leaves all groups and ends the connections."""
        for subscription in self._open:
            subscription.close()
        self._publisher.close()
        self._topics.close()


def _addressed(outgoing: Sequence[Outgoing], partitions: int) -> list[Send]:
    """The partition is chosen here, never by the library, so that a step's topics keep their partitions together."""
    return [
        Send(partition, None if one.key is None else one.key.encode("utf-8", "surrogatepass"), one.body)
        for one in outgoing
        for partition in targets(one, partitions)
    ]


def erase_topics(settings: Settings) -> None:
    """Removes every topic and group of the namespace: the end of a replay or of a test."""
    topics = KafkaTopics(settings)
    try:
        topics.erase()
    finally:
        topics.close()
