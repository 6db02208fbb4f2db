"""A linear model in integers: hashed single characters and pairs, summed weights; batch and single agree bit for bit.

⚙ A float dot product changes its last bits with the shape of the batch; sums of integers do not. Weights are 16-bit,
the sums 32-bit; the one division at the end is the same IEEE operation either way. No scikit-learn at inference.
"""

from __future__ import annotations

import math
from functools import lru_cache
from io import BytesIO
from operator import add
from struct import Struct as Lanes

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

BITS = 16
# A model reads the title and the lead; later text repeats or strays.
LONGEST = 1200
SCALE = 256
# Texts up to this length are summed by `Titles`.
TITLE = 128
_SPREAD, _FIRST, _PAIR = 2654435761, 40503, 0x9E3779B9
_ZERO = 1 << 31  # of a 32-bit sum that may be negative

Features = NDArray[np.uint32]


class Linear(Struct, frozen=True):
    """`weights[feature, topic]` and `bias[topic]`, both times 256."""

    topics: tuple[str, ...]
    weights: NDArray[np.int16]
    bias: NDArray[np.int64]

    def sums(self, text: str) -> tuple[list[int], int]:
        """The weight of every topic and the number of features."""
        found = features(text)
        rows = self.weights.take(found, axis=0)
        return rows.sum(axis=0, dtype=np.int32).tolist(), len(found)

    def scores(self, text: str) -> dict[str, float]:
        """Probability by topic, each for itself, to 3 decimals."""
        sums, count = self.sums(text)
        norm = math.sqrt(max(count, 1)) * SCALE
        return {
            topic: round(_logistic(total / norm + int(bias) / SCALE), 3)
            for topic, total, bias in zip(self.topics, sums, self.bias, strict=True)
        }


class Titles:
    """The sums of short texts without numpy, whose calls take longer than a title: what each character and pair adds
    is looked up, the weights of all topics in one integer of 32 bits each, so that one addition adds them all."""

    def __init__(self, model: Linear) -> None:
        self._weights = model.weights
        self._is_known = model.weights.any(axis=1).tobytes()
        self._lanes = Lanes(f"<{len(model.topics)}I")
        self._zero = sum(_ZERO << 32 * lane for lane in range(len(model.topics)))
        self._of = lru_cache(maxsize=1 << 15)(self._added_by)

    def sums(self, text: str) -> tuple[list[int], int]:
        """As `Linear.sums`, of at most TITLE characters."""
        letters = [letter for letter in text.lower() if letter > " "]
        pairs = map(add, letters, letters[1:])
        total = sum(map(self._of, letters), self._zero) + sum(map(self._of, pairs))
        lanes = self._lanes.unpack(total.to_bytes(self._lanes.size, "little"))
        return [lane - _ZERO for lane in lanes], max(2 * len(letters) - 1, 0)

    def _added_by(self, letters: str) -> int:
        bucket = _bucket(letters)
        if not self._is_known[bucket]:
            return 0
        return sum(weight << 32 * lane for lane, weight in enumerate(self._weights[bucket].tolist()))


def _bucket(letters: str) -> int:
    """The feature of one character or of a pair, as `features` computes it."""
    if len(letters) == 1:
        return (ord(letters) * _SPREAD & 0xFFFFFFFF) >> 32 - BITS
    both = ord(letters[0]) * _FIRST + ord(letters[1])
    return (both * _SPREAD & 0xFFFFFFFF ^ _PAIR) >> 32 - BITS


def features(text: str) -> Features:
    """Bucket of every character and every pair of neighbours, space and letter case aside."""
    points = np.frombuffer(text[:LONGEST].lower().encode("utf-32-le", "surrogatepass"), dtype="<u4")
    points = points[points > 0x20].astype(np.uint32)
    single = points * np.uint32(_SPREAD)
    pairs = (points[:-1] * np.uint32(_FIRST) + points[1:]) * np.uint32(_SPREAD) ^ np.uint32(_PAIR)
    return np.concatenate((single, pairs)) >> np.uint32(32 - BITS)


def dump(model: Linear) -> bytes:
    """The model as a file's bytes; only arrays, nothing executable."""
    out = BytesIO()
    np.savez_compressed(out, topics=np.array(model.topics), weights=model.weights, bias=model.bias)
    return out.getvalue()


def load(body: bytes) -> Linear:
    """The model in a file. Raises ValueError where it is none."""
    try:
        with np.load(BytesIO(body), allow_pickle=False) as arrays:
            topics, weights, bias = arrays["topics"], arrays["weights"], arrays["bias"]
    except Exception as error:  # zip, header or key: whatever ails it, it is no model
        raise ValueError(f"不是 huiying train 写出的模型文件：{error}") from error
    if weights.shape != (1 << BITS, len(topics)) or weights.dtype != np.int16 or bias.shape != (len(topics),):
        raise ValueError("模型文件的形状与本版本不符；请重新训练")
    return Linear(tuple(str(topic) for topic in topics), weights, bias.astype(np.int64))


def from_examples(examples: dict[str, list[str]]) -> Linear:
    """A Bayesian model of what sets each topic's examples apart from all others': smoothed log odds, times 256."""
    topics = tuple(examples)
    counts = np.zeros((1 << BITS, len(topics)), dtype=np.int64)
    for column, topic in enumerate(topics):
        for example in examples[topic]:
            np.add.at(counts[:, column], np.unique(features(example)), 1)
    total = counts.sum(axis=1, keepdims=True)
    mine = (counts + 0.05) / (counts.sum(axis=0) + 0.05 * (total > 0).sum())
    rest = (total - counts + 0.05) / ((total - counts).sum(axis=0) + 0.05 * (total > 0).sum())
    odds = np.where(total > 0, np.log(mine / rest), 0.0)
    weights = np.clip(np.rint(odds * SCALE), -32767, 32767).astype(np.int16)
    return Linear(topics, weights, np.zeros(len(topics), dtype=np.int64))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))
