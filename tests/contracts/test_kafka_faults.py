"""What is said when Kafka cannot be used: one line, with the fault and what helps."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka import errors

from stream.backends.kafka_bus import KafkaBus
from stream.backends.kafka_client import outside
from stream.errors import OutsideFailed, SettingsError
from stream.ports import Outgoing
from stream.settings import Backend, Kafka, Settings


def settings(**kafka: object) -> Settings:
    return Settings(backend=Backend(bus="kafka", store="elastic"), kafka=Kafka(**kafka))  # type: ignore[arg-type]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def address(listener: socket.socket) -> str:
    return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (errors.SaslAuthenticationFailedError("no"), "口令"),
        (errors.UnsupportedSaslMechanismError(), "kafka.mechanism"),
        (errors.TopicAuthorizationFailedError({"huiying.pages"}), "huiying.pages"),
        (errors.GroupAuthorizationFailedError("huiying.extract"), "授权"),
        (errors.UnsupportedVersionError("1.0"), "2.4"),
        (errors.InvalidReplicationFactorError("3 of 1"), "kafka.replication"),
        (errors.MessageSizeTooLargeError("5 MB"), "max.message.bytes"),
        (errors.NotEnoughReplicasError(), "副本不足"),
        (errors.KafkaStorageError(), "磁盘"),
        (errors.InconsistentGroupProtocolError(), "HUIYING_NAMESPACE"),
        (errors.UnknownTopicOrPartitionError("huiying.pages"), "kafka.creates_topics"),
        (errors.InvalidTopicError("a_b collides\nwith a.b"), "命名空间"),
    ],
)
def test_every_fault_has_its_line(error: Exception, says: str) -> None:
    line = str(outside(settings(addresses=["kafka-1:9092", "kafka-2:9092"]), error))
    assert line.startswith("Kafka（kafka-1:9092,kafka-2:9092）：")
    assert says in line
    assert "\n" not in line


def test_a_closed_port_is_named(closed_port: int) -> None:
    line = str(outside(settings(addresses=[f"127.0.0.1:{closed_port}"]), errors.KafkaTimeoutError()))
    assert f"连不上 127.0.0.1:{closed_port}" in line


def test_a_silent_server_is_told_from_a_closed_port(listener: socket.socket) -> None:
    line = str(outside(settings(addresses=[address(listener)]), errors.KafkaTimeoutError()))
    assert f"连得上 {address(listener)}，但它没有应答" in line


def test_a_plain_port_does_not_speak_tls(listener: socket.socket) -> None:
    thread = _answer(listener, None)
    line = str(outside(settings(addresses=[address(listener)], security="ssl"), errors.KafkaTimeoutError()))
    thread.join()
    assert "不说 TLS" in line


def test_a_certificate_of_nobody_we_know_is_not_trusted(listener: socket.socket, tmp_path: Path) -> None:
    thread = _answer(listener, _self_signed(tmp_path / "own.pem"))
    line = str(outside(settings(addresses=[address(listener)], security="ssl"), errors.KafkaTimeoutError()))
    thread.join()
    assert "证书" in line
    assert "kafka.ca_file" in line


@pytest.mark.parametrize(
    ("kafka", "says"),
    [
        ({"security": "sasl_plaintext"}, "HUIYING_KAFKA_PASSWORD"),
        ({"security": "sasl_plaintext", "username": "u"}, "HUIYING_KAFKA_PASSWORD"),
        ({"security": "sasl_ssl", "username": "u", "password_file": "no/such"}, r"kafka\.password_file"),
        ({"security": "ssl", "ca_file": "no/such"}, r"kafka\.ca_file"),
    ],
)
def test_a_secret_that_is_missing_is_named(kafka: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUIYING_KAFKA_PASSWORD", raising=False)
    with pytest.raises(SettingsError, match=says):
        KafkaBus(settings(**kafka)).partitions("t")


@pytest.mark.distributed
def test_without_a_broker_nothing_is_left_behind(closed_port: int) -> None:
    bus = KafkaBus(settings(addresses=[f"127.0.0.1:{closed_port}"]))
    before = threading.active_count()
    with pytest.raises(OutsideFailed, match="连不上"):
        bus.publish("t", [Outgoing(body=b"1")])
    assert threading.active_count() == before
    bus.close()


def _answer(listener: socket.socket, context: ssl.SSLContext | None) -> threading.Thread:
    """Accepts one caller: greets in plain words, or shakes hands by TLS."""

    def run() -> None:
        line, _ = listener.accept()
        with line:
            if context is None:
                line.sendall(b"220 not what you think\r\n")
                line.recv(1000)
                return
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(line, server_side=True)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def _self_signed(path: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime(2025, 1, 1)  # noqa: DTZ001 (certificates are in UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *plain) + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
