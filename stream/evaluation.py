"""`huiying evaluate`: runs the scoring scripts over the measuring data and writes their figures as a page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from stream.errors import OutsideFailed, UsageError

HEAD = """# Quality

Figures of `make evaluate`: the scoring scripts over the measuring data, which are not part of this project; what each
figure means stands in the scripts' own page. They are in-sample: the rules of reading were written by people who had
looked at these sets. Expect less elsewhere.
"""


class Trial(Struct, frozen=True, kw_only=True):
    """One call of a scoring script; `data` are files of the data folder (an archive is unpacked first)."""

    script: str
    data: tuple[str, ...]
    title: str


TRIALS = (
    Trial(script="extraction.py", data=("pages_gold.tar.gz",), title="Article pages: body and publication time"),
    Trial(
        script="reading.py", data=("emergencies.jsonl", "hotsearch-week.jsonl", "hotsearch-week.labels.jsonl"),
        title="Emergencies and their figures",
    ),
    Trial(
        script="incidents.py", data=("hotsearch-week.jsonl", "hotsearch-week.labels.jsonl"),
        title="Incidents and official answers in a week of hot searches",
    ),
    Trial(script="replies.py", data=("replies.jsonl",), title="Message board: time of each reply"),
)  # fmt: skip


def evaluate(data: Path, judge: Path, out: Path, told: Callable[[str], None]) -> dict[str, Any]:
    """Runs every trial, writes `out`, returns the figures by script. Raises UsageError, OutsideFailed."""
    for folder in (data, judge):
        if not folder.is_dir():
            raise UsageError(f"{folder}：没有这个目录；用 --data 与 --judge 指明测评数据与评分脚本")
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as work:
        for trial in TRIALS:
            told(trial.title)
            paths = [_ready(data / name, Path(work)) for name in trial.data]
            figures[trial.script] = _run(judge / trial.script, paths, Path(work))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page(figures), encoding="utf-8")
    return figures


def page(figures: dict[str, Any]) -> str:
    """The figures as Markdown, one table a trial."""
    parts = [HEAD]
    for trial in TRIALS:
        rows = "\n".join(
            f"| {key} | {_cell(value)} |" for key, value in figures[trial.script].items() if _is_shown(key)
        )
        parts.append(f"\n## {trial.title} (`{trial.script}`)\n\n| figure | value |\n|---|---|\n{rows}\n")
    return "".join(parts)


def _is_shown(key: str) -> bool:
    """Everything but lists of single cases, which would copy the data."""
    return key not in {"worst", "some"}


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items() if _is_shown(key))
    return str(value)


def _ready(path: Path, folder: Path) -> Path:
    """The file, or the folder that an archive holds."""
    if not path.exists():
        raise UsageError(f"{path}：没有这个文件")
    if not path.name.endswith(".tar.gz"):
        return path
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    return folder / path.name.removesuffix(".tar.gz")


def _run(script: Path, paths: list[Path], data: Path) -> Any:
    environment = {**os.environ, "HUIYING": f"{sys.executable} -m stream", "HUIYING_DATA": str(data / "data")}
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(script), *map(str, paths)], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise OutsideFailed(f"{script.name}：{done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)
