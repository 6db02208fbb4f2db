"""Each of our services as docker-compose.yml starts it, without Docker: its command, environment, configuration and
health check, on real servers; then SIGTERM.

Replaced are addresses (the test's servers, free ports), the three folders that are mounts, and the namespace.
"""

import ast
import http.server
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.operations.composed import ROOT, instruction, seconds, services
from tests.servers import distributed_settings, erase

pytestmark = pytest.mark.distributed

PATIENCE_S = 60.0
FEED = b"<?xml version='1.0'?><rss version='2.0'><channel><title>t</title></channel></rss>"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def web() -> Iterator[str]:
    """An empty feed and nothing else: the crawler has somewhere to look."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

        def do_GET(self) -> None:
            body = FEED if self.path == "/feed.xml" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/feed.xml"
    server.shutdown()
    server.server_close()


class Machine:
    """What a container would see: its folders and addresses, moved to where this test may write and listen."""

    def __init__(self, folder: Path, namespace: str, feed: str) -> None:
        self.namespace = namespace
        self.home = folder / "srv"
        self.moved = {
            "/var/lib/huiying": str(folder / "data"),
            "/secrets": str(folder / "secrets"),
            "kafka:9092": os.environ["HUIYING_TEST_KAFKA"],
            "http://elasticsearch:9200": os.environ["HUIYING_TEST_ELASTIC"],
            "0.0.0.0": "127.0.0.1",
        }
        for name in ("data", "secrets"):
            (folder / name).mkdir()
        self._run("keys", services()["keys"]["command"][0])
        shutil.copytree(ROOT / "config", self.home / "config")
        profile = self.home / "config" / "compose.yaml"
        profile.write_text(self.here(profile.read_text(encoding="utf-8")), encoding="utf-8")
        source = {"id": "empty", "kind": "feed", "name": "空", "found_in": "本测试", "urls": [feed]}
        text = yaml.safe_dump({"sources": [source]}, allow_unicode=True)
        (self.home / "config" / "sources.yaml").write_text(text, encoding="utf-8")

    def here(self, text: str, ports: dict[str, int] | None = None) -> str:
        for there, here in {**self.moved, **{old: str(new) for old, new in (ports or {}).items()}}.items():
            text = text.replace(there, here)
        return text

    def _run(self, name: str, script: str) -> None:
        subprocess.run(["sh", "-euc", self.here(script).replace("$$", "$")], check=True)

    def environment(self, name: str, ports: dict[str, int]) -> dict[str, str]:
        """The service's and the image's, and of this machine's what Python needs."""
        image = {"HUIYING_METRICS": "127.0.0.1:9108"}
        stated = {key: "" if str(value).startswith("${") else str(value)
                  for key, value in services()[name]["environment"].items()}  # fmt: skip
        ours = {key: self.here(value, ports) for key, value in (image | stated).items()}
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(ROOT),
                "HUIYING_NAMESPACE": self.namespace, **ours}  # fmt: skip


class Service:
    """One service, running."""

    def __init__(self, machine: Machine, name: str, log: Path) -> None:
        self._one, self._log = services()[name], log
        self.ports = {"9108": free_port(), "8501": free_port()}
        self._environment = machine.environment(name, self.ports)
        words = [machine.here(str(word)) for word in self._one["command"]]
        if name == "dashboard":
            words += ["--port", str(self.ports["8501"])]
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stream", *words],
                env=self._environment,
                cwd=machine.home,
                stdout=out,
                stderr=out,
            )

    def is_healthy(self) -> bool:
        """What the service's own health check says, or the image's."""
        test = self._one.get("healthcheck", {}).get("test") or [
            "CMD",
            *ast.literal_eval(instruction("HEALTHCHECK").partition("CMD ")[2]),
        ]
        command = [sys.executable if word == "python" else word for word in test[1:]]
        for old, new in self.ports.items():
            command = [word.replace(old, str(new)) for word in command]
        return subprocess.run(command, env=self._environment, capture_output=True, check=False).returncode == 0

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        ends = time.monotonic() + PATIENCE_S
        while not holds():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.said()}"
            assert time.monotonic() < ends, f"never {what}:\n{self.said()}"
            time.sleep(0.2)

    def stop(self) -> int:
        """As the engine stops it: SIGTERM, and no longer than its grace."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds(self._one["stop_grace_period"]))

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-3_000:]


@pytest.fixture
def start(tmp_path: Path, web: str) -> Iterator[Callable[[str], Service]]:
    namespace = f"t{uuid.uuid4().hex[:12]}"
    machine = Machine(tmp_path, namespace, web)
    started: list[Service] = []

    def one_more(name: str) -> Service:
        started.append(Service(machine, name, tmp_path / f"{name}-{len(started)}.log"))
        return started[-1]

    yield one_more
    for service in started:
        service.process.kill()
        service.process.wait()
    erase(distributed_settings(tmp_path / "data", namespace, 3))


def metrics(service: Service) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{service.ports['9108']}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


def test_the_dashboard_answers_and_leaves(start: Callable[[str], Service]) -> None:
    service = start("dashboard")
    service.wait(service.is_healthy, "healthy")
    assert service.stop() == 0, service.said()


def test_the_crawler_polls_and_leaves(start: Callable[[str], Service]) -> None:
    service = start("crawler")
    service.wait(service.is_healthy, "healthy")
    service.wait(lambda: 'huiying_polls_total{fate="complete",source="empty"} 1.0' in metrics(service), "polled")
    assert service.stop() == 0, service.said()


def test_workers_share_the_work_and_leave(start: Callable[[str], Service]) -> None:
    """Two of them, as with --scale worker=2, on empty servers: both are healthy, the one that leads does its upkeep,
    and nobody has anything to complain of."""
    workers = [start("worker"), start("worker")]
    for one in workers:
        one.wait(one.is_healthy, "healthy")
    workers[0].wait(lambda: any("huiying_incidents_open 0.0" in metrics(one) for one in workers), "took stock")
    assert [one.stop() for one in workers] == [0, 0], "".join(one.said() for one in workers)
    assert [line for one in workers for line in one.said().splitlines() if '"level": "error"' in line] == []
