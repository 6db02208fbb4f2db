"""The saves of one item in one call, as one compare-and-set: what is expected, what is written, what is reported."""

from __future__ import annotations

from collections.abc import Sequence

from stream.backends.elastic_documents import packed
from stream.backends.elastic_reading import Key, Known, key_of
from stream.backends.kinds import KINDS, Kind
from stream.core.codec import Item
from stream.core.documents import Post
from stream.ports import Save, Saved


class Chain:
    """Saves of the same item, in order; each sees its predecessor, so only the last state is written."""

    def __init__(self, kind: Kind, key: Key) -> None:
        self.kind = kind
        self.key = key
        self.numbers: list[int] = []
        self.saves: list[Save] = []
        self.results: list[Saved] = []
        self.base: Known | None = None
        self.item: Item | None = None
        self.revision = 0
        self.is_sure = False
        """Whether `base` was read in this call: only then may a conflict be reported."""
        self.was_wrong = False
        """Whether a base failed already, so that the next is read."""
        self.is_doubtful = False
        """Whether an earlier try may have been carried out unseen."""
        self.is_closing = False
        """Whether the post's day is being dropped: it moves to what is kept."""

    @property
    def id(self) -> str:
        return self.key[1]

    @property
    def is_post(self) -> bool:
        return self.kind is KINDS[Post]

    def add(self, number: int, save: Save) -> None:
        self.numbers.append(number)
        self.saves.append(save)

    def guess(self, remembered: Known | None) -> None:
        """A base without a read, where one is likely to be right; the compare-and-set proves it."""
        expected = self.saves[0].expected
        if self.is_doubtful or self.was_wrong:
            return
        if remembered is not None and expected in (None, remembered.revision):
            self.base = remembered
        elif expected == 0:
            self.base = Known()

    def found(self, base: Known) -> None:
        """What is there, read just now."""
        self.base, self.is_sure = base, True

    def refuted(self) -> None:
        """The base was wrong."""
        self.base, self.is_sure, self.was_wrong = None, False, True

    def decide(self) -> bool:
        """Whether there is something to write upon `base`. `results` are those of a write that succeeds."""
        assert self.base is not None
        return self._decide(self.base.revision)

    def _decide(self, revision: int) -> bool:
        self.results, self.item = [], None
        for save in self.saves:
            ok = save.expected is None or save.expected == revision
            if ok:
                revision += 1
                self.item = save.item
            self.results.append(Saved(ok=ok, revision=revision))
        self.revision = revision
        return self.item is not None

    def is_written(self, found: Known) -> bool:
        """Whether what is there is what a try of ours, whose answer was lost, would have left. Sets `results`."""
        expected = self.saves[0].expected
        start = found.revision - len(self.saves) if expected is None else expected
        is_ours = self._decide(start) and self.revision == found.revision
        return is_ours and self.item is not None and packed(self.item) == found.item


def chains_of(saves: Sequence[Save]) -> list[Chain]:
    """One chain for each item, in order of their first saves."""
    chains: dict[Key, Chain] = {}
    for number, save in enumerate(saves):
        key = key_of(save.item)
        chain = chains.get(key)
        if chain is None:
            chain = chains[key] = Chain(KINDS[type(save.item)], key)
        chain.add(number, save)
    return list(chains.values())
