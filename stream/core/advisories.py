"""Advisory rows: duties without a number. They are shown on an incident and are never late.

CN-CONT-UPDATE (61号三, 80号): a further release with a new fact; no national text sets a frequency, so the configured
gap is a hint. CN-ISSUER-LEVEL (总体应急预案2025 §3.3.5): a provincial or ministerial issuer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from stream.core.cases import Due, Response
from stream.core.docket import Case, History, Row
from stream.core.documents import Level
from stream.core.obligations import STRICT, applies
from stream.core.reasons import Reason
from stream.core.rules import Rule
from stream.core.situations import Situation
from stream.core.verdicts import Clock, Ruling, Statement

_LEVELS: tuple[Level, ...] = ("national", "province", "city", "county", "town")


def advisory_history(rule: Rule, case: Case) -> History:
    """The history of a rule that only advises."""
    history = History()
    for index, situation in enumerate(case.situations):
        ends = case.situations[index + 1].since if index + 1 < len(case.situations) else None
        if not applies(rule, situation, case.incident.first_public.interval):
            history.cease(case, situation)
            continue
        for at in _instants(rule, case, (situation, ends)):
            row = _row_at(rule, case, at)
            if row is not None:
                history.enter(case, row, at)
    _remind(history, rule, case)
    return history


def _instants(rule: Rule, case: Case, stretch: tuple[Situation, datetime | None]) -> list[datetime]:
    situation, ends = stretch
    last = case.until if ends is None else min(ends, case.until)
    found = {one.known_at for one in _decisive(rule, case) if situation.since < one.known_at <= last}
    at_end = {last} if ends is None and last > situation.since else set()
    return sorted({situation.since} | {at for at in found if ends is None or at < ends} | at_end)


def _usable(rule: Rule, case: Case) -> list[Response]:
    return [one for one in case.candidates.responses if one.form in rule.evidence.forms]


def _decisive(rule: Rule, case: Case) -> Iterator[Response]:
    """The responses at which the row appears or its verdict turns."""
    usable = _usable(rule, case)
    yield from usable[:1]
    yield from [one for one in usable if _satisfies(rule, one, usable[0])][:1]


def _satisfies(rule: Rule, response: Response, first: Response) -> bool:
    if rule.evidence.min_level is not None:
        return response.level is not None and _LEVELS.index(response.level) <= _LEVELS.index(rule.evidence.min_level)
    return response.is_new_fact and response.mention != first.mention


def _row_at(rule: Rule, case: Case, at: datetime) -> Row | None:
    """The row as known at `at`; a follow-up is owed only after a first release."""
    known = [one for one in _usable(rule, case) if one.known_at <= at]
    needs_first = rule.start.point == "last_statement"
    if needs_first and not known:
        return None
    start = known[-1].published if needs_first else case.incident.first_public.interval
    # Never used as a deadline: an advisory row has none, and is shown without.
    clock = Clock(name=STRICT, start=start, basis=rule.start.point, due=Due(earliest=None, latest=start.latest))
    done = next((one for one in known if _satisfies(rule, one, known[0])), None)
    return Row(rule=rule, clock=clock, ruling=_ruling(rule, case, (done, start.latest), at))


def _ruling(rule: Rule, case: Case, found: tuple[Response | None, datetime], at: datetime) -> Ruling:
    done, last = found
    if done is not None:
        statement = Statement(mention=done.mention, published=done.published, known_at=done.known_at)
        reason: Reason = "issuer_level_reached" if rule.evidence.min_level else "follow_up_released"
        return Ruling(verdict="met", reason=reason, at=min(done.published.latest, at), statement=statement)
    if rule.evidence.min_level is not None:
        return Ruling(verdict="pending", reason="no_number", at=at)
    gap = at >= last + case.advisory_gap
    return Ruling(verdict="pending", reason="advisory_gap" if gap else "awaiting_follow_up", at=at)


def _remind(history: History, rule: Rule, case: Case) -> None:
    """Looks again when the gap since the last release has passed."""
    row = history.rows.get(STRICT)
    if row is not None and row.ruling.reason == "awaiting_follow_up":
        history.look_again(row.clock.start.latest + case.advisory_gap, case.until)
