"""An independent oracle for due dates: it walks the days one by one over a bare table of days off and make-up days.

Written from domain.md ("Counting") alone; it shares no code with stream.core.calendars.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chinese_calendar.constants import holidays, workdays

LONG_CASES = 110_000
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
OFF = frozenset(holidays)
MADE_UP = frozenset(workdays)
YEARS = frozenset(day.year for day in OFF)
Suspensions = Sequence[tuple[date, date]]
Walk = tuple["date | None", list[tuple[date, bool]]]


@dataclass(frozen=True)
class Unpublished(Exception):
    """Nobody has published that day's calendar."""

    day: date


def works(day: date) -> bool:
    """Made up for, or else a weekday that is no day off."""
    if day.year not in YEARS:
        raise Unpublished(day)
    return day in MADE_UP or (day not in OFF and day.strftime("%a") not in ("Sat", "Sun"))


def stands_still(day: date, suspended: Suspensions) -> bool:
    return any(first <= day <= last for first, last in suspended)


def days_after(day: date) -> Iterator[date]:
    while True:
        day += DAY
        yield day


def working_days(start: date, number: int, suspended: Suspensions = ()) -> Walk:
    """Begin the next working day; weekends and holidays do not count, make-up days do."""
    walked, counted = [(start, False)], 0
    try:
        for day in days_after(start):
            counts = works(day) and not stands_still(day, suspended)
            counted += counts
            walked.append((day, counts))
            if counted == number:
                return day, walked
    except Unpublished:
        return None, walked
    raise AssertionError("days do not end")


def natural_days(start: date, number: int, suspended: Suspensions = ()) -> Walk:
    """The first day is not counted, every other is; what ends on a day off ends on the next working day."""
    walked, counted = [(start, False)], 0
    for day in days_after(start):
        counts = not stands_still(day, suspended)
        counted += counts
        walked.append((day, counts))
        if counted == number:
            return rolled(day, walked, suspended)
    raise AssertionError("days do not end")


def rolled(end: date, walked: list[tuple[date, bool]], suspended: Suspensions = ()) -> Walk:
    """The clock stands still while suspended, so no such day can be the last one either."""
    try:
        while not works(end) or stands_still(end, suspended):
            end += DAY
            walked.append((end, False))
    except Unpublished:
        return None, walked
    return end, walked


def months(start: date, number: int) -> Walk:
    """To the day of the same number that many months on, or the month's last; then as a period that rolls."""
    day, left = start, number
    while left:  # day by day: each first of a month is one month more
        day += DAY
        left -= day.day == 1
    end = day
    while end.day < start.day and (end + DAY).month == day.month:
        end += DAY
    return rolled(end, [(end, True)])


def annual(start: date, month_day: str) -> Walk:
    """The first such date from the start on; a date, no period: it does not roll."""
    day = start
    while day.strftime("%m-%d") != month_day:
        day += DAY
    return day, [(day, True)]


LAST_OF = {
    "every_friday": lambda day: day.strftime("%a") == "Fri",
    "every_month": lambda day: (day + DAY).day == 1,
    "every_quarter": lambda day: (day + DAY).strftime("%m-%d") in ("01-01", "04-01", "07-01", "10-01"),
    "every_half_year": lambda day: (day + DAY).strftime("%m-%d") in ("01-01", "07-01"),
    "every_year": lambda day: (day + DAY).strftime("%m-%d") == "01-01",
}


def recurring(start: date, recurs: Sequence[str]) -> Walk:
    """The last day of every period that runs at the start; the nearest is the due date."""
    ends = []
    for one in recurs:
        day = start
        while not LAST_OF[one](day):
            day += DAY
        ends.append(day)
    return min(ends), [(day, True) for day in sorted(ends)]


def hours(start: datetime, number: int) -> tuple[datetime, list[date]]:
    """Minute by minute through nights, weekends, holidays; and the days it touched."""
    at, touched = start, [start.date()]
    for _ in range(number * 60):
        at += MINUTE
        if at.date() != touched[-1]:
            touched.append(at.date())
    return at, touched
