"""Backup and restore by snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from elasticsearch import Elasticsearch

from stream.backends.elastic_indices import erase_indices
from stream.backends.elastic_snapshots import Snapshots
from stream.backends.elastic_store import ElasticStore
from stream.core.documents import Coverage, Post
from stream.errors import OutsideFailed
from stream.ports import Save, Search
from stream.settings import Settings

pytestmark = pytest.mark.distributed


@pytest.fixture
def snapshots(settings: Settings, server: Elasticsearch) -> Iterator[Snapshots]:
    opened = Snapshots(settings)
    yield opened
    opened.close()
    quiet = server.options(ignore_status=404)
    quiet.snapshot.delete(repository=settings.namespace, snapshot="*")
    quiet.snapshot.delete_repository(name=settings.namespace)


def test_what_was_kept_comes_back_and_goes_on(
    store: ElasticStore, snapshots: Snapshots, settings: Settings, items: Any
) -> None:
    batch = [items.post("p", 0, "停运的消息", topics=["交通"]), items.post("q", 48 * 60), items.coverage("c")]
    for expected in (0, 1):
        assert all(one.ok for one in store.save_many([Save(item=item, expected=expected) for item in batch]))
    snapshots.register(settings.namespace)
    assert snapshots.taken() == []
    assert snapshots.take("first") == 4
    assert snapshots.taken() == ["first"]
    store.save_many([Save(item=items.post("later"))])
    with pytest.raises(OutsideFailed, match="已有 4 个索引"):
        snapshots.restore("first")
    erase_indices(settings)
    assert store.get_many(Post, ["p"]) == {}
    assert snapshots.restore("first") == 4
    store.refresh()
    assert store.get_many(Post, ["p", "q", "later"]).keys() == {"p", "q"}
    assert [post.id for post in store.search(Search(text="停运")).posts] == ["p"]
    assert all(one.revision == 3 for one in store.save_many([Save(item=item, expected=2) for item in batch]))
    new = [items.post("r", 72 * 60), items.delivery("d")]
    assert all(one.ok for one in store.save_many([Save(item=item, expected=0) for item in new]))


def test_another_namespace_is_left_alone(
    store: ElasticStore, snapshots: Snapshots, settings: Settings, items: Any
) -> None:
    """One that begins like ours."""
    alike = msgspec.structs.replace(settings, namespace=f"{settings.namespace}-source")
    other = ElasticStore(alike)
    for one in (store, other):
        one.save_many([Save(item=items.coverage("c"))])
    snapshots.register(settings.namespace)
    assert snapshots.take("mine") == 1
    erase_indices(settings)
    other.save_many([Save(item=items.coverage("c", 1), expected=1)])
    assert snapshots.restore("mine") == 1
    assert other.get_many(Coverage, ["c"])["c"].revision == 2
    other.close()
    erase_indices(alike)


def test_what_cannot_be_done_is_told_in_one_line(
    store: ElasticStore, snapshots: Snapshots, settings: Settings, items: Any
) -> None:
    with pytest.raises(OutsideFailed, match="repository_missing"):
        snapshots.take("first")
    with pytest.raises(OutsideFailed, match=r"path\.repo"):
        snapshots.register("/nowhere/else")
    snapshots.register(settings.namespace)
    with pytest.raises(OutsideFailed, match="snapshot does not exist"):
        snapshots.restore("never")
