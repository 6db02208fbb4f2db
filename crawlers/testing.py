"""`huiying sources test URL`: what a source would give, before it is put into config/sources.yaml."""

from __future__ import annotations

from typing import Any

from scrapy.http import HtmlResponse

from crawlers.feeds import Entry, read_feed
from crawlers.fetching import explain, fetch
from crawlers.links import article_links, next_page
from crawlers.settings import CONTACT, USER_AGENT
from crawlers.sources import Source
from crawlers.spiders.listing import list_text, parsed

SAMPLES = 5
FEW_LINKS = 3


def test_source(url: str, options: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    """Fetches one address (robots.txt obeyed) and tells what it is, as (name, value) in Chinese.

    Raises UsageError for what is no http(s) address, OutsideFailed where fetching broke down.
    """
    answer = fetch(url, options)
    told = [("网址", answer.url), ("用户代理", USER_AGENT)]
    if answer.refused is not None:
        return [*told, ("结果", "没有取到"), ("问题", explain(answer.refused))]
    response = HtmlResponse(answer.url, body=answer.body, headers={"Content-Type": answer.content_type})
    entries = read_feed(answer.body, answer.content_type, answer.url)
    kind = "feed" if entries else "listing"
    further = None
    if not entries:
        source = Source(id="test", kind="listing", name="test", found_in="order", urls=(answer.url,))
        page = parsed(list_text(source, response))
        entries, further = article_links(source, page, answer.url), next_page(source, page, answer.url)
    told += [
        ("类型", "feed（RSS/Atom）" if kind == "feed" else "listing（列表页）"),
        ("条目", str(len(entries))),
        ("带日期", str(sum(entry.published is not None for entry in entries))),
        ("编码", str(response.encoding)),
        ("大小", f"{len(answer.body)} 字节"),
    ]
    told += [(f"样例 {number}", f"{entry.title} {entry.url}") for number, entry in enumerate(entries[:SAMPLES], 1)]
    if further:
        told.append(("下一页", further))
    return [*told, *(("问题", problem) for problem in _doubts(kind, entries))]


def _doubts(kind: str, entries: list[Entry]) -> list[str]:
    doubts = []
    if kind == "listing" and len(entries) < FEW_LINKS:
        doubts.append("几乎没有找到文章链接：可能由脚本生成，或需要用 `links` 写明 CSS 选择器")
    if entries and not any(entry.published for entry in entries):
        doubts.append("条目都没有日期：发布时间要靠文章页判断")
    if not CONTACT:
        doubts.append("没有设置 HUIYING_CONTACT：请写上联系网页或邮箱，便于网站管理员联系")
    return doubts


test_source.__test__ = False  # type: ignore[attr-defined]  # its name is the command's; pytest must not run it
