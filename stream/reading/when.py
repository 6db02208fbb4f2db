"""The grammar of times: expressions such as 4月18日12时50分许, 昨天下午1点多, 今晨, 上周五晚, 本月初, and their parts.

What they mean on the calendar is read in `placing`. Every quantifier is bounded: hostile text costs linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from stream.reading.numerals import number

_N = "[0-9〇零一二三四五六七八九十廿]{1,3}"
_HOUR = r"(?:\d{1,2}|[〇零一二两三四五六七八九十]{1,3})"
_TO = "(?:至|到|-|~|～)"
# 地铁2号线, 18号台风, 3号楼: a number of a thing, not a day. Only words that no event of a day begins with.
_NUMBERED = (
    "线|楼|[强超]{0,2}台风|院|馆|井|矿|令|桥|机组|机库|航站|出口|入口|门(?!店|诊)|公路|站台|码头|地块|标段|高炉"
    "|宿舍|选手"
)
_DATE = re.compile(
    r"(?P<y>(?:19|20)\d\d)[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)"
    r"|(?:(?P<year>(?:19|20)\d\d|[一二][〇零九0][〇零一二三四五六七八九0]{2}|今|去|本) ?年[，,]? ?)?"
    rf"(?:(?P<month>{_N}|本|上|当|同) ?月份? ?)(?:(?P<first>{_N})[日号]? ?{_TO} ?)?(?P<day>{_N}) ?[日号]"
    r"(?!前(?!后)|内|起)"
    r"|(?:(?P<ofyear>(?:19|20)\d\d|今|去|本) ?年[，,]? ?)?"
    r"(?P<ofmonth>\d{1,2}|十[一二]?|[一二三四五六七八九]|本|上个?|这个) ?月份?"
    r"(?P<third>上旬|中旬|下旬|初|底|末)(?!以来|起|至|到|前|[^，。]{0,2}以来)"
    r"|(?P<wholeyear>(?:19|20)\d\d|今|去) ?年(?P<whole>\d{1,2}|十[一二]?|[一二三四五六七八九]) ?月份?"
    r"(?![0-9初中下上底末]| ?\d|以来|起|至|到|前|-)"
    r"|(?<!第)(?<![月节假每生0-9〇零一二三四五六七八九十])"
    rf"(?:(?P<since>{_N})[日号]? ?{_TO} ?)?(?P<only>{_N}) ?(?:日|号(?!{_NUMBERED}))(?![内起来前后游均以])"
    r"|(?P<relative>大前天|前天|前日|昨天|昨日|今天|今日|明天|明日|后天|次日|翌日|第二天|当天|当日|同日|事发当天"
    r"|当(?=晚)|(?<![之此日以目])前(?=晚)|(?<![说清昆证光])明(?=[晚早晨])"
    r"|昨(?=[晚夜晨早凌上下中午傍清])"
    r"|今(?=[晚夜晨早凌（(]))"
    r"|(?<![0-9十百几])(?P<ago>[1-9一二两三四五六七八九十]|1\d) ?天(?:之)?前"
    r"|(?<![每双单一两三])(?P<whose>上上|上个?|本|这个?|下个?)?(?:周|星期|礼拜)(?P<week>[一二三四五六日天])(?![岁年])"
)
_PAREN = re.compile(rf"[（(](?:(?P<month>{_N})月)?(?P<day>{_N})[日号]?[）)]日?")
_WEEKDAY = re.compile(r" ?[（(](?:星期|周|礼拜)[一二三四五六日天][）)] ?")  # 4月19日（星期三）上午10时
_PART = re.compile(
    r"凌晨|清晨|早晨|早上|上午|中午|正午|午间|下午|午后|傍晚|晚上|晚间|夜晚|夜间|夜里|深夜|半夜|午夜"
    r"|[早晚](?= ?(?:\d{1,2}|[六七八九十][一二]?) ?[点时:])"
    r"|(?<=[日天昨今当前明号）)])[晨早晚夜](?![报饭餐会高间上晨自])"
)
_SHORT_PART = re.compile("[晨早晚夜](?![报饭餐会高间上晨自])")  # 周五晚: only behind a day, or 住了五晚 would be one
_CLOCK = re.compile(
    rf"(?<![0-9.:：第])(?:(?P<since>{_HOUR}) ?[时点]? ?{_TO} ?(?={_HOUR} ?[时点]))?"
    rf"(?P<hour>{_HOUR}) ?(?P<mark>时|点|:(?=\d\d))钟?"
    r"(?!间|候|代|多钟头|钟头|建议|评|要求|意见|说明|原因|希望|疑|措施|启示|共识|理由|内容|问题|儿|[0-9零一二三四五六七八九]{1,2}级)"
    r"(?: ?(?P<minute>[13一三]刻|\d{1,2}|[〇零一二三四五六七八九十]{2,3}|[一二三四五六七八九十](?= ?[多余]?分)|半)"
    r"(?P<vague>[多余])?"
    r" ?(?:分(?!钟|之)|(?<=[半刻])|(?![0-9个名人级]))"
    r"(?: ?:?(?P<second>\d{1,2})(?:\.\d)? ?(?:秒|(?<=:\d\d)(?!\d)))?)?(?P<more>[多余])?"
)
_GLUE = re.compile(r"[ ,，的]?(?:[（(]?(?:北京时间|当地时间|新疆时间|乌鲁木齐时间)[）)]?|的)?[ ]?")
_START = re.compile(re.sub(r"\(\?P<\w+>", "(?:", f"(?:{_DATE.pattern})|(?:{_PART.pattern})|(?:{_CLOCK.pattern})"))
# 许, 左右, 前后 keep the unit (domain.md: Counting); they belong to the words that are quoted.
_ABOUT = re.compile(r" ?(?:许|左右|前后|上下)")


class When(Struct, frozen=True):
    """One expression: where it stands in the text, and its parts as matched. `until` is `end` with 许 or 左右."""

    start: int
    end: int
    date: re.Match[str] | None
    paren: re.Match[str] | None
    part: str | None
    clock: re.Match[str] | None
    until: int

    @property
    def year(self) -> int | None:
        """The year, where the text writes it out (今年 and 去年 do not)."""
        found = self.date
        word = found and (found["y"] or found["year"] or found["ofyear"] or found["wholeyear"])
        return number(word) if word else None


def expressions(text: str) -> Iterator[When]:
    """Every expression of time in `text` (digits already narrow), in order, not overlapping."""
    at = 0
    while (found := _START.search(text, at)) is not None:
        one = _parse(text, found.start())
        if one is None:
            at = found.start() + 1
        else:
            yield one
            at = one.end


def _parse(text: str, at: int) -> When | None:
    start, paren, part = at, None, None
    if (dated := _DATE.match(text, at)) is not None:
        at = dated.end()
        if (paren := _PAREN.match(text, at)) is not None:
            at = paren.end()
        elif (weekday := _WEEKDAY.match(text, at)) is not None:
            at = weekday.end()
    if (named := _part(text, _after_glue(text, at, dated is not None), dated is not None)) is not None:
        part, at = named.group(), named.end()
    has_day = dated is not None or part is not None
    clock = _CLOCK.match(text, _after_glue(text, at, has_day))
    about = _ABOUT.match(text, clock.end() if clock else at)
    if clock is not None and _is_clock(clock) and (has_day or about is not None or not _may_count(clock)):
        at = clock.end()
    else:
        clock = None
        about = _ABOUT.match(text, at)
    return When(start, at, dated, paren, part, clock, about.end() if about else at) if at > start else None


def _part(text: str, at: int, is_dated: bool) -> re.Match[str] | None:
    return _PART.match(text, at) or (_SHORT_PART.match(text, at) if is_dated else None)


def _after_glue(text: str, at: int, has_something: bool) -> int:
    glue = _GLUE.match(text, at) if has_something else None
    return glue.end() if glue else at


def _is_clock(clock: re.Match[str]) -> bool:
    hour, minute, second = number(clock["hour"]), clock["minute"], clock["second"]
    is_minute = minute is None or minute[0] == "半" or minute[-1] == "刻" or (number(minute) or 0) <= 59
    return hour is not None and hour <= 24 and is_minute and int(second or 0) <= 59


def _may_count(clock: re.Match[str]) -> bool:
    """一点, 两点, 三点 alone are a little, or points of a list, more often than an hour."""
    return clock["mark"] == "点" and clock["hour"] in "一二两三四五" and clock["minute"] is None and not clock["more"]
