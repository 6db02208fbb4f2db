"""Search: posts by words, topic, region, body and date; newest first, page by page."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import streamlit as st

from dashboard import names, outages, queries
from dashboard.drawing import instant, link, noted, page_link, plain, safe, small, table
from dashboard.words import KINDS
from stream.core.documents import Post
from stream.core.intervals import SHANGHAI
from stream.ports import Search

PAGE = 20
MOST_WORDS = 8


def _wanted() -> Search:
    first, second, third, fourth = st.columns([3, 2, 2, 2])
    text = first.text_input("词语（空格分开，须全部出现）", key="text", max_chars=200)
    topic = second.selectbox("主题", ["", *names.topic_names()], format_func=lambda one: one or "全部")
    region = third.text_input("地区（名称或代码）", key="region", max_chars=40).strip()
    body = fourth.text_input("提到的单位（全称）", key="body", max_chars=60).strip()
    days = st.date_input("采集日期", value=[], format="YYYY-MM-DD")
    since = until = None
    if isinstance(days, tuple) and days:
        since = datetime.combine(days[0], time(), SHANGHAI)
        until = datetime.combine(days[-1], time(), SHANGHAI) + timedelta(days=1)
    prefix = names.region_prefix(region) if region else None
    if region and prefix is None:
        st.warning("没有这个地区，或有几个地区同名：请写全称或六位代码。以下未按地区筛选。")
    return Search(
        text=text, topic=topic or None, region=prefix, body=body or None, since=since, until=until, limit=PAGE
    )


def _cursor(wanted: Search) -> str | None:
    """Where the page begins; a new question begins anew."""
    if st.session_state.get("asked") != wanted:
        st.session_state.update(asked=wanted, cursors=[])
    return st.session_state.cursors[-1] if st.session_state.cursors else None


def _row(post: Post, words: list[str], incidents: dict[str, str]) -> list[str]:
    mention = post.mention
    title = mention.title or mention.quote or "（文字已按期清除，只留哈希与时间）"
    quote = f'<div class="hy-small">{_marked(mention.quote, words)}</div>' if mention.title else ""
    return [
        f'<span class="hy-nowrap">{safe(instant(post.collected_at)[:16])}</span>',
        link(mention.url, title) + quote,
        noted(
            mention.account or names.source_names().get(mention.source or "", mention.source or "—"),
            KINDS[mention.kind],
        ),
        safe("、".join(one.topic for one in mention.topics)),
        page_link("incident", "id", incidents[post.id], "查看事件") if post.id in incidents else small("未归入事件"),
    ]


def _marked(text: str, words: list[str]) -> str:
    """The text with the words marked; each piece is made safe by itself."""
    shown = plain(text, 160)
    if not words:
        return safe(shown)
    pieces = re.split("(" + "|".join(re.escape(one) for one in words) + ")", shown)
    return "".join(
        f'<span class="hy-found">{safe(one)}</span>' if number % 2 else safe(one) for number, one in enumerate(pieces)
    )


st.title("检索", anchor=False)
with outages.told():
    if queries.is_empty():
        st.info("还没有数据。请先运行 `huiying demo` 或 `huiying watch`。")
    else:
        asked = _wanted()
        at = _cursor(asked)
        found = queries.search(
            Search(**{**{name: getattr(asked, name) for name in asked.__struct_fields__}, "cursor": at})
        )
        wanted_words = [plain(one, 40) for one in asked.text.split()][:MOST_WORDS]
        linked = queries.incidents_of(found.posts)
        table(
            ("采集时间", "信息", "来源", "主题", "事件"),
            (_row(post, [w for w in wanted_words if w], linked) for post in found.posts),
        )
        newer, older, _ = st.columns([1, 1, 6])
        if st.session_state.cursors and newer.button("较新的", icon=":material/arrow_back:"):
            st.session_state.cursors.pop()
            st.rerun()
        if found.cursor and older.button("更早的", icon=":material/arrow_forward:"):
            st.session_state.cursors.append(found.cursor)
            st.rerun()
