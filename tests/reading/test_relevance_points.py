"""Whether a post is a public affair that may belong to an incident. All texts are ours."""

from __future__ import annotations

import pytest

from stream.core.documents import Answer, Emergency, IssuerKind, PostKind, TopicScore
from stream.reading import relevance
from stream.reading.relevance import Signs, is_relevant, points
from stream.reading.scan import Scanner

SCANNER = Scanner({"relevance": relevance.words()})
CALM = Emergency(is_emergency=False)


def _signs(
    *,
    kind: PostKind = "hotlist",
    emergency: Emergency = CALM,
    response: Answer | None = None,
    topic: str | None = None,
    region: str | None = None,
    is_abroad: bool = False,
) -> Signs:
    topics = [TopicScore(topic=topic, score=0.7)] if topic else []
    return Signs(kind, emergency, response, topics, [region] if region else [], is_abroad)


def _read(title: str, lead: str, signs: Signs) -> bool:
    text = f"{title}\n{lead}"
    return is_relevant(signs, SCANNER.scan(text)["relevance"], text)


def _answer(kind: IssuerKind, issuer: str | None, is_authoritative: bool = False) -> Answer:
    return Answer(form="statement", issuer=issuer, issuer_kind=kind, level=None, is_authoritative=is_authoritative)


@pytest.mark.parametrize(
    ("title", "signs", "expected"),
    [
        ("男子翻墙盗窃被抓", _signs(), True),
        ("渡口面馆吃出蟑螂", _signs(), True),
        ("业主质疑门禁收费", _signs(topic="房地产"), True),
        ("河岸市街头不明物", _signs(region="370783"), True),
        ("不满", _signs(), False),
        ("女生和老师", _signs(topic="教育"), False),
        ("老师请学生吃饭", _signs(topic="教育"), False),
        ("新专辑首播舞台造型", _signs(), False),
        ("电影里男主被抓", _signs(), False),
        ("球员受伤退出半决赛", _signs(), False),
        ("外国一工厂爆炸", _signs(is_abroad=True), False),
        ("河湾茶饮回应", _signs(response=_answer("company", None)), True),
        ("外国议员回应", _signs(response=_answer("foreign", "议员")), False),
        ("河湾茶饮客服回应", _signs(response=_answer("company", "客服"), topic="食品药品"), True),
        ("歌手回应", _signs(response=_answer("celebrity", "某人"), topic="教育"), False),
    ],
)
def test_a_title(title: str, signs: Signs, expected: bool) -> None:
    assert _read(title, "", signs) is expected


@pytest.mark.parametrize(
    "signs",
    [
        _signs(kind="complaint"),
        _signs(emergency=Emergency(is_emergency=True)),
        _signs(response=_answer("police", "警方", is_authoritative=True)),
    ],
)
def test_what_is_enough_alone(signs: Signs) -> None:
    assert _read("今日", "", signs)


def test_the_lead_weighs_half_as_much() -> None:
    text = "今日\n有人被骗"
    hits = SCANNER.scan(text)["relevance"]
    in_lead = points(_signs(), hits, text)
    titled = "有人被骗\n今日"
    in_title = points(_signs(), SCANNER.scan(titled)["relevance"], titled)
    assert 0 < in_lead < in_title


def test_repeating_words_adds_nothing() -> None:
    text = "不满吐槽声称\n"
    once = "不满吐槽\n"
    assert points(_signs(), SCANNER.scan(text)["relevance"], text) == points(
        _signs(), SCANNER.scan(once)["relevance"], once
    )


def test_a_post_without_a_title_is_read_in_full() -> None:
    assert _read("", "老街商场着火了，三楼还有人喊救命", _signs(kind="post"))
