"""`huiying report`: the review and the tables that officials ask for, as files, as things stand or as they stood."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console

from stream.backends import open_backends
from stream.clock import wall_now
from stream.commands.options import DEFAULT_CONFIG, Config, settings_of
from stream.core.records import Clock
from stream.core.rules import region_prefix
from stream.errors import UsageError
from stream.ports import Store
from stream.reading.times import parse_published

if TYPE_CHECKING:
    from dashboard.exports.asked import Asked
    from dashboard.exports.tables import Frame

console = Console(stderr=True)
DATES = "日期或时刻，如 2026-02-11"
TABLES = ("review", "supervision", "tasks", "messages")
PERIODS = ("month", "quarter", "half", "year")


def register(app: typer.Typer) -> None:
    """Adds this command to the command line."""
    app.command("report")(report_command)


def report_command(  # noqa: PLR0913, PLR0917 (options of a command are no arguments of a call)
    out: Annotated[Path, typer.Option("--out", help="写到哪里：.xlsx、.docx 或 .json")],
    table: Annotated[
        str, typer.Option("--table", help="review 复盘 · supervision 督察表 · tasks 任务分工表 · messages 留言答复表")
    ] = "review",
    as_of: Annotated[str | None, typer.Option("--as-of", help=f"按当时所知：{DATES}")] = None,
    first: Annotated[str | None, typer.Option("--from", help=f"首现（留言：受理）不早于：{DATES}")] = None,
    last: Annotated[str | None, typer.Option("--to", help=f"首现（留言：受理）早于：{DATES}")] = None,
    body: Annotated[str | None, typer.Option("--body", help="督察对象：责任单位全称")] = None,
    region: Annotated[str | None, typer.Option("--region", help="行政区划代码（GB/T 2260），含其下级")] = None,
    by: Annotated[str, typer.Option("--by", help="复盘的时期：month · quarter · half · year")] = "month",
    rule: Annotated[
        str | None, typer.Option("--rule", help="留言按哪条规则判断是否在时限内，如 LOCAL-WF-12345-5WD")
    ] = None,
    work: Annotated[str | None, typer.Option("--work", help="督察表名为“…工作督察表”")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="数据目录（默认按配置）")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """复盘、督察表、任务分工表、留言答复表：写成 xlsx、docx 或 json；--as-of 按当时所知。"""
    from dashboard.exports.asked import TABLES as NAMES
    from dashboard.exports.asked import WRITERS, paper_of

    if out.suffix not in WRITERS:
        raise UsageError(f"--out {out}：扩展名应为 {'、'.join(WRITERS)}")
    settings = settings_of(config)
    if data is not None:
        settings = msgspec.structs.replace(settings, data=data)
    given: dict[str, Any] = {
        "table": _one_of("--table", table, TABLES), "by": _one_of("--by", by, PERIODS), "rule": rule,
        **({"work": work} if work else {}),
    }  # fmt: skip
    asked_at = _instant(as_of, "--as-of")
    with closing(open_backends(settings)) as backends:
        frame = _frame(backends.store, asked_at, (_instant(first, "--from"), _instant(last, "--to")), body, region)
        made = paper_of(_asked(given, frame), backends.store, settings)
    with out.open("wb") as file:
        WRITERS[out.suffix](made.paper, file)
    counted = {"messages": f"{made.of} 条留言", "tasks": f"{len(made.paper.tables[0].rows)} 行"}
    console.print(f"{NAMES[given['table']]}：{counted.get(table, f'{made.of} 个事件')} → {out}", markup=False)


def _asked(given: dict[str, Any], frame: Frame) -> Asked:
    from dashboard.exports.asked import Asked

    return Asked(frame=frame, **given)


def _frame(
    store: Store, as_of: datetime | None, span: tuple[datetime | None, datetime | None], body: str | None,
    region: str | None,
) -> Frame:  # fmt: skip
    from dashboard.exports.tables import Frame

    if region is not None and not (region.isascii() and region.isdecimal() and len(region) == 6):
        raise UsageError(f"--region {region}：不是 6 位行政区划代码；例如 370783")
    return Frame(
        now=as_of or newest(store), as_of=as_of, since=span[0], until=span[1], body=body,
        region=None if region is None else region_prefix(region),
    )  # fmt: skip


def newest(store: Store) -> datetime:
    """The instant that the store's statements hold for: the pipeline's clock; where none ran, the newest judgement."""
    from stream.core.cases import Judgement
    from stream.ports import Filter

    clock = store.get_many(Clock, ["pipeline"])
    if clock and isinstance(clock["pipeline"].item, Clock):
        return clock["pipeline"].item.collected_at
    page = store.listing(Judgement, Filter(), order="newest", limit=1).items
    return page[0].item.collected_at if page and isinstance(page[0].item, Judgement) else wall_now()


def _one_of(option: str, given: str, known: tuple[str, ...]) -> str:
    if given not in known:
        raise UsageError(f"{option} {given}：应为 {'、'.join(known)}")
    return given


def _instant(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    found = parse_published(text, "option")
    if found is None or found.earliest is None:
        raise UsageError(f"{option} {text}：不是日期或时刻；例如 2026-02-11 或 2026-02-11T09:30")
    return found.earliest
