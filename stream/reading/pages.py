"""One HTML page as text: title, body, time of publication, author, site. Pure functions of the bytes, bounded."""

from __future__ import annotations

from itertools import islice
from typing import Any

import lxml.html
from lxml.etree import LxmlError
from msgspec import Struct

from stream.core.intervals import Interval
from stream.reading.page_body import Body, Line, find_body, lines_of, prose_of, without_heading
from stream.reading.page_encoding import decode_page
from stream.reading.page_head import author_of, heading_of, metas_of, site_of, title_of
from stream.reading.page_times import published_of

PAGE_BYTES = 2 << 20
"""What stands behind it is not read: no article is that long, and a hostile page must stay cheap."""
NEAR = 25
"""Lines above the body in which its title may stand."""
TEXT_CHARS = 1 << 20
SCRIPT_CHARS = 200_000
SURE = 60.0
"""Characters of prose from which the body found by its sentences is trusted; below, trafilatura is asked too."""
ASKED_NODES = 5000
"""Above it trafilatura is not asked: it takes seconds for a hostile page, half of one for a long list, in vain."""


class PageText(Struct, frozen=True, kw_only=True):
    """What a page says; empty text where it holds no prose. `author` is as printed: never store it as it is."""

    title: str
    text: str
    published: Interval | None
    author: str | None
    site: str | None


EMPTY = PageText(title="", text="", published=None, author=None, site=None)


def extract_page(html: bytes, url: str | None = None, encoding: str | None = None) -> PageText:
    """The article of a page. `encoding` is the HTTP header's, a hint only. Never raises on what a page holds."""
    root = _parse(decode_page(html[:PAGE_BYTES], encoding))
    if root is None:
        return EMPTY
    metas = metas_of(root)
    title, suffix = title_of(root, metas)
    body = _body(root)
    lines, _ = lines_of(root, keep_asides=True)
    first = _position(lines, body.text)
    title = heading_of(title, [line.text for line in lines[max(0, first - NEAR) : first + 1]])
    return PageText(
        title=title,
        text=without_heading(body.text, title)[:TEXT_CHARS],
        published=published_of(lines, first, metas, _scripts(root), url),
        author=author_of(metas, _near(lines, first, body)),
        site=site_of(metas, suffix, url),
    )


def _parse(text: str) -> Any:
    """The tree, or None where there is none. libxml2 bounds the depth; entities are never fetched."""
    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        return lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (LxmlError, ValueError, AssertionError):
        return None


def _body(root: Any) -> Body:
    """By sentences; where they are few, once more with what looked like asides, and by trafilatura: the most prose."""
    body = find_body(*lines_of(root))
    if body.worth >= SURE:
        return body
    lines, parents = lines_of(root, keep_asides=True)
    wider = find_body(lines, parents)
    if wider.worth > 2 * body.worth:
        body = wider
    if body.worth >= SURE or _is_large(root):
        return body
    # Here, since it takes a third of a second to load and few runs meet a page that needs it.
    import trafilatura

    text = trafilatura.extract(root, include_comments=False, include_tables=False) or ""
    worth = prose_of(text)
    return Body(text, worth) if worth > 2 * body.worth else body


def _is_large(root: Any) -> bool:
    return next(islice(root.iter(), ASKED_NODES, None), None) is not None


def _position(lines: list[Line], text: str) -> int:
    """Where the body begins among all lines."""
    opening = text.split("\n", 1)[0]
    return next((index for index, line in enumerate(lines) if line.text == opening), 0) if opening else 0


def _near(lines: list[Line], first: int, body: Body) -> list[str]:
    """Lines that may be signed: around the title, then the body's last."""
    around = [line.text for line in lines[max(0, first - 8) : first + 3] if len(line.text) <= 120]
    return around + [line[-80:] for line in body.text.split("\n")[-2:]]


def _scripts(root: Any) -> str:
    """Text of the page's scripts, bounded."""
    found: list[str] = []
    size = 0
    for node in root.iter("script"):
        words = node.text or ""
        if size + len(words) > SCRIPT_CHARS:
            continue
        found.append(words)
        size += len(words)
    return "\n".join(found)
