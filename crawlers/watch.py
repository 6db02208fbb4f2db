"""What all spiders share: every source is polled in a task of its own, for ever or once, until the crawl is stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import scrapy

from crawlers.polling import Outcome, coverage, ended, poll_id, rest_s
from crawlers.publish import Publisher
from crawlers.refusals import NotFetched
from crawlers.sources import Source
from stream import metrics
from stream.clock import wall_now
from stream.reading.privacy import Pseudonyms

log = logging.getLogger("huiying.crawl")

STAGGER_S = 0.2


class PollingSpider(scrapy.Spider):
    """Polls sources of one kind; subclasses say how one poll goes. Nothing but the publisher leaves this process."""

    name = "polling"

    def __init__(
        self, *, sources: Sequence[Source], publisher: Publisher, pseudonyms: Pseudonyms, once: bool, page_bytes: int,
        **more: Any,
    ) -> None:  # fmt: skip
        super().__init__(**more)
        self.sources = sources
        self.publisher = publisher
        self.pseudonyms = pseudonyms
        self.once = once
        self.page_bytes = page_bytes
        self.outcomes: dict[str, Outcome] = {}

    async def start(self) -> AsyncIterator[Any]:
        """Scrapy calls this once; cancelled when the crawl is stopped."""
        async with asyncio.TaskGroup() as group:
            for number, source in enumerate(self.sources):
                group.create_task(self._watch(source, 0.0 if self.once else number * STAGGER_S))
        nothing: tuple[Any, ...] = ()  # Scrapy wants a generator; all requests are awaited where they are made
        for one in nothing:
            yield one

    async def _watch(self, source: Source, first_s: float) -> None:
        await asyncio.sleep(first_s)
        failures = 0
        while True:
            try:
                outcome = await self._round(source)
            except Exception:
                if self.publisher.failure is None:
                    raise
                return  # told once, by whoever closes the publisher
            self.outcomes[source.id] = outcome
            failures = 0 if outcome.fate in {"complete", "backlog"} else failures + 1
            if self.once:
                return
            await asyncio.sleep(rest_s(source, outcome, failures))

    async def _round(self, source: Source) -> Outcome:
        """One poll, its articles and its coverage row."""
        began = wall_now()
        last = await self._last(source)
        try:
            outcome = await self.poll(source, last is None)
        except NotFetched as error:
            outcome = ended(error)
        await self.publisher.give(coverage(source, outcome, last, began))
        metrics.polled(source.id, outcome.fate, outcome.published, is_complete=outcome.fate == "complete")
        say = log.warning if outcome.reason else log.info
        say("%s：发现 %d，发布 %d%s", source.id, outcome.found, outcome.published,
            f"，未覆盖：{outcome.reason}" if outcome.reason else "")  # fmt: skip
        return outcome

    async def _last(self, source: Source) -> datetime | None:
        key = poll_id(source)
        found: Mapping[str, Any] = await self.publisher.known([key])
        stated = found[key].last_modified if key in found else None
        return datetime.fromisoformat(stated) if stated else None

    async def poll(self, source: Source, is_first: bool) -> Outcome:
        """One poll. Raises NotFetched where the list itself could not be read or the source refuses."""
        raise NotImplementedError
