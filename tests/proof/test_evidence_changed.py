"""A changed evidence file is refused, naming the part: any byte, any part, any fact whose hashes were made good."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from stream.core.cases import Incident, Judgement
from stream.core.records import AuditEntry
from stream.proof import parts as names
from stream.proof.archive import pack
from stream.proof.checks import verify
from stream.proof.computation import computation
from stream.proof.dossier import Dossier, manifest
from stream.proof.parts import (
    Captured,
    Manifest,
    Polled,
    Told,
    document,
    lines,
    read_document,
    read_lines,
)
from tests.proof.exhibits import BULLETIN
from tests.proof.test_archive import regions

Parts = dict[str, bytes]
STEP = 211
"""Of every region the first 120 bytes (its whole header) and the last are changed, of the rest each so many-th."""


def faults(file: bytes) -> list[str]:
    return [f"{one.part}：{one.what}；{one.remedy}" for one in verify(file).faults]


def sealed(parts: Parts) -> bytes:
    """The file with a manifest that fits, as a forger would make it."""
    known = read_document(names.MANIFEST, parts[names.MANIFEST], Manifest)
    rest = {name: content for name, content in parts.items() if name != names.MANIFEST}
    made = manifest(rest, known.incident, known.as_of, known.coverage == "assumed")
    return pack({**rest, names.MANIFEST: document(made)})


def changed_at(file: bytes, position: int) -> bytes:
    changed = bytearray(file)
    changed[position] ^= 0x01
    return bytes(changed)


def test_it_is_sound(exhibit: bytes) -> None:
    finding = verify(exhibit)
    assert (finding.faults, finding.contents is not None) == ([], True)


def test_one_byte_changed_is_refused_naming_the_part(exhibit: bytes) -> None:
    struck = set()
    for part, first, last in regions(exhibit):
        header = range(first, min(first + 120, last))
        for position in sorted({*header, *range(first, last, STEP), last - 1}):
            assert part in " ".join(faults(changed_at(exhibit, position))), (part, position)
        struck.add(part)
    assert struck > names.NAMES
    assert any(part.startswith("captures/") for part in struck)


@pytest.mark.long
def test_every_byte_changed_is_refused_naming_the_part(exhibit: bytes) -> None:
    for part, first, last in regions(exhibit):
        for position in range(first, last):
            assert part in " ".join(faults(changed_at(exhibit, position))), (part, position)


@pytest.mark.parametrize("name", sorted(names.NAMES))
def test_a_byte_changed_in_a_part_whose_zip_was_made_good(exported: Dossier, name: str) -> None:
    content = exported.parts[name] or b"\n"
    for position in range(0, len(content), max(1, len(content) // 20)):
        parts = {**exported.parts, name: changed_at(content, position)}
        assert any(name in one for one in faults(pack(parts))), position


@pytest.mark.parametrize("name", sorted(names.NAMES))
def test_a_part_removed(exported: Dossier, name: str) -> None:
    parts = {one: content for one, content in exported.parts.items() if one != name}
    assert any(one.startswith(f"{name}：") for one in faults(pack(parts)))
    if name != names.MANIFEST:
        assert any(one.startswith(f"{name}：") for one in faults(sealed(parts)))


def test_a_capture_removed(exported: Dossier) -> None:
    (name,) = (one for one in exported.parts if one.startswith("captures/"))
    parts = {one: content for one, content in exported.parts.items() if one != name}
    assert any(one.startswith(f"{name}：") for one in faults(pack(parts)))
    assert any(name in one for one in faults(sealed(parts)))


def test_a_part_added(exported: Dossier) -> None:
    parts = {**exported.parts, "captures/" + "0" * 64 + ".warc.gz": b"x"}
    assert "captures/000" in " ".join(faults(pack(parts)))
    assert "captures/000" in " ".join(faults(sealed(parts)))


# --- a forger who makes every hash good -------------------------------------------------------------------------------


def incident_of(parts: Parts) -> Incident:
    return read_document(names.INCIDENT, parts[names.INCIDENT], Incident)


def judgement_of(parts: Parts) -> Judgement:
    return read_document(names.JUDGEMENT, parts[names.JUDGEMENT], Judgement)


def with_time_of_bulletin(parts: Parts, words: str) -> Parts:
    """The bulletin published at another minute, in the incident alone."""
    before = parts[names.INCIDENT]
    after = before.replace(b"2026-03-02T12:30:", words.encode())
    assert after != before
    return {**parts, names.INCIDENT: after}


def later(parts: Parts) -> Parts:
    return with_time_of_bulletin(parts, "2026-03-02T13:30:")


def known_later(parts: Parts) -> Parts:
    incident = incident_of(parts)
    first, *rest = incident.responses
    moved = msgspec.structs.replace(first, known_at=first.known_at.replace(minute=41))
    return {**parts, names.INCIDENT: document(msgspec.structs.replace(incident, responses=[moved, *rest]))}


def without_a_poll(parts: Parts) -> Parts:
    rows = read_lines(names.COVERAGE, parts[names.COVERAGE], Polled)
    return {**parts, names.COVERAGE: lines([one for one in rows if one.from_at.hour != 3])}


def unreachable(parts: Parts) -> Parts:
    rows = read_lines(names.COVERAGE, parts[names.COVERAGE], Polled)
    ill = [msgspec.structs.replace(one, reachable=one.from_at.hour != 9) for one in rows]
    return {**parts, names.COVERAGE: lines(ill)}


def other_window(parts: Parts) -> Parts:
    book = parts[names.RULES].decode()
    at = book.index("value: 5", book.index("CN-5H-AUTH"))
    return {**parts, names.RULES: (book[:at] + "value: 4" + book[at + 8 :]).encode()}


def other_quote(parts: Parts) -> Parts:
    book = parts[names.RULES].decode()
    return {**parts, names.RULES: book.replace("最迟要在5小时内发布权威信息", "可以在5小时内发布权威信息").encode()}


def other_body(parts: Parts) -> Parts:
    register = parts[names.AUTHORITIES].decode()
    return {**parts, names.AUTHORITIES: register.replace("霁川市应急管理局", "霁川市某某管理局").encode()}


def other_verdict(parts: Parts) -> Parts:
    """Verdict and computation changed together."""
    judged = judgement_of(parts)
    rows = [msgspec.structs.replace(one, verdict="met") if one.rule == "CN-24H-PRESSER" else one
            for one in judged.obligations]  # fmt: skip
    forged = msgspec.structs.replace(judged, obligations=rows)
    told = read_lines(names.MENTIONS, parts[names.MENTIONS], Told)
    from stream.proof.book import read_book

    words = computation(forged, incident_of(parts), read_book(parts).rules, told)
    return {**parts, names.JUDGEMENT: document(forged), names.COMPUTATION: words.encode()}


def other_order(parts: Parts) -> Parts:
    judged = judgement_of(parts)
    forged = msgspec.structs.replace(judged, obligations=list(reversed(judged.obligations)))
    return {**parts, names.JUDGEMENT: document(forged)}


def history_dropped(parts: Parts) -> Parts:
    judged = judgement_of(parts)
    return {**parts, names.JUDGEMENT: document(msgspec.structs.replace(judged, changes=judged.changes[:-1]))}


def other_computation(parts: Parts) -> Parts:
    return {**parts, names.COMPUTATION: parts[names.COMPUTATION].replace("超时（breached）".encode(), "按时".encode())}


def other_readme(parts: Parts) -> Parts:
    return {**parts, names.README: parts[names.README] + "另：以下结论已撤销。\n".encode()}


def other_rules_version(parts: Parts) -> Parts:
    return {**parts, names.VERSIONS: parts[names.VERSIONS].replace(b'"rules": "', b'"rules": "9')}


def post_left_out(parts: Parts) -> Parts:
    told = read_lines(names.MENTIONS, parts[names.MENTIONS], Told)
    return {**parts, names.MENTIONS: lines([one for one in told if one.id != "citizen"])}


def other_wording_hash(parts: Parts) -> Parts:
    told = parts[names.MENTIONS].replace(b'"capture_sha256":"', b'"capture_sha256":"0')
    return {**parts, names.MENTIONS: told}


def other_page_time(parts: Parts) -> Parts:
    return {**parts, names.CAPTURES: parts[names.CAPTURES].replace(b"T12:30:", b"T12:20:")}


def other_fetch_time(parts: Parts) -> Parts:
    return {**parts, names.CAPTURES: parts[names.CAPTURES].replace(b'"status": 200', b'"status": 404')}


def other_page(parts: Parts) -> Parts:
    (name,) = (one for one in parts if one.startswith("captures/"))
    return {**parts, name: parts[name][:-40] + b"\0" + parts[name][-39:]}


def link_altered(parts: Parts) -> Parts:
    return {**parts, names.AUDIT: parts[names.AUDIT].replace("督察员甲".encode(), "督察员乙".encode())}


def link_doubled(parts: Parts) -> Parts:
    links = read_lines(names.AUDIT, parts[names.AUDIT], AuditEntry)
    return {**parts, names.AUDIT: lines([*links, *links])}


def decision_altered(parts: Parts) -> Parts:
    return {
        **parts,
        names.INCIDENT: parts[names.INCIDENT].replace("经核，死亡14人".encode(), "经核，死亡15人".encode()),
    }


def hidden_words(parts: Parts) -> Parts:
    """A key that no type knows, and white space that no writer of ours leaves."""
    return {**parts, names.JUDGEMENT: parts[names.JUDGEMENT].replace(b"{\n", b"{ \n", 1)}


def unknown_key(parts: Parts) -> Parts:
    return {**parts, names.INCIDENT: parts[names.INCIDENT].replace(b'"title"', b'"note":"x","title"', 1)}


FORGERIES: list[tuple[Callable[[Parts], Parts], str]] = [
    (later, "judgement.json：obligations[CN-5H-AUTH/strict"),
    (known_later, "judgement.json"),
    (without_a_poll, "judgement.json"),
    (unreachable, "judgement.json：coverage"),
    (other_window, "judgement.json：obligations[CN-5H-AUTH/strict/霁川市应急管理局].due.earliest"),
    (other_quote, "computation.txt"),
    (other_body, "judgement.json：obligations[CN-24H-PRESSER/strict/霁川市应急管理局].verdict"),
    (other_verdict, "judgement.json：obligations[CN-24H-PRESSER/strict"),
    (other_order, "judgement.json：obligations"),
    (history_dropped, "judgement.json：changes"),
    (other_computation, "computation.txt"),
    (other_readme, "README.txt"),
    (other_rules_version, "versions.json"),
    (post_left_out, "mentions.jsonl"),
    (other_wording_hash, "captures.json"),
    (other_page_time, "captures/"),
    (other_fetch_time, "captures.json"),
    (other_page, "captures/"),
    (link_altered, "audit.jsonl"),
    (link_doubled, "audit.jsonl"),
    (decision_altered, "incident.json"),
    (hidden_words, "judgement.json"),
    (unknown_key, "incident.json"),
]


@pytest.mark.parametrize(("forge", "named"), FORGERIES, ids=lambda one: getattr(one, "__name__", None))
def test_a_forgery_with_good_hashes(exported: Dossier, forge: Callable[[Parts], Parts], named: str) -> None:
    parts = forge(dict(exported.parts))
    assert parts != exported.parts
    found = faults(sealed(parts))
    assert any(one.startswith(named) for one in found), found


def test_a_whole_forged_case_is_betrayed_by_its_page(exported: Dossier) -> None:
    """Time and verdict forged together and everything computed anew: the captured page still says another time."""
    from stream.proof.book import read_book
    from stream.proof.judging import ruled

    parts = later(dict(exported.parts))
    book, incident = read_book(parts), incident_of(parts)
    rows = read_lines(names.COVERAGE, parts[names.COVERAGE], Polled)
    again = ruled(incident, rows, book, exported.as_of)
    told = read_lines(names.MENTIONS, parts[names.MENTIONS], Told)
    parts[names.JUDGEMENT] = document(again)
    parts[names.COMPUTATION] = computation(again, incident, book.rules, told).encode()
    assert again.obligations != exported.judgement.obligations
    assert faults(sealed(parts)) == [
        f"incident.json：发布 {BULLETIN} 的时间与存证页面重新读出的不符；请向出具方重新索取原文件"
    ]


def test_what_nobody_captured_needs_a_seal(exported: Dossier) -> None:
    """Without the capture such a forgery holds together: only digest, signature or time stamp tell."""
    from stream.proof.book import read_book
    from stream.proof.judging import ruled

    parts = {name: one for name, one in later(dict(exported.parts)).items() if not name.startswith("captures/")}
    rows = read_document(names.CAPTURES, parts[names.CAPTURES], list[Captured])
    gone = [msgspec.structs.replace(
        one, part=None, why="not_in_vault", url=None, fetched_at=None, status=None, published=None, content_sha256=None
    ) if one.part else one for one in rows]  # fmt: skip
    book, incident = read_book(parts), incident_of(parts)
    again = ruled(incident, read_lines(names.COVERAGE, parts[names.COVERAGE], Polled), book, exported.as_of)
    told = read_lines(names.MENTIONS, parts[names.MENTIONS], Told)
    parts |= {
        names.CAPTURES: document(gone), names.JUDGEMENT: document(again),
        names.COMPUTATION: computation(again, incident, book.rules, told).encode(),
    }  # fmt: skip
    assert faults(sealed(parts)) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a: &a [1,1,1,1,1,1,1,1,1]\n" + b"".join(
            b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)), id="bomb"),
        pytest.param(b"a: &a [*a]\n", id="endless"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"a: !!python/object/apply:os.system [x]\n", id="a call"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b"", id="empty"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", [names.RULES, names.AUTHORITIES])
def test_a_hostile_book_costs_nothing(exported: Dossier, name: str, content: bytes) -> None:
    found = faults(sealed({**exported.parts, name: content}))
    assert found
    assert found[0].startswith((name, "judgement.json"))


@pytest.mark.parametrize("name", [names.INCIDENT, names.JUDGEMENT, names.MENTIONS, names.CAPTURES, names.AUDIT])
@pytest.mark.parametrize("content", [b"[" * 100_000, b"null\n", b"\xff\n", b"{}\n", b'{"a":\xed\xa0\x80}\n'])
def test_hostile_json_is_a_fault_like_any_other(exported: Dossier, name: str, content: bytes) -> None:
    assert any(one.startswith(name) for one in faults(sealed({**exported.parts, name: content})))
