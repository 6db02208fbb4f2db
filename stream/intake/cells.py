"""Single cells: what may stand in a column, and what a person could read of it."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from stream.core.intervals import Interval
from stream.intake.rejects import RowFlawed
from stream.intake.sheets import Formula
from stream.reading.times import parse_published

# Excel's day count (1900 system), where a date stands in a cell without a date format: 1990-01-01 to 2100-01-01.
# As an epoch these numbers would be the first day of 1970, so nothing else is meant.
_EXCEL_DAYS = (32874, 73051)
_EXCEL_EPOCH_DAYS = 25569  # Excel's number of 1970-01-01

SHORT_CHARS = 4096  # of an id, an address, a name
_LONG_COLUMNS = frozenset({"title", "text", "reply"})

_SURROGATES = re.compile("[\ud800-\udfff]")
# Nothing of these can be seen: controls, spaces, zero-width and direction marks, BOM, the replacement character.
_READABLE = re.compile(r"[^\s\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff\ufffd]")
# A formula that reached us as text (CSV, JSONL): a function call, a DDE call, or references and operators only.
_FORMULA = re.compile(
    r"\s{0,9}=\s{0,9}(?:[A-Za-z_.]{1,40}\(|[A-Za-z]{1,20}\||[-+$A-Za-z0-9.*/^():!% ]{1,200}\s{0,9}\Z)"
)


def text_of(cells: dict[str, Any], name: str) -> str | None:
    """The cell as text; a number as it was typed (188006.0 → "188006"). Raises RowFlawed on anything else.

    NUL is dropped and a lone surrogate replaced, since the rest can be read; nothing else is changed here.
    """
    value = cells.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if len(value) > SHORT_CHARS and name not in _LONG_COLUMNS:
            raise RowFlawed("too_long")
        return _whole(value)
    if isinstance(value, Formula):
        raise RowFlawed("formula")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RowFlawed("wrong_type")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        return str(int(value))
    return str(value)


def _whole(value: str) -> str:
    """Text that can be encoded and stored."""
    if "\x00" in value:
        value = value.replace("\x00", "")
    try:
        value.encode()
    except UnicodeEncodeError:
        # Halves of a pair that were escaped apart belong together; what stays alone stands for nothing.
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        value = _SURROGATES.sub("\ufffd", value)
    return value


def is_readable(text: str) -> bool:
    """Whether a person could see anything of it."""
    return _READABLE.search(text) is not None


def is_formula(text: str) -> bool:
    """Whether the text is a spreadsheet formula and nothing else."""
    return _FORMULA.match(text) is not None


def number_of(cells: dict[str, Any], name: str) -> float | None:
    """A finite number, or None where there is none: a post is not lost for an unreadable heat."""
    value = cells.get(name)
    _check_scalar(value)
    try:
        number = float(str(value).replace(",", "")[:40]) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def truth_of(value: Any) -> bool | None:
    """True, false or None where it is neither, as a table may write it."""
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}.get(
        str(value).strip().lower()
    )


def instant_of(value: Any) -> Interval | None:
    """When, from a cell; Shanghai where no offset is given; None where it cannot be read."""
    _check_scalar(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = _EXCEL_DAYS
        if low <= value < high:
            return parse_published(_excel_words(value), "row")
    return parse_published(value, "row") if isinstance(value, str | int | float) else None


def _check_scalar(value: Any) -> None:
    if isinstance(value, Formula):
        raise RowFlawed("formula")
    if isinstance(value, list | dict):
        raise RowFlawed("wrong_type")


def _excel_words(days: float) -> str | float:
    """An Excel date number as the words parse_published reads: a whole number is a date alone."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days - _EXCEL_EPOCH_DAYS)
    rounded = (at + timedelta(milliseconds=500)).replace(microsecond=0, tzinfo=None)
    return rounded.date().isoformat() if float(days).is_integer() else rounded.isoformat(sep=" ")
