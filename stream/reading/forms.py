"""In which form a text answers: by the words in it, by the verb, and for a message board by what is left of the courtesy."""

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
ADMISSIONS = re.compile("承认|道歉|致歉|认错|回复|已报警|有错|客服|工作人员|确认|停止|接电话|店员")
# A clause of a message board's reply that tells nothing: greeting, receipt, forwarding, thanks, signature.
EMPTY = re.compile(
    r"^(?:(?:尊敬|亲爱)的)?(?:网友|市民|群众|同志|朋友|先生|女士|居民|用户)|^“[^”]{0,30}”$|^[您你]好|^[A-Za-z]{1,4}\d{4,14}$|"
    r"(?:收悉|收到|已阅|知悉|已获悉)(?:了)?$|转(?:交|给|至|送|请|办|到|相关|有关|[^，。]{1,20}(?:处理|办理|核处|核实|调查|关注))|"
    r"(?:交由|责成|督促|移交|反馈给?|转达|上报)[^，。]{0,24}$|"
    r"(?:尽快|及时|及早|争取|将会?|会)[^，。]{0,12}(?:回复|答复|反馈|处理|办理|核实|调查|研究|回应)|"
    r"(?:正在|已经?|立即|马上)[^，。]{0,8}(?:核实|协调处理|办理|了解|调查核实|处理)(?:当?中)?$|"
    r"感谢|谢谢|敬请(?:关注|谅解|期待)|请(?:您)?(?:耐心)?(?:等待|关注)|祝您|^(?:关于|针对|就)?[您你]?(?:所)?(?:反映|提出|咨询|反馈)的?"
    r"(?:问题|情况|事项|内容|诉求)$|相关部门已经?(?:答复|回复)|^\d{4}年\d{1,2}月\d{1,2}日$|链接$|敬礼|^特此(?:回复|说明)$"
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
    clauses = [clause.strip("“”\"'") for clause in CLAUSES.split(body)]
    return all(EMPTY.search(clause) for clause in clauses if len(clause) > 2)


def _by_others(kind: IssuerKind, verb: str, title: str, found: Collection[str]) -> Form:
    if "clarification" in found or DENIALS.search(title):
        return "clarification"
    if ADMISSIONS.search(title):
        return "acknowledgement"
    if kind == "company" and verb == "回应":
        return "clarification" if "被" in title else "acknowledgement"
    return "statement"
