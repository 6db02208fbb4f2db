"""The body of an article page, by where its sentences stand.

A page is a tree of lines. A line of prose counts for its subtree, links and labels count against it; the subtree with
the greatest sum is the article, and its rims are trimmed in the same way. That needs no site's markup: pages of 2005
hold their text in table cells between <br>, those of today in <p>.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

PROSE = 25.0  # a line worth this is a sentence
COST_OF_BLOCK = -120.0  # most that one element (a menu, an advertisement) speaks against the element around it
LINES = 20_000  # of one page; what stands after them is not looked at

_INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "q", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "var", "wbr", "nobr", "o:p", "st1:chsdate", "st1:personname",
))  # fmt: skip
_DROPPED = frozenset((
    "script", "style", "noscript", "template", "iframe", "frame", "object", "embed", "applet", "svg", "math",
    "canvas", "video", "audio", "map", "select", "option", "button", "input", "textarea", "head", "nav",
    "footer", "link", "meta", "title", "rt", "rp",
))  # fmt: skip
_COMMENTS = re.compile(r"comment|pinglun|repl(?:y|ies)", re.IGNORECASE)
_ASIDE = re.compile(
    r"relat|recommend|xgyd|hot(?:news|list)|rank|share|copyright|footer|sidebar|crumb|navi|pager|pagination|advert"
    r"|guanggao|qrcode|disclaim|toolbar|login",
    re.IGNORECASE,
)
# The article's own element often carries a word of the above too: what hangs on it is named there (share, login).
_ARTICLE = re.compile(r"art|content|body|text|detail", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden", re.IGNORECASE)
_STOPS = re.compile(r"[，。；：！？、,;!?…”」』）]")
_BOILERPLATE = re.compile(
    r"版权所有|Copyright|©|All Rights Reserved|ICP[备证]|京公网安备|许可证|举报电话|违法和?不良信息|免责声明|转载请注明"
    r"|未经.{0,6}授权|网站地图|联系我们|关于我们|上一篇|下一篇|上一页|下一页|返回首页|关闭窗口|打印本页|【打印】|加入收藏"
    r"|相关(?:新闻|链接|阅读|报道|文章)|扫一扫|责任编辑|发表评论|网友评论",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"^(?:发布|发表|更新)?(?:时间|日期|于)?\s{0,2}[:：]?\s{0,2}(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:$|\s|\d)"
    r"|^(?:信息)?来源\s{0,2}[:：]"
)
_SPACE = re.compile(r"[ \t\r\n\f\v\xa0]+")


class Line(Struct):
    """One line as a browser would show it; `at` = its innermost block element's number."""

    text: str
    linked: int
    at: int
    worth: float = 0.0


class Body(Struct, frozen=True):
    """Text of the article; `worth` says how sure it is: about the characters of prose."""

    text: str
    worth: float


def find_body(lines: list[Line], parents: list[int]) -> Body:
    """The article among a page's lines; empty where there is no prose."""
    for line in lines:
        line.worth = _worth(line)
    inside = _best_subtree(lines, parents)
    start, end = _trim([line.worth for line in inside])
    if start == end:
        return Body("", 0.0)
    start, end = _stretch(inside, parents, start, end)
    kept = [line for line in inside[start:end] if line.worth > 0 or not _is_aside(line)]
    return Body("\n".join(line.text for line in kept), sum(line.worth for line in kept))


def without_heading(text: str, title: str) -> str:
    """A body without what stands over it: title, date and source, which have places of their own."""
    lines = text.split("\n")
    while len(lines) > 1 and (lines[0] == title or (len(lines[0]) < 80 and _HEADING.search(lines[0]))):
        lines.pop(0)
    return "\n".join(lines)


def prose_of(text: str) -> float:
    """The worth of lines without links."""
    return sum(_worth(Line(line, 0, 0)) for line in text.splitlines())


def _worth(line: Line) -> float:
    """Characters of prose, or how much the line speaks against an article."""
    size = len(line.text)
    if size < 120 and _BOILERPLATE.search(line.text):
        return -20.0
    if line.linked * 10 > size * 7:
        return -10.0 - min(line.linked, 30)
    if line.linked * 10 > size * 4:
        return -10.0
    if _STOPS.search(line.text) is None:
        return -3.0 if size < 30 else min(size * 0.3, 20.0)
    return size - 2 * line.linked - 4.0


def _stretch(inside: list[Line], parents: list[int], start: int, end: int) -> tuple[int, int]:
    """The run, widened to prose in the same element: an advertisement stands between paragraphs of one article."""
    weights: dict[int, float] = {}
    for line in inside[start:end]:
        for element in (line.at, parents[line.at]):
            weights[element] = weights.get(element, 0.0) + line.worth
    home = max(weights, key=lambda element: (weights[element], element))
    for index, line in enumerate(inside):
        if line.worth >= PROSE and home in (line.at, parents[line.at]):
            start, end = min(start, index), max(end, index + 1)
    return start, end


def _is_aside(line: Line) -> bool:
    """Lines that are no part of the article even in its midst."""
    return line.linked * 10 > len(line.text) * 7 or _BOILERPLATE.search(line.text) is not None


def _best_subtree(lines: list[Line], parents: list[int]) -> list[Line]:
    """The lines under the element whose lines are worth most in sum; the innermost of equals."""
    sums = [0.0] * len(parents)
    for line in lines:
        sums[line.at] += line.worth
    for element in range(len(parents) - 1, 0, -1):
        sums[parents[element]] += max(sums[element], COST_OF_BLOCK)
    best = max(range(len(parents)), key=lambda element: (round(sums[element], 3), element), default=0)
    best = _with_siblings(lines, parents, best, sums[best])
    inside = [False] * len(parents)
    for element in range(len(parents)):
        inside[element] = element == best or (element > 0 and inside[parents[element]])
    return [line for line in lines if inside[line.at]]


def _with_siblings(lines: list[Line], parents: list[int], best: int, worth: float) -> int:
    """The parent, where `best` is but one paragraph of several: a menu between them outweighed a short article."""
    parent = parents[best]
    beside = sum(line.worth for line in lines if line.worth >= PROSE and parent in (line.at, parents[line.at]))
    return parent if beside >= 1.5 * worth else best


def _trim(worths: list[float]) -> tuple[int, int]:
    """Bounds of the run with the greatest sum (Kadane)."""
    best, best_sum, start, running = (0, 0), 0.0, 0, 0.0
    for index, worth in enumerate(worths):
        if running <= 0:
            start, running = index, 0.0
        running += worth
        if running > best_sum:
            best, best_sum = (start, index + 1), running
    return best


class _Lines:
    """Collects lines while a tree is walked."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.parents: list[int] = [0]
        self.open: list[int] = [0]
        self._words: list[str] = []
        self._linked = 0

    def add(self, words: str | None, *, linked: bool) -> None:
        if words:
            self._words.append(words)
            if linked:
                self._linked += len("".join(words.split()))

    def end_line(self) -> None:
        if self._words:
            text = _SPACE.sub(" ", "".join(self._words)).strip(" \u3000")
            if text:
                self.lines.append(Line(text, self._linked, self.open[-1]))
            self._words, self._linked = [], 0

    def open_block(self) -> None:
        self.end_line()
        self.parents.append(self.open[-1])
        self.open.append(len(self.parents) - 1)

    def close_block(self) -> None:
        self.end_line()
        self.open.pop()


def lines_of(root: Any, *, keep_asides: bool = False) -> tuple[list[Line], list[int]]:
    """(lines, parent of every block element) of a page, in reading order; without scripts, forms and asides."""
    found = _Lines()
    links = _open(found, root, 0)
    path = [(root, iter(root))]
    while path and len(found.lines) < LINES:
        element, children = path[-1]
        child = next(children, None)
        if child is None:
            path.pop()
            links -= _close(found, element)
            if path:
                found.add(element.tail, linked=links > 0)
        elif not isinstance(child.tag, str) or _is_dropped(child, keep_asides=keep_asides):
            found.add(child.tail, linked=links > 0)
        else:
            links += _open(found, child, links)
            path.append((child, iter(child)))
    found.end_line()
    return found.lines, found.parents


def _open(found: _Lines, element: Any, links: int) -> int:
    """Begins an element; 1 if it is a link."""
    is_link = element.tag == "a"
    if element.tag == "br":
        found.end_line()
    elif element.tag not in _INLINE:
        found.open_block()
    found.add(element.text, linked=links + is_link > 0)
    return int(is_link)


def _close(found: _Lines, element: Any) -> int:
    """Ends an element; 1 if it was a link."""
    if element.tag != "br" and element.tag not in _INLINE:
        found.close_block()
    return int(element.tag == "a")


def _is_dropped(element: Any, *, keep_asides: bool) -> bool:
    """Elements that hold no text of the article: by what they are, how they are shown, what their author named them."""
    if element.tag in _DROPPED or _HIDDEN.search(element.get("style") or ""):
        return True
    if keep_asides or element.tag in ("body", "html", "article", "main"):
        return False
    named = f"{element.get('id') or ''} {element.get('class') or ''}"[:200]
    if len(named) == 1:
        return False
    is_aside = _ASIDE.search(named) is not None and _ARTICLE.search(named) is None
    return is_aside or _COMMENTS.search(named) is not None
