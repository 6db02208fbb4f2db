"""Step classify: an article as a mention, everything that one post alone tells; keeps the post. Stateless but for that.

The same id again is another observation of the same post: heat extends its series, changed text is a new version (all
are kept: silent edits of bulletins show), `removed_at` takes effect then. A redelivered article changes nothing.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec.structs import replace

from stream.core.codec import Item
from stream.core.documents import Article, Coverage, Decision, Entry, Mention, Observation, Post, Version
from stream.ports import State
from stream.reading.post import Reader


class Classify:
    """Implements stream.ports.Step."""

    name = "classify"
    timer: type[Item] | None = None

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def looks_at(self, message: object) -> Iterable[tuple[type[Item], str]]:
        """The post as it is kept."""
        return [(Post, message.id)] if isinstance(message, Article) else []

    def handle(self, message: object, state: State) -> Iterable[object]:
        """The mention of an article; coverage and decisions as they are."""
        if isinstance(message, Article):
            yield self._observe(message, state)
        elif isinstance(message, Coverage | Decision | Entry):
            yield message

    def tick(self, item: Item, now: datetime, state: State) -> Iterable[object]:
        """No timers."""
        return ()

    def rebuild(self, state: State, owns: Callable[[str], bool]) -> None:
        """No working set."""

    def _observe(self, article: Article, state: State) -> Mention:
        kept = state.get(Post, article.id)
        if kept is None:
            mention = self._reader.read(article)
            state.put(_first(article, mention))
            return mention
        article = _with_content(article, kept)
        is_new = _is_new_content(article, kept)
        mention = replace(self._reader.read(article), is_new_content=is_new)
        grown = _grown(kept, article, mention)
        if grown != kept:
            state.put(grown)
        return mention


def _first(article: Article, mention: Mention) -> Post:
    return Post(
        id=article.id,
        collected_at=article.collected_at,
        mention=mention,
        text=article.text,
        author=article.author,
        site=article.site,
        versions=[_version(article)],
        observations=[_observation(article)],
    )


def _grown(kept: Post, article: Article, mention: Mention) -> Post:
    """The post with one more observation; the newest reading leads, and nothing is listed twice."""
    versions, observations = list(kept.versions), list(kept.observations)
    version, observation = _version(article), _observation(article)
    same = any(
        (one.collected_at, one.content_sha256) == (version.collected_at, version.content_sha256) for one in versions
    )
    if mention.is_new_content and not same:
        insort(versions, version, key=lambda one: one.collected_at)
    if observation not in observations:
        insort(observations, observation, key=lambda one: one.collected_at)
    if article.collected_at < kept.mention.collected_at:
        return replace(kept, versions=versions, observations=observations)
    return replace(
        kept,
        mention=mention,
        text=article.text,
        author=article.author or kept.author,
        site=article.site or kept.site,
        versions=versions,
        observations=observations,
    )


def _is_new_content(article: Article, kept: Post) -> bool:
    """Whether its wording differs from the one that stood before; the same answer when it is delivered again."""
    before = [one for one in kept.versions if one.collected_at < article.collected_at]
    beside = [one for one in kept.versions if one.collected_at == article.collected_at]
    if any(one.content_sha256 == article.content_sha256 for one in beside):
        return True
    return not before or before[-1].content_sha256 != article.content_sha256


def _with_content(article: Article, kept: Post) -> Article:
    """A row that only says "removed" or gives a new heat keeps the wording that was known."""
    if article.title or article.text:
        return article
    return replace(article, title=kept.mention.title, text=kept.text, content_sha256=kept.mention.content_sha256)


def _version(article: Article) -> Version:
    return Version(
        collected_at=article.collected_at,
        content_sha256=article.content_sha256,
        title=article.title,
        text=article.text,
        published=article.published,
        capture=article.capture,
    )


def _observation(article: Article) -> Observation:
    return Observation(collected_at=article.collected_at, heat=article.heat)
