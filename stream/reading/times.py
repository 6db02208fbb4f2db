"""When a post was published: every form of date that rows, pages and feeds hold, as an interval in Asia/Shanghai.

A minute stands for all its seconds (14:30:00–14:30:59), a day ends at the next midnight (docs/formats.md). What the
text says of *when it happened* is read in `occurrence`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import cast

from stream.core.intervals import SHANGHAI, Interval, Precision
from stream.reading.numerals import narrow, number

READ_CHARS = 2000  # A date stands near the start; the bound keeps a hostile cell of 10 MB cheap.
_SECONDS = (100_000_000, 100_000_000_000)  # 1973 to 5138: as seconds; above it, up to a thousandfold, milliseconds

_NUMERAL = "[0-9〇零一二三四五六七八九十]"
_TWO = r"\d{1,2}(?!\d)"
_CLOCK = (
    r"(?P<half>上午|下午|晚上|中午|凌晨|早上|晚间|[AaPp]\.?[Mm]\.?)? ?(?P<hour>\d{1,2}) ?[:时点]"
    rf"(?: ?(?P<minute>半|{_TWO}) ?(?:分|:)? ?(?:(?P<second>{_TWO})(?:\.(?P<fraction>\d{{1,9}}))? ?秒?)?)?"
    r" ?(?P<after>[AaPp][Mm])?"
    r" ?(?P<zone>Z(?![A-Za-z])|UTC|GMT(?:[+-]\d{1,2}(?!\d))?|[+-]\d{2}:?\d{2}(?!\d))?"
)
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DATE = re.compile(
    r"(?<![0-9.])(?P<year>(?:19|20)\d\d|[一二][〇零九][〇零一二三四五六七八九]{2}) ?(?P<sep>[-/.年_]) ?"
    rf"(?P<month>{_NUMERAL}{{1,3}})(?: ?(?:[-/.月_]) ?(?P<day>{_NUMERAL}{{1,3}})(?![0-9]) ?[日号]?)?"
    rf"(?:(?:[T ,,，]| ?[（(]?(?:星期|周).[)）]?){{0,4}}{_CLOCK})?"
)
_COMPACT = re.compile(
    rf"(?<!\d){_YEAR}(?P<month>0[1-9]|1[0-2])(?P<day>[0-2]\d|3[01])"
    r"(?:[T ]?(?P<hour>[01]\d|2[0-3]):?(?P<minute>[0-5]\d)(?::?(?P<second>[0-5]\d))?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?(?!\d)"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
_ENGLISH = re.compile(rf"(?P<day>\d{{1,2}})[ -]{_MONTH}[ -]{_YEAR}(?:[, T]{{1,2}}{_CLOCK})?")
_AMERICAN = re.compile(rf"{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? {_YEAR}(?:[, T]{{1,2}}{_CLOCK})?")
_ISO = re.compile(r"(?:19|20)\d\d-\d\d-\d\d[T ][0-2]\d:[0-5]\d:[0-5]\d(?:Z|[+-][01]\d:[0-5]\d)?", re.ASCII)
_EPOCH = re.compile(r"\d{9,14}(?:\.\d{0,9})?")


def parse_published(value: str | int | float | None, source: str) -> Interval | None:
    """When `value` says that something was published; `source` names where the value stood.

    Reads ISO (an offset is respected, none means Asia/Shanghai), `2019/4/25 9:32:09`, `2019年4月25日 9时32分`, English
    feed dates, epoch seconds or milliseconds, or the first date in any text. Unreadable gives None; never raises.
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_epoch(value, source) or _from_text(str(value)[:20], source)
    if _ISO.fullmatch(value) and (found := _from_iso(value, source)) is not None:
        return found
    text = narrow(value[:READ_CHARS]).strip()
    if _EPOCH.fullmatch(text) and not _COMPACT.fullmatch(text):
        return _from_epoch(float(text), source)
    return _from_text(text, source)


def _from_iso(value: str, source: str) -> Interval | None:
    """What machines write, ten times faster than the search of `_from_text`, which reads the same from it."""
    try:
        at = datetime.fromisoformat(value)
        return unit_of(at.replace(tzinfo=SHANGHAI) if at.tzinfo is None else at.astimezone(SHANGHAI), "second", source)
    except (ValueError, OverflowError):
        return None


def unit_of(start: datetime, precision: Precision, source: str) -> Interval:
    """The whole unit that begins at `start`: a minute ends at :59; a day, month or year at the next midnight."""
    return Interval(earliest=start, latest=unit_end(start, precision), precision=precision, source=source)


def unit_end(start: datetime, precision: Precision) -> datetime:
    """Last instant of the unit that begins at `start`; of a day and longer, the following midnight."""
    if precision == "minute":
        return start + timedelta(seconds=59)
    if precision == "hour":
        return start + timedelta(minutes=59, seconds=59)
    if precision == "day":
        return start + timedelta(days=1)
    if precision == "month":
        return (start + timedelta(days=32)).replace(day=1)
    if precision == "year":
        return start.replace(year=start.year + 1)
    return start


def _from_epoch(value: float, source: str) -> Interval | None:
    low, high = _SECONDS
    if low <= value < high:
        micros = round(value * 1_000_000)
    elif high <= value < high * 1000:
        micros = round(value * 1000)
    else:
        return None  # also NaN: it compares false
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
        return unit_of(at.astimezone(SHANGHAI), "second", source)
    except OverflowError:
        return None


def _from_text(text: str, source: str) -> Interval | None:
    for pattern in (_DATE, _COMPACT, _ENGLISH, _AMERICAN):
        for found in pattern.finditer(text):
            if (interval := _from_match(found, source)) is not None:
                return interval
    return None


def _from_match(found: re.Match[str], source: str) -> Interval | None:
    parts = found.groupdict()
    if parts["day"] is None and parts["sep"] != "年" and found.group() != found.string:
        return None  # 2019-04 amid other text is more often an id than a month
    for reading in (parts, {**parts, "hour": None}):  # an impossible clock (09:70) leaves the date
        try:
            start, precision = _instant(reading)
            return unit_of(start, precision, source)
        except (ValueError, OverflowError):
            continue
    return None


def _instant(parts: dict[str, str | None]) -> tuple[datetime, Precision]:
    """Start and precision; ValueError when the numbers are no date."""
    year, month, day = _whole(parts["year"]), _month(parts["month"]), _whole(parts["day"] or "1")
    midnight = datetime(year, month, day, tzinfo=_zone(parts.get("zone")))
    if parts.get("hour") is None:
        return midnight.replace(tzinfo=SHANGHAI), "day" if parts["day"] else "month"
    clock = timedelta(hours=_hour(parts), minutes=_sixty(parts.get("minute")), seconds=_sixty(parts.get("second")))
    micros = timedelta(microseconds=int((parts.get("fraction") or "0").ljust(6, "0")[:6]))
    precision = "second" if parts.get("second") else "minute" if parts.get("minute") else "hour"
    return (midnight + clock + micros).astimezone(SHANGHAI), cast(Precision, precision)


def _whole(words: str | None) -> int:
    value = number(words or "")
    if value is None:
        raise ValueError(f"no number: {words}")
    return value


def _month(words: str | None) -> int:
    return _MONTHS.index(words) + 1 if words in _MONTHS else _whole(words)


def _sixty(digits: str | None) -> int:
    value = 30 if digits == "半" else int(digits or 0)
    if value > 59:
        raise ValueError(f"no minute or second: {digits}")
    return value


def _hour(parts: dict[str, str | None]) -> int:
    """The hour 0–24 (24:00 is the next midnight), 12-hour clocks resolved."""
    hour, half = int(parts["hour"] or 0), (parts.get("half") or parts.get("after") or "").lower()
    if hour > 24:
        raise ValueError(f"no hour: {hour}")
    if half in ("下午", "晚上", "晚间") or half.startswith("p"):
        return hour + 12 if hour < 12 else hour
    if half.startswith("a") and hour == 12:
        return 0
    return hour + 12 if half == "中午" and hour <= 2 else hour


def _zone(words: str | None) -> timezone:
    """The offset; none means Asia/Shanghai."""
    if not words:
        return SHANGHAI
    if words in ("Z", "UTC", "GMT"):
        return UTC
    digits = words.removeprefix("GMT").replace(":", "")
    hours, minutes = int(digits[1:3]), int(digits[3:] or 0)
    return timezone((1 if digits[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
