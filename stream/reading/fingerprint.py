"""What a post is about, in a few integers: its rarest character bigrams, and a simhash that survives light edits.

Rarity comes from a table made of a word-frequency list (data/make_bigrams.py names it). Chinese has no spaces: pairs of
neighbouring characters need no segmenter, and the rare ones are nearly always names, places and matters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, pairwise
from operator import add

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
_RARITY_BITS = 8
_BUCKETS_SHIFT = 15  # 32 hash bits down to the table's 17
_FIRST_FACTOR, _SECOND_FACTOR = 0x9E3779B1, 0x85EBCA77
_SPREAD = ((0x9E3779B97F4A7C15, 29), (0xBF58476D1CE4E5B9, 32))
_ABREAST = 16
_TERM_BITS = 40
_BALLOTS = 255  # what a byte can count
_LOWEST_BITS = int.from_bytes(b"\x01" * 64, "big")
_LETTER, _DIGIT = 18, 14  # quarter bits: two Latin letters tell less than two characters
_FIRST = 0x4E00
# Characters and Hangul syllables stand for themselves: not asking Unicode about 45,000 of them starts us 60 ms sooner.
_UNFOLDED = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xAC00, 0xD7A4))

_Terms = NDArray[np.uint64]


class _Tables(Struct, frozen=True):
    fold: NDArray[np.uint16]
    single: NDArray[np.uint16]
    double: NDArray[np.uint8]


def fingerprint(title: str, text: str) -> tuple[list[int], int]:
    """The up to 16 rarest bigrams of title and lead, rarest first, and a 63-bit simhash of title and text.

    A term's low byte is its rarity in quarter bits (`rarity`), the rest its hash: comparing terms needs no table.
    Case, width, spaces and punctuation do not matter. A text without two neighbouring letters gives ([], 0).
    """
    title, text = title[:TITLE_CHARACTERS], text[:WHOLE_CHARACTERS]
    is_short = TITLE_VOTES * len(title) + len(text) <= _BALLOTS
    return (_of_few if is_short else _of_many)(title, text)


def rarity(term: int) -> int:
    """How rare a term is, in quarter bits (0–255)."""
    return term & 0xFF


def _of_few(title: str, text: str) -> tuple[list[int], int]:
    """As `_of_many`, without numpy: its thirty calls take four times as long as looking up a title's pairs."""
    in_title = list(filter(None, map(_vote, map(add, title, title[1:]))))
    in_text = list(filter(None, map(_vote, map(add, text, text[1:]))))
    terms = _rarest([term for term, _ in in_title], [term for term, _ in in_text[:LEAD_CHARACTERS]])
    count = TITLE_VOTES * len(in_title) + len(in_text)
    votes = TITLE_VOTES * sum(ballot for _, ballot in in_title) + sum(ballot for _, ballot in in_text)
    majority = b"0" * (count // 2 + 1) + b"1" * (_BALLOTS - count // 2)
    bits = int(votes.to_bytes(64, "big").translate(majority), 2)
    return terms, int.from_bytes(bits.to_bytes(8, "little"), "big") >> 1


@lru_cache(maxsize=1 << 15)
def _vote(pair: str) -> tuple[int, int] | None:
    """The term of two characters, and its 64 bits as 64 bytes: as integers, up to 255 of them add up bit by bit."""
    tables = _tables()
    first, second = tables.fold.item(min(ord(pair[0]), 0xFFFF)), tables.fold.item(min(ord(pair[1]), 0xFFFF))
    if not (first and second):
        return None
    hashed = spread = (first * _FIRST_FACTOR + second * _SECOND_FACTOR) & 0xFFFFFFFF
    cost = min(tables.single.item(first) + tables.single.item(second), tables.double.item(hashed >> _BUCKETS_SHIFT))
    for factor, shift in _SPREAD:
        spread = spread * factor & 0xFFFFFFFFFFFFFFFF
        spread ^= spread >> shift
    return hashed << _RARITY_BITS | cost, int.from_bytes(f"{spread:064b}".encode(), "big") & _LOWEST_BITS


def _of_many(title: str, text: str) -> tuple[list[int], int]:
    # One pass over both: nothing pairs across the line break, and numpy's price is a call's, not a character's.
    pairs, places = _pairs(f"{title}\n{text}")
    split = int(places.searchsorted(len(title)))
    in_title, in_text = pairs[:split], pairs[split:]
    terms = _rarest(in_title.tolist(), in_text[:LEAD_CHARACTERS].tolist())
    return terms, _simhash(np.concatenate((in_title,) * TITLE_VOTES + (in_text,)))


def _pairs(text: str) -> tuple[_Terms, NDArray[np.intp]]:
    """Terms of neighbouring characters (32 bits of hash, then the rarity) and where they stand; none across
    punctuation."""
    tables = _tables()
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    folded = tables.fold.take(points, mode="clip").astype(np.uint32)
    places = np.flatnonzero((folded[:-1] != 0) & (folded[1:] != 0))
    first, second = folded.take(places), folded.take(places + 1)
    hashes: NDArray[np.uint32] = first * np.uint32(_FIRST_FACTOR) + second * np.uint32(_SECOND_FACTOR)
    cost = tables.single.take(first) + tables.single.take(second)
    np.minimum(cost, tables.double.take(hashes >> np.uint32(_BUCKETS_SHIFT)), out=cost)
    return hashes.astype(np.uint64) << np.uint64(_RARITY_BITS) | cost, places


def _rarest(title: Iterable[int], lead: Iterable[int]) -> list[int]:
    scores: dict[int, int] = {}
    for term in lead:
        scores[term] = (term & 0xFF) + (REPEAT_BONUS if term in scores else 0)
    for term in title:
        scores[term] = (term & 0xFF) + TITLE_BONUS + (REPEAT_BONUS if term in scores else 0)
    # By falling score, then term: as one integer each, since asking a function for every key takes three times as long.
    ranked = sorted(term - (score << _TERM_BITS) for term, score in scores.items())[:TERMS]
    return [one & ((1 << _TERM_BITS) - 1) for one in ranked]


def _simhash(terms: _Terms) -> int:
    """Charikar 2002: each bit is the majority vote of the pairs' hashes."""
    count = len(terms)
    if not count:
        return 0
    # A row of bits for as many terms as stand side by side: few wide rows are added up fastest, and byte by byte,
    # since no column is longer than 255 (2,600 terms at most).
    spread = np.zeros(-count % _ABREAST + count, np.uint64)
    spread[:count] = terms
    spread >>= np.uint64(_RARITY_BITS)
    for factor, shift in _SPREAD:
        spread *= np.uint64(factor)
        spread ^= spread >> np.uint64(shift)
    rows = np.unpackbits(spread.view(np.uint8)).reshape(-1, _ABREAST * 64)
    votes = rows.sum(axis=0, dtype=np.uint8).reshape(_ABREAST, 64).sum(axis=0, dtype=np.uint32)
    bits = np.packbits(votes * 2 > count)
    return int.from_bytes(bits.tobytes(), "big") >> 1


@cache
def _tables() -> _Tables:
    with (files("stream.reading") / "data" / "bigrams.npz").open("rb") as file:
        stored = np.load(file, allow_pickle=False)
        cjk, double = stored["single"], stored["double"]
    fold = np.arange(0x10000, dtype=np.uint16)
    for first, last in pairwise((0, *chain.from_iterable(_UNFOLDED), 0x10000)):
        if (first, last) not in _UNFOLDED:
            fold[first:last] = [_folded(point) for point in range(first, last)]
    single = np.full(0x10000, 96, np.uint16)
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
