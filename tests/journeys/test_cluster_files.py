"""`huiying replay` on Kafka and Elasticsearch: the files of one machine, byte for byte, and nothing left behind."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from stream.intake import Intake, load_pseudonyms, read_posts
from stream.replay import Request, replay
from stream.settings import Backend, Settings
from stream.spool import Spool
from tests.journeys.scenario import rows
from tests.servers import distributed_settings, environment, erase, left

pytestmark = pytest.mark.distributed

ROOT = Path(__file__).parents[2]
DISTRIBUTED = ROOT / "config" / "distributed.yaml"
FILES = ("mentions", "incidents", "verdict_changes", "alerts", "rejected")

Files = Mapping[str, bytes]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Settings]:
    """A namespace of this test's own; its replays, in namespaces of theirs, are removed with it."""
    chosen = distributed_settings(tmp_path / "data", f"t{uuid.uuid4().hex[:12]}", workers=3)
    yield chosen
    for folder in (chosen.data / "replays").glob("*"):
        erase(msgspec.structs.replace(chosen, namespace=f"{chosen.namespace}-{folder.name}"))
    erase(chosen)


def written(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(count)), encoding="utf-8")
    return path


def output(folder: Path) -> Files:
    return {name: (folder / f"{name}.jsonl").read_bytes() for name in FILES}


def replayed(posts: Path, settings: Settings, out: Path, batch: int = 200) -> Files:
    def build(path: Path) -> None:
        Spool.build(path, read_posts(posts, Intake(pseudonyms=load_pseudonyms(settings.data))))

    request = Request(files=[posts], out=out, assume_covered=True, batch=batch)
    replay(request, settings, build, lambda *_: None)
    return output(out)


def on_one_machine(posts: Path, folder: Path) -> Files:
    return replayed(posts, Settings(data=folder / "data", backend=Backend(), folder=ROOT / "config"), folder / "out")


def called(posts: Path, out: Path, *words: str) -> list[str]:
    command = [sys.executable, "-m", "stream", "replay", str(posts), "--out", str(out), "--assume-covered", *words]
    return [*command, "--config", str(DISTRIBUTED)]


@pytest.mark.parametrize(("batch", "count"), [(500, 400), (7, 160)])
def test_the_files_are_those_of_one_machine_whatever_the_batch(
    batch: int, count: int, cluster: Settings, tmp_path: Path
) -> None:
    posts = written(tmp_path / "posts.jsonl", count)
    files = replayed(posts, cluster, tmp_path / "out", batch)
    assert files == on_one_machine(posts, tmp_path / "embedded")
    assert files["incidents"].count(b"\n") >= 3
    assert b'"breached"' in files["verdict_changes"] or b'"met"' in files["verdict_changes"]
    assert left(cluster) == []


def killed(posts: Path, out: Path, settings: Settings, moments: list[float]) -> int:
    """Kills the replay's process group after each of `moments` seconds, then lets it finish; how often it was alive."""
    struck = 0
    for moment in moments:
        process = subprocess.Popen(
            called(posts, out), env=environment(settings), cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            struck += 1
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    done = subprocess.run(
        called(posts, out), env=environment(settings), cwd=ROOT, capture_output=True, text=True, check=False
    )
    # One row is rejected.
    assert done.returncode == 1, done.stderr
    return struck


@pytest.mark.parametrize(
    ("count", "seed"), [(500, 5), pytest.param(4_000, 6, marks=pytest.mark.long), (500, 7)], ids=["a", "crew", "b"]
)
def test_kills_at_random_moments_change_nothing(count: int, seed: int, cluster: Settings, tmp_path: Path) -> None:
    """Four thousand rows are enough for processes of the stateless steps, which die with their parent."""
    posts = written(tmp_path / "posts.jsonl", count)
    began = time.monotonic()
    killed(posts, tmp_path / "whole", cluster, [])
    whole = time.monotonic() - began
    random_ = random.Random(seed)
    moments = [random_.uniform(0.3, 0.9) * whole, random_.uniform(0.1, 0.9) * whole]
    assert killed(posts, tmp_path / "out", cluster, moments) >= 1
    assert output(tmp_path / "out") == on_one_machine(posts, tmp_path / "embedded")
    assert left(cluster) == []


def test_a_kept_replay_says_how_it_is_opened(cluster: Settings, tmp_path: Path) -> None:
    posts = written(tmp_path / "posts.jsonl", 60)
    done = subprocess.run(
        called(posts, tmp_path / "out", "--keep"), env=environment(cluster), cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    [named] = re.findall(rf"HUIYING_NAMESPACE=({cluster.namespace}-\w+) huiying dashboard --config (\S+)", done.stderr)
    namespace, config = named
    assert all(name.startswith(namespace) for name in left(cluster)) and left(cluster)
    told = subprocess.run(
        [sys.executable, "-m", "stream", "status", "--json", "--config", config],
        env={**environment(cluster), "HUIYING_NAMESPACE": namespace}, cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(told.stdout)["posts"] == len((tmp_path / "out" / "mentions.jsonl").read_bytes().splitlines())
