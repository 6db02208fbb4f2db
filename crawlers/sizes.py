"""A page as large as the bus takes (`max_page_bytes`): what is too long is cut, the vault keeps all."""

from __future__ import annotations

import msgspec

from stream.core.codec import encode
from stream.core.documents import Page

ADDED_BYTES = 1_000
"""What a message grows by before it is published: its instant, and where its capture lies (about 250 bytes)."""


def fitted(page: Page, limit: int) -> Page:
    """The page, no message of more than `limit` bytes once it is encoded: its HTML is cut, and where that does not
    suffice also what its list said of it."""
    whole = page.html or b""
    page = msgspec.structs.replace(page, html=None if page.html is None else b"")
    for name in ("text", "title"):
        while _room(page, limit) < 0 and (told := getattr(page.row, name)):
            shorter = told[: len(told) // 2] or None
            page = msgspec.structs.replace(page, row=msgspec.structs.replace(page.row, **{name: shorter}))
    if page.html is None:
        return page
    # Three bytes of HTML are four of the message (base64).
    return msgspec.structs.replace(page, html=whole[: max(_room(page, limit) // 4 * 3, 0)])


def _room(page: Page, limit: int) -> int:
    return limit - ADDED_BYTES - len(encode(page))
