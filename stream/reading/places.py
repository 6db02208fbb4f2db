"""Which regions a text speaks of: GB/T 2260 codes, most specific first.

Full names, and short names as people write them (深圳, 广西, 恩施州). A name that several regions share (朝阳, 鼓楼区)
counts only beside a region above it, and so does one that is also an ordinary word; after a foreign country's name none
counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

import yaml

from stream.reading.scan import Hit, Scanner, longest

MOST = 8
SUFFIXES = (
    "特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "林区", "特区", "新区",
    "省", "市", "盟", "县", "旗", "区",
)  # fmt: skip


@cache
def lexicon(kind: str) -> tuple[str, ...]:
    """A list of data/places.yaml."""
    lists = yaml.safe_load((files("stream.reading") / "data" / "places.yaml").read_text(encoding="utf-8"))
    return tuple(lists[kind].split())


class Name(NamedTuple):
    """What a word may mean: no code = a blocker; `is_weak` = only right after a region above it or before an office."""

    codes: tuple[str, ...]
    is_weak: bool = False
    is_short: bool = False
    is_foreign: bool = False


@cache
def names_by_code() -> Mapping[str, str]:
    """Full name of every region by code."""
    lines = (files("stream.reading") / "data" / "regions.tsv").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t", 1) for line in lines if line and not line.startswith("#"))
    return MappingProxyType(dict(pairs))


def name_of(code: str) -> str | None:
    """Full name of a region; None where the code is none."""
    return names_by_code().get(code)


def code_of(written: str) -> str | None:
    """The code that a code or an unambiguous name stands for."""
    found = (written,) if written in names_by_code() else codes_by_name().get(written, ())
    return found[0] if len(found) == 1 else None


@cache
def codes_by_name() -> Mapping[str, tuple[str, ...]]:
    """The codes that a full or short name may mean; a province or city wins over lesser regions of its name."""
    found: dict[str, list[str]] = {}
    for code, name in names_by_code().items():
        for one in {name, *short_names(name)}:
            found.setdefault(one, []).append(code)
    return MappingProxyType({name: _winners(name, tuple(ones)) for name, ones in found.items()})


def short_names(name: str) -> list[str]:
    """深圳市 → 深圳; 恩施土家族苗族自治州 → 恩施, 恩施州; 元江哈尼族彝族傣族自治县 → 元江, 元江县."""
    suffix = next((one for one in SUFFIXES if name.endswith(one)), "")
    stem = name.removesuffix(suffix)
    bare = _without_peoples(stem)
    forms = [bare]
    if suffix in {"自治州", "自治县", "自治旗"}:
        forms.append(bare + suffix[-1])
    return [form for form in forms if len(form) >= 2 and suffix and form != name]


def parents(code: str) -> list[str]:
    """Codes above, nearest first, that exist."""
    above = [code[:4] + "00", code[:2] + "0000"]
    return [one for one in above if one != code and one in names_by_code()]


@cache
def words() -> Mapping[str, Name]:
    """Everything the scan looks for on behalf of this reader."""
    found = {word: Name(ones, *_strength(word, ones)) for word, ones in codes_by_name().items()}
    found.update({word: Name(()) for word in lexicon("blockers")})
    found.update({word: Name((), is_foreign=True) for word in lexicon("foreign")})
    return MappingProxyType(found)


def regions(title: str, text: str, account: str | None = None) -> list[str]:
    """Codes of at most 8 regions, the main place first and each before the regions above it."""
    joined = f"{title}\n{account or ''}\n{text}"
    return located(_scanner().scan(joined)["places"], joined, len(title) + 1 + len(account or ""))


def located(hits: Iterable[Hit], text: str, lead: int) -> list[str]:
    """As `regions`, from the hits of a scan over `text`, whose first `lead` characters are title and account."""
    chosen = [hit for hit in longest(hits) if not _is_street(hit, text)]
    accepted: dict[int, str] = {}
    before: Hit | None = None
    for hit in chosen:
        code = _meaning(hit, before, accepted, text)
        if code is not None:
            accepted[hit.start] = code
        before = hit
    _settle(chosen, accepted)
    return _ranked(accepted, lead)


def _meaning(hit: Hit, before: Hit | None, accepted: Mapping[int, str], text: str) -> str | None:
    """The one region that a hit means here, by itself or right after a region above it."""
    name: Name = hit.value
    beside = before is not None and hit.start - before.end <= 1
    if not name.codes or (beside and before is not None and before.value.is_foreign):
        return None
    if beside and before is not None and before.start in accepted:
        above = accepted[before.start]
        inside = [code for code in _all_codes(name) if above in parents(code)]
        if len(inside) == 1:
            return inside[0]
    is_clear = not name.is_weak or text.startswith(lexicon("officials"), hit.end)
    return name.codes[0] if len(name.codes) == 1 and is_clear else None


def _settle(chosen: Sequence[Hit], accepted: dict[int, str]) -> None:
    """A full name that several regions share means the one under a region named elsewhere in the text."""
    known = set(accepted.values())
    for hit in chosen:
        name: Name = hit.value
        if hit.start not in accepted and len(name.codes) > 1 and not name.is_short:
            inside = [code for code in name.codes if known.intersection(parents(code))]
            if len(inside) == 1:
                accepted[hit.start] = inside[0]


def _ranked(accepted: Mapping[int, str], lead: int) -> list[str]:
    weight: dict[str, int] = {}
    for start, code in sorted(accepted.items()):
        weight[code] = weight.get(code, 0) + (3 if start < lead else 1)
    above = {parent for code in weight for parent in parents(code)}
    leaves = [code for code in weight if code not in above]
    leaves.sort(key=lambda code: -weight[code] - sum(weight.get(parent, 0) for parent in parents(code)))
    chains = ([leaf, *(parent for parent in parents(leaf) if parent in weight)] for leaf in leaves)
    return list(dict.fromkeys(code for chain in chains for code in chain))[:MOST]


def _is_street(hit: Hit, text: str) -> bool:
    """上海的南京路 is no place in Nanjing."""
    name: Name = hit.value
    return name.is_short and text.startswith(lexicon("followers"), hit.end)


def _all_codes(name: Name) -> tuple[str, ...]:
    """Also the regions that lost their short name to a greater one: beside 上海 or 江苏南通 they are meant."""
    return _every_code().get(name.codes, name.codes) if name.is_short else name.codes


@cache
def _every_code() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    every: dict[str, list[str]] = {}
    for code, name in names_by_code().items():
        for short in short_names(name):
            every.setdefault(short, []).append(code)
    return {codes_by_name()[short]: tuple(ones) for short, ones in every.items() if len(ones) > 1}


def _winners(name: str, ones: tuple[str, ...]) -> tuple[str, ...]:
    if len(ones) == 1 or name in lexicon("ordinary") or any(names_by_code()[code] == name for code in ones):
        return tuple(code for code in ones if names_by_code()[code] == name) or ones
    for ending in ("0000", "00"):
        greater = tuple(code for code in ones if code.endswith(ending))
        if greater:
            return greater
    towns = tuple(code for code in ones if not names_by_code()[code].endswith("区"))
    return towns if len(towns) == 1 else ones


def _strength(word: str, ones: tuple[str, ...]) -> tuple[bool, bool]:
    """(is_weak, is_short): two characters of a county or district are an ordinary word too often (公安, 方正)."""
    is_short = all(names_by_code()[code] != word for code in ones)
    is_town = any(names_by_code()[code].endswith("市") or code.endswith("00") for code in ones)
    is_vague = is_short and len(word) < 3 and not is_town and word not in lexicon("famous")
    return is_vague or word in lexicon("ordinary"), is_short


def _without_peoples(stem: str) -> str:
    if stem in {"内蒙古", "哈萨克"}:
        return stem
    changed = True
    while changed:
        changed = False
        for people in lexicon("peoples"):
            if stem.endswith(people) and len(stem) > len(people) + 1:
                stem, changed = stem.removesuffix(people), True
    return stem


@cache
def _scanner() -> Scanner:
    return Scanner({"places": words()})
