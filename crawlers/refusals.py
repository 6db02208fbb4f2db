"""What a server's answer means for us: read it, stop and say so, try later, or leave that page alone.

A server that refuses (401, 403, 412, 429, a captcha) is obeyed: the whole source rests and counts as unreachable.
"""

from __future__ import annotations

import re
from typing import Literal

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost, DNSLookupError
from twisted.web.client import ResponseFailed

from stream.errors import OutsideFailed

# Everything by which a download can end without an answer; anything else is our own fault and crashes.
FAILURES = (
    CannotResolveHostError, ConnectError, ConnectionDone, ConnectionLost, DNSLookupError, DownloadCancelledError,
    DownloadConnectionRefusedError, DownloadFailedError, DownloadTimeoutError, IgnoreRequest, NotSupported, OSError,
    ResponseDataLossError, ResponseFailed, UnsupportedURLSchemeError,
)  # fmt: skip

REFUSING = frozenset({401, 403, 407, 412, 429, 451, 521})
"""521 and 412 are the script walls in front of many government sites."""
GONE = frozenset({404, 410})

Fate = Literal["refused", "later", "never"]


class NotFetched(OutsideFailed):
    """页面没有取到"""

    def __init__(self, fate: Fate, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.fate = fate
        self.reason = reason
        self.retry_after_s = retry_after_s


_REASONS: tuple[tuple[type[BaseException], Fate, str], ...] = (
    (DownloadCancelledError, "never", "too_large"),
    (DownloadTimeoutError, "later", "timeout"),
    (TimeoutError, "later", "timeout"),
    (CannotResolveHostError, "later", "no_such_host"),
    (DNSLookupError, "later", "no_such_host"),
    (DownloadConnectionRefusedError, "later", "connection_refused"),
    (NotSupported, "never", "not_supported"),
    (UnsupportedURLSchemeError, "never", "not_http"),
)


def failure(error: BaseException) -> NotFetched:
    """What one of FAILURES means."""
    if isinstance(error, IgnoreRequest):
        said = str(error)
        if said == "robots_unreachable":
            return NotFetched("later", said)
        return NotFetched("never", "too_many_redirects" if said.startswith("max redirections") else said)
    for kind, fate, reason in _REASONS:
        if isinstance(error, kind):
            return NotFetched(fate, reason)
    return NotFetched("later", "connection_failed")


def refusal(status: int, body: bytes, retry_after: bytes | None = None) -> NotFetched | None:
    """Why this answer is no page; None if it is one (200, or 304)."""
    if status in REFUSING:
        return NotFetched("refused", f"http_{status}", _seconds(retry_after))
    if status in GONE:
        return NotFetched("never", f"http_{status}")
    if status in {408, 425} or status >= 500:
        return NotFetched("later", f"http_{status}", _seconds(retry_after))
    if status not in {200, 203, 304}:
        return NotFetched("never", f"http_{status}")
    return NotFetched("refused", "captcha") if is_captcha(body) else None


_WALL = re.compile(
    rb"(?:__jsl_clearance|geetest_|/captcha|captcha\.js|g-recaptcha|h-captcha|id=[\"']captcha|"
    + "|".join(("请完成安全验证", "请输入验证码", "访问验证", "滑动验证", "您的访问过于频繁", "请进行验证")).encode()
    + rb"|"
    + "|".join(("请完成安全验证", "请输入验证码", "访问验证", "滑动验证", "您的访问过于频繁")).encode("gb18030")
    + rb")"
)
_MARKUP = re.compile(rb"<(script|style)\b[^>]{0,500}>.{0,20000}?</\1>|<[^>]{0,2000}>", re.IGNORECASE | re.DOTALL)
WALL_LIMIT = 20_000
WALL_WORDS = 900
"""Bytes of visible text: a page *about* captchas has more to say than a wall."""


def is_captcha(body: bytes) -> bool:
    """Whether a page is a wall asking for proof of being human: a marker, and hardly any other text."""
    if len(body) > WALL_LIMIT or not _WALL.search(body):
        return False
    return len(b"".join(_MARKUP.sub(b" ", body).split())) < WALL_WORDS


def _seconds(retry_after: bytes | None) -> float:
    """Retry-After in seconds, at most a day; a date there is read as an hour (RFC 9110, 10.2.3)."""
    if not retry_after:
        return 0.0
    text = retry_after.decode("latin-1").strip()
    return min(float(text), 86400.0) if text.isdigit() and len(text) < 9 else 3600.0
