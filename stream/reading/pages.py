"""One HTML page as text: title, body, time of publication, author, site. Pure functions of the bytes."""

from __future__ import annotations

import trafilatura
from msgspec import Struct

from stream.core.intervals import Interval
from stream.reading.times import parse_published


class PageText(Struct, frozen=True, kw_only=True):
    """What a page says; empty text where none was found."""

    title: str
    text: str
    published: Interval | None
    author: str | None
    site: str | None


def extract_page(html: bytes, url: str | None = None, encoding: str | None = None) -> PageText:
    """The article of a page."""
    found = trafilatura.bare_extraction(html[: 2 << 20], url=url, include_comments=False, with_metadata=True)
    if found is None:
        return PageText(title="", text="", published=None, author=None, site=None)
    return PageText(
        title=found.title or "",
        text=found.text or "",
        published=parse_published(found.date, "page"),
        author=found.author,
        site=found.sitename,
    )
