"""The verdict algebra: a due interval, the statements known at an instant, and whether silence is evidence.

met: latest publication ≤ earliest deadline. breached: earliest publication > latest deadline, for every statement.
Else indeterminate. Exactly on the deadline is met, and so are two instants both known to the minute and equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from stream.core.cases import Due, Verdict
from stream.core.figures import Posts, first_of
from stream.core.intervals import Elapsed, Interval, elapsed
from stream.core.reasons import Reason

Timeliness = Literal["in_time", "late", "unsure"]
Silence = Callable[[datetime], "Reason | None"]


class Statement(Struct, frozen=True, kw_only=True):
    """What one response says about time. Withdrawn by its author as known from `gone_at`; `void_at`: from then on a
    person's rejection or correction has taken its place, and it leaves no trace in the verdict."""

    mention: str
    published: Interval
    known_at: datetime
    gone_at: datetime | None = None
    void_at: datetime | None = None


class Clock(Struct, frozen=True, kw_only=True):
    """One running window of a rule. `provisional`: whether the rule applies is not evident yet. `mention`: the text
    whose publication started the clock, so that this text itself is exactly no time after the start. `posts`: where it
    was the first of several texts that started it, those that bound that instant."""

    name: str
    start: Interval
    basis: str
    due: Due
    provisional: bool = False
    mention: str | None = None
    posts: Posts = ()


class Ruling(Struct, frozen=True, kw_only=True):
    """A verdict with its reason; `at` is the instant from which it holds."""

    verdict: Verdict
    reason: Reason
    at: datetime
    statement: Statement | None = None


def due_after(start: Interval, hours: int) -> Due:
    """The deadline interval; without an earliest start there is no earliest deadline."""
    return _after(start, timedelta(hours=hours))


def _after(start: Interval, length: timedelta) -> Due:
    return Due(earliest=None if start.earliest is None else start.earliest + length, latest=start.latest + length)


def timeliness(statement: Statement, clock: Clock) -> Timeliness:
    """How one publication stands to the deadline."""
    due, start, published = clock.due, clock.start, statement.published
    if any(statement.mention == mention for mention, _ in clock.posts):
        # Among those that start the clock, it is late only by the others: it is no time after itself.
        others = [at for mention, at in clock.posts if mention != statement.mention]
        if not others:
            return "in_time"
        start = first_of(others)
        due = _after(start, clock.due.latest - clock.start.latest)
    elif clock.mention == statement.mention:
        return "in_time"
    if due.earliest is not None and published.latest <= due.earliest:
        return "in_time"
    minutes = published.precision == start.precision == "minute"
    if minutes and due.earliest is not None and published.earliest == due.earliest:
        return "in_time"
    if published.earliest is not None and published.earliest > due.latest:
        return "late"
    return "unsure"


def rule_on(clock: Clock, statements: Sequence[Statement], silent: Silence, as_of: datetime) -> Ruling:
    """The verdict by one clock as known at `as_of`. `silent` tells, past the deadline, why silence is no evidence."""
    known = [one for one in statements if one.known_at <= as_of and (one.void_at is None or as_of < one.void_at)]
    found = [(timeliness(one, clock), one) for one in known]
    in_time = [one for how, one in found if how == "in_time"]
    standing = [one for one in in_time if one.gone_at is None or one.gone_at > as_of]
    if standing:
        first = min(standing, key=_earliest)
        at = min(first.published.latest, as_of)
        return Ruling(verdict="met", reason="statement_in_time", at=at, statement=first)
    if in_time:
        last = max(in_time, key=lambda one: (one.gone_at or as_of, one.mention))
        return Ruling(verdict="met_then_retracted", reason="statement_retracted", at=as_of, statement=last)
    unsure = [one for how, one in found if how == "unsure"]
    if unsure:
        first = min(unsure, key=_earliest)
        return Ruling(verdict="indeterminate", reason="statement_straddles_deadline", at=as_of, statement=first)
    return _unanswered(clock, min(known, key=_earliest, default=None), silent, as_of)


def _unanswered(clock: Clock, late: Statement | None, silent: Silence, as_of: datetime) -> Ruling:
    """Nothing known that could have met it: wait, or rule on silence."""
    due_at = clock.due.latest
    # At the deadline itself every fact of that instant is known already: facts come before ticks.
    if as_of < due_at:
        reason: Reason = "provisional_grade" if clock.provisional else "awaiting_statement"
        return Ruling(verdict="pending", reason=reason, at=as_of)
    if clock.provisional:
        return Ruling(verdict="indeterminate", reason="grade_not_evident", at=as_of, statement=late)
    doubt = silent(as_of)
    if doubt is None:
        return Ruling(
            verdict="breached", reason="statement_late" if late else "no_statement", at=due_at, statement=late
        )
    verdict: Verdict = "pending" if doubt == "awaiting_coverage" else "unknown_coverage_gap"
    return Ruling(verdict=verdict, reason=doubt, at=as_of, statement=late)


def elapsed_of(clock: Clock, statement: Statement | None) -> Elapsed | None:
    """From the clock's start to the statement; None where its earliest publication is open."""
    if statement is None:
        return None
    started: set[str | None] = {mention for mention, _ in clock.posts} or {clock.mention}
    if started == {statement.mention}:
        return Elapsed(min=0.0, max=0.0)
    if statement.published.earliest is None:
        return None
    found = elapsed(clock.start, statement.published)
    return Elapsed(min=max(found.min, 0.0), max=found.max) if statement.mention in started else found


def that_matter(statements: Sequence[Statement]) -> list[Statement]:
    """Without those that another makes irrelevant: known no later, published no later by either bound, never withdrawn.

    Keeps long incidents cheap: of hundreds of releases usually the first remains.
    """
    kept: list[Statement] = []
    for one in sorted(statements, key=lambda one: (one.known_at, *_earliest(one))):
        if not any(_is_better(other, one) for other in kept):
            kept.append(one)
    return kept


def _is_better(other: Statement, one: Statement) -> bool:
    if other.gone_at is not None or other.void_at is not None or other.published.latest > one.published.latest:
        return False
    mine, theirs = one.published.earliest, other.published.earliest
    # The same precision, or "equal to the minute" could count for one and not for the other.
    return (theirs is None or (mine is not None and theirs <= mine)) and (
        theirs is not None and other.published.precision == one.published.precision
    )


def _earliest(one: Statement) -> tuple[datetime, datetime, str]:
    return one.published.latest, one.published.earliest or one.published.latest, one.mention
