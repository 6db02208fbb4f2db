"""What stands in a data folder, read and written by commands: state, rejects, decisions, the review."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook

from stream.backends import open_backends
from stream.core.cases import Incident
from stream.core.codec import decode, encode
from stream.core.documents import Decision, Page, Row
from stream.core.intervals import SHANGHAI
from stream.core.records import Clock, Rejected
from stream.ports import Backends, Save
from stream.settings import Settings
from tests.cli.posts import ROWS

ROOT = Path(__file__).parents[2]
AT = datetime(2030, 1, 1, 8, tzinfo=SHANGHAI)
Huiying = Any
Written = Callable[[Path, list[dict[str, Any]]], Path]


@contextmanager
def opened(data: Path) -> Iterator[Backends]:
    with closing(open_backends(Settings(data=data))) as backends:
        yield backends


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, written: Written, shared_huiying: Huiying) -> Path:
    """The data folder of a replay that was kept."""
    folder = tmp_path_factory.mktemp("kept")
    posts = written(folder / "posts.jsonl", ROWS)
    told = shared_huiying("replay", posts, "--out", folder / "out", "--assume-covered", "--keep")
    assert told.code == 0, told.err
    data: Path
    [data] = (shared_huiying.data / "replays").iterdir()
    return data


# --- status -----------------------------------------------------------------------------------------------------------

STATUS = [
    "running", "clock", "watermark", "seconds_since_last_sign", "posts", "incidents_open", "incidents", "alerts",
    "rejected", "published",
]  # fmt: skip


def test_status_of_nothing(huiying: Huiying) -> None:
    told = huiying("status", "--json")
    [status] = told.lines
    assert (told.code, list(status)) == (0, STATUS)
    assert (status["running"], status["clock"], status["posts"], status["incidents"]) == (False, None, 0, 0)


def test_status_for_people(huiying: Huiying) -> None:
    told = huiying("status")
    assert told.code == 0
    rows = {name: line for line in told.out.splitlines() for name in STATUS if f"（{name}）" in line}
    assert list(rows) == STATUS
    assert "否" in rows["running"]


# --- rejected ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def rejected(tmp_path: Path, huiying: Huiying) -> Page:
    """A page that a step could not use."""
    assert huiying("status").code == 0
    page = Page(id="p-1", collected_at=AT, source="s", row=Row(title="[b]城东路灯坏了[/b]"))
    reject = Rejected(
        id="r-1", collected_at=AT, step="extract", reason="no_text", file="a.jsonl", line=3, of="p-1",
        payload=encode(page).decode(),
    )  # fmt: skip
    cut = Rejected(id="r-2", collected_at=AT, step="classify", reason="failed:ValueError", payload='{"type": "arti')
    with opened(tmp_path / "data") as backends:
        backends.store.save_many([Save(item=reject), Save(item=cut)])
    return page


def test_rejects_are_listed(rejected: Page, huiying: Huiying) -> None:
    told = huiying("rejected", "list")
    assert told.code == 0
    [line] = [line for line in told.out.splitlines() if "r-1" in line]
    assert [word in line for word in ("extract", "no_text", "a.jsonl", "3")] == [True] * 4
    few = huiying("rejected", "list", "--limit", "1").out
    assert ("r-1" in few) != ("r-2" in few)


def test_a_reject_is_explained_whole(rejected: Page, huiying: Huiying) -> None:
    told = huiying("rejected", "explain", "r-1")
    assert told.code == 0
    assert "原因：no_text" in told.out
    assert "[b]城东路灯坏了[/b]" in told.out


def test_a_reject_goes_back_to_where_it_was(rejected: Page, huiying: Huiying, tmp_path: Path) -> None:
    assert huiying("rejected", "requeue", "r-1").code == 0
    with opened(tmp_path / "data") as backends:
        records = backends.bus.subscribe(["pages"], "test").poll(10, 0.0)
    assert [decode(record.body) for record in records] == [rejected]


def test_what_was_not_kept_whole_cannot_go_back(rejected: Page, huiying: Huiying) -> None:
    told = huiying("rejected", "requeue", "r-2")
    assert told.code == 2
    assert "r-2" in told.err


# --- decide -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path, written: Written) -> Path:
    """A live service whose only source is a partner's folder."""
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("demo", "mappings"))
    (tmp_path / "inbox").mkdir()
    written(tmp_path / "inbox" / "posts.jsonl", ROWS)
    source = {"id": "inbox", "kind": "file", "name": "投放", "path": str(tmp_path / "inbox"), "found_in": "本测试"}
    (tmp_path / "config" / "sources.yaml").write_text(json.dumps({"sources": [source]}), encoding="utf-8")
    return tmp_path / "config" / "embedded.yaml"


def watched_until(is_done: Callable[[Backends], bool], data: Path, config: Path) -> bool:
    """Runs the live service until what is wanted has happened, then ends it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stream", "watch", "--no-dashboard", "--for", "60", "--config", str(config)],
        cwd=ROOT, env={**os.environ, "HUIYING_DATA": str(data)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    found = False
    try:
        while not found and process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
            with opened(data) as backends:
                found = is_done(backends)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    return found


def watermark(backends: Backends) -> datetime | None:
    found = backends.store.get_many(Clock, ["pipeline"])
    return found["pipeline"].item.watermark if found else None  # type: ignore[union-attr]


def states(backends: Backends) -> list[str]:
    found = [one.item for one in backends.store.listing(Incident).items]
    return [one.state for one in found if isinstance(one, Incident) and "爆炸" in one.title]


def test_a_decision_is_applied_by_the_next_run(huiying: Huiying, config: Path) -> None:
    assert watched_until(lambda backends: states(backends) == ["open"], huiying.data, config)
    told = huiying("decide", "blast", "dismiss", "--who", "值班长 张某", "--why", "演练", config=config)
    assert told.code == 0, told.err
    with opened(huiying.data) as backends:
        [kept] = [one.item for one in backends.store.listing(Decision).items]
        assert states(backends) == ["open"]
    assert isinstance(kept, Decision)
    assert (kept.what, kept.who, kept.incident_of, kept.why) == ("dismiss", "值班长 张某", "blast", "演练")
    assert watched_until(
        lambda backends: states(backends) == ["dismissed"] and watermark(backends) is not None, huiying.data, config
    )
    [status] = huiying("status", "--json").lines
    assert (status["posts"], status["incidents_open"], status["running"]) == (3, 0, True)
    assert status["clock"].endswith("+08:00") and status["watermark"].endswith("+08:00")


@pytest.mark.parametrize(
    ("what", "value", "kept"),
    [
        ("severity", '"II"', "II"),
        ("severity", "II", "II"),
        ("exempt", '{"rule": "CN-5H-AUTH", "ground": "EX-SECRET"}', {"rule": "CN-5H-AUTH", "ground": "EX-SECRET"}),
    ],
)
def test_a_decision_s_value_is_json_or_a_word(what: str, value: str, kept: Any, huiying: Huiying) -> None:
    told = huiying("decide", "blast", what, "--who", "值班长", "--why", "核实", "--value", value)
    assert told.code == 0, told.err
    with opened(huiying.data) as backends:
        [decision] = [one.item for one in backends.store.listing(Decision).items]
    assert isinstance(decision, Decision)
    assert decision.value == kept


# --- report -----------------------------------------------------------------------------------------------------------


def review(huiying: Huiying, data: Path, out: Path, *words: str) -> dict[str, Any]:
    told = huiying("report", "--data", data, "--out", out, *words)
    assert told.code == 0, told.err
    return dict(json.loads(out.read_bytes()))


def strict(tables: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in tables["obligations"] if row["规则"] == "CN-5H-AUTH" and row["时钟"].startswith("从严")]


def test_the_review_in_three_formats_says_the_same(kept: Path, huiying: Huiying, tmp_path: Path) -> None:
    tables = review(huiying, kept, tmp_path / "review.json")
    assert list(tables)[:3] == ["bodies", "rules", "obligations"]
    rows = [[str(cell) for cell in row.values()] for row in tables["obligations"]]
    assert rows
    for name in ("review.xlsx", "review.docx"):
        assert huiying("report", "--data", kept, "--out", tmp_path / name).code == 0
    book = load_workbook(BytesIO((tmp_path / "review.xlsx").read_bytes()))
    sheet = [["" if cell is None else str(cell) for cell in row] for row in book["按事件"].iter_rows(values_only=True)]
    assert sheet[-len(rows) :] == rows
    tables_printed = [
        [[cell.text for cell in row.cells] for row in table.rows]
        for table in Document(str(tmp_path / "review.docx")).tables
    ]
    assert any(table[-len(rows) :] == rows for table in tables_printed)


def test_the_review_as_it_stood(kept: Path, huiying: Huiying, tmp_path: Path) -> None:
    """Before the deadline the verdict was open; before the first post there was nothing."""
    out = tmp_path / "review.json"
    now = strict(review(huiying, kept, out))
    then = strict(review(huiying, kept, out, "--as-of", "2024-03-01T10:00"))
    assert ([row["结论"] for row in now], [row["结论"] for row in then]) == (["超时"], ["计时中"])
    assert review(huiying, kept, out, "--as-of", "2024-02-29")["obligations"] == []


@pytest.mark.parametrize(
    ("words", "is_in"),
    [
        (("--from", "2024-03-01", "--to", "2024-03-02"), True),
        (("--from", "2024-03-02"), False),
        (("--to", "2024-03-01"), False),
    ],
)
def test_the_review_of_some_days(
    words: tuple[str, ...], is_in: bool, kept: Path, huiying: Huiying, tmp_path: Path
) -> None:
    assert bool(strict(review(huiying, kept, tmp_path / "review.json", *words))) == is_in
