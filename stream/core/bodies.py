"""The view by body: what one authority's own statements give, beside the headline, where any of them satisfies.

"负责处置的地方和部门是信息发布第一责任人": a superior's release meets the duty, and still shows who kept silent. What a
government's press office or the command of an emergency publishes is that government's own word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeGuard

import msgspec

from stream.core.cases import BodyStanding, Response, Responsible
from stream.core.coverage import Track, Watch
from stream.core.docket import FAIR, Case, History, Row, window_of
from stream.core.obligations import STRICT, Candidates, exemption_for, statements_for
from stream.core.reasons import Reason
from stream.core.verdicts import Clock, Ruling, Statement, elapsed_of, rule_on

MOST_BODIES = 20
ANSWERED = "answered"
TERRITORIAL = "territorial"
UNIFIED = "unified:"
GOVERNMENT = "人民政府"
_PLACE = re.compile(r"[^省市县区州盟旗]{1,12}(?:自治区|自治州|自治县|省|市|县|区|州|盟|旗)")

Watched = Callable[[str], Sequence[Track]]


def speaker_of(issuer: str, territorial: str | None) -> str:
    """The body in whose name `issuer` speaks: its press office and a command stand for the government of the place that
    they name, without a place for the territorial one; any other body for itself."""
    if "国务院" in issuer or "国家" in issuer[:2]:
        return issuer
    if "新闻办" in issuer or "新闻发言人" in issuer:
        place = issuer.partition("新闻")[0].removesuffix("政府").removesuffix("人民")
    elif "指挥部" in issuer:
        found = _PLACE.match(issuer)
        place = found.group() if found else ""
    else:
        return issuer
    if territorial is not None and territorial.startswith(place):
        return territorial
    return place + GOVERNMENT if place else issuer


def by_body(
    case: Case, histories: Sequence[History], responsible: Sequence[Responsible], watched: Watched
) -> list[BodyStanding]:
    """The strict clock of every rule that applies, for each responsible body and each that answered it."""
    timed = [history.rows for history in histories if _is_running(history.rows.get(STRICT))]
    if not timed:
        return []
    said = _said(case, responsible)
    roles = {one.body: one.rule for one in responsible}
    roles |= {body: ANSWERED for body in said if body not in roles}
    view = _View(case, said, watched, any(role.startswith(UNIFIED) for role in roles.values()))
    named = list(roles.items())[:MOST_BODIES]
    return [one for body, role in named for rows in timed if (one := view.standing(body, role, rows)) is not None]


def settles_at(case: Case, histories: Sequence[History], found: Sequence[BodyStanding]) -> datetime | None:
    """When time alone may change a standing that is pending, after `case.until`; None where none is."""
    pending = {one.rule for one in found if one.verdict == "pending"}
    dues = [row.clock.due.latest for one in histories if (row := one.rows.get(STRICT)) and row.rule.id in pending]
    return min((at for due in dues for at in (due, due + case.grace) if at > case.until), default=None)


def _is_running(row: Row | None) -> TypeGuard[Row]:
    return row is not None and row.rule.judged == "clock" and row.ruling.verdict != "not_applicable"


def _said(case: Case, responsible: Sequence[Responsible]) -> dict[str, Candidates]:
    """What each body said, by the order of knowledge. A release without a named issuer is taken for that of the body
    first in duty: nobody is called silent whose release it may be."""
    territorial = next((one.body for one in responsible if one.rule == TERRITORIAL), None)
    first = responsible[0].body if responsible else None
    speakers: dict[str | None, str | None] = {None: first}
    stages: dict[str, list[tuple[Response, Statement]]] = {}
    for response, stage in (*case.candidates.stages, *case.candidates.outside):
        if response.issuer not in speakers:
            speakers[response.issuer] = speaker_of(response.issuer or "", territorial)
        speaker = speakers[response.issuer]
        if speaker is not None and stage.known_at <= case.until:
            stages.setdefault(speaker, []).append((response, stage))
    return {speaker: Candidates(stages=tuple(own)) for speaker, own in stages.items()}


class _View:
    """One incident at its instant of knowledge, body by body."""

    def __init__(self, case: Case, said: Mapping[str, Candidates], watched: Watched, is_unified: bool) -> None:
        self._case = case
        self._said = said
        self._watched = watched
        self._is_unified = is_unified
        self._outside = frozenset(response.mention for response, _ in case.candidates.outside)

    def standing(self, body: str, role: str, rows: Mapping[str, Row]) -> BodyStanding | None:
        """One body by the strict clock; None for a body without duty that did not answer this rule."""
        strict = rows[STRICT]
        own = self._said.get(body)
        statements = [] if own is None else statements_for(strict.rule, own)
        if role == ANSWERED and not statements:
            return None
        ruling = self._ruled(body, role, rows, statements)
        said = ruling.statement
        return BodyStanding(
            body=body, role=role, rule=strict.rule.id, verdict=ruling.verdict, reason=ruling.reason,
            satisfied_by=said.mention if said is not None and ruling.verdict == "met" else None,
            elapsed_s=elapsed_of(strict.clock, said),
        )  # fmt: skip

    def _ruled(self, body: str, role: str, rows: Mapping[str, Row], statements: Sequence[Statement]) -> Ruling:
        strict, fair, now = rows[STRICT], rows.get(FAIR), self._case.situations[-1]
        if role == ANSWERED and {one.mention for one in statements} <= self._outside:
            return Ruling(verdict="not_applicable", reason="no_jurisdiction", at=now.since)
        ruling = self._rule(body, strict.clock, statements)
        if ruling.verdict == "met":
            return ruling
        if exemption_for(strict.rule, now) is not None:
            return Ruling(verdict="exempt_claimed", reason="exempt_by_person", at=now.since)
        if self._is_unified and not role.startswith(UNIFIED):
            # A law lets only the higher authority publish: nobody else is silent.
            return Ruling(verdict="not_applicable", reason="unified_publication", at=now.since)
        if ruling.verdict == "breached" and _is_running(fair):
            met = self._rule(body, fair.clock, statements)
            if met.verdict == "met":
                return msgspec.structs.replace(ruling, verdict="breached_but_fair_clock_met", reason="fair_clock_met")
        return ruling

    def _rule(self, body: str, clock: Clock, statements: Sequence[Statement]) -> Ruling:
        def silent(as_of: datetime) -> Reason | None:
            if self._case.assume_covered:
                return None
            window = window_of(clock, self._case, self._case.situations[-1])
            return Watch(self._watched(body), window).doubt(as_of)

        return rule_on(clock, statements, silent, self._case.until)
