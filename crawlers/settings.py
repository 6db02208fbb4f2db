"""Scrapy's settings. Its defaults ignore robots.txt, open a telnet console and take bodies of 1 GiB: overruled here.

Law and manners (docs/formats.md, the crawling rules): public pages only, robots.txt obeyed, one identified user agent,
one request at a time a host, no cookies, no login, no disguise.
"""

from __future__ import annotations

import os

BOT_NAME = "huiying"
SPIDER_MODULES = ["crawlers.spiders"]

ROBOT = "HuiyingBot"
"""The name that robots.txt files may address."""

CONTACT = os.environ.get("HUIYING_CONTACT", "")
"""A page or mail address of whoever runs this crawler, so that a webmaster can reach a person."""

USER_AGENT = f"{ROBOT}/0.1 (+{CONTACT})" if CONTACT else f"{ROBOT}/0.1"
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = ROBOT

TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False  # a second console, by HTTP
COOKIES_ENABLED = False
HTTPERROR_ALLOW_ALL = True
METAREFRESH_ENABLED = False
REFERRER_POLICY = "no-referrer"
FEED_STORE_EMPTY = False

CONCURRENT_REQUESTS = 16
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 0.0  # every source's host has its own delay, see crawl.py
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 2.0
AUTOTHROTTLE_MAX_DELAY = 60.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0

DOWNLOAD_TIMEOUT = 30
DOWNLOAD_MAXSIZE = 4 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
DNS_TIMEOUT = 10
TWISTED_DNS_RESOLVER = "crawlers.addresses.PublicResolver"

RETRY_TIMES = 2
# 429 is no invitation to try again at once: the whole source rests (crawlers/refusals.py).
RETRY_HTTP_CODES = [408, 500, 502, 503, 504, 522, 524]
REDIRECT_MAX_TIMES = 5
DEPTH_LIMIT = 3

DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/rss+xml,application/atom+xml,application/xml;q=0.9,*/*;q=0.5",
    "Accept-Language": "zh-CN,zh;q=0.9",
}
DOWNLOAD_HANDLERS = {"file": None, "data": None, "ftp": None, "s3": None}
DOWNLOADER_MIDDLEWARES = {
    "crawlers.addresses.PublicOnly": 90,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawlers.robots.Robots": 100,
}
LOG_LEVEL = "WARNING"
LOG_INSTALL_ROOT_HANDLER = False  # whoever calls owns the logging
RETRY_GIVE_UP_LOG_LEVEL = "INFO"  # the poll says so once, with the source's name
