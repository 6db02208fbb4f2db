"""Whether a text reports a concrete emergency, of which kind, and whether it happened in China.

Evidence is counted by trigger words (`triggers`), in the headline, the lead and the body; what turns it into a drill,
an anniversary, fiction, a game, advice, statistics or a plan is looked for where it governs the text: in the headline
and the lead.
"""

from __future__ import annotations

import re
from collections import Counter

from msgspec import Struct

from stream.core.documents import Emergency, EventType
from stream.reading.abroad import foreign_names, home_names, is_curtly_abroad
from stream.reading.eyewitness import is_told, plain_trigger
from stream.reading.numerals import narrow
from stream.reading.triggers import CASUALTY, Trigger, found

READ_CHARS = 2000  # Title, lead and the first paragraphs decide; below them news turns to background.
LEAD_CHARS = 160
SHORT_CHARS = 80  # A headline or a hot-list line with its description: too little to weigh, so shape decides.
NOT_ONE = Emergency(is_emergency=False)

# What makes a text something else than a report of an event that happened, wherever it stands: fiction, games, sport.
_FICTION = re.compile(
    r"电影(?!院)|影片|灾难片|片子|电视剧|剧集|新剧|大结局|杀青|定档|开播|剧情|剧中|小说|动漫|综艺|新歌|专辑|演唱会"
    r"|游戏(?!厅)|特效|皮肤|联动|战胜|对战|决赛|夺冠"
    r"|比分|世界杯|联赛|球迷|赛季|进球|什么梗|表情包|水枪|玩具(?!厂|店|城)|宠物(?!店|医院)|爱犬|流浪[狗猫]|狗狗|小猫"
    r"|老兵|抗战|侵华|日军|萌娃|志愿军"
    r"|烈士|阅兵"
)
# The same, where it governs the text, that is in the headline: drills, memory, advice, plans, statistics.
_NOT_REAL = re.compile(
    r"演练|演习|模拟|周年|纪念|悼念日|祭日|预告|科普|如何|怎么办|怎样|指南|小知识|注意事项|预防|提示|防范|自救"
    r"|征集|讲座|培训|宣传周|安全月"
    r"|挫败|未遂|企图|策划|拘捕|阻止|密谋|季度|同比|上半年|下半年|全年|白皮书|研究|调查显示|数据显示|统计显示"
    r"|(?<!一)股(?!浓|黑|刺|焦)|基金|涨停|指数"
    r"|十年前|年前|往事|回忆|历史|案例|盘点|十大"
)
_STATISTICS = re.compile(
    r"(?:\d{1,2}月?|[一二三四]季度)?(?:至|-|~|以来)[^。，]{0,8}[，,]?[^。]{0,12}累计(?:报告|发生|接报)|疫情平稳"
    r"|总体平稳|形势稳定"
)
_CONDITIONAL = re.compile(r"如果|假如|一旦|万一|若|可能会|是否会|会不会|担心")
_METAPHOR = re.compile(
    r"(?:实力|全网|热度|美貌|颜值|人气|票房|爆单|朋友圈|评论区|彻底|全面|信息量)[^，。]{0,4}(?:爆炸|爆发"
    r"|炸裂|坍塌|崩塌|地震)|爆炸(?:式|输出|性|头|力|新闻)"
    r"|(?:情绪|知识|人设|友谊|防线|信念)[^，。]{0,3}(?:崩塌|坍塌|地震|爆炸)|(?:官场|职场|娱乐圈|政坛)地震|社死"
    r"|笑死|累死|热死|气死|帅死|塌房|翻车(?:现场|名场面|了)|大型翻车|热量炸弹"
    r"|(?:票房|心态|脑子|脑袋|嗓子|喉咙|心里|整个人|手机卡|群里|弹幕|股价|股市|钱包|后院|内心)[^，。]{0,5}"
    r"(?:爆炸|炸了|塌了|崩|着火|起火|地震|雪崩|淹|坍塌)|[好美香酷燃帅甜乐][^，。]{0,3}到[^，。]{0,2}(?:爆炸|炸)|(?<![听看感赶遇])到爆炸"
    r"|(?:像|跟|如同|好比)[^，。]{0,5}(?:爆炸|着火|地震)|爆炸(?:一样|似的)|(?:行业|圈|人事)大?地震|(?:职场|官场)大地震"
    r"|(?:[歌剧曲款舞梗]|凭|靠)[^，。]{0,4}大火|(?:假唱|唱功|直播|舞台|演技|妆|穿搭|大型|简直|堪称|成了?)[^，。]{0,4}车祸现场"
    r"|(?<![一-龥])天(?:都|要)?塌|隔空撞|教学事故|(?:烟花|焰火)[^。]{0,12}(?:震撼|好看|欢呼)|撞了个满怀|山呼海啸|友谊[^，。]{0,3}船|(?:朋友圈|评论区|票房|圈子)[^，。]{0,2}炸"
)
# A headline about a stage of a trial: the event lies months or years back, and 5 h and 24 h run from an event.
_TRIAL = re.compile(
    r"(?:案|今日|今天|[将再])[^，。]{0,2}开庭|宣判|获刑|被判(?!断|定)|判处|判赔|死缓|改判|[一二再]审(?![查核批视计阅])|抗诉"
)
_HAPPENED = re.compile(
    r"发生|突发|造成|导致|致|引发|遭|被困|获救|身亡|死亡|遇难|受伤|登陆|通报|警方|消防|应急|救援|事故|现场|官方"
    r"|\d级|成功处置|疏散|失联|送医|送往|入院|出现|疑似|突然|扑灭|伤亡|部门|消防"
)
_EVENT_SHAPE = re.compile(
    r"台风[^，。]{0,12}登陆|(?:学生|师生|员工|食客|游客|幼儿|儿童|村民)[^，。]{0,8}(?:呕吐|腹泻|腹痛)"
)
_NUMBER_HURT = re.compile(
    r"[\d一二两三四五六七八九十百多数]{1,5}(?:名|人|死|位)[^，。]{0,8}(?:死|亡|伤|遇难|身亡|失联|失踪|被困|中毒"
    r"|呕吐|感染|遗体)|\d[死亡](?!亡)"
)
_DATELINE = re.compile(r"^[^。]{0,60}?日(?:电|讯|消息)|（[^）]{0,40}记者[^）]{0,40}）|\([^)]{0,40}记者[^)]{0,40}\)")
_GUNS = re.compile(r"枪击|枪杀|遭枪|空袭|导弹|空军基地|武装分子|自杀式|汽车炸弹")


_HAZARD_AFTER = (
    *("隐患", "风险", "预防", "防控", "防治", "保险", "逃生", "预警", "演练", "险", "自救"),
    *("发生率", "频发", "多发", "高发", "责任", "鉴定", "报警器", "成本", "测试", "试验", "锅", "箭"),
)
_HAZARD_BEFORE = re.compile(
    r"(?:防止|防范|严防|以防|预防|避免|消除|存在|容易|极易|可能|一旦|如果|万一|险些|以免|杜绝|谨防|警惕|担心"
    r"|经常|频频|动不动|天天|时常|未发生|没有发生|假如|倘若"
    r"|就会|将会|生怕)[^，。；]{0,6}$"
)


_BURST = re.compile(r"(?:发生|突发|传出|遭遇?)[^，。]{0,8}(?:爆炸(?!式|性)|泄漏|袭击|大火|火情|骚乱)")
_DIED = re.compile(r"身亡|遇难|离世|丧生|致死|当场死|不治|死亡")
_RUMOUR = re.compile(r"谣言|辟谣|不实|造谣")
_ONE_HURT = re.compile(
    r"(?:司机|驾驶员|乘客|男子|女子|老人|工人|学生|当事人|[男女]童)[^。]{0,22}(?:受伤|死亡|身亡|丧生|遇难)"
)


class _Score(Struct, frozen=True):
    total: int
    type: EventType | None
    subtype: str | None
    strongest: int
    has_casualty: bool


def emergency(title: str, text: str) -> Emergency:
    """Whether the post reports a concrete event; type and subtype by the heaviest triggers; where it happened.

    `in_china` is False only when the text places the event abroad. Works on a headline alone.
    """
    head, body = _headed(narrow(title[:200]), narrow(text[:READ_CHARS]))
    score = _score(head, body)
    if score.type is None or not _is_reported(head, body, score):
        return NOT_ONE
    at_home = is_at_home(head, body)
    kind, subtype = _adjusted(score, head + "。" + body, at_home)
    return Emergency(is_emergency=True, type=kind, subtype=subtype, in_china=at_home)


_SENTENCE = re.compile(r"[^。！？!?\n]{1,120}[。！？!?\n]*")


def _headed(title: str, text: str) -> tuple[str, str]:
    """Headline and body; the first sentence of a post without a title is its headline."""
    if title.strip():
        return title, text
    text = text.lstrip()
    first = _SENTENCE.match(text)
    return (first.group(), text[first.end() :]) if first else ("", text)


def _score(head: str, body: str) -> _Score:
    weights: Counter[tuple[EventType, str]] = Counter()
    total = strongest = 0
    has_casualty = False
    seen: set[tuple[str, int]] = set()
    for place, part in ((4, head), (2, body[:LEAD_CHARS]), (1, body[LEAD_CHARS:])):
        for end, one in found(part):
            if (one.word, place) in seen or _is_hazard(part, end, one):
                continue
            seen.add((one.word, place))
            has_casualty |= one.word in CASUALTY and place > 1
            total += one.weight * place
            if one.type is not None and one.subtype is not None and place > 1:
                weights[(one.type, one.subtype)] += one.weight * place
                strongest = max(strongest, one.weight)
    plain = plain_trigger(head)
    if plain is not None:
        total += 8
        weights[plain] += 8
        strongest = 3
    kind, subtype = _heaviest(weights)
    return _Score(total, kind, subtype, strongest, has_casualty)


def _is_hazard(text: str, end: int, one: Trigger) -> bool:
    """火灾隐患, 防止踩踏, 容易引发火灾: what might happen did not."""
    if one.type is None:
        return False
    start = end - len(one.word) + 1
    return text.startswith(_HAZARD_AFTER, end + 1) or _HAZARD_BEFORE.search(text, max(0, start - 10), start) is not None


# One event told in two kinds of words: a forest fire is also a fire, a rock burst shakes the ground, a collision burns.
_TOLD_BY: dict[tuple[EventType, str], tuple[EventType, str]] = {
    ("自然灾害", "森林火灾"): ("事故灾难", "火灾"),
    ("事故灾难", "矿难"): ("自然灾害", "地震"),
    ("事故灾难", "交通事故"): ("事故灾难", "火灾"),
}
_CLEAR = 6  # a strong word in the lead, or any in the headline


def _heaviest(weights: Counter[tuple[EventType, str]]) -> tuple[EventType | None, str | None]:
    """The heaviest subtype of the heaviest type; types tie by name, subtypes by which the text names first."""
    if not weights:
        return None, None
    for event, told_by in _TOLD_BY.items():
        if weights[event] >= _CLEAR:
            weights[event] += weights.pop(told_by, 0)
    types: Counter[EventType] = Counter()
    for (kind, _), weight in weights.items():
        types[kind] += weight
    best = min(types, key=lambda kind: (-types[kind], kind))
    within = {subtype: weight for (kind, subtype), weight in weights.items() if kind == best}
    return best, max(within, key=lambda subtype: within[subtype])


def _is_reported(head: str, body: str, score: _Score) -> bool:
    """Enough evidence for the length of the text, and nothing that makes it something else."""
    lead = head + "。" + body[:LEAD_CHARS]
    is_short = len(body) < SHORT_CHARS
    if _METAPHOR.search(lead) or _RUMOUR.search(head) or _TRIAL.search(head) or _STATISTICS.search(lead):
        return False
    if is_short and (
        body.startswith("《") or _FICTION.search(lead) or (_NOT_REAL.search(lead) and not _is_shaped(head))
    ):
        return False
    if _FICTION.search(head) or _NOT_REAL.search(head) or _CONDITIONAL.search(head[: _first_end(head)]):
        return not is_short and _NUMBER_HURT.search(lead) is not None and score.total >= 8
    return _is_enough_short(head, lead, score) if is_short else _is_enough(head, lead, body, score)


def _first_end(head: str) -> int:
    """Where the first trigger word ends: what is feared after it (会不会再炸) does not undo it."""
    words = found(head)
    return words[0][0] + 1 if words else len(head)


def _is_shaped(text: str) -> bool:
    """Whether the words themselves tell an event: 致3死, 师生腹痛, 台风登陆."""
    return _NUMBER_HURT.search(text) is not None or _EVENT_SHAPE.search(text) is not None


def _is_enough_short(head: str, lead: str, score: _Score) -> bool:
    if is_told(head, lead):
        return True
    if score.strongest >= 3:
        return _HAPPENED.search(lead) is not None or _is_shaped(lead)
    if _is_shaped(lead) or _DIED.search(lead):
        return True
    return _BURST.search(lead) is not None and bool(home_names(lead) or foreign_names(lead))


def _is_enough(head: str, lead: str, body: str, score: _Score) -> bool:
    if score.total < 8:
        return False
    if score.strongest >= 3 or _is_shaped(lead + body) or _ONE_HURT.search(lead) is not None:
        return True
    return is_told(head, lead)


def _adjusted(score: _Score, text: str, at_home: bool) -> tuple[EventType | None, str | None]:
    """An explosion is an accident at home unless someone set it off; abroad the wires report attacks."""
    if (
        score.subtype == "爆炸"
        and score.type == "事故灾难"
        and not at_home
        and re.search(r"袭击|恐怖|炸弹|引爆|连环|警方", text)
    ):
        return "社会安全", "爆炸"
    return score.type, score.subtype


def is_at_home(head: str, body: str) -> bool:
    """Whether the event lies in China: foreign and domestic names weighed, the headline and the lead before "
    "the rest."""
    if is_curtly_abroad(head):
        return False
    lead = _DATELINE.sub("", body[:400], count=1)[:LEAD_CHARS]
    foreign = 4 * len(foreign_names(head)[:1]) + 2 * len(foreign_names(lead)[:2])
    home = 4 * len(home_names(head)[:1]) + 2 * len(home_names(lead)[:2])
    if foreign and "当地时间" in body[:400]:
        return False
    if foreign == home == 0:
        return _GUNS.search(head + lead) is None
    return home > foreign or (home == foreign and not _is_foreign_first(head + lead))


def _is_foreign_first(text: str) -> bool:
    """印度强震 … 西藏亚东: of two, the place named first is where it happened."""
    return foreign_names(text)[0][0] < home_names(text)[0][0]
