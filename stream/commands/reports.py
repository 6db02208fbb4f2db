"""`huiying report`: the review as a file, as it stands or as it stood."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from stream.assembly import load_rules
from stream.backends import open_backends
from stream.commands.options import DEFAULT_CONFIG, Config, settings_of
from stream.core.cases import Judgement
from stream.errors import UsageError
from stream.hindsight import judgements_at
from stream.outputs import items
from stream.reading.times import parse_published

console = Console(stderr=True)
DATES = "日期或时刻，如 2026-02-11"


def register(app: typer.Typer) -> None:
    """Adds this command to the command line."""
    app.command("report")(report_command)


def report_command(
    out: Annotated[Path, typer.Option("--out", help="写到哪里：.xlsx、.docx 或 .json")],
    as_of: Annotated[str | None, typer.Option("--as-of", help=f"按当时所知：{DATES}")] = None,
    first: Annotated[str | None, typer.Option("--from", help=f"首现不早于：{DATES}")] = None,
    last: Annotated[str | None, typer.Option("--to", help=f"首现早于：{DATES}")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="数据目录（默认按配置）")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """复盘表：每个机关按时、超时、无法判断各几件，以及逐项结论、理由与规则版本。"""
    from dashboard.exports import review

    writers = {".xlsx": review.write_xlsx, ".docx": review.write_docx, ".json": review.write_json}
    if out.suffix not in writers:
        raise UsageError(f"--out {out}：扩展名应为 {'、'.join(writers)}")
    settings = settings_of(config)
    if data is not None:
        settings = msgspec.structs.replace(settings, data=data)
    since, until, at = _instant(first, "--from"), _instant(last, "--to"), _instant(as_of, "--as-of")
    with closing(open_backends(settings)) as backends:
        found = items(backends.store, Judgement) if at is None else judgements_at(backends.store, settings, at)
        judged = [one for one in found if _is_between(one.opened_at, since, until)]
    judged.sort(key=lambda one: (one.opened_at, one.id))
    titles = {rule.id: rule.text for rule in load_rules(settings).rules}
    with out.open("wb") as file:
        writers[out.suffix](judged, titles, file)
    console.print(f"{len(judged)} 个事件 → {out}", markup=False)


def _is_between(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


def _instant(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    found = parse_published(text, "option")
    if found is None or found.earliest is None:
        raise UsageError(f"{option} {text}：不是日期或时刻；例如 2026-02-11 或 2026-02-11T09:30")
    return found.earliest
