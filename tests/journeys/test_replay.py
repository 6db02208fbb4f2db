"""The whole journey over invented posts: the same bytes whatever the batch, and after any number of kills."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stream.intake import Intake, load_pseudonyms, read_posts
from stream.replay import Request, replay
from stream.settings import Settings
from stream.spool import Spool
from tests.journeys.scenario import rows

FILES = ("mentions", "incidents", "verdict_changes", "alerts", "rejected")


def written(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(count)), encoding="utf-8")
    return path


def run(posts: Path, folder: Path, batch: int) -> dict[str, bytes]:
    settings = Settings(data=folder / "data")
    request = Request(files=[posts], out=folder / "out", assume_covered=True, batch=batch)

    def build(path: Path) -> None:
        Spool.build(path, read_posts(posts, Intake(pseudonyms=load_pseudonyms(settings.data))))

    replay(request, settings, build, lambda *_: None)
    return output(folder / "out")


def output(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.jsonl").read_bytes() for name in FILES}


def test_batches_and_runs_give_the_same_bytes(tmp_path: Path) -> None:
    posts = written(tmp_path / "posts.jsonl", 400)
    whole = run(posts, tmp_path / "whole", 500)
    assert run(posts, tmp_path / "again", 500) == whole
    assert run(posts, tmp_path / "single", 1) == whole
    assert run(posts, tmp_path / "odd", 7) == whole
    assert whole["incidents"].count(b"\n") >= 5
    assert b'"breached"' in whole["verdict_changes"] or b'"met"' in whole["verdict_changes"]
    assert whole["rejected"].count(b"\n") == 1


def command(posts: Path, folder: Path) -> list[str]:
    return [sys.executable, "-m", "stream", "replay", str(posts), "--out", str(folder / "out"), "--assume-covered"]


def killed(posts: Path, folder: Path, moments: list[float]) -> int:
    """Kills the replay's process group after each of `moments` seconds, then lets it finish; how often it was alive."""
    environment = {**os.environ, "HUIYING_DATA": str(folder / "data")}
    struck = 0
    for moment in moments:
        process = subprocess.Popen(
            command(posts, folder), env=environment, start_new_session=True, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            struck += 1
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    done = subprocess.run(command(posts, folder), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    return struck


def seconds_of(posts: Path, folder: Path) -> float:
    began = time.monotonic()
    killed(posts, folder, [])
    return time.monotonic() - began


def moments(count: int, whole: float, seed: int) -> list[float]:
    """At start-up, while publishing, while judging, while writing files."""
    random_ = random.Random(seed)
    return [random_.uniform(0.5, whole) for _ in range(count)]


def test_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    posts = written(tmp_path / "posts.jsonl", 4_000)
    whole = seconds_of(posts, tmp_path / "whole")
    assert killed(posts, tmp_path / "killed", moments(4, whole, seed=11)) >= 1
    assert output(tmp_path / "killed" / "out") == output(tmp_path / "whole" / "out")


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_many_kills_change_nothing(tmp_path: Path, seed: int) -> None:
    posts = written(tmp_path / "posts.jsonl", 6_000)
    whole = seconds_of(posts, tmp_path / "whole")
    assert killed(posts, tmp_path / "killed", moments(8, whole, seed)) >= 1
    assert output(tmp_path / "killed" / "out") == output(tmp_path / "whole" / "out")
