"""Reads a captured page again: which time and which text it gives. Pure but for decompressing what it is handed."""

from __future__ import annotations

import hashlib
import io
import zlib
from datetime import datetime

from msgspec import Struct
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from stream.core.intervals import SHANGHAI, Interval
from stream.reading.pages import extract_page
from stream.steps.extract import SLACK, clean, content_sha256

MOST_PAGE = 64 << 20
"""A capture unfolds to no more than this: the largest page that a crawler may be set to take (max_page_bytes)."""
PAGE_SOURCES = frozenset(("page", "url"))
"""Sources of an interval that was read from the page itself (stream.reading.page_times)."""


class Fetch(Struct, frozen=True, kw_only=True):
    """One captured exchange. `sha256`: of the body, computed from the bytes at hand."""

    url: str
    fetched_at: datetime
    status: int
    body: bytes
    sha256: str
    content_type: str


class Given(Struct, frozen=True, kw_only=True):
    """What a page gives when it is read."""

    published: Interval | None
    content_sha256: str


class Listed(Struct, frozen=True, kw_only=True):
    """What was known of a page beside its bytes: the address it was listed under, the title as kept, the encoding that
    sources.yaml names, when it was collected."""

    url: str | None
    title: str
    encoding: str | None
    collected_at: datetime


def read_record(record: bytes) -> Fetch:
    """The exchange in one gzip member holding one WARC record. Raises ValueError where it is anything else."""
    try:
        member = zlib.decompressobj(31)
        plain = member.decompress(record, MOST_PAGE + (1 << 20))
        if not member.eof or member.unused_data or member.unconsumed_tail:
            raise ValueError("not one whole gzip member")
        found = next(iter(ArchiveIterator(io.BytesIO(plain))), None)
        if found is None or found.rec_type != "response" or found.http_headers is None:
            raise ValueError("no response")
        body = found.content_stream().read()
        stated = found.rec_headers.get_header("WARC-Date") or ""
        return Fetch(
            url=found.rec_headers.get_header("WARC-Target-URI") or "",
            fetched_at=datetime.fromisoformat(stated.replace("Z", "+00:00")).astimezone(SHANGHAI),
            status=int(found.http_headers.get_statuscode()), body=body, sha256=hashlib.sha256(body).hexdigest(),
            content_type=found.http_headers.get_header("Content-Type") or "",
        )  # fmt: skip
    except (zlib.error, ArchiveLoadFailed, EOFError, OSError, TypeError, AttributeError, LookupError) as error:
        # The last three are what warcio raises on records without the headers it counts on.
        raise ValueError(f"{type(error).__name__}") from error


def reread(fetch: Fetch, listed: Listed) -> Given | None:
    """As the extract step read it; None where it is no page of text."""
    kind = (fetch.content_type or "text/html").split(";")[0].strip().lower()
    if not (kind.startswith("text/") or kind in {"application/xhtml+xml", "application/xml", ""}):
        return None
    found = extract_page(fetch.body, listed.url, listed.encoding or _charset(fetch.content_type))
    published = found.published
    # The same test of belief as in stream.steps.extract.
    if published is not None and (published.earliest is None or published.earliest > listed.collected_at + SLACK):
        published = None
    return Given(published=published, content_sha256=content_sha256(listed.title, clean(found.text)))


def _charset(content_type: str) -> str | None:
    _, _, charset = content_type.lower().partition("charset=")
    return charset.split(";")[0].strip(" \"'") or None
