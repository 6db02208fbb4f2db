"""Citizens' messages and what answered them, read from the store as known at an instant. Of a message only its id and
title: who wrote it appears nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from dashboard.exports.tables import Frame
from stream.core.cases import Response
from stream.core.decided import rejected_mentions
from stream.core.documents import Form, Post
from stream.core.intervals import Interval
from stream.hindsight import Record
from stream.outputs import items
from stream.ports import Filter, Store
from stream.reading.signatures import signature

QUOTED = 200  # characters of a reply
# How a reply begins: 网友“…”您好！ Whom it greets is nobody's business, however the greeting is written.
_GREETING = re.compile(r"^[^。！!？?；;]{0,60}?(?:您好|你好)[！!。，,：:；;\s]{0,4}")
_ADDRESSEE = re.compile('(?:网友|网民|市民|用户)?[“"「][^”"」\n]{1,30}[”"」][:：,，\\s]{0,6}(?=[您你])')
# A post may be dated up to a day after it was collected (docs/formats.md).
_AHEAD = timedelta(days=1)
REPLY = "#reply"


class Reply(Struct, frozen=True, kw_only=True):
    """What an authority said to one message: `text` at most QUOTED characters, without the greeting. `department`: who
    signed it; what a reply cites (国务院, 教育部 …) did not write it."""

    department: str | None
    published: Interval
    form: Form
    text: str
    is_removed: bool


class Letter(Struct, frozen=True, kw_only=True):
    """One message of a citizen; replies in order of publication."""

    id: str
    title: str
    region: str | None
    accepted: Interval | None
    replies: list[Reply]


def letters(store: Store, records: Iterable[Record], frame: Frame) -> list[Letter]:
    """Messages accepted in the frame's span, in order of acceptance: posts of a message board, and whatever has a
    board's reply. `records`: the incidents as known at the frame's instant, all of them."""
    answers = _answers(records, frame.now)
    found = [
        letter
        for page in _pages(store, answers, frame)
        for letter in _with_replies(store, page, answers, frame.now)
        if _is_wanted(letter, frame)
    ]
    return sorted(found, key=lambda one: (one.accepted.latest if one.accepted else frame.now, one.id))


def _answers(records: Iterable[Record], now: datetime) -> dict[str, dict[str, Response]]:
    """Responses to single posts, by the answered post; those that a person rejected are none."""
    found: dict[str, dict[str, Response]] = {}
    for record in records:
        rejected = rejected_mentions([one for one in record.incident.decisions if one.collected_at <= now])
        for one in record.incident.responses:
            if one.answers is not None and one.is_authoritative and one.known_at <= now and one.mention not in rejected:
                found.setdefault(one.answers, {})[one.mention] = one
    return found


def _pages(store: Store, answers: dict[str, dict[str, Response]], frame: Frame) -> Iterator[list[Post]]:
    """Messages among the posts, some hundred at a time: so many replies are read at once."""
    page: list[Post] = []
    since = None if frame.since is None else frame.since - _AHEAD
    for post in items(store, Post, Filter(since=since)):
        if post.observations[0].collected_at <= frame.now and _is_letter(post, answers.get(post.id, {})):
            page.append(post)
        if len(page) == 500:
            yield page
            page = []
    yield page


def _is_letter(post: Post, answered: dict[str, Response]) -> bool:
    return post.mention.kind == "complaint" or any(one.endswith(REPLY) for one in answered)


def _with_replies(
    store: Store, posts: list[Post], answers: dict[str, dict[str, Response]], now: datetime
) -> Iterator[Letter]:
    wanted = [mention for post in posts for mention in answers.get(post.id, {})]
    kept = store.get_many(Post, wanted) if wanted else {}
    for post in posts:
        replies = [
            _reply(one, kept[one.mention].item if one.mention in kept else None, now)
            for one in answers.get(post.id, {}).values()
        ]
        replies.sort(key=lambda one: (one.published.latest, one.text))
        title, text = wording(post, now)
        regions = post.mention.regions
        yield Letter(
            id=post.id, title=title or text[:40], region=regions[0] if regions else None,
            accepted=post.mention.published, replies=replies,
        )  # fmt: skip


def _reply(one: Response, post: object, now: datetime) -> Reply:
    text = wording(post, now)[1] if isinstance(post, Post) else one.title
    is_board = one.mention.endswith(REPLY)
    signed = signature(post.text) or post.mention.account if isinstance(post, Post) else None
    gone_at = one.removal_known_at or one.removed_at
    return Reply(
        department=signed or (None if is_board else one.issuer), published=one.published, form=one.form,
        is_removed=gone_at is not None and gone_at <= now, text=without_addressee(text),
    )  # fmt: skip


def without_addressee(text: str) -> str:
    """The beginning of a reply without whom it greets."""
    return _ADDRESSEE.sub("", _GREETING.sub("", text[: QUOTED * 2].strip()))[:QUOTED]


def wording(post: Post, now: datetime) -> tuple[str, str]:
    """Title and the beginning of the text as they stood at `now`."""
    if post.mention.collected_at > now:
        before = [one for one in post.versions if one.collected_at <= now]
        if before:
            return before[-1].title, before[-1].text[: QUOTED * 2]
    return post.mention.title, post.mention.quote


def _is_wanted(letter: Letter, frame: Frame) -> bool:
    at = letter.accepted.latest if letter.accepted else None
    return (
        (frame.since is None or (at is not None and at >= frame.since))
        and (frame.until is None or (at is not None and at < frame.until))
        and (frame.region is None or (letter.region or "").startswith(frame.region))
        and (frame.body is None or any(one.department == frame.body for one in letter.replies))
    )
