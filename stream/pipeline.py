"""The steps of one process, worked in turn; other processes carry the rest of the journey."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

from msgspec import Struct

from stream import logs, metrics
from stream.assembly import step_maker
from stream.backends import open_backends
from stream.core.records import Clock
from stream.errors import OutsideFailed
from stream.journey import STEPS
from stream.ports import Backends
from stream.runner import Worker
from stream.settings import Settings

log = logging.getLogger("huiying.pipeline")

IDLE_S = 0.02
TELL_S = 15.0
# What scales with cores has processes of its own; the ordered steps share one, since none of them fills a core.
STATELESS = ("extract", "classify")
ORDERED = ("gather", "judge", "alert")
DEATHS = 5
WAITS_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class Options(Struct, frozen=True, kw_only=True):
    """What differs between runs; `batch` = messages a step takes at once (None: what suits the backends), which must
    never change a result."""

    assume_covered: bool = False
    batch: int | None = None


class Pipeline:
    """Workers of some steps over one set of backends."""

    def __init__(self, settings: Settings, steps: Sequence[str], backends: Backends, options: Options) -> None:
        self._backends = backends
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

    def reach(self) -> None:
        """Asks both servers something. Raises OutsideFailed where one does not answer: a poll that finds nothing, and
        a batch that needs nothing, prove nothing."""
        self._backends.store.get_many(Clock, ["pipeline"])
        self.workers[0].lag()

    def leads(self) -> bool:
        """Whether the one ordered reader works here, not elsewhere: then this process does the upkeep too."""
        return any(worker.leg.order == "one" and worker.is_active() for worker in self.workers)

    def progress(self) -> dict[str, datetime]:
        """Up to when each lane of the last step is done, as far as it is here."""
        last = [worker for worker in self.workers if worker.leg.step == STEPS[-1]]
        return {name: at for worker in last for name, at in worker.progress().items()}

    def tell(self) -> None:
        """How far the workers here are, and what waits for them: asks the bus, so now and then."""
        if metrics.is_on():
            for worker in self.workers:
                metrics.watermark(worker.leg.step, worker.passed)
                metrics.lag(worker.leg.step, worker.lag())

    def close(self) -> None:
        """Leaves all groups."""
        for worker in self.workers:
            worker.close()


class Patience:
    """While the outside is ill: waits, longer and longer, and starts the pipeline again. `give_up_s`: seconds of outage
    without a single success after which the error is raised after all (None: never)."""

    def __init__(self, wait: Callable[[float], object], give_up_s: float | None = None) -> None:
        self._wait, self._give_up_s = wait, give_up_s
        self._since: float | None = None
        self._waits = iter(WAITS_S)

    def worked(self) -> None:
        """Everything answered."""
        if self._since is not None:
            log.warning("外部系统恢复应答，继续处理")
        self._since, self._waits = None, iter(WAITS_S)
        metrics.outage("outside", False)

    def failed(self, error: OutsideFailed, pipeline: Pipeline) -> None:
        """Raises `error` where patience is at its end."""
        while True:
            now = time.monotonic()
            metrics.outage("outside", True)
            if self._since is None:
                self._since = now
                log.error("%s；稍后重试", error)
            if self._give_up_s is not None and now - self._since >= self._give_up_s:
                raise error
            if self._wait(next(self._waits, WAITS_S[-1])):
                return None
            try:
                pipeline.restart()
                return pipeline.reach()
            except OutsideFailed as again:
                error = again


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
    logs.configure()
    backends = open_backends(settings)
    pipeline = Pipeline(settings, STATELESS, backends, options)
    # Lexicons and models live as long as the process: collecting over them again and again costs a twentieth.
    gc.freeze()
    patience, told = Patience(time.sleep), 0.0
    try:
        # A killed parent leaves us to init: then somebody else will take over.
        while os.getppid() == parent:
            try:
                pipeline.work()
                patience.worked()
                if time.monotonic() - told >= TELL_S:
                    pipeline.tell()
                    told = time.monotonic()
            except OutsideFailed as error:
                patience.failed(error, pipeline)
    except KeyboardInterrupt:
        log.info("stopped")
    finally:
        pipeline.close()
        backends.close()


class Held:
    """The right to run the pipeline on one data folder: one process tree at a time (embedded profile, replays)."""

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
