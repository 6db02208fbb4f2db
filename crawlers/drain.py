"""From the outbox to the `pages` topic and the store, in order, with marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from msgspec import Struct

from crawlers.outbox import Outbox, Waiting
from crawlers.pieces import Publishable
from stream import metrics
from stream.core.codec import Item
from stream.core.documents import Mark
from stream.core.records import Progress, Rejected
from stream.errors import MessageRejected, OutsideFailed, UsageError
from stream.journey import rejected_topic
from stream.ports import Backends, Outgoing, Save
from stream.rejects import rejected_message
from stream.wire import addressed

TOPIC = "pages"
STEP = "crawl"
"""Whose rejects they are, whatever the publisher's name."""


class _Batch(Struct):
    """What is being published; once the broker has it, only the store is still asked."""

    pieces: Sequence[Waiting]
    refused: list[Rejected]
    is_published: bool = False


class Drain:
    """Publishes for one publisher. A call that raised OutsideFailed is simply made again.

    A mark is published in a call of its own after the pieces before it have left the outbox: whatever is published
    again after a failure then stands before it.
    """

    def __init__(self, outbox: Outbox, backends: Backends, name: str, limit: int) -> None:
        """Instants go on where an earlier run stopped, also when the outbox was lost and the clock set back since.
        Raises OutsideFailed or SettingsError where bus or store cannot be used: better told at once than at a page."""
        self._outbox = outbox
        self._backends = backends
        self._name = name
        self._limit = limit
        self._batch: _Batch | None = None
        self._done, self._revision = 0, 0
        self._counted_at: datetime | None = None
        with answering("bus"):
            backends.bus.partitions(TOPIC)
        with answering("store"):
            self._resume()

    def turn(self) -> bool:
        """One batch, then a mark; whether there was one."""
        if self._batch is None:
            pieces = self._outbox.head(self._limit)
            if not pieces:
                return False
            self._batch = _Batch(pieces, [])
        with self._backends.together():
            with answering("bus"):
                self._publish(self._batch)
            with answering("store"):
                progress, revision = self._save(self._batch)
        # Only now: what stands in one transaction may still have failed as a whole.
        self._done, self._counted_at, self._revision = progress.done, progress.collected_at, revision
        self._outbox.drop(self._batch.pieces[-1].at)
        self._batch = None
        self.mark()
        return True

    def mark(self, *, is_last: bool = False) -> None:
        """Promises as much as can be promised now."""
        at = self._outbox.promise()
        mark = Mark(id=f"mark:{self._name}", collected_at=at, publisher=self._name, is_last=is_last)
        with answering("bus"):
            self._backends.bus.publish(TOPIC, [addressed(mark)])

    def _resume(self) -> None:
        found = self._backends.store.get_many(Progress, [self._name])
        if self._name in found and isinstance(progress := found[self._name].item, Progress):
            self._outbox.go_on_from(progress.collected_at)
            self._done, self._counted_at = progress.done, progress.collected_at
            self._revision = found[self._name].revision

    def _publish(self, batch: _Batch) -> None:
        """A batch that bus and store take apart is sent only once, however long the store is away."""
        if batch.is_published:
            return
        given = [one.message for one in batch.pieces if one.message is not None]
        batch.refused = [one for one in given if isinstance(one, Rejected)]
        batch.refused += self._send([one for one in given if not isinstance(one, Rejected)])
        if batch.refused:
            outgoing = [Outgoing(body=addressed(one).body, key=one.id) for one in batch.refused]
            self._backends.bus.publish(rejected_topic(STEP), outgoing)
        batch.is_published = not self._backends.is_atomic

    def _send(self, messages: Sequence[Publishable]) -> Iterable[Rejected]:
        """Those that the bus does not take are rejected; none of them stops the others."""
        try:
            self._backends.bus.publish(TOPIC, [addressed(one) for one in messages])
        except MessageRejected as error:
            if len(messages) == 1:
                return [rejected_message(STEP, messages[0], error.reason)]
            return [refused for one in messages for refused in self._send([one])]
        return []

    def _save(self, batch: _Batch) -> tuple[Progress, int]:
        """The progress as it is now, and its revision."""
        pages = [one for one in batch.pieces if one.message is not None and not isinstance(one.message, Rejected)]
        # A batch that was saved, but not dropped before the end of a process, is counted once.
        new = [one for one in pages if self._counted_at is None or one.at > self._counted_at]
        at, done = batch.pieces[-1].at, self._done + len(new)
        latest = {item.id: item for one in batch.pieces for item in one.remember}
        items: list[Item] = [*batch.refused, *latest.values()]
        saved = self._backends.store.save_many([Save(item=item) for item in items])
        if not all(one.ok for one in saved):
            raise OutsideFailed("库没有收下全部抓取记录，稍后重试")
        progress = Progress(id=self._name, collected_at=at, done=done)
        return progress, self._save_progress(progress, batch)

    def _save_progress(self, progress: Progress, batch: _Batch) -> int:
        """By compare-and-set: nobody else may publish under this name. A save of ours whose answer was lost, also one
        of a process that was killed, is at an instant of this batch, since the batch still waits."""
        store = self._backends.store
        saved = store.save_many([Save(item=progress, expected=self._revision)])[0]
        if not saved.ok:
            found = store.get_many(Progress, [self._name])
            if self._name in found and found[self._name].item.collected_at not in {one.at for one in batch.pieces}:
                raise UsageError(f"另一个抓取进程也以 {self._name} 之名发布；请用 --name 让每个进程各有名字")
            self._revision = found[self._name].revision if self._name in found else 0
            raise OutsideFailed("抓取进度没有存下，稍后重试")
        return saved.revision


@contextmanager
def answering(server: Literal["bus", "store"]) -> Iterator[None]:
    """Counts whether the server answers."""
    try:
        yield
    except OutsideFailed:
        metrics.outage(server, is_away=True)
        raise
    metrics.outage(server, is_away=False)
