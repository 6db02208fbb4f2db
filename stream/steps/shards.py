"""Coverage as evidence: the rows of one source, kept by day. Gather keeps them, judge reads them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from stream.core.cases import Departure, Incident, PollSpan, SourceCoverage
from stream.core.coverage import in_order, insert
from stream.core.documents import Coverage
from stream.core.firsts import firsts_since
from stream.core.intervals import SHANGHAI
from stream.ports import State

# A coverage row over more days than this stands in the source's one shard for long rows.
LONG_DAYS = 7
# No window is looked at further back than this (a start known only to the month is the longest that occurs).
MOST_DAYS = 62
SHARDS_KEPT = 1024
LONGEST_WINDOW = timedelta(hours=48)


class Shards:
    """Coverage rows by source and day, the most recently used kept in memory.

    Gather keeps rows ahead of the judge. A judge takes from the store what was `before` his time and is told the rest
    row by row, so that he never knows a row too early, whenever he began.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, list[PollSpan]] = OrderedDict()

    def rows(self, shard: str, state: State, before: datetime | None = None) -> list[PollSpan]:
        """The rows of one shard, in order."""
        rows = self._kept.get(shard)
        if rows is None:
            stored = state.get(SourceCoverage, shard)
            spans = [] if stored is None else stored.spans
            rows = self._kept[shard] = in_order([one for one in spans if before is None or one.known_at < before])
            while len(self._kept) > SHARDS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(shard)
        return rows

    def learn(self, row: Coverage, state: State) -> None:
        """Is told a row that gather has kept."""
        for shard in shards_of(row):
            insert(self.rows(shard, state, row.collected_at), span_of(row))

    def keep(self, row: Coverage, state: State) -> None:
        """Adds a row to its shards, once."""
        for shard in shards_of(row):
            rows = self.rows(shard, state)
            if insert(rows, span_of(row)):
                newest = max(one.known_at for one in rows)
                state.put(SourceCoverage(id=shard, collected_at=newest, source=row.source, spans=list(rows)))


class LazySpans(Mapping[str, list[PollSpan]]):
    """The rows of a source between two days, read when first asked for: most judgements never ask."""

    def __init__(self, shards: Shards, state: State, days: tuple[date, date], before: datetime | None = None) -> None:
        self._shards, self._state = shards, state
        self._first, self._last = days
        self._before = before
        self._read: dict[str, list[PollSpan]] = {}

    def __getitem__(self, source: str) -> list[PollSpan]:
        if source not in self._read:
            self._read[source] = self._join(source)
        return self._read[source]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

    def _join(self, source: str) -> list[PollSpan]:
        found: list[PollSpan] = []
        day = self._first
        while day <= self._last:
            rows = self._shards.rows(_shard(source, day), self._state, self._before)
            # A row over midnight stands in both days.
            found += rows if day == self._first else [one for one in rows if _day(one.from_at) >= day]
            day += timedelta(days=1)
        long = self._shards.rows(f"{source}|long", self._state, self._before)
        return in_order([*long, *found]) if long else found


def span_of(row: Coverage) -> PollSpan:
    """The row as a shard holds it."""
    return PollSpan(row.from_at, row.to_at, row.collected_at, row.reachable, row.reason)


def shards_of(row: Coverage) -> list[str]:
    """The shards that a row belongs to: every day it touches, or the one for long rows."""
    first, last = _day(row.from_at), _day(row.to_at)
    days = (last - first).days
    if days > LONG_DAYS:
        return [f"{row.source}|long"]
    return [_shard(row.source, first + timedelta(days=one)) for one in range(days + 1)]


def _shard(source: str, day: date) -> str:
    return f"{source}|{day.isoformat()}"


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def days_of(incident: Incident, until: datetime) -> tuple[date, date]:
    """First and last day whose coverage can or could matter: from the earliest start to the last deadline."""
    told: list[Incident | Departure] = [incident, *incident.left]
    firsts = [one.interval for _, one in firsts_since(incident)]
    starts = [one.interval.earliest for facts in told for one in facts.occurred if one.interval.earliest is not None]
    start = min([*(one.earliest or one.latest for one in firsts), *starts])
    learnt = [one.known_at for facts in told for one in facts.figures]
    learnt += [one.collected_at for one in incident.decisions] + [one.at for one in incident.joined]
    last = min(max([*(one.latest for one in firsts), *learnt]) + LONGEST_WINDOW + timedelta(days=1), until)
    return max(_day(start), _day(last) - timedelta(days=MOST_DAYS)), _day(last) + timedelta(days=1)
