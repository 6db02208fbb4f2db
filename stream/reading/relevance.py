"""Whether a post is a public affair that may belong to an incident: what a duty desk would read on.

A sum of points, so that no one word decides: an emergency, an authority's answer or a citizen's message is enough
alone; else topics, words of harm, plain people and a region speak for it, show business, sport, gadgets and events
abroad against.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml
from msgspec import Struct

from stream.core.documents import Answer, Emergency, PostKind, TopicScore
from stream.reading.scan import Hit

# A word's points in the title; in the lead, where background stands too, half of them.
POINTS = {"harm": 5, "sign": 3, "people": 2, "idle": -4}
TOPIC, REGION, ANSWERED, ABROAD = 3, 1, 3, -8
ENOUGH = 4
# Everybody talks of school, illness, travel and shopping: without harm or a sign of it these topics tell nothing.
EVERYDAY = frozenset({"教育", "卫生健康", "交通运输", "商贸旅游"})
# Meetings, papers, notices, posters; and the words by which an office turns to the public after all.
ROUTINE = re.compile(
    "会议|座谈|培训|检查|巡查|督查|演练|招聘|录用|公示|宣传|活动|学习|调研|走访|慰问|总结|年报|年度报告|采购|招标|中标|方案|预案|"
    "规划|计划|通知|通告|办法|细则|解读|读懂|表彰|签约|揭牌|竞赛|讲座|党建|主题日|值班表|办事指南|天气预报|温馨提示"
)
ADDRESSING = re.compile("通报|回应|情况说明|声明|辟谣|澄清|不实|谣言|答复|回复|发布会|调查结果|处理结果|处置情况|核查")
# Beyond so many words of a kind nothing is added: long texts are not more relevant.
MOST = 2


class Signs(Struct, frozen=True):
    """What the other readers found in one post."""

    kind: PostKind
    emergency: Emergency
    response: Answer | None
    topics: Sequence[TopicScore]
    regions: Sequence[str]
    is_abroad: bool


@cache
def words() -> Mapping[str, tuple[str, ...]]:
    """What the scan looks for on behalf of this reader: the kinds of every word."""
    lists = yaml.safe_load((files("stream.reading") / "data" / "relevance.yaml").read_text(encoding="utf-8"))
    found: dict[str, tuple[str, ...]] = {}
    for kind in POINTS:
        for word in lists[kind].split():
            found[word] = (*found.get(word, ()), kind)
    return MappingProxyType(found)


def is_relevant(signs: Signs, hits: Sequence[Hit], text: str) -> bool:
    """Whether the points reach ENOUGH. `hits` are those of title and lead."""
    if signs.kind == "complaint" or (signs.emergency.is_emergency and signs.emergency.in_china is not False):
        return True
    if signs.kind == "authority" and is_routine(text[: text.find("\n") + 1] or text):
        return False
    if signs.response is not None and signs.response.is_authoritative:
        return True
    return points(signs, hits, text) >= ENOUGH


def is_routine(title: str) -> bool:
    """Whether an office's own post is its daily business: most of what a watched channel publishes answers nobody."""
    return ROUTINE.search(title) is not None and ADDRESSING.search(title) is None


def points(signs: Signs, hits: Sequence[Hit], text: str) -> int:
    """The sum that `is_relevant` weighs, the title's words in full and the lead's by half."""
    if not hits and signs.response is None:
        return 0
    titled, leading = _counted(hits, text)
    answered = _is_answered(signs.response)
    is_told = titled["harm"] or titled["sign"] or leading["harm"] or answered
    if not is_told and all(one.topic in EVERYDAY for one in signs.topics):
        return 0
    total = sum(worth * titled[kind] + worth * leading[kind] // 2 for kind, worth in POINTS.items())
    total += TOPIC * min(2, len(signs.topics)) + (REGION if signs.regions else 0)
    return total + (ANSWERED if answered else 0) + (ABROAD if signs.is_abroad else 0)


def _is_answered(response: Answer | None) -> bool:
    """By an institution: what persons and other countries answer tells nothing of an incident here."""
    return response is not None and response.issuer_kind not in {"celebrity", "foreign"}


def _counted(hits: Sequence[Hit], text: str) -> tuple[dict[str, int], dict[str, int]]:
    """How many different words of each kind stand in the title and, besides, in the lead; at most 2 of a kind."""
    # A post without a title says everything in its text.
    lead = text.find("\n") or len(text)
    titled: dict[str, set[str]] = {}
    leading: dict[str, set[str]] = {}
    for hit in hits:
        seen = leading if hit.end > lead else titled
        for kind in hit.value:
            seen.setdefault(kind, set()).add(text[hit.start : hit.end])
    first = {kind: min(MOST, len(titled.get(kind, ()))) for kind in POINTS}
    return first, {kind: min(MOST - first[kind], len(leading.get(kind, ()))) for kind in POINTS}
