"""Commands that stay: watch, demo, and the parts crawl, run, dashboard."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from stream.backends import erase_namespace
from stream.clock import PipelineClock
from stream.commands.options import DEFAULT_CONFIG, Config, settings_of
from stream.core.deciding import LARGEST_ATTACHMENT
from stream.errors import OutsideFailed, UsageError
from stream.health import serving
from stream.intake import Intake, load_pseudonyms, read_posts
from stream.journey import STEPS
from stream.pipeline import Options
from stream.service import Service
from stream.settings import Settings
from stream.spool import Spool

console = Console(stderr=True)

DEMO_CONFIG = Path("config/demo/embedded.yaml")
DEMO_SCENARIO = Path("config/demo/scenario.jsonl")
GRACE_S = 10.0

Port = Annotated[int, typer.Option("--port", help="看板端口（只监听本机）")]
Address = Annotated[str, typer.Option("--address", help="看板监听的地址；看板没有登录，除容器内以外请只监听本机")]
LOOPBACK = "127.0.0.1"


def register(app: typer.Typer) -> None:
    """Adds this family to the command line."""
    app.command("watch")(watch_command)
    app.command("demo")(demo_command)
    app.command("crawl")(crawl_command)
    app.command("run")(run_command)
    app.command("dashboard")(dashboard_command)


def watch_command(
    config: Config = DEFAULT_CONFIG,
    port: Port = 8501,
    for_s: Annotated[float | None, typer.Option("--for", help="运行多少秒后停止（默认一直运行）")] = None,
    page: Annotated[bool, typer.Option("--dashboard/--no-dashboard", help="是否同时打开看板")] = True,
) -> None:
    """实时值守：抓取 config/sources.yaml 的信源，运行流水线，打开看板。按 Ctrl+C 停止。"""
    settings = settings_of(config)
    parts = [_part("crawl", "--config", str(config))]
    if page:
        parts.append(_streamlit(config, settings, port))
    # First of all: what is started later counts into the folder that is made here.
    with serving((*STEPS, "crawl")), _started(parts) as processes, _stopping(for_s) as stop:
        console.print(f"看板：http://127.0.0.1:{port}" if page else "流水线运行中", markup=False)
        Service(settings=settings, steps=STEPS, clock=PipelineClock(), stopping=_until(stop, processes)).run()
        _check_standing(stop, processes)


def demo_command(
    speed: Annotated[float, typer.Option("--speed", help="时间压缩倍数：600 即 5 小时用 30 秒")] = 600.0,
    port: Port = 8501,
    config: Annotated[Path, typer.Option("--config", "-c", help="演示配置")] = DEMO_CONFIG,
    for_s: Annotated[float | None, typer.Option("--for", help="运行多少秒后停止（默认一直运行）")] = None,
    page: Annotated[bool, typer.Option("--dashboard/--no-dashboard", help="是否同时打开看板")] = True,
) -> None:
    """演示：把三天的虚构事件压缩重放，看板倒计时 5 小时与 24 小时，然后给出按时、超时或无法判断及证据。"""
    settings = settings_of(config)
    settings = msgspec.structs.replace(settings, data=settings.data / "demo", namespace=f"{settings.namespace}-demo")
    shutil.rmtree(settings.data, ignore_errors=True)
    settings.data.mkdir(parents=True)
    erase_namespace(settings)
    spool = _scenario(settings)
    ends = spool.ends()
    if ends is None:
        raise UsageError(f"{DEMO_SCENARIO}：没有可用的行")
    parts = [_streamlit(config, settings, port)] if page else []
    with _started(parts) as processes, _stopping(for_s) as stop:
        console.print(f"演示从 {ends[0]:%Y-%m-%d %H:%M} 开始，{speed:g} 倍速。按 Ctrl+C 停止。", markup=False)
        if page:
            console.print(f"看板：http://127.0.0.1:{port}", markup=False)
        clock = PipelineClock(ends[0], speed)
        Service(settings=settings, steps=STEPS, clock=clock, stopping=_until(stop, processes), spool=spool).run()
        _check_standing(stop, processes)


def crawl_command(
    config: Config = DEFAULT_CONFIG,
    once: Annotated[bool, typer.Option("--once", help="每个信源只抓一轮")] = False,
    name: Annotated[
        str | None, typer.Option("--name", envvar="HUIYING_CRAWLER", help="同时运行多个抓取进程时，各自的固定名字")
    ] = None,
) -> None:
    """只抓取：按 robots.txt 与限速访问信源，把网页送上总线。"""
    from crawlers import crawl
    from crawlers.sources import load_sources

    settings = settings_of(config)
    with _stopping(None) as stop, serving(("crawl",)):
        crawl(settings, load_sources(settings.file("sources")), once=once, stop=stop, name=name)


def run_command(
    steps: Annotated[
        list[str] | None, typer.Argument(metavar="[步骤…]", help=f"哪些步骤（默认全部）：{'、'.join(STEPS)}")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    assume_covered: Annotated[bool, typer.Option("--assume-covered", help="沉默即证据（见 replay）")] = False,
) -> None:
    """只处理：运行流水线的全部或部分步骤。集群配置下可启动任意多个，分区在它们之间分摊。"""
    chosen = tuple(step for step in STEPS if not steps or step in steps)
    if unknown := [step for step in steps or [] if step not in STEPS]:
        raise UsageError(f"没有步骤 {'、'.join(unknown)}；可用：{'、'.join(STEPS)}")
    settings = settings_of(config)
    service = Service(
        settings=settings, steps=chosen, clock=PipelineClock(), stopping=lambda _: False,
        options=Options(assume_covered=assume_covered),
        # On a cluster one process is one worker: who wants more starts more.
        has_crew=settings.backend.bus == "sqlite",
    )  # fmt: skip
    with _stopping(None) as stop, serving(chosen):
        msgspec.structs.replace(service, stopping=stop.wait).run()


def dashboard_command(
    config: Config = DEFAULT_CONFIG,
    port: Port = 8501,
    data: Annotated[Path | None, typer.Option("--data", help="数据目录（默认按配置）")] = None,
    address: Address = LOOPBACK,
) -> None:
    """只看：打开看板（默认只监听本机）。"""
    settings = settings_of(config)
    if data is not None:
        settings = msgspec.structs.replace(settings, data=data)
    with _started([_streamlit(config, settings, port, address)]) as processes, _stopping(None) as stop:
        console.print(f"看板：http://{address}:{port}", markup=False)
        while not stop.wait(0.5) and processes[0].poll() is None:
            pass
        _check_standing(stop, processes)


def _scenario(settings: Settings) -> Spool:
    path = settings.data / "scenario.sqlite"
    intake = Intake(pseudonyms=load_pseudonyms(settings.data), max_page_bytes=settings.max_page_bytes)
    Spool.build(path, read_posts(DEMO_SCENARIO, intake))
    return Spool(path)


def _part(*words: str) -> list[str]:
    return [sys.executable, "-m", "stream", *words]


def _streamlit(config: Path, settings: Settings, port: int, address: str = LOOPBACK) -> list[str]:
    import dashboard

    app = Path(str(dashboard.__file__)).with_name("app.py")
    os.environ["HUIYING_CONFIG"] = str(config.resolve())
    os.environ["HUIYING_DATA"] = str(settings.data.resolve())
    os.environ["HUIYING_NAMESPACE"] = settings.namespace
    return [
        sys.executable, "-m", "streamlit", "run", str(app), f"--server.address={address}", f"--server.port={port}",
        "--server.headless=true", "--browser.gatherUsageStats=false", "--server.fileWatcherType=none",
        f"--server.maxUploadSize={LARGEST_ATTACHMENT >> 20}",
    ]  # fmt: skip


@contextmanager
def _started(commands: list[list[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The other parts, as processes; ended together with us."""
    processes = [subprocess.Popen(command) for command in commands]  # noqa: S603
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _until(stop: threading.Event, processes: list[subprocess.Popen[bytes]]) -> Callable[[float], bool]:
    """Whether we were stopped, or a part has ended by itself: watching on without a crawler would look like silence."""
    return lambda wait_s: stop.wait(wait_s) or any(process.poll() is not None for process in processes)


def _check_standing(stop: threading.Event, processes: list[subprocess.Popen[bytes]]) -> None:
    """Raises OutsideFailed where a part ended before we were stopped; what it said of itself stands above."""
    fallen = [process for process in processes if process.poll() is not None]
    if fallen and not stop.is_set():
        name = "看板" if "'streamlit'" in str(fallen[0].args) else "抓取"
        raise OutsideFailed(f"{name}进程意外结束（退出码 {fallen[0].returncode}），因此全部停止；原因见上文")


@contextmanager
def _stopping(for_s: float | None) -> Iterator[threading.Event]:
    """An event set by SIGTERM, Ctrl+C or after `for_s` seconds: the parts finish their batch and leave."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    timer = threading.Timer(for_s, stop.set) if for_s is not None else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        yield stop
    finally:
        if timer is not None:
            timer.cancel()
