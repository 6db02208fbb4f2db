"""One poll of one source: its list, then every article that is new. Coverage is said only of a poll that saw all."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from crawlers.feeds import Entry
from crawlers.pieces import Piece, fetched_id
from crawlers.refusals import NotFetched
from crawlers.sources import Source
from stream.clock import wall_now
from stream.core.documents import Coverage
from stream.core.records import Fetched

LONGEST_REST_S = 6 * 3600.0
JITTER = 0.1

NEVER = datetime.fromisoformat("1970-01-01T00:00:00+08:00")
"""Stands in `collected_at` until the publisher gives the real one."""


class Listed(Struct, frozen=True, kw_only=True):
    """What a list or feed shows now. `joins_up`: it reaches back to what an earlier poll saw, nothing lies between;
    `unchanged`: it answered 304. `validators` are remembered once the poll is complete."""

    entries: list[Entry]
    validators: tuple[Fetched, ...] = ()
    joins_up: bool = True
    unchanged: bool = False


class Outcome(Struct, frozen=True, kw_only=True):
    """How a poll ended. `reason` None = everything that was listed was seen."""

    reason: str | None = None
    fate: Literal["complete", "refused", "later", "backlog"] = "complete"
    retry_after_s: float = 0.0
    joins_up: bool = True
    validators: tuple[Fetched, ...] = ()
    found: int = 0
    published: int = 0


def ended(error: NotFetched) -> Outcome:
    """A poll that could not be done."""
    fate: Literal["refused", "later"] = "refused" if error.fate == "refused" else "later"
    return Outcome(reason=error.reason, fate=fate, retry_after_s=error.retry_after_s)


def poll_id(source: Source) -> str:
    """Under this id a source's last complete poll is remembered, its beginning in `last_modified` (ISO 8601)."""
    return fetched_id(source.id, "poll:")


def coverage(source: Source, outcome: Outcome, last: datetime | None, began: datetime) -> Piece:
    """The coverage row of a poll, to be given after its articles.

    A complete poll covers everything since the last complete one, since a list keeps what was published between;
    where it does not reach back that far, or there was none, only its own instant. A failed one says no more than that
    the channel could not be seen then: what lies before it stays open until a complete poll reaches back over it.
    """
    now = wall_now()
    row = Coverage(
        id=f"c-{fetched_id(source.id, now.isoformat())[:16]}", collected_at=NEVER, source=source.id,
        from_at=began, to_at=now, reachable=False, reason=outcome.reason,
    )  # fmt: skip
    if outcome.reason is not None:
        return Piece(message=row)
    start = min(last, began) if last is not None and outcome.joins_up else began
    # What was published while the list was being read may be missing on it: covered up to the beginning of the poll.
    row = msgspec.structs.replace(row, from_at=start, to_at=began, reachable=True)
    mark = Fetched(
        id=poll_id(source), collected_at=NEVER, source=source.id, url="poll:", last_modified=began.isoformat()
    )
    return Piece(message=row, remember=(*outcome.validators, mark))


def rest_s(source: Source, outcome: Outcome, failures: int) -> float:
    """Seconds until the next poll: its interval, doubled with every refusal or failure in a row, with jitter."""
    interval = source.poll_minutes * 60
    if outcome.fate in {"refused", "later"}:
        interval = min(interval * 2 ** min(failures, 10), max(LONGEST_REST_S, interval))
    elif outcome.fate == "backlog":
        interval = min(interval, 60.0)
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (politeness, no secret)
    return max(interval * spread, outcome.retry_after_s)
