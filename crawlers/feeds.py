"""What an RSS or Atom feed says of its entries, bad feeds included."""

from __future__ import annotations

import calendar
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import feedparser
from lxml import html
from lxml.etree import ParserError
from msgspec import Struct

from stream.core.intervals import SHANGHAI, Interval, exactly

LONGEST_SUMMARY = 20_000
LONGEST_URL = 2_000


class Entry(Struct, frozen=True, kw_only=True):
    """A link to an article and what the page that linked it said of it. `author` is still a name: never keep it."""

    url: str
    title: str
    published: Interval | None = None
    author: str | None = None
    summary: str | None = None


def read_feed(body: bytes, content_type: str, base: str) -> list[Entry]:
    """The entries with a link, in the feed's order; none if it is no feed. Never fetches anything.

    The body goes in as a stream: feedparser would take a string that looks like an address or a path for one.
    """
    headers = {"content-type": content_type, "content-location": base}
    parsed = feedparser.parse(io.BytesIO(body), response_headers=headers, sanitize_html=False)
    return list(_entries(parsed))


def _entries(parsed: Any) -> Iterator[Entry]:
    seen: set[str] = set()
    for one in parsed.entries:
        url = str(one.get("link") or "").strip()
        if not url or len(url) > LONGEST_URL or url in seen:
            continue
        seen.add(url)
        yield Entry(
            url=url,
            title=_plain(one.get("title") or ""),
            published=_published(one),
            author=str(one.get("author") or "").strip() or None,
            summary=_plain(one.get("summary") or "") or None,
        )


def _published(one: Any) -> Interval | None:
    """Published, else updated; feedparser gives UTC. Out-of-range years are no date at all."""
    # dict.get: feedparser's own warns about a fallback of its that is not wanted here
    moment = dict.get(one, "published_parsed") or dict.get(one, "updated_parsed")
    if moment is None:
        return None
    try:
        at = datetime.fromtimestamp(calendar.timegm(moment), tz=UTC).astimezone(SHANGHAI)
    except (ValueError, OverflowError, OSError):
        return None
    return exactly(at, "feed") if at.year >= 1990 else None


def _plain(markup: str) -> str:
    """Text without markup, bounded."""
    markup = markup[:LONGEST_SUMMARY].replace("\x00", "")
    if "<" not in markup:
        return " ".join(markup.split())
    try:
        return " ".join(str(html.fromstring(markup).text_content()).split())
    except (ParserError, ValueError):
        return ""
