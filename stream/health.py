"""`/metrics` and `/health` of one command, on an address of its own.

Both speak of the whole command, its children included: what each process counts lies in one folder (stream/metrics.py).
`/health` answers 200 only while every part's loop has turned lately and the servers answered at the last try; else 503
and why. It says that something is wrong, not that a restart would help: while Kafka is away none does.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import msgspec
from msgspec import Struct

from stream.clock import wall_now
from stream.errors import OutsideFailed, SettingsError
from stream.metrics import FOLDER

VARIABLE = "HUIYING_METRICS"
LOOPBACK = "127.0.0.1"
STALE_S = 60.0
"""A loop that has not turned for so long stands still. Longer than any server's own time limit (30 s)."""
MEMORY = Path("/dev/shm")  # noqa: S108 (only its presence is asked for; the folder in it is made by tempfile)
REQUEST_S = 5.0
TURN, AWAY = "huiying_turn_timestamp_seconds", "huiying_away"
SERVERS = {"bus": "总线（Kafka）", "store": "库（Elasticsearch）", "outside": "总线或库"}

_App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Health(Struct, frozen=True, kw_only=True):
    """What /health says. `parts`: seconds since each loop turned (None: not yet); `away`: servers without an answer."""

    status: str
    at: datetime
    reasons: list[str]
    parts: dict[str, float | None]
    away: list[str]


def health(turned: Mapping[str, float], away: Mapping[str, float], parts: Iterable[str], now: datetime) -> Health:
    """The judgement. `turned`: part → seconds since the epoch; `away`: server → 1 while it does not answer."""
    reasons: list[str] = []
    ages: dict[str, float | None] = {}
    for part in sorted({*parts, *turned}):
        ages[part] = round(now.timestamp() - turned[part], 1) if part in turned else None
        age = ages[part]
        if age is None:
            reasons.append(f"{part} 尚未开始")
        elif age > STALE_S:
            reasons.append(f"{part} 已 {age:.0f} 秒没有动静；请查看日志")
    missing = sorted(server for server, is_away in away.items() if is_away)
    reasons += [f"{SERVERS.get(server, server)}没有应答，正在重试；原因见日志" for server in missing]
    return Health(status="failing" if reasons else "ok", at=now, reasons=reasons, parts=ages, away=missing)


@contextmanager
def serving(parts: Sequence[str]) -> Iterator[str | None]:
    """Serves at HUIYING_METRICS while the block runs; yields the address, or None where nothing is to be served: the
    variable is empty, or the process that started this one serves for it.

    `parts`: the loops that must turn, see `metrics.turned`. Raises SettingsError, or OutsideFailed where the address
    is taken.
    """
    stated = os.environ.get("HUIYING_METRICS", "")
    if not stated or FOLDER in os.environ:
        yield None
        return
    host, port = address(stated)
    # In memory where possible: the library maps its files, and a full disk under a mapped file kills the process.
    with tempfile.TemporaryDirectory(
        prefix="huiying-metrics-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None
    ) as at:
        os.environ[FOLDER] = at
        try:
            with _listening(host, port, _routes(Path(at), parts)) as bound:
                yield bound
        finally:
            del os.environ[FOLDER]


def address(stated: str) -> tuple[str, int]:
    """`host:port`, or a port alone: then loopback. Raises SettingsError."""
    found = re.fullmatch(r"(?:(?P<host>[\w.-]+):)?(?P<port>\d{1,5})", stated.strip())
    if found is None or int(found["port"]) > 65535:
        raise SettingsError(f"{VARIABLE}：{stated!r} 不是地址；请写 主机:端口，如 {LOOPBACK}:9108，或只写端口")
    return found["host"] or LOOPBACK, int(found["port"])


class _Server(ThreadingMixIn, WSGIServer):
    """A slow reader keeps nobody else waiting."""

    daemon_threads = True


class _Silent(WSGIRequestHandler):
    timeout = REQUEST_S

    def log_message(self, format: str, *args: Any) -> None:
        """A scrape every few seconds is nothing to tell."""


@contextmanager
def _listening(host: str, port: int, app: _App) -> Iterator[str]:
    try:
        server = make_server(host, port, app, _Server, _Silent)
    except OSError as error:
        raise OutsideFailed(
            f"{VARIABLE}：不能监听 {host}:{port}（{error.strerror}）；另一个进程占用了它？换一个端口，或不设这个变量"
        ) from None
    thread = threading.Thread(target=partial(server.serve_forever, 0.2), name="huiying-metrics", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _routes(folder: Path, parts: Sequence[str]) -> _App:
    """The two answers; anything else is 404."""

    def answer(request: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = request["PATH_INFO"]
        if path not in {"/metrics", "/health"}:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/metrics /health\n"]
        from prometheus_client import make_wsgi_app

        registry = _registry(folder)
        if path == "/metrics":
            app: _App = make_wsgi_app(registry)
            return app(request, start)
        counted = {metric.name: metric.samples for metric in registry.collect()}
        turned = {sample.labels["part"]: sample.value for sample in counted.get(TURN, ())}
        away = {sample.labels["server"]: sample.value for sample in counted.get(AWAY, ())}
        found = health(turned, away, parts, wall_now())
        start("200 OK" if found.status == "ok" else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [msgspec.json.encode(found) + b"\n"]

    return answer


def _registry(folder: Path) -> Any:
    """What all living processes of this command have counted, and the memory and processor time of this one."""
    from prometheus_client import CollectorRegistry, ProcessCollector, multiprocess

    for file in folder.glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not _is_alive(pid):
            multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    ProcessCollector(registry=registry)
    return registry


def _is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
