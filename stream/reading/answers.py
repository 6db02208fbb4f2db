"""Whether a post answers for somebody, in which form, who, and whether that is authoritative information.

Authoritative is a named public authority on its own channel, or media attributing the words to that authority; not a
school, hospital or company, not "记者获悉", nor a private account that repeats a bulletin (domain: Evidence). A court's
judgment names its issuer by what it is. A hot-search title is an editor's summary, so the words in it decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from stream.core.authorities import Body, Registry
from stream.core.documents import Answer, Form, IssuerKind, Level, PostKind
from stream.reading import bodies, places
from stream.reading.abroad import foreign_names, home_names
from stream.reading.forms import form_of, forms_in, is_bare
from stream.reading.issuers import (
    GAP,
    PUBLIC,
    SENTENCE_ENDS,
    Speaker,
    before,
    listed,
    looks_like_person,
    speakers,
    with_role,
)
from stream.reading.issuers import words as answer_words
from stream.reading.scan import Hit, Scanner

# How far into a text somebody may still be quoted: later attributions are background.
LEAD = 400
LONGEST_TITLE = 200
QUOTED_GAP = 16
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
ACTING = frozenset({"处罚", "罚", "查处", "约谈", "责令", "立案", "通报", "叫停"})
MEDIA_ACCOUNT = re.compile(
    r"(?:日报|晚报|晨报|都市报|时报|新闻|新闻网|电视台|卫视|广播|新华社|人民网|新华网|央视.{0,4}|中新社|在线|融媒|之声|周刊|客户端)$"
)
# Criminal judgments: being ordered to pay is a private matter. And what nobody has judged yet.
JUDGED = re.compile(
    "获刑|判刑|判处|被判(?!赔|还|返|全|担|道|支|给|付|无效|在|公开|道歉|了)|一审宣判|二审宣判|终审宣判|改判|维持原判|维持死刑|执行死刑|死缓"
)
SUPPOSED = re.compile(
    "支持|建议|呼吁|最高可?判|律师|专家|会被判|或被判|如何|怎么判|为什么|可判|能判|委员|代表|死刑犯|未判刑|获刑后|出狱|家属|受害"
)
HOSPITAL_OR_SCHOOL = re.compile(r"(?:医院|学校|大学|学院|中学|小学|幼儿园|公司|集团|卫生院)$")


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


def answer(  # noqa: PLR0913 - the surface of this reader alone; the journey uses `read`
    title: str,
    text: str,
    kind: PostKind,
    registry: Registry,
    at: datetime,
    *,
    account: str | None = None,
    answers_id: str | None = None,
) -> Answer | None:
    """How this post answers, or None. `at` decides which body an old name stands for."""
    joined = f"{title}\n{text}"
    vocabulary = {"places": places.words(), "bodies": bodies.words(registry), "answers": answer_words()}
    found = Scanner(vocabulary).scan(joined)
    named = bodies.named(found["bodies"], found["places"], joined, registry, at)
    return read(
        Context(
            kind,
            account,
            answers_id,
            joined,
            len(title),
            found["answers"],
            found["places"],
            found["bodies"],
            named,
            registry,
            at,
        )
    )


def read(post: Context) -> Answer | None:
    """As `answer`, from the hits of a scan."""
    if post.kind == "complaint":
        return None
    if (owner := _owner(post)) is not None:
        return _on_own_channel(post, owner)
    titled = _titled(post)
    if titled is None and not with_role(_leading(post.hits, post.lead), "outside"):
        return _quoted(post)
    return titled


def _owner(post: Context) -> Body | None:
    """The public body whose channel this is."""
    owner = post.registry.resolve(post.account, post.at) if post.account else None
    if owner is None and post.kind == "authority":
        written = post.account or next(iter(post.named.values()), None)
        if written is None or not HOSPITAL_OR_SCHOOL.search(written):
            return (post.registry.resolve(written, post.at) if written else None) or Body(name=written or "")
    return owner


def _on_own_channel(post: Context, owner: Body) -> Answer | None:
    """An authority's own post: a reply always answers; other posts when they speak of something that happened."""
    body = post.text[post.lead :]
    if post.answers_id is not None:
        form: Form = "acknowledgement" if is_bare(body) else "statement"
    else:
        verbs = [post.text[start:end] for start, end, _ in with_role(post.hits, "verb")]
        forms = forms_in([hit for hit in post.hits if hit.end <= post.lead]) or forms_in(_leading(post.hits, LEAD))
        if not verbs and not forms:
            return None
        form = form_of(owner.kind, "通报", post.text[: post.lead], forms)
    return Answer(
        form=form, issuer=owner.name or None, issuer_kind=owner.kind, level=owner.level, is_authoritative=True
    )


def _titled(post: Context) -> Answer | None:
    """What the title says by itself."""
    hits = _leading(post.hits, min(post.lead, LONGEST_TITLE))
    if with_role(hits, "outside"):
        return None
    named = speakers(hits, post.text, _bodies_until(post, post.lead))
    for start, end, strength in with_role(hits, "verb"):
        verb = post.text[start:end]
        speaker = before(start, named, post.text, GAP if strength == "strong" else 4)
        if speaker is None:
            unnamed = None if strength == "act" else _unnamed(post, start, verb, strength, hits)
            if unnamed is not None or (strength != "act" and _is_private(hits, start)):
                return unnamed or _acted(post)
        elif speaker.kind in PUBLIC and _is_passive(post.text, speaker):
            if verb in ACTING and not post.text.startswith(("带走", "控制"), end):
                return _made(post, speaker.kind, "result", speaker)
        elif _speaks(post.text, speaker, strength, verb):
            form = form_of(speaker.kind, verb, post.text[: post.lead], _forms(post, hits, speaker.kind))
            return _made(post, speaker.kind, form, speaker)
    return _acted(post)


def _speaks(text: str, speaker: Speaker, strength: str, verb: str) -> bool:
    """A constable who tells his daughter something is not the police; a firm does not act, it says."""
    if speaker.kind not in PUBLIC:
        return strength != "act" or verb in {"将", "发布", "公告", "通知"}
    is_servant = text[speaker.start : speaker.end] in listed("servants")
    return strength == "strong" or (not is_servant and verb not in {"说", "公开"})


def _forms(post: Context, hits: Sequence[Hit], kind: IssuerKind) -> set[str]:
    """The title's; else for an authority those of the lead."""
    return forms_in(hits) or (forms_in(_leading(post.hits, LEAD)) & {"result"} if kind in PUBLIC else set())


def _unnamed(post: Context, at: int, verb: str, strength: str, hits: Sequence[Hit]) -> Answer | None:
    """A verb without a known issuer: a place's government, a person of some name, else a firm."""
    title = post.text[: post.lead]
    subject = title[:at].strip("“”\"' ：:")
    if strength == "strong" and any(_is_place(hit, at) for hit in post.places):
        return _made(post, "government", form_of("government", verb, title, _forms(post, hits, "government")), None)
    if strength == "colon" or _is_private(hits, at) or not 2 <= len(subject) <= 10:
        return None
    kind: IssuerKind = "celebrity" if looks_like_person(subject) else "company"
    if subject.endswith("大") and len(subject) <= 5:
        kind = "school"
    return _made(post, kind, form_of(kind, verb, title, forms_in(hits)), None)


def _is_private(hits: Sequence[Hit], verb: int) -> bool:
    """Somebody who speaks only for himself stands before the verb."""
    return any(end <= verb for _, end, _ in with_role(hits, "private"))


def _acted(post: Context) -> Answer | None:
    """A judgment, an official under inspection, an official warning: only one kind of issuer can do it."""
    title = post.text[: post.lead]
    if JUDGED.search(title) and not SUPPOSED.search(title):
        return _made(post, "court_procuratorate", "result", None)
    if title.endswith(("被查", "接受审查调查", "被双开", "被通报批评")):
        form: Form = "result" if "result" in _forms(post, (), "government") else "statement"
        return _made(post, "government", form, None)
    if any(kind == "government" for _, _, kind in with_role(_leading(post.hits, post.lead), "act")):
        return _made(post, "government", "statement", None)
    return None


def _quoted(post: Context) -> Answer | None:
    """An authority quoted early in the text: …市场监督管理局通报：…"""
    until = post.lead + LEAD
    hits = [hit for hit in post.hits if post.lead < hit.start < until]
    found = [one for one in _bodies_until(post, until) if one.start > post.lead]
    named = [one for one in speakers(hits, post.text, found) if one.kind in PUBLIC]
    for start, end, strength in with_role(hits, "verb"):
        verb = post.text[start:end]
        if strength != "strong" or (speaker := _quotable(post, start, named)) is None:
            continue
        sentence = [hit for hit in hits if end <= hit.start < _sentence_end(post.text, end)]
        form = form_of("state_media_quoting_authority", verb, "", forms_in(sentence))
        return _made(post, "state_media_quoting_authority", form, speaker)
    return None


def _quotable(post: Context, verb: int, named: Sequence[Speaker]) -> Speaker | None:
    """The office, or the place, that says so; 官方微博发布 and 相关部门 name nobody."""
    for hit in post.places:
        if _is_place(hit, verb):
            return Speaker(hit.start, hit.end, "government")
    speaker = before(verb, named, post.text, QUOTED_GAP)
    if speaker is None or _is_passive(post.text, speaker):
        return None
    return None if post.text[speaker.start : speaker.end] in listed("generic") else speaker


def _is_place(hit: Hit, end: int) -> bool:
    return hit.end == end and bool(hit.value.codes) and not hit.value.is_weak


def _bodies_until(post: Context, end: int) -> list[Speaker]:
    """The public bodies named before `end`, as speakers; the full name of a department needs no place."""
    found = (hit for hit in post.bodies if hit.start in post.named or hit.end - hit.start > 3)
    return [Speaker(hit.start, hit.end, hit.value[1]) for hit in found if hit.end <= end]


def _made(post: Context, kind: IssuerKind, form: Form, speaker: Speaker | None) -> Answer:
    if speaker is not None and post.text[speaker.start : speaker.end] in listed("generic"):
        speaker, kind = _said_in_text(post, speaker, kind)
    issuer = None if speaker is None else _issuer(post, speaker)
    body = post.registry.resolve(issuer, post.at) if issuer else None
    if (kind in PUBLIC or kind == "state_media_quoting_authority") and _is_abroad(post):
        kind = "foreign"
    speaks = kind in PUBLIC or kind == "state_media_quoting_authority"
    level: Level | None = None if body is None else body.level
    return Answer(
        form=form, issuer=issuer, issuer_kind=kind, level=level, is_authoritative=speaks and _is_reliable(post)
    )


def _said_in_text(post: Context, speaker: Speaker, kind: IssuerKind) -> tuple[Speaker, IssuerKind]:
    """官方通报 in the title: the office that the lead names, if one."""
    hits = [hit for hit in post.hits if post.lead < hit.start < post.lead + LEAD]
    found = [one for one in _bodies_until(post, post.lead + LEAD) if one.start > post.lead]
    for one in speakers(hits, post.text, found):
        if one.kind in PUBLIC and post.text[one.start : one.end] not in listed("generic"):
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


def _is_abroad(post: Context) -> bool:
    head = post.text[: post.lead + 60]
    return bool("当地时间" in head or (foreign_names(post.text[: post.lead]) and not home_names(head)))


def _is_passive(text: str, speaker: Speaker) -> bool:
    return text[: speaker.start].endswith(PASSIVE)


def _leading(hits: Sequence[Hit], end: int) -> list[Hit]:
    return [hit for hit in hits if hit.end <= end]


def _sentence_end(text: str, start: int) -> int:
    ends = (at for at in range(start, min(len(text), start + 200)) if text[at] in SENTENCE_ENDS)
    return next(ends, min(len(text), start + 200))
