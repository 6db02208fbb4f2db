"""Every number of people in a text with what became of them: 3人重伤, 死亡人数升至18人, 5名乘客及1名司机受伤, "
"1死6伤."""

from __future__ import annotations

import re
from typing import Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from stream.reading.numerals import number

Kind = Literal["deaths", "serious", "light", "injuries", "missing", "ill"]

_CN = "一二两三四五六七八九十百千万零〇"
_NUMBER = re.compile(
    rf"(?<![\d.第{_CN}])(?P<near>近|不足|未到)?(?P<n>\d{{1,7}}(?:\.\d)?[万千]?|[{_CN}]{{1,9}}|双"
    rf"|数[十百千万]{{1,2}})(?P<vague>多|余|来)?"
    r"(?P<unit>个人|[名人位具口](?!次)|条(?=人命|生命|性命)|例(?!外|如)|(?=死|亡|重伤|轻伤|伤(?![势口亡])|遇难"
    r"|失踪|失联)"
    r"|(?=(?:[男女中小大]{0,2}学生|员工|工人|职工|村民|儿童|师生|乘客|旅客|游客|群众|平民|幼儿(?!园)|孩子|患者"
    r"|士兵|矿工)))"
)
_STOP = re.compile(r"[，。；,;！？!?：\n]")
_AFTER_CHARS = 24

_DEAD = (
    r"死亡|遇难|身亡|丧生|丧命|罹难|殒命|殉职|牺牲|离世|去世|溺亡|坠亡|无生命[体迹]征|无生命迹象|不治|被害"
    r"|遗体|尸体|死(?!伤)|(?<!伤)亡(?!命)"
)
_OUTCOME = re.compile(
    rf"(?P<deaths>{_DEAD})|(?P<serious>(?:受)?重(?:度)?(?:烧|摔|灼)?伤)|(?P<light>轻微?伤)"
    r"|(?P<injuries>受(?:了)?[轻重]?伤|[烧灼烫摔擦砸撞刺砍咬炸]伤|骨折|负伤|伤(?![亡势口]))"
    r"|(?P<missing>失踪|失联|下落不明|[被遭](?:劫持|绑架))"
    r"|(?P<ill>中毒|呕吐|腹泻|腹痛|腹胀|不适|症状|不良反应|发病|感染|确诊|住院|入院|送院|送医|被送往|就诊|患者"
    r"|患病|病倒|接受治疗|接受救治)"
)
_DIED_AFTER = re.compile(r"(?:无效|途中|伤重|送医|医院)[^，。]{0,8}(?:死|亡|去世|离世)|不治")
_NOT_HARMED = re.compile(
    r"(?:遇难|死|伤|失联)者?(?:的)?(?:家属|亲属)|(?:未|没有?|无)(?:人)?(?:受伤|伤亡|生命危险)|脱离|死伤|伤亡"
    r"|无大碍|留院观察|出院|(?:医护|官兵|民警|消防员)[^，。]{0,8}[抢救扑赶到]"
)
_BEFORE = re.compile(
    r"(?:(?P<deaths>死亡|遇难|身亡|丧生|[撞炸砸烧砍打压碾捅枪]死|致死|夺走|夺去|吞噬|死)|(?P<serious>重伤)"
    r"|(?P<light>轻微?伤)"
    r"|(?P<injuries>受伤|[撞砍炸砸捅刺]?伤)|(?P<missing>失踪|失联(?:人员)?)|(?P<ill>中毒(?:村民|学生|员工|工人"
    r"|群众)?|撂倒|毒倒|放倒|感染|病人|患者|病例|发病|收治|接诊))"
    r"(?:者|人员)?(?:人数|总数)?(?:[由从][^，。]{1,6}[人名例])?(?:已经?|目前|至少|上升|增加|[升增达为到至有]"
    r"|突破|超过|约|共|了|的|逾|仍|尚|系|是){0,6}$"
)
_NOT_VICTIMS = re.compile(r"击毙|击伤|抓获|逮捕|拘捕|疏散|派出|出动|调集|派遣")
_REMAINING = re.compile(r"尚有|仍有|还有|剩余|余下")  # 仍有18名学生住院: what is left of the count, not the count
_SUM = re.compile(r"造成|导致|致|共|累计|总计|合计|酿成|已有|引发|截至|确认|迄今")
_REVISED = re.compile(r"(?:升至|增至|上升[到至]|增加[到至]|升到|增为|改为|修正为|更正为)(?:至少|约)?$")
_PART = re.compile(r"(?:其中|包括|含|分别)[^，。；]{0,10}$")
_HEARSAY = re.compile(r"(?:知情人|网传|据传|传言|爆料)[^。]{0,16}$")
_AND_ONE = re.compile(r"(?:司机|驾驶员|驾驶人)[及和与]$")
_JOINED = re.compile(r"(?:及|和|与|、|以及)$")


class Count(Struct, frozen=True):
    """A number of people and what became of them, with the flags by which one is chosen among many."""

    kind: Kind
    value: int
    start: int
    end: int
    is_sum: bool = False
    is_revised: bool = False
    is_part: bool = False
    is_vague: bool = False
    is_weak: bool = False
    is_more: bool = False


def counts(text: str) -> list[Count]:
    """All counts in `text` (digits already narrow), in order. A number without an outcome is none."""
    numbers = [one for one in _NUMBER.finditer(text) if _value(one) is not None]
    found: list[Count] = []
    owed: list[re.Match[str]] = []  # 5名乘客及1名司机受伤: the 5 waits for the outcome of the 1
    for at, one in enumerate(numbers):
        following = numbers[at + 1].start() if at + 1 < len(numbers) else len(text)
        after = _after(text, one.end(), following)
        count = _count(text, one, after)
        if count is None and _JOINED.search(after) and one.end() + len(after) == following:
            owed.append(one)
            continue
        if count is not None:
            others = sum(_value(waiting) or 0 for waiting in owed) + _unnumbered(text, one.start())
            found.append(replace(count, value=count.value + others))
        owed.clear()
    return found


def _unnumbered(text: str, start: int) -> int:
    """司机及11名乘客: one more than the number says."""
    return 1 if _AND_ONE.search(text[max(0, start - 5) : start]) else 0


def _value(one: re.Match[str]) -> int | None:
    words = one["n"]
    if words == "双":
        return 2
    if one["near"] or words.startswith("数"):
        return None  # 近百人 and 数十人 name no floor
    if words == "一" and not one["unit"] and one.string[one.end()] not in "死伤亡":
        return None  # 一学校, 一工人宿舍 is an article, no count
    return number(words)


def _after(text: str, start: int, following: int) -> str:
    end = min(following, start + _AFTER_CHARS)
    stop = _STOP.search(text, start, end)
    return text[start : stop.start() if stop else end]


def _count(text: str, one: re.Match[str], after: str) -> Count | None:
    clause = _clause_before(text, one.start())
    kind = _kind(clause, after, one["unit"])
    if kind is None or _NOT_HARMED.search(after) or _NOT_VICTIMS.search(clause):
        return None
    if kind == "ill" and _REMAINING.search(clause):
        return None
    whole = text[max(0, one.start() - 40) : one.start()].rpartition("。")[2]
    return Count(
        kind=kind,
        value=_value(one) or 0,
        start=one.start(),
        end=one.end() + len(after),
        is_sum=_SUM.search(whole) is not None,
        is_revised=_REVISED.search(clause) is not None,
        is_part=_PART.search(text[max(0, one.start() - 14) : one.start()]) is not None,
        is_vague=bool(one["vague"]) or clause.endswith(("约", "逾", "超过", "大约", "突破", "上", "达")),
        is_weak="伤员" in after or "伤者" in after or one["unit"] == "具" or _HEARSAY.search(whole) is not None,
        is_more=clause.startswith("另"),
    )


def _clause_before(text: str, start: int) -> str:
    before = text[max(0, start - 20) : start]
    for mark in "，。；,;！？：":
        before = before.rpartition(mark)[2]
    return before


def _kind(clause: str, after: str, unit: str) -> Kind | None:
    if _DIED_AFTER.search(after):
        return "deaths"
    outcome = _OUTCOME.search(after)
    named = _BEFORE.search(clause)
    if named is not None and after.startswith("、"):
        outcome = None  # 死亡5人、重伤3人: what follows the mark is the next number's
    if named is not None and unit and (outcome is None or outcome.start() > 2):
        return cast(Kind, named.lastgroup)
    return cast(Kind, outcome.lastgroup) if outcome is not None else None
