"""Pages as Chinese sites write them, in our own words: encodings, layouts, times, hostile bytes."""

from __future__ import annotations

import pytest

from stream.reading.page_encoding import decode_page
from stream.reading.pages import EMPTY, extract_page

PARAGRAPHS = [
    "三月一日下午，云岭县东街一处仓库起火，消防救援人员赶到现场，用两个小时扑灭了明火。",
    "据县应急管理局介绍，仓库里存放的是家具，火灾没有造成人员伤亡，起火原因正在调查，结果将及时公布。",
    "附近的居民说，当时烟很大，社区工作人员挨家敲门，请大家关好门窗，到小学操场暂避。",
]
SECTIONS = ("首页", "新闻", "政务公开", "办事", "互动", "专题")
MENU = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in SECTIONS)
HOT = "".join(f'<p><a href="/h{n}">另一条很长的新闻标题，说的是别的地方的事情（{n}）</a></p>' for n in range(8))


def page(head: str = "", by: str = "", body: str | None = None, foot: str = "") -> str:
    body = body if body is not None else "".join(f"<p>　　{one}</p>" for one in PARAGRAPHS)
    comments = "<div class=comments><p>网友：火真大，希望没事，大家要小心用电。2025-03-09 10:00</p></div>"
    return (
        f"<html><head><title>云岭县一仓库起火_云岭新闻网</title>{head}</head><body><div><ul>{MENU}</ul></div>"
        f"<div class=main><h1>云岭县一仓库起火</h1><div class=by>{by}</div>"
        f"<div class='content js_share'>{body}</div></div>"
        f"<div class=hot>{HOT}</div>{comments}{foot}<div>版权所有 © 云岭新闻网 2025</div></body></html>"
    )


@pytest.mark.parametrize(
    "body",
    [
        None,
        "<br>".join(f"&nbsp;&nbsp;{one}" for one in PARAGRAPHS),
        "<table><tr><td>" + "<br><br>".join(PARAGRAPHS) + "</td></tr></table>",
        "".join(f"<div><span>{one[:20]}</span><font>{one[20:]}</font></div>" for one in PARAGRAPHS),
        f"<p>{PARAGRAPHS[0]}</p><ul>{HOT}</ul><p>{PARAGRAPHS[1]}</p><p>{PARAGRAPHS[2]}</p>",
    ],
    ids=["paragraphs", "breaks", "table", "divisions", "advertisement between"],
)
def test_the_body_is_the_sentences_and_nothing_else(body: str | None) -> None:
    found = extract_page(page(body=body).encode())
    assert found.text.replace("\xa0", "").split("\n") == PARAGRAPHS
    assert (found.title, found.site) == ("云岭县一仓库起火", "云岭新闻网")


@pytest.mark.parametrize(
    ("encoding", "declared", "header"),
    [
        ("utf-8", "", None),
        ("utf-8", '<meta charset="gb2312">', "gbk"),
        ("utf-8-sig", "", None),
        ("gb18030", '<meta http-equiv=Content-Type content="text/html; charset=gb2312">', None),
        ("gb18030", '<meta charset="utf-8">', "utf-8"),
        ("gb18030", "", "ISO-8859-1"),
        ("gb18030", "", "no-such-encoding"),
        ("utf-16", "", None),
        ("big5", '<meta charset="big5">', None),
    ],
)
def test_the_bytes_tell_the_encoding(encoding: str, declared: str, header: str | None) -> None:
    words = "消防人員到場，火勢已經撲滅。" if encoding == "big5" else "消防人员到场，火势已经扑灭，镕。"
    assert words in decode_page(f"<html>{declared}<p>{words * 3}</p>".encode(encoding), header)


@pytest.mark.parametrize(
    ("head", "by", "foot", "url", "expected"),
    [
        ("", "2025年03月01日 14:03 来源：云岭日报", "", None, "2025-03-01T14:03 minute"),
        ("", "发布时间：2025-03-01 14:03:09　浏览：88次", "", None, "2025-03-01T14:03 second"),
        ("", "来源：云岭日报 作者：李四 2025/3/1", "", None, "2025-03-01T00:00 day"),
        ('<meta name="PubDate" content="2025-03-01 14:03">', "2025-03-01", "", None, "2025-03-01T14:03 minute"),
        ('<meta name="datepublished" content="2025-03-01T06:03:00Z">', "", "", None, "2025-03-01T14:03 second"),
        ('<script>{"datePublished": "2025-03-01T14:03:00+08:00"}</script>', "", "", None, "2025-03-01T14:03 second"),
        ("<script>var ct = '1740808980';</script>", "", "", None, "2025-03-01T14:03 second"),
        ("", "3/1/2025 2:03:00 PM", "", None, "2025-03-01T14:03 second"),
        ("", "", "<p>云岭论坛 发表于 2025-03-01 14:03</p>", None, "2025-03-01T14:03 minute"),
        ("", "", "", "https://a.example/2025-03/01/c_1.htm", "2025-03-01T00:00 day"),
        ("", "今天是2025年3月8日 星期六", "", "https://a.example/20250301/1.htm", "2025-03-01T00:00 day"),
        ("", "", "", None, None),
    ],
)  # fmt: skip
def test_publication_is_read_by_the_title_the_head_the_script_the_address(
    head: str, by: str, foot: str, url: str | None, expected: str | None
) -> None:
    published = extract_page(page(head, by, None, foot).encode(), url).published
    if expected is None:
        assert published is None
    else:
        assert published is not None and published.earliest is not None
        assert f"{published.earliest.isoformat()[:16]} {published.precision}" == expected


def test_a_title_that_all_pages_share_gives_way_to_the_heading() -> None:
    head = "<title>欢迎光临云岭论坛</title><div>首页 &gt; 论坛</div><b>东街仓库起火的经过</b>"
    html = head + "".join(f"<p>{one}</p>" for one in PARAGRAPHS)
    found = extract_page(html.encode())
    assert (found.title, found.text.split("\n")) == ("东街仓库起火的经过", PARAGRAPHS)


def test_a_date_in_a_sentence_is_the_storys() -> None:
    body = (
        "<p>2025年2月3日10时，云岭县东街一处仓库起火，消防救援人员赶到现场，用两个小时扑灭。</p>"
        + f"<p>{PARAGRAPHS[1]}</p>"
    )
    published = extract_page(page(by="2025-03-01 14:03", body=body).encode()).published
    assert published is not None and published.earliest is not None
    assert published.earliest.isoformat()[:10] == "2025-03-01"


@pytest.mark.parametrize(
    ("by", "author"),
    [("作者：李四", "李四"), ("云岭日报记者 王五", "王五"), ("来源：云岭日报　编辑：赵六", None), ("作者：佚名", None)],
)
def test_the_author_is_who_signed(by: str, author: str | None) -> None:
    assert extract_page(page(by=by).encode()).author == author


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (b"", ""),
        (b"\x00" * 1000, ""),
        (b"<div>" * 100_000, ""),
        (b"<a href=x>" * 50_000, ""),
        (b"<p>" + b" " * 1_000_000, ""),
        (b"<title>" + b"-a" * 500_000, ""),
        (b"<script>" + b'pubdate="' * 100_000, ""),
        (b"\xff\xfe\xfd" * 1000, None),
        (("，" * 3_000_000).encode(), None),
        (b"2020-1-1 " * 100_000, None),
    ],
)
def test_hostile_bytes_cost_little_and_raise_nothing(html: bytes, text: str | None) -> None:
    found = extract_page(html, "http://[broken", "bogus")
    assert len(found.text) <= 1 << 20
    assert text is None or found.text == text


def test_no_bytes_give_the_empty_page() -> None:
    assert extract_page(b"") == EMPTY
