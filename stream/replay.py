"""`huiying replay`: the whole journey over files, in order of `collected_at`, by the code of the live service."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from stream.backends import open_backends
from stream.errors import OutsideFailed, UsageError
from stream.feed import Feed
from stream.journey import STEPS
from stream.outputs import write_all
from stream.pipeline import ORDERED, Crew, Held, Options, Pipeline
from stream.ports import Backends
from stream.runner import BATCH
from stream.settings import Settings
from stream.spool import Spool

log = logging.getLogger("huiying.replay")

# Rows published ahead of the last step: enough to keep both processes busy, little enough to stay in memory.
CHUNK = 1_000
AHEAD = 6
SMALL_BYTES = 500_000

Progressed = Callable[[str, int, int], None]


class Replayed(Struct, frozen=True, kw_only=True):
    """What a replay did: lines written by file, rows published."""

    rows: int
    lines: dict[str, int]


class Request(Struct, frozen=True, kw_only=True):
    """What to replay: input files (already local), where to, under which settings."""

    files: Sequence[Path]
    out: Path
    assume_covered: bool
    mapping: Path | None = None
    keep: bool = False
    batch: int = BATCH


def replay(request: Request, settings: Settings, build: Callable[[Path], None], told: Progressed) -> Replayed:
    """Runs or resumes; `build` writes the spool of the input to a path. Raises UsageError, OutsideFailed."""
    request.out.mkdir(parents=True, exist_ok=True)
    folder = settings.data / "replays" / _identity(request, settings)
    held = Held(folder)
    if not held.acquire():
        raise UsageError(f"{request.out}：同一重放正在进行，请等它结束或换一个 --out")
    local = msgspec.structs.replace(settings, data=folder)
    path = folder / "spool.sqlite"
    if not path.exists():
        for left in folder.glob(f"{settings.namespace}.sqlite*"):
            left.unlink()
    try:
        with _opened(local) as backends, _helped(local, request) as crew:
            if not path.exists():
                build(path)
            with closing(Spool(path)) as spool:
                _run(Feed(spool, backends), _pipeline(local, request, backends, crew), crew, told)
                lines = write_all(backends.store, spool.rejected(), request.out)
                result = Replayed(rows=spool.length, lines=lines)
    finally:
        held.release()
    if not request.keep:
        shutil.rmtree(folder)
    return result


@contextmanager
def _helped(settings: Settings, request: Request) -> Iterator[Crew | None]:
    """Processes for the stateless steps, starting while the input is still being read; none for small inputs, which
    are through before they would be up."""
    if sum(path.stat().st_size for path in request.files) < SMALL_BYTES:
        yield None
        return
    with closing(Crew(settings, _options(request))) as crew:
        yield crew


def _pipeline(settings: Settings, request: Request, backends: Backends, crew: Crew | None) -> Pipeline:
    return Pipeline(settings, STEPS if crew is None else ORDERED, backends, _options(request))


def _options(request: Request) -> Options:
    return Options(assume_covered=request.assume_covered, batch=request.batch)


def _run(feed: Feed, pipeline: Pipeline, crew: Crew | None, told: Progressed) -> None:
    try:
        _pump(feed, pipeline, told, lambda: crew is None or crew.is_whole())
    finally:
        pipeline.close()


def _pump(feed: Feed, pipeline: Pipeline, told: Progressed, is_whole: Callable[[], bool]) -> None:
    """Publishes, at most AHEAD chunks before what the last step has finished, until everything is through it."""
    if feed.end is None:
        return
    marks: list[datetime] = []
    # Said again after a restart: a mark that was consumed before it tells the new readers nothing.
    mark = feed.publish(0)
    while True:
        passed = pipeline.watermark()
        marks = [one for one in marks if passed is None or one > passed]
        if len(marks) < AHEAD and not feed.is_done:
            mark = feed.publish(CHUNK)
            if mark is not None:
                marks.append(mark)
            told("发布", feed.done, feed.of)
        worked = pipeline.work()
        if feed.is_done and passed is not None and passed == mark and passed >= feed.end:
            return
        if not worked and not is_whole():
            raise OutsideFailed("处理进程意外退出；再次运行同一命令即可从中断处继续")


@contextmanager
def _opened(settings: Settings) -> Iterator[Backends]:
    backends = open_backends(settings)
    try:
        yield backends
    finally:
        backends.close()


def _identity(request: Request, settings: Settings) -> str:
    """Same input, options, configuration and --out: the same working folder, so a killed replay resumes."""
    digest = hashlib.sha256()
    digest.update(f"{request.out.resolve()}|{request.assume_covered}".encode())
    configuration = [settings.file(name) for name in ("sources", "authorities", "topics", "rules", "alerts")]
    for path in [*request.files, *configuration, *([request.mapping] if request.mapping else [])]:
        digest.update(b"|")
        if path.exists():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
