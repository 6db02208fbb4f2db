"""Authorities that give different figures at once: several departments must be "准确一致".

What counts is each authority's newest standing figure of one name: a revision by the same authority is none, a figure
whose text was withdrawn stands no longer, and the conflict is over when all that stand agree again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from msgspec import Struct

from stream.core.bodies import TERRITORIAL, speaker_of
from stream.core.cases import Conflict, FigureFact, Incident, Responsible, StatedFigure
from stream.core.knowledge import counted, responses_ever

MOST_CONFLICTS = 20


class _Turn(Struct, frozen=True):
    """At `at` a figure is stated by `speaker`, or its text found withdrawn or taken out of the incident."""

    at: datetime
    fact: FigureFact
    speaker: str
    is_withdrawn: bool


def conflicts(incident: Incident, responsible: Sequence[Responsible], until: datetime) -> list[Conflict]:
    """Every conflict known at `until`, the oldest first (the newest twenty); figures by authority's name."""
    by_name: dict[str, list[_Turn]] = {}
    for turn in _turns(incident, responsible):
        if turn.at <= until:
            by_name.setdefault(turn.fact.name, []).append(turn)
    several = [name for name in sorted(by_name) if len({one.speaker for one in by_name[name]}) > 1]
    found = [one for name in several for one in _of_name(name, by_name[name])]
    return sorted(found, key=lambda one: (one.known_at, one.name))[-MOST_CONFLICTS:]


def _turns(incident: Incident, responsible: Sequence[Responsible]) -> Iterator[_Turn]:
    territorial = next((one.body for one in responsible if one.rule == TERRITORIAL), None)
    gone = {
        one.mention: one.removal_known_at or one.removed_at
        for one in responses_ever(incident)
        if one.removed_at is not None
    }
    for one in counted(incident, "figures"):
        fact = one.fact
        if not isinstance(fact, FigureFact) or fact.issuer is None:
            continue
        speaker = speaker_of(fact.issuer, territorial)
        yield _Turn(one.since, fact, speaker, False)
        ends = [at for at in (gone.get(fact.mention), one.until) if at is not None]
        if ends:
            yield _Turn(max(min(ends), one.since), fact, speaker, True)


def _of_name(name: str, turns: Sequence[_Turn]) -> Iterator[Conflict]:
    stated: dict[str, list[FigureFact]] = {}
    standing: dict[str, FigureFact] = {}
    since: datetime | None = None
    differing: dict[str, FigureFact] = {}
    turns = sorted(turns, key=lambda one: (one.at, one.fact.mention, one.fact.value, one.is_withdrawn))
    for at, together in groupby(turns, key=lambda one: one.at):
        for turn in together:
            _turn(turn, stated.setdefault(turn.speaker, []), standing)
        if len({one.value for one in standing.values()}) > 1:
            since, differing = since or at, dict(standing)
        elif since is not None:
            yield Conflict(name=name, stated=_stated(differing), known_at=since, resolved_at=at)
            since = None
    if since is not None:
        yield Conflict(name=name, stated=_stated(differing), known_at=since, resolved_at=None)


def _turn(turn: _Turn, own: list[FigureFact], standing: dict[str, FigureFact]) -> None:
    """What `turn.speaker` said before and now, and which of it stands."""
    now = standing.get(turn.speaker)
    if not turn.is_withdrawn:
        own.append(turn.fact)
        standing[turn.speaker] = turn.fact if now is None else max(now, turn.fact, key=_newest)
        return
    own.remove(turn.fact)
    standing.pop(turn.speaker, None)
    if own:
        standing[turn.speaker] = max(own, key=_newest)


def _newest(fact: FigureFact) -> tuple[datetime, datetime, int, str]:
    said_at = fact.known_at if fact.published is None else fact.published.latest
    return said_at, fact.known_at, fact.value, fact.mention


def _stated(standing: Mapping[str, FigureFact]) -> list[StatedFigure]:
    return [
        StatedFigure(
            issuer=speaker, value=one.value, mention=one.mention, known_at=one.known_at, published=one.published
        )
        for speaker, one in sorted(standing.items())
    ]
