"""`huiying replay`: five files with their keys in the order of docs/formats.md, and the answers' times."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Huiying = Callable[..., Any]
Written = Callable[[Path, list[dict[str, Any]]], Path]
Files = dict[str, list[dict[str, Any]]]

READING = [
    "published", "collected_at", "relevant", "topics", "emergency", "figures", "severity", "occurred", "regions",
    "bodies", "response", "content_sha256", "model_version",
]  # fmt: skip
INTERVAL = ["earliest", "latest", "precision", "source"]
KEYS = {
    "mentions": ["id", "incident", "duplicate_of", *READING],
    "incidents": [
        "id", "title", "region", "type", "topics", "state", "merged_into", "closed_at", "members", "first_public",
        "occurred", "severity", "figures", "gate", "responsible", "responses", "obligations", "coverage", "heat",
        "by_body", "conflicts", "gaps", "automatic",
    ],
    "verdict_changes": ["id", "at", "known_at", "incident", "rule", "body", "clock", "from", "to", "reason"],
    "alerts": ["id", "at", "incident", "topic", "region", "rule", "rung", "kind", "title", "text"],
    "rejected": ["file", "line", "id", "step", "reason"],
}  # fmt: skip
# path of keys inside a line, by file; a list on the way means each of its items
INNER = {
    "mentions": {
        "published": INTERVAL,
        "topics": ["topic", "score"],
        "emergency": ["is_emergency", "type", "subtype", "in_china"],
        "figures": ["deaths", "serious_injuries", "injuries", "missing", "ill", "loss_yuan"],
        "occurred": [*INTERVAL, "text", "inference"],
        "response": ["form", "issuer", "issuer_kind", "level", "is_authoritative", "held"],
    },
    "incidents": {
        "first_public": ["interval", "mention"],
        "first_public.interval": INTERVAL,
        "occurred": INTERVAL,
        "severity": ["grade", "basis", "mentions", "history"],
        "severity.history": ["grade", "known_at", "mention"],
        "figures": ["name", "value", "mention", "known_at"],
        "responsible": ["body", "rule"],
        "responses": [
            "mention", "answers", "published", "form", "issuer", "issuer_kind", "is_authoritative", "removed_at",
            "elapsed_s",
        ],
        "responses.elapsed_s": ["min", "max"],
        "obligations": [
            "rule", "rule_version", "modality", "body", "clock", "start", "due", "verdict", "reason", "satisfied_by",
            "elapsed_s", "evidence", "provisional",
        ],
        "obligations.start": [*INTERVAL, "basis"],
        "obligations.due": ["earliest", "latest"],
        "obligations.elapsed_s": ["min", "max"],
        "coverage": ["source", "from", "to", "reachable", "reason"],
        "heat": ["posts", "peak", "peak_at", "hourly"],
    },
}  # fmt: skip

PLACE = "浙江省杭州市余杭区"
ROWS: list[dict[str, Any]] = [
    {
        "id": "blast-1",
        "kind": "news",
        "title": f"{PLACE}一化工厂发生爆炸 已致12人死亡",
        "text": f"2030年3月1日8时10分许，{PLACE}一化工厂发生爆炸，已致12人死亡、3人重伤。",
        "published_at": "2030-03-01 08:40:00",
    },
    {
        "id": "blast-2",
        "kind": "post",
        "title": f"{PLACE}化工厂爆炸现场浓烟滚滚",
        "text": "居民拍下视频，还能听到响声。",
        "published_at": "2030-03-01 08:52:00",
    },
    {
        "kind": "coverage",
        "source": "office",
        "from": "2030-03-01T08:00:00+08:00",
        "to": "2030-03-01T12:00:00+08:00",
        "reachable": False,
        "reason": "timeout",
    },
    {
        "id": "answer",
        "kind": "authority",
        "account": "杭州市余杭区应急管理局",
        "title": "情况通报",
        "text": f"2030年3月1日8时10分许，{PLACE}一化工厂发生爆炸，目前已致12人死亡，"
        "现场救援正在进行，事故原因正在调查。杭州市余杭区应急管理局",
        "published_at": "2030-03-01 16:00:00",
        "answers": "blast-1",
    },
    {"id": "later", "kind": "post", "title": "周末去看球赛", "published_at": "2030-03-03 10:00:00"},
    {"id": "blank", "published_at": "2030-03-01 08:00:00"},
]


def read(folder: Path) -> Files:
    return {
        name: [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in KEYS
    }


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory, written: Written) -> Path:
    return written(tmp_path_factory.mktemp("posts") / "posts.jsonl", ROWS)


@pytest.fixture(scope="module")
def files(posts: Path, shared_huiying: Huiying) -> Files:
    told = shared_huiying("replay", posts, "--out", posts.parent / "out", "--assume-covered")
    assert told.code == 1, told.err
    return read(posts.parent / "out")


@pytest.mark.parametrize("name", KEYS)
def test_keys_stand_in_their_order(name: str, files: Files) -> None:
    assert files[name]
    assert [list(line) for line in files[name]] == [KEYS[name]] * len(files[name])


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in INNER.items() for path in paths])
def test_inner_keys_stand_in_their_order(name: str, path: str, files: Files) -> None:
    found = [one for line in files[name] for one in at(line, path.split(".")) if one is not None]
    assert {tuple(one) for one in found} <= {tuple(INNER[name][path])}
    assert found or path == "coverage", f"no line of {name} has {path}"


def at(value: Any, path: list[str]) -> list[Any]:
    if isinstance(value, list):
        return [found for one in value for found in at(one, path)]
    if not path or value is None:
        return [value]
    return at(value[path[0]], path[1:])


def test_every_instant_is_of_shanghai(files: Files) -> None:
    def instants(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [found for one in value.values() for found in instants(one)]
        if isinstance(value, list):
            return [found for one in value for found in instants(one)]
        return [value] if isinstance(value, str) and value[4:5] == "-" and value[10:11] == "T" else []

    found = instants(files)
    assert len(found) > 30
    assert [one for one in found if not one.endswith("+08:00")] == []


def test_lines_are_sorted(files: Files) -> None:
    for name in ("mentions", "incidents"):
        assert [line["id"] for line in files[name]] == sorted(line["id"] for line in files[name])
    for name in ("verdict_changes", "alerts"):
        keys = [(line["at"], line["incident"] or "", line["rule"] or "") for line in files[name]]
        assert keys == sorted(keys)


def test_read_prints_the_same_but_the_place_among_others(posts: Path, huiying: Huiying, files: Files) -> None:
    told = huiying("read", posts)
    assert told.code == 1
    assert [list(line) for line in told.lines] == [["id", *READING]] * 4
    replayed = {line["id"]: line for line in files["mentions"]}
    assert told.lines == [{key: replayed[line["id"]][key] for key in line} for line in told.lines]


def test_a_late_statement_is_late(files: Files) -> None:
    [incident] = [one for one in files["incidents"] if "blast-1" in one["members"]]
    assert incident["severity"]["grade"] == "II"
    [strict] = [one for one in incident["obligations"] if (one["rule"], one["clock"]) == ("CN-5H-AUTH", "strict")]
    assert strict["verdict"] == "breached"
    assert strict["due"]["latest"].startswith("2030-03-01T13:1")
    changes = [one for one in files["verdict_changes"] if (one["rule"], one["clock"]) == ("CN-5H-AUTH", "strict")]
    assert changes[-1]["to"] == "breached"
    assert files["rejected"] == [
        {**files["rejected"][0], "line": 6, "id": "blank", "step": "intake", "reason": "no_text"}
    ]


# --- the founding example: a message board's row carries its answer ---------------------------------------------------

BOARD: list[dict[str, Any]] = [
    {
        "id": "lamp",
        "kind": "complaint",
        "title": "城东路灯坏了半个月没人修",
        "text": "晚上一片漆黑，老人摔倒过。",
        "region": "330110",
        "published_at": "2030/3/1 9:32:09",
        "reply": "您反映的路灯已于今日修复。余杭区城市管理局",
        "replied_at": "2030/3/4 10:02:39",
    },
    {
        "id": "road",
        "kind": "complaint",
        "title": "村口道路塌陷半年没有修",
        "text": "大车过不去，请相关部门处理。",
        "region": "330110",
        "published_at": "2030-03-02 08:00:00",
        "reply": "已安排施工队伍，预计下周完工。余杭区交通运输局",
        "replied_at": "2030-03-05",
    },
    {
        "id": "bus-1",
        "kind": "complaint",
        "title": "早高峰公交车半小时一班",
        "text": "上班迟到，希望加密班次。",
        "region": "330110",
        "published_at": "2030-03-02 08:30:00",
        "reply": "您的来信收悉，感谢您的关心与支持。",
        "replied_at": "2030-03-06 09:00:00",
    },
    {
        "id": "school",
        "kind": "complaint",
        "title": "学校门口没有人行横道",
        "text": "孩子过马路很危险，请交警施划标线。",
        "region": "330110",
        "published_at": "2030-03-02 08:31:00",
        "reply": "您的来信收悉，感谢您的关心与支持。",
        "replied_at": "2030-03-06 09:00:30",
    },
]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory, written: Written, shared_huiying: Huiying) -> Files:
    folder = tmp_path_factory.mktemp("board")
    told = shared_huiying("replay", written(folder / "board.jsonl", BOARD), "--out", folder / "out")
    assert told.code == 0, told.err
    return read(folder / "out")


@pytest.mark.parametrize(
    ("complaint", "least", "most"),
    [
        ("lamp", 3 * 86400 + 1830, 3 * 86400 + 1830),
        ("road", 3 * 86400 - 8 * 3600, 4 * 86400 - 8 * 3600),
        ("bus-1", 4 * 86400 + 1800, 4 * 86400 + 1800),
        ("school", 4 * 86400 + 1770, 4 * 86400 + 1770),
    ],
)
def test_how_long_an_answer_took(complaint: str, least: int, most: int, answered: Files) -> None:
    """From the complaint itself, whatever incident it is in; a date alone leaves a day between least and most."""
    found = [one for line in answered["incidents"] for one in line["responses"] if one["answers"] == complaint]
    assert [(one["mention"], one["elapsed_s"]) for one in found] == [
        (f"{complaint}#reply", {"min": least, "max": most})
    ]


def test_a_board_s_answers_are_authoritative_posts(answered: Files) -> None:
    replies = [line for line in answered["mentions"] if line["id"].endswith("#reply")]
    assert [line["id"] for line in replies] == ["bus-1#reply", "lamp#reply", "road#reply", "school#reply"]
    assert all(line["incident"] and line["response"] for line in replies)
    by_id = {line["id"]: line for line in answered["mentions"]}
    assert all(by_id[line["id"].removesuffix("#reply")]["incident"] == line["incident"] for line in replies)


def test_the_same_words_answer_each_complaint(answered: Files) -> None:
    """A form letter sent twice is two responses, though the second is a reprint as a text."""
    answers = [one["answers"] for line in answered["incidents"] for one in line["responses"]]
    assert sorted(answers) == ["bus-1", "lamp", "road", "school"]
