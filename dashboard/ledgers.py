"""What the ledger page asks and records. Everything is derived when it is looked at; what people add is an entry."""

from __future__ import annotations

import hashlib
from contextlib import closing
from datetime import date, datetime
from typing import Any

from dashboard import names, queries
from dashboard.names import settings
from stream.backends import open_backends
from stream.bookkeeping import Book, Deed, entries_in, masked, record, with_all_known
from stream.core.documents import Entry, EntryKind
from stream.core.duties import Duty, opened_id
from stream.core.duty_course import moment
from stream.core.ledger import duties, duty_of
from stream.core.rules import Rule, is_on

NATIONAL = "000000"
"""No place at all: the rules that hold everywhere, and matters that people opened under them."""

FORMS: tuple[EntryKind, ...] = (
    "duty_prove", "duty_review", "duty_extend", "duty_suspend", "duty_restart", "duty_withdraw",
)  # fmt: skip


class Incomplete(ValueError):
    """What was entered is no entry yet; the message says what is missing."""


def listed(period: tuple[date, date], region: str | None, now: datetime) -> list[Duty]:
    """The duties due in a period, with everything that is on record."""
    entries = _entries()
    return duties(names.rules(), entries, with_all_known(entries, now), period, region, names.holidays())


def duty(identity: str, now: datetime) -> Duty | None:
    """One duty; None if there is none."""
    entries = _entries()
    return duty_of(identity, names.rules(), entries, with_all_known(entries, now), names.holidays())


def _entries() -> dict[str, list[Entry]]:
    with queries.reading() as backends:
        return entries_in(backends.store)


def places() -> dict[str | None, str]:
    """The places whose rules stand in the rule book, after everything and what is national."""
    local = {one.jurisdiction.region: one.jurisdiction.name for one in names.rules().rules if one.jurisdiction}
    return {None: "全部地方", NATIONAL: "只看国家规定", **dict(sorted(local.items()))}


def own_place() -> str | None:
    """The place this desk keeps duties of, where it has rules of its own; else all."""
    return next((one for one in names.own_regions() if one in places()), None)


def openable() -> dict[str, Rule]:
    """Rules under which a person can open a matter, newest version of each."""
    return {one.id: one for one in names.rules().rules if one.judged == "ledger" and is_on(one)}


def forms_of(one: Duty) -> list[EntryKind]:
    """What can be put on record about a duty: only what its rule allows."""
    rule = openable()[one.rule]
    allowed = {
        "duty_extend": rule.window.extension is not None,
        "duty_suspend": bool(rule.start.suspended_by),
        "duty_restart": bool(rule.start.restarted_by),
    }
    return [what for what in FORMS if allowed.get(what, True)]


def value_of(what: EntryKind, given: dict[str, Any]) -> dict[str, Any] | None:
    """The entry's value (docs/formats.md) from what was entered. Raises Incomplete."""
    filled = {name: one for name, one in given.items() if one not in (None, "", [])}
    if what == "duty_prove":
        if (file := filled.pop("file", None)) is not None:
            filled["sha256"] = hashlib.sha256(file).hexdigest()
        _instant(filled.get("at"))
    for name in ("from", "to", "start", "until"):
        if name in filled:
            _instant(filled[name])
    if what == "duty_review":
        return {**filled, **{name: _lines(filled.get(name)) for name in ("problems", "measures")}}
    return filled or None


def opened(rule: str, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The id and the value of a matter to be opened. Raises Incomplete."""
    value = value_of("duty_open", given) or {}
    began = moment(value.get("start"))
    if began is None or not str(value.get("title", "")).strip():
        raise Incomplete("请填写起算日期（如 2026-02-11）和事项")
    named = masked(value)
    return opened_id(rule, began, named["title"].strip(), (named.get("body") or "").strip()), value


def keep(deed: Deed) -> str:
    """Records it; returns the entry's id. Raises UsageError where the rule does not allow it."""
    at = queries.now().at
    with closing(open_backends(settings())) as backends:
        entry = record(backends.store, Book(names.rules(), names.holidays()), deed, at)
        backends.store.refresh()
    return entry.id


def _instant(text: Any) -> None:
    if not isinstance(text, str) or moment(text.strip()) is None:
        raise Incomplete("请填写日期或时刻，例如 2026-03-02 或 2026-03-02 09:12")


def _lines(text: Any) -> list[str]:
    return [one.strip() for one in str(text or "").splitlines() if one.strip()]
