"""Seals from outside: a signature that any tool checks, a time stamp that an authority on loopback gives."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from stream.errors import OutsideFailed, SettingsError
from stream.proof.signing import is_signed, sign
from stream.proof.stamping import MOST_BYTES, stamp, stamped_at

FILE = b"PK\x03\x04 some evidence"
OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not installed")


def pem(key: object) -> tuple[bytes, bytes]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return private, public


PRIVATE, PUBLIC = pem(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = pem(Ed25519PrivateKey.from_private_bytes(bytes(32)))[1]
CURVE = pem(generate_private_key(SECP256R1()))


def test_a_signature_is_of_this_file_by_this_key() -> None:
    signature = sign(FILE, PRIVATE)
    assert (len(signature), sign(FILE, PRIVATE)) == (64, signature)
    assert is_signed(FILE, signature, PUBLIC)
    assert not is_signed(FILE + b"x", signature, PUBLIC)
    assert not is_signed(FILE, signature, OTHER)
    assert not any(is_signed(FILE, bad, PUBLIC) for bad in (b"", signature[:-1], signature + b"\0", bytes(64)))


@pytest.mark.parametrize("key", [b"", b"no key", PUBLIC, CURVE[0]])
def test_other_keys_do_not_sign(key: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        sign(FILE, key)


@pytest.mark.parametrize("key", [b"", b"no key", PRIVATE, CURVE[1]])
def test_other_keys_check_nothing(key: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        is_signed(FILE, bytes(64), key)


def openssl(folder: Path, *words: str) -> str:
    assert OPENSSL is not None
    done = subprocess.run([OPENSSL, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_openssl
def test_anybody_s_openssl_checks_it(tmp_path: Path) -> None:
    for name, content in {"x.zip": FILE, "x.zip.sig": sign(FILE, PRIVATE), "public.pem": PUBLIC}.items():
        (tmp_path / name).write_bytes(content)
    words = "pkeyutl -verify -rawin -pubin -inkey public.pem -sigfile x.zip.sig -in x.zip"
    assert "Verified Successfully" in openssl(tmp_path, *words.split())


# --- time stamps ------------------------------------------------------------------------------------------------------

CONFIG = """
[tsa]
default_tsa = here
[here]
dir = .
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ext]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A time-stamping authority of our own: root, certificate, configuration."""
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "tsa.cnf").write_text(CONFIG)
    (folder / "serial").write_text("01\n")
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    openssl(folder, *f"req -x509 {curve} -keyout root.key -out root.pem -days 3650 -subj /CN=root".split())
    openssl(folder, *f"req {curve} -keyout tsa.key -out tsa.csr -subj /CN=tsa".split())
    sign_it = "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -out tsa.pem -days 3650"
    openssl(folder, *sign_it.split(), "-extfile", "tsa.cnf", "-extensions", "ext")
    return folder


@contextmanager
def answering(reply: object) -> Iterator[str]:
    """Serves `reply(query)` on loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            body = reply(query)  # type: ignore[operator]
            self.send_response(200 if body is not None else 503)
            self.end_headers()
            self.wfile.write(body or b"")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def reply(folder: Path, query: bytes) -> bytes:
    (folder / "q.tsq").write_bytes(query)
    openssl(folder, *["ts", "-reply", "-config", "tsa.cnf", "-section", "here", "-queryfile", "q.tsq", "-out", "r.tsr"])
    return (folder / "r.tsr").read_bytes()


@needs_openssl
def test_a_stamp_is_of_this_file_by_this_authority(authority: Path, tmp_path: Path) -> None:
    with answering(lambda query: reply(authority, query)) as url:
        answer = stamp(FILE, url)
    root = (authority / "root.pem").read_bytes()
    assert stamped_at(FILE, answer, root).utcoffset() is not None
    for name, content in {"x.zip": FILE, "x.zip.tsr": answer, "root.pem": root}.items():
        (tmp_path / name).write_bytes(content)
    assert "OK" in openssl(tmp_path, *["ts", "-verify", "-data", "x.zip", "-in", "x.zip.tsr", "-CAfile", "root.pem"])
    for file, seen in ((FILE + b"x", answer), (FILE, answer[:-1]), (FILE, b""), (FILE, b"no stamp")):
        with pytest.raises(ValueError, match=r".+"):
            stamped_at(file, seen, root)
    for position in range(0, len(answer), 29):
        altered = answer[:position] + bytes([answer[position] ^ 0x01]) + answer[position + 1 :]
        with pytest.raises(ValueError, match=r".+"):
            stamped_at(FILE, altered, root)
    with pytest.raises(ValueError, match=r".+"):
        stamped_at(FILE, answer, b"no certificate")


@needs_openssl
def test_a_stamp_of_another_file_is_not_taken(authority: Path) -> None:
    openssl(authority, *["ts", "-query", "-digest"], "00" * 32, *["-sha256", "-cert", "-out", "other.tsq"])
    other = reply(authority, (authority / "other.tsq").read_bytes())
    with answering(lambda _: other) as url, pytest.raises(OutsideFailed, match="不是这份文件"):
        stamp(FILE, url)


@pytest.mark.parametrize("body", [None, b"", b"<html>busy</html>", b"0" * (MOST_BYTES + 10)])
def test_an_ill_authority_is_the_outside_s_failure(body: bytes | None) -> None:
    with answering(lambda _: body) as url, pytest.raises(OutsideFailed, match="时间戳"):
        stamp(FILE, url)


def test_nobody_there() -> None:
    with pytest.raises(OutsideFailed, match="没有应答"):
        stamp(FILE, "http://127.0.0.1:1/")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/", "tsa.example"])
def test_only_the_web_is_asked(url: str) -> None:
    with pytest.raises(SettingsError, match="http"):
        stamp(FILE, url)
