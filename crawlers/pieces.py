"""What spiders hand over, and the keys under which it is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec import Struct

from stream.core.documents import Coverage, Decision, Page
from stream.core.records import Fetched, Rejected
from stream.ports import Exchange

Publishable = Page | Coverage | Decision | Rejected


class Piece(Struct, frozen=True, kw_only=True):
    """What belongs together: a message, the exchange that proves it, and what to remember once it is published."""

    message: Publishable | None = None
    exchange: Exchange | None = None
    remember: tuple[Fetched, ...] = ()


def post_id(url: str) -> str:
    """The id of the post at an address: the same as a row with this `url` and no `id` gets (docs/formats.md)."""
    return f"p-{hashlib.sha256(url.strip().encode('utf-8', 'replace')).hexdigest()[:16]}"


def fetched_id(source: str, url: str) -> str:
    """The key under which a source remembers an address."""
    return hashlib.sha256(f"{source}\x1f{url}".encode("utf-8", "replace")).hexdigest()[:32]


def sha256(parts: Iterable[bytes]) -> str:
    """Hex SHA-256 of bytes one after the other."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
