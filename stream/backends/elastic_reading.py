"""Reading documents by id, which in Elasticsearch is never stale, and where each post is."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from stream.backends.elastic_client import Client
from stream.backends.elastic_documents import id_of, stored
from stream.backends.elastic_faults import refused
from stream.backends.elastic_indices import Names
from stream.backends.kinds import KINDS, Kind
from stream.core.codec import Item
from stream.core.documents import Post
from stream.errors import OutsideFailed
from stream.ports import Stored

_AT_ONCE = 500
_REMEMBERED = 50_000
_PAUSES_S = (0.1, 0.3, 0.9, 2.0)

Key = tuple[str, str]
"""Tag and id of an item."""


class Known(Struct, frozen=True, kw_only=True):
    """What a document was when it was last seen; revision 0 = not there. `index`: of a post, where it is or belongs."""

    revision: int = 0
    seq: int | None = None
    term: int | None = None
    index: str | None = None
    item: str | None = None


class Memory:
    """The revisions last seen, of bounded number: a save of one that is remembered needs no read before it. What is
    outdated costs a conflict, and is read then; it is never believed."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, Known] = OrderedDict()

    def get(self, key: Key) -> Known | None:
        return self._known.get(key)

    def put(self, key: Key, known: Known) -> None:
        self._known[key] = Known(revision=known.revision, seq=known.seq, term=known.term, index=known.index)
        self._known.move_to_end(key)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def drop(self, key: Key) -> None:
        self._known.pop(key, None)


class Reader:
    """Documents by id."""

    def __init__(self, client: Client, names: Names, memory: Memory) -> None:
        self._client = client
        self._names = names
        self._memory = memory

    def items(self, kind: Kind, ids: Sequence[str]) -> dict[str, Stored]:
        """Those that exist, as items."""
        found = self.known(kind, ids, with_items=True)
        for id, one in found.items():
            self._memory.put((kind.tag, id), one)
        return {
            id: stored(kind, {"item": one.item, "revision": one.revision})
            for id, one in found.items()
            if one.revision > 0
        }

    def known(self, kind: Kind, ids: Sequence[str], *, with_items: bool = False) -> dict[str, Known]:
        """What is there of each now; of a post that is not there but was placed, its place."""
        if kind is not KINDS[Post]:
            index = self._names.of(kind.tag)
            return self._get(dict.fromkeys(ids, index), with_items=with_items)
        # Never from memory: a post that was moved may still stand where it was, too.
        places = self.places(ids)
        found = self._get(places, with_items=with_items)
        return {id: found.get(id, Known(index=index)) for id, index in places.items()}

    def at(self, index: str, ids: Iterable[str]) -> dict[str, Known]:
        """What is there in one index."""
        return self._get(dict.fromkeys(ids, index), with_items=True)

    def places(self, ids: Sequence[str]) -> dict[str, str]:
        """The index that each post was put in."""
        return {id: str(one.index) for id, one in self.placed(ids).items()}

    def placed(self, ids: Sequence[str]) -> dict[str, Known]:
        """The entries that say where posts are."""
        found = self._sources(dict.fromkeys(ids, self._names.place), ["index"])
        return {
            id: Known(seq=one["_seq_no"], term=one["_primary_term"], index=one["_source"]["index"])
            for id, one in found.items()
        }

    def _get(self, places: Mapping[str, str], *, with_items: bool) -> dict[str, Known]:
        fields = ["revision", "item"] if with_items else ["revision"]
        return {
            id: Known(
                revision=one["_source"]["revision"], seq=one["_seq_no"], term=one["_primary_term"],
                index=one["_index"], item=one["_source"].get("item"),
            )
            for id, one in self._sources(places, fields).items()
        }  # fmt: skip

    def _sources(self, places: Mapping[str, str], fields: list[str]) -> dict[str, dict[str, Any]]:
        """The documents that exist, by item id; `places` = the index of each."""
        found: dict[str, dict[str, Any]] = {}
        listed = list(places.items())
        for start in range(0, len(listed), _AT_ONCE):
            some = listed[start : start + _AT_ONCE]
            documents = self._documents([{"_index": index, "_id": id_of(id)} for id, index in some], fields)
            found |= {id: one for (id, _), one in zip(some, documents, strict=True) if one.get("found")}
        return found

    def _documents(self, wanted: list[dict[str, Any]], fields: list[str]) -> list[dict[str, Any]]:
        """As the server has them, in order. A shard that is not ready is an answer inside the answer: asked again, and
        never taken for "not there"."""
        for pause_s in (*_PAUSES_S, None):
            documents: list[dict[str, Any]] = self._client.ask(lambda es: es.mget(docs=wanted, source=fields))["docs"]
            errors = [one["error"] for one in documents if _is_unread(one)]
            if not errors:
                return documents
            if pause_s is None:
                reason = refused(503, str(errors[0].get("type")), str(errors[0].get("reason")))
                raise OutsideFailed(f"Elasticsearch {self._client.address} {reason}")
            time.sleep(pause_s)
        raise AssertionError


def _is_unread(document: dict[str, Any]) -> bool:
    """An index that was never made holds nothing; any other error says nothing about the document."""
    error = document.get("error")
    return error is not None and error.get("type") != "index_not_found_exception"


def key_of(item: Item) -> Key:
    """Tag and id of an item."""
    return str(item.__struct_config__.tag), item.id
