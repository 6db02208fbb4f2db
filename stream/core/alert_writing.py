"""Writes an alert: what happened, where, which clock, due when, how long left or over, the verdict and its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from stream.core.alert_candidates import FAIR, HEADLINE
from stream.core.alert_texts import (
    GRADES,
    VERDICTS,
    RegionName,
    clock_time,
    clock_words,
    due_words,
    left_words,
    lines,
    plain,
    reason_words,
    where_words,
)
from stream.core.alerts import Candidate
from stream.core.cases import Alert, FigureFact, Judgement, Obligation, TopicHeat, VerdictChange
from stream.core.documents import Grade

# Verdicts for which a duty officer must not read more than was ruled.
_CAUTIONS: Mapping[str, str] = {
    "unknown_coverage_gap": "这不是超时结论：责任单位可能已发布而我们未能看到，请人工核实",
    "indeterminate": "这不是超时结论：起止时间的精度不够，请人工核实",
    "met_then_retracted": "曾发布的内容已不可见，是否另有发布请人工核实",
}
# Titles are read on a telephone.
_HEADS: Mapping[str, str] = {
    "breached_but_fair_clock_met": "从严计时超时",
    "met_then_retracted": "发布后又撤回",
    "unknown_coverage_gap": "监看有缺口",
    "indeterminate": "无法判断",
}
_BODIES_SHOWN = 4


class Subject(Struct, frozen=True, kw_only=True):
    """What an alert is about; `incident` is the link id."""

    incident: str | None
    title: str
    region: str | None
    obligations: tuple[Obligation, ...] = ()
    grade: Grade | None = None
    figures: tuple[tuple[str, int], ...] = ()
    fair: tuple[Obligation, ...] = ()
    topic: str | None = None


class Style(Struct, frozen=True, kw_only=True):
    """Names for rules (config/alerts.yaml) and for regions."""

    rule_names: Mapping[str, str]
    region_name: RegionName


_FIGURES = {
    "deaths": "死亡{}人", "missing": "失联{}人", "serious_injuries": "重伤{}人", "injuries": "受伤{}人",
    "ill": "患病{}人", "loss_yuan": "直接经济损失{}元",
}  # fmt: skip


def write(candidate: Candidate, subject: Subject, style: Style) -> Alert:
    """The alert of a candidate; its id is the sent-log key."""
    writers = {"opened": _opened, "ladder": _ladder, "verdict": _verdict, "hot": _hot}
    head, pairs = writers[candidate.kind](candidate, subject, style)
    place = where_words(subject.region, style.region_name)
    text = lines(
        [
            ("事件" if subject.incident else "话题", plain(subject.title, 80)),
            ("地点", place),
            *pairs,
            ("编号", subject.incident),
        ]
    )
    return Alert(
        id=candidate.key, collected_at=candidate.at, at=candidate.at, incident=subject.incident, topic=subject.topic,
        region=subject.region, rule=candidate.rule, rung=candidate.rung, kind=candidate.kind,
        title=f"【{head}】{plain(subject.title, 40)}", text=text,
    )  # fmt: skip


Pairs = list[tuple[str, str | None]]


def _opened(candidate: Candidate, subject: Subject, style: Style) -> tuple[str, Pairs]:
    grade = f"{GRADES[subject.grade]}（由伤亡等数字推得）" if subject.grade else "尚不明"
    known = "，".join(_FIGURES[name].format(value) for name, value in subject.figures if name in _FIGURES)
    clocks: Pairs = [
        (
            "时钟",
            f"{clock_words(one, style.rule_names)}，时限 {due_words(one.due)}，{left_words(one.due, candidate.at)}",
        )
        for one in _one_a_rule(subject.obligations)
        if one.due is not None and one.verdict == "pending"
    ]
    head = (
        "新事件" if candidate.rung == "opened" else f"等级判为{GRADES[subject.grade]}" if subject.grade else "等级更新"
    )
    return head, [("等级", grade), ("已知", known or None), *clocks]


def _ladder(candidate: Candidate, subject: Subject, style: Style) -> tuple[str, Pairs]:
    obligation = candidate.obligation
    assert obligation is not None and obligation.due is not None  # a ladder's candidate always carries them
    left = left_words(obligation.due, candidate.at)
    name = clock_words(obligation, style.rule_names)
    if obligation.verdict == "breached":
        state = "已判超时，至今未见权威发布"
    elif candidate.at < obligation.due.latest:
        state = "监看范围内尚未见权威发布"
    else:
        state = "尚无判定：" + reason_words(obligation.reason)
    pairs: Pairs = [
        ("时钟", name),
        ("责任单位", _bodies(candidate.bodies)),
        ("时限", f"{due_words(obligation.due)}，{left}"),
        ("状态", state),
    ]
    return f"{left} {name}", pairs


def _verdict(candidate: Candidate, subject: Subject, style: Style) -> tuple[str, Pairs]:
    change = candidate.change
    assert change is not None  # a verdict's candidate always carries its change
    obligation = next((one for one in subject.obligations if (one.rule, one.body) == (change.rule, change.body)), None)
    obligation = obligation or next((one for one in subject.obligations if one.rule == change.rule), None)
    name = clock_words(obligation, style.rule_names) if obligation else style.rule_names.get(change.rule, change.rule)
    due = due_words(obligation.due) if obligation and obligation.due else None
    if change.before is None or change.before == "pending":
        state = VERDICTS[change.after]
    else:
        state = f"{VERDICTS[change.after]}（此前为：{VERDICTS[change.before]}）"
    pairs: Pairs = [
        ("时钟", name),
        ("责任单位", _bodies(candidate.bodies)),
        ("时限", due),
        ("判定", state),
        ("理由", reason_words(change.reason)),
        ("自", clock_time(change.at)),
        ("另计", _fair(subject, change) if change.after == "breached" else None),
        ("注意", _CAUTIONS.get(change.after)),
    ]
    return f"{_HEADS.get(change.after, VERDICTS[change.after])} {name}", pairs


def _fair(subject: Subject, change: VerdictChange) -> str | None:
    """Late by the strict clock, but the clock from evident gravity still runs: whoever reads must know."""
    for one in subject.fair:
        if one.rule == change.rule and one.verdict == "pending" and one.due is not None:
            return f"自等级可判断时起计，时限 {due_words(one.due)}，{left_words(one.due, change.known_at)}"
    return None


def _hot(candidate: Candidate, subject: Subject, style: Style) -> tuple[str, Pairs]:
    spike = candidate.spike
    assert spike is not None  # a hot candidate always carries its spike
    usual = f"{round(spike.baseline, 1):g}"
    pairs: Pairs = [("热度", f"窗口内 {spike.count} 帖，平时约 {usual} 帖"), ("时间", clock_time(spike.at))]
    return ("热点话题" if subject.incident is None else "热度上升"), pairs


def incident_subject(judgement: Judgement) -> Subject:
    """An incident as a subject, with its headline obligations and the newest of each figure, an authority's first."""
    obligations = tuple(one for one in judgement.obligations if one.clock == HEADLINE)
    newest: dict[str, FigureFact] = {}
    for fact in sorted(judgement.figures, key=lambda one: (one.issuer is not None, one.known_at, one.mention)):
        newest[fact.name] = fact
    if "missing" in newest and "deaths" in newest and newest["missing"].known_at < newest["deaths"].known_at:
        del newest["missing"]  # a later toll that names no missing has found them
    figures = tuple((name, newest[name].value) for name in _FIGURES if name in newest and newest[name].value > 0)
    return Subject(
        incident=judgement.id, title=judgement.title, region=judgement.region, obligations=obligations,
        grade=judgement.severity.grade, figures=figures,
        fair=tuple(one for one in judgement.obligations if one.clock == FAIR),
    )  # fmt: skip


def topic_subject(heat: TopicHeat) -> Subject:
    """A hot topic as a subject: no incident."""
    return Subject(incident=None, title=heat.topic, region=heat.region, topic=heat.topic)


def _bodies(bodies: Sequence[str]) -> str | None:
    shown = "、".join(plain(one, 40) for one in bodies[:_BODIES_SHOWN])
    return f"{shown}等{len(bodies)}家" if len(bodies) > _BODIES_SHOWN else shown or None


def _one_a_rule(obligations: Sequence[Obligation]) -> list[Obligation]:
    """The first obligation of each rule: the clocks of several bodies are one line."""
    first: dict[str, Obligation] = {}
    for one in obligations:
        first.setdefault(one.rule, one)
    return list(first.values())
