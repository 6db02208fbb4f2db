"""Where the real servers are that the distributed tests talk to, and how a test leaves them as it found them."""

from __future__ import annotations

import os
from pathlib import Path

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


def _named(variable: str) -> str:
    if not (address := os.environ.get(variable)):
        raise RuntimeError(
            f'{variable} is not set: start real servers by `eval "$(../shared/servers/up)"`, or set it to one of yours '
            "(Kafka as host:port, Elasticsearch as a URL)"
        )
    return address
