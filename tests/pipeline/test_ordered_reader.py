"""The ordered reader releases in order, up to the smallest mark, and commits nothing it has not released."""

from datetime import datetime, timedelta

import pytest

from stream.core.codec import encode
from stream.core.documents import Coverage, Mark, Page
from stream.core.intervals import SHANGHAI
from stream.errors import OutsideFailed
from stream.ordered import OrderedReader
from stream.ports import Backends, Outgoing
from stream.wire import addressed

START = datetime(2030, 5, 1, 8, tzinfo=SHANGHAI)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def page(minute: int, name: str | None = None) -> Page:
    return Page(id=name or f"p{minute:03d}", collected_at=at(minute))


def send(backends: Backends, partition: int, *pages: Page) -> None:
    backends.bus.publish("pages", [Outgoing(body=encode(one), partition=partition) for one in pages])


def mark(backends: Backends, minute: int, partition: int | None = None, publisher: str = "test") -> None:
    one = Mark(id=f"mark:{publisher}", collected_at=at(minute), publisher=publisher)
    backends.bus.publish("pages", [addressed(one, partition)])


@pytest.fixture
def reader(backends: Backends) -> OrderedReader:
    return OrderedReader(backends.bus.subscribe(["pages"], "test"))


def drain(reader: OrderedReader) -> list[str]:
    found: list[str] = []
    for _ in range(20):
        found += [one.id for one in reader.poll(50, 0.0).messages]
    return found


def test_partitions_are_merged_by_time_then_id(backends: Backends, reader: OrderedReader) -> None:
    send(backends, 0, page(5), page(9))
    send(backends, 1, page(7), page(8, "b"), page(8, "a"))
    send(backends, 2, page(6))
    mark(backends, 10)
    assert drain(reader) == ["p005", "p006", "p007", "a", "b", "p009"]


def test_a_silent_partition_holds_everything_back(backends: Backends, reader: OrderedReader) -> None:
    send(backends, 0, page(1))
    mark(backends, 30, partition=0)
    mark(backends, 30, partition=1)
    assert drain(reader) == []
    send(backends, 2, page(0))
    mark(backends, 30, partition=2)
    assert drain(reader) == ["p000", "p001"]


def test_the_slowest_publisher_decides(backends: Backends, reader: OrderedReader) -> None:
    mark(backends, 3, publisher="slow")
    send(backends, 0, page(2), page(5))
    mark(backends, 9, publisher="fast")
    assert drain(reader) == ["p002"]
    mark(backends, 9, publisher="slow")
    assert drain(reader) == ["p005"]


def test_a_message_at_the_mark_waits(backends: Backends, reader: OrderedReader) -> None:
    send(backends, 0, page(4))
    mark(backends, 4)
    assert drain(reader) == []


def test_only_released_messages_are_committable(backends: Backends, reader: OrderedReader) -> None:
    send(backends, 0, page(1), page(20))
    mark(backends, 10)
    drain(reader)
    send(backends, 0, page(11))
    reader.poll(50, 0.0)
    again = OrderedReader(subscription := backends.bus.subscribe(["pages"], "other"))
    subscription.commit(reader.committable())
    subscription.rewind()
    mark(backends, 30)
    assert drain(again) == ["p011", "p020"]


def test_coverage_of_every_partition_is_one(backends: Backends, reader: OrderedReader) -> None:
    span = Coverage(id="c1", collected_at=at(2), source="s", from_at=at(0), to_at=at(2), reachable=True)
    backends.bus.publish("pages", [addressed(span)])
    mark(backends, 3)
    assert drain(reader) == ["c1"]


def test_two_revisions_of_one_instant_both_pass(backends: Backends, reader: OrderedReader) -> None:
    send(backends, 0, page(1, "same"), page(1, "same"))
    mark(backends, 2)
    assert drain(reader) == ["same", "same"]


def test_what_is_held_is_bounded(backends: Backends) -> None:
    reader = OrderedReader(backends.bus.subscribe(["pages"], "test"), capacity=10)
    send(backends, 0, *(page(n) for n in range(12)))
    reader.poll(50, 0.0)
    with pytest.raises(OutsideFailed):
        reader.poll(50, 0.0)
