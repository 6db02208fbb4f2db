"""Times read from texts, through Reader, gather and judge: what a bulletin and a conference prove about lateness.

The texts are ours, the hospital and its city are invented; the golden case lends its times only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stream.assembly import load_registry, load_rules
from stream.core.authorities import Registry
from stream.core.cases import Incident, Judgement, Obligation
from stream.core.codec import Item
from stream.core.documents import Article, Mention, Post, PostKind
from stream.core.intervals import SHANGHAI, Interval
from stream.core.judgement import judge_incident
from stream.core.rules import Rules
from stream.ports import Filter
from stream.reading.post import Reader
from stream.reading.times import parse_published
from stream.reading.topics import TopicConfig
from stream.settings import load_settings, load_yaml
from stream.steps.gather import Gather

CONFIG = Path(__file__).parents[2] / "config"
OFFICE = "云溪市人民政府新闻办公室"
FIRE = "4月18日12时50分许，云溪市长岭医院住院部发生火灾。"
DEAD = "已造成29人死亡。"


@cache
def parts() -> tuple[Reader, Rules, Registry]:
    settings = load_settings(CONFIG / "embedded.yaml")
    registry = load_registry(settings)
    return Reader(load_yaml(CONFIG / "topics.yaml", TopicConfig), registry), load_rules(settings), registry


class Shelf:
    """stream.ports.State over a dictionary."""

    def __init__(self) -> None:
        self.items: dict[tuple[type, str], Any] = {}

    def get(self, kind: type, id: str) -> Any:
        return self.items.get((kind, id))

    def put(self, item: Item) -> None:
        self.items[type(item), item.id] = item

    def revision(self, kind: type, id: str) -> int:
        return int((kind, id) in self.items)

    def listing(self, kind: type, where: Filter, *, order: str = "id", limit: int = 1000) -> list[Any]:
        return [item for (one, _), item in self.items.items() if one is kind][:limit]

    def each(self, kind: type, where: Filter) -> Any:
        return iter(self.listing(kind, where))


def at(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=SHANGHAI)


def article(id: str, title: str, text: str, published: str, collected: str, kind: PostKind = "authority") -> Article:
    return Article(
        id=id, collected_at=at(collected), source=None, url=None, account=OFFICE if kind == "authority" else None,
        kind=kind, title=title, text=text, published=parse_published(published, "row"), author=None, site=None,
        region=None, heat=None, answers=None, removed_at=None, content_sha256=id,
    )  # fmt: skip


def read(one: Article) -> Mention:
    return parts()[0].read(one)


def judged(articles: Sequence[Article], until: str) -> tuple[Incident, Judgement]:
    """The one incident of these posts, as ruled with every channel watched."""
    _, rules, registry = parts()
    gather, shelf = Gather(), Shelf()
    for one in articles:
        mention = read(one)
        kept: Any = {"author": None, "site": None, "versions": [], "observations": []}
        shelf.put(Post(id=one.id, collected_at=one.collected_at, mention=mention, text=one.text, **kept))
        list(gather.handle(mention, shelf))
    incidents = shelf.listing(Incident, Filter())
    assert len(incidents) == 1
    return incidents[0], judge_incident(incidents[0], {}, rules, registry, at(until), assume_covered=True)


def strict(judgement: Judgement, rule: str) -> Obligation:
    return next(one for one in judgement.obligations if (one.rule, one.clock) == (rule, "strict"))


def span(interval: Interval | None) -> tuple[str, str]:
    assert interval is not None and interval.earliest is not None
    return f"{interval.earliest:%m-%d %H:%M:%S}", f"{interval.latest:%m-%d %H:%M:%S}"


SEEN = article("seen", "云溪长岭医院起火", f"{FIRE}已造成12人死亡。", "2023-04-18 13:30:00", "2023-04-18 13:40", "post")
BULLETIN = article(
    "bulletin", "情况通报", f"{FIRE}截至18时，事故{DEAD}", "2023-04-18", "2023-04-18 21:10"
)  # fmt: skip
BRIEFING = article(
    "briefing", f"{OFFICE}召开长岭医院火灾新闻发布会",
    f"19日中午，{OFFICE}召开新闻发布会，通报云溪市长岭医院火灾情况：{FIRE}事故{DEAD}",
    "2023-04-19 17:00:00", "2023-04-19 17:10",
)  # fmt: skip


def test_changfeng_hospital_2023() -> None:
    incident, judgement = judged([SEEN, BULLETIN, BRIEFING], "2023-04-21T00:00")
    assert span(judgement.occurred) == ("04-18 12:50:00", "04-18 12:50:59")
    assert judgement.severity.grade == "II"
    bulletin, briefing = incident.responses
    assert span(bulletin.published) == ("04-18 18:00:00", "04-19 00:00:00")
    assert span(briefing.published) == ("04-19 11:00:00", "04-19 13:00:00")
    five, day = strict(judgement, "CN-5H-AUTH"), strict(judgement, "CN-24H-PRESSER")
    assert (five.verdict, five.reason) == ("breached", "statement_late")
    assert (day.verdict, day.reason) == ("indeterminate", "statement_straddles_deadline")


def test_the_bulletin_alone_is_breached_by_its_own_count() -> None:
    _, judgement = judged([SEEN, BULLETIN], "2023-04-19T12:00")
    assert strict(judgement, "CN-5H-AUTH").verdict == "breached"


def test_without_the_count_a_dated_bulletin_proves_nothing() -> None:
    silent = article("bulletin", "情况通报", f"{FIRE}事故{DEAD}", "2023-04-18", "2023-04-18 21:10")
    incident, judgement = judged([SEEN, silent], "2023-04-19T12:00")
    assert span(incident.responses[0].published) == ("04-18 12:50:00", "04-19 00:00:00")  # not before what it reports
    assert strict(judgement, "CN-5H-AUTH").verdict == "indeterminate"


PRESS = f"{OFFICE}召开长岭医院火灾新闻发布会"
TOLD = f"{OFFICE}召开新闻发布会，通报云溪市长岭医院火灾情况：{FIRE}事故{DEAD}"
FAIR = "breached_but_fair_clock_met"  # 12 dead were told at 13:30 only: by that clock 12:51 is in time
CONFERENCES = (
    # text, published, held (None: unstated), 24 h verdict; due 19日 12:50
    (f"19日上午10时，{TOLD}", "2023-04-19 18:00:00", ("04-19 10:00:00", "04-19 10:59:59"), "met"),
    (f"4月19日15时，{TOLD}", "2023-04-19 18:00:00", ("04-19 15:00:00", "04-19 15:59:59"), "breached"),
    (f"今天下午3点，{TOLD}", "2023-04-19 15:20:00", ("04-19 15:00:00", "04-19 15:20:00"), "breached"),
    (f"19日12时50分，{TOLD}", "2023-04-19 18:00:00", ("04-19 12:50:00", "04-19 12:50:59"), "met"),
    (f"19日12时51分，{TOLD}", "2023-04-19 18:00:00", ("04-19 12:51:00", "04-19 12:51:59"), FAIR),
    (TOLD, "2023-04-19 12:00:00", None, "met"),
    (TOLD, "2023-04-19 18:00:00", None, "indeterminate"),
    (TOLD, "2023-04-22 09:00:00", None, "indeterminate"),
)


@pytest.mark.parametrize(("text", "published", "held", "verdict"), CONFERENCES)
def test_a_conference_counts_from_its_actual_start(text: str, published: str, held: Any, verdict: str) -> None:
    report = article("press", PRESS, text, published, "2023-04-22 10:00")
    incident, judgement = judged([SEEN, report], "2023-04-25T00:00")
    response = incident.responses[0]
    assert response.form == "conference_held"
    if held is None:
        assert response.published.earliest is None and response.published.source == "report"
    else:
        assert span(response.published) == held and response.published.source == "text"
    assert strict(judgement, "CN-24H-PRESSER").verdict == verdict


def test_a_conference_to_come_is_no_conference() -> None:
    text = f"{OFFICE}将于4月19日上午10时召开新闻发布会，通报长岭医院火灾情况。{FIRE}事故{DEAD}"
    title = f"{OFFICE}将召开新闻发布会"
    mention = read(article("soon", title, text, "2023-04-18 20:00:00", "2023-04-18 20:10"))
    assert mention.response is not None
    assert (mention.response.form, mention.response.held) == ("conference_announced", None)


BOUNDS = (
    # text, published, earliest, latest
    ("截至4月18日18时，事故已造成3人死亡。", "2023-04-18", "04-18 18:00:00", "04-19 00:00:00"),
    ("截至18:30，已有20人送医。", "2023-04-18", "04-18 18:30:00", "04-19 00:00:00"),
    ("截至18时，事故已造成3人死亡。", "2023-04-18 17:58", "04-18 17:58:00", "04-18 17:58:59"),  # an exact time stands
    ("截至18时，事故已造成3人死亡。", "2023-04-18 20:15", "04-18 20:15:00", "04-18 20:15:59"),
    ("截至昨日18时，事故已造成3人死亡。", "2023-04-18", "04-18 00:00:00", "04-19 00:00:00"),
    ("截至4月18日16时造成1人死亡，截至4月18日20时造成2人死亡。", "2023-04-18", "04-18 20:00:00", "04-19 00:00:00"),
    ("报名截至4月18日18时，已有30人报名。", "2023-04-18", "04-18 00:00:00", "04-19 00:00:00"),
    ("截至目前，事故已造成3人死亡。", "2023-04-18", "04-18 00:00:00", "04-19 00:00:00"),
    ("截至2023年4月18日18时，事故已造成3人死亡。", "2023-04", "04-18 18:00:00", "05-01 00:00:00"),
    ("截至18时，事故已造成3人死亡。", "2023-04", "04-01 00:00:00", "05-01 00:00:00"),  # of which day?
    ("今天15时许，云溪市一厂房发生火灾。", "2023-04-18", "04-18 15:00:00", "04-19 00:00:00"),
    ("4月18日15时20分，云溪市一厂房发生火灾。", "2023-04-18 16时", "04-18 16:00:00", "04-18 16:59:59"),
    ("4月18日16时20分，云溪市一厂房发生火灾。", "2023-04-18 16时", "04-18 16:20:00", "04-18 16:59:59"),
)


@pytest.mark.parametrize(("text", "published", "earliest", "latest"), BOUNDS)
def test_words_bound_their_own_publication(text: str, published: str, earliest: str, latest: str) -> None:
    mention = read(article("a", "云溪市通报", text, published, "2023-05-02 09:00"))
    assert span(mention.published) == (earliest, latest)
    assert mention.published is not None and mention.published.source == "row"
    whole = parse_published(published, "row")
    assert whole is not None
    assert mention.published.precision == (whole.precision if mention.published == whole else "unknown")


def test_without_any_time_of_publication_only_a_whole_date_bounds_it() -> None:
    dated = article("a", "云溪市通报", "截至2023年4月18日18时，事故已造成3人死亡。", "", "2023-04-20 09:00")
    bare = article("b", "云溪市通报", "截至18时，事故已造成3人死亡。", "", "2023-04-20 09:00")
    assert span(read(dated).published) == ("04-18 18:00:00", "04-20 09:00:00")
    assert read(bare).published is None


TOLD_CALL = "4月18日12时57分，云溪市119指挥中心接到报警，称长岭医院起火。已造成29人死亡。"


def test_the_call_that_an_authority_tells_of_starts_its_known_clock() -> None:
    call = article("call", "情况通报", TOLD_CALL, "2023-04-18 17:56:00", "2023-04-18 18:00")
    incident, judgement = judged([SEEN, call], "2023-04-20T00:00")
    assert [(span(one.interval), one.mention) for one in incident.known] == [
        (("04-18 12:57:00", "04-18 12:57:59"), "call")
    ]
    known = next(one for one in judgement.obligations if (one.rule, one.clock) == ("CN-5H-AUTH", "known"))
    assert (known.basis, span(known.start)) == ("known:stated", ("04-18 12:57:00", "04-18 12:57:59"))
    assert known.verdict == "met"  # 17:56, due 17:57
    # The hour before the call bounds the event and does not widen the 12:50 that others state.
    assert span(judgement.occurred) == ("04-18 12:50:00", "04-18 12:50:59")
    assert strict(judgement, "CN-5H-AUTH").verdict == FAIR


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (TOLD_CALL, "post"),  # nobody's authority says so
        (TOLD_CALL.replace("云溪市119指挥中心", "医院物业公司"), "authority"),  # who was called is none
        (TOLD_CALL.replace("接到报警", "起火"), "authority"),
    ],
)
def test_a_call_is_known_by_an_authority_alone(text: str, kind: PostKind) -> None:
    call = article("call", "情况通报", text, "2023-04-18 17:56:00", "2023-04-18 18:00", kind)
    incident, _ = judged([SEEN, call], "2023-04-20T00:00")
    assert incident.known == []


def test_a_redelivered_report_moves_nothing() -> None:
    once, _ = judged([SEEN, BULLETIN, BRIEFING], "2023-04-21T00:00")
    twice, _ = judged([SEEN, BULLETIN, BRIEFING, BULLETIN, BRIEFING], "2023-04-21T00:00")
    assert once == twice


def test_a_stated_start_is_kept_though_its_report_is_later() -> None:
    """The first report leaves the start open; a later one states it, and is kept for that."""
    late = timedelta(hours=2)
    first = article("press", PRESS, TOLD, "2023-04-19 18:00:00", "2023-04-19 18:10")
    second = article("press2", PRESS, f"19日上午10时，{TOLD}后续", "2023-04-19 20:00:00", "2023-04-19 20:10")
    assert second.collected_at - first.collected_at == late
    _, judgement = judged([SEEN, first, second], "2023-04-25T00:00")
    assert strict(judgement, "CN-24H-PRESSER").verdict == "met"
