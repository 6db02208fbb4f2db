"""To whom an answer is attributed: the issuer's name and kind, and whether that makes it authoritative."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from stream.core.authorities import Registry
from stream.core.documents import Answer, Form, IssuerKind, Level, PostKind
from stream.reading.abroad import foreign_names, home_names
from stream.reading.issuers import PUBLIC, SENTENCE_ENDS, Speaker, listed, speakers
from stream.reading.scan import Hit

# How far into a text somebody may still be quoted: later attributions are background.
LEAD = 400
MEDIA_ACCOUNT = re.compile(
    r"(?:日报|晚报|晨报|都市报|时报|新闻|新闻网|电视台|卫视|广播|新华社|人民网|新华网|央视.{0,4}|中新社|在线|融媒|之声|周刊|客户端)$"
)
# At the head of a title: another country's police, court or army, its name one character (日警方, 美司法部).
FOREIGN_HEAD = re.compile(
    r"^(?:[美日韩英法德俄印菲澳泰缅越朝伊](?:一|最|男|多地|官方|失事|警方|警察|政府|法院|最高法|检方|司法部|国防部|海警|媒|军|方|总统|总理|外长|防长|官员|议员|当局)|以(?:军|方|媒|总理|防长)|乌(?:军|方|总统)|欧盟|北约|联合国)"
)
# How a lead begins that says where it comes from: 韩国8月20日消息; 近日，英国一名男子.
DATELINE = re.compile(r"\s*(?:近日，|日前，|[\d年月日（）发布采访报道]{2,16}，)?(?:据)?(.{1,6})")
PASSIVE = (
    "配合",
    "被",
    "遭",
    "向",
    "找",
    "对",
    "给",
    "与",
    "和",
    "让",
    "称",
    "冒充",
    "假冒",
    "请",
    "等",
    "去",
    "到",
    "在",
)


class Context(NamedTuple):
    """What the readers before this one found in `text`, whose first `lead` characters are the title."""

    kind: PostKind
    account: str | None
    answers_id: str | None
    text: str
    lead: int
    hits: Sequence[Hit]
    places: Sequence[Hit]
    bodies: Sequence[Hit]
    named: Mapping[int, str]
    registry: Registry
    at: datetime


def made(post: Context, kind: IssuerKind, form: Form, speaker: Speaker | None) -> Answer:
    if speaker is not None and post.text[speaker.start : speaker.end] in listed("generic"):
        speaker, kind = _said_in_text(post, speaker, kind)
    issuer = None if speaker is None else _issuer(post, speaker)
    body = post.registry.resolve(issuer, post.at) if issuer else None
    if kind in PUBLIC or kind == "state_media_quoting_authority" or FOREIGN_HEAD.match(post.text):
        kind = "foreign" if is_abroad(post) else kind
    speaks = kind in PUBLIC or kind == "state_media_quoting_authority"
    level: Level | None = None if body is None else body.level
    return Answer(
        form=form, issuer=issuer, issuer_kind=kind, level=level, is_authoritative=speaks and _is_reliable(post)
    )


def _said_in_text(post: Context, speaker: Speaker, kind: IssuerKind) -> tuple[Speaker, IssuerKind]:
    """官方通报 in the title: the office that the lead names, if one."""
    hits = [hit for hit in post.hits if post.lead < hit.start < post.lead + LEAD]
    found = [one for one in bodies_until(post, post.lead + LEAD) if one.start > post.lead]
    for one in speakers(hits, post.text, found):
        is_whole = one.end - one.start > 3 or any(one.start <= start < one.end for start in post.named)
        if one.kind in PUBLIC and is_whole and post.text[one.start : one.end] not in listed("generic"):
            return one, one.kind
    return speaker, kind


def _issuer(post: Context, speaker: Speaker) -> str:
    """The registered name that these words belong to, else the words themselves."""
    for start, name in post.named.items():
        if speaker.start <= start < speaker.end or start <= speaker.start < start + 4:
            return name
    return post.text[speaker.start : speaker.end]


def _is_reliable(post: Context) -> bool:
    """Media and hot lists attribute; a private account repeats."""
    return post.kind in {"news", "hotlist"} or bool(post.account and MEDIA_ACCOUNT.search(post.account))


def is_abroad(post: Context) -> bool:
    head = post.text[: post.lead + 60]
    if FOREIGN_HEAD.match(head) or "当地时间" in head:
        return True
    if home_names(post.text[: post.lead]):
        return False
    dateline = DATELINE.match(post.text, post.lead)
    if dateline is not None and foreign_names(dateline[1]):
        return True
    return bool(foreign_names(post.text[: post.lead]) and not home_names(head))


def is_passive(text: str, speaker: Speaker) -> bool:
    return text[: speaker.start].endswith(PASSIVE)


def is_place(hit: Hit, end: int) -> bool:
    return hit.end == end and bool(hit.value.codes) and not hit.value.is_weak


def bodies_until(post: Context, end: int) -> list[Speaker]:
    """The public bodies named before `end`, as speakers; the full name of a department needs no place."""
    found = (hit for hit in post.bodies if hit.start in post.named or hit.end - hit.start > 3)
    return [Speaker(hit.start, hit.end, hit.value[1]) for hit in found if hit.end <= end]


def leading(hits: Sequence[Hit], end: int) -> list[Hit]:
    return [hit for hit in hits if hit.end <= end]


def sentence_end(text: str, start: int) -> int:
    ends = (at for at in range(start, min(len(text), start + 200)) if text[at] in SENTENCE_ENDS)
    return next(ends, min(len(text), start + 200))
