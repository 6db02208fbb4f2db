"""What a poll lets us say of a channel, and when the next one comes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawlers.polling import Outcome, coverage, ended, rest_s
from crawlers.refusals import NotFetched
from crawlers.sources import Source
from stream.clock import wall_now
from stream.core.documents import Coverage

SOURCE = Source(id="a", kind="listing", name="甲", found_in="x", urls=("http://a.example/",), poll_minutes=30)
BEGAN = wall_now()
BEFORE = BEGAN - timedelta(hours=3)
HALF_HOUR = 1800.0


@pytest.mark.parametrize(
    ("outcome", "last", "start"),
    [
        (Outcome(), BEFORE, BEFORE),
        (Outcome(), None, BEGAN),
        (Outcome(joins_up=False), BEFORE, BEGAN),  # more was published than the list still shows
        (Outcome(), BEGAN + timedelta(hours=1), BEGAN),  # the machine's clock was set back
    ],
)
def test_a_complete_poll(outcome: Outcome, last: object, start: object) -> None:
    piece = coverage(SOURCE, outcome, last, BEGAN)  # type: ignore[arg-type]
    row = piece.message
    assert isinstance(row, Coverage)
    assert (row.from_at, row.to_at, row.reachable, row.reason) == (start, BEGAN, True, None)
    assert [one.last_modified for one in piece.remember] == [BEGAN.isoformat()]  # type: ignore[union-attr]


@pytest.mark.parametrize("fate", ["refused", "later"])
def test_a_failed_poll_speaks_for_itself_alone(fate: str) -> None:
    piece = coverage(SOURCE, ended(NotFetched(fate, "http_503")), BEFORE, BEGAN)  # type: ignore[arg-type]
    row = piece.message
    assert isinstance(row, Coverage)
    assert (row.from_at, row.reachable, row.reason) == (BEGAN, False, "http_503")
    assert row.to_at >= BEGAN
    assert piece.remember == ()


@pytest.mark.parametrize(
    ("outcome", "failures", "seconds"),
    [
        (Outcome(), 0, HALF_HOUR),
        (Outcome(fate="later", reason="timeout"), 1, 2 * HALF_HOUR),
        (Outcome(fate="refused", reason="http_403"), 2, 4 * HALF_HOUR),
        (Outcome(fate="refused", reason="http_403"), 9999, 6 * 3600.0),
        (Outcome(fate="backlog", reason="backlog"), 0, 60.0),
    ],
)
def test_rests(outcome: Outcome, failures: int, seconds: float) -> None:
    assert rest_s(SOURCE, outcome, failures) == pytest.approx(seconds, rel=0.1)


def test_retry_after_is_kept() -> None:
    assert rest_s(SOURCE, Outcome(fate="refused", reason="http_429", retry_after_s=80_000), 1) == 80_000
