"""The parts of the live service by themselves: one round of crawling, chosen steps, one source looked at, the demo."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from stream.backends import open_backends
from stream.core.cases import Alert
from stream.core.codec import decode
from stream.core.documents import Coverage, Mark, Page, Post
from stream.settings import Settings

ROOT = Path(__file__).parents[2]
Huiying = Any

FEED = """<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>虚构市要闻</title>
<item><title>虚构市城东路灯全部修复</title><link>/20300101/1.html</link>
<pubDate>Tue, 01 Jan 2030 08:00:00 +0800</pubDate></item>
</channel></rss>"""


def environment(data: Path) -> dict[str, str]:
    return {**os.environ, "HUIYING_DATA": str(data), "HUIYING_CONFIG": str(ROOT / "config" / "embedded.yaml")}


@pytest.fixture
def feed() -> Iterator[str]:
    """A feed on loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

        def do_GET(self) -> None:
            body = FEED.encode() if self.path == "/feed.xml" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/feed.xml"
    server.shutdown()
    server.server_close()


def test_one_source_is_looked_at(feed: str, huiying: Huiying) -> None:
    told = huiying("sources", "test", feed)
    assert told.code == 0, told.err
    assert "类型：feed" in told.out
    assert "条目：1" in told.out
    assert "虚构市城东路灯全部修复" in told.out


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A profile whose only source is a folder with two rows, one of them bad."""
    (tmp_path / "inbox").mkdir()
    rows = [{"id": "a", "title": "城东路灯坏了", "published_at": "2024-03-01 08:00"}, {"id": "b"}]
    (tmp_path / "inbox" / "posts.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    source = {"id": "inbox", "kind": "file", "name": "投放", "path": str(tmp_path / "inbox"), "found_in": "本测试"}
    (tmp_path / "sources.yaml").write_text(json.dumps({"sources": [source]}), encoding="utf-8")
    names = ("authorities", "topics", "rules", "alerts")
    files = {"sources": "sources.yaml", **{name: str(ROOT / "config" / f"{name}.yaml") for name in names}}
    (tmp_path / "embedded.yaml").write_text(json.dumps({"files": files}), encoding="utf-8")
    return tmp_path / "embedded.yaml"


def test_one_round_of_crawling_then_the_steps(inbox: Path, tmp_path: Path, huiying: Huiying) -> None:
    words = [sys.executable, "-m", "stream", "crawl", "--once", "--config", str(inbox)]
    done = subprocess.run(words, cwd=ROOT, env=environment(huiying.data), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with closing(open_backends(Settings(data=huiying.data))) as backends:
        records = backends.bus.subscribe(["pages"], "test").poll(100, 0.0)
    messages = [decode(record.body) for record in records]
    assert [one.id for one in messages if isinstance(one, Page)] == ["a"]
    # One row, told to every partition.
    covered = [one for one in messages if isinstance(one, Coverage)]
    assert len({one.id for one in covered}) == 1 and all(one.reachable for one in covered)
    assert any(isinstance(one, Mark) for one in messages)
    assert "no_text" in huiying("rejected", "list", config=inbox).out
    assert runs_until(lambda: posts(huiying.data) == 1, ["extract", "classify", "gather"], inbox, huiying.data)


def posts(data: Path) -> int:
    with closing(open_backends(Settings(data=data))) as backends:
        return backends.store.count(Post)


def runs_until(is_done: Callable[[], bool], steps: list[str], config: Path, data: Path) -> bool:
    words = [sys.executable, "-m", "stream", "run", *steps, "--config", str(config)]
    process = subprocess.Popen(words, cwd=ROOT, env=environment(data), stderr=subprocess.DEVNULL)
    found, tries = False, 0
    while not found and process.poll() is None and tries < 100:
        tries += 1
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
        found = is_done()
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    return found


def test_the_demonstration_begins(huiying: Huiying) -> None:
    words = [sys.executable, "-m", "stream", "demo", "--no-dashboard", "--for", "3", "--speed", "36000"]
    done = subprocess.run(words, cwd=ROOT, env=environment(huiying.data), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with closing(open_backends(Settings(data=huiying.data / "demo", namespace="huiying-demo"))) as backends:
        assert backends.store.count(Post) > 10
        assert backends.store.count(Alert) > 0
