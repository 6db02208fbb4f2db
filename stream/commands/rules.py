"""`huiying rules`: the rules, and their computation step by step."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stream.assembly import load_rules
from stream.commands.options import DEFAULT_CONFIG, Config, settings_of
from stream.core.calendars import explain
from stream.core.documents import Value
from stream.errors import UsageError
from stream.outputs import line, plain
from stream.reading.times import parse_published

rules = typer.Typer(help="时限规则：列出，或逐日说明如何计算", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds this family to the command line."""
    app.add_typer(rules, name="rules")


class Span(Value, frozen=True, kw_only=True):
    """A suspension: its first and last day."""

    first: str
    last: str


@rules.command("list")
def list_command(config: Config = DEFAULT_CONFIG) -> None:
    """列出全部规则：编号、义务、窗口、依据。"""
    table = Table("编号", "义务", "性质", "依据")
    for rule in load_rules(settings_of(config)).rules:
        table.add_row(rule.id, rule.obligation_zh, rule.modality, rule.source.doc)
    Console().print(table)
