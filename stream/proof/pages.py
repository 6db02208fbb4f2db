"""The captured pages of an evidence file: the bytes are those that are listed, and they still give the facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from stream.core.cases import Incident
from stream.core.intervals import Interval
from stream.proof.archive import Fault
from stream.proof.parts import CAPTURE_NAME, CAPTURES, Captured, Told, Wording, sha256
from stream.proof.rereading import PAGE_SOURCES, Listed, read_record, reread

AGAIN = "请向出具方重新索取原文件"
Wordings = Mapping[tuple[str, datetime], Wording]


def captured(mention: str, record: bytes, listed: Listed) -> Captured:
    """The row of a record that stands in the file, with what the page gives when it is read again. Raises ValueError
    where it is no whole record."""
    fetch = read_record(record)
    given = reread(fetch, listed)
    return Captured(
        mention=mention, collected_at=listed.collected_at, sha256=fetch.sha256,
        part=f"captures/{sha256(record)}.warc.gz", why=None, url=fetch.url, fetched_at=fetch.fetched_at,
        status=fetch.status, encoding=listed.encoding, published=given.published if given else None,
        content_sha256=given.content_sha256 if given else None,
    )  # fmt: skip


def page_faults(
    rows: Sequence[Captured], told: Sequence[Told], incident: Incident, parts: Mapping[str, bytes]
) -> Iterator[Fault]:
    """What is wrong with the captures, or with a fact that one of them contradicts."""
    wordings, urls = wordings_of(told), {one.id: one.url for one in told}
    listed = {row.part for row in rows if row.part is not None}
    for name in sorted(name for name in parts if name.startswith("captures/") and name not in listed):
        yield Fault(part=name, what="存证清单中没有这一件", remedy=AGAIN)
    if [_key(row) for row in rows] != sorted({_key(row) for row in rows}):
        yield Fault(part=CAPTURES, what="重复，或次序不对", remedy=AGAIN)
    for row in rows:
        wording = wordings.get(_key(row))
        if wording is None or wording.capture_sha256 != row.sha256:
            yield Fault(part=CAPTURES, what=f"{row.mention} 的存证与 mentions.jsonl 不符", remedy=AGAIN)
        elif row.part is not None:
            known = Listed(
                url=urls[row.mention], title=wording.title, encoding=row.encoding, collected_at=row.collected_at
            )
            yield from _record_faults(row, parts, wording, known)
    yield from _time_faults(incident, rows)


def page_remarks(rows: Sequence[Captured], told: Sequence[Told]) -> Iterator[str]:
    """What a reader should know: texts that come from the list, not the page; captures that are a hash only."""
    wordings = wordings_of(told)
    for row in rows:
        wording = wordings.get(_key(row))
        if row.part is None or wording is None:
            continue
        if row.content_sha256 != wording.content_sha256:
            yield f"{row.mention}：正文取自列表或订阅源，页面另存于 {row.part}"
    absent = sum(row.part is None for row in rows)
    if absent:
        yield f"{absent} 件存证只有哈希（非机关渠道，或未存原样）"


def wordings_of(told: Sequence[Told]) -> dict[tuple[str, datetime], Wording]:
    """Every wording by its post and instant."""
    return {(one.id, wording.collected_at): wording for one in told for wording in one.wordings}


def _record_faults(row: Captured, parts: Mapping[str, bytes], wording: Wording, known: Listed) -> Iterator[Fault]:
    part = row.part or ""
    name = CAPTURE_NAME.fullmatch(part)
    record = parts.get(part)
    if name is None or record is None:
        yield Fault(part=CAPTURES, what=f"所列 {part[:100]} 不在文件中", remedy=AGAIN)
        return
    if sha256(record) != name.group(1):
        yield Fault(part=part, what="名称与其 SHA-256 不符", remedy=AGAIN)
    try:
        again = captured(row.mention, record, known)
    except ValueError as error:
        yield Fault(part=part, what=f"不是一条完整的存证记录（{error}）", remedy=AGAIN)
        return
    if again.sha256 != row.sha256:
        yield Fault(part=part, what="页面字节与所记 SHA-256 不符", remedy=AGAIN)
    elif (again.published, again.content_sha256) != (row.published, row.content_sha256):
        yield Fault(
            part=part, what="重新读出的发布时间或内容哈希与所记不符", remedy=f"请用出具该卷的软件版本复核；{AGAIN}"
        )
    elif again != row:
        yield Fault(part=CAPTURES, what=f"{part} 的网址、时间或状态与存证记录不符", remedy=AGAIN)
    if _is_of_page(wording.published) and again.published != wording.published:
        yield Fault(part="mentions.jsonl", what=f"{row.mention} 的发布时间在存证页面中读不出", remedy=AGAIN)


def _time_faults(incident: Incident, rows: Sequence[Captured]) -> Iterator[Fault]:
    """A response whose time was read from its page must find it in a capture of that page."""
    given: dict[str, list[Interval | None]] = {}
    for row in rows:
        if row.part is not None:
            given.setdefault(row.mention, []).append(row.published)
    for one in incident.responses:
        if one.mention in given and _is_of_page(one.published) and one.published not in given[one.mention]:
            what = f"发布 {one.mention} 的时间与存证页面重新读出的不符"
            yield Fault(part="incident.json", what=what, remedy=AGAIN)


def _is_of_page(published: Interval | None) -> bool:
    return published is not None and published.source in PAGE_SOURCES


def _key(row: Captured) -> tuple[str, datetime]:
    return row.mention, row.collected_at
