"""The chain of what people did (stream/core/audit.py), written by the one ordered reader of everything and nobody else.

So no two writers race for the next link, and a replay killed and resumed has the same chain as one that ran through.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stream.core.audit import HEAD, Deed, Record, linked, sha256_of
from stream.core.documents import Decision, Entry
from stream.core.records import AuditEntry, AuditHead
from stream.core.rules import Rules
from stream.core.scenes import Scene, shown
from stream.errors import MessageRejected
from stream.ports import State


def looked_at(record: Record) -> Iterable[tuple[type[Any], str]]:
    """What `is_linked` and `link` ask for."""
    yield AuditHead, HEAD
    yield AuditEntry, record.id
    yield type(record), record.id


def is_linked(record: Record, state: State) -> bool:
    """Whether it was taken up before. Raises MessageRejected where something else was, under the same id."""
    known = state.get(AuditEntry, record.id)
    if known is None:
        return False
    if known.of_sha256 != sha256_of(record):
        raise MessageRejected("altered_record", f"{record.id} 已入链，内容与此不同")
    return True


def enter(entry: Entry, state: State) -> None:
    """An entry: on record once; no incident changes by it."""
    if not is_linked(entry, state):
        about = entry.subject if entry.what == "evidence_issued" else None
        _link(entry, Deed(incident=about), state)


def record(decision: Decision, before: Scene, after: Scene, rules: Rules | None, state: State) -> None:
    """A decision that has just taken effect, with what stood before it and what stands now."""
    incident = after.incident or before.incident
    deed = Deed(
        incident=incident.id if incident else None,
        before=shown(before, decision, rules),
        after=shown(after, decision, rules),
    )
    _link(decision, deed, state)


def _link(record: Record, deed: Deed, state: State) -> None:
    """Adds the link, moves the head, and keeps the record where it came by the bus only."""
    if state.get(type(record), record.id) is None:
        state.put(record)
    for item in linked(state.get(AuditHead, HEAD), record, deed):
        state.put(item)
