"""Every command on Kafka and Elasticsearch: over a kept replay it says what it says over one file; live, it works."""

import http.server
import json
import re
import shutil
import signal
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from docx import Document
from openpyxl import load_workbook

from stream.backends import open_backends
from stream.clock import wall_now
from stream.core.cases import Incident
from stream.core.codec import decode, encode
from stream.core.documents import Decision, Page, Post, Row
from stream.core.intervals import SHANGHAI
from stream.core.records import Rejected
from stream.outputs import items
from stream.ports import Save, Store
from stream.settings import Settings
from tests.cli.posts import PLACE
from tests.cli.posts import ROWS as POSTS
from tests.cli.sides import DISTRIBUTED, EMBEDDED, PATIENCE_S, ROOT, Huiying, Side, kept, on_servers, process, until
from tests.servers import distributed_settings, erase

pytestmark = pytest.mark.distributed

AT = datetime(2030, 1, 1, 8, tzinfo=SHANGHAI)
ROWS = [*POSTS, {"id": "blank", "kind": "news", "published_at": "2024-03-01 17:00:00"}]
PAGE = Page(id="p-1", collected_at=AT, source="s", row=Row(title="[b]城东路灯坏了[/b]"))
REJECTS = [
    Rejected(
        id="r-1", collected_at=AT, step="extract", reason="no_text", file="a.jsonl", line=3, of="p-1",
        payload=encode(PAGE).decode(),
    ),
    Rejected(id="r-2", collected_at=AT, step="classify", reason="failed:ValueError", payload='{"type": "arti'),
]  # fmt: skip

Written = Callable[[Path, list[dict[str, Any]]], Path]


def put_aside(settings: Settings) -> None:
    with closing(open_backends(settings)) as backends:
        backends.store.save_many([Save(item=one) for one in REJECTS])
        backends.store.refresh()


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory, written: Written) -> Path:
    return written(tmp_path_factory.mktemp("posts") / "posts.jsonl", ROWS)


@pytest.fixture(scope="module")
def embedded(shared_huiying: Huiying, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Side:
    said = kept(shared_huiying, posts, tmp_path_factory.mktemp("embedded"), EMBEDDED)
    [data] = re.findall(rf"huiying dashboard --config {EMBEDDED} --data (\S+)", said)
    put_aside(settings := Settings(data=Path(data)))
    return Side(shared_huiying.over(settings.data), EMBEDDED, settings)


@pytest.fixture(scope="module")
def cluster(shared_huiying: Huiying, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    folder = tmp_path_factory.mktemp("cluster")
    asked = distributed_settings(folder / "data", f"t{uuid.uuid4().hex[:12]}", workers=3)
    said = kept(on_servers(shared_huiying, asked), posts, folder / "out", DISTRIBUTED)
    [namespace] = re.findall(rf"HUIYING_NAMESPACE=(\S+) huiying dashboard --config {DISTRIBUTED}", said)
    put_aside(settings := msgspec.structs.replace(asked, namespace=namespace))
    yield Side(on_servers(shared_huiying, settings), DISTRIBUTED, settings)
    erase(settings)


# --- the same as over one file ----------------------------------------------------------------------------------------

SAME = [
    ("status", "--json"),
    ("status",),
    ("rejected", "list"),
    ("rejected", "list", "--limit", "1"),
    ("rejected", "list", "--step", "classify"),
    ("rejected", "list", "--reason", "no_text"),
    ("rejected", "explain", "r-1"),
    ("rejected", "explain", "r-none"),
    ("rejected", "requeue", "r-2"),
    ("rejected", "requeue", "r-none"),
    ("decide", "blast", "forgive", "--who", "值班员", "--why", "x"),
    ("rules", "list"),
    ("rules", "explain", "CN-FOI-20WD", "--start", "2026-02-11"),
    ("rules", "explain", "CN-FOI-20WD", "--start", "2026-02-11", "--json"),
    ("check",),
    ("read", "POSTS"),
    ("extract", "PAGE"),
    ("run", "digest"),
    ("report", "--out", "review.pdf"),
    ("report", "--out", "review.json", "--as-of", "gestern"),
]


@pytest.mark.parametrize("words", SAME, ids=" ".join)
def test_a_command_says_the_same(
    words: tuple[str, ...], embedded: Side, cluster: Side, posts: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<html><title>通报</title><body><p>{ROWS[0]['text']}</p></body></html>", encoding="utf-8")
    named = [word.replace("POSTS", str(posts)).replace("PAGE", str(page)) for word in words]
    here, there = embedded(*named), cluster(*named)
    assert (there.code, there.out, there.err) == (here.code, here.out, here.err)
    assert there.out or there.err


def test_the_same_is_not_nothing(cluster: Side) -> None:
    [status] = cluster("status", "--json").lines
    assert (status["posts"], status["incidents"], status["rejected"], status["running"]) == (3, 1, 2, False)
    assert "r-1" in cluster("rejected", "list").out


def shown(path: Path) -> Any:
    """What a reader sees in the file."""
    if path.suffix == ".xlsx":
        return [[cell.value for cell in row] for sheet in load_workbook(path) for row in sheet.iter_rows()]
    if path.suffix == ".docx":
        return [cell.text for table in Document(str(path)).tables for row in table.rows for cell in row.cells]
    return path.read_bytes().decode()


@pytest.mark.parametrize("name", ["review.json", "review.xlsx", "review.docx"])
@pytest.mark.parametrize(
    ("words", "is_there"),
    [
        ((), True),
        (("--as-of", "2024-03-01T10:00"), True),
        (("--as-of", "2024-02-29"), False),
        (("--from", "2024-03-02"), False),
    ],
)
def test_the_review_is_the_same(
    name: str, words: tuple[str, ...], is_there: bool, embedded: Side, cluster: Side, tmp_path: Path
) -> None:
    found = []
    for side in (embedded, cluster):
        told = side("report", "--out", tmp_path / name, *words)
        assert told.code == 0, told.err
        found.append((shown(tmp_path / name), told.err))
    assert found[0] == found[1]
    assert ("化工厂" in str(found[0][0])) == is_there


# --- what writes ------------------------------------------------------------------------------------------------------


def test_a_reject_goes_back_to_where_it_was(cluster: Side) -> None:
    assert cluster("rejected", "requeue", "r-1").code == 0
    found: list[Any] = []
    with closing(open_backends(cluster.settings)) as backends:
        subscription = backends.bus.subscribe(["pages"], "test")
        until(lambda: found.extend(decode(one.body) for one in subscription.poll(100, 0.3)) or PAGE in found)


@pytest.mark.parametrize(
    ("what", "value"), [("severity", "II"), ("exempt", '{"rule": "CN-5H-AUTH", "ground": "EX-SECRET"}')]
)
def test_a_decision_is_recorded(what: str, value: str, cluster: Side) -> None:
    who = f"值班长 {value}"
    told = cluster("decide", "blast", what, "--who", who, "--why", "核实", "--value", value)
    assert told.code == 0, told.err
    with closing(open_backends(cluster.settings)) as backends:
        backends.store.refresh()
        [decision] = [one for one in items(backends.store, Decision) if one.who == who]
    assert decision.incident_of == "blast"
    assert decision.value == (json.loads(value) if value[0] == "{" else value)


# --- live -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh(huiying: Huiying) -> Iterator[Side]:
    """A namespace in which nothing ever ran."""
    settings = distributed_settings(huiying.data, f"t{uuid.uuid4().hex[:12]}", workers=2)
    yield Side(on_servers(huiying, settings), DISTRIBUTED, settings)
    erase(settings)


@pytest.fixture
def feed() -> Iterator[str]:
    """A web of one feed and one article, of now: the live service lives by the wall."""
    at = wall_now()
    title = f"{PLACE}一化工厂发生爆炸 已致12人死亡"

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            link = f"{address}/{at:%Y%m%d}/a.html"
            stamp = f"{at:%a, %d %b %Y %H:%M:%S +0800}"
            entry = f"<item><title>{title}</title><link>{link}</link><pubDate>{stamp}</pubDate></item>"
            pages = {
                "/feed.xml": f"<?xml version='1.0'?><rss version='2.0'><channel>{entry}</channel></rss>",
                link.removeprefix(address): f"<html><title>{title}</title><body><h1>{title}</h1><p>今天，{title}。"
                "现场浓烟滚滚，救援正在进行，附近居民已经疏散。</p></body></html>",
            }
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"{address}/feed.xml"
    server.shutdown()
    server.server_close()


def states(store: Store) -> list[str]:
    store.refresh()
    return [one.state for one in items(store, Incident)]


def test_what_is_crawled_is_worked_on_and_decided(fresh: Side, feed: str, tmp_path: Path) -> None:
    """`crawl --once` ends with 0, `run` works until it is told to stop, and then ends with 0 too."""
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("demo", "mappings"))
    source = {"id": "news", "kind": "feed", "name": "本地新闻", "urls": [feed], "found_in": "本测试"}
    (tmp_path / "config" / "sources.yaml").write_text(json.dumps({"sources": [source]}), encoding="utf-8")
    config = tmp_path / "config" / "distributed.yaml"

    def crawled() -> None:
        crawl = process(fresh.settings, "crawl", "--once", "--config", config)
        _, said = crawl.communicate(timeout=PATIENCE_S)
        assert (crawl.returncode, "Traceback" in said) == (0, False), said

    crawled()
    run = process(fresh.settings, "run", "--config", config)

    def wait() -> None:
        with suppress(subprocess.TimeoutExpired):
            run.wait(0.3)
        assert run.poll() is None

    try:
        with closing(open_backends(fresh.settings)) as backends:
            until(lambda: states(backends.store) == ["open"], wait)
            [post] = items(backends.store, Post)
            assert fresh("decide", post.id, "dismiss", "--who", "值班长", "--why", "演练").code == 0
            # A further mark: nothing earlier than the decision follows.
            crawled()
            until(lambda: states(backends.store) == ["dismissed"], wait)
        [status] = fresh("status", "--json").lines
        assert (status["running"], status["posts"], status["incidents_open"]) == (True, 1, 0)
    finally:
        run.send_signal(signal.SIGTERM)
        _, said = run.communicate(timeout=PATIENCE_S)
    assert (run.returncode, "Traceback" in said) == (0, False), said


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        (EMBEDDED, DISTRIBUTED, "没有 {namespace} 的数据文件"),
        (DISTRIBUTED, DISTRIBUTED, "同一处"),
        (DISTRIBUTED, EMBEDDED, "源是空的"),
    ],
)
def test_a_migration_of_nothing_is_refused(source: Path, target: Path, said: str, fresh: Side) -> None:
    told = fresh("migrate", "--from", source, "--to", target)
    assert told.code == 2, told
    assert said.format(namespace=fresh.settings.namespace) in told.err
