"""The logic of `huiying train`: a linear model of a user's own labelled texts, in a file that topics.yaml can name.

scikit-learn (extra `train`) is needed here and nowhere else; inference is stream/reading/linear.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from stream.errors import SettingsError, UsageError
from stream.reading import linear
from stream.reading.linear import BITS, SCALE, Linear, features
from stream.reading.topics import Classifier, Lexical, TopicConfig, best_of
from stream.reading.transformer import Transformer

FEWEST = 10
# Inverse regularisation of the logistic regression; of 1, 3, 10, 30 ⚙ 10 and 30 were alike and best on a held-out half.
STRENGTH = 10.0


class Example(Struct, frozen=True):
    """One row of the training file; other columns are ignored."""

    label: str
    title: str | None = None
    text: str | None = None

    @property
    def content(self) -> str:
        """What the classifier will see: title, newline, body."""
        return f"{self.title or ''}\n{self.text or ''}"


class Trained(Struct, frozen=True):
    """The outcome: the model, rows used by topic, rows whose label is mapped to none, and the held-out share right."""

    model: Linear
    rows: dict[str, int]
    unmapped: int
    accuracy: float


def read_examples(path: Path) -> list[Example]:
    """Rows {title, text, label} of a JSONL file. Raises UsageError naming the line."""
    examples = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                examples.append(msgspec.json.decode(line, type=Example))
            except msgspec.DecodeError as error:
                raise UsageError(f"{path} 第 {number} 行不是含 label 的 JSON（{error}）；请改正") from None
    return examples


def train(examples: Iterable[Example], topic_by_label: Mapping[str, str], config: TopicConfig) -> Trained:
    """A model of the examples whose label maps to a topic (a label may be a topic's own name).

    Every tenth row is held out to tell the accuracy, then all rows are used. Raises UsageError where the rows do not
    suffice or a topic is not configured, SettingsError where scikit-learn is missing.
    """
    names = {topic.name for topic in config.topics}
    if strange := sorted(set(topic_by_label.values()) - names):
        raise UsageError(f"映射中的“{strange[0]}”不是 topics.yaml 的主题；可用：{'、'.join(sorted(names))}")
    rows = list(examples)
    known = {**{name: name for name in names}, **topic_by_label}
    pairs = [(row.content, known[row.label]) for row in rows if row.label in known]
    counts = Counter(topic for _, topic in pairs)
    if len(counts) < 2 or min(counts.values()) < FEWEST:
        raise UsageError(f"至少需要两个主题、每个 {FEWEST} 行；实为 {dict(sorted(counts.items()))}。请检查标签映射")
    learnt = [pair for position, pair in enumerate(pairs) if position % 10 != 9]
    accuracy = accuracy_of(_fitted(learnt, sorted(counts)), pairs[9::10])
    return Trained(_fitted(pairs, sorted(counts)), dict(sorted(counts.items())), len(rows) - len(pairs), accuracy)


def accuracy_of(model: Linear, pairs: Sequence[tuple[str, str]]) -> float:
    """Share of texts whose best topic is the given one, to 3 decimals."""
    right = sum(best_of(model.scores(text), model.topics) == topic for text, topic in pairs)
    return round(right / max(len(pairs), 1), 3)


def save_model(model: Linear, path: Path) -> None:
    """Writes the model file."""
    path.write_bytes(linear.dump(model))


def load_classifier(config: TopicConfig, folder: Path) -> Classifier:
    """What topics.yaml chooses: a transformer, else the default with the trained model if one is named.

    `folder` is where topics.yaml lies. Raises SettingsError.
    """
    if config.transformer is not None:
        return Transformer(config.transformer)
    if config.model is None:
        return Lexical(config)
    path = folder / config.model
    try:
        return Lexical(config, path.read_bytes())
    except FileNotFoundError:
        raise SettingsError(f"topics.yaml：model {path} 不存在；请先运行 huiying train，或改为 null") from None
    except ValueError as error:
        raise SettingsError(f"topics.yaml：model {path}：{error}") from None


def _fitted(pairs: Sequence[tuple[str, str]], topics: Sequence[str]) -> Linear:
    try:
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise SettingsError(f"训练需要额外依赖（{error.name}）；请 pip install '.[train]'") from None
    indices, starts = [], [0]
    for text, _ in pairs:
        indices.append(features(text).astype(np.int64))
        starts.append(starts[-1] + len(indices[-1]))
    weight = np.concatenate([np.full(len(one), 1 / np.sqrt(max(len(one), 1))) for one in indices])
    matrix = csr_matrix((weight, np.concatenate(indices), np.array(starts)), shape=(len(pairs), 1 << BITS))
    matrix.sum_duplicates()
    rarity = np.log1p(len(pairs) / (1 + matrix.getnnz(axis=0)))
    seen = matrix.multiply(rarity).tocsr()
    weights = np.zeros((1 << BITS, len(topics)), dtype=np.int16)
    bias = np.zeros(len(topics), dtype=np.int64)
    for column, topic in enumerate(topics):
        fitted = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0)
        fitted.fit(seen, [one == topic for _, one in pairs])
        weights[:, column] = np.clip(np.rint(fitted.coef_[0] * rarity * SCALE), -32767, 32767)
        bias[column] = np.rint(fitted.intercept_[0] * SCALE)
    return Linear(tuple(topics), weights, bias)
