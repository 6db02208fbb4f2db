"""Whatever a crawled title holds, every page and every export stays readable and harmless."""

import re
from html.parser import HTMLParser
from io import BytesIO

import msgspec
import pytest
from docx import Document
from openpyxl import load_workbook

from dashboard import drawing, queries
from dashboard.exports.asked import WRITERS, Asked, paper_of
from dashboard.exports.tables import CELL_LIMIT, Frame, one_line
from stream.backends import open_backends
from stream.core.cases import Alert, BodyStanding, Conflict, CoverageGap, Incident, Judgement, StatedFigure
from stream.core.documents import Decision, Post
from stream.core.records import AuditEntry
from stream.ports import Save

MIXED = (
    "<img src=x onerror=alert(1)><script>alert(1)</script>",
    '" onmouseover="alert(1)" x=\'',
    "[x](javascript:alert(1)) ![y](https://evil.example/z.png) :red[红] $\\frac{1}{2}$",
    "通报\u202egnp.exe\u2066\u200f已撤回\u2069",
    "前\x00\x01\x1b[31m\x7f\ufeff后",
    "旗\U000e0041\U000e0042末\ufffe\uffff",
    "堆" + "\u0301" * 5_000,
)
HOSTILE = {
    "mixed": "".join(MIXED),
    "formula": '=HYPERLINK("https://evil.example","点这里")',
    "plus": "+cmd|' /C calc'!A0",
    "long": "很长的标题" * 2_000,
}
ALLOWED = {"a", "b", "br", "div", "dl", "dt", "dd", "span", "table", "thead", "tbody", "tr", "th", "td", "i", "details",
           "summary"}  # fmt: skip


class Markup(HTMLParser):
    """Collects tags, attributes and links."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name == "href"]


def _poisoned(item, text, url):
    """The item with every word that somebody else wrote replaced."""
    replace = msgspec.structs.replace
    if isinstance(item, Post):
        mention = replace(item.mention, title=text[:60_000], quote=text[:200], url=url, account=text, source=text)
        return replace(item, mention=mention, text=text)
    if isinstance(item, Judgement):
        obligations = [replace(one, body=text) for one in item.obligations]
        responsible = [replace(one, body=text) for one in item.responsible]
        coverage = [replace(one, source=text, reason=text) for one in item.coverage]
        return replace(item, title=text, obligations=obligations, responsible=responsible, coverage=coverage,
                       topics=[text], automatic=obligations, **_beside(item, text))  # fmt: skip
    if isinstance(item, Incident):
        responses = [replace(one, title=text, issuer=text, url=url) for one in item.responses]
        said = {"body": text, "text": text[:9_000], "attachment": {"name": text, "size": 1, "sha256": text,
                "capture": {"sha256": text}}}  # fmt: skip
        decisions = [replace(one, who=text, why=text, value=text) for one in item.decisions]
        decisions.append(Decision(id=text, collected_at=item.opened_at, who=text, what="objection", incident_of=text,
                                  value=said, why=text))  # fmt: skip
        figures = [replace(one, issuer=text) for one in item.figures]
        return replace(item, title=text, responses=responses, decisions=decisions, figures=figures, topics=[text])
    return replace(item, title=text, text=text)


def _beside(judged, text):
    """What stands beside the verdicts, of such words."""
    at = judged.opened_at
    stated = StatedFigure(issuer=text, value=1, mention=text, known_at=at, published=None)
    return {
        "by_body": [BodyStanding(body=text, role=text, rule=text, verdict="pending", reason="awaiting_statement",
                                 satisfied_by=None, elapsed_s=None)],
        "conflicts": [Conflict(name=text, stated=[stated], known_at=at, resolved_at=None)],
        "gaps": [CoverageGap(rule=text, clock=text, body=text, source=text, from_at=at, to_at=at, reason=text, share=1,
                             counts=True)],
    }  # fmt: skip


def _forged(incident, text):
    """A link of the chain that says such words."""
    return AuditEntry(
        id=incident.id + text[:50], collected_at=incident.opened_at, seq=1, of=text, of_type="decision", of_sha256=text,
        who=text, what=text, subject=text, why=text, incident=incident.id, before={text: text}, after={"posts": [text]},
        previous=text, sha256=text,
    )  # fmt: skip


@pytest.fixture(scope="session")
def filled(embedded):
    """What is drawn is the same in both profiles; what a server makes of such texts, its contract tests show."""
    return embedded


@pytest.fixture(params=HOSTILE, ids=list(HOSTILE))
def poisoned(request, copied, point_at):
    """The scenario with one hostile text everywhere; the text."""
    point_at(copied)
    text = HOSTILE[request.param]
    backends = open_backends(queries.settings())
    for kind in (Post, Incident, Judgement, Alert):
        items = [one.item for one in backends.store.listing(kind).items]
        backends.store.save_many([Save(item=_poisoned(one, text, f"javascript:{text}"[:99])) for one in items])
        if kind is Incident:
            backends.store.save_many([Save(item=_forged(one, text)) for one in items])
    backends.close()
    return text


@pytest.mark.parametrize("page", ["live", "timers", "search", "review", "incident"])
def test_pages_stay_markup_of_ours(look, copied, poisoned, incidents, page):
    looked = look(page, copied, id=incidents["檀溪市"].id)
    found = Markup()
    found.feed(looked.text)
    assert found.tags <= ALLOWED
    assert found.attributes <= {"class", "href", "target", "rel", "style", "colspan"}
    assert all(one.startswith("incident?id=i-") for one in found.links)
    assert not re.search("[\x00\u202a-\u202e\u2066-\u2069\ufeff\ufffe]", looked.text)
    assert len(looked.text) < 200_000
    # Crawled words never pass through Markdown, which would fetch pictures and draw links.
    marked = " ".join(
        one.value for kind in ("markdown", "caption", "title", "subheader", "info") for one in looked.app.get(kind)
    )
    assert poisoned[:12] not in marked


def test_exports_stay_text(poisoned):
    with queries.reading() as backends:
        paper = paper_of(Asked(table="review", frame=Frame(now=queries.now().at)), backends.store, queries.settings())
    written = {}
    for suffix, write in WRITERS.items():
        written[suffix] = BytesIO()
        write(paper.paper, written[suffix])
    cells = [cell for sheet in load_workbook(written[".xlsx"]) for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert all(cell.quotePrefix for cell in cells if str(cell.value)[:1] in "=+-@")
    assert all(len(str(cell.value)) <= CELL_LIMIT + 1 for cell in cells)
    shown = one_line(poisoned)
    assert any(cell.value == shown for cell in cells)
    document = Document(written[".docx"])
    assert any(cell.text == shown for table in document.tables for row in table.rows for cell in row.cells)
    assert any(row["事件"] == shown for row in msgspec.json.decode(written[".json"].getvalue())["obligations"])


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://a.example/x", True), ("HTTP://a.example", True), ("javascript:alert(1)", False), (None, False),
        ("data:text/html,x", False), (" https://a.example", False), ("//a.example", False), ('https://a/"onx="', True),
    ],
)  # fmt: skip
def test_only_web_addresses_become_links(url, is_link):
    found = Markup()
    found.feed(drawing.link(url, "词"))
    assert bool(found.links) == is_link
    assert found.attributes <= {"href", "target", "rel"}


def test_cleaning_a_huge_text_is_cheap_and_says_that_it_cut():
    assert drawing.plain("\u202e" * 10_000_000 + "词", 10) == "…"
    assert drawing.plain("词" * 11, 10) == "词" * 10 + "…"
    assert drawing.plain("词" * 10, 10) == "词" * 10
    assert drawing.plain("\ud800好", 10) == "好"
