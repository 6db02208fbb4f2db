"""Whose answers count: "any body with jurisdiction satisfies"; one of another province answers for nobody here. Pure.

Counted since the first situation in which the issuer had jurisdiction: a place learnt later gives it from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from msgspec.structs import replace

from stream.core.cases import Incident, Response
from stream.core.docket import Duty
from stream.core.obligations import Candidates, Registry, candidates, happened_at
from stream.core.responsibility import has_jurisdiction
from stream.core.situations import Situation
from stream.core.verdicts import Statement


def entitled(
    incident: Incident, situations: Sequence[Situation], duties: Sequence[Duty], registry: Registry
) -> Candidates:
    """What was said by those who may; the rest is `outside`. What a person put on record counts as decided."""
    said = candidates(incident)
    decided = {one.id for one in incident.decisions}

    @cache
    def first_with(issuer: str) -> int | None:
        """The first situation in which it had jurisdiction."""
        for index, (one, duty) in enumerate(zip(situations, duties, strict=True)):
            body = registry.resolve(issuer, happened_at(one))
            if has_jurisdiction(body, one.names.regions, (owing.body for owing in duty.responsible)):
                return index
        return None

    stages: list[tuple[Response, Statement]] = []
    outside: list[tuple[Response, Statement]] = []
    for response, stage in said.stages:
        index = 0 if response.issuer is None or response.mention in decided else first_with(response.issuer)
        if index is None:
            outside.append((response, stage))
        elif not index or situations[index].since <= stage.known_at:
            stages.append((response, stage))
        elif stage.void_at is None or stage.void_at > situations[index].since:
            stages.append((response, replace(stage, known_at=situations[index].since)))
    return Candidates(stages=tuple(stages), outside=tuple(outside))
