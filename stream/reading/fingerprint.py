"""What a post is about, in a few integers: its rarest character bigrams, and a simhash that survives light edits.

Rarity comes from a table made of a word-frequency list (data/make_bigrams.py names it). Chinese has no spaces: pairs of
neighbouring characters need no segmenter, and the rare ones are nearly always names, places and matters.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

TERMS = 16
TITLE_CHARACTERS = 200  # a title is never longer; a hostile one is cut here
LEAD_CHARACTERS = 200  # names and matter stand in the lead; further down a text drifts
WHOLE_CHARACTERS = 2000  # enough to tell reprints apart
TITLE_BONUS = 40  # quarter bits: the title says what it is about, rare pairs further down are often accidents
REPEAT_BONUS = 20  # quarter bits for a pair that stands there twice
TITLE_VOTES = 3  # under one short summary another title is another post; under a long text it is a reprint
RARITY_BITS = 8
BUCKETS_SHIFT = 15  # 32 hash bits down to the table's 17
_LETTER, _DIGIT = 18, 14  # quarter bits: two Latin letters tell less than two characters
_FIRST = 0x4E00

_Terms = NDArray[np.uint64]
_NO_TERMS: _Terms = np.zeros(0, np.uint64)


class _Tables(Struct, frozen=True):
    fold: NDArray[np.uint16]
    single: NDArray[np.uint8]
    double: NDArray[np.uint8]


def fingerprint(title: str, text: str) -> tuple[list[int], int]:
    """The up to 16 rarest bigrams of title and lead, rarest first, and a 63-bit simhash of title and text.

    A term's low byte is its rarity in quarter bits (`rarity`), the rest its hash: comparing terms needs no table.
    Case, width, spaces and punctuation do not matter. A text without two neighbouring letters gives ([], 0).
    """
    title_pairs = _pairs(title[:TITLE_CHARACTERS])
    text_pairs = _pairs(text[:WHOLE_CHARACTERS])
    lead = text_pairs[:LEAD_CHARACTERS]
    return _rarest(title_pairs, lead), _simhash(np.concatenate((title_pairs,) * TITLE_VOTES + (text_pairs,)))


def rarity(term: int) -> int:
    """How rare a term is, in quarter bits (0–255)."""
    return term & 0xFF


def _pairs(text: str) -> _Terms:
    """Terms of neighbouring characters: 32 bits of hash, then the rarity; none across punctuation."""
    if len(text) < 2:
        return _NO_TERMS
    tables = _tables()
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    folded = tables.fold[np.minimum(points, 0xFFFF)].astype(np.uint32)
    first, second = folded[:-1], folded[1:]
    hashes = first * np.uint32(0x9E3779B1) + second * np.uint32(0x85EBCA77)
    single = tables.single[folded]
    cost = np.minimum(single[:-1].astype(np.uint16) + single[1:], tables.double[hashes >> BUCKETS_SHIFT])
    terms = (hashes.astype(np.uint64) << np.uint64(RARITY_BITS)) | cost.astype(np.uint64)
    joined = (first != 0) & (second != 0)
    together: _Terms = terms[joined]
    return together


def _rarest(title: _Terms, lead: _Terms) -> list[int]:
    scores: dict[int, int] = {}
    for term in lead.tolist():
        scores[term] = (term & 0xFF) + (REPEAT_BONUS if term in scores else 0)
    for term in title.tolist():
        scores[term] = (term & 0xFF) + TITLE_BONUS + (REPEAT_BONUS if term in scores else 0)
    return sorted(scores, key=lambda term: (-scores[term], term))[:TERMS]


def _simhash(terms: _Terms) -> int:
    """Charikar 2002: each bit is the majority vote of the pairs' hashes."""
    if not len(terms):
        return 0
    spread = (terms >> np.uint64(RARITY_BITS)) * np.uint64(0x9E3779B97F4A7C15)
    spread ^= spread >> np.uint64(29)
    spread *= np.uint64(0xBF58476D1CE4E5B9)
    spread ^= spread >> np.uint64(32)
    votes = np.unpackbits(spread.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=0, dtype=np.uint32)
    bits = np.packbits(votes * 2 > len(terms))
    return int.from_bytes(bits.tobytes(), "big") >> 1


@cache
def _tables() -> _Tables:
    with (files("stream.reading") / "data" / "bigrams.npz").open("rb") as file:
        stored = np.load(file, allow_pickle=False)
        cjk, double = stored["single"], stored["double"]
    fold = np.array([_folded(point) for point in range(0x10000)], np.uint16)
    single = np.full(0x10000, 96, np.uint8)
    single[_FIRST : _FIRST + len(cjk)] = cjk
    single[ord("a") : ord("z") + 1] = _LETTER
    single[ord("0") : ord("9") + 1] = _DIGIT
    return _Tables(fold, single, double)


def _folded(point: int) -> int:
    """The code point that stands for this one (width and case folded), or 0 where it is no letter or digit."""
    character = unicodedata.normalize("NFKC", chr(point)).casefold()
    if len(character) != 1 or ord(character) > 0xFFFF:
        return 0
    return ord(character) if unicodedata.category(character)[0] in "LN" else 0
