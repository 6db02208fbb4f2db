"""A table of phrases: what each says of when it happened, in our own words. Report times and places are invented."""

from __future__ import annotations

import time

import pytest

from stream.core.intervals import StatedInterval
from stream.reading.conferences import held_at
from stream.reading.occurrence import occurred
from stream.reading.times import parse_published

# Tuesday 18 April 2023, in the evening, unless a row says otherwise.
REPORT = "2023-04-18 20:00:00"
FIRE = "，云溪市一厂房起火。"
MINUTE, HOUR, PART, DAY = "minute", "hour", "part_of_day", "day"

# words before FIRE | earliest | latest (MM-DD HH:MM:SS) | precision | inference
CLOCKS = (
    ("2023年4月18日12时50分", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "stated"),
    ("2023年4月18日12时50分许", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "stated"),
    ("2023 年 4 月 18 日 12 时 50 分左右", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "stated"),
    ("2023年4月18日（星期二）上午10时", "04-18 10:00:00", "04-18 10:59:59", HOUR, "stated"),
    ("2023-04-18 12:50", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "stated"),
    ("2023/4/18 12:50:30", "04-18 12:50:30", "04-18 12:50:30", "second", "stated"),
    ("二〇二三年四月十八日十二时五十分", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "stated"),
    ("4月18日12时50分前后", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "year_from_report"),
    ("4月18日12时02分36秒", "04-18 12:02:36", "04-18 12:02:36", "second", "year_from_report"),
    ("４月１８日１２时３０分", "04-18 12:30:00", "04-18 12:30:59", MINUTE, "year_from_report"),
    ("４月１８日１２：３０", "04-18 12:30:00", "04-18 12:30:59", MINUTE, "year_from_report"),
    ("四月十八日十二时五十分", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "year_from_report"),
    ("4月18日下午三点半", "04-18 15:30:00", "04-18 15:30:59", MINUTE, "year_from_report"),
    ("4月18日下午两点一刻", "04-18 14:15:00", "04-18 14:15:59", MINUTE, "year_from_report"),
    ("4月18日下午2点三刻", "04-18 14:45:00", "04-18 14:45:59", MINUTE, "year_from_report"),
    ("4月18日下午2点3刻", "04-18 14:45:00", "04-18 14:45:59", MINUTE, "year_from_report"),
    ("4月18日下午2点钟", "04-18 14:00:00", "04-18 14:59:59", HOUR, "year_from_report"),
    ("4月18日14时许", "04-18 14:00:00", "04-18 14:59:59", HOUR, "year_from_report"),
    ("4月18日14点左右", "04-18 14:00:00", "04-18 14:59:59", HOUR, "year_from_report"),
    ("4月18日下午1点多", "04-18 13:00:00", "04-18 13:59:59", HOUR, "year_from_report"),
    ("4月18日13时30多分", "04-18 13:30:00", "04-18 13:39:59", MINUTE, "year_from_report"),
    ("4月18日13时40余分", "04-18 13:40:00", "04-18 13:49:59", MINUTE, "year_from_report"),
    ("4月18日北京时间12时50分", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "year_from_report"),
    ("北京时间4月18日12时50分", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "year_from_report"),
    ("18号12点50分，2号线", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "month_from_report"),
    ("4月18日下午3点一辆货车侧翻", "04-18 15:00:00", "04-18 15:59:59", HOUR, "year_from_report"),
    ("4月18日八点十分", "04-18 08:10:00", "04-18 08:10:59", MINUTE, "year_from_report"),
    ("4月18号12点50分", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "year_from_report"),
    ("18日12时50分", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "month_from_report"),
    ("18日12:50", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "month_from_report"),
    ("十八日中午十二时许", "04-18 12:00:00", "04-18 12:59:59", HOUR, "month_from_report"),
    ("本月18日12时", "04-18 12:00:00", "04-18 12:59:59", HOUR, "month_from_report"),
    ("12时50分许", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "day_from_report"),
    ("下午3点", "04-18 15:00:00", "04-18 15:59:59", HOUR, "day_from_report"),
    ("4月18日零时15分", "04-18 00:15:00", "04-18 00:15:59", MINUTE, "year_from_report"),
    ("4月18日〇时", "04-18 00:00:00", "04-18 00:59:59", HOUR, "year_from_report"),
    ("4月18日0时许", "04-18 00:00:00", "04-18 00:59:59", HOUR, "year_from_report"),
    ("4月17日24时许", "04-18 00:00:00", "04-18 00:59:59", HOUR, "year_from_report"),
    ("4月17日晚12点", "04-18 00:00:00", "04-18 00:59:59", HOUR, "year_from_report"),
    ("4月18日凌晨12点半", "04-18 00:30:00", "04-18 00:30:59", MINUTE, "year_from_report"),
    ("4月17日深夜1点", "04-18 01:00:00", "04-18 01:59:59", HOUR, "year_from_report"),
    ("4月17日夜里11点", "04-17 23:00:00", "04-17 23:59:59", HOUR, "year_from_report"),
    ("4月18日中午1点", "04-18 13:00:00", "04-18 13:59:59", HOUR, "year_from_report"),
    ("4月18日中午12点半", "04-18 12:30:00", "04-18 12:30:59", MINUTE, "year_from_report"),
    ("4月17日晚8时许", "04-17 20:00:00", "04-17 20:59:59", HOUR, "year_from_report"),
    ("4月17日晚八点多", "04-17 20:00:00", "04-17 20:59:59", HOUR, "year_from_report"),
    ("4月18日早6点", "04-18 06:00:00", "04-18 06:59:59", HOUR, "year_from_report"),
    ("4月18日早7时20分", "04-18 07:20:00", "04-18 07:20:59", MINUTE, "year_from_report"),
    ("4月18日上午12点", "04-18 12:00:00", "04-18 12:59:59", HOUR, "year_from_report"),
    ("4月18日下午15时", "04-18 15:00:00", "04-18 15:59:59", HOUR, "year_from_report"),
    ("4月18日的12时50分", "04-18 12:50:00", "04-18 12:50:59", MINUTE, "year_from_report"),
)
PARTS_OF_DAY = (
    ("4月18日凌晨", "04-18 00:00:00", "04-18 06:00:00", PART, "year_from_report+part_of_day"),
    ("4月18日清晨", "04-18 05:00:00", "04-18 07:00:00", PART, "year_from_report+part_of_day"),
    ("4月18日上午", "04-18 06:00:00", "04-18 12:00:00", PART, "year_from_report+part_of_day"),
    ("4月18日中午", "04-18 11:00:00", "04-18 13:00:00", PART, "year_from_report+part_of_day"),
    ("4月18日下午", "04-18 12:00:00", "04-18 18:00:00", PART, "year_from_report+part_of_day"),
    ("4月18日傍晚", "04-18 17:00:00", "04-18 19:00:00", PART, "year_from_report+part_of_day"),
    ("4月17日晚", "04-17 18:00:00", "04-18 00:00:00", PART, "year_from_report+part_of_day"),
    ("4月17日晚上", "04-17 18:00:00", "04-18 00:00:00", PART, "year_from_report+part_of_day"),
    ("4月17日夜间", "04-17 18:00:00", "04-18 00:00:00", PART, "year_from_report+part_of_day"),
    ("4月18日晚", "04-18 18:00:00", "04-18 20:00:00", PART, "year_from_report+part_of_day+cut_at_report"),
    ("今晨", "04-18 05:00:00", "04-18 09:00:00", PART, "relative_day+part_of_day"),
    ("中午", "04-18 11:00:00", "04-18 13:00:00", PART, "day_from_report+part_of_day"),
    ("今天上午", "04-18 06:00:00", "04-18 12:00:00", PART, "relative_day+part_of_day"),
    ("今日凌晨", "04-18 00:00:00", "04-18 06:00:00", PART, "relative_day+part_of_day"),
    ("今（18）日上午", "04-18 06:00:00", "04-18 12:00:00", PART, "month_from_report+part_of_day"),
    ("当日中午", "04-18 11:00:00", "04-18 13:00:00", PART, "day_from_report+part_of_day"),
    ("昨晚", "04-17 18:00:00", "04-18 00:00:00", PART, "relative_day+part_of_day"),
    ("昨夜", "04-17 18:00:00", "04-18 00:00:00", PART, "relative_day+part_of_day"),
    ("前晚", "04-16 18:00:00", "04-17 00:00:00", PART, "relative_day+part_of_day"),
    ("前天夜里", "04-16 18:00:00", "04-17 00:00:00", PART, "relative_day+part_of_day"),
    ("周日晚", "04-16 18:00:00", "04-17 00:00:00", PART, "weekday+part_of_day"),
    ("上周五晚", "04-14 18:00:00", "04-15 00:00:00", PART, "weekday+part_of_day"),
)
DAYS = (
    ("4月18日", "04-18 00:00:00", "04-18 20:00:00", DAY, "year_from_report+cut_at_report"),
    ("4月17日", "04-17 00:00:00", "04-18 00:00:00", DAY, "year_from_report"),
    ("17日", "04-17 00:00:00", "04-18 00:00:00", DAY, "month_from_report"),
    ("30日", "03-30 00:00:00", "03-31 00:00:00", DAY, "month_from_report"),
    ("昨天", "04-17 00:00:00", "04-18 00:00:00", DAY, "relative_day"),
    ("昨日", "04-17 00:00:00", "04-18 00:00:00", DAY, "relative_day"),
    ("昨日（17日）", "04-17 00:00:00", "04-18 00:00:00", DAY, "month_from_report"),
    ("昨天（4月17日）", "04-17 00:00:00", "04-18 00:00:00", DAY, "year_from_report"),
    ("前天", "04-16 00:00:00", "04-17 00:00:00", DAY, "relative_day"),
    ("大前天", "04-15 00:00:00", "04-16 00:00:00", DAY, "relative_day"),
    ("三天前", "04-15 00:00:00", "04-16 00:00:00", DAY, "relative_day"),
    ("12天前", "04-06 00:00:00", "04-07 00:00:00", DAY, "relative_day"),
    ("今日", "04-18 00:00:00", "04-18 20:00:00", DAY, "relative_day+cut_at_report"),
    ("周一", "04-17 00:00:00", "04-18 00:00:00", DAY, "weekday"),
    ("本周一", "04-17 00:00:00", "04-18 00:00:00", DAY, "weekday"),
    ("上周五", "04-14 00:00:00", "04-15 00:00:00", DAY, "weekday"),
    ("上周一", "04-10 00:00:00", "04-11 00:00:00", DAY, "weekday"),
    ("上上周五", "04-07 00:00:00", "04-08 00:00:00", DAY, "weekday"),
    ("星期日", "04-16 00:00:00", "04-17 00:00:00", DAY, "weekday"),
    ("上月30日", "03-30 00:00:00", "03-31 00:00:00", DAY, "month_from_report"),
    ("今年3月5日", "03-05 00:00:00", "03-06 00:00:00", DAY, "year_from_report"),
    ("本月初", "04-01 00:00:00", "04-11 00:00:00", "unknown", "part_of_month"),
    ("4月初", "04-01 00:00:00", "04-11 00:00:00", "unknown", "part_of_month"),
    ("4月中旬", "04-11 00:00:00", "04-18 20:00:00", "unknown", "part_of_month+cut_at_report"),
    ("3月底", "03-21 00:00:00", "04-01 00:00:00", "unknown", "part_of_month"),
    ("2月下旬", "02-21 00:00:00", "03-01 00:00:00", "unknown", "part_of_month"),
    ("上月末", "03-21 00:00:00", "04-01 00:00:00", "unknown", "part_of_month"),
    ("今年3月", "03-01 00:00:00", "04-01 00:00:00", "month", "year_from_report"),
    ("2023年2月份", "02-01 00:00:00", "03-01 00:00:00", "month", "stated"),
)
RANGES = (
    ("4月18日13时至14时", "04-18 13:00:00", "04-18 14:59:59", HOUR, "year_from_report+range"),
    ("4月18日13时30分至14时", "04-18 13:30:00", "04-18 14:59:59", MINUTE, "year_from_report+range"),
    ("4月18日13:00—14:00", "04-18 13:00:00", "04-18 14:00:59", MINUTE, "year_from_report+range"),
    ("4月18日3至5时", "04-18 03:00:00", "04-18 05:59:59", HOUR, "year_from_report+range"),
    ("4月18日下午3点到5点", "04-18 15:00:00", "04-18 17:59:59", HOUR, "year_from_report+range"),
    ("4月17日23时至次日凌晨1时", "04-17 23:00:00", "04-18 01:59:59", HOUR, "year_from_report+range"),
    ("4月17日23时至1时", "04-17 23:00:00", "04-18 01:59:59", HOUR, "year_from_report+range"),
    ("4月16日至17日", "04-16 00:00:00", "04-18 00:00:00", DAY, "year_from_report+range"),
    ("4月16-17日", "04-16 00:00:00", "04-18 00:00:00", DAY, "year_from_report+range"),
    ("16日至17日", "04-16 00:00:00", "04-18 00:00:00", DAY, "month_from_report+range"),
    ("4月17日晚至18日凌晨", "04-17 18:00:00", "04-18 06:00:00", PART, "year_from_report+part_of_day+range"),
    ("昨天下午三四时", "04-17 15:00:00", "04-17 16:59:59", HOUR, "relative_day+range"),
)
ELSEWHERE = (
    ("新疆时间4月18日14时30分", "04-18 16:30:00", "04-18 16:30:59", MINUTE, "year_from_report+xinjiang_time"),
    ("4月18日新疆时间14时30分", "04-18 16:30:00", "04-18 16:30:59", MINUTE, "year_from_report+xinjiang_time"),
    ("4月18日14时30分（新疆时间）", "04-18 16:30:00", "04-18 16:30:59", MINUTE, "year_from_report+xinjiang_time"),
    ("乌鲁木齐时间4月17日23时", "04-18 01:00:00", "04-18 01:59:59", HOUR, "year_from_report+xinjiang_time"),
    ("新疆时间4月18日", "04-18 00:00:00", "04-18 20:00:00", DAY, "year_from_report+cut_at_report"),
    ("4月18日14时30分（北京时间）", "04-18 14:30:00", "04-18 14:30:59", MINUTE, "year_from_report"),
)
PHRASES = (*CLOCKS, *PARTS_OF_DAY, *DAYS, *RANGES, *ELSEWHERE)


def read(text: str, report: str = REPORT) -> StatedInterval | None:
    return occurred("", text, parse_published(report, "row"))


def shown(found: StatedInterval | None) -> tuple[str, str, str, str | None]:
    assert found is not None and found.earliest is not None
    return f"{found.earliest:%m-%d %H:%M:%S}", f"{found.latest:%m-%d %H:%M:%S}", found.precision, found.inference


@pytest.mark.parametrize("row", PHRASES, ids=lambda row: str(PHRASES.index(row)))
def test_a_phrase_becomes_an_interval(row: tuple[str, str, str, str, str]) -> None:
    words, *expected = row
    assert shown(read(words + FIRE)) == tuple(expected)


def test_the_words_are_kept_with_their_qualifier() -> None:
    for words in ("4月18日12时50分许", "4月18日14点左右", "4月18日下午1点多", "4月17日23时至次日凌晨1时"):
        found = read(words + FIRE)
        assert found is not None and found.text == words


OTHER_REPORTS = (
    # words, report, earliest
    ("12月30日", "2023-01-02 09:00:00", "2022-12-30 00:00"),
    ("12月30日23时", "2023-01-02", "2022-12-30 23:00"),
    ("1月2日", "2023-01-02 09:00:00", "2023-01-02 00:00"),
    ("31日", "2023-01-02", "2022-12-31 00:00"),
    ("31日", "2023-03-01", "2023-01-31 00:00"),
    ("30日晚", "2023-03-02", "2023-01-30 18:00"),
    ("28日", "2023-03-01", "2023-02-28 00:00"),
    ("2月29日", "2024-03-01", "2024-02-29 00:00"),
    ("去年12月30日", "2023-01-02", "2022-12-30 00:00"),
    ("今年1月1日", "2023-01-02", "2023-01-01 00:00"),
    ("上月30日", "2023-01-02", "2022-12-30 00:00"),
    ("上月底", "2023-01-02", "2022-12-21 00:00"),
    ("去年12月", "2023-01-02", "2022-12-01 00:00"),
    ("昨晚11点", "2023-01-01 08:00:00", "2022-12-31 23:00"),
    ("上周五", "2023-01-01", "2022-12-23 00:00"),  # a Sunday: the Friday of the week before, not two days ago
    ("周五", "2023-01-01", "2022-12-30 00:00"),
    ("23时50分", "2023-04-19 00:20:00", "2023-04-18 23:50"),  # a clock ahead of the report is the day before's
    ("当晚11时", "2023-04-19 00:20:00", "2023-04-18 23:00"),
    ("云溪4月17日电 昨天", "2023-04-18 20:00:00", "2023-04-16 00:00"),  # counted from the dateline
    ("云溪网4月17日云溪讯 昨晚9时", "2023-04-18 20:00:00", "2023-04-16 21:00"),
)


@pytest.mark.parametrize(("words", "report", "earliest"), OTHER_REPORTS)
def test_days_count_from_the_report_or_its_dateline(words: str, report: str, earliest: str) -> None:
    found = read(words + FIRE, report)
    assert found is not None and found.earliest is not None
    assert f"{found.earliest:%Y-%m-%d %H:%M}" == earliest


SEVERAL = (
    # several times in one text: which one is the event's
    ("4月18日，云溪市举行演练。当日14时20分许，一厂房起火。", "04-18 14:20", "day_from_text"),
    ("4月16日，一货车停在路边。次日凌晨2时，货车突然起火。", "04-17 02:00", "day_from_text"),
    ("4月16日22时，工人下班。第二天3时许，厂房起火。", "04-17 03:00", "day_from_text"),
    ("4月18日12时50分许，一厂房起火。13时40分，明火被扑灭。截至18时，已造成3人死亡。", "04-18 12:50", None),
    ("截至4月18日18时，事故已造成3人死亡。事故发生在4月17日22时10分。", "04-17 22:10", None),
    ("4月18日17时，市政府召开发布会。4月18日12时50分许，一厂房起火。", "04-18 12:50", None),
    ("2021年5月6日，该厂曾发生火灾。今天14时，该厂再次起火。", "04-18 14:00", None),
    ("2022年4月3日，该厂曾因火灾被罚。4月18日2时，该厂起火。", "04-18 02:00", None),
    ("记者4月18日从云溪市应急管理局获悉，4月17日23时许，一厂房起火。", "04-17 23:00", None),
    ("4月18日，云溪市一厂房起火。起火时间为12时50分许。", "04-18 12:50", None),
    ("云溪市将于4月20日开展检查。4月18日2时，一厂房起火。", "04-18 02:00", None),
    ("4月18日云溪电厂起火。", "04-18 00:00", None),
    ("4月18日，云溪学院发布情况说明：4月11日下午两名学生冲突致一人身亡。", "04-11 12:00", None),
    ("4月18日，云溪市公安局通报：昨日9时，一男子持刀伤人。", "04-17 09:00", None),
    ("4月17日，云溪的吴女士向@云溪晚报 反映，其17岁的女儿于2月20日晚上遭遇车祸。", "02-20 18:00", None),
    ("4月18日，吴女士向云溪晚报记者反映，其女儿于2月20日晚上遭遇车祸。", "02-20 18:00", None),
    ("死者今年35岁，2019年3月5日入职。4月18日2时，一厂房起火致其死亡。", "04-18 02:00", None),
)


@pytest.mark.parametrize(("text", "earliest", "inference"), SEVERAL)
def test_of_several_times_the_events_own_is_read(text: str, earliest: str, inference: str | None) -> None:
    found = read(text)
    assert found is not None and found.earliest is not None
    assert f"{found.earliest:%m-%d %H:%M}" == earliest
    assert inference is None or found.inference == inference


CALLS = (
    # text, earliest (None: open), latest, last rule
    ("4月18日12时57分，119指挥中心接到报警，一厂房起火。", "04-18 11:57:00", "04-18 12:57:59", "alarm_call"),
    ("4月18日12时57分接报，云溪市一厂房起火。", "04-18 11:57:00", "04-18 12:57:59", "alarm_call"),
    ("4月18日12时57分许，云溪市消防接警称一厂房起火。", "04-18 11:57:00", "04-18 12:57:59", "alarm_call"),
    ("4月18日12时57分，派出所接群众报警，一厂房起火。", "04-18 11:57:00", "04-18 12:57:59", "alarm_call"),
    ("4月18日12时57分，县应急管理局接到报告，一矿井坍塌。", None, "04-18 12:57:59", "report_to_authority"),
    ("4月18日9时，云溪警方接到报案，一男子被刺伤。", None, "04-18 09:59:59", "report_to_authority"),
    ("4月18日，一厂房起火。12时57分，消防接到报警。", "04-18 11:57:00", "04-18 12:57:59", "alarm_call"),
    ("4月18日12时许，一厂房起火。12时20分，消防接到报警。", "04-18 12:00:00", "04-18 12:20:59", "alarm_call"),
    ("4月18日12时57分，消防接到报警。起火时间为12时50分许。", "04-18 12:50:00", "04-18 12:50:59", "day_from_text"),
    ("4月18日12时57分，消防接到报警，一厂房起火。15时，厂房爆炸。", "04-18 11:57:00", "04-18 12:57:59", "alarm_call"),
    ("4月18日12时50分，一厂房起火，记者接报赶往现场。", "04-18 12:50:00", "04-18 12:50:59", "year_from_report"),
    ("4月18日12时50分，云溪市发生地震，尚未接到伤亡报告。", "04-18 12:50:00", "04-18 12:50:59", "year_from_report"),
)


@pytest.mark.parametrize(("text", "earliest", "latest", "rule"), CALLS)
def test_a_call_bounds_the_event_from_above(text: str, earliest: str | None, latest: str, rule: str) -> None:
    found = read(text)
    assert found is not None and found.inference is not None
    assert (found.earliest and f"{found.earliest:%m-%d %H:%M:%S}") == earliest
    assert f"{found.latest:%m-%d %H:%M:%S}" == latest
    assert found.inference.split("+")[-1] == rule


@pytest.mark.parametrize("word", ["近日", "日前", "近期", "前不久", "前几天", "数日前"])
def test_recently_bounds_from_above_alone(word: str) -> None:
    found = read(word + FIRE)
    assert found is not None
    assert (found.earliest, found.latest.isoformat(), found.precision) == (None, "2023-04-18T20:00:00+08:00", "unknown")
    assert (found.text, found.inference) == (word, "recently")


@pytest.mark.parametrize(
    "text",
    [
        "4月18日，云溪警方通报男子坠楼身亡事件。", "4月18日，记者获悉，云溪一对兄妹被蜂蜇伤致死。",
        "4月18日，记者从云溪市应急管理局了解到，一厂房起火。", "4月18日，官方通报地铁撞人事件。",
    ],
)  # fmt: skip
def test_the_day_of_an_announcement_bounds_from_above_alone(text: str) -> None:
    found = read(text)
    assert found is not None and found.inference is not None
    assert (found.earliest, found.inference.split("+")[-1]) == (None, "announced")
    assert f"{found.latest:%m-%d %H:%M}" == "04-18 20:00"


NOTHING = (
    "截至18时，事故已造成3人死亡。", "截至4月18日18时，火灾已造成3人死亡。", "截止到昨日18时，火灾已造成3人死亡。",
    "将于4月18日召开会议。", "预计今天18时起火势减弱。", "明天上午10时将进行演练。", "明晚开展消防检查。",
    "99时起火。", "13月45日起火。", "2月30日起火。", "4月18日25时61分。", "第3日报告。", "3日内完成整改。",
    "4月30日前完成火灾隐患整改。", "比分3:0。", "有以下三点要求。", "发生一起火灾，差一点伤人。", "住了五晚。",
    "附近日常有火灾演练。", "事发当天，厂房起火。", "下周五将进行火灾演练。", "2010年6月起禁用。",
    "本月25日起施行。", "可能于明天中午到晚上起火。", "地铁2号线起火。", "防御18号台风时厂房起火。", "3号楼起火。",
    "12号超强台风登陆，厂房倒塌。", "7号码头起火。", "5号井发生透水事故。",
)  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_what_dates_no_event_gives_none(text: str) -> None:
    found = read(text)
    assert found is None or found.text == "4月18日"


HOSTILE = (
    "9" * 1_000_000 + "日12时50分", "9" * 1_000_000, "4月" * 300_000, "12时" * 300_000, "一" * 1_000_000,
    "截至" * 300_000, "至" * 500_000, "4月18日至" * 100_000, "12:" * 300_000, "昨" * 500_000, " " * 1_000_000,
    "（4月" * 200_000, "十二时五十" * 100_000, "\x00\ud800" * 100_000, "3天前" * 200_000, "上上周" * 200_000,
    "接到" * 300_000, "4月18日12时57分，" + "某" * 1_000_000 + "接到报警", "召开" * 300_000,
    "将" * 500_000 + "召开发布会",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_takes_bounded_time(text: str) -> None:
    anchor = parse_published(REPORT, "row")
    begun = time.process_time()
    occurred(text, text, anchor)
    held_at(text, text, anchor)
    assert time.process_time() - begun < 1.0


def test_every_phrase_survives_reading_without_a_report_time() -> None:
    dated = [row[0] for row in PHRASES if occurred("", row[0] + FIRE, None) is not None]
    assert dated == [row[0] for row in PHRASES if row[4].startswith("stated")]


HELD = (
    # text, report, earliest, latest
    ("4月19日上午10时，云溪市政府新闻办召开新闻发布会。", "2023-04-19 11:00", "19 10:00:00", "19 10:59:59"),
    ("19日中午，云溪市召开情况通报会，介绍18日火灾。", "2023-04-19 18:00", "19 11:00:00", "19 13:00:00"),
    ("今天下午3点，云溪市举行新闻通报会。", "2023-04-19 18:00", "19 15:00:00", "19 15:59:59"),
    ("今天下午3点，云溪市举行新闻通报会。", "2023-04-19 15:20:00", "19 15:00:00", "19 15:20:00"),
    ("昨日，一厂房起火，今天15时，市政府召开新闻发布会。", "2023-04-19 18:00", "19 15:00:00", "19 15:59:59"),
    ("4月18日12时50分，一厂房起火。19日10时30分，云溪市召开发布会。", "2023-04-19 18:00", "19 10:30:00", "19 10:30:59"),
    ("新闻发布会于19日12时举行。", "2023-04-19 18:00", "19 12:00:00", "19 12:59:59"),
    ("记者19日从云溪市10时召开的新闻发布会上获悉。", "2023-04-19 18:00", "19 10:00:00", "19 10:59:59"),
    (
        "火灾新闻发布会实录\n时间：2023年4月19日（星期三）上午10时\n地点：云溪",
        "2023-04-20",
        "19 10:00:00",
        "19 10:59:59",
    ),
    ("4月18日晚，云溪市召开火灾事故通气会。", "2023-04-19 18:00", "18 18:00:00", "19 00:00:00"),
    ("19日，云溪市召开发布会。发布会于10时开始。", "2023-04-19 18:00", "19 10:00:00", "19 10:59:59"),
)
NOT_HELD = (
    ("云溪市将于4月19日上午10时召开新闻发布会。", "2023-04-19 18:00"),
    ("4月19日上午10时将召开新闻发布会。", "2023-04-19 08:00"),
    ("定于今天下午3点举行新闻发布会。", "2023-04-19 18:00"),
    ("今天下午3点召开新闻发布会。", "2023-04-19 10:00"),  # ahead of its report
    ("15时召开新闻发布会。", "2023-04-19 10:00"),
    ("云溪市就18日12时50分发生的火灾召开新闻发布会。", "2023-04-19 18:00"),
    ("4月18日12时50分，一厂房发生火灾，市政府召开新闻发布会。", "2023-04-19 18:00"),
    ("新闻发布会上，市长道歉。", "2023-04-19 18:00"),
    ("截至19日10时，已造成3人死亡，市政府召开新闻发布会。", "2023-04-19 18:00"),
)


@pytest.mark.parametrize(("text", "report", "earliest", "latest"), HELD)
def test_the_start_of_a_conference_is_read(text: str, report: str, earliest: str, latest: str) -> None:
    found = held_at("", text, parse_published(report, "row"))
    assert found is not None and found.earliest is not None
    assert (f"{found.earliest:%d %H:%M:%S}", f"{found.latest:%d %H:%M:%S}") == (earliest, latest)
    assert found.text and found.inference and found.source == "text"


@pytest.mark.parametrize(("text", "report"), NOT_HELD)
def test_what_is_no_start_of_a_conference(text: str, report: str) -> None:
    assert held_at("", text, parse_published(report, "row")) is None
