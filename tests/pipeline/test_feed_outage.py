"""A feed whose bus or store fails for a while publishes every row in order, and no mark before what it promises."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from stream.backends import open_backends
from stream.core.codec import decode
from stream.core.documents import Mark
from stream.errors import OutsideFailed
from stream.feed import Feed
from stream.intake import Intake, read_posts
from stream.ports import Outgoing, Save, Saved
from stream.reading.privacy import Pseudonyms
from stream.settings import Backend, Settings
from stream.spool import Spool

ROWS = 10


class Failing:
    """Bus and store that share no transaction. Some calls fail, the bus's after it has taken all: the 1st (rows), the
    5th (rows), the 8th (a mark), the 12th (a save) …"""

    is_atomic = False

    def __init__(self, folder: Path) -> None:
        self.inner = open_backends(Settings(data=folder, backend=Backend(workers=1)))
        self.bus: Any = self
        self.store: Any = self
        self.taken: list[Any] = []
        self._calls = 0

    def publish(self, topic: str, outgoing: Sequence[Outgoing]) -> None:
        self.taken += [decode(one.body) for one in outgoing]
        self._fail()

    def get_many(self, kind: Any, ids: Sequence[str]) -> Any:
        return self.inner.store.get_many(kind, ids)

    def save_many(self, saves: Sequence[Save]) -> list[Saved]:
        self._fail()
        return self.inner.store.save_many(saves)

    def _fail(self) -> None:
        self._calls += 1
        if self._calls % 7 in {1, 5}:
            raise OutsideFailed("没有应答")

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    rows = [{"id": f"r{n}", "title": f"第{n}条", "published_at": f"2025-09-12 08:{n:02}"} for n in range(ROWS)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    intake = Intake(pseudonyms=Pseudonyms(b"k" * 32))
    Spool.build(tmp_path / "spool", read_posts(tmp_path / "rows.jsonl", intake))
    return Spool(tmp_path / "spool")


@pytest.mark.parametrize("resumes", [False, True])
def test_every_row_comes_in_order(tmp_path: Path, spool: Spool, resumes: bool) -> None:
    backends: Any = Failing(tmp_path / "data")
    feed = Feed(spool, backends)
    for _ in range(100):
        if feed.is_done:
            break
        try:
            feed.publish(3)
        except OutsideFailed:
            feed = Feed(spool, backends) if resumes else feed
    promised = None
    for one in backends.taken:
        assert promised is None or one.collected_at >= promised
        if isinstance(one, Mark):
            promised = one.collected_at
    first = dict.fromkeys(one.id for one in backends.taken if not isinstance(one, Mark))
    assert list(first) == [f"r{n}" for n in range(ROWS)]
    assert promised == feed.end
    assert Feed(spool, backends).done == ROWS
    spool.close()
    backends.inner.close()
