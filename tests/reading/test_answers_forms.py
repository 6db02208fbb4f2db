"""Who answers, in which form, and whether that is authoritative information. All texts are ours."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from stream.core.authorities import Authorities, Registry
from stream.core.intervals import SHANGHAI
from stream.reading.answers import answer
from stream.reading.forms import is_bare
from stream.reading.places import codes_by_name, names_by_code
from stream.settings import load_yaml

AT = datetime(2025, 9, 10, 12, tzinfo=SHANGHAI)
CONFIG = Path(__file__).parents[2] / "config" / "authorities.yaml"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(load_yaml(CONFIG, Authorities), names_by_code(), codes_by_name())


TITLES = [
    ("警方通报男子翻越护栏", "statement", "police", True),
    ("警方通报男子殴打店员已被行拘", "result", "police", True),
    ("警方回应女子车顶跳舞", "acknowledgement", "police", True),
    ("官方回应小区异味", "acknowledgement", "government", True),
    ("街道办回应夜市噪声：经查系音响超时", "statement", "government", True),
    ("河岸市教育局正在调查校车超载", "acknowledgement", "government", True),
    ("当地通报粮库塌陷调查情况", "result", "government", True),
    ("男子散布溃坝消息被判道歉", "result", "court_procuratorate", True),
    ("渡口翻船事故死亡人数升至5人", "update", "state_media_quoting_authority", False),
    ("矿井被困9人全部获救", "update", "state_media_quoting_authority", False),
    ("物业回应电梯停摆", "acknowledgement", "company", False),
    ("超市门店已报警", "acknowledgement", "company", False),
    ("云栖茶饮致顾客的一封信", "statement", "company", False),
    ("妇联回应女童走失", "statement", "association", False),
    ("张小晚方回应违约", "statement", "celebrity", False),
    ("住在当地侨胞发声", "statement", "company", False),
    ("日警方公布嫌疑人特征", "statement", "foreign", False),
    ("美司法部回应案卷缺页", "acknowledgement", "foreign", False),
    ("官方辟谣自来水有毒", "clarification", "government", True),
    ("多部门介入校园餐问题", "acknowledgement", "government", True),
    ("寿光市市监局：已立案", "acknowledgement", "government", True),
    ("贵州通报水库溃坝", "statement", "government", True),
    ("市监局查处虚假宣传直播间", "result", "government", True),
    ("河岸市政府将召开新闻发布会通报塌陷处置情况", "conference_announced", "government", True),
    ("省政府将召开新闻发布会通报事故情况", "conference_announced", "government", True),
    ("应急管理厅举行新闻发布会通报事故救援", "conference_held", "government", True),
    ("教育厅回应记者：接受采访谈招生", "interview", "government", True),
    ("警方再次通报女子失联最新进展", "update", "police", True),
    ("男子高空抛物致人死亡获刑六年", "result", "court_procuratorate", True),
    ("某市原副市长张三被查", "statement", "government", True),
    ("学校回应学生宿舍漏水", "acknowledgement", "school", False),
    ("医院通报护士操作失误", "statement", "hospital", False),
    ("客服回应快递丢失", "acknowledgement", "company", False),
    ("某某食品否认使用过期原料", "clarification", "company", False),
    ("承办单位回应赛道缩水", "statement", "company", False),
    ("主办方致歉", "acknowledgement", "company", False),
]


@pytest.mark.parametrize(("title", "form", "kind", "is_authoritative"), TITLES)
def test_a_hot_search_title(registry: Registry, title: str, form: str, kind: str, is_authoritative: bool) -> None:
    found = answer(title, "", "hotlist", registry, AT)
    assert found is not None
    assert (found.form, found.issuer_kind, found.is_authoritative) == (form, kind, is_authoritative)


@pytest.mark.parametrize(
    "title",
    [
        "男子称被邻居打伤",
        "家属回应女孩去世",
        "网友质疑门票涨价",
        "一工厂凌晨起火",
        "主播被警方带走调查",
        "外交部回应关税问题",
        "律师称最高可判十年",
        "妻子起诉丈夫被判返还存款",
        "卫健委应解释尸检报告",
        "主队越位进球被判无效",
        "被告认为死缓判决过重",
        "举报人回应奖金争议",
    ],
)
def test_no_answer(registry: Registry, title: str) -> None:
    assert answer(title, "", "hotlist", registry, AT) is None


NOTICES = [
    ("警方通报渡口冲突", "9月3日，两名摊主发生纠纷，致2人受伤。事件正在调查中。", "statement"),
    ("警方回应渡口冲突", "9月3日，有网友发布视频称渡口发生冲突，2人受伤。", "acknowledgement"),
    ("警方回应渡口冲突", "警方回应称，经查系两名摊主因摊位发生纠纷。案件正在调查。", "statement"),
    ("教育局回应校车超载", "网友反映校车超载，该司机去年曾被处罚。教育局回应：正在核实。", "acknowledgement"),
    ("教育局回应校车超载", "网友反映校车超载。教育局回应：经查属实，司机已被行政拘留。", "result"),
    ("官方通报水厂停运", "区水务局通报：已组织多部门开展调查处置工作，水质达标。", "statement"),
    ("渡船被困12人全部获救", "据河北省应急管理厅消息，搜救结束，网传有人遇难系谣言。", "update"),
]


@pytest.mark.parametrize(("title", "text", "form"), NOTICES)
def test_facts_make_a_statement(registry: Registry, title: str, text: str, form: str) -> None:
    found = answer(title, text, "hotlist", registry, AT)
    assert found is not None
    assert found.form == form


OWN = [
    ("情况通报", "昨日15时许，一仓库发生火灾，造成3人受伤，明火已扑灭。事故原因正在调查。", "statement"),
    ("情况通报", "我局关注到网传仓库起火视频，高度重视，正在核实。", "acknowledgement"),
]


@pytest.mark.parametrize(("title", "text", "form"), OWN)
def test_an_authoritys_first_notice(registry: Registry, title: str, text: str, form: str) -> None:
    found = answer(title, text, "authority", registry, AT, account="寿光发布")
    assert found is not None
    assert (found.form, found.is_authoritative) == (form, True)


QUOTED = [
    ("门店秤具短斤少两", "网友反映秤具不准。寿光市市场监督管理局表示已安排核查。", "寿光市市场监督管理局"),
    ("一商标被宣告无效", "据国家知识产权局消息，注册号为1的商标被宣告无效。", "国家知识产权局"),
    ("渡口渡轮停航", "有记者获悉，渡轮停航，工作人员表示不清楚。", None),
]


@pytest.mark.parametrize(("title", "text", "issuer"), QUOTED)
def test_an_office_quoted_in_the_lead(registry: Registry, title: str, text: str, issuer: str | None) -> None:
    found = answer(title, text, "hotlist", registry, AT)
    assert (found.issuer if found else None) == issuer
    assert found is None or found.is_authoritative


INSPECTED = [
    ("某集团董事长被查", "据省纪委监委消息：某集团董事长涉嫌严重违纪违法。", "statement", "government"),
    ("云栖公司泄露客户信息被查", "公安机关依法开展行政调查，经查存在两项违法事实，处以罚款。", "result", "police"),
]


@pytest.mark.parametrize(("title", "text", "form", "kind"), INSPECTED)
def test_who_inspects(registry: Registry, title: str, text: str, form: str, kind: str) -> None:
    found = answer(title, text, "hotlist", registry, AT)
    assert found is not None
    assert (found.form, found.issuer_kind) == (form, kind)


def test_a_brands_own_account_is_a_firm(registry: Registry) -> None:
    found = answer("云栖官方回应茶里有虫", "云栖集团客服称已收到。", "hotlist", registry, AT)
    assert found is not None
    assert (found.issuer_kind, found.is_authoritative) == ("company", False)


def test_a_firms_head_speaks_for_it(registry: Registry) -> None:
    found = answer("周云栖称产品合格", "云栖集团董事长周云栖在采访中这样说。", "hotlist", registry, AT)
    assert found is not None
    assert found.issuer_kind == "company"


def test_a_lead_dated_abroad_is_foreign(registry: Registry) -> None:
    found = answer("消防回应酒店火灾", "韩国8月20日消息，消防通报火灾造成2人受伤。", "hotlist", registry, AT)
    assert found is not None
    assert (found.issuer_kind, found.is_authoritative) == ("foreign", False)


def test_a_foreign_office_is_foreign(registry: Registry) -> None:
    found = answer("泰国警方通报游客坠海", "", "hotlist", registry, AT)
    assert found is not None
    assert (found.issuer_kind, found.is_authoritative) == ("foreign", False)


def test_media_quote_an_office(registry: Registry) -> None:
    text = "有业主反映水费异常。江西上饶市市场监督管理局通报：经查，水表合格。"
    found = answer("小区水费每月相同", text, "news", registry, AT)
    assert found is not None
    assert (found.issuer, found.issuer_kind) == ("上饶市市场监督管理局", "state_media_quoting_authority")
    assert found.is_authoritative
    assert found.level == "city"


def test_the_lead_names_the_office_of_a_vague_title(registry: Registry) -> None:
    found = answer("官方通报学生腹泻", "山东省寿光市教育局发布情况通报：已责令校长停职。", "hotlist", registry, AT)
    assert found is not None
    assert (found.issuer, found.form) == ("寿光市教育局", "result")


def test_a_private_account_repeats_and_proves_nothing(registry: Registry) -> None:
    for account, expected in ((None, False), ("吃瓜小分队", False), ("某某晚报", True), ("平安寿光", True)):
        found = answer("警方通报男子持刀伤人", "", "post", registry, AT, account=account)
        assert found is not None
        assert found.is_authoritative is expected


def test_an_authority_on_its_own_channel(registry: Registry) -> None:
    found = answer("警情通报", "昨日发生一起交通事故。", "authority", registry, AT, account="平安寿光")
    assert found is not None
    assert (found.issuer, found.issuer_kind, found.level) == ("寿光市公安局", "police", "county")
    assert answer("春日赏花指南", "公园里花开了。", "authority", registry, AT, account="寿光发布") is None
    school = answer("情况说明", "我校高度重视。", "authority", registry, AT, account="寿光某某中学")
    assert school is None or not school.is_authoritative


def test_a_complaint_is_never_an_answer(registry: Registry) -> None:
    assert answer("城管局回应太慢", "市监局通报说没有问题", "complaint", registry, AT) is None


BARE = [
    "已收悉",
    "网友：您好！留言已收悉。",
    "“UU001”您好！您反映的问题已转交城管部门调查核处，感谢您的留言。2019年7月1日",
    "您好，我们会尽快核实并回复您，请耐心等待。",
    "您好！此事不属于我局职责范围，请向水务局反映。",
    "“UU002”您反映的上述问题，我们已发函交办给河湾镇办理。办理结果将及时反馈。",
    "网友河湾老街：您所反映的问题已交办相关部门处理。",
    "您好，因您未提供详细地址，无法核实，请补充相关信息。",
    "您的建议很好。我们已将您的建议转给有关部门研究。",
    "您好，请具体咨询市人社局，谢谢。",
]
SUBSTANTIVE = [
    "您好！经查，该路段路灯因线路老化损坏，已于昨日修复。",
    "您好，目前我县没有该项补贴。",
    "您好！请到户口所在地派出所办理，如在办理中遇到问题请拨打热线。",
    "您好！可以异地办理，携带身份证即可。",
    "网友您好！您的留言已收悉。现回复如下：该项目计划明年六月完工。",
]


@pytest.mark.parametrize(
    ("reply", "form"), [(r, "acknowledgement") for r in BARE] + [(r, "statement") for r in SUBSTANTIVE]
)
def test_a_message_boards_reply(registry: Registry, reply: str, form: str) -> None:
    found = answer("", reply, "authority", registry, AT, answers_id="m1")
    assert found is not None
    assert (found.form, found.is_authoritative) == (form, True)


def test_hostile_replies_take_bounded_time() -> None:
    assert is_bare("转" * 10_000_000) is False
    assert is_bare("已转" * 70) in {True, False}
