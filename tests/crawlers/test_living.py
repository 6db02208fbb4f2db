"""A crawl that goes on until it is stopped; files that grow; one page on its own."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawlers import fetching, testing
from stream.core.codec import Travelling
from stream.core.documents import Coverage, Page
from stream.errors import OutsideFailed, UsageError

LISTED = "<li><a href='/n/20250912/1.html'>关于某路段塌陷的情况通报</a><span>2025-09-12</span></li>"
QUICK = {"RETRY_TIMES": 0}


def test_sigterm_ends_it_cleanly(
    site: Any,
    tmp_path: Path,
    start_crawl: Callable[..., subprocess.Popen[bytes]],
    published: Callable[[Path], list[Travelling]],
) -> None:
    site.pages |= {"/list.html": LISTED, "/n/20250912/1.html": "<p>情况通报</p>"}
    site.wanted = "/n/20250912/1.html"
    sources = [{"id": "a", "kind": "listing", "urls": [f"{site.url}/list.html"]}]
    child = start_crawl(tmp_path, sources, once=False)
    try:
        assert site.seen.wait(30)
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=30)
    finally:
        child.kill()
    assert child.returncode == 0, err.decode()[-2000:]
    assert b"Traceback" not in err
    assert all(not one.reachable for one in published(tmp_path) if isinstance(one, Coverage) and one.reason)


def test_files_are_read_once_and_on_where_they_grew(
    tmp_path: Path,
    crawl_once: Callable[..., dict[str, Any]],
    published: Callable[[Path], list[Travelling]],
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    rows = [json.dumps({"id": f"r{n}", "title": f"第{n}条", "published_at": "2025-09-12"}) for n in range(3)]
    (inbox / "a.jsonl").write_text("\n".join(rows[:2]) + "\n", "utf-8")
    (inbox / "b.jsonl.part").write_text(rows[0], "utf-8")
    (inbox / "notes.txt").write_text("不是数据", "utf-8")
    source = [{"id": "files", "kind": "file", "path": str(inbox)}]
    crawl_once(tmp_path / "data", source)
    (inbox / "a.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    crawl_once(tmp_path / "data", source)
    assert [one.id for one in published(tmp_path / "data") if isinstance(one, Page)] == ["r0", "r1", "r2"]


def test_one_page_on_its_own(site: Any, answering: Callable[..., None]) -> None:
    site.pages["/gb.html"] = lambda handler: answering(
        handler, 200, "情况通报".encode("gb18030"), {"Content-Type": "text/html; charset=GB2312"}
    )
    assert fetching.fetch_once(f"{site.url}/gb.html") == ("情况通报".encode("gb18030"), "gb2312")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "临江", "http://"])
def test_only_web_addresses_are_fetched(url: str) -> None:
    with pytest.raises(UsageError):
        fetching.fetch_once(url)


def test_what_may_not_be_fetched_is_told(site: Any) -> None:
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /hidden/\n"
    try:
        with pytest.raises(OutsideFailed, match=r"robots\.txt 不允许"):
            fetching.fetch_once(f"{site.url}/hidden/1.html")
    finally:
        del site.pages["/robots.txt"]


def test_a_source_is_tried_out(site: Any) -> None:
    site.pages["/try.html"] = "<meta charset=utf-8>" + LISTED
    told = dict(testing.test_source(f"{site.url}/try.html", QUICK))
    assert told["类型"].startswith("listing")
    assert (told["条目"], told["带日期"], told["编码"]) == ("1", "1", "utf-8")
    assert "关于某路段塌陷的情况通报" in told["样例 1"]
    assert "链接" in told["问题"] or "HUIYING_CONTACT" in told["问题"]
