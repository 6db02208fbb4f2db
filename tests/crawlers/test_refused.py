"""What a server's answer means, and where no request goes."""

from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.exceptions import CannotResolveHostError, DownloadCancelledError, DownloadTimeoutError, IgnoreRequest

from crawlers.addresses import HOME, AddressRefused, PublicOnly, PublicResolver
from crawlers.refusals import failure, is_captcha, refusal
from crawlers.sources import Source

LONG = "关于验证码短信诈骗的提示，请广大市民提高警惕，不要向任何人透露验证码。" * 40


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (200, None), (304, None), (401, "refused"), (403, "refused"), (412, "refused"), (429, "refused"),
        (521, "refused"), (404, "never"), (410, "never"), (500, "later"), (503, "later"), (302, "never"),
        (999, "later"),
    ],
)  # fmt: skip
def test_statuses(status: int, fate: str | None) -> None:
    found = refusal(status, b"<html></html>")
    assert (found and found.fate) == fate
    assert found is None or found.reason == f"http_{status}"


@pytest.mark.parametrize(
    ("header", "seconds"), [(None, 0), (b"120", 120), (b"9999999", 86400), (b"Fri, 12 Sep 2025 08:00:00 GMT", 3600)]
)
def test_retry_after(header: bytes | None, seconds: float) -> None:
    found = refusal(429, b"", header)
    assert found is not None
    assert found.retry_after_s == seconds


@pytest.mark.parametrize(
    ("page", "is_wall"),
    [
        ("<body>请完成安全验证</body>".encode(), True),
        ("<body>访问验证</body>".encode("gb18030"), True),
        (b"<script>document.cookie='__jsl_clearance=1'</script>", True),
        (b"<script src='/captcha.js'></script><p>hi</p>", True),
        (f"<body>{LONG}访问验证</body>".encode(), False),
        ("<body>本站访问正常</body>".encode(), False),
        (b"", False),
    ],
)
def test_walls(page: bytes, is_wall: bool) -> None:
    assert is_captcha(page) is is_wall


@pytest.mark.parametrize(
    ("error", "fate", "reason"),
    [
        (DownloadCancelledError(), "never", "too_large"),
        (DownloadTimeoutError(), "later", "timeout"),
        (CannotResolveHostError(), "later", "no_such_host"),
        (IgnoreRequest("robots"), "never", "robots"),
        (IgnoreRequest("robots_unreachable"), "later", "robots_unreachable"),
        (IgnoreRequest("max redirections reached"), "never", "too_many_redirects"),
        (OSError(), "later", "connection_failed"),
    ],
)
def test_failures(error: BaseException, fate: str, reason: str) -> None:
    found = failure(error)
    assert (found.fate, found.reason) == (fate, reason)


def request(url: str, home: str | None = None) -> Request:
    source = Source(id="a", kind="listing", name="甲", found_in="x", urls=(home or "http://a.example/",))
    return Request(url, meta={HOME: source.home if source.may_be_private else frozenset()})


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("http://a.example/", None),
        ("http://8.8.8.8/", None),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000/"),
    ],
)
def test_allowed_addresses(url: str, home: str | None) -> None:
    assert PublicOnly().process_request(request(url, home)) is None  # Scrapy goes on with it


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("http://127.0.0.1:8000/x", None),
        ("http://127.0.0.1:9200/x", "http://127.0.0.1:8000/"),
        ("http://169.254.169.254/latest/meta-data", None),
        ("http://[::1]/", None),
        ("http://localhost/", None),
        ("file:///etc/passwd", None),
        ("data:text/html,x", None),
        ("ftp://a.example/", None),
    ],
)
def test_refused_addresses(url: str, home: str | None) -> None:
    with pytest.raises(AddressRefused):
        PublicOnly().process_request(request(url, home))


def test_a_name_that_resolves_to_a_private_address_is_refused_too() -> None:
    resolver = PublicResolver(None, 0, 1.0)
    resolver.allowed = frozenset({"intranet.example"})
    assert resolver.checked("93.184.216.34", "a.example") == "93.184.216.34"
    assert resolver.checked("10.0.0.7", "intranet.example") == "10.0.0.7"
    with pytest.raises(AddressRefused):
        resolver.checked("10.0.0.7", "a.example")
