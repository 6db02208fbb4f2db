"""`huiying replay`: the whole journey over files, in order of `collected_at`, by the code of the live service."""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from stream.backends import erase_namespace, open_backends
from stream.errors import OutsideFailed, UsageError
from stream.feed import Feed
from stream.journey import STEPS
from stream.outputs import write_all
from stream.pipeline import ORDERED, Crew, Held, Options, Patience, Pipeline
from stream.ports import Backends
from stream.settings import Settings
from stream.spool import Spool

log = logging.getLogger("huiying.replay")

# Rows published ahead of the last step: enough to keep both processes busy, little enough to stay in memory.
CHUNK = 1_000
AHEAD = 6
SMALL_BYTES = 500_000
# Seconds for which a replay waits for a server that does not answer; called again, it goes on where it stopped.
GIVE_UP_S = 300.0

Progressed = Callable[[str, int, int], None]


class Replayed(Struct, frozen=True, kw_only=True):
    """What a replay did: lines written by file, rows published. `kept`: where its working store stayed, if it did."""

    rows: int
    lines: dict[str, int]
    kept: Settings | None = None


class Request(Struct, frozen=True, kw_only=True):
    """What to replay: input files (already local), where to, under which settings."""

    files: Sequence[Path]
    out: Path
    assume_covered: bool
    mapping: Path | None = None
    keep: bool = False
    batch: int | None = None


def replay(request: Request, settings: Settings, build: Callable[[Path], None], told: Progressed) -> Replayed:
    """Runs or resumes; `build` writes the spool of the input to a path. Raises UsageError, OutsideFailed."""
    request.out.mkdir(parents=True, exist_ok=True)
    folder = settings.data / "replays" / _identity(request, settings)
    held = Held(folder)
    if not held.acquire():
        raise UsageError(f"{request.out}：同一重放正在进行，请等它结束或换一个 --out")
    local = msgspec.structs.replace(settings, data=folder)
    if settings.backend.bus != "sqlite":
        # On a cluster no folder keeps a replay apart from what is lived.
        local = msgspec.structs.replace(local, namespace=f"{settings.namespace}-{folder.name}")
    path = folder / "spool.sqlite"
    try:
        if not path.exists():
            erase_namespace(local)
        with _opened(local) as backends, _helped(local, request) as crew:
            if not path.exists():
                build(path)
            with closing(Spool(path)) as spool:
                run = Run(spool, backends, _pipeline(local, request, backends, crew), told)
                with closing(run.pipeline):
                    run.pump(lambda: crew is None or crew.is_whole())
                backends.store.refresh()
                lines = write_all(backends.store, spool.rejected(), request.out)
                result = Replayed(rows=spool.length, lines=lines, kept=local if request.keep else None)
        if not request.keep:
            erase_namespace(local)
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


class Run:
    """Publishes, at most AHEAD chunks before what the last step has finished, until everything is through it. An outage
    of a server is waited out, for a while; one that refuses us from the beginning is told at once."""

    def __init__(self, spool: Spool, backends: Backends, pipeline: Pipeline, told: Progressed) -> None:
        self._spool, self._backends, self.pipeline, self._told = spool, backends, pipeline, told
        self._feed = Feed(spool, backends)
        self._marks: list[datetime] = []
        self._mark: datetime | None = None

    def pump(self, is_whole: Callable[[], bool]) -> None:
        """Raises OutsideFailed where a process of the crew died, or a server stays away."""
        if self._feed.end is None:
            return
        patience = Patience(time.sleep, GIVE_UP_S)
        worked, is_begun, is_done = 0, False, False
        # Said again after a restart: a mark that was consumed before it tells the new readers nothing.
        is_told = False
        while not is_done:
            if not worked and not is_whole():
                raise OutsideFailed("处理进程意外退出；再次运行同一命令即可从中断处继续")
            try:
                if not is_told:
                    self._mark, is_told = self._feed.publish(0), True
                self._publish()
                worked = self.pipeline.work()
                is_done = self._is_done(self._feed.end)
                patience.worked()
                is_begun = True
            except OutsideFailed as error:
                if not is_begun:
                    raise
                patience.failed(error, self.pipeline)
                self._feed, is_told = Feed(self._spool, self._backends), False

    def _publish(self) -> None:
        passed = self.pipeline.watermark()
        self._marks = [one for one in self._marks if passed is None or one > passed]
        if len(self._marks) < AHEAD and not self._feed.is_done:
            self._mark = self._feed.publish(CHUNK)
            if self._mark is not None:
                self._marks.append(self._mark)
            self._told("发布", self._feed.done, self._feed.of)

    def _is_done(self, end: datetime) -> bool:
        passed = self.pipeline.watermark()
        return self._feed.is_done and passed is not None and passed == self._mark and passed >= end


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
