"""Saving by compare-and-set, in bulk: guess what is there, write, and read where the guess was wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from operator import itemgetter

import msgspec

from stream.backends.elastic_chains import Chain, chains_of
from stream.backends.elastic_client import Operation, Outcome
from stream.backends.elastic_documents import document, id_of
from stream.backends.elastic_faults import is_write_block, refused
from stream.backends.elastic_indices import Indices
from stream.backends.elastic_reading import Key, Known, Memory, Reader
from stream.backends.kinds import Kind
from stream.core.documents import Post
from stream.errors import OutsideFailed
from stream.ports import Save, Saved

_TURNS = 12
"""Every turn that fails is another's success, so that many in a row need many who write the same item at once."""


class Saver:
    """Writes items."""

    def __init__(self, indices: Indices, reader: Reader, memory: Memory) -> None:
        self._client = indices.client
        self._indices = indices
        self._names = indices.names
        self._reader = reader
        self._memory = memory
        self._doubtful: set[Key] = set()

    def save_many(self, saves: Sequence[Save]) -> list[Saved]:
        """Each save's result, in order (see Store.save_many). After OutsideFailed any part may have been written; the
        same saves made again by this instance succeed where they had been."""
        chains = chains_of(saves)
        for chain in chains:
            chain.is_doubtful = chain.key in self._doubtful
        try:
            self._settle(chains)
        except OutsideFailed:
            self._doubtful.update(chain.key for chain in chains)
            raise
        self._doubtful.difference_update(chain.key for chain in chains)
        numbered = [pair for chain in chains for pair in zip(chain.numbers, chain.results, strict=True)]
        return [saved for _, saved in sorted(numbered, key=itemgetter(0))]

    def _settle(self, chains: list[Chain]) -> None:
        left = chains
        for _ in range(_TURNS):
            for chain in left:
                chain.guess(self._memory.get(chain.key))
            left = self._based(left)
            if not left:
                return
            left = self._write(left)
        if left:
            raise OutsideFailed(
                f"Elasticsearch {self._client.address} 上的 {left[0].key[0]} {left[0].id[:80]} "
                "同时被太多进程改写；请检查是否有多余的进程"
            )

    def _based(self, chains: list[Chain]) -> list[Chain]:
        """Those that have something to write; the results of the others stand."""
        self._look([chain for chain in chains if chain.base is None])
        guessed = [chain for chain in chains if not chain.is_sure and not chain.decide()]
        self._look(guessed)
        return [chain for chain in chains if not (chain.is_doubtful and self._was_written(chain)) and chain.decide()]

    def _was_written(self, chain: Chain) -> bool:
        assert chain.base is not None
        chain.is_doubtful = False
        return chain.is_written(chain.base)

    def _look(self, chains: list[Chain]) -> None:
        """Reads what is there."""
        by_kind: dict[Kind, list[Chain]] = defaultdict(list)
        for chain in chains:
            by_kind[chain.kind].append(chain)
        for kind, some in by_kind.items():
            with_items = any(chain.is_doubtful for chain in some)
            found = self._reader.known(kind, [chain.id for chain in some], with_items=with_items)
            for chain in some:
                chain.found(found.get(chain.id, Known()))
        self._look_among_kept([chain for chain in chains if chain.is_closing])

    def _look_among_kept(self, chains: list[Chain]) -> None:
        """A post whose day is being dropped may have moved already, and its place may not say so yet."""
        if not chains:
            return
        found = self._reader.at(self._names.kept, [chain.id for chain in chains])
        moved = [chain for chain in chains if chain.id in found]
        for chain in moved:
            chain.found(found[chain.id])
        self._place_again(moved)

    def _write(self, chains: list[Chain]) -> list[Chain]:
        """Those that must be tried again."""
        placed = self._placed([chain for chain in chains if chain.is_post])
        ready = [chain for chain in chains if not chain.is_post or chain.key in placed]
        operations = [self._operation(chain) for chain in ready]
        self._indices.ensure(operation.index for operation in operations)
        outcomes = self._client.bulk(operations)
        done = {
            chain.key
            for chain, operation, outcome in zip(ready, operations, outcomes, strict=True)
            if self._is_done(chain, operation.index, outcome)
        }
        self._place_again([chain for chain in ready if chain.is_closing and chain.key in done])
        return [chain for chain in chains if chain.key not in done]

    def _operation(self, chain: Chain) -> Operation:
        base, item = chain.base, chain.item
        assert base is not None
        assert item is not None
        index = base.index if chain.is_post else self._names.of(chain.kind.tag)
        assert index is not None
        body = document(chain.kind, item, chain.revision)
        if chain.is_closing and index != self._names.kept:
            return Operation("create", self._names.kept, id_of(chain.id), body)
        if base.revision == 0:
            return Operation("create", index, id_of(chain.id), body)
        return Operation("index", index, id_of(chain.id), body, base.seq, base.term)

    def _is_done(self, chain: Chain, index: str, outcome: Outcome) -> bool:
        if outcome.is_done:
            known = Known(revision=chain.revision, seq=outcome.seq, term=outcome.term, index=index)
            self._memory.put(chain.key, known)
            return True
        self._memory.drop(chain.key)
        chain.refuted()
        if is_write_block(outcome.kind, outcome.reason) and self._names.is_day(index):
            chain.is_closing = True
        elif outcome.status != 409:
            self._indices.forget(index)
            reason = refused(outcome.status, outcome.kind, outcome.reason)
            raise OutsideFailed(f"Elasticsearch {self._client.address}（{index}）{reason}")
        chain.is_doubtful = outcome.is_doubtful
        return False

    def _placed(self, chains: list[Chain]) -> set[Key]:
        """Gives every new post its place, durably, before it is put there: its id must never be in two days. Those that
        were placed by someone else meanwhile are left out, to be looked for."""
        new = [chain for chain in chains if chain.base is not None and chain.base.index is None]
        for chain in new:
            first = chain.saves[next(n for n, saved in enumerate(chain.results) if saved.ok)].item
            assert isinstance(first, Post)
            chain.base = Known(index=self._names.first(first))
        outcomes = self._put_places("create", new)
        for chain, outcome in zip(new, outcomes, strict=True):
            if not outcome.is_done:
                chain.refuted()
        return {chain.key for chain in chains if chain.base is not None}

    def _place_again(self, chains: list[Chain]) -> None:
        """Says of posts that they are among those kept."""
        for chain in chains:
            assert chain.base is not None
            chain.base = msgspec.structs.replace(chain.base, index=self._names.kept)
        self._put_places("index", chains)

    def _put_places(self, action: str, chains: list[Chain]) -> list[Outcome]:
        if not chains:
            return []
        self._indices.ensure([self._names.place])
        operations = []
        for chain in chains:
            assert chain.base is not None
            body = msgspec.json.encode({"index": chain.base.index})
            operations.append(Operation(action, self._names.place, id_of(chain.id), body))
        outcomes = self._client.bulk(operations)
        for outcome in outcomes:
            if not outcome.is_done and outcome.status != 409:
                reason = refused(outcome.status, outcome.kind, outcome.reason)
                raise OutsideFailed(f"Elasticsearch {self._client.address}（{self._names.place}）{reason}")
        return outcomes
