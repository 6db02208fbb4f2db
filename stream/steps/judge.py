"""judge: incidents → judgements. Severity → obligations → verdicts; the watermark's ticks rule on silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from stream.core.cases import CaseFile, Incident, Judgement, PollSpan, TopicHeat
from stream.core.codec import Item
from stream.core.documents import Coverage
from stream.core.judgement import facts_in, judge_incident
from stream.core.obligations import Registry
from stream.core.rules import Rules
from stream.ports import Filter, State
from stream.steps.shards import LazySpans, Shards, days_of
from stream.steps.waiting import Waiting

INSTANT = timedelta(microseconds=1)


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
        self._waiting = Waiting()

    def looks_at(self, message: object) -> Iterable[tuple[type[Item], str]]:
        """See stream.ports.Step."""
        if isinstance(message, Incident):
            yield Judgement, message.id
            yield CaseFile, message.id

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

    def rebuild(self, state: State, owns: Callable[[str], bool]) -> None:
        """See stream.ports.Step."""
        self._shards = Shards()
        self._waiting = Waiting()
        if self._assume_covered:
            return
        for where in (Filter(state="open"), Filter(state="closed", verdict="pending")):
            for judgement in state.each(Judgement, where):
                if owns(judgement.id):
                    self._await(judgement)

    def _receive(self, incident: Incident, state: State) -> Iterator[object]:
        known = state.get(CaseFile, incident.id)
        if known is not None and facts_in(incident) < facts_in(known.incident):
            # An older revision seen again: newer facts were judged since.
            yield from self._judge(known.incident, incident.collected_at, state)
            return
        state.put(CaseFile(id=incident.id, collected_at=incident.collected_at, incident=incident))
        yield from self._judge(incident, incident.collected_at, state)

    def _judge(
        self, incident: Incident, at: datetime, state: State, told_before: datetime | None = None
    ) -> Iterator[object]:
        """`told_before`: rows of this instant are still being told; else all of it were, since they come first."""
        before = state.get(Judgement, incident.id)
        until = at if before is None else max(at, before.collected_at)
        spans: Mapping[str, list[PollSpan]] = {}
        if not self._assume_covered:
            spans = LazySpans(self._shards, state, days_of(incident, until), told_before or until + INSTANT)
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
        self._shards.learn(row, state)
        for id in self._waiting.turned_by(row):
            if (case := state.get(CaseFile, id)) is not None:
                yield from self._judge(case.incident, row.collected_at, state, told_before=row.collected_at)

    def _await(self, judgement: Judgement) -> None:
        """Remembers which sources may still turn this judgement."""
        if self._assume_covered:
            return
        at = _happened_at(judgement)
        channels = [channel for one in judgement.responsible for channel in self._registry.channels(one.body, at)]
        reach = timedelta(minutes=max((one.poll_minutes for one in channels), default=0))
        self._waiting.put(judgement, sorted({one.source for one in channels}), reach)


def _happened_at(judgement: Judgement) -> datetime:
    starts = [one.start for one in judgement.obligations if one.start is not None]
    when = judgement.occurred or next(iter(starts), None)
    return judgement.opened_at if when is None else when.earliest or when.latest
