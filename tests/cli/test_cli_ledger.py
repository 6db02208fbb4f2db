"""`huiying ledger` as it is called: listed, opened, extended, suspended, proven, reviewed, shown as of an instant."""

import hashlib
import json
from contextlib import closing
from datetime import datetime

import pytest

from stream.backends import open_backends
from stream.core.intervals import SHANGHAI
from stream.core.records import Clock
from stream.ports import Save
from stream.settings import Settings

NOW = datetime(2026, 4, 20, 9, tzinfo=SHANGHAI)

SIGNED = ("--who", "值班长", "--why", "收件登记")
NEEDS = ("--need", "工作机构负责人同意", "--need", "告知申请人")


def stopped(huiying):
    """The pipeline's clock stands at NOW: no test depends on the day it runs."""
    clock = Clock(id="pipeline", collected_at=NOW, wall_at=NOW, speed=0.0)
    with closing(open_backends(Settings(data=huiying.data))) as backends:
        backends.store.save_many([Save(item=clock)])
    return huiying


@pytest.fixture
def desk(huiying):
    return stopped(huiying)


@pytest.fixture(scope="module")
def shared_desk(shared_huiying):
    return stopped(shared_huiying)


def opened(huiying, start="2026-02-11", title="申请公开许可", rule="CN-FOI-20WD"):
    done = huiying("ledger", "open", rule, "--start", start, "--title", title, "--body", "云梦省某局", *SIGNED)
    assert done.code == 0, done.err
    return done.out.split("事项编号 ")[1].strip()


def shown(huiying, identity, *more):
    done = huiying("ledger", "show", identity, "--json", *more)
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_the_golden_request_from_the_desk(desk):
    identity = opened(desk)
    duty = shown(desk, identity)
    assert (duty["due"], duty["verdict"], duty["bodies"]) == ("2026-03-17", "breached", ["云梦省某局"])
    assert sum(step["counted"] for step in duty["steps"]) == 20
    extended = desk("ledger", "extend", identity, "--by", "20", *NEEDS, "--at", "2026-03-10", *SIGNED)
    assert extended.code == 0, extended.err
    assert shown(desk, identity)["due"] == "2026-04-15"
    proven = desk("ledger", "prove", identity, "--at", "2026-04-15", "--url", "https://gov.example/a", *SIGNED)
    assert proven.code == 0, proven.err
    duty = shown(desk, identity)
    assert (duty["verdict"], duty["reason"], len(duty["history"])) == ("met", "proof_in_time", 3)
    table = desk("ledger", "show", identity)
    assert table.code == 0 and "第 20 个工作日（调休上班）" not in table.out and "按期完成" in table.out


def test_suspension_correction_withdrawal_and_review(desk):
    identity = opened(desk)
    for words in (
        ("suspend", identity, "--from", "2026-03-02", "--to", "2026-03-06", "--ground", "征求第三方意见"),
        ("review", identity, "--not-done", "--problem", "未答复", "--measure", "限期整改", "--units", "某科",
         "--materials-from", "政务公开办"),
    ):  # fmt: skip
        assert desk("ledger", *words, *SIGNED).code == 0
    duty = shown(desk, identity)
    assert (duty["due"], duty["suspended"]) == ("2026-03-24", [{"from": "2026-03-02", "to": "2026-03-06"}])
    assert duty["review"] == {"who": "值班长", "done": False, "problems": ["未答复"], "measures": ["限期整改"],
                              "units": "某科", "materials_from": "政务公开办"}  # fmt: skip
    suspension = duty["history"][1]["id"]
    assert desk("ledger", "withdraw", identity, "--of", suspension, *SIGNED).code == 0
    assert shown(desk, identity)["due"] == "2026-03-17"
    assert desk("ledger", "restart", identity, "--at", "2026-03-03", *SIGNED).code == 0
    assert shown(desk, identity)["due"] == "2026-03-31"
    assert desk("ledger", "withdraw", identity, *SIGNED).code == 0
    assert shown(desk, identity)["verdict"] == "not_applicable"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("extend", "{}", "--by", "21", *NEEDS, "--at", "2026-03-10"), "至多延长 20"),
        (("extend", "{}", "--by", "20", "--at", "2026-03-10"), "须先办妥"),
        (("extend", "{}", "--by", "20", *NEEDS, "--at", "2026-03-18"), "已过"),
        (("suspend", "{}", "--from", "以后"), "不是日期"),
        (("suspend", "{}", "--from", "2026-03-01", "--ground", "出差"), "征求第三方意见"),
        (("prove", "{}", "--at", "昨天", "--note", "已答复"), "不是日期或时刻"),
        (("prove", "{}", "--at", "2026-03-01"), "须附链接"),
        (("prove", "{}", "--at", "2026-03-01", "--url", "ftp://gov.example"), "网址"),
        (("prove", "{}", "--at", "2999-01-01", "--note", "将来"), "晚于登记时间"),
        (("prove", "CN-NONE|1", "--at", "2026-03-01", "--note", "甲"), "没有事项"),
        (("withdraw", "{}", "--of", "n-none"), "没有可以撤回"),
        (("open", "CN-5H-AUTH", "--start", "2026-03-01", "--title", "甲"), "没有可登记的规则"),
        (("open", "CN-FOI-20WD", "--start", "2026-02-11", "--title", "申请公开许可", "--body", "云梦省某局"), "已登记"),
        (("open", "CN-FOI-20WD", "--start", "某日", "--title", "甲"), "不是日期"),
        (("list", "--region", "无此地"), "没有这个地方"),
        (("list", "--from", "某日"), "不是日期"),
        (("show", "{}", "--as-of", "某日"), "不是日期或时刻"),
        (("show", "CN-NONE|1"), "没有事项"),
    ],
)
def test_what_is_refused_says_why(shared_desk, words, said):
    identity = _once(shared_desk)
    signed = () if words[0] in {"list", "show"} else SIGNED
    done = shared_desk("ledger", *(one.format(identity) for one in words), *signed)
    assert (done.code, said in done.err) == (2, True), done.err
    assert len(shown(shared_desk, identity)["history"]) == 1


def _once(desk):
    listed = desk("ledger", "list", "--from", "2026-03-17", "--to", "2026-03-17", "--json").lines
    return next((one["id"] for one in listed if one["rule"] == "CN-FOI-20WD"), None) or opened(desk)


def test_nobody_records_without_a_name(desk):
    identity = opened(desk)
    done = desk("ledger", "prove", identity, "--at", "2026-03-01", "--note", "甲", "--who", " ", "--why", "乙")
    assert (done.code, "谁" in done.err) == (2, True)


def test_private_numbers_never_reach_the_store(desk):
    identity = opened(desk, title="张某 13912345678 申请")
    note = "申请人电话13912345678，身份证110101199003074258"
    assert desk("ledger", "prove", identity, "--at", "2026-03-01", "--note", note, *SIGNED).code == 0
    kept = json.dumps(shown(desk, identity), ensure_ascii=False)
    assert "13912345678" not in kept and "110101199003074258" not in kept and "［手机号］" in kept
    file = (desk.data / "huiying.sqlite").read_bytes()
    assert b"13912345678" not in file


def test_of_a_file_only_the_hash_is_kept(desk, tmp_path):
    identity = opened(desk)
    file = tmp_path / "answer.pdf"
    file.write_bytes(b"%PDF answer")
    done = desk("ledger", "prove", identity, "--at", "2026-03-01", "--file", file, *SIGNED)
    digest = hashlib.sha256(b"%PDF answer").hexdigest()
    assert digest in done.out
    assert shown(desk, identity)["proofs"][0]["sha256"] == digest
    missing = desk("ledger", "prove", identity, "--at", "2026-03-01", "--file", tmp_path / "none", *SIGNED)
    assert missing.code == 3 and "none" in missing.err


def test_an_id_as_alerts_write_it_is_taken(desk):
    assert shown(desk, opened(desk).replace("|", "｜"))["verdict"] == "breached"


def test_what_is_not_on_record_is_called_unproven_and_not_late(desk):
    identity = opened(desk)
    said = desk("ledger", "show", identity)
    assert "状态：期满无证明：" in said.out and "状态：超期" not in said.out
    assert desk("ledger", "prove", identity, "--at", "2026-03-20", "--note", "已答复", *SIGNED).code == 0
    assert "状态：超期：" in desk("ledger", "show", identity).out


def test_a_founding_document_by_place_and_period(desk):
    done = desk("ledger", "list", "--region", "寿光市", "--from", "2019-07-01", "--to", "2019-12-31", "--json")
    found = {one["id"]: one for one in done.lines}
    assert found["SEED-SG-AUG|2019年"]["due"] == "2019-08-31"
    assert found["SEED-SG-PRINCIPAL-2|2019年"]["needed"] == 2
    assert "寿光市" in json.dumps(done.lines, ensure_ascii=False) and not any("SEED-KT" in id for id in found)
    table = desk("ledger", "list", "--region", "370783", "--from", "2019-07-01", "--to", "2019-12-31")
    assert table.code == 0 and "SEED-SG-PRINCIPAL-2|2019年" in table.out  # ids are never cut


def test_as_of_yesterday_nothing_of_today_is_known(desk):
    identity = opened(desk)
    yesterday = "2026-04-19"
    assert desk("ledger", "show", identity, "--as-of", yesterday).code == 2
    listed = desk("ledger", "list", "--from", "2026-03-01", "--to", "2026-03-20", "--as-of", yesterday, "--json")
    assert identity not in {one["id"] for one in listed.lines}
    assert shown(desk, identity, "--as-of", "2026-04-20")["verdict"] == "breached"
