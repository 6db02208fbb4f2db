"""The words of alerts: Chinese, plain, short, and harmless whatever a crawled title holds.

A text never accuses beyond the verdict: `unknown_coverage_gap` says that we could not see, a provisional clock is
labelled 暂定, an in_principle duty 原则上. Times are Asia/Shanghai.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from stream.core.cases import Due, Obligation, Verdict
from stream.core.documents import Grade
from stream.core.intervals import SHANGHAI

TITLE_LIMIT = 60
_READ_LIMIT = 600  # a 10 MB title costs no more than this many characters

RegionName = Callable[[str], str | None]

GRADES: Mapping[Grade, str] = {"I": "特别重大", "II": "重大", "III": "较大", "IV": "一般"}
VERDICTS: Mapping[Verdict, str] = {
    "pending": "计时中",
    "met": "按时回应",
    "met_then_retracted": "曾按时回应，后被撤回",
    "breached": "超时",
    "breached_but_fair_clock_met": "从严计时超时，自等级可判断时起计时未超时",
    "indeterminate": "现有时间精度不足以判断",
    "not_applicable": "不适用",
    "exempt_claimed": "经人认定豁免",
    "unknown_coverage_gap": "监看有缺口，无法判断",
}
# The words for stream.core.reasons; a test compares the two lists.
REASONS: Mapping[str, str] = {
    "awaiting_statement": "时限未到，尚未见权威发布",
    "provisional_grade": "等级尚不明，时钟为暂定",
    "grade_not_evident": "暂定时限已过，等级仍不明，不作超时判定",
    "statement_in_time": "发布在时限之内",
    "statement_retracted": "按时发布的内容已撤回，现存发布均不满足时限",
    "statement_straddles_deadline": "发布时间与时限的区间重叠，无法分出先后",
    "no_statement": "监看渠道全程可访问且时限后已复查，未见发布",
    "statement_late": "所见发布均晚于时限，且时限内监看无缺口",
    "fair_clock_met": "自等级可判断时起计，发布在时限之内",
    "awaiting_coverage": "时限已过，等待监看渠道完成复查",
    "coverage_gap": "时限内有一段没有监看到，可能有未被看到的发布",
    "channel_unreachable": "时限内监看渠道曾无法访问，可能有未被看到的发布",
    "never_polled_past_deadline": "时限之后一直未能复查监看渠道",
    "unwatched": "责任单位没有登记监看渠道",
    "no_responsible_body": "责任单位不明，无从监看",
    "exempt_by_person": "经人认定豁免，并注明依据",
    "no_longer_applies": "等级或性质更正后不再适用",
    "incident_dismissed": "经人排除",
    "incident_merged": "已并入另一事件",
    "no_number": "规则未规定时限",
    "awaiting_follow_up": "尚未见含新情况的后续发布",
    "advisory_gap": "已超过建议的后续发布间隔（仅提示）",
    "follow_up_released": "已有含新情况的后续发布",
    "issuer_level_reached": "发布主体的层级符合要求",
    "unified_publication": "依法由上级统一公布，该单位不得自行发布",
    "no_jurisdiction": "外省机关的发布，不对本事件负责，不计为回应",
    "only_by_decision": "仅因人工认定而适用",
}

# Full-width twins: they read the same and mean nothing to Markdown, HTML, chat mentions or templates.
_HARMLESS = str.maketrans("@<>&*_`#[]()|~\\!{}$=", "＠＜＞＆＊＿｀＃［］（）｜～＼！｛｝＄＝")
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.\-]{1,11}://|www\.)[!-~]{0,300}"
    r"|(?<![a-z0-9])(?:[a-z0-9\-]{1,40}\.){1,4}(?!com[a-z])[a-z]{2,12}(?![a-z])(?:[/:?][!-~]{0,300})?",
    re.IGNORECASE,
)
_DANGEROUS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: str, limit: int = TITLE_LIMIT) -> str:
    """At most `limit` harmless characters of a crawled text: no control or direction characters, lone surrogates,
    markup, mentions or links."""
    seen = "".join(" " if unicodedata.category(one) in _DANGEROUS else one for one in text[:_READ_LIMIT])
    seen = _LINK.sub("〔链接〕", unicodedata.normalize("NFC", seen))
    seen = " ".join(seen.translate(_HARMLESS).split())
    return seen if len(seen) <= limit else seen[: limit - 1] + "…"


def without_controls(text: str) -> str:
    """The text with its line breaks, without any other control, direction or unpaired surrogate character."""
    return "".join(one if one == "\n" or unicodedata.category(one) not in _DANGEROUS else " " for one in text)


def spoken(length: timedelta) -> str:
    """A duration in words, to the minute: 3小时20分, 2天4小时, 不到1分钟."""
    minutes = int(abs(length).total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    if hours:
        return f"{hours}小时{minutes}分" if minutes else f"{hours}小时"
    return f"{minutes}分钟" if minutes else "不到1分钟"


def clock_time(at: datetime) -> str:
    """2026年3月3日 15:30."""
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def due_words(due: Due) -> str:
    """The deadline as an instant, or as the span it lies in."""
    if due.earliest is None:
        return f"最迟 {clock_time(due.latest)}"
    if due.latest - due.earliest < timedelta(minutes=1):
        return clock_time(due.latest)
    return f"{clock_time(due.earliest)} 至 {clock_time(due.latest)} 之间"


def left_words(due: Due, now: datetime) -> str:
    """How long is left to the deadline, or how long it is past."""
    first = due.earliest or due.latest
    if now < first:
        return f"还剩{spoken(first - now)}"
    if now <= due.latest:
        return "时限已到" if due.latest - first < timedelta(minutes=1) else "已进入时限区间"
    return f"时限已过{spoken(now - due.latest)}"


def clock_words(obligation: Obligation, names: Mapping[str, str]) -> str:
    """Which clock, with its labels: 暂定 for a provisional one, 原则上 for an in_principle one."""
    name = plain(names.get(obligation.rule, obligation.rule), 40)
    labels = [
        *(["暂定"] if obligation.provisional else []),
        *(["原则上"] if obligation.modality == "in_principle" else []),
        *(["提示"] if obligation.modality == "advisory" else []),
    ]
    return f"{name}（{'、'.join(labels)}）" if labels else name


def reason_words(reason: str) -> str:
    """A verdict's named reason in Chinese; an unknown name stays as it is."""
    return REASONS.get(reason, plain(reason, 60))


def where_words(region: str | None, name: RegionName) -> str | None:
    """The region's name with its code, or the code alone."""
    if region is None:
        return None
    known = name(region)
    return f"{plain(known, 30)}（{region}）" if known else plain(region, 12)


def lines(pairs: Sequence[tuple[str, str | None]]) -> str:
    """`label：value` lines, those without a value left out."""
    return "\n".join(f"{label}：{value}" for label, value in pairs if value)
