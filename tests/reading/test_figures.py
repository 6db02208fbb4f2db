"""figures: casualties and losses of this incident among all the numbers of a text."""

import time

import pytest

from stream.core.documents import Figures
from stream.reading.counts import counts
from stream.reading.figures import figures
from stream.reading.times import parse_published

COUNTED = (
    ("事故造成3人死亡，5人重伤，12人轻伤。", Figures(deaths=3, serious_injuries=5, injuries=17)),
    ("造成24人受伤，其中3人重伤。", Figures(serious_injuries=3, injuries=24)),
    ("造成十二人死亡、三十一人受伤，其中重伤九人。", Figures(deaths=12, serious_injuries=9, injuries=31)),
    ("共造成5人死亡，受伤22人（其中重伤4人）。", Figures(deaths=5, serious_injuries=4, injuries=22)),
    ("导致１２人死亡，３４人受伤", Figures(deaths=12, injuries=34)),
    ("两车相撞，一死两伤。", Figures(deaths=1, injuries=2)),
    ("夫妻双亡。", Figures(deaths=2)),
    ("一家五口不幸遇难。", Figures(deaths=5)),
    ("车上5名研究人员及1名司机受伤。", Figures(injuries=6)),
    ("夺走了3条生命。", Figures(deaths=3)),
    ("造成死亡5人、重伤3人、轻伤20人的事故。", Figures(deaths=5, serious_injuries=3, injuries=23)),
    ("司机及11名乘客死亡。", Figures(deaths=12)),
    ("落水1死1失踪。", Figures(deaths=1, missing=1)),
    ("造成3人当场死亡，1人送医院后死亡，5人受伤。", Figures(deaths=4, injuries=5)),
    ("现场4人已无生命体征。", Figures(deaths=4)),
    ("司机当场死亡，副驾驶乘客重伤。", Figures(deaths=1, serious_injuries=1, injuries=1)),
    ("爆炸造成13人当场死亡，2人经抢救无效死亡。", Figures(deaths=15)),
    ("山洪已致6人死亡，另有2人下落不明。", Figures(deaths=6, missing=2)),
    ("失联人员仍有5人。", Figures(missing=5)),
    ("直接经济损失1.2亿元。", Figures(loss_yuan=120_000_000)),
    ("直接经济损失达1200余万元。", Figures(loss_yuan=12_000_000)),
)


@pytest.mark.parametrize(("text", "expected"), COUNTED)
def test_plain_counts(text: str, expected: Figures) -> None:
    assert figures("", text) == expected


TRAPS = (
    # the newest of revised counts
    ("死亡人数由8人上升至11人，另有23人受伤。", Figures(deaths=11, injuries=23)),
    ("此前通报6人死亡。目前死亡人数已升至18人。", Figures(deaths=18)),
    # passengers, rescuers, evacuees, trapped
    ("大巴载有42名乘客，事故致其中9人死亡、15人受伤。", Figures(deaths=9, injuries=15)),
    ("消防出动12辆车60名官兵，救出被困人员8人，其中2人受伤。", Figures(injuries=2)),
    ("造成1.2万人受灾，转移3500人，倒塌房屋120间，死亡2人。", Figures(deaths=2)),
    ("现场击毙4名歹徒，2名群众受伤。", Figures(injuries=2)),
    # parts
    ("共造成7人遇难，其中包括2名儿童。", Figures(deaths=7)),
    ("造成包括9名外地人在内的至少90人死亡、240多人受伤。", Figures(deaths=90, injuries=240)),
    # other years and past cases
    ("本次事故造成1人死亡。去年该路段曾发生事故，造成20人死亡，30人受伤。", Figures(deaths=1)),
    ("去年该路段曾发生事故，造成20人死亡。本次事故造成1人死亡。", Figures(deaths=1)),
    # approximations
    ("造成至少12人死亡，近百人受伤。", Figures(deaths=12)),
    ("数十人受伤。", Figures()),
    ("造成20余人受伤。", Figures(injuries=20)),
    # totals of dead and hurt together name neither
    ("致63人死伤，47人死亡、16人重伤。", Figures(deaths=47, serious_injuries=16, injuries=16)),
    ("5名遇难者家属抵达现场。3人死亡。", Figures(deaths=3)),
)


@pytest.mark.parametrize(("text", "expected"), TRAPS)
def test_traps(text: str, expected: Figures) -> None:
    assert figures("", text) == expected


@pytest.mark.parametrize(
    "text", ["暂无人员伤亡。", "火灾未造成人员伤亡。", "所幸无人员伤亡。", "事故没有造成人员伤亡。"]
)
def test_nobody_hurt_is_zero(text: str) -> None:
    assert figures("", text) == Figures(deaths=0, injuries=0)


@pytest.mark.parametrize(
    "text",
    ["目前尚无人员伤亡报告。", "尚未接到人员伤亡的报告。", "暂无人员伤亡报告。", "伤亡情况不详。", "今天天气很好。"],
)
def test_not_yet_known_is_not_zero(text: str) -> None:
    assert figures("", text) == Figures()


def test_a_headline_beats_the_body_and_an_exact_count_an_approximate_one() -> None:
    assert figures("云川车祸致4死", "1人当场死亡，3人抢救无效死亡。").deaths == 4
    assert figures("云川车祸20余人受伤", "据统计，共有24人受伤。").injuries == 24


def test_a_sentence_about_another_day_is_another_incident() -> None:
    when = parse_published("2023-04-11", "text")
    text = "北岭11日发生4.2级地震，暂无伤亡报告。本月1日，该地区发生5.2级地震，造成6人死亡。"
    assert figures("", text, when) == Figures()
    assert figures("", text).deaths == 6


def test_the_ill_are_counted_only_in_public_health_events() -> None:
    text = "该校32名学生出现呕吐、腹泻症状，仍有8名学生住院。"
    assert figures("", text, is_illness=True).ill == 32
    assert figures("", text).ill is None
    assert figures("", "知情人称约700人中毒，但街道统计的中毒人数为308人。", is_illness=True).ill == 308
    assert figures("", "累计发病105人，共接诊病人46人。", is_illness=True).ill == 105
    assert figures("", "32人丧生，另有50人被送医。", is_illness=True).ill == 82


def test_a_count_keeps_its_flags() -> None:
    first, second = counts("共造成20余人受伤，死亡人数升至3人")
    assert (first.kind, first.value, first.is_vague, first.is_sum, first.is_revised) == (
        "injuries",
        20,
        True,
        True,
        False,
    )
    assert (second.kind, second.value, second.is_revised) == ("deaths", 3, True)


@pytest.mark.parametrize(
    "text", ["3人、" * 1_000_000, "死亡" * 3000, "一" * 1_000_000, "造成" + "近" * 9000 + "人死亡"]
)
def test_hostile_texts_take_bounded_time(text: str) -> None:
    started = time.perf_counter()
    figures("", text)
    assert time.perf_counter() - started < 1
