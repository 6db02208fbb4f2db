"""Step extract: a page (a row, HTML, or both) as an article: body, time, pseudonym, personal data masked. Stateless."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import lxml.html
from lxml.etree import LxmlError
from msgspec.structs import replace

from stream.core.authorities import Registry
from stream.core.codec import Item
from stream.core.documents import Article, Coverage, Decision, Entry, Mark, Page, Row
from stream.core.intervals import Interval, Precision
from stream.errors import MessageRejected
from stream.ports import State
from stream.reading.answers import MEDIA_ACCOUNT
from stream.reading.pages import PageText, extract_page
from stream.reading.privacy import Pseudonyms, mask

# Invisible everywhere and meaningless to every reader: controls but newline and tab, zero-width, BOM.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200b-\u200d\u2060\ufeff]")
_MARKUP = re.compile(
    r"</?(?:p|br|div|span|a|img|strong|b|em|font|table|script)\b[^<>]{0,500}>|&(?:nbsp|lt|gt|quot|amp);", re.I
)
SLACK = timedelta(days=1)
_PERSONAL = frozenset(("post", "complaint"))
_FINENESS: tuple[Precision, ...] = ("second", "minute", "hour", "part_of_day", "day", "month", "year", "unknown")


class Extract:
    """Implements stream.ports.Step."""

    name = "extract"
    timer: type[Item] | None = None

    def __init__(self, pseudonyms: Pseudonyms, registry: Registry) -> None:
        self._pseudonyms = pseudonyms
        self._registry = registry

    def looks_at(self, message: object) -> Iterable[tuple[type[Item], str]]:
        """Nothing: a page alone gives its article."""
        return ()

    def handle(self, message: object, state: State) -> Iterable[object]:
        """The article of a page; coverage, decisions and marks as they are."""
        if isinstance(message, Page):
            yield self.article(message)
        elif isinstance(message, Coverage | Decision | Entry | Mark):
            yield message

    def tick(self, item: Item, now: datetime, state: State) -> Iterable[object]:
        """No timers."""
        return ()

    def rebuild(self, state: State, owns: Callable[[str], bool]) -> None:
        """No working set."""

    def article(self, page: Page) -> Article:
        """The article of one page. Raises MessageRejected where nothing can be read."""
        row, site = page.row, None
        if page.html is not None:
            found = extract_page(page.html, page.url, page.encoding)
            row, site = self._with_page(page, found), found.site
        title, text = clean(row.title or ""), clean(row.text or "")
        if not title and not text:
            raise MessageRejected("no_text")
        return Article(
            id=page.id,
            collected_at=page.collected_at,
            source=page.source,
            url=page.url,
            account=self._account(page),
            kind=page.kind,
            title=title,
            text=text,
            published=row.published,
            author=row.author,
            site=site,
            region=row.region,
            heat=row.heat,
            answers=row.answers,
            removed_at=row.removed_at,
            content_sha256=content_sha256(title, text),
            capture=page.capture,
            origin=page.origin,
        )

    def _account(self, page: Page) -> str | None:
        """A public body's or a medium's account by its name; what may be a private person's by a pseudonym."""
        account = page.account
        if account is None or page.kind not in _PERSONAL or MEDIA_ACCOUNT.search(account):
            return account
        if self._registry.resolve(account, page.collected_at) is not None:
            return account
        return self._pseudonyms.of(account, page.source, page.collected_at)

    def _with_page(self, page: Page, found: PageText) -> Row:
        """The row with what the page adds: the page's own body, the finer of both times, the title that is there."""
        row = page.row
        if not found.text and not row.text:
            raise MessageRejected("no_text")
        author = row.author
        if author is None and found.author:
            author = self._pseudonyms.of(found.author, page.source, page.collected_at)
        return replace(
            row,
            title=_fuller_title(row.title, found.title),
            text=max(found.text, row.text or "", key=len),
            published=_finer(row.published, _believable(found.published, page.collected_at)),
            author=author,
        )


def clean(text: str) -> str:
    """NFC, visible, without markup and blank lines, personal data masked."""
    if "<" in text or "&" in text:
        text = _without_markup(text)
    text = _UNSEEN.sub("", unicodedata.normalize("NFC", text))
    lines = (line.strip() for line in text.splitlines())
    return mask("\n".join(line for line in lines if line))


def content_sha256(title: str, text: str) -> str:
    """Hex SHA-256 of title and text without white space: the same words laid out differently are the same content."""
    words = "".join(title.split()) + "\n" + "".join(text.split())
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def _without_markup(text: str) -> str:
    """What a browser would show of a column that holds HTML; other text, with a mere `<`, as it is."""
    if _MARKUP.search(text) is None:
        return text
    try:
        root = lxml.html.fragment_fromstring(text.replace("\x00", ""), create_parent="div")
    except (LxmlError, ValueError):
        return text
    for node in root.iter("script", "style"):
        node.text = None
    for node in root.iter("br", "p", "div", "tr", "li"):
        node.tail = "\n" + (node.tail or "")
    return str(root.text_content())


def _fuller_title(row: str | None, page: str) -> str:
    """A feed's or list's title is the cleaner one, unless it was cut short there."""
    if not row or (page and row.rstrip("….") != row):
        return page or row or ""
    return row


def _believable(published: Interval | None, collected_at: datetime) -> Interval | None:
    """None where a page claims to come from tomorrow: some other date was read (docs/formats.md: published_at)."""
    if published is None or published.earliest is None or published.earliest > collected_at + SLACK:
        return None
    return published


def _finer(row: Interval | None, page: Interval | None) -> Interval | None:
    """What the feed or list says; the page refines it, and contradicts it never."""
    if row is None or page is None:
        return row or page
    within = (
        page.earliest is not None and page.earliest <= row.latest and (row.earliest or page.earliest) <= page.earliest
    )
    return page if within and _FINENESS.index(page.precision) < _FINENESS.index(row.precision) else row
