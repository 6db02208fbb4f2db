"""Periods of the calendar: their ends and names, yearly dates, corresponding days."""

from __future__ import annotations

from datetime import date, timedelta

from stream.core.rules import Recurrence


def period_end(day: date, recurrence: Recurrence) -> date:
    """Last day of the period that `day` lies in (a week ends on Sunday; for Fridays: the next one, `day` included)."""
    if recurrence == "every_week":
        return day + timedelta(days=6 - day.weekday())
    if recurrence == "every_friday":
        return day + timedelta(days=(4 - day.weekday()) % 7)
    months = {"every_month": 1, "every_quarter": 3, "every_half_year": 6, "every_year": 12}[recurrence]
    last = (day.month - 1) // months * months + months
    return date(day.year + last // 12, last % 12 + 1, 1) - timedelta(days=1)


def period_label(end: date, recurrence: Recurrence) -> str:
    """What people call the period that ends on that day."""
    match recurrence:
        case "every_week":
            return f"{end.isocalendar().year}-W{end.isocalendar().week:02d}"
        case "every_friday":
            return end.isoformat()
        case "every_month":
            return f"{end.year:04d}-{end.month:02d}"
        case "every_quarter":
            return f"{end.year:04d}Q{(end.month + 2) // 3}"
        case "every_half_year":
            return f"{end.year:04d}年{'上' if end.month <= 6 else '下'}半年"
        case "every_year":
            return f"{end.year:04d}年"


def annual_date(day: date, month_day: str) -> date:
    """The next MM-DD on or after `day`."""
    this = date.fromisoformat(f"{day.year:04d}-{month_day}")
    return this if this >= day else date.fromisoformat(f"{day.year + 1:04d}-{month_day}")


def add_months(day: date, months: int) -> date:
    """The corresponding day `months` later; where that month has none, its last day."""
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), period_end(first, "every_month"))
