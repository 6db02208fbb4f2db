"""What every Store must do beside search (stream/ports.py)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from stream.core.cases import Alert, Assignment, Incident, Judgement, Reminder, TopicHeat
from stream.core.codec import Item
from stream.core.documents import Coverage, Decision, Post
from stream.core.records import Clock, Delivery, Fetched, Progress, Rejected
from stream.ports import LISTABLE, Backends, Filter, Order, Save, Store, TopicCount


def ids(store: Store, kind: type[Item], where: Filter, order: Order = "id") -> list[str]:
    return [one.item.id for one in store.listing(kind, where, order=order).items]


def pages(store: Store, kind: type[Item], where: Filter, order: Order, limit: int) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = store.listing(kind, where, order=order, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        found += [one.item.id for one in page.items]
        if (cursor := page.cursor) is None:
            return found


def one_of_each(items: Any) -> list[Item]:
    at = items.at(0)
    return [
        items.post("x"), items.assignment("x", "i"), items.incident("x"), items.judgement("x"), items.coverage("x"),
        items.delivery("x"), Decision(id="x", collected_at=at, who="甲", what="confirm", incident_of="p"),
        TopicHeat(id="x", collected_at=at, topic="交通", region=None, hourly=[(at, 1)], hot=[]),
        Alert(id="x", collected_at=at, at=at, incident="i", topic=None, region=None, rule=None, rung=None,
              kind="opened", title="题", text="文"),
        Reminder(id="x", collected_at=at, judgement_at=at, obligations=[], title="题", region=None, sent=[]),
        Clock(id="x", collected_at=at, wall_at=at, speed=1.0), Progress(id="x", collected_at=at, done=1),
        Fetched(id="x", collected_at=at, source="s", url="u"), Rejected(id="x", collected_at=at, step="s", reason="r"),
    ]  # fmt: skip


class TestStore:
    def test_every_kind_comes_back_as_it_went_in(self, store: Store, items: Any) -> None:
        for item in one_of_each(items):
            kind = type(item)
            assert store.save_many([Save(item=item, expected=0)])[0].ok
            assert store.get_many(kind, ["x", "unknown"])["x"].item == item
            assert store.count(kind) == 1
            assert ids(store, kind, Filter()) == ["x"]

    def test_every_kind_is_listable_by_its_fields_and_no_other(self, store: Store, items: Any) -> None:
        fields = {"state", "topic", "region", "body", "incident", "verdict", "source"}
        for item in one_of_each(items):
            tag = str(type(item).__struct_config__.tag)
            for field in fields:
                where = Filter(**{field: "不存在"})  # type: ignore[arg-type]
                if field in LISTABLE[tag]:
                    assert ids(store, type(item), where) == []
                    continue
                with pytest.raises(ValueError, match=field):
                    store.listing(type(item), where)
                with pytest.raises(ValueError, match=field):
                    store.count(type(item), where)

    def test_compare_and_set_decides_each_item_alone(self, store: Store, items: Any) -> None:
        store.save_many([Save(item=items.coverage("a"))])
        saved = store.save_many([
            Save(item=items.coverage("a", source="zu spät"), expected=0),
            Save(item=items.coverage("b"), expected=0),
            Save(item=items.coverage("a", source="neu"), expected=1),
            Save(item=items.coverage("c"), expected=5),
            Save(item=items.coverage("a", source="wer zuletzt kommt")),
        ])  # fmt: skip
        assert [(one.ok, one.revision) for one in saved] == [(False, 1), (True, 1), (True, 2), (False, 0), (True, 3)]
        found = store.get_many(Coverage, ["a", "b", "c"])
        assert {id: stored.revision for id, stored in found.items()} == {"a": 3, "b": 1}
        assert found["a"].item == items.coverage("a", source="wer zuletzt kommt")

    def test_an_item_saved_twice_in_one_call_sees_its_predecessor(self, store: Store, items: Any) -> None:
        saved = store.save_many([
            Save(item=items.incident("i", topics=["交通"]), expected=0),
            Save(item=items.incident("i", topics=["环保"]), expected=1),
            Save(item=items.incident("i", topics=["住房"]), expected=1),
        ])  # fmt: skip
        assert [(one.ok, one.revision) for one in saved] == [(True, 1), (True, 2), (False, 2)]
        assert ids(store, Incident, Filter(topic="环保")) == ["i"]
        assert ids(store, Incident, Filter(topic="交通")) == []

    def test_the_same_id_in_two_kinds_is_two_items(self, store: Store, items: Any) -> None:
        store.save_many([Save(item=items.incident("x"), expected=0), Save(item=items.coverage("x"), expected=0)])
        assert store.count(Incident) == store.count(Coverage) == 1

    def test_labels_follow_the_newest_state(self, store: Store, items: Any) -> None:
        first = items.judgement(
            "j", verdicts=(("甲局", "pending"), ("乙局", "pending")), topics=["交通"], region="440300"
        )
        store.save_many([Save(item=first)])
        assert ids(store, Judgement, Filter(body="乙局", verdict="pending")) == ["j"]
        store.save_many([Save(item=items.judgement("j", verdicts=(("甲局", "breached"),), state="closed"))])
        for gone in (
            Filter(body="乙局"),
            Filter(verdict="pending"),
            Filter(topic="交通"),
            Filter(region="44"),
            Filter(state="open"),
        ):
            assert ids(store, Judgement, gone) == []
        assert ids(store, Judgement, Filter(body="甲局", verdict="breached", state="closed")) == ["j"]

    def test_regions_match_by_prefix(self, store: Store, items: Any) -> None:
        store.save_many([
            Save(item=items.incident("sz", regions=["440305", "440300"])),
            Save(item=items.incident("gz", regions=["440100"])),
            Save(item=items.incident("bj", regions=["110000"])),
        ])  # fmt: skip
        for prefix, expected in {
            "44": ["gz", "sz"],
            "4403": ["sz"],
            "440305": ["sz"],
            "4": ["gz", "sz"],
            "11": ["bj"],
            "45": [],
        }.items():
            assert ids(store, Incident, Filter(region=prefix)) == expected
            assert store.count(Incident, Filter(region=prefix)) == len(expected)

    def test_filters_combine(self, store: Store, items: Any) -> None:
        store.save_many([Save(item=items.incident(f"i{n}", n, topics=["交通"] if n % 2 else [])) for n in range(6)])
        where = Filter(ids=("i1", "i2", "i3", "i9"), topic="交通", since=items.at(2), until=items.at(5))
        assert ids(store, Incident, where) == ["i3"]
        assert ids(store, Incident, Filter(ids=())) == []
        assert ids(store, Incident, Filter(since=items.at(4), until=items.at(5))) == ["i4"]
        assert store.count(Incident, Filter(since=items.at(4))) == 2

    @pytest.mark.parametrize("order", ["id", "newest", "oldest", "due"])
    def test_orders_and_pages(self, store: Store, items: Any, order: Order) -> None:
        spread = [("b", 1, 9), ("a", 1, None), ("c", 0, 7), ("e", 2, 7), ("d", 1, None)]
        store.save_many([Save(item=items.incident(id, minute, due)) for id, minute, due in spread])
        expected = {"id": "abcde", "oldest": "cabde", "newest": "edbac", "due": "cebad"}[order]
        for limit in (1, 2, 5, 9):
            assert pages(store, Incident, Filter(), order, limit) == list(expected)

    def test_due_needs_timers(self, store: Store) -> None:
        with pytest.raises(ValueError, match="due"):
            store.listing(Coverage, order="due")
        with pytest.raises(ValueError, match="due"):
            store.due(Coverage, items_at())

    def test_a_foreign_cursor_is_refused(self, store: Store) -> None:
        for cursor in ("nonsense", "[1]", '{"a": 1}', "[1.5,2]"):
            with pytest.raises(ValueError, match="cursor"):
                store.listing(Coverage, cursor=cursor)

    def test_due_items_earliest_first(self, store: Store, items: Any) -> None:
        spread = [("late", 9), ("b", 3), ("a", 3), ("never", None), ("first", 1)]
        store.save_many([Save(item=items.incident(id, due=due)) for id, due in spread])
        store.save_many([Save(item=items.delivery("other kind", due=1))])
        assert [one.item.id for one in store.due(Incident, items.at(3))] == ["first", "a", "b"]
        assert [one.item.id for one in store.due(Incident, items.at(3), 1)] == ["first"]
        assert store.due(Incident, items.at(0)) == []
        store.save_many([Save(item=items.incident("first", due=None))])
        assert [one.item.id for one in store.due(Incident, items.at(99))] == ["a", "b", "late"]
        assert [one.item.id for one in store.due(Delivery, items.at(1))] == ["other kind"]

    def test_pages_stay_whole_while_others_write(
        self, store: Store, items: Any, opened: Callable[..., Backends]
    ) -> None:
        store.save_many([Save(item=items.coverage(f"m{n:02}", n)) for n in range(20)])
        writer = opened().store
        for order in ("id", "newest", "oldest"):
            seen: list[str] = []
            cursor = None
            for turn in range(99):
                page = store.listing(Coverage, Filter(), order=order, limit=3, cursor=cursor)  # type: ignore[arg-type]
                seen += [one.item.id for one in page.items]
                for place, minute in (("a", -1 - turn), ("z", 100 + turn), ("m05x", 5.5)):
                    writer.save_many([Save(item=items.coverage(f"{place}-{order}-{turn}", minute))])
                if (cursor := page.cursor) is None:
                    break
                if turn > 20:
                    break
            assert len(set(seen)) == len(seen)
            assert {f"m{n:02}" for n in range(20)} <= set(seen) or order == "oldest"

    def test_a_read_never_lags_behind_a_save(self, store: Store, items: Any, opened: Callable[..., Backends]) -> None:
        other = opened().store
        for number in range(5):
            store.save_many([Save(item=items.coverage("c", number), expected=number)])
            assert other.get_many(Coverage, ["c"])["c"].revision == number + 1

    def test_hostile_values_are_only_values(self, store: Store, items: Any) -> None:
        hostile = ["'; DROP TABLE post; --", "\x00", "a\x00b", '"', "%", "_", "é", "🚒", "x" * 5000]
        store.save_many([Save(item=items.incident(text, topics=[text], bodies=[text])) for text in hostile])
        for text in hostile:
            assert store.get_many(Incident, [text])[text].item.id == text
            assert ids(store, Incident, Filter(topic=text, body=text, ids=(text,))) == [text]
        assert store.get_many(Incident, ["\ud800"]) == {}
        assert ids(store, Incident, Filter(topic="\ud800")) == []

    def test_posts_are_found_by_their_incident(self, store: Store, items: Any) -> None:
        store.save_many([Save(item=items.post(f"p{n}", n, topics=["交通"])) for n in range(4)])
        store.save_many([Save(item=items.assignment(f"p{n}", "i" if n else None)) for n in range(3)])
        assert ids(store, Assignment, Filter(incident="i")) == ["p1", "p2"]
        assert ids(store, Post, Filter(incident="i"), "newest") == ["p2", "p1"]
        assert ids(store, Post, Filter(incident="i", topic="交通"), "oldest") == ["p1", "p2"]
        assert store.count(Post, Filter(incident="i", topic="交通")) == 2

    def test_posts_are_listed_like_anything_else(self, store: Store, items: Any) -> None:
        spread = [("b", 1, "a"), ("a", 1, "b"), ("c", 0, "a"), ("e", 2, "b"), ("d", 1, "a")]
        saves = [
            Save(item=items.post(id, minute, source=source, topics=["交通"], regions=["440300"], bodies=["某局"]))
            for id, minute, source in spread
        ]
        store.save_many([*saves, Save(item=items.post("other", 1, topics=["环保"], regions=["110000"]))])
        labels = {"topic": "交通", "region": "440", "body": "某局"}
        for chosen in ({}, {"topic": "交通"}, {"region": "44"}, {"region": "4"}, {"body": "某局"}, labels):
            where = Filter(**chosen, until=items.at(2) + timedelta(microseconds=1))
            extra = [] if chosen else ["other"]
            for limit in (1, 2, 9):
                assert pages(store, Post, where, "id", limit) == [*"abcde", *extra]
                assert pages(store, Post, where, "oldest", limit) == ["c", "a", "b", "d", *extra, "e"]
                assert pages(store, Post, where, "newest", limit) == ["e", *extra, "d", "b", "a", "c"]
            assert store.count(Post, where) == 5 + len(extra)
            assert ids(store, Post, Filter(**chosen, source="b")) == ["a", "e"]
            assert store.count(Post, Filter(**chosen, since=items.at(1), until=items.at(2))) == 3 + len(extra)

    def test_topic_counts_count_each_post_once(self, store: Store, items: Any) -> None:
        store.save_many([
            Save(item=items.post("a", 5, topics=["交通", "环保"])),
            Save(item=items.post("b", 10, topics=["交通"])),
            Save(item=items.post("b", 15, topics=["交通"])),
            Save(item=items.post("c", 70, topics=["交通"])),
        ])  # fmt: skip
        store.save_many([Save(item=items.post("a", 6, topics=["交通"])), Save(item=items.post("none", 6))])
        first = items.start
        assert store.topic_counts(first, first + timedelta(hours=2)) == [
            TopicCount(hour=first, topic="交通", posts=2),
            TopicCount(hour=first + timedelta(hours=1), topic="交通", posts=1),
        ]
        assert [one.posts for one in store.topic_counts(first + timedelta(hours=1), first + timedelta(hours=9))] == [1]

    def test_retention_drops_words_and_keeps_facts(self, store: Store, items: Any) -> None:
        store.save_many([
            Save(item=items.post("old", 0, "第三方的话", topics=["交通"])),
            Save(item=items.post("older", -24 * 60, "第三方的话")),
            Save(item=items.post("official", 0, "官方的话", kind="authority")),
            Save(item=items.post("young", 48 * 60, "第三方的话")),
        ])  # fmt: skip
        midnight = items.start.replace(hour=0) + timedelta(days=1)
        assert [store.forget_posts(midnight, limit) for limit in (1, 1, 99)] == [1, 1, 0]
        found = {id: stored.item for id, stored in store.get_many(Post, ["old", "official", "young"]).items()}
        old = found["old"]
        assert isinstance(old, Post)
        assert "第三方" not in str(old)
        assert (old.author, old.mention.title, old.mention.content_sha256) == (None, "", "00")
        assert [one.topic for one in old.mention.topics] == ["交通"]
        assert found["official"] == items.post("official", 0, "官方的话", kind="authority")
        assert found["young"] == items.post("young", 48 * 60, "第三方的话")
        assert store.count(Post) == 4
        assert ids(store, Post, Filter(topic="交通"), "newest") == ["old"]
        assert store.topic_counts(items.start, items.at(60)) == [TopicCount(hour=items.start, topic="交通", posts=1)]

    def test_together_is_all_or_nothing_where_it_says_so(self, backends: Backends, items: Any) -> None:
        with pytest.raises(RuntimeError), backends.together():
            backends.store.save_many([Save(item=items.post("p", text="没有发生"))])
            with backends.together():
                backends.store.save_many([Save(item=items.incident("i", topics=["交通"]))])
            raise RuntimeError
        left = 0 if backends.is_atomic else 1
        assert backends.store.count(Post) == backends.store.count(Incident) == left
        assert len(ids(backends.store, Incident, Filter(topic="交通"))) == left


def items_at() -> Any:
    from datetime import UTC, datetime

    return datetime(2025, 1, 1, tzinfo=UTC)
