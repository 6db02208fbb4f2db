"""Search: posts by words, topic, region, body and date; newest first."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import streamlit as st

from dashboard import queries
from dashboard.drawing import instant, link, page_link, safe, table
from dashboard.words import KINDS
from stream.core.intervals import SHANGHAI
from stream.ports import Search

PAGE = 20


def _wanted() -> Search:
    first, second, third = st.columns([3, 2, 2])
    text = first.text_input("词语（空格分开，须全部出现）", key="text")
    topic = second.selectbox("主题", ["", *queries.topic_names()], format_func=lambda one: one or "全部")
    region = third.text_input("行政区划代码（如 44 或 440300）")
    days = st.date_input("采集日期", value=[], format="YYYY-MM-DD")
    since = until = None
    if isinstance(days, tuple) and days:
        since = datetime.combine(days[0], time(), SHANGHAI)
        until = datetime.combine(days[-1], time(), SHANGHAI) + timedelta(days=1)
    return Search(text=text, topic=topic or None, region=region.strip() or None, since=since, until=until, limit=PAGE)


st.title("检索")
if queries.is_empty():
    st.info("还没有数据。请先运行 `huiying demo` 或 `huiying watch`。")
else:
    found = queries.search(_wanted())
    incidents = queries.incidents_of(found.posts)
    table(
        ("采集时间", "标题", "摘录", "来源", "类别", "主题", "事件"),
        (
            [
                safe(instant(post.collected_at)),
                link(post.mention.url, post.mention.title or "（无题）"),
                safe(post.mention.quote, 120),
                safe(post.mention.account or post.mention.source or "—", 40),
                safe(KINDS[post.mention.kind]),
                safe("、".join(one.topic for one in post.mention.topics)),
                page_link("incident", "id", incidents[post.id], "查看") if post.id in incidents else "",
            ]
            for post in found.posts
        ),
    )
    if found.cursor:
        st.caption(f"只显示最近 {PAGE} 条；请用更多词语或日期缩小范围。")
