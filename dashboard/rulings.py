"""What stands beside the clocks of an incident, as markup: what each body did alone, the verdicts without people's
decisions, figures that contradict each other, and when which channel was not seen."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard import names
from dashboard.drawing import (
    clock_name,
    duration,
    instant,
    mark,
    noted,
    pill,
    rows_of,
    safe,
    short,
    small,
    span,
    taken,
)
from dashboard.words import FIGURES, OUTCOMES, SHORT, gap_words, reason_words
from stream.core.cases import BodyStanding, Conflict, CoverageGap, Judgement, Obligation, StatedFigure

SHOWN = 60
ROLES = {
    "common_superior": "跨地区，由共同的上级部门负责",
    "named": "信息中点名",
    "territorial": "属地政府",
    "answered": "不负此责，但作出了回应",
}
ALONE = "这不是结论：任何一家有管辖权的单位按时发布，时限即满足。此表只分清谁自己发了、谁没有发。"
_ALONE_WORDS = {"late": "未自行按时发布", "met": "自行按时发布"}
_ROLE_HEADS = {"event": "按事件类型", "topic": "按主题", "unified": "依法由其统一发布"}


def role_words(role: str) -> str:
    """By which rule a body is held responsible; an unknown one stays as it is."""
    if role in ROLES:
        return ROLES[role]
    head, _, rest = role.partition(":")
    return f"{_ROLE_HEADS[head]}：{rest}" if head in _ROLE_HEADS else role


def automatic(judgement: Judgement) -> str:
    """The rows that would stand otherwise had nobody decided, beside those that do."""
    if not judgement.automatic:
        return small("人的决定没有改变任何结论：自动判定与上面的结论一致。")
    decided = {(one.rule, one.clock): one for one in judgement.obligations}
    return rows_of(
        ("义务", "时钟", "自动判定（不计人的决定）", "现行结论（计入人的决定）"),
        (
            [
                safe(names.rule_names().get(one.rule, one.rule)),
                safe(clock_name(one.clock)),
                _ruled(one),
                _ruled(decided.get((one.rule, one.clock))),
            ]
            for one in judgement.automatic[:SHOWN]
        ),
    ) + _cut(len(judgement.automatic))


def _ruled(one: Obligation | None) -> str:
    """As the clocks are drawn: what is provisional or in principle says so here too."""
    if one is None:
        return small("没有这一项")
    due = f"；时限 {short(one.due.latest)}" if one.due is not None else ""
    took = f"；用时 {taken(one.elapsed_s)}" if one.elapsed_s is not None else ""
    return pill(one) + small(reason_words(one.reason) + due + took)


def by_body(judgement: Judgement) -> str:
    """Each body by its own statements alone; the headline verdict above takes any body with jurisdiction."""
    if not judgement.by_body:
        return small("没有可以按单位看的时限。")
    weak = {one.rule: "·原则上" for one in judgement.obligations if one.modality == "in_principle"}
    return small(ALONE) + rows_of(
        ("单位", "义务", "只凭自己的发布", "用时"),
        (_body_row(one, weak.get(one.rule, "")) for one in judgement.by_body[:SHOWN]),
    ) + _cut(len(judgement.by_body))  # fmt: skip


def _body_row(one: BodyStanding, label: str) -> list[str]:
    """Never red: of one body alone this is no verdict, and "late" would accuse those whose part another did."""
    kind: str = OUTCOMES[one.verdict]
    word = _ALONE_WORDS.get(kind, SHORT[one.verdict]) + label
    return [
        noted(one.body, role_words(one.role)),
        safe(names.rule_names().get(one.rule, one.rule)),
        mark("none" if kind == "late" else kind, word) + small(reason_words(one.reason)),
        safe(taken(one.elapsed_s)) if one.elapsed_s is not None else "—",
    ]


def conflicts(judgement: Judgement) -> str:
    """Authorities that gave different figures at the same time, and when they came to agree."""
    return rows_of(
        ("项目", "各方所报", "自", "至"),
        (
            [
                safe(FIGURES.get(one.name, one.name)),
                "".join(_stated(figure) for figure in one.stated[:SHOWN]),
                safe(short(one.known_at)),
                safe(short(one.resolved_at)) if one.resolved_at is not None else mark("late", "仍不一致"),
            ]
            for one in _newest(judgement)
        ),
    )


def _newest(judgement: Judgement) -> list[Conflict]:
    return sorted(judgement.conflicts, key=lambda one: (one.known_at, one.name), reverse=True)[:SHOWN]


def _stated(one: StatedFigure) -> str:
    when = f"发布 {span(one.published)}" if one.published is not None else f"知悉 {instant(one.known_at)}"
    return f"<div>{safe(one.issuer, 60)}：<b>{safe(f'{one.value:,}')}</b>{small(when)}</div>"


def gaps(judgement: Judgement) -> str:
    """Which channel of which body was not seen, when, for how long, and whether silence there proves nothing."""
    if not judgement.gaps:
        return small("时限内，责任单位的渠道没有监看缺口，或没有需要以沉默为据的时限。")
    return rows_of(
        ("渠道", "时限", "自", "至", "占时限", "后果"),
        (_gap_row(one) for one in judgement.gaps[:SHOWN]),
    ) + _cut(len(judgement.gaps))


def _gap_row(one: CoverageGap) -> list[str]:
    consequence = mark("unknown", "沉默不能作证") if one.counts else mark("none", "短于容许的缺口，不影响")
    return [
        noted(names.source_names().get(one.source, one.source), one.body),
        safe(names.rule_names().get(one.rule, one.rule)) + small(clock_name(one.clock)),
        f'<span class="hy-nowrap">{safe(short(one.from_at))}</span>',
        f'<span class="hy-nowrap">{safe(short(one.to_at))}</span>{small(duration(one.to_at - one.from_at))}',
        safe(f"{one.share / 10:.1f}%"),
        consequence + small(_why(one.reason)),
    ]


_GAP_REASONS: Mapping[str, str] = {
    "coverage_gap": "没有监看",
    "channel_unreachable": "无法访问",
    "never_polled_past_deadline": "时限过后一直没有再看",
}


def _why(reason: str) -> str:
    return _GAP_REASONS.get(reason) or gap_words(reason)


def _cut(count: int) -> str:
    return small(f"共 {count} 条，只列前 {SHOWN} 条。") if count > SHOWN else ""
