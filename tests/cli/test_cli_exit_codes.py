"""0 done, 1 some rows rejected, 2 wrong call or configuration, 3 an outside system failed; and what to do about it."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# One of each file; tests/configs has them all.
BAD = {path.name.partition("--")[0]: path for path in sorted((ROOT / "tests" / "configs" / "bad").glob("*.yaml"))}
GOOD = {"id": "a", "title": "浙江省杭州市一化工厂爆炸致3人死亡", "published_at": "2030-01-01 08:00"}
BLANK = {"id": "b", "published_at": "2030-01-01 08:00"}

Huiying = Callable[..., Any]
Written = Callable[[Path, list[dict[str, Any]]], Path]


def test_done(huiying: Huiying, written: Written, tmp_path: Path) -> None:
    told = huiying("read", written(tmp_path / "a.jsonl", [GOOD]))
    assert (told.code, len(told.lines)) == (0, 1)


@pytest.mark.parametrize("command", ["read", "replay"])
def test_done_but_rows_were_rejected(command: str, huiying: Huiying, written: Written, tmp_path: Path) -> None:
    posts = written(tmp_path / "a.jsonl", [GOOD, BLANK])
    told = huiying(command, posts, *(("--out", tmp_path / "out") if command == "replay" else ()))
    assert told.code == 1
    assert "拒" in told.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("replay", "x.jsonl", "--otu", "x"), "--out"),
        (("repaly",), "replay"),
        (("read", "missing.jsonl"), "请检查路径"),
        (("read", str(ROOT / "README.md")), ".jsonl"),
        (("replay", "missing.jsonl", "--out", "OUT"), "没有这个文件"),
        (("replay", "x.jsonl"), "--out"),
        (("rules", "explain", "NOPE", "--start", "2026-01-01"), "rules list"),
        (("rules", "explain", "CN-FOI-20WD", "--start", "gestern"), "2026-02-11"),
        (("rules", "explain", "CN-FOI-20WD", "--start", "2026-02-11", "--suspend", "x"), "首日/末日"),
        (("rules", "explain", "CN-FOI-20WD", "--start", "2026-02-11", "--suspend", "2026-03-09/2026-03-01"), "早于"),
        (("rules", "explain", "CN-FOI-20WD", "--start", "2026-02-11", "--extend", "999"), "20"),
        (("rejected", "explain", "r-none"), "rejected list"),
        (("rejected", "requeue", "r-none"), "rejected list"),
        (("decide", "a", "forgive", "--who", "值班员", "--why", "x"), "confirm"),
        (("report", "--out", "review.pdf"), ".xlsx"),
        (("report", "--out", "OUT.json", "--as-of", "gestern"), "2026-02-11"),
        (("run", "digest"), "extract"),
        (("sources", "test", "ftp://example.org/"), "http"),
        (("train", "missing.jsonl", "--out", "OUT", "--label", "环保"), "标签=主题"),
    ],
    ids=lambda one: " ".join(one)[:40] if isinstance(one, tuple) else None,
)
def test_a_wrong_call_is_answered_with_a_hint(words: tuple[str, ...], hint: str, huiying: Huiying) -> None:
    told = huiying(*words)
    assert told.code == 2, told
    assert hint in told.err


@pytest.mark.parametrize("words", [("status",), ("check",), ("rules", "list"), ("report", "--out", "x.json")])
def test_a_broken_configuration_is_named(words: tuple[str, ...], huiying: Huiying, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    config = tmp_path / "config" / "embedded.yaml"
    config.write_text("backend: {bus: sqlite, stor: sqlite}\n", encoding="utf-8")
    told = huiying(*words, config=config)
    assert told.code == 2
    assert str(config) in told.err
    assert "是否想写 `store`" in told.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("namespace: a\nnamespace: b\n", "`namespace` 写了两次"),
        ("retention: {posts_days: -5}\n", "$.retention.posts_days"),
        ("data: 5\n", "$.data 应为 str"),
        ("? [1, 2]\n: 3\n", "YAML 语法有误"),
        ("5\n", "应为 object"),
        ("a: 1\n", "没有 `a` 这一项"),
    ],
)
def test_faults_of_the_profile(content: str, said: str, huiying: Huiying, tmp_path: Path) -> None:
    config = tmp_path / "embedded.yaml"
    config.write_text(content, encoding="utf-8")
    told = huiying("status", config=config)
    assert told.code == 2
    assert str(config) in told.err
    assert said in told.err


def test_no_profile_at_all(huiying: Huiying, tmp_path: Path) -> None:
    for config in (tmp_path, tmp_path / "none.yaml"):
        told = huiying("status", config=config)
        assert (told.code, str(config) in told.err) == (2, True)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_check_finds_a_fault_of_every_file(bad: Path, huiying: Huiying, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "tests" / "configs" / "good", folder)
    shutil.copy(bad, folder / f"{bad.stem.partition('--')[0]}.yaml")
    told = huiying("check", config=folder / "embedded.yaml")
    assert told.code == 2
    assert str(folder) in told.err
    assert "Traceback" not in told.err


def test_the_project_s_own_configurations_are_whole(huiying: Huiying) -> None:
    assert huiying("check").code == 0
    assert huiying("check", config=ROOT / "config" / "demo" / "embedded.yaml").code == 0


# --- outside ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("status",), ("rejected", "list"), ("read", "POSTS"), ("replay", "POSTS")])
def test_an_unusable_data_folder(words: tuple[str, ...], written: Written, tmp_path: Path, huiying: Huiying) -> None:
    (tmp_path / "data").write_text("a file where a folder belongs", encoding="utf-8")
    posts = str(written(tmp_path / "posts.jsonl", [GOOD]))
    out = ("--out", tmp_path / "out") if words[0] == "replay" else ()
    told = huiying(*(word.replace("POSTS", posts) for word in words), *out)
    assert told.code == 3, told
    assert str(tmp_path / "data") in told.err
    assert "Traceback" not in told.err


def test_an_unusable_output_folder(written: Written, tmp_path: Path, huiying: Huiying) -> None:
    out = tmp_path / "out"
    out.write_text("a file where a folder belongs", encoding="utf-8")
    told = huiying("replay", written(tmp_path / "posts.jsonl", [GOOD]), "--out", out)
    assert (told.code, str(out) in told.err) == (3, True)
    told = huiying("report", "--out", tmp_path / "nowhere" / "review.json")
    assert (told.code, "nowhere" in told.err) == (3, True)


def test_a_full_disk_does_not_look_like_success(written: Written, tmp_path: Path) -> None:
    posts = written(tmp_path / "posts.jsonl", [GOOD])
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "stream", "read", str(posts)],
            env={**os.environ, "HUIYING_DATA": str(tmp_path / "data")},
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert "磁盘空间" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("decide", "a", "confirm", "--who", "值班员", "--why", "核实")])
def test_a_locked_file(words: tuple[str, ...], tmp_path: Path, huiying: Huiying) -> None:
    """Another process holds the write lock for longer than a writer's patience."""
    assert huiying("status").code == 0
    with closing(sqlite3.connect(tmp_path / "data" / "huiying.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = huiying(*words)
        other.execute("ROLLBACK")
    assert told.code == 3, told
    assert told.err.startswith("huiying：")


def test_a_page_nobody_answers_for(huiying: Huiying) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: a connection is refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.html"
        told = huiying("extract", url)
    assert told.code == 1
    [line] = told.lines
    assert list(line) == ["file", "error"]
    assert line["file"] == url
    assert "没有取到" in line["error"]


def test_a_second_pipeline_is_refused(huiying: Huiying, tmp_path: Path) -> None:
    from stream.pipeline import Held

    held = Held(tmp_path / "data")
    assert held.acquire()
    try:
        told = huiying("run")
    finally:
        held.release()
    assert told.code == 2
    assert "HUIYING_DATA" in told.err
