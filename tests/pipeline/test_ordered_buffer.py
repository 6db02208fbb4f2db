"""The ordered buffer releases in order, up to the smallest mark, and commits nothing it has not released."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import pytest

from stream.core.codec import encode
from stream.core.documents import Coverage, Mark, Page, Row
from stream.core.intervals import SHANGHAI
from stream.errors import OutsideFailed
from stream.ordered import OrderedBuffer
from stream.ports import Record

START = datetime(2030, 5, 1, 8, tzinfo=SHANGHAI)
PARTITIONS = [("pages", number) for number in range(3)]
EVERYWHERE = (0, 1, 2)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def page(minute: int, name: str | None = None) -> Page:
    return Page(id=name or f"p{minute:03d}", collected_at=at(minute))


def span(name: str, minute: int) -> Coverage:
    return Coverage(id=name, collected_at=at(minute), source="s", from_at=at(0), to_at=at(minute), reachable=True)


class Feeding:
    """A buffer and what comes into it, partition by partition."""

    def __init__(self, capacity: int = 1000) -> None:
        self.buffer = OrderedBuffer(PARTITIONS, capacity)
        self.offsets = dict.fromkeys(EVERYWHERE, 0)

    def send(self, partition: int, *messages: Page | Coverage | Mark) -> None:
        for one in messages:
            record = Record(topic="pages", partition=partition, offset=self.offsets[partition], body=encode(one))
            self.offsets[partition] += 1
            self.buffer.take(record)

    def mark(self, minute: float, *partitions: int, publisher: str = "test", is_last: bool = False) -> None:
        one = Mark(id=f"mark:{publisher}", collected_at=at(minute), publisher=publisher, is_last=is_last)
        for partition in partitions or EVERYWHERE:
            self.send(partition, one)

    def drain(self, limit: int = 50) -> list[str]:
        return list(self._drained(limit))

    def _drained(self, limit: int) -> Iterator[str]:
        while messages := self.buffer.release(limit).messages:
            yield from (one.id for one in messages)


@pytest.fixture
def feeding() -> Feeding:
    return Feeding()


def test_partitions_are_merged_by_time_then_id(feeding: Feeding) -> None:
    feeding.send(0, page(5), page(9))
    feeding.send(1, page(7), page(8, "b"), page(8, "a"))
    feeding.send(2, page(6))
    feeding.mark(10)
    assert feeding.drain() == ["p005", "p006", "p007", "a", "b", "p009"]


def test_a_silent_partition_holds_everything_back(feeding: Feeding) -> None:
    feeding.send(0, page(1))
    feeding.mark(30, 0, 1)
    assert (feeding.drain(), feeding.buffer.release(9).until) == ([], None)
    feeding.send(2, page(0))
    feeding.mark(30, 2)
    assert feeding.drain() == ["p000", "p001"]


def test_the_slowest_publisher_decides(feeding: Feeding) -> None:
    feeding.mark(3, publisher="slow")
    feeding.send(0, page(2), page(5))
    feeding.mark(9, publisher="fast")
    assert feeding.drain() == ["p002"]
    feeding.mark(9, publisher="slow")
    assert feeding.drain() == ["p005"]


def test_nobody_waits_for_a_publisher_that_has_left(feeding: Feeding) -> None:
    feeding.mark(3, publisher="leaving")
    feeding.send(0, page(2), page(5))
    feeding.mark(9, publisher="staying")
    feeding.mark(4, publisher="leaving", is_last=True)
    assert feeding.drain() == ["p002", "p005"]


def test_the_last_word_of_the_last_publisher_stands(feeding: Feeding) -> None:
    feeding.send(0, page(2), page(5))
    feeding.mark(4, is_last=True)
    assert feeding.drain() == ["p002"]
    assert feeding.buffer.watermark() == at(4)


def test_nobody_waits_for_a_publisher_that_has_been_silent_for_an_hour(feeding: Feeding) -> None:
    feeding.mark(0, publisher="dead")
    feeding.send(0, page(1))
    feeding.mark(60, publisher="alive")
    assert feeding.drain() == []
    feeding.mark(61, publisher="alive")
    assert feeding.drain() == ["p001"]


def test_a_message_at_the_mark_waits(feeding: Feeding) -> None:
    feeding.send(0, page(4))
    feeding.mark(4)
    assert feeding.drain() == []


def test_only_released_messages_are_committable(feeding: Feeding) -> None:
    feeding.send(0, page(1), page(20))
    feeding.send(1, page(2))
    feeding.mark(10)
    assert feeding.drain() == ["p001", "p002"]
    assert feeding.buffer.committable() == {("pages", 0): 1, ("pages", 1): 2, ("pages", 2): 1}


def test_coverage_of_every_partition_is_one(feeding: Feeding) -> None:
    for partition in EVERYWHERE:
        feeding.send(partition, span("c1", 2))
    feeding.mark(3)
    assert feeding.drain() == ["c1"]


def test_coverage_comes_first_and_is_never_cut_apart(feeding: Feeding) -> None:
    feeding.send(0, page(2, "a"), page(2, "b"))
    feeding.send(1, span("z1", 2), span("z2", 2), span("z3", 2), span("z4", 3))
    feeding.mark(4)
    released = [[one.id for one in feeding.buffer.release(2).messages] for _ in range(4)]
    assert released == [["z1", "z2", "z3"], ["a", "b"], ["z4"], []]


def test_two_revisions_of_one_instant_both_pass(feeding: Feeding) -> None:
    feeding.send(0, page(1, "same"), page(1, "same"))
    feeding.mark(2)
    assert feeding.drain() == ["same", "same"]


def test_partitions_that_are_ahead_wait_when_much_is_held() -> None:
    feeding = Feeding(capacity=10)
    feeding.mark(0)
    feeding.send(0, *(page(n) for n in range(1, 10)))
    feeding.mark(10, 0, 1)
    assert feeding.buffer.ahead() == set()
    feeding.send(0, page(9, "tenth"))
    assert feeding.buffer.ahead() == {("pages", 0), ("pages", 1)}
    feeding.mark(10, 2)
    assert (len(feeding.drain()), feeding.buffer.ahead()) == (10, set())


def test_what_nobody_can_release_is_bounded() -> None:
    feeding = Feeding(capacity=10)
    with pytest.raises(OutsideFailed, match="时间标记"):
        feeding.send(0, *(page(n) for n in range(30)))


def test_a_release_of_large_messages_is_short(feeding: Feeding) -> None:
    large = msgspec.structs.replace(page(1), row=Row(text="大" * (1 << 20)))
    feeding.send(0, *(msgspec.structs.replace(large, id=f"l{n}") for n in range(5)))
    feeding.mark(2)
    assert [len(feeding.buffer.release(100).messages) for _ in range(3)] == [3, 2, 0]
