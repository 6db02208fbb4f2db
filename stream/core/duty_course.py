"""The course of one duty: its append-only entries taken one after the other, each either counting or without effect.

What the command line refuses to record and what the ledger ignores where it came by another way is one rule, here.
Sources: 政府信息公开条例 30, 31, 33 (restart on correction, suspension, extension), 信访工作条例 34; the rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast, get_args

from msgspec import Struct
from msgspec.structs import replace

from stream.core.calendars import LONGEST_DAYS, Explanation, Step, explain, restarted
from stream.core.decided import interval_in
from stream.core.documents import Entry, Grade
from stream.core.duties import Given, Noted, Review, day_of, days_of
from stream.core.intervals import Interval
from stream.core.rules import Rule
from stream.core.workdays import NATIONWIDE, Place

LISTED = 50  # lines of a review, formalities of an extension
LONGEST_TEXT = 2_000


class NoEffect(ValueError):
    """This entry changes nothing; the message (Chinese) says why."""


class Opening(Struct, frozen=True, kw_only=True):
    """What a `duty_open` entry says; `until`: the end of a season, for rules that recur only in one."""

    start: date | datetime
    title: str
    body: str | None
    grade: Grade | None
    until: date | None
    region: str | None


class Course(Struct, frozen=True, kw_only=True):
    """Where a duty stands after the entries so far. `fixed`: the due date of a periodic duty, which nothing moves."""

    rule: Rule
    begun: date | datetime
    start: date | datetime
    grade: Grade | None = None
    place: Place = NATIONWIDE
    fixed: Explanation | None = None
    extended: int = 0
    suspended: tuple[tuple[date, date | None], ...] = ()
    proofs: tuple[Given, ...] = ()
    review: Review | None = None
    withdrawn: bool = False


def computed(course: Course) -> Explanation:
    """When the duty is due, by closed suspensions only."""
    if course.fixed is not None:
        return course.fixed
    closed = [(first, last) for first, last in course.suspended if last is not None]
    counted = explain(course.rule, course.start, course.extended, closed, course.grade, course.place)
    return counted if course.start == course.begun else restarted(course.rule, course.begun, counted)


def pause(course: Course, due: date | datetime | None) -> date | None:
    """Since when the period stands still, if it does."""
    since = [first for first, last in course.suspended if last is None]
    return since[0] if since and (due is None or since[0] <= day_of(due)) else None


def run(course: Course, entries: Sequence[Entry]) -> tuple[Course, list[Noted]]:
    """The course after `entries` (oldest first), and each with what became of it."""
    undone = _undone(entries)
    undoing = {one.id for one in undone.values()}
    history = []
    for entry in entries:
        by, fault = undone.get(entry.id), None
        if by is not None:
            fault = f"已由{by.who}撤回：{by.why}"
        elif entry.id not in undoing:
            try:
                course = _after(course, entry)
            except NoEffect as error:
                fault = str(error)
        history.append(Noted(entry=entry, fault=fault))
    return course, history


def _undone(entries: Sequence[Entry]) -> dict[str, Entry]:
    """Entries that a later one took back by name (a wrong proof, a wrong suspension), and that later one."""
    found: dict[str, Entry] = {}
    seen: dict[str, Entry] = {}
    for entry in entries:
        of = _map(entry).get("of")
        if entry.what == "duty_withdraw" and isinstance(of, str) and _is_signed(entry) and _can_be_undone(seen.get(of)):
            found.setdefault(of, entry)
        seen[entry.id] = entry
    return found


def _can_be_undone(entry: Entry | None) -> bool:
    return entry is not None and entry.what not in ("duty_open", "duty_withdraw")


def _after(course: Course, entry: Entry) -> Course:
    if not _is_signed(entry):
        raise NoEffect("没有写明是谁、为何")
    if course.withdrawn:
        raise NoEffect("这一事项已撤销")
    if entry.what == "duty_open":
        return course
    if (takes := _TAKES.get(entry.what)) is None:
        raise NoEffect("不是台账事项的记录")
    return takes(course, entry)


def _extended(course: Course, entry: Entry) -> Course:
    """Within the term, with the rule's formalities, and never beyond its maximum in all."""
    extension, value = course.rule.window.extension, _map(entry)
    if extension is None:
        raise NoEffect(f"{course.rule.id} 不可延长")
    by = value.get("by")
    if not isinstance(by, int) or isinstance(by, bool) or by <= 0:
        raise NoEffect("延长多少须为正整数（与规则同一单位）")
    if course.extended + by > extension.max:
        already = f"，已延长 {course.extended}" if course.extended else ""
        raise NoEffect(f"{course.rule.id} 至多延长 {extension.max}{already}，不能再延长 {by}")
    done = _texts(value.get("needs"))
    if missing := [need for need in extension.needs if need not in done]:
        raise NoEffect(f"延长须先办妥：{'、'.join(missing)}")
    due = computed(course).due
    if due is not None and _day(value, "at", entry) > day_of(due) and pause(course, due) is None:
        raise NoEffect(f"期限 {day_of(due)} 已过，不能再延长")
    extended = replace(course, extended=course.extended + by)
    try:
        computed(extended)
    except ValueError as error:
        raise NoEffect(str(error)) from None
    return extended


def _suspended(course: Course, entry: Entry) -> Course:
    grounds, value = course.rule.start.suspended_by, _map(entry)
    if not grounds:
        raise NoEffect(f"{course.rule.id} 没有可以中止的情形")
    if value.get("ground", grounds[0]) not in grounds:
        raise NoEffect(f"中止的情形应为：{'、'.join(grounds)}")
    first, last = _date(value.get("from")), _date(value.get("to"))
    if first is None or (last is None and value.get("to") is not None):
        raise NoEffect("中止须写明首日（from）；末日（to）未定时留空")
    if first < day_of(course.start):
        raise NoEffect(f"中止早于起算日 {day_of(course.start)}")
    if last is not None and (last < first or (last - first).days > LONGEST_DAYS):
        raise NoEffect("中止的末日早于首日，或中止过长")
    # The end of a suspension is a second entry with the same first day.
    kept = tuple(one for one in course.suspended if one[0] != first or one[1] is not None)
    return replace(course, suspended=tuple(sorted((*kept, (first, last)), key=lambda one: one[0])))


def _restarted(course: Course, entry: Entry) -> Course:
    if not course.rule.start.restarted_by:
        raise NoEffect(f"{course.rule.id} 没有重新起算的情形")
    at = _date(_map(entry).get("at"))
    if at is None or at < day_of(course.start) or at > day_of(entry.collected_at):
        raise NoEffect("重新起算之日（at）须为起算日以后、今天以前的日期")
    return replace(course, start=at)


def _proved(course: Course, entry: Entry) -> Course:
    value = _map(entry)
    at = interval_in(value.get("at"))
    if at is None or at.earliest is None:
        raise NoEffect("证明须写明办成的日期或时刻（at）")
    if at.earliest > entry.collected_at:
        raise NoEffect("证明的时间晚于登记时间")
    if _is_bounded_below(course) and days_of(at)[1] < day_of(course.begun):
        raise NoEffect(f"证明的时间早于起算日 {day_of(course.begun)}")
    url, sha256, note = (_text(value.get(name)) for name in ("url", "sha256", "note"))
    if url is None and sha256 is None and note is None:
        raise NoEffect("证明须附链接、文件或说明")
    if url is not None and not re.match(r"https?://\S{3,2000}$", url):
        raise NoEffect("证明的链接须是 http(s) 网址")
    given = Given(entry=entry.id, at=at, url=url, sha256=sha256, note=note)
    if any(_is_same(one, given) for one in course.proofs):
        raise NoEffect("同一份证明已登记过")
    return replace(course, proofs=(*course.proofs, given))


def _is_bounded_below(course: Course) -> bool:
    """A dated task may have been done before the paper that sets the date; an answer never before its question."""
    return course.rule.window.unit not in ("annual_date", "none", "promptly") and course.rule.start.day is None


def _is_same(one: Given, other: Given) -> bool:
    """One document proves one act once: a quota of two needs two."""
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    return one.at == other.at and one.url == other.url and one.note == other.note


def _withdrawn(course: Course, entry: Entry) -> Course:
    """Of the duty as a whole; one that names another entry took its effect on that one."""
    if "of" in _map(entry):
        raise NoEffect("没有可以撤回的那条记录（登记与撤销本身不能撤回）")
    return replace(course, withdrawn=True)


def _reviewed(course: Course, entry: Entry) -> Course:
    value = _map(entry)
    if not isinstance(value.get("done"), bool):
        raise NoEffect("督察意见须写明是否完成（done）")
    review = Review(
        entry=entry.id, who=entry.who, done=value["done"], problems=_texts(value.get("problems")),
        measures=_texts(value.get("measures")), units=_text(value.get("units")),
        materials_from=_text(value.get("materials_from")),
    )  # fmt: skip
    return replace(course, review=review)


_TAKES: Mapping[str, Callable[[Course, Entry], Course]] = {
    "duty_extend": _extended, "duty_suspend": _suspended, "duty_restart": _restarted, "duty_prove": _proved,
    "duty_withdraw": _withdrawn, "duty_review": _reviewed,
}  # fmt: skip


def opening_of(entry: Entry) -> Opening:
    """What a `duty_open` entry opens. Raises NoEffect."""
    value = _map(entry)
    if not _is_signed(entry):
        raise NoEffect("没有写明是谁、为何")
    start, title = moment(value.get("start")), _text(value.get("title"))
    if start is None:
        raise NoEffect("须写明起算的日期或时刻（start）")
    if day_of(start) > day_of(entry.collected_at) + timedelta(days=366):
        raise NoEffect("起算日在一年之后")
    if title is None:
        raise NoEffect("须写明事项（title）")
    grade = value.get("grade")
    if grade is not None and grade not in get_args(Grade):
        raise NoEffect(f"等级应为：{'、'.join(get_args(Grade))}")
    until = _date(value.get("until"))
    region = _text(value.get("region"))
    if region is not None and not re.fullmatch(r"[1-9][0-9]{5}", region):
        raise NoEffect("地方（region）须是六位行政区划代码")
    return Opening(
        start=start, title=title, body=_text(value.get("body")), grade=cast("Grade | None", grade), until=until,
        region=region,
    )  # fmt: skip


def moment(text: Any) -> date | datetime | None:
    """A date as a date, an instant to the minute as the end of that minute (two instants known to the minute and equal
    count as on time)."""
    found: Interval | None = interval_in(text) if isinstance(text, str) else None
    if found is None or found.earliest is None:
        return None
    return day_of(found.earliest) if found.precision == "day" else found.latest


def fixed(rule: str, start: date, due: date | None, reason: Any, why: str) -> Explanation:
    """The computation of a duty that the calendar itself sets."""
    steps = [Step(date=due, counted=True, why=why)] if due is not None else []
    return Explanation(rule=rule, start=start, due=due, steps=steps, reason=reason)


def _map(entry: Entry) -> dict[str, Any]:
    return entry.value if isinstance(entry.value, dict) else {}


def _is_signed(entry: Entry) -> bool:
    return bool(entry.who.strip()) and bool(entry.why.strip())


def _date(value: Any) -> date | None:
    found = moment(value)
    return None if found is None else day_of(found)


def _day(value: dict[str, Any], name: str, entry: Entry) -> date:
    """The day named in the value, else the day of the entry."""
    return _date(value.get(name)) or day_of(entry.collected_at)


def _text(value: Any) -> str | None:
    return value.strip()[:LONGEST_TEXT] if isinstance(value, str) and value.strip() else None


def _texts(value: Any) -> list[str]:
    listed: Iterable[Any] = value if isinstance(value, list) else [value]
    return [text for one in list(listed)[:LISTED] if (text := _text(one))]
