"""Any sequence-classification model behind the Protocol: a tiny one that the test makes itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.errors import SettingsError
from stream.reading.topics import Topic, TopicConfig, TransformerChoice
from stream.training import load_classifier

pytestmark = pytest.mark.transformer
LABELS = {"road": "交通运输", "water": "生态环境", "river": "生态环境"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tiny")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"公交车晚点河道发黑"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32, id2label={0: "road", 1: "water", 2: "river"},
        label2id={"road": 0, "water": 1, "river": 2},
    )  # fmt: skip
    transformers.BertTokenizer(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


def _config(choice: TransformerChoice) -> TopicConfig:
    return TopicConfig(topics=[Topic(name="交通运输"), Topic(name="生态环境")], transformer=choice)


def test_scores_by_topic_rounded_and_alike_in_any_batch(model: str, tmp_path: Path) -> None:
    choice = TransformerChoice(model=model, labels=LABELS, longest=16)
    classifier = load_classifier(_config(choice), tmp_path)
    texts = ["公交车晚点\n" + "车" * 500, "河道发黑\n", ""] * 12
    found = classifier.scores(texts)
    assert len(found) == 36
    assert all(set(one) == {"交通运输", "生态环境"} for one in found)
    assert all(0 <= score <= 1 and round(score, 3) == score for one in found for score in one.values())
    single = classifier.scores([texts[1]])[0]
    assert all(abs(single[topic] - found[1][topic]) <= 0.001 for topic in single)
    assert model in classifier.version


def test_a_label_the_model_has_not_is_named(model: str, tmp_path: Path) -> None:
    choice = TransformerChoice(model=model, labels={"sky": "交通运输"})
    with pytest.raises(SettingsError, match="sky"):
        load_classifier(_config(choice), tmp_path)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    choice = TransformerChoice(model=str(tmp_path / "nowhere"), labels={})
    with pytest.raises(SettingsError, match="nowhere"):
        load_classifier(_config(choice), tmp_path)
