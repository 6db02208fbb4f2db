"""What every Store's search must do: literal, case-insensitive substrings, newest first (stream/ports.py)."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.documents import Post
from stream.ports import Backends, Filter, Save, Search, Store

# Few characters, so that words are found; among them everything a query language could give a meaning to.
TRICKY = st.text(alphabet='地铁停运aAbBßİﬁ"*()-:^%_\\ \u3000\n\x00\x1f,，。🚒é\ue02c\ue100', max_size=24)
ANY = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=24)
TEXTS = st.one_of(TRICKY, ANY)


def found(store: Store, text: str, **filters: Any) -> list[str]:
    return [post.id for post in store.search(Search(text=text, limit=1000, **filters)).posts]


def expected(posts: list[Post], text: str) -> list[str]:
    """The brute force: a filter over everything."""
    words = text.casefold().split()
    kept = [
        post
        for post in posts
        if all(word in post.text.casefold() or word in post.mention.title.casefold() for word in words)
    ]
    return [post.id for post in sorted(kept, key=lambda post: (post.collected_at, post.id), reverse=True)]


class TestSearch:
    TEXTS = (
        ("zh", "深圳地铁一号线今晨停运"),
        ("mixed", "App更新后iPhone用户无法乘地铁"),
        ("quotes", '他说"停运 AND 恢复"，NOT* (真的)'),
        ("emoji", "消防🚒到达👨‍👩‍👧现场"),
        ("nul", "前\x00后"),
        ("short", "雨"),
    )

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            ("停运", ["quotes", "zh"]), ("地铁", ["mixed", "zh"]), ("iphone", ["mixed"]), ("IPHONE用户", ["mixed"]),
            ("地铁 停运", ["zh"]), ("地铁停运", []), ("一号线今晨", ["zh"]), ('"停运', ["quotes"]), ("AND", ["quotes"]),
            ("NOT*", ["quotes"]), ("*", ["quotes"]), ("(真的)", ["quotes"]), ("停*", []), ("🚒", ["emoji"]),
            ("🚒到", ["emoji"]), ("\x00", ["nul"]), ("前\x00后", ["nul"]), ("前后", []), ("雨", ["short"]),
            ("铁", ["mixed", "zh"]), ("运", ["quotes", "zh"]), ("p", ["mixed"]), ("标题", []), ("题目", [
                "short", "nul", "emoji", "quotes", "mixed", "zh"]), ("目深", []), ("\ud800", []), ("停运 \ud800", []),
            ("今" * 3000, []), (" ".join(["地铁"] * 3000), ["mixed", "zh"]), ("words:地铁", []), ("地铁 OR 停运", []),
        ],
    )  # fmt: skip
    def test_words_are_literal(self, store: Store, items: Any, query: str, ids: list[str]) -> None:
        store.save_many([Save(item=items.post(id, n, text, title="题目")) for n, (id, text) in enumerate(self.TEXTS)])
        assert found(store, query) == ids

    def test_an_empty_query_is_everything(self, store: Store, items: Any) -> None:
        store.save_many([Save(item=items.post(f"p{n}", n)) for n in range(3)])
        assert found(store, "") == found(store, " \u3000\n") == ["p2", "p1", "p0"]

    def test_filters_narrow(self, store: Store, items: Any) -> None:
        store.save_many([
            Save(item=items.post("a", 0, "停运", topics=["交通"], regions=["440305"], bodies=["某市 交通局"])),
            Save(item=items.post("b", 1, "停运", topics=["环保"], regions=["441300"], bodies=["甲"])),
            Save(item=items.post("c", 2, "停运", topics=["TOPIC"], regions=["全国"])),
        ])  # fmt: skip
        assert found(store, "停运", topic="环保") == ["b"]
        assert found(store, "停运", topic="交通", region="44") == ["a"]
        for region, ids in {
            "4": ["b", "a"],
            "44": ["b", "a"],
            "440": ["a"],
            "4403": ["a"],
            "440305": ["a"],
            "全": ["c"],
        }.items():
            assert found(store, "停运", region=region) == found(store, "", region=region) == ids
        assert found(store, "停运", body="某市 交通局") == ["a"]
        assert found(store, "停运", body="某市") == []
        assert found(store, "停运", topic="topic") == []
        assert found(store, "", topic="TOPIC") == ["c"]
        assert found(store, "停运", since=items.at(1), until=items.at(2)) == ["b"]
        assert found(store, "交通局") == []

    def test_a_changed_post_is_found_by_its_new_words_only(self, store: Store, items: Any) -> None:
        store.save_many(
            [Save(item=items.post("p", 0, "原来的说法", topics=["交通"])), Save(item=items.post("q", 1, "别的"))]
        )
        store.save_many([Save(item=items.post("p", 2, "后来改口了", topics=["环保"]))])
        assert found(store, "原来") == found(store, "", topic="交通") == []
        assert found(store, "后来", topic="环保") == ["p"]
        assert found(store, "") == ["p", "q"]
        store.save_many([Save(item=items.post("p", 2, "后来改口了", topics=["环保"], heat=5.0))])
        assert found(store, "改口") == ["p"]

    def test_forgotten_words_are_not_found(self, store: Store, items: Any) -> None:
        store.save_many([Save(item=items.post("p", 0, "第三方的话", topics=["交通"]))])
        store.forget_posts(items.start + timedelta(days=1), 10)
        assert found(store, "第三") == []
        assert found(store, "", topic="交通") == ["p"]

    def test_a_very_long_text_is_found_by_all_of_it(self, store: Store, items: Any) -> None:
        text = "".join(chr(0x4E00 + n) for n in range(20_900)) * 5
        store.save_many([Save(item=items.post("long", 0, text)), Save(item=items.post("short", 1, "别的"))])
        for start in (0, 19_997, 19_998, 19_999, 39_999, 104_496):
            assert found(store, text[start : start + 4]) == ["long"]
        assert found(store, text[::-1][:4]) == []

    def test_a_conflicting_save_leaves_the_index_alone(self, store: Store, items: Any) -> None:
        store.save_many([Save(item=items.post("p", 0, "先到的"))])
        store.save_many([Save(item=items.post("p", 0, "后到的"), expected=0)])
        assert (found(store, "先到"), found(store, "后到")) == (["p"], [])

    @pytest.mark.parametrize("query", ["停运", "停", "停运路段", ""])
    def test_pages_are_whole_while_posts_arrive(self, store: Store, items: Any, query: str) -> None:
        store.save_many([Save(item=items.post(f"p{n:02}", n // 5, "停运路段")) for n in range(23)])
        seen: list[str] = []
        cursor = None
        for turn in range(99):
            page = store.search(Search(text=query, limit=4, cursor=cursor))
            seen += [post.id for post in page.posts]
            store.save_many([Save(item=items.post(f"new{turn}", 60 + turn, "停运路段"))])
            if (cursor := page.cursor) is None:
                break
        assert seen == [f"p{n:02}" for n in reversed(range(23))]

    def test_posts_of_the_same_instant_come_in_order_of_id(self, store: Store, items: Any) -> None:
        names = [f"{n:03}" for n in range(300)]
        store.save_many([Save(item=items.post(name, 0, "停运")) for name in names[::-1]])
        assert found(store, "停运") == names[::-1]

    def test_search_is_a_brute_force_filter(self, backends: Backends, items: Any) -> None:
        store = backends.store

        # A save on a server costs a refresh.
        @settings(max_examples=150 if backends.is_atomic else 40, deadline=None)
        @given(data=st.data())
        def check(data: st.DataObject) -> None:
            texts = data.draw(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
            example = f"例{next(EXAMPLES)}"
            posts = [
                items.post(f"{example}-{n}", n % 2, text, title=title, topics=[example])
                for n, (title, text) in enumerate(texts)
            ]
            store.save_many([Save(item=post) for post in posts])
            title, text = data.draw(st.sampled_from(texts))
            whole = title or text
            start = data.draw(st.integers(0, len(whole)))
            query = data.draw(st.one_of(TEXTS, st.just(whole[start : start + data.draw(st.integers(1, 6))])))
            assert found(store, query, topic=example) == expected(posts, query)
            assert store.count(Post, Filter(topic=example)) == len(posts)

        check()


EXAMPLES = count()
