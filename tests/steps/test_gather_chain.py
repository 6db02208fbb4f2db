"""Gather writes the chain: each decision and entry once, with what stood before it and what stands after."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from stream.core.audit import Kept, kept, verify
from stream.core.documents import Decision, Entry, Figures, Mention
from stream.core.intervals import StatedInterval
from stream.core.records import AuditEntry, AuditHead
from stream.core.rules import Rules
from stream.errors import MessageRejected
from stream.settings import load_yaml
from stream.steps.gather import Gather
from tests.steps.test_gather import FIRE, FIRE_ANSWER, FLOOD, START, STORY, Shelf, decision, everything, play, post

BOOK = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)


def entry(id: str = "e1", what: Any = "duty_prove", subject: str = "duty-7") -> Entry:
    return Entry(id=id, collected_at=START, who="科员", what=what, subject=subject, why="已上网")


def chained(messages: Iterable[Any], story: list[Mention] = STORY) -> Shelf:
    gather = Gather(book=BOOK)
    _, shelf = play([*story, *messages], gather)
    return shelf


def links(shelf: Shelf) -> list[AuditEntry]:
    return sorted((one for (kind, _), one in shelf._made.items() if kind is AuditEntry), key=lambda one: one.seq)


def faults(shelf: Shelf) -> list[str]:
    records = [kept(one) for (kind, _), one in shelf._made.items() if kind in (Decision, Entry)]
    facts: list[Kept] = [kept(one, at.id) for at in shelf.incidents() for one in at.decisions]
    found = verify(links(shelf), shelf.get(AuditHead, "head"), [*records, *facts])
    return [one.detail for one in found.faults] + ["waiting"] * found.waiting


def changed(what: str, value: Any = None, of: str = "fire", story: list[Mention] = STORY) -> tuple[Any, Any]:
    """What the one link says stood before and stands after."""
    shelf = chained([decision(what, of, value)], story)
    [link] = links(shelf)
    assert not faults(shelf)
    return link.before, link.after


def test_decisions_and_entries_share_one_chain() -> None:
    shelf = chained([decision("confirm", "fire", id="d1"), entry(), decision("dismiss", "flood", id="d2", minutes=700)])
    told = links(shelf)
    assert [(one.seq, one.of, one.of_type, one.what) for one in told] == [
        (1, "d1", "decision", "confirm"), (2, "e1", "entry", "duty_prove"), (3, "d2", "decision", "dismiss"),
    ]  # fmt: skip
    assert [one.incident for one in told] == [shelf.incident_of("fire"), None, shelf.incident_of("flood")]
    assert shelf.get(AuditHead, "head").seq == 3
    assert shelf.get(Decision, "d1").why == "核实"
    assert shelf.get(Entry, "e1") == entry()
    assert not faults(shelf)


def test_evidence_issued_is_of_its_incident() -> None:
    shelf = chained([entry(what="evidence_issued", subject="i-9")])
    assert [one.incident for one in links(shelf)] == ["i-9"]


def test_seen_again_makes_no_second_link() -> None:
    messages = [decision("severity", "fire", "I"), entry()]
    once, twice = chained(messages), chained([*messages, *messages])
    assert links(twice) == links(once)
    rebuilt = Gather(book=BOOK)
    rebuilt.rebuild(twice, everything)
    play(messages, rebuilt, twice)
    assert links(twice) == links(once)


def test_a_decision_that_finds_nothing_to_do_is_on_record_once() -> None:
    unmatched = post("lone", "周末去看球", relevant=False)
    shelf = chained([decision("reject", "lone"), decision("reject", "lone")], [unmatched])
    [link] = links(shelf)
    assert link.incident is None
    assert (
        link.before == link.after == {"incident": None, "posts": [{"post": "lone", "incident": None, "response": None}]}
    )


def test_a_refused_decision_has_no_link() -> None:
    gather, shelf = Gather(book=BOOK), Shelf()
    play(STORY, gather, shelf)
    for one in (decision("confirm", "nowhere"), decision("attach", "fire", "nowhere")):
        with pytest.raises(MessageRejected, match="nowhere"):
            list(gather.handle(one, shelf))
    assert not links(shelf)
    assert shelf.get(Decision, "d1") is None


def test_another_text_under_a_known_id_is_refused() -> None:
    gather, shelf = Gather(book=BOOK), Shelf()
    play([*STORY, decision("severity", "fire", "II"), entry()], gather, shelf)
    before = dict(shelf.items)
    for forged in (replace(decision("severity", "fire", "II"), who="他人"), entry("d1"), replace(entry(), why="改")):
        with pytest.raises(MessageRejected) as refused:
            list(gather.handle(forged, shelf))
        assert refused.value.reason == "altered_record"
    assert shelf.items == before


def test_what_the_command_line_kept_is_not_written_again() -> None:
    gather, shelf = Gather(book=BOOK), Shelf()
    one = decision("confirm", "fire")
    shelf.put(one)
    play([*STORY, one], gather, shelf)
    assert shelf.revision(Decision, "d1") == 1
    assert not faults(shelf)


def test_everything_wanted_is_named_before() -> None:
    class Strict(Shelf):
        named: frozenset[Any] = frozenset()

        def get(self, kind: type, id: str) -> Any:
            assert kind not in (AuditEntry, AuditHead, Decision, Entry) or (kind, id) in self.named
            return super().get(kind, id)

    gather, shelf = Gather(book=BOOK), Strict()
    play(STORY, gather, shelf)
    for message in (decision("severity", "fire", "I"), entry()):
        shelf.named = frozenset(gather.looks_at(message))
        list(gather.handle(message, shelf))
    assert len(links(shelf)) == 2


# --- before and after -------------------------------------------------------------------------------------------------


def standing(state: str, members: int, of: str = "fire") -> dict[str, Any]:
    _, shelf = play(STORY)
    return {"id": shelf.incident_of(of), "state": state, "members": members}


def test_a_grade() -> None:
    fire = replace(FIRE, figures=Figures(deaths=12))
    emergency = replace(fire.emergency, is_emergency=True, type="事故灾难")
    before, after = changed("severity", "I", story=[replace(fire, emergency=emergency)])
    assert before == {"grade": "II", "basis": "figures"}
    assert after == {"grade": "I", "basis": "decision"}


def test_a_malformed_grade_changes_nothing() -> None:
    before, after = changed("severity", "很严重")
    assert before == after == {"grade": None, "basis": "none"}


def test_an_occurrence() -> None:
    stated = StatedInterval(earliest=START, latest=START, precision="minute", source="text", text="8时", inference=None)
    before, after = changed(
        "occurred", {"earliest": None, "latest": "2024-03-04T07:30:00"}, story=[replace(FIRE, occurred=stated)]
    )
    assert before["occurred"]["latest"] == "2024-03-04T08:00:00+08:00"
    assert after["occurred"]["latest"] == "2024-03-04T07:30:00+08:00"
    assert after["occurred"]["earliest"] is None


def test_a_gate_and_an_exemption() -> None:
    assert changed("gate", "moral_line") == ({"gates": []}, {"gates": ["moral_line"]})
    before, after = changed("exempt", {"ground": "EX-SECRET", "rule": "CN-5H-AUTH"})
    assert before == {"exempt": []}
    assert after == {"exempt": [{"rule": "CN-5H-AUTH", "ground": "EX-SECRET", "who": "值班员"}]}


def test_a_conference_and_a_restatement() -> None:
    before, after = changed("conference_held", "2024-03-04T20:05")
    assert before == {"conferences": []}
    assert [one["held"]["earliest"] for one in after["conferences"]] == ["2024-03-04T20:05:00+08:00"]
    before, after = changed("restate", {"mention": "fire3", "at": "2024-03-04T09:00"})
    assert before["published"]["latest"] == "2024-03-04T09:30:00+08:00"
    assert after["published"]["latest"] == "2024-03-04T09:00:59+08:00"


def test_a_dismissal_and_a_confirmation() -> None:
    before, after = changed("dismiss")
    assert (before["incident"], after["incident"]) == (standing("open", 3), standing("dismissed", 3))


def test_a_response_rejected() -> None:
    before, after = changed("reject", "fire3")
    assert before["posts"][0]["response"]["form"] == "statement"
    assert before["posts"][0]["incident"]["members"] == 3
    assert after["posts"] == [{"post": "fire3", "incident": None, "response": None}]
    assert after["incident"]["members"] == 2


def test_a_response_attached() -> None:
    apart = replace(FIRE_ANSWER, title="青禾县通报暴雨", quote="", fingerprint=FLOOD.fingerprint, simhash=7)
    before, after = changed("attach", "fire3", story=[FIRE, FLOOD, apart])
    assert before["posts"][0]["incident"]["id"] != before["incident"]["id"]
    assert after["posts"][0]["incident"] == after["incident"]
    assert after["posts"][0]["response"]["issuer"] == "云溪市应急管理局"


def test_a_merger_and_a_split() -> None:
    before, after = changed("merge", "flood")
    assert (before["incident"]["members"], before["posts"][0]["incident"]["members"]) == (3, 1)
    assert after["posts"][0]["incident"] == after["incident"] == standing("open", 4)
    before, after = changed("split", ["fire2"])
    assert before["posts"][0]["incident"] == before["incident"]
    assert after["posts"][0]["incident"]["id"] != after["incident"]["id"]
    assert after["incident"]["members"] == 2


def test_an_objection_and_an_acknowledgement_are_counted() -> None:
    value = {"body": "云溪市应急管理局", "text": "通报早于所记", "attachment": None}
    shelf = chained([
        decision("objection", "fire", value, id="d1"), decision("acknowledge", "fire", id="d2", minutes=610),
        decision("objection", "fire", value, id="d3", minutes=620),
    ])  # fmt: skip
    assert [(one.before, one.after) for one in links(shelf)] == [
        (None, {"objection": 1}), (None, {"acknowledge": 1}), ({"objection": 1}, {"objection": 2})
    ]  # fmt: skip


def test_what_is_shown_is_bounded() -> None:
    story = [post(f"p{n:03d}", f"第{n}号地块纠纷现场视频{n}", n) for n in range(60)]
    before, after = changed("attach", [one.id for one in story], of="p000", story=story)
    assert len(before["posts"]) == len(after["posts"]) == 20


def test_without_a_rule_book_nothing_is_graded() -> None:
    _, shelf = play([*STORY, decision("severity", "fire", "I")], Gather())
    [link] = links(shelf)
    assert (link.before, link.after) == (None, None)


def test_a_merged_incident_and_its_heir_know_of_it() -> None:
    shelf = chained([decision("merge", "fire", "flood")])
    assert "merged" in {one.state for one in shelf.incidents()}
    assert not faults(shelf)
