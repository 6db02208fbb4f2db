"""One request at a time to a host and a pause after it, whichever spider asks (Scrapy's slots serve one crawler)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from urllib.parse import urlsplit


class Turns:
    """Shared by all spiders of a process; first come, first served."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._free_at: dict[str, float] = {}

    @asynccontextmanager
    async def at(self, url: str, pause_s: float) -> AsyncIterator[None]:
        """Waits for the turn at the address's host; the next one comes `pause_s` seconds after this one ends."""
        host = urlsplit(url).netloc.lower()
        async with self._locks.setdefault(host, asyncio.Lock()):
            await asyncio.sleep(max(self._free_at.get(host, 0.0) - monotonic(), 0.0))
            try:
                yield
            finally:
                self._free_at[host] = monotonic() + pause_s
