"""A poll of a source on the web: its list, then the article pages that are new or due to be looked at again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from scrapy import Request
from scrapy.http import Response

from crawlers.addresses import HOME
from crawlers.feeds import Entry
from crawlers.pieces import Piece, fetched_id, post_id, sha256
from crawlers.polling import NEVER, Listed, Outcome
from crawlers.refusals import FAILURES, NotFetched, failure, refusal
from crawlers.sizes import fitted
from crawlers.sources import Source
from crawlers.turns import Turns
from crawlers.watch import PollingSpider
from stream.clock import wall_now
from stream.core.documents import Page, Row
from stream.core.records import Fetched
from stream.intake.instants import is_out_of_range
from stream.ports import Exchange

TRIES = 3
"""An article that failed this often is published as its list told it: one page must not hide a channel for ever."""
WALLS = frozenset({"http_412", "http_429", "http_521", "captcha"})
"""These are meant for us, not for one article: no try is ever the last."""
LOOK_AGAIN = timedelta(hours=6)
"""An authority's article that still stands on the list is read again after this: bulletins are edited silently."""


class WebSpider(PollingSpider):
    """Fetches politely: requests pass Scrapy's downloader with all its middlewares (robots, throttle, retry)."""

    def __init__(self, *, turns: Turns, **parts: Any) -> None:
        super().__init__(**parts)
        self.turns = turns
        self._failed: dict[str, int] = {}

    async def read(self, source: Source, response: Response, is_first: bool) -> tuple[list[Entry], bool]:
        """What one of the source's addresses lists, and whether it reaches back to what an earlier poll saw. Subclasses
        say how; NotFetched where it is no list."""
        raise NotImplementedError

    async def list_of(self, source: Source, is_first: bool) -> Listed:
        """What the source lists now, over all its addresses; one that did not change lists nothing new."""
        known = await self.conditions(source)
        entries: dict[str, Entry] = {}
        validators: list[Fetched] = []
        joins_up = True
        for url in source.urls:
            response = await self.fetch(source, url, known.get(url))
            if response.status == 304:
                continue
            found, meets = await self.read(source, response, is_first)
            joins_up = joins_up and meets
            entries |= {entry.url: entry for entry in found}
            validators.append(remembered(source, url, response, None))
        return Listed(entries=list(entries.values()), validators=tuple(validators), joins_up=joins_up)

    async def poll(self, source: Source, is_first: bool) -> Outcome:
        """The list, then every article it leads to."""
        listed = await self.list_of(source, is_first)
        ids = {entry.url: fetched_id(source.id, entry.url) for entry in listed.entries}
        known = await self.publisher.known(list(ids.values()))
        due = [entry for entry in listed.entries if self._is_due(source, known.get(ids[entry.url]))]
        published = 0
        missing: list[str] = []
        for entry in due[: source.articles]:
            try:
                published += await self._article(source, entry, known.get(ids[entry.url]))
            except NotFetched as error:
                if error.fate == "refused":
                    raise
                missing.append(error.reason)
        outcome = Outcome(found=len(listed.entries), published=published, joins_up=listed.joins_up)
        if missing:
            return _with(outcome, reason=f"article_{missing[0]}", fate="later")
        if len(due) > source.articles:
            return _with(outcome, reason="backlog", fate="backlog")
        return _with(outcome, validators=listed.validators)

    async def fetch(self, source: Source, url: str, known: Fetched | None = None) -> Response:
        """One page; 304 where it did not change since `known`. Raises NotFetched."""
        headers: dict[str, str] = {}
        if known is not None and known.etag:
            headers["If-None-Match"] = known.etag
        if known is not None and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        meta: dict[str, Any] = {HOME: source.home if source.may_be_private else frozenset()}
        if source.delay_s == 0:
            meta["autothrottle_dont_adjust_delay"] = True
        try:
            async with self.turns.at(url, source.delay_s):
                response = await self.crawler.engine.download_async(Request(url, headers=headers, meta=meta))
        except FAILURES as error:
            raise failure(error) from error
        why = refusal(response.status, response.body, response.headers.get("Retry-After"))
        if why is not None:
            raise why
        return response

    async def conditions(self, source: Source) -> dict[str, Fetched]:
        """What is remembered of the source's lists, by address, for conditional requests. Left out where an unchanged
        list would keep us from looking again at the articles on it."""
        known = await self.publisher.known([fetched_id(source.id, url) for url in source.urls])
        return {one.url: one for one in known.values() if source.body is None or not _is_old(one)}

    def _is_due(self, source: Source, known: Fetched | None) -> bool:
        if known is None:
            return True
        return source.body is not None and known.sha256 is not None and _is_old(known)

    async def _article(self, source: Source, entry: Entry, known: Fetched | None) -> int:
        """Fetches, publishes; how many messages. Raises NotFetched where it must be tried again, or all must stop."""
        try:
            response = await self.fetch(source, entry.url, known)
        except NotFetched as error:
            if error.reason in WALLS or (error.fate != "never" and not self._is_hopeless(entry.url)):
                raise
            if known is not None:
                return 0
            return await self._as_listed(source, entry)
        self._failed.pop(entry.url, None)
        digest = sha256([response.body])
        remember = remembered(source, entry.url, response, digest)
        if known is not None and (response.status == 304 or digest == known.sha256):
            await self.publisher.give(Piece(remember=(known,) if response.status == 304 else (remember,)))
            return 0
        # A document or picture is kept as evidence, and told in the words of its list.
        page = self._page(source, entry, response if _is_page(response) else None)
        await self.publisher.give(Piece(message=page, exchange=_exchange(source, response), remember=(remember,)))
        return 1

    def _is_hopeless(self, url: str) -> bool:
        self._failed[url] = self._failed.get(url, 0) + 1
        if self._failed[url] < TRIES:
            return False
        del self._failed[url]
        return True

    async def _as_listed(self, source: Source, entry: Entry) -> int:
        """Only what the list or feed said: the page itself cannot or may not be read."""
        remember = Fetched(id=fetched_id(source.id, entry.url), collected_at=NEVER, source=source.id, url=entry.url)
        if not entry.title and not entry.summary:
            await self.publisher.give(Piece(remember=(remember,)))
            return 0
        await self.publisher.give(Piece(message=self._page(source, entry, None), remember=(remember,)))
        return 1

    def _page(self, source: Source, entry: Entry, response: Response | None) -> Page:
        now = wall_now()
        published = None if is_out_of_range(None, entry.published, now) else entry.published
        row = Row(
            title=entry.title or None,
            text=None if response is not None else entry.summary,
            published=published,
            author=self.pseudonyms.of(entry.author, source.id, now) if entry.author else None,
        )
        page = Page(
            id=post_id(entry.url),
            collected_at=NEVER,
            source=source.id,
            url=entry.url,
            account=source.body or source.name,
            kind=source.post_kind,
            row=row,
            html=None if response is None else response.body,
            encoding=None if response is None else source.encoding or declared_encoding(response),
        )
        return fitted(page, self.page_bytes)


def _is_old(known: Fetched) -> bool:
    return wall_now() - known.collected_at >= LOOK_AGAIN


def declared_encoding(response: Response) -> str | None:
    """The charset of the Content-Type header; what the page itself says is for its reader to weigh."""
    header = (response.headers.get("Content-Type") or b"").decode("latin-1").lower()
    _, found, charset = header.partition("charset=")
    return charset.split(";")[0].strip(" \"'") or None if found else None


def remembered(source: Source, url: str, response: Response, digest: str | None) -> Fetched:
    """Validators of a page for the next conditional request."""
    return Fetched(
        id=fetched_id(source.id, url), collected_at=NEVER, source=source.id, url=url, sha256=digest,
        etag=_header(response, "ETag"), last_modified=_header(response, "Last-Modified"),
    )  # fmt: skip


def _header(response: Response, name: str) -> str | None:
    value = (response.headers.get(name) or b"").decode("latin-1").strip()
    return value if value and len(value) < 500 else None


def _is_page(response: Response) -> bool:
    """HTML or text."""
    kind = (response.headers.get("Content-Type") or b"text/html").split(b";")[0].strip().lower()
    return kind.startswith(b"text/") or kind in {b"application/xhtml+xml", b"application/xml", b""}


def _exchange(source: Source, response: Response) -> Exchange:
    pairs = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    ]
    return Exchange(
        url=response.url, fetched_at=wall_now(), status=response.status, headers=tuple(sorted(pairs)),
        body=response.body, is_authority=source.body is not None,
    )  # fmt: skip


def _with(outcome: Outcome, **changes: Any) -> Outcome:
    return msgspec.structs.replace(outcome, **changes)
