"""Commands over files: replay, read, extract, train, evaluate."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from stream.assembly import make_extract, make_reader
from stream.commands.options import DEFAULT_CONFIG, Config, Mapping, settings_of
from stream.core.documents import Article, Coverage, Decision, Page
from stream.core.records import Rejected
from stream.errors import HuiyingError, MessageRejected, UsageError
from stream.intake import Intake, load_mapping, load_pseudonyms, read_posts
from stream.intake import Mapping as RowMapping
from stream.outputs import interval, line, reading
from stream.reading.pages import extract_page
from stream.replay import Request, replay
from stream.settings import Settings
from stream.spool import Spool
from stream.steps.extract import Extract

console = Console(stderr=True)

Read = Page | Coverage | Decision | Rejected

Files = Annotated[
    list[str], typer.Argument(metavar="文件…", help="JSONL、CSV、XLSX（可 gzip 压缩）；- 为标准输入（JSONL）")
]


def register(app: typer.Typer) -> None:
    """Adds this family to the command line."""
    app.command("replay")(replay_command)
    app.command("read")(read_command)
    app.command("extract")(extract_command)


def replay_command(
    files: Files,
    out: Annotated[Path, typer.Option("--out", help="输出目录；被中断后用同一目录再运行即可继续")],
    config: Config = DEFAULT_CONFIG,
    assume_covered: Annotated[
        bool, typer.Option("--assume-covered", help="输入就是被监测渠道发布的全部内容：沉默即证据")
    ] = False,
    mapping: Mapping = None,
    keep: Annotated[bool, typer.Option("--keep", help="保留工作库，并说明如何用 huiying dashboard 打开")] = False,
) -> None:
    """复盘：把一批数据按采集时间走完全程，写出 mentions、incidents、verdict_changes、alerts、rejected 五个文件。"""
    settings = settings_of(config)
    with tempfile.TemporaryDirectory() as folder, _progress() as progress:
        local = [_local(name, Path(folder)) for name in files]
        request = Request(files=local, out=out, assume_covered=assume_covered, mapping=mapping, keep=keep)
        task = progress.add_task("读取", total=None)

        def build(path: Path) -> None:
            rows = (row for file in local for row in read_posts(file, _intake(settings, "replay", mapping)))
            Spool.build(path, _counted(rows, lambda n: progress.update(task, completed=n)))

        done = replay(
            request, settings, build, lambda what, n, of: progress.update(task, description=what, completed=n, total=of)
        )
    lines = done.lines
    console.print(
        f"{done.rows} 行：{lines['mentions']} 条信息，{lines['incidents']} 个事件，"
        f"{lines['verdict_changes']} 次判定变化，{lines['alerts']} 条提醒，{lines['rejected']} 行被拒 → {out}"
    )
    if done.kept is not None:
        # No wrapping: the command can be copied whole.
        console.print(_opening(done.kept, config), markup=False, soft_wrap=True)
    if lines["rejected"]:
        console.print(f"被拒的行及原因见 {out / 'rejected.jsonl'}")
        raise typer.Exit(1)


def read_command(
    files: Files,
    config: Config = DEFAULT_CONFIG,
    mapping: Mapping = None,
) -> None:
    """逐条阅读：每条信息单独能看出什么，一行一个 JSON；不涉及任何状态。"""
    settings = settings_of(config)
    reader = make_reader(settings)
    extract = make_extract(settings)
    rejects = 0
    for file in files:
        for row in read_posts(file, _intake(settings, "read", mapping)):
            if isinstance(row, Coverage | Decision):
                continue
            if isinstance(row, Rejected):
                rejects += 1
                console.print(f"{row.file}：第 {row.line} 行被拒（{row.reason}）", markup=False)
                continue
            article = _article(extract, row)
            if article is None:
                rejects += 1
                continue
            sys.stdout.write(line({"id": row.id, **reading(reader.read(article))}) + "\n")
    if rejects:
        raise typer.Exit(1)


def extract_command(
    files: Annotated[list[str], typer.Argument(metavar="文件|目录|网址…", help="已保存的网页、目录或网址")],
) -> None:
    """正文抽取：标题、正文、发布时间、署名、站点，一行一个 JSON；读不出的网页给出 error。"""
    failed = 0
    for name in files:
        for label, source in _pages(name):
            try:
                html, encoding = _bytes(source)
                page = extract_page(html, label if "://" in label else None, encoding)
            except (HuiyingError, OSError) as error:
                failed += 1
                sys.stdout.write(line({"file": label, "error": str(error)}) + "\n")
                continue
            if not page.text:
                failed += 1
                sys.stdout.write(line({"file": label, "error": "no_text"}) + "\n")
                continue
            fields = {"file": label, "title": page.title, "text": page.text, "published": interval(page.published),
                      "author": page.author, "site": page.site}  # fmt: skip
            sys.stdout.write(line(fields) + "\n")
    if failed:
        raise typer.Exit(1)


def _article(extract: Extract, page: Page) -> Article | None:
    try:
        return extract.article(page)
    except MessageRejected as error:
        console.print(f"{page.origin}：被拒（{error.reason}）", markup=False)
        return None


def _opening(kept: Settings, config: Path) -> str:
    """How the working store of a replay is opened: on one machine by its folder, on a cluster by its namespace."""
    if kept.backend.store == "sqlite":
        return f"工作库保留在 {kept.data}；打开：huiying dashboard --config {config} --data {kept.data}"
    return (
        f"工作库保留在命名空间 {kept.namespace}；"
        f"打开：HUIYING_NAMESPACE={kept.namespace} huiying dashboard --config {config}"
    )


def _intake(settings: Settings, mode: str, mapping: Path | None) -> Intake:
    return Intake(
        pseudonyms=load_pseudonyms(settings.data),
        mode="replay" if mode == "replay" else "read",
        mapping=load_mapping(mapping) if mapping else RowMapping(),
        notice=lambda text: console.print(text, markup=False),
        max_page_bytes=settings.max_page_bytes,
    )


def _local(name: str, folder: Path) -> Path:
    """A file that can be read twice (for its hash, then its rows): standard input is copied."""
    if name != "-":
        path = Path(name)
        if not path.is_file():
            raise UsageError(f"{name}：没有这个文件")
        return path
    path = folder / "stdin.jsonl"
    with path.open("wb") as out:
        shutil.copyfileobj(sys.stdin.buffer, out)
    return path


def _pages(name: str) -> Iterator[tuple[str, Path | str]]:
    if "://" in name:
        yield name, name
        return
    path = Path(name)
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in {".html", ".htm", ".shtml", ".xhtml"}:
                yield str(file), file
        return
    yield name, path


def _bytes(source: Path | str) -> tuple[bytes, str | None]:
    """The page and its declared encoding. Raises OutsideFailed, OSError, UsageError."""
    if isinstance(source, Path):
        return source.read_bytes(), None
    if urlsplit(source).scheme not in {"http", "https"}:
        raise UsageError(f"{source}：只支持 http 与 https")
    from crawlers.fetching import fetch_once

    return fetch_once(source)


def _counted(
    rows: Iterable[Page | Coverage | Decision | Rejected], told: object
) -> Iterator[Page | Coverage | Decision | Rejected]:
    for number, row in enumerate(rows, 1):
        if number % 500 == 0 and callable(told):
            told(number)
        yield row


def _progress() -> Progress:
    # In a file it would leave an empty line before what is said.
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
