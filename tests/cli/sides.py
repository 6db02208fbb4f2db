"""The command line over the same data in both profiles."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from msgspec import Struct

from stream.settings import Settings
from tests.servers import environment

ROOT = Path(__file__).parents[2]
EMBEDDED, DISTRIBUTED = ROOT / "config" / "embedded.yaml", ROOT / "config" / "distributed.yaml"
SERVERS = ("HUIYING_NAMESPACE", "HUIYING_KAFKA", "HUIYING_ELASTIC")
PATIENCE_S = 60.0

Huiying = Any


class Side(Struct, frozen=True):
    """A kept replay in one profile, and the command line over it."""

    huiying: Huiying
    config: Path
    settings: Settings

    def __call__(self, *words: str | Path) -> Any:
        return self.huiying(*words, config=self.config)


def kept(huiying: Huiying, posts: Path, out: Path, config: Path) -> str:
    """Replays and keeps; what was said."""
    told = huiying("replay", posts, "--out", out, "--assume-covered", "--keep", config=config)
    # One row is rejected.
    assert told.code == 1, told.err
    return str(told.err)


def on_servers(huiying: Huiying, settings: Settings) -> Huiying:
    found = environment(settings)
    return huiying.over(settings.data, **{name: found[name] for name in SERVERS})


def until(holds: Callable[[], object], wait: Callable[[], object] = lambda: None) -> None:
    """Asks again until it holds."""
    ends = monotonic() + PATIENCE_S
    while not holds():
        assert monotonic() < ends
        wait()


def process(settings: Settings, *words: str | Path) -> "subprocess.Popen[str]":
    kept = {name: value for name, value in environment(settings).items() if not name.lower().endswith("_proxy")}
    return subprocess.Popen(
        [sys.executable, "-m", "stream", *map(str, words)], cwd=ROOT, text=True, stderr=subprocess.PIPE,
        env={**kept, "HUIYING_CONTACT": "https://example.org/bot"},
    )  # fmt: skip
