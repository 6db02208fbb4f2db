"""What judgements add up to: the headline clocks of an incident, where it stands, a body's record. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from dashboard.words import HEADLINES, OUTCOMES, Outcome
from stream.core.cases import Judgement, Obligation
from stream.core.intervals import SHANGHAI

HEADLINE_CLOCK = "strict"  # the clock that gives the headline verdict; alternates are shown beside it
UNKNOWN_BODY = "责任单位待定"

Period = Literal["month", "quarter", "half", "year"]


class Tally(Struct, frozen=True, kw_only=True):
    """Outcomes of one body or one rule. What was to be judged, the denominator, is `judged`; what still runs and what
    does not count stand apart."""

    name: str
    met: int
    late: int
    retracted: int
    unknown: int
    pending: int
    excluded: int

    @property
    def judged(self) -> int:
        return self.met + self.late + self.retracted + self.unknown


class Standing(Struct, frozen=True, kw_only=True):
    """Where an incident stands by its headline clocks: its gravest outcome, and the next deadline that runs."""

    outcome: Outcome
    is_running: bool
    next_due: datetime | None


def headline(judgement: Judgement) -> list[Obligation]:
    """What a leader asks for first: every rule with hours, by its headline clock; the national ones lead."""
    found = [one for one in judgement.obligations if one.clock == HEADLINE_CLOCK and one.modality != "advisory"]
    return sorted(found, key=_headline_order)


def _headline_order(obligation: Obligation) -> tuple[int, str, str]:
    place = HEADLINES.index(obligation.rule) if obligation.rule in HEADLINES else len(HEADLINES)
    return place, obligation.rule, obligation.body or ""


def counts(obligation: Obligation) -> bool:
    """Whether an obligation stands in the denominators: a duty (`must`) whose clock is not provisional."""
    return obligation.modality == "must" and not obligation.provisional


def standing(judgement: Judgement) -> Standing:
    """The gravest outcome among the duties that count; `pending` where only something else still runs."""
    shown = headline(judgement)
    running = [one for one in shown if one.verdict == "pending"]
    outcomes: set[Outcome] = {OUTCOMES[one.verdict] for one in shown if counts(one)}
    order: tuple[Outcome, ...] = ("late", "retracted", "unknown", "pending", "met")
    outcome: Outcome = next((one for one in order if one in outcomes), "none")
    if outcome == "none" and any(OUTCOMES[one.verdict] != "none" for one in shown):
        outcome = "pending" if running else _weak(shown)
    ends = [one.due.earliest or one.due.latest for one in running if one.due is not None]
    return Standing(outcome=outcome, is_running=bool(running), next_due=min(ends, default=None))


def _weak(shown: Sequence[Obligation]) -> Outcome:
    """Where only provisional or in-principle clocks ran: in time if one was, else nobody can tell; never late."""
    return "met" if any(one.verdict == "met" for one in shown) else "unknown"


def by_body(judgements: Iterable[Judgement]) -> list[Tally]:
    """Outcomes per responsible body; the latest ones first."""
    return _tallies((one.body or UNKNOWN_BODY, one) for judgement in judgements for one in headline(judgement))


def by_rule(judgements: Iterable[Judgement], titles: Mapping[str, str]) -> list[Tally]:
    """Outcomes per duty; one in principle has a row of its own, so labelled, that enters no total."""
    return _tallies(
        (_duty(one, titles), msgspec.structs.replace(one, modality="must"))
        for judgement in judgements
        for one in headline(judgement)
    )


def _duty(obligation: Obligation, titles: Mapping[str, str]) -> str:
    label = "（原则上）" if obligation.modality == "in_principle" else ""
    return titles.get(obligation.rule, obligation.rule) + label


def by_period(judgements: Iterable[Judgement], by: Period) -> list[Tally]:
    """Outcomes per period of first sight, the earliest first."""
    rows = _tallies(
        (period_of(judgement.opened_at, by), one) for judgement in judgements for one in headline(judgement)
    )
    return sorted(rows, key=lambda row: row.name)


def by_body_and_period(judgements: Iterable[Judgement], by: Period) -> list[tuple[str, Tally]]:
    """Outcomes per body in each period: (period, tally), the bodies by name, each with its periods in order."""
    parts: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        parts.setdefault(period_of(judgement.opened_at, by), []).append(judgement)
    found = [(period, row) for period, own in parts.items() for row in by_body(own)]
    return sorted(found, key=lambda one: (one[1].name, one[0]))


def period_of(at: datetime, by: Period) -> str:
    """The period that an instant lies in, Shanghai's: 2026-03, 2026年第1季度, 2026年上半年, 2026年. Sorts by time."""
    day = at.astimezone(SHANGHAI).date()
    match by:
        case "month":
            return f"{day.year:04d}-{day.month:02d}"
        case "quarter":
            return f"{day.year:04d}年第{(day.month + 2) // 3}季度"
        case "half":
            # 上 sorts before 下, as the halves follow each other.
            return f"{day.year:04d}年{'上' if day.month <= 6 else '下'}半年"
        case "year":
            return f"{day.year:04d}年"


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of several."""
    sums: Counter[str] = Counter()
    for one in tallies:
        sums.update(
            met=one.met, late=one.late, retracted=one.retracted, unknown=one.unknown, pending=one.pending,
            excluded=one.excluded,
        )  # fmt: skip
    return _tally("合计", sums)


def _tallies(named: Iterable[tuple[str, Obligation]]) -> list[Tally]:
    found: dict[str, Counter[str]] = {}
    for name, one in named:
        outcome = OUTCOMES[one.verdict] if counts(one) else "none"
        found.setdefault(name, Counter())[outcome if outcome != "none" else "excluded"] += 1
    rows = [_tally(name, count) for name, count in found.items()]
    return sorted(rows, key=lambda row: (-row.late, -row.retracted, -row.judged, row.name))


def _tally(name: str, count: Counter[str]) -> Tally:
    return Tally(
        name=name, met=count["met"], late=count["late"], retracted=count["retracted"], unknown=count["unknown"],
        pending=count["pending"], excluded=count["excluded"],
    )  # fmt: skip
