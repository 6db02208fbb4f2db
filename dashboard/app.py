"""The dashboard: router only. Pages stand in app_pages, questions to the store in queries."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.style import STYLE, icon

PAGES = Path(__file__).with_name("app_pages")

st.set_page_config(page_title="回应钟", page_icon=icon(), layout="wide")
st.html(STYLE)
st.navigation(
    [
        st.Page(PAGES / "live.py", title="值守", icon=":material/radar:", default=True),
        st.Page(PAGES / "timers.py", title="时限", icon=":material/timer:", url_path="timers"),
        st.Page(PAGES / "ledger.py", title="台账", icon=":material/checklist:", url_path="ledger"),
        st.Page(PAGES / "search.py", title="检索", icon=":material/search:", url_path="search"),
        st.Page(PAGES / "review.py", title="复盘", icon=":material/fact_check:", url_path="review"),
        st.Page(PAGES / "incident.py", title="事件", icon=":material/description:", url_path="incident"),
    ]
).run()
