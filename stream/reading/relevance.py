"""Whether a post is a public affair that may belong to an incident: what a duty desk would read on.

A sum of points, so that no one word decides: an emergency, an authority's answer or a citizen's message is enough
alone; else topics, words of harm, plain people and a region speak for it, show business, sport, gadgets and events
abroad against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml
from msgspec import Struct

from stream.core.documents import Answer, Emergency, PostKind, TopicScore
from stream.reading.scan import Hit

POINTS = {"harm": 4, "people": 2, "idle": -4}
TOPIC, REGION, ANSWERED, ABROAD = 3, 2, 3, -6
ENOUGH = 5
# Beyond so many words of a kind nothing is added: long texts are not more relevant.
MOST = 3


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
    """Whether the points reach 5. `hits` are those of title and lead."""
    if signs.kind == "complaint" or (signs.emergency.is_emergency and signs.emergency.in_china is not False):
        return True
    if signs.response is not None and signs.response.is_authoritative:
        return True
    return points(signs, hits, text) >= ENOUGH


def points(signs: Signs, hits: Sequence[Hit], text: str) -> int:
    """The sum that `is_relevant` weighs."""
    seen: dict[str, set[str]] = {kind: set() for kind in POINTS}
    for hit in hits:
        for kind in hit.value:
            seen[kind].add(text[hit.start : hit.end])
    total = sum(POINTS[kind] * min(MOST, len(found)) for kind, found in seen.items())
    total += TOPIC * min(2, len(signs.topics)) + (REGION if signs.regions else 0)
    total += ANSWERED if signs.response is not None and signs.response.issuer_kind != "celebrity" else 0
    return total + (ABROAD if signs.is_abroad else 0)
