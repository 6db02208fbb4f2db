"""Live: which incidents are open, which clock runs, how long is left, what is late, what nobody can tell and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from dashboard import charts, names, outages, queries
from dashboard.drawing import (
    countdown,
    due_words,
    duration,
    instant,
    mark,
    page_link,
    pill,
    rows_of,
    safe,
    short,
    small,
    table,
    why,
)
from dashboard.tallies import Standing, headline, standing
from dashboard.words import ALERTS, GRADES, HEADLINES
from stream.core.cases import Alert, Judgement, Obligation

REFRESH_S = 1.0
CHART_REFRESH_S = 10.0
BODIES = 3
ALERTS_SHOWN = 8

GROUPS = (
    ("pending", "正在计时", "pending"),
    ("late", "超时", "late"),
    ("retracted", "按时发布后又撤回", "unknown"),
    ("unknown", "无法判断（证据不足，不是超时）", "unknown"),
    ("met", "已按时回应", "met"),
    ("none", "时限不再适用", ""),
)


@st.fragment(run_every=REFRESH_S)
@outages.told()
def status() -> None:
    """The pipeline's clock and the open incidents."""
    if queries.is_empty():
        st.info("还没有数据。请先运行 `huiying demo`（演示）或 `huiying watch`（实时值守）。")
        return
    now, board = queries.now(), queries.board()
    if not now.is_running:
        last = f"（最后一次写入：{instant(now.seen_at)}）" if now.seen_at else ""
        st.warning(f"流水线没有在运行{last}：以下是它最后写下的情况，倒计时停在那一刻。")
    stands = {one.id: standing(one) for one in board.judgements}
    st.html(_tiles(now, board, stands))
    for name, title, colour in GROUPS:
        found = [one for one in board.judgements if _group(stands[one.id]) == name]
        if found:
            head = f'<div class="hy-group t-{colour}">{title} · {len(found)}</div>'
            st.html(f'{head}<div class="hy-live">{_incidents(found, now.at)}</div>')
    watched = board.open - len(board.judgements)
    if board.is_cut:
        st.caption("每种结论只列最紧要的若干个；全部见“时限”与“复盘”。")
    elif watched > 0:
        st.caption(f"另有 {watched} 个进行中的事件没有适用的小时时限（未经人认定须回应），可在“检索”中查看。")


def _group(stands: Standing) -> str:
    return "pending" if stands.is_running else stands.outcome


def _tiles(now: queries.Now, board: queries.Board, stands: dict[str, Standing]) -> str:
    nearest = min((one.next_due for one in stands.values() if one.next_due), default=None)
    late = sum(one.outcome == "late" for one in stands.values())
    unknown = sum(one.outcome in {"unknown", "retracted"} for one in stands.values())
    met = sum(one.outcome == "met" and not one.is_running for one in stands.values())
    pace = f"{now.speed:g} 倍速演示" if now.speed != 1 else "与实际时间同步"
    more = "+" if board.is_cut else ""
    return "".join(
        (
            '<div class="hy-tiles hy-done">',
            _tile("", "现在（北京时间）", short(now.at) + f":{now.at:%S}", pace if now.is_running else "已停"),
            _tile(
                "pending",
                "正在计时的事件",
                f"{sum(one.is_running for one in stands.values())}{more}",
                _next(nearest, now.at),
            ),
            _tile("late", "已超时的事件", f"{late}{more}", "“应当”类时限"),
            _tile("unknown", "无法判断或已撤回", f"{unknown}{more}", "证据不足，不作超时"),
            _tile("met", "已按时的事件", f"{met}{more}", f"进行中的事件共 {board.open} 个"),
            "</div>",
        )
    )


def _tile(colour: str, name: str, value: str, note: str) -> str:
    return f'<div class="hy-tile t-{colour}">{safe(name)}<b>{safe(value)}</b>{small(note)}</div>'


def _next(nearest: datetime | None, now: datetime) -> str:
    if nearest is None:
        return "没有未到的时限"
    return f"最近的时限还剩 {duration(nearest - now)}" if nearest > now else "有时限已到，等待复查渠道"


def _incidents(found: Sequence[Judgement], now: datetime) -> str:
    titles = names.rule_names()
    others = any(one.rule not in HEADLINES for judgement in found for one in headline(judgement))
    head = ("事件", "责任单位", *(titles.get(rule, rule) for rule in HEADLINES), *(["其他时限"] if others else []))
    return rows_of(head, (_row(one, now, others) for one in found))


def _row(judgement: Judgement, now: datetime, others: bool) -> list[str]:
    shown = headline(judgement)
    cells = ["".join(_cell(one, now) for one in shown if one.rule == rule) or small("不涉及") for rule in HEADLINES]
    rest = [_cell(one, now, named=True) for one in shown if one.rule not in HEADLINES]
    return [_about(judgement), _bodies(judgement), *cells, *(["".join(rest)] if others else [])]


def _about(judgement: Judgement) -> str:
    grade = judgement.severity.grade
    facts = [
        names.region_name(judgement.region) or "地点不详",
        judgement.event_type or "政务舆情",
        f"{GRADES[grade]}" if grade else "等级未定",
        f"首现 {short(judgement.opened_at)}",
    ]
    return page_link("incident", "id", judgement.id, judgement.title) + small(" · ".join(facts))


def _bodies(judgement: Judgement) -> str:
    found = [one.body for one in judgement.responsible]
    more = f"等 {len(found)} 家" if len(found) > BODIES else ""
    return "<br>".join(safe(one, 40) for one in found[:BODIES]) + small(more) if found else mark("none", "待定")


def _cell(obligation: Obligation, now: datetime, named: bool = False) -> str:
    """One clock: what it says, how long is left, and why."""
    name = small(names.rule_names().get(obligation.rule, obligation.rule)) if named else ""
    if obligation.verdict == "not_applicable":
        return name + mark("none", "不适用")
    due = small(f"时限 {due_words(obligation.due)}") if obligation.due else ""
    return f"{name}{pill(obligation)} {countdown(obligation, now)}{why(obligation)}{due}"


def _told(one: Alert) -> str:
    """An alert's title, leading to what it is about; that of a duty ends its id with the due date and the rung."""
    if one.incident:
        return page_link("incident", "id", one.incident, one.title)
    if one.kind == "duty":
        return page_link("ledger", "id", one.id.rsplit("|", 2)[0], one.title)
    return safe(one.title, 80)


@st.fragment(run_every=CHART_REFRESH_S)
@outages.told()
def surroundings() -> None:
    """Heat by topic and the newest alerts."""
    if queries.is_empty():
        return
    left, right = st.columns([3, 2])
    with left:
        st.subheader("各主题热度（48 小时）", anchor=False)
        counts = queries.topic_counts(queries.now().at)
        if counts:
            st.altair_chart(charts.topics(counts), width="stretch")
        else:
            st.caption("还没有可统计的信息")
    with right:
        st.subheader("最近提醒", anchor=False)
        table(
            ("时间", "类别", "提醒"),
            (
                [
                    f'<span class="hy-nowrap">{safe(short(one.at))}</span>',
                    f'<span class="hy-nowrap">{safe(ALERTS[one.kind])}</span>',
                    _told(one),
                ]
                for one in queries.recent_alerts(ALERTS_SHOWN)
            ),
        )


st.title("回应钟 · 值守", anchor=False)
status()
surroundings()
