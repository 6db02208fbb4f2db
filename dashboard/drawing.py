"""Pieces that several pages draw. Crawled text is hostile: everything goes through `safe` before it is markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import streamlit as st

from dashboard.words import CLOCKS, OUTCOMES, VERDICTS
from stream.core.documents import Obligation
from stream.core.intervals import SHANGHAI, Interval

STYLE = """
<style>
.hy-pill{display:inline-block;padding:.1rem .55rem;border-radius:1rem;font-size:.85rem;white-space:nowrap}
.hy-pill{font-weight:600}
.hy-met{background:#d8f0de;color:#10602b}.hy-late{background:#fbdcd9;color:#95170c}
.hy-unknown{background:#e3e3ea;color:#3c3c55}.hy-pending{background:#fdeec8;color:#735000}
.hy-none{background:#f1f1f1;color:#666}
.hy-table{width:100%;border-collapse:collapse;font-size:.92rem}
.hy-table th{text-align:left;font-weight:600;color:#555;border-bottom:2px solid #ddd;padding:.35rem .5rem}
.hy-table th{white-space:nowrap}
.hy-table td{border-bottom:1px solid #eee;padding:.4rem .5rem;vertical-align:top}
.hy-clock{font-variant-numeric:tabular-nums;font-weight:700}
.hy-over{color:#95170c}.hy-small{color:#666;font-size:.85rem}
@media (prefers-color-scheme:dark){.hy-table th,.hy-small{color:#bbb}.hy-table td{border-color:#444}}
</style>
"""

_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def safe(text: object, limit: int = 300) -> str:
    """Text as HTML text: escaped, without control and direction characters, at most `limit` characters."""
    plain = _INVISIBLE.sub("", str(text))
    return html.escape(plain if len(plain) <= limit else plain[:limit] + "…")


def link(url: str | None, text: str) -> str:
    """A link where `url` is http(s), else the text alone."""
    if url and re.match(r"https?://", url):
        target = html.escape(url, quote=True)
        return f'<a href="{target}" target="_blank" rel="noopener noreferrer nofollow">{safe(text)}</a>'
    return safe(text)


def noted(text: str, note: str) -> str:
    """Text with a small note under it."""
    return f'{safe(text)}<div class="hy-small">{safe(note)}</div>'


def page_link(page: str, key: str, value: str, text: str) -> str:
    """A link to a page of ours."""
    from urllib.parse import quote

    return f'<a href="/{page}?{key}={quote(value, safe="")}" target="_self">{safe(text)}</a>'


def pill(obligation: Obligation) -> str:
    """The verdict as a coloured word; a provisional clock and a rule in principle say so."""
    kind = OUTCOMES[obligation.verdict]
    notes = [
        *(["暂定"] if obligation.provisional else []),
        *(["原则上"] if obligation.modality == "in_principle" else []),
    ]
    word = VERDICTS[obligation.verdict] + (f"（{'、'.join(notes)}）" if notes else "")
    return f'<span class="hy-pill hy-{kind}">{safe(word)}</span>'


def countdown(obligation: Obligation, now: datetime) -> str:
    """How long is left, or over; nothing where there is no deadline or it is decided."""
    if obligation.due is None or obligation.verdict != "pending":
        return ""
    left = obligation.due.latest - now
    over = left < timedelta(0)
    return (
        f'<span class="hy-clock{" hy-over" if over else ""}">{"已过 " if over else "还剩 "}{duration(abs(left))}</span>'
    )


def duration(span: timedelta) -> str:
    """`3天04:05:06`; hours, minutes, seconds."""
    total = int(span.total_seconds())
    days, rest = divmod(total, 86_400)
    text = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}天{text}" if days else text


def instant(at: datetime | None) -> str:
    """`09-08 00:29:24`, Asia/Shanghai."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") if at else "—"


def span(interval: Interval | None) -> str:
    """An interval as a person would write it."""
    if interval is None:
        return "不详"
    if interval.earliest is None:
        return f"不晚于 {instant(interval.latest)}"
    if interval.earliest == interval.latest:
        return instant(interval.latest)
    return f"{instant(interval.earliest)} 至 {instant(interval.latest)}"


def clock_name(clock: str) -> str:
    """What a clock is called."""
    return CLOCKS.get(clock, clock)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of ready HTML cells (each made by the functions above)."""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    heads = "".join(f"<th>{safe(name)}</th>" for name in head)
    if not body:
        body = f'<tr><td colspan="{len(head)}" class="hy-small">没有记录</td></tr>'
    st.html(f'{STYLE}<table class="hy-table"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>')
