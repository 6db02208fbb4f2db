"""The least that the same bytes and documents cost: kafka-python alone, elasticsearch's `helpers.bulk` alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import msgspec
from elasticsearch import Elasticsearch, helpers
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from stream.backends import erase_namespace
from stream.backends.elastic_client import Client
from stream.backends.elastic_documents import document
from stream.backends.elastic_indices import Indices
from stream.backends.kinds import KINDS
from stream.core.cases import Alert, Assignment, Incident, Judgement, TopicHeat
from stream.core.documents import Post
from stream.journey import TOPICS
from stream.ports import EVERYTHING, Backends, Store
from stream.settings import Settings

KEPT = (Post, Assignment, Incident, Judgement, Alert, TopicHeat)
BARE = "bare"


def bare(settings: Settings, backends: Backends, posts: int) -> list[str]:
    """Everything that a run left on the bus and in the store, carried and saved once more by the bare clients, one
    process, one after the other. `posts`: how many the run had."""
    bodies = [body for topic in TOPICS for body in carried(settings, topic)]
    documents = dict(_documents(settings, backends.store))
    produced, consumed = _carry(settings, backends, bodies)
    saved = _save(settings, documents)
    number = sum(len(some) for some in documents.values())
    megabytes = sum(map(len, bodies)) / 1e6
    return [
        f"bare kafka-python, {len(bodies):,} messages of all hops ({megabytes:.0f} MB): produced in {produced:.1f} s, "
        f"consumed in {consumed:.1f} s",
        f"bare helpers.bulk, {number:,} documents: {saved:.1f} s",
        f"bare clients together: {posts / (produced + consumed + saved):,.0f} posts/s",
    ]


def carried(settings: Settings, topic: str) -> Iterator[bytes]:
    """All bodies of a topic."""
    with closing(KafkaConsumer(bootstrap_servers=settings.kafka.addresses, enable_auto_commit=False)) as consumer:
        yield from _read(consumer, f"{settings.namespace}.{topic}")


def _read(consumer: Any, topic: str) -> Iterator[bytes]:
    pairs = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(pairs)
    consumer.seek_to_beginning(*pairs)
    ends = consumer.end_offsets(pairs)
    while any(consumer.position(pair) < ends[pair] for pair in pairs):
        for records in consumer.poll(timeout_ms=500, max_records=5_000).values():
            yield from (one.value for one in records)


def _carry(settings: Settings, backends: Backends, bodies: list[bytes]) -> tuple[float, float]:
    """Seconds to produce all to one topic, and to consume them, with the settings of ours that matter."""
    partitions = backends.bus.partitions(BARE)
    full, servers = f"{settings.namespace}.{BARE}", settings.kafka.addresses
    producer = KafkaProducer(
        bootstrap_servers=servers, acks="all", enable_idempotence=True, compression_type="zstd", linger_ms=20,
        batch_size=1 << 20, max_request_size=8 << 20,
    )  # fmt: skip
    with closing(producer):
        producer.partitions_for(full)
        began = time.perf_counter()
        for number, body in enumerate(bodies):
            producer.send(full, value=body, partition=number % partitions)
        producer.flush()
        produced = time.perf_counter() - began
    with closing(KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)) as consumer:
        began = time.perf_counter()
        count = sum(1 for _ in _read(consumer, full))
    assert count == len(bodies)
    return produced, time.perf_counter() - began


def _documents(settings: Settings, store: Store) -> Iterator[tuple[str, list[bytes]]]:
    """Index tag and documents of every kind that a post leaves; where each post stands is a document too."""
    store.refresh()
    for kind in KEPT:
        items, cursor = [], None
        while True:
            page = store.listing(kind, EVERYTHING, limit=1_000, cursor=cursor)
            items += [document(KINDS[kind], one.item, one.revision) for one in page.items]
            if (cursor := page.cursor) is None:
                break
        yield KINDS[kind].tag, items
        if kind is Post:
            place = msgspec.json.encode({"index": f"{settings.namespace}-post_20300101"})
            yield "post_place", [place] * len(items)


def _save(settings: Settings, documents: dict[str, list[bytes]]) -> float:
    """Seconds to put them into indices like ours."""
    other = msgspec.structs.replace(settings, namespace=f"{settings.namespace}.{BARE}")
    with closing(Client(other.elastic)) as client:
        indices = Indices(client, other)
        names = {tag: indices.names.of("post_20300101" if tag == "post" else tag) for tag in documents}
        indices.ensure(names.values())
    with Elasticsearch(other.elastic.addresses) as es:
        began = time.perf_counter()
        for tag, some in documents.items():
            helpers.bulk(es, some, index=names[tag], chunk_size=1_000)
        took = time.perf_counter() - began
    erase_namespace(other)
    return took
