"""Fetching: what stands on public pages, politely, into the `pages` topic.

`crawl.crawl` is `huiying crawl`, `fetching.test_source` is `huiying sources test`, `sources.load_sources` and
`sources.problems` serve `huiying check`.
Scrapy is imported only when something is fetched.
"""
