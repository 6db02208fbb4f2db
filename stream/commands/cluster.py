"""Commands for a cluster: migrate (from one machine's file to Kafka and Elasticsearch), backup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from stream.backends.elastic_snapshots import Snapshots
from stream.commands.options import DEFAULT_CONFIG, settings_of
from stream.errors import UsageError
from stream.migration import Migrated, check_same, migrate
from stream.settings import Settings

console = Console()
DISTRIBUTED = Path("config/distributed.yaml")

# What a data folder holds beside the data file, and who needs it.
FILES = {
    "evidence": "证据库（抓取写入，看板出示）",
    "pseudonym.key": "化名密钥（处理与导入用；换了它，新旧化名对不上）",
    "alerts.log": "提醒记录（只供查阅）",
}
KIND_WORDS = {
    "post": "信息", "assignment": "归属", "incident": "事件", "topic_heat": "主题热度", "judgement": "判定及其变化",
    "alert": "提醒", "reminder": "提醒档案", "case_file": "案卷", "coverage": "监测记录", "source_coverage": "信源监测",
    "decision": "人工决定", "entry": "人工登记", "audit_entry": "留痕", "audit_head": "留痕末环",
    "clock": "时钟", "progress": "进度", "fetched": "抓取记录", "delivery": "送达",
    "rejected": "被拒",
}  # fmt: skip
backup_app = typer.Typer(help="Elasticsearch 的备份（快照）：开设仓库、备份、列出、恢复", no_args_is_help=True)

OnCluster = Annotated[Path, typer.Option("--config", "-c", help="集群的配置")]
Snapshot = Annotated[str, typer.Argument(metavar="名称", help="快照名称（小写字母与数字，如日期 20260301）")]


def register(app: typer.Typer) -> None:
    """Adds this family to the command line."""
    app.command("migrate")(migrate_command)
    app.add_typer(backup_app, name="backup")


def migrate_command(
    source: Annotated[Path, typer.Option("--from", help="从哪个配置（只读，不改动）")] = DEFAULT_CONFIG,
    target: Annotated[Path, typer.Option("--to", help="到哪个配置（须是空的，或同一次迁移的未完部分）")] = DISTRIBUTED,
) -> None:
    """迁移：把单机数据文件连同判定历史搬进 Kafka 与 Elasticsearch；先停止流水线与抓取。中断后再运行一次即可继续。"""
    old, new = settings_of(source), settings_of(target)
    with _progress() as progress:
        task = progress.add_task("打开", total=None)
        migrated = migrate(old, new, lambda what, n, of: progress.update(task, description=what, completed=n, total=of))
    console.print(_table(migrated))
    console.print(f"写入 {migrated.items} 项、{migrated.records} 条未读消息；其余原已在目标中。", markup=False)
    check_same(migrated)
    for line in _staying(old, new):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"两边一致。源没有改动；此后请只用 --config {target} 运行。", markup=False)


@backup_app.command("open")
def backup_open_command(
    folder: Annotated[str, typer.Argument(metavar="目录", help="各节点都能读写、且列在 path.repo 之下的目录")],
    config: OnCluster = DISTRIBUTED,
) -> None:
    """开设仓库：告诉 Elasticsearch 快照放在哪个目录；一次即可。"""
    with _snapshots(config) as snapshots:
        snapshots.register(folder)
    console.print(f"快照将放在 {folder}", markup=False)


@backup_app.command("take")
def backup_take_command(name: Snapshot, config: OnCluster = DISTRIBUTED) -> None:
    """备份：给命名空间的全部索引做一份快照；先停止处理进程，或让总线补齐其间的变化。"""
    with _snapshots(config) as snapshots:
        console.print(f"{name}：{snapshots.take(name)} 个索引已备份", markup=False)


@backup_app.command("list")
def backup_list_command(config: OnCluster = DISTRIBUTED) -> None:
    """已有的完整快照，由旧到新。"""
    with _snapshots(config) as snapshots:
        for name in snapshots.taken():
            console.print(name, markup=False)


@backup_app.command("restore")
def backup_restore_command(name: Snapshot, config: OnCluster = DISTRIBUTED) -> None:
    """恢复：只写入空的命名空间，不覆盖任何数据；此后删去旧主题，再启动处理与抓取。"""
    with _snapshots(config) as snapshots:
        console.print(f"{name}：{snapshots.restore(name)} 个索引已恢复", markup=False)


@contextmanager
def _snapshots(config: Path) -> Iterator[Snapshots]:
    settings = settings_of(config)
    if settings.backend.store != "elastic":
        raise UsageError(f"{config}：单机只需复制数据目录（{settings.data}），没有快照可做")
    snapshots = Snapshots(settings)
    try:
        yield snapshots
    finally:
        snapshots.close()


def _table(migrated: Migrated) -> Table:
    table = Table("种类", "源", "目标", "摘要", "一致")
    for one in migrated.kinds:
        if one.source.items or one.target.items:
            table.add_row(
                f"{KIND_WORDS.get(one.kind, one.kind)}（{one.kind}）", str(one.source.items), str(one.target.items),
                f"{one.source.digest:064x}"[:16], "是" if one.is_same else "否",
            )  # fmt: skip
    return table


def _staying(old: Settings, new: Settings) -> Iterator[str]:
    """Files are not moved: which there are, and where they are wanted."""
    for name, what in FILES.items():
        path = old.data / name
        if not path.exists():
            continue
        if old.data.resolve() == new.data.resolve():
            yield f"仍在原处：{path}，{what}；两个配置共用，在别的机器上运行时须一并复制或共享"
        else:
            yield f"须自行复制：{path} → {new.data / name}，{what}"
    if old.vault != new.vault:
        yield "注意：两个配置的 vault.key_file 不同；须用原来的密钥才能打开已加密的证据"


def _progress() -> Progress:
    screen = Console(stderr=True)
    # In a file it would leave an empty line before the error.
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn(),
        console=screen, transient=True, disable=not screen.is_terminal,
    )  # fmt: skip
