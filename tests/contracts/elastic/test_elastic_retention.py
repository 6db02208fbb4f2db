"""Days of posts: closed, copied, dropped; whatever is killed or saved meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from stream.backends.elastic_indices import Names
from stream.backends.elastic_store import ElasticStore
from stream.core.documents import Post
from stream.errors import OutsideFailed
from stream.ports import Filter, Save, Search, TopicCount
from stream.settings import Settings
from tests.contracts.elastic.looking import found_in
from tests.contracts.elastic.loopback import Answer, Asked, forwarded, serving

pytestmark = pytest.mark.distributed

Opened = Callable[..., ElasticStore]
DAY = 24 * 60


@pytest.fixture
def midnight(items: Any) -> datetime:
    """The end of the first day."""
    end: datetime = items.start.replace(hour=0) + timedelta(days=1)
    return end


def first_day(items: Any) -> list[Save]:
    """Seven relevant posts, three that are not, one of an authority, on the first day; one on the next."""
    posts = [items.post(f"r{n}", n, "要留事实", topics=["交通"]) for n in range(7)]
    posts += [items.post(f"x{n}", n, "与我无关", topics=["交通"], relevant=False) for n in range(3)]
    posts += [items.post("official", 0, "官方的话", kind="authority"), items.post("next", DAY, "次日", topics=["交通"])]
    return [Save(item=post, expected=0) for post in posts]


def check_forgotten(store: ElasticStore, server: Elasticsearch, items: Any, revision: int = 2) -> None:
    """What must be there when the first day is gone."""
    store.refresh()
    everywhere = found_in(server, store)
    assert everywhere == {
        **{f"r{n}": ["post_kept"] for n in range(7)}, "official": ["post_authority"], "next": ["post_20250302"],
    }  # fmt: skip
    kept = store.get_many(Post, [f"r{n}" for n in range(7)])
    assert {one.revision for one in kept.values()} == {revision}
    assert "要留" not in str(kept)
    assert store.get_many(Post, ["x0", "x1", "x2"]) == {}
    assert [post.id for post in store.search(Search(topic="交通", limit=3)).posts] == ["next", "r6", "r5"]
    assert store.search(Search(text="事实")).posts == []
    counts = store.topic_counts(items.start, items.at(2 * DAY))
    assert [(one.hour, one.posts) for one in counts] == [(items.start, 10), (items.at(DAY), 1)]


def test_a_day_goes_when_all_of_it_is_over(
    store: ElasticStore, server: Elasticsearch, midnight: datetime, items: Any
) -> None:
    store.save_many(first_day(items))
    store.refresh()
    assert store.forget_posts(midnight - timedelta(seconds=1), 99) == 0
    assert store.forget_posts(midnight, 99) == 10
    check_forgotten(store, server, items)
    assert store.forget_posts(midnight, 99) == 0
    check_forgotten(store, server, items)


@pytest.mark.parametrize("done", [1, 4, 10])
def test_a_killed_run_is_finished_by_another(
    store: ElasticStore, open_store: Opened, server: Elasticsearch, midnight: datetime, items: Any, done: int
) -> None:
    """The limit stops the first one anywhere, in the very end before the day is dropped."""
    store.save_many(first_day(items))
    store.refresh()
    assert store.forget_posts(midnight, done) == done
    other = open_store()
    assert other.forget_posts(midnight, 99) == 10
    check_forgotten(other, server, items)
    assert store.forget_posts(midnight, 99) == 0
    check_forgotten(store, server, items)


def test_a_post_saved_while_its_day_is_closed_moves_itself(
    store: ElasticStore, open_store: Opened, server: Elasticsearch, names: Names, midnight: datetime, items: Any
) -> None:
    """Killed in the middle, the day takes no writes: neither old posts nor new ones are lost or doubled by that."""
    store.save_many(first_day(items))
    store.refresh()
    server.indices.add_block(index=names.day(items.at(0)), block="write")
    writer = open_store()
    late = [
        Save(item=items.post("r3", 5, "又说", topics=["交通"]), expected=1),
        Save(item=items.post("x1", 5, "又说", relevant=False)),
        Save(item=items.post("late", 7, "迟到", topics=["交通"]), expected=0),
    ]
    assert [(one.ok, one.revision) for one in writer.save_many(late)] == [(True, 2), (True, 2), (True, 1)]
    found = store.get_many(Post, ["r3", "x1", "late"])
    assert [found[save.item.id].item for save in late] == [save.item for save in late]
    assert [one.ok for one in store.save_many(late)] == [False, True, False]
    assert store.forget_posts(midnight, 99) == 10
    store.refresh()
    assert {id: places for id, places in found_in(server, store).items() if places != ["post_kept"]} == {
        "official": ["post_authority"], "next": ["post_20250302"],
    }  # fmt: skip
    kept = store.get_many(Post, ["r3", "x1", "late"])
    assert {id: one.revision for id, one in kept.items()} == {"r3": 2, "x1": 3, "late": 1}
    assert store.forget_posts(midnight, 99) == 3
    assert "又说" not in str(store.get_many(Post, ["r3", "x1", "late"]))


def test_a_run_killed_before_the_day_is_dropped_counts_nothing_twice(
    store: ElasticStore, open_store: Opened, server: Elasticsearch, settings: Settings, midnight: datetime, items: Any
) -> None:
    """The proxy carries everything out but the very last request."""

    def all_but_dropping(asked: Asked) -> Answer | None:
        return None if asked.method == "DELETE" else forwarded(settings.elastic.addresses[0], asked)

    store.save_many(first_day(items))
    store.refresh()
    counts = store.topic_counts(items.start, items.at(2 * DAY))
    with serving(all_but_dropping) as address, pytest.raises(OutsideFailed, match=address):
        open_store(addresses=[address]).forget_posts(midnight, 99)
    assert store.topic_counts(items.start, items.at(2 * DAY)) == counts
    assert len(store.get_many(Post, [f"r{n}" for n in range(7)])) == 7
    assert store.forget_posts(midnight, 99) == 10
    check_forgotten(store, server, items)


def test_a_copy_whose_place_was_not_written_is_found_by_the_next_save(
    store: ElasticStore, open_store: Opened, server: Elasticsearch, names: Names, items: Any
) -> None:
    """Killed between the two: the place still says the day."""
    store.save_many(first_day(items))
    day = names.day(items.at(0))
    server.indices.add_block(index=day, block="write")
    open_store().save_many([Save(item=items.post("r0", 1, "又说"), expected=1)])
    server.index(index=names.place, id="r0", document={"index": day})
    again = open_store()
    saved = again.save_many([Save(item=items.post("r0", 2), expected=1)])[0]
    assert (saved.ok, saved.revision) == (False, 2)
    assert again.get_many(Post, ["r0"])["r0"].item == items.post("r0", 1, "又说")


def test_a_day_that_comes_back_is_dropped_again_and_counted_once(
    store: ElasticStore, midnight: datetime, items: Any
) -> None:
    for name in ("a", "b"):
        store.save_many([Save(item=items.post(name, 0, "正文", topics=["交通"], relevant=False), expected=0)])
        store.refresh()
        assert store.forget_posts(midnight, 99) == 1
        assert store.get_many(Post, [name]) == {}
    store.save_many([Save(item=items.post("c", 0, "正文", topics=["交通"]), expected=0)])
    store.refresh()
    expected = [TopicCount(hour=items.start, topic="交通", posts=3)]
    assert store.topic_counts(items.start, midnight) == expected
    assert store.forget_posts(midnight, 99) == 1
    assert store.topic_counts(items.start, midnight) == expected
    assert store.count(Post, Filter(topic="交通")) <= 1


def test_an_account_that_is_no_authority_any_more_is_forgotten_too(
    store: ElasticStore, midnight: datetime, items: Any
) -> None:
    store.save_many([Save(item=items.post("p", 0, "官方的话", kind="authority"))])
    store.save_many([Save(item=items.post("p", 1, "官方的话", kind="post"))])
    store.refresh()
    assert store.forget_posts(midnight, 99) == 1
    assert "官方的话" not in str(store.get_many(Post, ["p"])["p"])
