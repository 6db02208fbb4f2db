"""/metrics and /health as a scraper sees them: of a command with two processes, by HTTP."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stream.metrics import FOLDER, METRICS

COUNTING = Path(__file__).with_name("counting.py")


def environment(metrics: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if name != FOLDER}
    return {**clean, "HUIYING_METRICS": metrics, "PYTHONPATH": str(COUNTING.parents[2])}


class Command:
    """The process of counting.py."""

    def __init__(self, *parts: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(COUNTING), *parts], env=environment("0"), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.address = self._line()

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self._line() == "done"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def metrics(self) -> dict[str, float]:
        """Sample with labels → value."""
        text = urllib.request.urlopen(f"{self.address}/metrics", timeout=5).read().decode()
        return {name: float(value) for name, value in re.findall(r"^(huiying_\S+) (\S+)$", text, flags=re.M)}

    def health(self) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


@pytest.fixture
def command() -> Iterator[Command]:
    started = Command("extract", "judge")
    yield started
    assert started.process.stdin is not None
    started.process.stdin.close()
    started.process.wait(10)
    assert started.process.stdout is not None
    started.process.stdout.close()


def until(command: Command, sample: str) -> None:
    """A process of its own takes a moment to start."""
    ends = time.monotonic() + 30
    while sample not in command.metrics():
        assert time.monotonic() < ends, f"{sample} never came"
        time.sleep(0.05)


def test_one_address_tells_of_all_processes(command: Command) -> None:
    command.tell("count extract")
    command.tell("child extract")
    until(command, 'huiying_turn_timestamp_seconds{part="extract"}')
    found = command.metrics()
    assert found['huiying_messages_total{step="extract"}'] == 5
    assert found['huiying_lag_messages{step="extract"}'] == 7
    assert {name.partition("{")[0].removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
            for name in found} <= set(METRICS)  # fmt: skip


def test_the_dead_count_on_and_stand_no_more(command: Command) -> None:
    """What a killed process had worked off stays; that it lived some time ago is no sign of life."""
    command.tell("child extract")
    until(command, 'huiying_turn_timestamp_seconds{part="extract"}')
    command.tell("kill")
    found = command.metrics()
    assert found['huiying_messages_total{step="extract"}'] == 3
    assert 'huiying_turn_timestamp_seconds{part="extract"}' not in found
    assert command.health()[1]["parts"]["extract"] is None


def test_health_turns_with_the_truth(command: Command) -> None:
    assert command.health()[0] == 503
    command.tell("turned judge")
    code, said = command.health()
    assert (code, said["reasons"]) == (503, ["extract 尚未开始"])
    command.tell("turned extract")
    assert command.health()[0] == 200
    command.tell("away bus")
    code, said = command.health()
    assert (code, said["away"]) == (503, ["bus"])
    command.tell("back bus")
    assert command.health()[0] == 200
    assert command.metrics()['huiying_outages_total{server="bus"}'] == 1


def test_an_outage_counts_once_however_often_it_is_tried(command: Command) -> None:
    for _ in range(3):
        command.tell("away store")
    command.tell("back store")
    command.tell("away store")
    found = command.metrics()
    assert found['huiying_outages_total{server="store"}'] == 2
    assert found['huiying_away{server="store"}'] == 1


def test_nothing_else_is_answered(command: Command) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{command.address}/metrics/../etc", timeout=5)
    with refused.value as error:
        assert error.code == 404


def test_only_loopback_where_a_port_alone_is_named(command: Command) -> None:
    assert command.address.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(("stated", "code"), [("nonsense", 2), ("127.0.0.1:99999", 2), ("taken", 3)])
def test_an_address_that_cannot_be_is_one_line(stated: str, code: int, command: Command, tmp_path: Path) -> None:
    port = command.address.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "stream", "run", "extract", "--config", "config/embedded.yaml"],
        env={**environment(port if stated == "taken" else stated), "HUIYING_DATA": str(tmp_path)},
        cwd=COUNTING.parents[2], capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n"), "HUIYING_METRICS" in done.stderr) == (code, 1, True)
