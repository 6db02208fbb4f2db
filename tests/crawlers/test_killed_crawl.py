"""A crawl is killed with a backlog, or at any moment: the next one publishes the rest, nothing is lost or re-dated."""

from __future__ import annotations

import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from crawlers.outbox import Outbox
from stream.core.codec import Travelling
from stream.core.documents import Coverage, Mark, Page
from stream.errors import OutsideFailed

ARTICLES = 30
BOUND_S = 40.0
LINE = "<li><a href='/n/20250912/{0}.html'>关于第{0}号路段塌陷的情况通报</a><span>2025-09-12</span></li>"


@pytest.fixture
def sources(site: Any) -> list[dict[str, Any]]:
    site.pages["/list.html"] = "<meta charset=utf-8>" + "".join(LINE.format(n) for n in range(ARTICLES))
    site.pages |= {f"/n/20250912/{n}.html": f"<p>第{n}号情况通报</p>" for n in range(ARTICLES)}
    return [{"id": "a", "kind": "listing", "urls": [f"{site.url}/list.html"], "body": "临江市应急管理局"}]


@contextmanager
def killed(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """SIGKILL at the end of the block."""
    try:
        yield
    finally:
        child.kill()
        child.communicate(timeout=BOUND_S)


def waiting(folder: Path) -> dict[str, datetime]:
    """What stands in the outbox: id → instant."""
    path = folder / "huiying.crawl.outbox"
    if not path.exists():
        return {}
    outbox = Outbox(path)
    found = {one.message.id: one.at for one in outbox.head(1_000) if one.message is not None}
    outbox.close()
    return found


def until(holds: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + BOUND_S
    while not holds():
        assert time.monotonic() < limit, "waited in vain"
        assert child.poll() is None, child.stderr.read().decode()[-2000:] if child.stderr else ""
        time.sleep(0.01)


def check_promises(messages: list[Travelling]) -> None:
    """Each message has one instant; nothing stands behind a mark that is later than it."""
    instants: dict[str, set[datetime]] = defaultdict(set)
    promised: datetime | None = None
    for one in messages:
        assert promised is None or one.collected_at >= promised
        if isinstance(one, Mark):
            promised = one.collected_at
        else:
            instants[one.id].add(one.collected_at)
    assert [id for id, given in instants.items() if len(given) > 1] == []


def test_a_backlog_outlives_its_process(
    tmp_path: Path,
    sources: list[dict[str, Any]],
    start_crawl: Callable[..., subprocess.Popen[bytes]],
    crawl_once: Callable[..., dict[str, Any]],
    published: Callable[[Path], list[Travelling]],
) -> None:
    data, away = tmp_path / "data", tmp_path / "away"
    away.touch()
    child = start_crawl(data, sources, once=False, away=str(away))
    with killed(child):
        until(lambda: len(waiting(data)) > ARTICLES / 2, child)
    left = waiting(data)
    assert not [one for one in published(data) if not isinstance(one, Mark)]
    away.unlink()
    outcomes = crawl_once(data, sources, away=str(away))
    messages = published(data)
    pages = [one for one in messages if isinstance(one, Page)]
    assert {one.id: one.collected_at for one in pages if one.id in left} == {
        id: at for id, at in left.items() if id.startswith("p-")
    }
    assert len({one.url for one in pages}) == len(pages) == ARTICLES
    assert outcomes["a"]["published"] == ARTICLES - len([id for id in left if id.startswith("p-")])
    assert [one.reachable for one in messages if isinstance(one, Coverage)][-1:] == [True]
    assert messages[-1].is_last  # type: ignore[union-attr]
    assert waiting(data) == {}
    check_promises(messages)


def test_killed_at_any_moment_it_loses_and_redates_nothing(
    tmp_path: Path,
    site: Any,
    sources: list[dict[str, Any]],
    start_crawl: Callable[..., subprocess.Popen[bytes]],
    crawl_once: Callable[..., dict[str, Any]],
    published: Callable[[Path], list[Travelling]],
) -> None:
    data, away = tmp_path / "data", tmp_path / "never"
    for more in (2, 7, 12):  # requests after which each is killed, in the middle of whatever it does then
        asked = len(site.requests)
        child = start_crawl(data, sources, once=False, away=str(away))
        with killed(child):
            until(lambda: len(site.requests) >= asked + more, child)  # noqa: B023 (within this round)
    crawl_once(data, sources, away=str(away))
    messages = published(data)
    assert len({one.url for one in messages if isinstance(one, Page)}) == ARTICLES
    assert len([one for one in messages if isinstance(one, Coverage) and one.reachable]) == 1
    assert waiting(data) == {}
    check_promises(messages)


def test_one_round_that_cannot_publish_says_so_and_keeps_it(
    tmp_path: Path,
    sources: list[dict[str, Any]],
    start_crawl: Callable[..., subprocess.Popen[bytes]],
) -> None:
    away = tmp_path / "away"
    away.touch()
    child = start_crawl(tmp_path / "data", sources, once=True, away=str(away))
    _, err = child.communicate(timeout=BOUND_S)
    assert child.returncode != 0
    assert OutsideFailed.__name__ in err.decode()
    assert f"{ARTICLES + 1} 条尚未发布" in err.decode()
    assert len(waiting(tmp_path / "data")) == ARTICLES + 1


def test_a_page_is_cut_to_what_the_bus_takes(
    tmp_path: Path,
    site: Any,
    crawl_once: Callable[..., dict[str, Any]],
    published: Callable[[Path], list[Travelling]],
) -> None:
    site.pages["/long.html"] = "<meta charset=utf-8>" + LINE.format(900)
    site.pages["/n/20250912/900.html"] = "<p>" + "情况通报" * 50_000
    sources = [{"id": "a", "kind": "listing", "urls": [f"{site.url}/long.html"]}]
    crawl_once(tmp_path, sources, page_bytes=65_536)
    [page] = [one for one in published(tmp_path) if isinstance(one, Page)]
    assert page.html is not None
    assert 45_000 < len(page.html) < 65_536 * 3 // 4


def test_a_bus_that_is_away_at_the_start_is_told_in_one_line_and_nobody_is_asked(
    tmp_path: Path,
    site: Any,
    sources: list[dict[str, Any]],
    start_crawl: Callable[..., subprocess.Popen[bytes]],
) -> None:
    asked = len(site.requests)
    child = start_crawl(tmp_path, sources, once=True, refuses=True, away=str(tmp_path / "away"))
    _, err = child.communicate(timeout=BOUND_S)
    assert child.returncode != 0
    assert err.decode().count("Traceback") == 2  # the child's own, of the error and its cause
    assert err.decode().splitlines()[-1].startswith("stream.errors.OutsideFailed: 连不上总线")
    assert len(site.requests) == asked
