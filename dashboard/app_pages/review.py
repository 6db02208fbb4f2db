"""Review: per body met, late and unknown, with their denominators; exports."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from io import BytesIO

import streamlit as st

from dashboard import queries
from dashboard.drawing import instant, page_link, pill, safe, table
from dashboard.exports.review import SUMMARY, summary, write_docx, write_xlsx
from stream.core.documents import Judgement
from stream.core.intervals import SHANGHAI


def _period(now: datetime) -> tuple[datetime, datetime]:
    today = now.astimezone(SHANGHAI).date()
    days = st.date_input("立案日期", value=(today - timedelta(days=7), today), format="YYYY-MM-DD")
    first, last = (days[0], days[-1]) if isinstance(days, tuple) and days else (today, today)
    return datetime.combine(first, time(), SHANGHAI), datetime.combine(last, time(), SHANGHAI) + timedelta(days=1)


def _summary(found: list[Judgement]) -> None:
    st.subheader("按机关")
    table(SUMMARY, ([safe(cell) for cell in summary(row)] for row in queries.review(found)))
    st.caption("应判定 = 按时 + 逾期 + 无法判定，只计“应当”类义务的主时钟；原则上、提示类与不适用的另列。")


def _details(found: list[Judgement]) -> None:
    st.subheader("按事件")
    titles = queries.rule_titles()
    table(
        ("首现", "事件", "义务", "机关", "截止", "结论", "理由", "规则版本"),
        (
            [
                safe(instant(judgement.opened_at)),
                page_link("incident", "id", judgement.id, judgement.title),
                safe(titles.get(one.rule, one.rule)),
                safe(one.body or "待定"),
                safe(instant(one.due.latest) if one.due else "—"),
                pill(one),
                safe(one.reason),
                safe(one.rule_version),
            ]
            for judgement in found
            for one in judgement.obligations
            if one.modality != "advisory"
        ),
    )


st.title("复盘")
if queries.is_empty():
    st.info("还没有数据。请先运行 `huiying demo` 或 `huiying watch`。")
else:
    period = _period(queries.now().at)
    judged = queries.judgements(*period)
    _summary(judged)
    for name, write in (("xlsx", write_xlsx), ("docx", write_docx)):
        out = BytesIO()
        write(judged, queries.rule_titles(), out)
        st.download_button(f"下载 {name}", out.getvalue(), f"review.{name}")
    _details(judged)
