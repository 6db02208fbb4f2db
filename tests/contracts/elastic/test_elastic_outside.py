"""An Elasticsearch that says no: one clear line that names address, fault and remedy; and how we log in."""

from __future__ import annotations

import base64
import ipaddress
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from stream.backends.elastic_store import ElasticStore
from stream.core.documents import Coverage
from stream.errors import OutsideFailed, SettingsError
from stream.ports import Save
from stream.settings import Backend, Elastic, Settings
from tests.contracts.elastic.loopback import Answer, Asked, answer, error, serving, version


def store_at(address: str, **elastic: Any) -> ElasticStore:
    return ElasticStore(
        Settings(backend=Backend(bus="kafka", store="elastic"), elastic=Elastic(addresses=[address], **elastic))
    )


def says(store: ElasticStore, items: Any) -> list[str]:
    """What reading and writing fail with."""
    lines = []
    for use in (lambda: store.get_many(Coverage, ["x"]), lambda: store.save_many([Save(item=items.coverage("x"))])):
        with pytest.raises(OutsideFailed) as failed:
            use()
        lines.append(str(failed.value))
    store.close()
    return lines


REFUSALS: list[tuple[str, Answer, str]] = [
    ("older", version("7.17.29"), "7.17.29，这里需要 9.x"),
    ("newer", version("10.0.0"), "10.0.0，这里需要 9.x"),
    ("older and strict", error(406, "media_type_header_exception", "Invalid media-type"), "更早的版本"),
    ("something else", Answer(200, b'{"version": {"number": "9"}}', {"Content-Type": "application/json"}), "不是"),
    ("a web page", Answer(200, b"<html>hello</html>", {"Content-Type": "text/html"}), "不是 Elasticsearch"),
    ("wrong password", error(401, "security_exception", "unable to authenticate"), "拒绝登录（401）"),
    ("no rights", error(403, "security_exception", "action is unauthorized"), "不许这样做（403"),
    ("a proxy", Answer(502, b"Bad Gateway", {"Content-Type": "text/plain"}), "502"),
    ("no more shards", error(400, "validation_exception", "[1000]/[1000] maximum normal shards open"), "分片已满"),
    ("no master", error(503, "cluster_block_exception", "[SERVICE_UNAVAILABLE/1/state not recovered]"), "尚未就绪"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "expected"), [one[1:] for one in REFUSALS], ids=[one[0] for one in REFUSALS])
def test_a_server_that_will_not_do_is_refused_in_one_line(first: Answer, expected: str, items: Any) -> None:
    with serving(lambda _: first) as address:
        for line in says(store_at(address), items):
            assert expected in line
            assert address in line
            assert "\n" not in line


def test_a_server_that_is_not_there(items: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    for line in says(store_at(address), items):
        assert line.startswith(f"Elasticsearch {address} 连不上（连接被拒绝）")
        assert "HUIYING_ELASTIC" in line


@pytest.mark.parametrize(
    ("kind", "reason", "expected"),
    [
        ("cluster_block_exception", "[TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]", "磁盘将满"),
        ("cluster_block_exception", "blocked by: [FORBIDDEN/5/index read-only (api)]", "索引不可写"),
        ("cluster_block_exception", "blocked by: [FORBIDDEN/8/index write (api)]", "索引不可写"),
        ("strict_dynamic_mapping_exception", "introduction of [x] is not allowed", "strict_dynamic_mapping_exception"),
    ],
)  # fmt: skip
def test_an_item_that_is_refused_names_fault_and_index(kind: str, reason: str, expected: str, items: Any) -> None:
    def bulk(asked: Asked) -> Answer:
        if asked.path == "/":
            return version("9.5.3")
        if "_mapping" in asked.path:
            return answer(body={"huiying-coverage": {"mappings": {"_meta": {"version": 1}}}})
        return answer(body={"items": [{"create": {"status": 403, "error": {"type": kind, "reason": reason}}}]})

    with serving(bulk) as address:
        store = store_at(address)
        with pytest.raises(OutsideFailed) as failed:
            store.save_many([Save(item=items.coverage("x"), expected=0)])
        store.close()
    assert expected in str(failed.value)
    assert "huiying-coverage" in str(failed.value)


def test_busy_is_tried_again_and_then_told(items: Any) -> None:
    asked: list[str] = []

    def busy(one: Asked) -> Answer:
        asked.append(one.path)
        return version("9.5.3") if one.path == "/" else error(429, "es_rejected_execution_exception", "queue full")

    with serving(busy) as address:
        store = store_at(address)
        with pytest.raises(OutsideFailed, match=r"429.*queue full"):
            store.get_many(Coverage, ["x"])
        store.close()
    assert len([path for path in asked if "_mget" in path]) == 5


def test_a_shard_that_is_not_ready_is_never_an_absent_item(items: Any) -> None:
    """Its error stands inside an answer that is well."""
    unready = {"error": {"type": "no_shard_available_action_exception", "reason": "starting"}, "_index": "i"}
    left = [unready, unready]

    def recovering(one: Asked) -> Answer:
        return (
            version("9.5.3") if one.path == "/" else answer(body={"docs": [left.pop() if left else {"found": False}]})
        )

    with serving(recovering) as address:
        store = store_at(address)
        assert store.get_many(Coverage, ["x"]) == {}
        assert left == []
        left += [unready] * 99
        with pytest.raises(OutsideFailed, match="no_shard_available"):
            store.get_many(Coverage, ["x"])
        store.close()


def test_secrets_come_from_files_and_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def note(asked: Asked) -> Answer:
        seen.append(asked.headers.get("authorization", ""))
        return version("9.5.3") if asked.path == "/" else answer(body={"docs": [{"found": False}]})

    secret = tmp_path / "secret"
    secret.write_text("geheim\n", encoding="utf-8")
    basic = "Basic " + base64.b64encode(b"desk:geheim").decode()
    with serving(note) as address:
        for elastic, expected in (
            ({"username": "desk", "password_file": str(secret)}, basic),
            ({"api_key_file": str(secret)}, "ApiKey geheim"),
            ({}, ""),
        ):
            store = store_at(address, **elastic)
            store.get_many(Coverage, ["x"])
            store.close()
            assert seen[-1] == expected
        monkeypatch.setenv("HUIYING_ELASTIC_API_KEY", "key")
        store = store_at(address)
        store.get_many(Coverage, ["x"])
        store.close()
        assert seen[-1] == "ApiKey key"


@pytest.mark.parametrize(
    ("elastic", "expected"),
    [
        ({"username": "desk"}, "HUIYING_ELASTIC_PASSWORD"),
        ({"username": "desk", "password_file": "/nowhere/password"}, "password_file：/nowhere/password"),
        ({"api_key_file": "/nowhere/key"}, "api_key_file：/nowhere/key"),
        ({"addresses": ["127.0.0.1:9200"]}, "http://主机:端口"),
        ({"addresses": []}, "http://主机:端口"),
        ({"addresses": ["https://127.0.0.1:9200"], "ca_file": "/nowhere/ca.pem"}, "/nowhere/ca.pem"),
    ],
)
def test_settings_that_cannot_work_are_refused(elastic: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError, match="elastic") as failed:
        ElasticStore(Settings(elastic=Elastic(**elastic)))
    assert expected in str(failed.value)


@pytest.mark.parametrize("namespace", ["Huiying", "x" * 101, "-x", "a/b", ""])
def test_a_namespace_that_no_index_can_have_is_refused(namespace: str) -> None:
    with pytest.raises(SettingsError, match="namespace"):
        ElasticStore(Settings(namespace=namespace))


def test_tls_is_checked_against_the_ca(tmp_path: Path, items: Any) -> None:
    certificate, key = certified(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def absent(asked: Asked) -> Answer:
        return version("9.5.3") if asked.path == "/" else answer(body={"docs": [{"found": False}]})

    with serving(absent, context) as address:
        trusting = store_at(address, ca_file=str(certificate))
        assert trusting.get_many(Coverage, ["x"]) == {}
        trusting.close()
        for line in says(store_at(address), items):
            assert "TLS" in line
            assert "elastic.ca_file" in line


def certified(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36_500))
        .add_extension(loopback, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return paths
