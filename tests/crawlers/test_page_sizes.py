"""A page as large as the bus takes: whatever it holds, its message fits, and no more is cut than must be."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from crawlers.polling import NEVER
from crawlers.sizes import ADDED_BYTES, fitted
from stream.core.codec import encode
from stream.core.documents import Capture, Page, Row

LIMIT = 65_536
NAME = f"huiying-20250912-4194304-{'f' * 8}.warc.gz"


def page(html: int | None = None, text: str | None = None, title: str | None = None) -> Page:
    content = None if html is None else bytes(range(256)) * (html // 256)
    return Page(id="p-1", collected_at=NEVER, url="u" * 2_000, html=content, row=Row(text=text, title=title))


def stamped(one: Page) -> Page:
    """As it is published."""
    at = datetime.fromisoformat("2025-09-12T08:00:00.000001+08:00")
    return msgspec.structs.replace(
        one, collected_at=at, capture=Capture(sha256="0" * 64, file=NAME, offset=268_435_456)
    )


@pytest.mark.parametrize(
    "one",
    [
        page(html=4 << 20),
        page(html=4 << 20, text="长" * 6_000),
        page(html=50_000, text="\x01" * 20_000, title="题" * 20_000),
        page(text="长" * 30_000),
        page(title="\x01" * 20_000),
    ],
    ids=["html", "html and text", "escapes", "text", "title"],
)
def test_it_fits_in_a_message(one: Page) -> None:
    cut = fitted(one, LIMIT)
    assert len(encode(stamped(cut))) <= LIMIT
    assert (one.html or b"").startswith(cut.html or b"")
    assert (one.row.text or "").startswith(cut.row.text or "")
    assert cut.row.title or not one.row.title
    assert (cut.html is None) == (one.html is None)


def test_no_more_is_cut_than_must_be() -> None:
    cut = fitted(page(html=4 << 20, text="短"), LIMIT)
    assert len(encode(cut)) > LIMIT - ADDED_BYTES - 4
    assert cut.row.text == "短"


@pytest.mark.parametrize("one", [page(), page(html=0), page(html=40_960, text="短", title="题")])
def test_what_fits_stays_as_it_is(one: Page) -> None:
    assert fitted(one, LIMIT) == one
