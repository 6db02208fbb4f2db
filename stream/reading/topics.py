"""What a text is about: the topics of config/topics.yaml, each with a score of its own (several may hold).

The default needs no training data: terms found, and a linear model of the configured examples. `huiying train` adds a
model of a user's own data for the topics it knows; `transformer` replaces all of it. All stand behind `Classifier`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

import msgspec
from msgspec import Struct, field

from stream.core.documents import TopicScore
from stream.reading import linear
from stream.reading.linear import Linear
from stream.reading.scan import Hit, Scanner

# The list of the founding document 002, task 29 (domain: Topics to watch); no other classification is built.
TOPICS = (
    "减税降费", "金融安全", "生态环境", "乡村振兴", "教育", "食品药品", "卫生健康", "养老服务", "公正监管", "社会保障",
    "社会治安", "房地产", "城乡建设", "交通运输", "商贸旅游", "安全生产", "营商办事",
)  # fmt: skip
MOST = 4
# Points: a term in the title, in the text, and what the examples' model may add or take; 9 points are a score of 0.5.
IN_TITLE, IN_TEXT, LINEAR, ENOUGH, SLOPE = 10, 4, 10, 9, 5
# A topic that has less than this share of the first one's points is only touched upon.
TOUCHED = 0.4
# A term counts twice at most: ⚙ better by a point than once, on the messages of a board; oftener adds nothing.
REPEATS = 2


class Topic(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A topic to watch: its terms, separated by spaces, and sentences of ours that are about it."""

    name: str
    terms: str = ""
    examples: list[str] = field(default_factory=list)


class TransformerChoice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A Hugging Face sequence-classification model by path or id; `labels` maps its labels to topics."""

    model: str
    labels: dict[str, str]
    longest: int = 256


class TopicConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """config/topics.yaml. A topic holds where its score, rounded to 3 decimals, reaches `threshold`."""

    topics: list[Topic]
    model: str | None = None
    transformer: TransformerChoice | None = None
    threshold: float = 0.5


class Classifier(Protocol):
    """Scores texts (title, newline, body). `version` names everything that the scores depend on."""

    @property
    def version(self) -> str: ...

    def scores(self, texts: list[str]) -> list[dict[str, float]]:
        """Score by topic in [0, 1], to 3 decimals, for each text; what a batch gives, single texts give."""


class Lexical:
    """The default: terms, the examples' model, and a trained one for the topics it knows."""

    def __init__(self, config: TopicConfig, trained: bytes | None = None) -> None:
        """Raises ValueError where `trained` is no model file of `huiying train`."""
        self._names = [topic.name for topic in config.topics]
        self._terms = _terms(config)
        self._scanner = Scanner({"topics": self._terms})
        self._examples = linear.from_examples({topic.name: topic.examples for topic in config.topics})
        self._titles = linear.Titles(self._examples)
        self._trained: Linear | None = None if trained is None else linear.load(trained)
        self.version = "lexical-" + sha256(msgspec.json.encode(config) + (trained or b"")).hexdigest()[:12]

    def words(self) -> Mapping[str, tuple[int, ...]]:
        """What a shared scan looks for on behalf of this reader."""
        return self._terms

    def scores(self, texts: list[str]) -> list[dict[str, float]]:
        """As the Protocol says."""
        return [self.score(text, text.find("\n"), self._scanner.scan(text)["topics"]) for text in texts]

    def score(self, text: str, lead: int, hits: Iterable[Hit]) -> dict[str, float]:
        """Of one text whose first `lead` characters are the title, with the hits of a scan over it."""
        points = self._points(text, lead, hits)
        touched = int(TOUCHED * max(points, default=0))
        found = {
            name: _score(one if one >= touched else one // 2) for name, one in zip(self._names, points, strict=True)
        }
        if self._trained is not None:
            found.update(self._trained.scores(text))
        return found

    def _points(self, text: str, lead: int, hits: Iterable[Hit]) -> list[int]:
        sums, count = (self._titles if len(text) <= linear.TITLE else self._examples).sums(text)
        mean = max(count, 1) * linear.SCALE
        points = [max(-6, min(8, LINEAR * one // mean)) for one in sums]
        seen: dict[str, int] = {}
        for hit in hits:
            word = text[hit.start : hit.end]
            seen[word] = seen.get(word, 0) + 1
            if seen[word] <= REPEATS:
                worth = (IN_TITLE if hit.start < lead else IN_TEXT) * (3 if len(word) > 3 else 2) // 2
                for topic in hit.value:
                    points[topic] += worth
        return points


def held(scores: Mapping[str, float], threshold: float) -> list[TopicScore]:
    """At most 4 topics that reach the threshold, the surest first."""
    reached = [(score, name) for name, score in scores.items() if score >= threshold]
    reached.sort(key=lambda pair: (-pair[0], pair[1]))
    return [TopicScore(topic=name, score=score) for score, name in reached[:MOST]]


def problems(config: TopicConfig) -> list[str]:
    """What is wrong in topics.yaml, in Chinese, with the remedy; for `huiying check`."""
    found = []
    names = [topic.name for topic in config.topics]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found.append(f"主题“{name}”写了两次；请删去其一")
    found.extend(f"“{name}”不是本服务的主题；请从 {'、'.join(TOPICS)} 中选" for name in names if name not in TOPICS)
    if not 0 < config.threshold < 1:
        found.append(f"threshold 应在 0 与 1 之间，实为 {config.threshold}；请改正")
    labels = config.transformer.labels if config.transformer else {}
    found.extend(
        f"transformer.labels 的“{name}”不在 topics 中；请改正" for name in labels.values() if name not in names
    )
    return found


def _terms(config: TopicConfig) -> dict[str, tuple[int, ...]]:
    """The topics (by position) of every term."""
    found: dict[str, list[int]] = {}
    for position, topic in enumerate(config.topics):
        for term in dict.fromkeys(topic.terms.split()):
            found.setdefault(term, []).append(position)
    return {term: tuple(positions) for term, positions in found.items()}


@lru_cache(maxsize=4096)
def _score(points: int) -> float:
    """Points as a score: ENOUGH of them are 0.5."""
    return round(1 / (1 + math.exp(-max(-60.0, min(60.0, (points - ENOUGH) / SLOPE)))), 3)


def best_of(scores: Mapping[str, float], among: Sequence[str]) -> str:
    """The topic with the highest score; the earlier of equals."""
    return max(among, key=lambda name: (scores.get(name, 0.0), -among.index(name)))
