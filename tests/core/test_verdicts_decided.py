"""What a person writes into a decision: times as precise as they were given, and nothing from malformed values."""

from datetime import datetime
from typing import Any

import pytest

from stream.core.decided import conferences, interval_in, rejected_mentions, restated
from stream.core.documents import Decision, DecisionKind
from stream.core.intervals import SHANGHAI


def on(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2024, 3, day, hour, minute, second, tzinfo=SHANGHAI)


def decided(what: DecisionKind, value: Any, day: int = 6) -> Decision:
    return Decision(id=f"d{day}", collected_at=on(day), who="甲", what=what, incident_of="p1", value=value, why="据")


@pytest.mark.parametrize(
    ("value", "earliest", "latest", "precision"),
    [
        ("2024-03-05T12:30:05", on(5, 12, 30, 5), on(5, 12, 30, 5), "second"),
        ("2024-03-05 12:30", on(5, 12, 30), on(5, 12, 30, 59), "minute"),
        ("2024-03-05T04:30+00:00", on(5, 12, 30), on(5, 12, 30, 59), "minute"),
        ("2024-03-05T04:30:00Z", on(5, 12, 30), on(5, 12, 30), "second"),
        ("2024-03-05", on(5), on(6), "day"),
        ({"at": "2024-03-05T12:30"}, on(5, 12, 30), on(5, 12, 30, 59), "minute"),
        ({"earliest": "2024-03-05T11:00:00", "latest": "2024-03-05T13:00:00"}, on(5, 11), on(5, 13), "unknown"),
        ({"latest": "2024-03-05T13:00:00"}, None, on(5, 13), "unknown"),
    ],
)
def test_a_time_is_as_precise_as_it_was_given(value: Any, earliest: Any, latest: datetime, precision: str) -> None:
    found = interval_in(value)
    assert found is not None
    assert (found.earliest, found.latest, found.precision) == (earliest, latest, precision)


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "昨天",
        "",
        [],
        {},
        {"at": 5},
        {"earliest": "2024-03-05"},
        {"earliest": "2024-03-07", "latest": "2024-03-05"},
    ],
)
def test_what_is_no_time_decides_nothing(value: Any) -> None:
    assert interval_in(value) is None
    assert list(conferences([decided("conference_held", value)])) == []
    assert restated([decided("restate", value)]) == {}


def test_the_first_rejection_of_a_response_counts() -> None:
    decisions = [decided("reject", ["r1", "r2"], day=8), decided("reject", "r1", day=7), decided("reject", None, day=9)]
    assert rejected_mentions(decisions) == {"r1": on(7), "r2": on(8), "p1": on(9)}
