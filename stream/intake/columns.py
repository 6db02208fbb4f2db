"""One row of columns as what travels: a page (and its reply), a coverage, a decision; or why it cannot be used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, cast, get_args

import msgspec

from stream.core.documents import Coverage, Decision, DecisionKind, Page, PostKind, Row
from stream.core.intervals import Interval
from stream.core.records import Rejected
from stream.intake.cells import instant_of, is_formula, is_readable, number_of, text_of, truth_of
from stream.intake.instants import check_range, is_out_of_range
from stream.intake.rejects import NEVER, Flaw, Place, RowFlawed, rejected
from stream.reading.privacy import Pseudonyms

Mode = Literal["replay", "read"]
Cells = dict[str, Any]

TEXT_CHARS = 1 << 20
"""Longest title + text of a post, in characters: a book. Nothing that a person would post is longer."""

KINDS = frozenset(("coverage", "decision", *get_args(PostKind)))
_POST_KINDS = frozenset(get_args(PostKind))
_DECISIONS = frozenset(get_args(DecisionKind))


def read_row(
    cells: Cells, place: Place, mode: Mode, pseudonyms: Pseudonyms
) -> Iterator[Page | Coverage | Decision | Rejected]:
    """What one row says: one message, or a post and its reply. A flaw gives a `Rejected` that names the row's id."""
    kind = cells.get("kind")
    try:
        if kind == "coverage":
            yield _coverage(cells)
        elif kind == "decision":
            yield _decision(cells)
        else:
            yield from _post(cells, place, mode, pseudonyms)
    except RowFlawed as flaw:
        yield rejected(place, Flaw(reason=flaw.reason, raw=cells, of=_id_for_reject(cells)))


def _post(cells: Cells, place: Place, mode: Mode, pseudonyms: Pseudonyms) -> Iterator[Page | Rejected]:
    page = _page(cells, mode, pseudonyms)
    yield page
    try:
        reply = _reply(cells, page, mode)
    except RowFlawed as flaw:
        raw = {"reply": cells.get("reply"), "replied_at": cells.get("replied_at")}
        yield rejected(place, Flaw(reason=flaw.reason, raw=raw, of=f"{page.id}#reply"), page.collected_at)
        return
    if reply is not None:
        yield reply


def _page(cells: Cells, mode: Mode, pseudonyms: Pseudonyms) -> Page:
    title, text = text_of(cells, "title"), text_of(cells, "text")
    _check_text(title, text)
    published, collected_at = _when(cells, mode)
    account, url, source = text_of(cells, "account"), text_of(cells, "url"), text_of(cells, "source")
    author = text_of(cells, "author")
    kind = (text_of(cells, "kind") or "post").strip().lower()
    removed = instant_of(cells.get("removed_at"))
    return Page(
        id=_given_id(cells) or _derived_id(url, (source, account, title, text), published),
        collected_at=collected_at,
        source=source,
        url=url,
        account=account,
        kind=cast(PostKind, kind if kind in _POST_KINDS else "post"),
        row=Row(
            title=title,
            text=text,
            published=published,
            author=pseudonyms.of(author, source, collected_at) if author else None,
            region=text_of(cells, "region"),
            heat=number_of(cells, "heat"),
            answers=text_of(cells, "answers"),
            removed_at=removed.latest if removed else None,
        ),
    )


def _reply(cells: Cells, post: Page, mode: Mode) -> Page | None:
    """The board's answer in the same row, as a post of its own (docs/formats.md: reply, replied_at)."""
    text = text_of(cells, "reply")
    if text is None or not is_readable(text):
        return None
    _check_text(None, text)
    published = instant_of(cells.get("replied_at"))
    collected_at = post.collected_at
    if mode == "replay":
        check_range(cells.get("replied_at"), published, None)
    elif is_out_of_range(cells.get("replied_at"), published, None):
        published = None
    if published is not None and not (_has_own_time(cells) and collected_at > published.latest):
        collected_at = published.latest
    return Page(
        id=f"{post.id}#reply",
        collected_at=collected_at,
        source=post.source,
        url=post.url,
        kind="authority",
        row=Row(text=text, published=published, region=post.row.region, answers=post.id),
    )


def _when(cells: Cells, mode: Mode) -> tuple[Interval | None, datetime]:
    """(published, collected_at); the range is checked in replay, in read what is out of it is unknown."""
    published = instant_of(cells.get("published_at"))
    collected = instant_of(cells.get("collected_at"))
    collected_at = collected.latest if collected else None
    if mode == "read":
        if is_out_of_range(cells.get("published_at"), published, collected_at):
            published = None
        return published, collected_at or (published.latest if published else NEVER)
    check_range(cells.get("collected_at"), collected, None)
    check_range(cells.get("published_at"), published, collected_at)
    if collected_at is None:
        if published is None:
            raise RowFlawed("no_time")
        collected_at = published.latest
    return published, collected_at


def _has_own_time(cells: Cells) -> bool:
    return instant_of(cells.get("collected_at")) is not None


def _check_text(title: str | None, text: str | None) -> None:
    if title is None and text is None:
        raise RowFlawed("no_text")
    if len(title or "") + len(text or "") > TEXT_CHARS:
        raise RowFlawed("too_long")
    if not (is_readable(title or "") or is_readable(text or "")):
        # A cell that held NUL alone has become empty; one of white space never said anything.
        is_blank = all(part and not part.strip() for part in (title, text) if part is not None)
        raise RowFlawed("no_text" if is_blank else "unreadable_text")
    if all(is_formula(part) for part in (title, text) if part is not None):
        raise RowFlawed("formula")


def _given_id(cells: Cells) -> str | None:
    return (text_of(cells, "id") or "").strip() or None


def _derived_id(url: str | None, content: tuple[str | None, ...], published: Interval | None) -> str:
    """The same page seen again has the same id: by its address, else by what it says, where and when."""
    known_by = url.strip() if url and url.strip() else msgspec.json.encode((content, published)).decode()
    return _digest("p-", known_by)


def _digest(prefix: str, *parts: object) -> str:
    return prefix + hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:16]


def _id_for_reject(cells: Cells) -> str | None:
    try:
        return _given_id(cells)
    except RowFlawed:
        return None


def _coverage(cells: Cells) -> Coverage:
    source = (text_of(cells, "source") or "").strip()
    start, end = instant_of(cells.get("from")), instant_of(cells.get("to"))
    reachable = truth_of(cells.get("reachable"))
    if not source or start is None or start.earliest is None or end is None or reachable is None:
        raise RowFlawed("bad_coverage")
    if end.latest < start.earliest or is_out_of_range(None, start, None) or is_out_of_range(None, end, None):
        raise RowFlawed("bad_coverage")
    return Coverage(
        id=_given_id(cells) or _digest("c-", source, start.earliest, end.latest, reachable),
        collected_at=end.latest,
        source=source,
        from_at=start.earliest,
        to_at=end.latest,
        reachable=reachable,
        reason=text_of(cells, "reason"),
    )


def _decision(cells: Cells) -> Decision:
    who, what, post = (text_of(cells, name) for name in ("who", "what", "incident_of"))
    at = instant_of(cells.get("at"))
    if not who or not post or what not in _DECISIONS or at is None or is_out_of_range(None, at, None):
        raise RowFlawed("bad_decision")
    value = _decided(cells.get("value"))
    return Decision(
        id=_given_id(cells) or _digest("d-", at.latest, who, what, post, value),
        collected_at=at.latest,
        who=who,
        what=cast(DecisionKind, what),
        incident_of=post,
        value=value,
        why=text_of(cells, "why") or "",
    )


def _decided(value: Any) -> Any:
    """In a table cell a list or object is written as JSON."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return msgspec.json.decode(value)
        except msgspec.MsgspecError:
            return value
    return value
