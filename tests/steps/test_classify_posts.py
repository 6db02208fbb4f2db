"""Step classify: versions, observations, redelivery, removal, and what a mention tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from stream.core.authorities import Authorities, Registry
from stream.core.codec import Item, encode
from stream.core.documents import Article, Coverage, Decision, Mention, Post, PostKind
from stream.core.intervals import SHANGHAI, exactly
from stream.ports import Filter, Order
from stream.reading.places import codes_by_name, names_by_code
from stream.reading.post import Reader
from stream.reading.topics import TopicConfig
from stream.settings import load_yaml
from stream.steps.classify import Classify

CONFIG = Path(__file__).parents[2] / "config"
AT = datetime(2025, 3, 4, 8, tzinfo=SHANGHAI)


class Kept:
    """A state in a dict that counts its writes."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.writes = 0

    def get(self, kind: type[Any], id: str) -> Any:
        return self.items.get(id)

    def put(self, item: Item) -> None:
        self.items[item.id] = item
        self.writes += 1

    def revision(self, kind: type[Any], id: str) -> int:
        return int(id in self.items)

    def listing(self, kind: type[Any], where: Filter, *, order: Order = "id", limit: int = 1000) -> Sequence[Any]:
        return []

    def post(self, id: str = "p1") -> Post:
        post = self.items[id]
        assert isinstance(post, Post)
        return post


@pytest.fixture(scope="module")
def step() -> Classify:
    authorities = load_yaml(CONFIG / "authorities.yaml", Authorities)
    registry = Registry(authorities, names_by_code(), codes_by_name())
    return Classify(Reader(load_yaml(CONFIG / "topics.yaml", TopicConfig), registry))


def article(
    title: str = "寿光一奶茶店喝出蟑螂",
    text: str = "顾客投诉商家。",
    hours: int = 0,
    kind: PostKind = "news",
    **more: Any,
) -> Article:
    at = AT + timedelta(hours=hours)
    plain: dict[str, Any] = {
        "id": "p1", "collected_at": at, "source": "wire", "url": None, "account": None, "kind": kind, "title": title,
        "text": text, "published": exactly(AT, "row"), "author": None, "site": None, "region": None, "heat": None,
        "answers": None, "removed_at": None,
        "content_sha256": sha256((title + text).encode("utf-8", "replace")).hexdigest(),
    }  # fmt: skip
    return Article(**{**plain, **more})


def handled(step: Classify, message: object, kept: Kept) -> list[Any]:
    return list(step.handle(message, kept))


def test_a_first_article_is_a_post_and_a_mention(step: Classify) -> None:
    kept = Kept()
    [mention] = handled(step, article(), kept)
    assert isinstance(mention, Mention)
    assert (mention.relevant, mention.regions, mention.is_new_content) == (True, ["370783"], True)
    assert "食品药品" in {one.topic for one in mention.topics}
    assert mention.fingerprint
    assert mention.model_version.startswith("lexical-")
    assert kept.post().mention == mention
    assert kept.post().text == "顾客投诉商家。"
    assert len(kept.post().versions) == len(kept.post().observations) == 1


def test_redelivery_changes_nothing_and_yields_the_same(step: Classify) -> None:
    kept = Kept()
    messages = [article(heat=1.0), article(heat=2.0, hours=1), article(text="已道歉。", hours=2)]
    first = [handled(step, one, kept) for one in messages]
    writes, post = kept.writes, kept.post()
    again = [handled(step, one, kept) for one in messages]
    assert again == first
    assert (kept.writes, kept.post()) == (writes, post)


def test_an_observation_extends_heat_and_is_no_new_content(step: Classify) -> None:
    kept = Kept()
    handled(step, article(heat=1.0), kept)
    [mention] = handled(step, article(heat=5.0, hours=1), kept)
    assert mention.is_new_content is False
    assert [one.heat for one in kept.post().observations] == [1.0, 5.0]
    assert len(kept.post().versions) == 1
    assert kept.post().mention.heat == 5.0


def test_an_edit_is_a_version_and_both_are_kept(step: Classify) -> None:
    kept = Kept()
    handled(step, article(), kept)
    [mention] = handled(step, article(text="顾客投诉后商家已道歉。", hours=1), kept)
    [back] = handled(step, article(hours=2), kept)
    assert (mention.is_new_content, back.is_new_content) == (True, True)
    assert [one.text for one in kept.post().versions] == ["顾客投诉商家。", "顾客投诉后商家已道歉。", "顾客投诉商家。"]


def test_a_late_older_observation_does_not_lead(step: Classify) -> None:
    kept = Kept()
    handled(step, article(text="新文。", hours=3), kept)
    handled(step, article(text="旧文。"), kept)
    assert kept.post().text == "新文。"
    assert [one.text for one in kept.post().versions] == ["旧文。", "新文。"]


def test_a_removal_keeps_the_wording(step: Classify) -> None:
    kept = Kept()
    [before] = handled(step, article(), kept)
    removed = AT + timedelta(hours=2)
    [after] = handled(step, article(title="", text="", hours=2, removed_at=removed), kept)
    assert (before.removed_at, after.removed_at) == (None, removed)
    assert (after.title, after.is_new_content) == (before.title, False)
    assert kept.post().text == "顾客投诉商家。"


def test_coverage_and_decisions_pass(step: Classify) -> None:
    coverage = Coverage(id="c", collected_at=AT, source="gov", from_at=AT, to_at=AT, reachable=True)
    decision = Decision(id="d", collected_at=AT, who="张三", what="confirm", incident_of="p1")
    kept = Kept()
    assert [handled(step, one, kept) for one in (coverage, decision)] == [[coverage], [decision]]
    assert kept.writes == 0


def test_a_reply_answers_and_is_relevant(step: Classify) -> None:
    [mention] = handled(step, article("", "您反映的问题已收悉。", kind="authority", id="m#reply", answers="m"), Kept())
    assert mention.relevant
    assert mention.response is not None
    assert mention.response.form == "acknowledgement"


def test_region_of_the_row_and_of_the_account(step: Classify) -> None:
    [by_row] = handled(step, article("一小区停水", "无通知。", region="青州市"), Kept())
    [by_account] = handled(step, article("情况通报", "昨夜一厂房起火。", kind="authority", account="平安寿光"), Kept())
    assert (by_row.regions, by_account.regions) == (["370781"], ["370783"])


@pytest.mark.parametrize("text", ["", "\x00\x01", "<script>=1+1</script>" * 50, "被" * 300_000, "警方通报：" * 40_000])
def test_hostile_texts_are_read(step: Classify, text: str) -> None:
    [mention] = handled(step, article("通报", text), Kept())
    assert len(mention.quote) <= 200
    assert encode(mention)


def test_idle_posts_are_not_relevant(step: Classify) -> None:
    [mention] = handled(step, article("新剧今晚开播主演造型官宣", "", kind="hotlist"), Kept())
    assert not mention.relevant
    assert mention.response is None
