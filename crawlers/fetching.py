"""One page, once, as politely as everything else: robots.txt, user agent, limits and all.

It runs in a process of its own, because Twisted's reactor starts once in a process and takes its signals.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct

from stream.errors import OutsideFailed, UsageError

PATIENCE_S = 180


class Answer(Struct, frozen=True, kw_only=True):
    """What came back. `refused` = why there is no body (crawlers/refusals.py has the words)."""

    url: str
    status: int = 0
    content_type: str = ""
    encoding: str | None = None
    refused: str | None = None
    body: bytes = b""


def fetch_once(url: str) -> tuple[bytes, str | None]:
    """The page's bytes and the charset its header declares. Raises OutsideFailed where it cannot or may not be had,
    UsageError for what is no http(s) address."""
    answer = fetch(url)
    if answer.refused is not None:
        raise OutsideFailed(f"{url}：没有取到（{explain(answer.refused)}）")
    return answer.body, answer.encoding


def fetch(url: str, options: dict[str, Any] | None = None) -> Answer:
    """The answer of one address. `options` overrides Scrapy settings. Raises UsageError, OutsideFailed."""
    from crawlers.sources import is_web_address

    if not is_web_address(url):
        raise UsageError(f"{url}：只支持 http 与 https 网址")
    order = msgspec.json.encode({"url": url, "options": options or {}})
    command = [sys.executable, "-m", "crawlers.fetching"]
    try:
        done = subprocess.run(command, input=order, capture_output=True, timeout=PATIENCE_S, check=True)  # noqa: S603
        return msgspec.msgpack.decode(done.stdout, type=Answer)
    except (subprocess.SubprocessError, msgspec.MsgspecError) as error:
        raise OutsideFailed(f"{url}：抓取没有完成（{type(error).__name__}）") from error


_WORDS = {
    "robots": "robots.txt 不允许",
    "robots_unreachable": "robots.txt 读不到，按不允许处理",
    "private_address": "地址不是公网地址",
    "not_http": "不是 http(s) 地址",
    "too_large": "页面过大",
    "too_many_redirects": "跳转过多",
    "timeout": "超时",
    "no_such_host": "域名无法解析",
    "connection_refused": "连接被拒绝",
    "connection_failed": "连接失败",
    "captcha": "要求验证码，按规定不绕过",
}


def explain(reason: str) -> str:
    """A reason in Chinese."""
    return _WORDS.get(reason) or (f"HTTP 状态 {reason.removeprefix('http_')}" if reason.startswith("http_") else reason)


def main() -> None:
    """The process: an order on standard input, an `Answer` on standard output."""
    from crawlers.process import quiet_process, scrapy_settings
    from crawlers.refusals import NotFetched
    from crawlers.sources import Source
    from crawlers.turns import Turns
    from crawlers.web import WebSpider, declared_encoding

    order = msgspec.json.decode(sys.stdin.buffer.read())
    source = Source(id="once", kind="listing", name="once", found_in="order", urls=(order["url"],))
    answers: list[Answer] = []

    class Once(WebSpider):
        """Fetches one address and ends."""

        name = "once"

        def __init__(self, **_: Any) -> None:
            super().__init__(sources=[source], publisher=None, pseudonyms=None, once=True, page_bytes=0, turns=Turns())

        async def start(self) -> AsyncIterator[Any]:
            try:
                got = await self.fetch(source, source.urls[0])
            except NotFetched as error:
                answers.append(Answer(url=source.urls[0], refused=error.reason))
            else:
                kind = (got.headers.get("Content-Type") or b"").decode("latin-1")
                encoding = declared_encoding(got)
                answers.append(
                    Answer(url=got.url, status=got.status, content_type=kind, encoding=encoding, body=got.body)
                )
            nothing: tuple[Any, ...] = ()
            for one in nothing:
                yield one

    process = quiet_process(scrapy_settings([source], order["options"]))
    process.crawl(Once)
    process.start()
    sys.stdout.buffer.write(msgspec.msgpack.encode(answers[0]))


if __name__ == "__main__":
    main()
