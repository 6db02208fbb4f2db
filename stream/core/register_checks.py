"""What is wrong in the authority register, in Chinese, one sentence each with its remedy; for `huiying check`."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from datetime import date

from stream.core.authorities import Registry
from stream.core.register import PLACE, Authorities, Body, Department


def problems(registry: Registry, topics: Collection[str] = (), sources: Collection[str] | None = None) -> list[str]:
    """What is wrong in the register, in Chinese, one sentence each with its remedy; for `huiying check`.

    `topics` are the configured topic names, `sources` the ids of sources.yaml; where left out they are not checked.
    """
    return [*_doubles(registry), *_unknown_regions(registry), *_dangling(registry.authorities, topics, sources)]


def _doubles(registry: Registry) -> Iterator[str]:
    for name, bodies in sorted(registry.registered().items()):
        spans = sorted((one.since or date.min, one.until or date.max, one.name) for one in bodies)
        for (_, until, first), (since, _, second) in itertools.pairwise(spans):
            if since < until:
                yield f"名称“{name}”同时属于“{first}”和“{second}”；请写明 since、until，或删去其一"


def _unknown_regions(registry: Registry) -> Iterator[str]:
    for body in registry.authorities.bodies:
        if body.region is not None and registry.region_name(body.region) is None:
            yield f"“{body.name}”的 region {body.region} 不是 GB/T 2260 代码；请改正"


def _dangling(authorities: Authorities, topics: Collection[str], sources: Collection[str] | None) -> Iterator[str]:
    owners: list[Department | Body] = [*authorities.departments, *authorities.bodies]
    for owner in owners:
        for topic in owner.topics:
            if topics and topic not in topics:
                yield f"“{owner.name}”的主题“{topic}”不在 topics.yaml 中；请改正"
    for department in authorities.departments:
        for pattern in department.accounts:
            if PLACE not in pattern:
                yield f"“{department.name}”的账号样式“{pattern}”缺少 {PLACE}；请补上"
    for body in authorities.bodies:
        for channel in body.channels:
            if sources is not None and channel.source not in sources:
                yield f"“{body.name}”的渠道 {channel.source} 不在 sources.yaml 中；请改正"
