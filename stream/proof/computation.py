"""How a verdict was reached, in Chinese, line by line: what a person can check with pencil and paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from dashboard.words import CLOCKS, DECISIONS, FORMS, MODALITIES, basis_words, gap_words
from stream.core.alert_texts import GRADES, REASONS, VERDICTS
from stream.core.cases import CoverageSpan, Due, Incident, Judgement, Obligation, Response, VerdictChange
from stream.core.documents import Decision
from stream.core.intervals import SHANGHAI, Elapsed, Interval, StatedInterval
from stream.core.rules import Rule, Rules, version_of
from stream.proof.parts import Told

MOST_LINE = 400
Words = Iterator[str]


def computation(judgement: Judgement, incident: Incident, rules: Rules, told: Sequence[Told]) -> str:
    """The whole text; a pure function of the other parts of the file."""
    found = [
        *_head(judgement, incident), "", *_facts(judgement, incident, {one.id: one for one in told}), "",
        *_responses(judgement, incident), "", *_obligations(judgement, rules), *_standings(judgement),
        *_coverage(judgement), "", *_changes(judgement), *_decisions(incident),
    ]  # fmt: skip
    return "".join(f"{_plain(one)}\n" for one in found)


def _head(judgement: Judgement, incident: Incident) -> Words:
    grade = judgement.severity.grade
    yield f"事件 {judgement.id}：{incident.title}"
    is_assumed = judgement.versions.get("coverage") == "assumed"
    silence = "沉默视为证据（输入即渠道全部发布）" if is_assumed else "沉默须有轮询记录为证"
    yield f"截至 {_at(judgement.collected_at)} 所知；规则库 {judgement.versions.get('rules', '')}；{silence}"
    yield f"等级：{GRADES[grade] if grade else '未定'}（{basis_words(judgement.severity.basis)}）"
    yield f"负有回应责任：{'、'.join(f'{one.body}（{one.rule}）' for one in judgement.responsible) or '不明'}"


def _facts(judgement: Judgement, incident: Incident, told: Mapping[str, Told]) -> Words:
    first = incident.first_public
    yield "一、起点"
    yield f"首次公开：{_interval(first.interval)}，见信息 {first.mention}{_source(told.get(first.mention))}"
    for one in incident.occurred:
        yield (
            f"事发：{_interval(one.interval)}，原文“{one.interval.text}”，"
            f"见信息 {one.mention}，{_at(one.known_at)} 获知"
        )
    yield f"据以计时的事发时间：{_interval(judgement.occurred) if judgement.occurred else '未见说明'}"
    for figure in judgement.figures:
        yield (
            f"数字：{figure.name} {figure.value}，见信息 {figure.mention}"
            f"（{figure.issuer or '非机关发布'}），{_at(figure.known_at)} 获知"
        )


def _responses(judgement: Judgement, incident: Incident) -> Words:
    yield "二、发布"
    if not incident.responses:
        yield "截至此时未见任何发布。"
    for one in sorted(incident.responses, key=lambda one: (one.known_at, one.mention)):
        yield _response(one)
        for row in judgement.obligations:
            if row.clock == "strict" and row.start is not None and row.due is not None and one.is_authoritative:
                yield f"    距 {row.rule} 起点：{_elapsed(_between(row.start, one.published))}"


def _response(one: Response) -> str:
    removed = f"；{_at(one.removed_at)} 已撤回" if one.removed_at else ""
    kind = "权威发布" if one.is_authoritative else "非权威发布（不计入）"
    return (
        f"{one.mention}：{one.issuer or '（不具名）'} {FORMS.get(one.form, one.form)}，{kind}，"
        f"发布 {_interval(one.published)}，{_at(one.known_at)} 获知{removed}"
    )


def _obligations(judgement: Judgement, rules: Rules) -> Words:
    yield "三、逐条裁定"
    named = {(one.id, version_of(one)): one for one in rules.rules}
    for row in judgement.obligations:
        rule = named.get((row.rule, row.rule_version))
        yield f"{row.rule}（{row.rule_version} 版，{MODALITIES[row.modality]}）时钟：{CLOCKS.get(row.clock, row.clock)}"
        if rule is not None:
            yield from _rule(rule)
        yield from _row(row)
        yield ""


def _rule(rule: Rule) -> Words:
    yield f"    义务：{rule.text}"
    yield f"    依据：{rule.source.document}"
    if rule.source.quote:
        yield f"    原文：“{rule.source.quote}”"
    if rule.window.value is not None:
        yield f"    时限：{rule.window.value} {'小时' if rule.window.unit == 'clock_hour' else rule.window.unit}"


def _row(row: Obligation) -> Words:
    if row.start is not None:
        yield f"    起点：{_interval(row.start)}（{basis_words(row.basis)}）"
    if row.due is not None:
        yield f"    到期：{_due(row.due)}" + ("（等级未明，暂定）" if row.provisional else "")
    if row.satisfied_by is not None:
        yield f"    满足于：{row.satisfied_by}"
    if row.elapsed_s is not None:
        yield f"    历时：{_elapsed(row.elapsed_s)}"
    yield f"    结论：{VERDICTS[row.verdict]}（{row.verdict}）"
    yield f"    理由：{REASONS.get(row.reason, row.reason)}（{row.reason}）"
    if row.evidence:
        yield f"    凭：{'、'.join(row.evidence)}"


def _standings(judgement: Judgement) -> Words:
    if judgement.by_body:
        yield "分机关（只看各机关自己的发布；任一有管辖权的机关按时发布，义务即已履行，本表不另作结论）："
    for one in judgement.by_body:
        reason = REASONS.get(one.reason, one.reason)
        yield f"    {one.rule} {one.body}（{one.role}）：{VERDICTS[one.verdict]}；{reason}"
    for conflict in judgement.conflicts:
        stated = "、".join(f"{one.issuer} {one.value}" for one in conflict.stated)
        yield f"口径不一：{conflict.name}：{stated}，{_at(conflict.known_at)} 起"
    if judgement.by_body or judgement.conflicts:
        yield ""


def _coverage(judgement: Judgement) -> Words:
    yield "四、监看（逐次轮询见 coverage.jsonl）"
    if not judgement.coverage:
        yield "没有轮询记录。"
    yield from (_span(one) for one in judgement.coverage)
    for gap in judgement.gaps:
        yield (
            f"缺口：{gap.rule}/{gap.clock} {gap.body} 渠道 {gap.source} {_at(gap.from_at)} 至 {_at(gap.to_at)}，"
            f"{gap_words(gap.reason)}，占时限 {gap.share / 10:.1f}%，{'影响' if gap.counts else '不影响'}结论"
        )


def _span(one: CoverageSpan) -> str:
    state = "可访问" if one.reachable else f"不可访问（{gap_words(one.reason)}）"
    return f"渠道 {one.source}：{_at(one.from_at)} 至 {_at(one.to_at)} {state}"


def _changes(judgement: Judgement) -> Words:
    yield "五、结论的变更"
    yield from (_change(one) for one in judgement.changes)


def _change(one: VerdictChange) -> str:
    before = VERDICTS[one.before] if one.before else "（无）"
    return (
        f"{_at(one.known_at)} 获知，自 {_at(one.at)} 起：{one.rule}/{one.clock} "
        f"{before} → {VERDICTS[one.after]}；{REASONS.get(one.reason, one.reason)}"
    )


def _decisions(incident: Incident) -> Words:
    if not incident.decisions:
        return
    yield ""
    yield "六、人的决定"
    yield from (_decision(one) for one in incident.decisions)


def _decision(one: Decision) -> str:
    # By sorted keys: a value read again from JSON may have them in another order.
    value = "" if one.value is None else f"（{msgspec.json.encode(one.value, order='sorted').decode()}）"
    return f"{_at(one.collected_at)} {one.who}：{DECISIONS[one.what]}{value}；依据：{one.why}"


# --- words ------------------------------------------------------------------------------------------------------------


def _at(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(sep=" ", timespec="seconds").removesuffix("+08:00")


def _interval(one: Interval) -> str:
    if one.earliest == one.latest:
        return _at(one.latest)
    words = f"[{_at(one.earliest) if one.earliest else '不明'}，{_at(one.latest)}]"
    if isinstance(one, StatedInterval) and one.inference:
        return f"{words}（{one.inference}）"
    return words


def _due(due: Due) -> str:
    if due.earliest == due.latest:
        return _at(due.latest)
    return f"最早 {_at(due.earliest) if due.earliest else '不明'}，最迟 {_at(due.latest)}"


def _between(start: Interval, end: Interval) -> Elapsed:
    least = ((end.earliest or end.latest) - start.latest).total_seconds()
    return Elapsed(min=least, max=None if start.earliest is None else (end.latest - start.earliest).total_seconds())


def _elapsed(one: Elapsed) -> str:
    least = _length(one.min)
    return least if one.min == one.max else f"{least} 至 {'不明' if one.max is None else _length(one.max)}"


def _length(seconds: float) -> str:
    sign = "负 " if seconds < 0 else ""
    minutes, rest = divmod(int(abs(timedelta(seconds=seconds).total_seconds())), 60)
    return f"{sign}{minutes // 60} 小时 {minutes % 60} 分" + (f" {rest} 秒" if rest else "")


def _source(told: Told | None) -> str:
    return f"（{told.source}）" if told is not None and told.source else ""


def _plain(line: str) -> str:
    """One line, whatever a title holds."""
    return "".join(one if one.isprintable() or one == "\u3000" else " " for one in line)[:MOST_LINE]
