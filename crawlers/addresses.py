"""No request leaves for a private address, unless the source itself stands there (else a page could make us read the
services of our own network: SSRF). Checked on the written address and again on what a name resolves to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request
from scrapy.resolver import CachingThreadedResolver

from crawlers.sources import is_private_host, is_web_address

PRIVATE_HOSTS = "HUIYING_PRIVATE_HOSTS"
"""Scrapy setting: hosts (without port) that may resolve to a private address."""

HOME = "home"
"""Key of `Request.meta`: host[:port] that this request's source owns and that may be private."""


class AddressRefused(IgnoreRequest):
    """地址不是公开的 http(s) 地址"""


class PublicOnly:
    """Downloader middleware. Redirects pass it too: each one is a request of its own."""

    def process_request(self, request: Request) -> None:
        """Raises AddressRefused; the reason never holds what was found there."""
        if not is_web_address(request.url):
            raise AddressRefused("not_http")
        parts = urlsplit(request.url)
        if is_private_host(parts.hostname or "") and parts.netloc.lower() not in request.meta.get(HOME, ()):
            raise AddressRefused("private_address")


class PublicResolver(CachingThreadedResolver):
    """Resolves names to public addresses only: the very address that is checked is the one connected to, so a name
    that changes its mind between check and connect (DNS rebinding) gains nothing."""

    def __init__(self, reactor: Any, cache_size: int, timeout: float) -> None:
        super().__init__(reactor, cache_size, timeout)
        self.allowed: frozenset[str] = frozenset()

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: Any) -> PublicResolver:
        resolver: PublicResolver = super().from_crawler(crawler, reactor)
        resolver.allowed = frozenset(crawler.settings.getlist(PRIVATE_HOSTS))
        return resolver

    def getHostByName(self, name: str, timeout: Any = ()) -> Any:  # noqa: N802 (Twisted's name)
        """A deferred address; it fails with AddressRefused for a private one."""
        return super().getHostByName(name, timeout).addCallback(self.checked, name)

    def checked(self, address: str, name: str) -> str:
        """The address a name resolved to, if we may go there."""
        if is_private_host(address) and name not in self.allowed:
            raise AddressRefused("private_address")
        return address
