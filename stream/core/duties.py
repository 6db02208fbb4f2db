"""The types of the ledger (台账): a duty with its due date, its proofs and what people put on record about it.

A duty is derived, never stored: periodic ones arise from the rules by themselves, single ones (an application, a
petition, a penalty) from a `duty_open` entry. Days are Shanghai's; a due date ends at its 24:00.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from msgspec import Struct, field

from stream.core.calendars import Step
from stream.core.documents import Entry, EntryKind
from stream.core.intervals import SHANGHAI, Interval
from stream.core.rules import Modality

DutyVerdict = Literal["pending", "met", "breached", "indeterminate", "not_applicable"]
DutyReason = Literal[
    "awaiting_proof", "proof_in_time", "proof_late", "proof_straddles_due", "no_proof", "too_few_proofs",
    "ended_too_early", "suspended", "passed_when_printed", "withdrawn", "not_in_force", "proof_recorded", "no_number",
    "advisory",
    "grade_needed", "calendar_unpublished", "date_out_of_range",
]  # fmt: skip

DUTY_REASONS: Mapping[DutyReason, str] = {
    "awaiting_proof": "期限未到，尚无证明",
    "proof_in_time": "证明的时间在期限之内",
    "proof_late": "证明的时间晚于期限",
    "proof_straddles_due": "证明时间的精度不足以分出先后",
    "no_proof": "期限已过，台账中没有证明",
    "too_few_proofs": "期限已过，证明的次数不足",
    "ended_too_early": "未满规定的最短期间",
    "suspended": "期间中止，尚未恢复",
    "passed_when_printed": "文件印发时期限已过，是否另有在先的要求须由人核实",
    "withdrawn": "经人撤销登记",
    "not_in_force": "起算时规则尚未生效或已失效",
    "proof_recorded": "已有证明",
    "no_number": "规则没有数字时限，只作提示，不判超期",
    "advisory": "提示性要求，不判超期",
    "grade_needed": "须先写明事故等级才能计算",
    "calendar_unpublished": "当年的放假调休安排尚未公布，不推算",
    "date_out_of_range": "日期超出可计算的范围",
}
DUTY_VERDICTS: Mapping[DutyVerdict, str] = {
    "pending": "待办", "met": "按期完成", "breached": "超期", "indeterminate": "无法判断", "not_applicable": "不适用",
}  # fmt: skip
ENTRY_WORDS: Mapping[EntryKind, str] = {
    "duty_open": "登记", "duty_extend": "延长", "duty_suspend": "中止", "duty_restart": "补正后重新起算",
    "duty_prove": "证明", "duty_withdraw": "撤销", "duty_review": "督察意见", "evidence_issued": "出具原卷",
}  # fmt: skip


class Given(Struct, frozen=True, kw_only=True):
    """One proof on record: when the thing was done, and where it can be seen."""

    entry: str
    at: Interval
    url: str | None
    sha256: str | None
    note: str | None


class Review(Struct, frozen=True, kw_only=True):
    """What a supervisor last wrote on a duty: the columns of the supervision table (督察表)."""

    entry: str
    who: str
    done: bool
    problems: list[str]
    measures: list[str]
    units: str | None
    materials_from: str | None


class Noted(Struct, frozen=True, kw_only=True):
    """An entry in a duty's history; `fault`: why it has no effect, if it has none."""

    entry: Entry
    fault: str | None = None


class Duty(Struct, frozen=True, kw_only=True):
    """One duty as it stands. `due`: a day (its 24:00) or an instant, None with the `reason`; `needed`: how many proofs.
    `title` is what a person called a single matter, else the rule's own words; `period` only of periodic ones."""

    id: str
    rule: str
    rule_version: str
    modality: Modality
    text: str
    title: str
    period: str | None
    bodies: list[str]
    region: str | None
    document: str
    quote: str
    start: date | datetime
    due: date | datetime | None
    verdict: DutyVerdict
    reason: DutyReason
    needed: int
    steps: list[Step]
    proofs: list[Given] = field(default_factory=list)
    extended: int = 0
    suspended: list[tuple[date, date | None]] = field(default_factory=list)
    review: Review | None = None
    history: list[Noted] = field(default_factory=list)


def entry_of(
    at: datetime, signed: tuple[str, str], what: EntryKind, subject: tuple[str, str | None], value: Any
) -> Entry:
    """The entry a person makes at `at`: `signed` = who and why, `subject` = the duty and its rule. The same words at
    the same instant make the same id."""
    (who, why), (duty, rule) = signed, subject
    text = json.dumps([at.isoformat(), who, what, duty, rule, value, why], ensure_ascii=False, sort_keys=True)
    identity = "n-" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    return Entry(id=identity, collected_at=at, who=who, what=what, subject=duty, rule=rule, value=value, why=why)


def opened_id(rule: str, start: date | datetime, title: str, body: str) -> str:
    """The id of a single matter: the same rule, start, body and title are the same matter."""
    words = f"{start.isoformat()}|{body}|{title}"
    return f"{rule}|{day_of(start)}|{hashlib.sha256(words.encode('utf-8', 'replace')).hexdigest()[:8]}"


def day_of(at: date | datetime) -> date:
    """The Shanghai day."""
    return at.astimezone(SHANGHAI).date() if isinstance(at, datetime) else at


def end_of(due: date | datetime) -> datetime:
    """The instant at which a due date has passed: midnight after the day, or the instant itself."""
    if isinstance(due, datetime):
        return due
    return datetime.combine(due, time(), SHANGHAI) + timedelta(days=1)


def days_of(interval: Interval) -> tuple[date, date]:
    """First and last day that an interval touches; one that ends at midnight does not reach into the next day."""
    earliest = interval.earliest or interval.latest
    latest = interval.latest - timedelta(microseconds=1) if interval.latest > earliest else interval.latest
    return day_of(earliest), day_of(latest)


def days_left(duty: Duty, now: datetime) -> int | None:
    """Days to the due date, 0 on the day itself, negative after it; None where there is none."""
    return None if duty.due is None else (day_of(duty.due) - day_of(now)).days


def newest_first(history: Sequence[Noted]) -> list[Noted]:
    """As people read a history."""
    return list(reversed(history))


def standing_word(duty: Duty) -> str:
    """The verdict in a word. Where nothing is on record, that, and not lateness: what nobody recorded may have been
    done."""
    return "期满无证明" if is_unproven(duty) else DUTY_VERDICTS[duty.verdict]


def is_unproven(duty: Duty) -> bool:
    """Whether it counts as breached only because no proof, or too few, are on record."""
    return duty.verdict == "breached" and duty.reason in ("no_proof", "too_few_proofs")
