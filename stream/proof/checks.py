"""`huiying verify`: whether an evidence file holds together, and whether the same verdict follows from its facts.

Every fault names the part. The file is hostile until proven otherwise: sizes are bounded before anything is unfolded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from stream.core.audit import link_sha256, sha256_of
from stream.core.cases import Incident, Judgement
from stream.core.records import AuditEntry
from stream.proof import parts as names
from stream.proof.archive import Fault, Refused, unpack
from stream.proof.book import Book, read_book
from stream.proof.computation import computation
from stream.proof.facts import cited
from stream.proof.judging import ruled
from stream.proof.pages import page_faults, page_remarks
from stream.proof.parts import Captured, Manifest, Polled, Told, Versions, read_document, read_lines, sha256
from stream.proof.programs import judging_sha256, reading_sha256, software
from stream.proof.readme import README

AGAIN = "请向出具方重新索取原文件"
MOST_DIFFERENCES = 20


class Contents(Struct, frozen=True, kw_only=True):
    """The parts, read."""

    manifest: Manifest
    versions: Versions
    incident: Incident
    judgement: Judgement
    told: list[Told]
    rows: list[Polled]
    captures: list[Captured]
    links: list[AuditEntry]
    book: Book


class Finding(Struct, frozen=True, kw_only=True):
    """What came of it: sound where there is no fault. `remarks`: what a reader should know; `contents` None where the
    file could not be read."""

    faults: list[Fault]
    remarks: list[str]
    contents: Contents | None


def verify(file: bytes) -> Finding:
    """Checks an evidence file by itself, without any seal. Never raises on what a file holds."""
    try:
        parts = unpack(file)
        if faults := list(_listing_faults(parts)):
            return Finding(faults=faults, remarks=[], contents=None)
        contents = _read(parts)
    except Refused as refused:
        return Finding(faults=[refused.fault], remarks=[], contents=None)
    faults = [
        *_consistency_faults(contents),
        *_verdict_faults(contents),
        *_text_faults(contents, parts),
        *page_faults(contents.captures, contents.told, contents.incident, parts),
        *_audit_faults(contents),
    ]
    remarks = [*_remarks(contents), *page_remarks(contents.captures, contents.told)]
    return Finding(faults=faults, remarks=remarks, contents=contents)


def _listing_faults(parts: Mapping[str, bytes]) -> Iterator[Fault]:
    """The manifest against what is there."""
    missing = sorted(names.NAMES - parts.keys())
    yield from (Fault(part=one, what="缺少这一部分", remedy=AGAIN) for one in missing)
    if names.MANIFEST not in parts:
        return
    manifest = read_document(names.MANIFEST, parts[names.MANIFEST], Manifest)
    if manifest.format != names.FORMAT:
        remedy = "请用出具该卷的软件版本复核"
        yield Fault(
            part=names.MANIFEST, what=f"格式为第 {manifest.format} 版，本软件只认第 {names.FORMAT} 版", remedy=remedy
        )
    listed = {one.name: one for one in manifest.parts}
    if [one.name for one in manifest.parts] != sorted(listed):
        yield Fault(part=names.MANIFEST, what="所列各部分重复或次序不对", remedy=AGAIN)
    for name in sorted(parts.keys() - listed.keys() - {names.MANIFEST}):
        yield Fault(part=name, what="清单（manifest.json）中没有这一部分", remedy=AGAIN)
    for name in sorted(listed.keys() - parts.keys() - set(missing)):
        yield Fault(part=name, what="清单（manifest.json）列有，文件中没有", remedy=AGAIN)
    for name in sorted(listed.keys() & parts.keys()):
        content, one = parts[name], listed[name]
        if (one.size, one.sha256) != (len(content), sha256(content)):
            yield Fault(part=name, what="大小或 SHA-256 与清单（manifest.json）不符", remedy=AGAIN)


def _read(parts: Mapping[str, bytes]) -> Contents:
    return Contents(
        manifest=read_document(names.MANIFEST, parts[names.MANIFEST], Manifest),
        versions=read_document(names.VERSIONS, parts[names.VERSIONS], Versions),
        incident=read_document(names.INCIDENT, parts[names.INCIDENT], Incident),
        judgement=read_document(names.JUDGEMENT, parts[names.JUDGEMENT], Judgement),
        told=read_lines(names.MENTIONS, parts[names.MENTIONS], Told),
        rows=read_lines(names.COVERAGE, parts[names.COVERAGE], Polled),
        captures=read_document(names.CAPTURES, parts[names.CAPTURES], list[Captured]),
        links=read_lines(names.AUDIT, parts[names.AUDIT], AuditEntry),
        book=read_book(parts),
    )


def _consistency_faults(contents: Contents) -> Iterator[Fault]:
    """That the parts speak of the same thing."""
    manifest, incident, as_of = contents.manifest, contents.incident, contents.manifest.as_of
    if incident.id != manifest.incident:
        yield Fault(part=names.INCIDENT, what=f"是事件 {incident.id}，清单写的是 {manifest.incident}", remedy=AGAIN)
    if contents.versions.rules != contents.book.rules.version:
        yield Fault(part=names.VERSIONS, what="规则库版本与 rules.yaml 不符", remedy=AGAIN)
    if manifest.coverage == "assumed" and contents.rows:
        yield Fault(part=names.COVERAGE, what="清单称沉默视为证据，却附有轮询记录", remedy=AGAIN)
    if incident.collected_at > as_of:
        yield Fault(part=names.INCIDENT, what="含有截止时刻之后才获知的事实", remedy=AGAIN)
    if any(one.known_at > as_of for one in contents.rows):
        yield Fault(part=names.COVERAGE, what="含有截止时刻之后才获知的轮询记录", remedy=AGAIN)
    order = [(one.source, one.from_at, one.to_at, one.known_at) for one in contents.rows]
    if order != sorted(order):
        yield Fault(part=names.COVERAGE, what="次序不对", remedy=AGAIN)
    roles = {one.id: one.cited_for for one in contents.told}
    expected = {id: sorted(found) for id, found in cited(incident).items()}
    if roles != expected or [one.id for one in contents.told] != sorted(roles):
        yield Fault(part=names.MENTIONS, what="所列信息与 incident.json 所引的不一致", remedy=AGAIN)


def _verdict_faults(contents: Contents) -> Iterator[Fault]:
    """The verdict again, from facts, fetch log, rules and register."""
    manifest = contents.manifest
    rows = None if manifest.coverage == "assumed" else contents.rows
    try:
        again = ruled(contents.incident, rows, contents.book, manifest.as_of)
    except (ArithmeticError, LookupError, ValueError, RecursionError) as error:
        what = f"不能据卷中事实重新裁定（{type(error).__name__}）"
        yield Fault(part=names.INCIDENT, what=what, remedy=_remedy(contents))
        return
    stated, computed = msgspec.to_builtins(contents.judgement), msgspec.to_builtins(again)
    for number, (place, one, other) in enumerate(_differences(stated, computed, "")):
        if number == MOST_DIFFERENCES:
            return
        what = f"{place}：卷中 {_shown(one)}，重新裁定得 {_shown(other)}"
        yield Fault(part=names.JUDGEMENT, what=what, remedy=_remedy(contents))


def _remedy(contents: Contents) -> str:
    if contents.versions.judging_sha256 == judging_sha256():
        return (
            f"{names.INCIDENT}、{names.COVERAGE}、{names.RULES}、{names.AUTHORITIES} 与本部分至少有一处被改动；{AGAIN}"
        )
    return f"裁定程序与本机不同，请先用软件 {contents.versions.software} 复核；仍不符即为改动"


def _differences(one: Any, other: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """Where two plain values differ, deepest place first named: fields by name, rows by rule and clock."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*other, *one]):
            yield from _differences(one.get(key), other.get(key), f"{place}.{key}" if place else str(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differences(left, right, f"{place}[{_label(right, number)}]")
    elif one != other:
        yield place or "整个部分", one, other


def _label(row: Any, number: int) -> str:
    if isinstance(row, dict) and "rule" in row:
        return "/".join(str(row[key]) for key in ("rule", "clock", "body") if row.get(key) is not None)
    return str(number + 1)


def _text_faults(contents: Contents, parts: Mapping[str, bytes]) -> Iterator[Fault]:
    """The parts for people say what the others say."""
    written = computation(contents.judgement, contents.incident, contents.book.rules, contents.told)
    if written.encode() != parts[names.COMPUTATION]:
        yield Fault(part=names.COMPUTATION, what="与据裁定重新写出的不一致", remedy=_remedy(contents))
    if parts[names.README] != README:
        yield Fault(part=names.README, what="与本软件的说明不一致", remedy=_remedy(contents))


def _audit_faults(contents: Contents) -> Iterator[Fault]:
    """Each link's own hash, its place, and the decision that it stands for."""
    links = contents.links
    for one in links:
        if link_sha256(one) != one.sha256:
            yield Fault(part=names.AUDIT, what=f"第 {one.seq} 环的内容与其哈希不符", remedy=AGAIN)
    for before, after in pairwise(links):
        if after.seq <= before.seq:
            yield Fault(part=names.AUDIT, what=f"第 {after.seq} 环次序不对", remedy=AGAIN)
        elif after.seq == before.seq + 1 and after.previous != before.sha256:
            yield Fault(part=names.AUDIT, what=f"第 {after.seq} 环接不上前一环", remedy=AGAIN)
    by_id = {one.of: one for one in links}
    for decision in contents.incident.decisions:
        link = by_id.get(decision.id)
        if link is not None and link.of_sha256 != sha256_of(decision):
            yield Fault(part=names.INCIDENT, what=f"决定 {decision.id} 与登记链所记的哈希不符", remedy=AGAIN)


def _remarks(contents: Contents) -> Iterator[str]:
    ours, versions = (judging_sha256(), reading_sha256()), contents.versions
    if (versions.judging_sha256, versions.reading_sha256) != ours:
        yield f"出具时的程序（软件 {versions.software}）与本机（{software()}）不同；以下以本机程序复核"
    linked = {one.of for one in contents.links}
    if loose := [one.id for one in contents.incident.decisions if one.id not in linked]:
        yield f"{len(loose)} 项人的决定不在登记链上（{_some(loose)}）"
    if contents.manifest.coverage == "assumed":
        yield "沉默视为证据：出具方声明输入即渠道全部发布，卷中没有轮询记录可核"


def _some(ids: Sequence[str]) -> str:
    return "、".join(ids[:3]) + ("等" if len(ids) > 3 else "")


def _shown(value: Any) -> str:
    """Any value from the file: short, one line, printable."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return "".join(one if one.isprintable() else "?" for one in text)[:120]
