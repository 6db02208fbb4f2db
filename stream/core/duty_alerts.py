"""Reminders of the ledger: which rung a duty has reached, and what a duty officer is told.

A text never accuses beyond the record: past its date a duty without proof is one of which the ledger holds none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from stream.core.alert_policy import DutyRungs, Silence
from stream.core.alert_texts import RegionName, lines, plain, where_words
from stream.core.cases import Alert
from stream.core.duties import Duty, day_of, days_left
from stream.core.intervals import SHANGHAI

LONGEST_OVERDUE = timedelta(days=31)
"""What is overdue for longer is history, not news: it stands in the ledger."""


def rung_of(duty: Duty, rungs: DutyRungs, now: datetime) -> int | None:
    """The last rung (days before the due date) that an unproven duty has reached at `now`; None where there is nothing
    to remind of."""
    if duty.due is None or duty.verdict not in ("pending", "breached") or duty.reason == "advisory":
        return None
    due = day_of(duty.due)
    if now > datetime.combine(due, time(), SHANGHAI) + LONGEST_OVERDUE:
        return None
    reached = [days for days in rungs.days if _at(duty, days, rungs.hour) <= now]
    return min(reached) if reached else None


def _at(duty: Duty, days: int, hour: int) -> datetime:
    """When a rung is reached: at that hour of the day so many days before the due date."""
    assert duty.due is not None
    return datetime.combine(day_of(duty.due) - timedelta(days=days), time(hour), SHANGHAI)


def alert_id(duty: Duty, rung: int) -> str:
    """The sent-log key: a due date that moved is a new one to remind of."""
    return f"{duty.id}|{duty.due and day_of(duty.due)}|{rung_name(rung)}"


def rung_name(days: int) -> str:
    """T-7d, due, overdue-1d."""
    if days == 0:
        return "due"
    return f"T-{days}d" if days > 0 else f"overdue-{-days}d"


def duty_alert(duty: Duty, rung: int, now: datetime, region_name: RegionName) -> Alert:
    """What is told of a duty at `now`."""
    left = days_left(duty, now)
    assert left is not None  # a duty without a due date reaches no rung
    words = f"还剩{left}天" if left > 0 else "今天到期" if left == 0 else f"到期已过{-left}天"
    labels = "（原则上）" if duty.modality == "in_principle" else ""
    done = f"已有证明 {len(duty.proofs)} 份，须 {duty.needed} 份" if duty.needed > 1 else "台账中尚无按期的证明"
    text = lines(
        [
            ("事项", plain(duty.title, 80) + labels), ("地点", where_words(duty.region, region_name)),
            ("责任单位", "、".join(plain(one, 40) for one in duty.bodies[:4]) or None),
            ("到期", f"{duty.due and day_of(duty.due)}，{words}"), ("状态", done),
            ("依据", plain(duty.document, 60)), ("编号", plain(duty.id, 80)),
        ]
    )  # fmt: skip
    return Alert(
        id=alert_id(duty, rung), collected_at=now, at=now, incident=None, topic=None, region=duty.region,
        rule=duty.rule, rung=rung_name(rung), kind="duty", title=f"【台账·{words}】{plain(duty.title, 40)}", text=text,
    )  # fmt: skip


def is_silenced(duty: Duty, silences: Sequence[Silence], now: datetime) -> bool:
    """Whether a person muted it; a silence of one incident is none of the ledger's."""
    return any(
        muted.incident is None
        and (muted.since is None or muted.since <= now)
        and now < muted.until
        and muted.rule in (None, duty.rule)
        and muted.kind in (None, "duty")
        and (muted.region is None or (duty.region or "").startswith(muted.region))
        for muted in silences
    )
