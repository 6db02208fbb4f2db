"""What one batch may look at and change: items fetched at once, puts laid over them, saved together at the end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, cast

from stream.core.codec import Item
from stream.ports import Filter, Order, Save, Store, Stored

T = TypeVar("T", bound=Item)

PAGE = 1_000

# Any: a tuple of a type variable is invariant, so the precise union would not fit.
Ref = tuple[type[Any], str]


class Cache:
    """Bounded memory of items this worker alone writes, so that an ordered step does not fetch what it just saved.

    Valid only while nobody else writes these kinds; a conflict clears it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: OrderedDict[Ref, Stored] = OrderedDict()

    def get(self, ref: Ref) -> Stored | None:
        """The item, now the most recently used."""
        found = self._items.get(ref)
        if found is not None:
            self._items.move_to_end(ref)
        return found

    def keep(self, ref: Ref, stored: Stored) -> None:
        """Remembers; the least recently used goes when full."""
        if not self._limit:
            return
        self._items[ref] = stored
        self._items.move_to_end(ref)
        while len(self._items) > self._limit:
            self._items.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything."""
        self._items.clear()


class BatchState:
    """Implements stream.ports.State over a store."""

    def __init__(self, store: Store, cache: Cache) -> None:
        self._store = store
        self._cache = cache
        self._base: dict[Ref, Stored | None] = {}
        self._puts: dict[Ref, Item] = {}
        self._undo: list[tuple[Ref, Item | None]] = []

    def fetch(self, refs: Iterable[Ref]) -> None:
        """Reads all of `refs` that are not known yet, one query a kind."""
        wanted: dict[type[Item], dict[str, None]] = {}
        for ref in refs:
            if ref in self._base:
                continue
            if (cached := self._cache.get(ref)) is not None:
                self._base[ref] = cached
            else:
                wanted.setdefault(ref[0], {})[ref[1]] = None
        for kind, ids in wanted.items():
            found = self._store.get_many(kind, list(ids))
            for one in ids:
                self._base[kind, one] = found.get(one)

    def know(self, stored: Stored) -> None:
        """An item read elsewhere (a due query); what this batch already knows is newer and stays."""
        self._base.setdefault((type(stored.item), stored.item.id), stored)

    def get(self, kind: type[T], id: str) -> T | None:
        """See stream.ports.State."""
        ref: Ref = (kind, id)
        if ref in self._puts:
            return cast(T, self._puts[ref])
        if ref not in self._base:
            self.fetch([ref])
        stored = self._base[ref]
        return None if stored is None else cast(T, stored.item)

    def put(self, item: Item) -> None:
        """See stream.ports.State."""
        ref: Ref = (type(item), item.id)
        self._undo.append((ref, self._puts.get(ref)))
        self._puts[ref] = item

    def revision(self, kind: type[T], id: str) -> int:
        """See stream.ports.State."""
        ref: Ref = (kind, id)
        if ref not in self._base:
            self.fetch([ref])
        stored = self._base[ref]
        return (stored.revision if stored else 0) + (ref in self._puts)

    def listing(self, kind: type[T], where: Filter, *, order: Order = "id", limit: int = 1000) -> list[T]:
        """See stream.ports.State; pages through the store."""
        items: dict[str, T] = {}
        cursor: str | None = None
        while len(items) < limit:
            page = self._store.listing(kind, where, order=order, limit=min(1000, limit - len(items)), cursor=cursor)
            for stored in page.items:
                self.know(stored)
                ref: Ref = (kind, stored.item.id)
                items[stored.item.id] = cast(T, self._puts.get(ref, stored.item))
            cursor = page.cursor
            if cursor is None:
                break
        return list(items.values())

    def each(self, kind: type[T], where: Filter) -> Iterator[T]:
        """See stream.ports.State."""
        cursor: str | None = None
        while True:
            page = self._store.listing(kind, where, limit=PAGE, cursor=cursor)
            yield from (cast(T, stored.item) for stored in page.items)
            cursor = page.cursor
            if cursor is None:
                return

    def begin(self) -> None:
        """From here on `undo` takes puts back: the border between two messages."""
        self._undo.clear()

    def undo(self) -> None:
        """Takes back every put since `begin`: the message was rejected."""
        for ref, before in reversed(self._undo):
            if before is None:
                self._puts.pop(ref, None)
            else:
                self._puts[ref] = before
        self._undo.clear()

    def touched(self) -> Sequence[Item]:
        """What was put since `begin`."""
        return [self._puts[ref] for ref, _ in self._undo if ref in self._puts]

    def saves(self) -> list[Save]:
        """Everything put, each expecting the revision it was read at."""
        for ref in self._puts:
            if ref not in self._base:
                self.fetch([ref])
        return [
            Save(item=item, expected=stored.revision if (stored := self._base[ref]) else 0)
            for ref, item in self._puts.items()
        ]

    def saved(self) -> None:
        """The saves went through: remember them for the next batch."""
        for ref, item in self._puts.items():
            before = self._base[ref]
            self._cache.keep(ref, Stored(item=item, revision=(before.revision if before else 0) + 1))
