"""A small web on loopback, and crawls of it in processes of their own (Twisted's reactor starts once in each)."""

from __future__ import annotations

import contextlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.backends import open_backends
from stream.core.codec import Travelling, decode
from stream.settings import Backend, Settings

CHILD = Path(__file__).with_name("crawling.py")
IMPATIENT = {"DOWNLOAD_TIMEOUT": 0.7, "RETRY_TIMES": 0, "AUTOTHROTTLE_ENABLED": False}


class Site:
    """`pages`: path → body, or a function of the handler. Remembers every request: (path, headers in lower case)."""

    def __init__(self) -> None:
        self.pages: dict[str, str | bytes | Callable[[Any], None]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.seen = threading.Event()
        self.wanted = ""
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

            def do_GET(self) -> None:
                site.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                page = site.pages.get(self.path)
                if callable(page):
                    page(self)
                else:
                    answer(self, 200 if page is not None else 404, page or "")
                if self.path == site.wanted:
                    site.seen.set()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def answer(handler: Any, status: int, body: str | bytes = "", headers: Mapping[str, str] | None = None) -> None:
    """Answers one request; text goes out as UTF-8."""
    content = body.encode() if isinstance(body, str) else body
    kind = "application/xml" if content[:5] == b"<?xml" else "text/html"
    handler.send_response(status)
    for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    with contextlib.suppress(ConnectionError):  # the client has heard enough
        handler.wfile.write(content)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture(scope="session")
def answering() -> Callable[..., None]:
    return answer


def order(folder: Path, sources: list[dict[str, Any]], **more: Any) -> bytes:
    named = [{"name": one["id"], "found_in": "test", **one} for one in sources]
    options = {**IMPATIENT, **more.pop("options", {})}
    return msgspec.json.encode({"data": str(folder), "sources": named, "options": options, **more})


def environment() -> dict[str, str]:
    """Without proxies, with a contact."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**kept, "HUIYING_CONTACT": "https://example.org/bot", "NO_PROXY": "*"}


@pytest.fixture(scope="session")
def start_crawl() -> Callable[..., subprocess.Popen[bytes]]:
    """Starts a crawl: (folder, sources, once=…, options=…)."""

    def start(folder: Path, sources: list[dict[str, Any]], **more: Any) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [sys.executable, str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        assert child.stdin is not None
        child.stdin.write(order(folder, sources, **more))
        child.stdin.close()
        child.stdin = None
        return child

    return start


@pytest.fixture(scope="session")
def crawl_once(start_crawl: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., dict[str, Any]]:
    """One round of every source, to its end; what became of each."""

    def crawl(folder: Path, sources: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        out, err = start_crawl(folder, sources, once=True, **more).communicate(timeout=60)
        assert out, err.decode()[-3000:]
        outcomes: dict[str, Any] = msgspec.json.decode(out)
        return outcomes

    return crawl


@pytest.fixture(scope="session")
def published() -> Callable[[Path], list[Travelling]]:
    """Everything on the `pages` topic, in its order."""

    def read(folder: Path) -> list[Travelling]:
        backends = open_backends(Settings(data=folder, backend=Backend(workers=1)))
        try:
            subscription = backends.bus.subscribe(["pages"], "test")
            found: list[Travelling] = []
            while records := subscription.poll(500, 0.0):
                found += [decode(record.body) for record in records]
            return found
        finally:
            backends.close()

    return read
