"""The verdict of an evidence file: judged where it is made and again where it is verified, by one function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from stream.core.cases import Incident, Judgement, PollSpan
from stream.core.coverage import in_order
from stream.core.judgement import judge_incident
from stream.proof.book import Book
from stream.proof.parts import Polled


def ruled(incident: Incident, rows: Sequence[Polled] | None, book: Book, as_of: datetime) -> Judgement:
    """What is ruled on these facts. `rows`: the fetch log; None: silence is taken for evidence."""
    spans = {} if rows is None else spans_of(rows)
    return judge_incident(incident, spans, book.rules, book.registry, as_of, rows is None)


def spans_of(rows: Iterable[Polled]) -> dict[str, list[PollSpan]]:
    """Rows by source, in the order in which they are judged by."""
    found: dict[str, list[PollSpan]] = {}
    for row in rows:
        span = PollSpan(row.from_at, row.to_at, row.known_at, row.reachable, row.reason)
        found.setdefault(row.source, []).append(span)
    return {source: in_order(spans) for source, spans in found.items()}


class Asked(Mapping[str, Sequence[PollSpan]]):
    """Coverage as known at an instant, and which channels were asked for: those are the fetch log of the verdict."""

    def __init__(self, spans: Mapping[str, Sequence[PollSpan]], at: datetime) -> None:
        self._spans, self._at = spans, at
        self._found: dict[str, list[PollSpan]] = {}

    def __getitem__(self, source: str) -> Sequence[PollSpan]:
        if source not in self._found:
            self._found[source] = [one for one in self._spans.get(source, ()) if one.known_at <= self._at]
        return self._found[source]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def rows(self) -> list[Polled]:
        """The fetch log, by source and time."""
        return [
            Polled(
                source=source, from_at=one.from_at, to_at=one.to_at, known_at=one.known_at, reachable=one.reachable,
                reason=one.reason,
            )
            for source in sorted(self._found)
            for one in self._found[source]
        ]  # fmt: skip
