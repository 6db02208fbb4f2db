"""Timers: every running obligation by its deadline, and those decided."""

from __future__ import annotations

import streamlit as st

from dashboard import queries
from dashboard.drawing import clock_name, countdown, instant, page_link, pill, safe, table
from dashboard.words import MODALITIES, VERDICTS

SHOWN: tuple[str, ...] = (
    "pending", "breached", "breached_but_fair_clock_met", "unknown_coverage_gap", "indeterminate", "met",
    "met_then_retracted",
)  # fmt: skip


@st.fragment(run_every=1.0)
def board(verdict: str) -> None:
    """The obligations of one verdict."""
    now = queries.now()
    titles = queries.rule_titles()
    table(
        ("截止", "倒计时", "事件", "义务", "性质", "机关", "时钟", "结论", "理由"),
        (
            [
                safe(instant(one.obligation.due.latest) if one.obligation.due else "—"),
                countdown(one.obligation, now.at),
                page_link("incident", "id", one.judgement.id, one.judgement.title),
                safe(titles.get(one.obligation.rule, one.obligation.rule)),
                safe(MODALITIES[one.obligation.modality]),
                safe(one.obligation.body or "待定"),
                safe(clock_name(one.obligation.clock)),
                pill(one.obligation),
                safe(one.obligation.reason),
            ]
            for one in queries.running_obligations(verdict)
        ),
    )


st.title("时限")
if queries.is_empty():
    st.info("还没有数据。请先运行 `huiying demo` 或 `huiying watch`。")
else:
    chosen = st.segmented_control(
        "结论", SHOWN, default="pending", format_func=lambda one: VERDICTS[one], label_visibility="collapsed"
    )
    board(chosen or "pending")
