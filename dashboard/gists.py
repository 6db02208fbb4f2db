"""What a duty officer must see in ten seconds, as markup: who owed what by when, whether they did, by which proof, and
what is not known. By the strict clock alone; the other clocks stand below on the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from dashboard import names
from dashboard.drawing import (
    countdown,
    due_words,
    instant,
    link,
    noted,
    passed,
    pill,
    rows_of,
    safe,
    short,
    small,
    span,
    taken,
)
from dashboard.tallies import headline
from dashboard.words import ANSWERS_NOTHING, FIGURES, FORMS, MODALITIES, OUTCOMES, reason_words
from stream.core.cases import Incident, Judgement, Obligation, Response
from stream.core.intervals import Elapsed

MOST_UNKNOWN = 12
WIDE = timedelta(minutes=1)  # an instant known less well than this is told as not known


def answer(incident: Incident, judgement: Judgement, now: datetime) -> str:
    """One row a duty with hours that applies, the gravest words first, then what nobody knows."""
    shown = [one for one in headline(judgement) if one.verdict != "not_applicable"]
    if not shown:
        table = small("没有适用的小时时限：不是突发事件，也未经人认定须回应。")
    else:
        told = {one.mention: one for one in incident.responses}
        table = rows_of(
            ("结论", "谁应当做什么", "最迟（北京时间）", "实际", "理由"),
            (_row(one, told, now) for one in shown),
        )
    return f'<div class="hy-answer">{table}</div>{_unknown(incident, judgement)}'


def _row(one: Obligation, told: Mapping[str, Response], now: datetime) -> list[str]:
    rule = names.rule_names().get(one.rule, one.rule)
    return [
        f"{pill(one)}<br>{countdown(one, now)}" if one.verdict == "pending" else pill(one),
        noted(one.body or "责任单位待定", f"{MODALITIES[one.modality]}{rule}"),
        f'<span class="hy-nowrap">{_due(one)}</span>',
        _done(one, told),
        small(reason_words(one.reason)),
    ]


def _due(one: Obligation) -> str:
    if one.due is None:
        return "—"
    year = f"{instant(one.due.latest)[:4]}-"
    return safe(year + due_words(one.due) if one.due.earliest is not None else due_words(one.due))


def _done(one: Obligation, told: Mapping[str, Response]) -> str:
    """The release that a verdict rests on, and how long it took: the one that satisfied, else the earliest late one."""
    found = told.get(one.satisfied_by or "") or _earliest(one, told)
    if found is None:
        return small("尚未见权威发布" if one.verdict == "pending" else "未见能够算作回应的权威发布")
    took = f"用时 {taken(one.elapsed_s)}" if one.elapsed_s is not None else ""
    over = _over(found, one)
    gone = f"；{short(found.removed_at)} 撤回" if found.removed_at is not None else ""
    facts = "，".join(part for part in (span(found.published), FORMS[found.form], took, over) if part)
    who = found.issuer or "未署名"
    return link(found.url, found.title or "（无题）", 60) + small(f"{who}；{facts}{gone}")


def _over(found: Response, one: Obligation) -> str:
    """By how much at least a release came after the deadline."""
    if one.due is None or found.published.earliest is None or found.published.earliest <= one.due.latest:
        return ""
    over = passed(one.due, found.published.earliest).total_seconds()
    return f"超过时限 {taken(Elapsed(min=over, max=over))}"


def _earliest(one: Obligation, told: Mapping[str, Response]) -> Response | None:
    # No time taken: nothing that was published is what the rule asks for.
    if OUTCOMES[one.verdict] not in {"late", "retracted", "unknown"} or one.elapsed_s is None:
        return None
    found = [
        told[mention]
        for mention in one.evidence
        if mention in told and told[mention].is_authoritative and told[mention].form not in ANSWERS_NOTHING
    ]
    return min(found, key=lambda other: (other.published.latest, other.mention), default=None)


def _unknown(incident: Incident, judgement: Judgement) -> str:
    lines = list(dict.fromkeys(_unknowns(incident, judgement)))[:MOST_UNKNOWN]
    if not lines:
        return '<div class="hy-unsure"><b>还不清楚的：</b>没有影响结论的未知事项。</div>'
    items = "".join(f"<div>· {safe(line)}</div>" for line in lines)
    return f'<div class="hy-unsure"><b>还不清楚的：</b>{items}</div>'


def _unknowns(incident: Incident, judgement: Judgement) -> Iterator[str]:
    """What the verdicts could not rest on, each as one plain sentence."""
    gaps = [one for one in judgement.gaps if one.counts]
    for one in headline(judgement):
        if OUTCOMES[one.verdict] == "unknown" and not (one.verdict == "unknown_coverage_gap" and gaps):
            yield f"{names.rule_names().get(one.rule, one.rule)}：{reason_words(one.reason)}"
    if judgement.is_emergency and judgement.severity.grade is None:
        yield "等级未定：没有可据以定级的数字，或这类事件没有分级标准；五小时、二十四小时的时限只是暂定"
    occurred = judgement.occurred
    if judgement.is_emergency and (occurred is None or occurred.earliest is None):
        yield "事发时刻未见说明，只知不晚于首次公开"
    elif occurred is not None and occurred.earliest is not None and occurred.latest - occurred.earliest > WIDE:
        yield f"事发时刻只知在 {span(occurred)} 之间"
    if not judgement.responsible:
        yield "责任单位待定"
    for source in sorted({one.source for one in gaps}):
        own = [one for one in gaps if one.source == source]
        first, last = min(one.from_at for one in own), max(one.to_at for one in own)
        name = names.source_names().get(source, source)
        yield f"{name}：{short(first)} 至 {short(last)} 之间没有看到，其间有无发布不得而知（详见“监看缺口”）"
    for conflict in judgement.conflicts:
        if conflict.resolved_at is None:
            yield f"各机关所报{FIGURES.get(conflict.name, conflict.name)}至今不一致"
    if withdrawn := sum(one.is_authoritative and one.removed_at is not None for one in incident.responses):
        yield f"{withdrawn} 条权威发布已不可见：撤回的原因未知"
