"""What an appeal asks for, on Kafka and Elasticsearch: chain, evidence, ledger and tables say what they say over one
file, and what is recorded on a running cluster is chained."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import msgspec
import pytest

from tests.cli.posts import ROWS as POSTS
from tests.cli.sides import DISTRIBUTED, EMBEDDED, PATIENCE_S, Huiying, Side, kept, on_servers, process, until
from tests.servers import distributed_settings, erase

pytestmark = pytest.mark.distributed

SIGNED = ("--who", "值班长", "--why", "核对原始材料")
DECIDED: list[dict[str, Any]] = [
    {"kind": "decision", "at": "2024-03-02T09:00:00", "who": "值班长", "what": "severity", "incident_of": "blast",
     "value": "I", "why": "伤亡人数核增"},
    {"kind": "decision", "at": "2024-03-02T10:00:00", "who": "应急管理局", "what": "objection",
     "incident_of": "blast",
     "value": {"body": "杭州市余杭区应急管理局", "text": "另有更早的通报", "attachment": None}, "why": "申诉"},
]  # fmt: skip
ROWS = [*POSTS[:2], *DECIDED, POSTS[2], {"id": "blank", "kind": "news", "published_at": "2024-03-03 17:00:00"}]


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory, written: Callable[..., Path]) -> Path:
    return written(tmp_path_factory.mktemp("posts") / "posts.jsonl", ROWS)


@pytest.fixture(scope="module")
def embedded(shared_huiying: Huiying, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Side:
    said = kept(shared_huiying, posts, tmp_path_factory.mktemp("embedded"), EMBEDDED)
    [data] = re.findall(rf"huiying dashboard --config {EMBEDDED} --data (\S+)", said)
    settings = msgspec.structs.replace(distributed_settings(Path(data), "unused", workers=1), data=Path(data))
    return Side(shared_huiying.over(Path(data)), EMBEDDED, settings)


@pytest.fixture(scope="module")
def cluster(shared_huiying: Huiying, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    folder = tmp_path_factory.mktemp("cluster")
    asked = distributed_settings(folder / "data", f"t{uuid.uuid4().hex[:12]}", workers=3)
    said = kept(on_servers(shared_huiying, asked), posts, folder / "out", DISTRIBUTED)
    [namespace] = re.findall(rf"HUIYING_NAMESPACE=(\S+) huiying dashboard --config {DISTRIBUTED}", said)
    settings = msgspec.structs.replace(asked, namespace=namespace)
    yield Side(on_servers(shared_huiying, settings), DISTRIBUTED, settings)
    erase(settings)


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "verify"),
        ("audit", "verify", "--json"),
        ("audit", "list", "--json"),
        ("ledger", "list", "--region", "370783", "--from", "2019-07-01", "--to", "2019-12-31", "--json"),
    ],
    ids=" ".join,
)
def test_a_command_says_the_same(words: tuple[str, ...], embedded: Side, cluster: Side) -> None:
    here, there = embedded(*words), cluster(*words)
    assert (there.code, there.out, there.err) == (here.code, here.out, here.err)
    assert here.code == 0
    assert len(here.out) > 20


@pytest.mark.parametrize("table", ["review", "supervision", "tasks", "messages"])
def test_a_table_says_the_same(table: str, embedded: Side, cluster: Side, tmp_path: Path) -> None:
    found = []
    for side in (embedded, cluster):
        told = side("report", "--table", table, "--out", tmp_path / "table.json", "--to", "2024-04-01")
        assert told.code == 0, told.err
        found.append((tmp_path / "table.json").read_bytes())
    assert found[0] == found[1]


def test_the_evidence_is_the_same_file(embedded: Side, cluster: Side, tmp_path: Path) -> None:
    found = []
    for side in (embedded, cluster):
        told = side("evidence", "blast", "--as-of", "2024-03-02T12:00", "--out", tmp_path / "proof.zip", *SIGNED)
        assert told.code == 0, told.err
        found.append((tmp_path / "proof.zip").read_bytes())
        verified = side("verify", tmp_path / "proof.zip")
        assert verified.code == 0, verified
    assert found[0] == found[1]


def test_what_is_recorded_on_a_running_cluster_is_chained(huiying: Huiying, tmp_path: Path) -> None:
    settings = distributed_settings(huiying.data, f"t{uuid.uuid4().hex[:12]}", workers=2)
    side = Side(on_servers(huiying, settings), DISTRIBUTED, settings)
    try:
        run = process(settings, "run", "--config", DISTRIBUTED)
        try:
            _records_and_waits(side, run)
        finally:
            run.terminate()
            _, said = run.communicate(timeout=PATIENCE_S)
        assert (run.returncode, "Traceback" in said) == (0, False), said
        [found] = side("audit", "verify", "--json").lines
        assert found["faults"] == []
    finally:
        erase(settings)


def _records_and_waits(side: Side, run: Any) -> None:
    opened = side(
        "ledger", "open", "CN-FOI-20WD", "--start", "2026-02-11", "--title", "道路预算", "--body", "云泽市财政局",
        *SIGNED,
    )  # fmt: skip
    assert opened.code == 0, opened.err

    def chained() -> bool:
        links = side("audit", "list", "--json")
        assert links.code == 0, links.err
        return [one["what"] for one in links.lines] == ["duty_open"]

    def wait() -> None:
        with suppress(TimeoutExpired):
            run.wait(0.3)
        assert run.poll() is None

    until(chained, wait)
