"""Where the real servers are that the distributed tests talk to, and how a test leaves them as it found them."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from elasticsearch import Elasticsearch
from kafka import KafkaAdminClient

from stream.backends import erase_namespace
from stream.settings import Backend, Elastic, Kafka, Settings


def distributed_settings(data: Path, namespace: str, workers: int = 1) -> Settings:
    """The distributed profile on the servers that the environment names, under a namespace of the test's own."""
    return Settings(
        data=data,
        namespace=namespace,
        backend=Backend(bus="kafka", store="elastic", workers=workers),
        kafka=Kafka(addresses=[_named("HUIYING_TEST_KAFKA")]),
        elastic=Elastic(addresses=[_named("HUIYING_TEST_ELASTIC")]),
        folder=Path(__file__).parents[1] / "config",
    )


def erase(settings: Settings) -> None:
    """Removes everything of the namespace from the servers."""
    erase_namespace(settings)


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process that works on these servers, in this namespace and data folder."""
    return {
        **os.environ, "HUIYING_DATA": str(settings.data), "HUIYING_NAMESPACE": settings.namespace,
        "HUIYING_KAFKA": ",".join(settings.kafka.addresses), "HUIYING_ELASTIC": ",".join(settings.elastic.addresses),
    }  # fmt: skip


def left(settings: Settings) -> list[str]:
    """Every topic, group, index and template whose name begins with the namespace, on both servers."""
    with closing(KafkaAdminClient(bootstrap_servers=settings.kafka.addresses)) as kafka:
        names = [one["name"] for one in kafka.describe_topics()] + [one["group_id"] for one in kafka.list_groups()]
    with closing(Elasticsearch(settings.elastic.addresses)) as elastic:
        names += elastic.indices.get(index=f"{settings.namespace}*")
        found = elastic.options(ignore_status=404).indices.get_index_template(name=f"{settings.namespace}*")
        names += [one["name"] for one in found["index_templates"]]
    return sorted(name for name in names if name.startswith(settings.namespace))


def _named(variable: str) -> str:
    if not (address := os.environ.get(variable)):
        raise RuntimeError(
            f'{variable} is not set: start real servers by `eval "$(../shared/servers/up)"`, or set it to one of yours '
            "(Kafka as host:port, Elasticsearch as a URL)"
        )
    return address
