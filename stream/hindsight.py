"""What was known and ruled at an instant: every incident judged again from its facts, as of then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from stream.assembly import load_registry, load_rules
from stream.core.cases import Incident, Judgement
from stream.core.judgement import judge_incident
from stream.core.knowledge import as_known
from stream.outputs import PAGE, items
from stream.ports import EVERYTHING, Filter, Store
from stream.settings import Settings
from stream.state import BatchState, Cache
from stream.steps.shards import LazySpans, Shards, days_of


class Record(Struct, frozen=True, kw_only=True):
    """An incident and what was ruled on it, both as known at one instant."""

    incident: Incident
    judgement: Judgement


def records(store: Store, where: Filter = EVERYTHING) -> Iterator[Record]:
    """Every incident that was judged, as it stands, by id."""
    page: list[Judgement] = []
    for judgement in items(store, Judgement, where):
        page.append(judgement)
        if len(page) == PAGE:
            yield from _with_incidents(store, page)
            page = []
    yield from _with_incidents(store, page)


def _with_incidents(store: Store, judgements: list[Judgement]) -> Iterator[Record]:
    found = store.get_many(Incident, [one.id for one in judgements])
    for judgement in judgements:
        incident = found[judgement.id].item if judgement.id in found else None
        if isinstance(incident, Incident):
            yield Record(incident=incident, judgement=judgement)


def records_at(store: Store, settings: Settings, at: datetime) -> Iterator[Record]:
    """Incidents opened by `at` and what was ruled on them, by id, as it was known then. The rules and the register are
    today's: what they said then stands in them by its dates. Raises SettingsError, OutsideFailed."""
    rules, registry = load_rules(settings), load_registry(settings)
    shards, state = Shards(), BatchState(store, Cache(0))
    for standing in items(store, Incident):
        if standing.opened_at > at:
            continue
        incident = as_known(standing, at)
        is_assumed = _is_assumed(store, incident.id)
        spans = {} if is_assumed else LazySpans(shards, state, days_of(incident, at))
        judgement = judge_incident(incident, spans, rules, registry, at, is_assumed)
        yield Record(incident=incident, judgement=judgement)


def judgements_at(store: Store, settings: Settings, at: datetime) -> Iterator[Judgement]:
    """What was ruled on all incidents opened by `at`, by id."""
    return (one.judgement for one in records_at(store, settings, at))


def _is_assumed(store: Store, identity: str) -> bool:
    """Whether the run that judged it took silence for evidence."""
    found = store.get_many(Judgement, [identity])
    judged = found[identity].item if found else None
    return isinstance(judged, Judgement) and judged.versions.get("coverage") == "assumed"
