"""`huiying decide` refuses what decides nothing; `huiying audit` checks and lists the chain, takes out attachments."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from stream.backends import open_backends
from stream.core.documents import Decision
from stream.core.records import AuditEntry, AuditHead
from stream.outputs import items
from stream.ports import Backends, Save
from stream.recording import file_name
from stream.settings import Settings
from tests.cli.posts import ROWS

Huiying = Any
Written = Callable[[Path, list[dict[str, Any]]], Path]


def decided(at: str, what: str, value: Any = None) -> dict[str, Any]:
    return {"kind": "decision", "at": at, "who": "值班长 张某", "what": what, "incident_of": "blast", "value": value,
            "why": "[b]核实[/b]"}  # fmt: skip


DECIDED = [
    decided("2024-03-01 17:00:00", "severity", "I"), decided("2024-03-01 18:00:00", "confirm"),
    decided("2024-03-01 19:00:00", "objection", {"body": "余杭区应急管理局", "text": "不认可", "attachment": None}),
]  # fmt: skip


@contextmanager
def opened(data: Path) -> Iterator[Backends]:
    with closing(open_backends(Settings(data=data))) as backends:
        yield backends


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, written: Written, shared_huiying: Huiying) -> Path:
    """The data folder of a replay with three decisions."""
    folder = tmp_path_factory.mktemp("kept")
    rows = [*ROWS[:2], *DECIDED, ROWS[2]]
    told = shared_huiying("replay", written(folder / "posts.jsonl", rows), "--out", folder / "out", "--keep")
    assert told.code == 0, told.err
    data: Path
    [data] = (shared_huiying.data / "replays").iterdir()
    return data


@pytest.fixture
def over(kept: Path, huiying: Huiying, tmp_path: Path) -> Huiying:
    """The command line over a copy of it."""
    copy = tmp_path / "copy"
    with opened(kept) as old, opened(copy) as new:
        for kind in (AuditEntry, AuditHead, Decision):
            new.store.save_many([Save(item=one) for one in items(old.store, kind)])
    return huiying.over(copy)


def test_a_sound_chain(over: Huiying) -> None:
    told = over("audit", "verify")
    assert (told.code, told.err) == (0, "")
    assert "共 3 环，0 条待流水线处理，0 条被拒" in told.out
    assert "无误" in told.out
    [finding] = over("audit", "verify", "--json").lines
    assert list(finding) == ["sound", "links", "head", "waiting", "refused", "faults"]
    assert (finding["sound"], finding["links"], finding["faults"]) == (True, 3, [])
    assert f"链首：{finding['head']['sha256']}@3" in told.out


def test_nothing_is_sound_too(huiying: Huiying) -> None:
    told = huiying("audit", "verify")
    assert (told.code, told.err) == (0, "")
    assert huiying("audit", "list").code == 0


def test_a_head_noted_elsewhere(over: Huiying) -> None:
    [finding] = over("audit", "verify", "--json").lines
    noted = finding["head"]["sha256"]
    assert over("audit", "verify", "--expect", f"{noted}@3").code == 0
    # Another one at that place; one that the chain has not reached.
    for expected, word in ((f"{'0' * 64}@3", "被篡改：第 3 环"), (f"{noted}@9", "尾部被截：第 9 环")):
        told = over("audit", "verify", "--expect", expected)
        assert told.code == 1
        assert word in told.err
    for wrong in ("abc", noted, f"{noted}@0", f"{noted}@-1"):
        assert over("audit", "verify", "--expect", wrong).code == 2


def test_a_rewritten_decision_is_named(over: Huiying) -> None:
    with opened(over.data) as backends:
        decision = next(one for one in items(backends.store, Decision) if one.what == "severity")
        backends.store.save_many([Save(item=replace(decision, why="改过"))])
    told = over("audit", "verify")
    assert told.code == 1
    assert f"被篡改：第 1 环 {decision.id}" in told.err
    assert "有误：1 处" in told.out
    [finding] = over("audit", "verify", "--json").lines
    assert [(one["kind"], one["seq"], one["id"]) for one in finding["faults"]] == [("tampered", 1, decision.id)]


def test_what_waits_is_counted(over: Huiying) -> None:
    assert over("decide", "blast", "confirm", "--who", "值班长", "--why", "核实").code == 0
    told = over("audit", "verify")
    assert told.code == 0
    assert "1 条待流水线处理" in told.out


def test_the_chain_is_listed(over: Huiying) -> None:
    links = over("audit", "list", "--json").lines
    assert [(one["seq"], one["what"], one["who"]) for one in links] == [
        (1, "severity", "值班长 张某"), (2, "confirm", "值班长 张某"), (3, "objection", "值班长 张某"),
    ]  # fmt: skip
    assert links[0]["before"] == {"grade": "II", "basis": "figures:authority"}
    assert links[0]["after"] == {"grade": "I", "basis": "decision"}
    told = over("audit", "list")
    assert told.code == 0
    assert "[b]核实[/b]" in told.out
    incident = links[0]["incident"]
    assert over("audit", "list", "--incident", incident, "--json").lines == links
    assert over("audit", "list", "--incident", "i-none", "--json").lines == []


# --- decide -----------------------------------------------------------------------------------------------------------


def saved(data: Path) -> list[Decision]:
    with opened(data) as backends:
        return list(items(backends.store, Decision))


@pytest.mark.parametrize(
    ("what", "value", "word"),
    [
        ("severity", "很严重", "I、II、III、IV"), ("occurred", "昨天", "时刻"), ("conference_held", None, "时刻"),
        ("restate", '{"at": "2024-03-01"}', "mention"), ("gate", "gate", "moral_line"),
        ("exempt", "EX-NONE", "EX-SECRET"), ("merge", None, "编号"), ("confirm", "yes", "不带值"),
        ("objection", '{"body": "某局"}', "text"),
    ],
)  # fmt: skip
def test_what_decides_nothing_is_refused(what: str, value: str | None, word: str, huiying: Huiying) -> None:
    told = huiying("decide", "blast", what, "--who", "值班长", "--why", "核实", *(("--value", value) if value else ()))
    assert told.code == 2
    assert what in told.err and word in told.err
    assert saved(huiying.data) == []


@pytest.mark.parametrize(("who", "why"), [(" ", "核实"), ("值班长", " ")])
def test_nobody_decides_without_name_and_reason(who: str, why: str, huiying: Huiying) -> None:
    assert huiying("decide", "blast", "confirm", "--who", who, "--why", why).code == 2
    assert saved(huiying.data) == []


def objected(huiying: Huiying, file: Path, *words: str) -> Any:
    value = json.dumps({"body": "余杭区应急管理局", "text": "通报早于所记"}, ensure_ascii=False)
    return huiying(
        "decide", "blast", "objection", "--who", "值班长", "--why", "来函", "--value", value, "--attach", file, *words
    )


def test_an_objection_s_file_goes_in_and_comes_out(huiying: Huiying, tmp_path: Path) -> None:
    file = tmp_path / "情况 说明.pdf"
    file.write_bytes(bytes(range(256)) * 9)
    told = objected(huiying, file)
    assert told.code == 0, told.err
    [decision] = saved(huiying.data)
    assert decision.value["attachment"]["name"] == "情况_说明.pdf"
    assert decision.value["attachment"]["size"] == 2304
    out = tmp_path / "out.pdf"
    told = huiying("audit", "attachment", decision.id, "--out", out)
    assert told.code == 0, told.err
    assert out.read_bytes() == file.read_bytes()
    # Never over a file that is there; an altered capture is not handed out.
    assert huiying("audit", "attachment", decision.id, "--out", out).code == 2
    [warc] = (huiying.data / "evidence").glob("*.warc.gz")
    spoilt = bytearray(warc.read_bytes())
    spoilt[-40] ^= 1
    warc.write_bytes(spoilt)
    assert huiying("audit", "attachment", decision.id, "--out", tmp_path / "other").code == 2
    warc.unlink()
    told = huiying("audit", "attachment", decision.id, "--out", tmp_path / "other")
    assert told.code == 2
    assert warc.name in told.err
    assert not (tmp_path / "other").exists()


def test_only_an_objection_has_a_file_and_not_any(huiying: Huiying, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"")
    assert objected(huiying, file).code == 2
    with file.open("wb") as stream:
        stream.truncate(20 * 1024 * 1024 + 1)
    assert "过大" in objected(huiying, file).err
    file.write_bytes(b"x")
    words = ("--who", "值班长", "--why", "核实", "--attach", file)
    assert huiying("decide", "blast", "confirm", *words).code == 2
    assert huiying("decide", "blast", "objection", *words, "--value", "不认可").code == 2
    assert objected(huiying, tmp_path / "missing").code == 3
    assert saved(huiying.data) == []


def test_who_has_no_attachment(huiying: Huiying, tmp_path: Path) -> None:
    assert huiying("audit", "attachment", "d-none", "--out", tmp_path / "out").code == 2


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("说明.pdf", "说明.pdf"), ("../../etc/passwd", "passwd"), ("C:\\a\\b.docx", "b.docx"), (".bashrc", "bashrc"),
        ("a\x00b\u202egnp.exe", "a_b_gnp.exe"), ("<img src=x>.png", "img_src_x_.png"), ("", "附件"), ("...", "附件"),
        ("长" * 500 + ".pdf", "长" * 116 + ".pdf"), ("a" * 500, "a" * 120), ("\ud800.pdf", "pdf"),
    ],
)  # fmt: skip
def test_file_names_are_harmless(name: str, clean: str) -> None:
    assert file_name(name) == clean
