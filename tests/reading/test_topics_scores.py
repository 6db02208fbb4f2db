"""Topics: the shipped default, integer determinism, trained models, bad configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stream.errors import SettingsError, UsageError
from stream.reading import linear
from stream.reading.topics import TOPICS, Lexical, Topic, TopicConfig, held, problems
from stream.settings import load_yaml
from stream.training import Example, load_classifier, read_examples, save_model, train

CONFIG = Path(__file__).parents[2] / "config" / "topics.yaml"


@pytest.fixture(scope="module")
def config() -> TopicConfig:
    return load_yaml(CONFIG, TopicConfig)


@pytest.fixture(scope="module")
def lexical(config: TopicConfig) -> Lexical:
    return Lexical(config)


def test_the_shipped_topics_are_the_list(config: TopicConfig) -> None:
    assert sorted(topic.name for topic in config.topics) == sorted(TOPICS)
    assert problems(config) == []
    assert all(len(topic.examples) >= 6 for topic in config.topics)


@pytest.mark.parametrize(
    ("title", "topic"),
    [
        ("奶茶店喝出蟑螂", "食品药品"),
        ("化肥厂偷排废水", "生态环境"),
        ("小学班主任体罚学生", "教育"),
        ("包工头拖欠工资跑路", "社会保障"),
        ("楼盘烂尾业主维权", "房地产"),
        ("导游强制消费", "商贸旅游"),
        ("养老院护工打骂老人", "养老服务"),
        ("化工厂爆炸多人受伤", "安全生产"),
        ("窗口推诿办证跑了五趟", "营商办事"),
        ("公交线路取消乘客出行难", "交通运输"),
    ],
)
def test_an_everyday_title_gets_its_topic(lexical: Lexical, title: str, topic: str) -> None:
    assert topic in {one.topic for one in held(lexical.scores([title + "\n"])[0], 0.5)}


def test_idle_titles_get_none(lexical: Lexical) -> None:
    assert held(lexical.scores(["新剧今晚开播阵容官宣\n"])[0], 0.5) == []


TEXTS = ["奶茶店喝出蟑螂\n顾客投诉", "", "\n", "路面坑洼\n" + "路面坑洼" * 3000, "\ud800\x00<b>=1+1", "a"]


def test_batch_and_single_agree_bit_for_bit(lexical: Lexical) -> None:
    assert lexical.scores(TEXTS) == [lexical.scores([text])[0] for text in TEXTS]


def test_scores_are_rounded_probabilities(lexical: Lexical) -> None:
    for scores in lexical.scores(TEXTS):
        assert all(0 <= score <= 1 and round(score, 3) == score for score in scores.values())


def test_held_is_bounded_and_ordered() -> None:
    found = held({"教育": 0.5, "食品药品": 0.9, "房地产": 0.499, "养老服务": 0.9}, 0.5)
    assert [(one.topic, one.score) for one in found] == [("养老服务", 0.9), ("食品药品", 0.9), ("教育", 0.5)]


def test_problems_name_the_fault() -> None:
    bad = TopicConfig(topics=[Topic(name="教育"), Topic(name="教育"), Topic(name="占卜")], threshold=1.5)
    found = "\n".join(problems(bad))
    assert all(word in found for word in ("写了两次", "占卜", "1.5"))


def _rows() -> list[Example]:
    road = [f"第{n}路公交车晚点乘客等了很久" for n in range(30)]
    water = [f"第{n}条河道发黑发臭无人治理" for n in range(30)]
    return [Example(label="路", title=one) for one in road] + [Example(label="水", text=one) for one in water]


LABELS = {"路": "交通运输", "水": "生态环境"}


def test_training_makes_a_model_that_the_default_uses(config: TopicConfig, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    trained = train(_rows(), LABELS, config)
    assert trained.accuracy == 1.0
    assert (trained.rows, trained.unmapped) == ({"交通运输": 30, "生态环境": 30}, 0)
    path = tmp_path / "mine.npz"
    save_model(trained.model, path)
    again = linear.load(path.read_bytes())
    assert again.scores("公交车晚点") == trained.model.scores("公交车晚点")
    chosen = load_classifier(TopicConfig(topics=config.topics, model="mine.npz"), tmp_path)
    scores = chosen.scores(["公交车晚点\n", "河道发黑\n"])
    assert scores[0]["交通运输"] > 0.5 > scores[0]["生态环境"]
    assert scores[1]["生态环境"] > 0.5 > scores[1]["交通运输"]
    assert chosen.version != Lexical(config).version


def test_training_twice_gives_the_same_bytes(config: TopicConfig) -> None:
    pytest.importorskip("sklearn")
    first, second = (train(_rows(), LABELS, config).model for _ in range(2))
    assert (first.weights == second.weights).all()
    assert first.bias.tolist() == second.bias.tolist()


def test_training_refuses_what_does_not_suffice(config: TopicConfig) -> None:
    with pytest.raises(UsageError, match="至少需要两个主题"):
        train(_rows()[:30], LABELS, config)
    with pytest.raises(UsageError, match="占卜"):
        train(_rows(), {"路": "占卜"}, config)


def test_training_file_is_read_by_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        json.dumps({"title": "甲", "text": "乙", "label": "路", "more": 1}) + "\n\n{bad\n", encoding="utf-8"
    )
    with pytest.raises(UsageError, match="第 3 行"):
        read_examples(path)


def test_a_file_that_is_no_model_is_refused(config: TopicConfig, tmp_path: Path) -> None:
    (tmp_path / "junk.npz").write_bytes(b"junk")
    for name in ("junk.npz", "missing.npz"):
        with pytest.raises(SettingsError, match=name):
            load_classifier(TopicConfig(topics=config.topics, model=name), tmp_path)


@pytest.mark.parametrize("text", ["", " \n", "停", "停水三天 无人答复\n", "ABab停水İǅ\x00\u3000𠀀\ud800", "停水" * 60])
def test_titles_are_summed_as_long_texts_are(text: str) -> None:
    model = linear.from_examples({"供水": ["小区停水三天", "ab停水"], "交通": ["公交停运", "道路积水"], "其他": []})
    assert linear.Titles(model).sums(text) == model.sums(text)
