"""Which dates a row may carry: formats.md rejects what lies before 1990 or more than a day after it was collected."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from stream.core.intervals import SHANGHAI, Interval
from stream.intake.rejects import RowFlawed

EARLIEST = datetime(1990, 1, 1, tzinfo=SHANGHAI)
LATEST = datetime(2100, 1, 1, tzinfo=SHANGHAI)
"""A row that carries its only time itself has nothing to be late against; past this it would stop every clock."""
SLACK = timedelta(days=1)

# A date by its shape; the reader of dates gives nothing for years that it does not know.
_DATE = re.compile(r"\s{0,9}(\d{4})[-/.年]\d{1,2}[-/.月]\d{1,2}")


def is_out_of_range(value: Any, read: Interval | None, collected_at: datetime | None) -> bool:
    """Whether the instant is absurd: `read` as it was read from the cell's `value`, which may be out of all reading."""
    if read is None:
        return _is_date_out_of_range(value)
    start = read.earliest or read.latest
    if start < EARLIEST or start >= LATEST:
        return True
    return collected_at is not None and start > collected_at + SLACK


def check_range(value: Any, read: Interval | None, collected_at: datetime | None) -> None:
    """Raises RowFlawed("absurd_date") where is_out_of_range."""
    if is_out_of_range(value, read, collected_at):
        raise RowFlawed("absurd_date")


def _is_date_out_of_range(value: Any) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return True
    found = _DATE.match(value) if isinstance(value, str) else None
    return found is not None and not EARLIEST.year <= int(found[1]) < LATEST.year
