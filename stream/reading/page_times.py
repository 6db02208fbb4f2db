"""When a page was published: what stands by its title, then its head, its scripts, its address. Never a comment's time."""

from __future__ import annotations

import re
from datetime import datetime

from stream.core.intervals import SHANGHAI, Interval, Precision
from stream.reading.page_body import Line
from stream.reading.page_head import Metas
from stream.reading.times import parse_published

BEFORE, AFTER = 25, 8  # lines looked at before the body's first and behind it
LINE_CHARS = 160  # a longer line is prose, whose dates are those of the story
EARLIEST = datetime(1994, 1, 1, tzinfo=SHANGHAI)  # the first Chinese web pages

_METAS = (
    "article:published_time", "og:published_time", "og:release_date", "datepublished", "publishdate", "pubdate",
    "publish_time", "publishtime", "published_time", "pubtime", "firstpublishedtime", "apub:time", "og:time",
    "weibo:article:create_at", "dc.date.issued", "dc.date", "date", "createdate",
)  # fmt: skip
_DATE = re.compile(r"(?:19|20)\d\d\s?[-/.年—]\s?[01]?\d\s?[-/.月—]\s?[0-3]?\d")
_CLOCK = re.compile(r"\d{1,2}\s?[:：时]\s?\d{2}")
_SAYS_SO = re.compile(r"发布|发表|刊发|时间|日期|来源|作者|编辑|记者|稿源|上传|浏览|点击|阅读|字号|字体|评论|出处")
_PUBLISHED = re.compile(r"(?:发布|发表|刊发|更新|上传|成文|发文|创建)(?:时间|日期|于|在)?\s{0,3}[:：]?")
_OTHER = re.compile(
    r"今天是|当前时间|现在时间|农历|注册|加入日期|截止|有效期|版权|copyright|ICP|报名|最后登录|实施日期", re.IGNORECASE
)
_SCRIPT = re.compile(
    r"""["']?(?:date_?published|pub(?:lish)?_?(?:date|time)|(?:create|post|release)_?time|ptime|ctime)["']?\s{0,3}[:=]\s{0,3}"""
    r"""["']?(?P<at>(?:19|20)\d\d[-/年][^"'<>,;\n]{4,30}|1\d{9}(?:\d{3})?\b)""",
    re.IGNORECASE,
)
_URL_DATE = re.compile(r"(?<!\d)(?P<y>20\d\d|199\d)[-/_]?(?P<m>0[1-9]|1[0-2])[-/_]?(?P<d>0[1-9]|[12]\d|3[01])(?!\d)")
_FINE: tuple[Precision, ...] = ("second", "minute", "hour", "part_of_day")


def published_of(lines: list[Line], first: int, metas: Metas, scripts: str, url: str | None) -> Interval | None:
    """The page's publication; `first` = position of the body's first line in `lines`.

    What a reader sees comes first; a source that knows the same day more finely refines it.
    """
    seen = _visible(lines, first)
    said = _first_of([metas.get(name) for name in _METAS])
    written = _first_of([found["at"] for found in _SCRIPT.finditer(scripts)][:3])
    found = [one for one in (seen, said, written, _from_url(url)) if one is not None]
    if not found:
        return None
    return next((one for one in found if one.precision in _FINE and _same_day(one, found[0])), found[0])


def _visible(lines: list[Line], first: int) -> Interval | None:
    """The best dated line around the body's beginning."""
    best: tuple[float, Interval] | None = None
    for index in range(max(0, first - BEFORE), min(len(lines), first + AFTER)):
        text = lines[index].text
        if len(text) > LINE_CHARS or _DATE.search(text) is None or _OTHER.search(text):
            continue
        at = _dated(text)
        if at is None:
            continue
        score = _likeliness(text, abs(index - first), at)
        if best is None or score > best[0]:
            best = (score, at)
    return best[1] if best else None


def _likeliness(text: str, distance: int, at: Interval) -> float:
    """A clock and the words around publication speak for a line, distance and length against it."""
    score = 4.0 if at.precision in _FINE else 0.0
    score += 4.0 if _PUBLISHED.search(text) else 2.0 if _SAYS_SO.search(text) else 0.0
    return score - distance * 0.3 - len(text) * 0.02


def _dated(text: str) -> Interval | None:
    """The instant a line gives, that behind 发布时间 if it says so."""
    if (word := _PUBLISHED.search(text)) and (at := _read(text[word.end() :][:40])):
        return at
    return _read(text)


def _read(value: str) -> Interval | None:
    at = parse_published(value, "page")
    if at is None or at.earliest is None or at.earliest < EARLIEST or at.precision in ("month", "year", "unknown"):
        return None
    return at


def _first_of(values: list[str | None]) -> Interval | None:
    return next((at for value in values if value and (at := _read(value))), None)


def _from_url(url: str | None) -> Interval | None:
    found = _URL_DATE.search(url or "")
    return parse_published(f"{found['y']}-{found['m']}-{found['d']}", "url") if found else None


def _same_day(one: Interval, other: Interval) -> bool:
    return one.earliest is not None and other.earliest is not None and one.earliest.date() == other.earliest.date()
