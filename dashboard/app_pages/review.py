"""Review: per body in time, late and unknown, with their denominators; every verdict with its reason; exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from io import BytesIO

import streamlit as st

from dashboard import names, outages, queries
from dashboard.drawing import due_words, instant, page_link, pill, rows_of, safe, short, small, table, why
from dashboard.exports import review as exports
from dashboard.exports.asked import TABLES, WRITERS, Asked, TableName, paper_of
from dashboard.exports.messages import is_usable
from dashboard.exports.tables import Frame
from dashboard.tallies import Period, Tally, by_body, by_rule, headline, total
from dashboard.words import OUTCOME_WORDS, OUTCOMES, Outcome
from stream.core.cases import Judgement, Obligation
from stream.core.intervals import SHANGHAI
from stream.reading.times import parse_published

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


def _downloads(span: tuple[datetime, datetime], found: list[Judgement]) -> None:
    st.subheader("下载", anchor=False)
    first, second, third, fourth = st.columns([2, 2, 3, 3])
    chosen: TableName = first.selectbox("表", list(TABLES), format_func=lambda one: TABLES[one])
    by: Period = "month"
    rule = None
    if chosen == "review":
        by = second.selectbox("时期", list(exports.PERIOD_NAMES), format_func=lambda one: exports.PERIOD_NAMES[one])
    if chosen == "messages":
        usable = [one.id for one in names.rules().rules if is_usable(one)]
        rule = second.selectbox("时限规则", [None, *usable], format_func=lambda one: one or "不判断")
    bodies = sorted({one.body for judgement in found for one in headline(judgement) if one.body})
    body = third.selectbox(
        "督察对象", [None, *bodies], format_func=lambda one: one or "各责任单位", placeholder="请选择"
    )
    written = fourth.text_input("按何时所知（留空为最新）", placeholder="2026-03-02 18:00")
    as_of = _as_of(written)
    if written and as_of is None:
        st.warning("读不出时刻；请写成 2026-03-02 18:00 这样。")
        return
    frame = Frame(now=as_of or queries.now().at, as_of=as_of, since=span[0], until=span[1], body=body)
    asked = Asked(table=chosen, frame=frame, by=by, rule=rule)
    if as_of is not None:
        st.caption(f"按 {instant(as_of)} 所知重新判定；其后才知道的事实与登记不计。")
    for column, suffix in zip(st.columns([1, 1, 1, 5]), WRITERS, strict=False):
        column.download_button(
            f"下载 {suffix.removeprefix('.')}", _written(asked, suffix), f"{chosen}{suffix}", on_click="ignore"
        )


def _as_of(written: str) -> datetime | None:
    found = parse_published(written, "option") if written.strip() else None
    return None if found is None else found.earliest


def _written(asked: Asked, suffix: str) -> Callable[[], bytes]:
    """Written when somebody asks for it, not at every look at the page."""

    def written() -> bytes:
        out = BytesIO()
        with queries.reading() as backends:
            made = paper_of(asked, backends.store, names.settings())
        WRITERS[suffix](made.paper, out)
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
        f'<span class="hy-nowrap">{small(one.rule)}{small(one.rule_version)}</span>',
    ]


st.title("复盘", anchor=False)
with outages.told():
    if queries.is_empty():
        st.info("还没有数据。请先运行 `huiying demo` 或 `huiying watch`。")
    else:
        span = _period(queries.now().at)
        judged = _judged(*span)
        bodies = by_body(judged)
        st.html(_tiles(total(bodies), len(judged)))
        st.subheader("按机关", anchor=False)
        st.html(_tallies("责任单位", bodies))
        st.subheader("按义务", anchor=False)
        st.html(_tallies("义务", by_rule(judged, names.rule_names())))
        st.caption(exports.NOTE)
        _downloads(span, judged)
        _details(judged)
