"""Who wrote a reply on a message board: its signature or its account, never what it cites."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from stream.core.authorities import Authorities, Registry
from stream.core.intervals import SHANGHAI
from stream.reading.answers import answer
from stream.reading.places import codes_by_name, names_by_code
from stream.reading.signatures import signature
from stream.settings import load_yaml

AT = datetime(2019, 5, 9, 12, tzinfo=SHANGHAI)
CONFIG = Path(__file__).parents[2] / "config" / "authorities.yaml"
CITED = "网友您好！根据《国务院关于完善养老保险制度的规定》和教育部、山东省公安厅的要求，您反映的事项已办理。"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(load_yaml(CONFIG, Authorities), names_by_code(), codes_by_name())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("已修复。\n云泽市城市管理局\n2019年4月29日", "云泽市城市管理局"),
        ("感谢您的支持！ 云泽市南湖街道办事处 二〇一九年四月二十九日。", "云泽市南湖街道办事处"),
        ("感谢您的支持！云泽市公安局交警大队", "云泽市公安局交警大队"),
        ("感谢您对我们工作的支持！2019年4月29日", None),
        ("请您联系云泽市教育局", None),
        ("已转交市教育局", None),
        (CITED, None),
        ("", None),
    ],
)
def test_who_signed(text: str, expected: str | None) -> None:
    assert signature(text) == expected


@pytest.mark.parametrize(
    ("text", "account", "expected"),
    [
        (CITED, None, None),
        (CITED + "\n寿光市教育局\n2019年4月29日", None, "寿光市教育局"),
        (CITED + "\n寿光市教体局", None, "寿光市教育局"),
        (CITED + "\n云泽市南湖街道办事处", None, "云泽市南湖街道办事处"),
        (CITED + "\n云泽市供水公司", None, None),
        (CITED, "平安寿光", "寿光市公安局"),
        (CITED, "云泽市长信箱", "云泽市长信箱"),
        (CITED + "\n寿光市教育局", "寿光发布", "寿光市人民政府"),
    ],
)
def test_a_reply_is_its_signers(registry: Registry, text: str, account: str | None, expected: str | None) -> None:
    found = answer("", text, "authority", registry, AT, account=account, answers_id="p1")
    assert found is not None
    assert found.issuer == expected
    assert found.is_authoritative


def test_any_other_post_of_an_authority_names_itself(registry: Registry) -> None:
    found = answer("情况通报", "寿光市应急管理局通报：火已扑灭。", "authority", registry, AT)
    assert found is not None
    assert found.issuer == "寿光市应急管理局"


@pytest.mark.parametrize("text", ["局" * 200_000, "年 " * 200_000, "。" * 200_000 + "局", "云泽市" * 100_000 + "局"])
def test_hostile_ends_take_bounded_time(text: str) -> None:
    found = signature(text)
    assert found is None or len(found) <= 40
