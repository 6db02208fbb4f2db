"""Items as Elasticsearch documents: the values they are found by, and the item itself, which is never indexed. Pure."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Any

import msgspec

from stream.backends.kinds import Kind, due_of, instant, pack
from stream.backends.words import pairs
from stream.core.codec import Item
from stream.core.documents import Post
from stream.ports import Stored

_ID_BYTES = 512
"""What Elasticsearch takes as `_id`."""
LONGEST = 8000
"""Characters of a keyword: Lucene takes 32,766 bytes; what is longer is told apart by its hash."""


def id_of(id: str) -> str:
    """The `_id` of an item: its id, or the hash of one that cannot be an `_id`."""
    if id and len(id.encode()) <= _ID_BYTES and not id.startswith("#"):
        return id
    return "#" + hashlib.sha256(id.encode()).hexdigest()


def term_of(value: str) -> str:
    """A value as the index holds it."""
    if len(value) <= LONGEST:
        return value
    return value[: LONGEST - 100] + hashlib.sha256(value.encode()).hexdigest()


def document(kind: Kind, item: Item, revision: int) -> bytes:
    """The document of an item at a revision."""
    fields: dict[str, Any] = {"id": term_of(item.id), "revision": revision, "at": instant(item.collected_at)}
    if kind.has_due:
        fields["due"] = due_of(item)
    for name, value in zip(kind.singular, kind.values(item), strict=True):
        if value is not None:
            fields[name] = term_of(value)
    for name, value in kind.labels(item):
        fields.setdefault(name, []).append(term_of(value))
    if isinstance(item, Post):
        fields["words"] = f"{pairs(item.mention.title)} {pairs(item.text)}"
    fields["item"] = packed(item)
    return msgspec.json.encode(fields)


def packed(item: Item) -> str:
    """The item's bytes as the document holds them."""
    return b64encode(pack(item)).decode("ascii")


def stored(kind: Kind, source: dict[str, Any]) -> Stored:
    """The item of a document's source."""
    return Stored(item=kind.unpack(b64decode(source["item"])), revision=source["revision"])
