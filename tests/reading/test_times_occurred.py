"""occurred: when the incident happened, from words and the time of the report."""

import pytest

from stream.reading.occurrence import occurred
from stream.reading.times import parse_published

WORDS = (
    # text, report, earliest, latest
    ("4月18日12时50分许，一厂房起火。", "2023-04-18 15:00", "2023-04-18 12:50:00", "2023-04-18 12:50:59"),
    ("昨天下午1点多，两车相撞。", "2023-04-18", "2023-04-17 13:00:00", "2023-04-17 13:59:59"),
    ("今晨，一居民楼起火。", "2023-04-18 10:00", "2023-04-18 05:00:00", "2023-04-18 09:00:00"),
    ("中午，一辆货车侧翻。", "2023-04-18 18:00", "2023-04-18 11:00:00", "2023-04-18 13:00:00"),
    ("12月30日晚，一仓库失火。", "2023-01-02", "2022-12-30 18:00:00", "2022-12-31 00:00:00"),
    ("30日凌晨，一仓库失火。", "2023-05-02", "2023-04-30 00:00:00", "2023-04-30 06:00:00"),
    ("昨夜11时20分，桥梁垮塌。", "2023-05-02", "2023-05-01 23:20:00", "2023-05-01 23:20:59"),
    ("前天夜里10点半，一男子落水溺亡。", "2023-05-03", "2023-05-01 22:30:00", "2023-05-01 22:30:59"),
    ("今年3月5日8时许，煤矿发生透水事故。", "2023-05-02", "2023-03-05 08:00:00", "2023-03-05 08:59:59"),
    ("去年12月3日，煤矿发生透水事故。", "2023-05-02", "2022-12-03 00:00:00", "2022-12-04 00:00:00"),
    ("周三下午，多名儿童呕吐。", "2023-05-05", "2023-05-03 12:00:00", "2023-05-03 18:00:00"),
    ("二十六日晚七时许，两车相撞。", "2023-05-27", "2023-05-26 19:00:00", "2023-05-26 19:59:59"),
    ("昨日（5月6日）凌晨1时许，一民房起火。", "2023-05-07", "2023-05-06 01:00:00", "2023-05-06 01:59:59"),
    ("凌晨5点30多分，数人呕吐。", "2023-05-07 09:00", "2023-05-07 05:30:00", "2023-05-07 05:39:59"),
    ("昨天下午三四时，多人呕吐。", "2023-05-07", "2023-05-06 15:00:00", "2023-05-06 16:59:59"),
    ("５月２日７时４０分，两车相撞。", "2023-05-07", "2023-05-02 07:40:00", "2023-05-02 07:40:59"),
)


@pytest.mark.parametrize(("text", "report", "earliest", "latest"), WORDS)
def test_words_become_intervals(text: str, report: str, earliest: str, latest: str) -> None:
    read = occurred("", text, parse_published(report, "row"))
    assert read is not None and read.earliest is not None
    assert (f"{read.earliest:%Y-%m-%d %H:%M:%S}", f"{read.latest:%Y-%m-%d %H:%M:%S}") == (earliest, latest)
    assert read.text and read.source == "text"


CHOICES = (
    # which of several expressions is the event's
    ("记者5月3日从云川应急局获悉，5月2日7时10分，一工地发生坍塌。", "05-02 07:10"),
    ("5月3日8时，记者赶到现场。据了解，5月2日22时许，该厂房突发大火。", "05-02 22:00"),
    ("将于5月8日召开发布会。5月2日，一工地发生坍塌。", "05-02 00:00"),
    ("5月2日上午，云川发生火灾。据悉，起火时间为9时40分许。", "05-02 09:40"),
    ("5月2日，云川发生火灾。14时大火被扑灭。", "05-02 00:00"),
    ("救灾机构2日说，遇难人数已升至12人。地震发生于5月1日17时02分。", "05-01 17:02"),
    ("云川晚报5月2日讯 昨晚，一货车侧翻。", "05-01 18:00"),
    ("2015年8月12日，外地曾有爆炸。5月2日6时，云川一化工厂发生爆炸。", "05-02 06:00"),
)


@pytest.mark.parametrize(("text", "earliest"), CHOICES)
def test_the_time_of_the_event_is_told_from_others(text: str, earliest: str) -> None:
    read = occurred("", text, parse_published("2023-05-03 18:00", "row"))
    assert read is not None and read.earliest is not None
    assert f"{read.earliest:%m-%d %H:%M}" == earliest


def test_a_range_of_clocks_is_one_interval() -> None:
    read = occurred("", "2日上午9时许至下午4时，多名学生呕吐。", parse_published("2023-05-03", "row"))
    assert read is not None and read.earliest is not None
    assert (read.earliest.hour, read.latest.hour, read.latest.day) == (9, 16, 2)


@pytest.mark.parametrize(
    "text",
    ["截至18时，事故已造成3人死亡。", "五一期间客流3日内恢复。", "9" * 3000 + "日", "2月30日发生火灾。", "比分3:0。"],
)
def test_what_is_no_occurrence_gives_none(text: str) -> None:
    assert occurred("", text, parse_published("2023-04-18 19:00", "row")) is None


def test_recently_bounds_only_from_above() -> None:
    anchor = parse_published("2023-04-18 19:00:00", "row")
    read = occurred("", "近日，一辆货车侧翻。", anchor)
    assert read is not None and anchor is not None
    assert (read.earliest, read.latest, read.precision) == (None, anchor.latest, "unknown")


def test_nothing_reported_lies_after_its_report() -> None:
    read = occurred("", "当日中午12时17分，两车相撞。", parse_published("2023-05-03 08:43", "row"))
    assert read is not None and read.earliest is not None
    assert f"{read.earliest:%m-%d %H}" == "05-02 12"


def test_without_a_report_time_only_complete_dates_are_read() -> None:
    complete = occurred("", "2023年5月2日零时15分，发生追尾事故。", None)
    assert complete is not None and complete.earliest is not None
    assert f"{complete.earliest:%Y-%m-%d %H:%M}" == "2023-05-02 00:15"
    assert occurred("", "昨天发生追尾事故。", None) is None


@pytest.mark.parametrize(
    ("text", "abroad", "hour"),
    [
        ("新疆时间14时30分，发生地震。", None, 16),
        ("北京时间14时30分，发生地震。", None, 14),
        ("当地时间2日10时30分，发生爆炸。", "埃及", 16),
        ("2日10时30分，发生爆炸。", "日本", 9),
        ("北京时间2日10时30分，发生爆炸。", "埃及", 10),
    ],
)
def test_other_clocks_are_moved_to_shanghai_time(text: str, abroad: str | None, hour: int) -> None:
    read = occurred("", text, parse_published("2023-05-02 18:00", "row"), abroad)
    assert read is not None and read.earliest is not None
    assert (read.earliest.hour, read.earliest.minute) == (hour, 30)
