"""Rows that the bus would not take are rejected where they are read, with file and line; the others go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from stream.core.codec import encode
from stream.core.documents import Page
from stream.core.records import Rejected
from stream.intake import Intake, read_posts
from stream.reading.privacy import Pseudonyms
from stream.settings import Settings

LIMIT = 65_536
SMALL = {"id": "small", "title": "路灯不亮", "published_at": "2025-03-01"}


def read(path: Path, rows: list[dict[str, Any]], limit: int = LIMIT, mode: Literal["replay", "read"] = "read") -> Any:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return list(read_posts(path, Intake(pseudonyms=Pseudonyms(b"k" * 32), mode=mode, max_page_bytes=limit)))


@pytest.mark.parametrize("mode", ["replay", "read"])
@pytest.mark.parametrize(
    ("large", "of"),
    [
        ({"id": "big", "text": "长" * 25_000, "published_at": "2025-03-01"}, "big"),
        ({"id": "escaped", "text": "甲" + "\x01" * 12_000, "published_at": "2025-03-01"}, "escaped"),
        ({"id": "q", "text": "问", "reply": "答" * 25_000, "published_at": "2025-03-01"}, "q#reply"),
        (
            {"kind": "decision", "id": "d", "at": "2025-03-01", "who": "甲", "what": "confirm", "incident_of": "p",
             "value": ["长" * 25_000]},
            "d",
        ),
    ],
    ids=["text", "escapes", "reply", "decision"],
)  # fmt: skip
def test_what_is_too_large_is_told(tmp_path: Path, large: dict[str, Any], of: str, mode: Any) -> None:
    found = read(tmp_path / "rows.jsonl", [SMALL, large, SMALL], mode=mode)
    [rejected] = [one for one in found if isinstance(one, Rejected)]
    assert (rejected.reason, rejected.of, rejected.line) == ("too_large", of, 2)
    assert rejected.file == str(tmp_path / "rows.jsonl")
    assert len(rejected.payload or "") <= 500
    assert [one.id for one in found if isinstance(one, Page) and one.id == "small"] == ["small", "small"]


def test_the_limit_is_that_of_the_message(tmp_path: Path) -> None:
    row = SMALL | {"text": "长" * 20_000}
    [page] = read(tmp_path / "rows.jsonl", [row])
    size = len(encode(page))
    assert [type(one) for one in read(tmp_path / "a.jsonl", [row], limit=size + 20)] == [Page]
    assert [type(one) for one in read(tmp_path / "a.jsonl", [row], limit=size + 19)] == [Rejected]


def test_the_longest_text_passes_by_default(tmp_path: Path) -> None:
    row = SMALL | {"title": "", "text": "长" * (1 << 20)}
    assert [type(one) for one in read(tmp_path / "a.jsonl", [row], limit=Settings().max_page_bytes)] == [Page]


def test_one_who_says_nothing_reads_by_the_default_of_the_setting() -> None:
    assert Intake(pseudonyms=Pseudonyms(b"k" * 32)).max_page_bytes == Settings().max_page_bytes
