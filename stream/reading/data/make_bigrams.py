"""Makes bigrams.npz from a word-frequency list: `python make_bigrams.py dict.txt`.

The list has lines `word count tag`; ours is `jieba/dict.txt` of the package jieba 0.42.1 (MIT licence). Costs are
-log2 of a probability in quarter bits: of single characters by code point (CJK), and of bigrams inside words by hash.
What bulletins and headlines are built of stands in formulas.txt (written for this project): no word list knows that
these are common where we read.
"""

from __future__ import annotations

import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np

FIRST, LAST = 0x4E00, 0x9FFF
BUCKETS = 1 << 17
FORMULA = 50  # quarter bits of a pair that any headline may hold
WORTH_KEEPING = 4  # quarter bits by which a pair must be likelier than its characters apart


def main(source: Path, formulas: str, target: Path) -> None:
    characters: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for line in source.read_text(encoding="utf-8").splitlines():
        word, count, _ = line.split(" ", 2)
        characters.update({one: int(count) * word.count(one) for one in set(word)})
        for one, other in pairwise(word):
            pairs[one + other] += int(count)
    total = sum(characters.values())
    single = np.full(LAST - FIRST + 1, 96, np.uint8)
    for one, times in characters.items():
        if FIRST <= ord(one) <= LAST:
            single[ord(one) - FIRST] = cost(times, total)
    double = np.full(BUCKETS, 255, np.uint8)
    for pair, times in pairs.items():
        a, b = (ord(one) - FIRST for one in pair)
        if min(a, b) < 0 or max(a, b) > LAST - FIRST:
            continue
        mine = cost(times, total)
        if mine + WORTH_KEEPING <= int(single[a]) + int(single[b]):
            double[bucket(pair)] = min(int(double[bucket(pair)]), mine)
    for phrase in formulas.split():
        for one, other in pairwise(phrase):
            double[bucket(one + other)] = min(int(double[bucket(one + other)]), FORMULA)
    np.savez_compressed(target, single=single, double=double)


def bucket(pair: str) -> int:
    """As in stream.reading.fingerprint."""
    return (ord(pair[0]) * 0x9E3779B1 + ord(pair[1]) * 0x85EBCA77 & 0xFFFFFFFF) >> 15


def cost(count: int, total: int) -> int:
    return min(250, round(4 * float(np.log2(total / max(1, count)))))


if __name__ == "__main__":
    folder = Path(__file__).parent
    main(Path(sys.argv[1]), (folder / "formulas.txt").read_text(encoding="utf-8"), folder / "bigrams.npz")
