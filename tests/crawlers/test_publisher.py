"""The publisher's promises: time never runs backwards, marks hold, what is given is published, failures are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawlers.pieces import Piece, fetched_id, post_id
from crawlers.polling import NEVER
from crawlers.publish import Pace, Publisher
from stream.backends import open_backends
from stream.core.codec import Travelling
from stream.core.documents import Mark, Page
from stream.core.intervals import SHANGHAI
from stream.core.records import Fetched, Rejected
from stream.errors import OutsideFailed
from stream.intake import Intake, read_posts
from stream.ports import Backends
from stream.reading.privacy import Pseudonyms
from stream.settings import Backend, Settings

START = datetime(2025, 9, 12, 8, tzinfo=SHANGHAI)
HASTY = Pace(batch=3, flush_s=0.01, mark_s=0.02, retry_s=(0.0, 0.0))


def page(number: int) -> Piece:
    url = f"http://a.example/{number}"
    kept = Fetched(id=fetched_id("a", url), collected_at=NEVER, source="a", url=url)
    return Piece(message=Page(id=post_id(url), collected_at=NEVER, url=url), remember=(kept,))


def ticking(minutes: Iterable[int]) -> Callable[[], datetime]:
    """A clock that shows these minutes after START, then stands still."""
    rest = list(minutes)
    return lambda: START + timedelta(minutes=rest.pop(0) if len(rest) > 1 else rest[0])


def one_partition(folder: Path) -> Backends:
    """One partition, so that everything on the bus has one order."""
    return open_backends(Settings(data=folder, backend=Backend(workers=1)))


def publish(folder: Path, pieces: Iterable[Piece], minutes: Iterable[int] = (0,), opening: Any = None) -> None:
    def opened() -> Backends:
        return one_partition(folder)

    publisher = Publisher(opening or opened, folder / "outbox", now=ticking(minutes), pace=HASTY)
    publisher.start()

    async def give() -> None:
        for piece in pieces:
            await publisher.give(piece)

    try:
        asyncio.run(give())
    finally:
        publisher.close()


def test_time_never_runs_backwards(tmp_path: Path, published: Callable[[Path], list[Travelling]]) -> None:
    publish(tmp_path, [page(n) for n in range(8)], minutes=[5, 3, 9, 9, 1, 2])
    publish(tmp_path, [page(9)], minutes=[0])  # the machine's clock was set back between two runs
    messages = published(tmp_path)
    times = [one.collected_at for one in messages]
    assert times == sorted(times)
    assert times[0] == START + timedelta(minutes=5)
    assert len([one for one in messages if isinstance(one, Page)]) == 9


def test_every_flush_ends_with_a_mark(tmp_path: Path, published: Callable[[Path], list[Travelling]]) -> None:
    publish(tmp_path, [page(n) for n in range(7)])
    messages = published(tmp_path)
    runs = "".join("m" if isinstance(one, Mark) else "p" for one in messages)
    assert runs.endswith("m")
    assert "pppp" not in runs


def test_marks_go_on_when_idle(tmp_path: Path, published: Callable[[Path], list[Travelling]]) -> None:
    publisher = Publisher(lambda: one_partition(tmp_path), tmp_path / "outbox", now=ticking([0]), pace=HASTY)
    publisher.start()
    for _ in range(1000):
        asyncio.run(publisher.known(["nothing"]))
        if len([one for one in published(tmp_path) if isinstance(one, Mark)]) >= 3:
            break
    publisher.close()
    assert len([one for one in published(tmp_path) if isinstance(one, Mark)]) >= 3


def test_what_was_given_is_known(tmp_path: Path) -> None:
    publisher = Publisher(lambda: one_partition(tmp_path), tmp_path / "outbox", now=ticking([0]), pace=HASTY)
    publisher.start()

    async def ask() -> set[str]:
        await publisher.give(page(1))
        return set(await publisher.known([fetched_id("a", "http://a.example/1"), fetched_id("a", "other")]))

    assert asyncio.run(ask()) == {fetched_id("a", "http://a.example/1")}
    publisher.close()


def test_a_sick_bus_is_tried_again(tmp_path: Path, published: Callable[[Path], list[Travelling]]) -> None:
    failures = [OutsideFailed("库忙"), OutsideFailed("库忙")]

    def opening() -> Backends:
        backends = open_backends(Settings(data=tmp_path, backend=Backend(workers=1)))
        inner = backends.bus.publish

        def failing(topic: str, outgoing: Any) -> None:
            if failures:
                raise failures.pop()
            inner(topic, outgoing)

        backends.bus.publish = failing  # type: ignore[method-assign]
        return backends

    publish(tmp_path, [page(1)], opening=opening)
    assert failures == []
    assert [one.id for one in published(tmp_path) if isinstance(one, Page)] == [post_id("http://a.example/1")]


def test_what_the_thread_died_of_is_raised(tmp_path: Path) -> None:
    def opening() -> Backends:
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        publish(tmp_path, [page(1)], opening=opening)


def test_rejects_go_where_rejects_go(tmp_path: Path, published: Callable[[Path], list[Travelling]]) -> None:
    publish(tmp_path, [Piece(message=Rejected(id="r1", collected_at=NEVER, step="read", reason="no_text"))])
    assert not [one for one in published(tmp_path) if isinstance(one, Rejected)]
    backends = open_backends(Settings(data=tmp_path, backend=Backend(workers=1)))
    found = backends.store.get_many(Rejected, ["r1"])["r1"].item
    backends.close()
    assert timedelta() <= found.collected_at - START < timedelta(seconds=1)


@pytest.mark.parametrize("url", ["http://a.example/1", " http://a.example/甲?x=1 "])
def test_the_same_address_has_the_same_id_from_a_row(tmp_path: Path, url: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"url": url, "title": "甲", "published_at": "2025-09-12"}), "utf-8")
    (row,) = read_posts(path, Intake(pseudonyms=Pseudonyms(b"0123456789abcdef")))
    assert row.id == post_id(url)
