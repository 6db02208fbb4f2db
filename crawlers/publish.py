"""From the spiders through the outbox to the `pages` topic: what is given is safe, whatever becomes of bus and store.

Three threads, since each may have to wait for something else: one keeps what is given (disk), one answers what is known
(store), one publishes (bus and store). Spiders wait only where the outbox is full or the store cannot be asked.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

import msgspec
from msgspec import Struct

from crawlers.drain import Drain, answering
from crawlers.outbox import Bounds, Outbox
from crawlers.pieces import Piece
from stream import metrics
from stream.backends.sqlite_locks import FileLock
from stream.clock import wall_now
from stream.core.documents import Page
from stream.core.records import Fetched
from stream.errors import OutsideFailed, UsageError
from stream.ports import Backends, Evidence

log = logging.getLogger("huiying.crawl")

PUBLISHER = "crawl"
LAST_PAUSE_S = 0.5
"""Between the tries of one who is stopped: somebody waits for it, and what waits is safe."""
T = TypeVar("T")


class Pace(Struct, frozen=True, kw_only=True):
    """How often: a flush after `batch` pieces or `flush_s`, a mark each `mark_s` when idle, waits between tries."""

    batch: int = 100
    flush_s: float = 0.2
    mark_s: float = 1.0
    retry_s: tuple[float, ...] = (0.2, 1.0, 5.0)


class _Given(Struct, frozen=True):
    pieces: tuple[Piece, ...]
    answer: Future[None]


class _Question(Struct, frozen=True):
    ids: tuple[str, ...]
    answer: Future[dict[str, Fetched]]


class Publisher:
    """Owns its threads and, in them, its backends. `failure` is set when one has crashed; the crawl must end then."""

    def __init__(
        self,
        open_backends: Callable[[], Backends],
        path: Path,
        name: str = PUBLISHER,
        *,
        now: Callable[[], datetime] = wall_now,
        pace: Pace = Pace(),  # noqa: B008 (frozen)
        bounds: Bounds = Bounds(),  # noqa: B008 (frozen)
    ) -> None:
        """`path`: the outbox, one publisher's."""
        self._open = open_backends
        self._path = path
        self._name = name
        self._open_outbox: Callable[[], Outbox] = partial(Outbox, path, now, bounds)
        self._pace = pace
        self._given: queue.SimpleQueue[_Given | None] = queue.SimpleQueue()
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._guard, args=(work,), name=f"{name}-{work.__name__}", daemon=True)
            for work in (self._keep, self._tell, self._drain)
        ]
        self._stopping, self._resumed, self._kept = threading.Event(), threading.Event(), threading.Event()
        self._arrived, self._room = threading.Event(), threading.Event()
        self._turns = 0
        self.failure: BaseException | None = None

    def start(self, stop: threading.Event | None = None) -> None:
        """Starts the threads; returns once bus and store have answered (or `stop` was set). Raises what they said: a
        wrong address or password is told at once, not at the first page. Raises UsageError where another process has
        the outbox: two under one name would break each other's promises."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self._path.with_name(self._path.name + "-owner"))
        if not self._lock.try_lock():
            self._lock.close()
            raise UsageError(f"{self._path}：已有名为 {self._name} 的抓取进程在运行；请先停止它，或用 --name 另取名字")
        for thread in self._threads:
            thread.start()
        while not self._resumed.wait(0.05) and not (stop is not None and stop.is_set()):
            if self.failure is not None:
                self.close()

    def close(self, timeout_s: float = 30.0) -> None:
        """Publishes what waits and takes leave. Raises what a thread died of, OutsideFailed where nothing could be
        published for `timeout_s`: what waits stays in the outbox for the next start."""
        self._stopping.set()
        self._given.put(None)
        self._questions.put(None)
        turns, until = self._turns, monotonic() + timeout_s
        while any(thread.is_alive() for thread in self._threads) and monotonic() < until:
            self._threads[-1].join(0.05)
            if turns != self._turns:
                turns, until = self._turns, monotonic() + timeout_s
        is_over = not any(thread.is_alive() for thread in self._threads)
        if is_over:
            self._lock.close()
        if isinstance(self.failure, OutsideFailed) or not is_over:
            raise OutsideFailed(f"{self.failure or '总线或库没有应答'}；{self._left()}") from self.failure
        if self.failure is not None:
            raise self.failure

    async def give(self, *pieces: Piece) -> None:
        """Keeps pieces, in their order: they are on disk when it returns. Waits while the outbox is full. Raises what
        the publisher died of."""
        given = _Given(pieces, Future())
        self._given.put(given)
        await self._answer(given.answer)

    async def known(self, ids: Sequence[str]) -> dict[str, Fetched]:
        """What is remembered under these ids, everything given before included. Waits while the store is away."""
        question = _Question(tuple(ids), Future())
        self._questions.put(question)
        return await self._answer(question.answer)

    async def _answer(self, answer: Future[T]) -> T:
        waiting = asyncio.wrap_future(answer)
        try:
            while not waiting.done():
                self._check_living()
                await asyncio.wait([waiting], timeout=0.2)
        finally:
            waiting.cancel()
        return waiting.result()

    def _check_living(self) -> None:
        if self.failure is not None:
            raise self.failure
        if self._stopping.is_set() and not any(thread.is_alive() for thread in self._threads):
            raise OutsideFailed("抓取已经结束，这一条没有收下")

    def _left(self) -> str:
        with closing(self._open_outbox()) as outbox:
            return f"{outbox.length()} 条尚未发布，留在 {self._path}，下次启动时继续"

    # --- in the threads -----------------------------------------------------------------------------------------------

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001, RUF100 (carried to the crawl's thread, which raises it there)
            self.failure = self.failure or error
            self._stopping.set()
            self._given.put(None)
            self._questions.put(None)

    def _keep(self) -> None:
        """Pieces go to disk as they come, all that came meanwhile in one commit."""
        try:
            while not self._resumed.wait(0.1):
                if self._stopping.is_set():
                    return
            with closing(self._open()) as backends, closing(self._open_outbox()) as outbox:
                while batch := self._collected():
                    self._keep_batch(batch, outbox, backends.evidence)
        finally:
            self._kept.set()
            self._arrived.set()

    def _keep_batch(self, batch: Sequence[_Given], outbox: Outbox, evidence: Evidence) -> None:
        awaited = [one.answer for one in batch if one.answer.set_running_or_notify_cancel()]
        pieces = [self._patiently(partial(_proven, piece, evidence)) for one in batch for piece in one.pieces]
        are_kept = self._add(outbox, pieces)
        for answer in awaited:
            if are_kept:
                answer.set_result(None)
            else:
                answer.set_exception(OutsideFailed("抓取已经结束，待发布的内容已满，这一条没有收下"))

    def _collected(self) -> list[_Given]:
        """What waits, at least one; nothing at the end."""
        batch: list[_Given] = []
        one = self._given.get()
        while one is not None:
            batch.append(one)
            if len(batch) >= self._pace.batch:
                return batch
            try:
                one = self._given.get_nowait()
            except queue.Empty:
                return batch
        self._given.put(None)
        return batch

    def _add(self, outbox: Outbox, pieces: Sequence[Piece]) -> bool:
        """Waits for room where there is none; whether all are kept (not, where the crawl ends before there is)."""
        done = 0
        while done < len(pieces):
            self._room.clear()
            done += self._patiently(lambda: outbox.add(pieces[done:]))  # noqa: B023 (called at once)
            self._arrived.set()
            if done < len(pieces) and not self._room.wait(0.2) and self._stopping.is_set():
                return False
        return True

    def _tell(self) -> None:
        """The outbox is read first: what leaves it meanwhile has been saved before."""
        with closing(self._open()) as backends, closing(self._open_outbox()) as outbox:
            while (question := self._questions.get()) is not None:
                if not question.answer.set_running_or_notify_cancel():
                    continue
                try:
                    known = self._patiently(partial(_known, question.ids, outbox, backends))
                    question.answer.set_result(known)
                except OutsideFailed as error:  # only when stopped: nobody needs it any more
                    question.answer.set_exception(error)

    def _drain(self) -> None:
        with closing(self._open()) as backends, closing(self._open_outbox()) as outbox:
            drain = Drain(outbox, backends, self._name, self._pace.batch)
            self._resumed.set()
            marked, is_over = monotonic(), False
            while not is_over:
                metrics.turned(PUBLISHER)
                metrics.unpublished(outbox.length())
                is_over = self._kept.is_set()
                while self._patiently(drain.turn):
                    metrics.turned(PUBLISHER)
                    metrics.unpublished(outbox.length())
                    self._turns += 1
                    self._room.set()
                    marked = monotonic()
                if monotonic() - marked >= self._pace.mark_s and not is_over:
                    self._patiently(drain.mark)
                    marked = monotonic()
                if not is_over and self._arrived.wait(max(marked + self._pace.mark_s - monotonic(), 0.0)):
                    self._arrived.clear()
                    self._stopping.wait(self._pace.flush_s)
            self._leave(drain)

    def _leave(self, drain: Drain) -> None:
        """The outbox is empty: nobody need wait for this publisher's marks."""
        try:
            drain.mark(is_last=True)
        except OutsideFailed as error:
            log.warning("没有告别成功，处理端将多等一会儿：%s", error)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Tries again while the outside is ill. Gives up only when stopped."""
        tries = 0
        while True:
            try:
                return work()
            except OutsideFailed as error:
                if self._stopping.is_set() and tries >= len(self._pace.retry_s):
                    raise
                log.warning("稍后重试：%s", error)
                metrics.turned(PUBLISHER)
                pause_s = self._pace.retry_s[min(tries, len(self._pace.retry_s) - 1)]
                if self._stopping.wait(pause_s):
                    sleep(min(pause_s, LAST_PAUSE_S))
                tries += 1


def _proven(piece: Piece, evidence: Evidence) -> Piece:
    """With its capture in place of the exchange, whose bytes are safe then."""
    if piece.exchange is None or not isinstance(piece.message, Page):
        return piece
    page = msgspec.structs.replace(piece.message, capture=evidence.keep(piece.exchange))
    return msgspec.structs.replace(piece, message=page, exchange=None)


def _known(ids: Sequence[str], outbox: Outbox, backends: Backends) -> dict[str, Fetched]:
    waiting = outbox.known(ids)
    with answering("store"):
        found = backends.store.get_many(Fetched, list(ids))
    return {id: one.item for id, one in found.items() if isinstance(one.item, Fetched)} | waiting
