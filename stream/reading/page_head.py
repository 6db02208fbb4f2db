"""What a page says of itself: title, author, site. Bounded looks at its head and its first lines."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

WORDS = 300  # longest title or name that is taken

HEADING_WITHIN = 5  # lines over the body among which its heading is looked for

_NO_HEADING = re.compile(
    r"位置|首页|主页|来源|编辑|时间|日期|发布|发表|点击|浏览|作者|评论|登录|欢迎|在线|[>＞│|]|[。；;]|\d{4}[-/.年]|^[^\u4e00-\u9fff]*$"
    r"|^[一二三四五六七八九十\d]{1,3}[、.．]"
)
_SUFFIX = re.compile(r"(?:\s*[_|｜]\s*|\s+[-–—]+\s+|-{1,3}|[–—]{1,2})(?=[^_|｜–—-]{1,24}$)")
_SPACE = re.compile(r"\s+")
_NAMES = r"[\u4e00-\u9fff·]{2,8}(?:[、 ，][\u4e00-\u9fff·]{2,4}){0,3}"
_AUTHOR = re.compile(rf"(?:作\s{{0,4}}者|撰文|文)\s{{0,2}}[:：/|]\s{{0,3}}(?P<name>{_NAMES}|[\w.-]{{2,20}})")
_REPORTER = re.compile(r"(?:记者|通讯员)\s{0,2}[:：]?\s{0,2}(?P<name>[\u4e00-\u9fff]{2,4})(?=[\s）)/、]|$)")
_NO_NAME = re.compile(r"来源|编辑|时间|日期|发布|发表|点击|浏览|字号|佚名|未知|本站|admin|size", re.IGNORECASE)

Metas = dict[str, str]


def metas_of(root: Any) -> Metas:
    """Content of the page's meta elements by lower-case name, property or itemprop; the first of each."""
    metas: Metas = {}
    for meta in root.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop")
        content = meta.get("content")
        if name and content and content.strip():
            metas.setdefault(name.strip().lower(), content.strip()[: WORDS * 2])
    return metas


def title_of(root: Any, metas: Metas) -> tuple[str, str | None]:
    """(title, site as its suffix says): the heading that the document's title repeats, else that title, shortened."""
    named = _plain(metas.get("og:title")) or _plain(_first(root, "title"))
    headings = [_plain(_words(node)) for tag in ("h1", "h2", "h3") for node in list(root.iter(tag))[:8]]
    short, site = _without_site(named)
    repeated = [one for one in headings if len(one) >= 4 and (one in named or short in one)]
    if repeated and short:
        best = max(repeated, key=len)
        return (best if len(best) <= len(named) + 20 else short), site
    if short:
        return short, site
    return next((one for one in headings if len(one) >= 4), ""), site


def heading_of(title: str, above: list[str]) -> str:
    """The title, or, where a site gives all its pages one title, the heading over the text.

    `above`: the lines over the body and its first, in reading order.
    """
    flat = "".join(title.split())
    lines = ["".join(line.split()) for line in above]
    if flat and any(flat in line or (len(line) > 6 and line in flat) for line in lines):
        return title
    return next((line for line in reversed(above[-HEADING_WITHIN:]) if _is_heading(line)), title)


def _is_heading(line: str) -> bool:
    return 6 <= len(line) <= 50 and _NO_HEADING.search(line) is None


def author_of(metas: Metas, lines: list[str]) -> str | None:
    """Who signed: the line that says so, else the head."""
    for line in lines:
        if found := _AUTHOR.search(line) or _REPORTER.search(line):
            name = _SPACE.sub(" ", found["name"]).strip(" 、，")
            if not _NO_NAME.search(name):
                return name
    name = _plain(metas.get("author") or metas.get("article:author"))
    return name if 1 < len(name) <= 30 and not _NO_NAME.search(name) and not re.search(r"[@/\d]{2,}|@", name) else None


def site_of(metas: Metas, suffix: str | None, url: str | None) -> str | None:
    """The site as it calls itself, else its host."""
    name = _plain(metas.get("og:site_name") or metas.get("sitename") or metas.get("application-name"))
    if name or suffix:
        return (name or suffix or "")[:60]
    try:
        return urlsplit(url).hostname if url else None
    except ValueError:
        return None


def _without_site(title: str) -> tuple[str, str | None]:
    """A title without the names of column and site behind it."""
    site = None
    for _ in range(4):
        cut = _SUFFIX.search(title)
        if cut is None or cut.start() < 4:
            break
        site = site or title[cut.end() :]
        title = title[: cut.start()]
    return title, site


def _first(root: Any, tag: str) -> str:
    node = next(root.iter(tag), None)
    return "" if node is None else _words(node)


def _words(node: Any) -> str:
    return "".join(node.itertext())[: WORDS * 4]


def _plain(words: str | None) -> str:
    return _SPACE.sub(" ", words or "").strip()[:WORDS]
