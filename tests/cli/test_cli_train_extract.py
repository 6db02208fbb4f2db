"""`train` on a few invented rows, and `extract` over pages of our own."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
Huiying = Any
Written = Callable[[Path, list[dict[str, Any]]], Path]

WORDS = {
    "环保": ("河水发黑发臭", "烟囱夜里冒黑烟", "垃圾填埋场渗滤液流进水沟", "工厂偷排废水", "扬尘遮住了太阳"),
    "教育": ("小学入学名额不够", "补课费收得没有道理", "课后服务排到晚上七点", "校服价格太高", "幼儿园老师走了一半"),
}


def examples() -> list[dict[str, Any]]:
    return [
        {"title": f"{word}，请{place}管一管", "text": f"{place}的居民说，{word}已经第{number}天。", "label": label}
        for label, words in WORDS.items()
        for word in words
        for number, place in enumerate(("东街", "西街", "南街", "北街", "中街", "后街"), 1)
    ]


def test_a_model_of_one_s_own_data(tmp_path: Path, huiying: Huiying, written: Written) -> None:
    pytest.importorskip("sklearn", reason="the extra `train` is not installed")
    rows = [*examples(), {"title": "别的", "text": "别的", "label": "没有对照"}]
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    told = huiying(
        "train", written(tmp_path / "rows.jsonl", rows), "--out", folder / "mine.npz", "--label", "环保=生态环境"
    )
    assert told.code == 0, told.err
    assert "1 行的标签没有对照" in told.out
    topics = folder / "topics.yaml"
    told_topics = {**yaml.safe_load(topics.read_text(encoding="utf-8")), "model": "mine.npz"}
    topics.write_text(yaml.safe_dump(told_topics, allow_unicode=True), encoding="utf-8")
    posts = written(tmp_path / "posts.jsonl", [{"id": "a", "title": "工厂偷排，河水发黑发臭，请北街管一管"}])
    [plain], [trained] = huiying("read", posts).lines, huiying("read", posts, config=folder / "embedded.yaml").lines
    assert plain["model_version"] != trained["model_version"]
    assert trained["topics"][0]["topic"] == "生态环境"


@pytest.mark.parametrize(
    ("line", "hint"), [('{"title": "a"}', "第 1 行"), ("nothing", "第 1 行")], ids=["no label", "no JSON"]
)
def test_rows_that_cannot_be_learnt_from(line: str, hint: str, tmp_path: Path, huiying: Huiying) -> None:
    (tmp_path / "rows.jsonl").write_text(line + "\n", encoding="utf-8")
    told = huiying("train", tmp_path / "rows.jsonl", "--out", tmp_path / "mine.npz")
    assert told.code == 2
    assert hint in told.err
    assert not (tmp_path / "mine.npz").exists()


BODY = "".join(f"<p>第{number}段：城东路灯坏了半个月没有人修，居民晚上出门要打手电筒。</p>" for number in range(5))
PAGE = (
    "<html><head><meta charset='gb2312'><title>城东路灯坏了半个月_虚构市新闻网</title></head><body>"
    f"<h1>城东路灯坏了半个月</h1><div>2030-01-02 09:30 来源：虚构市晚报</div>"
    f"<div class='article'>{BODY}</div></body></html>"
)


def test_a_folder_of_pages(tmp_path: Path, huiying: Huiying) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.html").write_bytes(PAGE.encode("gb18030"))
    (tmp_path / "empty.htm").write_bytes(b"")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    told = huiying("extract", tmp_path, tmp_path / "missing.html")
    assert told.code == 1
    page, empty, missing = told.lines
    assert list(page) == ["file", "title", "text", "published", "author", "site"]
    assert (page["file"], page["title"]) == (str(tmp_path / "deep" / "a.html"), "城东路灯坏了半个月")
    assert "打手电筒" in page["text"]
    assert page["published"]["earliest"] == "2030-01-02T09:30:00+08:00"
    assert (list(empty), list(missing)) == (["file", "error"], ["file", "error"])


def test_whole_pages_only(tmp_path: Path, huiying: Huiying) -> None:
    (tmp_path / "a.html").write_bytes(PAGE.encode("gb18030"))
    told = huiying("extract", tmp_path / "a.html")
    assert (told.code, len(told.lines)) == (0, 1)
