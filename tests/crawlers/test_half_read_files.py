"""A file whose reading was cut off goes on behind the last row that was kept: no row gets a second instant."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crawlers.pieces import Piece
from crawlers.sources import Source
from crawlers.spiders.file import AT_ONCE, FileSpider
from stream.core.documents import Page
from stream.core.records import Fetched
from stream.reading.privacy import Pseudonyms

ROWS = 3 * AT_ONCE + 7


class Killed(Exception):
    """The process ended here."""


class Kept:
    """What a publisher keeps. Takes `whole` givings, then only `rows` of the next: the process is killed there."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.memory: dict[str, Fetched] = {}
        self.left: tuple[int, int] | None = None

    async def give(self, *pieces: Piece) -> None:
        if self.left is None or self.left[0]:
            self._take(pieces)
            self.left = self.left and (self.left[0] - 1, self.left[1])
            return
        self._take(pieces[: self.left[1]])
        raise Killed

    async def known(self, ids: Sequence[str]) -> dict[str, Fetched]:
        return {id: self.memory[id] for id in ids if id in self.memory}

    def _take(self, pieces: Sequence[Piece]) -> None:
        self.rows += [one.message.id for one in pieces if isinstance(one.message, Page)]
        self.memory |= {one.id: one for piece in pieces for one in piece.remember}


def write(path: Path, first: int, count: int) -> None:
    rows = [{"id": f"r{n}", "title": f"第{n}条", "published_at": "2025-09-12"} for n in range(first, first + count)]
    with path.open("a", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def read(folder: Path, kept: Kept) -> int:
    source = msgspec.convert({"id": "files", "kind": "file", "name": "n", "found_in": "t", "path": str(folder)}, Source)
    parts: Any = {"publisher": kept, "pseudonyms": Pseudonyms(b"k" * 32), "once": True, "page_bytes": 4 << 20}
    return asyncio.run(FileSpider(sources=[source], **parts).poll(source, is_first=True)).published


@pytest.mark.parametrize("cuts", [[(0, 0)], [(0, 5)], [(1, 0), (1, 3)], [(3, 7)], [(0, 1), (0, 1), (0, 1)]])
def test_it_goes_on_where_it_was_cut_off(tmp_path: Path, cuts: list[tuple[int, int]]) -> None:
    kept = Kept()
    write(tmp_path / "a.jsonl", 0, ROWS)
    for cut in cuts:
        kept.left = cut
        with pytest.raises(Killed):
            read(tmp_path, kept)
    kept.left = None
    so_far = len(kept.rows)
    assert read(tmp_path, kept) == ROWS - so_far
    assert kept.rows == [f"r{n}" for n in range(ROWS)]
    write(tmp_path / "a.jsonl", ROWS, 3)
    assert read(tmp_path, kept) == 3
    assert kept.rows == [f"r{n}" for n in range(ROWS + 3)]
    assert read(tmp_path, kept) == 0


def test_a_file_that_was_written_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    kept = Kept()
    write(tmp_path / "a.jsonl", 0, 10)
    kept.left = (0, 4)
    with pytest.raises(Killed):
        read(tmp_path, kept)
    (tmp_path / "a.jsonl").unlink()
    write(tmp_path / "a.jsonl", 50, 5)
    kept.left = None
    assert read(tmp_path, kept) == 5
    assert kept.rows == [*(f"r{n}" for n in range(4)), *(f"r{n}" for n in range(50, 55))]
