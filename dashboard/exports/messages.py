"""Citizens' messages as founding document 002, task 33, asks for them: 受理日期 · 答复日期 · 答复部门 · 答复内容, with
statistics. A bare acknowledgement is no answer. Whether a reply was in time is told only by a rule that was chosen,
where it holds and while it was in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct

from dashboard.drawing import instant
from dashboard.exports.boards import Letter, Reply
from dashboard.exports.records import span_words
from dashboard.exports.tables import Cell, Frame, Paper, Table, cleaned, one_line
from dashboard.words import ANSWERS_NOTHING
from stream.core.calendars import explain
from stream.core.duties import DUTY_REASONS
from stream.core.intervals import SHANGHAI, Interval
from stream.core.rules import COUNTED, Rule, is_in_force, is_in_jurisdiction, version_of

COLUMNS = (
    "序号", "留言编号", "留言标题", "受理日期", "答复日期", "答复部门", "答复内容", "用时（天）", "状态", "应答复日",
    "按所选规则",
)  # fmt: skip
WIDTHS = (6, 14, 34, 13, 13, 24, 64, 10, 18, 14, 20)
COUNTS, COUNTS_WIDTHS = ("指标", "数值", "说明"), (30, 14, 70)
DEPARTMENTS = ("答复部门", "答复件数", "用时中位数（天）", "用时 90 分位（天）", "超过所选规则的时限", "仅已收悉")
DEPARTMENTS_WIDTHS = (36, 12, 18, 18, 20, 12)
UNNAMED = "未署名"
NOTES = (
    "受理日期取留言公开（提交）之日，答复日期取答复公开之日；用时按日历日计。留言人不列。",
    "答复部门照答复末尾的署名或所用账号，没有的写“未署名”。“已收悉”一类只表示收到，不算答复，单列。未见答复以所监看到的为限。",
)

Status = Literal["answered", "acknowledged", "silent"]
Outcome = Literal["", "in_time", "over", "over_silent", "running", "unknown", "not_applicable"]

STATUSES: dict[Status, str] = {"answered": "已答复", "acknowledged": "仅已收悉（不算答复）", "silent": "未见答复"}
OUTCOMES: dict[Outcome, str] = {
    "": "", "in_time": "时限内", "over": "超过时限", "over_silent": "时限已过，未见答复", "running": "时限未到",
    "unknown": "无法判断", "not_applicable": "不适用",
}  # fmt: skip


class Line(Struct, frozen=True, kw_only=True):
    """One message with what came of it. `days` is None where a date is not known to the day."""

    letter: Letter
    status: Status
    reply: Reply | None
    days: int | None
    due: date | None
    outcome: Outcome
    why: str


def messages_paper(letters: Sequence[Letter], rule: Rule | None, frame: Frame) -> Paper:
    """The messages, their statistics, and the statistics of each department."""
    lines = [line_of(one, rule, frame.now) for one in letters]
    return Paper(
        title="意见建议受理反馈情况",
        head=(("答复部门", one_line(frame.body or "各部门", 60)), ("受理期间", span_words(frame)),
              ("所选时限规则", _rule_words(rule))),
        tables=(
            Table(key="messages", name="留言答复", columns=COLUMNS, widths=WIDTHS,
                  rows=cleaned(_row(number, one) for number, one in enumerate(lines, 1))),
            Table(key="counts", name="统计", columns=COUNTS, widths=COUNTS_WIDTHS, rows=cleaned(counts(lines, rule))),
            Table(key="departments", name="按答复部门", columns=DEPARTMENTS, widths=DEPARTMENTS_WIDTHS,
                  rows=cleaned(by_department(lines))),
        ),
        notes=NOTES,
    )  # fmt: skip


def line_of(letter: Letter, rule: Rule | None, now: datetime) -> Line:
    """What came of one message: the first reply that says something counts."""
    answers = [one for one in letter.replies if one.form not in ANSWERS_NOTHING]
    reply = next(iter(answers or letter.replies), None)
    status: Status = "answered" if answers else "acknowledged" if letter.replies else "silent"
    accepted, answered = day_of(letter.accepted), day_of(reply.published) if reply and answers else None
    days = None if accepted is None or answered is None else (answered - accepted).days
    due, outcome, why = _by_rule(letter, rule, (accepted, answered, status), now)
    return Line(letter=letter, status=status, reply=reply, days=days, due=due, outcome=outcome, why=why)


def day_of(interval: Interval | None) -> date | None:
    """The Shanghai day, where the interval lies in one; None else."""
    if interval is None or interval.earliest is None:
        return None
    first = interval.earliest.astimezone(SHANGHAI)
    last = interval.latest.astimezone(SHANGHAI)
    if last > first:
        last -= timedelta(microseconds=1)  # a whole day ends at the next midnight
    return first.date() if first.date() == last.date() else None


def _by_rule(
    letter: Letter, rule: Rule | None, stated: tuple[date | None, date | None, Status], now: datetime
) -> tuple[date | None, Outcome, str]:
    if rule is None:
        return None, "", ""
    accepted, answered, status = stated
    if why := _unfit(letter, rule, accepted):
        return None, "not_applicable", why
    found = None if accepted is None else explain(rule, accepted)
    if found is None or found.due is None:
        return None, "unknown", "受理日期不详" if found is None else DUTY_REASONS[found.reason or "no_number"]
    due = found.due.date() if isinstance(found.due, datetime) else found.due
    if status == "answered":
        return due, *_answered(accepted, answered, due)
    return due, "over_silent" if now.astimezone(SHANGHAI).date() > due else "running", ""


def _unfit(letter: Letter, rule: Rule, accepted: date | None) -> str:
    """Why the rule does not hold for this message; empty where it does, or where nobody can tell."""
    if not is_in_jurisdiction(rule, [letter.region] if letter.region else []):
        return "留言地点不在规则适用地区，或地点不详"
    noon = None if accepted is None else datetime(accepted.year, accepted.month, accepted.day, 12, tzinfo=SHANGHAI)
    return "受理时规则未生效或已失效" if noon is not None and not is_in_force(rule, noon) else ""


def _answered(accepted: date | None, answered: date | None, due: date) -> tuple[Outcome, str]:
    if accepted is None or answered is None:
        return "unknown", "答复日期不详"
    if answered < accepted:
        return "unknown", "答复日期早于受理日期"
    return "in_time" if answered <= due else "over", ""


def is_usable(rule: Rule) -> bool:
    """Whether a rule can tell by when a message was to be answered: a count of days from its receipt."""
    return rule.window.unit in COUNTED and rule.window.unit != "clock_hour" and rule.window.value is not None


def _rule_words(rule: Rule | None) -> str:
    if rule is None:
        return "未选定，不判断是否在时限内"
    place = rule.jurisdiction.name if rule.jurisdiction else "全国"
    named = f"{rule.id}，{version_of(rule)} 版，{place}，{rule.source.document}"
    return f"{rule.text}（{named}；原文自{rule.start.text or '收到之日'}起算，此处以受理日期代）"


def _row(number: int, line: Line) -> list[Cell]:
    letter, reply = line.letter, line.reply
    removed = "（其后已不可见）" if reply and reply.is_removed else ""
    outcome = OUTCOMES[line.outcome] + (f"（{line.why}）" if line.why else "")
    return [
        number, one_line(letter.id, 80), one_line(letter.title, 120), _date(letter.accepted),
        _date(reply.published) if reply else "", one_line(reply.department or UNNAMED, 60) if reply else "",
        one_line(reply.text, 220) if reply else "", "" if line.days is None else line.days,
        STATUSES[line.status] + removed, line.due.isoformat() if line.due else "", outcome,
    ]  # fmt: skip


def _date(interval: Interval | None) -> str:
    if interval is None:
        return "不详"
    day = day_of(interval)
    if day is not None:
        return day.isoformat()
    first = instant(interval.earliest)[:10] if interval.earliest else "不详"
    return f"{first} 至 {instant(interval.latest)[:10]}"


def counts(lines: Sequence[Line], rule: Rule | None) -> list[list[Cell]]:
    """How many, answered, how fast; each count with what it leaves out."""
    statuses = Counter(one.status for one in lines)
    days = _days(lines)
    undated = statuses["answered"] - len(days)
    rows: list[list[Cell]] = [
        ["受理件数", len(lines), ""],
        ["已答复", statuses["answered"], f"占受理 {_share(statuses['answered'], len(lines))}"],
        ["仅已收悉", statuses["acknowledged"], "只表示收到，不算答复"],
        ["未见答复", statuses["silent"], "以所监看到的为限"],
        ["用时中位数（天）", median(days), f"按 {len(days)} 件计；{undated} 件日期不详或答复早于受理，不计"],
        ["用时 90 分位（天）", ninth(days), "每十件中有九件不超过此数"],
        ["最长用时（天）", max(days, default="—"), ""],
    ]  # fmt: skip
    if rule is not None:
        outcomes = Counter(one.outcome for one in lines)
        judged = outcomes["in_time"] + outcomes["over"] + outcomes["over_silent"]
        rows += [["可按所选规则判断", judged, "时限内 + 超过时限 + 时限已过未见答复"]]
        rows += [[words, outcomes[name], _whys(lines, name)] for name, words in OUTCOMES.items() if name]
    return rows


def _whys(lines: Sequence[Line], outcome: Outcome) -> str:
    found = Counter(one.why for one in lines if one.outcome == outcome and one.why)
    return "；".join(f"{why} {number} 件" for why, number in sorted(found.items()))


def by_department(lines: Sequence[Line]) -> list[list[Cell]]:
    """The same for each department that answered, the busiest first."""
    found: dict[str, list[Line]] = {}
    for one in lines:
        if one.reply is not None:
            found.setdefault(one.reply.department or UNNAMED, []).append(one)
    rows: list[list[Cell]] = []
    for name, own in sorted(found.items(), key=lambda one: (-len(one[1]), one[0])):
        statuses, days = Counter(one.status for one in own), _days(own)
        over = sum(one.outcome == "over" for one in own)
        judged = over + sum(one.outcome == "in_time" for one in own)
        late = f"{over}／{judged}" if judged else "—"
        rows.append(
            [one_line(name, 60), statuses["answered"], median(days), ninth(days), late, statuses["acknowledged"]]
        )
    return rows


def _days(lines: Sequence[Line]) -> list[int]:
    """Days taken, ascending. A reply dated before its message is a fault of the data, not speed."""
    return sorted(one.days for one in lines if one.days is not None and one.days >= 0)


def median(days: Sequence[int]) -> Cell:
    """The middle one; of an even number half of the two in the middle."""
    if not days:
        return "—"
    low, high = days[(len(days) - 1) // 2], days[len(days) // 2]
    return (low + high) // 2 if (low + high) % 2 == 0 else f"{(low + high) / 2:.1f}"


def ninth(days: Sequence[int]) -> Cell:
    """The smallest that nine in ten do not exceed (nearest rank)."""
    return days[-(-9 * len(days) // 10) - 1] if days else "—"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "—"
