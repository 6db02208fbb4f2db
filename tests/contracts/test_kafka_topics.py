"""What is special about Kafka: how topics are made, who decides about them, what is not pruned."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from stream.backends.kafka_bus import KafkaBus, erase_topics
from stream.errors import OutsideFailed
from stream.ports import Outgoing, Record
from stream.settings import Settings

pytestmark = pytest.mark.distributed


@pytest.fixture
def settings(cluster: Settings) -> Settings:
    return cluster


@pytest.fixture
def made(cluster: Settings) -> Iterator[Callable[..., KafkaBus]]:
    """Buses of the namespace, with other settings where they are given."""
    buses: list[KafkaBus] = []

    def make(workers: int = 3, max_page_bytes: int = 4 << 20, namespace: str = "", **kafka: Any) -> KafkaBus:
        chosen = msgspec.structs.replace(
            cluster,
            backend=msgspec.structs.replace(cluster.backend, workers=workers),
            kafka=msgspec.structs.replace(cluster.kafka, **kafka),
            max_page_bytes=max_page_bytes,
            namespace=namespace or cluster.namespace,
        )
        buses.append(KafkaBus(chosen))
        return buses[-1]

    yield make
    for bus in buses:
        bus.close()


@pytest.fixture
def admin(cluster: Settings) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=cluster.kafka.addresses)
    yield client
    client.close()


def configured(admin: KafkaAdminClient, topic: str) -> dict[str, str]:
    """What is set for a topic, beside the cluster's defaults."""
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    configs = found["topic"][topic] if isinstance(found, dict) else found
    return {name: config["value"] for name, config in configs.items()}


def later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def test_a_topic_is_stamped_by_the_broker_and_kept_for_a_week(
    made: Callable[..., KafkaBus], admin: KafkaAdminClient, cluster: Settings
) -> None:
    bus = made(workers=3, max_page_bytes=1 << 20)
    bus.publish("pages", [Outgoing(body=b"1")])
    assert bus.partitions("pages") == 3
    found = configured(admin, f"{cluster.namespace}.pages")
    assert found["message.timestamp.type"] == "LogAppendTime"
    assert found["cleanup.policy"] == "delete"
    assert found["retention.ms"] == str(7 * 24 * 3_600_000)
    assert int(found["max.message.bytes"]) > 1 << 20


def test_rejects_are_compacted_kept_as_long_as_posts_and_never_pruned(
    made: Callable[..., KafkaBus], admin: KafkaAdminClient, cluster: Settings
) -> None:
    bus = made()
    bus.publish("extract.rejected", [Outgoing(body=b"1", key="a")])
    bus.publish("pages", [Outgoing(body=b"1", key="a")])
    found = configured(admin, f"{cluster.namespace}.extract.rejected")
    assert found["cleanup.policy"] == "compact,delete"
    assert found["retention.ms"] == str(30 * 24 * 3_600_000)
    assert bus.prune(later()) == 1


def test_a_missing_topic_is_named_where_none_may_be_made(made: Callable[..., KafkaBus], cluster: Settings) -> None:
    bus = made(creates_topics=False)
    wanted = f"--topic {cluster.namespace}.pages --partitions 3 --replication-factor 1"
    for attempt in (
        lambda: bus.publish("pages", [Outgoing(body=b"1")]),
        lambda: bus.subscribe(["pages"], "extract"),
        lambda: bus.partitions("pages"),
    ):
        with pytest.raises(OutsideFailed, match=wanted) as failed:
            attempt()
        assert "\n" not in str(failed.value)
    made().partitions("pages")
    bus.publish("pages", [Outgoing(body=b"1")])


def test_the_topic_decides_how_many_partitions_it_has(
    made: Callable[..., KafkaBus], caplog: pytest.LogCaptureFixture
) -> None:
    assert made(workers=3).partitions("pages") == 3
    other = made(workers=2)
    other.publish("pages", [Outgoing(body=b"1")])
    assert other.partitions("pages") == 3
    assert [record.getMessage() for record in caplog.records] == [
        "pages has 3 partitions, configured are 2: the topic decides"
    ]


def test_several_may_make_topics_at_once(made: Callable[..., KafkaBus]) -> None:
    found: list[int] = []

    def publish(bus: KafkaBus) -> None:
        for topic in ("a", "b", "c"):
            bus.publish(topic, [Outgoing(body=b"1")])
            found.append(bus.partitions(topic))

    threads = [threading.Thread(target=publish, args=(made(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3] * 12


def test_more_replicas_than_nodes_are_an_outside_failure(made: Callable[..., KafkaBus]) -> None:
    with pytest.raises(OutsideFailed, match=r"kafka\.replication"):
        made(replication=9).partitions("pages")


def test_a_topic_that_takes_less_than_a_page_is_an_outside_failure(made: Callable[..., KafkaBus]) -> None:
    made(max_page_bytes=1 << 16).partitions("pages")
    with pytest.raises(OutsideFailed, match=r"max\.message\.bytes"):
        made().publish("pages", [Outgoing(body=os.urandom(1 << 20))])


def test_a_namespace_inside_another_is_not_its_own(
    made: Callable[..., KafkaBus], cluster: Settings, polled: Callable[..., list[Record]]
) -> None:
    inner = f"{cluster.namespace}.inner"
    bus, again = made(namespace=inner, workers=1), made(namespace=inner, workers=1)
    try:
        bus.publish("pages", [Outgoing(body=b"kept", key="k")])
        subscription = bus.subscribe(["pages"], "extract")
        polled(subscription, 1)
        subscription.commit({("pages", 0): 1})
        made().publish("pages", [Outgoing(body=b"gone", key="k")])
        assert made().prune(later()) == 1
        erase_topics(cluster)
        assert subscription.lag() == 0
        assert [one.body for one in polled(again.subscribe(["pages"], "other"), 1)] == [b"kept"]
    finally:
        bus.close()
        again.close()
        erase_topics(msgspec.structs.replace(cluster, namespace=inner))
