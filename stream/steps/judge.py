"""judge: incidents → judgements. Severity → obligations → verdicts; the watermark's ticks rule on silence."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

import msgspec
from msgspec import Struct

from stream.core.cases import CaseFile, Incident, Judgement, PollSpan, SourceCoverage, TopicHeat
from stream.core.codec import Item
from stream.core.coverage import in_order, insert
from stream.core.documents import Coverage
from stream.core.intervals import SHANGHAI
from stream.core.judgement import facts_in, judge_incident
from stream.core.obligations import Registry
from stream.core.rules import Rules
from stream.ports import Filter, State

# A coverage row over more days than this stands in the source's one shard for long rows.
LONG_DAYS = 7
# No window is looked at further back than this (a start known only to the month is the longest that occurs).
MOST_DAYS = 62
SHARDS_KEPT = 1024
LONGEST_WINDOW = timedelta(hours=48)
EVERY_OPEN = 1_000_000


# Verdicts that rest on silence.
_SILENT = ("pending", "breached", "breached_but_fair_clock_met", "unknown_coverage_gap")


class Waiting(Struct, frozen=True, kw_only=True):
    """An unanswered window of an incident: which silence a coverage row may turn into evidence."""

    start: datetime
    deadline: datetime
    is_pending: bool
    judged_at: datetime


class Judge:
    """Implements stream.ports.Step. Every judgement is computed anew from the incident's facts and the coverage, so a
    message seen again gives the same."""

    name = "judge"
    timer: type[Item] | None = Judgement

    def __init__(self, rules: Rules, registry: Registry, assume_covered: bool = False) -> None:
        self._rules = rules
        self._registry = registry
        self._assume_covered = assume_covered
        self._shards = Shards()
        self._waiting: dict[str, dict[str, list[Waiting]]] = {}
        self._sources: dict[str, list[str]] = {}

    def looks_at(self, message: object) -> Iterable[tuple[type[Item], str]]:
        """See stream.ports.Step."""
        if isinstance(message, Incident):
            yield Judgement, message.id
            yield CaseFile, message.id
        elif isinstance(message, Coverage):
            yield from ((SourceCoverage, shard) for shard in shards_of(message))

    def handle(self, message: object, state: State) -> Iterable[object]:
        """See stream.ports.Step."""
        match message:
            case Incident():
                yield from self._receive(message, state)
            case Coverage():
                yield from self._cover(message, state)
            case TopicHeat():
                yield message

    def tick(self, item: Item, now: datetime, state: State) -> Iterable[object]:
        """A deadline or a grace is over: rule as known now."""
        case = state.get(CaseFile, item.id)
        if case is not None:
            yield from self._judge(case.incident, now, state)
        elif isinstance(item, Judgement):
            # Its file is gone (retention): nothing is left to rule on.
            state.put(msgspec.structs.replace(item, due_at=None))

    def rebuild(self, state: State) -> None:
        """See stream.ports.Step."""
        self._shards = Shards()
        self._waiting, self._sources = {}, {}
        if self._assume_covered:
            return
        for where in (Filter(state="open"), Filter(verdict="pending")):
            for judgement in state.listing(Judgement, where, limit=EVERY_OPEN):
                self._await(judgement)

    def _receive(self, incident: Incident, state: State) -> Iterator[object]:
        known = state.get(CaseFile, incident.id)
        if known is not None and facts_in(incident) < facts_in(known.incident):
            # An older revision seen again: newer facts were judged since.
            yield from self._judge(known.incident, incident.collected_at, state)
            return
        state.put(CaseFile(id=incident.id, collected_at=incident.collected_at, incident=incident))
        yield from self._judge(incident, incident.collected_at, state)

    def _judge(self, incident: Incident, at: datetime, state: State) -> Iterator[object]:
        before = state.get(Judgement, incident.id)
        until = at if before is None else max(at, before.collected_at)
        spans = {} if self._assume_covered else LazySpans(self._shards, state, *days_of(incident, until))
        judged = judge_incident(incident, spans, self._rules, self._registry, until, self._assume_covered)
        if before is not None and msgspec.structs.replace(before, collected_at=judged.collected_at) == judged:
            # Unchanged. Judged at this instant or later already = seen again: it may never have been published.
            if before.collected_at >= at:
                yield before
            return
        state.put(judged)
        self._await(judged)
        yield judged

    def _cover(self, row: Coverage, state: State) -> Iterator[object]:
        state.put(row)
        span = PollSpan(row.from_at, row.to_at, row.collected_at, row.reachable, row.reason)
        for shard in shards_of(row):
            self._shards.add(shard, row, span, state)
        waiting = self._waiting.get(row.source, {})
        for id in sorted(one for one, windows in waiting.items() if any(_may_turn(window, row) for window in windows)):
            if (case := state.get(CaseFile, id)) is not None:
                yield from self._judge(case.incident, row.collected_at, state)

    def _await(self, judgement: Judgement) -> None:
        """Remembers which sources may still turn this judgement; forgets it where none may."""
        for source in self._sources.pop(judgement.id, ()):
            self._waiting[source].pop(judgement.id, None)
        windows = [] if self._assume_covered else _windows(judgement)
        if not windows:
            return
        at = _happened_at(judgement)
        sources = {channel.source for one in judgement.responsible for channel in self._registry.channels(one.body, at)}
        self._sources[judgement.id] = sorted(sources)
        for source in self._sources[judgement.id]:
            self._waiting.setdefault(source, {})[judgement.id] = windows


class Shards:
    """Coverage rows by source and day, the most recently used kept in memory. Every reader sees every coverage row, so
    what is kept stays true."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, list[PollSpan]] = OrderedDict()

    def rows(self, shard: str, state: State) -> list[PollSpan]:
        """The rows of one shard, in order."""
        rows = self._kept.get(shard)
        if rows is None:
            stored = state.get(SourceCoverage, shard)
            rows = self._kept[shard] = [] if stored is None else in_order(stored.spans)
            while len(self._kept) > SHARDS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(shard)
        return rows

    def add(self, shard: str, row: Coverage, span: PollSpan, state: State) -> None:
        """Adds a row, once."""
        rows = self.rows(shard, state)
        if insert(rows, span):
            newest = max(one.known_at for one in rows)
            state.put(SourceCoverage(id=shard, collected_at=newest, source=row.source, spans=list(rows)))


class LazySpans(Mapping[str, list[PollSpan]]):
    """The rows of a source between two days, read when first asked for: most judgements never ask."""

    def __init__(self, shards: Shards, state: State, first: date, last: date) -> None:
        self._shards, self._state = shards, state
        self._first, self._last = first, last
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
            rows = self._shards.rows(_shard(source, day), self._state)
            # A row over midnight stands in both days.
            found += rows if day == self._first else [one for one in rows if _day(one.from_at) >= day]
            day += timedelta(days=1)
        long = self._shards.rows(f"{source}|long", self._state)
        return in_order([*long, *found]) if long else found


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
    """First and last day whose coverage can matter: from the earliest start to the last deadline."""
    first = incident.first_public.interval
    starts = [one.interval.earliest for one in incident.occurred if one.interval.earliest is not None]
    start = min([first.earliest or first.latest, *starts])
    learnt = [one.known_at for one in incident.figures] + [one.collected_at for one in incident.decisions]
    last = min(max([first.latest, *learnt]) + LONGEST_WINDOW + timedelta(days=1), until)
    return max(_day(start), _day(last) - timedelta(days=MOST_DAYS)), _day(last) + timedelta(days=1)


def _windows(judgement: Judgement) -> list[Waiting]:
    """Windows that no statement answered in time; of closed incidents only those still pending."""
    kept = ("pending",) if judgement.state != "open" else _SILENT
    return [
        Waiting(
            start=one.start.earliest or one.start.latest,
            deadline=one.due.latest,
            is_pending=one.verdict == "pending",
            judged_at=judgement.collected_at,
        )
        for one in judgement.obligations
        if one.verdict in kept and one.due is not None and one.start is not None and not one.provisional
    ]


def _may_turn(window: Waiting, row: Coverage) -> bool:
    """Whether the row may turn a verdict: it reaches past a pending deadline, it tells something late of the window
    itself, or it is the very row that was judged by (seen again)."""
    if window.is_pending:
        return row.to_at >= window.deadline
    is_late_news = row.from_at < window.deadline and row.to_at > window.start
    return is_late_news or window.judged_at == row.collected_at


def _happened_at(judgement: Judgement) -> datetime:
    starts = [one.start for one in judgement.obligations if one.start is not None]
    when = judgement.occurred or next(iter(starts), None)
    return judgement.opened_at if when is None else when.earliest or when.latest
