"""The live service over a small web of our own on loopback: crawled, read, judged, told, all by `huiying watch`.

The service lives by the wall clock, so these pages are published "just now"; everything else about them is fixed.
"""

import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from stream.backends import open_backends
from stream.clock import wall_now
from stream.core.cases import Incident
from stream.core.documents import Coverage, Post
from stream.core.records import Clock
from stream.ports import Backends, Filter, Search
from stream.settings import load_settings

CONFIG = Path(__file__).parents[2] / "config"
PATIENCE_S = 35.0
BLAST = "浙江省杭州市余杭区一化工厂发生爆炸 已致12人死亡"
NOTICE = "余杭区应急管理局关于开展有限空间作业安全检查的通告"
SECRET = "/neibu/20300101/secret.html"


def article(title: str, body: str, at: datetime) -> str:
    paragraphs = "".join(f"<p>{one}</p>" for one in body.split("\n"))
    return (
        f"<html><head><meta charset='gb18030'><title>{title}</title></head><body><h1>{title}</h1>"
        f"<div class='time'>发布时间：{at:%Y-%m-%d %H:%M}</div><div class='content'>{paragraphs}</div></body></html>"
    )


def web(at: datetime) -> dict[str, bytes]:
    """A news feed in UTF-8, an office's list and notices in gb18030, one folder that robots are asked to leave."""
    day = f"{at:%Y%m%d}"
    links = {
        f"/news/{day}/baozha.html": (BLAST, f"今天，{BLAST}。\n现场浓烟滚滚，救援正在进行，附近居民已经疏散。"),
        f"/news/{day}/fangjia.html": ("多名业主反映楼盘延期交房 希望住建部门说明",
                                      "业主说，合同约定的交房日期已经过去半年。\n开发商没有给出新的日期，大家希望住建部门说明。"),
    }  # fmt: skip
    pages = {url: article(title, body, at).replace("gb18030", "utf-8").encode() for url, (title, body) in links.items()}
    items = "".join(
        f"<item><title>{title}</title><link>HOST{url}</link><pubDate>{at:%a, %d %b %Y %H:%M:00 +0800}</pubDate></item>"
        for url, (title, _) in [*links.items(), (SECRET, ("内部目录里的文章不应被抓取", ""))]
    )
    notice = f"/gk/{at:%Y%m}/t{day}_100001.html"
    body = "为防范有限空间作业事故，即日起在全区开展安全检查。\n请各有关单位做好自查自纠，检查结果向社会公布。"
    rows = f"<li><a href='{notice}'>{NOTICE}</a><span>{at:%Y-%m-%d}</span></li>"
    rows += f"<li><a href='{SECRET}'>内部目录里的另一篇文章不应被抓取</a><span>{at:%Y-%m-%d}</span></li>"
    return {
        **pages,
        "/robots.txt": b"User-agent: *\nDisallow: /neibu/\n",
        "/feed.xml": f"<?xml version='1.0'?><rss version='2.0'><channel>{items}</channel></rss>".encode(),
        "/gk/": f"<html><body><ul>{rows}</ul></body></html>".encode("gb18030"),
        notice: article(NOTICE, body, at).encode("gb18030"),
        SECRET: article("内部目录里的文章不应被抓取", "不应被抓取", at).encode(),
    }


@contextmanager
def served(pages: dict[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """The address of the web and the paths that were asked for, in order."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

        def do_GET(self) -> None:
            asked.append(self.path)
            body = pages.get(self.path, b"").replace(b"HOST", host.encode())
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", "application/xml" if self.path.endswith(".xml") else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    host = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield host, asked
    finally:
        server.shutdown()
        server.server_close()


def configured(folder: Path, host: str) -> Path:
    """The project's own configuration, with sources and a body of our own."""
    shutil.copytree(CONFIG, folder, ignore=shutil.ignore_patterns("demo", "mappings"))
    found = {"found_in": "本测试", "poll_minutes": 5}
    sources = [
        {"id": "news", "kind": "feed", "name": "本地新闻", "urls": [f"{host}/feed.xml"], **found},
        {"id": "office", "kind": "listing", "name": "应急管理局", "urls": [f"{host}/gk/"], "post_kind": "authority",
         "body": "杭州市余杭区应急管理局", **found},
    ]  # fmt: skip
    (folder / "sources.yaml").write_text(yaml.safe_dump({"sources": sources}, allow_unicode=True), encoding="utf-8")
    path = folder / "authorities.yaml"
    register = yaml.safe_load(path.read_text(encoding="utf-8"))
    register["bodies"] = [
        {"name": "杭州市余杭区应急管理局", "level": "county", "region": "330110", "topics": ["安全生产"],
         "aliases": ["余杭区应急管理局"], "channels": [{"source": "office", "poll_minutes": 5}]}
    ]  # fmt: skip
    path.write_text(yaml.safe_dump(register, allow_unicode=True), encoding="utf-8")
    return folder / "embedded.yaml"


def watching(config: Path, data: Path, for_s: float) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    words = ["watch", "--no-dashboard", "--for", str(for_s), "--config", str(config)]
    return subprocess.Popen(
        [sys.executable, "-m", "stream", *words],
        env={**environment, "HUIYING_DATA": str(data), "HUIYING_CONTACT": "https://example.org/bot"},
        cwd=CONFIG.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class Seen(msgspec.Struct):
    """What the service left behind, and what it did while it ran."""

    asked: list[str]
    pages: dict[str, bytes]
    data: Path
    config: Path
    clocks: list[Clock]
    returned: int
    said: str

    @contextmanager
    def backends(self) -> Iterator[Backends]:
        with opened(self.config, self.data) as backends:
            yield backends


@contextmanager
def opened(config: Path, data: Path) -> Iterator[Backends]:
    settings = msgspec.structs.replace(load_settings(config), data=data)
    with closing(open_backends(settings)) as backends:
        yield backends


def until(process: subprocess.Popen[str], is_done: Callable[[], bool]) -> None:
    """Looks again and again, while the process lives, for at most PATIENCE_S."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and not is_done():
        try:
            process.wait(0.3)
        except subprocess.TimeoutExpired:
            continue
        return


def is_all_there(config: Path, data: Path) -> bool:
    if not (data / "huiying.sqlite").exists() or not (data / "alerts.log").exists():
        return False
    with opened(config, data) as backends:
        return backends.store.count(Post) >= 3 and backends.store.count(Coverage) >= 2


def clock_of(config: Path, data: Path) -> Clock:
    with opened(config, data) as backends:
        found = backends.store.get_many(Clock, ["pipeline"])["pipeline"].item
    assert isinstance(found, Clock)
    return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("watch")
    pages = web(wall_now() - timedelta(minutes=2))
    with served(pages) as (host, asked):
        config, data = configured(folder / "config", host), folder / "data"
        process = watching(config, data, PATIENCE_S)
        clocks: list[Clock] = []
        try:
            until(process, lambda: is_all_there(config, data))
            clocks.append(clock_of(config, data))
            until(process, lambda: clock_of(config, data).wall_at > clocks[0].wall_at)
            clocks.append(clock_of(config, data))
        finally:
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=20)
    yield Seen(
        asked=asked, pages=pages, data=data, config=config, clocks=clocks, returned=process.returncode, said=said
    )


def test_stops_when_asked_to(seen: Seen) -> None:
    assert seen.returned == 0, seen.said
    assert "Traceback" not in seen.said


def test_robots_txt_is_obeyed(seen: Seen) -> None:
    assert seen.asked[0] == "/robots.txt"
    assert SECRET not in seen.asked
    assert {path for path in seen.pages if not path.startswith("/neibu")} <= set(seen.asked)


def test_articles_are_found(seen: Seen) -> None:
    with seen.backends() as backends:
        texts = {
            text: backends.store.search(Search(text=text)).posts for text in ("爆炸", "交房", "有限空间", "浓烟滚滚")
        }
    assert [len(posts) for posts in texts.values()] == [1, 1, 1, 1]
    notice = texts["有限空间"][0].mention
    assert (notice.title, notice.kind, notice.source) == (NOTICE, "authority", "office")


def test_captures_hold_the_bytes_served(seen: Seen) -> None:
    """An authority's page verbatim; another's without a key as a hash only."""
    with seen.backends() as backends:
        notice = backends.store.search(Search(text="有限空间")).posts[0].mention
        news = backends.store.search(Search(text="浓烟")).posts[0].mention
        assert notice.capture is not None and news.capture is not None
        kept = backends.evidence.open(notice.capture)
        with pytest.raises(KeyError):
            backends.evidence.open(news.capture)
    path = notice.url[notice.url.index("/gk/") :] if notice.url else ""
    assert (kept.body, kept.status, kept.is_authority) == (seen.pages[path], 200, True)


def test_polls_are_on_record(seen: Seen) -> None:
    with seen.backends() as backends:
        rows = [one.item for one in backends.store.listing(Coverage).items]
    polled = {row.source for row in rows if isinstance(row, Coverage) and row.reachable}
    assert polled == {"news", "office"}


def test_the_clock_runs(seen: Seen) -> None:
    first, second = seen.clocks
    assert first.speed == 1.0
    assert second.collected_at > first.collected_at
    assert abs(second.wall_at - second.collected_at) < timedelta(seconds=1)
    assert second.watermark is not None


def test_an_emergency_opens_an_incident_and_is_told(seen: Seen) -> None:
    with seen.backends() as backends:
        incidents = [one.item for one in backends.store.listing(Incident, Filter(region="3301")).items]
    assert BLAST in [one.title for one in incidents if isinstance(one, Incident)]
    lines = (seen.data / "alerts.log").read_text(encoding="utf-8").splitlines()
    assert any("爆炸" in line and '"opened"' in line for line in lines), lines


def test_it_ends_by_itself(tmp_path: Path) -> None:
    with served({"/robots.txt": b"", "/feed.xml": b"", "/gk/": b""}) as (host, _):
        process = watching(configured(tmp_path / "config", host), tmp_path / "data", 0.5)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said


def test_it_does_not_watch_without_its_crawler(tmp_path: Path) -> None:
    """Nobody polled would look like silence: the service ends and says why."""
    config = configured(tmp_path / "config", "http://127.0.0.1:1")
    (tmp_path / "config" / "sources.yaml").write_text("sources: []\n", encoding="utf-8")
    process = watching(config, tmp_path / "data", PATIENCE_S)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 3, said
    assert "没有启用的信源" in said
    assert "抓取进程意外结束" in said
