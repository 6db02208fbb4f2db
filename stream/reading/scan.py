"""One pass over a text for every reader: an Aho–Corasick automaton over all their words at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ahocorasick_rs import AhoCorasick
from msgspec import Struct

# A crawled text may be of any length; what matters stands early, and time must be bounded.
LONGEST = 20_000


class Hit(Struct, frozen=True, gc=False):
    """A reader's word at text[start:end] and what that reader stored for it."""

    start: int
    end: int
    value: Any


class Words:
    """Finds words in a text, also those that overlap."""

    def __init__(self, words: Iterable[str]) -> None:
        self._automaton = AhoCorasick(words)

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """(number of the word, start, end), in order of their end, the longest of those that end together first."""
        try:
            return self._automaton.find_matches_as_indexes(text, overlapping=True)
        except UnicodeEncodeError:
            # A lone surrogate, of which no word has one: a question mark takes its place.
            return self.find(text.encode("utf-8", "replace").decode())


class Scanner:
    """Finds the words of several readers; each reader gets its own hits, in order of their end."""

    def __init__(self, words: Mapping[str, Mapping[str, Any]]) -> None:
        entries: dict[str, list[tuple[str, Any]]] = {}
        for reader, values in words.items():
            for word, value in values.items():
                if word:
                    entries.setdefault(word, []).append((reader, value))
        self._readers = tuple(words)
        self._takers = tuple(entries.values())
        self._words = Words(entries)

    def scan(self, text: str) -> dict[str, list[Hit]]:
        """Hits by reader in the first 20,000 characters."""
        found: dict[str, list[Hit]] = {reader: [] for reader in self._readers}
        for number, start, end in self._words.find(text[:LONGEST]):
            for reader, value in self._takers[number]:
                found[reader].append(Hit(start, end, value))
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
