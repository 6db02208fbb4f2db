"""parse_published and numbers: every form that rows, pages and feeds hold."""

from datetime import datetime, timedelta

import pytest

from stream.core.intervals import SHANGHAI
from stream.reading.numerals import narrow, number
from stream.reading.times import parse_published

SECOND = (
    "2019/4/25 9:32:09",
    "2019-04-25T09:32:09+08:00",
    "2019-04-25T01:32:09Z",
    "2019-04-24T20:32:09-05:00",
    "２０１９年４月２５日　９：３２：０９",
    "二〇一九年四月二十五日 9:32:09",
    "20190425093209",
    "Thu, 25 Apr 2019 01:32:09 GMT",
    "Apr 25, 2019 9:32:09 AM",
    "发布时间：2019-04-25 09:32:09　来源：云川日报",
    1556155929,
    "1556155929",
    1556155929000,
    "1556155929000",
)


@pytest.mark.parametrize("value", SECOND)
def test_forms_known_to_the_second(value: str | int) -> None:
    read = parse_published(value, "row")
    at = datetime(2019, 4, 25, 9, 32, 9, tzinfo=SHANGHAI)
    assert read is not None
    assert (read.earliest, read.latest, read.precision, read.source) == (at, at, "second", "row")


COARSER = (
    ("2019年4月25日 9时32分", "2019-04-25T09:32:00", "2019-04-25T09:32:59", "minute"),
    ("2019-04-25 14:30", "2019-04-25T14:30:00", "2019-04-25T14:30:59", "minute"),
    ("2019年4月25日星期四 下午2:30", "2019-04-25T14:30:00", "2019-04-25T14:30:59", "minute"),
    ("2019年4月25日上午9点半", "2019-04-25T09:30:00", "2019-04-25T09:30:59", "minute"),
    ("2019年4月25日9时", "2019-04-25T09:00:00", "2019-04-25T09:59:59", "hour"),
    ("2019.4.25", "2019-04-25T00:00:00", "2019-04-26T00:00:00", "day"),
    ("20190425", "2019-04-25T00:00:00", "2019-04-26T00:00:00", "day"),
    ("https://yunchuan.example/2019/04/25/a.html", "2019-04-25T00:00:00", "2019-04-26T00:00:00", "day"),
    ("2019-12-31", "2019-12-31T00:00:00", "2020-01-01T00:00:00", "day"),
    ("2019年12月", "2019-12-01T00:00:00", "2020-01-01T00:00:00", "month"),
    ("2019-12", "2019-12-01T00:00:00", "2020-01-01T00:00:00", "month"),
    ("2019-04-25 24:00", "2019-04-26T00:00:00", "2019-04-26T00:00:59", "minute"),
    ("2019-04-25 09:70", "2019-04-25T00:00:00", "2019-04-26T00:00:00", "day"),
)


@pytest.mark.parametrize(("value", "earliest", "latest", "precision"), COARSER)
def test_a_coarse_time_stands_for_its_whole_unit(value: str, earliest: str, latest: str, precision: str) -> None:
    read = parse_published(value, "page")
    assert read is not None and read.earliest is not None
    assert (read.earliest.isoformat(), read.latest.isoformat()) == (f"{earliest}+08:00", f"{latest}+08:00")
    assert read.precision == precision


def test_a_fraction_of_a_second_is_kept() -> None:
    read = parse_published("2019-04-25T09:32:09.5+08:00", "feed")
    assert read is not None
    assert read.latest - datetime(2019, 4, 25, 9, 32, 9, tzinfo=SHANGHAI) == timedelta(milliseconds=500)


UNREADABLE = (
    None,
    "",
    "昨天",
    "hello",
    "2019-02-30",
    "2019-13-01 10:00",
    "版本 2019.4",
    float("nan"),
    float("inf"),
    -1,
)


@pytest.mark.parametrize("value", [*UNREADABLE, True, 12, "9" * 5000, "\x00\ud800", 10**400])
def test_the_unreadable_gives_none(value: str | float | None) -> None:
    assert parse_published(value, "row") is None


def test_only_the_start_of_a_huge_cell_is_read() -> None:
    assert parse_published("x" * 10_000_000 + "2019-04-25", "row") is None


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("12", 12), ("12,300", 12300), ("三十二", 32), ("十", 10), ("百", 100), ("两百", 200), ("三百零五", 305),
        ("1.2万", 12000),
        ("一千二百万", 12_000_000), ("3亿", 300_000_000), ("二〇一九", 2019), ("三四", 3), ("双", 2),
        ("", None), ("人", None),
        ("1.x万", None), ("1" * 40, None), ("万", 10000),
    ],
)  # fmt: skip
def test_numbers_as_chinese_texts_write_them(words: str, value: int | None) -> None:
    assert number(words) == value


def test_narrowing_keeps_every_offset() -> None:
    wide = "１２时３０分：云川"
    assert narrow(wide) == "12时30分:云川"
    assert len(narrow(wide)) == len(wide)
