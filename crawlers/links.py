"""Which links of a list page lead to articles: by a selector, else by what articles' links look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from parsel import Selector

from crawlers.feeds import Entry
from crawlers.sources import Source, is_web_address
from stream.core.intervals import SHANGHAI, Interval

# /2025-09/12/  /2025/9/12/  /20250912/  t20250912_123.html  /202509/t2025…  /2025/0912/
_DATED_PATH = re.compile(
    r"(?<!\d)(?:19|20)\d\d[-_/]?(?:0[1-9]|1[0-2]|[1-9](?!\d))(?:[-_/]?(?:0[1-9]|[12]\d|3[01]|[1-9](?!\d)))?(?!\d{5})"
)
_NUMBERED_PATH = re.compile(r"\d{5,}|content[_/-]\w{6,}|/art(?:icle)?[s]?/\w{6,}|[0-9a-f]{16,}")
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)\s?[-年/.]\s?(\d{1,2})\s?[-月/.]\s?(\d{1,2})(?!\d)")
_NEXT = re.compile(r"^\s*(?:下一页|下页|后一页|next|>)\s*(?:[>»]\s*)?$", re.IGNORECASE)
_HAN = re.compile(r"[\u4e00-\u9fff]")
# A notice may be a PDF; these are attachments and pictures.
_FILES = (".xls", ".xlsx", ".zip", ".rar", ".7z", ".jpg", ".jpeg", ".png", ".gif", ".mp4", ".mp3", ".exe", ".apk")
_ROWS = ("li", "tr", "dd", "dl", "p")

LEAST_HAN = 7
"""Chinese characters of a headline: shorter anchors are menus ("通知公告", "更多")."""
MOST_LINKS = 5_000
ROW_TEXT = 2_000
"""Links looked at, at most."""


def article_links(source: Source, page: Selector, base: str) -> list[Entry]:
    """The article links of a list page, in its order, each once."""
    base = _base(page, base)
    if source.links:
        found = [_entry(anchor, base) for anchor in _selected(page, source.links)]
    else:
        hosts = frozenset({urlsplit(base).netloc.lower(), *source.home, *source.hosts})
        entries = (_entry(anchor, base) for anchor in page.css("a[href]")[:MOST_LINKS])
        found = [entry for entry in entries if entry is not None and _is_article(entry, hosts)]
    best: dict[str, Entry] = {}
    for entry in found:
        # The same article is often linked twice, by its picture and by its headline.
        if entry is not None and (entry.url not in best or len(entry.title) > len(best[entry.url].title)):
            best[entry.url] = entry
    return list(best.values())


def next_page(source: Source, page: Selector, base: str) -> str | None:
    """The address of the list's next page, on the same host; None if there is none."""
    base = _base(page, base)
    anchors = _selected(page, source.next) if source.next else [*page.css("a[rel=next]"), *_labelled_next(page)]
    for anchor in anchors:
        url = _address(anchor, base)
        if url and url != base and urlsplit(url).netloc == urlsplit(base).netloc:
            return url
    return None


def _selected(page: Selector, selector: str) -> Iterator[Selector]:
    """The anchors a selector names, or those inside what it names."""
    for one in page.css(selector)[:MOST_LINKS]:
        if one.root.tag == "a":
            yield one
        else:
            yield from one.css("a[href]")


def _labelled_next(page: Selector) -> Iterator[Selector]:
    return (a for a in page.css("a[href]")[:MOST_LINKS] if _NEXT.match(_text(a)[:20]))


def _is_article(entry: Entry, hosts: frozenset[str]) -> bool:
    parts = urlsplit(entry.url)
    if parts.netloc.lower() not in hosts or parts.path in {"", "/"} or parts.path.lower().endswith(_FILES):
        return False
    path = f"{parts.path}?{parts.query}"
    is_headline = len(_HAN.findall(entry.title)) >= LEAST_HAN
    is_dated = entry.published is not None
    if _DATED_PATH.search(path):
        return is_headline or is_dated
    return is_headline and (is_dated or bool(_NUMBERED_PATH.search(path)))


def _entry(anchor: Selector, base: str) -> Entry | None:
    url = _address(anchor, base)
    return None if url is None else Entry(url=url, title=_title(anchor), published=_day(anchor))


def _address(anchor: Selector, base: str) -> str | None:
    href = (anchor.attrib.get("href") or "").strip()
    if not href or href.startswith(("#", "javascript:", "mailto:", "tel:")) or len(href) > 2000:
        return None
    try:
        url = urldefrag(urljoin(base, href)).url
    except ValueError:
        return None
    return url if is_web_address(url) else None


def _title(anchor: Selector) -> str:
    """The title attribute where the shown text is cut off, else the text without a date at its end."""
    shown, titled = _text(anchor), " ".join((anchor.attrib.get("title") or "").split())
    text = titled if len(titled) > len(shown) or shown.endswith(("…", "...")) else shown
    return _DAY.sub("", text[:300]).strip(" []()（）·") or text[:300]


def _text(anchor: Selector) -> str:
    return " ".join(_bounded(anchor.root, 500).split())


def _bounded(node: Any, limit: int) -> str:
    """The text inside a node, no more of it than asked for: broken markup nests a whole page in one row."""
    parts: list[str] = []
    size = 0
    for part in node.itertext():
        parts.append(part)
        size += len(part)
        if size > limit:
            break
    return "".join(parts)


def _day(anchor: Selector) -> Interval | None:
    """The day that stands beside a link, in the smallest row around it; only the article tells the time."""
    node = anchor.root
    for _ in range(3):
        node = node.getparent()
        if node is None:
            return None
        if node.tag in _ROWS or node.tag == "div":
            text = _bounded(node, ROW_TEXT)
            days = _DAY.findall(text) if len(text) <= ROW_TEXT else []
            if len(days) == 1:
                return _whole_day(*(int(part) for part in days[0]))
    return None


def _whole_day(year: int, month: int, day: int) -> Interval | None:
    try:
        start = datetime(year, month, day, tzinfo=SHANGHAI)
    except ValueError:
        return None
    return Interval(earliest=start, latest=start + timedelta(days=1), precision="day", source="row")


def _base(page: Selector, base: str) -> str:
    """<base href>, where it stays on the web."""
    stated = page.css("base[href]::attr(href)").get()
    if not stated:
        return base
    try:
        joined = urljoin(base, stated.strip())
    except ValueError:
        return base
    return joined if is_web_address(joined) else base
