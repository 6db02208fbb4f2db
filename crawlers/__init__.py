"""Fetching: what stands on public pages, politely, into the `pages` topic.

`crawl` is `huiying crawl`, `testing.test_source` is `huiying sources test`, `fetching.fetch_once` fetches for
`huiying extract URL`, `sources.load_sources` and `sources.problems` serve `huiying check`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crawlers.polling import Outcome
    from crawlers.sources import Source
    from stream.settings import Settings


def crawl(
    settings: Settings,
    sources: Sequence[Source],
    *,
    once: bool = False,
    stop: threading.Event | None = None,
    options: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> dict[str, Outcome]:
    """Polls the sources until stopped, or each `once`, as the crawler of that name; see crawlers/process.py. Scrapy is
    imported only now."""
    from crawlers.process import publisher_of, run

    return run(settings, sources, publisher_of(settings, name), once=once, stop=stop, options=options)
