"""Who had the time of a sampled process: stacks of `py-spy record --idle --threads --format raw`, by party and by
errand."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT

# A thread whose innermost frame is one of these does nothing but wait.
WAITS = ("(selectors.py", "(threading.py", "(socket.py", "(ssl.py", "(queue.py")
PARTIES = (
    ("kafka-python", "kafka/"),
    ("elasticsearch client", "elastic"),
    ("elasticsearch client", "urllib3/"),
)
# The first that a stack holds, from the inside out, says what the main thread was about.
ERRANDS = (
    ("alerts to channels", "(stream/delivery.py"),
    ("clock, decisions, upkeep", "keep_time (stream/service.py"),
    ("clock, decisions, upkeep", "turn (stream/service.py"),
    ("clock, decisions, upkeep", "tell (stream/pipeline.py"),
    ("journal", "_write (stream/effects.py"),
    ("saving", "_save (stream/effects.py"),
    ("reading from the store", "fetch (stream/state.py"),
    ("timers from the store", "reach (stream/timers.py"),
    ("publishing", "publish (stream/backends/kafka"),
    ("committing", "commit (stream/backends/kafka"),
    ("polling", "poll (stream/backends/kafka"),
)


def shares(path: Path) -> str:
    """Of the worker's main thread: how much worked and how much waited, for whom and what about. Other threads: what
    they worked."""
    parties: Counter[str] = Counter()
    errands: Counter[str] = Counter()
    of = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        stack, _, number = line.rpartition(" ")
        thread, *frames = stack.split(";")
        # Names of frames may hold anything, line ends too.
        if not frames or not number.isdigit():
            continue
        does = "waits" if any(mark in frames[-1] for mark in WAITS) else "works"
        if "MainThread" in thread:
            of += int(number)
            parties[f"{_party(frames)} {does}"] += int(number)
            errands[_errand(frames)] += int(number)
        elif does == "works":
            parties[f"{_party(frames)} works in other threads"] += int(number)
    return "\n".join(
        [f"  of {of} samples of the main thread:", _table(parties, of), "  by errand:", _table(errands, of)]
    )


def _table(counts: Counter[str], of: int) -> str:
    return "\n".join(f"    {number / of:6.1%} {what}" for what, number in counts.most_common())


def _party(frames: list[str]) -> str:
    """The innermost frame that belongs to a client says whose the time is; none: ours."""
    for frame in reversed(frames):
        for name, mark in PARTIES:
            if mark in frame and "stream/backends" not in frame:
                return name
    return "our code"


def _errand(frames: list[str]) -> str:
    for name, mark in ERRANDS:
        if any(mark in frame for frame in frames):
            return name
    return "steps"


@contextmanager
def sampled(spy: Path | None, pid: int, out: Path) -> Iterator[None]:
    """Samples a process while the block runs, where there is a py-spy to do it; prints the shares afterwards."""
    if spy is None:
        yield
        return
    command = [str(spy), "record", "--idle", "--threads", "--format", "raw", "--rate", "50", "--nonblocking",
               "--pid", str(pid), "--output", str(out), "--duration", "36000"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as recorder:
        yield
        recorder.send_signal(SIGINT)
    print(shares(out), flush=True)
