"""One pass over a text for every reader: an Aho–Corasick automaton over all their words at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import ahocorasick
import numpy as np
from msgspec import Struct

# A crawled text may be of any length; what matters stands early, and time must be bounded.
LONGEST = 20_000


class Hit(Struct, frozen=True, gc=False):
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
            self._automaton.add_word(_bytewise(word), (len(word), values_of))
        self._automaton.make_automaton()

    def scan(self, text: str) -> dict[str, list[Hit]]:
        """Hits by reader in the first 20,000 characters."""
        found: dict[str, list[Hit]] = {reader: [] for reader in self._readers}
        read = _bytewise(text[:LONGEST])
        ends: list[int] | None = None
        for last, (length, values) in self._automaton.iter(read):
            if ends is None:
                ends = _character_ends(read)
            end = ends[last]
            for reader, value in values:
                found[reader].append(Hit(end - length, end, value))
        return found


def _bytewise(text: str) -> str:
    """UTF-8 as one character a byte.

    ⚙ The automaton searches a node's children one after the other, and thousands of characters begin some word; bytes
    keep every node small: 700 characters take a third of the time. No byte sequence matches across a character.
    """
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _character_ends(read: str) -> list[int]:
    """How many characters of the text end at or before each byte."""
    octets = np.frombuffer(read.encode("latin-1"), dtype=np.uint8)
    starts: list[int] = np.cumsum((octets & 0xC0) != 0x80).tolist()
    return starts


def longest(hits: Iterable[Hit]) -> list[Hit]:
    """Leftmost-longest hits that do not overlap."""
    chosen: list[Hit] = []
    reached = 0
    for hit in sorted(hits, key=lambda one: (one.start, -one.end)):
        if hit.start >= reached:
            chosen.append(hit)
            reached = hit.end
    return chosen
