"""A namespace of its own on the real server for each test, and stores on it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from elasticsearch import Elasticsearch

from stream.backends.elastic_indices import Names, erase_indices
from stream.backends.elastic_store import ElasticStore
from stream.settings import Settings
from tests.servers import distributed_settings


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    chosen = distributed_settings(tmp_path, f"t{uuid.uuid4().hex[:12]}")
    yield chosen
    erase_indices(chosen)


@pytest.fixture
def open_store(settings: Settings) -> Iterator[Callable[..., ElasticStore]]:
    """Further stores on the same indices, with other settings of the cluster or at another address."""
    opened: list[ElasticStore] = []

    def one_more(**elastic: Any) -> ElasticStore:
        changed = msgspec.structs.replace(settings.elastic, **elastic)
        opened.append(ElasticStore(msgspec.structs.replace(settings, elastic=changed)))
        return opened[-1]

    yield one_more
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., ElasticStore]) -> ElasticStore:
    return open_store()


@pytest.fixture
def server(settings: Settings) -> Iterator[Elasticsearch]:
    """The server itself, for what only an administrator does."""
    client = Elasticsearch(settings.elastic.addresses)
    yield client
    client.close()


@pytest.fixture
def names(settings: Settings) -> Names:
    return Names(settings.namespace)
