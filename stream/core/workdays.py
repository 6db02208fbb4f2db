"""Working days: the State Council's calendar as `chinese_calendar` keeps it, and days off that only one region has.

Local statutory days off (广西 三月三, 西藏 雪顿节 …) close the offices of one region; its government sets them year by
year. It is a calendar of offices: it says nothing about persons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import chinese_calendar
from chinese_calendar.constants import holidays
from msgspec import Struct

from stream.core.rules import Verify, region_prefix

FIRST_YEAR = min(holidays).year
LAST_YEAR = max(holidays).year
# The notice of the next year may still change these days: those of 2007, 2008, 2012 and 2019 did.
LAST_CERTAIN = date(LAST_YEAR, 12, 28)
NOTICE_DAYS = 60


class CalendarUnpublished(Exception):
    """The working calendar of that year is not published (or not kept)."""


class LocalDaysOff(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Days on which the offices within `region` (GB/T 2260) are closed, by `source`; `verify` = how that was checked.
    They are off even where the State Council makes them workdays."""

    region: str
    name: str
    days: tuple[date, ...]
    source: str
    verify: Verify
    enabled: bool = True


class LocalHolidays(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """config/holidays.yaml."""

    entries: tuple[LocalDaysOff, ...] = ()


class Place(Struct, frozen=True, kw_only=True):
    """Where days are counted: a region and the local days off; without a region the national calendar alone."""

    region: str | None = None
    overlay: LocalHolidays | None = None

    def is_working_day(self, day: date) -> bool:
        """Raises CalendarUnpublished."""
        return is_working_day(day, self.region, self.overlay)

    def rest(self, day: date) -> str:
        """Why this is no working day, in Chinese."""
        entry = local_day_off(day, self.region, self.overlay)
        return _national_rest(day) if entry is None else f"地方法定假日（{entry.name}）"


NATIONWIDE = Place()


def is_working_day(day: date, region: str | None = None, overlay: LocalHolidays | None = None) -> bool:
    """Monday to Friday but no holiday, or a make-up workday (调休), and no day off of the region. Raises
    CalendarUnpublished outside the known years: never guessed, whatever the overlay says."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CalendarUnpublished(str(day.year))
    return _is_national_workday(day) and local_day_off(day, region, overlay) is None


# The library looks through all its holidays at each call; there are some 8,500 days to ask about.
@lru_cache(maxsize=16_384)
def _is_national_workday(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))


def local_day_off(day: date, region: str | None, overlay: LocalHolidays | None) -> LocalDaysOff | None:
    """The enabled entry that closes the offices of `region` on that day: its own or one of a region around it."""
    if region is None or overlay is None:
        return None
    for entry in overlay.entries:
        if entry.enabled and day in entry.days and region.startswith(region_prefix(entry.region)):
            return entry
    return None


def calendar_notice(today: date) -> str | None:
    """A Chinese line from 60 days before the published calendar ends: beyond it due dates are null."""
    left = (date(LAST_YEAR, 12, 31) - today).days
    if left > NOTICE_DAYS:
        return None
    ending = f"还剩 {left} 天" if left >= 0 else "已经用完"
    return (
        f"工作日历只到 {LAST_YEAR}-12-31（{ending}），之后的工作日期限算不出；"
        "国务院办公厅公布次年放假安排后，请升级 chinesecalendar"
    )


@lru_cache(maxsize=16_384)
def _national_rest(day: date) -> str:
    _, name = chinese_calendar.get_holiday_detail(day)
    return "法定节假日或调休" if name else "周末"


def problems(overlay: LocalHolidays) -> list[str]:
    """Every fault of config/holidays.yaml as 「place：fault；remedy」; empty = sound."""
    return [f"$.entries[{index}]（{entry.name}）.{fault}"
            for index, entry in enumerate(overlay.entries) for fault in _faults(entry)]  # fmt: skip


def _faults(entry: LocalDaysOff) -> Iterator[str]:
    if not re.fullmatch(r"[1-9]\d{5}", entry.region):
        yield f"region：`{entry.region}` 不是 6 位行政区划代码；请改正"
    if not entry.name.strip() or not entry.source.strip():
        yield "source：缺名称或依据；请补上放假通知的名称和文号"
    if not entry.days or len(set(entry.days)) != len(entry.days):
        yield "days：为空或有重复；请逐日写明放假日期"
    if entry.enabled and entry.verify == "memory":
        yield "enabled：凭记忆、未经核实的放假日期不能启用；核对通知后改写 verify，或写 enabled: false"
