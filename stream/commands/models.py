"""Commands about the quality of reading: train, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stream.commands.options import DEFAULT_CONFIG, Config, settings_of
from stream.errors import UsageError
from stream.evaluation import evaluate
from stream.reading.topics import TopicConfig
from stream.settings import load_yaml
from stream.training import read_examples, save_model, train

console = Console()


def register(app: typer.Typer) -> None:
    """Adds this family to the command line."""
    app.command("train")(train_command)
    app.command("evaluate")(evaluate_command)


def train_command(
    files: Annotated[list[Path], typer.Argument(metavar="文件…", help="JSONL，每行含 title、text、label")],
    out: Annotated[Path, typer.Option("--out", help="模型文件；写好后在 topics.yaml 的 model 一项填它的名字")],
    label: Annotated[
        list[str] | None, typer.Option("--label", help="标签对照，如 环境保护=生态环境（可多次；同名不用写）")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """训练主题模型：用你自己的标注数据；需要 pip install '.[train]'。"""
    mapping = dict(_pair(one) for one in label or [])
    examples = [example for file in files for example in read_examples(file)]
    trained = train(examples, mapping, load_yaml(settings_of(config).file("topics"), TopicConfig))
    save_model(trained.model, out)
    table = Table("主题", "行数")
    for topic, rows in trained.rows.items():
        table.add_row(topic, str(rows))
    console.print(table)
    console.print(
        f"留出十分之一测得准确率 {trained.accuracy:.3f}；{trained.unmapped} 行的标签没有对照 → {out}", markup=False
    )


def evaluate_command(
    data: Annotated[Path, typer.Option("--data", help="测评数据目录")],
    judge: Annotated[Path, typer.Option("--judge", help="评分脚本目录")],
    out: Annotated[Path, typer.Option("--out", help="写到哪里")] = Path("docs/quality.md"),
) -> None:
    """测评：运行评分脚本，把结果写成一页。"""
    evaluate(data, judge, out, lambda title: console.print(title, markup=False))
    console.print(out.read_text(encoding="utf-8"), markup=False)


def _pair(text: str) -> tuple[str, str]:
    label, sign, topic = text.partition("=")
    if not sign or not label or not topic:
        raise UsageError(f"--label {text}：应为 标签=主题")
    return label, topic
