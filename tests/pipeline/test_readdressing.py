"""Where unread records go in topics with another number of partitions, and when their marks may follow."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import pytest

from stream.core.codec import decode, encode
from stream.core.documents import Coverage, Decision, Mark, Page
from stream.core.intervals import SHANGHAI
from stream.ports import Record, partition_of
from stream.readdressing import Marks, Placed, Readdressed

START = datetime(2030, 5, 1, 8, tzinfo=SHANGHAI)

Said = tuple[int, str]
"""Partition, and what happens there: `a3` = publisher a's mark of minute 3, `a3.` = its last one, `|` = the end."""


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def mark(text: str) -> Mark:
    publisher, minute = text[0], int(text[1:].rstrip("."))
    return Mark(id=f"mark:{publisher}", collected_at=at(minute), publisher=publisher, is_last=text.endswith("."))


def spoken(marks: Iterable[Mark]) -> list[str]:
    minutes = ((one, (one.collected_at - START) // timedelta(minutes=1)) for one in marks)
    return [f"{one.publisher}{minute}{'.' if one.is_last else ''}" for one, minute in minutes]


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ([(0, "a3")], []),
        ([(0, "a3"), (1, "a3")], ["a3"]),
        ([(0, "a3"), (0, "a4"), (1, "a2")], ["a2"]),
        ([(0, "a3"), (1, "a3"), (0, "a3"), (1, "a3")], ["a3"]),
        ([(0, "a3"), (1, "a5"), (0, "a4"), (1, "a4")], ["a3", "a4"]),
        ([(0, "a3"), (1, "b5"), (0, "b6"), (1, "a4")], ["b5", "a3"]),
        ([(0, "a3."), (1, "a2"), (1, "a3.")], ["a2", "a3."]),
        ([(0, "a3."), (0, "a7"), (1, "a3."), (1, "a7")], ["a3.", "a7"]),
        ([(0, "a3"), (0, "a5"), (1, "|")], ["a5"]),
        ([(1, "|"), (0, "a3"), (0, "a5")], ["a3", "a5"]),
        ([(0, "a5"), (1, "a3"), (1, "|"), (0, "|")], ["a3", "a5"]),
        ([(0, "|"), (1, "|")], []),
    ],
)
def test_marks_pass_when_every_partition_has_come_as_far(said: list[Said], passed: list[str]) -> None:
    assert heard(said, {}) == passed


@pytest.mark.parametrize(
    ("said", "ahead", "passed"),
    [
        # Partition 1 has yet to get a's marks from the topic before.
        ([(0, "a5"), (1, "|"), (0, "|")], {1: {"a"}}, []),
        ([(0, "a5"), (1, "a3"), (1, "|"), (0, "|")], {1: {"a"}}, ["a3"]),
        ([(0, "a5"), (1, "|"), (0, "|")], {1: {"b"}}, ["a5"]),
        ([(0, "a5"), (1, "|"), (0, "|")], {0: {"a"}}, ["a5"]),
    ],
)
def test_marks_wait_for_what_is_on_its_way(said: list[Said], ahead: dict[int, set[str]], passed: list[str]) -> None:
    assert heard(said, ahead) == passed


def heard(said: list[Said], ahead: dict[int, set[str]]) -> list[str]:
    marks = Marks(range(2), ahead)
    passed: list[Mark] = []
    for partition, what in said:
        passed += marks.end(partition) if what == "|" else marks.say(partition, mark(what))
    return spoken(passed)


@pytest.mark.parametrize(("publisher", "follows", "is_awaited"), [
    ("judge", "gather", True), ("alert", "judge", True), ("judge", "crawl", False), ("gather", "crawl", False),
])  # fmt: skip
def test_a_lane_s_marks_follow_those_it_reads(publisher: str, follows: str, is_awaited: bool) -> None:
    """Where a lane has yet to read marks, its own there will be earlier than the other lanes'."""
    marks = Marks(range(2), {1: {follows}})
    said = Mark(id=f"mark:{publisher}", collected_at=at(5), publisher=publisher)
    passed = [*marks.say(0, said), *marks.end(1), *marks.end(0)]
    assert (passed == []) == is_awaited
    assert marks.publishers(0) == {publisher} and marks.publishers(1) == set()


# --- records ----------------------------------------------------------------------------------------------------------


def placed(bodies: Collection[bytes], partitions: int = 3) -> list[Placed]:
    """What becomes of records that come by the two partitions in turn."""
    readdressed = Readdressed(Marks(range(2), {}), partitions)
    records = [Record(topic="pages", partition=n % 2, offset=n, body=body) for n, body in enumerate(bodies)]
    return [one for record in records for one in readdressed.place(record)]


def test_a_message_goes_where_its_step_would_have_sent_it() -> None:
    page = Page(id="p", collected_at=at(1))
    decision = Decision(id="d", collected_at=at(1), who="x", what="dismiss", incident_of="p")
    [first, second] = placed([encode(page), encode(decision)])
    assert first.partition == second.partition == partition_of("p", 3)
    assert (first.body, second.body) == (encode(page), encode(decision))


def test_coverage_goes_everywhere_once() -> None:
    row = Coverage(id="c", collected_at=at(1), source="s", from_at=at(0), to_at=at(1), reachable=True)
    assert [one.partition for one in placed([encode(row), encode(row)])] == [0, 1, 2]


def test_a_mark_goes_everywhere_once_it_holds() -> None:
    found = placed([encode(mark("a4")), encode(mark("a3"))])
    assert [one.partition for one in found] == [0, 1, 2]
    assert {decode(one.body).collected_at for one in found} == {at(3)}


def test_what_nobody_can_read_goes_along_as_it_is() -> None:
    assert placed([b"\xff{", b"\xff{"]) == [Placed(0, b"\xff{"), Placed(0, b"\xff{")]
