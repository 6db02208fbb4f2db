"""`huiying decide`: a person's decision, on the record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast, get_args

import msgspec
import typer
from rich.console import Console

from stream.assembly import load_rules
from stream.commands.options import DEFAULT_CONFIG, Config, opened, settings_of
from stream.core.deciding import LARGEST_ATTACHMENT
from stream.core.documents import DecisionKind
from stream.errors import UsageError
from stream.recording import Draft, now, record, with_attachment

console = Console()


def register(app: typer.Typer) -> None:
    """Adds this command to the command line."""
    app.command("decide")(decide_command)


def decide_command(  # noqa: PLR0913, PLR0917 (options of a command are no arguments of a call)
    post: Annotated[str, typer.Argument(help="信息的 id（事件由它所在的信息指明）")],
    what: Annotated[str, typer.Argument(help=f"什么决定：{'、'.join(get_args(DecisionKind))}")],
    who: Annotated[str, typer.Option("--who", help="谁决定的（姓名与职务）")],
    why: Annotated[str, typer.Option("--why", help="依据")],
    value: Annotated[str | None, typer.Option("--value", help="JSON，含义见 docs/formats.md")] = None,
    config: Config = DEFAULT_CONFIG,
    attach: Annotated[Path | None, typer.Option("--attach", help="异议的附件（最大 20 MB），存入证据库")] = None,
) -> None:
    """由人决定：确认、排除、合并、拆分、定级、认定发生时间、记录异议等；只追加，不覆盖。"""
    if what not in get_args(DecisionKind):
        raise UsageError(f"没有决定 {what}；可用：{'、'.join(get_args(DecisionKind))}")
    if attach is not None and what != "objection":
        raise UsageError("只有异议（objection）可以带附件")
    rules = load_rules(settings_of(config))
    content = _content(value)
    with opened(config) as backends:
        at = now(backends.store)
        if attach is not None:
            content = with_attachment(content, attach.name, _bytes(attach), at, backends.evidence)
        draft = Draft(what=cast(DecisionKind, what), post=post, who=who, why=why, value=content)
        identity = record(backends, draft, rules, at)
    console.print(f"已记录 {identity}；流水线会在一秒内处理", markup=False)


def _content(value: str | None) -> Any:
    """JSON, or a plain word."""
    if value is None:
        return None
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return value


def _bytes(path: Path) -> bytes:
    """The file; a huge one is not read to its end."""
    with path.open("rb") as stream:
        return stream.read(LARGEST_ATTACHMENT + 1)
