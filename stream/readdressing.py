"""Unread records, addressed anew for topics with another number of partitions. Pure.

A mark promises something of its own partition. It goes on, to every partition of the target, once each partition of
the source has come as far: then everything before it stands before it there too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from stream.core.codec import encode
from stream.core.documents import Coverage, Mark
from stream.errors import MessageRejected
from stream.journey import JOURNEY
from stream.ports import Outgoing, Record, targets
from stream.wire import addressed, received

COVERAGE_KEPT = 100_000
"""Coverage rows remembered, so that each is copied once; one that is copied again changes nothing."""
_WRITERS = {leg.writes: leg.step for leg in JOURNEY}
# A keyed step's marks in one partition follow those that it reads in that partition.
_FOLLOWS = {leg.step: _WRITERS[topic] for leg in JOURNEY if leg.order == "keyed" for topic in leg.reads}


class Placed(Struct, frozen=True):
    """A record and the partition of the target it belongs to."""

    partition: int
    body: bytes


class Marks:
    """The marks of one topic. `ahead`: for each partition, whose marks are still on their way to it (unread in the
    topics before this one)."""

    def __init__(self, partitions: Iterable[int], ahead: Mapping[int, Collection[str]]) -> None:
        self._partitions = list(partitions)
        self._ahead = ahead
        self._said: dict[str, dict[int, Mark]] = {}
        self._passed: dict[str, Mark] = {}
        self._ended: set[int] = set()

    def say(self, partition: int, mark: Mark) -> Iterator[Mark]:
        """Takes in a mark; what may be told to everyone now."""
        said = self._said.setdefault(mark.publisher, {})
        said[partition] = max(mark, said.get(partition, mark), key=_far)
        yield from self._passing(mark.publisher)

    def end(self, partition: int) -> Iterator[Mark]:
        """Nothing follows in this partition. A publisher that says nothing more in it has said it before: its marks
        were read there already, unless they are still on their way."""
        self._ended.add(partition)
        for publisher in self._said:
            yield from self._passing(publisher)

    def publishers(self, partition: int) -> set[str]:
        """Whose marks are unread in this partition."""
        return {publisher for publisher, said in self._said.items() if partition in said}

    def _passing(self, publisher: str) -> Iterator[Mark]:
        said = self._said[publisher]
        waited = [one for one in self._partitions if one not in self._ended or self._is_awaited(one, publisher)]
        if any(one not in said for one in waited):
            return
        mark = min((said[one] for one in waited), key=_far) if waited else max(said.values(), key=_far)
        passed = self._passed.get(publisher)
        if passed is None or _far(mark) > _far(passed):
            self._passed[publisher] = mark
            yield mark

    def _is_awaited(self, partition: int, publisher: str) -> bool:
        return any(one in self._ahead.get(partition, ()) for one in (publisher, _FOLLOWS.get(publisher)))


def _far(mark: Mark) -> tuple[object, ...]:
    return mark.collected_at, mark.is_last


class Readdressed:
    """Turns the records of one topic, as they come, into those of the target."""

    def __init__(self, marks: Marks, partitions: int) -> None:
        self._marks = marks
        self._partitions = partitions
        self._covered: OrderedDict[str, None] = OrderedDict()

    def place(self, record: Record) -> Iterator[Placed]:
        """Where the record goes; nothing for what waits, or went already. Raises NewerSchema."""
        for one in self._outgoing(record):
            yield from self._placed(one)

    def end(self, partition: int) -> Iterator[Placed]:
        """Nothing follows in this partition of the source: what waited for it."""
        for mark in self._marks.end(partition):
            yield from self._placed(addressed(mark))

    def _placed(self, outgoing: Outgoing) -> Iterator[Placed]:
        for partition in targets(outgoing, self._partitions):
            yield Placed(partition, outgoing.body)

    def _outgoing(self, record: Record) -> Iterator[Outgoing]:
        try:
            message = received(record.body)
        except MessageRejected:
            # Nobody can say whose it is; its step rejects it wherever it comes.
            yield Outgoing(body=record.body, partition=0)
            return
        if isinstance(message, Mark):
            yield from (Outgoing(body=encode(one)) for one in self._marks.say(record.partition, message))
        elif not (isinstance(message, Coverage) and self._is_known(message.id)):
            yield Outgoing(body=record.body, key=addressed(message).key)

    def _is_known(self, coverage: str) -> bool:
        is_known = coverage in self._covered
        self._covered[coverage] = None
        while len(self._covered) > COVERAGE_KEPT:
            self._covered.popitem(last=False)
        return is_known
