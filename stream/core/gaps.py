"""Which channel was not seen, when: the stretches of the strict windows that no poll covered, for the incident page.

Only where silence could matter: a duty that was answered in time, excused or ceased asks nothing of the channels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stream.core.cases import CoverageGap
from stream.core.coverage import Stretch, Window, window_gaps
from stream.core.docket import Case, Row, window_of
from stream.core.obligations import STRICT

MOST_GAPS = 50
_SILENCE_IS_NOTHING = ("met", "not_applicable", "exempt_claimed")


def coverage_gaps(case: Case, rows: Iterable[Row]) -> list[CoverageGap]:
    """The gaps as known at `case.until`, oldest first: of more than fifty those that count, then the newest."""
    found = [gap for row in rows if _asks(row) for gap in _of_row(case, row)]
    kept = sorted(found, key=lambda one: (one.counts, one.from_at, one.to_at, one.rule, one.source))[-MOST_GAPS:]
    return sorted(kept, key=lambda one: (one.from_at, one.to_at, one.rule, one.source))


def _asks(row: Row) -> bool:
    is_timed = row.rule.judged == "clock" and row.clock.name == STRICT
    return is_timed and row.ruling.verdict not in _SILENCE_IS_NOTHING


def _of_row(case: Case, row: Row) -> Iterator[CoverageGap]:
    window = window_of(row.clock, case, case.situations[-1])
    for track in case.tracks:
        stretches, counts = window_gaps(track, window, case.until)
        for one in stretches:
            yield CoverageGap(
                rule=row.rule.id, clock=row.clock.name, body=track.body, source=track.source, from_at=one.from_at,
                to_at=one.to_at, reason=one.reason, share=_share(one, window), counts=counts,
            )  # fmt: skip


def _share(one: Stretch, window: Window) -> int:
    return (one.to_at - one.from_at) * 1000 // (window.deadline - window.start)
