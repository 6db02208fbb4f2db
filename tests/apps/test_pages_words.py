"""Every code of the record has a Chinese word; a new one without a word fails here."""

import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from crawlers import refusals
from dashboard import words
from stream.core.cases import Alert, Incident, Obligation, Verdict
from stream.core.documents import DecisionKind, Form, Grade, IssuerKind, Level, PostKind
from stream.core.intervals import Precision
from stream.core.reasons import REASONS
from stream.core.rules import ClockPoint, Rules
from stream.settings import load_yaml

ROOT = Path(__file__).parents[2]


def _values(kind, name):
    return get_args(get_type_hints(kind)[name])


@pytest.mark.parametrize(
    ("codes", "named"),
    [
        (REASONS, words.REASONS),
        (get_args(Verdict), words.VERDICTS),
        (get_args(Verdict), words.SHORT),
        (get_args(Verdict), words.OUTCOMES),
        (get_args(words.Outcome), words.OUTCOME_WORDS),
        (get_args(Form), words.FORMS),
        (get_args(IssuerKind), words.ISSUERS),
        (get_args(Level), words.LEVELS),
        (get_args(Grade), words.GRADES),
        (get_args(PostKind), words.KINDS),
        (get_args(DecisionKind), words.DECISIONS),
        (get_args(Precision), words.PRECISIONS),
        (("strict", *(one for one in get_args(ClockPoint) if one != "other")), words.CLOCKS),
        (_values(Incident, "state"), words.STATES),
        (_values(Alert, "kind"), words.ALERTS),
        (_values(Obligation, "modality"), words.MODALITIES),
    ],
)
def test_every_code_has_a_word(codes, named):
    assert set(codes) and set(codes) == set(named)
    assert all(re.search("[一-鿿]", word) or word in {"met"} for word in named.values() if named is not words.OUTCOMES)


def test_the_gates_are_those_of_the_rule_book():
    book = load_yaml(ROOT / "config" / "rules.yaml", Rules)
    assert set(words.GATES) == {one.id for one in book.gates}
    assert set(words.HEADLINES) <= {one.id for one in book.rules}


@pytest.mark.parametrize(
    "basis",
    ["first_public", "before_first_public", "occurred:text", "occurred:hull", "occurred:decision", "occurred:row",
     "evident:figures", "evident:figures:authority", "evident:decision", "known:acknowledgement", "known:stated",
     "figures", "figures:authority", "decision", "none", "last_statement", "occurred"],
)  # fmt: skip
def test_every_basis_has_words(basis):
    assert re.search("[一-鿿]", words.basis_words(basis))


def test_every_reason_of_a_gap_has_words():
    named = {reason for _, _, reason in refusals._REASONS} | {refusals.failure(OSError()).reason}
    assert named <= set(words.GAPS)
    assert words.gap_words("http_403") == "服务器答 403"
    assert words.gap_words("article_timeout") == "文章页：超时未应答"
    assert words.gap_words(None) == ""
    assert words.gap_words("停电") == "停电"


def test_what_answers_nothing_is_what_no_rule_takes():
    book = load_yaml(ROOT / "config" / "rules.yaml", Rules)
    taken = {form for rule in book.rules if rule.judged != "ledger" for form in rule.evidence.forms}
    assert set(words.ANSWERS_NOTHING) == set(get_args(Form)) - taken
