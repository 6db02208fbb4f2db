"""When a page was published: what stands by its title, then its head, its scripts, its address; no comment's time."""

from __future__ import annotations

import re
from datetime import datetime

from stream.core.intervals import SHANGHAI, Interval, Precision
from stream.reading.page_body import Line
from stream.reading.page_head import Metas
from stream.reading.times import parse_published

BEFORE, AFTER = 25, 8  # lines looked at before the body's first and behind it
SIGNED_WITHIN = 400
LINE_CHARS = 160  # a longer line is prose, whose dates are those of the story
EARLIEST = datetime(1994, 1, 1, tzinfo=SHANGHAI)  # the first Chinese web pages

_METAS = (
    "article:published_time", "og:published_time", "og:release_date", "datepublished", "publishdate", "pubdate",
    "publish_time", "publishtime", "published_time", "pubtime", "firstpublishedtime", "apub:time", "og:time",
    "weibo:article:create_at", "dc.date.issued", "dc.date", "date", "createdate",
)  # fmt: skip
_DATE = re.compile(r"(?:19|20)\d\d\s?[-/.年—]\s?[01]?\d\s?[-/.月—]\s?[0-3]?\d")
# Month first: only where AM or PM says that the page is written the American way.
_AMERICAN = re.compile(
    r"(?P<m>0?[1-9]|1[0-2])/(?P<d>[0-3]?\d)/(?P<y>(?:19|20)\d\d) "
    r"(?P<h>0?[1-9]|1[0-2]):(?P<rest>\d\d(?::\d\d)?) ?(?P<half>[AP])M"
)
_SAYS_SO = re.compile(r"发布|发表|刊发|时间|日期|来源|作者|编辑|记者|稿源|上传|浏览|点击|阅读|字号|字体|评论|出处")
_PUBLISHED = re.compile(r"(?:发布|发表|刊发|更新|上传|成文|发文|创建)(?:时间|日期|于|在)?\s{0,3}[:：]?")
# After the body only such a line counts, and only the first: those behind it belong to answers.
_SIGNED = re.compile(r"(?:发布|发表|刊发|发文|成文)(?:时间|日期|于)\s{0,3}[:：]?|(?<!\S)时间\s{0,2}[:：]")
_OTHER = re.compile(r"今天是|当前时间|现在时间|农历|注册|加入日期|截止|有效期|报名|最后登录|实施日期", re.IGNORECASE)
_SENTENCE = re.compile(r"[，。；！？]")
_SCRIPT = re.compile(
    r"""\b["']?(?:date_?published|pub(?:lish)?_?(?:date|time)|(?:create|post|release)_?time|ptime|ctime|ct)["']?\s{0,3}[:=]\s{0,3}"""
    r"""["']?(?P<at>(?:19|20)\d\d[-/年][^"'<>,;\n]{4,30}|1\d{9}(?:\d{3})?\b)""",
    re.IGNORECASE,
)
_URL_DATE = re.compile(r"(?<!\d)(?P<y>20\d\d|199\d)[-/_]?(?P<m>0[1-9]|1[0-2])[-/_]?(?P<d>0[1-9]|[12]\d|3[01])(?!\d)")
_FINE: tuple[Precision, ...] = ("second", "minute", "hour", "part_of_day")


def published_of(lines: list[Line], first: int, metas: Metas, scripts: str, url: str | None) -> Interval | None:
    """The page's publication; `first` = position of the body's first line in `lines`.

    What a reader sees comes first; a source that knows the same day more finely refines it.
    """
    seen = _visible(lines, first) or _signed(lines, first)
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
        if not _may_tell(text) or (index >= first and _is_prose(text)):
            continue
        at = _dated(text)
        if at is None:
            continue
        score = _likeliness(text, abs(index - first), at)
        if best is None or score > best[0]:
            best = (score, at)
    return best[1] if best else None


def _signed(lines: list[Line], first: int) -> Interval | None:
    """The first line behind the body's beginning that says it tells the publication."""
    for line in lines[first : first + SIGNED_WITHIN]:
        if _may_tell(line.text) and _SIGNED.search(line.text) and (at := _dated(line.text)):
            return at
    return None


def _may_tell(text: str) -> bool:
    if len(text) > LINE_CHARS or not (_DATE.search(text) or _AMERICAN.search(text)):
        return False
    return _OTHER.search(text) is None


def _is_prose(text: str) -> bool:
    """A sentence of the story, whose date is the story's."""
    return len(text) > 60 or (_PUBLISHED.search(text) is None and _SENTENCE.search(text) is not None)


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
    if american := _AMERICAN.search(value):
        value = _as_iso(american)
    at = parse_published(value, "page")
    if at is None or at.earliest is None or at.earliest < EARLIEST or at.precision in ("month", "year", "unknown"):
        return None
    return at


def _as_iso(found: re.Match[str]) -> str:
    hour = int(found["h"]) % 12 + (12 if found["half"] == "P" else 0)
    return f"{found['y']}-{int(found['m']):02}-{int(found['d']):02} {hour:02}:{found['rest']}"


def _first_of(values: list[str | None]) -> Interval | None:
    return next((at for value in values if value and (at := _read(value))), None)


def _from_url(url: str | None) -> Interval | None:
    found = _URL_DATE.search(url or "")
    return parse_published(f"{found['y']}-{found['m']}-{found['d']}", "url") if found else None


def _same_day(one: Interval, other: Interval) -> bool:
    return one.earliest is not None and other.earliest is not None and one.earliest.date() == other.earliest.date()
