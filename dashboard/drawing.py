"""Pieces that several pages draw. Crawled text is hostile: everything goes through `safe` before it is markup, and no
crawled text is ever given to Streamlit's Markdown (titles, expanders, captions)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

import streamlit as st

from dashboard.words import CLOCKS, OUTCOMES, PRECISIONS, SHORT, reason_words
from stream.core.cases import Due, Obligation
from stream.core.intervals import SHANGHAI, Elapsed, Interval

# Control, direction, joining, tag, private and unpaired surrogate characters: unseen, or they rearrange what is seen.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\ud800-\udfff\ue000-\uf8ff\U000e0000-\U0010ffff]"
)
# Marks stacked upon one letter beyond two are no language's, and would cover the lines above.
_STACKED = re.compile("([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{2})"
                      "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")  # fmt: skip
_READ_TIMES = 4  # of `limit`: what is cut away need not be cleaned


def plain(text: object, limit: int = 300) -> str:
    """Text without characters that cannot be seen or that rearrange others, at most `limit` characters."""
    raw = str(text)
    seen = _STACKED.sub(r"\1", _UNSEEN.sub("", raw[: limit * _READ_TIMES]))
    return seen if len(seen) <= limit and len(raw) <= limit * _READ_TIMES else seen[:limit] + "…"


def safe(text: object, limit: int = 300) -> str:
    """Text as HTML text: escaped, plain, at most `limit` characters."""
    return html.escape(plain(text, limit))


def link(url: str | None, text: str, limit: int = 120) -> str:
    """A link where `url` is http(s), else the text alone."""
    if url and re.match(r"https?://", url, re.IGNORECASE):
        target = html.escape(_UNSEEN.sub("", url[:2_000]), quote=True)
        return f'<a href="{target}" target="_blank" rel="noopener noreferrer nofollow">{safe(text, limit)}</a>'
    return safe(text, limit)


def small(text: str) -> str:
    """A small line; `text` is plain text."""
    return f'<div class="hy-small">{safe(text)}</div>'


def noted(text: str, note: str) -> str:
    """Text with a small note under it."""
    return f"{safe(text)}{small(note)}"


def page_link(page: str, key: str, value: str, text: str) -> str:
    """A link to a page of ours, wherever the dashboard is mounted."""
    return f'<a class="hy-title" href="{page}?{key}={quote(value, safe="")}" target="_self">{safe(text, 60)}</a>'


def pill(obligation: Obligation) -> str:
    """The verdict as a coloured word; a provisional clock and a rule in principle say so, and are not red."""
    kind: str = OUTCOMES[obligation.verdict]
    notes = [
        *(["暂定"] if obligation.provisional else []),
        *(["原则上"] if obligation.modality == "in_principle" else []),
    ]
    if kind == "late" and notes:
        kind = "soft"
    word = SHORT[obligation.verdict] + (f"·{'·'.join(notes)}" if notes else "")
    return mark(kind, word)


def mark(kind: str, word: str) -> str:
    """A coloured word."""
    return f'<span class="hy-pill hy-{kind}">{safe(word)}</span>'


def countdown(obligation: Obligation, now: datetime) -> str:
    """How long is left, or over; nothing where there is no deadline or it is decided."""
    if obligation.due is None or obligation.verdict != "pending":
        return ""
    words, over = left(obligation.due, now)
    return f'<span class="hy-clock{" hy-over" if over else ""}">{words}</span>'


def left(due: Due, now: datetime) -> tuple[str, bool]:
    """How long to the deadline in words, and whether it has passed. Where the deadline itself is only known to lie in a
    span, the nearer end counts, then the farther one."""
    first = due.earliest or due.latest
    if now <= first:
        return f"{'还剩' if due.earliest is not None else '最迟还剩'} {duration(first - now)}", False
    if now <= due.latest:
        return f"已进入时限区间，最迟还剩 {duration(due.latest - now)}", False
    return f"已过 {duration(now - due.latest)}", True


def why(obligation: Obligation) -> str:
    """The reason of a verdict, in Chinese, as a small line; with the time it took where there was an answer."""
    took = taken(obligation.elapsed_s) if obligation.verdict != "pending" and obligation.elapsed_s else ""
    return small(reason_words(obligation.reason) + (f"（用时 {took}）" if took else ""))


def taken(elapsed: Elapsed) -> str:
    """Elapsed time in hours, as a range where it is one."""
    if elapsed.max is None:
        return f"至少 {_hours(max(elapsed.min, 0))}" if elapsed.min > 0 else "不详"
    if elapsed.max - elapsed.min < 120:
        return _hours(elapsed.max)
    if elapsed.min < 0 < elapsed.max:
        return f"不超过 {_hours(elapsed.max)}"
    return f"{_hours(elapsed.min)} 至 {_hours(elapsed.max)}"


def _hours(seconds: float) -> str:
    sign = "-" if seconds <= -60 else ""
    hours, minutes = divmod(int(abs(seconds)) // 60, 60)
    return f"{sign}{hours}小时{minutes:02d}分" if hours else f"{sign}{minutes}分"


def duration(span: timedelta) -> str:
    """`3天04:05:06`; hours, minutes, seconds, rounded down."""
    total = int(span.total_seconds())
    days, rest = divmod(total, 86_400)
    text = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}天{text}" if days else text


def instant(at: datetime | None) -> str:
    """`2026-09-08 00:29:24`, Asia/Shanghai."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") if at else "—"


def short(at: datetime) -> str:
    """`09-08 00:29`, Asia/Shanghai: where the year and the second go without saying."""
    return at.astimezone(SHANGHAI).strftime("%m-%d %H:%M")


def span(interval: Interval | None) -> str:
    """An interval as a person would write it, no more precise than it is known."""
    if interval is None:
        return "不详"
    if interval.earliest is None:
        return f"不晚于 {_unit(interval.latest, interval)}"
    if interval.latest - interval.earliest < timedelta(minutes=1):
        return _unit(interval.earliest, interval)
    return f"{_minute(interval.earliest)} 至 {_minute(interval.latest)}（{PRECISIONS[interval.precision]}）"


def _unit(at: datetime, interval: Interval) -> str:
    return instant(at) if interval.precision == "second" else _minute(at)


def _minute(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def due_words(due: Due | None) -> str:
    """The deadline to the minute, or the span it lies in."""
    if due is None:
        return "—"
    if due.earliest is None:
        return f"最迟 {short(due.latest)}"
    if due.latest - due.earliest < timedelta(minutes=1):
        return short(due.earliest)
    return f"{short(due.earliest)} 至 {short(due.latest)}"


def passed(due: Due, at: datetime) -> timedelta:
    """How long after a deadline an instant lies, counted from the deadline as `due_words` shows it: a reader who
    subtracts finds the same; from its far end where it is only known to lie in a span."""
    is_exact = due.earliest is not None and due.latest - due.earliest < timedelta(minutes=1)
    return at - (due.earliest if is_exact and due.earliest is not None else due.latest)


def clock_name(clock: str) -> str:
    """What a clock is called."""
    return CLOCKS.get(clock, clock)


def rows_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of ready HTML cells (each made by the functions above), as markup."""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    heads = "".join(f"<th>{safe(name)}</th>" for name in head)
    if not body:
        body = f'<tr><td colspan="{len(head)}" class="hy-small">没有记录</td></tr>'
    return f'<table class="hy-table"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Such a table on the page."""
    st.html(rows_of(head, rows))
