"""`huiying`: the command line. Families of commands stand in stream/commands; exit codes in docs/formats.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import typer

from stream import logs
from stream.commands import audit, cluster, deciding, evidence, files, ledger, live, looking, models, reports, rules
from stream.errors import HuiyingError, OutsideFailed

HELP = """回应钟：出了事，有人议论；负有责任的机关按时回应了吗？

\b
先看演示：huiying demo      看真实信源：huiying watch      复盘一批数据：huiying replay 文件 --out 目录
退出码：0 完成 · 1 完成但有行被拒 · 2 用法或配置有误 · 3 外部系统失败
"""

app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
audit.register(app)
cluster.register(app)
deciding.register(app)
evidence.register(app)
files.register(app)
ledger.register(app)
live.register(app)
looking.register(app)
models.register(app)
reports.register(app)
rules.register(app)


@app.callback()
def _every(verbose: bool = typer.Option(False, "--verbose", "-v", help="多说一些：运行日志写到标准错误")) -> None:
    logs.configure(verbose=verbose)


def main(words: Sequence[str] | None = None) -> None:
    """The entry point (`words` = the arguments, else those of the process); an error of ours, or of the disk, is one
    line on standard error and its exit code."""
    try:
        _run(words)
    except HuiyingError as error:
        typer.echo(f"huiying：{error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        typer.echo(
            f"huiying：{error.filename or '读写'}：{error.strerror or error}；请检查路径、权限与磁盘空间", err=True
        )
        sys.exit(OutsideFailed.exit_code)


def _run(words: Sequence[str] | None) -> None:
    """What was printed is written before the exit code is chosen: a full disk must not look like success."""
    try:
        app(args=words)
    finally:
        try:
            sys.stdout.flush()
        except OSError:
            # Python flushes once more at its end and would replace our exit code with 120.
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise
