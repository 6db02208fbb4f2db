"""Bus and store go away and come back: nothing is lost, nothing doubled under another instant, marks hold."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crawlers.outbox import Bounds, Outbox
from crawlers.pieces import Piece
from crawlers.polling import NEVER
from crawlers.publish import Pace, Publisher
from stream.backends import open_backends
from stream.core.codec import decode
from stream.core.documents import Mark, Page
from stream.core.records import Fetched, Progress
from stream.errors import MessageRejected, OutsideFailed, UsageError
from stream.ports import Backends, Evidence, Notifier, Outgoing, Save, Saved
from stream.settings import Backend, Settings

HASTY = Pace(batch=4, flush_s=0.0, mark_s=0.02, retry_s=(0.01,))
BOUND_S = 20.0


class Outside:
    """What is outside: a bus of one partition, and the embedded store, each of which can be away. `swallowed`: so many
    publishings are taken and not acknowledged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bus_away = self.store_away = False
        self.swallowed = self.store_refusals = 0
        self.taken: list[tuple[str, Any]] = []
        self.most_bytes = 1 << 20

    def publish(self, topic: str, outgoing: Sequence[Outgoing]) -> None:
        if self.bus_away:
            raise OutsideFailed("总线没有应答")
        if any(len(one.body) > self.most_bytes for one in outgoing):
            raise MessageRejected("too_large")
        self.taken += [(topic, decode(one.body)) for one in outgoing]
        if self.swallowed and any(isinstance(decode(one.body), Page) for one in outgoing):
            self.swallowed -= 1
            raise OutsideFailed("没有等到确认")

    def partitions(self, topic: str) -> int:
        return 1

    def opening(self) -> Backends:
        return Apart(self)

    def pages(self) -> list[Page]:
        return [one for _, one in self.taken if isinstance(one, Page)]

    def marks(self) -> list[Mark]:
        return [one for _, one in self.taken if isinstance(one, Mark)]


class Apart:
    """Bus and store that share no transaction, as Kafka and Elasticsearch are."""

    is_atomic = False
    evidence: Evidence
    notifier: Notifier

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._inner = open_backends(Settings(data=outside.folder / "store", backend=Backend(workers=1)))
        self.bus: Any = outside
        self.store: Any = self
        self.evidence = self._inner.evidence

    def get_many(self, kind: Any, ids: Sequence[str]) -> Any:
        if self._outside.store_away:
            raise OutsideFailed("库没有应答")
        return self._inner.store.get_many(kind, ids)

    def save_many(self, saves: Sequence[Save]) -> list[Saved]:
        if self._outside.store_away:
            self._outside.store_refusals += 1
            raise OutsideFailed("库没有应答")
        return self._inner.store.save_many(saves)

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def close(self) -> None:
        self._inner.close()


class Crawl:
    """One run of a publisher; `give` and `known` from an event loop of its own, as spiders do."""

    def __init__(self, outside: Outside, **more: Any) -> None:
        self.outside = outside
        self.publisher = Publisher(outside.opening, outside.folder / "outbox", pace=HASTY, **more)
        self.publisher.start()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def giving(self, *names: str) -> Any:
        """Gives these, one after the other; a future."""

        async def give() -> None:
            for name in names:
                await self.publisher.give(page(name))

        return asyncio.run_coroutine_threadsafe(give(), self._loop)

    def give(self, *names: str) -> None:
        self.giving(*names).result(BOUND_S)

    def give_at_once(self, *pieces: Piece) -> None:
        asyncio.run_coroutine_threadsafe(self.publisher.give(*pieces), self._loop).result(BOUND_S)

    def asking(self, *names: str) -> Any:
        return asyncio.run_coroutine_threadsafe(self.publisher.known(names), self._loop)

    def end(self) -> None:
        try:
            self.publisher.close(BOUND_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(BOUND_S)
            self._loop.close()


def page(name: str, html: bytes | None = None) -> Piece:
    kept = Fetched(id=name, collected_at=NEVER, source="a", url=name)
    return Piece(message=Page(id=name, collected_at=NEVER, html=html), remember=(kept,))


def until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + BOUND_S
    while not holds():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.005)


def check_marks_hold(outside: Outside) -> None:
    """Nothing after a mark is earlier than it; not even what is published again."""
    promised: datetime | None = None
    for _, one in outside.taken:
        assert promised is None or one.collected_at >= promised
        if isinstance(one, Mark):
            promised = one.collected_at


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path)


@pytest.fixture
def crawl(outside: Outside) -> Iterator[Callable[..., Crawl]]:
    started: list[Crawl] = []

    def start(**more: Any) -> Crawl:
        started.append(Crawl(outside, **more))
        return started[-1]

    yield start


def names(count: int, prefix: str = "p") -> list[str]:
    return [f"{prefix}{n:03}" for n in range(count)]


def test_spiders_go_on_while_the_bus_is_away(outside: Outside, crawl: Callable[..., Crawl]) -> None:
    run = crawl()
    run.give("first")
    until(lambda: len(outside.pages()) == 1)
    outside.bus_away = True
    so_far = len(outside.taken)
    run.give(*names(50))
    assert set(run.asking("first", "p049", "other").result(BOUND_S)) == {"first", "p049"}
    assert len(outside.taken) == so_far
    outside.bus_away = False
    run.end()
    assert [one.id for one in outside.pages()] == ["first", *names(50)]
    assert outside.marks()[-1].is_last
    assert [one.is_last for one in outside.marks()].count(True) == 1
    check_marks_hold(outside)


def test_a_backlog_is_marked_as_it_drains(outside: Outside, crawl: Callable[..., Crawl]) -> None:
    run = crawl()
    outside.bus_away = True
    run.give(*names(40))
    outside.bus_away = False
    run.end()
    runs = "".join("m" if isinstance(one, Mark) else "p" for _, one in outside.taken).strip("m").split("m")
    assert "".join(runs) == "p" * 40
    assert max(map(len, runs)) <= HASTY.batch
    check_marks_hold(outside)


def test_a_full_outbox_makes_spiders_wait(outside: Outside, crawl: Callable[..., Crawl]) -> None:
    run = crawl(bounds=Bounds(pieces=10))
    run.give("first")
    outside.bus_away = True
    giving = run.giving(*names(30))
    with_outbox = Outbox(outside.folder / "outbox")
    until(lambda: with_outbox.length() == 10)
    assert not giving.done()
    assert set(run.asking("p000").result(BOUND_S)) == {"p000"}  # who asks is still answered
    assert (with_outbox.length(), giving.done()) == (10, False)
    with_outbox.close()
    outside.bus_away = False
    giving.result(BOUND_S)
    run.end()
    assert [one.id for one in outside.pages()] == ["first", *names(30)]
    check_marks_hold(outside)


def test_what_is_published_twice_is_the_same(outside: Outside, crawl: Callable[..., Crawl]) -> None:
    run = crawl()
    outside.swallowed = 3
    run.give(*names(20))
    until(lambda: outside.swallowed == 0)
    run.end()
    assert len(outside.pages()) > 20
    assert len({(one.id, one.collected_at) for one in outside.pages()}) == 20
    check_marks_hold(outside)


def test_while_the_store_is_away_a_batch_is_sent_once(outside: Outside, crawl: Callable[..., Crawl]) -> None:
    run = crawl()
    run.give("first")
    until(lambda: len(outside.pages()) == 1)
    outside.store_away = True
    asking = run.asking("first")
    run.give(*names(20))
    until(lambda: outside.store_refusals > 5)
    assert not asking.done()
    assert len(outside.pages()) <= 1 + HASTY.batch
    outside.store_away = False
    assert set(asking.result(BOUND_S)) == {"first"}
    run.end()
    assert [one.id for one in outside.pages()] == ["first", *names(20)]
    check_marks_hold(outside)


def test_what_could_not_be_published_is_published_by_the_next_run(
    outside: Outside, crawl: Callable[..., Crawl]
) -> None:
    run = crawl()
    run.give("first")
    until(lambda: len(outside.pages()) == 1)
    outside.bus_away = True
    run.give(*names(5))
    with pytest.raises(OutsideFailed, match="5 条尚未发布"):
        run.end()
    assert not any(one.is_last for one in outside.marks())
    waiting = Outbox(outside.folder / "outbox")
    given = [(one.message.id, one.at) for one in waiting.head(9) if one.message]
    waiting.close()
    outside.bus_away = False
    run = crawl()
    assert set(run.asking("p004", "first").result(BOUND_S)) == {"p004", "first"}
    run.give("last")
    run.end()
    assert [(one.id, one.collected_at) for one in outside.pages()][1:6] == given
    assert [one.id for one in outside.pages()] == ["first", *names(5), "last"]
    assert saved_progress(outside).done == 7
    check_marks_hold(outside)


def test_a_run_that_ended_between_saving_and_dropping_is_counted_once(
    outside: Outside, crawl: Callable[..., Crawl]
) -> None:
    run = crawl()
    run.give(*names(3))
    run.end()
    first = outside.pages()[0]
    (outside.folder / "outbox").unlink()
    left = Outbox(outside.folder / "outbox", now=lambda: first.collected_at)
    left.add([page(first.id)])
    left.close()
    run = crawl()
    run.give(*names(2, "q"))
    run.end()
    assert [one.id for one in outside.pages()] == [*names(3), "p000", *names(2, "q")]
    assert outside.pages()[3] == first
    assert saved_progress(outside).done == 5


def test_instants_go_on_where_the_outbox_was_lost_and_the_clock_set_back(
    outside: Outside, crawl: Callable[..., Crawl]
) -> None:
    run = crawl()
    run.give("before")
    run.end()
    (outside.folder / "outbox").unlink()
    run = crawl(now=lambda: NEVER)
    run.give("after")
    run.end()
    before, after = outside.pages()
    assert after.collected_at > before.collected_at > NEVER


def test_poison_stops_nothing(outside: Outside, crawl: Callable[..., Crawl]) -> None:
    outside.most_bytes = 65_536
    run = crawl()
    run.give_at_once(page("a"), page("huge", b"." * 70_000), page("b"))
    assert set(run.asking("a", "huge", "b").result(BOUND_S)) == {"a", "huge", "b"}
    run.end()
    assert [one.id for one in outside.pages()] == ["a", "b"]
    [rejected] = [one for topic, one in outside.taken if topic == "crawl.rejected"]
    assert (rejected.of, rejected.reason, len(rejected.payload) < 20_000) == ("huge", "too_large", True)


def test_two_of_one_name_are_refused_here(outside: Outside, crawl: Callable[..., Crawl]) -> None:
    run = crawl()
    with pytest.raises(UsageError, match="--name"):
        Publisher(outside.opening, outside.folder / "outbox").start()
    run.end()
    crawl().end()


def test_two_of_one_name_are_noticed_elsewhere(outside: Outside, crawl: Callable[..., Crawl]) -> None:
    run = crawl()
    run.give("mine")
    until(lambda: len(outside.pages()) == 1)
    until(lambda: saved_progress(outside) is not None)
    other = msgspec.structs.replace(saved_progress(outside), collected_at=NEVER, done=9)
    backends = outside.opening()
    backends.store.save_many([Save(item=other)])
    backends.close()
    run.give("mine too")
    until(lambda: run.publisher.failure is not None)
    with pytest.raises(UsageError, match="--name"):
        run.end()


def test_a_server_that_says_no_at_the_start_is_told_at_once(outside: Outside) -> None:
    outside.store_away = True
    publisher = Publisher(outside.opening, outside.folder / "outbox", pace=HASTY)
    with pytest.raises(OutsideFailed, match="库没有应答"):
        publisher.start()
    outside.store_away = False
    again = Publisher(outside.opening, outside.folder / "outbox", pace=HASTY)
    again.start()
    again.close(BOUND_S)


def saved_progress(outside: Outside) -> Any:
    backends = outside.opening()
    found = backends.store.get_many(Progress, ["crawl"])
    backends.close()
    return found["crawl"].item if found else None
