"""Every format and every column, as docs/formats.md says; good rows among bad ones."""

from __future__ import annotations

import gzip
import io
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from stream.core.codec import decode, encode
from stream.core.documents import Coverage, Decision, Page
from stream.core.intervals import SHANGHAI
from stream.core.records import Rejected
from stream.errors import UsageError
from stream.intake import NEVER, Intake, Mapping, read_posts
from stream.reading.privacy import Pseudonyms

NOON = datetime(2025, 3, 1, 12, tzinfo=SHANGHAI)
PSEUDONYMS = Pseudonyms(b"k" * 32)


def write(path: Path, rows: list[dict[str, Any] | bytes]) -> Path:
    lines = [row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def read(path: str | Path, **options: Any) -> list[Page | Coverage | Decision | Rejected]:
    return list(read_posts(path, Intake(pseudonyms=PSEUDONYMS, **options)))


def one(tmp_path: Path, row: dict[str, Any], **options: Any) -> Page:
    (found,) = read(write(tmp_path / "one.jsonl", [row]), **options)
    assert isinstance(found, Page), found
    return found


GOOD = {"id": "good", "title": "云岭县一仓库起火", "published_at": "2025-03-01T12:00:00+08:00"}

BAD: list[tuple[bytes | dict[str, Any], str, str | None]] = [
    (b'{"id": "broken", "text": ', "broken_json", None),
    (b'["no", "object"]', "broken_json", None),
    ('{"id": "gbk", "text": "乱码"}'.encode("gbk"), "wrong_encoding", None),
    ({"id": "none", "published_at": "2025-03-01"}, "no_text", "none"),
    ({"id": "blank", "text": " \n ", "published_at": "2025-03-01"}, "no_text", "blank"),
    ({"id": "old", "text": "有字", "published_at": "1985-03-01"}, "absurd_date", "old"),
    ({"id": "olden", "text": "字", "published_at": "0001-1-1", "collected_at": "2025-03-01"}, "absurd_date", "olden"),
    ({"id": "late", "text": "有字", "published_at": "2025-03-09", "collected_at": "2025-03-01"}, "absurd_date", "late"),
    ({"id": "far", "text": "有字", "published_at": "2150-01-01"}, "absurd_date", "far"),
    ({"id": "epoch", "text": "有字", "published_at": -5}, "absurd_date", "epoch"),
    ({"id": "timeless", "text": "有字"}, "no_time", "timeless"),
    ({"id": "long", "text": "长" * 3_400_000, "published_at": "2025-03-01"}, "too_long", "long"),
    ({"id": "nul", "text": "\x00\x00", "published_at": "2025-03-01"}, "unreadable_text", "nul"),
    (b'{"id": "half", "text": "\\ud83d", "published_at": "2025-03-01"}', "unreadable_text", "half"),
    ({"id": "sum", "text": "=SUM(A1:A9)", "published_at": "2025-03-01"}, "formula", "sum"),
    ({"id": "dde", "title": "=cmd|'/C calc'!A0", "published_at": "2025-03-01"}, "formula", "dde"),
    ({"id": "list", "text": ["有字"], "published_at": "2025-03-01"}, "wrong_type", "list"),
    ({"id": "object", "text": "有字", "published_at": {"at": "2025-03-01"}}, "wrong_type", "object"),
    ({"id": ["7"], "text": "有字", "published_at": "2025-03-01"}, "wrong_type", None),
    ({"kind": "coverage", "source": "县政府网", "from": "2025-03-01"}, "bad_coverage", None),
    ({"kind": "decision", "at": "2025-03-01", "who": "甲", "what": "cheer", "incident_of": "1"}, "bad_decision", None),
]  # fmt: skip


def test_a_file_with_a_bad_row_of_every_kind_loses_only_those(tmp_path: Path) -> None:
    rows: list[dict[str, Any] | bytes] = []
    for number, (bad, _, _) in enumerate(BAD):
        rows += [{**GOOD, "id": f"good{number}"}, bad]
    found = read(write(tmp_path / "mixed.jsonl", rows))
    good = [page.id for page in found if isinstance(page, Page)]
    bad_ones = [reject for reject in found if isinstance(reject, Rejected)]
    assert good == [f"good{number}" for number in range(len(BAD))]
    assert [(reject.line, reject.reason, reject.of) for reject in bad_ones] == [
        (2 * number + 2, reason, of) for number, (_, reason, of) in enumerate(BAD)
    ]
    assert {reject.file for reject in bad_ones} == {str(tmp_path / "mixed.jsonl")}
    assert len({reject.id for reject in bad_ones}) == len(BAD)
    assert all(decode(encode(message)) == message for message in found)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'{"text": "a\\u0000b", "published_at": "2025-03-01"}', "ab"),
        (b'{"text": "a\x00b", "published_at": "2025-03-01"}', "ab"),
        (b'{"text": "\xe7\x81\xab\\ud83d", "published_at": "2025-03-01"}', "火\ufffd"),
        (b'{"text": "\xed\xa0\xbd\xed\xb4\xa5", "published_at": "2025-03-01"}', "🔥"),
        (b'\xef\xbb\xbf{"text": "\xe7\x81\xab", "published_at": "2025-03-01", "heat": NaN}', "火"),
        (b'{"title": "=_= \xe7\x81\xab", "published_at": "2025-03-01"}', None),
    ],
)
def test_what_a_person_could_read_goes_through(tmp_path: Path, raw: bytes, text: str | None) -> None:
    (page,) = read(write(tmp_path / "odd.jsonl", [raw]))
    assert isinstance(page, Page)
    assert page.row.text == text


@pytest.mark.parametrize(
    ("value", "earliest", "latest"),
    [
        ("2025-03-01T12:00:00+08:00", NOON, NOON),
        ("2025-03-01T04:00:00Z", NOON, NOON),
        ("2025/3/1 12:00:00", NOON, NOON),
        ("2025年3月1日 12时00分", NOON, NOON + timedelta(seconds=59)),
        ("2025-03-01", NOON - timedelta(hours=12), NOON + timedelta(hours=12)),
        (1740801600, NOON, NOON),
        (1740801600000, NOON, NOON),
        (45717.5, NOON, NOON),
        (45717, NOON - timedelta(hours=12), NOON + timedelta(hours=12)),
        ("本报讯（2025年3月1日）", NOON - timedelta(hours=12), NOON + timedelta(hours=12)),
    ],
)
def test_published_at_gives_an_interval_and_the_time_of_collection(
    tmp_path: Path, value: object, earliest: datetime, latest: datetime
) -> None:
    page = one(tmp_path, {"text": "起火", "published_at": value})
    assert page.row.published is not None
    assert (page.row.published.earliest, page.row.published.latest) == (earliest, latest)
    assert page.collected_at == latest


def test_reading_alone_needs_no_time(tmp_path: Path) -> None:
    assert one(tmp_path, {"text": "起火"}, mode="read").collected_at == NEVER
    page = one(
        tmp_path, {"text": "起火", "published_at": "1980-01-01", "collected_at": "2025-03-01 12:00:00"}, mode="read"
    )
    assert (page.row.published, page.collected_at) == (None, NOON)


@pytest.mark.parametrize(
    ("row", "other", "same"),
    [
        ({"url": "https://a.example/1"}, {"url": "https://a.example/1", "text": "改过"}, True),
        ({"url": "https://a.example/1"}, {"url": "https://a.example/2"}, False),
        ({}, {}, True),
        ({}, {"text": "改过"}, False),
        ({}, {"published_at": "2025-03-02"}, False),
        ({"id": 188006.0}, {"id": "188006"}, True),
    ],
)
def test_ids_are_derived_from_address_or_content(
    tmp_path: Path, row: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    plain = {"text": "起火", "published_at": "2025-03-01"}
    assert (one(tmp_path, plain | row).id == one(tmp_path, plain | other).id) is same


def test_columns_arrive_as_they_are_and_the_author_as_a_pseudonym(tmp_path: Path) -> None:
    row = {
        "id": 7, "url": "https://a.example/7", "source": "board", "account": "云岭发布", "kind": "complaint",
        "title": "路灯不亮", "text": "已经三天", "published_at": "2025-03-01 12:00:00", "author": "张三",
        "region": "云岭县", "heat": "1,200", "answers": 6, "removed_at": "2025-03-02",
    }  # fmt: skip
    page = one(tmp_path, row)
    assert (page.id, page.kind, page.account, page.row.region, page.row.heat, page.row.answers) == (
        "7", "complaint", "云岭发布", "云岭县", 1200.0, "6",
    )  # fmt: skip
    assert page.row.removed_at == NOON + timedelta(days=1, hours=12)
    assert page.row.author == PSEUDONYMS.of("张三", "board", NOON)
    assert "张三".encode() not in encode(page)


@pytest.mark.parametrize(
    ("collected", "expected"),
    [
        (None, NOON + timedelta(hours=3)),
        ("2025-03-01 13:00:00", NOON + timedelta(hours=3)),
        ("2025-03-05 00:00:00", NOON + timedelta(days=3, hours=12)),
    ],
)
def test_a_reply_becomes_a_post_of_the_authority(tmp_path: Path, collected: str | None, expected: datetime) -> None:
    row = {
        **GOOD,
        "id": "7",
        "source": "board",
        "reply": "已修复。",
        "replied_at": "2025/3/1 15:00:00",
        "collected_at": collected,
    }
    post, reply = read(write(tmp_path / "board.jsonl", [row]))
    assert isinstance(reply, Page) and isinstance(post, Page)
    assert (reply.id, reply.kind, reply.row.answers, reply.row.text, reply.source) == (
        "7#reply",
        "authority",
        "7",
        "已修复。",
        "board",
    )
    assert reply.row.published is not None and reply.row.published.latest == NOON + timedelta(hours=3)
    assert reply.collected_at == expected


def test_an_absurd_reply_is_rejected_without_its_post(tmp_path: Path) -> None:
    post, reject = read(write(tmp_path / "board.jsonl", [{**GOOD, "reply": "好的。", "replied_at": "1899-01-01"}]))
    assert isinstance(post, Page) and isinstance(reject, Rejected)
    assert (reject.of, reject.reason) == ("good#reply", "absurd_date")


def test_coverage_and_decisions_stand_among_the_posts(tmp_path: Path) -> None:
    rows: list[dict[str, Any] | bytes] = [
        {
            "kind": "coverage",
            "source": "县政府网",
            "from": "2025-03-01 10:00:00",
            "to": "2025-03-01 12:00:00",
            "reachable": True,
        },
        {
            "kind": "decision",
            "at": "2025-03-01 12:00:00",
            "who": "值班长",
            "what": "severity",
            "incident_of": "good",
            "value": {"grade": "II"},
        },
    ]
    coverage, decision = read(write(tmp_path / "rows.jsonl", rows))
    assert isinstance(coverage, Coverage) and isinstance(decision, Decision)
    assert (coverage.from_at, coverage.to_at, coverage.reachable) == (NOON - timedelta(hours=2), NOON, True)
    assert (decision.collected_at, decision.what, decision.value) == (NOON, "severity", {"grade": "II"})


def test_unknown_columns_are_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    rows: list[dict[str, Any] | bytes] = [{**GOOD, "likes": 3}, {**GOOD, "likes": 4, "kind": "weibo"}]
    pages = read(write(tmp_path / "rows.jsonl", rows), notice=told.append)
    assert told == ["不认识的列“likes”，已忽略", "不认识的 kind“weibo”，按 post 处理"]
    assert [page.kind for page in pages if isinstance(page, Page)] == ["post", "post"]


def test_a_mapping_reads_another_systems_columns(tmp_path: Path) -> None:
    told: list[str] = []
    mapping = Mapping(
        columns={"published_at": "first", "heat": "seen.0.1"}, constants={"kind": "hotlist"}, ignore=["cat"]
    )
    row = {"title": "起火", "first": 1740801600, "seen": [["01T12", 88]], "cat": "社会"}
    page = one(tmp_path, row, mapping=mapping, notice=told.append)
    assert (page.kind, page.collected_at, page.row.heat, told) == ("hotlist", NOON, 88.0, [])


def table(rows: list[list[str]], encoding: str) -> bytes:
    return "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in rows).encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("zipped", [False, True])
def test_csv_in_the_encodings_that_spreadsheets_write(tmp_path: Path, encoding: str, zipped: bool) -> None:
    rows = [
        ["id", "title", "text", "published_at"],
        ["1", "起火", "云岭县\n两行", "2025/3/1 12:00:00"],
        ["2", "续报", "", "2025-03-01"],
    ]
    body = table(rows, encoding)
    path = tmp_path / ("posts.csv.gz" if zipped else "posts.csv")
    path.write_bytes(gzip.compress(body) if zipped else body)
    first, second = read(path)
    assert isinstance(first, Page) and isinstance(second, Page)
    assert (first.id, first.row.title, first.row.text, first.collected_at) == ("1", "起火", "云岭县\n两行", NOON)
    assert (second.row.title, second.row.text) == ("续报", None)


def test_a_csv_row_of_another_encoding_is_rejected_alone(tmp_path: Path) -> None:
    head = table([["id", "text", "published_at"], ["1", "起火", "2025-03-01"]], "utf-8")
    path = tmp_path / "posts.csv"
    path.write_bytes(head + table([["2", "乱码", "2025-03-01"]], "gbk") + table([["3", "扑灭", "2025-03-01"]], "utf-8"))
    found = read(path)
    assert [(message.line, message.of, message.reason) for message in found if isinstance(message, Rejected)] == [
        (3, "2", "wrong_encoding")
    ]
    assert [message.id for message in found if isinstance(message, Page)] == ["1", "3"]


def test_xlsx_takes_stored_values_and_never_a_formula(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "title", "published_at"])
    noon = NOON.replace(tzinfo=None)  # spreadsheets know no time zones
    sheet.append([188006, "起火", noon])
    sheet.append([2, '=HYPERLINK("https://a.example","点我")', noon])
    sheet.append([3, "续报", noon.replace(hour=0)])
    sheet["C4"].number_format = "yyyy-mm-dd"
    path = tmp_path / "posts.xlsx"
    book.save(path)
    first, formula, last = read(path)
    assert isinstance(first, Page) and isinstance(last, Page) and isinstance(formula, Rejected)
    assert (first.id, first.collected_at) == ("188006", NOON)
    assert (formula.line, formula.of, formula.reason) == (3, "2", "formula")
    assert last.row.published is not None and last.row.published.precision == "day"


def test_standard_input_is_jsonl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "posts.jsonl", [GOOD])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    (page,) = read("-")
    assert page.id == "good"


@pytest.mark.parametrize("name", ["posts.pdf", "posts", "posts.gz"])
def test_an_unknown_kind_of_file_is_a_wrong_call(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UsageError, match="不认识的文件类型"):
        read(tmp_path / name)


def test_a_missing_file_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="打不开"):
        read(tmp_path / "none.jsonl")


@pytest.mark.parametrize("name", ["cut.jsonl.gz", "cut.xlsx"])
def test_a_damaged_file_ends_in_a_reject(tmp_path: Path, name: str) -> None:
    whole = gzip.compress(b"".join(json.dumps({**GOOD, "id": str(i)}).encode() + b"\n" for i in range(500)))
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    last = read(tmp_path / name)[-1]
    assert isinstance(last, Rejected)
    assert last.reason == "broken_file"


def test_rejects_keep_neither_author_nor_telephone(tmp_path: Path) -> None:
    rows: list[dict[str, Any] | bytes] = [
        {"id": "1", "text": "请回电13912345678", "author": "张三"},
        '{"author": "张三", "text": "请回电13912345678", '.encode(),
    ]
    payloads = [
        message.payload or "" for message in read(write(tmp_path / "bad.jsonl", rows)) if isinstance(message, Rejected)
    ]
    assert len(payloads) == 2
    assert not any("张三" in payload or "13912345678" in payload for payload in payloads)
    assert all("请回电" in payload for payload in payloads)
