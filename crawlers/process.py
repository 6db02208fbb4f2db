"""`huiying crawl`: every enabled source, one Scrapy crawler per kind, in this process, until stopped."""

from __future__ import annotations

import asyncio
import importlib
import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings as ScrapySettings

from crawlers.addresses import PRIVATE_HOSTS
from crawlers.polling import Outcome
from crawlers.publish import PUBLISHER, Publisher
from crawlers.sources import Source
from crawlers.turns import Turns
from stream.backends import open_backends
from stream.errors import UsageError
from stream.intake import load_pseudonyms
from stream.ports import Backends
from stream.settings import Settings

log = logging.getLogger("huiying.crawl")

WATCH_S = 0.2


def publisher_of(
    settings: Settings, name: str | None = None, opening: Callable[[Settings], Backends] = open_backends
) -> Publisher:
    """The publisher `crawl`, or `crawl-<name>` where several crawl. Each has an outbox of its own in the data folder,
    which the next one of that name goes on with. Raises UsageError for a name that cannot be part of a file's."""
    if name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", name):
        raise UsageError(f"--name {name!r}：只能含字母、数字、点、下划线和连字符，并以字母或数字开头，最多 60 个字符")
    publisher = f"{PUBLISHER}-{name}" if name else PUBLISHER
    return Publisher(lambda: opening(settings), settings.data / f"{settings.namespace}.{publisher}.outbox", publisher)


def run(
    settings: Settings,
    sources: Sequence[Source],
    publisher: Publisher,
    *,
    once: bool = False,
    stop: threading.Event | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Outcome]:
    """Polls the sources until stopped, or each `once`. With `stop` the caller owns the signals and sets it; without,
    SIGTERM and SIGINT end the crawl.

    `options` overrides Scrapy settings. What was given is published before it returns: the last outcome by source.
    Twisted's reactor runs once in a process, so this can be called once in a process. Raises UsageError where there is
    no source, or another process crawls under that name here; OutsideFailed where bus or store did not take the last
    pages: they stay in the outbox.
    """
    watched = [source for source in sources if source.enabled]
    if not watched:
        raise UsageError("没有启用的信源；请在 sources.yaml 中添加，或把 enabled 设为 true")
    pseudonyms = load_pseudonyms(settings.data)
    process = quiet_process(scrapy_settings(watched, options or {}))
    owns_signals, stop = stop is None, stop or threading.Event()
    publisher.start(stop)
    try:
        crawlers = _spiders(
            process, watched, publisher=publisher, pseudonyms=pseudonyms, once=once, turns=Turns(),
            page_bytes=settings.max_page_bytes,
        )  # fmt: skip
        _end_on(process, stop, publisher)
        process.start(install_signal_handlers=owns_signals)
    finally:
        publisher.close()
    outcomes: dict[str, Outcome] = {}
    for crawler in crawlers:
        outcomes |= crawler.spider.outcomes if crawler.spider else {}
    return outcomes


def quiet_process(settings: ScrapySettings) -> Any:
    """Scrapy in this process, heard from WARNING on: it sets its loggers to DEBUG, whoever owns the logging."""
    logging.disable(logging.INFO)
    try:
        process = AsyncCrawlerProcess(settings)
    finally:
        logging.disable(logging.NOTSET)
    for name in ("scrapy", "twisted", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return process


def scrapy_settings(sources: Sequence[Source], options: Mapping[str, Any]) -> ScrapySettings:
    """crawlers/settings.py, with the delays of the sources' own hosts, and `options` above all."""
    made = ScrapySettings()
    made.setmodule("crawlers.settings", priority="project")
    slots: dict[str, dict[str, Any]] = {}
    private: set[str] = set()
    for source in sources:
        for url in source.urls:
            host = urlsplit(url).hostname or ""
            before = slots.get(host, {}).get("delay", 0.0)
            slots[host] = {"concurrency": 1, "delay": max(source.delay_s, before)}
            if source.may_be_private:
                private.add(host)
    made.set("DOWNLOAD_SLOTS", slots, priority="cmdline")
    made.set(PRIVATE_HOSTS, sorted(private), priority="cmdline")
    made.update(dict(options), priority="cmdline")
    return made


def _spiders(process: Any, sources: Sequence[Source], **parts: Any) -> list[Any]:
    """Starts one crawler for each kind there is."""
    started = []
    for kind in sorted({source.kind for source in sources}):
        module = importlib.import_module(f"crawlers.spiders.{kind}")
        crawler = process.create_crawler(getattr(module, f"{kind.capitalize()}Spider"))
        process.crawl(crawler, sources=[source for source in sources if source.kind == kind], **parts)
        started.append(crawler)
    return started


def _end_on(process: Any, stop: threading.Event, publisher: Publisher) -> None:
    """Stops the spiders when asked to, or when nothing can be published any more."""

    async def watch() -> None:
        while not stop.is_set() and publisher.failure is None:
            await asyncio.sleep(WATCH_S)
        await process.stop()

    asyncio.get_event_loop().create_task(watch())
