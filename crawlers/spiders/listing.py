"""List pages: the news and notices columns of sites that have no feed, which is most government sites."""

from __future__ import annotations

import asyncio
import re

from parsel import Selector
from scrapy.http import Response, TextResponse

from crawlers.feeds import Entry
from crawlers.links import article_links, next_page
from crawlers.pieces import fetched_id
from crawlers.refusals import NotFetched
from crawlers.sources import Source
from crawlers.web import WebSpider

_EARLY_END = re.compile(r"</(?:html|body)\s{0,9}>", re.IGNORECASE)


class ListingSpider(WebSpider):
    """Reads a source's list pages, on to the next page only until something already known shows up."""

    name = "listing"

    async def read(self, source: Source, response: Response, is_first: bool) -> tuple[list[Entry], bool]:
        """Raises NotFetched("no_links") where a list page shows no article at all: a redesign, or a script's work."""
        found, meets = await self._pages(source, response, is_first)
        if not found:
            raise NotFetched("later", "no_links")
        return found, meets

    async def _pages(self, source: Source, response: Response, is_first: bool) -> tuple[list[Entry], bool]:
        """The links of one list, over at most `source.pages` pages; whether they reach what was known."""
        found: dict[str, Entry] = {}
        seen = {response.url}
        for number in range(1, source.pages + 1):
            entries, further = await asyncio.to_thread(read_list, source, response)
            found |= {entry.url: entry for entry in entries if entry.url not in found}
            if await self.publisher.known([fetched_id(source.id, entry.url) for entry in entries]):
                return list(found.values()), True
            # The first poll takes one page: what stood there before watching began is not ours to catch up on.
            if is_first or further is None or further in seen or number == source.pages:
                break
            seen.add(further)
            response = await self.fetch(source, further)
        return list(found.values()), is_first


def read_list(source: Source, response: Response) -> tuple[list[Entry], str | None]:
    """The article links of a list page and the address of its next page."""
    page = parsed(list_text(source, response))
    return article_links(source, page, response.url), next_page(source, page, response.url)


def parsed(text: str) -> Selector:
    """A page as it stands in browsers: what follows an early </html> belongs to it, lxml would drop it."""
    return Selector(text=_EARLY_END.sub("", text.replace("\x00", "")) or "<html/>")


def list_text(source: Source, response: Response) -> str:
    """The page as text: by the source's encoding, else UTF-8 where it is that (what a page declares is often wrong, and
    no GBK text of any length is valid UTF-8 by chance), else as Scrapy detects it (gb2312 is read as gb18030)."""
    body = bytes(response.body)
    if source.encoding:
        return body.decode(source.encoding, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    return str(response.text) if isinstance(response, TextResponse) else ""
