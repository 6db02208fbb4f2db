"""The steps of one process, worked in turn; other processes carry the rest of the journey."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
from collections.abc import Sequence
from datetime import datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

from msgspec import Struct

from stream.assembly import step_maker
from stream.backends import open_backends
from stream.errors import OutsideFailed
from stream.journey import STEPS
from stream.ports import Backends
from stream.runner import BATCH, Worker
from stream.settings import Settings

log = logging.getLogger("huiying.pipeline")

IDLE_S = 0.02
# What scales with cores has processes of its own; the ordered steps share one, since none of them fills a core.
STATELESS = ("extract", "classify")
ORDERED = ("gather", "judge", "alert")
DEATHS = 5


class Options(Struct, frozen=True, kw_only=True):
    """What differs between runs; `batch` = messages a step takes at once, which must never change a result."""

    assume_covered: bool = False
    batch: int = BATCH


class Pipeline:
    """Workers of some steps over one set of backends."""

    def __init__(self, settings: Settings, steps: Sequence[str], backends: Backends, options: Options) -> None:
        self.workers = [
            Worker(name, step_maker(name, settings, assume_covered=options.assume_covered), backends, options.batch)
            for name in STEPS
            if name in steps
        ]

    def work(self, timeout_s: float = IDLE_S) -> int:
        """One batch of every step; waits only where nothing was to be done. How many messages."""
        messages = sum(worker.work(0.0) for worker in self.workers)
        if not messages and timeout_s:
            messages = self.workers[0].work(timeout_s)
        return messages

    def restart(self) -> None:
        """After OutsideFailed: drops what is remembered, goes back to what is committed. May raise it again."""
        for worker in self.workers:
            worker.restart()

    def watermark(self) -> datetime | None:
        """Up to when the last step here has finished everything."""
        return self.workers[-1].passed

    def close(self) -> None:
        """Leaves all groups."""
        for worker in self.workers:
            worker.close()


class Crew:
    """The processes of the stateless steps, one a partition; they end with their parent. One that dies is started again
    by `keep_up`, a few times: what it had not committed comes to the others, or to its successor."""

    def __init__(self, settings: Settings, options: Options) -> None:
        self._settings, self._options = settings, options
        self._deaths = 0
        self._processes = [self._start() for _ in range(settings.backend.workers)]

    def is_whole(self) -> bool:
        """Whether all of them live."""
        return all(process.is_alive() for process in self._processes)

    def keep_up(self) -> None:
        """Starts again what died. Raises OutsideFailed once they have died too often."""
        for place, process in enumerate(self._processes):
            if process.is_alive():
                continue
            self._deaths += 1
            if self._deaths > DEATHS:
                raise OutsideFailed(f"处理进程已退出 {self._deaths} 次（最近退出码 {process.exitcode}）；请查看日志")
            log.error("a stateless process died, starting it again", extra={"code": process.exitcode})
            self._processes[place] = self._start()

    def close(self) -> None:
        """Ends them; what they had not committed comes again at the next start."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(10)

    def _start(self) -> BaseProcess:
        process = multiprocessing.get_context("spawn").Process(
            target=_run, args=(self._settings, self._options, os.getpid()), name="huiying-stateless", daemon=True
        )
        process.start()
        return process


def _run(settings: Settings, options: Options, parent: int) -> None:
    backends = open_backends(settings)
    pipeline = Pipeline(settings, STATELESS, backends, options)
    # Lexicons and models live as long as the process: collecting over them again and again costs a twentieth.
    gc.freeze()
    try:
        # A killed parent leaves us to init: then somebody else will take over.
        while os.getppid() == parent:
            pipeline.work()
    except KeyboardInterrupt:
        log.info("stopped")
    finally:
        pipeline.close()
        backends.close()


class Held:
    """The right to run the pipeline on one data folder: one process tree at a time (embedded profile)."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / "pipeline.lock").open("w", encoding="utf-8")

    def acquire(self) -> bool:
        """Whether nobody else holds it; after a no, ask with another `Held`."""
        import fcntl

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            return False
        return True

    def release(self) -> None:
        """Gives it back; so does the end of the process, however it ends."""
        self._file.close()
