"""Intake: what stands in files and on standard input, row by row, as `Page`, `Coverage`, `Decision` or `Rejected`.

The formats are docs/formats.md, "In: posts". Reading is streamed: memory is bounded by one row, whatever the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from stream.core.documents import Coverage, Decision, Page
from stream.core.records import Rejected
from stream.intake.columns import KINDS, Mode, read_row
from stream.intake.mapping import Mapping, load_mapping
from stream.intake.rejects import NEVER, Flaw, Place, rejected
from stream.intake.secret import load_pseudonyms
from stream.intake.sizes import is_carried, too_large
from stream.intake.tables import open_rows
from stream.reading.privacy import Pseudonyms

__all__ = ["NEVER", "Intake", "Mapping", "load_mapping", "load_pseudonyms", "read_posts"]

# Hostile rows may each bring new column names; past this many the rest is ignored silently.
REPORTED = 50

_KNOWN = frozenset(
    (
        *(
            "id",
            "url",
            "source",
            "account",
            "kind",
            "title",
            "text",
            "published_at",
            "collected_at",
            "author",
            "region",
        ),
        *("heat", "answers", "reply", "replied_at", "removed_at"),
        *("from", "to", "reachable", "reason"),
        *("at", "who", "what", "incident_of", "value", "why"),
    )
)


def _say_nothing(message: str) -> None:
    """The default notice: nobody asked."""


class Intake(Struct, frozen=True, kw_only=True):
    """How to read: `mode` replay demands a time, read does not; `encoding` is that of CSV files (None = detect);
    `notice` is told once of every unknown column (a sentence in Chinese). `max_page_bytes`: the largest message that
    the bus takes (the setting of that name), in both modes: what `read` takes, `replay` takes too."""

    pseudonyms: Pseudonyms
    mode: Mode = "replay"
    mapping: Mapping = Mapping()
    encoding: str | None = None
    notice: Callable[[str], None] = _say_nothing
    max_page_bytes: int = 4 << 20


def read_posts(path: str | Path, intake: Intake) -> Iterator[Page | Coverage | Decision | Rejected]:
    """Every row of `path` (`-` = standard input, JSONL), in the order of the file.

    A bad row comes out as `Rejected` with file, line and reason; the rest goes on. Raises UsageError when the file is
    missing or of an unknown kind.
    """
    known = _KNOWN | intake.mapping.sources()
    reported: set[str] = set()
    for line, cells in open_rows(path, intake.encoding):
        place = Place(file=str(path), line=line)
        if isinstance(cells, Flaw):
            yield rejected(place, cells)
            continue
        strange = [f"不认识的列“{name[:40]}”，已忽略" for name in cells if name not in known]
        ours = intake.mapping.apply(cells)
        if (kind := str(ours.get("kind", "post"))) not in KINDS:
            strange.append(f"不认识的 kind“{kind[:40]}”，按 post 处理")
        _report(strange, reported, intake.notice)
        for row in read_row(ours, place, intake.mode, intake.pseudonyms):
            yield row if is_carried(row, intake.max_page_bytes) else rejected(place, too_large(row))


def _report(strange: list[str], reported: set[str], notice: Callable[[str], None]) -> None:
    """Tells of each strange thing once."""
    for sentence in strange:
        if sentence not in reported and len(reported) < REPORTED:
            reported.add(sentence)
            notice(sentence.encode("utf-8", "replace").decode())
