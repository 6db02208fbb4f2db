"""The connection to the Kafka cluster: its settings, its faults in one clear line each, the loudness of its library."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from kafka import errors
from kafka.net.compat import KafkaNetClient

from stream.errors import OutsideFailed, SettingsError
from stream.settings import Kafka, Settings

T = TypeVar("T")

OLDEST = (2, 4)
"""Idempotent producers, cooperative rebalances and deletion of records are all there from 2.4 on."""
CONNECT_S = 5.0
REQUEST_S = 10.0
"""A stalled broker is given up after this; shorter and a busy disk looks like one."""
DIAGNOSE_S = 2.0
PORT = 9092

# The library tells every failed attempt to connect, twenty a second; what matters reaches the caller as an exception.
logging.getLogger("kafka").setLevel(logging.CRITICAL)


def ms(seconds: float) -> int:
    """As the library wants it."""
    return round(seconds * 1000)


def full_name(settings: Settings, name: str) -> str:
    """A topic's or group's name on the cluster."""
    return f"{settings.namespace}.{name}"


def plain_name(settings: Settings, full: str) -> str | None:
    """The name without the namespace; None where it belongs to another one. Namespaces may hold dots, topics none but
    that of `<step>.rejected`, so that `a` never takes the topics of `a.b` for its own."""
    name = full.removeprefix(f"{settings.namespace}.")
    return None if name == full or "." in name.removesuffix(".rejected") else name


def opened(kind: Callable[..., T], settings: Settings, **options: Any) -> T:
    """A client of the library, connected. Raises OutsideFailed, or SettingsError where a secret cannot be read."""
    made: list[KafkaNetClient] = []

    def client(**configs: Any) -> KafkaNetClient:
        made.append(KafkaNetClient(**configs))
        return made[-1]

    try:
        with speaking(settings):
            one = kind(kafka_client=client, **_connection(settings.kafka), **options)
            _check_version(made[0].get_broker_version())
            return one
    except BaseException:
        # What fails while it connects leaves its thread and its sockets behind.
        for each in made:
            each.close()
        raise


@contextmanager
def speaking(settings: Settings) -> Iterator[None]:
    """Turns the library's errors into OutsideFailed."""
    try:
        yield
    except (errors.KafkaError, OSError, RuntimeError) as error:
        raise outside(settings, error) from error


def outside(settings: Settings, error: Exception) -> OutsideFailed:
    """One line: which cluster, what is wrong, what helps."""
    for kinds, says in _FAULTS:
        if isinstance(error, kinds):
            return OutsideFailed(f"Kafka（{_names(settings.kafka)}）：{says.format(error=_short(error))}")
    return OutsideFailed(f"Kafka（{_names(settings.kafka)}）：{_diagnosis(settings.kafka, error)}")


_FAULTS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (errors.SaslAuthenticationFailedError, errors.IllegalSaslStateError),
        "用户名或口令不被接受；请检查 kafka.username 与 kafka.password_file（或 HUIYING_KAFKA_PASSWORD）",
    ),
    (
        (errors.UnsupportedSaslMechanismError,),
        "服务器不接受这种认证方式；请检查 kafka.mechanism 与 kafka.security",
    ),
    ((errors.AuthorizationError,), "没有权限（{error}）；请为该用户授权读写主题与消费组"),
    ((errors.UnsupportedVersionError, errors.UnrecognizedBrokerVersion), "版本过旧（{error}）；请升级到 2.4 以上"),
    (
        (errors.InvalidReplicationFactorError,),
        "副本数多于节点数（{error}）；请改小 kafka.replication，或等节点都启动",
    ),
    (
        (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError),
        "主题不收这么大的消息（{error}）；请把主题的 max.message.bytes 调到 max_page_bytes 以上",
    ),
    (
        (errors.NotEnoughReplicasError, errors.NotEnoughReplicasAfterAppendError),
        "同步副本不足（{error}）；请检查掉线的节点",
    ),
    ((errors.KafkaStorageError,), "服务器写不进磁盘（{error}）；请检查磁盘空间"),
    (
        (errors.InconsistentGroupProtocolError,),
        "消费组里有另一种程序（{error}）；请停掉它，或换一个 HUIYING_NAMESPACE",
    ),
    (
        (errors.UnknownTopicOrPartitionError, errors.UnknownTopicIdError),
        "主题不存在或刚被删除（{error}）；稍后重试，仍不行请检查 kafka.creates_topics",
    ),
    (
        (errors.InvalidTopicError, errors.InvalidConfigurationError, errors.PolicyViolationError),
        "服务器拒绝这样的主题（{error}）；请检查命名空间与服务器的策略",
    ),
)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _names(kafka: Kafka) -> str:
    return ",".join(kafka.addresses)


def _check_version(version: tuple[int, ...] | None) -> None:
    if version is not None and version < OLDEST:
        raise errors.UnsupportedVersionError(".".join(map(str, version)))


def _connection(kafka: Kafka) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": kafka.addresses,
        "bootstrap_timeout_ms": ms(CONNECT_S),
        "request_timeout_ms": ms(REQUEST_S),
        # The default doubles up to 30 s: a broker that is back would be noticed half a minute late.
        "reconnect_backoff_max_ms": 1000,
        "security_protocol": kafka.security.upper(),
    }
    if "ssl" in kafka.security:
        options["ssl_context"] = _trust(kafka)
    if "sasl" in kafka.security:
        options["sasl_mechanism"] = kafka.mechanism
        options["sasl_plain_username"] = kafka.username
        options["sasl_plain_password"] = _password(kafka)
    return options


def _trust(kafka: Kafka) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=kafka.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"kafka.ca_file：{kafka.ca_file} 不能用（{error.strerror}）。请检查路径与内容") from None


def _password(kafka: Kafka) -> str:
    """From the environment, else from the file."""
    if (given := os.environ.get("HUIYING_KAFKA_PASSWORD", "")) and kafka.username:
        return given
    if kafka.password_file is None or not kafka.username:
        raise SettingsError(
            f"kafka.security：{kafka.security} 需要 kafka.username，以及 kafka.password_file 或 HUIYING_KAFKA_PASSWORD"
        )
    try:
        return Path(kafka.password_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"kafka.password_file：{kafka.password_file} 读不出（{error}）。请检查路径和权限") from None


def _diagnosis(kafka: Kafka, error: Exception) -> str:
    """What the library reports as one long silence, found out by calling the addresses. It also loses what a server
    says before it hangs up, such as that the password is wrong."""
    for address in kafka.addresses:
        try:
            if not _is_answering(kafka, address):
                return f"连得上 {address}，但它没有应答；请查看服务器是否停滞，以及 kafka.security 与端口"
        except ssl.SSLCertVerificationError as fault:
            return f"不信任 {address} 的证书（{fault.verify_message}）；请检查 kafka.ca_file"
        except ssl.SSLError:
            return f"{address} 不说 TLS；请检查 kafka.security 与端口"
        except (OSError, ValueError) as fault:
            return f"连不上 {address}（{fault}）；请检查地址、网络，以及服务是否已启动"
    if "bootstrap" in str(error):
        return _REFUSED[0 if "sasl" in kafka.security else 1]
    return f"没有按时完成（{type(error).__name__}：{_short(error)}）；请查看服务器日志"


_REFUSED = (
    "用户名、口令或认证方式不被接受；请检查 kafka.username、kafka.mechanism 与 kafka.password_file"
    "（或 HUIYING_KAFKA_PASSWORD）",
    "拒绝了连接；它要求认证时请设置 kafka.security，并检查端口是否为客户端端口",
)


def _is_answering(kafka: Kafka, address: str) -> bool:
    """Whether the server answers the first question of every client, which is asked before one says who one is."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host or address, int(port or PORT)), DIAGNOSE_S) as line:
        speaker = _trust(kafka).wrap_socket(line, server_hostname=host) if "ssl" in kafka.security else line
        with speaker:
            speaker.sendall(_API_VERSIONS)
            try:
                return len(speaker.recv(4)) == 4
            except TimeoutError:
                return False


# Length, key, version, correlation, no client id.
_API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
