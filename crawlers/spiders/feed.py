"""RSS and Atom."""

from __future__ import annotations

import asyncio

from scrapy.http import Response

from crawlers.feeds import Entry, read_feed
from crawlers.pieces import fetched_id
from crawlers.refusals import NotFetched
from crawlers.sources import Source, is_web_address
from crawlers.web import WebSpider


class FeedSpider(WebSpider):
    """Reads a source's feeds; their entries lead to the articles."""

    name = "feed"

    async def read(self, source: Source, response: Response, is_first: bool) -> tuple[list[Entry], bool]:
        """Raises NotFetched("feed_unreadable") for what is no feed."""
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        read = await asyncio.to_thread(read_feed, response.body, kind, response.url)
        found = [entry for entry in read if is_web_address(entry.url)]
        if not found and b"<rss" not in response.body[:2000] and b"<feed" not in response.body[:2000]:
            raise NotFetched("later", "feed_unreadable")
        return found, is_first or await self._joins_up(source, found)

    async def _joins_up(self, source: Source, found: list[Entry]) -> bool:
        """Whether the feed still shows something an earlier poll saw; an empty one hides nothing."""
        return not found or bool(await self.publisher.known([fetched_id(source.id, entry.url) for entry in found]))
