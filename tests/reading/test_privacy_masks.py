"""What leads to a private person goes; what happened, and who is in office, stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from stream.core.intervals import SHANGHAI
from stream.reading.privacy import Pseudonyms, mask

MARCH = datetime(2025, 3, 31, 23, 59, 59, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请回电13912345678。", "请回电［手机号］。"),
        ("电话:139 1234 5678，李女士", "电话:［手机号］，李女士"),
        ("+86-139-1234-5678", "［手机号］"),
        ("Tel13912345678", "Tel［手机号］"),
        ("身份证号11010519491231002X，", "身份证号［身份证号］，"),
        ("身份证：110105491231002", "身份证：［身份证号］"),
        ("卡号6222020000000000", "卡号［银行卡号］"),
        ("转到 4111 1111 1111 1111 上", "转到 ［银行卡号］ 上"),
        ("粤B·12345闯红灯", "粤B*****闯红灯"),
        ("新能源车粤BD12345", "新能源车粤B*****"),
        ("联系lisi@mail.example.com", "联系［邮箱］"),
        ("微信号：lisi_2025，加我", "微信号：［账号］，加我"),
        ("QQ：123456789", "QQ：［账号］"),
        ("锦绣花园3栋2单元501室漏水", "锦绣花园3栋2单元［门牌］漏水"),
        ("花园12号楼1102房业主", "花园12号楼［门牌］业主"),
        ("本人家住云岭县东街12号3栋，投诉", "本人家住云岭县东街［门牌］，投诉"),
        ("网友“A00012345”您好：", "网友“［网友］”您好："),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2025年3月1日14时30分许，云岭县一化工厂爆炸，致3人死亡、12人受伤，直接损失1500万元。",
        "请拨打12345、110、119或0755-82101234、400-800-1234反映。",
        "来源：国办发〔2016〕80号；（2021）粤0304民初12345号",
        "涉案金额13800000000元，13800000000吨",
        "邮箱：xfj@yunling.gov.cn",
        "3栋501房屋受损，2单元320户停电，5号楼发生火灾",
        "10栋2单元2018年10月弱电井起火",
        "统一社会信用代码91440300MA5ABCDE1X",
        "统计编号2019042512345678，版本 1.13912345678",
        "县长王某某、局长赵某主持召开调度会，热线12328",
        "G107国道K1234+500处，京G高速、C919客机、云A座",
        "微信公众号：云岭发布",
        "网友“求严惩”：必须查清！",
    ],
)
def test_facts_and_institutions_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "text", ["1" * 200_000, "1 " * 100_000, "a@" * 100_000, "粤A" * 100_000, "家住" * 100_000, "12栋" * 50_000]
)
def test_masking_takes_bounded_time(text: str) -> None:
    """Linear work: a pattern that went back over the text would hang until the suite's limit."""
    assert len(mask(text)) <= len(text)


def test_a_pseudonym_changes_with_month_source_and_key() -> None:
    names = Pseudonyms(b"k" * 32)
    one = names.of("李四", "board", MARCH)
    assert one == names.of(" 李四", "board", MARCH - timedelta(days=30))
    others = {
        names.of("李四", "board", MARCH + timedelta(seconds=1)),
        names.of("李四", "forum", MARCH),
        names.of("王五", "board", MARCH),
        Pseudonyms(b"q" * 32).of("李四", "board", MARCH),
    }
    assert one not in others
    assert len(others) == 4
    assert "李四" not in one


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Pseudonyms(b"short")
