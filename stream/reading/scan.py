"""One pass over a text for every reader: an Aho–Corasick automaton over all their words at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import ahocorasick

# A crawled text may be of any length; what matters stands early, and time must be bounded.
LONGEST = 20_000


class Hit(NamedTuple):
    """A reader's word at text[start:end] and what that reader stored for it."""

    start: int
    end: int
    value: Any


class Scanner:
    """Finds the words of several readers; each reader gets its own hits, in order of their end."""

    def __init__(self, words: Mapping[str, Mapping[str, Any]]) -> None:
        entries: dict[str, list[tuple[str, Any]]] = {}
        for reader, values in words.items():
            for word, value in values.items():
                entries.setdefault(word, []).append((reader, value))
        self._readers = tuple(words)
        self._automaton = ahocorasick.Automaton()
        for word, values_of in entries.items():
            self._automaton.add_word(word, (len(word), values_of))
        self._automaton.make_automaton()

    def scan(self, text: str) -> dict[str, list[Hit]]:
        """Hits by reader in the first 20,000 characters."""
        found: dict[str, list[Hit]] = {reader: [] for reader in self._readers}
        for last, (length, values) in self._automaton.iter(text[:LONGEST]):
            for reader, value in values:
                found[reader].append(Hit(last + 1 - length, last + 1, value))
        return found


def longest(hits: Iterable[Hit]) -> list[Hit]:
    """Leftmost-longest hits that do not overlap."""
    chosen: list[Hit] = []
    reached = 0
    for hit in sorted(hits, key=lambda one: (one.start, -one.end)):
        if hit.start >= reached:
            chosen.append(hit)
            reached = hit.end
    return chosen
