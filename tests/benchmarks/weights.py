"""What a run left behind: messages and bytes by topic, documents written and bytes by index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from bare_clients import carried
from elasticsearch import Elasticsearch
from kafka import KafkaAdminClient

from stream.core.documents import Mark
from stream.journey import TOPICS
from stream.settings import Settings
from stream.wire import received


def weights(settings: Settings, posts: int) -> Iterator[str]:
    """Lines of a table, each per post of the run; disk is what the servers say they use, compressed."""
    disk = _topic_bytes(settings)
    for topic in TOPICS:
        bodies = list(carried(settings, topic))
        marks = sum(isinstance(received(body), Mark) for body in bodies)
        size = sum(map(len, bodies))
        yield (f"topic {topic:10} {(len(bodies) - marks) / posts:6.3f} messages and {marks / posts:.3f} marks a post, "
               f"{size / posts:7,.0f} bytes, on disk {disk.get(topic, 0) / posts:7,.0f}")  # fmt: skip
    with Elasticsearch(settings.elastic.addresses) as es:
        es.indices.flush(index=f"{settings.namespace}-*")
        found = es.indices.stats(index=f"{settings.namespace}-*", metric=["indexing", "store", "docs"])["indices"]
        for index, one in sorted(found.items()):
            tag, total = index.removeprefix(f"{settings.namespace}-"), one["total"]
            writes, kept, size = (
                total["indexing"]["index_total"], total["docs"]["count"], total["store"]["size_in_bytes"]
            )  # fmt: skip
            rates = f"{writes / posts:.3f} written, {kept / posts:.3f} kept a post"
            yield f"index {tag:13} {rates}, {size / posts:6,.0f} bytes"


def _topic_bytes(settings: Settings) -> dict[str, int]:
    sizes: dict[str, int] = {}
    with closing(KafkaAdminClient(bootstrap_servers=settings.kafka.addresses)) as admin:
        folders = [folder for broker in admin.describe_log_dirs() for folder in broker["log_dirs"]]
    for topic in (topic for folder in folders for topic in folder["topics"]):
        name = topic["name"].removeprefix(f"{settings.namespace}.")
        sizes[name] = sizes.get(name, 0) + sum(one["partition_size"] for one in topic["partitions"])
    return sizes
