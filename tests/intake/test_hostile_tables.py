"""Files made to hurt: bounded memory, bounded time, and the rows behind them still come."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from stream.core.documents import Page
from stream.core.records import Rejected
from stream.intake import Intake, read_posts
from stream.intake.tables import LINE_BYTES
from stream.reading.privacy import Pseudonyms

INTAKE = Intake(pseudonyms=Pseudonyms(b"k" * 32))
GOOD = {"id": "good", "title": "云岭县一仓库起火", "published_at": "2025-03-01"}


def outcome(path: Path) -> list[tuple[str | None, str]]:
    """(id or line, what became of it)."""
    found = []
    for message in read_posts(path, INTAKE):
        if isinstance(message, Rejected):
            found.append((str(message.line), message.reason))
        else:
            found.append((message.id, type(message).__name__))
    return found


def test_a_line_past_the_limit_is_skipped_whole(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    good = json.dumps(GOOD).encode()
    path.write_bytes(good + b'\n{"text": "' + b"x" * (2 * LINE_BYTES + 7) + b'"}\n' + good)
    assert outcome(path) == [("good", "Page"), ("2", "too_long"), ("good", "Page")]


def test_an_open_quote_swallows_no_more_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    filler = b"x" * 99 + b"\n"
    path.write_bytes(
        b"id,title,published_at\n1,ok,2025-03-01\n2,\"open,2025-03-01\n" + filler * (LINE_BYTES // 100 + 2)
        + b"3,ok,2025-03-01\n"
    )  # fmt: skip
    found = outcome(path)
    assert found[:2] == [("1", "Page"), ("3", "too_long")]
    assert found[-1] == ("3", "Page")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 200_000,
        '{"text": "x", "heat": ' + "9" * 5000 + "}",
        '"' + "\\u0041" * 10,
        "nul",
    ],
)
def test_json_made_to_break_the_reader_is_one_reject(tmp_path: Path, text: str) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text(text + "\n" + json.dumps(GOOD) + "\n", encoding="utf-8")
    assert outcome(path) == [("1", "broken_json"), ("good", "Page")]


@pytest.mark.parametrize("column", ["id", "url", "source", "account", "author", "region", "answers"])
def test_a_name_as_long_as_a_book_is_rejected(tmp_path: Path, column: str) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text(json.dumps({**GOOD, column: "x" * 5000}), encoding="utf-8")
    assert outcome(path) == [("1", "too_long")]


def test_a_sheet_that_claims_every_column_reads_those_it_has(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(GOOD))
    sheet.append(list(GOOD.values()))
    plain, vast = tmp_path / "plain.xlsx", tmp_path / "vast.xlsx"
    book.save(plain)
    with zipfile.ZipFile(plain) as parts, zipfile.ZipFile(vast, "w") as copy:
        for name in parts.namelist():
            body = parts.read(name).replace(b'<dimension ref="A1:C2"/>', b'<dimension ref="A1:XFD1048576"/>')
            copy.writestr(name, body)
    with zipfile.ZipFile(vast) as parts:
        assert b"XFD1048576" in parts.read("xl/worksheets/sheet1.xml")
    assert outcome(vast) == outcome(plain) == [("good", "Page")]


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    """Streaming: the first row comes although the file is damaged behind it."""
    path = tmp_path / "posts.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n" + b"\xff" * 1_000_000)
    first = next(iter(read_posts(path, INTAKE)))
    assert isinstance(first, Page)
