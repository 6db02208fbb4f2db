"""In which form a text answers: by its words, by the verb, and on a message board by what is left after courtesies."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from stream.core.documents import Form, IssuerKind
from stream.reading.issuers import PUBLIC, with_role
from stream.reading.scan import Hit

# Earlier entries win: a denial that also reports a detention is a denial; a conference is one whatever was said there.
ORDER: tuple[Form, ...] = (
    "conference_announced", "briefing", "conference_held", "interview", "clarification", "result", "update",
    "acknowledgement",
)  # fmt: skip
# 将召开新闻发布会通报处置情况 is an announcement: what will be told there is not told yet.
CONFERENCES = frozenset(ORDER[:4])
REPLIES = frozenset({"回应", "回应称", "回复", "答复"})
# How far into a text facts are looked for, in characters.
SEARCHED = 1200
RESULTS = frozenset({"查处", "破获", "抓获", "处罚", "罚", "侦破", "打掉", "捣毁", "拟开出", "叫停", "取缔", "责令"})
# Plain negations make a denial only of somebody accused.
DENIALS = re.compile(
    "没有|不是|并不|并非|从未|不用|不会|目前不|没说|不算|误会|冤|不属于|不可能|不存在|早不|没被|不反对|系误"
)
ACCUSED = re.compile("质疑|网传|疑似|涉嫌|争议|被(?!约谈|处罚|罚|立案)|员工|顾客|消费者|吃出|喝出")
ADMISSIONS = re.compile("承认|道歉|致歉|认错|回复|已报警|有错|确认|停止")
SERVICE = re.compile("客服|工作人员|接线员|12306|12315|热线|物业")
# 通报…调查情况 is what was found; 已介入调查, 正在调查 is what is being done.
FOUND = re.compile(
    "(?:调查|处理|处置|核查|抽检|检测)(?:情况|结果|结论|处理情况|处置情况)$|"
    "(?<!立案|介入|展开|开展|启动|正在|进行|接受|着手|配合|联合|深入|全面|继续)(?:调查|处理)$"
)
# What an official text tells of the matter itself; a sentence that only repeats what is said of it tells nothing.
FACT = re.compile(
    r"经(?:查|核实|核查|调查|初步|检测|了解|审查|现场)|属实|查明|排除|原因(?:是|为|系)|(?:死亡|遇难|受伤|伤者|失联|被困|病例|确诊|在院|送医|住院)[^，。；]{0,8}\d|"
    r"\d+[名人][^，。；]{0,8}(?:死|伤|遇难|失联|被困|获救|送医|住院|留观|确诊|治疗|症状)|造成|致使|发生(?:一起|火灾|爆炸|事故|坍塌|泄漏|碰撞|纠纷|冲突)|"
    r"(?:接|接到)(?:群众)?(?:报警|警情|报告)|抢救无效|明火|已(?:被)?(?:全部|立即|依法|先行)?(?:控制|抓获|传唤|刑拘|行拘|封存|查封|停业|停职|立案|下架|召回)|无(?:人员)?伤亡|未造成"
)
RUMOUR = re.compile("网传|网络|网上|网友|网民|媒体报道|有人反映|关注到|注意到|未接到|没有接到|尚未|是否")
# Somebody is quoted: what follows is what he says.
QUOTING = re.compile("(?:回应|答复|回复|通报|告诉|表示|介绍|证实)[^。；\n]{0,24}?[：:，,“]|回应称|经查|经核实")
# How a message board's reply begins, whoever is addressed.
ADDRESS = re.compile(
    r"^(?:(?:尊敬|亲爱)的)?(?:网友|网民|市民|群众|同志|朋友|先生|女士|居民|用户)?(?:同志|朋友)?(?:[^，。：:]{1,12}：)?[：:，,]?(?:“[^”]{0,30}”)?[：:，,]?"
)
# A clause that tells nothing: greeting, receipt, forwarding, referral, promise, thanks, signature.
EMPTY = re.compile(
    r"^(?:[^，。]{0,8}[您你]?好|[A-Za-z]{1,4}\d{4,14}|[\d\s.:：/年月日-]+|链接|敬礼|谢谢|再见|网友[^，。]{0,12}|很高兴[^，。]{0,12})$|"
    r"(?:收悉|收到|已阅|知悉|已获悉)了?$|^收到[您你]|^[^，。]{0,12}(?:办|局|委|政府|中心)\d{4}年\d{1,2}月\d{1,2}日$|"
    r"(?:^|已|并|将|均|办|们|迅速|直接|分别|发函|问题|情况|留言|诉求|建议|意见)(?:经)?(?:转(?!移|让|变|为)|交办|交由|移交|责成|督促|转达|上报|反馈给|交(?:有关|相关))|"
    r"(?:尽快|及时|及早|争取|将会?|会|待[^，。]{0,12})[^，。]{0,12}(?:回复|答复|反馈|处理|办理|核实|调查|研究|回应)|"
    r"(?:正在|已经?|立即|马上|安排[^，。]{0,8})(?:[^，。]{0,8})(?:核实|核处|协调处理|办理|了解|处理)(?:当?中)?$|已[^，。]{0,14}核处$|"
    r"(?:得到|予以)(?:妥善|有效|及时)(?:处理|解决)$|^(?:根据|经)[^，。]{0,16}(?:情况|协调)$|"
    r"感谢|多谢|谢谢|敬请(?:关注|谅解|期待)|请[您你]?(?:耐心)?(?:等待|关注)|^祝[^，。]{1,14}$|请勿[^，。]{0,12}$|"
    r"^(?:特此(?:回复|说明)|[^，。]{0,24}回复如下)$|^[您你]的(?:建议|意见|想法)[^，。]{0,4}好$|"
    r"^(?:关于|就|针对)?[您你]?所?(?:反映|提出|咨询|反馈|留言)的?(?:上述|以上)?(?:问题|情况|事项|内容|诉求)?$|部门已经?(?:答复|回复)$|已经?(?:答复|作出回复|收到)$|"
    r"已[有由][^，。]{0,10}(?:答复|回复)$|^如有[^，。]{0,6}(?:问题|疑问|需要)$|"
    r"(?:建议|请)[您你]?(?:直接|可以?|先|具体|电话)?(?:向|与|和|拨打|致电|联系|咨询|访问|登录)[^，。]{0,40}$|(?:建议|请)[您你]?(?:直接|可以?|先)?(?:到|至|去|走)[^，。]{0,16}(?:(?:咨询|反映|投诉|解决)[^，。]{0,8}|(?:司法|法律)程序)$|"
    r"^或(?:者)?(?:通过|向|到)[^，。]{0,24}$|(?:建议|可以?)[^，。]{0,24}(?:反映|咨询|拨打|投诉|致电|沟通|寻求[^，。]{0,6}调解)|"
    r"不(?:属于?|归)[^，。]{0,10}(?:管辖|范围|职责|辖区)|属于[^，。]{0,8}辖区$|权限?在[^，。]{1,8}$|^(?:联系)?电话[^，。]{0,30}$|"
    r"(?:过于笼统|不详|不具体|不清)$|未提供[^，。]{0,16}$|无法(?:确定|核实|查证|转办)[^，。]{0,10}$|请[您你]?(?:进一步)?(?:完善|提供|补充)[^，。]{0,16}$|"
    r"^(?:以便|便于)[^，。]{0,10}(?:处置|处理|核实|联系)$|从帖文中看$"
)
CLAUSES = re.compile(r"[，,。；;！!？?：:\n]+")
LONGEST_BARE = 160


def form_of(kind: IssuerKind, verb: str, title: str, found: Collection[str], body: str = "") -> Form:
    """The form of an answer by `kind` whose title has `verb`; `found` are the forms that its words speak for.

    An acknowledgement tells nothing of the matter (domain: Evidence): a first notice that gives what happened, to whom
    and what was done is a statement though it ends in 正在调查, and 警方回应 of which nothing is known is none.
    """
    if kind not in PUBLIC and kind != "state_media_quoting_authority":
        return _by_others(kind, verb, title, found)
    is_conference = not CONFERENCES.isdisjoint(found)
    if not is_conference and (verb in RESULTS or FOUND.search(title)):
        return "result"
    for form in ORDER:
        if form in found:
            return "statement" if form == "acknowledgement" and tells_fact(body) else form
    if verb in REPLIES and not tells_fact(_said(title)) and not tells_fact(_said(body)):
        return "acknowledgement"
    return "statement"


def is_reply(title: str) -> bool:
    """Whether a title only says that somebody replied; what stands in the lead before his words is background."""
    return "回应" in title or "回复" in title


def tells_fact(text: str) -> bool:
    """Whether a sentence tells something of the matter that is not merely said of it."""
    return any(FACT.search(one) and not RUMOUR.search(one) for one in re.split("[。；;\n]", text[:SEARCHED]))


def _said(body: str) -> str:
    """What the one who answers says, from the first word that quotes him."""
    quoted = QUOTING.search(body, 0, SEARCHED)
    return "" if quoted is None else body[quoted.start() :]


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
    is_answer = verb in REPLIES
    if SERVICE.search(title) or (kind == "school" and is_answer):
        return "acknowledgement"
    if "clarification" in found or DENIALS.search(title) or (is_answer and kind == "company" and ACCUSED.search(title)):
        return "clarification"
    return "acknowledgement" if ADMISSIONS.search(title) else "statement"
