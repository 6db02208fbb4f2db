"""The sections of the incident page as markup, from what the store said; every crawled word goes through `safe`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from dashboard import names
from dashboard.drawing import (
    clock_name,
    countdown,
    due_words,
    duration,
    instant,
    link,
    mark,
    noted,
    page_link,
    pill,
    rows_of,
    safe,
    short,
    small,
    span,
    why,
)
from dashboard.queries import Dossier, Member
from dashboard.tallies import HEADLINE_CLOCK, headline
from dashboard.words import (
    ALERTS,
    ANSWERS_NOTHING,
    FIGURES,
    FORMS,
    GATES,
    GRADES,
    ISSUERS,
    KINDS,
    MODALITIES,
    SHORT,
    STATES,
    basis_words,
    gap_words,
    reason_words,
)  # fmt: skip
from stream.core.cases import CoverageSpan, Incident, Judgement, Obligation
from stream.core.documents import Post

FIGURES_SHOWN = 40
SPANS_SHOWN = 60

headline_clocks = headline


def head(incident: Incident, judgement: Judgement | None) -> str:
    """What it is, where, how grave, who owes an answer."""
    facts = {
        "状态": STATES[incident.state] + (f"（{instant(incident.closed_at)}）" if incident.closed_at else ""),
        "地区": "、".join(names.region_name(code) or "" for code in incident.regions[:3]) or "不详",
        "主题": "、".join(incident.topics) or "—",
        "首次公开": span(incident.first_public.interval),
        "编号": incident.id,
    }
    if judgement is not None:
        grade = judgement.severity.grade
        facts |= {
            "类型": judgement.event_type or ("突发事件" if judgement.is_emergency else "政务舆情"),
            "等级": (GRADES[grade] if grade else "未定") + f"（{basis_words(judgement.severity.basis)}）",
            "事发": span(judgement.occurred),
            "须回应的依据": GATES.get(judgement.gate or "", "未经认定"),
            "责任单位": "、".join(one.body for one in judgement.responsible) or "待定",
        }
    items = "".join(f"<div><dt>{name}</dt><dd>{safe(value)}</dd></div>" for name, value in facts.items())
    merged = page_link("incident", "id", incident.merged_into, "查看并入的事件") if incident.merged_into else ""
    return f'<div class="hy-head hy-done">{safe(incident.title, 160)}</div>{merged}<dl class="hy-facts">{items}</dl>'


def clocks(judgement: Judgement, now: datetime) -> str:
    """Every duty with hours by every clock, the headline first; nothing where there is none."""
    timed = [one for one in judgement.obligations if one.modality != "advisory"]
    order = {one.rule: place for place, one in enumerate(headline(judgement))}
    timed.sort(key=lambda one: (order.get(one.rule, len(order)), one.rule, one.clock != HEADLINE_CLOCK, one.clock))
    if not timed:
        return ""
    cells = "".join(f"<th>{name}</th>" for name in ("义务", "起算点", "起点", "时限", "结论与理由"))
    rows = "".join(_clock_row(one, now) for one in timed)
    return f'<table class="hy-table"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>'


def _clock_row(one: Obligation, now: datetime) -> str:
    is_main = one.clock == HEADLINE_CLOCK
    name = names.rule_names().get(one.rule, one.rule)
    note = f"{MODALITIES[one.modality]} · {one.body or '责任单位待定'} · {one.rule} {one.rule_version}"
    titled = f"<b>{safe(name)}</b>{small(note)}" if is_main else ""
    cells = (
        titled,
        safe(clock_name(one.clock)),
        noted(span(one.start), basis_words(one.basis)),
        f'<span class="hy-nowrap">{safe(due_words(one.due))}</span>',
        f"{pill(one)} {countdown(one, now)}{why(one)}",
    )
    return f"<tr{'' if is_main else ' class=hy-sub'}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def advice(judgement: Judgement) -> str:
    """Duties without a number: shown, never late."""
    advised = [one for one in judgement.obligations if one.modality == "advisory"]
    return rows_of(
        ("义务", "状况", "自"),
        (
            [
                noted(names.rule_titles().get(one.rule, one.rule), f"{one.rule} {one.rule_version}"),
                (mark("met", "已有") if one.verdict == "met" else "") + small(reason_words(one.reason)),
                safe(span(one.start)),
            ]
            for one in advised
        ),
    )


def responses(dossier: Dossier) -> str:
    """Who answered, in which form, whether it counts as the authority's word."""
    found = sorted(dossier.incident.responses, key=lambda one: (one.published.latest, one.mention))
    return rows_of(
        ("发布", "形式", "发布者", "权威发布", "内容", "撤回"),
        (
            [
                safe(span(one.published)),
                safe(FORMS[one.form]) + (small("不满足任何时限") if one.form in ANSWERS_NOTHING else ""),
                noted(one.issuer or "未署名", ISSUERS[one.issuer_kind]),
                mark("met", "是") if one.is_authoritative else mark("none", "否"),
                link(one.url, one.title or _quote(dossier.cited.get(one.mention)) or "（无题）")
                + (small("答复某一条留言，不是对整个事件的回应") if one.answers else ""),
                mark("retracted", f"{short(one.removed_at)} 撤回") if one.removed_at else "",
            ]
            for one in found
        ),
    )


def _quote(post: Post | None) -> str:
    return post.mention.quote[:80] if post else ""


def figures(dossier: Dossier) -> str:
    """Every figure as it was given, newest first, and by whom."""
    found = sorted(dossier.incident.figures, key=lambda one: (one.known_at, one.mention, one.name), reverse=True)
    return rows_of(
        ("项目", "数值", "报出者", "知悉于"),
        (
            [
                safe(FIGURES.get(one.name, one.name)),
                safe(f"{one.value:,}"),
                safe(one.issuer or _account(dossier.cited.get(one.mention)) or "—", 40),
                f'<span class="hy-nowrap">{safe(short(one.known_at))}</span>',
            ]
            for one in found[:FIGURES_SHOWN]
        ),
    ) + (small(f"共 {len(found)} 条，只列最近 {FIGURES_SHOWN} 条。") if len(found) > FIGURES_SHOWN else "")


def _account(post: Post | None) -> str:
    if post is None:
        return ""
    source = post.mention.source or ""
    return post.mention.account or names.source_names().get(source, source)


def coverage(judgement: Judgement | None) -> str:
    """When each channel was watched, when it was not, and why: silence is evidence only where somebody looked."""
    spans = judgement.coverage if judgement else []
    if judgement is not None and judgement.versions.get("coverage") == "assumed":
        return small("输入被视为渠道发布的全部内容（--assume-covered）：沉默即证据。")
    if not spans:
        return small("没有监看记录：沉默不能作为超时的证据。")
    rows = list(_watched(spans))
    return rows_of(("渠道", "自", "至", "监看"), rows[:SPANS_SHOWN]) + (
        small(f"共 {len(rows)} 段，只列前 {SPANS_SHOWN} 段。") if len(rows) > SPANS_SHOWN else ""
    )


def _watched(spans: Sequence[CoverageSpan]) -> Iterable[list[str]]:
    """The stretches by channel, with the holes between them."""
    last: CoverageSpan | None = None
    for one in sorted(spans, key=lambda one: (one.source, one.from_at, one.to_at)):
        if last is not None and last.source == one.source and one.from_at - last.to_at > timedelta(seconds=1):
            yield _stretch(one.source, last.to_at, one.from_at, mark("unknown", "未监看"))
        state = mark("met", "正常") if one.reachable else mark("soft", "无法访问") + small(gap_words(one.reason))
        yield _stretch(one.source, one.from_at, one.to_at, state)
        last = one


def _stretch(source: str, since: datetime, until: datetime, state: str) -> list[str]:
    name = names.source_names().get(source, source)
    length = f'<span class="hy-nowrap">{safe(short(until))}</span>{small(duration(until - since))}'
    return [safe(name, 40), f'<span class="hy-nowrap">{safe(short(since))}</span>', length, state]


def evidence(dossier: Dossier) -> str:
    """The posts the verdicts rest on: for what, whose bytes, where they are kept."""
    used: dict[str, list[str]] = {}
    for one in dossier.judgement.obligations if dossier.judgement else []:
        if one.clock == HEADLINE_CLOCK:
            for mention in one.evidence:
                used.setdefault(mention, []).append(names.rule_names().get(one.rule, one.rule))
    used.setdefault(dossier.incident.first_public.mention, []).append("首次公开")
    posts = [dossier.cited[one] for one in used if one in dossier.cited]
    return rows_of(
        ("采集", "信息", "来源", "用于", "存证"),
        (
            [
                f'<span class="hy-nowrap">{safe(short(post.collected_at))}</span>',
                link(post.mention.url, post.mention.title or post.mention.quote or "（文字已按期清除）"),
                noted(_account(post) or "—", KINDS[post.mention.kind]),
                safe("、".join(dict.fromkeys(used[post.id]))),
                _proof(post),
            ]
            for post in sorted(posts, key=lambda one: (one.collected_at, one.id))
        ),
    )


def _proof(post: Post) -> str:
    """The hash of what was captured, and where the page itself lies."""
    capture = post.mention.capture
    if capture is None:
        return f'<div class="hy-hash">内容 SHA-256 {safe(post.mention.content_sha256)}</div>'
    where = f"原页存于 {capture.file} 偏移 {capture.offset}" if capture.file else "只留哈希"
    return f'<div class="hy-hash">原页 SHA-256 {safe(capture.sha256)}</div>{small(where)}'


def history(judgement: Judgement) -> str:
    """Every change of every verdict, as it was known."""
    return rows_of(
        ("知悉于", "成立于", "义务", "时钟", "由", "变为", "理由"),
        (
            [
                safe(short(one.known_at)),
                safe(short(one.at)),
                safe(names.rule_names().get(one.rule, one.rule)),
                safe(clock_name(one.clock)),
                safe(SHORT[one.before] if one.before else "—"),
                safe(SHORT[one.after]),
                safe(reason_words(one.reason)),
            ]
            for one in judgement.changes
        ),
    )


def alerts(dossier: Dossier) -> str:
    """What was told, newest first."""
    return rows_of(
        ("时间", "类别", "提醒", "内容"),
        ([safe(short(one.at)), safe(ALERTS[one.kind]), safe(one.title, 80),
          safe(one.text, 600).replace("\n", "<br>")] for one in dossier.alerts),
    )  # fmt: skip


def members(found: Sequence[Member]) -> str:
    """A page of posts."""
    return rows_of(
        ("采集", "类别", "来源", "信息", "存证"),
        (
            [
                f'<span class="hy-nowrap">{safe(short(one.post.collected_at))}</span>',
                safe(KINDS[one.post.mention.kind]) + (small("转载") if one.duplicate_of else ""),
                safe(_account(one.post) or "—", 40),
                link(
                    one.post.mention.url, one.post.mention.title or one.post.mention.quote or "（文字已按期清除）", 160
                ),
                _proof(one.post),
            ]
            for one in found
        ),
    )
