"""What every export is made of: a paper with a title, lines under it, tables and notes. The builders fill it, the
writers (`sheets`, `papers`, `as_json`) give it to a file format. Crawled text was made harmless here, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO

import msgspec
from msgspec import Struct

from dashboard.drawing import plain

Cell = str | int

CELL_LIMIT = 2_000  # characters; a sheet's cell holds 32,767, a reader far less
SHEET_ROWS = 100_000  # a sheet holds 1,048,576; past this nobody reads, and writing takes minutes
PAPER_ROWS = 2_000  # a printed table longer than this helps nobody; the sheet and the JSON hold more


class Table(Struct, frozen=True, kw_only=True):
    """`key`: its name in JSON; `name`: the sheet's, the heading's; `widths`: of the columns, in characters."""

    key: str
    name: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    rows: list[list[Cell]]


class Paper(Struct, frozen=True, kw_only=True):
    """A title, the head fields (name, value), tables, and sentences below. `is_form`: its one table is a form whose
    title and head fields stand above the columns on every sheet; else they have a sheet of their own."""

    title: str
    head: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    is_form: bool = False


class Frame(Struct, frozen=True, kw_only=True):
    """What was asked for: a body, a region (the digits its codes begin with), a span of first publication [since,
    until), and as known when. `now`: the instant that all statements hold for. `book`: the rule book's version."""

    now: datetime
    as_of: datetime | None = None
    body: str | None = None
    region: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    book: str = ""


def printable(text: str, limit: int = CELL_LIMIT) -> str:
    """What a file format can carry and a reader bear: no unseen characters, at most `limit`; line ends stay."""
    return plain(text, limit)


def one_line(text: object, limit: int = 300) -> str:
    """Crawled text for the middle of a sentence: no unseen characters, no line ends, at most `limit`."""
    return " ".join(plain(text, limit).split())


def cleaned(rows: Iterable[Sequence[Cell]]) -> list[list[Cell]]:
    """Rows whose texts any file format can carry."""
    return [[printable(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]


def is_cut(table: Table, most: int) -> str | None:
    """The sentence where a file does not hold every row of a table."""
    if len(table.rows) <= most:
        return None
    return f"“{table.name}”共 {len(table.rows)} 行，此处列出前 {most} 行；请缩小日期、地区或对象，或改用 json。"


def write_json(paper: Paper, out: IO[bytes]) -> None:
    """Every row of every table, then title, head fields and notes."""
    whole = {
        **{one.key: [dict(zip(one.columns, row, strict=True)) for row in one.rows] for one in paper.tables},
        "title": paper.title, "head": dict(paper.head), "notes": list(paper.notes),
    }  # fmt: skip
    out.write(msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n")
