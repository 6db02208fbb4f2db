"""`huiying`: the command line. Families of commands stand in stream/commands; exit codes in docs/formats.md."""

from __future__ import annotations

import logging
import sys

import typer

from stream.commands import files, live, looking, models, reports, rules
from stream.errors import HuiyingError

HELP = """回应钟：出了事，有人议论；负有责任的机关按时回应了吗？

先看演示：huiying demo      看真实信源：huiying watch      复盘一批数据：huiying replay 文件 --out 目录
退出码：0 完成 · 1 完成但有行被拒 · 2 用法或配置有误 · 3 外部系统失败
"""

app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
files.register(app)
live.register(app)
looking.register(app)
models.register(app)
reports.register(app)
rules.register(app)


@app.callback()
def _every(verbose: bool = typer.Option(False, "--verbose", "-v", help="多说一些：运行日志写到标准错误")) -> None:
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)


def main() -> None:
    """The entry point; an error of ours is one line on standard error and its exit code."""
    try:
        app()
    except HuiyingError as error:
        typer.echo(f"huiying：{error}", err=True)
        sys.exit(error.exit_code)
