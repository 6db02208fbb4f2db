"""Where pages come from: `config/sources.yaml` as strict structs, and what is wrong with it."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from cssselect import SelectorError
from lxml.cssselect import CSSSelector
from msgspec import Struct

from stream.core.documents import PostKind
from stream.settings import load_yaml

Kind = Literal["feed", "listing", "file"]

POLITE_DELAY_S = 2.0


class Source(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One watched channel.

    `body` names the authority whose own channel it is (else None): only then is silence there evidence, and its
    captures are kept verbatim. `links` and `next` are CSS selectors of a list page's article links and of its next
    page; without them dates in addresses and texts decide. `hosts` are further hosts its articles may stand on.
    `path` is the folder or file of kind `file`, relative to where the service runs. `intranet` allows a private
    address for the source's own host. `found_in` says in which public documentation it was found, `verified` whether
    somebody of this project has seen it answer. At most `pages` list pages and `articles` articles are read a poll.
    """

    id: str
    kind: Kind
    name: str
    found_in: str
    urls: tuple[str, ...] = ()
    path: str | None = None
    body: str | None = None
    post_kind: PostKind = "news"
    poll_minutes: float = 30
    links: str | None = None
    next: str | None = None
    pages: int = 3
    articles: int = 100
    hosts: tuple[str, ...] = ()
    encoding: str | None = None
    delay_seconds: float | None = None
    intranet: bool = False
    enabled: bool = True
    verified: bool = False

    @property
    def home(self) -> frozenset[str]:
        """host[:port] of its own addresses."""
        return frozenset(urlsplit(url).netloc.lower() for url in self.urls if is_web_address(url))

    @property
    def may_be_private(self) -> bool:
        """Whether its own hosts may have a private address: declared so, or this very machine."""
        return self.intranet or self.is_loopback

    @property
    def is_loopback(self) -> bool:
        """Whether all its addresses are written as this machine's own."""
        return bool(self.urls) and all(_is_on_loopback(url) for url in self.urls)

    @property
    def delay_s(self) -> float:
        """Seconds between two requests to its hosts; a server on this machine needs no politeness."""
        if self.delay_seconds is not None:
            return self.delay_seconds
        return 0.0 if self.is_loopback else POLITE_DELAY_S


class Sources(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file `config/sources.yaml`."""

    sources: tuple[Source, ...]


def load_sources(path: Path) -> tuple[Source, ...]:
    """The sources in a YAML file; SettingsError where it does not fit. `problems` looks for what a schema cannot."""
    return load_yaml(path, Sources).sources


def problems(sources: Sequence[Source], bodies: Iterable[str] | None = None) -> list[str]:
    """What is wrong with these sources, in Chinese, one a line with the remedy.

    `bodies` are the names of the register; given, a body that it does not know is a problem too.
    """
    known = None if bodies is None else frozenset(bodies)
    found = [f"sources：id `{id}` 用了 {n} 次；请各用一个" for id, n in Counter(s.id for s in sources).items() if n > 1]
    for source in sources:
        place = f"sources 中的 `{source.id}`"
        found += [f"{place}：{what}" for what in [*_address_problems(source), *_value_problems(source)]]
        if known is not None and source.body is not None and source.body not in known:
            found.append(f"{place}：body `{source.body}` 不在 authorities.yaml 中；请改正名称或先登记该机构")
    return found


def _address_problems(source: Source) -> Iterable[str]:
    if source.kind == "file":
        if source.path is None:
            yield "kind 为 file，需要 `path`（文件夹或文件）；请补上"
        if source.urls:
            yield "kind 为 file，不用 `urls`；请删除"
        return
    if not source.urls:
        yield f"kind 为 {source.kind}，需要至少一个 `urls`；请补上地址"
    if source.path is not None:
        yield f"kind 为 {source.kind}，不用 `path`；请删除"
    for url in source.urls:
        if not is_web_address(url):
            yield f"`{url}` 不是 http(s) 地址；请改正"


def _value_problems(source: Source) -> Iterable[str]:
    if not source.id or not source.id.replace("-", "").replace("_", "").isalnum():
        yield "id 只能用字母、数字、`-` 和 `_`；请改名"
    if not source.found_in.strip():
        yield "`found_in` 为空；请写明在哪份公开资料中找到"
    for name, value, least in (("poll_minutes", source.poll_minutes, 1), ("pages", source.pages, 1),
                               ("articles", source.articles, 1), ("delay_seconds", source.delay_s, 0)):  # fmt: skip
        if value < least:
            yield f"`{name}` 为 {value}，不能小于 {least}；请改正"
    if source.post_kind == "authority" and source.body is None:
        yield "post_kind 为 authority，需要 `body`（哪个机构自己的渠道）；请补上"
    for name, selector in (("links", source.links), ("next", source.next)):
        if selector is not None and not _is_selector(selector):
            yield f"`{name}` 不是有效的 CSS 选择器：{selector}；请改正"
    if source.encoding is not None and not _is_encoding(source.encoding):
        yield f"`encoding` `{source.encoding}` 不认识；请改为 gb18030、utf-8 等"


def is_web_address(url: str) -> bool:
    """Whether it is an http(s) address with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a broken IPv6 literal or port
        return False


def is_private_host(host: str) -> bool:
    """Whether a host is written as an address outside the public internet (loopback, private, link-local …).

    The name `localhost` counts, other names do not: what they resolve to is checked when they are resolved.
    """
    if host.lower().rstrip(".").split(".")[-1] == "localhost":
        return True
    try:
        return not ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return False


def _is_on_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, or a broken address
        return False


def _is_selector(text: str) -> bool:
    try:
        CSSSelector(text)
    except SelectorError:
        return False
    return True


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
    except LookupError:
        return False
    return True
