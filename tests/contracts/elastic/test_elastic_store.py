"""What is special about Elasticsearch: sequence numbers, bulk answers, answers that are lost, templates, versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from elasticsearch import BadRequestError, Elasticsearch

from stream.backends.elastic_indices import VERSION, Names, erase_indices, mapping_of
from stream.backends.elastic_store import ElasticStore
from stream.core.documents import Coverage, Post
from stream.errors import OutsideFailed
from stream.ports import Filter, Save, Saved
from stream.settings import Settings
from tests.contracts.elastic.looking import found_in
from tests.contracts.elastic.loopback import Answer, Asked, error, forwarded, serving

pytestmark = pytest.mark.distributed

Opened = Callable[..., ElasticStore]


def results(saved: list[Saved]) -> list[tuple[bool, int]]:
    return [(one.ok, one.revision) for one in saved]


class TestCompareAndSet:
    def test_what_is_remembered_is_never_believed(self, store: ElasticStore, open_store: Opened, items: Any) -> None:
        other = open_store()
        assert results(store.save_many([Save(item=items.coverage("c"), expected=0)])) == [(True, 1)]
        assert results(other.save_many([Save(item=items.coverage("c", 1))])) == [(True, 2)]
        assert results(store.save_many([Save(item=items.coverage("c", 2), expected=1)])) == [(False, 2)]
        assert results(store.save_many([Save(item=items.coverage("c", 3), expected=2)])) == [(True, 3)]
        assert results(other.save_many([Save(item=items.coverage("c", 4))])) == [(True, 4)]
        assert results(other.save_many([Save(item=items.coverage("c", 5), expected=9)])) == [(False, 4)]
        assert store.get_many(Coverage, ["c"])["c"].item == items.coverage("c", 4)

    def test_a_batch_of_many_requests_has_a_result_for_each(self, store: ElasticStore, items: Any) -> None:
        """1,000 items or 5 MB go in one request; every third is there already."""
        store.save_many([Save(item=items.coverage(f"c{n}")) for n in range(0, 2100, 3)])
        saved = store.save_many([Save(item=items.coverage(f"c{n}"), expected=0) for n in range(2100)])
        assert results(saved) == [(n % 3 != 0, 1) for n in range(2100)]
        texts = ["".join(chr(0x4E00 + (n * 7919 + m * m) % 20_000) for m in range(90_000)) for n in range(9)]
        posts = [items.post(f"p{n}", n, text) for n, text in enumerate(texts)]
        assert all(saved.ok for saved in store.save_many([Save(item=post, expected=0) for post in posts]))
        assert store.get_many(Post, ["p8"])["p8"].item == posts[8]

    def test_hidden_sequence_numbers_come_from_lists_too(self, store: ElasticStore, items: Any) -> None:
        store.save_many([Save(item=items.delivery("d", due=1))])
        store.refresh()
        due = store.due(type(items.delivery("d")), items.at(2))[0]
        assert results(store.save_many([Save(item=due.item, expected=due.revision)])) == [(True, 2)]


class TestLostAnswers:
    """A proxy carries the request out and loses the answer, or says no itself."""

    def test_an_answer_lost_once_is_no_conflict(self, open_store: Opened, settings: Settings, items: Any) -> None:
        for kind in ("coverage", "post"):
            lost = [True]

            def once(asked: Asked, lost: list[bool] = lost) -> Answer | None:
                found = forwarded(settings.elastic.addresses[0], asked)
                return None if "_bulk" in asked.path and lost and lost.pop() else found

            with serving(once) as address:
                store = open_store(addresses=[address])
                item = getattr(items, kind)("x")
                assert results(store.save_many([Save(item=item, expected=0)])) == [(True, 1)]
                assert lost == []
                lost.append(True)
                later = getattr(items, kind)("x", 1)
                assert results(store.save_many([Save(item=later, expected=1)])) == [(True, 2)]
                assert results(store.save_many([Save(item=later, expected=1)])) == [(False, 2)]

    def test_what_was_written_before_a_failure_is_known_when_the_batch_comes_again(
        self, open_store: Opened, settings: Settings, items: Any
    ) -> None:
        is_ill = True

        def deaf(asked: Asked) -> Answer | None:
            found = forwarded(settings.elastic.addresses[0], asked)
            return None if is_ill and "_bulk" in asked.path else found

        batch = [Save(item=items.coverage("a"), expected=0), Save(item=items.coverage("b"), expected=0)]
        with serving(deaf) as address:
            store = open_store(addresses=[address])
            with pytest.raises(OutsideFailed, match=address):
                store.save_many(batch)
            is_ill = False
            assert results(store.save_many(batch)) == [(True, 1), (True, 1)]
            assert results(store.save_many(batch)) == [(False, 1), (False, 1)]
            assert {one.revision for one in store.get_many(Coverage, ["a", "b"]).values()} == {1}

    def test_anothers_write_is_a_conflict_even_after_a_lost_answer(
        self, open_store: Opened, settings: Settings, items: Any
    ) -> None:
        other = open_store()

        def overtaken(asked: Asked) -> Answer | None:
            if "_bulk" in asked.path and other.save_many([Save(item=items.coverage("x", 9), expected=0)])[0].ok:
                return None
            return forwarded(settings.elastic.addresses[0], asked)

        with serving(overtaken) as address:
            store = open_store(addresses=[address])
            assert results(store.save_many([Save(item=items.coverage("x"), expected=0)])) == [(False, 1)]

    def test_a_full_queue_is_tried_again(self, open_store: Opened, settings: Settings, items: Any) -> None:
        left = [429, 503]

        def busy(asked: Asked) -> Answer:
            if "_bulk" in asked.path and left:
                return error(left.pop(), "es_rejected_execution_exception", "queue full")
            return forwarded(settings.elastic.addresses[0], asked)

        with serving(busy) as address:
            store = open_store(addresses=[address])
            assert results(store.save_many([Save(item=items.coverage("x"), expected=0)])) == [(True, 1)]
        assert left == []


class TestPlaces:
    """Each post is in one index, and its place says in which."""

    def test_the_first_save_decides_the_day(self, store: ElasticStore, server: Elasticsearch, items: Any) -> None:
        midnight = 16 * 60
        store.save_many([
            Save(item=items.post("eve", midnight - 0.01)), Save(item=items.post("morning", midnight)),
            Save(item=items.post("official", midnight, kind="authority")),
        ])  # fmt: skip
        store.save_many([Save(item=items.post("eve", midnight + 60), expected=1)])
        store.refresh()
        assert found_in(server, store) == {
            "eve": ["post_20250301"], "morning": ["post_20250302"], "official": ["post_authority"],
        }  # fmt: skip

    def test_two_who_save_a_new_post_on_two_days_make_one(
        self, store: ElasticStore, open_store: Opened, server: Elasticsearch, items: Any
    ) -> None:
        other = open_store()
        assert results(store.save_many([Save(item=items.post("p", 0), expected=0)])) == [(True, 1)]
        later = items.post("p", 48 * 60)
        assert results(other.save_many([Save(item=later, expected=0)])) == [(False, 1)]
        assert results(other.save_many([Save(item=later)])) == [(True, 2)]
        store.refresh()
        assert found_in(server, store) == {"p": ["post_20250301"]}

    def test_a_place_without_a_post_is_what_a_crash_leaves(
        self,
        store: ElasticStore,
        open_store: Opened,
        server: Elasticsearch,
        names: Names,
        items: Any,
    ) -> None:
        store.save_many([Save(item=items.post("other"))])
        server.index(index=names.place, id="p", document={"index": names.of("post_20250228")})
        assert store.get_many(Post, ["p"]) == {}
        assert results(store.save_many([Save(item=items.post("p"), expected=7)])) == [(False, 0)]
        assert results(open_store().save_many([Save(item=items.post("p"), expected=0)])) == [(True, 1)]
        store.refresh()
        assert found_in(server, store)["p"] == ["post_20250228"]

    def test_a_lost_place_is_found_again(
        self,
        store: ElasticStore,
        open_store: Opened,
        server: Elasticsearch,
        names: Names,
        items: Any,
    ) -> None:
        store.save_many([Save(item=items.post("p"))])
        server.delete(index=names.place, id="p")
        other = open_store()
        assert other.get_many(Post, ["p"]) == {}
        assert results(other.save_many([Save(item=items.post("p"), expected=0)])) == [(False, 1)]
        assert other.get_many(Post, ["p"])["p"].item == items.post("p")


class TestIndices:
    def test_the_mapping_is_ours_and_strict(
        self, store: ElasticStore, server: Elasticsearch, names: Names, items: Any
    ) -> None:
        store.save_many([Save(item=items.coverage("c")), Save(item=items.post("p"))])
        for index, tag in (("coverage", "coverage"), ("post_20250301", "post"), ("post_place", "post_place")):
            found = server.indices.get_mapping(index=names.of(index))[names.of(index)]["mappings"]
            assert found["properties"].keys() == mapping_of(tag)["properties"].keys()
            assert found["_meta"] == {"version": VERSION}
            with pytest.raises(BadRequestError, match="strict_dynamic_mapping_exception"):
                server.index(index=names.of(index), document={"novel": 1})

    def test_what_is_searched_only_is_not_kept_twice(
        self, store: ElasticStore, server: Elasticsearch, names: Names, items: Any
    ) -> None:
        store.save_many([Save(item=items.post("p", 0, "正文"))])
        source = server.get(index=names.day(items.at(0)), id="p")["_source"]
        assert "words" not in source
        assert {"id", "at", "revision", "item"} <= source.keys()

    def test_a_missing_template_is_told_where_it_is_not_ours_to_make(
        self, open_store: Opened, server: Elasticsearch, names: Names, items: Any
    ) -> None:
        careful = open_store(creates_templates=False)
        for item in (items.coverage("c"), items.post("p")):
            name = names.of("coverage" if isinstance(item, Coverage) else "post")
            with pytest.raises(OutsideFailed, match=rf"缺少索引模板 {name}.*creates_templates"):
                careful.save_many([Save(item=item)])
        assert careful.get_many(Coverage, ["c"]) == {}
        assert careful.count(Post) == 0
        open_store().save_many([Save(item=items.coverage("other")), Save(item=items.post("other"))])
        server.indices.delete(index=names.of("coverage"))
        assert results(careful.save_many([Save(item=items.coverage("c"), expected=0)])) == [(True, 1)]
        assert results(careful.save_many([Save(item=items.post("p", 48 * 60), expected=0)])) == [(True, 1)]

    def test_an_older_mapping_is_brought_up_and_keeps_its_items(
        self, store: ElasticStore, server: Elasticsearch, names: Names, items: Any
    ) -> None:
        """As a version before this one would have left it: without the field, in template and index."""
        index = names.of("coverage")
        old = mapping_of("coverage")
        properties = {name: one for name, one in old["properties"].items() if name != "source"}
        older = {**old, "_meta": {"version": VERSION - 1}, "properties": properties}
        server.indices.put_index_template(
            name=index, index_patterns=[index], template={"mappings": older, "aliases": {names.all: {}}}
        )
        server.indices.create(index=index)
        assert results(store.save_many([Save(item=items.coverage("c", source="新"), expected=0)])) == [(True, 1)]
        store.refresh()
        assert store.count(Coverage, Filter(source="新")) == 1
        found = server.indices.get_mapping(index=index)[index]["mappings"]
        template = server.indices.get_index_template(name=index)["index_templates"][0]["index_template"]
        for mapping in (found, template["template"]["mappings"]):
            assert mapping["_meta"]["version"] == VERSION
            assert mapping["properties"]["source"] == {"type": "keyword"}

    @pytest.mark.parametrize("where", ["index", "template"])
    def test_what_a_newer_version_made_is_left_alone(
        self, store: ElasticStore, server: Elasticsearch, names: Names, items: Any, where: str
    ) -> None:
        index = names.of("coverage")
        newer = {**mapping_of("coverage"), "_meta": {"version": VERSION + 1}}
        if where == "index":
            server.indices.create(index=index, mappings=newer, aliases={names.all: {}})
        else:
            server.indices.put_index_template(name=index, index_patterns=[index], template={"mappings": newer})
        with pytest.raises(OutsideFailed, match=r"更新版本的程序.*升级本程序"):
            store.save_many([Save(item=items.coverage("c"))])

    def test_a_full_disk_stops_writing_and_loses_nothing(
        self, store: ElasticStore, server: Elasticsearch, names: Names, items: Any
    ) -> None:
        store.save_many([Save(item=items.coverage("before"))])
        full = {"index.blocks.read_only_allow_delete": True}
        server.indices.put_settings(index=names.of("coverage"), settings=full)
        batch = [Save(item=items.coverage("c"), expected=0), Save(item=items.delivery("d"), expected=0)]
        with pytest.raises(OutsideFailed, match=r"磁盘将满.*腾出空间"):
            store.save_many(batch)
        assert store.get_many(Coverage, ["before", "c"]).keys() == {"before"}
        server.indices.put_settings(index=names.of("coverage"), settings=dict.fromkeys(full))
        assert results(store.save_many(batch)) == [(True, 1), (True, 1)]

    def test_namespaces_that_begin_alike_never_meet(self, settings: Settings, items: Any) -> None:
        """`x-source` has an index `coverage`, and `x` one of `source_coverage`; `x-post_2` begins like a day of `x`."""
        alike = [f"{settings.namespace}{end}" for end in ("", "-source", "-post_2", "-post")]
        stores = [ElasticStore(msgspec.structs.replace(settings, namespace=one)) for one in alike]
        for number, store in enumerate(stores):
            batch = [items.post(f"p{number}"), items.coverage(f"c{number}"), items.incident(f"i{number}")]
            assert all(saved.ok for saved in store.save_many([Save(item=one, expected=0) for one in batch]))
            store.refresh()
        erase_indices(msgspec.structs.replace(settings, namespace=alike[0]))
        for number, store in enumerate(stores):
            assert store.count(Post) == store.count(Coverage) == min(number, 1)
            erase_indices(msgspec.structs.replace(settings, namespace=alike[number]))
            store.close()

    def test_erasing_leaves_nothing(
        self, store: ElasticStore, settings: Settings, server: Elasticsearch, items: Any
    ) -> None:
        saves = [Save(item=items.post(f"p{n}", n * 24 * 60)) for n in range(32)]
        assert all(one.ok for one in store.save_many([*saves, Save(item=items.coverage("c"))]))
        store.refresh()
        assert store.count(Post) == 32
        erase_indices(settings)
        quiet = server.options(ignore_status=404)
        assert dict(quiet.indices.get(index=f"{settings.namespace}-*")) == {}
        assert quiet.indices.get_index_template(name=f"{settings.namespace}-*")["index_templates"] == []
        assert store.count(Post) == 0


def test_shards_and_replicas_are_the_settings(
    open_store: Opened, server: Elasticsearch, names: Names, items: Any
) -> None:
    open_store(shards=2, replicas=1).save_many([Save(item=items.coverage("c"))])
    found = server.indices.get_settings(index=names.of("coverage"))[names.of("coverage")]["settings"]["index"]
    assert (found["number_of_shards"], found["number_of_replicas"]) == ("2", "1")


def test_everything_appears_within_seconds_without_a_refresh(store: ElasticStore, items: Any) -> None:
    """What people look at: a second. (The contract tests refresh.)"""
    import time

    store.save_many([Save(item=items.incident("i", topics=["交通"]))])
    deadline = time.monotonic() + timedelta(seconds=10).total_seconds()
    while not store.count(type(items.incident("i")), Filter(topic="交通")):
        assert time.monotonic() < deadline
