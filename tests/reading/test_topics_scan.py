"""The shared scan: offsets in characters whatever their width, each reader its own hits, bounded length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.reading.scan import LONGEST, Hit, Scanner, longest

WORDS = {"a": 1, "é": 2, "停水": 3, "水": 4, "水😀": 5, "停水通知": 6}
SCANNER = Scanner({"one": WORDS, "two": {"水": "other"}})


@given(st.text(alphabet="aé停水通知😀\ud800x", max_size=60))
def test_hits_are_all_occurrences(text: str) -> None:
    expected = {
        (at, at + len(word), value)
        for word, value in WORDS.items()
        for at in range(len(text))
        if text.startswith(word, at)
    }
    found = SCANNER.scan(text)
    assert {(hit.start, hit.end, hit.value) for hit in found["one"]} == expected
    assert [hit.value for hit in found["two"]] == ["other"] * text.count("水")


def test_only_the_first_characters_are_read() -> None:
    assert SCANNER.scan("x" * LONGEST + "水")["one"] == []


def test_longest_keeps_the_leftmost_and_longest() -> None:
    hits = SCANNER.scan("停水通知")["one"]
    assert longest(hits) == [Hit(0, 4, 6)]
