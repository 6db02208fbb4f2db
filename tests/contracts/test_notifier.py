"""The contract of stream.ports.Notifier, kept by the console, the file and Apprise against a server on loopback."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stream.backends.apprise_notifier import AppriseNotifier, open_notifier, within
from stream.core.cases import Alert
from stream.core.intervals import SHANGHAI
from stream.errors import SettingsError
from stream.ports import Told

# Apprise loads all of its plugins on first use; one of them imports imghdr (gone in Python 3.13).
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

AT = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
ALERT = Alert(
    id="i-1|CN-5H-AUTH|due", collected_at=AT, at=AT, incident="i-1", topic=None, region="990100", rule="CN-5H-AUTH",
    rung="due", kind="ladder", title="【时限已到】霁川市", text="事件：霁川市一工厂起火\n编号：i-1",
)  # fmt: skip


class Hook(BaseHTTPRequestHandler):
    """Answers with the server's status and keeps what it was sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


class HookServer(ThreadingHTTPServer):
    received: list[dict[str, str]]
    status: int = 200


@pytest.fixture
def hook() -> Iterator[HookServer]:
    server = HookServer(("127.0.0.1", 0), Hook)
    server.received = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def notifier_for(tmp_path: Path, hook: HookServer) -> AppriseNotifier:
    return open_notifier(tmp_path, {"HUIYING_ALERT_URLS": f"desk=json://127.0.0.1:{hook.server_port}/in"})


def test_console_and_file_are_there_by_default(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    notifier = open_notifier(tmp_path, {})
    assert list(notifier.channels()) == ["console", "file"]
    with caplog.at_level(logging.WARNING, logger="huiying.alerts"):
        assert notifier.send("console", ALERT) == Told(ok=True)
    assert ALERT.title in caplog.text
    assert [notifier.send("file", ALERT), notifier.send("file", ALERT)] == [Told(ok=True)] * 2
    written = (tmp_path / "alerts.log").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in written] == [ALERT.id] * 2


def test_an_apprise_url_is_sent_to(tmp_path: Path, hook: HookServer) -> None:
    notifier = notifier_for(tmp_path, hook)
    assert list(notifier.channels()) == ["console", "file", "desk"]
    assert notifier.send("desk", ALERT).ok
    assert (hook.received[0]["title"], hook.received[0]["message"]) == (ALERT.title, ALERT.text)


@pytest.mark.parametrize(
    ("status", "retry"), [(500, True), (503, True), (429, True), (408, True), (401, False), (404, False), (410, False)]
)
def test_what_an_answer_means(tmp_path: Path, hook: HookServer, status: int, retry: bool) -> None:
    hook.status = status
    told = notifier_for(tmp_path, hook).send("desk", ALERT)
    assert told == Told(ok=False, retry=retry, reason=f"http_{status}")


def test_nobody_there_is_a_temporary_failure(tmp_path: Path) -> None:
    notifier = open_notifier(tmp_path, {"HUIYING_ALERT_URLS": "desk=json://127.0.0.1:1/in"})
    assert notifier.send("desk", ALERT) == Told(ok=False, retry=True, reason="no_answer")


def test_an_unknown_channel_is_a_permanent_failure(tmp_path: Path) -> None:
    assert open_notifier(tmp_path, {}).send("nowhere", ALERT) == Told(ok=False, reason="no_such_channel")


def test_a_service_that_never_answers_is_left_in_time() -> None:
    stop = threading.Event()
    try:
        assert within(0.05, lambda: Told(ok=stop.wait(5))) == Told(ok=False, retry=True, reason="timeout")
    finally:
        stop.set()


def test_a_plugin_that_fails_is_a_temporary_failure() -> None:
    def fail() -> Told:
        raise RuntimeError("plugin")

    assert within(5, fail) == Told(ok=False, retry=True, reason="raised:RuntimeError")


def test_a_file_that_cannot_be_written_is_a_temporary_failure(tmp_path: Path) -> None:
    (tmp_path / "alerts.log").mkdir()
    told = open_notifier(tmp_path, {}).send("file", ALERT)
    assert (told.ok, told.retry) == (False, True)


@pytest.mark.parametrize(
    ("urls", "names"),
    [
        ("json://127.0.0.1/a", ["apprise-1"]),
        ("desk=json://127.0.0.1/a?x=1\n\n# 注释\n夜班=json://127.0.0.1/b", ["desk", "夜班"]),
        ("json://127.0.0.1/a?x=1", ["apprise-1"]),
    ],
)
def test_names_of_configured_channels(tmp_path: Path, urls: str, names: list[str]) -> None:
    assert list(open_notifier(tmp_path, {"HUIYING_ALERT_URLS": urls}).channels())[2:] == names


def test_urls_may_stand_in_a_file(tmp_path: Path) -> None:
    listed = tmp_path / "urls"
    listed.write_text("desk=json://127.0.0.1/a\n", encoding="utf-8")
    assert "desk" in open_notifier(tmp_path, {"HUIYING_ALERT_URLS_FILE": str(listed)}).channels()


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"HUIYING_ALERT_URLS": "desk=nosuchservice://SECRET"}, "desk"),
        ({"HUIYING_ALERT_URLS": "file=json://127.0.0.1/SECRET"}, "file"),
        ({"HUIYING_ALERT_URLS_FILE": "/nonexistent/urls"}, "HUIYING_ALERT_URLS_FILE"),
    ],
)
def test_a_bad_entry_is_named_and_its_secret_is_not(tmp_path: Path, environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as raised:
        open_notifier(tmp_path, environ)
    assert named in str(raised.value)
    assert "SECRET" not in str(raised.value)


def test_control_characters_and_lone_surrogates_reach_no_channel(
    tmp_path: Path, hook: HookServer, caplog: pytest.LogCaptureFixture
) -> None:
    hostile = Alert(
        id="h", collected_at=AT, at=AT, incident=None, topic=None, region=None, rule=None, rung="x", kind="hot",
        title="\x1b[31m红\ud800", text="一\u202e二\n三\x00",
    )  # fmt: skip
    notifier = notifier_for(tmp_path, hook)
    with caplog.at_level(logging.WARNING, logger="huiying.alerts"):
        assert [notifier.send(name, hostile).ok for name in notifier.channels()] == [True, True, True]
    for text in (caplog.text, json.dumps(hook.received, ensure_ascii=False)):
        assert not {"\x1b", "\u202e", "\x00", "\ud800"} & set(text)
