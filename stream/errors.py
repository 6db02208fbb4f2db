"""The three fates of an error: retry (the outside is ill), reject (the message is ill), crash (we are ill).

A class's docstring is its default message. Exit codes: docs/formats.md.
"""

from __future__ import annotations


class HuiyingError(Exception):
    """出错了"""

    exit_code = 3

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__ or "")


class OutsideFailed(HuiyingError):
    """外部系统没有应答，稍后重试"""


class MessageRejected(HuiyingError):
    """这条消息无法使用"""

    exit_code = 1

    def __init__(self, reason: str, detail: str | None = None) -> None:
        super().__init__(detail or reason)
        self.reason = reason


class Conflict(HuiyingError):
    """另一个进程改了同一条数据，或接手了同一分区：放弃这一批，重新读取"""


class NewerSchema(HuiyingError):
    """消息来自更新的版本：等待升级，不丢弃"""


class SettingsError(HuiyingError):
    """配置有误"""

    exit_code = 2


class UsageError(HuiyingError):
    """命令用法有误"""

    exit_code = 2
