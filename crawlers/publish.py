"""From the spiders to the `pages` topic: one thread, one publisher, in batches, with marks.

The only place here that reads the clock for `collected_at`: it is given at publishing, never before, and never runs
backwards, so that a mark's promise ("nothing earlier follows") is always kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from time import monotonic, sleep

import msgspec
from msgspec import Struct

from stream.clock import wall_now
from stream.core.codec import encode
from stream.core.documents import Coverage, Decision, Mark, Page
from stream.core.records import Fetched, Progress, Rejected
from stream.errors import OutsideFailed
from stream.journey import rejected_topic
from stream.ports import Backends, Exchange, Outgoing, Save
from stream.wire import addressed

log = logging.getLogger("huiying.crawl")

PUBLISHER = "crawl"
TOPIC = "pages"
QUEUED = 500
"""Pages waiting at most (≤ 4 MB each): spiders wait when the bus does."""
HTML_LIMIT = 700_000
"""Bytes of a page on the bus, where a message may have 1 MB after base64; the vault keeps all of it."""
TICK = timedelta(microseconds=1)

Publishable = Page | Coverage | Decision | Rejected


class Piece(Struct, frozen=True, kw_only=True):
    """What belongs together: a message, the exchange that proves it, and what to remember once it is published."""

    message: Publishable | None = None
    exchange: Exchange | None = None
    remember: tuple[Fetched | Progress, ...] = ()


class Pace(Struct, frozen=True, kw_only=True):
    """How often: a flush after `batch` pieces or `flush_s`, a mark each `mark_s` when idle, waits between tries."""

    batch: int = 100
    flush_s: float = 0.2
    mark_s: float = 1.0
    retry_s: tuple[float, ...] = (0.2, 1.0, 5.0)


class _Question(Struct, frozen=True):
    ids: tuple[str, ...]
    answer: Future[dict[str, Fetched]]


def post_id(url: str) -> str:
    """The id of the post at an address: the same as a row with this `url` and no `id` gets (docs/formats.md)."""
    return f"p-{hashlib.sha256(url.strip().encode('utf-8', 'replace')).hexdigest()[:16]}"


class Publisher:
    """Owns its thread and, in it, its backends. `failure` is set when it has crashed; the crawl must end then."""

    def __init__(
        self,
        open_backends: Callable[[], Backends],
        name: str = PUBLISHER,
        now: Callable[[], datetime] = wall_now,
        pace: Pace = Pace(),  # noqa: B008 (frozen)
    ) -> None:
        self._open = open_backends
        self._name = name
        self._now = now
        self._pace = pace
        self._queue: queue.Queue[Piece | _Question | None] = queue.Queue(QUEUED)
        self._thread = threading.Thread(target=self._run, name=f"publisher-{name}", daemon=True)
        self._stopping = threading.Event()
        self._last: datetime | None = None
        self._done = 0
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self, timeout_s: float = 30.0) -> None:
        """Publishes what waits, then ends. Raises what the thread died of, OutsideFailed if it does not end."""
        self._stopping.set()
        while self._thread.is_alive() and not self._offer(None):
            self._thread.join(0.05)
        self._thread.join(timeout_s)
        if self.failure is not None:
            raise self.failure
        if self._thread.is_alive():
            raise OutsideFailed(f"发布线程 {timeout_s:.0f} 秒内没有结束：总线或库没有应答")

    async def give(self, piece: Piece) -> None:
        """Queues a piece; waits while the queue is full. Raises what the publisher died of."""
        await self._put(piece)

    async def known(self, ids: Sequence[str]) -> dict[str, Fetched]:
        """What is remembered under these ids, everything given before included."""
        question = _Question(tuple(ids), Future())
        await self._put(question)
        return await asyncio.wrap_future(question.answer)

    async def _put(self, piece: Piece | _Question) -> None:
        while not self._offer(piece):
            await asyncio.sleep(0.05)
        if self.failure is not None:
            raise self.failure

    def _offer(self, piece: Piece | _Question | None) -> bool:
        try:
            self._queue.put_nowait(piece)
        except queue.Full:
            if self.failure is not None:
                raise self.failure from None
            return False
        return True

    # --- in the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            backends = self._open()
            try:
                self._loop(backends)
            finally:
                backends.close()
        except BaseException as error:  # noqa: BLE001, RUF100 (carried to the crawl's thread, which raises it there)
            self.failure = error
            self._release_waiting(error)

    def _loop(self, backends: Backends) -> None:
        self._resume(backends)
        marked = monotonic()
        is_open = True
        while is_open:
            pieces, questions, is_open = self._collect(marked + self._pace.mark_s)
            if pieces or monotonic() - marked >= self._pace.mark_s or not is_open:
                self._flush(backends, pieces)
                marked = monotonic()
            for question in questions:
                _answer(question, backends)

    def _collect(self, until: float) -> tuple[list[Piece], list[_Question], bool]:
        """A batch: what comes within `flush_s` of its first piece. A question ends it, and sees what went before."""
        pieces: list[Piece] = []
        while len(pieces) < self._pace.batch:
            try:
                one = self._queue.get(timeout=max(until - monotonic(), 0.001))
            except queue.Empty:
                break
            if one is None:
                return pieces, [], False
            if isinstance(one, _Question):
                return pieces, [one], True
            if not pieces:
                until = min(until, monotonic() + self._pace.flush_s)
            pieces.append(one)
        return pieces, [], True

    def _resume(self, backends: Backends) -> None:
        """The clock goes on where an earlier run stopped, also when the machine's was set back since."""
        found = backends.store.get_many(Progress, [self._name])
        if self._name in found:
            progress = found[self._name].item
            self._last = progress.collected_at
            self._done = progress.done if isinstance(progress, Progress) else 0

    def _tick(self) -> datetime:
        """Now, and later than ever before."""
        now = self._now()
        self._last = now if self._last is None or now > self._last else self._last + TICK
        return self._last

    def _flush(self, backends: Backends, pieces: Sequence[Piece]) -> None:
        stamped = [(piece, self._tick()) for piece in pieces]
        self._patiently(lambda: self._publish(backends, stamped))

    def _publish(self, backends: Backends, stamped: Sequence[tuple[Piece, datetime]]) -> None:
        pages: list[Outgoing] = []
        rejects: list[Outgoing] = []
        saves: list[Save] = []
        for piece, at in stamped:
            message = _finished(piece, at, backends)
            if isinstance(message, Rejected):
                rejects.append(Outgoing(body=encode(message), key=message.id))
                saves.append(Save(item=message))
            elif message is not None:
                pages.append(addressed(message))
            saves += [Save(item=msgspec.structs.replace(item, collected_at=at)) for item in piece.remember]
        mark = Mark(id=f"mark:{self._name}", collected_at=self._tick(), publisher=self._name)
        done = self._done + len(pages)
        if stamped:
            saves.append(Save(item=Progress(id=self._name, collected_at=mark.collected_at, done=done)))
        with backends.together():
            backends.bus.publish(TOPIC, [*pages, addressed(mark)])
            if rejects:
                backends.bus.publish(rejected_topic(PUBLISHER), rejects)
            if saves:
                backends.store.save_many(saves)
        self._done = done

    def _patiently(self, work: Callable[[], None]) -> None:
        """Tries again while the outside is ill; published twice is published once (ids). Gives up only when stopped."""
        tries = 0
        while True:
            try:
                return work()
            except OutsideFailed as error:
                if self._stopping.is_set() and tries >= len(self._pace.retry_s):
                    raise
                log.warning("发布失败，稍后重试：%s", error)
                sleep(self._pace.retry_s[min(tries, len(self._pace.retry_s) - 1)])
                tries += 1

    def _release_waiting(self, error: BaseException) -> None:
        """Nobody waits for an answer that will not come."""
        while True:
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                return
            if isinstance(one, _Question):
                one.answer.set_exception(error)


def _finished(piece: Piece, at: datetime, backends: Backends) -> Publishable | None:
    """The message with its instant and, once its bytes are safe, its capture."""
    if piece.message is None:
        return None
    message = msgspec.structs.replace(piece.message, collected_at=at)
    if piece.exchange is None or not isinstance(message, Page):
        return message
    capture = backends.evidence.keep(piece.exchange)
    return msgspec.structs.replace(message, capture=capture)


def _answer(question: _Question, backends: Backends) -> None:
    found = backends.store.get_many(Fetched, list(question.ids))
    question.answer.set_result({id: one.item for id, one in found.items() if isinstance(one.item, Fetched)})


def fetched_id(source: str, url: str) -> str:
    """The key under which a source remembers an address."""
    return hashlib.sha256(f"{source}\x1f{url}".encode("utf-8", "replace")).hexdigest()[:32]


def sha256(parts: Iterable[bytes]) -> str:
    """Hex SHA-256 of bytes one after the other."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
