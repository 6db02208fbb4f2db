"""RSS and Atom."""

from __future__ import annotations

import asyncio

from crawlers.feeds import Entry, read_feed
from crawlers.polling import Listed
from crawlers.publish import fetched_id
from crawlers.refusals import NotFetched
from crawlers.sources import Source, is_web_address
from crawlers.web import WebSpider, remembered
from stream.core.records import Fetched


class FeedSpider(WebSpider):
    """Reads a source's feeds; their entries lead to the articles."""

    name = "feed"

    async def list_of(self, source: Source, is_first: bool) -> Listed:
        """Raises NotFetched("feed_unreadable") for what is no feed."""
        known = await self.conditions(source)
        entries: dict[str, Entry] = {}
        validators: list[Fetched] = []
        joins_up = True
        for url in source.urls:
            response = await self.fetch(source, url, known.get(url))
            if response.status == 304:
                continue
            kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
            read = await asyncio.to_thread(read_feed, response.body, kind, response.url)
            found = [entry for entry in read if is_web_address(entry.url)]
            if not found and b"<rss" not in response.body[:2000] and b"<feed" not in response.body[:2000]:
                raise NotFetched("later", "feed_unreadable")
            joins_up = joins_up and (is_first or await self._joins_up(source, found))
            entries |= {entry.url: entry for entry in found}
            validators.append(remembered(source, url, response, None))
        return Listed(entries=list(entries.values()), validators=tuple(validators), joins_up=joins_up)

    async def _joins_up(self, source: Source, found: list[Entry]) -> bool:
        """Whether the feed still shows something an earlier poll saw; an empty one hides nothing."""
        return not found or bool(await self.publisher.known([fetched_id(source.id, entry.url) for entry in found]))
