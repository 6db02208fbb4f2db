"""Which table was asked for, and how it comes about: the store read, the paper built, the file written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import IO, Literal

import msgspec
from msgspec import Struct

from dashboard.exports.boards import letters
from dashboard.exports.messages import is_usable, messages_paper
from dashboard.exports.papers import write_docx
from dashboard.exports.records import Reviews, RuleBook, chosen
from dashboard.exports.review import review_paper
from dashboard.exports.sheets import write_xlsx
from dashboard.exports.supervision import WORK, supervision_paper
from dashboard.exports.tables import Frame, Paper, write_json
from dashboard.exports.tasks import tasks_paper
from dashboard.tallies import Period, headline
from stream.assembly import load_registry, load_rules
from stream.core.documents import Entry
from stream.core.intervals import SHANGHAI
from stream.core.ledger import by_subject, duties
from stream.core.rules import Rule, Rules, rule_named
from stream.errors import UsageError
from stream.hindsight import Record, records, records_at
from stream.outputs import items
from stream.ports import Store
from stream.settings import Settings

TableName = Literal["review", "supervision", "tasks", "messages"]
TABLES: Mapping[TableName, str] = {
    "review": "复盘", "supervision": "督察表", "tasks": "任务分工表", "messages": "留言答复表",
}  # fmt: skip
WRITERS: Mapping[str, Callable[[Paper, IO[bytes]], None]] = {
    ".xlsx": write_xlsx, ".docx": write_docx, ".json": write_json,
}  # fmt: skip


class Asked(Struct, frozen=True, kw_only=True):
    """A table and its choices. `rule`: by which messages are held in time; `work`: whose 督察表 it is."""

    table: TableName
    frame: Frame
    by: Period = "month"
    rule: str | None = None
    work: str = WORK


class Made(Struct, frozen=True, kw_only=True):
    """A paper, and how many incidents or messages it was made of."""

    paper: Paper
    of: int


def paper_of(asked: Asked, store: Store, settings: Settings) -> Made:
    """Reads what is needed and builds the table. Raises UsageError, SettingsError, OutsideFailed."""
    rules = load_rules(settings)
    book = RuleBook(rules, load_registry(settings).region_name)
    frame = msgspec.structs.replace(asked.frame, book=rules.version)
    match asked.table:
        case "tasks":
            return Made(paper=tasks_paper(book, frame), of=0)
        case "messages":
            found = letters(store, known(store, settings, frame), frame)
            return Made(paper=messages_paper(found, _rule(asked.rule, rules), frame), of=len(found))
        case "supervision":
            shown = chosen(known(store, settings, frame), frame)
            entries = list(items(store, Entry))
            listed = duties(rules, by_subject(entries, frame.now), frame.now, _days(frame), frame.region)
            reviews = Reviews(entries, frame)
            return Made(paper=supervision_paper(shown, listed, reviews, book, frame, asked.work), of=len(shown))
        case "review":
            shown = chosen(known(store, settings, frame), frame)
            titles = {rule.id: rule.text for rule in rules.rules}
            return Made(paper=review_paper(shown, titles, frame, asked.by), of=len(shown))


def known(store: Store, settings: Settings, frame: Frame) -> Iterable[Record]:
    """Every incident with what was ruled on it, as it stands or as it stood."""
    return records(store) if frame.as_of is None else records_at(store, settings, frame.as_of)


def has_clock(record: Record) -> bool:
    """Whether a rule with hours ever ran on it."""
    return bool(headline(record.judgement))


def _rule(name: str | None, rules: Rules) -> Rule | None:
    if name is None:
        return None
    found = rule_named(rules, name)
    if found is None:
        raise UsageError(f"没有规则 {name}；huiying rules list 可列出")
    if not is_usable(found):
        raise UsageError(f"规则 {name} 不是自收到起算的天数，不能用来判断留言答复；例如 LOCAL-WF-12345-5WD")
    return found


def _days(frame: Frame) -> tuple[date, date]:
    """The ledger's duties that are shown: due in the frame's span; without one, this year so far."""
    last = frame.now if frame.until is None else frame.until - timedelta(microseconds=1)
    first = frame.since or datetime(last.astimezone(SHANGHAI).year, 1, 1, tzinfo=SHANGHAI)
    return first.astimezone(SHANGHAI).date(), last.astimezone(SHANGHAI).date()
