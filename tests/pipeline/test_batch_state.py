"""A batch sees its own puts, takes them back on rejection, and saves by compare-and-set."""

from datetime import datetime

import pytest

from stream.core.intervals import SHANGHAI
from stream.core.records import Progress
from stream.ports import EVERYTHING, Backends, Save
from stream.state import BatchState, Cache

AT = datetime(2030, 5, 1, 8, tzinfo=SHANGHAI)


def progress(name: str, done: int) -> Progress:
    return Progress(id=name, collected_at=AT, done=done)


@pytest.fixture
def state(backends: Backends) -> BatchState:
    backends.store.save_many([Save(item=progress("a", 1)), Save(item=progress("b", 2))])
    return BatchState(backends.store, Cache(10))


def test_get_sees_the_store_then_the_put(state: BatchState) -> None:
    assert state.get(Progress, "a") == progress("a", 1)
    state.put(progress("a", 5))
    assert state.get(Progress, "a") == progress("a", 5)
    assert state.revision(Progress, "a") == 2
    assert state.get(Progress, "none") is None


def test_undo_takes_back_one_message_only(state: BatchState) -> None:
    state.begin()
    state.put(progress("a", 5))
    state.begin()
    state.put(progress("a", 6))
    state.put(progress("new", 1))
    state.undo()
    assert state.get(Progress, "a") == progress("a", 5)
    assert state.get(Progress, "new") is None


def test_listing_lays_puts_over(state: BatchState) -> None:
    state.put(progress("b", 9))
    assert [one.done for one in state.listing(Progress, EVERYTHING)] == [1, 9]


def test_saves_expect_what_was_read(state: BatchState, backends: Backends) -> None:
    state.put(progress("a", 5))
    state.put(progress("new", 1))
    assert [(save.item.id, save.expected) for save in state.saves()] == [("a", 1), ("new", 0)]
    backends.store.save_many([Save(item=progress("a", 7))])
    assert [saved.ok for saved in backends.store.save_many(state.saves())] == [False, True]


def test_the_cache_knows_the_new_revision_and_forgets_the_oldest(backends: Backends) -> None:
    cache = Cache(1)
    state = BatchState(backends.store, cache)
    state.put(progress("x", 1))
    state.put(progress("y", 1))
    backends.store.save_many(state.saves())
    state.saved()
    assert cache.get((Progress, "x")) is None
    kept = cache.get((Progress, "y"))
    assert kept is not None and kept.revision == 1
