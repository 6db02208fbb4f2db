"""Two rounds over a small web: what is published, what is not, and what is said of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stream.backends.warc_evidence import WarcEvidence
from stream.core.codec import Travelling
from stream.core.documents import Coverage, Mark, Page

BODY = "临江市应急管理局"  # fictional
RSS = """<?xml version="1.0" encoding="gb2312"?><rss version="2.0"><channel><title>新闻</title>
<item><title>临江市一处厂房起火</title><link>{url}/news/2025/0912/a1.html</link><author>王小明</author>
<pubDate>Fri, 12 Sep 2025 08:30:00 GMT</pubDate></item>
<item><title>不该抓的文章</title><link>{url}/private/b2.html</link></item>
<item><title>没有链接</title></item></channel></rss>"""
ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>通报</title>
<entry><title>情况通报</title><link href="{url}/news/2025/0912/c3.html"/><updated>2025-09-12T10:00:00+08:00</updated>
<id>c3</id></entry></feed>"""
LIST = """<html><meta charset="{charset}"><a href="/about.html">关于我们</a><ul>{items}</ul></html>"""
ITEM = """<li><a href="{path}">{title}</a><span>2025-09-12</span></li>"""


class Crawled(NamedTuple):
    site: Any
    folder: Path
    first: dict[str, Any]
    messages: list[Travelling]
    second: dict[str, Any]
    later: list[Travelling]
    second_requests: list[tuple[str, dict[str, str]]]

    def pages(self, source: str) -> list[Page]:
        return [one for one in self.messages if isinstance(one, Page) and one.source == source]

    def coverage(self, source: str, messages: list[Travelling] | None = None) -> Coverage:
        rows = [one for one in messages or self.messages if isinstance(one, Coverage) and one.source == source]
        return rows[-1]


def listed(*items: tuple[str, str], charset: str = "utf-8") -> bytes:
    text = "".join(ITEM.format(path=path, title=title) for path, title in items)
    return LIST.format(charset=charset, items=text).encode("gb18030" if charset == "gb2312" else charset)


@pytest.fixture(scope="module")
def crawled(
    site: Any,
    answering: Callable[..., None],
    tmp_path_factory: pytest.TempPathFactory,
    crawl_once: Callable[..., dict[str, Any]],
    published: Callable[[Path], list[Travelling]],
) -> Crawled:
    folder = tmp_path_factory.mktemp("crawl")
    _fill(site, answering)
    (folder / "inbox").mkdir()
    shutil.copyfile(_rows(folder), folder / "inbox" / "a.jsonl")
    sources = _sources(site.url, folder)
    first = crawl_once(folder / "data", sources, options={"DOWNLOAD_MAXSIZE": 200_000})
    messages = published(folder / "data")
    so_far = len(site.requests)
    site.pages["/new.html"] = listed(
        ("/n/20250912/9.html", "又发生一起新的情况通报"), ("/n/20250912/1.html", "关于某路段塌陷的情况通报")
    )
    more = "<a href='/deep_1.html'>下一页</a>".encode()
    site.pages["/deep.html"] = listed(("/n/20250912/9.html", "又发生一起新的情况通报")) + more
    site.pages["/deep_1.html"] = listed(("/gb/20250912/2.html", "关于供水管道抢修的通告"))
    site.pages["/lost.html"] = listed(("/n/20250912/9.html", "又发生一起新的情况通报"))
    again = [one for one in sources if one["id"] in {"rss", "plain", "forbidden", "limited", "deep", "lost"}]
    second = crawl_once(folder / "data", again, options={"DOWNLOAD_MAXSIZE": 200_000})
    later = published(folder / "data")[len(messages) :]
    return Crawled(site, folder, first, messages, second, later, site.requests[so_far:])


def _sources(url: str, folder: Path) -> list[dict[str, Any]]:
    def listing(id: str, path: str, **more: Any) -> dict[str, Any]:
        return {"id": id, "kind": "listing", "urls": [url + path], **more}

    return [
        {"id": "rss", "kind": "feed", "urls": [f"{url}/rss.xml"]},
        {"id": "atom", "kind": "feed", "urls": [f"{url}/atom.xml"], "body": BODY, "post_kind": "authority"},
        {"id": "broken", "kind": "feed", "urls": [f"{url}/broken.xml"]},
        listing("plain", "/new.html", body=BODY, post_kind="authority"),
        listing("gb", "/gb.html"),
        listing("deep", "/deep.html"),
        listing("lost", "/lost.html"),
        listing("forbidden", "/403.html"),
        listing("limited", "/429.html"),
        listing("wall", "/wall.html"),
        listing("loop", "/loop.html"),
        listing("inside", "/inside.html"),
        listing("giant", "/giant-list.html"),
        listing("slow", "/slow-list.html"),
        listing("empty", "/empty.html"),
        {"id": "files", "kind": "file", "path": str(folder / "inbox")},
    ]


def _fill(site: Any, answering: Callable[..., None]) -> None:
    def with_etag(handler: Any) -> None:
        if handler.headers.get("If-None-Match") == '"v1"':
            return answering(handler, 304, b"", {"ETag": '"v1"'})
        return answering(handler, 200, RSS.format(url=site.url).encode("gb2312"), {"ETag": '"v1"'})

    def trickle(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        time.sleep(2)  # the server is slow, not the test: the crawl gives up before

    article = "<html><body><h1>{}</h1><p>2025年9月12日，临江市发布情况通报，现场已得到控制。</p></body></html>"
    for path in ("/news/2025/0912/a1.html", "/news/2025/0912/c3.html", "/n/20250912/1.html", "/n/20250912/9.html"):
        site.pages[path] = article.format(path)
    site.pages |= {
        "/robots.txt": "User-agent: HuiyingBot\nDisallow: /private/\n",
        "/private/b2.html": article.format("不可读"),
        "/rss.xml": with_etag,
        "/atom.xml": ATOM.format(url=site.url),
        "/broken.xml": "<?xml version='1.0'?><html><body>维护中</body></html>",
        "/new.html": listed(("/n/20250912/1.html", "关于某路段塌陷的情况通报")),
        "/gb.html": listed(("/gb/20250912/2.html", "关于供水管道抢修的通告"), charset="gb2312"),
        "/deep.html": listed(("/gb/20250912/2.html", "关于供水管道抢修的通告")),
        "/lost.html": listed(("/gb/20250912/2.html", "关于供水管道抢修的通告")),
        "/gb/20250912/2.html": article.format("供水").encode("gb18030"),
        "/403.html": lambda handler: answering(handler, 403, "禁止访问"),
        "/429.html": lambda handler: answering(handler, 429, "", {"Retry-After": "7200"}),
        "/wall.html": "<html><script src='/captcha.js'></script><body>请完成安全验证</body></html>",
        "/loop.html": lambda handler: answering(handler, 302, "", {"Location": "/loop.html"}),
        "/inside.html": lambda handler: answering(handler, 302, "", {"Location": "http://127.0.0.1:9/x"}),
        "/giant-list.html": listed(("/g/20250912/big.html", "一篇大得没有边际的文章")),
        "/g/20250912/big.html": "长" * 200_000,
        "/slow-list.html": listed(("/s/20250912/slow.html", "一篇慢得没有尽头的文章")),
        "/s/20250912/slow.html": trickle,
        "/empty.html": "<html><body><a href='/'>首页</a></body></html>",
    }


def _rows(folder: Path) -> Path:
    path = folder / "rows.jsonl"
    path.write_text(
        '{"id": "f1", "title": "路灯不亮", "published_at": "2025-09-12 08:00", "author": "李四"}\n{"broken": \n',
        encoding="utf-8",
    )
    return path


def test_feed_entries_lead_to_their_pages(crawled: Crawled) -> None:
    page = next(one for one in crawled.pages("rss") if one.url and one.url.endswith("a1.html"))
    assert page.html and "临江市".encode() in page.html
    assert page.row.title == "临江市一处厂房起火"
    assert page.row.published is not None
    assert page.row.published.earliest is not None
    assert page.row.published.earliest.isoformat() == "2025-09-12T16:30:00+08:00"


def test_authors_are_pseudonyms_before_anything_else(crawled: Crawled) -> None:
    authors = {one.row.author for one in crawled.messages if isinstance(one, Page)}
    assert None in authors
    assert len(authors) == 3
    stored = b"".join(file.read_bytes() for file in (crawled.folder / "data").rglob("*") if file.is_file())
    assert "王小明".encode() not in stored
    assert "李四".encode() not in stored


def test_robots_are_obeyed_and_the_title_is_still_told(crawled: Crawled) -> None:
    assert "/private/b2.html" not in crawled.site.paths()
    told = next(one for one in crawled.pages("rss") if one.url and one.url.endswith("b2.html"))
    assert (told.html, told.row.title) == (None, "不该抓的文章")


def test_every_request_says_who_asks(crawled: Crawled) -> None:
    agents = {headers.get("user-agent") for _, headers in crawled.site.requests}
    assert agents == {"HuiyingBot/0.1 (+https://example.org/bot)"}
    assert not any("cookie" in headers or "referer" in headers for _, headers in crawled.site.requests)


def test_list_pages_in_any_encoding(crawled: Crawled) -> None:
    assert [one.row.title for one in crawled.pages("gb")] == ["关于供水管道抢修的通告"]
    assert [one.row.title for one in crawled.pages("plain")] == ["关于某路段塌陷的情况通报"]
    assert {one.kind for one in crawled.pages("plain")} == {"authority"}


@pytest.mark.parametrize("source", ["rss", "atom", "plain", "gb", "files"])
def test_a_complete_poll_is_covered(crawled: Crawled, source: str) -> None:
    assert crawled.coverage(source).reachable


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("broken", "feed_unreadable"),
        ("forbidden", "http_403"),
        ("limited", "http_429"),
        ("wall", "captcha"),
        ("loop", "too_many_redirects"),
        ("inside", "private_address"),
        ("slow", "article_timeout"),
        ("empty", "no_links"),
    ],
)
def test_a_failed_poll_says_why(crawled: Crawled, source: str, reason: str) -> None:
    row = crawled.coverage(source)
    assert (row.reachable, row.reason) == (False, reason)
    assert row.from_at <= row.to_at


def test_a_giant_page_is_told_by_its_list_only(crawled: Crawled) -> None:
    assert [(one.html, one.row.title) for one in crawled.pages("giant")] == [(None, "一篇大得没有边际的文章")]


def test_refusals_are_not_asked_again(crawled: Crawled) -> None:
    paths = crawled.site.paths()
    assert (paths.count("/403.html"), paths.count("/429.html")) == (2, 2)  # once a round
    assert crawled.first["limited"]["retry_after_s"] == 7200


def test_captures_of_authorities_are_kept_of_others_only_hashes(crawled: Crawled) -> None:
    vault = WarcEvidence(crawled.folder / "data" / "evidence")
    own = crawled.pages("plain")[0]
    assert own.capture is not None
    assert vault.open(own.capture).body == own.html
    other = crawled.pages("gb")[0]
    assert other.capture is not None
    assert (other.capture.file, len(other.capture.sha256)) == (None, 64)


def test_the_second_round_asks_conditionally_and_publishes_only_what_is_new(crawled: Crawled) -> None:
    conditions = [headers.get("if-none-match") for path, headers in crawled.second_requests if path == "/rss.xml"]
    assert conditions == ['"v1"']
    told = [(one.source, one.url) for one in crawled.later if isinstance(one, Page)]
    assert sorted(told) == [(source, f"{crawled.site.url}/n/20250912/9.html") for source in ("deep", "lost", "plain")]
    assert "/news/2025/0912/a1.html" not in [path for path, _ in crawled.second_requests]


def test_coverage_joins_up_between_rounds(crawled: Crawled) -> None:
    for source in ("rss", "plain"):
        first, second = crawled.coverage(source), crawled.coverage(source, crawled.later)
        assert (second.from_at, second.reachable) == (first.to_at, True)
        assert second.to_at > first.to_at


def test_a_list_is_followed_back_to_what_was_known(crawled: Crawled) -> None:
    assert "/deep_1.html" in [path for path, _ in crawled.second_requests]
    assert crawled.coverage("deep", crawled.later).from_at == crawled.coverage("deep").to_at


def test_where_a_list_no_longer_reaches_back_only_the_instant_is_covered(crawled: Crawled) -> None:
    row = crawled.coverage("lost", crawled.later)
    assert (row.reachable, row.from_at) == (True, row.to_at)


def test_file_rows_pass_and_bad_ones_are_told(crawled: Crawled) -> None:
    assert [(one.id, one.source) for one in crawled.pages("files")] == [("f1", "files")]
    assert crawled.first["files"]["published"] == 2


def test_time_never_runs_backwards_and_marks_keep_their_promise(crawled: Crawled) -> None:
    times = [one.collected_at for one in [*crawled.messages, *crawled.later]]
    assert times == sorted(times)
    assert isinstance(crawled.messages[-1], Mark)
    assert {one.publisher for one in crawled.messages if isinstance(one, Mark)} == {"crawl"}
