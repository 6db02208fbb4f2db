"""Casualties and losses of the incident that a text reports, chosen among all the numbers it names.

A text counts passengers, rescuers, parts, earlier states and other accidents. The choice follows the grammar of news:
a revised count (升至) beats all, then the headline, then the summing sentence (共造成…), then the first count that is
no part (其中…). Approximate figures take the floor (20余人 is 20); 数十人 names no number and gives none.
"""

from __future__ import annotations

import re
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from stream.core.documents import Figures
from stream.core.intervals import Interval
from stream.reading.counts import Count, Kind, counts
from stream.reading.numerals import narrow, number

READ_CHARS = 3000  # The count stands in the lead and is repeated below; the bound keeps a text of 10 MB cheap.

_SENTENCE = re.compile(r"[^。！？!?\n]{1,400}[。！？!?\n]?")
_OTHER_YEAR = re.compile(
    r"去年|前年|上月|\d{1,3}年前|历史上|历年|近\d+年|过去\d+年|同类事故|今年以来|第\w{1,3}季度|累计|"
    r"(?:曾|此前|之前)[^，。]{0,12}(?:发生|有)|今年(?:\d{1,2}月)，"
)
_YEAR = re.compile(r"((?:19|20)\d\d)年")
_DAY = re.compile(r"(?<!\d)(\d{1,2})日[^，。]{0,20}[，,]?[^。]{0,40}(?:发生|又|爆炸)")
_NONE_HURT = re.compile(
    r"(?<!尚)(?:(?:无|没有|未有|末有|未|没|并未|并无|没有出现|未发生|没有发生)(?:造成)?(?:任何)?(?:人员"
    r"|人)(?:的)?(?:伤亡|受伤)(?!和|情况|或财|的?报[告道])"
    r"|没有受到任何伤害|无一伤亡|未造成(?:树木燃烧和)?人员)"
)
_NOT_YET = re.compile(r"(?:尚|目前还|接到|收到|未接|未收|不详|不清楚)[^，。]{0,8}$")
_ONE = re.compile(
    r"(?:司机|驾驶员|驾驶人|乘客|男子|女子|老人|老太|大爷|车主|妇女|骑手|行人|工人|男孩|女孩|男童|女童|幼童"
    r"|儿童|学生|孩子|母亲|父亲|当事人|船长|店主)"
    r"(?:[^，。、；\d一二两三四五六七八九十们]{0,10}?)"
    r"(?P<outcome>死亡|身亡|丧生|遇难|离世|溺亡|坠亡|当场死|受重伤|重伤|受轻伤|轻伤|受伤|摔伤|烧伤|坠伤|砸伤)"
)
_LOSS = re.compile(
    r"(?:经济|财产)?损失[^，。；]{0,10}?(?P<n>\d{1,9}(?:\.\d{1,4})?"
    r"|[一二两三四五六七八九十])(?P<scale>[十百千万亿]{0,3})(?:多"
    r"|余)?(?P<more>[万亿]?)元"
    r"|(?P<n2>\d{1,9}(?:\.\d{1,4})?)(?P<scale2>[十百千万亿]{0,3})(?:多"
    r"|余)?(?P<more2>[万亿]?)元[^，。；]{0,14}(?:被大火吞噬|付之一炬|被烧毁|化为灰烬)"
)


class _Sentence(Struct, frozen=True):
    counts: list[Count]
    is_title: bool


def figures(title: str, text: str, occurred: Interval | None = None, is_illness: bool = False) -> Figures:
    """The figures of this incident; None where the text names none, 0 only where it says 无人员伤亡.

    `occurred` tells sentences about other days apart. `ill` is read only where `is_illness` (a public-health event).
    """
    head, body = narrow(title[:200]), narrow(text[:READ_CHARS])
    sentences = [_Sentence(counts(head), True)] + [_Sentence(counts(one), False) for one in _own(body, occurred)]
    both = head + "。" + body
    deaths, injuries = _deaths(sentences), _injuries(sentences)
    alone = _alone(both) if deaths is None and injuries is None and not is_illness else {}
    none_hurt = _is_nobody_hurt(both)
    deaths = _first_known(deaths, alone.get("deaths"), 0 if none_hurt else None)
    injuries = _first_known(injuries, alone.get("injuries"), 0 if none_hurt else None)
    serious = _first_known(_serious(sentences), alone.get("serious"))
    return Figures(
        deaths=deaths,
        serious_injuries=serious,
        injuries=_first_known(injuries, serious),
        missing=_best(sentences, "missing"),
        ill=_ill(sentences) if is_illness else None,
        loss_yuan=_loss(both),
    )


def _first_known(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _own(body: str, occurred: Interval | None) -> list[str]:
    """The sentences that speak of this incident, not of another year, month or day."""
    kept: list[str] = []
    in_other = False
    for found in _SENTENCE.finditer(body):
        sentence = found.group()
        dated = _is_elsewhen(sentence, occurred if kept else None)  # the first sentence sets the day
        in_other = dated or (in_other and _follows(sentence))
        if not in_other:
            kept.append(sentence)
    return kept or _SENTENCE.findall(body)


def _is_elsewhen(sentence: str, occurred: Interval | None) -> bool:
    if _OTHER_YEAR.search(sentence):
        return True
    if occurred is None or occurred.earliest is None:
        return False
    first, last = occurred.earliest, occurred.latest
    years = {int(year) for year in _YEAR.findall(sentence)}
    if years and not years & {first.year, last.year}:
        return True
    days = [int(day) for day in _DAY.findall(sentence)]
    return bool(days) and not set(days) & {first.day, last.day, first.day + 1}


def _follows(sentence: str) -> bool:
    """A sentence that goes on about the other event: 地震迄今造成6人死亡."""
    return _DAY.search(sentence) is None and sentence.startswith(("地震", "爆炸", "事故", "3月", "该", "其"))


def _deaths(sentences: list[_Sentence]) -> int | None:
    best = _best(sentences, "deaths")
    if best is None:
        return None
    if sentences[0].counts and any(one.kind == "deaths" for one in sentences[0].counts):
        return best
    for sentence in sentences:  # 一人当场死亡，另有3人抢救无效身亡: parts of one sum
        here = [one for one in sentence.counts if one.kind == "deaths" and not one.is_part and not one.is_weak]
        if here and here[0].value == best and not here[0].is_revised:
            return sum(one.value for one in here) if len(here) == 2 and not _repeats(here) else best
    return best


def _repeats(here: list[Count]) -> bool:
    return here[0].is_vague or here[1].is_revised or here[0].value == here[1].value or here[1].start - here[0].end > 15


def _best(sentences: list[_Sentence], kind: Kind) -> int | None:
    """By the order of the module's first paragraph."""
    ranked = [
        (_rank(one, sentence.is_title), one) for sentence in sentences for one in sentence.counts if one.kind == kind
    ]
    if not ranked:
        return None
    top = max(rank for rank, _ in ranked)
    best = [one for rank, one in ranked if rank == top]
    chosen = best[-1] if top == _REVISION else best[0]
    return _exact(chosen, [one for _, one in ranked])


def _exact(chosen: Count, others: list[Count]) -> int:
    """Of an approximate count the exact one that it rounds, if the text gives it: 20余人 … 24人."""
    if not chosen.is_vague:
        return chosen.value
    digits = len(str(chosen.value)) - len(str(chosen.value).rstrip("0"))
    near = [one.value for one in others if not one.is_vague and 0 <= one.value - chosen.value < 10 ** max(1, digits)]
    return near[0] if near else chosen.value


_REVISION = 8


def _rank(one: Count, is_title: bool) -> int:
    if one.is_revised:
        return _REVISION
    if one.is_part:
        return 1
    if one.is_weak:
        return 2
    if is_title:
        return 7
    return 5 if one.is_sum else 4


def _serious(sentences: list[_Sentence]) -> int | None:
    """The first one named; a part is as good as a whole: 24人受伤，其中3人重伤."""
    named = (one.value for sentence in sentences for one in sentence.counts if one.kind == "serious")
    return next(named, None)


def _injuries(sentences: list[_Sentence]) -> int | None:
    """Per sentence the general count (24人受伤), else serious and light added; the best ranked sentence wins."""
    sums = [(_hurt(here), sentence.is_title) for sentence in sentences if (here := _hurt_counts(sentence))]
    if not sums:
        return None
    best, _ = max(sums, key=lambda pair: _rank(*pair))
    return _exact(best, [one for one, _ in sums])


def _hurt_counts(sentence: _Sentence) -> list[Count]:
    return [one for one in sentence.counts if one.kind in ("injuries", "serious", "light")]


def _hurt(here: list[Count]) -> Count:
    """One count of a sentence's injured. Serious and light together are a whole, whatever 其中 stood before."""
    general = [one for one in here if one.kind == "injuries" and not one.is_part]
    if general:
        return max(general, key=lambda one: one.value)
    serious = [one for one in here if one.kind == "serious"][:1]
    parts = serious + [one for one in here if one.kind == "light"] or here[:1]
    return replace(parts[0], value=sum(one.value for one in parts), is_part=False)


def _ill(sentences: list[_Sentence]) -> int | None:
    """The number taken ill; 32人丧生，另有50人送医 adds the dead, who were ill too."""
    best = _best(sentences, "ill")
    for sentence in sentences:
        for one, after in pairwise(sentence.counts):
            if one.kind == "deaths" and after.kind == "ill" and after.value == best and after.is_more:
                return best + one.value
    return best


def _alone(text: str) -> dict[str, int]:
    """People named without a number: 司机受轻伤 is one injured."""
    found: dict[str, int] = {}
    for one in _ONE.finditer(text):
        kind = "injuries" if "伤" in one["outcome"] else "deaths"
        found.setdefault(kind, 1)
        if "重伤" in one["outcome"]:
            found.setdefault("serious", 1)
    return found


def _is_nobody_hurt(text: str) -> bool:
    return any(
        _NOT_YET.search(text[max(0, one.start() - 10) : one.start()]) is None for one in _NONE_HURT.finditer(text)
    )


def _loss(text: str) -> int | None:
    if (found := _LOSS.search(text)) is None:
        return None
    digits = found["n"] or found["n2"]
    scale = (found["scale"] or found["scale2"] or "") + (found["more"] or found["more2"] or "")
    return number(digits + scale)
