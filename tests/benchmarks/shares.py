"""Who had the time of a sampled process: stacks of `py-spy record --idle --threads --format raw`, by party."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

# A thread whose innermost frame is one of these does nothing but wait.
WAITS = ("(selectors.py", "(threading.py", "(socket.py", "(ssl.py", "(queue.py")
PARTIES = (
    ("kafka-python", "kafka/"),
    ("elasticsearch client", "elastic"),
    ("elasticsearch client", "urllib3/"),
)  # fmt: skip


def shares(path: Path) -> str:
    """Of the worker's main thread: how much worked and how much waited, for whom. Other threads: what they worked."""
    counts: Counter[tuple[str, str]] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        stack, _, number = line.rpartition(" ")
        thread, *frames = stack.split(";")
        if not frames:
            continue
        is_main = "MainThread" in thread
        how = "waits" if any(mark in frames[-1] for mark in WAITS) else "works"
        if is_main or how == "works":
            counts[_party(frames), how if is_main else "works beside"] += int(number)
    of = sum(number for (_, how), number in counts.items() if how != "works beside")
    lines = [f"  {who:22} {how:14} {number / of:6.1%}" for (who, how), number in counts.most_common()]
    return "\n".join([f"  shares of {of} samples of the main thread", *lines])


def _party(frames: list[str]) -> str:
    """The innermost frame that belongs to a client says whose the time is; none: ours."""
    for frame in reversed(frames):
        for name, mark in PARTIES:
            if mark in frame and "stream/backends" not in frame:
                return name
    return "our code"
