"""The file in which pieces wait: instants only grow, room is bounded, the newest memory counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crawlers.outbox import Bounds, Outbox
from crawlers.pieces import Piece
from crawlers.polling import NEVER
from stream.core.documents import Page
from stream.core.intervals import SHANGHAI
from stream.core.records import Fetched

START = datetime(2025, 9, 12, 8, tzinfo=SHANGHAI)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)


def piece(name: str, kilobytes: int = 0, etag: str | None = None) -> Piece:
    page = Page(id=name, collected_at=NEVER, html=b"." * (kilobytes * 750))
    return Piece(message=page, remember=(Fetched(id=name, collected_at=NEVER, source="a", url=name, etag=etag),))


def clock(*minutes: int) -> Callable[[], datetime]:
    rest = list(minutes)
    return lambda: START + MINUTE * (rest.pop(0) if len(rest) > 1 else rest[0])


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Outbox]]:
    made: list[Outbox] = []

    def opening(*minutes: int, **bounds: int) -> Outbox:
        made.append(Outbox(tmp_path / "data" / "outbox", clock(*(minutes or (0,))), Bounds(**bounds)))
        return made[-1]

    yield opening
    for one in made:
        one.close()


def ids(outbox: Outbox, limit: int = 100) -> list[str]:
    return [one.message.id for one in outbox.head(limit) if one.message is not None]


def test_instants_only_grow_whatever_the_clock_shows(opened: Callable[..., Outbox]) -> None:
    opened(5, 3, 9).add([piece("a"), piece("b"), piece("c")])
    again = opened(1)  # another process, its clock set back
    again.add([piece("d")])
    given = [one.at for one in again.head(10)]
    assert given == [START + 5 * MINUTE, START + 5 * MINUTE + TICK, START + 9 * MINUTE, START + 9 * MINUTE + TICK]
    assert [one.message.collected_at for one in again.head(10) if one.message] == given
    assert [one.remember[0].collected_at for one in again.head(10)] == given


def test_a_mark_promises_no_more_than_what_waits(opened: Callable[..., Outbox]) -> None:
    outbox = opened(0, 1, 2, 7)
    outbox.add([piece("a"), piece("b")])
    assert outbox.promise() == START
    outbox.drop(START)
    assert outbox.promise() == START + MINUTE
    outbox.drop(START + MINUTE)
    assert outbox.promise() == START + 2 * MINUTE
    outbox.add([piece("c")])
    assert outbox.head(1)[0].at == START + 7 * MINUTE


def test_nothing_is_given_before_a_promise(opened: Callable[..., Outbox]) -> None:
    promised = opened(5).promise()
    later = opened(1)
    later.add([piece("a")])
    assert later.head(1)[0].at > promised


def test_instants_go_on_from_what_was_published(opened: Callable[..., Outbox]) -> None:
    outbox = opened(0)
    outbox.go_on_from(START + MINUTE)
    outbox.go_on_from(START)
    outbox.add([piece("a")])
    assert outbox.head(1)[0].at == START + MINUTE + TICK


@pytest.mark.parametrize(("bounds", "kept"), [({"pieces": 2}, 2), ({"bytes": 25_000}, 3), ({}, 5)])
def test_it_is_bounded_and_has_room_again(bounds: dict[str, int], kept: int, opened: Callable[..., Outbox]) -> None:
    outbox = opened(**bounds)
    some = [piece(name, kilobytes=10) for name in "abcde"]
    assert outbox.add(some) == kept
    assert ids(outbox) == list("abcde")[:kept]
    assert outbox.add(some[kept:]) == 0
    outbox.drop(outbox.head(kept)[-1].at)
    assert outbox.length() == 0
    assert outbox.add(some[kept:]) == min(kept, 5 - kept)


@pytest.mark.parametrize(("limit", "batch_bytes", "first"), [(2, 10**6, 2), (9, 25_000, 2), (9, 1, 1), (9, 10**6, 4)])
def test_a_batch_is_bounded(limit: int, batch_bytes: int, first: int, opened: Callable[..., Outbox]) -> None:
    outbox = opened(batch_bytes=batch_bytes)
    outbox.add([piece(name, kilobytes=10) for name in "abcd"])
    assert ids(outbox, limit) == list("abcd")[:first]


def test_the_newest_memory_counts_until_it_is_dropped(opened: Callable[..., Outbox]) -> None:
    outbox = opened()

    def told(wanted: Sequence[str]) -> dict[str, str | None]:
        return {id: one.etag for id, one in outbox.known(wanted).items()}

    outbox.add([piece("a", etag="old"), piece("b"), piece("a", etag="new")])
    assert told([f"n{n}" for n in range(1200)] + ["a", "b"]) == {"a": "new", "b": None}
    outbox.drop(outbox.head(2)[-1].at)
    assert told(["a", "b"]) == {"a": "new"}


def test_pieces_without_a_message_wait_too(opened: Callable[..., Outbox]) -> None:
    outbox = opened()
    outbox.add([Piece(remember=piece("a").remember), Piece(), piece("b")])
    assert [(one.message is None, len(one.remember)) for one in outbox.head(9)] == [(True, 1), (True, 0), (False, 1)]
