"""Any Hugging Face sequence-classification model, by path or id, behind the Protocol `Classifier`.

PyTorch and transformers are an extra and are imported only here, when a model is asked for. Exempt from byte identity
(its floats depend on the batch), not from the same verdicts: scores are rounded to 3 decimals before any threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stream.errors import SettingsError
from stream.reading.topics import TransformerChoice

BATCH = 32


class Transformer:
    """Scores by a downloaded or local model. Each label is mapped to a topic; labels of one topic count by the best."""

    def __init__(self, choice: TransformerChoice) -> None:
        """Raises SettingsError where the extra, the model or a label is missing."""
        try:
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError as error:
            raise SettingsError(
                f"topics.yaml：transformer 需要额外依赖（{error.name}）；请 pip install '.[transformer]'"
            ) from None
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(choice.model)
            self._model: Any = AutoModelForSequenceClassification.from_pretrained(choice.model)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"topics.yaml：transformer.model {choice.model} 无法读取（{error}）；请检查路径或名称"
            ) from None
        self._torch: Any = torch
        self._model.eval()
        self._longest = choice.longest
        self._topics = _topics(self._model.config.id2label, choice)
        self.version = f"transformer-{choice.model}"

    def scores(self, texts: list[str]) -> list[dict[str, float]]:
        """As the Protocol says."""
        found: list[dict[str, float]] = []
        for start in range(0, len(texts), BATCH):
            found.extend(self._batch(texts[start : start + BATCH]))
        return found

    def _batch(self, texts: list[str]) -> list[dict[str, float]]:
        inputs = self._tokenizer(texts, truncation=True, max_length=self._longest, padding=True, return_tensors="pt")
        with self._torch.inference_mode():
            logits = self._model(**inputs).logits
        is_multi = self._model.config.problem_type == "multi_label_classification"
        rows = (logits.sigmoid() if is_multi else logits.softmax(dim=-1)).tolist()
        return [self._by_topic(row) for row in rows]

    def _by_topic(self, row: list[float]) -> dict[str, float]:
        best: dict[str, float] = {}
        for position, score in enumerate(row):
            topic = self._topics.get(position)
            if topic is not None:
                best[topic] = max(best.get(topic, 0.0), round(score, 3))
        return best


def _topics(labels: Mapping[int, str], choice: TransformerChoice) -> dict[int, str]:
    """The topic of every output that has one."""
    unknown = sorted(set(choice.labels) - set(labels.values()))
    if unknown:
        raise SettingsError(
            f"topics.yaml：transformer.labels 的“{unknown[0]}”不是该模型的标签；它有 {'、'.join(labels.values())}"
        )
    return {int(position): choice.labels[label] for position, label in labels.items() if label in choice.labels}
