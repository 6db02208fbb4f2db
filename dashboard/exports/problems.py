"""What stands under 存在问题: only what the record proves, in plain words, each with its time. Nothing is called late
that the verdict does not call so; what we could not see is told as ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from dashboard.drawing import instant, passed, span, taken
from dashboard.exports.tables import one_line
from dashboard.tallies import counts
from dashboard.words import FIGURES, FORMS, gap_words, reason_words
from stream.core.cases import Conflict, CoverageSpan, Incident, Judgement, Obligation, Response
from stream.core.duties import DUTY_REASONS, Duty
from stream.hindsight import Record

MOST_GAPS = 3  # stretches of unreachable channels told one by one
MOST_TOLD = 5  # withdrawn releases, conflicts, objections


def of_duty(record: Record, duty: Obligation, now: datetime) -> list[str]:
    """The facts behind one verdict; none where it is met or still runs."""
    match duty.verdict:
        case "breached" | "breached_but_fair_clock_met":
            return list(_late(record, duty, now))
        case "met_then_retracted":
            return [reason_words(duty.reason)]
        case "unknown_coverage_gap":
            return _gaps(record.judgement, duty)
        case _:
            return []


def of_incident(record: Record, now: datetime) -> list[str]:
    """What concerns the whole incident: withdrawn releases, figures in conflict, no follow-up, objections."""
    incident, judgement = record.incident, record.judgement
    return [
        *(_withdrawn(one) for one in _removed(incident, now)[:MOST_TOLD]),
        *(_conflict(one) for one in judgement.conflicts[:MOST_TOLD]),
        *_no_follow_up(judgement, now),
        *_objections(incident, now),
    ]


def of_listed(duty: Duty) -> list[str]:
    """What the ledger proves of one duty: that a day has passed, and what is on record. No record is no proof that
    nothing was done."""
    if duty.verdict != "breached":
        return []
    asked = "（未登记不等于未做，请责任单位提供材料）" if duty.reason in ("no_proof", "too_few_proofs") else ""
    given = "；".join(span(one.at) for one in duty.proofs[:MOST_TOLD])
    told = f"，所登记的证明：{given}" if given else ""
    return [f"期限为 {due_of(duty)}，{DUTY_REASONS[duty.reason]}{told}{asked}"]


def due_of(duty: Duty) -> str:
    """A ledger duty's due date: a day, an instant, or why there is none."""
    if duty.due is None:
        return f"无（{DUTY_REASONS[duty.reason]}）"
    return instant(duty.due)[:16] if isinstance(duty.due, datetime) else duty.due.isoformat()


def _late(record: Record, duty: Obligation, now: datetime) -> Iterator[str]:
    label = "" if counts(duty) else "（原则上的时限，不计入超时）"
    due = f"时限为 {due_in_full(duty)}{label}"
    answer = _answer(record.incident, duty)
    if duty.reason == "no_statement" or (answer is None and duty.elapsed_s is None):
        yield f"{due}，截至 {instant(now)[:16]} 未见权威发布"
    elif answer is None:
        yield f"{due}，所见最早的发布晚于时限（用时 {taken(duty.elapsed_s) if duty.elapsed_s else '不详'}）"
    else:
        yield f"{due}，{_told(answer)}{_by_how_much(answer, duty)}"
    if duty.verdict == "breached_but_fair_clock_met":
        yield "自公众可判断等级时起计，发布在时限之内"


def due_in_full(duty: Obligation) -> str:
    """The deadline with its year, or the span it lies in."""
    if duty.due is None:
        return "不详"
    first, last = duty.due.earliest, duty.due.latest
    if first is None:
        return f"最迟 {instant(last)[:16]}"
    if last - first < timedelta(minutes=1):
        return instant(first)[:16]
    return f"{instant(first)[:16]} 至 {instant(last)[:16]} 之间"


def _answer(incident: Incident, duty: Obligation) -> Response | None:
    """The late release that the verdict names: the earliest of those among its evidence."""
    found = [one for one in incident.responses if one.mention in duty.evidence and one.is_authoritative]
    return min(found, key=lambda one: (one.published.latest, one.mention), default=None)


def _told(answer: Response) -> str:
    who = one_line(answer.issuer or "发布单位未写明", 60)
    return f"所见最早的发布：{who}，{span(answer.published)}，{FORMS[answer.form]}"


def _by_how_much(answer: Response, duty: Obligation) -> str:
    if duty.due is None or answer.published.earliest is None:
        return ""
    over = int(passed(duty.due, answer.published.earliest).total_seconds()) // 60
    if over <= 0:
        return ""
    days, minutes = divmod(over, 24 * 60)
    words = "".join(
        f"{value}{unit}" for value, unit in ((days, "天"), (minutes // 60, "小时"), (minutes % 60, "分")) if value
    )
    is_exact = duty.due.earliest is not None and duty.due.latest - duty.due.earliest < timedelta(minutes=1)
    return f"，{'超过' if is_exact else '至少超过'}时限 {words}"


def _gaps(judgement: Judgement, duty: Obligation) -> list[str]:
    down = [one for one in judgement.coverage if not one.reachable and _is_within(one, duty)]
    more = f"等共 {len(down)} 段" if len(down) > MOST_GAPS else ""
    told = [
        f"监看渠道 {one_line(one.source, 60)} 在 {instant(one.from_at)[:16]} 至 {instant(one.to_at)[:16]} 未能访问"
        f"（{one_line(gap_words(one.reason), 60) or '原因未记录'}）"
        for one in down[:MOST_GAPS]
    ]
    return [*told[:-1], told[-1] + more] if told else []


def _is_within(one: CoverageSpan, duty: Obligation) -> bool:
    if duty.due is None or one.from_at >= duty.due.latest:
        return False
    start = None if duty.start is None else duty.start.earliest or duty.start.latest
    return start is None or one.to_at > start


def _removed(incident: Incident, now: datetime) -> list[Response]:
    found = [
        one
        for one in incident.responses
        if one.is_authoritative and one.removed_at is not None and (one.removal_known_at or one.removed_at) <= now
    ]
    return sorted(found, key=lambda one: (one.removed_at or now, one.mention))


def _withdrawn(one: Response) -> str:
    who = one_line(one.issuer or "发布单位未写明", 60)
    return f"{who} {span(one.published)} 的{FORMS[one.form]}，{instant(one.removed_at)[:16]} 起已不可见"


def _conflict(one: Conflict) -> str:
    name = FIGURES.get(one.name, one_line(one.name, 40))
    said = "、".join(f"{one_line(stated.issuer, 60)} {stated.value}" for stated in one.stated[:6])
    ended = f"；{instant(one.resolved_at)[:16]} 起一致" if one.resolved_at else "；尚未一致"
    return f"各机关所报{name}不一致：{said}{ended}"


def _no_follow_up(judgement: Judgement, now: datetime) -> list[str]:
    """Only of a body whose channels were seen: the silence of others shows what we did not watch."""
    if judgement.versions.get("coverage") != "assumed" and not any(one.reachable for one in judgement.coverage):
        return []
    for one in judgement.obligations:
        if one.modality == "advisory" and one.reason == "advisory_gap" and one.start is not None:
            last = span(one.start)
            return [
                f"{last} 发布之后，截至 {instant(now)[:16]} 所监看渠道未见含新情况的后续发布（规则未定时限，仅提示）"
            ]
    return []


def _objections(incident: Incident, now: datetime) -> list[str]:
    found = [one for one in incident.decisions if one.what == "objection" and one.collected_at <= now]
    found.sort(key=lambda one: (one.collected_at, one.id))
    return [f"{instant(one.collected_at)[:16]} 已登记异议：{one_line(one.why, 120)}" for one in found[:MOST_TOLD]]
