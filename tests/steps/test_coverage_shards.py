"""Coverage rows by source and day: gather keeps them ahead, a judge knows none too early."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from stream.core.cases import SourceCoverage
from stream.core.documents import Coverage
from stream.core.intervals import SHANGHAI
from stream.steps.gather import Gather
from stream.steps.shards import LazySpans, Shards, shards_of

NOON = datetime(2024, 3, 5, 12, 0, tzinfo=SHANGHAI)
DAY = (NOON.date(), NOON.date())


class Kept:
    """A State over a dictionary."""

    def __init__(self) -> None:
        self.items: dict[tuple[type, str], Any] = {}

    def get(self, kind: type, id: str) -> Any:
        return self.items.get((kind, id))

    def put(self, item: Any) -> None:
        self.items[type(item), item.id] = item


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def row(first: float, last: float, source: str = "yz") -> Coverage:
    return Coverage(
        id=f"{source}-{first}-{last}", collected_at=at(last), source=source, from_at=at(first), to_at=at(last),
        reachable=True,
    )  # fmt: skip


def shards(state: Kept) -> set[str]:
    return {id for kind, id in state.items if kind is SourceCoverage}


def known(reader: Shards, state: Kept, before: datetime | None) -> list[datetime]:
    return [one.known_at for one in LazySpans(reader, state, DAY, before)["yz"]]  # type: ignore[arg-type]


def test_gather_keeps_a_row_in_the_shards_of_its_days_and_passes_it_on() -> None:
    state, gather, over_midnight, long = Kept(), Gather(), row(11, 13), row(0, 24 * 400)
    assert shards_of(over_midnight) == ["yz|2024-03-05", "yz|2024-03-06"]
    assert shards_of(long) == ["yz|long"]
    assert [kind for kind, _ in gather.looks_at(over_midnight)] == [SourceCoverage, SourceCoverage]
    assert [list(gather.handle(one, state)) for one in (over_midnight, long)] == [[over_midnight], [long]]  # type: ignore[arg-type]
    assert shards(state) == {"yz|2024-03-05", "yz|2024-03-06", "yz|long"}
    assert state.get(Coverage, over_midnight.id) == over_midnight


def test_a_row_kept_twice_is_one() -> None:
    state, keeper = Kept(), Shards()
    for _ in range(2):
        keeper.keep(row(0, 1), state)
    assert known(Shards(), state, None) == [at(1)]


def test_a_judge_knows_only_what_was_before_his_time() -> None:
    state, keeper = Kept(), Shards()
    for hour in (1, 2, 3):
        keeper.keep(row(hour - 1, hour), state)
    judge = Shards()
    assert known(judge, state, at(2)) == [at(1)]
    judge.learn(row(1, 2), state)
    assert known(judge, state, at(2.5)) == [at(1), at(2)]
    assert known(Shards(), state, at(2.5)) == [at(1), at(2)]


def test_two_rows_of_one_instant_are_learnt_one_by_one() -> None:
    state, keeper = Kept(), Shards()
    keeper.keep(row(0, 2), state)
    keeper.keep(row(1, 2), state)
    judge = Shards()
    judge.learn(row(0, 2), state)
    assert known(judge, state, at(2)) == [at(2)]
    judge.learn(row(1, 2), state)
    assert known(judge, state, at(2)) == [at(2), at(2)]
