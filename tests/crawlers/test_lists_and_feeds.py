"""Which links are articles, and what feeds say."""

from __future__ import annotations

from pathlib import Path

import pytest
from parsel import Selector

from crawlers.feeds import read_feed
from crawlers.links import article_links, next_page
from crawlers.sources import Source

BASE = "http://yj.linjiang.example/tz/index.html"
PLAIN = Source(id="a", kind="listing", name="甲", found_in="x", urls=(BASE,), hosts=("m.linjiang.example",))


def links(html: str, source: Source = PLAIN) -> list[str]:
    return [entry.url for entry in article_links(source, Selector(text=html), BASE)]


@pytest.mark.parametrize(
    "anchor",
    [
        "<li><a href='/2025-09/12/c1.html'>关于一起道路塌陷的通报</a></li>",
        "<li><a href='./202509/t20250912_123456.html'>关于一起道路塌陷的通报</a></li>",
        "<li><a href='/art/2025/9/12/art_88_99.html'>通报</a><span>2025-09-12</span></li>",
        "<tr><td><a href='/content/post_9988776.html'>关于一起道路塌陷的通报</a></td><td>2025/9/12</td></tr>",
        "<li><a href='/show?id=1234567'>关于一起道路塌陷的通报</a></li>",
        "<li><a href='http://m.linjiang.example/20250912/1.html'>关于一起道路塌陷的通报</a></li>",
        "<li><a href='/20250912/1.pdf'>关于一起道路塌陷的通报</a></li>",
        "<dd>2025年9月12日 <a href='/x/1.html'>关于一起道路塌陷的通报</a></dd>",
    ],
)
def test_articles(anchor: str) -> None:
    assert len(links(anchor)) == 1


@pytest.mark.parametrize(
    "anchor",
    [
        "<li><a href='/about.html'>关于我们</a></li>",
        "<li><a href='/'>临江市应急管理局门户网站首页</a></li>",
        "<li><a href='http://else.example/20250912/1.html'>关于一起道路塌陷的通报</a></li>",
        "<li><a href='javascript:open(20250912)'>关于一起道路塌陷的通报</a></li>",
        "<li><a href='#20250912'>关于一起道路塌陷的通报</a></li>",
        "<li><a href='/20250912/1.zip'>关于一起道路塌陷的通报</a></li>",
        "<li><a href='http://[::1/20250912/1.html'>关于一起道路塌陷的通报</a></li>",
        "<li><a href='/tz/'>通知公告通知公告</a></li>",
    ],
)
def test_no_articles(anchor: str) -> None:
    assert links(anchor) == []


def test_what_a_list_says_of_an_article() -> None:
    html = """<li><a href='/20250912/1.html'><img></a><a href='/20250912/1.html' title='关于一起道路塌陷的情况通报'>
    关于一起道路塌…</a><i>2025-09-12</i></li>"""
    (entry,) = article_links(PLAIN, Selector(text=html), BASE)
    assert entry.title == "关于一起道路塌陷的情况通报"
    assert entry.published is not None
    assert entry.published.precision == "day"
    assert str(entry.published.earliest) == "2025-09-12 00:00:00+08:00"
    assert str(entry.published.latest) == "2025-09-13 00:00:00+08:00"


def test_a_selector_decides_alone() -> None:
    source = Source(id="a", kind="listing", name="甲", found_in="x", urls=(BASE,), links=".box li")
    article = "<li><a href='/20250912/1.html'>关于一起道路塌陷的通报</a></li>"
    html = f"<div class=box><li><a href='/a'>短</a></li></div>{article}"
    assert links(html, source) == ["http://yj.linjiang.example/a"]


@pytest.mark.parametrize(
    ("html", "further"),
    [
        ("<a href='index_1.html'>下一页</a>", "http://yj.linjiang.example/tz/index_1.html"),
        ("<a rel=next href='/p2'>2</a>", "http://yj.linjiang.example/p2"),
        ("<a href='http://else.example/2'>下一页</a>", None),
        ("<a href='index.html'>下一页</a>", None),
        ("<a href='javascript:next()'>下一页</a>", None),
        ("<a href='p2'>下一页的故事很长</a>", None),
    ],
)
def test_the_next_page(html: str, further: str | None) -> None:
    assert next_page(PLAIN, Selector(text=html), BASE) == further


def test_hostile_lists_stay_cheap() -> None:
    html = "<li>" * 300 + "<a href='/20250912/1.html'>关于一起道路塌陷的通报" * 8000 + "2025-" * 20_000
    assert len(links(html)) == 1


RSS = "<rss version='2.0'><channel><title>t</title>{}</channel></rss>"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("<link>http://a.example/1</link><title>一&lt;b&gt;二&lt;/b&gt;</title>", ("一二", None, None)),
        ("<link>http://a.example/1</link><pubDate>Fri, 12 Sep 2025 00:30:00 +0800</pubDate>",
         ("", "2025-09-12 00:30:00+08:00", None)),
        ("<link>http://a.example/1</link><pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>", ("", None, None)),
        ("<link>http://a.example/1</link><pubDate>昨天</pubDate><author>某人</author>", ("", None, "某人")),
    ],
)  # fmt: skip
def test_entries(item: str, said: tuple[str, str | None, str | None]) -> None:
    (entry,) = read_feed(RSS.format(f"<item>{item}</item>").encode(), "application/xml", BASE)
    when = str(entry.published.earliest) if entry.published else None
    assert (entry.title, when, entry.author) == said


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\x00\xff\xfe", b"<html><body>404</body></html>", RSS.format("<item><title>x</title></item>").encode(),
        b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><rss><item><title>&b;</title></item></rss>",
    ],
)  # fmt: skip
def test_bad_feeds_give_nothing(body: bytes) -> None:
    assert read_feed(body, "application/xml", BASE) == []


def test_a_cut_off_feed_gives_what_was_whole() -> None:
    whole = RSS.format("<item><link>http://a.example/1</link><title>甲</title></item><item><link>http://a.example/2")
    cut = whole.encode()[: whole.encode().rindex(b"</channel>") - 3]
    assert "http://a.example/1" in [entry.url for entry in read_feed(cut, "application/xml", BASE)]


def test_a_body_that_looks_like_a_path_is_not_opened(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text(RSS.format("<item><link>http://a.example/1</link></item>"), "utf-8")
    assert read_feed(str(feed).encode(), "application/xml", BASE) == []
