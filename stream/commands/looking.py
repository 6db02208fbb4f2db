"""Commands that look: check, status, rejected, sources."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stream.clock import wall_now
from stream.commands.options import DEFAULT_CONFIG, Config, opened
from stream.configuration import problems
from stream.core.cases import Alert, Incident
from stream.core.documents import Message, Post
from stream.core.intervals import SHANGHAI
from stream.core.records import Clock, Progress, Rejected
from stream.core.workdays import calendar_notice
from stream.errors import MessageRejected, SettingsError, UsageError
from stream.journey import STEPS, leg
from stream.ports import Backends, Filter
from stream.wire import addressed, received

console = Console()
rejected_app = typer.Typer(help="被拒的消息：列出、解释、重新处理", no_args_is_help=True)
sources_app = typer.Typer(help="信源", no_args_is_help=True)

STILL_S = 60.0
STATUS_WORDS = {
    "running": "流水线在运行",
    "clock": "流水线时钟",
    "watermark": "已处理到",
    "seconds_since_last_sign": "距上次动静（秒）",
    "posts": "信息",
    "incidents_open": "未结事件",
    "incidents": "全部事件",
    "alerts": "提醒",
    "rejected": "被拒",
    "published": "各发布端已发布",
}

Identity = Annotated[str, typer.Argument(metavar="编号", help="huiying rejected list 列出的编号")]


def register(app: typer.Typer) -> None:
    """Adds this family to the command line."""
    app.command("check")(check_command)
    app.command("status")(status_command)
    app.add_typer(rejected_app, name="rejected")
    app.add_typer(sources_app, name="sources")


def check_command(config: Config = DEFAULT_CONFIG) -> None:
    """检查全部配置：语法、字段、交叉引用；每个问题给出文件、位置与改法。"""
    found = problems(config)
    for problem in found:
        typer.echo(problem, err=True)
    if found:
        raise SettingsError(f"{config}：共 {len(found)} 个问题")
    if notice := calendar_notice(wall_now().date()):
        typer.echo(notice, err=True)
    console.print("配置无误")


def status_command(
    config: Config = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """运行状况：流水线的时钟与水位、事件、信息、提醒、被拒数。"""
    with opened(config) as backends:
        status = _status(backends)
    if as_json:
        sys.stdout.write(msgspec.json.encode(status).decode() + "\n")
        return
    table = Table("项目", "值")
    for name, value in status.items():
        table.add_row(f"{STATUS_WORDS[name]}（{name}）", _shown(value))
    console.print(table)


@rejected_app.command("list")
def rejected_list_command(
    config: Config = DEFAULT_CONFIG,
    limit: Annotated[int, typer.Option("--limit", help="最多几条")] = 50,
    step: Annotated[
        str | None, typer.Option("--step", help="只看这一步的，如 extract；行在读入时被拒为 intake")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="只看这种原因的，如 no_text")] = None,
) -> None:
    """最近被拒的消息：编号、步骤、原因、来处。"""
    table = Table("编号", "步骤", "原因", "文件", "行")
    with opened(config) as backends:
        fitting = (one for one in _newest(backends) if step in (None, one.step) and reason in (None, one.reason))
        for one in islice(fitting, limit):
            table.add_row(escape(one.id), one.step, one.reason, escape(one.file or ""), str(one.line or ""))
    console.print(table)


@rejected_app.command("explain")
def rejected_explain_command(identity: Identity, config: Config = DEFAULT_CONFIG) -> None:
    """一条被拒消息的全部：原因与内容。"""
    with opened(config) as backends:
        one = _rejected(backends, identity)
    console.print(
        f"步骤：{one.step}\n原因：{one.reason}\n来处：{one.file or '（总线）'} {one.line or ''}", markup=False
    )
    # No wrapping: what is shown can be copied whole.
    console.print(one.payload or "（没有保留内容）", markup=False, soft_wrap=True)


@rejected_app.command("requeue")
def rejected_requeue_command(identity: Identity, config: Config = DEFAULT_CONFIG) -> None:
    """把一条被拒消息放回它那一步的入口（例如修好配置之后）。重复放回不改变结果。"""
    with opened(config) as backends:
        one = _rejected(backends, identity)
        if one.step not in STEPS:
            raise UsageError(f"{identity}：是输入的一行（{one.reason}），从未上过总线；请改正原始数据后重新输入")
        try:
            backends.bus.publish(leg(one.step).reads[0], [addressed(_message(one))])
        except MessageRejected:
            raise UsageError(f"{identity}：超过总线所收的大小；请调大 max_page_bytes 后再试") from None
    console.print("已放回；流水线会重新处理", markup=False)


def _message(one: Rejected) -> Message:
    """What was rejected. Raises UsageError where it was never a message, or was cut when it was put aside."""
    try:
        return received((one.payload or "").encode())
    except MessageRejected:
        pass
    if one.reason == "undecodable":
        raise UsageError(f"{one.id}：不是本系统的消息，放回也读不懂；请改正发布它的程序，由它重新发布")
    raise UsageError(f"{one.id}：消息较长，只保留了开头，不能放回；请重新输入原始数据")


def _newest(backends: Backends) -> Iterator[Rejected]:
    cursor: str | None = None
    while True:
        page = backends.store.listing(Rejected, order="newest", limit=500, cursor=cursor)
        for stored in page.items:
            assert isinstance(stored.item, Rejected)
            yield stored.item
        cursor = page.cursor
        if cursor is None:
            return


@sources_app.command("test")
def sources_test_command(
    url: Annotated[str, typer.Argument(metavar="网址", help="订阅源或列表页的地址")],
) -> None:
    """试抓一个信源：类型、条目、编码、robots.txt、问题。"""
    from crawlers.testing import test_source

    for name, value in test_source(url):
        console.print(f"{name}：{value}", markup=False)


def _status(backends: Backends) -> dict[str, object]:
    store = backends.store
    found = store.get_many(Clock, ["pipeline"])
    clock = found["pipeline"].item if found else None
    still: float | None = None
    if isinstance(clock, Clock):
        still = round((wall_now() - clock.wall_at).total_seconds(), 1)
    return {
        "running": still is not None and still < STILL_S,
        "clock": clock.collected_at.astimezone(SHANGHAI).isoformat() if isinstance(clock, Clock) else None,
        "watermark": clock.watermark if isinstance(clock, Clock) else None,
        "seconds_since_last_sign": still,
        "posts": store.count(Post),
        "incidents_open": store.count(Incident, Filter(state="open")),
        "incidents": store.count(Incident),
        "alerts": store.count(Alert),
        "rejected": store.count(Rejected),
        "published": {
            one.item.id: one.item.done
            for one in store.listing(Progress, limit=1_000).items
            if isinstance(one.item, Progress) and ":" not in one.item.id
        },
    }


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "、".join(f"{name} {count}" for name, count in value.items()) or "无"
    if value is None:
        return "无"
    return {True: "是", False: "否"}[value] if isinstance(value, bool) else str(value)


def _rejected(backends: Backends, identity: str) -> Rejected:
    found = backends.store.get_many(Rejected, [identity])
    if identity not in found:
        raise UsageError(f"没有编号为 {identity} 的被拒消息；huiying rejected list 可列出")
    one = found[identity].item
    assert isinstance(one, Rejected)
    return one
