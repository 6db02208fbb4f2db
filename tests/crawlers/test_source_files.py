"""config/sources.yaml: what a schema cannot say is said by `problems`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from crawlers.sources import Source, is_private_host, is_web_address, load_sources, problems
from stream.errors import SettingsError

SHIPPED = Path(__file__).parents[2] / "config" / "sources.yaml"
GOOD = {"id": "a", "kind": "listing", "name": "甲", "found_in": "公开资料", "urls": ["http://a.example/list"]}


def source(**changes: Any) -> Source:
    return msgspec.convert({**GOOD, **changes}, Source)


def test_the_shipped_list_is_sound() -> None:
    sources = load_sources(SHIPPED)
    assert problems(sources) == []
    assert len([one for one in sources if one.kind != "file"]) >= 12
    assert {one.kind for one in sources} == {"feed", "listing", "file"}
    assert all(one.found_in for one in sources)
    assert not any(one.verified for one in sources)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"urls": []}, "需要至少一个 `urls`"),
        ({"urls": ["ftp://a.example/"]}, "不是 http(s) 地址"),
        ({"urls": ["http://[::1"]}, "不是 http(s) 地址"),
        ({"path": "inbox"}, "不用 `path`"),
        ({"kind": "file", "urls": []}, "需要 `path`"),
        ({"kind": "file", "path": "inbox"}, "不用 `urls`"),
        ({"id": "a b"}, "id 只能用"),
        ({"found_in": " "}, "`found_in` 为空"),
        ({"poll_minutes": 0.5}, "`poll_minutes` 为 0.5"),
        ({"pages": 0}, "`pages` 为 0"),
        ({"delay_seconds": -1}, "`delay_seconds` 为 -1"),
        ({"post_kind": "authority"}, "需要 `body`"),
        ({"links": "li >> a"}, "不是有效的 CSS 选择器"),
        ({"encoding": "gb99"}, "`encoding` `gb99` 不认识"),
    ],
)
def test_each_fault_is_told(changes: dict[str, Any], told: str) -> None:
    found = problems([source(**changes)])
    assert len(found) == 1
    assert told in found[0]


def test_faults_between_sources() -> None:
    assert "用了 2 次" in problems([source(), source()])[0]
    assert "authorities.yaml" in problems([source(body="无名局")], bodies=["临江市应急管理局"])[0]
    assert problems([source(body="临江市应急管理局")], bodies=["临江市应急管理局"]) == []


def test_an_unknown_key_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("sources:\n- {id: a, kind: feed, name: 甲, found_in: x, url: 'http://a.example'}\n", "utf-8")
    with pytest.raises(SettingsError, match="urls"):
        load_sources(path)


@pytest.mark.parametrize(
    ("changes", "is_allowed", "delay"),
    [
        ({"urls": ["http://127.0.0.1:8000/a"]}, True, 0.0),
        ({"urls": ["http://localhost/a"]}, True, 0.0),
        ({"urls": ["http://10.1.2.3/a"]}, False, 2.0),
        ({"urls": ["http://10.1.2.3/a"], "intranet": True}, True, 2.0),
        ({"urls": ["http://127.0.0.1/a", "http://a.example/"]}, False, 2.0),
        ({"delay_seconds": 5}, False, 5.0),
    ],
)
def test_who_may_be_private_and_how_long_to_wait(changes: dict[str, Any], is_allowed: bool, delay: float) -> None:
    made = source(**changes)
    assert (made.may_be_private, made.delay_s) == (is_allowed, delay)


@pytest.mark.parametrize(
    ("host", "is_private"),
    [
        ("127.0.0.1", True), ("10.0.0.1", True), ("169.254.169.254", True), ("::1", True), ("::ffff:127.0.0.1", True),
        ("fe80::1%eth0", True), ("0.0.0.0", True), ("api.localhost.", True), ("8.8.8.8", False), ("a.example", False),
    ],
)  # fmt: skip
def test_private_hosts(host: str, is_private: bool) -> None:
    assert is_private_host(host) is is_private


@pytest.mark.parametrize("url", ["", "http://", "javascript:x", "file:///etc/passwd", "http://a:99999/", "//a/b"])
def test_what_is_no_web_address(url: str) -> None:
    assert not is_web_address(url)
