"""Unified publication: where a law lets only a higher authority publish, the issuer that is expected moves up.

食品安全法第一百一十八条, 药品管理法第一百零七条, 重大动物疫情应急条例第二十条. Only where the event is really that: a
word of the entry stands in the incident's title or in the kind of emergency that its posts report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from stream.core.cases import Incident, Responsible
from stream.core.documents import Level
from stream.core.intervals import SHANGHAI
from stream.core.rules import Rules, Unified
from stream.core.situations import Situation

_SEVERAL = re.compile(r"[两二三四五六七八九十多数各几]个?省|跨省|全国|多地|各地")


class Superiors(Protocol):
    """Who stands above (stream.core.authorities.Registry)."""

    def superior(
        self, level: Level, region: str | None, at: datetime, topic: str | None = None, body: str | None = None
    ) -> str | None: ...


def unified_issuers(
    incident: Incident, situation: Situation, rules: Rules, registry: Superiors, at: datetime
) -> Iterator[Responsible]:
    """The authority that alone may publish, by the first entry that speaks of this event."""
    day, regions = at.astimezone(SHANGHAI).date(), situation.names.regions
    for one in rules.unified:
        if (one.since is None or one.since <= day) and _is_about(one, incident, situation):
            level: Level = "national" if _is_in_several_provinces(incident.title, regions) else one.level
            body = registry.superior(level, next(iter(regions), None), at, one.topic, one.body)
            if body is not None:
                yield Responsible(body=body, rule=f"unified:{one.id}")
                return


def _is_in_several_provinces(title: str, regions: Sequence[str]) -> bool:
    """Texts name provinces where nothing happened (whence a lot was sent, who answered for it): its title must say so,
    or the highest authority would be first in duty for what one province may publish."""
    return len({code[:2] for code in regions}) > 1 and _SEVERAL.search(title) is not None


def _is_about(one: Unified, incident: Incident, situation: Situation) -> bool:
    kind = situation.subtype or ""
    return any(word in incident.title or word in kind for word in one.words)
