"""What a post is found by: its words for the FTS5 index, and what a query asks of them. Pure.

A post's title and text are case-folded and each pair of neighbouring characters is one word of the FTS row; white
space ends a word, so the last character before it stands alone. The row keeps no positions (`detail=none` halves size
and time against positions), so a longer word is the conjunction of its pairs, and what that finds too much is removed
by looking at the stored text (`Wanted.holds`). Topics, regions and bodies are words of the same row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct

from stream.core.documents import Post

TOKENIZER = "ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
"""Everything above ASCII is a letter to this tokenizer."""
# It splits at the rest of ASCII, stops at NUL, and its option cannot hold quotes: these move to the private use area.
_STOPS = re.compile("[\x00-\x1f\x7f\"']")
_MOVED = {code: 0xE000 + code for code in (*range(32), 127, *b"\"'")}
# In labels upper case moves too: the tokenizer would fold it.
_LABEL = {code: 0xE000 + code for code in range(128) if not (chr(code).islower() or chr(code).isdigit())}
# Words of labels have three characters or more, so that no pair of a text can be mistaken for one.
_TOPIC, _REGION, _BODY = "\ue100\ue100\ue100", "\ue101\ue101\ue101", "\ue102\ue102\ue102"
# Lengths of GB/T 2260 prefixes (province, city, county): each is a word, so that the usual filters read one list.
_PREFIXES = (2, 4, 6)
_LONG = 20_000
_PAIRS_ASKED = 32
"""A query asks the index for so many pairs at most; the stored text decides about the rest."""


def words_of(post: Post) -> str:
    """The words of a post's FTS row, separated by spaces; their order means nothing."""
    mention = post.mention
    words = [pairs(mention.title), pairs(post.text)]
    words += [_label(_TOPIC, one.topic) for one in mention.topics]
    words += [_label(_BODY, one) for one in mention.bodies]
    words += [_regions(one) for one in mention.regions]
    return " ".join(words)


def pairs(text: str) -> str:
    """Each character with its successor, a space between the pairs; of a long text each pair once, to bound the row."""
    folded = _moved(" ".join(text.casefold().split())) + " "
    if len(folded) <= _LONG:
        return _paired(folded)
    found: set[str] = set()
    for start in range(0, len(folded), _LONG):
        found.update(_paired(folded[start : start + _LONG + 1]).split())
    return " ".join(sorted(found))


def _paired(text: str) -> str:
    """On UTF-32 in strides, ten times faster than pairing strings: a 2 KB post takes 15 µs."""
    raw, count = text.encode("utf-32-le"), len(text) - 1
    found = bytearray(12 * count)
    for byte in range(3):
        found[byte::12] = raw[byte:-4:4]
        found[4 + byte :: 12] = raw[4 + byte :: 4]
    found[8::12] = b" " * count
    return found.decode("utf-32-le")


def _moved(text: str) -> str:
    return text.translate(_MOVED) if _STOPS.search(text) else text


@lru_cache(4096)
def _label(prefix: str, value: str) -> str:
    return prefix + value.translate(_LABEL)


@lru_cache(4096)
def _regions(code: str) -> str:
    """A region and the larger ones it lies in."""
    lengths = (*(length for length in _PREFIXES if length < len(code)), len(code))
    return " ".join(_label(_REGION, code[:length]) for length in lengths)


class Wanted(Struct, frozen=True, kw_only=True):
    """What a query demands. `words` are case-folded; each must stand in the title or in the text."""

    words: tuple[str, ...] = ()
    topic: str | None = None
    region: str | None = None
    body: str | None = None

    def match(self) -> str:
        """The FTS5 expression; empty when everything fits."""
        terms = dict.fromkeys(term for word in self.words for term in _terms(word))
        asked = list(terms)[:_PAIRS_ASKED]
        if self.topic is not None:
            asked.append(_quoted(_label(_TOPIC, self.topic)))
        if self.body is not None:
            asked.append(_quoted(_label(_BODY, self.body)))
        if self.region:
            asked.append(_quoted(_label(_REGION, self.region)) + ("" if len(self.region) in _PREFIXES else "*"))
        return " ".join(asked)

    def holds(self, post: Post) -> bool:
        """Whether every word stands in the title or in the text, literally but for case."""
        title, text = post.mention.title.casefold(), post.text.casefold()
        return all(word in title or word in text for word in self.words)


def words_in(query: str) -> tuple[str, ...]:
    """The words of a query, each once. A lone surrogate cannot stand in any stored text and is kept as such."""
    return tuple(dict.fromkeys(query.casefold().split()))


def is_storable(words: Iterable[str]) -> bool:
    """Whether UTF-8 can hold them: a lone surrogate matches nothing."""
    try:
        "".join(words).encode()
    except UnicodeEncodeError:
        return False
    return True


def _terms(word: str) -> list[str]:
    """One character: every pair that begins with it, and it alone before white space."""
    moved = _moved(word)
    if len(moved) == 1:
        return [_quoted(moved) + "*"]
    return [_quoted(first + second) for first, second in pairwise(moved)]


def _quoted(term: str) -> str:
    return f'"{term}"'
