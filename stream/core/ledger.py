"""The ledger (台账) of duties that a person keeps, derived purely from rules, entries, calendar and now.

Periodic duties arise by themselves from `judged: ledger` rules; single matters are opened by an entry. Only entries
known by `now` count, so any `now` gives the view as of then. A rule without a number is advisory and never breached;
beyond the last published calendar a due date is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from msgspec import Struct

from stream.core.calendars import Explanation, Occurrence, occurrences
from stream.core.documents import Entry, in_order
from stream.core.duties import Duty, DutyReason, DutyVerdict, Given, Noted, day_of, days_of, end_of
from stream.core.duty_course import Course, NoEffect, Opening, computed, fixed, opening_of, pause, run
from stream.core.intervals import SHANGHAI
from stream.core.rules import Rule, Rules, is_in_force, is_on, modality_at, region_prefix, version_of
from stream.core.workdays import LocalHolidays, Place

Entries = Mapping[str, Sequence[Entry]]
"""Entries by their subject, oldest first."""

AHEAD = timedelta(days=800)  # how far ahead a period is looked for by its name


def by_subject(entries: Iterable[Entry], now: datetime | None = None) -> dict[str, list[Entry]]:
    """Entries on duties, by duty; those alone that were known at `now`."""
    found: dict[str, list[Entry]] = {}
    known = [one for one in entries if one.what.startswith("duty_") and (now is None or one.collected_at <= now)]
    for entry in sorted(known, key=in_order):
        found.setdefault(entry.subject, []).append(entry)
    return found


def duties(
    rules: Rules,
    entries: Entries,
    now: datetime,
    period: tuple[date, date],
    region: str | None = None,
    overlay: LocalHolidays | None = None,
) -> list[Duty]:
    """Every duty that is due in `period` (both ends inclusive), the next due first; single matters that have no due
    date are listed by their start. `region`: a code; rules that hold there, or in places within it. `overlay`: days
    off of single regions (config/holidays.yaml)."""
    here = (rule for rule in _kept(rules) if applies_in(_region(rule), region))
    found = {one.id: one for one in _periodic(here, entries, now, period, overlay)}
    for subject, listed in entries.items():
        duty = None if subject in found else _opened(subject, listed, rules, now, overlay)
        if duty is not None and applies_in(duty.region, region):
            found[subject] = duty
    first, last = period
    return sorted((one for one in found.values() if first <= _shown_at(one) <= last), key=_order)


def duty_of(
    identity: str, rules: Rules, entries: Entries, now: datetime, overlay: LocalHolidays | None = None
) -> Duty | None:
    """One duty; None where neither the rules nor an entry know it."""
    listed = entries.get(identity, ())
    if listed and (opened := _opened(identity, listed, rules, now, overlay)) is not None:
        return opened
    versions = (rule for rule in _kept(rules) if rule.id == identity.partition("|")[0])
    ever = date(1990, 1, 1), day_of(now + AHEAD)
    return next((one for one in _periodic(versions, entries, now, ever, overlay) if one.id == identity), None)


def fault_of(entry: Entry, rules: Rules, entries: Entries, overlay: LocalHolidays | None = None) -> str | None:
    """Why an entry about to be made would have no effect (Chinese); None where it has one."""
    if entry.what == "duty_open":
        return _fault_of_opening(entry, rules, entries)
    listed = [*entries.get(entry.subject, ()), entry]
    duty = duty_of(entry.subject, rules, {**entries, entry.subject: listed}, entry.collected_at, overlay)
    if duty is None:
        return f"没有事项 {entry.subject}；huiying ledger list 可列出"
    return next((noted.fault for noted in duty.history if noted.entry.id == entry.id), None)


def _fault_of_opening(entry: Entry, rules: Rules, entries: Entries) -> str | None:
    try:
        opening = opening_of(entry)
    except NoEffect as error:
        return str(error)
    rule = _version(rules, entry.rule or "", opening.start)
    if rule is None:
        return f"没有可登记的规则 {entry.rule}；huiying rules list 可列出（只有“台账”类、已启用的可登记）"
    if not _stands(rule, opening.start):
        return f"{rule.id} 在 {day_of(opening.start)} 尚未生效或已失效"
    if rule.applies_to.season and opening.until is None:
        return f"{rule.id} 只在一季中适用：须写明这一季的末日（until）"
    if _opening(entries.get(entry.subject, ()), rule.id) is not None:
        return f"这一事项已登记：{entry.subject}"
    return None


def applies_in(own: str | None, region: str | None) -> bool:
    """Whether what holds in the region `own` (None: everywhere) holds in `region`, or in a place within it."""
    if region is None or own is None:
        return True
    return region.startswith(region_prefix(own)) or own.startswith(region_prefix(region))


def seasons_of(rule: Rule, entries: Entries, now: datetime) -> list[tuple[date, date]]:
    """The seasons that people had named by `now` for a rule that recurs only in one."""
    found = []
    for listed in entries.values():
        known = [one for one in listed if one.collected_at <= now and one.rule == rule.id]
        opening = _opening(known, rule.id)
        is_withdrawn = any(one.what == "duty_withdraw" and one.value is None for one in known)
        if opening is not None and not is_withdrawn:
            found.append((day_of(opening.start), opening.until or day_of(opening.start)))
    return sorted(found)


# --- the two ways a duty arises ---------------------------------------------------------------------------------------


def _periodic(
    rules: Iterable[Rule], entries: Entries, now: datetime, period: tuple[date, date], overlay: LocalHolidays | None
) -> Iterator[Duty]:
    for rule in rules:
        seasons = seasons_of(rule, entries, now) if rule.applies_to.season else ()
        for one in occurrences(rule, *period, seasons=seasons, place=Place(overlay=overlay)):
            yield _arisen(rule, one, entries.get(duty_id(one), ()), now, overlay)


def _kept(rules: Rules) -> Iterator[Rule]:
    """The rules of the ledger that are on."""
    return (rule for rule in rules.rules if rule.judged == "ledger" and is_on(rule))


def duty_id(one: Occurrence) -> str:
    """The id of a periodic duty."""
    return f"{one.rule}|{one.period}"


def _arisen(rule: Rule, one: Occurrence, listed: Sequence[Entry], now: datetime, overlay: LocalHolidays | None) -> Duty:
    """Nothing moves what the calendar sets; what is counted from the day of printing is told day by day."""
    why = rule.deadline or f"{one.period}：{rule.text}"
    told = None if rule.start.day is not None else fixed(rule.id, one.start, one.due, one.reason, why)
    place = Place(region=_region(rule), overlay=overlay)
    course = Course(rule=rule, begun=one.start, start=one.start, fixed=told, place=place)
    named = _Named(id=duty_id(one), title=rule.text, period=one.period, region=_region(rule))
    return _ruled(named, run(course, [entry for entry in listed if entry.collected_at <= now]), now)


def _opened(
    identity: str, listed: Sequence[Entry], rules: Rules, now: datetime, overlay: LocalHolidays | None
) -> Duty | None:
    known = [entry for entry in listed if entry.collected_at <= now]
    name = identity.partition("|")[0]
    opening = _opening(known, name)
    if opening is None:
        return None
    rule = _version(rules, name, opening.start)
    if rule is None or rule.applies_to.season:
        return None
    region = opening.region or _region(rule)
    place = Place(region=region, overlay=overlay)
    course = Course(rule=rule, begun=opening.start, start=opening.start, grade=opening.grade, place=place)
    named = _Named(id=identity, title=opening.title, body=opening.body, region=region)
    return _ruled(named, run(course, known), now)


def _opening(listed: Sequence[Entry], rule: str) -> Opening | None:
    """The first one counts: who would change it withdraws the matter and opens it anew."""
    for entry in listed:
        if entry.what == "duty_open" and entry.rule == rule:
            try:
                return opening_of(entry)
            except NoEffect:
                continue
    return None


def _region(rule: Rule) -> str | None:
    return rule.jurisdiction.region if rule.jurisdiction else None


def _version(rules: Rules, name: str, start: date | datetime) -> Rule | None:
    """The version in force at the start, else the newest: then the duty says that it was not in force."""
    versions = [rule for rule in _kept(rules) if rule.id == name]
    standing = [rule for rule in versions if _stands(rule, start)]
    return next(reversed(standing or versions), None)


def _stands(rule: Rule, start: date | datetime) -> bool:
    return is_in_force(rule, _noon(start))


def _noon(start: date | datetime) -> datetime:
    return datetime.combine(day_of(start), time(12), SHANGHAI)


# --- the verdict ------------------------------------------------------------------------------------------------------


class _Named(Struct, frozen=True, kw_only=True):
    """What a duty is called; a periodic one has a period."""

    id: str
    title: str
    period: str | None = None
    body: str | None = None
    region: str | None = None


def _ruled(named: _Named, ran: tuple[Course, list[Noted]], now: datetime) -> Duty:
    course, history = ran
    rule, counted = course.rule, computed(course)
    paused = pause(course, counted.due)
    verdict, reason = _verdict(course, counted, paused is not None, now, is_periodic=named.period is not None)
    return Duty(
        id=named.id, rule=rule.id, rule_version=version_of(rule), modality=modality_at(rule, _noon(course.begun)),
        text=rule.text, title=named.title, period=named.period,
        bodies=[named.body] if named.body else list(rule.bodies),
        region=named.region, document=rule.source.document,
        quote=rule.source.quote, start=course.start, due=None if paused else counted.due, verdict=verdict,
        reason=reason, needed=needed(rule), steps=counted.steps, proofs=list(course.proofs), extended=course.extended,
        suspended=list(course.suspended), review=course.review, history=history,
    )  # fmt: skip


def needed(rule: Rule) -> int:
    """How many proofs a duty takes: a yearly quota as many as it says."""
    return rule.window.value or 1 if rule.window.unit == "per_year_min" else 1


def _verdict(
    course: Course, counted: Explanation, is_paused: bool, now: datetime, *, is_periodic: bool
) -> tuple[DutyVerdict, DutyReason]:
    if course.withdrawn:
        return "not_applicable", "withdrawn"
    if not is_periodic and not _stands(course.rule, course.begun):
        return "not_applicable", "not_in_force"
    if is_paused or counted.due is None:
        return _without_due(course, counted, is_paused=is_paused)
    if course.rule.window.is_minimum:
        return _minimum(course, counted.due)
    if is_periodic and day_of(counted.due) < day_of(course.begun):
        return _passed(course, counted.due)
    return _by_due(course, counted.due, now)


def _without_due(course: Course, counted: Explanation, *, is_paused: bool) -> tuple[DutyVerdict, DutyReason]:
    """A proof no later than the last day that could be counted is in time, wherever the due date will come to lie; one
    given while the period stands still is too."""
    has_proofs = len(course.proofs) >= needed(course.rule)
    if is_paused:
        return ("met", "proof_in_time") if has_proofs else ("pending", "suspended")
    reason = counted.reason or "no_number"
    if not has_proofs:
        return "pending", reason
    if reason == "no_number":
        return "met", "proof_recorded"
    known = counted.steps[-1].date if counted.steps else day_of(course.start)
    if sum(days_of(one.at)[1] <= known for one in course.proofs) >= needed(course.rule):
        return "met", "proof_in_time"
    return "indeterminate", reason


def _minimum(course: Course, due: date | datetime) -> tuple[DutyVerdict, DutyReason]:
    """At least so long: the proof is the end of it (an announcement that stood for 30 days)."""
    if not course.proofs:
        return "pending", "awaiting_proof"
    first, last = days_of(course.proofs[-1].at)
    if first >= day_of(due):
        return "met", "proof_in_time"
    return ("breached", "ended_too_early") if last < day_of(due) else ("indeterminate", "proof_straddles_due")


def _passed(course: Course, due: date | datetime) -> tuple[DutyVerdict, DutyReason]:
    """The day had passed when the document was printed: nobody is late by a paper that came afterwards."""
    in_time = any(days_of(one.at)[1] <= day_of(due) for one in course.proofs)
    return ("met", "proof_in_time") if in_time else ("indeterminate", "passed_when_printed")


def _by_due(course: Course, due: date | datetime, now: datetime) -> tuple[DutyVerdict, DutyReason]:
    wanted = needed(course.rule)
    if sum(_is_certain(one, due) for one in course.proofs) >= wanted:
        return "met", "proof_in_time"
    if sum(_is_possible(one, due) for one in course.proofs) >= wanted:
        return "indeterminate", "proof_straddles_due"
    is_over = now >= end_of(due) if not isinstance(due, datetime) else now > due
    if not is_over:
        return "pending", "awaiting_proof"
    if modality_at(course.rule, _noon(course.begun)) == "advisory":
        return "pending", "advisory"
    if not course.proofs:
        return "breached", "no_proof"
    return "breached", "too_few_proofs" if len(course.proofs) < wanted else "proof_late"


def _is_certain(given: Given, due: date | datetime) -> bool:
    return given.at.latest <= due if isinstance(due, datetime) else days_of(given.at)[1] <= due


def _is_possible(given: Given, due: date | datetime) -> bool:
    earliest = given.at.earliest or given.at.latest
    return earliest <= due if isinstance(due, datetime) else days_of(given.at)[0] <= due


# --- lists ------------------------------------------------------------------------------------------------------------


def _shown_at(duty: Duty) -> date:
    """Where a duty stands in time: its due date; what had passed when its paper was printed, the day of that paper."""
    return max(day_of(duty.due or duty.start), day_of(duty.start))


def _order(duty: Duty) -> tuple[date, str]:
    return day_of(duty.due or duty.start), duty.id
