"""`huiying rules`: the rules, and their computation step by step."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stream.assembly import load_rules
from stream.commands.options import DEFAULT_CONFIG, Config, settings_of
from stream.core.calendars import Explanation, explain
from stream.core.intervals import SHANGHAI
from stream.core.rules import rule_named
from stream.errors import UsageError
from stream.outputs import line
from stream.reading.times import parse_published

console = Console()
rules_app = typer.Typer(help="时限规则：列出，或逐步说明如何计算", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds this family to the command line."""
    app.add_typer(rules_app, name="rules")


@rules_app.command("list")
def list_command(config: Config = DEFAULT_CONFIG) -> None:
    """列出全部规则：编号、义务、性质、依据。"""
    table = Table("编号", "义务", "性质", "依据")
    for rule in load_rules(settings_of(config)).rules:
        table.add_row(rule.id, rule.text, rule.modality, rule.source.document)
    console.print(table)


@rules_app.command("explain")
def explain_command(
    name: Annotated[str, typer.Argument(metavar="规则", help="规则编号，如 CN-FOI-20WD")],
    start: Annotated[str, typer.Option("--start", help="起点：日期或时刻，如 2026-02-11 或 2026-02-11T09:30")],
    extend: Annotated[int, typer.Option("--extend", help="延长多少（与规则同一单位）")] = 0,
    suspend: Annotated[list[str] | None, typer.Option("--suspend", help="中止期间 首日/末日（含两端），可多次")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """逐步说明一条规则的到期日：哪天计入、哪天不计、为什么。"""
    began = _start(start)
    moment = began if isinstance(began, datetime) else datetime(began.year, began.month, began.day, tzinfo=SHANGHAI)
    rule = rule_named(load_rules(settings_of(config)), name, moment)
    if rule is None:
        raise UsageError(f"没有规则 {name}；huiying rules list 可列出")
    try:
        found = explain(rule, began, extend, [_span(one) for one in suspend or []])
    except ValueError as error:
        raise UsageError(str(error)) from None
    if as_json:
        steps = [{"date": step.date.isoformat(), "counted": step.counted, "why": step.why} for step in found.steps]
        fields = {"rule": name, "start": _written(began), "due": _written(found.due), "steps": steps,
                  "reason": found.reason}  # fmt: skip
        sys.stdout.write(line(fields) + "\n")
        return
    _print(found, rule.text)


def _print(found: Explanation, text: str) -> None:
    console.print(f"{found.rule}：{text}", markup=False)
    table = Table("日期", "计入", "说明")
    for step in found.steps:
        table.add_row(step.date.isoformat(), "是" if step.counted else "否", step.why)
    console.print(table)
    console.print(
        f"起点 {_written(found.start)}，到期 {_written(found.due) or '无（' + str(found.reason) + '）'}", markup=False
    )


def _written(value: datetime | date | None) -> str | None:
    return value.isoformat() if value is not None else None


def _start(text: str) -> datetime | date:
    found = parse_published(text, "option")
    if found is None or found.earliest is None:
        raise UsageError(f"--start {text}：不是日期或时刻；例如 2026-02-11 或 2026-02-11T09:30")
    return found.earliest.date() if found.precision == "day" else found.earliest


def _span(text: str) -> tuple[date, date]:
    try:
        first, last = (date.fromisoformat(part.strip()) for part in text.split("/"))
    except ValueError:
        raise UsageError(f"--suspend {text}：应为 首日/末日，例如 2026-03-01/2026-03-10") from None
    if last < first:
        raise UsageError(f"--suspend {text}：末日早于首日")
    return first, last
