"""In which form a text answers: by its words, by the verb, and on a message board by what is left after courtesies."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from stream.core.documents import Form, IssuerKind
from stream.reading.issuers import PUBLIC, with_role
from stream.reading.scan import Hit

# Earlier entries win: a denial that also reports a detention is a denial; a conference is one whatever was said there.
ORDER: tuple[Form, ...] = (
    "conference_announced", "briefing", "interview", "conference_held", "clarification", "result", "update",
    "acknowledgement",
)  # fmt: skip
RESULTS = frozenset({"查处", "破获", "抓获", "处罚", "罚", "侦破", "打掉", "捣毁", "拟开出", "叫停", "取缔", "责令"})
# Plain negations make a denial only of somebody accused.
DENIALS = re.compile(
    "没有|不是|并不|并非|从未|不用|不会|目前不|没说|不算|误会|冤|不属于|不可能|不存在|早不|没被|不反对|系误"
)
ACCUSED = re.compile("质疑|网传|疑似|涉嫌|争议|被(?!约谈|处罚|罚|立案)|员工|顾客|消费者|厨师长|吃出")
ADMISSIONS = re.compile("承认|道歉|致歉|认错|回复|已报警|有错|确认|停止")
SERVICE = re.compile("客服|工作人员|接线员|12306|12315|热线")
# How a message board's reply begins, whoever is addressed.
ADDRESS = re.compile(
    r"^(?:(?:尊敬|亲爱)的)?(?:网友|网民|市民|群众|同志|朋友|先生|女士|居民|用户)?(?:同志|朋友)?[：:，,]?(?:“[^”]{0,30}”)?[：:，,]?"
)
# A clause that tells nothing: greeting, receipt, forwarding, referral, promise, thanks, signature.
EMPTY = re.compile(
    r"^(?:[^，。]{0,8}[您你]好|[A-Za-z]{1,4}\d{4,14}|[\d\s.:：/年月日-]+|链接|敬礼|谢谢|再见)$|(?:收悉|收到|已阅|知悉|已获悉)了?$|"
    r"^收到[您你]|(?:^|已|并|将|均|办|们|迅速|问题|情况|留言|诉求)(?:经)?(?:转(?!移|让|变|为)|交办|交由|移交|责成|督促|转达|上报|反馈给|交(?:有关|相关))|"
    r"(?:尽快|及时|及早|争取|将会?|会)[^，。]{0,12}(?:回复|答复|反馈|处理|办理|核实|调查|研究|回应)|"
    r"(?:正在|已经?|立即|马上|安排[^，。]{0,8})(?:[^，。]{0,8})(?:核实|协调处理|办理|了解|处理)(?:当?中)?$|"
    r"感谢|多谢|谢谢|敬请(?:关注|谅解|期待)|请[您你]?(?:耐心)?(?:等待|关注)|^祝[您你]|^(?:特此(?:回复|说明)|[^，。]{0,6}回复如下)$|"
    r"^(?:关于|就|针对)?[您你]?所?(?:反映|提出|咨询|反馈|留言)的?(?:问题|情况|事项|内容|诉求)?$|部门已经?(?:答复|回复)$|已经?(?:答复|作出回复|收到)$|"
    r"(?:建议|请)[您你]?(?:直接|可以?|先)?(?:向|到|至|与|拨打|致电|咨询|去|走)[^，。]{0,40}$|(?:建议|可以?)[^，。]{0,24}(?:反映|咨询|拨打|投诉|致电)|"
    r"不(?:属于?|归)[^，。]{0,10}(?:管辖|范围|职责|辖区)|^(?:联系)?电话[^，。]{0,30}$|(?:过于笼统|不详|不具体|不清)$|从帖文中看$"
)
CLAUSES = re.compile(r"[，,。；;！!？?：:\n]+")
LONGEST_BARE = 160


def form_of(kind: IssuerKind, verb: str, title: str, found: Collection[str]) -> Form:
    """The form of an answer by `kind` whose title has `verb`; `found` are the forms that its words speak for."""
    if kind not in PUBLIC and kind != "state_media_quoting_authority":
        return _by_others(kind, verb, title, found)
    if verb in RESULTS or title.endswith(("调查", "调查情况", "处理", "处理情况", "调查处理情况", "抽检结果")):
        return "result"
    for form in ORDER:
        if form in found:
            return form
    return "acknowledgement" if verb in {"回应", "回应称"} and kind != "government" else "statement"


def forms_in(hits: Sequence[Hit]) -> set[str]:
    """The forms that the words of a text speak for."""
    return {value for _, _, value in with_role(hits, "form")}


def is_bare(reply: str) -> bool:
    """A message board's reply that says nothing but that the message came, or went on to somebody else."""
    body = re.sub(r"\s+", "", reply[: 4 * LONGEST_BARE])
    if len(body) > LONGEST_BARE:
        return False
    clauses = [clause.strip("“”\"'（）()") for clause in CLAUSES.split(ADDRESS.sub("", body))]
    return all(EMPTY.search(clause) for clause in clauses if len(clause) > 2)


def _by_others(kind: IssuerKind, verb: str, title: str, found: Collection[str]) -> Form:
    """A firm, school or person: a customer service only picks up the telephone; an accused denies."""
    is_reply = verb in {"回应", "回复", "回应称"}
    if SERVICE.search(title) or (kind == "school" and is_reply):
        return "acknowledgement"
    if "clarification" in found or DENIALS.search(title) or (is_reply and kind == "company" and ACCUSED.search(title)):
        return "clarification"
    return "acknowledgement" if ADMISSIONS.search(title) else "statement"
