"""Regions in texts: short names, shared names, look-alikes, order."""

from __future__ import annotations

import pytest

from stream.reading.places import code_of, name_of, names_by_code, parents, regions, short_names

CASES = [
    ("深圳一商场起火", ["440300"]),
    ("广西暴雨", ["450000"]),
    ("恩施州通报", ["422800"]),
    ("江苏南通通州一工厂起火", ["320612", "320600", "320000"]),
    ("南京鼓楼区一居民楼起火", ["320106", "320100"]),
    ("北京朝阳一小区停水", ["110105", "110000"]),
    ("朝阳区一小区停水", []),
    ("鼓楼一小区停水", []),
    ("西安发布提醒", ["610100"]),
    ("吉林发布预警", ["220000"]),
    ("吉林市发布预警", ["220200"]),
    ("海南台风", ["460000"]),
    ("海南藏族自治州降雪", ["632500"]),
    ("长沙县一村庄停电", ["430121"]),
    ("湖南祁阳警方通报", ["431181", "430000"]),
    ("方正警方通报", ["230124"]),
    ("方正集团宣布合作", []),
    ("公安部部署", []),
    ("阿里巴巴回应", []),
    ("上海南京路人流密集", ["310000"]),
    ("韩国大田发生火灾", []),
    ("日本松江发生地震", []),
    ("越南高平发生洪水", []),
    ("女子称多次被骗", []),
]


@pytest.mark.parametrize(("title", "expected"), CASES)
def test_regions_of_a_title(title: str, expected: list[str]) -> None:
    assert regions(title, "") == expected


def test_a_shared_full_name_takes_the_region_named_elsewhere() -> None:
    assert regions("朝阳区一仓库起火", "北京消防已到场。") == ["110105", "110000"]


def test_the_main_place_comes_first() -> None:
    assert regions("成都一工地坍塌", "此前重庆也发生过类似事故。")[0] == "510100"


def test_account_counts_as_lead() -> None:
    assert regions("情况通报", "", "寿光发布") == ["370783"]


def test_names_and_codes() -> None:
    assert name_of("370783") == "寿光市"
    assert name_of("999999") is None
    assert (code_of("370783"), code_of("寿光"), code_of("朝阳区"), code_of("无此地")) == (
        "370783",
        "370783",
        None,
        None,
    )
    assert parents("370783") == ["370700", "370000"]
    assert short_names("元江哈尼族彝族傣族自治县") == ["元江", "元江县"]


def test_the_list_is_whole() -> None:
    listed = names_by_code()
    assert len(listed) > 3100
    assert sum(code.endswith("0000") for code in listed) == 34
    assert all(len(code) == 6 and code.isdigit() and name for code, name in listed.items())


def test_long_texts_are_bounded() -> None:
    assert regions("", "北京" * 1_000_000) == ["110000"]
