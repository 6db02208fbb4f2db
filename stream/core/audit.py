"""The chain over everything that people decided or put on record: how a link is made, and how the whole is checked.

Each link holds the hash of what it is about and of the link before it. So whoever alters, removes or moves a row has to
rewrite every later link; and who noted a head elsewhere (a letter, a second machine) finds even that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import fields, replace

from stream.core.documents import Decision, Entry, Message
from stream.core.records import AuditEntry, AuditHead

GENESIS = "0" * 64
HEAD = "head"

Record = Decision | Entry
RecordType = Literal["decision", "entry"]
FaultKind = Literal["tampered", "missing", "reordered", "cut", "outside"]

_encoder = msgspec.json.Encoder(order="deterministic")


class Deed(Struct, frozen=True, kw_only=True):
    """What a record did: to which incident, what stood before, what stands after."""

    incident: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `seq`: the place in the chain, None where it has none; `id`: of the link, the record,
    or "head"; `detail` in Chinese, for people."""

    kind: FaultKind
    seq: int | None
    id: str
    detail: str


class Kept(Struct, frozen=True, kw_only=True):
    """A decision or entry as it is kept somewhere: alone, or (`incident` given) among the facts of an incident.
    `is_refused`: gathering refused it, so it has no link and is no fault."""

    type: RecordType
    id: str
    sha256: str
    incident: str | None = None
    is_refused: bool = False


class Finding(Struct, frozen=True, kw_only=True):
    """What a check found. `waiting`: records that the pipeline has not taken up yet, which is no fault."""

    links: int
    head: AuditHead | None
    waiting: int
    refused: int
    faults: list[Fault]


def canonical(message: Message) -> bytes:
    """The bytes that are hashed: JSON, keys sorted, without fields that hold their default (but `schema`), so that a
    field added by a later version leaves old hashes as they were."""
    shown: dict[str, Any] = {"type": message.__struct_config__.tag}
    for name, default in _defaults(type(message)):
        value = getattr(message, name)
        if name == "schema" or value != default:
            shown[name] = value
    return _encoder.encode(shown)


@cache
def _defaults(kind: type[Message]) -> tuple[tuple[str, Any], ...]:
    """Each field and its default; where it has none, something that no value equals."""
    return tuple((one.name, object() if one.required else one.default) for one in fields(kind))


def sha256_of(message: Message) -> str:
    """Hex SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical(message)).hexdigest()


def link_sha256(link: AuditEntry) -> str:
    """A link's own hash: of its canonical bytes with `sha256` empty."""
    return sha256_of(replace(link, sha256=""))


def kept(record: Record, incident: str | None = None, *, is_refused: bool = False) -> Kept:
    """What a check needs to know of a record."""
    return Kept(type=type_of(record), id=record.id, sha256=sha256_of(record), incident=incident, is_refused=is_refused)


def type_of(record: Record) -> RecordType:
    """Which of both it is."""
    return "decision" if isinstance(record, Decision) else "entry"


def linked(head: AuditHead | None, record: Record, deed: Deed) -> tuple[AuditEntry, AuditHead]:
    """The next link, and the head that it becomes."""
    link = AuditEntry(
        id=record.id, collected_at=record.collected_at, seq=head.seq + 1 if head else 1, of=record.id,
        of_type=type_of(record), of_sha256=sha256_of(record), who=record.who, what=record.what,
        subject=record.incident_of if isinstance(record, Decision) else record.subject, why=record.why,
        incident=deed.incident, before=deed.before, after=deed.after, previous=head.sha256 if head else GENESIS,
        sha256="",
    )  # fmt: skip
    link = replace(link, sha256=link_sha256(link))
    return link, AuditHead(id=HEAD, collected_at=record.collected_at, seq=link.seq, sha256=link.sha256)


def verify(
    links: Iterable[AuditEntry], head: AuditHead | None, records: Iterable[Kept], noted: AuditHead | None = None
) -> Finding:
    """Checks the chain, its end, and everything kept against it. `noted`: a head that was written down elsewhere."""
    chain = sorted(links, key=lambda one: (one.seq, one.id))
    by_id = {one.id: one for one in chain}
    faults = [*_torn(chain), *_ended(chain, head)]
    if noted is not None:
        faults += _noted(chain, noted)
    waiting: set[str] = set()
    refused: set[str] = set()
    found: set[tuple[RecordType, str]] = set()
    for one in records:
        if one.incident is None:
            found.add((one.type, one.id))
        link = by_id.get(one.id)
        if link is not None and link.of_type == one.type:
            faults += _compared(link, one)
        elif one.incident is not None:
            faults.append(Fault(kind="outside", seq=None, id=one.id, detail=f"事件 {one.incident} 中的决定不在链上"))
        else:
            (refused if one.is_refused else waiting).add(one.id)
    faults += [
        Fault(kind="missing", seq=one.seq, id=one.of, detail="链上有此一环，所记的决定或登记本身已不在库中")
        for one in chain
        if (one.of_type, one.of) not in found
    ]
    known_outside = {one.id for one in faults if one.kind == "outside"}
    return Finding(
        links=len(chain), head=head, waiting=len(waiting - known_outside), refused=len(refused),
        faults=sorted(dict.fromkeys(faults), key=_place),
    )  # fmt: skip


def _place(fault: Fault) -> tuple[bool, int, str, str, str]:
    return fault.seq is None, fault.seq or 0, fault.id, fault.kind, fault.detail


def _torn(chain: Sequence[AuditEntry]) -> list[Fault]:
    """What is wrong inside the chain: links altered, missing, moved."""
    places = _places(chain)
    stated = {one.sha256: one for one in chain}
    found: list[Fault] = []
    seq, previous = 0, GENESIS
    is_whole = True
    for link in chain:
        if link.seq > seq + 1:
            found += _hole(seq + 1, link.seq - 1)
        fault = _flaw(link, places[link.id])
        if fault is not None:
            found.append(fault)
        elif link.seq <= seq:
            found.append(_fault("reordered", link, "与另一环序号相同"))
        elif is_whole and link.seq == seq + 1 and link.previous != previous:
            # Both are whole in themselves: what stands before it is not what it was written after.
            is_moved = link.previous in stated or link.previous == GENESIS
            found.append(
                _fault("reordered", link, "它前面的一环不是写它时的那一环")
                if is_moved
                else _fault("tampered", link, "它前面的一环被改写或替换：上一环哈希不符")
            )
        seq, previous, is_whole = max(seq, link.seq), link.sha256, fault is None
    return found


def _places(chain: Sequence[AuditEntry]) -> dict[str, int]:
    """Where each link was written, told by `previous` alone: from each link without a known predecessor onwards."""
    stated = {one.sha256 for one in chain}
    after: dict[str, AuditEntry] = {}
    for one in chain:
        after.setdefault(one.previous, one)
    places: dict[str, int] = {}
    starts = [one for one in chain if one.previous not in stated]
    for start in (*starts, *chain):
        link: AuditEntry | None = start
        place = 1 if start.previous == GENESIS else start.seq
        while link is not None and link.id not in places:
            places[link.id] = place
            link, place = after.get(link.sha256), place + 1
    return places


def _flaw(link: AuditEntry, place: int) -> Fault | None:
    """What is wrong with a link in itself."""
    if link.of != link.id:
        return _fault("tampered", link, "所记的编号与本环编号不符")
    if link_sha256(link) == link.sha256:
        return None
    if place != link.seq and link_sha256(replace(link, seq=place)) == link.sha256:
        return _fault("reordered", link, f"原为第 {place} 环")
    return _fault("tampered", link, "内容与本环哈希不符")


def _hole(first: int, last: int) -> list[Fault]:
    """A hole of any size is one line."""
    where = f"第 {first} 环" if first == last else f"第 {first} 至 {last} 环"
    return [Fault(kind="missing", seq=first, id="", detail=f"缺少{where}")]


def _ended(chain: Sequence[AuditEntry], head: AuditHead | None) -> list[Fault]:
    """Whether the chain ends where its head says."""
    last = chain[-1] if chain else None
    if head is None:
        return [] if last is None else [Fault(kind="missing", seq=last.seq, id=HEAD, detail="链首记录不在库中")]
    if last is None or head.seq > last.seq:
        first = last.seq + 1 if last else 1
        return [Fault(kind="cut", seq=first, id=HEAD, detail=f"链尾被截：第 {first} 至 {head.seq} 环不在库中")]
    if (head.seq, head.sha256, head.collected_at) != (last.seq, last.sha256, last.collected_at):
        return [Fault(kind="tampered", seq=head.seq, id=HEAD, detail="链首记录与最后一环不符")]
    return []


def _noted(chain: Sequence[AuditEntry], noted: AuditHead) -> list[Fault]:
    """Whether what was written down elsewhere still stands there."""
    there = [one for one in chain if one.seq == noted.seq]
    if not there:
        return [Fault(kind="cut", seq=noted.seq, id=HEAD, detail=f"另处记下的第 {noted.seq} 环不在库中")]
    if all(one.sha256 != noted.sha256 for one in there):
        return [_fault("tampered", there[0], "与另处记下的哈希不符：此环或其前的链被整体改写")]
    return []


def _compared(link: AuditEntry, one: Kept) -> list[Fault]:
    if link.of_sha256 == one.sha256:
        return []
    where = f"事件 {one.incident} 中的决定" if one.incident is not None else "所记的决定或登记"
    return [_fault("tampered", link, f"{where}已与链上哈希不符")]


def _fault(kind: FaultKind, link: AuditEntry, detail: str) -> Fault:
    return Fault(kind=kind, seq=link.seq, id=link.id, detail=detail)
