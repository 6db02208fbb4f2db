"""The whole journey over invented posts: the same bytes whatever the batch, and after any number of kills."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from stream.intake import Intake, load_pseudonyms, read_posts
from stream.replay import Request, replay
from stream.settings import Settings
from stream.spool import Spool

ZONE = timezone(timedelta(hours=8))
START = datetime(2030, 3, 1, 8, tzinfo=ZONE)
FILES = ("mentions", "incidents", "verdict_changes", "alerts", "rejected")
PLACES = ("浙江省杭州市余杭区", "江苏省徐州市沛县", "四川省绵阳市三台县", "湖北省黄冈市麻城市", "甘肃省陇南市成县")


def rows(count: int, seed: int = 3) -> Iterator[dict[str, Any]]:
    """Chatter, accidents with growing figures, statements and a conference, coverage with a gap."""
    random_ = random.Random(seed)
    for number in range(count):
        at = START + timedelta(minutes=number * 1.5)
        place = PLACES[number // 40 % len(PLACES)]
        shape = number % 40
        title = f"周末去看{random_.choice('甲乙丙丁')}队的比赛{number}"
        if shape == 0:
            title = f"{place}一化工厂发生爆炸 已致12人死亡"
        elif shape in {3, 7, 9}:
            title = f"{place}化工厂爆炸现场浓烟滚滚 居民{number}号拍下视频"
        elif shape == 12:
            title = f"{place}化工厂爆炸已致{12 + number % 5}人死亡 救援仍在进行"
        elif shape == 30:
            title = f"{place}应急管理局通报：化工厂爆炸致14人死亡，原因正在调查"
        elif shape == 35:
            yield {"kind": "coverage", "source": f"channel-{number % 3}", "from": (at - timedelta(hours=1)).isoformat(),
                   "to": at.isoformat(), "reachable": number % 2 == 0, "reason": "timeout"}  # fmt: skip
            continue
        yield {"id": f"r{number:05d}", "kind": "news", "title": title, "text": title + "。" * (number % 3),
               "published_at": at.isoformat(), "author": f"作者{number % 50}"}  # fmt: skip
    yield {"id": "empty", "kind": "news", "published_at": START.isoformat()}


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
