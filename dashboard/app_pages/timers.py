"""Timers: every obligation by its deadline or its verdict, with the reason."""

from __future__ import annotations

import streamlit as st

from dashboard import names, outages, queries
from dashboard.drawing import clock_name, countdown, due_words, noted, page_link, pill, safe, short, small, table, why
from dashboard.tallies import HEADLINE_CLOCK
from dashboard.words import SHORT
from stream.core.cases import Verdict

SHOWN: tuple[Verdict, ...] = (
    "pending", "breached", "breached_but_fair_clock_met", "met_then_retracted", "unknown_coverage_gap",
    "indeterminate", "met", "exempt_claimed", "not_applicable",
)  # fmt: skip
TABS = {"unknown_coverage_gap": "无法判断：监看缺口", "indeterminate": "无法判断：时刻或等级不明"}


@st.fragment(run_every=1.0)
@outages.told()
def board(verdict: Verdict, alternates: bool) -> None:
    """The obligations of one verdict."""
    now = queries.now()
    if not now.is_running:
        st.warning("流水线没有在运行：倒计时停在它最后写下的那一刻。")
    duties = queries.obligations(verdict)
    found = [one for one in duties.found if alternates or one.obligation.clock == HEADLINE_CLOCK]
    if not found:
        st.info("现在没有正在计时的时限。" if verdict == "pending" else "没有这样的时限。")
        return
    table(("倒计时与时限", "事件", "义务", "责任单位", "结论与理由"), (_row(one, now) for one in found))
    if duties.is_cut:
        st.caption(f"只列最{'先到期' if verdict == 'pending' else '近'}的 {queries.LISTED} 个事件；全部见“复盘”。")


def _row(one: queries.Due, now: queries.Now) -> list[str]:
    obligation, judgement = one.obligation, one.judgement
    region = names.region_name(judgement.region) or "地点不详"
    return [
        f"{countdown(obligation, now.at)}{small(f'时限 {due_words(obligation.due)}')}",
        page_link("incident", "id", judgement.id, judgement.title)
        + small(f"{region} · 首现 {short(judgement.opened_at)}"),
        noted(names.rule_names().get(obligation.rule, obligation.rule), clock_name(obligation.clock)),
        safe(obligation.body or "待定"),
        pill(obligation) + why(obligation),
    ]


st.title("时限", anchor=False)
with outages.told():
    if queries.is_empty():
        st.info("还没有数据。请先运行 `huiying demo` 或 `huiying watch`。")
    else:
        chosen = st.segmented_control(
            "结论",
            SHOWN,
            default="pending",
            format_func=lambda one: TABS.get(one, SHORT[one]),
            label_visibility="collapsed",
        )
        with_alternates = st.toggle("同时列出其他起算点（舆情首现、等级可知、机关知悉）", value=False)
        board(chosen or "pending", with_alternates)
