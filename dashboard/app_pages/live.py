"""Live: what is open, how long is left, what was answered; refreshes by itself."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, queries
from dashboard.drawing import countdown, instant, page_link, pill, safe, table
from dashboard.words import GRADES, HEADLINES
from stream.core.documents import Judgement, Obligation

REFRESH_S = 1.0
CHART_REFRESH_S = 10.0


def headline(judgement: Judgement) -> list[Obligation]:
    """The obligations a leader asks for first: the 5, 24 and 48 hours on their headline clock."""
    return [one for one in judgement.obligations if HEADLINES.get(one.rule) == one.clock]


@st.fragment(run_every=REFRESH_S)
def status() -> None:
    """The pipeline's clock and the open incidents."""
    if queries.is_empty():
        st.info("还没有数据。请先运行 `huiying demo`（演示）或 `huiying watch`（实时值守）。")
        return
    now = queries.now()
    found = queries.open_incidents()
    late = sum(1 for one in found if any(o.verdict.startswith("breached") for o in headline(one)))
    columns = st.columns(4)
    columns[0].metric(
        "流水线时间", instant(now.at)[5:], f"{now.speed:g} 倍速" if now.speed != 1 else None, delta_color="off"
    )
    columns[1].metric("进行中的事件", len(found))
    columns[2].metric("计时中的义务", sum(o.verdict == "pending" for one in found for o in headline(one)))
    columns[3].metric("已逾期的事件", late)
    if not now.is_running:
        st.warning("流水线没有在运行：以下是它最后写下的情况，倒计时已停。")
    table(("事件", "等级", "首现", "应回应的机关", "时限", "结论", "倒计时"), (_row(one, now) for one in found))


def _row(judgement: Judgement, now: queries.Now) -> list[str]:
    shown = headline(judgement)
    titles = queries.rule_titles()
    names = "<br>".join(f"{safe(titles.get(one.rule, one.rule), 40)}" for one in shown)
    bodies = "<br>".join(safe(one.body, 40) for one in judgement.responsible[:3]) or "待定"
    return [
        page_link("incident", "id", judgement.id, judgement.title),
        safe(GRADES.get(judgement.severity.grade or "", "未定")),
        safe(instant(judgement.opened_at)),
        bodies,
        names or '<span class="hy-small">无适用的小时时限</span>',
        "<br>".join(pill(one) for one in shown),
        "<br>".join(countdown(one, now.at) or "&nbsp;" for one in shown),
    ]


@st.fragment(run_every=CHART_REFRESH_S)
def surroundings() -> None:
    """Heat by topic and the newest alerts."""
    if queries.is_empty():
        return
    left, right = st.columns([3, 2])
    with left:
        st.subheader("各主题热度（48 小时）")
        counts = queries.topic_counts(queries.now().at)
        if counts:
            st.altair_chart(charts.topics(counts), width="stretch")
        else:
            st.caption("还没有可统计的信息")
    with right:
        st.subheader("最近提醒")
        table(("时间", "提醒"), ([safe(instant(one.at)[5:16]), safe(one.title, 80)] for one in queries.recent_alerts()))


st.title("回应钟 · 值守")
status()
surroundings()
