"""Everything that one post alone tells: all readers together, over one scan of the text."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from importlib.resources import files

import msgspec

from stream.core.authorities import Registry
from stream.core.documents import Answer, Article, Emergency, Mention, TopicScore
from stream.core.intervals import Interval, StatedInterval, exactly
from stream.reading import answers, bodies, issuers, places, relevance, topics
from stream.reading.abroad import foreign_names, home_names
from stream.reading.answers import Context
from stream.reading.conferences import TIMED_FORMS, held_at
from stream.reading.events import read_event
from stream.reading.fingerprint import LEAD_CHARACTERS, fingerprint
from stream.reading.publication import bounded
from stream.reading.scan import Hit, Scanner
from stream.reading.topics import Classifier, Lexical, TopicConfig

QUOTE = 200
LEAD = 300
# Rarity of the term of an event, in quarter bits: by itself enough for the same event, or only together with words.
RARE_EVENT, EVENT = 84, 68
FREQUENT = frozenset({"交通事故", "治安案件", "刑事案件", "故意伤害"})
# Neither a letter nor removed: what stood on both sides of a name is no pair.
GAP = "\n"
LEXICONS = ("answers.yaml", "places.yaml", "regions.tsv", "relevance.yaml")


class Reader:
    """Reads one post. Pure: the same article gives the same mention, alone or in a batch.

    `classifier` replaces the default one of `config` (a transformer, or the default with a trained model).
    """

    def __init__(self, config: TopicConfig, registry: Registry, classifier: Classifier | None = None) -> None:
        self._config = config
        self._registry = registry
        self._classifier = Lexical(config) if classifier is None else classifier
        lexical = self._classifier if isinstance(self._classifier, Lexical) else None
        self._lexical = lexical
        self._scanner = Scanner(
            {
                "places": places.words(),
                "bodies": bodies.words(registry),
                "answers": issuers.words(),
                "topics": {} if lexical is None else lexical.words(),
                "relevance": relevance.words(),
            }
        )
        self.version = (
            f"{self._classifier.version}+{_lexicon_hash()}+{_hash(msgspec.json.encode(registry.authorities))}"
        )

    def read(self, article: Article) -> Mention:
        """The mention of an article."""
        title, body = article.title, article.text
        text, lead = f"{title}\n{body}", len(title)
        at = article.published.latest if article.published else article.collected_at
        hits = self._scanner.scan(text)
        named = bodies.named(hits["bodies"], hits["places"], text, self._registry, at)
        post = Context(
            article.kind, article.account, article.answers, text, lead,
            hits["answers"], hits["places"], hits["bodies"], named, self._registry, at,
        )  # fmt: skip
        response = _timed(answers.read(post), article)
        event = read_event(title, body, _anchor(article))
        regions = self._regions(article, hits["places"], text, lead, at)
        about = self._topics(text, lead, hits["topics"])
        signs = relevance.Signs(article.kind, event.emergency, response, about, regions, _is_abroad(text, lead))
        terms, simhash = fingerprint(title, body)
        if named or regions:
            # Two matters of one town or office share its name and nothing else: names are compared as what they are.
            terms, _ = fingerprint(*_nameless(text, lead, (*hits["places"], *hits["bodies"])))
            terms += _event_term(event.emergency, regions)
        return Mention(
            id=article.id,
            collected_at=article.collected_at,
            source=article.source,
            url=article.url,
            account=article.account,
            kind=article.kind,
            title=title,
            quote=(body.strip() or title)[:QUOTE],
            published=_published(article, event.occurred),
            heat=article.heat,
            answers=article.answers,
            removed_at=article.removed_at,
            relevant=bool(article.answers) or relevance.is_relevant(signs, _leading(hits["relevance"], lead), text),
            topics=about,
            emergency=event.emergency,
            figures=event.figures,
            severity=event.severity,
            occurred=event.occurred,
            regions=regions,
            bodies=list(dict.fromkeys(named.values()))[: bodies.MOST],
            response=response,
            content_sha256=article.content_sha256,
            model_version=self.version,
            fingerprint=terms,
            simhash=simhash,
            capture=article.capture,
            known=event.known,
        )

    def _topics(self, text: str, lead: int, hits: list[Hit]) -> list[TopicScore]:
        if self._lexical is not None:
            scores = self._lexical.score(text, lead, hits)
        else:
            scores = self._classifier.scores([text])[0]
        return topics.held(scores, self._config.threshold)

    def _regions(self, article: Article, hits: list[Hit], text: str, lead: int, at: datetime) -> list[str]:
        """The row's own region first, then the text's; an official account's region where neither tells."""
        found = places.located(hits, text, lead)
        written = article.region
        stated = (places.code_of(written) or self._registry.added_region(written)) if written else None
        if stated is None and not found and article.account:
            owner = self._registry.resolve(article.account, at)
            stated = owner.region if owner is not None else None
        if stated is None or stated in found:
            return found
        return [stated, *found][: places.MOST]


def _anchor(article: Article) -> Interval:
    return article.published or exactly(article.collected_at, "collected")


def _timed(answer: Answer | None, article: Article) -> Answer | None:
    """With the start of the conference that the post reports."""
    if answer is None or answer.form not in TIMED_FORMS:
        return answer
    held = held_at(article.title, article.text, _anchor(article))
    return answer if held is None else msgspec.structs.replace(answer, held=held)


def _published(article: Article, occurred: StatedInterval | None) -> Interval | None:
    """When the source says, no earlier than the text's own words allow; unsaid, these words alone may bound it."""
    if article.published is not None:
        return bounded(article.title, article.text, article.published, occurred)
    unknown = Interval(earliest=None, latest=article.collected_at, precision="unknown", source="collected")
    found = bounded(article.title, article.text, unknown, occurred)
    return None if found is unknown else found


def _nameless(text: str, lead: int, hits: tuple[Hit, ...]) -> tuple[str, str]:
    """Title and lead with the names of places and bodies taken out, as far as a fingerprint's terms reach."""
    parts, done, end = [], 0, lead + 1 + LEAD_CHARACTERS
    for hit in sorted(hits, key=_start):
        if hit.start >= end:
            break
        if hit.end > done:
            parts += [text[done : max(done, hit.start)], GAP * (hit.end - max(done, hit.start))]
            done = hit.end
    nameless = "".join(parts) + text[done:end]
    return nameless[:lead], nameless[lead + 1 :]


def _event_term(emergency: Emergency, regions: list[str]) -> list[int]:
    """What happened where, as one more term: two first reports of one event may have no rare pair in common. A county
    seldom has two such events in a day; a city, or a county's roads, may."""
    if not emergency.is_emergency or emergency.subtype is None or not regions:
        return []
    place = regions[0]
    is_rare = not place.endswith("00") and emergency.subtype not in FREQUENT
    words = f"{emergency.subtype}|{place}".encode()
    return [int.from_bytes(sha256(words).digest()[:4], "big") << 8 | (RARE_EVENT if is_rare else EVENT)]


def _start(hit: Hit) -> int:
    return hit.start


def _leading(hits: list[Hit], lead: int) -> list[Hit]:
    return [hit for hit in hits if hit.end <= lead + LEAD]


def _is_abroad(text: str, lead: int) -> bool:
    head = text[: lead + 80]
    return "当地时间" in head or (bool(foreign_names(head)) and not home_names(head))


def _lexicon_hash() -> str:
    folder = files("stream.reading") / "data"
    return _hash(b"".join((folder / name).read_bytes() for name in LEXICONS))


def _hash(body: bytes) -> str:
    return sha256(body).hexdigest()[:12]
