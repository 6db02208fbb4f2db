"""Review: per body in time, late and unknown, with their denominators; every verdict with its reason; exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from io import BytesIO
from typing import IO, Any

import streamlit as st

from dashboard import names, outages, queries
from dashboard.drawing import due_words, page_link, pill, rows_of, safe, short, small, table, why
from dashboard.exports import review as exports
from dashboard.tallies import Tally, by_body, by_rule, headline, total
from dashboard.words import OUTCOME_WORDS, OUTCOMES, Outcome
from stream.core.cases import Judgement, Obligation
from stream.core.intervals import SHANGHAI

PAGE = 60
BARS: tuple[Outcome, ...] = ("met", "late", "retracted", "unknown")
KEPT_S = 15


def _period(now: datetime) -> tuple[datetime, datetime]:
    today = now.astimezone(SHANGHAI).date()
    days = st.date_input("事件首现日期", value=(today - timedelta(days=6), today), format="YYYY-MM-DD")
    first, last = (days[0], days[-1]) if isinstance(days, tuple) and days else (today, today)
    return datetime.combine(first, time(), SHANGHAI), datetime.combine(last, time(), SHANGHAI) + timedelta(days=1)


@st.cache_data(ttl=KEPT_S, max_entries=4, show_spinner=False)
def _judged(since: datetime, until: datetime) -> list[Judgement]:
    """Page by page, so that the pipeline is never held up; kept for some seconds."""
    note = st.empty()
    judged: list[Judgement] = []
    for read, found in queries.review(since, until):
        judged = found
        if read > queries.REVIEWED:
            note.caption(f"正在汇总：已读 {read} 个事件…")
    note.empty()
    return judged


def _tallies(name: str, rows: Sequence[Tally]) -> str:
    head = (name, "应判定", "按时", "超时", "按时后撤回", "无法判断", "计时中", "不计入", "构成")
    return rows_of(head, ([*(safe(cell) for cell in exports.summary(row)), _bar(row)] for row in rows))


def _bar(row: Tally) -> str:
    parts = {"met": row.met, "late": row.late, "retracted": row.retracted, "unknown": row.unknown}
    pieces = "".join(
        f'<i class="b-{name}" style="width:{100 * parts[name] / row.judged:.1f}%"></i>' for name in BARS if parts[name]
    )
    return f'<div class="hy-bar">{pieces}</div>' if row.judged else small("没有应判定的")


def _tiles(sums: Tally, incidents: int) -> str:
    rate = f"{100 * sums.met / (sums.met + sums.late):.0f}%" if sums.met + sums.late else "—"
    tiles: tuple[tuple[str, str, int, str], ...] = (
        ("", "有时限的事件", incidents, "首现在所选日期内"), ("", "应判定", sums.judged, "“应当”类时限"),
        ("met", "按时", sums.met, f"占能判断的 {rate}"), ("late", "超时", sums.late, ""),
        ("", "按时后撤回", sums.retracted, "没有别的发布满足时限"),
        ("unknown", "无法判断", sums.unknown, "不是超时"),
        ("pending", "计时中", sums.pending, "尚未到期"),
    )  # fmt: skip
    drawn = "".join(
        f'<div class="hy-tile t-{colour}">{name}<b>{value}</b>{small(note)}</div>'
        for colour, name, value, note in tiles
    )
    return f'<div class="hy-tiles hy-done">{drawn}</div>'


def _downloads(found: list[Judgement]) -> None:
    columns = st.columns([1, 1, 1, 5])
    writers = {"xlsx": exports.write_xlsx, "docx": exports.write_docx, "json": exports.write_json}
    for column, (name, write) in zip(columns, writers.items(), strict=False):
        column.download_button(f"下载 {name}", _written(write, found), f"review.{name}", on_click="ignore")


def _written(write: Callable[[Any, Any, IO[bytes]], None], found: list[Judgement]) -> Callable[[], bytes]:
    """Written when somebody asks for it, not at every look at the page."""

    def written() -> bytes:
        out = BytesIO()
        write(found, names.rule_titles(), out)
        return out.getvalue()

    return written


def _details(found: Sequence[Judgement]) -> None:
    st.subheader("按事件", anchor=False)
    outcome = st.segmented_control(
        "结论", (*BARS, "pending", "none"), format_func=lambda one: OUTCOME_WORDS[one], label_visibility="collapsed"
    )
    rows = [
        (judgement, one)
        for judgement in reversed(found)
        for one in headline(judgement)
        if outcome is None or OUTCOMES[one.verdict] == outcome
    ]
    pages = max(1, -(-len(rows) // PAGE))
    page = 1 if pages == 1 else st.number_input(f"页（共 {pages} 页）", 1, pages, 1, width=160)
    shown = rows[(int(page) - 1) * PAGE : int(page) * PAGE]
    table(
        ("事件", "义务", "责任单位", "时限", "结论与理由", "规则版本"),
        (_row(judgement, one) for judgement, one in shown),
    )


def _row(judgement: Judgement, one: Obligation) -> list[str]:
    region = names.region_name(judgement.region) or "地点不详"
    return [
        page_link("incident", "id", judgement.id, judgement.title)
        + small(f"{region} · 首现 {short(judgement.opened_at)}"),
        safe(names.rule_names().get(one.rule, one.rule)),
        safe(one.body or "待定"),
        safe(due_words(one.due)),
        pill(one) + why(one),
        small(f"{one.rule} {one.rule_version}"),
    ]


st.title("复盘", anchor=False)
with outages.told():
    if queries.is_empty():
        st.info("还没有数据。请先运行 `huiying demo` 或 `huiying watch`。")
    else:
        judged = _judged(*_period(queries.now().at))
        bodies = by_body(judged)
        st.html(_tiles(total(bodies), len(judged)))
        st.subheader("按机关", anchor=False)
        st.html(_tallies("责任单位", bodies))
        st.subheader("按义务", anchor=False)
        st.html(_tallies("义务", by_rule(judged, names.rule_names())))
        st.caption(exports.NOTE)
        _downloads(judged)
        _details(judged)
