"""Worker processes of the distributed profile, when they are through, and what they and the servers cost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from invented import write
from profiles import CONFIG

from stream.backends import erase_namespace, open_backends
from stream.core.codec import Travelling
from stream.core.documents import Mark
from stream.feed import Feed
from stream.intake import Intake, load_pseudonyms, read_posts
from stream.ports import Backends
from stream.settings import Settings
from stream.spool import Spool
from stream.wire import received

CHUNK = 1_000
PATIENCE_S = 300.0
GRACE_S = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Arrivals:
    """Reads what the last step says: alerts, and up to when each of its lanes is done."""

    def __init__(self, backends: Backends) -> None:
        self._reads = backends.bus.subscribe(["alerts"], "bench")
        self._lanes = backends.bus.partitions("alerts")
        self._marks: dict[int, datetime] = {}

    def read(self, timeout_s: float = 0.0) -> Iterator[Travelling]:
        """What came; marks are kept, not given."""
        for record in self._reads.poll(1_000, timeout_s):
            message = received(record.body)
            if isinstance(message, Mark):
                self._marks[record.partition] = message.collected_at
            else:
                yield message

    def wait(self, until: datetime) -> None:
        """Until every lane is done up to `until`."""
        deadline = time.monotonic() + PATIENCE_S
        while len(self._marks) < self._lanes or min(self._marks.values()) < until:
            for _ in self.read(0.05):
                pass
            if time.monotonic() > deadline:
                raise SystemExit(f"the workers did not reach {until} within {PATIENCE_S:.0f} s")


@contextmanager
def working(settings: Settings, workers: int) -> Iterator[list[int]]:
    """So many `huiying run`, each with all steps; their process ids; what they say goes to a file.
    Their namespace is removed afterwards."""
    environment = {
        **os.environ, "HUIYING_DATA": str(settings.data), "HUIYING_NAMESPACE": settings.namespace,
        "HUIYING_KAFKA": ",".join(settings.kafka.addresses), "HUIYING_ELASTIC": ",".join(settings.elastic.addresses),
    }  # fmt: skip
    command = [sys.executable, "-m", "stream", "run", "--config", str(CONFIG / "distributed.yaml"), "--assume-covered"]
    # What an interrupted run left behind.
    erase_namespace(settings)
    with ExitStack() as stack:
        stack.callback(erase_namespace, settings)
        log = stack.enter_context((settings.data / "workers.log").open("ab"))
        started = [subprocess.Popen(command, env=environment, stdout=log, stderr=log) for _ in range(workers)]
        stack.callback(_end, started)
        yield [one.pid for one in started]


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for one in processes:
        one.terminate()
    for one in processes:
        try:
            one.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            one.kill()


@contextmanager
def fed(settings: Settings, rows: Iterator[dict[str, Any]]) -> Iterator[Feed]:
    """A publisher of these rows."""
    folder = settings.data / settings.namespace
    folder.mkdir(parents=True, exist_ok=True)
    path = write(folder / "posts.jsonl", rows)
    Spool.build(folder / "spool.sqlite", read_posts(path, Intake(pseudonyms=load_pseudonyms(settings.data))))
    with closing(Spool(folder / "spool.sqlite")) as spool, closing(open_backends(settings)) as backends:
        yield Feed(spool, backends)


def cpu_s(pids: Mapping[str, list[int]]) -> dict[str, float]:
    """Seconds of CPU that each party has used so far, all threads; of living processes only."""
    return {who: sum(_cpu_of(pid) for pid in some) for who, some in pids.items()}


def _cpu_of(pid: int) -> float:
    # The command's name may hold spaces; what follows it does not.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def servers(settings: Settings) -> dict[str, list[int]]:
    """The processes of broker and node where they run on this machine; none where they do not."""
    node = urlsplit(settings.elastic.addresses[0])
    ports = {"broker": int(settings.kafka.addresses[0].rpartition(":")[2]), "node": node.port or 9200}
    return {who: _listening(port) for who, port in ports.items()}


def _listening(port: int) -> list[int]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _holds(folder, inodes)]


def _holds(folder: Path, inodes: set[str]) -> bool:
    try:
        return any(str(one.readlink()) in inodes for one in (folder / "fd").iterdir())
    except OSError:
        return False
