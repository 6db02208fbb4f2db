"""Which library knows China's working days? Each compared day by day with the State Council's notices.

    python tests/benchmarks/compare_calendars.py FOLDER

FOLDER holds one JSON file a year (2007.json …: `year`, `papers`, `days` with `date` and `isOffDay`). A day that no
notice names is worked on Monday to Friday. `holidays` is no dependency of the project: where it is not installed its
column is left out. A year whose file names no paper is not published: what a library says of it is shown apart.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

Answer = Callable[[date], bool]


def main() -> None:
    """Prints a line a year and the disagreements by name; exits 1 where the trusted library disagrees anywhere."""
    if len(sys.argv) != 2:
        sys.exit("usage: compare_calendars.py FOLDER")
    notices = {year: marks for year, marks in _notices(Path(sys.argv[1])) if marks}
    named = {day: worked for marks in notices.values() for day, worked in marks.items()}
    libraries = dict(_libraries(sorted(notices)))
    wrong: dict[str, list[str]] = {name: [] for name in libraries}
    print("year  days  " + "  ".join(f"{name:>16}" for name in libraries))
    for year in sorted(notices):
        days = list(_days(year))
        counts = []
        for name, is_worked in libraries.items():
            faults = [str(day) for day in days if _said(is_worked, day) != named.get(day, day.weekday() < 5)]
            counts.append(f"{len(faults):>16}")
            wrong[name] += faults
        print(f"{year}  {len(days):>4}  " + "  ".join(counts))
    total = sum(len(list(_days(year))) for year in notices)
    print(f"all   {total:>4}  " + "  ".join(f"{len(faults):>16}" for faults in wrong.values()))
    for name, faults in wrong.items():
        print(f"{name}: {len(faults)} of {total} days wrong{': ' + ' '.join(faults) if faults else ''}")
    before = sorted(str(day) for year, marks in notices.items() for day in marks if day.year < year)
    print(f"days that the notice of the next year named: {' '.join(before)}")
    _beyond(libraries, max(notices) + 1)
    sys.exit(1 if wrong["chinese_calendar"] else 0)


def _notices(folder: Path) -> Iterator[tuple[int, dict[date, bool]]]:
    """Each year with the days that its notices name: whether they are worked."""
    for path in sorted(folder.glob("[12]*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        yield told["year"], {date.fromisoformat(one["date"]): not one["isOffDay"] for one in told["days"]}


def _libraries(years: list[int]) -> Iterator[tuple[str, Answer]]:
    chinese = importlib.import_module("chinese_calendar")
    yield "chinese_calendar", chinese.is_workday
    try:
        china: Any = importlib.import_module("holidays").country_holidays("CN", years=years)
    except ImportError:
        return
    yield "holidays", china.is_working_day


def _said(is_worked: Answer, day: date) -> bool | None:
    """None where the library refuses the year."""
    try:
        return bool(is_worked(day))
    except NotImplementedError:
        return None


def _beyond(libraries: dict[str, Answer], year: int) -> None:
    """A library that answers for a year without a notice guesses."""
    for name, is_worked in libraries.items():
        said = [_said(is_worked, day) for day in _days(year)]
        kind = "refuses" if None in said else f"guesses ({sum(map(bool, said))} working days)"
        print(f"{name}: {year}, which is not published: {kind}")


def _days(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


if __name__ == "__main__":
    main()
