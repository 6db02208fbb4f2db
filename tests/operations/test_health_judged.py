"""When a command is healthy, and at which address it says so."""

from datetime import datetime

import pytest

from stream.core.intervals import SHANGHAI
from stream.errors import SettingsError
from stream.health import STALE_S, address, health

NOW = datetime(2025, 9, 1, 12, tzinfo=SHANGHAI)
AT = NOW.timestamp()


@pytest.mark.parametrize(
    ("turned", "away", "reasons"),
    [
        ({"judge": AT, "crawl": AT - STALE_S}, {"bus": 0.0}, []),
        ({"judge": AT}, {}, ["crawl 尚未开始"]),
        ({"judge": AT, "crawl": AT - 61}, {}, ["crawl 已 61 秒没有动静；请查看日志"]),
        ({"judge": AT, "crawl": AT}, {"store": 1.0}, ["库（Elasticsearch）没有应答，正在重试；原因见日志"]),
        ({"judge": AT, "crawl": AT, "gather": AT - 90}, {}, ["gather 已 90 秒没有动静；请查看日志"]),
    ],
    ids=["well", "not begun", "still", "away", "one nobody asked for"],
)
def test_health(turned: dict[str, float], away: dict[str, float], reasons: list[str]) -> None:
    found = health(turned, away, ("judge", "crawl"), NOW)
    assert (found.reasons, found.status) == (reasons, "failing" if reasons else "ok")


@pytest.mark.parametrize(
    ("stated", "found"),
    [("9108", ("127.0.0.1", 9108)), ("0.0.0.0:9108", ("0.0.0.0", 9108)), ("worker-1.local:1", ("worker-1.local", 1))],
)
def test_addresses(stated: str, found: tuple[str, int]) -> None:
    assert address(stated) == found


@pytest.mark.parametrize("stated", ["on", "70000", "127.0.0.1:", ":9108", "http://127.0.0.1:9108", "a b:1"])
def test_no_address(stated: str) -> None:
    with pytest.raises(SettingsError, match="HUIYING_METRICS"):
        address(stated)
