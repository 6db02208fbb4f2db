"""robots.txt, obeyed as RFC 9309 says: absent = allowed, unreachable = nothing allowed; asked again after a day."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request
from scrapy.http.request import NO_CALLBACK

from crawlers.addresses import HOME
from crawlers.refusals import FAILURES
from crawlers.settings import ROBOT

FRESH_S = 24 * 3600
AGAIN_S = 600
"""An unreachable robots.txt is asked for again after this time."""
LONGEST_CRAWL_DELAY_S = 60.0
SIZE_LIMIT = 512 * 1024  # RFC 9309, 2.5


class RobotsForbid(IgnoreRequest):
    """robots.txt 不允许抓取这个地址"""


class RobotsUnreachable(IgnoreRequest):
    """robots.txt 读不到，按不允许处理"""


class _Host:
    """One host's robots.txt; `rules` is None when it could not be reached."""

    def __init__(self, rules: Protego | None, delay_s: float) -> None:
        self.rules = rules
        self.delay_s = delay_s
        self.expires = monotonic() + (FRESH_S if rules else AGAIN_S)
        self.free_at = 0.0


class Robots(RobotsTxtMiddleware):
    """Scrapy's middleware, but failures forbid, answers expire, and Crawl-delay is kept."""

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self._hosts: dict[str, _Host] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def process_request(self, request: Request, spider: Any = None) -> None:
        """Raises RobotsForbid or RobotsUnreachable."""
        if request.meta.get("dont_obey_robotstxt"):
            return
        host = await self._of(request)
        if host.rules is None:
            raise RobotsUnreachable("robots_unreachable")
        if not host.rules.can_fetch(request.url, ROBOT):
            raise RobotsForbid("robots")
        await self._wait_turn(host)

    async def _of(self, request: Request) -> _Host:
        parts = urlsplit(request.url)
        root = f"{parts.scheme}://{parts.netloc}"
        async with self._locks.setdefault(root, asyncio.Lock()):
            if root not in self._hosts or self._hosts[root].expires < monotonic():
                self._hosts[root] = await self._ask(root, request)
            return self._hosts[root]

    async def _ask(self, root: str, request: Request) -> _Host:
        meta = {"dont_obey_robotstxt": True, HOME: request.meta.get(HOME, ())}
        robots = Request(f"{root}/robots.txt", priority=self.DOWNLOAD_PRIORITY, meta=meta, callback=NO_CALLBACK)
        try:
            response = await self.crawler.engine.download_async(robots)
        except FAILURES:
            return _Host(None, 0.0)
        if response.status >= 500 or response.status == 429:
            return _Host(None, 0.0)
        body = response.body[:SIZE_LIMIT] if response.status == 200 else b""
        rules = Protego.parse(body.decode("utf-8", "replace"))
        return _Host(rules, min(rules.crawl_delay(ROBOT) or 0.0, LONGEST_CRAWL_DELAY_S))

    async def _wait_turn(self, host: _Host) -> None:
        """Crawl-delay, where the host asks for one (Scrapy itself does not look at it)."""
        if host.delay_s <= 0:
            return
        now = monotonic()
        turn = max(now, host.free_at)
        host.free_at = turn + host.delay_s
        await asyncio.sleep(turn - now)
