"""Reads the chain and all that must agree with it out of the store, and has it checked (stream/core/audit.py)."""

from __future__ import annotations

from collections.abc import Iterator

from stream.core.audit import HEAD, Finding, Kept, kept, verify
from stream.core.cases import Incident
from stream.core.documents import Decision, Entry
from stream.core.records import AuditEntry, AuditHead, Rejected
from stream.outputs import items
from stream.ports import Filter, Store

READINGS = 5
"""A running pipeline lengthens the chain while it is read: then it is read again, so many times at most."""
ASKED_AT_ONCE = 500


def audit(store: Store, noted: AuditHead | None = None) -> Finding:
    """Checks the whole chain; `noted`: a head that was written down elsewhere."""
    store.refresh()
    # What the chain must agree with is read first: whatever has a link by then is in the chain that is read after.
    records = [*_recorded(store), *_facts(store)]
    links, head = _chain(store)
    return verify(links, head, records, noted)


def links_of(store: Store, incident: str | None = None) -> list[AuditEntry]:
    """The chain in order; or what of it concerns one incident: its own links, and those of decisions that it knows of
    (a merged incident's stand with the other one)."""
    store.refresh()
    if incident is None:
        return sorted(items(store, AuditEntry), key=_place)
    found = {one.id: one for one in items(store, AuditEntry, Filter(incident=incident))}
    known = store.get_many(Incident, [incident])
    for stored in known.values():
        assert isinstance(stored.item, Incident)
        told = [one.id for one in stored.item.decisions if one.id not in found]
        for other in store.get_many(AuditEntry, told).values():
            assert isinstance(other.item, AuditEntry)
            found[other.item.id] = other.item
    return sorted(found.values(), key=_place)


def _place(link: AuditEntry) -> tuple[int, str]:
    return link.seq, link.id


def _chain(store: Store) -> tuple[list[AuditEntry], AuditHead | None]:
    """Every link up to the head, and the head, as they stood at one moment."""
    head = _head(store)
    for _ in range(READINGS):
        links = list(items(store, AuditEntry))
        after = _head(store)
        if after == head:
            break
        store.refresh()
        head = after
    return links, head


def _head(store: Store) -> AuditHead | None:
    found = store.get_many(AuditHead, [HEAD])
    head = found[HEAD].item if found else None
    assert head is None or isinstance(head, AuditHead)
    return head


def _facts(store: Store) -> Iterator[Kept]:
    """Decisions as the incidents know them: by these it is judged."""
    for incident in items(store, Incident):
        for decision in incident.decisions:
            yield kept(decision, incident.id)


def _recorded(store: Store) -> Iterator[Kept]:
    """Decisions and entries as they were kept."""
    batch: list[Decision | Entry] = []
    for one in _all(store):
        batch.append(one)
        if len(batch) == ASKED_AT_ONCE:
            yield from _with_refusals(store, batch)
            batch = []
    yield from _with_refusals(store, batch)


def _all(store: Store) -> Iterator[Decision | Entry]:
    yield from items(store, Decision)
    yield from items(store, Entry)


def _with_refusals(store: Store, batch: list[Decision | Entry]) -> Iterator[Kept]:
    refused = store.get_many(Rejected, [f"gather:{one.id}" for one in batch])
    for one in batch:
        yield kept(one, is_refused=f"gather:{one.id}" in refused)
