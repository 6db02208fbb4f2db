"""What an evidence file holds: the same for the same data, as known then, and no more of people than it may."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from stream.core.cases import Incident, Judgement, Turn
from stream.errors import UsageError
from stream.hindsight import judgements_at
from stream.proof import parts as names
from stream.proof.archive import pack, unpack
from stream.proof.checks import verify
from stream.proof.configuring import configuration
from stream.proof.dossier import Dossier, dossier, find_incident
from stream.proof.facts import facts_at
from stream.proof.parts import Captured, Manifest, Told, read_document, read_lines
from stream.settings import Settings
from tests.proof.exhibits import BLAST, BULLETIN, CITIZEN, DAY, KEY, PSEUDONYM, URL, lived, opened


def at(case: Settings, hours: float | None, of: str = BLAST) -> Dossier:
    with opened(case) as backends:
        when = None if hours is None else DAY + timedelta(hours=hours)
        return dossier(backends, configuration(case), of, when)


def test_the_same_data_give_the_same_bytes(case: Settings, exhibit: bytes, tmp_path: Path) -> None:
    assert pack(at(case, None).parts) == exhibit
    assert pack(at(case, None, of=BULLETIN).parts) == exhibit
    stood = read_document(names.MANIFEST, unpack(exhibit)[names.MANIFEST], Manifest).as_of
    assert pack(at(case, (stood - DAY) / timedelta(hours=1)).parts) == exhibit
    again = lived(tmp_path)
    parts, others = at(again, None).parts, at(case, None).parts
    # Another run seals what is no authority's anew, and writes its WARC file under another name; nothing of that shows.
    assert parts == others


@pytest.mark.parametrize("hours", [8.75, 9.5, 13.0, 13.5, 20.0, 32.3, 36.0])
def test_as_of_is_what_was_ruled_then(case: Settings, hours: float) -> None:
    found = at(case, hours)
    with opened(case) as backends:
        [known] = judgements_at(backends.store, case, DAY + timedelta(hours=hours))
    assert (found.judgement.obligations, found.judgement.changes) == (known.obligations, known.changes)
    assert found.judgement.collected_at == DAY + timedelta(hours=hours)
    assert verify(pack(found.parts)).faults == []


def test_what_came_later_does_not_change_what_was_exported(case: Settings) -> None:
    """The incident as it is, and as it was when the bulletin had not been seen: the same file of 11:00."""
    with opened(case) as backends:
        incident = find_incident(backends.store, BLAST)
    eleven = DAY + timedelta(hours=11)
    young = facts_at(incident, eleven)
    assert (young.responses, young.decisions, {one.mention for one in young.figures}) == ([], [], {BLAST, CITIZEN})
    assert facts_at(young, eleven) == young
    assert young.collected_at <= eleven
    removed = [msgspec.structs.replace(one, removed_at=eleven, removal_known_at=DAY + timedelta(hours=30))
               for one in incident.responses]  # fmt: skip
    grown = msgspec.structs.replace(incident, responses=removed, state="closed", closed_at=DAY + timedelta(days=9),
                                   turns=[Turn(state="closed", at=DAY + timedelta(days=9))])  # fmt: skip
    evening = DAY + timedelta(hours=20)
    assert facts_at(grown, evening) == facts_at(incident, evening)
    assert facts_at(grown, DAY + timedelta(days=9)).closed_at is not None


def test_before_the_incident_there_is_nothing(case: Settings) -> None:
    with pytest.raises(UsageError, match="还没有这个事件"):
        at(case, 8.0)


@pytest.mark.parametrize("identity", ["i-0000000000000000", "nobody", ""])
def test_an_unknown_incident_is_a_usage_error(case: Settings, identity: str) -> None:
    with pytest.raises(UsageError, match="没有编号"):
        at(case, None, of=identity)


def test_it_holds_every_part(exported: Dossier) -> None:
    assert set(exported.parts) > names.NAMES
    assert exported.is_current
    assert read_document(names.INCIDENT, exported.parts[names.INCIDENT], Incident) == exported.incident
    assert read_document(names.JUDGEMENT, exported.parts[names.JUDGEMENT], Judgement) == exported.judgement


def test_the_judgement_is_the_one_that_stands(case: Settings, exported: Dossier) -> None:
    with opened(case) as backends:
        standing = backends.store.get_many(Judgement, [exported.incident.id])[exported.incident.id].item
    assert isinstance(standing, Judgement)
    told = exported.judgement
    assert msgspec.structs.replace(standing, incident_revision=told.incident_revision) == told


def test_an_authority_s_page_lies_in_it_as_received(exported: Dossier) -> None:
    rows = read_document(names.CAPTURES, exported.parts[names.CAPTURES], list[Captured])
    row = next(one for one in rows if one.mention == BULLETIN)
    assert row.part is not None
    assert (row.url, row.status, row.why) == (URL, 200, None)
    assert row.published == exported.incident.responses[0].published
    assert row.published is not None
    assert row.published.source == "page"


def test_others_pages_and_people_stay_out(exported: Dossier) -> None:
    """A news page is told by its hash, a citizen's post by quote and hash; pseudonyms and accounts by nothing."""
    rows = read_document(names.CAPTURES, exported.parts[names.CAPTURES], list[Captured])
    assert [(one.part, one.why) for one in rows if one.mention == BLAST] == [(None, "not_an_authority")]
    assert [name for name in exported.parts if name.startswith("captures/")] == [
        one.part for one in rows if one.mention == BULLETIN
    ]
    told = {one.id: one for one in read_lines(names.MENTIONS, exported.parts[names.MENTIONS], Told)}
    citizen = told[CITIZEN]
    assert (citizen.account, citizen.url, citizen.wordings[0].title) == (None, None, "")
    assert citizen.wordings[0].quote
    whole = b"".join(exported.parts.values())
    for word in (PSEUDONYM, "路人甲", "square.example/u/13"):
        assert word.encode() not in whole
    assert max(len(wording.quote) for one in told.values() for wording in one.wordings) <= 200


def test_without_the_vault_s_file_only_the_hash_stands(case: Settings, tmp_path: Path) -> None:
    there = lived(tmp_path)
    for file in (there.data / "evidence").glob("*.warc.gz"):
        file.unlink()
    found = at(there, None)
    rows = read_document(names.CAPTURES, found.parts[names.CAPTURES], list[Captured])
    assert {(one.mention, one.part, one.why) for one in rows} == {
        (BLAST, None, "not_an_authority"), (BULLETIN, None, "not_in_vault"),
    }  # fmt: skip
    finding = verify(pack(found.parts))
    assert finding.faults == []
    assert any("只有哈希" in one for one in finding.remarks)


def test_an_altered_capture_is_named(tmp_path: Path) -> None:
    there = lived(tmp_path)
    [file] = (there.data / "evidence").glob("*.warc.gz")
    with opened(there) as backends:
        [kept] = [one for one, _ in backends.evidence.captures() if backends.evidence.record(one)]  # type: ignore[attr-defined]
    assert kept.offset is not None
    content = bytearray(file.read_bytes())
    content[kept.offset + 600] ^= 0xFF
    file.write_bytes(content)
    rows = read_document(names.CAPTURES, at(there, None).parts[names.CAPTURES], list[Captured])
    assert [(one.part, one.why) for one in rows if one.mention == BULLETIN] == [(None, "altered")]


def test_the_vault_s_key_is_in_no_file(exhibit: bytes) -> None:
    assert KEY not in exhibit


def test_the_computation_tells_clock_window_and_distance(exported: Dossier) -> None:
    words = exported.parts[names.COMPUTATION].decode()
    for line in ("原文“3月2日8时10分许”", "最早 2026-03-02 13:10:00，最迟 2026-03-02 13:10:59",
                 "4 小时 19 分 1 秒 至 4 小时 20 分 59 秒", "结论：按时回应（met）", "渠道 jichuan-gov：",
                 "督察员甲：定级（\"II\"）", "最迟要在5小时内发布权威信息"):  # fmt: skip
        assert line in words
