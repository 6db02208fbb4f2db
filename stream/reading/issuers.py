"""Who speaks in a text: the words that name an issuer, and the one that stands before a verb of answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from stream.core.documents import IssuerKind
from stream.reading.scan import Hit

PUBLIC = frozenset({"government", "police", "court_procuratorate"})
# Between an issuer and its verb at most this many characters: 警方深夜通报, 市监局工作人员回应.
GAP = 8
SENTENCE_ENDS = frozenset("。！？；!?\n")
SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石"
    "姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂"
    "丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强"
)


class Word(NamedTuple):
    """What a word means to this reader: its role (issuer, private, verb, form, act, outside) and which one."""

    role: str
    value: str


class Speaker(NamedTuple):
    """An issuer's words at [start, end) of the text, with its kind."""

    start: int
    end: int
    kind: IssuerKind


@cache
def lexicon() -> Mapping[str, Any]:
    """data/answers.yaml."""
    return MappingProxyType(
        yaml.safe_load((files("stream.reading") / "data" / "answers.yaml").read_text(encoding="utf-8"))
    )


@cache
def words() -> Mapping[str, tuple[Word, ...]]:
    """Everything the scan looks for on behalf of issuers and forms."""
    found: dict[str, list[Word]] = {}
    for role, section in (("issuer", "issuers"), ("verb", "verbs"), ("form", "forms"), ("act", "acts")):
        for value, listed in lexicon()[section].items():
            for word in listed.split():
                found.setdefault(word, []).append(Word(role, value))
    for role in ("private", "outside"):
        for word in lexicon()[role].split():
            found.setdefault(word, []).append(Word(role, role))
    return MappingProxyType({word: tuple(ones) for word, ones in found.items()})


def with_role(hits: Sequence[Hit], role: str) -> list[tuple[int, int, str]]:
    """(start, end, which) of the hits of one role, the longest of those that end together, in order."""
    found: dict[int, tuple[int, int, str]] = {}
    for hit in hits:
        for word in hit.value:
            if word.role == role and (hit.end not in found or hit.start < found[hit.end][0]):
                found[hit.end] = (hit.start, hit.end, word.value)
    return sorted(found.values())


@cache
def listed(kind: str) -> frozenset[str]:
    """A plain list of data/answers.yaml."""
    return frozenset(lexicon()[kind].split())


def speakers(hits: Sequence[Hit], text: str, more: Sequence[Speaker] = ()) -> list[Speaker]:
    """The issuers named, in order; `more` are bodies found by name. The longest of those that begin or end together."""
    known = [Speaker(start, end, kind) for start, end, kind in with_role(hits, "issuer")]  # type: ignore[arg-type]
    found: list[Speaker] = []
    firms = tuple(sorted(listed("firms")))
    for one in sorted([*known, *more], key=lambda one: (one.end, -one.start)):
        while found and found[-1].start >= one.start:
            found.pop()
        found.append(one._replace(kind="company") if text[: one.start].endswith(firms) else one)
    return found


def before(verb: int, named: Sequence[Speaker], text: str, gap: int = GAP) -> Speaker | None:
    """The issuer nearest before a verb's offset, in the same sentence."""
    for one in reversed(named):
        if one.end <= verb:
            between = text[one.end : verb]
            return one if len(between) <= gap and not SENTENCE_ENDS.intersection(between) else None
    return None


def looks_like_person(words: str) -> bool:
    """Two or three characters that begin with a surname: most likely somebody's name."""
    return 2 <= len(words) <= 3 and words[0] in SURNAMES
