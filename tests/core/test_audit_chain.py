"""The chain over what people did: whatever is altered, removed, moved or slipped in is found and named."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from stream.core.audit import (
    GENESIS,
    Deed,
    Fault,
    Finding,
    Kept,
    Record,
    canonical,
    kept,
    link_sha256,
    linked,
    sha256_of,
    verify,
)
from stream.core.codec import decode_item, encode
from stream.core.documents import Decision, Entry
from stream.core.intervals import SHANGHAI
from stream.core.records import AuditEntry, AuditHead

START = datetime(2026, 3, 2, 8, tzinfo=SHANGHAI)


def records() -> list[Record]:
    made: list[Record] = [
        Decision(
            id=f"d-{number}", collected_at=START + timedelta(hours=number), who="值班长李明", what=what,
            incident_of="p001", value=value, why="工作群核实",
        )
        for number, (what, value) in enumerate(
            [("confirm", None), ("severity", "II"), ("objection", {"body": "某局", "text": "不认可"}),
             ("occurred", {"latest": "2026-03-02 09:12", "earliest": None})]
        )
    ]  # type: ignore[list-item]  # fmt: skip
    entry = Entry(
        id="e-1", collected_at=START + timedelta(hours=9), who="科员王芳", what="duty_prove", subject="duty-1", rule="R"
    )
    return [*made, entry, replace(made[0], id="d-9", collected_at=START + timedelta(hours=10))]


class Books:
    """Links, head and records as a store holds them."""

    def __init__(self) -> None:
        self.records = records()
        self.links: list[AuditEntry] = []
        self.head: AuditHead | None = None
        for number, record in enumerate(self.records):
            deed = Deed(incident="i-1", before={"grade": None}, after={"grade": "II", "n": number})
            link, self.head = linked(self.head, record, deed)
            self.links.append(link)

    def kept(self) -> list[Kept]:
        facts = [kept(one, "i-1") for one in self.records if isinstance(one, Decision)]
        return [*(kept(one) for one in self.records), *facts]

    def verify(self, noted: AuditHead | None = None) -> Finding:
        # As a store lists them: by id.
        return verify(sorted(self.links, key=lambda one: one.id), self.head, self.kept(), noted)

    def faults(self, noted: AuditHead | None = None) -> list[tuple[str, int | None, str]]:
        return [named(one) for one in self.verify(noted).faults]


def named(fault: Fault) -> tuple[str, int | None, str]:
    return fault.kind, fault.seq, fault.id


@pytest.fixture
def books() -> Books:
    return Books()


COUNT = len(records())
SEQS = range(COUNT)
OTHER: dict[str, Any] = {
    "id": "d-x", "collected_at": START - timedelta(days=1), "schema": 0, "seq": 77, "of": "d-x", "of_type": "report",
    "of_sha256": "1" * 64, "who": "他人", "what": "dismiss", "subject": "p999", "why": "改过的依据", "incident": None,
    "before": {"grade": "I"}, "after": None, "previous": "2" * 64, "sha256": "3" * 64,
}  # fmt: skip


def test_an_untouched_chain_is_sound(books: Books) -> None:
    finding = books.verify(noted=books.head)
    assert (finding.faults, finding.links, finding.waiting, finding.refused) == ([], COUNT, 0, 0)
    assert [one.seq for one in books.links] == list(range(1, COUNT + 1))
    assert books.links[0].previous == GENESIS


def test_nothing_at_all_is_sound() -> None:
    assert verify([], None, []).faults == []


def test_every_field_of_a_link_is_tried() -> None:
    assert set(OTHER) == set(AuditEntry.__struct_fields__)


@pytest.mark.parametrize("field", OTHER)
@pytest.mark.parametrize("place", SEQS)
def test_any_altered_field_of_any_link_is_found(place: int, field: str, books: Books) -> None:
    link = books.links[place]
    books.links[place] = replace(link, **{field: OTHER[field]})
    assert books.links[place] != link
    altered = books.links[place]
    # A link that only says another place is one that was moved.
    kind = "reordered" if field == "seq" else "tampered"
    assert (kind, altered.seq, altered.id) in books.faults()


@pytest.mark.parametrize("field", ["who", "why", "after", "incident", "of_sha256", "collected_at"])
@pytest.mark.parametrize("place", SEQS)
def test_a_link_rewritten_with_a_right_hash_of_its_own_is_found(place: int, field: str, books: Books) -> None:
    altered = replace(books.links[place], **{field: OTHER[field]}, sha256="")
    books.links[place] = replace(altered, sha256=link_sha256(altered))
    faults = books.faults()
    if place == COUNT - 1:
        assert ("tampered", COUNT, "head") in faults
    else:
        # Its follower was written after another one.
        assert ("tampered", place + 2, books.links[place + 1].id) in faults


def rechained(books: Books, place: int, **fields: Any) -> None:
    """A forger rewrites one link and every later one, and the head."""
    previous = books.links[place].previous
    for number in range(place, COUNT):
        link = replace(books.links[number], previous=previous, sha256="", **(fields if number == place else {}))
        books.links[number] = replace(link, sha256=link_sha256(link))
        previous = books.links[number].sha256
    assert books.head is not None
    books.head = replace(books.head, sha256=previous)


def test_a_chain_rewritten_to_its_end_is_found_by_a_head_noted_elsewhere(books: Books) -> None:
    noted = books.head
    rechained(books, 2, why="改过的依据")
    assert books.faults() == []
    assert books.faults(noted) == [("tampered", COUNT, books.links[-1].id)]


def test_a_rewritten_decision_differs_from_what_the_incident_knows(books: Books) -> None:
    forged = replace(books.records[1], who="他人")
    rechained(books, 1, who="他人", of_sha256=sha256_of(forged))
    facts = books.kept()
    finding = verify(
        books.links, books.head, [*[one for one in facts if one.id != "d-1" or one.incident], kept(forged)]
    )
    assert [named(one) for one in finding.faults] == [("tampered", 2, "d-1")]
    assert "i-1" in finding.faults[0].detail


@pytest.mark.parametrize("place", SEQS)
def test_any_missing_link_is_found(place: int, books: Books) -> None:
    gone = books.links.pop(place)
    faults = books.faults()
    kind, id = ("missing", "") if place < COUNT - 1 else ("cut", "head")
    assert (kind, gone.seq, id) in faults
    # A decision among the facts of an incident without a link is found by itself.
    assert (("outside", None, gone.id) in faults) == (gone.of_type == "decision")


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(SEQS, 2)))
def test_any_two_links_changing_places_are_found(one: int, other: int, books: Books) -> None:
    first, second = books.links[one], books.links[other]
    books.links[one], books.links[other] = replace(second, seq=first.seq), replace(first, seq=second.seq)
    found = {(kind, id) for kind, _, id in books.faults()}
    assert {("reordered", first.id), ("reordered", second.id)} <= found


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(SEQS, 2)))
def test_two_links_changing_places_with_right_hashes_are_found(one: int, other: int, books: Books) -> None:
    for place, link, seq in ((one, books.links[other], one + 1), (other, books.links[one], other + 1)):
        moved = replace(link, seq=seq, sha256="")
        books.links[place] = replace(moved, sha256=link_sha256(moved))
    assert {kind for kind, _, _ in books.faults()} & {"reordered", "tampered"}


@pytest.mark.parametrize("left", range(COUNT))
def test_a_tail_cut_off_is_found(left: int, books: Books) -> None:
    del books.links[left:]
    assert ("cut", left + 1, "head") in books.faults()


@pytest.mark.parametrize("left", range(1, COUNT))
def test_a_tail_cut_off_with_its_head_is_found_by_what_was_noted(left: int, books: Books) -> None:
    noted, last = books.head, books.links[left - 1]
    gone = {one.id for one in books.links[left:]}
    del books.links[left:]
    books.head = AuditHead(id="head", collected_at=last.collected_at, seq=last.seq, sha256=last.sha256)
    rest = [one for one in books.kept() if one.id not in gone]
    assert verify(books.links, books.head, rest).faults == []
    found = verify(books.links, books.head, rest, noted).faults
    assert [named(one) for one in found] == [("cut", COUNT, "head")]


@pytest.mark.parametrize("field", ["seq", "sha256", "collected_at"])
def test_an_altered_head_is_found(field: str, books: Books) -> None:
    assert books.head is not None
    books.head = replace(books.head, **{field: 2 if field == "seq" else OTHER[field]})
    assert "head" in [id for _, _, id in books.faults()]


def test_a_head_removed_is_found(books: Books) -> None:
    books.head = None
    assert books.faults() == [("missing", COUNT, "head")]


@pytest.mark.parametrize("place", SEQS)
def test_an_edited_record_is_found(place: int, books: Books) -> None:
    edited = replace(books.records[place], why="事后改的依据")
    facts = [one for one in books.kept() if one.id != edited.id or one.incident is not None]
    finding = verify(books.links, books.head, [*facts, kept(edited)])
    assert [named(one) for one in finding.faults] == [("tampered", place + 1, edited.id)]


@pytest.mark.parametrize("place", SEQS)
def test_a_record_removed_is_found(place: int, books: Books) -> None:
    gone = books.records[place].id
    facts = [one for one in books.kept() if one.id != gone or one.incident is not None]
    assert [named(one) for one in verify(books.links, books.head, facts).faults] == [("missing", place + 1, gone)]


def test_what_is_decided_outside_the_chain_is_found(books: Books) -> None:
    slipped = kept(replace(books.records[0], id="d-77"), "i-2")
    assert [named(one) for one in verify(books.links, books.head, [*books.kept(), slipped]).faults] == [
        ("outside", None, "d-77")
    ]


def test_what_waits_and_what_was_refused_is_no_fault(books: Books) -> None:
    new = replace(books.records[0], id="d-77")
    refused = kept(replace(new, id="d-78"), is_refused=True)
    finding = verify(books.links, books.head, [*books.kept(), kept(new), refused])
    assert (finding.faults, finding.waiting, finding.refused) == ([], 1, 1)


def test_an_entry_under_the_id_of_a_decision_has_no_link(books: Books) -> None:
    entry = Entry(id="d-0", collected_at=START, who="科员", what="duty_prove", subject="duty-1")
    assert books.verify().waiting == 0
    assert verify(books.links, books.head, [*books.kept(), kept(entry)]).waiting == 1


# --- hashes -----------------------------------------------------------------------------------------------------------


def test_hashes_survive_a_store(books: Books) -> None:
    for item in (*books.links, *books.records):
        back = decode_item(encode(item))
        assert canonical(back) == canonical(item)
    assert all(link_sha256(decode_item(encode(one))) == one.sha256 for one in books.links)  # type: ignore[arg-type]


def test_hashes_are_those_written_down(books: Books) -> None:
    """A change of the canonical form would break every chain in the world: this digest must never change."""
    assert canonical(books.records[1]) == (
        '{"collected_at":"2026-03-02T09:00:00+08:00","id":"d-1","incident_of":"p001","schema":1,"type":"decision",'
        '"value":"II","what":"severity","who":"值班长李明","why":"工作群核实"}'.encode()
    )
    assert books.head is not None
    assert books.head.sha256 == "adeecd902a9d15dbd7b074079567e4541f909a925cf724016b7b2b8b46c50e8f"


def test_a_field_added_later_leaves_old_hashes_as_they_were() -> None:
    class Longer(Decision, frozen=True, tag="decision", kw_only=True):
        signed_by: str | None = None

    old = records()[0]
    assert isinstance(old, Decision)
    new = Longer(**{name: getattr(old, name) for name in old.__struct_fields__})
    assert canonical(new) == canonical(old)
    assert canonical(replace(new, signed_by="某")) != canonical(old)


def test_the_order_of_keys_in_a_value_decides_nothing() -> None:
    one = records()[2]
    assert isinstance(one, Decision)
    turned = replace(one, value=dict(reversed(one.value.items())))
    assert msgspec.json.encode(turned) != msgspec.json.encode(one)
    assert sha256_of(turned) == sha256_of(one)
