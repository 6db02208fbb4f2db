"""A file with a bad row of every kind: the good ones go through, each bad one is named with its line and reason."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

Huiying = Callable[..., Any]

TIME = "2030-01-01 08:00:00"


def row(id: str, **more: Any) -> bytes:
    fields = {"id": id, "title": "城东路灯坏了半个月没人修", "published_at": TIME, **more}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


# (line as it stands in the file, the id of the reject, its reason; None = it goes through)
ROWS: tuple[tuple[bytes, str | None, str | None], ...] = (
    (row("good-1"), None, None),
    (b'{"id": "cut", "title": ', None, "broken_json"),
    (b"[1, 2]", None, "broken_json"),
    (b"[" * 100_000, None, "broken_json"),
    (b'{"id": "gbk", "title": "' + "路灯".encode("gb18030") + b'"}', None, "wrong_encoding"),
    (row("no-text", title=None), "no-text", "no_text"),
    (row("control", title="\x00\x01\x02"), "control", "unreadable_text"),
    (row("no-time", published_at=None), "no-time", "no_time"),
    (row("too-old", published_at="1970-01-01 08:00"), "too-old", "absurd_date"),
    (row("too-new", published_at="2031-01-01", collected_at=TIME), "too-new", "absurd_date"),
    (row("no-year", published_at="9999-12-31"), "no-year", "absurd_date"),
    (row("big", text="长" * 1_700_000), "big", "too_long"),
    (row("list", text=["a"]), "list", "wrong_type"),
    (row("map", title={"a": 1}), "map", "wrong_type"),
    (row("heat", heat=[1]), "heat", "wrong_type"),
    (row("formula", title='=HYPERLINK("http://x","y")'), "formula", "formula"),
    (row("nul", title="城东\x00路灯坏了半个月没人修"), None, None),
    (row("surrogate", title="城东路灯\ud800坏了半个月没人修"), None, None),
    (row("strange", colour="red"), None, None),
    (b'{"kind": "coverage", "source": "s"}', None, "bad_coverage"),
    (b'{"kind": "decision", "what": "forgive"}', None, "bad_decision"),
    (row("good-2"), None, None),
)
THROUGH = ["good-1", "good-2", "nul", "strange", "surrogate"]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory, shared_huiying: Huiying) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "posts.jsonl").write_bytes(b"\n".join(line for line, _, _ in ROWS) + b"\n")
    return shared_huiying("replay", folder / "posts.jsonl", "--out", folder / "out"), folder / "out"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(one) for one in path.read_text(encoding="utf-8").splitlines()]


def test_good_rows_go_through(replayed: tuple[Any, Path]) -> None:
    told, out = replayed
    assert told.code == 1
    assert [one["id"] for one in lines(out / "mentions.jsonl")] == THROUGH
    assert "不认识的列“colour”" in told.err


def test_each_bad_row_is_named(replayed: tuple[Any, Path]) -> None:
    _, out = replayed
    found = [(one["line"], one["id"], one["reason"]) for one in lines(out / "rejected.jsonl")]
    assert found == [(number, id, why) for number, (_, id, why) in enumerate(ROWS, 1) if why is not None]
    assert {one["step"] for one in lines(out / "rejected.jsonl")} == {"intake"}
    assert all(one["file"].endswith("posts.jsonl") for one in lines(out / "rejected.jsonl"))


def test_read_needs_no_time(tmp_path: Path, huiying: Huiying) -> None:
    (tmp_path / "posts.jsonl").write_bytes(b"\n".join(line for line, _, _ in ROWS) + b"\n")
    told = huiying("read", tmp_path / "posts.jsonl")
    assert told.code == 1
    read = {one["id"]: one for one in told.lines}
    assert {"no-time", "too-old", "too-new", *THROUGH} <= set(read)
    assert read["no-time"]["published"] is read["no-time"]["collected_at"] is None
    assert "第 2 行被拒（broken_json）" in told.err


# --- the other tables -------------------------------------------------------------------------------------------------

HEAD = ("id", "title", "published_at")
TABLE = (
    ("one", "城东路灯坏了半个月没人修", TIME),
    ("two", '=HYPERLINK("http://x","y")', TIME),
    ("three", "", TIME),
    ("four", "城西公园的长椅坏了", "2030/1/1 9:05:00"),
)
REJECTED = [(3, "two", "formula"), (4, "three", "no_text")]


def comma_separated(encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *TABLE])
    return text.getvalue().encode(encoding)


def sheet() -> bytes:
    book, out = Workbook(), io.BytesIO()
    page = book.active
    assert page is not None
    for cells in (HEAD, *TABLE):
        page.append(cells)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("posts.csv", comma_separated("utf-8")),
        ("posts.csv", comma_separated("utf-8-sig")),
        ("posts.csv", comma_separated("gb18030")),
        ("posts.csv.gz", gzip.compress(comma_separated("utf-8"))),
        ("posts.xlsx", sheet()),
        ("posts.xlsx.gz", gzip.compress(sheet())),
    ],
    ids=["csv", "csv with BOM", "csv in gb18030", "csv.gz", "xlsx", "xlsx.gz"],
)
def test_every_kind_of_table(name: str, content: bytes, tmp_path: Path, huiying: Huiying) -> None:
    (tmp_path / name).write_bytes(content)
    told = huiying("read", tmp_path / name)
    assert told.code == 1, told.err
    assert [(one["id"], one["published"]["earliest"]) for one in told.lines] == [
        ("one", "2030-01-01T08:00:00+08:00"),
        ("four", "2030-01-01T09:05:00+08:00"),
    ]
    assert [f"第 {line} 行被拒（{why}）" in told.err for line, _, why in REJECTED] == [True, True], told.err


def test_a_cut_gzip_ends_there(tmp_path: Path, huiying: Huiying) -> None:
    content = gzip.compress(b"".join(row(f"n{number}") + b"\n" for number in range(2_000)))
    (tmp_path / "posts.jsonl.gz").write_bytes(content[: len(content) // 2])
    told = huiying("read", tmp_path / "posts.jsonl.gz")
    assert told.code == 1
    assert told.lines[0]["id"] == "n0"
    assert "broken_file" in told.err


def test_standard_input(huiying: Huiying, tmp_path: Path) -> None:
    posts = row("good") + b"\n" + row("bad", title=None) + b"\n"
    told = huiying("read", "-", stdin=posts)
    assert (told.code, [one["id"] for one in told.lines]) == (1, ["good"])
    told = huiying("replay", "-", "--out", tmp_path / "out", stdin=posts)
    assert told.code == 1
    assert [one["id"] for one in lines(tmp_path / "out" / "mentions.jsonl")] == ["good"]


def test_another_system_s_columns(tmp_path: Path, huiying: Huiying) -> None:
    (tmp_path / "map.yaml").write_text(
        "columns: {id: 编号, title: 诉求标题, published_at: 登记时间}\nconstants: {kind: complaint}\n", encoding="utf-8"
    )
    (tmp_path / "posts.csv").write_text(
        f"编号,诉求标题,登记时间\nA1,城东路灯坏了半个月没人修,{TIME}\n", encoding="utf-8"
    )
    told = huiying("read", tmp_path / "posts.csv", "--map", tmp_path / "map.yaml")
    assert told.code == 0, told.err
    assert [(one["id"], one["published"]["earliest"]) for one in told.lines] == [("A1", "2030-01-01T08:00:00+08:00")]
