"""The notifier: console and file by themselves, everything else (企业微信, 钉钉, 飞书, e-mail, webhook …) by Apprise.

Apprise URLs hold keys: they come from the environment or a file, never from YAML, and never reach a log.
HUIYING_ALERT_URLS (or the file named by HUIYING_ALERT_URLS_FILE) holds one channel a line, `name=url` or a bare URL.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import apprise
import msgspec

from stream.core.alert_texts import without_controls
from stream.core.cases import Alert
from stream.errors import SettingsError
from stream.ports import Told

log = logging.getLogger("huiying.alerts")

SEND_LIMIT_S = 20.0
# HTTP answers after which trying again is pointless: the address, the key or the message is wrong.
_PERMANENT = {"400", "401", "403", "404", "405", "410"}
_NAME = re.compile(r"[\w.-]{1,40}")


class Sender(Protocol):
    """One channel."""

    def __call__(self, alert: Alert) -> Told: ...


class AppriseNotifier:
    """stream.ports.Notifier over named senders."""

    def __init__(self, channels: Mapping[str, Sender]) -> None:
        self._channels = dict(channels)

    def channels(self) -> Sequence[str]:
        """Names, in the order they were configured."""
        return list(self._channels)

    def send(self, channel: str, alert: Alert) -> Told:
        """One alert on one channel, in at most SEND_LIMIT_S. An unknown channel is a permanent failure."""
        sender = self._channels.get(channel)
        if sender is None:
            return Told(ok=False, reason="no_such_channel")
        return sender(alert)


def open_notifier(data: Path, environ: Mapping[str, str] | None = None) -> AppriseNotifier:
    """Console, `<data>/alerts.log`, and the Apprise URLs of the environment. Raises SettingsError naming the entry
    (never its URL) where one cannot be understood."""
    channels: dict[str, Sender] = {"console": to_console, "file": FileSender(data / "alerts.log")}
    for name, url in _urls(os.environ if environ is None else environ):
        if name in channels:
            raise SettingsError(f"HUIYING_ALERT_URLS：渠道名 `{name}` 重复；请改名")
        channels[name] = AppriseSender(name, url)
    return AppriseNotifier(channels)


def to_console(alert: Alert) -> Told:
    """To standard error by way of logging. No colour codes, no control characters but the line breaks of the text."""
    log.warning("%s\n%s", without_controls(alert.title), without_controls(alert.text))
    return Told(ok=True)


class FileSender:
    """One JSON line an alert, appended in a single write, so that a reader never sees half of one after a kill."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, alert: Alert) -> Told:
        line = json.dumps(msgspec.to_builtins(alert), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                os.write(handle, line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            return Told(ok=False, retry=True, reason=f"file:{error.strerror}")
        return Told(ok=True)


class AppriseSender:
    """One Apprise URL. The text is plain; Apprise escapes it for services that take HTML or Markdown."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if service is None:
            raise SettingsError(f"HUIYING_ALERT_URLS：渠道 `{name}` 的地址无法识别；请对照 Apprise 的写法检查")
        self._apprise = apprise.Apprise()
        self._apprise.add(service)

    def __call__(self, alert: Alert) -> Told:
        title, body = without_controls(alert.title), without_controls(alert.text)

        def notify() -> Told:
            # Apprise answers only yes or no; what its service said stands in its log.
            with apprise.LogCapture(level=logging.INFO, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
                if self._apprise.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT):
                    return Told(ok=True)
                return _failure(said.getvalue())

        return within(SEND_LIMIT_S, notify)


def _failure(said: str) -> Told:
    """Temporary, unless an HTTP status says that the address, the key or the message is wrong."""
    status = re.search(r"error=([0-9]{3})\b", said)
    if status is None:
        return Told(ok=False, retry=True, reason="no_answer")
    return Told(ok=False, retry=status.group(1) not in _PERMANENT, reason=f"http_{status.group(1)}")


def within(limit_s: float, act: Callable[[], Told]) -> Told:
    """`act`'s result, or a temporary failure after `limit_s` seconds: a service that drips bytes must not hold the
    outbox. The thread is left to its own time limit; it is a daemon, so it never keeps the process alive."""
    found: list[Told] = []

    def run() -> None:
        try:
            found.append(act())
        except Exception as error:  # a plugin's own fault is that channel's failure, not ours
            found.append(Told(ok=False, retry=True, reason=f"raised:{type(error).__name__}"))

    thread = threading.Thread(target=run, daemon=True, name="huiying-notify")
    thread.start()
    thread.join(limit_s)
    return found[0] if found else Told(ok=False, retry=True, reason="timeout")


def _urls(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """(name, url) of every configured channel; a bare URL is named apprise-1, apprise-2 …"""
    text = environ.get("HUIYING_ALERT_URLS", "")
    if path := environ.get("HUIYING_ALERT_URLS_FILE"):
        try:
            text += "\n" + Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"HUIYING_ALERT_URLS_FILE：读不出 {path}（{type(error).__name__}）；请检查") from None
    found: list[tuple[str, str]] = []
    for line in filter(None, (one.strip() for one in text.splitlines())):
        if line.startswith("#"):
            continue
        name, equals, url = line.partition("=")
        if not equals or not _NAME.fullmatch(name):
            name, url = f"apprise-{len(found) + 1}", line
        found.append((name, url.strip()))
    return found
