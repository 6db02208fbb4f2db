"""Files that partners drop into a folder (or one file): rows as in docs/formats.md, "In: posts"."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from crawlers.pieces import Piece, fetched_id
from crawlers.polling import NEVER, Outcome
from crawlers.refusals import NotFetched
from crawlers.sources import Source
from crawlers.watch import PollingSpider
from stream.core.documents import Coverage, Decision, Page
from stream.core.records import Fetched, Rejected
from stream.errors import UsageError
from stream.intake import Intake, read_posts

ENDINGS = (".jsonl", ".csv", ".xlsx")
CHUNK = 1 << 20
AT_ONCE = 200
HALF_WRITTEN = (".part", ".tmp", ".crdownload")


class FileSpider(PollingSpider):
    """Reads each file once, and again when its content changed; what was read before is then only read over where the
    file has merely grown. Partners should write aside and rename: a file that is still being written is read as far
    as it goes."""

    name = "file"

    def __init__(self, *, turns: object = None, **parts: Any) -> None:
        super().__init__(**parts)  # files stand at no host: nobody's turn

    async def poll(self, source: Source, is_first: bool) -> Outcome:
        """Every new or changed file, in order of name. Raises NotFetched where the folder cannot be read."""
        try:
            files = await asyncio.to_thread(dropped_files, Path(source.path or "."))
        except OSError as error:
            raise NotFetched("later", "file_unreadable") from error
        known = await self.publisher.known([_key(source, file) for file in files])
        published = 0
        for file in files:
            published += await self._file(source, file, known.get(_key(source, file)))
        return Outcome(found=len(files), published=published)

    async def _file(self, source: Source, file: Path, known: Fetched | None) -> int:
        try:
            size, digest = await asyncio.to_thread(_digest, file, None)
            if known is not None and known.sha256 == digest:
                return 0
            half = await self._half_read(source, file, digest)
            skip = max(await asyncio.to_thread(_rows_read, file, known), half)
            read = Fetched(id=_key(source, file), collected_at=NEVER, source=source.id, url=file.name, sha256=digest,
                           etag=f"{size}", last_modified="0")  # fmt: skip
            number = await self._give_rows(source, file, skip, read)
        except (OSError, UsageError, UnicodeError) as error:
            raise NotFetched("later", "file_unreadable") from error
        await self.publisher.give(Piece(remember=(_so_far(read, number),)))
        return max(number - skip, 0)

    async def _half_read(self, source: Source, file: Path, digest: str) -> int:
        """Rows of this very file that a killed crawl had given: they are not stamped a second time."""
        key = _key(source, file, "half")
        found = (await self.publisher.known([key])).get(key)
        return int(found.last_modified or 0) if found is not None and found.sha256 == digest else 0

    async def _give_rows(self, source: Source, file: Path, skip: int, read: Fetched) -> int:
        """Every row after the first `skip`, each with how far the file is read by then; how many rows there are."""
        half = msgspec.structs.replace(read, id=_key(source, file, "half"))
        rows = self._rows(source, file)
        number = 0
        while chunk := await asyncio.to_thread(lambda: list(islice(rows, AT_ONCE))):
            pieces = [Piece(message=row, remember=(_so_far(half, at),)) for at, row in enumerate(chunk, number + 1)]
            await self.publisher.give(*pieces[max(skip - number, 0) :])
            number += len(chunk)
        return number

    def _rows(self, source: Source, file: Path) -> Iterator[Page | Coverage | Decision | Rejected]:
        """Rows as they stand; those that name no source are this source's."""
        intake = Intake(pseudonyms=self.pseudonyms, mode="read", max_page_bytes=self.page_bytes)
        for row in read_posts(file, intake):
            yield (
                msgspec.structs.replace(row, source=source.id) if isinstance(row, Page) and row.source is None else row
            )


def dropped_files(path: Path) -> list[Path]:
    """The readable files of a folder (not of its folders), or the one file. Raises OSError if there is none such."""
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file() and _is_ours(file.name.lower()))
    path.stat()
    return [path]


def _is_ours(name: str) -> bool:
    return name.removesuffix(".gz").endswith(ENDINGS) and not name.startswith(".") and not name.endswith(HALF_WRITTEN)


def _key(source: Source, file: Path, state: str = "file") -> str:
    return fetched_id(source.id, f"{state}:{file.name}")


def _so_far(read: Fetched, number: int) -> Fetched:
    return msgspec.structs.replace(read, last_modified=f"{number}")


def _digest(file: Path, limit: int | None) -> tuple[int, str]:
    """Size and SHA-256 of a file, or of its first `limit` bytes."""
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as stream:
        while part := stream.read(CHUNK if limit is None else min(CHUNK, limit - size)):
            digest.update(part)
            size += len(part)
    return size, digest.hexdigest()


def _rows_read(file: Path, known: Fetched | None) -> int:
    """How many rows were read before, if the file still begins with them."""
    if known is None or not known.etag or not known.last_modified:
        return 0
    is_grown = _digest(file, int(known.etag)) == (int(known.etag), known.sha256)
    return int(known.last_modified) if is_grown else 0
