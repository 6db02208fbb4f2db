"""The row of a post in the FTS5 index and what a query asks of it. Pure.

The row holds the pairs of words.py and, as words of the same row, the post's topics, regions and bodies; it keeps no
positions (`detail=none` halves size and time against positions).
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from stream.backends.words import asked_of, holds, pairs
from stream.core.documents import Post

TOKENIZER = "ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
"""Everything above ASCII is a letter to this tokenizer."""
# In labels upper case moves too: the tokenizer would fold it.
_LABEL = {code: 0xE000 + code for code in range(128) if not (chr(code).islower() or chr(code).isdigit())}
# Words of labels have three characters or more, so that no pair of a text can be mistaken for one.
_TOPIC, _REGION, _BODY = "\ue100\ue100\ue100", "\ue101\ue101\ue101", "\ue102\ue102\ue102"
# Lengths of GB/T 2260 prefixes (province, city, county): each is a word, so that the usual filters read one list.
_PREFIXES = (2, 4, 6)


def words_of(post: Post) -> str:
    """The words of a post's FTS row, separated by spaces; their order means nothing."""
    mention = post.mention
    words = [pairs(mention.title), pairs(post.text)]
    words += [_label(_TOPIC, one.topic) for one in mention.topics]
    words += [_label(_BODY, one) for one in mention.bodies]
    words += [_regions(one) for one in mention.regions]
    return " ".join(words)


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
        asked = [_quoted(term) + ("*" if len(term) == 1 else "") for term in asked_of(self.words)]
        if self.topic is not None:
            asked.append(_quoted(_label(_TOPIC, self.topic)))
        if self.body is not None:
            asked.append(_quoted(_label(_BODY, self.body)))
        if self.region:
            asked.append(_quoted(_label(_REGION, self.region)) + ("" if len(self.region) in _PREFIXES else "*"))
        return " ".join(asked)

    def holds(self, post: Post) -> bool:
        """Whether every word stands in the title or in the text, literally but for case."""
        return holds(post, self.words)


def _quoted(term: str) -> str:
    return f'"{term}"'
