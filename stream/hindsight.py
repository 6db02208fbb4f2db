"""What was known and ruled at an instant: every incident judged again from its facts, as of then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from stream.assembly import load_registry, load_rules
from stream.core.cases import Incident, Judgement
from stream.core.judgement import judge_incident
from stream.outputs import items
from stream.ports import Store
from stream.settings import Settings
from stream.state import BatchState, Cache
from stream.steps.shards import LazySpans, Shards, days_of


def judgements_at(store: Store, settings: Settings, at: datetime) -> Iterator[Judgement]:
    """Judgements of all incidents opened by `at`, by id; facts that became known later are left out."""
    rules, registry = load_rules(settings), load_registry(settings)
    shards, state = Shards(), BatchState(store, Cache(0))
    for incident in items(store, Incident):
        if incident.opened_at <= at:
            is_assumed = _is_assumed(store, incident.id)
            spans = {} if is_assumed else LazySpans(shards, state, days_of(incident, at))
            yield judge_incident(incident, spans, rules, registry, at, is_assumed)


def _is_assumed(store: Store, identity: str) -> bool:
    """Whether the run that judged it took silence for evidence."""
    found = store.get_many(Judgement, [identity])
    judged = found[identity].item if found else None
    return isinstance(judged, Judgement) and judged.versions.get("coverage") == "assumed"
