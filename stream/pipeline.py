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

from stream.assembly import make_step
from stream.backends import open_backends
from stream.journey import STEPS
from stream.ports import Backends
from stream.runner import BATCH, Worker
from stream.settings import Settings

log = logging.getLogger("huiying.pipeline")

IDLE_S = 0.02
# What scales with cores has a process of its own; the ordered steps share one, since none of them fills a core.
STATELESS = ("extract", "classify")
ORDERED = ("gather", "judge", "alert")


class Options(Struct, frozen=True, kw_only=True):
    """What differs between runs; `batch` = messages a step takes at once, which must never change a result."""

    assume_covered: bool = False
    batch: int = BATCH


class Pipeline:
    """Workers of some steps over one set of backends."""

    def __init__(self, settings: Settings, steps: Sequence[str], backends: Backends, options: Options) -> None:
        self.workers = [
            Worker(make_step(name, settings, assume_covered=options.assume_covered), backends, options.batch)
            for name in STEPS
            if name in steps
        ]

    def work(self, timeout_s: float = IDLE_S) -> int:
        """One batch of every step; waits only where nothing was to be done. How many messages."""
        messages = sum(worker.work(0.0).messages for worker in self.workers)
        if not messages and timeout_s:
            messages = self.workers[0].work(timeout_s).messages
        return messages

    def watermark(self) -> datetime | None:
        """Up to when the last step here has finished everything."""
        return self.workers[-1].passed

    def close(self) -> None:
        """Leaves all groups."""
        for worker in self.workers:
            worker.close()


def start_stateless(settings: Settings, options: Options) -> BaseProcess:
    """The stateless steps in a process of their own; it ends with its parent."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(
        target=_run, args=(settings, STATELESS, options, os.getpid()), name="huiying-stateless", daemon=True
    )
    process.start()
    return process


def _run(settings: Settings, steps: Sequence[str], options: Options, parent: int) -> None:
    backends = open_backends(settings)
    pipeline = Pipeline(settings, steps, backends, options)
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
