"""Keeps the ledger: reads what people put on record about duties, and saves what they add; append-only.

The command line and the pages record through here, so that both refuse the same entries and mask the same data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from stream.clock import clock_now, wall_now
from stream.core.cases import Judgement
from stream.core.documents import Entry, EntryKind
from stream.core.duties import entry_of
from stream.core.ledger import by_subject, fault_of
from stream.core.records import Clock
from stream.core.rules import Rules
from stream.core.workdays import LocalHolidays
from stream.errors import UsageError
from stream.outputs import items
from stream.ports import EVERYTHING, Filter, Save, Store
from stream.reading.privacy import mask

# Instants, hashes and public addresses are no free text: masking could change what they say.
_VERBATIM = frozenset({"start", "at", "from", "to", "until", "url", "sha256", "of", "grade", "region"})


class Deed(Struct, frozen=True, kw_only=True):
    """What a person is about to put on record; `subject`: the duty, or the incident that is reviewed; `rule`: the one
    duty of the incident that a review is about (None: all of them)."""

    who: str
    why: str
    what: EntryKind
    subject: str
    value: Any = None
    rule: str | None = None


class Book(Struct, frozen=True):
    """What duties are judged by: the rules, and the days off of single regions."""

    rules: Rules
    overlay: LocalHolidays


def entries_in(store: Store, now: datetime | None = None, since: datetime | None = None) -> dict[str, list[Entry]]:
    """Every entry on duties by duty, oldest first; of those known at `now`, and made from `since` on, if given."""
    where = EVERYTHING if since is None else Filter(since=since)
    return by_subject(items(store, Entry, where), now)


def record(store: Store, book: Book, deed: Deed, at: datetime) -> Entry:
    """Saves it at `at` (the pipeline's time), private data masked. Raises UsageError where it would have no effect."""
    if not deed.who.strip() or not deed.why.strip():
        raise UsageError("须写明是谁登记的、依据什么")
    store.refresh()
    signed, rule = (deed.who.strip(), mask(deed.why.strip())), deed.subject.partition("|")[0]
    if deed.what == "duty_review" and "|" not in deed.subject:
        return _reviewed(store, deed, signed, at)
    entries = entries_in(store)
    # A pipeline that stands still gives one instant to all: what is said later must still come later.
    at = max([at, *(one.collected_at + timedelta(microseconds=1) for one in entries.get(deed.subject, ()))])
    entry = entry_of(at, signed, deed.what, (deed.subject, rule), masked(deed.value))
    if (fault := fault_of(entry, book.rules, entries, book.overlay)) is not None:
        raise UsageError(fault)
    store.save_many([Save(item=entry, expected=0)])
    return entry


def _reviewed(store: Store, deed: Deed, signed: tuple[str, str], at: datetime) -> Entry:
    """A supervisor's word on an incident, as it stands in the supervision table. Raises UsageError."""
    judged = store.get_many(Judgement, [deed.subject])
    judgement = judged[deed.subject].item if judged else None
    if not isinstance(judgement, Judgement):
        raise UsageError(f"没有事项或事件 {deed.subject}；事项见 huiying ledger list，事件编号（i-…）见看板的事件页")
    ruled = sorted({one.rule for one in judgement.obligations})
    if deed.rule is not None and deed.rule not in ruled:
        raise UsageError(f"这个事件没有义务 {deed.rule}；有：{'、'.join(ruled)}")
    if not isinstance(deed.value, dict) or not isinstance(deed.value.get("done"), bool):
        raise UsageError("督察意见须写明是否完成（done）")
    on_record = items(store, Entry, Filter(incident=deed.subject))
    at = max([at, *(one.collected_at + timedelta(microseconds=1) for one in on_record)])
    entry = entry_of(at, signed, deed.what, (deed.subject, deed.rule), masked(deed.value))
    store.save_many([Save(item=entry, expected=0)])
    return entry


def with_all_known(entries: Mapping[str, Sequence[Entry]], now: datetime) -> datetime:
    """`now`, or the newest entry's instant: while the pipeline stands still, what was recorded since lies a moment
    ahead of its clock."""
    return max([now, *(listed[-1].collected_at for listed in entries.values())])


def now_of(store: Store) -> datetime:
    """The pipeline's time, or the wall's where none ever ran."""
    found = store.get_many(Clock, ["pipeline"])
    clock = found["pipeline"].item if found else None
    return clock_now(clock, wall_now()) if isinstance(clock, Clock) else wall_now()


def masked(value: Any) -> Any:
    """A value with private data in its free text masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [masked(one) for one in value]
    if isinstance(value, Mapping):
        return {name: one if name in _VERBATIM else masked(one) for name, one in value.items()}
    return value
