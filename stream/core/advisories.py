"""Advisory rows: duties without a number. They are shown on an incident and are never late.

CN-CONT-UPDATE (61号三, 80号): a further release with a new fact; no national text sets a frequency, so the configured
gap is a hint. CN-ISSUER-LEVEL (总体应急预案2025 §3.3.5): a provincial or ministerial issuer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

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
        then = case.during(index)
        if not applies(rule, situation):
            history.cease(then, situation)
            continue
        for at in _instants(rule, case, (situation, ends)):
            row = _row_at(rule, case, (situation, at)) or _fallen_away(history, at)
            if row is not None:
                history.enter(then, row, at)
    _remind(history, rule, case)
    return history


def _instants(rule: Rule, case: Case, stretch: tuple[Situation, datetime | None]) -> list[datetime]:
    situation, ends = stretch
    last = case.until if ends is None else min(ends, case.until)
    found = {at for at in _decisive(rule, case) if situation.since < at <= last}
    if ends is None:
        found |= {last} if last > situation.since else set()
    else:
        # Where the rule ceases, the row rests on the newest release of its time.
        came = [one.known_at for _, one in _usable(rule, case) if situation.since < one.known_at < ends]
        found = {at for at in found if at < ends} | {max(came, default=situation.since)}
    return sorted({situation.since} | found)


Said = tuple[Response, Statement]


def _usable(rule: Rule, case: Case) -> list[Said]:
    return [one for one in case.candidates.stages if one[0].form in rule.evidence.forms]


def _standing(said: Sequence[Said], at: datetime) -> list[Said]:
    """What is known at `at` and was neither withdrawn nor rejected nor corrected by then."""
    return [
        (response, one)
        for response, one in said
        if one.known_at <= at
        and (one.gone_at is None or at < one.gone_at)
        and (one.void_at is None or at < one.void_at)
    ]


def _decisive(rule: Rule, case: Case) -> Iterator[datetime]:
    """When the row may appear or its verdict turn: by the first response, the first that satisfies; where any of them
    has fallen away, whenever one came or went."""
    usable = _usable(rule, case)
    ends = [at for _, one in usable for at in (one.gone_at, one.void_at) if at is not None and at <= case.until]
    if ends:
        yield from ends
        yield from [one.known_at for _, one in usable]
        return
    yield from [one.known_at for _, one in usable[:1]]
    yield from [one.known_at for response, one in usable if _satisfies(rule, response, usable[0][0])][:1]


def _satisfies(rule: Rule, response: Response, first: Response) -> bool:
    if rule.evidence.min_level is not None:
        return response.level is not None and _LEVELS.index(response.level) <= _LEVELS.index(rule.evidence.min_level)
    return response.is_new_fact and response.mention != first.mention


def _row_at(rule: Rule, case: Case, now: tuple[Situation, datetime]) -> Row | None:
    """The row as known at an instant of a situation; a follow-up is owed only after a first release."""
    situation, at = now
    known = _standing(_usable(rule, case), at)
    needs_first = rule.start.point == "last_statement"
    if needs_first and not known:
        return None
    start = known[-1][1].published if needs_first else situation.first_public.interval
    # Never used as a deadline: an advisory row has none, and is shown without.
    clock = Clock(name=STRICT, start=start, basis=rule.start.point, due=Due(earliest=None, latest=start.latest))
    done = next((one for response, one in known if _satisfies(rule, response, known[0][0])), None)
    return Row(rule=rule, clock=clock, ruling=_ruling(rule, case, (done, start.latest), at))


def _fallen_away(history: History, at: datetime) -> Row | None:
    """The row after everything it rested on was withdrawn or rejected."""
    row = history.rows.get(STRICT)
    if row is None or row.ruling.verdict == "not_applicable":
        return None
    gone = Ruling(verdict="not_applicable", reason="no_longer_applies", at=at)
    return msgspec.structs.replace(row, ruling=gone)


def _ruling(rule: Rule, case: Case, found: tuple[Statement | None, datetime], at: datetime) -> Ruling:
    done, last = found
    if done is not None:
        reason: Reason = "issuer_level_reached" if rule.evidence.min_level else "follow_up_released"
        return Ruling(verdict="met", reason=reason, at=min(done.published.latest, at), statement=done)
    if rule.evidence.min_level is not None:
        return Ruling(verdict="pending", reason="no_number", at=at)
    gap = at >= last + case.advisory_gap
    return Ruling(verdict="pending", reason="advisory_gap" if gap else "awaiting_follow_up", at=at)


def _remind(history: History, rule: Rule, case: Case) -> None:
    """Looks again when the gap since the last release has passed."""
    row = history.rows.get(STRICT)
    if row is not None and row.ruling.reason == "awaiting_follow_up":
        history.look_again(row.clock.start.latest + case.advisory_gap, case.until)
