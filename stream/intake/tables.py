"""Files as rows of named cells: JSONL, CSV, XLSX, each optionally gzipped. What cannot be a row is a `Flaw`."""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from stream.errors import UsageError
from stream.intake.rejects import Flaw
from stream.intake.sheets import sheet_rows

Cells = dict[str, Any]
Numbered = tuple[int | None, Cells | Flaw]

LINE_BYTES = 16 << 20  # A row of this length is no post; the limit keeps memory bounded.
SNIFFED_BYTES = 64 << 10

_decode_json = msgspec.json.Decoder().decode


def open_rows(path: str | Path, encoding: str | None = None) -> Iterator[Numbered]:
    """(line, cells or flaw) of every row. Raises UsageError if the file is missing or of an unknown kind."""
    with ExitStack() as stack:
        try:
            source, kind = _open(path, stack)
        except OSError as error:
            raise UsageError(f"{path}：打不开（{error.strerror}）。请检查路径和权限") from None
        try:
            yield from _rows(source, kind, encoding)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            yield None, Flaw(reason="broken_file")


def _open(path: str | Path, stack: ExitStack) -> tuple[IO[bytes], str]:
    """The bytes of `path`, unzipped where they are gzip (told by content, not by name), and the kind of table."""
    if str(path) == "-":
        source: IO[bytes] = sys.stdin.buffer
        kind = ".jsonl"
    else:
        path = Path(path)
        kind = next((one.lower() for one in reversed(path.suffixes) if one.lower() != ".gz"), "")
        if kind not in {".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".xlsx"}:
            raise UsageError(f"{path}：不认识的文件类型。请用 .jsonl、.csv 或 .xlsx（可再加 .gz）")
        source = stack.enter_context(path.open("rb"))
    buffered = source if hasattr(source, "peek") else BufferedReader(cast(Any, source))
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        return cast(IO[bytes], stack.enter_context(gzip.open(buffered))), kind
    return buffered, kind


def _rows(source: IO[bytes], kind: str, encoding: str | None) -> Iterator[Numbered]:
    if kind == ".xlsx":
        return sheet_rows(source)
    if kind in {".csv", ".tsv"}:
        return _csv_rows(source, encoding)
    return _json_rows(source)


def _lines(source: IO[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """(number, line, whole?) with at most LINE_BYTES of a line; the rest of a longer one is skipped."""
    number = 0
    while line := source.readline(LINE_BYTES):
        number += 1
        whole = line.endswith(b"\n") or len(line) < LINE_BYTES
        rest = b"" if whole else line
        while rest and not rest.endswith(b"\n"):
            rest = source.readline(LINE_BYTES)
        yield number, line.removeprefix(codecs.BOM_UTF8) if number == 1 else line, whole


# --- JSONL ------------------------------------------------------------------------------------------------------------


def _json_rows(source: IO[bytes]) -> Iterator[Numbered]:
    for number, line, whole in _lines(source):
        if not whole:
            yield number, Flaw(reason="too_long", raw=line[:2000].decode("utf-8", "replace"))
        elif line.strip():
            yield number, _json_row(line)


def _json_row(line: bytes) -> Cells | Flaw:
    try:
        row = _decode_json(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        row = _lenient(line)
    if isinstance(row, dict | Flaw):
        return row
    return Flaw(reason="broken_json", raw=line[:2000].decode("utf-8", "replace"))


def _lenient(line: bytes) -> Any:
    """What the fast decoder refuses and a person can still read: raw control characters, lone surrogates."""
    try:
        text = line.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return Flaw(reason="wrong_encoding", raw=line[:2000].decode("utf-8", "replace"))
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return Flaw(reason="broken_json", raw=text[:2000])


# --- CSV --------------------------------------------------------------------------------------------------------------


class _CsvText:
    """Decoded lines for the csv reader. Undecodable bytes become surrogates, to be found again in the cells."""

    def __init__(self, source: IO[bytes], encoding: str) -> None:
        self._source = source
        self._encoding = encoding
        self.cut = False

    def __iter__(self) -> Iterator[str]:
        for _, line, whole in _lines(self._source):
            self.cut = self.cut or not whole
            yield line.decode(self._encoding, "surrogateescape")


def _csv_rows(source: IO[bytes], encoding: str | None) -> Iterator[Numbered]:
    csv.field_size_limit(LINE_BYTES)
    sample = _peek(source)
    text = _CsvText(source, encoding or _encoding_of(sample))
    reader = csv.reader(text, delimiter=_delimiter_of(sample))
    try:
        header = [name.strip().encode("utf-8", "replace").decode() for name in next(reader, [])]
    except csv.Error:
        yield 1, Flaw(reason="broken_table")
        return
    first = reader.line_num + 1
    while True:
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield first, Flaw(reason="too_long" if "field larger" in str(error) else "broken_table")
            values = []
        if values is None:
            return
        if values:
            yield first, _csv_row(header, values, text)
        first = reader.line_num + 1


def _csv_row(header: list[str], values: list[str], text: _CsvText) -> Cells | Flaw:
    cells = {name: value for name, value in zip(header, values, strict=False) if value and name}
    if text.cut:
        text.cut = False
        return Flaw(reason="too_long", raw={name: value[:200] for name, value in cells.items()})
    if any(_is_escaped(value) for value in cells.values()):
        return Flaw(reason="wrong_encoding", raw=cells, of=cells.get("id"))
    return cells


def _is_escaped(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def _peek(source: IO[bytes]) -> bytes:
    """The beginning, without reading it away (gzip and buffered files can peek)."""
    return bytes(cast(BufferedReader, source).peek(SNIFFED_BYTES))


def _encoding_of(sample: bytes) -> str:
    """UTF-8 unless most lines that are not ASCII are no UTF-8: one bad line must not turn the file into another."""
    lines = [line for line in sample.split(b"\n")[:-1] or [sample] if not line.isascii()]
    return "gb18030" if sum(map(_is_utf8, lines)) * 2 < len(lines) else "utf-8"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _delimiter_of(sample: bytes) -> str:
    header = sample.split(b"\n", 1)[0].decode("latin-1")
    return max(",\t;", key=header.count)
