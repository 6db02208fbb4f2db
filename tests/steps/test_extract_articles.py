"""The step extract: rows and pages as articles."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Any

import pytest

from stream.core.authorities import Authorities, Body, Registry
from stream.core.documents import Article, Coverage, Decision, Mark, Page, Row
from stream.core.intervals import SHANGHAI, Interval, exactly
from stream.errors import MessageRejected
from stream.reading.privacy import Pseudonyms
from stream.reading.times import parse_published
from stream.steps.extract import Extract, clean

NOON = datetime(2025, 3, 1, 12, tzinfo=SHANGHAI)
NAMES = Pseudonyms(b"k" * 32)
REGISTER = Registry(Authorities(bodies=[Body(name="云岭县公安局", accounts=["平安云岭"])]), {}, {})
STORY = "三月一日下午，云岭县东街一处仓库起火，消防救援人员赶到现场，用两个小时扑灭了明火，没有人员伤亡。"
HTML = f"""<html><head><title>云岭县一仓库起火_云岭新闻网</title></head><body><h1>云岭县一仓库起火</h1>
<p>2025-03-01 11:30 作者：李四</p><p>{STORY}</p><p>{STORY}请回电13912345678。</p></body></html>""".encode()


class NoState:
    """The step is stateless: whatever it asked of the state would fail here."""


def article(**fields: Any) -> Article:
    page = Page(**{"id": "1", "collected_at": NOON, "source": "board"} | fields)
    (found,) = Extract(NAMES, REGISTER).handle(page, NoState())  # type: ignore[arg-type]
    assert isinstance(found, Article)
    return found


@pytest.mark.parametrize(
    ("kind", "account", "is_kept"),
    [
        ("post", "爱吃面的阿宁", False), ("complaint", "爱吃面的阿宁", False), ("post", "平安云岭", True),
        ("post", "云岭日报", True), ("news", "爱吃面的阿宁", True), ("authority", "云岭发布", True),
    ],
)  # fmt: skip
def test_a_private_account_becomes_a_pseudonym(kind: str, account: str, is_kept: bool) -> None:
    found = article(kind=kind, account=account, row=Row(title="路灯不亮"))
    assert (found.account == account) is is_kept
    assert is_kept or str(found.account).startswith("a-")


def test_a_row_becomes_an_article_with_all_it_says() -> None:
    row = Row(
        title=" 路灯不亮 ", text="\n\t\n已经三天\r\n\r\n请回电13912345678", published=exactly(NOON, "row"),
        author="a-1", region="云岭县", heat=3.0, answers="0", removed_at=NOON,
    )  # fmt: skip
    found = article(kind="authority", url="https://a.example/1", account="云岭发布", row=row)
    assert (found.title, found.text) == ("路灯不亮", "已经三天\n请回电［手机号］")
    assert (found.kind, found.url, found.account, found.source) == (
        "authority",
        "https://a.example/1",
        "云岭发布",
        "board",
    )
    assert (found.published, found.author, found.region, found.heat, found.answers, found.removed_at) == (
        row.published, "a-1", "云岭县", 3.0, "0", NOON,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\u200bb\x07c\ufeff", "abc"),
        (unicodedata.normalize("NFD", "é"), "é"),
        ("<p>第一段</p><p>第二段<br>第三行</p><script>alert(1)</script>", "第一段\n第二段\n第三行"),
        ("损失&nbsp;3&lt;5 万", "损失\xa03<5 万"),
        ("气温<5度，A&B公司", "气温<5度，A&B公司"),
    ],
)
def test_cleaning_leaves_what_can_be_seen(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_the_same_words_laid_out_differently_are_the_same_content() -> None:
    one = article(row=Row(title="起火", text="云岭县 东街\n起火"))
    same = article(id="2", row=Row(title="起火 ", text="云岭县东街起火"))
    other = article(row=Row(title="起火", text="云岭县西街起火"))
    assert one.content_sha256 == same.content_sha256 != other.content_sha256


def test_a_page_gives_body_time_and_a_pseudonym() -> None:
    found = article(html=HTML)
    assert found.title == "云岭县一仓库起火"
    assert found.text == f"{STORY}\n{STORY}请回电［手机号］。"
    assert found.published == parse_published("2025-03-01 11:30", "page")
    assert (found.author, found.site) == (NAMES.of("李四", "board", NOON), "云岭新闻网")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (exactly(NOON - timedelta(minutes=29), "feed"), NOON - timedelta(minutes=29)),
        (parse_published("2025-03-01", "list"), NOON - timedelta(minutes=30)),
        (parse_published("2025-02-28", "list"), NOON - timedelta(days=1, hours=12)),
        (None, NOON - timedelta(minutes=30)),
    ],
    ids=["the feed is finer", "the page refines", "the page contradicts", "the page alone"],
)
def test_the_finer_time_wins_and_no_contradiction(row: Interval | None, expected: datetime) -> None:
    published = article(html=HTML, row=Row(published=row)).published
    assert published is not None
    assert published.earliest == expected


def test_a_page_from_tomorrow_has_no_time() -> None:
    assert article(html=HTML, collected_at=NOON - timedelta(days=3)).published is None


@pytest.mark.parametrize(
    ("given", "title"),
    [("东街仓库起火", "东街仓库起火"), ("云岭县一仓…", "云岭县一仓库起火"), (None, "云岭县一仓库起火")],
)
def test_a_lists_title_stands_unless_it_was_cut(given: str | None, title: str) -> None:
    assert article(html=HTML, row=Row(title=given)).title == title


@pytest.mark.parametrize(
    "fields",
    [
        {"html": b"<html><body></body></html>"},
        {"html": b"<p></p>", "row": Row(title="只有标题")},
        {"row": Row(text="\u200b")},
    ],
)
def test_without_text_it_is_rejected(fields: dict[str, Any]) -> None:
    with pytest.raises(MessageRejected) as rejected:
        article(**fields)
    assert rejected.value.reason == "no_text"


def test_what_is_no_page_passes_unchanged() -> None:
    coverage = Coverage(id="c", collected_at=NOON, source="县政府网", from_at=NOON, to_at=NOON, reachable=True)
    decision = Decision(id="d", collected_at=NOON, who="值班长", what="confirm", incident_of="1")
    mark = Mark(id="m", collected_at=NOON, publisher="p")
    step = Extract(NAMES, REGISTER)
    assert [list(step.handle(one, NoState())) for one in (coverage, decision, mark)] == [[coverage], [decision], [mark]]  # type: ignore[arg-type]
