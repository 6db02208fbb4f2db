"""The words of alerts: harmless whatever a title holds, and never more than was ruled."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.core.alert_texts import (
    REASONS,
    TITLE_LIMIT,
    VERDICTS,
    due_words,
    left_words,
    plain,
    reason_words,
    spoken,
    where_words,
)
from stream.core.cases import Due, Verdict
from stream.core.intervals import SHANGHAI
from stream.core.reasons import REASONS as NAMED

AT = datetime(2026, 3, 2, 15, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("crawled", "shown"),
    [
        ("霁川市一工厂起火", "霁川市一工厂起火"),
        ("起火\x00\x1b[31m红\r\n换行\t制表", "起火 ［31m红 换行 制表"),
        ("反向\u202e文字\u200b零宽\ud800", "反向 文字 零宽"),
        ("@all 请看 <@everyone> <at id=all>", "＠all 请看 ＜＠everyone＞ ＜at id＝all＞"),
        ("**粗** _斜_ `码` # 标题 [链](a)", "＊＊粗＊＊ ＿斜＿ ｀码｀ ＃ 标题 ［链］（a）"),
        ("点 https://evil.example/x?a=1 领奖", "点 〔链接〕 领奖"),
        ("看 www.evil.example 和 evil.example/p", "看 〔链接〕 和 〔链接〕"),
        ("javascript://%0aalert(1)", "〔链接〕"),
        ("发生5.2级地震，3.15晚会", "发生5.2级地震，3.15晚会"),
        ("{{7*7}} ${x}", "｛｛7＊7｝｝ ＄｛x｝"),
    ],
)
def test_a_title_is_made_harmless(crawled: str, shown: str) -> None:
    assert plain(crawled) == shown


@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_brings_control_characters_markup_or_mentions(crawled: str) -> None:
    shown = plain(crawled)
    assert len(shown) <= TITLE_LIMIT
    assert not set("@<>&*_`#[]()|~\\!{}$=\n\r\x00\x1b\u202e") & set(shown)
    assert "://" not in shown
    shown.encode("utf-8")


def test_ten_megabytes_cost_no_more_than_a_line() -> None:
    started = time.perf_counter()
    for hostile in ("a." * 5_000_000, "http://" + "a" * 10_000_000, "www." * 2_500_000):
        assert len(plain(hostile)) <= TITLE_LIMIT
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=30), "不到1分钟"),
        (timedelta(minutes=59, seconds=59), "59分钟"),
        (timedelta(hours=1), "1小时"),
        (timedelta(hours=3, minutes=20), "3小时20分"),
        (timedelta(hours=-3), "3小时"),
        (timedelta(days=2), "2天"),
        (timedelta(days=1, hours=4, minutes=50), "1天4小时"),
    ],
)
def test_durations_in_words(length: timedelta, words: str) -> None:
    assert spoken(length) == words


@pytest.mark.parametrize(
    ("due", "now", "words"),
    [
        (Due(earliest=AT, latest=AT), AT - timedelta(hours=1), "还剩1小时"),
        (Due(earliest=AT, latest=AT), AT, "时限已到"),
        (Due(earliest=AT, latest=AT), AT + timedelta(minutes=5), "时限已过5分钟"),
        (Due(earliest=AT, latest=AT + timedelta(hours=6)), AT + timedelta(hours=1), "已进入时限区间"),
        (Due(earliest=AT, latest=AT + timedelta(hours=6)), AT + timedelta(hours=8), "时限已过2小时"),
        (Due(earliest=None, latest=AT), AT - timedelta(hours=2), "还剩2小时"),
    ],
)
def test_how_long_is_left(due: Due, now: datetime, words: str) -> None:
    assert left_words(due, now) == words


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (Due(earliest=AT, latest=AT + timedelta(seconds=59)), "2026年3月2日 15:30"),
        (Due(earliest=None, latest=AT), "最迟 2026年3月2日 15:30"),
        (Due(earliest=AT, latest=AT + timedelta(hours=9)), "2026年3月2日 15:30 至 2026年3月3日 00:30 之间"),
    ],
)
def test_deadlines_in_words(due: Due, words: str) -> None:
    assert due_words(due) == words


def test_every_named_reason_and_verdict_has_words() -> None:
    assert set(REASONS) == set(NAMED)
    assert set(VERDICTS) == set(Verdict.__args__)
    assert reason_words("brand_new_reason") == "brand＿new＿reason"


@pytest.mark.parametrize("verdict", ["pending", "indeterminate", "unknown_coverage_gap", "not_applicable"])
def test_only_a_breach_is_called_late(verdict: Verdict) -> None:
    assert "超时" not in VERDICTS[verdict]


def test_where() -> None:
    assert where_words("990100", {"990100": "霁川市"}.get) == "霁川市（990100）"
    assert where_words("990200", {"990100": "霁川市"}.get) == "990200"
    assert where_words(None, lambda _: None) is None
