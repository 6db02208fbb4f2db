"""Whether a post answers for somebody, in which form, who, and whether that is authoritative information.

Authoritative is a named public authority on its own channel, or media attributing the words to that authority; not a
school, hospital or company, not "记者获悉", nor a private account that repeats a bulletin (domain: Evidence). A court's
judgment names its issuer by what it is. A hot-search title is an editor's summary, so the words in it decide.

⚙ Without a named issuer three things count, because one kind of institution alone can do them: a court's judgment, an
official under inspection (被查, 双开), and a graded warning. Detentions and fines count only where the text names the
police or office that imposed them; a private account's copy, an unnamed "相关负责人" or a firm's words never do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from stream.core.authorities import Body, Registry
from stream.core.documents import Answer, Form, IssuerKind, PostKind
from stream.reading import bodies, places
from stream.reading.abroad import foreign_names
from stream.reading.attribution import LEAD, MEDIA_ACCOUNT, Context, bodies_until, is_passive, is_place, leading, made
from stream.reading.forms import QUOTING, form_of, forms_in, is_bare, is_reply
from stream.reading.issuers import (
    GAP,
    PUBLIC,
    Speaker,
    before,
    listed,
    looks_like_person,
    speakers,
    with_role,
)
from stream.reading.issuers import words as answer_words
from stream.reading.quotations import quoted
from stream.reading.scan import Hit, Scanner
from stream.reading.signatures import signature

__all__ = ["MEDIA_ACCOUNT", "Context", "answer", "read"]

LONGEST_TITLE = 200
# A subject with all its adverbs: 某某公司就…一事深夜.
LONGEST_SUBJECT = 30
# 应解释, 需回应: what somebody asks for.
WANTED = ("应", "应当", "该", "须", "请", "需", "要求", "拒绝", "未", "不")
ACTING = frozenset({"处罚", "罚", "查处", "约谈", "责令", "立案", "通报", "叫停"})
# Judgments: only a court can give them, so the text need not name it. And what nobody has judged, or parties say of it.
JUDGED = re.compile(
    "获刑|判刑|判处|被判(?!还|返|全|担|支|给|付|无效|在|了|负|犯规|点球|出局|越位|违例|罚下|进球|为|定)|判赔|一审宣判|二审宣判|终审宣判|改判|维持原判|维持死刑|执行死刑|死缓"
)
SUPPOSED = re.compile(
    "支持|建议|呼吁|最高可?判|律师|专家|会被判|或被判|如何|怎么判|为什么|可判|能判|委员|代表|死刑犯|未判刑|获刑后|曾获刑|曾被判|出狱|刑满|家属|受害|认为|过重|不服|喊冤|背后|妻子|丈夫|前夫|前妻|儿媳|婆婆"
)
HOSPITAL_OR_SCHOOL = re.compile(r"(?:医院|学校|大学|学院|中学|小学|幼儿园|公司|集团|卫生院)$")


# 旺旺官方 is a firm's account and 当地华人 are people, whatever the words say elsewhere.
BRAND = re.compile(r"^[^，、：]{2,4}官方(?:旗舰店|微博|账号|客服)?$")
FIRM = re.compile("集团|公司|品牌|旗舰店|旗下|门店|客服|官微")
LOCAL_FOLLOWERS = re.compile(
    "(?:政府|官方|部门|有关|相关|多部门|警方|公安|应急|文旅|教育|市监|卫健|住建|街道|社区|正|已|将|再|最新|紧急|深夜|凌晨|连夜|工作人员)"
)
# What stands between a subject and its verb.
ADVERBS = re.compile(
    "(?:(?:再度|再次|首次|深夜|凌晨|哽咽|含泪|泪崩|鞠躬|发文|发博|发长文|长文|发视频|直播|赛后|现身|公开|正式|团队|本人|独家|紧急|最新|疑似|再|首|向.{1,8}|就.{1,14}|为.{1,12}|对.{1,12})){1,3}$"
)
CHIEFS = ("创始人", "董事长", "总裁", "CEO", "总经理", "负责人", "老板")
FIRM_WORDS = ("集团", "公司", "品牌", "科技", "食品", "客服", "官方", "门店")
LETTER = re.compile("^(.{2,8})致.{1,8}(?:一封信|公开信|道歉信|书)$")
# A casualty count that moves, or a rescue that ends, is the follow-up of a statement, whoever is named.
MOVED = re.compile(
    "(?:死亡|遇难|受伤|失联|失踪|死者|遇难者|伤亡|病例|确诊)(?:人数)?(?:已)?(?:升至|增至|上升至|增加至|降至|上升到)|"
    "(?:均|全部|全员|悉数)已?(?:获救|救出|脱险|被找到|遇难)|救援(?:工作)?(?:已)?结束|最后一名[^，]{1,6}(?:找到|遇难|获救)"
)
# An office is quoted where media give their source, or where somebody complained and the office speaks.
DISCIPLINE = re.compile("纪委|监委|纪律审查|监察调查|违纪")
IMPOSED = re.compile("查获|查明|经查|违法事实|处罚|罚款|约谈|责令|警告|移交")


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
    if titled is None and not with_role(leading(post.hits, post.lead), "outside"):
        return quoted(post)
    return titled


def _owner(post: Context) -> Body | None:
    """The public body whose channel this is."""
    owner = post.registry.resolve(post.account, post.at) if post.account else None
    if owner is None and post.kind == "authority":
        written = post.account or _signed(post)
        if written is None or not HOSPITAL_OR_SCHOOL.search(written):
            return (post.registry.resolve(written, post.at) if written else None) or Body(name=written or "")
    return owner


def _signed(post: Context) -> str | None:
    """Who wrote on an authority's channel that has no name: of a reply only its signature tells, since it cites laws
    and superiors; of other posts the first body named."""
    if post.answers_id is not None:
        signed = signature(post.text)
        return None if signed is not None and HOSPITAL_OR_SCHOOL.search(signed) else signed
    return next(iter(post.named.values()), None)


def _on_own_channel(post: Context, owner: Body) -> Answer | None:
    """An authority's own post: a reply always answers; other posts when they speak of something that happened."""
    body = post.text[post.lead :]
    if post.answers_id is not None:
        form: Form = "acknowledgement" if is_bare(body) else "statement"
    else:
        verbs = [post.text[start:end] for start, end, _ in with_role(post.hits, "verb")]
        forms = forms_in([hit for hit in post.hits if hit.end <= post.lead]) or forms_in(leading(post.hits, LEAD))
        if not verbs and not forms:
            return None
        form = form_of(owner.kind, "通报", post.text[: post.lead], forms, body)
    return Answer(
        form=form, issuer=owner.name or None, issuer_kind=owner.kind, level=owner.level, is_authoritative=True
    )


def _titled(post: Context) -> Answer | None:
    """What the title says by itself."""
    hits = leading(post.hits, min(post.lead, LONGEST_TITLE))
    if with_role(hits, "outside"):
        return None
    named = speakers(hits, post.text, bodies_until(post, post.lead))
    for start, end, strength in with_role(hits, "verb"):
        verb = post.text[start:end]
        if post.text[:start].endswith(WANTED):
            continue
        speaker = before(start, named, post.text, GAP if strength == "strong" else 4)
        if speaker is not None and not _is_office(post, speaker):
            speaker = speaker._replace(kind="company") if BRAND.match(post.text[: speaker.end]) else None
        if speaker is None:
            unnamed = None if strength == "act" else _unnamed(post, start, verb, strength, hits)
            if unnamed is not None or (strength != "act" and _is_private(hits, start)):
                return unnamed or _acted(post)
        elif speaker.kind in PUBLIC and is_passive(post.text, speaker):
            if verb in ACTING and not post.text.startswith(("带走", "控制"), end):
                return made(post, speaker.kind, "result", speaker)
        elif _speaks(post.text, speaker, strength, verb):
            title, body = post.text[: post.lead], post.text[post.lead + 1 :]
            form = form_of(speaker.kind, verb, title, _forms(post, hits, speaker.kind), body)
            return made(post, speaker.kind, form, speaker)
    return _acted(post)


def _is_office(post: Context, speaker: Speaker) -> bool:
    """官方 after a brand's name is a firm's account; 当地 before other people than officials is where they live."""
    written, after = post.text[speaker.start : speaker.end], post.text[speaker.end : post.lead]
    if written == "当地" and not LOCAL_FOLLOWERS.match(after):
        starts = (start for start, _, _ in with_role(post.hits, "verb"))
        return speaker.end in starts
    if (
        written == "官方"
        and BRAND.match(post.text[: speaker.end])
        and not any(is_place(p, speaker.start) for p in post.places)
    ):
        body = post.text[post.lead : post.lead + LEAD]
        return bool(post.named) or not FIRM.search(body)
    return True


def _speaks(text: str, speaker: Speaker, strength: str, verb: str) -> bool:
    """A constable who tells his daughter something is not the police; a firm does not act, it says."""
    if speaker.kind not in PUBLIC:
        return strength != "act" or verb in {"将", "发布", "公告", "通知"}
    is_servant = text[speaker.start : speaker.end] in listed("servants")
    return strength == "strong" or (not is_servant and verb not in {"说", "公开"})


def _forms(post: Context, hits: Sequence[Hit], kind: IssuerKind) -> set[str]:
    """The title's; else for an authority the result that its own words in the lead report."""
    if (titled := forms_in(hits)) or kind not in PUBLIC:
        return titled
    until = post.lead + LEAD
    quoted = QUOTING.search(post.text, post.lead, until)
    start = quoted.start() if quoted else until if is_reply(post.text[: post.lead]) else post.lead
    # 调查处置 is no 查处.
    own = (hit for hit in post.hits if start <= hit.start < until and post.text[hit.start - 1 : hit.start] != "调")
    return forms_in(list(own)) & {"result"}


def _unnamed(post: Context, at: int, verb: str, strength: str, hits: Sequence[Hit]) -> Answer | None:
    """A verb without a known issuer: a place's government, a person of some name, else a firm."""
    title, body = post.text[: post.lead], post.text[post.lead + 1 :]
    subject = ADVERBS.sub("", title[:at].strip("“”\"' ：:")) if at <= LONGEST_SUBJECT else ""
    if strength == "strong" and any(is_place(hit, at) for hit in post.places):
        form = form_of("government", verb, title, _forms(post, hits, "government"), body)
        return made(post, "government", form, None)
    if strength == "colon" or _is_private(hits, at) or not 2 <= len(subject) <= 10:
        return None
    kind = _kind_of(subject, body)
    return made(post, kind, form_of(kind, verb, title, forms_in(hits)), None)


def _kind_of(subject: str, body: str) -> IssuerKind:
    """What an unlisted subject most likely is; a firm's head speaks for the firm."""
    if foreign_names(subject):
        return "foreign"
    if subject.endswith("大") and len(subject) <= 5:
        return "school"
    name = subject.removesuffix("方")
    if looks_like_person(name) or "·" in name or (name.isascii() and name.isalpha()):
        lead = body[:LEAD]
        at = lead.find(name)
        is_firm = at >= 0 and (lead[:at].endswith(CHIEFS) or lead.startswith(FIRM_WORDS, at + len(name)))
        return "company" if is_firm else "celebrity"
    return "company"


def _is_private(hits: Sequence[Hit], verb: int) -> bool:
    """Somebody who speaks only for himself stands before the verb."""
    return any(end <= verb for _, end, _ in with_role(hits, "private"))


def _acted(post: Context) -> Answer | None:
    """A judgment, an official under inspection, an official warning: only one kind of issuer can do it."""
    title = post.text[: post.lead]
    if JUDGED.search(title) and not SUPPOSED.search(title):
        return made(post, "court_procuratorate", "result", None)
    if title.endswith(("被查", "接受审查调查", "接受审查", "被双开", "被开除党籍", "被通报批评", "主动投案")):
        return _inspected(post)
    if any(kind == "government" for _, _, kind in with_role(leading(post.hits, post.lead), "act")):
        return made(post, "government", "statement", None)
    if MOVED.search(title):
        return _moved(post)
    if letter := LETTER.match(title):
        return made(post, _kind_of(letter[1], post.text[post.lead :]), "statement", None)
    return None


def _inspected(post: Context) -> Answer:
    """Somebody under inspection: by the discipline authority unless the lead names the police or another office."""
    lead = post.text[post.lead : post.lead + LEAD]
    is_official = bool(DISCIPLINE.search(lead)) or not lead.strip()
    found = [one for one in bodies_until(post, post.lead + LEAD) if one.start > post.lead]
    hits = [hit for hit in post.hits if post.lead < hit.start < post.lead + LEAD]
    named = [
        one
        for one in speakers(hits, post.text, found)
        if one.kind in PUBLIC and post.text[one.start : one.end] not in listed("generic")
    ]
    kind = named[0].kind if named and not is_official else "government"
    is_found = not is_official and (IMPOSED.search(lead) or "result" in _forms(post, (), "government"))
    return made(post, kind, "result" if is_found else "statement", None)


def _moved(post: Context) -> Answer:
    """The follow-up that a moved count is: authoritative where the lead names the office it comes from."""
    found = quoted(post)
    if found is not None:
        return structs.replace(found, form="update")
    unnamed = made(post, "state_media_quoting_authority", "update", None)
    return structs.replace(unnamed, is_authoritative=False)
