"""What the tests of the ledger enter by: a desk that records as the command does, at instants of its own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from stream.core.documents import Entry
from stream.core.duties import Duty, entry_of, opened_id
from stream.core.duty_course import moment
from stream.core.intervals import SHANGHAI
from stream.core.ledger import by_subject, duty_of
from stream.core.rules import Rules
from stream.settings import load_yaml

ROOT = Path(__file__).parents[2]
RULES = load_yaml(ROOT / "config" / "rules.yaml", Rules)
NEEDS = ["工作机构负责人同意", "告知申请人"]
FOI = "CN-FOI-20WD"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class Book:
    """A ledger in the making: one matter, opened, with what follows."""

    def __init__(self, rule: str = FOI, start: str = "2026-02-11", **value: Any) -> None:
        self.rule = rule
        began = moment(start)
        assert began is not None
        self.id = opened_id(rule, began, "一件申请", "云梦省某局")
        self.entries: list[Entry] = []
        opened = {"start": start, "title": "一件申请", "body": "云梦省某局", **value}
        self.add("duty_open", opened, f"{start[:10]}T09:00")

    def add(self, what: Any, value: Any, known: str, who: str = "值班长", why: str = "收件登记") -> Entry:
        entry = entry_of(at(known), (who, why), what, (self.id, self.rule), value)
        self.entries.append(entry)
        return entry

    def of(self, now: str) -> Duty:
        found = duty_of(self.id, RULES, by_subject(self.entries), at(now))
        assert found is not None
        return found

    def ruled(self, now: str) -> tuple[str, str]:
        duty = self.of(now)
        return duty.verdict, duty.reason

    def faults(self) -> list[str]:
        return [noted.fault or "" for noted in self.of("2030-01-01").history]


def periodic(identity: str, *entries: tuple[str, Any, str], now: str) -> Duty:
    kept = [
        entry_of(at(known), ("值班长", "核对"), what, (identity, identity.partition("|")[0]), value)  # type: ignore[arg-type]
        for what, value, known in entries
    ]
    found = duty_of(identity, RULES, by_subject(kept), at(now))
    assert found is not None
    return found
