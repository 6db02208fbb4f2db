"""XLSX as rows, streamed. Formulas are never evaluated: their stored value is taken, or the cell is a `Formula`."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from msgspec import Struct

from stream.intake.rejects import Flaw

UNZIPPED_BYTES = 512 << 20  # openpyxl keeps the table of shared strings in memory; a zip bomb must not fill it
SPOOLED_BYTES = 8 << 20


class Formula(Struct, frozen=True):
    """A cell that holds a formula and no stored value."""


def sheet_rows(source: IO[bytes]) -> Iterator[tuple[int | None, dict[str, Any] | Flaw]]:
    """(row number, cells) of the first sheet; its first row names the columns."""
    with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as whole:
        shutil.copyfileobj(source, whole)
        try:
            yield from _sheet_rows(whole)
        except _damaged():
            yield None, Flaw(reason="broken_file")


def _sheet_rows(whole: IO[bytes]) -> Iterator[tuple[int | None, dict[str, Any] | Flaw]]:
    with zipfile.ZipFile(whole) as parts:
        if sum(part.file_size for part in parts.infolist()) > UNZIPPED_BYTES:
            yield None, Flaw(reason="too_long")
            return
    rows = _cells(whole, stored=False)
    header = [str(cell.value or "").strip() for cell in next(rows, ())]
    stored: Iterator[tuple[Any, ...]] | None = None
    at = 0  # rows of the stored view consumed so far
    for number, row in enumerate(rows, 2):
        cells = {name: _value(cell) for name, cell in zip(header, row, strict=False) if name and cell.value is not None}
        if any(isinstance(value, Formula) for value in cells.values()):
            stored = stored or _cells(whole, stored=True)
            for _ in range(number - at - 1):
                next(stored, ())
            at = number
            cells = _with_stored(cells, header, next(stored, ()))
        if cells:
            yield number, cells


def _damaged() -> tuple[type[Exception], ...]:
    """What zipfile and openpyxl raise on files that are cut, encrypted, or hold something else."""
    from openpyxl.utils.exceptions import InvalidFileException

    return (
        *(zipfile.BadZipFile, InvalidFileException, ParseError, OSError, RuntimeError),
        *(KeyError, IndexError, ValueError, TypeError),
    )


def _cells(whole: IO[bytes], *, stored: bool) -> Iterator[tuple[Any, ...]]:
    # Here and below, since openpyxl takes an eighth of a second to load and most tables are JSONL.
    from openpyxl import load_workbook

    book = load_workbook(whole, read_only=True, data_only=stored, keep_links=False)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # a file may claim a million columns; rows are then padded to them
    return iter(sheet.iter_rows())


def _with_stored(cells: dict[str, Any], header: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    """Formulas replaced by what the program that wrote the file had computed, where it stored that."""
    found = {name: _value(cell) for name, cell in zip(header, row, strict=False) if cell.value is not None}
    return {name: found.get(name, value) if isinstance(value, Formula) else value for name, value in cells.items()}


def _value(cell: Any) -> Any:
    """Text, number or bool; dates as text, and a date without a clock in its format as a date alone."""
    value = cell.value
    if cell.data_type == "f":
        return Formula()
    if isinstance(value, datetime):
        has_clock = value.time() != time.min or "h" in str(cell.number_format).lower()
        return value.isoformat(sep=" ") if has_clock else value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else value
