"""The indices of a namespace: their names, their templates, and how they come into being.

`<namespace>-<kind>` for each kind; posts in `<namespace>-post_<day>`, `…-post_authority`, `…-post_kept`; where each
post is, in `…-post_place`; counts of days that are gone, in `…-post_hour`. What follows the last hyphen has none, so
that two namespaces never share an index, whatever they are called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from stream.backends.elastic_client import Client
from stream.backends.kinds import KINDS, Kind
from stream.core.documents import Post
from stream.core.intervals import SHANGHAI
from stream.errors import OutsideFailed, SettingsError
from stream.settings import Settings

VERSION = 1
"""Of the mappings. Raise it when a field is added; an older index gets the new mapping when it is next written to."""
POST, PLACE, HOUR = "post", "post_place", "post_hour"
_DAY = re.compile(r"post_\d{8}")
# What a person looks at, or waits for, appears within a second; the rest in fewer, larger segments.
_SELDOM = frozenset({"assignment", "case_file", "coverage", "fetched", "reminder", "source_coverage", HOUR})
_KEYWORD: Mapping[str, Any] = {"type": "keyword"}
_KEPT_ONLY: Mapping[str, Any] = {"index": False, "doc_values": False}
# Segments lie in the order that is asked for, so that a list stops at a full page however much fits: 10⁵ posts of 30
# days, the newest of all, 5 ms of the server's time instead of 18. Writing costs it a fifth more, a narrow search 1 ms.
_NEWEST_FIRST: Mapping[str, Any] = {"sort.field": ["at", "id"], "sort.order": ["desc", "desc"]}
_AT_ONCE = 30
"""Names in one request: they stand in its first line, which Elasticsearch limits to 4 KB."""


class Names:
    """What the indices of a namespace are called. SettingsError where Elasticsearch would not take the names."""

    def __init__(self, namespace: str) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", namespace):
            raise SettingsError(f"namespace：{namespace!r} 不能用作 Elasticsearch 的索引名；请只用小写字母、数字、._-")
        self.namespace = namespace
        self.all = f"{namespace}-all"
        self.posts = f"{namespace}-post"
        self.place, self.hour = self.of(PLACE), self.of(HOUR)
        self.authority, self.kept = self.of("post_authority"), self.of("post_kept")

    def of(self, tag: str) -> str:
        """The index of a kind other than posts."""
        return f"{self.namespace}-{tag}"

    def first(self, post: Post) -> str:
        """Where a post is put at its first save."""
        return self.authority if post.mention.kind == "authority" else self.day(post.collected_at)

    def day(self, at: datetime) -> str:
        """The index of a day in Shanghai."""
        local = at.astimezone(SHANGHAI)
        return self.of(f"post_{local.year:04}{local.month:02}{local.day:02}")

    def tag(self, index: str) -> str | None:
        """What follows the namespace; None for another namespace's index."""
        start, _, tag = index.rpartition("-")
        return tag if start == self.namespace else None

    def is_day(self, index: str) -> bool:
        """Whether it is the index of a day, which is dropped as a whole."""
        tag = self.tag(index)
        return tag is not None and _DAY.fullmatch(tag) is not None

    def template(self, index: str) -> str:
        """The template that an index is made by."""
        tag = str(self.tag(index))
        return POST if tag.startswith("post_") and tag not in (PLACE, HOUR) else tag


class Indices:
    """Makes indices before they are written to; Elasticsearch left alone would guess a mapping."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self.names = Names(settings.namespace)
        self.client = client
        self._settings = settings.elastic
        self._ready: set[str] = set()

    def ensure(self, indices: Iterable[str]) -> None:
        """They exist with our mapping. Raises OutsideFailed where they were made by a newer version, or where the
        template is missing and is not ours to make."""
        for index in sorted(set(indices) - self._ready):
            self._ensure(index)
            self._ready.add(index)

    def forget(self, index: str) -> None:
        """It may be gone: look again before the next write."""
        self._ready.discard(index)

    def _ensure(self, index: str) -> None:
        version = self._version(index)
        if version is None:
            self._put_template(index)
            self.client.ask(lambda es: _created(es, index))
        elif version < VERSION:
            self._put_template(index)
            mapping = mapping_of(self.names.template(index))
            self.client.ask(lambda es: es.indices.put_mapping(index=index, **mapping))
        else:
            self._refuse_newer(version, index)

    def _version(self, index: str) -> int | None:
        found = self.client.ask(lambda es: es.indices.get_mapping(index=index, ignore_unavailable=True))
        return _version_in(found[index]["mappings"]) if index in found else None

    def _put_template(self, index: str) -> None:
        """The index's template is there, and of this version."""
        tag = self.names.template(index)
        name = self.names.of(tag)
        found = self.client.ask(lambda es: _template(es, name))
        version = None if found is None else _version_in(found["template"].get("mappings", {}))
        if version is None and not self._settings.creates_templates:
            raise OutsideFailed(
                f"Elasticsearch {self.client.address} 缺少索引模板 {name}；"
                "请由管理员建立，或将 elastic.creates_templates 设为 true"
            )
        if version is not None:
            self._refuse_newer(version, name)
        if version is None or (version < VERSION and self._settings.creates_templates):
            body = self.template_body(tag)
            self.client.ask(lambda es: es.indices.put_index_template(name=name, **body))

    def _refuse_newer(self, version: int, name: str) -> None:
        if version > VERSION:
            raise OutsideFailed(
                f"Elasticsearch {self.client.address} 的 {name} 由更新版本的程序建立"
                f"（映射 {version}，本程序 {VERSION}）；请升级本程序"
            )

    def template_body(self, tag: str) -> dict[str, Any]:
        """The index template of a kind, as Elasticsearch takes it."""
        is_family = tag == POST
        aliases: dict[str, Any] = {self.names.all: {}}
        if is_family:
            aliases[self.names.posts] = {}
        # A longer namespace may begin like ours and a `post_`: the more precise template wins.
        priority = 1000 + 2 * len(self.names.namespace) + (not is_family)
        return {
            "index_patterns": [self.names.of(f"{tag}_*" if is_family else tag)],
            "priority": priority,
            "template": {"settings": self._index_settings(tag), "mappings": mapping_of(tag), "aliases": aliases},
            "meta": {"version": VERSION},
        }

    def _index_settings(self, tag: str) -> dict[str, Any]:
        chosen: dict[str, Any] = {
            "number_of_shards": self._settings.shards,
            "number_of_replicas": self._settings.replicas,
            "refresh_interval": "30s" if tag == PLACE else "5s" if tag in _SELDOM else "1s",
        }
        return {**chosen, **_NEWEST_FIRST} if tag == POST else chosen


def mapping_of(tag: str) -> dict[str, Any]:
    """The mapping of a kind's index: strict, so that a mistake of ours is an error and not a field."""
    if tag == PLACE:
        properties: dict[str, Any] = {"index": {**_KEYWORD, **_KEPT_ONLY}}
    elif tag == HOUR:
        properties = {"day": _KEYWORD, "hour": {"type": "long"}, "topic": _KEYWORD, "posts": {"type": "long"}}
    else:
        kind = next(one for one in KINDS.values() if one.tag == tag)
        properties = _properties(kind)
    mapping = {"_meta": {"version": VERSION}, "dynamic": "strict", "properties": properties}
    return mapping | {"_source": {"excludes": ["words"]}} if tag == POST else mapping


def _properties(kind: Kind) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "id": _KEYWORD, "revision": {"type": "long", **_KEPT_ONLY}, "at": {"type": "long"}, "item": {"type": "binary"},
    }  # fmt: skip
    if kind.has_due:
        properties["due"] = {"type": "long"}
    properties |= dict.fromkeys([*kind.singular, *kind.plural], _KEYWORD)
    if kind.tag == POST:
        # Only whether a pair is there, never how often or where: the smallest index that answers our queries.
        words = {"type": "text", "analyzer": "whitespace", "index_options": "docs", "norms": False}
        properties["words"] = words
    return properties


def _version_in(mappings: Mapping[str, Any]) -> int:
    version = mappings.get("_meta", {}).get("version", 0)
    return version if isinstance(version, int) else 0


def _template(es: Elasticsearch, name: str) -> dict[str, Any] | None:
    try:
        found = es.indices.get_index_template(name=name)
    except NotFoundError:
        return None
    template: dict[str, Any] = found["index_templates"][0]["index_template"]
    return template


def _created(es: Elasticsearch, index: str) -> None:
    try:
        es.indices.create(index=index)
    except BadRequestError as error:
        # Another process was faster.
        if error.error != "resource_already_exists_exception":
            raise


def erase_indices(settings: Settings) -> None:
    """Removes every index and template of the namespace: the end of a replay or of a test."""
    client = Client(settings.elastic)
    try:
        _erase(client, Names(settings.namespace))
    finally:
        client.close()


def _erase(client: Client, names: Names) -> None:
    found = client.ask(lambda es: es.options(ignore_status=404).indices.get_mapping(index=names.of("*")))
    for some in _slices([index for index in found if names.tag(index)]):
        client.ask(lambda es, some=some: es.indices.delete(index=some, ignore_unavailable=True))  # type: ignore[misc]
    templates = client.ask(lambda es: es.options(ignore_status=404).indices.get_index_template(name=names.of("*")))
    for some in _slices([one["name"] for one in templates.get("index_templates", []) if names.tag(one["name"])]):
        client.ask(lambda es, some=some: es.options(ignore_status=404).indices.delete_index_template(name=some))  # type: ignore[misc]


def _slices(names: Iterable[str]) -> Iterable[Sequence[str]]:
    listed = sorted(names)
    return [listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE)]
